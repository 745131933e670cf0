"""The steps that people take with a fund plan (缓释金额度计划) and with an issuance report (放款情况汇总表)."""

from ledger.statuses import PlanStatus as P
from ledger.statuses import PlanStep, ReportStatus, ReportStep
from ledger.tables.fund import FundPlan, IssuanceReport
from ledger.workflow import Step, Workflow

_ANY = tuple(P)

# Every line of a plan takes its steps separately, for the amount of the line's previous step. A plan that is not
# wholly approved can therefore be deposited in part. The history of a plan is one FundPlanStep per line and step.
# fmt: off
PLAN = Workflow(
    FundPlan, P, begins=(P.DRAFT,),
    replaced=lambda plan: None if plan.live else "replaced",
    steps={
        PlanStep.APPROVAL:      Step((P.DRAFT,),                             _ANY, not_by=("made_by",), day="on",
                                     not_before=("made_on",)),
        PlanStep.APPROPRIATION: Step((P.DRAFT, P.APPROVED),                  _ANY, day="on"),
        PlanStep.DEPOSIT:       Step((P.DRAFT, P.APPROVED, P.APPROPRIATED),  _ANY, day="on"),
        PlanStep.REVERSAL:      Step(_ANY,                                   _ANY),
    },
)

REPORT = Workflow(
    IssuanceReport, ReportStatus, begins=(ReportStatus.DRAFT,),
    steps={
        ReportStep.SUBMISSION: Step((ReportStatus.DRAFT,), (ReportStatus.SUBMITTED,),
                                    not_by=("made_by",), day="on", not_before=("made_on",), fills="submitted"),
    },
)
# fmt: on
