"""The steps people take with a fund plan (缓释金额度计划) and with a bank's issuance report (放款情况汇总表)."""

from ledger.statuses import PlanStatus as P
from ledger.statuses import PlanStep, ReportStatus, ReportStep
from ledger.tables.fund import FundPlan, IssuanceReport
from ledger.workflow import Step, Workflow

_ANY = tuple(P)

# A step acts on the amounts which the step before reached, line by line: a plan still on its way to "approved" may be
# deposited in part, and its lines decide how far it has come. The history is a FundPlanStep for each line.
# fmt: off
PLAN = Workflow(
    FundPlan, P, begins=(P.DRAFT,),
    replaced=lambda plan: None if plan.live else "replaced",
    steps={
        PlanStep.APPROVAL:      Step((P.DRAFT,),                             _ANY, not_by=("made_by",), day="on"),
        PlanStep.APPROPRIATION: Step((P.DRAFT, P.APPROVED),                  _ANY, day="on"),
        PlanStep.DEPOSIT:       Step((P.DRAFT, P.APPROVED, P.APPROPRIATED),  _ANY, day="on"),
        PlanStep.REVERSAL:      Step(_ANY,                                   _ANY),
    },
)

REPORT = Workflow(
    IssuanceReport, ReportStatus, begins=(ReportStatus.DRAFT,),
    steps={
        ReportStep.SUBMISSION: Step((ReportStatus.DRAFT,), (ReportStatus.SUBMITTED,),
                                    not_by=("made_by",), day="on", fills="submitted"),
    },
)
# fmt: on
