"""Where a claim may go from where it stands (代偿状态流转): one table of steps, and who took them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from ledger.errors import NotFound, RuleViolation, SamePerson, WrongStatus
from ledger.ids import new_id
from ledger.operations.servicing import load
from ledger.policy.schemes import Scheme
from ledger.queries import reference
from ledger.tables.claims import Claim, ClaimChange
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit

CLAIM_STATUSES = (
    "draft",
    "submitted",
    "reviewed",
    "approved",
    "returned",
    "partly_paid",
    "paid",
    "recovering",
    "closed",
)


@dataclass(frozen=True, slots=True)
class ClaimStep:
    """The statuses a step is possible in, and those it may lead to."""

    allowed: tuple[str, ...]
    to: tuple[str, ...]


_PAID = ("partly_paid", "paid", "recovering")

# fmt: off
CLAIM_STEPS: Mapping[str, ClaimStep] = {
    "submit":  ClaimStep(("draft", "returned"),                 ("submitted",)),
    "review":  ClaimStep(("submitted",),                        ("reviewed",)),
    "approve": ClaimStep(("reviewed",),                         ("approved",)),
    "return":  ClaimStep(("submitted", "reviewed", "approved"), ("returned",)),
    "pay":     ClaimStep(("approved", "partly_paid"),           ("approved", *_PAID)),
    "recover": ClaimStep((*_PAID, "closed"),                    (*_PAID, "closed")),
    "close":   ClaimStep(("paid", "recovering"),                ("closed",)),
    "undo":    ClaimStep((*_PAID, "closed"),                    ("approved", *_PAID)),
}
# fmt: on
"""`recover` is a receipt or its remittance; a closed claim still hears of what its bank receives for itself."""


class BeforeClaimStep(RuleViolation):
    code = "before_claim_step"
    zh = "日期 {found} 早于该代偿申请上一环节的日期 {limit}"
    en = "{found} lies before the claim's step it follows, of {limit}"


def held_claim(unit: Unit, claim_id: int) -> Claim:
    """The claim, its loan and it held to the end of the transaction, the loan first; raises NotFound."""
    loan_id = unit.session.execute(select(Claim.loan_id).where(Claim.id == claim_id)).scalar()
    if loan_id is None:
        raise NotFound(what="claim", id=str(claim_id))
    load.lock(unit, [loan_id])
    return unit.session.get_one(Claim, claim_id, with_for_update=True, populate_existing=True)


def live_claim(unit: Unit, loan_id: int) -> Claim | None:
    """The loan's claim, held; the loan is held already."""
    query = select(Claim).where(Claim.loan_id == loan_id, Claim.live.is_(True)).with_for_update()
    return unit.session.execute(query.execution_options(populate_existing=True)).scalar()


def check_step(claim: Claim, step: str) -> None:
    """Raises WrongStatus where the step is not possible, for a claim another was drafted in place of too."""
    allowed = CLAIM_STEPS[step].allowed
    if claim.status not in allowed or not claim.live:
        raise WrongStatus(status=claim.status, allowed=", ".join(allowed), step=step)


def check_day(unit: Unit, on: date, earlier: date | None) -> None:
    """Raises FutureDate, BeforeClaimStep."""
    unit.not_future(on, "on")
    if earlier is not None and on < earlier:
        raise BeforeClaimStep(rule="6.8", limit=earlier, found=on)


def check_other(unit: Unit, *before: str | None) -> None:
    """Nobody takes two steps of one round (1); raises SamePerson."""
    if unit.user in before:
        raise SamePerson(user=unit.user, rule="1")


def take_step(
    unit: Unit,
    claim: Claim,
    step: str,
    to: str,
    on: date,
    *,
    reason: str = "",
    fen: int = 0,
    event_id: int | None = None,
) -> None:
    """Move a held claim and keep who, when, why; what leads nowhere in the table is our own mistake."""
    assert to in CLAIM_STEPS[step].to, (step, to)
    keep_change(unit, claim, step, to, on, reason=reason, fen=fen, event_id=event_id)
    claim.status = to
    unit.session.flush()


def keep_change(
    unit: Unit,
    claim: Claim,
    step: str,
    to: str,
    on: date,
    *,
    reason: str = "",
    fen: int = 0,
    event_id: int | None = None,
) -> None:
    """A row of the claim's history. Added only."""
    before = "" if step == "draft" else claim.status
    unit.session.add(
        ClaimChange(
            id=new_id(),
            claim_id=claim.id,
            step=step,
            from_status=before,
            to_status=to,
            on=on,
            by=unit.user,
            reason=reason,
            fen=fen,
            event_id=event_id,
            recorded_at=unit.recorded_at,
        )
    )


def scheme_of(unit: Unit, loan_id: int) -> Scheme:
    """The scheme version the loan was signed under."""
    signed = unit.session.execute(select(Loan.scheme, Loan.scheme_version).where(Loan.id == loan_id)).one()
    return reference.scheme_of(unit.session, signed.scheme, signed.scheme_version)
