"""The job `interest`: posts all interest bills and loan transitions that are due on or before the business date."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from jobs.job import Job, Step
from ledger.dates import DAY, settlements
from ledger.operations.servicing import due
from ledger.operations.servicing.run import run_to
from ledger.unit_of_work import Unit


def loans_due(session: Session, step: Step, after: int, limit: int, *, matured: bool = False) -> Sequence[int]:
    """Return at most `limit` ids of loans with an interest bill or transition due on or before the step's date.

    The ids are greater than `after` and in ascending order. If `matured` is true, only loans past their due dates are
    returned.
    """
    at_once = loans_at_once(session, step, limit)
    return due.loans_due(session, step.scope, step.on, after, at_once, matured=matured)


def loans_at_once(session: Session, step: Step, limit: int) -> int:
    """Return how many loans one transaction processes, so that the transaction posts about `limit` interest bills.

    The more quarters of interest bills are missing, the fewer loans one transaction processes. A run that catches up on
    several years therefore needs no more memory than a run for one quarter, and locks rows for no longer time.
    """
    earliest = due.earliest_step(session, step.scope) or step.on
    quarters = sum(1 for _ in settlements(earliest - DAY, step.on))
    return max(1, limit // max(1, quarters))


def post_due(unit: Unit, step: Step, loans: Sequence[int]) -> None:
    """Post all interest bills, applied credit and transitions due on or before the step's date, in date order."""
    run_to(unit, loans, step.on)


INTEREST = Job(
    name="interest",
    zh="结息：逐笔把贷款推进到业务日（结息单、暂收款抵扣、逾期结转，按日期先后）",
    en="settlement lines and what follows on them, every loan's life in date order up to the business date",
    due=due.scopes_due,
    items=loans_due,
    work=post_due,
)
