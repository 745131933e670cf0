"""Repayments (还款): one at the desk or a sheet of them, recorded late or in time, reversed by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Literal

from moneyed import Money
from sqlalchemy import select, update

from ledger import money
from ledger.database import among, write_rows
from ledger.errors import NotFound, Refusal, RuleViolation
from ledger.events import RepaymentReceived
from ledger.ids import new_ids
from ledger.money import Fen
from ledger.operations.servicing import backdating, run
from ledger.operations.servicing.backdating import Why
from ledger.operations.servicing.run import Fact
from ledger.operations.servicing.save import Done
from ledger.policy import servicing as life_of
from ledger.policy.servicing import Payoff
from ledger.statuses import LoanStatus
from ledger.tables.loans import Loan, Repayment
from ledger.unit_of_work import Unit

_TABLE: Any = Repayment.__table__
BACK_DATED = Why("补记还款 back-dated repayment")


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
    """What was handed over: the day it counts, when it came in if that was earlier, and its slip.

    `surplus` says what becomes of what is left before the due date (3.9); `payer` is borrower, guarantor or
    collateral.
    """

    loan_id: int
    amount: Money
    paid_on: date
    channel: str
    receipt_no: str
    received_on: date | None = None
    surplus: Literal["credit", "principal"] = "credit"
    payer: Literal["borrower", "guarantor", "collateral"] = "borrower"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A repayment as recorded, and what it paid."""

    id: int
    loan_id: int
    event_id: int
    contract_interest: Money
    compound_interest: Money
    penalty_interest: Money
    principal: Money
    credit: Money
    written_off: Money


def repay(unit: Unit, received: Received) -> Recorded:
    """Record a repayment; the lines and transitions due by its day are posted first (scheme 3.9).

    Raises AmountNotPositive, ReceiptTaken, LoanCompensated, LoanSettled, PeriodClosed, RestsOnLater, NotFound.
    """
    return repay_all(unit, [received])[0]


def repay_all(
    unit: Unit,
    sheet: Sequence[Received],
    *,
    import_id: int | None = None,
    faults: list[tuple[Any, Refusal]] | None = None,
) -> list[Recorded]:
    """Record many repayments, each loan's in the order of their days, with one read and one write.

    With `faults` every refused row is noted there by its place in the sheet; nothing may then be committed.
    """
    run.lock(unit, {received.loan_id for received in sheet})
    ids = new_ids(len(sheet))
    places = {repayment_id: place for place, repayment_id in enumerate(ids)}
    noted: list[tuple[Any, Refusal]] | None = None if faults is None else []
    taken = _receipts(unit, sheet)
    statuses = _statuses(unit, sheet)
    facts: dict[int, list[Fact]] = {}
    for repayment_id, received in zip(ids, sheet, strict=True):
        try:
            _check(received, taken, statuses)
        except Refusal as refusal:
            if noted is None:
                raise
            noted.append((repayment_id, refusal))
            continue
        taken.add((received.loan_id, received.receipt_no))
        facts.setdefault(received.loan_id, []).append(_fact(repayment_id, received))
    done = run.record_facts(unit, facts, BACK_DATED, noted)
    if faults is not None and noted:
        faults += [(places[ref], refusal) for ref, refusal in noted]
        return []
    return _keep(unit, sheet, list(ids), done, import_id)


def reverse(unit: Unit, repayment_id: int, why: Why) -> None:
    """Reverse a repayment in red and live the loan's later days again without it (books.md §3).

    Raises NotFound, RestsOnLater, CreditOverdrawn, AlreadyReversed.
    """
    row = unit.session.get(Repayment, repayment_id)
    if row is None or not row.live:
        raise NotFound(what="repayment", id=str(repayment_id))
    run.undo_fact(unit, row.loan_id, row.event_id, why)
    unit.session.execute(update(Repayment).where(Repayment.id == repayment_id).values(live=None))


def payoff(unit: Unit, loan_id: int, on: date) -> Payoff:
    """What would settle a loan on a day, everything due by then taken as posted; nothing is kept (3.9).

    The unit is a reading one and is thrown away. Raises NotFound, WrongStatus, PayoffPassed.
    """
    if (last := backdating.last_standing(unit, loan_id)) is not None and last > on:
        raise PayoffPassed(rule="3.9", limit=last, found=on)
    return life_of.payoff(run.carried(unit, loan_id, on).life, on)


def _check(received: Received, taken: set[tuple[int, str]], statuses: Mapping[int, str]) -> None:
    if received.amount <= money.ZERO:
        raise AmountNotPositive(found=received.amount)
    if (received.loan_id, received.receipt_no) in taken:
        raise ReceiptTaken(found=received.receipt_no)
    if statuses.get(received.loan_id) == LoanStatus.COMPENSATED:
        raise run.LoanCompensated(rule="6.6")


def _fact(repayment_id: int, received: Received) -> Fact:
    return Fact(
        on=received.paid_on,
        do=partial(
            life_of.repay,
            on=received.paid_on,
            repayment=repayment_id,
            amount=money.to_fen(received.amount),
            surplus=received.surplus,
            payer=received.payer,
        ),
        about={"document": received.receipt_no},
        ref=repayment_id,
    )


def _receipts(unit: Unit, sheet: Sequence[Received]) -> set[tuple[int, str]]:
    chosen = among(unit.connection, Repayment.__table__.c.loan_id, {received.loan_id for received in sheet})
    query = select(Repayment.loan_id, Repayment.receipt_no).where(chosen, Repayment.live.is_(True))
    return set(unit.connection.execute(query))


def _statuses(unit: Unit, sheet: Sequence[Received]) -> dict[int, str]:
    chosen = among(unit.connection, Loan.__table__.c.id, {received.loan_id for received in sheet})
    return dict(unit.connection.execute(select(Loan.id, Loan.status).where(chosen)).all())


def _keep(
    unit: Unit,
    sheet: Sequence[Received],
    ids: Sequence[int],
    done: Mapping[int, Sequence[Done]],
    import_id: int | None,
) -> list[Recorded]:
    by_id = {each.ref: each for of_loan in done.values() for each in of_loan}
    own = dict(zip(ids, sheet, strict=True))
    write_rows(
        unit.connection,
        {
            _TABLE: [
                (
                    repayment_id,
                    r.loan_id,
                    r.receipt_no,
                    money.to_fen(r.amount),
                    r.paid_on,
                    r.received_on,
                    r.channel,
                    r.surplus,
                    r.payer,
                    unit.user,
                    by_id[repayment_id].event_id,
                    True,
                    import_id,
                )
                for repayment_id, r in own.items()
            ]
        },
    )
    return [_recorded(repayment_id, by_id[repayment_id]) for repayment_id in ids]


def _recorded(repayment_id: int, done: Done) -> Recorded:
    event = done.event
    assert isinstance(event, RepaymentReceived)
    assert event.loan is not None
    compound = sum(row.compound for row in event.applied)
    return Recorded(
        repayment_id,
        event.loan,
        done.event_id,
        money.of_fen(event.interest),
        money.of_fen(compound),
        money.of_fen(event.charges - compound),
        money.of_fen(Fen(event.principal + event.overdue_principal)),
        money.of_fen(event.credit),
        money.of_fen(event.loss),
    )
