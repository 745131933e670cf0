"""Compensation and recovery (代偿与追偿, scheme 6): claims on the fund, and the sharing of losses and recoveries.

The first half of this module has the functions that compute amounts in whole fen. The second half of this module has
the rules that change the state of a loan and yield events.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from ledger.errors import RuleViolation, WrongStatus
from ledger.events import (
    Applied,
    ClaimPaid,
    Event,
    RecourseClosed,
    RecoveryReceived,
    RecoveryRemitted,
    RecoveryRetained,
)
from ledger.money import NIL, Fen, plain, portion
from ledger.policy import loan_changes, servicing
from ledger.policy.loan_transactions import (
    CloseRecourse,
    DraftClaim,
    Parts,
    PayClaim,
    ReceiveRecovery,
    RemitRecovery,
    WaivePenalty,
)
from ledger.policy.schemes import Scheme
from ledger.policy.servicing import LoanState

CLAIMABLE = ("active", "overdue")
PAYABLE = (*CLAIMABLE, "compensated")


class NotOverdueEnough(RuleViolation):
    code = "not_overdue_enough"
    zh = "贷款须逾期满 {limit} 天方可申请代偿，现逾期 {found} 天；到期前只限：{causes}（{rule}）"
    en = "a claim needs {limit} days overdue, {found} found; before maturity only for: {causes} ({rule})"


class NothingToClaim(RuleViolation):
    code = "nothing_to_claim"
    zh = "贷款没有可代偿的本金和合同利息（{found} 元）（{rule}）"
    en = "nothing of the loan is open that the fund would compensate ({found} yuan) ({rule})"


class InsuranceAwaited(RuleViolation):
    code = "insurance_awaited"
    zh = "贷款有保单 {found:text}，须先登记保险赔付或拒赔（0.00）（{rule}）"
    en = "the loan is insured ({found:text}); first the insurer pays or refuses, recorded as 0.00 ({rule})"


class AboveDebt(RuleViolation):
    code = "above_whole_debt"
    zh = "追回款 {found} 元超过全部欠款 {limit} 元（{rule}）"
    en = "a recovery of {found} yuan is more than the whole debt of {limit} ({rule})"


@dataclass(frozen=True, slots=True)
class Borne:
    """The city's part and the county's part of a loss, in whole fen."""

    city: Fen
    county: Fen


def check_claimable(scheme: Scheme, rolled_on: date, claimed_on: date, cause: str) -> None:
    """Raise NotOverdueEnough unless a loan is overdue for enough days, or not yet due but has a listed cause (6.2)."""
    overdue = (claimed_on - rolled_on).days
    early = overdue < 0 and cause in scheme.early_claim_causes
    if overdue < scheme.claim_min_days_overdue and not early:
        raise NotOverdueEnough(
            rule="6.2",
            limit=scheme.claim_min_days_overdue,
            found=max(0, overdue),
            cause=cause,
            causes=", ".join(scheme.early_claim_causes),
        )


def fund_part(amount: Parts, share: Decimal) -> Parts:
    """Return the fund's part of principal and of interest, each rounded half up; the bank bears the rest (6.3)."""
    return Parts(portion(amount.principal, share), portion(amount.interest, share))


def still_owed(frozen: Parts, is_open: Parts, paid: Parts, share: Decimal) -> Parts:
    """Return the amounts that the fund still owes on a claim (6.4).

    The fund owes its part of the claimed amount or, if smaller, of the amount still open, less the amount already paid.
    Debt that the fund paid still counts as open, since only money from other payers lowers a claim on the fund.
    """

    def of(frozen: Fen, is_open: Fen, paid: Fen) -> Fen:
        return Fen(max(0, portion(min(frozen, is_open + paid), share) - paid))

    return Parts(
        of(frozen.principal, is_open.principal, paid.principal), of(frozen.interest, is_open.interest, paid.interest)
    )


def borne(scheme: Scheme, net: Fen) -> Borne:
    """Split a net loss: round the county's share down to a fen, and give the rest to the city (6.5)."""
    numerator, denominator = scheme.county_share_of_loss.as_integer_ratio()
    county = net * numerator // denominator
    return Borne(Fen(net - county), Fen(county))


def booked(scheme: Scheme, net: Fen) -> tuple[Fen, Fen]:
    """Return the fund's own part of a net loss (account 5001) and the part that the county owes to the fund (1201).

    If the city or the county finances the fund, its part of a loss is booked as the fund's own loss. A county that
    finances the fund owes the fund nothing for a loss (6.5).
    """
    if scheme.fund_source == "county":
        return net, NIL
    parts = borne(scheme, net)
    return parts.city, parts.county


def shifted(scheme: Scheme, before: Fen, after: Fen) -> dict[str, Any]:
    """Return the fields of an event that changes the net loss: the absolute changes of the fund's and county's part."""
    of_fund, of_county = (abs(b - a) for a, b in zip(booked(scheme, before), booked(scheme, after), strict=True))
    return {"fund_share": Fen(of_fund), "county_share": Fen(of_county)}


@dataclass(frozen=True, slots=True)
class Debt:
    """The debts that a receipt may pay (6.6), in whole fen.

    `to_fund` is the debt owed to the fund. `plain` is the principal and interest owed to the bank. `charges` is the
    penalty and compound interest owed to the bank.
    """

    to_fund: Fen
    plain: Fen
    charges: Fen = NIL

    @property
    def whole(self) -> Fen:
        return Fen(self.to_fund + self.plain + self.charges)


def split_receipt(scheme: Scheme, amount: Fen, debt: Debt) -> tuple[Fen, Fen]:
    """Return the fund's part and the bank's part of a receipt (6.6); raise AboveDebt where the receipt exceeds the
    whole debt.

    Of a receipt, the fund gets the whole or its pro rata share, up to the fund's claim. The bank's part of a receipt
    pays principal and interest; any rest goes to the fund before penalty is paid (6.7).
    """
    if amount > debt.whole:
        raise AboveDebt(rule="6.6", limit=plain(debt.whole), found=plain(amount))
    share = scheme.fund_share_of_loss if scheme.recoveries == "pro_rata" else Decimal(1)
    of_fund = min(portion(amount, share), debt.to_fund)
    surplus = max(0, amount - of_fund - debt.plain)
    of_fund = Fen(min(of_fund + surplus, debt.to_fund))
    return of_fund, Fen(amount - of_fund)


# The functions in this part of the module change the state of a loan.


def open_parts(state: LoanState) -> Parts:
    """Return a loan's open principal and its unpaid billed contract interest."""
    return Parts(state.open_principal, state.open_contract)


def claim(state: LoanState, transaction: DraftClaim) -> Iterator[Event]:
    """Bill interest to the day of a claim and use the borrower's credit (6.2).

    The claimed amounts are the amounts still open after interest is billed and the borrower's credit is used. Raise
    LoanSettled, WrongStatus, NotOverdueEnough or NothingToClaim.
    """
    on, scheme = transaction.on, transaction.scheme
    _check_status(state, on, CLAIMABLE)
    check_claimable(scheme, state.terms.rolled_on, on, transaction.cause)
    yield from bill_claim(state, on)
    if not fund_part(open_parts(state), scheme.fund_share_of_loss).total:
        raise NothingToClaim(rule="6.2", found=plain(open_parts(state).total))


def bill_claim(state: LoanState, on: date) -> Iterator[Event]:
    """Bill interest to the day of a claim, and use the borrower's credit on bills and principal (6.2).

    Calling this function a second time for the same day changes nothing.
    """
    yield from servicing.bill_interest(state, on, cause="claim")
    yield from servicing.use_credit(state, on, cause="claim", to_principal=True)
    servicing.resume(state, on)


def pay(state: LoanState, transaction: PayClaim) -> Iterator[Event]:
    """Pay the amounts that the fund still owes on a claim, up to the balance of the fund account (6.4).

    The fund pays the claimed principal first, then the claimed contract interest. Raise LoanSettled or WrongStatus.
    """
    on, scheme, net = transaction.on, transaction.scheme, transaction.net
    _check_status(state, on, PAYABLE)
    yield from servicing.use_credit(state, on, cause="compensation", to_principal=True)
    owed = still_owed(transaction.frozen, open_parts(state), transaction.paid, scheme.fund_share_of_loss)
    amount = Fen(min(owed.total, transaction.available))
    if not amount:
        servicing.resume(state, on)
        return
    principal = Fen(min(amount, owed.principal))
    taken = servicing.take_principal(state, on, principal) if principal else {}
    applied = _pay_contract(state, on, Fen(amount - principal))
    state.status = "compensated"
    state.next_step_on = servicing.next_step(state, on)
    yield ClaimPaid(
        **state.event_fields(on),
        **taken,
        interest=Fen(amount - principal),
        applied=applied,
        claim=transaction.claim,
        paid=amount,
        **shifted(scheme, net, Fen(net + amount)),
    )


def receive(state: LoanState, transaction: ReceiveRecovery) -> Iterator[Event]:
    """Record a recovery received after compensation (6.6): the fund gets its part up to `to_fund`, and the bank the
    rest.

    The loan closes if nothing more is owed to the bank or to the fund. Raise WrongStatus or AboveDebt.
    """
    on, amount, to_fund = transaction.on, transaction.amount, transaction.to_fund
    _check_status(state, on, ("compensated",))
    owed = servicing.payoff(state, on)
    own = min(open_parts(state).total, owed.total) + state.written_off
    debt = Debt(to_fund, Fen(own), Fen(owed.total + state.written_off - own))
    of_fund, kept = split_receipt(transaction.scheme, amount, debt)
    yield RecoveryReceived(**state.event_fields(on), recovery=transaction.recovery, amount=amount)
    if kept:
        yield from _retain(state, on, transaction.recovery, kept, with_charges=of_fund == to_fund)
    _close_if_settled(state, on, fund_settled=transaction.fund_settled)


def _retain(state: LoanState, on: date, recovery: int, amount: Fen, *, with_charges: bool) -> Iterator[Event]:
    """Apply the bank's part of a receipt as a repayment whose surplus pays principal, then written-off debt."""
    fields: dict[str, Any]
    if with_charges:
        billed = Fen(state.open_principal + state.open_bills - state.credit)
        if amount > billed or amount >= servicing.payoff(state, on).total:
            # Bill interest to the day, so that money beyond the billed debt pays the new bill instead of becoming
            # credit.
            yield from servicing.bill_interest(state, on, cause="payoff")
            yield from servicing.use_credit(state, on, cause="payoff", to_principal=True)
        fields, rest = servicing.allocate(state, on, amount, to_principal=True)
    else:
        first = (on - state.terms.rolled_on).days > state.terms.uplifts.principal_first_over
        interest = open_parts(state).interest
        principal = Fen(min(state.open_principal, amount if first else max(0, amount - interest)))
        fields = servicing.take_principal(state, on, principal) if principal else {}
        contract = Fen(min(interest, amount - principal))
        fields |= {"interest": contract, "applied": _pay_contract(state, on, contract)}
        rest = Fen(amount - principal - contract)
    assert rest <= state.written_off
    state.written_off = Fen(state.written_off - rest)
    yield RecoveryRetained(**state.event_fields(on), **fields, recovery=recovery, loss=rest)
    state.next_step_on = servicing.next_step(state, on)


def remit(state: LoanState, transaction: RemitRecovery) -> Iterator[Event]:
    """Remit the fund's part of a receipt to the fund account, which lowers the net loss (6.5, 6.6).

    The loan closes if nothing more is owed to the bank or to the fund.
    """
    on, amount, net = transaction.on, transaction.amount, transaction.net
    yield RecoveryRemitted(
        **state.event_fields(on),
        recovery=transaction.recovery,
        claim=transaction.claim,
        amount=amount,
        **shifted(transaction.scheme, net, Fen(net - amount)),
    )
    _close_if_settled(state, on, fund_settled=transaction.fund_settled)


def close_recourse(state: LoanState, transaction: CloseRecourse) -> Iterator[Event]:
    """Close recourse (追偿终结, 6.7): bill interest to the day, waive all penalties, and take the net loss off the
    books.

    When recourse ends, the loan closes if nothing is owed to the bank.
    """
    on = transaction.on
    yield from servicing.bill_interest(state, on, cause="closing")
    if any(bill.compound or bill.penalty for bill in state.interest_bills):
        yield from loan_changes.waive(state, WaivePenalty(on=on, asked=NIL, approval=transaction.approval))
    yield RecourseClosed(**state.event_fields(on), claim=transaction.claim, amount=transaction.amount)
    state.next_step_on = servicing.next_step(state, on)
    _close_if_settled(state, on, fund_settled=True)


def _close_if_settled(state: LoanState, on: date, *, fund_settled: bool) -> None:
    """Close a compensated loan if nothing is open or written off at the bank and nothing is owed to the fund."""
    if fund_settled and servicing.is_settled(state, on) and not state.written_off:
        state.status, state.next_step_on = "closed", None


def _pay_contract(state: LoanState, on: date, amount: Fen) -> tuple[Applied, ...]:
    """Pay contract interest of bills, the oldest bill first."""
    applied = []
    for bill in state.interest_bills:
        part = Fen(min(amount, bill.contract))
        if part:
            applied.append(servicing.pay_bill(state, on, bill, part, NIL, NIL))
            amount = Fen(amount - part)
    assert not amount
    return tuple(applied)


def _check_status(state: LoanState, on: date, allowed: tuple[str, ...]) -> None:
    if state.status == "closed":
        raise servicing.LoanSettled(rule="6.2", limit=", ".join(allowed), found=on)
    if state.status not in allowed:
        raise WrongStatus(status=state.status, allowed=", ".join(allowed))
