"""The steps that people take with a loan until the payout, and the steps that return a loan (状态流转).

After the payout the loan's status follows its repayments and its dates, see `operations/servicing`.
"""

from sqlalchemy import select

from ledger.errors import NotFound
from ledger.statuses import LoanStatus as S
from ledger.statuses import LoanStep as Do
from ledger.tables.loans import Loan, StatusChange
from ledger.unit_of_work import Unit
from ledger.workflow import Step, Workflow


def held_loan(unit: Unit, loan_id: int) -> Loan:
    """Return the loan with this id, locked to the end of the transaction; raise NotFound where no loan has the id."""
    loan = unit.session.get(Loan, loan_id, with_for_update=True)
    if loan is None:
        raise NotFound(what="loan", id=str(loan_id))
    return loan


def makers(unit: Unit, loan: Loan) -> set[str]:
    """Return the users who recorded, amended or submitted a loan (制单人); no maker may approve the loan."""
    c = StatusChange
    put_forward = (c.to_status == S.SUBMITTED) | ((c.from_status == S.RETURNED) & (c.to_status == S.RETURNED))
    query = select(c.by).where(c.loan_id == loan.id, put_forward)
    return set(unit.session.execute(query).scalars())


# fmt: off
LOAN = Workflow(
    Loan, S, begins=(S.SUBMITTED, S.ACTIVE),  # A loan that renews an older loan begins as active.
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
