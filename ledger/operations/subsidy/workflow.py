"""The steps that people take with a subsidy batch (贴息批次状态流转)."""

from ledger.statuses import BatchStatus as S
from ledger.statuses import BatchStep as Do
from ledger.tables.subsidies import SubsidyBatch, SubsidyChange
from ledger.workflow import Step, Workflow

OPEN = (S.DRAFT, S.RETURNED)
"""The statuses of a batch in which lines may still enter the batch."""

# The step RETURN applies to a whole batch. A batch that loses only some of its lines keeps its status.
# fmt: off
BATCH = Workflow(
    SubsidyBatch, S, begins=(S.DRAFT,), rule="4.4",
    history=lambda batch, step, columns: SubsidyChange(batch_id=batch.id, step=step, **columns),
    steps={
        Do.DRAFT:   Step(OPEN,                                  OPEN),
        Do.SUBMIT:  Step(OPEN,                                  (S.SUBMITTED,),
                         not_by=("maker",),
                         day="on",                                fills="submitted"),
        Do.APPROVE: Step((S.SUBMITTED,),                        (S.APPROVED,),
                         not_by=("maker", "submitted_by"),
                         day="on", not_before=("submitted_on",),  fills="approved"),
        Do.RETURN:  Step((S.SUBMITTED, S.APPROVED, S.VERIFIED), (S.RETURNED,),
                         day="on", not_before=("verified_on", "approved_on", "submitted_on"),
                         reason=True, clears=("submitted", "approved", "verified")),
        Do.VERIFY:  Step((S.APPROVED,),                         (S.VERIFIED,),
                         not_by=("maker", "submitted_by", "approved_by"),
                         day="on", not_before=("approved_on",),   fills="verified"),
        Do.PAY:     Step((S.VERIFIED,),                         (S.PAID,),
                         not_by=("maker", "submitted_by", "approved_by", "verified_by"),
                         day="on", not_before=("verified_on",),   fills="paid"),
    },
)
# fmt: on
