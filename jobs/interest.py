"""`interest`: run every loan to the business date: interest bills and what follows from them."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from jobs.job import Job, Step
from ledger.dates import DAY, settlements
from ledger.operations.servicing import due
from ledger.operations.servicing.run import run_to
from ledger.unit_of_work import Unit


def loans_due(session: Session, step: Step, after: int, limit: int, *, matured: bool = False) -> Sequence[int]:
    """Loans of the step with a line or transition on or before its date, as many as one transaction takes."""
    at_once = loans_at_once(session, step, limit)
    return due.loans_due(session, step.scope, step.on, after, at_once, matured=matured)


def loans_at_once(session: Session, step: Step, limit: int) -> int:
    """The more quarters loans are behind, the fewer of them: a transaction holds about `limit` lines.

    So a run that catches up on years needs no more memory, and holds others up no longer, than a quarter's.
    """
    earliest = due.earliest_step(session, step.scope) or step.on
    quarters = sum(1 for _ in settlements(earliest - DAY, step.on))
    return max(1, limit // max(1, quarters))


def carry_on(unit: Unit, step: Step, loans: Sequence[int]) -> None:
    """Post every line, applied credit and transition of these loans up to the step's date, in date order."""
    run_to(unit, loans, step.on)


INTEREST = Job(
    name="interest",
    zh="结息：逐笔把贷款推进到业务日（结息单、暂收款抵扣、逾期结转，按日期先后）",
    en="settlement lines and what follows on them, every loan's life in date order up to the business date",
    due=due.scopes_due,
    items=loans_due,
    work=carry_on,
)
