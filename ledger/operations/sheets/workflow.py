"""The statuses of an imported sheet (导入批次状态流转): its booking, and its review by a second person."""

from ledger.statuses import SheetStatus as S
from ledger.statuses import SheetStep as Do
from ledger.tables.work import Import
from ledger.workflow import Step, Workflow

UNFINISHED = (S.CHECKING, S.BOOKING)
"""The statuses of a sheet that is being booked, or whose booking was interrupted."""

_GOING = (*UNFINISHED, S.BOOKED, S.UNCHANGED)
"""Statuses that an import may already have when its importer has sent the sheet twice at the same time."""

# fmt: off
SHEET = Workflow(
    Import, S, begins=(S.TRYING, *UNFINISHED), names_step=False,
    steps={
        Do.CHECK:   Step((S.TRYING, S.CHECKING),   (S.CHECKED, S.UNCHANGED)),  # The sheet has no row to book.
        Do.OPEN:    Step(_GOING,                   (S.BOOKING,)),
        Do.BOOK:    Step(_GOING,                   _GOING),
        Do.FINISH:  Step(_GOING,                   (S.BOOKED, S.UNCHANGED)),
        Do.FAIL:    Step((S.TRYING, *UNFINISHED),  (S.FAILED,)),
        Do.APPROVE: Step((S.BOOKED,),              (S.APPROVED,),
                         not_by=("made_by",), day="on", not_before=("made_on",), fills="decided"),
        Do.REJECT:  Step((S.BOOKED, S.BOOKING),    (S.REJECTED,),
                         not_by=("made_by",), day="on", not_before=("made_on",), fills="decided", reason=True),
    },
)
# fmt: on
