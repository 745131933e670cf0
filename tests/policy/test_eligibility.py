"""Tests of the eligibility of borrowers, banks, dates and terms, on both sides of every limit."""

from dataclasses import replace
from datetime import date

import pytest

from ledger.errors import RuleViolation
from ledger.money import Fen
from ledger.policy.eligibility import (
    BadDebt,
    BankEliminated,
    BankNotAdmitted,
    BankStatus,
    BorrowerAge,
    DisbursedBeforeSigning,
    RegisteredTooEarly,
    SchemeNotInForce,
    SecurityNotAllowed,
    TermOutOfRange,
    bank_status,
    check_age,
    check_bank,
    check_debt,
    check_disbursement_date,
    check_registration,
    check_security,
    check_signing,
    check_term,
    missing_endorsements,
)
from ledger.policy.schemes import load_preset


@pytest.mark.parametrize("case, scheme, signed, allowed", [
    ("the first day",                "ganzhou-2016",  "2016-01-01", True),
    ("the day before it",            "ganzhou-2016",  "2015-12-31", False),
    ("the last day",                 "ganzhou-2016",  "2020-12-31", True),
    ("the day after it",             "ganzhou-2016",  "2021-01-01", False),
    ("the national one of 2021",     "national-2021", "2021-03-04", True),
    ("the day before it came",       "national-2021", "2021-03-03", False),
])  # fmt: skip
def test_a_contract_is_signed_within_the_scheme_s_days(case: str, scheme: str, signed: str, allowed: bool) -> None:
    if allowed:
        check_signing(load_preset(scheme), date.fromisoformat(signed))
    else:
        with pytest.raises(SchemeNotInForce) as refused:
            check_signing(load_preset(scheme), date.fromisoformat(signed))
        assert refused.value.facts["found"] == signed


@pytest.mark.parametrize(
    "case, disbursed, allowed",
    [
        ("the day before signing", "2016-05-09", False),
        ("the day of signing", "2016-05-10", True),
        ("a day later", "2016-05-11", True),
    ],
)
def test_nothing_is_paid_out_before_signing(case: str, disbursed: str, allowed: bool) -> None:
    signed = date(2016, 5, 10)
    if allowed:
        check_disbursement_date(signed, date.fromisoformat(disbursed))
    else:
        with pytest.raises(DisbursedBeforeSigning) as refused:
            check_disbursement_date(signed, date.fromisoformat(disbursed))
        assert refused.value.facts == {"rule": "2.6", "limit": "2016-05-10", "found": disbursed}


@pytest.mark.parametrize("case, scheme, born, disbursed, years", [
    ("the 18th birthday",                    "ganzhou-2016",  "1998-05-10", "2016-05-10", None),
    ("the day before the 18th birthday",     "ganzhou-2016",  "1998-05-11", "2016-05-10", 17),
    ("the day before the 61st birthday",     "ganzhou-2016",  "1955-05-11", "2016-05-10", None),
    ("the 61st birthday",                    "ganzhou-2016",  "1955-05-10", "2016-05-10", 61),
    ("born on a leap day, 28 February",      "ganzhou-2016",  "1956-02-29", "2017-02-28", None),
    ("born on a leap day, 1 March",          "ganzhou-2016",  "1956-02-29", "2017-03-01", 61),
    ("61 is allowed by the scheme of 2021",  "national-2021", "1960-05-10", "2021-05-10", None),
    ("the day before the 66th birthday",     "national-2021", "1955-05-11", "2021-05-10", None),
    ("the 66th birthday",                    "national-2021", "1955-05-10", "2021-05-10", 66),
])  # fmt: skip
def test_the_borrower_s_age_on_the_disbursement_date(
    case: str, scheme: str, born: str, disbursed: str, years: int | None
) -> None:
    asked = (load_preset(scheme), date.fromisoformat(born), date.fromisoformat(disbursed))
    if years is None:
        check_age(*asked)
    else:
        with pytest.raises(BorrowerAge) as refused:
            check_age(*asked)
        assert (refused.value.facts["rule"], refused.value.facts["found"]) == ("2.1", years)


GANZHOU = load_preset("ganzhou-2016")


@pytest.mark.parametrize(
    "case, registered, allowed",
    [
        ("the last day of 2013", "2013-12-31", False),
        ("the first day of 2014", "2014-01-01", True),
    ],
)
def test_the_household_is_registered_since_2014(case: str, registered: str, allowed: bool) -> None:
    if allowed:
        check_registration(GANZHOU, date.fromisoformat(registered))
    else:
        with pytest.raises(RegisteredTooEarly) as refused:
            check_registration(GANZHOU, date.fromisoformat(registered))
        assert refused.value.facts == {"rule": "2.1", "limit": "2014-01-01", "found": "2013-12-31"}


def test_a_scheme_may_ask_for_no_day_of_registration() -> None:
    check_registration(replace(GANZHOU, registered_from=None), date(2000, 1, 1))


@pytest.mark.parametrize(
    "case, recourse, written_off, allowed",
    [
        ("no debt", 0, 0, True),
        ("a fen of open recourse", 1, 0, False),
        ("a fen written off", 0, 1, False),
    ],
)
def test_old_bad_debt_bars_a_new_loan(case: str, recourse: int, written_off: int, allowed: bool) -> None:
    if allowed:
        check_debt(Fen(recourse), Fen(written_off))
    else:
        with pytest.raises(BadDebt) as refused:
            check_debt(Fen(recourse), Fen(written_off))
        assert refused.value.facts["found"] == "0.01"


@pytest.mark.parametrize("case, scheme, months, limit", [
    ("three years",                "ganzhou-2016", 36, None),
    ("a month less",               "ganzhou-2016", 35, "36–60"),
    ("five years",                 "ganzhou-2016", 60, None),
    ("a month more",               "ganzhou-2016", 61, "36–60"),
    ("national: one month",        "national-2014", 1, None),
    ("national: no month",         "national-2014", 0, "1–36"),
    ("national: a month too many", "national-2014", 37, "1–36"),
    ("Yanjin: two years",          "yanjin-2016",  24, None),
    ("Yanjin: a month too many",   "yanjin-2016",  25, "1–24"),
])  # fmt: skip
def test_the_term_lies_within_the_scheme_s(case: str, scheme: str, months: int, limit: str | None) -> None:
    if limit is None:
        check_term(load_preset(scheme), months)
    else:
        with pytest.raises(TermOutOfRange) as refused:
            check_term(load_preset(scheme), months)
        assert refused.value.facts == {"rule": "2.6", "limit": limit, "found": months}


def test_an_unknown_security_is_refused() -> None:
    for known in ("credit", "guarantee", "collateral"):
        check_security(GANZHOU, known)
    with pytest.raises(SecurityNotAllowed):
        check_security(GANZHOU, "pawn")


HISTORY = (
    BankStatus("pilot", date(2016, 1, 1)),
    BankStatus("eliminated", date(2017, 7, 1)),
    BankStatus("substituted", date(2018, 1, 1)),
)


@pytest.mark.parametrize("case, day, refusal, limit", [
    ("the day before it was admitted",  "2015-12-31", BankNotAdmitted, "2016-01-01"),
    ("the day it was admitted",         "2016-01-01", None,            None),
    ("the day before it was removed",   "2017-06-30", None,            None),
    ("the day it was removed",          "2017-07-01", BankEliminated,  "2017-07-01"),
    ("the day before it came back",     "2017-12-31", BankEliminated,  "2017-07-01"),
    ("a substitute lends like a pilot", "2018-01-01", None,            None),
])  # fmt: skip
def test_a_bank_lends_while_it_is_in_the_scheme(
    case: str, day: str, refusal: type[RuleViolation] | None, limit: str | None
) -> None:
    if refusal is None:
        check_bank("GZRCB", HISTORY, date.fromisoformat(day))
    else:
        with pytest.raises(refusal) as refused:
            check_bank("GZRCB", HISTORY, date.fromisoformat(day))
        assert refused.value.facts == {"rule": "1", "bank": "GZRCB", "limit": limit, "found": day}


def test_a_bank_without_any_status_does_not_lend() -> None:
    with pytest.raises(BankNotAdmitted):
        check_bank("ICBC", (), date(2016, 1, 1))


def test_the_status_recorded_last_counts_among_those_of_one_day() -> None:
    twice = (*HISTORY[:1], BankStatus("eliminated", date(2016, 1, 1)))
    found = bank_status(twice, date(2016, 1, 1))
    assert found is not None
    assert found.status == "eliminated"


@pytest.mark.parametrize("case, given, missing", [
    ("all three",        ["township", "work_team", "village_committee"],  None),
    ("one is missing",   ["village_committee", "township"],               ["work_team"]),
    ("none is there",    [],                                              ["village_committee", "work_team",
                                                                           "township"]),
    ("more than asked",  ["township", "work_team", "village_committee", "county"], None),
])  # fmt: skip
def test_missing_endorsements_are_a_warning(case: str, given: list[str], missing: list[str] | None) -> None:
    warning = missing_endorsements(GANZHOU, given)
    assert (warning.facts["missing"] if warning else None) == missing


def test_a_refusal_speaks_both_languages() -> None:
    with pytest.raises(TermOutOfRange) as refused:
        check_term(GANZHOU, 12)
    assert refused.value.say("zh") == "期限 12 个月，须为 36–60 个月"
    assert refused.value.say("en") == "a term of 12 months; 36–60 is asked"
