"""Changes that a later release may make: the edits of each change, and its expected effect on the sample county.

A trial runs a changed copy of the code on a stored database that the copy has upgraded: stored records are unchanged,
verification and answers give the old results, and the new feature works on the old books.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, datetime

import pytest
from sqlalchemy import Engine, select

from ledger import catalogue, chart, events, journal, posting
from ledger.balances import Clocks
from ledger.chart import Kind
from ledger.dates import SHANGHAI
from ledger.errors import WrongStatus
from ledger.journal import Record, stored
from ledger.labels import label
from ledger.money import Fen
from ledger.operations.approvals import requests
from ledger.policy.notices import KINDS, number_of, timings
from ledger.policy.schemes import parse_scheme
from ledger.queries import reference
from ledger.reports.books import vouchers
from ledger.tables.journal import accounts, books, entries, postings
from ledger.tables.journal import events as events_table
from ledger.unit_of_work import Unit, work
from tests.upgrade.stage import BANK, COUNTY

TODAY = date(2020, 1, 6)


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit of a file: a text that occurs only once in the file, and its replacement."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A change of the code, and a check of its effect on an upgraded old database."""

    name: str
    edits: tuple[Edit, ...]
    seen: Callable[[Engine], None]
    longer: str = ""  # The path of an API list to which the change adds rows.


def _at_work(engine: Engine, user: str = "finance") -> AbstractContextManager[Unit]:
    at = datetime(2020, 1, 6, 9, tzinfo=SHANGHAI)
    return work(engine, user=user, today=TODAY, clock=lambda: at, origin="trial")


def _record(unit: Unit, event: events.Event) -> list[tuple[str, str, int]]:
    """Record an event and return the event's rows as debit, credit and amount in fen."""
    event_id = journal.record(unit, event)
    rows = select(postings.c.debit, postings.c.credit, postings.c.fen).join(
        entries, entries.c.id == postings.c.entry_id
    )
    return [tuple(row) for row in unit.connection.execute(rows.where(entries.c.event_id == event_id))]


def _first(unit: Unit, kind: str) -> tuple[int, str | None]:
    """Return the id and key of the first unreversed event of a kind, which an earlier release has recorded."""
    e = events_table.c
    undone = select(e.reverses_id).where(e.reverses_id.is_not(None))
    query = select(e.id, e.key).where(e.kind == kind, e.id.not_in(undone)).order_by(e.id)
    row = unit.connection.execute(query.limit(1)).one()
    return row.id, row.key


def _a_parameter_has_its_default(engine: Engine) -> None:
    with _at_work(engine) as unit:
        stored_version = reference.latest_scheme(unit.session, "ganzhou-2016")
        assert stored_version.visit_months == 3  # type: ignore[attr-defined]
        assert "visit_months" not in stored_version.document


def _a_removed_parameter_is_still_shown(engine: Engine) -> None:
    with _at_work(engine) as unit:
        stored_version = reference.latest_scheme(unit.session, "ganzhou-2016")
        assert not hasattr(stored_version, "leverage_action")
        assert [each.value for each in stored_version.parameters() if each.name == "leverage_action"] == ["warn"]


def _the_account_is_in_every_book(engine: Engine) -> None:
    with _at_work(engine) as unit:
        of_loans = set(unit.connection.execute(select(books.c.book).where(books.c.kind == "LOAN")).scalars())
        with_it = set(unit.connection.execute(select(accounts.c.book).where(accounts.c.code == "1304")).scalars())
        assert of_loans == with_it != set()
        account = chart.account_of(Kind.LOAN, "1304")
        rows = (events.Adjusted(Kind.LOAN, account.code, "6701", Fen(100)),)
        adjustment = events.ManualAdjustment(effective_on=TODAY, county=COUNTY, bank=BANK, rows=rows, approval=1)
        assert _record(unit, adjustment) == [("1304", "6701", 100)]


def _the_key_of_an_older_event_is_its_own(engine: Engine) -> None:
    with _at_work(engine) as unit:
        event_id, key = _first(unit, "InterestBilled")
        again = stored(unit, [event_id])[event_id]
        assert again.day_basis == "actual/360"  # type: ignore[attr-defined]
        assert journal.record_all(unit, [Record(again, key=key)]) == [event_id]
        named = replace(again, day_basis="actual/365", period_start=again.period_start)  # type: ignore[attr-defined, call-arg]
        assert journal.record_all(unit, [Record(named, key=key)]) == [event_id]


def _a_fee_is_recorded_shown_and_undone(engine: Engine) -> None:
    today = {"effective_on": TODAY, "county": COUNTY, "bank": BANK}
    with _at_work(engine) as unit:
        fee = events.TYPES["LoanFeePaid"](**today, amount=Fen(1234))  # type: ignore[arg-type, call-arg]
        event_id = journal.record(unit, fee)
        told = vouchers.event(unit.connection, event_id, vouchers.Filters(clocks=Clocks(TODAY)))
        assert (told.content["amount"], len(told.vouchers[0].lines)) == ("12.34", 2)
        assert catalogue.summary_of(fee, "zh") == "收取手续费"
    with _at_work(engine, "officer") as unit:
        content = {"event_id": str(event_id)}
        asked = requests.ask(unit, "reversal", content, county=COUNTY, bank=BANK, reason="记错")
    with _at_work(engine, "checker") as unit:
        requests.approve(unit, asked.id)
        assert journal.stored(unit, [event_id])
        with pytest.raises(journal.AlreadyReversed):
            journal.check_not_reversed(unit, [event_id])
    assert label("event", "LoanFeePaid", "zh") == "手续费"


def _a_label_is_renamed_in_one_place(engine: Engine) -> None:
    assert label("loan_status", "active", "zh") == "还款中"
    assert "还款中" in WrongStatus(status="active", allowed="submitted", step="approve").say("zh")


def _old_entries_keep_the_rule_of_their_time(engine: Engine) -> None:
    with _at_work(engine) as unit:
        disbursed_id, _ = _first(unit, "LoanDisbursed")
        old = stored(unit, [disbursed_id])[disbursed_id]
        assert [(row.debit, row.credit) for row in posting.postings_of(old, 1)] == [("130301", "1003")]
        interest = events.FundInterestCredited(effective_on=TODAY, county=COUNTY, bank=BANK, amount=Fen(100))
        assert _record(unit, interest) == [("1001", "3002", 100)]
        credited_id, _ = _first(unit, "FundInterestCredited")
        red = journal.reverse_all(unit, [credited_id], "试行冲销")[credited_id]
    with _at_work(engine) as unit:
        query = select(postings.c.debit, postings.c.credit).join(entries, entries.c.id == postings.c.entry_id)
        rows = unit.connection.execute(query.where(entries.c.event_id == red.id)).all()
        assert [tuple(row) for row in rows] == [("1001", "4001")], "taken back as it was posted"


def _a_column_of_the_events_is_hashed_from_now_on(engine: Engine) -> None:
    assert journal.hashed_columns(1)[-1] == "payload"
    assert journal.hashed_columns(events.FORMAT)[-1] == "place"
    with _at_work(engine) as unit:
        interest = events.FundInterestCredited(effective_on=TODAY, county=COUNTY, bank=BANK, amount=Fen(100))
        assert _record(unit, interest) == [("1001", "4001", 100)]


def _a_third_notice_is_made_where_a_scheme_names_it(engine: Engine) -> None:
    with _at_work(engine) as unit:
        kept = reference.latest_scheme(unit.session, "ganzhou-2016")
    assert [each.kind for each in timings(kept)] == ["D30", "D7"]
    named = "".join(
        f'[parameters.{name}]\nvalue = {days}\nclause = "7"\nsource = "试行办法"\n'
        for name, days in (("notice_3_days", 15), ("notice_3_deliver_days", 5))
    )
    trial = parse_scheme(
        'code = "trial"\nversion = 1\nname = "试行"\ninherits = "ganzhou-2016"\nsigned_from = 2021-01-01\n'
        f"signed_to = 2025-12-31\n{named}"
    )
    assert [(each.kind, each.ahead_days) for each in timings(trial)] == [("D30", 30), ("D15", 15), ("D7", 7)]
    assert number_of("HT-1", date(2024, 5, 10), "D15") == "HT-1-20240510-3"
    assert KINDS["D7"].number == 2
    assert label("notice_kind", "D15", "zh") == "到期前通知"


_SCHEME, _EVENTS, _POSTING = "ledger/policy/scheme.py", "ledger/events.py", "ledger/posting.py"

_RAISED_FORMAT = Edit(_EVENTS, f"FORMAT = {events.FORMAT}\n", f"FORMAT = {events.FORMAT + 1}\n")

TRIALS = (
    Trial(
        "a scheme parameter with a default",
        (
            Edit(
                _SCHEME,
                "    # 4. Interest subsidy.\n",
                '    visit_months: Annotated[int, whole("贷后检查间隔（月）", 1, 60)] = 3\n\n'
                "    # 4. Interest subsidy.\n",
            ),
        ),
        _a_parameter_has_its_default,
    ),
    Trial(
        "a scheme parameter that goes",
        (
            Edit(
                _SCHEME,
                'leverage_action: Annotated[Action, choice("超出放大倍数", Action)]',
                'leverage_action: ClassVar[Annotated[object, retired("超出放大倍数")]]',
            ),
            Edit(_SCHEME, "    number,\n", "    number,\n    retired,\n"),
        ),
        _a_removed_parameter_is_still_shown,
    ),
    Trial(
        "an account",
        (
            Edit(
                "ledger/chart.py",
                "INTEREST_RECEIVABLE = ",
                'LOAN_ALLOWANCE = _account(_LOAN, "1304", "loan loss allowance", "贷款损失准备", _CR, "county")\n'
                "INTEREST_RECEIVABLE = ",
            ),
        ),
        _the_account_is_in_every_book,
        longer="/ledger/accounts*",
    ),
    Trial(
        "a field of an event",
        (
            Edit(
                _EVENTS,
                '    compound: Fen\n    cause: str = ""',
                '    compound: Fen\n    day_basis: str = "actual/360"\n    cause: str = ""',
            ),
        ),
        _the_key_of_an_older_event_is_its_own,
    ),
    Trial(
        "an event",
        (
            Edit(
                _EVENTS,
                "\n_BASE = {",
                '\n@dataclass(frozen=True, slots=True, kw_only=True)\nclass LoanFeePaid(Event):\n    """手续费"""\n\n'
                "    amount: Fen\n\n\n_BASE = {",
            ),
            Edit(
                _POSTING,
                "    e.InterestBilled:        (Move",
                '    e.LoanFeePaid: (Move(c.SETTLEMENT_FUNDS, c.INTEREST_INCOME, "amount"),),\n'
                "    e.InterestBilled:        (Move",
            ),
            Edit(
                "ledger/catalogue.py",
                "    e.InterestBilled: ",
                '    e.LoanFeePaid: CatalogueRow(\n        "收取手续费", "fee received",\n'
                '        APART, None, None, None, ByHand("entry", BANK)),\n'
                "    e.InterestBilled: ",
            ),
            Edit(
                "ledger/labels/events.py",
                '        "InterestBilled":',
                '        "LoanFeePaid": ("手续费", "fee"),\n        "InterestBilled":',
            ),
        ),
        _a_fee_is_recorded_shown_and_undone,
    ),
    Trial(
        "the name of a status",
        (Edit("ledger/labels/statuses.py", '"active": "正常"', '"active": "还款中"'),),
        _a_label_is_renamed_in_one_place,
    ),
    Trial(
        "a posting rule",
        (
            _RAISED_FORMAT,
            Edit(
                _POSTING,
                'e.FundInterestCredited:  (Move(c.FUND_DEPOSITS,      c.FUND_INTEREST,        "amount"),),',
                'e.FundInterestCredited:  (Move(c.FUND_DEPOSITS,      c.COUNTY_FUND,          "amount"),),',
            ),
            Edit(
                _POSTING,
                "tuple[tuple[int, tuple[Move, ...]], ...]] = {}\n",
                "tuple[tuple[int, tuple[Move, ...]], ...]] = {\n"
                f"    e.FundInterestCredited: (({events.FORMAT}, "
                '(Move(c.FUND_DEPOSITS, c.FUND_INTEREST, "amount"),)),),\n'
                "}\n",
            ),
        ),
        _old_entries_keep_the_rule_of_their_time,
    ),
    Trial(
        "a column of the events",
        (
            _RAISED_FORMAT,
            Edit(
                "ledger/tables/journal.py",
                '    CheckConstraint("red =',
                '    Column("place", Text, nullable=False, server_default=""),\n    CheckConstraint("red =',
            ),
            Edit("ledger/journal.py", "        FORMAT,\n    )\n", '        FORMAT,\n        "",\n    )\n'),
            Edit(
                "ledger/journal.py",
                '2: (*_FIRST, "format")}',
                f'2: (*_FIRST, "format"), {events.FORMAT + 1}: (*_FIRST, "format", "place")}}',
            ),
        ),
        _a_column_of_the_events_is_hashed_from_now_on,
    ),
    Trial(
        "a kind of notice, fifteen days ahead",
        (
            Edit(
                _SCHEME,
                "\n\n    def parameters(self)",
                "\n    notice_3_days: Annotated[int | None, "
                'whole("第三次催收（到期前天数）", 1, 365, optional=True)] = None\n'
                '    notice_3_deliver_days: Annotated[int, whole("第三次催收送达天数", 0, 365)] = 7\n'
                "\n    def parameters(self)",
            ),
            Edit(
                "ledger/policy/notices.py",
                "lambda s: s.notice_2_deliver_days),\n",
                "lambda s: s.notice_2_deliver_days),\n"
                '    NoticeKind("D15", 3, lambda s: s.notice_3_days, '
                "lambda s: s.notice_3_deliver_days),\n",
            ),
            Edit(
                "ledger/labels/kinds.py",
                '{"D30": ("第一次通知", "first notice"),',
                '{"D15": ("到期前通知", "notice before maturity"), "D30": ("第一次通知", "first notice"),',
            ),
        ),
        _a_third_notice_is_made_where_a_scheme_names_it,
    ),
)

MIGRATIONS = {
    "a column of the events": (
        "migrations/versions/9999_place.py",
        '"""Where an event happened.\n\nWhy: a trial.\nUndo: drops it.\n"""\n\n'
        "import sqlalchemy as sa\nfrom alembic import op\n\n"
        'revision, down_revision, branch_labels, depends_on = "9999_place", "{head}", None, None\n\n\n'
        "def upgrade() -> None:\n"
        '    op.add_column("events", sa.Column("place", sa.Text(), server_default="", nullable=False))\n\n\n'
        'def downgrade() -> None:\n    op.drop_column("events", "place")\n',
    )
}
