"""Gives a view the current time, a transaction, the signed-in user, and the rows in the user's scope."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from flask import current_app, g, request
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api.core import scope
from api.core.current_user import Person
from api.core.idempotency import HEADER, Once, Reply, key_of
from api.core.scope import Within
from ledger.database import Base, open_engine
from ledger.dates import business_day
from ledger.retries import attempts
from ledger.settings import Settings
from ledger.unit_of_work import Unit, work

T = TypeVar("T", bound=Base)


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of a running service: settings, database connections, and the idempotency keys in use.

    `looking` is an engine for read-only transactions, which shares the database connections of `engine`. A reading
    transaction reads one snapshot of the database.
    """

    settings: Settings
    demo: bool
    engine: Engine
    looking: Engine
    once: Once = field(default_factory=Once)


def install(app: Any, settings: Settings, *, demo: bool) -> Service:
    """Connect an application to the database of the settings."""
    engine = open_engine(settings.database_url)
    options: dict[str, Any] = {"reading": True}
    if engine.dialect.name == "postgresql":
        # On PostgreSQL all queries of a reading transaction read one snapshot, and writing is refused.
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    service = Service(settings, demo, engine, engine.execution_options(**options))
    app.extensions["ledger"] = service
    return service


def service() -> Service:
    """Return the `Service` that handles the current request."""
    running: Service = current_app.extensions["ledger"]
    return running


def now() -> datetime:
    """Return the current moment."""
    return datetime.now(UTC)


def today() -> date:
    """Return the current business date in Asia/Shanghai."""
    return business_day(now())


def person() -> Person:
    """Return the signed-in user; only for routes that require signing in."""
    user: Person = g.person
    return user


@contextmanager
def writing() -> Iterator[Unit]:
    """Begin a transaction of the signed-in user, and commit the transaction when the block ends without an error."""
    origin = f"api/{g.request_id}"
    with work(service().engine, user=person().username, today=today(), clock=now, origin=origin) as unit:
        yield unit


@contextmanager
def reading() -> Iterator[Session]:
    """Open a session on one snapshot, whose ORM selects are limited to the scope of the signed-in user."""
    with unscoped() as session:
        scope.narrow(session, person().scope)
        yield session


@contextmanager
def unscoped() -> Iterator[Session]:
    """Open a session on one snapshot that is not limited to a scope, for signing in and for health checks."""
    with Session(service().looking) as session:
        yield session


def recorded(act: Callable[[Unit], Reply], *, keyed: bool) -> Reply:
    """Carry out a request that records something, and repeat the whole request after a temporary database error.

    If `keyed` is true, the request must carry an Idempotency-Key. If `keyed` is false, the request may leave out the
    Idempotency-Key. Raises KeyMissing, KeyReused, InFlight, and every error that `act` raises.
    """
    if not keyed and HEADER not in request.headers:
        return attempts()(_unkeyed, act)
    key = key_of(request, person().username)
    return attempts()(service().once.reply, writing, key, act)


def _unkeyed(act: Callable[[Unit], Reply]) -> Reply:
    with writing() as unit:
        return act(unit)


def find(where: Unit | Session, kind: type[T], row_id: Any, what: str = "") -> T:
    """Return the row with an id; raise NotFound for an unknown id and for a row out of the user's scope."""
    return scope.find(_session(where), person().scope, kind, row_id, what or kind.__name__.lower())


def county(where: Unit | Session, code: str) -> str:
    """Return the current id of the county with a current or retired code; raise NotFound if not in the user's scope."""
    return scope.county(_session(where), person().scope, code)


def bank(where: Unit | Session, code: str) -> str:
    """Return the code of a bank; raise NotFound for a bank that is unknown or out of the user's scope."""
    return scope.bank(_session(where), person().scope, code)


def within(session: Session, *, bank: str | None = None, county: str | None = None) -> Within:
    """Return the user's scope narrowed to a bank and a county; raise NotFound if bank or county is out of scope."""
    return scope.within(session, person().scope, bank_code=bank, county_code=county)


def _session(where: Unit | Session) -> Session:
    return where.session if isinstance(where, Unit) else where
