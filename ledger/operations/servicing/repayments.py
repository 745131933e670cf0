"""Operations that record single repayments (还款) and sheets of repayments, in time or late, and reverse repayments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from moneyed import Money
from sqlalchemy import select, update

from ledger import money
from ledger.database import among, table_of, write_rows
from ledger.errors import NotFound, Refusal, RuleViolation
from ledger.events import RepaymentReceived
from ledger.ids import new_ids
from ledger.operations.servicing import backdating, load, run
from ledger.operations.servicing.backdating import ReversalReason
from ledger.operations.servicing.run import PostedTransaction
from ledger.policy import servicing
from ledger.policy.loan_transactions import LoanTransaction, Particulars, Repay
from ledger.policy.servicing import Payoff
from ledger.queries.identifiers import stored_form
from ledger.queries.repayments import RepaymentShown, applied_by
from ledger.statuses import LoanStatus
from ledger.tables.loans import Loan, Repayment
from ledger.unit_of_work import Unit

_TABLE = table_of(Repayment)
BACK_DATED = ReversalReason("补记还款 back-dated repayment")


class ReceiptTaken(RuleViolation):
    code = "receipt_recorded"
    zh = "该贷款回单号 {found:text} 已登记过还款"
    en = "a repayment with the receipt {found:text} is recorded on this loan already"


class AmountNotPositive(RuleViolation):
    code = "amount_not_positive"
    zh = "金额须大于零，填写为 {found} 元"
    en = "an amount is above zero; {found} yuan was given"


class PayoffPassed(RuleViolation):
    code = "payoff_passed"
    zh = "贷款在 {limit} 已有业务入账，不能再试算 {found} 的结清金额（{rule}）"
    en = "something of {limit} is booked on the loan; a pay-off is quoted for that day or later, not {found} ({rule})"


@dataclass(frozen=True, slots=True)
class Received:
    """A repayment to be recorded: the amount, the business day, an earlier day of receipt if any, the receipt number.

    `surplus` says whether the part of an early repayment that exceeds the billed interest becomes credit or repays
    principal (3.9).
    """

    loan_id: int
    amount: Money
    paid_on: date
    channel: str
    receipt_no: str
    received_on: date | None = None
    surplus: Literal["credit", "principal"] = "credit"
    payer: Literal["borrower", "guarantor", "collateral"] = "borrower"


def repay(unit: Unit, received: Received) -> RepaymentShown:
    """Record a repayment, after posting the interest bills and status changes due on or before its day (3.9).

    Raise AmountNotPositive, ReceiptTaken, LoanCompensated, LoanSettled, PeriodClosed, RestsOnLater, NotFound.
    """
    return repay_all(unit, [received])[0]


def repay_all(
    unit: Unit,
    sheet: Sequence[Received],
    *,
    import_id: int | None = None,
    faults: list[tuple[Any, Refusal]] | None = None,
) -> list[RepaymentShown]:
    """Record many repayments, the repayments of each loan in the order of days, with bulk reads and writes.

    Where the list `faults` is given, each refusal is added to the list with the row's place in the sheet, and the
    caller must not commit.
    """
    load.lock(unit, {received.loan_id for received in sheet})
    ids = new_ids(len(sheet))
    refused: list[tuple[LoanTransaction, Refusal]] | None = None if faults is None else []
    taken = _receipts(unit, sheet)
    statuses = _statuses(unit, sheet)
    transactions: dict[int, list[LoanTransaction]] = {}
    for repayment_id, received in zip(ids, sheet, strict=True):
        repayment = _transaction(repayment_id, received)
        try:
            _check(received, taken, statuses)
        except Refusal as refusal:
            if refused is None:
                raise
            refused.append((repayment, refusal))
            continue
        taken.add((received.loan_id, received.receipt_no))
        transactions.setdefault(received.loan_id, []).append(repayment)
    posted = run.apply_transactions(unit, transactions, BACK_DATED, refused)
    if faults is not None and refused:
        places = {repayment_id: place for place, repayment_id in enumerate(ids)}
        faults += [(places[each.repayment], refusal) for each, refusal in refused if isinstance(each, Repay)]
        return []
    by_id = {
        each.transaction.repayment: each
        for rows in posted.values()
        for each in rows
        if isinstance(each.transaction, Repay)
    }
    return _keep(unit, sheet, [by_id[repayment_id] for repayment_id in ids], import_id)


def reverse(unit: Unit, repayment_id: int, reason: ReversalReason) -> None:
    """Reverse a repayment in red and apply the loan's later transactions without the repayment (books.md §3).

    Raise NotFound, RestsOnLater, CreditOverdrawn, AlreadyReversed.
    """
    row = unit.session.get(Repayment, repayment_id)
    if row is None or not row.live:
        raise NotFound(what="repayment", id=str(repayment_id))
    run.undo_transactions(unit, {row.loan_id: [row.event_id]}, reason)
    unit.session.execute(update(Repayment).where(Repayment.id == repayment_id).values(live=None))


def payoff(unit: Unit, loan_id: int, on: date) -> Payoff:
    """Return the amounts that settle a loan on a day, as if everything due on or before the day were posted (3.9).

    Nothing is saved when a pay-off amount is computed. Raise NotFound, WrongStatus, PayoffPassed.
    """
    if (last := backdating.last_event_on(unit, loan_id)) is not None and last > on:
        raise PayoffPassed(rule="3.9", limit=last, found=on)
    return servicing.payoff(run.load_run_to(unit, loan_id, on).state, on)


def _check(received: Received, taken: set[tuple[int, str]], statuses: Mapping[int, str]) -> None:
    if received.amount <= money.ZERO:
        raise AmountNotPositive(found=received.amount)
    if (received.loan_id, received.receipt_no) in taken:
        raise ReceiptTaken(found=received.receipt_no)
    if statuses.get(received.loan_id) == LoanStatus.COMPENSATED:
        raise run.LoanCompensated(rule="6.6")


def _transaction(repayment_id: int, received: Received) -> Repay:
    return Repay(
        on=received.paid_on,
        about=Particulars(document=received.receipt_no),
        repayment=repayment_id,
        amount=money.to_fen(received.amount),
        surplus=received.surplus,
        payer=received.payer,
    )


def _receipts(unit: Unit, sheet: Sequence[Received]) -> set[tuple[int, str]]:
    chosen = among(unit.connection, table_of(Repayment).c.loan_id, {received.loan_id for received in sheet})
    query = select(Repayment.loan_id, stored_form(Repayment.receipt_no)).where(chosen, Repayment.live.is_(True))
    return set(unit.connection.execute(query))


def _statuses(unit: Unit, sheet: Sequence[Received]) -> dict[int, str]:
    chosen = among(unit.connection, table_of(Loan).c.id, {received.loan_id for received in sheet})
    return dict(unit.connection.execute(select(Loan.id, Loan.status).where(chosen)).all())


def _keep(
    unit: Unit, sheet: Sequence[Received], posted: Sequence[PostedTransaction], import_id: int | None
) -> list[RepaymentShown]:
    """Write the rows of posted repayments; return the repayments, each with the interest and principal it paid."""
    made = [_shown(unit, *pair, import_id) for pair in zip(sheet, posted, strict=True)]
    rows = [
        (
            each.id,
            received.loan_id,
            each.receipt_no,
            each.amount,
            each.paid_on,
            each.received_on,
            each.channel,
            each.surplus,
            each.payer,
            each.recorded_by,
            each.event_id,
            each.live,
            each.import_id,
        )
        for received, each in zip(sheet, made, strict=True)
    ]
    write_rows(unit.connection, {_TABLE: rows})
    return made


def _shown(unit: Unit, received: Received, posted: PostedTransaction, import_id: int | None) -> RepaymentShown:
    repayment, event = posted.transaction, posted.events[-1]
    assert isinstance(repayment, Repay)
    assert isinstance(event, RepaymentReceived)
    return RepaymentShown(
        id=repayment.repayment,
        receipt_no=received.receipt_no,
        amount=repayment.amount,
        paid_on=received.paid_on,
        received_on=received.received_on,
        channel=received.channel,
        surplus=received.surplus,
        payer=received.payer,
        recorded_by=unit.user,
        event_id=posted.event_ids[-1],
        live=True,
        import_id=import_id,
        applied=applied_by(event),
    )
