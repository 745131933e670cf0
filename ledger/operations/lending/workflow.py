"""The steps people take with a loan before it is paid out, and back (状态流转); its days do the rest in servicing."""

from sqlalchemy import select

from ledger.errors import NotFound
from ledger.statuses import LoanStatus as S
from ledger.statuses import LoanStep as Do
from ledger.tables.loans import Loan, StatusChange
from ledger.unit_of_work import Unit
from ledger.workflow import Step, Workflow


def held_loan(unit: Unit, loan_id: int) -> Loan:
    """The loan, locked to the end of the transaction; raises NotFound."""
    loan = unit.session.get(Loan, loan_id, with_for_update=True)
    if loan is None:
        raise NotFound(what="loan", id=str(loan_id))
    return loan


def makers(unit: Unit, loan: Loan) -> set[str]:
    """Everybody who wrote the loan as it was put forward: recorded, amended or submitted it (制单人)."""
    c = StatusChange
    put_forward = (c.to_status == S.SUBMITTED) | ((c.from_status == S.RETURNED) & (c.to_status == S.RETURNED))
    query = select(c.by).where(c.loan_id == loan.id, put_forward)
    return set(unit.session.execute(query).scalars())


# fmt: off
LOAN = Workflow(
    Loan, S, begins=(S.SUBMITTED, S.ACTIVE),  # active: a renewal, approved with the loan it takes over
    history=lambda loan, step, columns: StatusChange(loan_id=loan.id, **columns),
    steps={
        Do.RETURN:            Step((S.SUBMITTED, S.APPROVED), (S.RETURNED,),
                                   day="on", reason=True, clears=("approved",)),
        Do.AMEND:             Step((S.RETURNED,),             (S.RETURNED,),
                                   day="on"),
        Do.RESUBMIT:          Step((S.RETURNED,),             (S.SUBMITTED,),
                                   day="on"),
        Do.APPROVE:           Step((S.SUBMITTED,),            (S.APPROVED,),
                                   not_by=makers, day="on", fills="approved"),
        Do.DISBURSE:          Step((S.APPROVED,),             (S.ACTIVE,),
                                   not_by=("approved_by",), day="disbursed_on", fills="disbursed"),
        Do.UNDO_DISBURSEMENT: Step((S.ACTIVE,),               (S.APPROVED,),
                                   clears=("disbursed",)),
    },
)
# fmt: on
