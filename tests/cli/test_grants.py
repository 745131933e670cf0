"""Tests that the service's own PostgreSQL role can keep the books but cannot change append-only tables."""

import secrets
from collections.abc import Iterator
from datetime import date

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from jobs import runner
from ledger.__main__ import cli
from ledger.database import open_engine
from tests.support.processes import run_here
from tests.support.small_portfolio import books_of, lease_on, lend, repay

APPEND_ONLY = ("events", "entries", "postings", "footers", "applications", "closings", "loan_status_changes")


@pytest.fixture
def service_url(postgresql_url: str) -> Iterator[str]:
    """Return the address of a role that owns no tables, after the owner has run `python -m ledger init`."""
    name, password = f"service_{secrets.token_hex(4)}", secrets.token_hex(8)
    owner = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'"))
    url = make_url(postgresql_url).set(username=name, password=password).render_as_string(hide_password=False)
    told = run_here(url, cli, "init", LEDGER_OWNER_URL=postgresql_url)
    assert told.status == 0, told.err
    yield url
    with owner.connect() as connection:
        connection.execute(text(f"DROP OWNED BY {name}"))
        connection.execute(text(f"DROP ROLE {name}"))
    owner.dispose()


def test_the_service_works_the_books_under_its_own_role(service_url: str) -> None:
    engine = open_engine(service_url)
    loan_ids = lend(engine, each=2)
    runner.run(lease_on(engine), "daily", date(2016, 7, 1))
    # The repayment is back-dated, so entries with later dates are reversed and recorded again.
    repay(engine, loan_ids[0], "300.00", date(2016, 6, 25))
    assert len(books_of(engine)[1]) == 2
    engine.dispose()


@pytest.mark.parametrize("table", [*APPEND_ONLY, "alembic_version"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_what_is_append_only_is_refused_to_it(service_url: str, table: str, statement: str) -> None:
    engine = create_engine(service_url)
    with engine.connect() as connection:
        column = connection.execute(
            text("SELECT column_name FROM information_schema.columns WHERE table_name = :table LIMIT 1"),
            {"table": table},
        ).scalar()
        with pytest.raises(ProgrammingError) as refused:
            connection.execute(text(statement.format(table, column, column)))
    assert isinstance(refused.value.orig, psycopg.errors.InsufficientPrivilege)
    engine.dispose()


def test_it_makes_no_tables_of_its_own(service_url: str) -> None:
    engine = create_engine(service_url)
    with engine.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text("CREATE TABLE mine (id INTEGER)"))
    engine.dispose()
