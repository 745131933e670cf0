"""Tests of subsidy payers, of a line's batch, and of the last days for submitting and paying a batch (scheme 4)."""

from collections.abc import Sequence

import pytest

from ledger.calendar import load_calendar
from ledger.policy import subsidy
from ledger.policy.subsidy import Standing
from tests.policy.written import day, fen, quarter


@pytest.mark.parametrize("case, applied, since", [
    ("at once",                         [("06-21", "borrower", "606.94")], "06-21"),
    ("in parts",                        [("06-21", "borrower", "600.00"), ("06-25", "borrower", "6.94")], "06-25"),
    ("by credit and guarantor",         [("06-21", "credit", "600.00"), ("06-26", "guarantor", "6.94")], "06-26"),
    ("out of the collateral",           [("06-27", "collateral", "606.94")], "06-27"),
    ("a fen short",                     [("06-21", "borrower", "606.93")], None),
    ("not at all",                      [], None),
    ("partly by the fund",              [("06-21", "borrower", "306.94"), ("06-22", "fund", "300.00")], None),
    ("by an insurer",                   [("06-21", "insurer", "606.94")], None),
    ("written off in part",             [("06-21", "borrower", "306.94"), ("06-22", "write_off", "300.00")], None),
    ("by a recovery",                   [("06-21", "recovery", "606.94")], None),
    ("its charges waived",              [("06-21", "borrower", "606.94"), ("06-22", "waiver", "0.00")], None),
    ("a repayment reversed",            [("06-21", "borrower", "606.94"), ("06-21", "borrower", "-606.94")], None),
    ("reversed later, paid again",      [("06-21", "borrower", "606.94"), ("07-01", "borrower", "-606.94"),
                                         ("07-05", "borrower", "606.94")], "07-05"),
    ("reversed and paid the same day",  [("06-21", "borrower", "606.94"), ("06-21", "borrower", "-606.94"),
                                         ("06-21", "borrower", "606.94")], "06-21"),
    ("a fund payment reversed",         [("06-21", "fund", "606.94"), ("06-22", "fund", "-606.94"),
                                         ("06-23", "borrower", "606.94")], "06-23"),
])  # fmt: skip
def test_since_when_a_line_is_paid_by_or_for_the_borrower(
    case: str, applied: Sequence[tuple[str, str, str]], since: str | None
) -> None:
    rows = [(day(f"2016-{on}"), payer, fen(amount), 11 if payer == "waiver" else 0) for on, payer, amount in applied]
    assert subsidy.paid_on(fen("606.94"), rows) == (None if since is None else day(f"2016-{since}"))


OPEN_Q2 = {"2016Q2": Standing(True, day("2016-06-26"))}
SUBMITTED_Q2 = {"2016Q2": Standing(False, day("2016-06-23"))}
RETURNED_Q2 = {"2016Q2": Standing(True, day("2016-06-23"))}
OPEN_Q3 = {"2016Q3": Standing(True, day("2016-09-26"))}
PAID_Q3 = {"2016Q3": Standing(False, day("2016-09-26"))}
OPEN_Q4 = {"2016Q4": Standing(True, day("2016-12-26"))}


@pytest.mark.parametrize("case, paid, standings, last, batch", [
    ("on the day of the line",                    "2016-06-21", OPEN_Q2,                          "2016Q2", "2016Q2"),
    ("on the 26th",                               "2016-06-26", OPEN_Q2,                          "2016Q2", "2016Q2"),
    ("on the 27th, while still in draft",         "2016-06-27", OPEN_Q2,                          "2016Q2", None),
    ("on the 27th: the next",                     "2016-06-27", OPEN_Q2 | OPEN_Q3,                "2016Q3", "2016Q3"),
    ("on the day of an early submission",         "2016-06-23", RETURNED_Q2,                      "2016Q2", "2016Q2"),
    ("the day after it",                          "2016-06-24", SUBMITTED_Q2 | OPEN_Q3,           "2016Q3", "2016Q3"),
    ("returned: the first cut-off is kept",       "2016-06-24", RETURNED_Q2 | OPEN_Q3,            "2016Q3", "2016Q3"),
    ("in time, recorded when it was submitted",   "2016-06-22", SUBMITTED_Q2 | OPEN_Q3,           "2016Q3", "2016Q3"),
    ("not into the next while its own is open",   "2016-06-22", OPEN_Q2 | OPEN_Q3,                "2016Q3", "2016Q2"),
    ("its own not drafted yet is open",           "2016-06-22", OPEN_Q3,                          "2016Q3", "2016Q2"),
    ("over a batch that is paid",                 "2016-06-27", SUBMITTED_Q2 | PAID_Q3 | OPEN_Q4, "2016Q4", "2016Q4"),
    ("over a period without a batch",             "2016-06-27", SUBMITTED_Q2 | OPEN_Q4,           "2016Q4", "2016Q4"),
    ("no open batch yet",                         "2016-06-27", SUBMITTED_Q2 | PAID_Q3,           "2016Q3", None),
    ("paid after the next one's cut-off too",     "2016-09-27", SUBMITTED_Q2 | OPEN_Q3 | OPEN_Q4, "2016Q4", "2016Q4"),
])  # fmt: skip
def test_which_batch_a_line_enters(
    case: str, paid: str, standings: dict[str, Standing], last: str, batch: str | None
) -> None:
    known = {quarter(period): standing for period, standing in standings.items()}
    found = subsidy.batch_of(quarter("2016Q2"), day(paid), quarter(last), known, 26, "next_batch")
    assert found == (None if batch is None else quarter(batch))


@pytest.mark.parametrize(
    "case, paid, standings, batch",
    [
        ("in time", "2016-06-26", OPEN_Q2, "2016Q2"),
        ("a day late", "2016-06-27", OPEN_Q2 | OPEN_Q3, None),
        ("after an early submission", "2016-06-24", SUBMITTED_Q2 | OPEN_Q3, None),
        ("in time, recorded when it was submitted", "2016-06-22", SUBMITTED_Q2 | OPEN_Q3, "2016Q3"),
    ],
)
def test_late_interest_may_be_forfeit(case: str, paid: str, standings: dict[str, Standing], batch: str | None) -> None:
    known = {quarter(period): standing for period, standing in standings.items()}
    found = subsidy.batch_of(quarter("2016Q2"), day(paid), quarter("2016Q3"), known, 26, "forfeit")
    assert found == (None if batch is None else quarter(batch))


@pytest.mark.parametrize("case, standings, last, batch", [
    ("the one after it",                "2016Q3 open",             "2016Q3", "2016Q3"),
    ("over one that is submitted",      "2016Q3 shut 2016Q4 open", "2016Q4", "2016Q4"),
    ("not past one that is open",       "2016Q3 open 2016Q4 open", "2016Q4", "2016Q3"),
    ("over one that is not there",      "2016Q4 open",             "2016Q4", "2016Q4"),
])  # fmt: skip
def test_what_a_paid_line_is_short_of_goes_to_the_next_open_batch(
    case: str, standings: str, last: str, batch: str
) -> None:
    told = standings.split()
    known = {
        quarter(period): Standing(state == "open", day("2016-12-26"))
        for period, state in zip(told[::2], told[1::2], strict=True)
    }
    assert subsidy.next_open(quarter("2016Q2"), quarter(last), known) == quarter(batch)


@pytest.mark.parametrize("case, submitted, cut_off", [
    ("not submitted yet",     None,         "2016-06-26"),
    ("submitted before",      "2016-06-23", "2016-06-23"),
    ("submitted on the day",  "2016-06-26", "2016-06-26"),
    ("submitted late",        "2016-07-04", "2016-06-26"),
])  # fmt: skip
def test_the_cut_off_is_the_26th_or_the_submission(case: str, submitted: str | None, cut_off: str) -> None:
    found = subsidy.cut_off(day("2016-06-26"), None if submitted is None else day(submitted))
    assert found == day(cut_off)


@pytest.mark.parametrize("case, approved, pay_by, provisional", [
    ("a make-up Saturday counts",       "2016-09-26", "2016-10-08", False),
    ("over the week of 2019",           "2019-09-26", "2019-10-09", False),
    ("over the week of 2025",           "2025-09-26", "2025-10-10", False),
    ("an ordinary week",                "2016-06-27", "2016-07-04", False),
    ("into a year not published yet",   "2026-12-28", "2027-01-05", True),
])  # fmt: skip
def test_finance_has_five_working_days(case: str, approved: str, pay_by: str, provisional: bool) -> None:
    assert subsidy.pay_by(day(approved), 5, load_calendar()) == (day(pay_by), provisional)


def test_what_is_paid_beyond_what_is_due_comes_back_and_what_is_short_is_made_good() -> None:
    assert subsidy.difference(600, 500) == (100, 0)
    assert subsidy.difference(500, 600) == (0, 100)
    assert subsidy.difference(600, 600) == (0, 0)
