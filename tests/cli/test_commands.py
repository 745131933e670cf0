"""Tests of the command line `python -m ledger`: its work, its refusals and its exit status."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, select, text

from ledger import setup
from ledger.__main__ import cli
from ledger.database import open_engine
from ledger.operations.registry import users
from ledger.queries import reference
from ledger.tables.loans import Loan
from ledger.tables.reference import RateCoverage, SchemeVersion
from ledger.tables.users import User
from ledger.tables.work import Import
from tests.support.county_desk import at_desk, card
from tests.support.processes import Ran, ended, run_here
from tests.support.small_portfolio import lend

DONE, FOUND, REFUSED, CUT_OFF = range(4)

Ledger = Callable[..., Ran]


@pytest.fixture
def ledger(sqlite_url: str, tmp_path: Path) -> Ledger:
    """Return a function that runs a command on a prepared SQLite database, for example `ledger("user", "add", ...)`."""
    return lambda *arguments, **more: run_here(sqlite_url, cli, *arguments, LEDGER_HOME=str(tmp_path / "home"), **more)


@pytest.fixture
def database(sqlite_url: str) -> Engine:
    return create_engine(sqlite_url)


def test_init_makes_an_empty_database_ready_and_may_be_repeated(empty_database_url: str, tmp_path: Path) -> None:
    first = ended(empty_database_url, "ledger", "init", LEDGER_HOME=str(tmp_path / "home"))
    assert (first.returncode, first.stderr) == (DONE, "")
    assert first.stdout.startswith("ready: ")
    assert run_here(empty_database_url, cli, "init").status == DONE
    engine = open_engine(empty_database_url)
    with at_desk(engine) as unit:
        assert reference.latest_version(unit.session, "ganzhou-2016") == 1
    engine.dispose()


def test_a_password_never_shows(postgresql_url: str) -> None:
    password = re.findall(":([0-9a-f]{32})@", postgresql_url)[0]
    for command in ("init", "config", "upgrade"):
        told = run_here(postgresql_url, cli, command)
        assert told.status == DONE
        assert password not in told.out + told.err


def test_config_shows_every_setting_and_hides_what_is_secret(ledger: Ledger) -> None:
    told = ledger("config", LEDGER_SECRET_KEY="do not tell", LEDGER_PORT="8123")
    assert told.status == DONE
    shown = dict(line.split("=", 1) for line in told.out.splitlines())
    assert (shown["LEDGER_PORT"], shown["LEDGER_SECRET_KEY"]) == ("8123", "********")


def test_a_setting_that_cannot_be_used_is_named(ledger: Ledger) -> None:
    told = ledger("config", LEDGER_PORT="eighty")
    assert (told.status, "LEDGER_PORT is a whole number" in told.err) == (REFUSED, True)


def test_a_user_is_added_given_a_password_disabled_and_enabled(ledger: Ledger, database: Engine) -> None:
    added = ledger(
        "user",
        "add",
        "liu",
        "--role",
        "bank_officer",
        "--bank",
        "GZRCB",
        "--county",
        "360781",
        "--county",
        "360721",
        "--name",
        "刘福",
        "--password",
        "first and long",
    )
    assert (added.status, added.out) == (DONE, "added liu, bank_officer\n")
    with at_desk(database) as unit:
        user = unit.session.get_one(User, "liu")
        assert (user.name, user.bank, sorted(row.county for row in user.counties)) == (
            "刘福",
            "GZRCB",
            ["360704", "360781"],
        )
    assert ledger("user", "password", "liu", typed="second and long\nsecond and long\n").status == DONE
    with at_desk(database) as unit:
        user = unit.session.get_one(User, "liu")
        assert users.fits("second and long", user.password)
    for command, active in (("disable", False), ("enable", True)):
        assert ledger("user", command, "liu").out == f"liu {command}d\n"
        with at_desk(database) as unit:
            assert unit.session.get_one(User, "liu").active is active


@pytest.mark.parametrize(
    "case, arguments, words",
    [
        ("a short password", ["user", "add", "liu", "--role", "auditor", "--password", "short"], "password_weak"),
        ("no bank", ["user", "add", "liu", "--role", "bank_officer", "--password", "long enough"], "role_scope"),
        ("no such role", ["user", "add", "liu", "--role", "boss", "--password", "long enough"], "'boss' is not one of"),
        ("nobody", ["user", "disable", "nobody"], "not found: user nobody"),
        ("no such file", ["scheme", "load", "nowhere.toml"], "does not exist"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(
    ledger: Ledger, case: str, arguments: list[str], words: str
) -> None:
    told = ledger(*arguments)
    assert (told.status, words in told.err) == (REFUSED, True), told.err


def test_a_scheme_is_loaded_once_and_listed(ledger: Ledger, database: Engine, tmp_path: Path) -> None:
    document = tmp_path / "scheme.toml"
    document.write_text(
        'code = "ganzhou-2017"\nversion = 1\nname = "试点"\nsigned_from = 2017-01-01\nsigned_to = 2017-12-31\n'
        'inherits = "ganzhou-2016"\n',
        encoding="utf-8",
    )
    assert ledger("scheme", "load", str(document)).status == DONE
    with at_desk(database) as unit:
        assert unit.session.get(SchemeVersion, ("ganzhou-2017", 1)) is not None
    listed = ledger("scheme", "list").out.splitlines()
    assert [line.split()[0] for line in listed] == [
        "ganzhou-2016",
        "ganzhou-2017",
        "national-2014",
        "national-2021",
        "yanjin-2016",
    ]
    assert ledger("scheme", "load", str(document)).status == REFUSED
    document.write_text('code = "x"\n', encoding="utf-8")
    assert "scheme_invalid" in ledger("scheme", "load", str(document)).err


def test_rates_are_appended_and_those_there_already_left_alone(
    ledger: Ledger, database: Engine, tmp_path: Path
) -> None:
    rows = Path(reference.__file__).parents[1] / "policy" / "tables" / "lpr.csv"
    newer = tmp_path / "lpr.csv"
    newer.write_text(rows.read_text("utf-8").rstrip() + "\n2026-10-20,2.90,3.40\n", encoding="utf-8")
    load = ("rates", "load", "lpr", str(newer), "--covered-through", "2026-10-20", "--source", "PBOC")
    told = ledger(*load)
    assert (told.status, told.out) == (DONE, "lpr: 1 rows added, covered through 2026-10-20\n")
    with at_desk(database) as unit:
        assert reference.rate_tables(unit.session)["lpr"].rows[-1].effective_on == date(2026, 10, 20)
        coverage = select(RateCoverage.covered_through).where(RateCoverage.table == "lpr")
        assert max(unit.session.execute(coverage).scalars()) == date(2026, 10, 20)
    assert ledger(*load).out == "lpr: 0 rows added, covered through 2026-10-20\n"
    newer.write_text(newer.read_text("utf-8").replace("2019-08-20,4.25", "2019-08-20,4.26"), encoding="utf-8")
    assert "rate_rows_refused" in ledger(*load).err


def test_a_calendar_is_published(ledger: Ledger, database: Engine, tmp_path: Path) -> None:
    days = tmp_path / "2027.csv"
    days.write_text("date,name,kind\n2027-01-01,元旦,off\n2027-01-02,元旦,off\n", encoding="utf-8-sig")
    load = ("calendar", "load", "2027", str(days), "--source", "国办发明电〔2026〕9号")
    told = ledger(*load)
    if told.status == REFUSED:  # A year's notice must contain the holidays that the law fixes.
        assert "calendar_rows_refused" in told.err
    days.write_text("date,name,kind\n2027-01-01,元旦,holiday\n", encoding="utf-8")
    bad = ledger(*load)
    assert (bad.status, "line 2: neither off nor makeup_workday" in bad.err) == (REFUSED, True)
    days.write_bytes("date,name,kind\n2027-01-01,元旦,off\n".encode("gb18030"))
    assert "not in UTF-8" in ledger(*load).err


HOUSEHOLDS = (
    "户编号,县,乡镇,村,类别,建档立卡日期,姓名,身份证号,与户主关系\n"
    "360781000001,360781,叶坪镇,大胜村,一般贫困户,2014-05-01,刘福,{card},户主\n"
)


def test_a_sheet_is_tried_then_booked_then_changes_nothing(ledger: Ledger, database: Engine, tmp_path: Path) -> None:
    ledger("user", "add", "poverty", "--role", "poverty_office", "--county", "360781", "--password", "long enough")
    sheet = tmp_path / "households.csv"
    sheet.write_text(HOUSEHOLDS.format(card="36078119800501001X"), encoding="utf-8")
    faulty = ledger("import", "households", str(sheet), "--user", "poverty")
    assert faulty.status == FOUND, faulty.err
    assert "row 2 id_card: " in faulty.err
    sheet.write_text(HOUSEHOLDS.format(card=card()), encoding="gb18030")
    tried = ledger("import", "households", str(sheet), "--user", "poverty", "--dry-run")
    assert (tried.status, "1 would be booked" in tried.out) == (DONE, True), tried.err
    with at_desk(database) as unit:
        assert unit.session.execute(select(Import.id).where(Import.status == "booked")).all() == []
    booked = ledger("import", "households", str(sheet), "--user", "poverty")
    assert (booked.status, "1 rows, 1 booked, 0 unchanged" in booked.out) == (DONE, True), booked.err
    again = ledger("import", "households", str(sheet), "--user", "poverty")
    assert (again.status, "0 booked, 1 unchanged" in again.out) == (DONE, True), again.err
    assert "not_yours" in ledger("import", "loans", str(sheet), "--user", "poverty").err


def test_verify_finds_what_was_tampered_with(ledger: Ledger, database: Engine) -> None:
    loan_ids = lend(database, each=1)
    assert ledger("verify").out == "everything agrees\n"
    with database.begin() as connection:
        connection.execute(text("UPDATE movements SET debit = debit + 1"))
    told = ledger("verify")
    assert (told.status, "expected" in told.err) == (FOUND, True)
    assert loan_ids


def test_upgrade_backs_the_database_up_before_it_changes_it(ledger: Ledger, database: Engine, tmp_path: Path) -> None:
    assert ledger("upgrade").out.startswith("the database is that of this version already\nchecking\nupgraded: ")
    assert not list((tmp_path / "home").glob("backups/*"))
    lend(database, each=1)
    # Remove the database's record of the newest migration, but not the tables and triggers that the migration made.
    with database.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        connection.execute(text("CREATE TABLE before_it (id INTEGER)"))
    refused = ledger("user", "disable", "nobody")
    assert (refused.status, "python -m ledger upgrade" in refused.err) == (CUT_OFF, True)
    # The tables of the migration exist already, so running the migration fails.
    assert ledger("upgrade").status == CUT_OFF
    (backup,) = (tmp_path / "home").glob("backups/*.sqlite3")
    assert backup.stat().st_mode & 0o077 == 0
    copy = create_engine(f"sqlite:///{backup}")
    with copy.connect() as connection:
        assert connection.execute(select(Loan.id)).all()
        assert connection.execute(text("SELECT count(*) FROM before_it")).scalar() == 0
    copy.dispose()


def test_upgrade_of_a_postgresql_without_pg_dump_asks_for_a_backup(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if empty_database_url.startswith("sqlite"):
        told = run_here(empty_database_url, cli, "upgrade", LEDGER_HOME=str(tmp_path / "home"))
        assert "nothing to back up: the database is new" in told.out
        return
    older = open_engine(empty_database_url)
    setup.upgrade(older, "0005_notices")
    older.dispose()
    monkeypatch.setenv("PATH", str(tmp_path))
    told = run_here(empty_database_url, cli, "upgrade", LEDGER_HOME=str(tmp_path / "home"))
    assert (told.status, "pg_dump is not on the path; make one and say --no-backup" in told.err) == (CUT_OFF, True)
    assert run_here(empty_database_url, cli, "upgrade", "--no-backup").status == DONE
    engine = open_engine(empty_database_url)
    assert setup.at_head(engine)
    engine.dispose()
