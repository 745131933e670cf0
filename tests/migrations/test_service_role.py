"""Tests that the service's PostgreSQL role can do all work, owns no table, and cannot change rows of the journal."""

import secrets
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, make_url

from ledger import setup
from ledger.database import open_engine
from ledger.operations.registry import reference
from ledger.reports.verifying.verification import verify
from tests.support.random_histories import County, Step
from tests.support.recording import day, recording

LIFE: list[Step] = [
    ("lend", 0, 0, 0),
    ("deposit", 1, 100_00, 0),
    ("walk", 60, 0, 0),
    ("repay", 5, 400_00, 1),
    ("undo", 1, 0, 0),
    ("repay late", 0, 20, 1),
    ("pay", 1, 9_00, 0),
    ("reverse", 1, 0, 1),
    ("walk", 120, 0, 0),
]


@pytest.fixture
def service(postgresql_url: str) -> Iterator[Engine]:
    """Return an engine for the service's role, on a prepared database that another role owns."""
    owner = make_url(postgresql_url)
    role, password = f"service_{secrets.token_hex(4)}", secrets.token_hex(8)
    _as_owner(postgresql_url, f"CREATE ROLE \"{role}\" LOGIN PASSWORD '{password}'")
    url = owner.set(username=role, password=password).render_as_string(hide_password=False)
    setup.prepare(postgresql_url, service_url=url)
    opened = open_engine(url)
    yield opened
    opened.dispose()
    _as_owner(postgresql_url, f'DROP OWNED BY "{role}"', f'DROP ROLE "{role}"')


def _as_owner(url: str, *statements: str) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_the_service_does_its_work_under_its_own_role(service: Engine) -> None:
    assert County(service).play(LIFE).done == len(LIFE)
    with recording(service, "2017-01-02", "admin") as unit:
        reference.add_bank(unit, "NEWBANK", "新银行", "pilot", day("2017-01-01"))
        unit.connection.exec_driver_sql("UPDATE books SET closed_through = '2016-05-31' WHERE book = 'LOAN-GZRCB'")
    assert verify(service) == ()
    assert setup.at_head(service)


def test_it_starts_on_a_prepared_database_without_the_owner(service: Engine) -> None:
    """Servers and jobs start without the database owner's address, since they create no tables."""
    setup.prepare(service.url.render_as_string(hide_password=False))
    assert setup.at_head(service)


def test_it_owns_nothing(service: Engine) -> None:
    with service.connect() as connection:
        owned = connection.exec_driver_sql(
            "SELECT relname FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user) "
            "UNION ALL SELECT proname FROM pg_proc "
            "WHERE proowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
        ).all()
        might = connection.exec_driver_sql(
            "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls "
            "FROM pg_roles WHERE rolname = current_user"
        ).scalar_one()
    assert (owned, might) == ([], False)


@pytest.mark.parametrize(
    "case, statement",
    [
        ("change an event", "UPDATE events SET reason = ''"),
        ("change an entry", "UPDATE entries SET book = book"),
        ("change an amount", "UPDATE postings SET fen = 1"),
        ("change a footer", "UPDATE footers SET total = 1"),
        ("remove a posting", "DELETE FROM postings"),
        ("change what paid a line", "UPDATE applications SET contract = 1"),
        ("unsay a closing", "DELETE FROM closings"),
        ("empty a table", "TRUNCATE movements"),
        ("empty the journal", "TRUNCATE events CASCADE"),
        ("remove movements", "DELETE FROM movements"),
        ("remove a fund account", "DELETE FROM fund_balances"),
        ("rename a book", "UPDATE books SET book = 'LOAN-X'"),
        ("move an account", "UPDATE accounts SET code = '9999'"),
        ("remove a book", "DELETE FROM books"),
        ("pretend another version", "UPDATE alembic_version SET version_num = 'x'"),
        ("take a guard away", "DROP TRIGGER events_append_only ON events"),
        ("switch a guard off", "ALTER TABLE events DISABLE TRIGGER events_append_only"),
        (
            "change a guard",
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql "
            "AS $$ BEGIN RETURN NEW; END $$",
        ),
        ("switch guards off by role", "SET session_replication_role = replica"),
        (
            "hang a trigger on a table",
            "CREATE TRIGGER mine BEFORE INSERT ON postings "
            "FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        ),
        ("add a column", "ALTER TABLE postings ADD COLUMN mine text"),
        ("make a table", "CREATE TABLE mine (id bigint)"),
    ],
)
def test_it_may_not(case: str, statement: str, service: Engine) -> None:
    with service.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            driver.execute(statement.encode())


def test_a_table_of_its_own_does_not_blind_the_guards(service: Engine) -> None:
    """A temporary table hides the real table in the search path, but the trigger functions still use the real table."""
    with recording(service, "2016-06-15") as unit:
        unit.connection.exec_driver_sql("UPDATE books SET closed_through = '2016-05-31' WHERE book = 'LOAN-GZRCB'")
    with service.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        for table in (b"books", b"footers", b"movements"):
            driver.execute(b"CREATE TEMPORARY TABLE " + table + b" (LIKE public." + table + b")")
        driver.execute(
            b"INSERT INTO events VALUES (1, 'LoanDisbursed', '2016-05-10', 1, '360781', 'GZRCB', 7, 'x', NULL, '', '', "
            b"'', NULL, NULL, false, '{}')"
        )
        with pytest.raises(psycopg.errors.RaiseException, match="period_closed"):
            driver.execute(b"INSERT INTO entries VALUES (11, 1, 'LOAN-GZRCB', '2016-05-10', 1, false)")


def test_rights_follow_new_tables_and_nothing_is_left_over(service: Engine, postgresql_url: str) -> None:
    role = service.url.username
    _as_owner(postgresql_url, "CREATE TABLE later (id bigint)", f'GRANT ALL ON events, later TO "{role}"')
    setup.prepare(postgresql_url, service_url=service.url.render_as_string(hide_password=False))
    with service.connect() as connection:
        rights = connection.exec_driver_sql(
            "SELECT table_name, string_agg(privilege_type, ' ' ORDER BY privilege_type) "
            "FROM information_schema.role_table_grants WHERE grantee = current_user "
            "AND table_name IN ('events', 'later') GROUP BY table_name ORDER BY table_name"
        ).all()
    assert [tuple(row) for row in rights] == [("events", "INSERT SELECT"), ("later", "DELETE INSERT SELECT UPDATE")]


def test_where_the_service_is_the_owner_no_rights_are_taken_away(postgresql_url: str) -> None:
    setup.prepare(postgresql_url, service_url=postgresql_url)
    _as_owner(postgresql_url, "UPDATE alembic_version SET version_num = version_num")


def test_sqlite_has_no_roles_and_needs_none(sqlite_url: str) -> None:
    setup.prepare(sqlite_url, service_url=sqlite_url)
