"""The statuses and steps (状态与环节) of loans, claims, batches, plans, reports, requests and sheets, as stored."""

from enum import StrEnum


class LoanStatus(StrEnum):
    """贷款状态: the statuses of a loan."""

    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    ACTIVE = "active"
    OVERDUE = "overdue"
    COMPENSATED = "compensated"
    WRITTEN_OFF = "written_off"
    CLOSED = "closed"


class LoanStep(StrEnum):
    """The steps of a loan before it is paid out, and the steps back."""

    RECORD = "record"
    RETURN = "return"
    AMEND = "amend"
    RESUBMIT = "resubmit"
    APPROVE = "approve"
    DISBURSE = "disburse"
    UNDO_DISBURSEMENT = "undo_disbursement"


class ClaimStatus(StrEnum):
    """代偿申请状态: the statuses of a claim."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    RETURNED = "returned"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    RECOVERING = "recovering"
    CLOSED = "closed"


class ClaimStep(StrEnum):
    """The steps of a claim; `recover` is a recovery or its remittance, `undo` the reversal of an event of the claim."""

    DRAFT = "draft"
    SUBMIT = "submit"
    REVIEW = "review"
    APPROVE = "approve"
    RETURN = "return"
    PAY = "pay"
    RECOVER = "recover"
    CLOSE = "close"
    UNDO = "undo"


class BatchStatus(StrEnum):
    """贴息批次状态: the statuses of a subsidy batch."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    VERIFIED = "verified"
    PAID = "paid"


class BatchStep(StrEnum):
    """The steps of a subsidy batch; `draft` also stands for the refresh of a draft."""

    DRAFT = "draft"
    SUBMIT = "submit"
    APPROVE = "approve"
    RETURN = "return"
    VERIFY = "verify"
    PAY = "pay"


class PlanStatus(StrEnum):
    """缓释金额度计划状态: the statuses of a fund plan."""

    DRAFT = "draft"
    APPROVED = "approved"
    APPROPRIATED = "appropriated"
    DEPOSITED = "deposited"


class PlanStep(StrEnum):
    """The steps of a fund plan, line by line; `reversal` undoes a step of one line."""

    APPROVAL = "approval"
    APPROPRIATION = "appropriation"
    DEPOSIT = "deposit"
    REVERSAL = "reversal"


class ReportStatus(StrEnum):
    """放款情况汇总表状态: the statuses of a bank's issuance report."""

    DRAFT = "draft"
    SUBMITTED = "submitted"


class ReportStep(StrEnum):
    """The steps of a bank's issuance report."""

    SUBMISSION = "submission"


class RequestStatus(StrEnum):
    """复核事项状态: the statuses of a request that a second person decides."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"


class RequestStep(StrEnum):
    """The decisions of a second person about a request."""

    APPROVE = "approve"
    REFUSE = "refuse"


class SheetStatus(StrEnum):
    """导入批次状态: the statuses of a sheet; a trial without booking is `trying`, then `checked` (docs/imports.md)."""

    TRYING = "trying"
    CHECKED = "checked"
    CHECKING = "checking"
    BOOKING = "booking"
    BOOKED = "booked"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    APPROVED = "approved"
    REJECTED = "rejected"


class SheetStep(StrEnum):
    """The steps of an imported sheet: the steps of the import first, then the two decisions of a second person."""

    CHECK = "check"
    OPEN = "open"
    BOOK = "book"
    FINISH = "finish"
    FAIL = "fail"
    APPROVE = "approve"
    REJECT = "reject"
