"""Tests of loan sheets with faults: every rule is applied to every row, all faults are returned, nothing is written."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from ledger.money import yuan
from ledger.operations.lending import loans
from ledger.operations.registry import reference
from ledger.operations.sheets.import_run import Importer
from ledger.tables.borrowers import Household
from tests.support import serviced
from tests.support.county_desk import (
    BANK,
    approved_loan,
    at_desk,
    disbursed_loan,
    household,
    link,
    organisation,
    request,
    row_counts,
    uscc,
)
from tests.support.sheet_files import (
    OFFICER,
    codes_of,
    csv_of,
    faults_of,
    home_row,
    loan_row,
    register,
    take_in,
    xlsx_of,
)

# Each case has the cells of a loan, the cells of the borrower's household, and the expected faults by column. The value
# None instead of household cells means that the household is not registered.
HOUSEHOLD_CASES: list[tuple[str, dict[str, Any], dict[str, Any] | None, list[tuple[str, str]]]] = [
    ("nothing wrong", {}, {}, []),
    ("the cap to the fen", {"principal": "50,000.00"}, {}, []),
    ("over the cap", {"principal": "51000.00"}, {}, [("principal", "over_household_cap")]),
    ("a fen over the cap", {"principal": "50000.01"}, {}, [("principal", "over_household_cap")]),
    ("nothing lent", {"principal": "0.00"}, {}, [("principal", "principal_not_positive")]),
    ("not the benchmark", {"annual_rate": "4.35%"}, {}, [("annual_rate", "rate_not_benchmark")]),
    ("the benchmark of five years for three", {"annual_rate": "0.0475", "term_months": "60"}, {}, []),
    (
        "the benchmark of above five years",
        {"annual_rate": "4.90%", "term_months": "61"},
        {},
        [("term_months", "term_out_of_range")],
    ),
    ("a month too short", {"term_months": "35"}, {}, [("term_months", "term_out_of_range")]),
    ("signed before the scheme", {"signed_on": "2015-12-31"}, {}, [("signed_on", "scheme_not_in_force")]),
    ("a scheme nobody knows", {"scheme": "nowhere-2016"}, {}, [("scheme", "not_found")]),
    (
        "another scheme's cap",
        {"scheme": "yanjin-2016", "term_months": "24", "signed_on": "2016-07-01", "disbursed_on": "2016-07-01"},
        {},
        [("principal", "over_household_cap")],
    ),
    (
        "paid out before it was signed",
        {"disbursed_on": "2016-05-08"},
        {},
        [("disbursed_on", "disbursed_before_signing")],
    ),
    ("to be paid out tomorrow", {"disbursed_on": "2017-01-01"}, {}, [("disbursed_on", "future_date")]),
    (
        "to be signed tomorrow",
        {"signed_on": "2017-01-01", "disbursed_on": "2017-01-01"},
        {},
        [("signed_on", "future_date"), ("disbursed_on", "future_date")],
    ),
    ("registered too early", {}, {"registered_on": "2013-12-31"}, [("registry_no", "registered_too_early")]),
    ("a household nobody registered", {}, None, [("registry_no", "household_unknown")]),
    ("a card with a wrong check digit", {"id_card": "360781198005010010"}, None, [("id_card", "id_card_check_digit")]),
    ("a card of 15", {"id_card": "360781800501001"}, None, [("id_card", "id_card_length")]),
    ("no card", {"id_card": ""}, {"id_card": "362126197001013511"}, [("id_card", "cell_empty")]),
    (
        "somebody else's card",
        {"id_card": "362126196502023510"},
        {"id_card": "362126197102023516"},
        [("id_card", "borrower_not_member")],
    ),
    ("another name", {"borrower_name": "刘富"}, {"name": "刘福"}, [("borrower_name", "borrower_name_differs")]),
    ("nobody at all", {"registry_no": "", "id_card": ""}, None, [("registry_no", "borrower_unclear")]),
    ("17 until tomorrow", {"id_card": "36212619980511101X"}, {}, [("id_card", "borrower_age")]),
    ("18 today", {"id_card": "362126199805101014"}, {}, []),
    ("61 today", {"id_card": "362126195505101014"}, {}, [("id_card", "borrower_age")]),
    ("60 until tomorrow", {"id_card": "36212619550511101X"}, {}, []),
    ("a security nobody knows", {"security": "人品"}, {}, [("security", "choice_unknown")]),
    ("a lower-case x in a card", {"id_card": "36212619700101109x"}, {"id_card": "36212619700101109X"}, []),
    (
        "three things",
        {"principal": "60000.00", "annual_rate": "4.35%", "borrower_name": "刘富"},
        {"name": "刘福"},
        [("annual_rate", "rate_not_benchmark"), ("borrower_name", "borrower_name_differs")],
    ),
    (
        "a cell and a rule",
        {"signed_on": "五月", "principal": "50,000.001", "id_card": "362126195505101030"},
        {},
        [("principal", "amount_unfit"), ("signed_on", "date_unfit")],
    ),
    (
        "a cell and rules of other cells",
        {"principal": "五万", "annual_rate": "4.35%", "id_card": "362126195505101022"},
        {},
        [("principal", "amount_unfit"), ("annual_rate", "rate_not_benchmark"), ("id_card", "borrower_age")],
    ),
]


def test_every_rule_is_asked_of_every_row_and_all_faults_are_told_at_once(engine: Engine) -> None:
    rows = [loan_row(**fields) for _, fields, _, _ in HOUSEHOLD_CASES]
    told_of = zip(rows, HOUSEHOLD_CASES, strict=True)
    homes = [home_row(row) | home for row, (_, _, home, _) in told_of if home is not None]
    take_in(engine, "households", csv_of("households", homes))
    with engine.connect() as connection:
        before = row_counts(connection)
    found = codes_of(faults_of(engine, "loans", csv_of("loans", rows)))
    for number, (case, _, _, wrong) in enumerate(HOUSEHOLD_CASES, 2):
        assert [(column, code) for row, column, code in found if row == number] == wrong, case
    with engine.connect() as connection:
        assert row_counts(connection) == before


def test_a_fault_names_the_rule_the_limit_and_the_figure_in_two_languages(engine: Engine) -> None:
    row = loan_row(principal="51000.00")
    register(engine, [row])
    (fault,) = faults_of(engine, "loans", csv_of("loans", [row]))
    assert (fault.facts["rule"], fault.facts["limit"], fault.facts["found"]) == ("2.2", "50000.00", "51000.00")
    assert "51000.00" in fault.zh
    assert "50000.00" in fault.en


def test_rows_of_one_sheet_count_against_the_cap_together(engine: Engine) -> None:
    first = loan_row(principal="30000.00")
    second = first | {"contract_no": "HT-2", "principal": "20000.00"}
    third = first | {"contract_no": "HT-3", "principal": "0.01"}
    register(engine, [first])
    assert codes_of(faults_of(engine, "loans", csv_of("loans", [first, second, third]))) == [
        (4, "principal", "over_household_cap"),
    ]
    assert take_in(engine, "loans", csv_of("loans", [first, second])).booked == 2
    assert codes_of(faults_of(engine, "loans", csv_of("loans", [third]))) == [(2, "principal", "over_household_cap")]


def test_loans_of_other_banks_count_without_being_named(engine: Engine) -> None:
    row = loan_row(principal="20000.00")
    register(engine, [row])
    with at_desk(engine) as unit:
        home = unit.session.query(Household.id).filter_by(registry_no=row["registry_no"]).scalar()
    told_of_abc = {"household_id": home, "bank": "ABC", "contract_no": "ABC-7"}
    disbursed_loan(engine, request(principal=yuan("20000.00"), **told_of_abc))
    approved_loan(engine, request(principal=yuan("10000.01"), **(told_of_abc | {"contract_no": "ABC-8"})))
    (fault,) = faults_of(engine, "loans", csv_of("loans", [row]))
    assert (fault.code, fault.facts["found"]) == ("over_household_cap", "50000.01")
    assert "ABC" not in str(fault)
    assert take_in(engine, "loans", csv_of("loans", [row | {"principal": "19999.99"}])).booked == 1


def test_a_household_with_written_off_debt_borrows_no_more(engine: Engine) -> None:
    row = loan_row(principal="1000.00")
    register(engine, [row])
    with at_desk(engine) as unit:
        home = unit.session.query(Household.id).filter_by(registry_no=row["registry_no"]).scalar()
    loan_id = disbursed_loan(engine, request(household_id=home, bank="ABC", principal=yuan("800.00")))
    serviced.decide(engine, loan_id, "write_off", {"on": date(2016, 5, 20)}, date(2016, 6, 1))
    assert codes_of(faults_of(engine, "loans", csv_of("loans", [row]))) == [(2, "borrower_name", "bad_debt")]


def test_organisations_borrow_by_their_links(engine: Engine) -> None:
    with at_desk(engine, "poverty") as unit:
        home = household(unit)
        linked, bare, codes = organisation(unit, uscc=(a := uscc())), organisation(unit, uscc=(b := uscc())), (a, b)
        link(unit, linked, home)
        link(unit, linked, home, kind="investment", amount=yuan("10000.00"))
    assert bare != linked
    told_of = {"registry_no": "", "borrower_name": "瑞金脐橙合作社", "id_card": ""}
    cases: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
        ("up to the limit", {"uscc": codes[0], "principal": "70000.00"}, []),
        ("the rest of it", {"uscc": codes[0], "principal": "30000.00"}, []),
        ("a fen more", {"uscc": codes[0], "principal": "0.01"}, [("principal", "over_organisation_limit")]),
        ("without a link", {"uscc": codes[1]}, [("uscc", "no_valid_link")]),
        ("before the link", {"uscc": codes[0], "signed_on": "2015-12-01"}, [("signed_on", "scheme_not_in_force")]),
        ("unknown", {"uscc": uscc()}, [("uscc", "organisation_unknown")]),
        (
            "a wrong check digit",
            {"uscc": codes[0][:-1] + ("A" if codes[0][-1] != "A" else "B")},
            [("uscc", "uscc_check_digit")],
        ),
        ("with a card", {"uscc": codes[0], "id_card": "362126197001013511"}, [("id_card", "id_card_not_expected")]),
        ("another name", {"uscc": codes[0], "borrower_name": "别家"}, [("borrower_name", "borrower_name_differs")]),
        ("a household besides", {"uscc": codes[0], "registry_no": "J1"}, [("registry_no", "borrower_unclear")]),
    ]
    rows = [loan_row(**(told_of | fields)) for _, fields, _ in cases]
    found = codes_of(faults_of(engine, "loans", csv_of("loans", rows)))
    for number, (case, _, wrong) in enumerate(cases, 2):
        assert [(column, code) for row, column, code in found if row == number] == wrong, case
    assert take_in(engine, "loans", csv_of("loans", rows[:2])).booked == 2


def test_a_contract_twice_in_the_sheet_is_a_fault_that_names_the_first_row(engine: Engine) -> None:
    rows = [loan_row(), loan_row(), loan_row()]
    register(engine, rows)
    (fault,) = faults_of(engine, "loans", csv_of("loans", [*rows, rows[1]]))
    assert (fault.row, fault.column, fault.code, fault.facts["limit"]) == (5, "contract_no", "row_twice", 3)


def test_a_bank_lends_from_its_admission_to_its_elimination(engine: Engine) -> None:
    rows = [loan_row(disbursed_on=on) for on in ("2016-07-31", "2016-08-01")]
    register(engine, rows)
    with at_desk(engine, "city") as unit:
        reference.set_bank_status(unit, BANK, "eliminated", date(2016, 8, 1))
    assert codes_of(faults_of(engine, "loans", csv_of("loans", rows))) == [(3, "disbursed_on", "bank_eliminated")]


def test_nothing_lands_in_a_closed_month(engine: Engine) -> None:
    rows = [loan_row(), loan_row(disbursed_on="2016-06-01")]
    register(engine, rows)
    with at_desk(engine) as unit:
        unit.connection.exec_driver_sql("UPDATE books SET closed_through = '2016-05-31' WHERE book = 'LOAN-GZRCB'")
    (fault,) = faults_of(engine, "loans", csv_of("loans", rows))
    assert (fault.row, fault.column, fault.code) == (2, "disbursed_on", "period_closed")
    assert fault.facts["first_open"] == "2016-06-01"


def test_an_officer_of_named_counties_brings_in_their_borrowers_only(engine: Engine) -> None:
    rows = [loan_row(), loan_row()]
    register(engine, rows[:1])
    register(engine, rows[1:], county="南康区")
    local = Importer("local", BANK, frozenset({"360781"}))
    assert codes_of(faults_of(engine, "loans", csv_of("loans", rows), local)) == [
        (3, "registry_no", "county_not_yours")
    ]
    assert take_in(engine, "loans", csv_of("loans", rows)).booked == 2


def test_three_hundred_faults_are_three_hundred_faults(engine: Engine) -> None:
    rows = [loan_row(annual_rate="4.35%") for _ in range(100)]
    register(engine, rows)
    broken = [row | {"principal": "五万", "term_months": "三年"} for row in rows]
    found = faults_of(engine, "loans", xlsx_of("loans", [*broken, loan_row()]))
    assert len(found) == 2 * 100 + 1
    whole = [row | {"signed_on": "2016-05-20", "borrower_name": "他人"} for row in rows]
    found = faults_of(engine, "loans", csv_of("loans", whole))
    assert len(found) == 300
    assert [fault.row for fault in found] == sorted(fault.row for fault in found)


@pytest.mark.parametrize(
    "case, change, differing",
    [
        ("another amount", {"principal": "40000.00"}, ["principal"]),
        ("another day", {"disbursed_on": "2016-05-11"}, ["disbursed_on"]),
        ("two things", {"purpose": "养鸡", "term_months": "48"}, ["term_months", "purpose"]),
        ("a column it did not have", {"endorsements": "乡镇"}, ["endorsements"]),
    ],
)
def test_a_row_recorded_already_with_other_content_is_a_fault_that_names_what_differs(
    case: str, change: dict[str, str], differing: list[str], engine: Engine
) -> None:
    row = loan_row()
    register(engine, [row])
    take_in(engine, "loans", csv_of("loans", [row]))
    (fault,) = faults_of(engine, "loans", csv_of("loans", [row | change]))
    assert (fault.row, fault.column, fault.code) == (2, "contract_no", "row_differs")
    assert fault.facts["differing"] == differing


def test_a_loan_on_its_way_at_the_desk_is_not_booked_past_it(engine: Engine) -> None:
    row = loan_row()
    register(engine, [row])
    with at_desk(engine) as unit:
        home = unit.session.query(Household.id).filter_by(registry_no=row["registry_no"]).scalar()
        loans.record(unit, request(household_id=home, contract_no=row["contract_no"]))
    (fault,) = faults_of(engine, "loans", csv_of("loans", [row]), OFFICER)
    assert fault.code == "row_differs"
    assert fault.facts["differing"] == ["status", "disbursed_on"]
