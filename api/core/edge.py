"""The edge: the only reader of the clock, one transaction a request, the person who asks, what they see."""

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
    """What one running service has: its settings, its database, the keys it is working on."""

    settings: Settings
    demo: bool
    engine: Engine
    looking: Engine  # the same connections, taken to read a snapshot
    once: Once = field(default_factory=Once)


def install(app: Any, settings: Settings, *, demo: bool) -> Service:
    """Connect an application to its database."""
    engine = open_engine(settings.database_url)
    options: dict[str, Any] = {"reading": True}
    if engine.dialect.name == "postgresql":
        # All of a page from one snapshot, and a role that could write still does not.
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    service = Service(settings, demo, engine, engine.execution_options(**options))
    app.extensions["ledger"] = service
    return service


def service() -> Service:
    """The service that answers this request."""
    found: Service = current_app.extensions["ledger"]
    return found


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def today() -> date:
    """The business date in Asia/Shanghai."""
    return business_day(now())


def person() -> Person:
    """Who asks; only behind a route that asks for signing in."""
    found: Person = g.person
    return found


@contextmanager
def writing() -> Iterator[Unit]:
    """A unit of work of the person who asks, committed when the block ends well."""
    origin = f"api/{g.request_id}"
    with work(service().engine, user=person().username, today=today(), clock=now, origin=origin) as unit:
        yield unit


@contextmanager
def reading() -> Iterator[Session]:
    """A session on one snapshot, kept to what the person who asks is shown."""
    with unscoped() as session:
        scope.narrow(session, person().scope)
        yield session


@contextmanager
def unscoped() -> Iterator[Session]:
    """A session on one snapshot that sees everything: for signing in and for the service's own health."""
    with Session(service().looking) as session:
        yield session


def recorded(act: Callable[[Unit], Reply], *, keyed: bool) -> Reply:
    """Do what a request asks for, as a whole, again while the database gives way to others.

    `keyed` asks for an Idempotency-Key; one that is sent unasked counts too. Raises KeyMissing, KeyReused,
    InFlight, and what `act` raises.
    """
    if not keyed and HEADER not in request.headers:
        return attempts()(_unkeyed, act)
    key = key_of(request, person().username)
    return attempts()(service().once.reply, writing, key, act)


def _unkeyed(act: Callable[[Unit], Reply]) -> Reply:
    with writing() as unit:
        return act(unit)


def find(where: Unit | Session, kind: type[T], row_id: Any, what: str = "") -> T:
    """A row in the asker's scope by its id; raises NotFound for an unknown one and for one out of scope."""
    return scope.find(_session(where), person().scope, kind, row_id, what or kind.__name__.lower())


def county(where: Unit | Session, code: str) -> str:
    """Today's id of a county in the asker's scope, named by today's or a retired code; raises NotFound."""
    return scope.county(_session(where), person().scope, code)


def bank(where: Unit | Session, code: str) -> str:
    """A bank in the asker's scope; raises NotFound."""
    return scope.bank(_session(where), person().scope, code)


def within(session: Session, *, bank: str | None = None, county: str | None = None) -> Within:
    """The asker's scope, narrowed to the bank and county asked for; raises NotFound."""
    return scope.within(session, person().scope, bank_code=bank, county_code=county)


def _session(where: Unit | Session) -> Session:
    return where.session if isinstance(where, Unit) else where
