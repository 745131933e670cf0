"""Compensation and recovery (代偿与追偿, scheme 6): when a loan is claimable, what the fund owes, who bears it.

The first half are quantities in whole fen; the second half are functions on a loan's life, answering events.
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
from ledger.policy.schemes import Scheme
from ledger.policy.servicing import Life

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
class Parts:
    """Principal and contract interest; penalty and compound interest are never compensated (6.1)."""

    principal: Fen = NIL
    interest: Fen = NIL

    @property
    def total(self) -> Fen:
        return Fen(self.principal + self.interest)


@dataclass(frozen=True, slots=True)
class Borne:
    """Who carries a loss; whole fen."""

    city: Fen
    county: Fen


def check_claimable(scheme: Scheme, rolled_on: date, claimed_on: date, cause: str) -> None:
    """From so many days overdue, or before maturity for a listed cause (6.2); raises NotOverdueEnough."""
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
    """The fund's part of each component, rounded half up; the bank takes the rest (6.3)."""
    return Parts(portion(amount.principal, share), portion(amount.interest, share))


def still_owed(frozen: Parts, is_open: Parts, paid: Parts, share: Decimal) -> Parts:
    """What the fund owes on a claim (6.4): its part of what was frozen or is open if that is less, less paid.

    Open counts what the fund has paid: only what others brought lowers the claim.
    """

    def of(frozen: Fen, is_open: Fen, paid: Fen) -> Fen:
        return Fen(max(0, portion(min(frozen, is_open + paid), share) - paid))

    return Parts(
        of(frozen.principal, is_open.principal, paid.principal), of(frozen.interest, is_open.interest, paid.interest)
    )


def borne(scheme: Scheme, net: Fen) -> Borne:
    """City and county of a net loss: the county's share cut down, the city carries the odd fen (6.5)."""
    numerator, denominator = scheme.county_share_of_loss.as_integer_ratio()
    county = net * numerator // denominator
    return Borne(Fen(net - county), Fen(county))


def booked(scheme: Scheme, net: Fen) -> tuple[Fen, Fen]:
    """What of a net loss is the fund's own (5001) and what the county owes it (1201).

    The funder's part is the fund's own loss; a county that funds owes its own fund nothing (6.5).
    """
    if scheme.fund_source == "county":
        return net, NIL
    parts = borne(scheme, net)
    return parts.city, parts.county


def shifted(scheme: Scheme, before: Fen, after: Fen) -> dict[str, Any]:
    """By how much an event that moves the net loss moves its two parts: the fields of its event."""
    of_fund, of_county = (abs(b - a) for a, b in zip(booked(scheme, before), booked(scheme, after), strict=True))
    return {"fund_share": Fen(of_fund), "county_share": Fen(of_county)}


@dataclass(frozen=True, slots=True)
class Debt:
    """What a receipt may pay (6.6): back to the fund, the bank's principal and interest, its penalties beside them."""

    to_fund: Fen
    plain: Fen
    charges: Fen = NIL

    @property
    def whole(self) -> Fen:
        return Fen(self.to_fund + self.plain + self.charges)


def split_receipt(scheme: Scheme, amount: Fen, debt: Debt) -> tuple[Fen, Fen]:
    """What of a receipt is the fund's and what the bank keeps (6.6); raises AboveDebt.

    All of it is the fund's, or its share pro rata, up to what it is owed; what the bank cannot take for principal
    and interest goes to the fund before any penalty is paid (6.7).
    """
    if amount > debt.whole:
        raise AboveDebt(rule="6.6", limit=plain(debt.whole), found=plain(amount))
    share = scheme.fund_share_of_loss if scheme.recoveries == "pro_rata" else Decimal(1)
    of_fund = min(portion(amount, share), debt.to_fund)
    surplus = max(0, amount - of_fund - debt.plain)
    of_fund = Fen(min(of_fund + surplus, debt.to_fund))
    return of_fund, Fen(amount - of_fund)


# On a loan's life.


def open_parts(life: Life) -> Parts:
    """Open principal and unpaid billed contract interest."""
    return Parts(life.open_principal, Fen(sum(line.contract for line in life.lines)))


def claim(life: Life, on: date, *, scheme: Scheme, cause: str) -> Iterator[Event]:
    """The line to the day and the borrower's credit used (6.2); what is open then is what a claim freezes.

    Raises LoanSettled, WrongStatus, NotOverdueEnough, NothingToClaim.
    """
    _check_status(life, on, CLAIMABLE)
    check_claimable(scheme, life.terms.rolled_on, on, cause)
    yield from loan_changes.claim_line(life, on)
    if not fund_part(open_parts(life), scheme.fund_share_of_loss).total:
        raise NothingToClaim(rule="6.2", found=plain(open_parts(life).total))


@dataclass(frozen=True, slots=True)
class Owing:
    """A claim at a payment: what was frozen, what the fund paid, what of it is not back."""

    claim: int
    frozen: Parts
    paid: Parts
    net: Fen


def pay(life: Life, on: date, *, scheme: Scheme, owing: Owing, available: Fen) -> Iterator[Event]:
    """The fund pays what it still owes, as far as its account goes: principal first, then contract interest (6.4).

    Raises LoanSettled, WrongStatus.
    """
    _check_status(life, on, PAYABLE)
    yield from servicing.use_credit(life, on, cause="compensation", to_principal=True)
    owed = still_owed(owing.frozen, open_parts(life), owing.paid, scheme.fund_share_of_loss)
    amount = Fen(min(owed.total, available))
    if not amount:
        servicing.resume(life, on)
        return
    principal = Fen(min(amount, owed.principal))
    taken = servicing.take_principal(life, on, principal) if principal else {}
    applied = _pay_contract(life, on, Fen(amount - principal))
    life.status = "compensated"
    life.next_step_on = servicing.next_step(life, on)
    yield ClaimPaid(
        **life.facts(on),
        **taken,
        interest=Fen(amount - principal),
        applied=applied,
        claim=owing.claim,
        paid=amount,
        **shifted(scheme, owing.net, Fen(owing.net + amount)),
    )


def receive(life: Life, on: date, *, scheme: Scheme, recovery: int, amount: Fen, to_fund: Fen) -> Iterator[Event]:
    """A receipt after compensation: kept for the fund up to `to_fund`, the rest on the bank's own part (6.6).

    Raises WrongStatus, AboveDebt.
    """
    _check_status(life, on, ("compensated",))
    owed = servicing.payoff(life, on)
    own = min(open_parts(life).total, owed.total) + life.written_off
    debt = Debt(to_fund, Fen(own), Fen(owed.total + life.written_off - own))
    of_fund, kept = split_receipt(scheme, amount, debt)
    yield RecoveryReceived(**life.facts(on), recovery=recovery, amount=amount)
    if kept:
        yield from _retain(life, on, recovery, kept, with_charges=of_fund == to_fund)


def _retain(life: Life, on: date, recovery: int, amount: Fen, *, with_charges: bool) -> Iterator[Event]:
    """The bank's part: like a repayment with its surplus to principal, then what was written off."""
    fields: dict[str, Any]
    if with_charges:
        billed = Fen(life.open_principal + life.open_lines - life.credit)
        if amount > billed or amount >= servicing.payoff(life, on).total:
            # The bank keeps no money that is nobody's: what reaches into the open period finds its line.
            yield from servicing.bill(life, on, cause="payoff")
            yield from servicing.use_credit(life, on, cause="payoff", to_principal=True)
        fields, rest = servicing.apply(life, on, amount, to_principal=True)
    else:
        first = (on - life.terms.rolled_on).days > life.terms.uplifts.principal_first_over
        interest = open_parts(life).interest
        principal = Fen(min(life.open_principal, amount if first else max(0, amount - interest)))
        fields = servicing.take_principal(life, on, principal) if principal else {}
        contract = Fen(min(interest, amount - principal))
        fields |= {"interest": contract, "applied": _pay_contract(life, on, contract)}
        rest = Fen(amount - principal - contract)
    assert rest <= life.written_off
    life.written_off = Fen(life.written_off - rest)
    yield RecoveryRetained(**life.facts(on), **fields, recovery=recovery, loss=rest)
    life.next_step_on = servicing.next_step(life, on)


def remit(life: Life, on: date, *, scheme: Scheme, recovery: int, claim: int, amount: Fen, net: Fen) -> Iterator[Event]:
    """The fund's part of a receipt, handed over to its account; the net loss is less by it (6.5, 6.6)."""
    yield RecoveryRemitted(
        **life.facts(on), recovery=recovery, claim=claim, amount=amount, **shifted(scheme, net, Fen(net - amount))
    )


def close_recourse(life: Life, on: date, *, claim: int, amount: Fen, approval: int) -> Iterator[Event]:
    """Nothing more to come (6.7): the line to the day, its penalties waived with the rest, recourse taken off."""
    yield from servicing.bill(life, on, cause="closing")
    if any(line.compound or line.penalty for line in life.lines):
        yield from loan_changes.waive(life, on, asked=NIL, approval=approval)
    yield RecourseClosed(**life.facts(on), claim=claim, amount=amount)
    life.next_step_on = servicing.next_step(life, on)


def settles(life: Life, on: date) -> bool:
    """Whether the bank has nothing open on a compensated loan, and nothing lost."""
    return servicing.is_settled(life, on) and not life.written_off


def _pay_contract(life: Life, on: date, amount: Fen) -> tuple[Applied, ...]:
    """Contract interest of lines, oldest first."""
    applied = []
    for line in life.lines:
        part = Fen(min(amount, line.contract))
        if part:
            applied.append(servicing.pay_line(life, on, line, part, NIL, NIL))
            amount = Fen(amount - part)
    assert not amount
    return tuple(applied)


def _check_status(life: Life, on: date, allowed: tuple[str, ...]) -> None:
    if life.status == "closed":
        raise servicing.LoanSettled(rule="6.2", limit=", ".join(allowed), found=on)
    if life.status not in allowed:
        raise WrongStatus(status=life.status, allowed=", ".join(allowed))
