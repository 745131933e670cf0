"""The steps by which a second person decides a request (复核): approve or refuse."""

from ledger.statuses import RequestStatus as S
from ledger.statuses import RequestStep as Do
from ledger.tables.loans import Approval
from ledger.workflow import Step, Workflow

# fmt: off
REQUEST = Workflow(
    Approval, S, begins=(S.PENDING,), names_step=False,
    steps={
        Do.APPROVE: Step((S.PENDING,), (S.APPROVED,), not_by=("made_by",),
                         day="on", not_before=("made_on",), fills="decided"),
        Do.REFUSE:  Step((S.PENDING,), (S.REFUSED,),  not_by=("made_by",),
                         day="on", not_before=("made_on",), fills="decided", reason=True),
    },
)
# fmt: on
