"""The loans of a city half a year after the disbursements, each billed once, and most of the bills paid.

The bare database driver writes the rows of the loans.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Table, select

from ledger import dates, journal
from ledger import events as e
from ledger.chart import book_of
from ledger.database import RATE_SCALE, write_rows
from ledger.events import FORMAT, Applied, Event, payload
from ledger.money import NIL, Fen, half_up
from ledger.posting import postings_of
from ledger.tables import borrowers
from ledger.tables.journal import entries, events, footers, movements, postings
from ledger.tables.loans import Loan, Repayment, allocations, interest_bills
from ledger.tables.reference import Bank, County

FIRST_DAY = date(2016, 6, 21)
BILLED_ON = date(2016, 9, 21)
QUARTER_END = date(2016, 12, 21)
"""The posting day of the quarter that the benchmarks measure."""

RATE = 4_750_000  # The interest rate is 4.75 %, as a whole number of units of 1e-8.
_RECORDED_AT = dates.micros(datetime(2016, 9, 30, 4, tzinfo=UTC))
_LOANS: Any = Loan.__table__
_HOUSEHOLDS: Any = borrowers.Household.__table__
_REPAYMENTS: Any = Repayment.__table__


def offices(connection: Connection) -> list[tuple[str, str]]:
    """Return every pair of a bank and a county."""
    banks = connection.execute(select(Bank.code).order_by(Bank.code)).scalars().all()
    counties = connection.execute(select(County.id).order_by(County.id)).scalars().all()
    return [(bank, county) for bank in banks for county in counties]


def fill(engine: Engine, count: int) -> None:
    """Write `count` loans, with equal numbers for each bank and county."""
    with engine.connect() as connection:
        pairs = offices(connection)
    each = count // len(pairs)
    for place, (bank, county) in enumerate(pairs):
        writing = Writing(next_id=1 + place * each * 10)
        for number in range(place * each, place * each + each):
            _lend(writing, bank, county, number)
        with engine.begin() as connection:
            writing.write(connection)


@dataclass(slots=True)
class Writing:
    """Rows collected by table for one write, with the tables in an order that satisfies the foreign keys."""

    next_id: int
    rows: dict[Table, list[tuple[Any, ...]]] = field(default_factory=lambda: {table: [] for table in _ORDER})
    sums: dict[tuple[Any, ...], list[int]] = field(default_factory=dict)

    def new_id(self) -> int:
        self.next_id += 1
        return self.next_id - 1

    def post(self, event: Event, key: str | None = None) -> int:
        """Add an event and its entry with all columns that the journal writes, and return the event's id."""
        event_id = self.new_id()
        head = (
            event_id,
            type(event).__name__,
            event.effective_on,
            _RECORDED_AT,
            event.county,
            event.bank,
            event.loan,
            "history",
            None,
            "",
            "",
            "history",
            key,
            None,
            False,
            payload(event),
            FORMAT,
        )
        rows = postings_of(event)
        self.rows[events].append(head)
        entry_id, kind = self.new_id(), rows[0].kind
        book = book_of(kind, bank=event.bank, county=event.county)
        self.rows[entries].append((entry_id, event_id, book, event.effective_on, _RECORDED_AT, False))
        for number, row in enumerate(rows, 1):
            self.rows[postings].append(
                (
                    entry_id,
                    number,
                    book,
                    event.effective_on,
                    _RECORDED_AT,
                    event.county,
                    event.bank,
                    row.loan,
                    row.debit,
                    row.credit,
                    row.amount,
                    False,
                )
            )
            for side, account in enumerate((row.debit, row.credit)):
                key_of = (book, account, event.county, event.bank, event.effective_on)
                self.sums.setdefault(key_of, [0, 0])[side] += row.amount
        total = sum(row.amount for row in rows)
        self.rows[footers].append((entry_id, len(rows), total, journal.content_hash(entry_id, book, head, rows)))
        return event_id

    def write(self, connection: Connection) -> None:
        """Write all collected rows to the database."""
        recorded_on = dates.business_day(dates.moment(_RECORDED_AT))
        self.rows[movements] = [(*key, recorded_on, *both) for key, both in sorted(self.sums.items())]
        write_rows(connection, self.rows)


_ORDER: tuple[Table, ...] = (
    _HOUSEHOLDS,
    _LOANS,
    events,
    entries,
    postings,
    footers,
    interest_bills,
    allocations,
    _REPAYMENTS,
    movements,
)


def _lend(writing: Writing, bank: str, county: str, number: int) -> None:
    """Add the loan of one household and the loan's first interest line."""
    loan_id = number + 1
    on = FIRST_DAY + timedelta(days=number * 7 % 72)
    principal = Fen(2_000_000 + number * 13 % 31 * 100_000)
    due_on = dates.add_months(on, 36)
    writing.rows[_HOUSEHOLDS].append(
        (loan_id, f"R{loan_id:08d}", county, "叶坪镇", "大胜村", "general", date(2014, 5, 1), None)
    )
    told = {
        "id": loan_id,
        "contract_no": f"{bank}-{number:07d}",
        "scheme": "ganzhou-2016",
        "scheme_version": 1,
        "bank": bank,
        "county": county,
        "household_id": loan_id,
        "principal_fen": principal,
        "annual_rate": RATE,
        "benchmark_rate": RATE,
        "term_months": 36,
        "signed_on": on,
        "purpose": "脐橙种植",
        "security": "credit",
        "endorsements": "",
        "status": "active",
        "recorded_by": "officer",
        "recorded_on": on,
        "approved_by": "checker",
        "approved_on": on,
        "disbursed_by": "officer",
        "disbursed_on": on,
        "original_due_on": due_on,
        "due_on": due_on,
        "rolled_on": due_on,
        "extended_months": 0,
        "first_disbursed_on": on,
        "billed_to": BILLED_ON,
        "next_step_on": QUARTER_END,
        "generation": 0,
    }
    writing.rows[_LOANS].append(tuple(told.get(column.name) for column in _LOANS.columns))
    facts: dict[str, Any] = {"county": county, "bank": bank, "loan": loan_id}
    writing.post(e.LoanDisbursed(effective_on=on, principal=principal, **facts))
    interest = half_up(principal * RATE * (BILLED_ON - on).days, 360 * RATE_SCALE)
    billed = e.InterestBilled(
        effective_on=BILLED_ON, period_start=on, contract=interest, penalty=NIL, compound=NIL, **facts
    )
    event_id = writing.post(billed, f"interest/{loan_id}/{BILLED_ON}")
    writing.rows[interest_bills].append((loan_id, on, 1, event_id, BILLED_ON, interest, 0, 0, True))
    # Of every twenty borrowers, twelve pay on the posting day and six within a week after the posting day. Of every
    # twenty borrowers, one pays later and repays principal early, and one never pays.
    place = number % 20
    if place < 18:
        late = 0 if place < 12 else place - 11
        _repay(writing, facts, BILLED_ON + timedelta(days=late), on, interest)
    elif place == 18:
        _repay(writing, facts, date(2016, 10, 15), on, interest, principal=Fen(100_000))


def _repay(
    writing: Writing,
    facts: dict[str, Any],
    paid_on: date,
    period_start: date,
    interest: Fen,
    principal: Fen = NIL,
) -> None:
    repayment = writing.new_id()
    amount = Fen(interest + principal)
    event_id = writing.post(
        e.RepaymentReceived(
            effective_on=paid_on,
            repayment=repayment,
            amount=amount,
            interest=interest,
            principal=principal,
            surplus="principal" if principal else "credit",
            applied=(Applied(period_start, interest, NIL, NIL),),
            **facts,
        )
    )
    loan_id = facts["loan"]
    writing.rows[allocations].append((event_id, loan_id, period_start, paid_on, "borrower", interest, 0, 0))
    told = {
        "id": repayment,
        "loan_id": loan_id,
        "receipt_no": "R-1",
        "fen": amount,
        "paid_on": paid_on,
        "channel": "counter",
        "surplus": "principal" if principal else "credit",
        "payer": "borrower",
        "recorded_by": "officer",
        "event_id": event_id,
        "live": True,
    }
    writing.rows[_REPAYMENTS].append(tuple(told.get(column.name) for column in _REPAYMENTS.columns))
