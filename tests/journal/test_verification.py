"""Tests that verification finds every change made directly in the database, whichever protection was switched off."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine

from ledger import events as e
from ledger import journal
from ledger.database import open_engine
from ledger.money import Fen
from ledger.reports.verifying.verification import CHECKS, verify
from tests.journal.raw import Raw, raw
from tests.support.random_histories import County, Step
from tests.support.recording import recording, where

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
def lived(engine: Engine) -> Engine:
    """Make a county with a loan, a fund account and corrections, in which verification finds no fault."""
    assert County(engine).play(LIFE).done == len(LIFE)
    assert verify(engine) == ()
    return engine


@contextmanager
def _everything_off(engine: Engine) -> Iterator[Raw]:
    """Switch off triggers, foreign keys and checks, and on PostgreSQL also unique keys."""
    settings: tuple[str, ...] = ("PRAGMA foreign_keys=OFF", "PRAGMA ignore_check_constraints=ON")
    if engine.dialect.name == "postgresql":
        settings = ("SET session_replication_role = replica",)
    with raw(engine, *settings) as connection:
        if engine.dialect.name == "postgresql":
            _drop_postgresql(connection)
        else:
            for (name,) in connection.run("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
                connection.run(f"DROP TRIGGER {name}")
        yield connection


def _drop_postgresql(connection: Raw) -> None:
    user = "NOT tgisinternal AND tgrelid::regclass::text = relname"
    for table, name in connection.run(
        f"SELECT relname::text, tgname::text FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid WHERE {user}"
    ):
        connection.run(f"DROP TRIGGER {name} ON {table}")
    for table, name in connection.run(
        "SELECT conrelid::regclass::text, conname::text FROM pg_constraint "
        "WHERE contype IN ('c', 'u', 'f') AND connamespace = 'public'::regnamespace ORDER BY contype = 'u'"
    ):
        connection.run(f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE")


ONE = "entry_id = (SELECT min(entry_id) FROM postings)"
BILLED = "(SELECT min(id) FROM events WHERE kind = 'InterestBilled')"
LIVE = "(SELECT max(event_id) FROM lines WHERE live)"
LOAN = "(SELECT min(id) FROM loans)"
AMOUNT = {"entry_altered", "movement_unlike_postings"}
LENT = AMOUNT | {"loan_unlike_status"}
PAID = "kind = 'RepaymentReceived' AND id NOT IN (SELECT reverses_id FROM events WHERE red)"


@pytest.mark.parametrize(
    "case, statement, found",
    [
        ("an amount", f"UPDATE postings SET fen = fen + 1 WHERE {ONE}", LENT),
        ("an account", f"UPDATE postings SET credit = '2241' WHERE {ONE}", LENT),
        (
            "an account of another book",
            f"UPDATE postings SET credit = '1001' WHERE {ONE}",
            LENT | {"account_of_another_book"},
        ),
        (
            "both sides one account",
            f"UPDATE postings SET credit = debit WHERE {ONE}",
            LENT | {"account_of_another_book"},
        ),
        ("the sign", f"UPDATE postings SET fen = -fen WHERE {ONE}", LENT | {"sign_unlike_colour"}),
        ("the loan of a row", f"UPDATE postings SET loan_id = 1 WHERE {ONE}", {"entry_altered", "loan_unlike_status"}),
        (
            "the county of a row",
            f"UPDATE postings SET county = '360702' WHERE {ONE}",
            {"row_unlike_entry", "movement_unlike_postings"},
        ),
        (
            "the day of a row",
            f"UPDATE postings SET effective_on = '2016-05-09' WHERE {ONE}",
            {"row_unlike_entry", "movement_unlike_postings"},
        ),
        (
            "the day of an entry",
            "UPDATE entries SET effective_on = '2016-05-09' WHERE id = (SELECT min(id) FROM entries)",
            {"entry_unlike_event", "row_unlike_entry"},
        ),
        (
            "the moment of an event",
            f"UPDATE events SET recorded_at = recorded_at + 1 WHERE id = {BILLED}",
            {"entry_altered", "entry_unlike_event"},
        ),
        ("who recorded it", f"UPDATE events SET made_by = 'nobody' WHERE id = {BILLED}", {"entry_altered"}),
        ("why", f"UPDATE events SET reason = 'x' WHERE id = {BILLED}", {"entry_altered"}),
        (
            "what happened",
            f"UPDATE events SET kind = 'LoanForgotten' WHERE id = {BILLED}",
            {"entry_altered", "line_unlike_entry"},
        ),
        ("its own fields", f"UPDATE events SET payload = '{{}}' WHERE id = {BILLED}", {"entry_altered"}),
        (
            "the book of an entry",
            "UPDATE entries SET book = 'LOAN-ABC' WHERE id = (SELECT min(id) FROM entries)",
            {"entry_altered", "entry_unlike_event", "row_unlike_entry"},
        ),
        ("a row removed", f"DELETE FROM postings WHERE {ONE}", LENT),
        (
            "an entry removed",
            "DELETE FROM entries WHERE id = (SELECT min(id) FROM entries)",
            {"entry_altered", "row_of_nothing"},
        ),
        ("an event removed", f"DELETE FROM events WHERE id = {LIVE}", {"line_unlike_entry", "row_of_nothing"}),
        (
            "a footer removed",
            "DELETE FROM footers WHERE entry_id = (SELECT min(id) FROM entries)",
            {"entry_without_footer"},
        ),
        (
            "a footer's count",
            'UPDATE footers SET "rows" = 9 WHERE entry_id = (SELECT min(id) FROM entries)',
            {"entry_altered"},
        ),
        (
            "a reversal's amount",
            "UPDATE postings SET fen = fen - 1 WHERE red AND book LIKE 'FUND-%'",
            {"entry_altered", "reversal_unlike_event", "movement_unlike_postings"},
        ),
        (
            "a reversal's colour",
            "UPDATE events SET red = false WHERE red",
            {"entry_altered", "entry_unlike_event", "reversal_not_red"},
        ),
        (
            "a reversal of a reversal",
            "UPDATE events SET reverses_id = (SELECT max(id) FROM events WHERE red) "
            "WHERE id = (SELECT min(id) FROM events WHERE red)",
            {"entry_altered", "repayment_unlike_event", "reversal_out_of_place", "reversal_unlike_event"},
        ),
        ("a movement", "UPDATE movements SET debit = debit + 1 WHERE account = '113201'", {"movement_unlike_postings"}),
        ("movements lost", "DELETE FROM movements WHERE account = '113201'", {"movement_unlike_postings"}),
        ("a fund balance", "UPDATE fund_balances SET fen = fen + 1", {"fund_balance_unlike_movements"}),
        ("a fund balance lost", "DELETE FROM fund_balances", {"fund_balance_unlike_movements"}),
        (
            "a fund account overdrawn",
            "UPDATE movements SET credit = credit + 99999999 WHERE account = '1001'",
            {"movement_unlike_postings", "fund_balance_unlike_movements", "fund_overdrawn"},
        ),
        ("a line's interest", "UPDATE lines SET contract = contract + 1 WHERE live", {"line_unlike_entry"}),
        ("a line dead", "UPDATE lines SET live = NULL", {"line_alive_unlike_event", "line_overpaid"}),
        ("a line lost", "DELETE FROM lines WHERE live", {"line_alive_unlike_event", "line_overpaid"}),
        ("a line longer", f"UPDATE lines SET period_start = '2016-01-01' WHERE event_id = {LIVE}", {"lines_overlap"}),
        (
            "a payment of a line",
            "UPDATE applications SET contract = contract + 1 WHERE contract > 0",
            {"application_unlike_entry"},
        ),
        (
            "more paid of a line than billed",
            "UPDATE applications SET contract = contract + 99999 WHERE contract > 0",
            {"application_unlike_entry", "line_overpaid"},
        ),
        ("a repayment's amount", "UPDATE repayments SET fen = fen + 1 WHERE live", {"repayment_unlike_event"}),
        ("a repayment dead", "UPDATE repayments SET live = NULL WHERE live", {"repayment_unlike_event"}),
        (
            "a repayment's event",
            "UPDATE repayments SET event_id = 1 WHERE live",
            {"repayment_unlike_event", "repayment_without_event"},
        ),
        ("a loan's status", "UPDATE loans SET status = 'closed'", {"loan_unlike_status", "loan_out_of_place"}),
        ("a loan not lent", "UPDATE loans SET status = 'approved'", {"loan_unlike_status", "loan_out_of_place"}),
        ("a loan's principal", "UPDATE loans SET principal_fen = 1", {"loan_unlike_status"}),
        ("a step skipped", "UPDATE loans SET next_step_on = '2019-06-21'", {"loan_out_of_place"}),
        ("no step any more", "UPDATE loans SET next_step_on = NULL", {"loan_out_of_place"}),
        ("a period begun too early", "UPDATE loans SET billed_to = '2016-05-10'", {"loan_out_of_place"}),
        ("no day of payout", "UPDATE loans SET disbursed_on = NULL", {"loan_out_of_place"}),
        (
            "a subsidy on no line",
            f"UPDATE events SET kind = 'SubsidyPaid' WHERE id = {BILLED}",
            {"entry_altered", "line_unlike_entry", "subsidy_unlike_postings"},
        ),
        (
            "a claw-back nobody raised",
            f"UPDATE events SET kind = 'ClawbackRaised' WHERE id = {BILLED}",
            {"entry_altered", "line_unlike_entry", "clawback_unlike_postings"},
        ),
        (
            "a claim paid in no entry",
            "INSERT INTO claims (id, loan_id, county, bank, claimed_on, cause, documents, status, principal, interest, "
            "share, insurer_paid, insurer_expected, paid_principal, paid_interest, received, returned, "
            "drafted_by, drafted_on) "
            f"VALUES (1, {LOAN}, '360781', 'GZRCB', '2016-09-01', 'x', '[]', 'paid', 9, 0, 80000000, 0, 0, 9, 0, 0, 0, "
            "'x', '2016-09-01')",
            {"claim_unlike_postings"},
        ),
        (
            "a recovery in no entry",
            "INSERT INTO recoveries (id, loan_id, claim_id, county, bank, fen, to_fund, received_on, receipt_no, "
            "recorded_by, remit_by, live) "
            f"VALUES (1, {LOAN}, 1, '360781', 'GZRCB', 9, 9, '2016-09-01', 'x', 'x', '2016-09-08', true)",
            {"recovery_unlike_postings"},
        ),
        (
            "surplus money in no entry",
            "INSERT INTO suspense (id, county, bank, fen, released, on_day, slip_no, recorded_by) "
            "VALUES (1, '360781', 'GZRCB', 9, 0, '2016-09-01', 'x', 'x')",
            {"suspense_unlike_postings"},
        ),
    ],
)
def test_what_was_changed_is_found(case: str, statement: str, found: set[str], lived: Engine) -> None:
    with _everything_off(lived) as connection:
        connection.run(statement)
    assert {finding.check for finding in verify(lived)} == found


def test_an_event_reversed_twice_is_found(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    County(engine).play(LIFE)
    with _everything_off(engine) as connection:
        connection.run("UPDATE events SET reverses_id = (SELECT max(reverses_id) FROM events) WHERE red")
    assert "reversed_twice" in {finding.check for finding in verify(engine)}
    engine.dispose()


def test_a_row_that_its_event_does_not_make_is_found_though_every_hash_is_right(engine: Engine) -> None:
    """An older or faulty program could have recorded an event without the event's rows."""
    event = e.FundInterestCredited(**where("2016-05-10"), amount=Fen(5))
    with recording(engine) as unit:
        journal._write(unit, [journal.Record(event)], [[]])
    (finding,) = verify(engine)
    assert (finding.check, finding.expected, finding.found) == ("entry_altered", "1001/4001 5 of -", "no rows")


def test_every_check_is_made_to_find_something() -> None:
    marks = test_what_was_changed_is_found.pytestmark  # type: ignore[attr-defined]
    cases = marks[0].args[1]
    found = set().union(*(case[2] for case in cases)) | {"reversed_twice"}
    assert {check.name for check in CHECKS} - found == set()


def test_every_check_says_in_a_sentence_what_must_hold() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert [check.name for check in CHECKS if not re.search(r"[\u4e00-\u9fff]", check.zh) or " " not in check.en] == []


def test_a_finding_says_where_and_what(lived: Engine) -> None:
    one = "WHERE account = '6011' AND effective_on = '2016-06-21'"
    with raw(lived) as connection:
        ((credit,),) = connection.run(f"SELECT credit FROM movements {one}")
        connection.run(f"UPDATE movements SET credit = credit + 1 {one}")
    (finding,) = verify(lived)
    assert finding.check == "movement_unlike_postings"
    assert finding.subject.startswith("movement LOAN-GZRCB/6011 GZRCB/360781 2016-06-21 2016-")
    assert (finding.expected, finding.found) == (f"debit 0 credit {credit}", f"debit 0 credit {credit + 1}")
