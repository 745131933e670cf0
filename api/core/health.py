"""Health checks and metrics for operators, outside /api/v1."""

import os
from datetime import date, timedelta

from flask import Blueprint, Flask, Response
from prometheus_client import CollectorRegistry
from prometheus_flask_exporter import PrometheusMetrics
from prometheus_flask_exporter.multiprocess import GunicornInternalPrometheusMetrics
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.core import edge, errors
from api.core.routes import to_json
from api.serving import METRICS_VARIABLE
from ledger.operations import job_runs
from ledger.setup import at_head
from ledger.tables.reference import Bank, County, RateCoverage, SchemeVersion

DAILY_LATE = timedelta(days=2)

blueprint = Blueprint("health", "api.core.health")


@blueprint.get("/healthz")
def alive() -> Response:
    """Answer with status 200 whenever the process can answer at all."""
    return errors.answer(200, to_json({"status": "alive"}))


@blueprint.get("/readyz")
def ready() -> Response:
    """Answer with status 200 if database, schema, reference data and demo are complete, else 503; ignore warnings."""
    checks, warnings = dict.fromkeys(("database", "schema", "reference", "demo"), False), []
    try:
        checks["schema"] = at_head(edge.service().engine)
        checks["database"] = True
        if checks["schema"]:
            with edge.unscoped() as session:
                checks["reference"] = _has_reference(session)
                checks["demo"] = not edge.service().demo or job_runs.has_demo(session, complete=True)
                warnings = list(_late(session, edge.today()))
    except SQLAlchemyError as error:
        warnings = [f"database: {type(error).__name__}"]
    good = all(checks.values())
    body = {"status": "ready" if good else "not ready", "checks": checks, "warnings": warnings}
    return Response(to_json(body), 200 if good else 503, mimetype="application/json")


def install(app: Flask) -> None:
    """Serve the health checks at /healthz and /readyz, and metrics for each route at /metrics."""
    app.register_blueprint(blueprint)
    if METRICS_VARIABLE in os.environ:
        GunicornInternalPrometheusMetrics(app, group_by="url_rule", registry=CollectorRegistry())
    else:
        PrometheusMetrics(app, path="/metrics", group_by="url_rule", registry=CollectorRegistry())


def _has_reference(session: Session) -> bool:
    kinds = (County, Bank, SchemeVersion, RateCoverage)
    return all(session.execute(select(kind).limit(1)).first() is not None for kind in kinds)


def _late(session: Session, today: date) -> list[str]:
    last = job_runs.ran_through(session)
    if last is None:
        return ["daily has never run"]
    return [f"daily last ran for {last}"] if last < today - DAILY_LATE else []
