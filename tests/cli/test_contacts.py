"""Tests of `python -m ledger contacts`, which imports contact data of borrowers from sheets."""

from pathlib import Path

from sqlalchemy import Engine, select

from ledger.__main__ import cli
from ledger.operations.registry.users import Role, add_user
from ledger.tables.notices import Contact
from tests.support.county_desk import COUNTY, at_desk, household, new_household, organisation
from tests.support.processes import Ran, run_here


def _kept(engine: Engine) -> set[tuple[str | None, str | None]]:
    with engine.connect() as connection:
        return {(phone, email) for phone, email in connection.execute(select(Contact.phone, Contact.email))}


def _sent(url: str, folder: Path, text: str) -> Ran:
    sheet = folder / "联系方式.csv"
    sheet.write_text(text, encoding="gb18030")
    return run_here(url, cli, "contacts", str(sheet), "--user", "poverty")


def _borrowers(engine: Engine) -> tuple[str, str]:
    home = new_household()
    with at_desk(engine) as unit:
        add_user(unit, "poverty", "扶贫办", "correct horse", Role.POVERTY_OFFICE, counties=(COUNTY,))
        household(unit, registry_no=home.registry_no)
        organisation(unit, uscc="93360781MA35F0001J")
    return home.registry_no, "93360781MA35F0001J"


def test_a_sheet_is_kept_whole_and_a_later_one_takes_its_place(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    home, farm = _borrowers(engine)
    first = _sent(database_url, tmp_path, f"编号,联系电话,电子邮箱\n{home},138 1234 5678,\n{farm},,a@example.com\n")
    assert (first.status, first.out) == (0, "contacts: 2 kept\n"), first.err
    assert _kept(engine) == {("13812345678", None), (None, "a@example.com")}
    assert _sent(database_url, tmp_path, f"户编号,电话\n{home},13800000000\n").status == 0
    assert _kept(engine) == {("13800000000", None), (None, "a@example.com")}


def test_one_fault_and_nothing_is_kept(engine: Engine, database_url: str, tmp_path: Path) -> None:
    home, _ = _borrowers(engine)
    told = _sent(database_url, tmp_path, f"编号,联系电话\n{home},13812345678\nX1,13812345678\n{home}9,no phone\n")
    assert told.status == 1
    assert "row 3 number: not_found" in told.err
    assert "row 4 phone: phone_unfit" in told.err
    assert _kept(engine) == set()


def test_a_borrower_of_another_county_is_nobody_here(engine: Engine, database_url: str, tmp_path: Path) -> None:
    _borrowers(engine)
    elsewhere = new_household(county="360732")
    with at_desk(engine) as unit:
        household(unit, registry_no=elsewhere.registry_no, county="360732")
    told = _sent(database_url, tmp_path, f"编号,联系电话\n{elsewhere.registry_no},13812345678\n")
    assert (told.status, "row 2 number: not_found" in told.err) == (1, True)
