"""What people decide about a loan after its payout: extension, misuse, waiver, refund, insurance, write-off.

Each function takes a life carried through the day and answers the events; `again` says how an event that was
taken back is recorded once more.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import partial

from ledger import events as e
from ledger.errors import RuleViolation, WrongStatus
from ledger.events import Event
from ledger.money import NIL, Fen, plain
from ledger.policy import servicing
from ledger.policy.servicing import Life


class NotThatMuch(RuleViolation):
    code = "exceeds_open_amount"
    zh = "{what:taken}最多 {limit} 元，申请 {found} 元（{rule}）"
    en = "{what:taken}: at most {limit} yuan can be taken, {found} was asked ({rule})"


class CreditOverdrawn(RuleViolation):
    code = "credit_used"
    zh = "该笔款项形成的暂收款已被使用 {found} 元，请先冲销其后的业务"
    en = "{found} yuan of the credit it left has been used since; reverse what used it first"


class InterestUnpaid(RuleViolation):
    code = "interest_unpaid"
    zh = "续贷前须结清至当日利息，尚欠 {found} 元（{rule}）"
    en = "a renewal needs interest billed and paid to the day; {found} yuan is unpaid ({rule})"


class NothingOpen(RuleViolation):
    code = "nothing_open"
    zh = "贷款已无未还款项（{found} 元），无可核销（{rule}）"
    en = "nothing is open on the loan ({found} yuan): there is nothing to write off ({rule})"


_LENDING = ("active", "overdue")

ALLOWED: Mapping[str, tuple[str, ...]] = {
    "extension": ("active",),
    "renewal": _LENDING,
    "misuse": _LENDING,
    "write_off": (*_LENDING, "compensated"),
    "waiver": (*_LENDING, "compensated"),
    "insurance": _LENDING,
}
"""The statuses a loan must have on the day of a decision, whatever has become of it since."""


def refund(life: Life, on: date, *, amount: Fen, approval: int) -> Iterator[Event]:
    """Borrower credit handed back (暂收款退还); raises NotThatMuch."""
    if not 0 < amount <= life.credit:
        raise NotThatMuch(rule="3.9", what="暂收款退还 credit refund", limit=plain(life.credit), found=plain(amount))
    life.credit = Fen(life.credit - amount)
    yield e.CreditRefunded(**life.facts(on), amount=amount, approval=approval)


def waive(life: Life, on: date, *, asked: Fen, approval: int) -> Iterator[Event]:
    """Penalty and compound interest let off, oldest line first; `asked` zero: all of it. Raises NotThatMuch."""
    _check_status(life, "waiver")
    open_now = sum(line.compound + line.penalty for line in life.lines)
    amount = asked or Fen(open_now)
    if not 0 < amount <= open_now:
        raise NotThatMuch(rule="books 3", what="减免 waiver", limit=plain(open_now), found=plain(amount))
    applied, left = [], amount
    for line in life.lines:
        compound = Fen(min(left, line.compound))
        penalty = Fen(min(left - compound, line.penalty))
        if compound or penalty:
            applied.append(servicing.pay_line(life, on, line, NIL, compound, penalty))
            left = Fen(left - compound - penalty)
    yield e.PenaltyWaived(**life.facts(on), amount=amount, asked=asked, applied=tuple(applied), approval=approval)
    servicing.resume(life, on)


def misuse(life: Life, on: date, *, found_on: date, approval: int) -> Iterator[Event]:
    """Misuse found (认定挪用): the misuse rate runs from `on` (3.7)."""
    _check_status(life, "misuse")
    earliest = on if life.terms.misused_on is None else min(on, life.terms.misused_on)
    life.terms = life.terms._replace(misused_on=earliest)
    yield e.MisuseFound(**life.facts(on), found_on=found_on, approval=approval)


def extend(
    life: Life,
    on: date,
    *,
    months: int,
    due_on: date,
    rolled_on: date,
    annual_rate: Decimal,
    rates: tuple[tuple[date, int], ...],
    approval: int,
) -> Iterator[Event]:
    """Extension (展期): a new due date, and from the old one on another rate; `rates` are all of them (3.10)."""
    _check_status(life, "extension")
    life.terms = life.terms._replace(rolled_on=rolled_on, rates=rates)
    life.next_step_on = servicing.next_step(life, on)
    yield e.LoanExtended(
        **life.facts(on), months=months, due_on=due_on, annual_rate=str(annual_rate), approval=approval
    )


def insure(life: Life, on: date, *, amount: Fen, policy_no: str, approval: int) -> Iterator[Event]:
    """What the insurer paid, on principal; zero: the insurer refused (6.3). Raises NotThatMuch."""
    _check_status(life, "insurance")
    if amount > life.open_principal:
        raise NotThatMuch(rule="6.3", what="保险赔付 insurance", limit=plain(life.open_principal), found=plain(amount))
    taken = servicing.take_principal(life, on, amount) if amount else {}
    yield e.InsuranceReceived(**life.facts(on), **taken, policy_no=policy_no, approval=approval)
    servicing.resume(life, on)


def write_off(life: Life, on: date, *, approval: int) -> Iterator[Event]:
    """Write-off (核销): the line to the day, credit used, penalty waived, then what is left is lost."""
    _check_status(life, "write_off")
    yield from servicing.bill(life, on, cause="write_off")
    yield from servicing.use_credit(life, on, cause="write_off", to_principal=True)
    if any(line.compound or line.penalty for line in life.lines):
        yield from waive(life, on, asked=NIL, approval=approval)
    lost = Fen(life.open_principal + life.open_lines)
    if not lost:
        raise NothingOpen(rule="books 3", found=plain(lost))
    applied = tuple(servicing.pay_line(life, on, line, line.contract, NIL, NIL) for line in life.lines if line.contract)
    taken = servicing.take_principal(life, on, life.open_principal)
    life.written_off = Fen(life.written_off + lost)
    # A compensated loan stays one: what comes in goes to the fund first.
    life.status = "compensated" if life.status == "compensated" else "written_off"
    life.next_step_on = None
    interest = Fen(sum(row.contract for row in applied))
    yield e.LoanWrittenOff(**life.facts(on), **taken, interest=interest, applied=applied, approval=approval)


def claim_line(life: Life, on: date) -> Iterator[Event]:
    """The line a claim calls for, and credit used on it and on principal (6.2); nothing the second time."""
    yield from servicing.bill(life, on, cause="claim")
    yield from servicing.use_credit(life, on, cause="claim", to_principal=True)
    servicing.resume(life, on)


def renew(life: Life, on: date, *, renewal: int, approval: int) -> Iterator[Event]:
    """Renewal (续贷): interest billed and paid to the day, then the open principal moves (3.11)."""
    _check_status(life, "renewal")
    yield from servicing.bill(life, on, cause="renewal")
    yield from servicing.use_credit(life, on, cause="renewal")
    if unpaid := life.open_lines:
        raise InterestUnpaid(rule="3.11", found=plain(unpaid))
    taken = servicing.take_principal(life, on, life.open_principal)
    life.status, life.next_step_on = "closed", None
    yield e.LoanRenewed(**life.facts(on), **taken, renewal=renewal, approval=approval)


def check_credit(life: Life) -> None:
    """Raises CreditOverdrawn when the credit a reversed record left has been used since."""
    if life.credit < 0:
        raise CreditOverdrawn(found=plain(-life.credit))


def again(event: Event) -> Callable[[Life], Iterator[Event]] | None:
    """How a record that was taken back is made once more; None for what the calendar calls for by itself."""
    on = event.effective_on
    match event:
        case e.RepaymentReceived():
            return partial(
                servicing.repay,
                on=on,
                repayment=event.repayment,
                amount=event.amount,
                surplus=event.surplus,
                payer=event.payer,
            )
        case e.CreditRefunded():
            return partial(refund, on=on, amount=event.amount, approval=event.approval)
        case e.PenaltyWaived():
            return partial(waive, on=on, asked=event.asked, approval=event.approval)
        case e.MisuseFound():
            return partial(misuse, on=on, found_on=event.found_on, approval=event.approval)
        case e.InterestBilled(cause="claim") | e.CreditApplied(cause="claim"):
            return partial(claim_line, on=on)
    return None


def _check_status(life: Life, step: str) -> None:
    if life.status not in ALLOWED[step]:
        raise WrongStatus(status=life.status, allowed=", ".join(ALLOWED[step]), step=step)
