"""The way of an imported sheet (导入批次状态流转): its own progress, then the second person's word on it."""

from ledger.statuses import SheetStatus as S
from ledger.statuses import SheetStep as Do
from ledger.tables.work import Import
from ledger.workflow import Step, Workflow

UNFINISHED = (S.CHECKING, S.BOOKING)
"""Statuses of a sheet that is being booked, or was cut off."""

_GOING = (*UNFINISHED, S.BOOKED, S.UNCHANGED)
"""The statuses of a sheet that one person sends twice at once: the other one may be quicker."""

# fmt: off
SHEET = Workflow(
    Import, S, begins=(S.TRYING, *UNFINISHED), names_step=False,
    steps={
        Do.CHECK:   Step((S.TRYING, S.CHECKING),   (S.CHECKED, S.UNCHANGED)),  # nothing is to be booked of it
        Do.OPEN:    Step(_GOING,                   (S.BOOKING,)),
        Do.BOOK:    Step(_GOING,                   _GOING),
        Do.FINISH:  Step(_GOING,                   (S.BOOKED, S.UNCHANGED)),
        Do.FAIL:    Step((S.TRYING, *UNFINISHED),  (S.FAILED,)),
        Do.APPROVE: Step((S.BOOKED,),              (S.APPROVED,),
                         not_by=("made_by",), day="on", fills="decided"),
        Do.REJECT:  Step((S.BOOKED, S.BOOKING),    (S.REJECTED,),
                         not_by=("made_by",), day="on", fills="decided", reason=True),
    },
)
# fmt: on
