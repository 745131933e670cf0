"""A loan's interest bills and its statement of account, for reading and printing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import chart
from ledger.activity import Happened, loan_history
from ledger.balances import Clocks
from ledger.chart import Account
from ledger.money import NIL, Fen
from ledger.queries import subsidised
from ledger.tables.loans import Loan, allocations, interest_bills


@dataclass(frozen=True, slots=True)
class LineShown:
    """A settlement line (结息单), with all amounts paid on it by any payer, in whole fen."""

    id: str
    version: int
    period_start: date
    period_end: date
    posted_on: date
    days: int
    contract_interest: Fen
    penalty_interest: Fen
    compound_interest: Fen
    contract_paid: Fen
    paid: Fen
    contract_paid_on: date | None
    subsidised: Fen


@dataclass(frozen=True, slots=True)
class StatementRow:
    """An event of a loan: the changes of the amounts that the borrower owes, and the amounts after the event.

    `cash` is the money received, negative for money paid out; all amounts are in whole fen.
    """

    event_id: int
    on: date
    recorded_at: datetime
    kind: str
    document: str
    reason: str
    made_by: str
    checked_by: str | None
    reverses_id: int | None
    cash: Fen
    principal: Fen
    interest: Fen
    penalty: Fen
    credit: Fen
    principal_open: Fen
    interest_open: Fen
    penalty_open: Fen
    credit_open: Fen


def line_id(loan_id: int, period_start: date) -> str:
    """Return the id of an interest bill, made of loan id and start of period; all versions of a bill have this id."""
    return f"{loan_id}-{period_start:%Y%m%d}"


class _Bill(NamedTuple):
    """An unreversed interest bill, in whole fen."""

    loan_id: int
    period_start: date
    version: int
    period_end: date
    contract: int
    penalty: int
    compound: int


class _Allocation(NamedTuple):
    """The fen of an interest bill that an event paid, waived or wrote off; negative if the event is a reversal."""

    period_start: date
    effective_on: date
    contract: int
    compound: int
    penalty: int


def lines_of(session: Session, loan_id: int) -> list[LineShown]:
    """Return the unreversed interest bills of a loan, oldest first.

    Allocations of one day are processed in the order of their events, so a payment comes before its reversal. If the
    reversal came first, a bill paid by an earlier payment would look unpaid between the reversal and the payment.
    """
    connection = session.connection()
    ln, a = interest_bills.c, allocations.c
    paid: dict[date, list[_Allocation]] = {}
    in_order = select(*(a[name] for name in _Allocation._fields)).where(a.loan_id == loan_id)
    for allocation in map(_Allocation._make, connection.execute(in_order.order_by(a.effective_on, a.event_id))):
        paid.setdefault(allocation.period_start, []).append(allocation)
    query = select(*(ln[name] for name in _Bill._fields)).where(ln.loan_id == loan_id, ln.live)
    given = subsidised.by_line(session, loan_id)
    return [
        _line(bill, paid.get(bill.period_start, ()), given.get(bill.period_start, NIL))
        for bill in map(_Bill._make, connection.execute(query.order_by(ln.period_start)))
    ]


def _line(row: _Bill, paid: Iterable[_Allocation], subsidy: Fen) -> LineShown:
    contract = charges = 0
    full_on: date | None = None
    for part in paid:
        contract += part.contract
        charges += part.compound + part.penalty
        if contract < row.contract:
            full_on = None
        elif full_on is None:
            full_on = part.effective_on
    return LineShown(
        line_id(row.loan_id, row.period_start),
        row.version,
        row.period_start,
        row.period_end,
        row.period_end,
        (row.period_end - row.period_start).days,
        Fen(row.contract),
        Fen(row.penalty),
        Fen(row.compound),
        Fen(contract),
        Fen(contract + charges),
        full_on if row.contract else row.period_end,
        subsidy,
    )


def statement(session: Session, loan: Loan, clocks: Clocks) -> list[StatementRow]:
    """Return a loan's events dated on or before `as_of`, as known at `known_at`, with the amounts after each event."""
    rows: list[StatementRow] = []
    balances = [0, 0, 0, 0]
    for happened in loan_history(session.connection(), loan.id, clocks):
        moved = _moved(happened)
        balances = [before + change for before, change in zip(balances, moved, strict=True)]
        rows.append(
            StatementRow(
                happened.event_id,
                happened.effective_on,
                happened.recorded_at,
                happened.kind,
                happened.document,
                happened.reason,
                happened.made_by,
                happened.checked_by,
                happened.reverses_id,
                happened.moved.get(chart.SETTLEMENT_FUNDS, Fen(0)),
                *map(Fen, moved),
                *map(Fen, balances),
            )
        )
    return rows


_OWED: tuple[tuple[Account, ...], ...] = (
    (chart.LOAN_PRINCIPAL, chart.OVERDUE_PRINCIPAL),
    (chart.INTEREST_RECEIVABLE,),
    (chart.PENALTY_RECEIVABLE,),
    (chart.BORROWER_CREDIT,),
)


def _moved(happened: Happened) -> list[int]:
    return [sum(happened.moved.get(account, 0) for account in accounts) for accounts in _OWED]
