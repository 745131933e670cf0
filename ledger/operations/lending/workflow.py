"""Where a loan may go from where it stands (状态流转): one table of the steps people take."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from ledger.errors import NotFound, WrongStatus
from ledger.ids import new_id
from ledger.tables.loans import Loan, StatusChange
from ledger.unit_of_work import Unit

LOAN_STATUSES = (
    "submitted",
    "returned",
    "approved",
    "active",
    "overdue",
    "compensated",
    "written_off",
    "closed",
)


@dataclass(frozen=True, slots=True)
class Step:
    """The statuses a step is possible in, and the one it leads to."""

    allowed: tuple[str, ...]
    to: str


# fmt: off
LOAN_STEPS: Mapping[str, Step] = {
    "return":            Step(("submitted", "approved"), "returned"),
    "amend":             Step(("returned",),             "returned"),
    "resubmit":          Step(("returned",),             "submitted"),
    "approve":           Step(("submitted",),            "approved"),
    "disburse":          Step(("approved",),             "active"),
    "undo_disbursement": Step(("active",),               "approved"),
}
# fmt: on
"""The steps people take before a loan lives, and back; what the days do to it stands in servicing."""


def held_loan(unit: Unit, loan_id: int) -> Loan:
    """The loan, locked to the end of the transaction; raises NotFound."""
    loan = unit.session.get(Loan, loan_id, with_for_update=True)
    if loan is None:
        raise NotFound(what="loan", id=str(loan_id))
    return loan


def check_step(loan: Loan, step: str) -> None:
    """Raises WrongStatus where the step is not possible."""
    allowed = LOAN_STEPS[step].allowed
    if loan.status not in allowed:
        raise WrongStatus(status=loan.status, allowed=", ".join(allowed), step=step)


def take_step(unit: Unit, loan: Loan, step: str, on: date, reason: str = "") -> None:
    """Move a held loan and keep who, when and why; raises WrongStatus."""
    check_step(loan, step)
    before, loan.status = loan.status, LOAN_STEPS[step].to
    keep_change(unit, loan.id, before, loan.status, on, reason)


def keep_change(unit: Unit, loan_id: int, before: str, after: str, on: date, reason: str = "") -> None:
    """A row for a person's step on a loan. Added only."""
    unit.session.add(
        StatusChange(
            id=new_id(),
            loan_id=loan_id,
            from_status=before,
            to_status=after,
            on=on,
            by=unit.user,
            reason=reason,
            recorded_at=unit.recorded_at,
        )
    )


def makers(unit: Unit, loan_id: int) -> set[str]:
    """Everybody who wrote the loan as it was put forward: recorded, amended or submitted it (制单人)."""
    c = StatusChange
    put_forward = (c.to_status == "submitted") | ((c.from_status == "returned") & (c.to_status == "returned"))
    query = select(c.by).where(c.loan_id == loan_id, put_forward)
    return set(unit.session.execute(query).scalars())
