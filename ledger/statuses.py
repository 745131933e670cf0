"""The statuses and steps of every object that people move (状态与环节): the words stored, each in one place."""

from enum import StrEnum


class LoanStatus(StrEnum):
    """贷款状态."""

    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    ACTIVE = "active"
    OVERDUE = "overdue"
    COMPENSATED = "compensated"
    WRITTEN_OFF = "written_off"
    CLOSED = "closed"


class LoanStep(StrEnum):
    """What people do with a loan before it is paid out, and the way back."""

    RECORD = "record"
    RETURN = "return"
    AMEND = "amend"
    RESUBMIT = "resubmit"
    APPROVE = "approve"
    DISBURSE = "disburse"
    UNDO_DISBURSEMENT = "undo_disbursement"


class ClaimStatus(StrEnum):
    """代偿申请状态."""

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
    """What people do with a claim. `recover` is a receipt or its remittance, `undo` a reversal of one of its events."""

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
    """贴息批次状态."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    VERIFIED = "verified"
    PAID = "paid"


class BatchStep(StrEnum):
    """What people do with a subsidy batch. `draft` also brings a draft up to date."""

    DRAFT = "draft"
    SUBMIT = "submit"
    APPROVE = "approve"
    RETURN = "return"
    VERIFY = "verify"
    PAY = "pay"


class PlanStatus(StrEnum):
    """缓释金额度计划状态."""

    DRAFT = "draft"
    APPROVED = "approved"
    APPROPRIATED = "appropriated"
    DEPOSITED = "deposited"


class PlanStep(StrEnum):
    """What people do with a fund plan, line by line. `reversal` takes back a step of one line."""

    APPROVAL = "approval"
    APPROPRIATION = "appropriation"
    DEPOSIT = "deposit"
    REVERSAL = "reversal"


class ReportStatus(StrEnum):
    """放款情况汇总表状态."""

    DRAFT = "draft"
    SUBMITTED = "submitted"


class ReportStep(StrEnum):
    """What people do with a bank's issuance report."""

    SUBMISSION = "submission"


class RequestStatus(StrEnum):
    """复核事项状态."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"


class RequestStep(StrEnum):
    """What the second person does with what the first one asked for."""

    APPROVE = "approve"
    REFUSE = "refuse"


class SheetStatus(StrEnum):
    """导入批次状态. A sheet that is only tried is `trying`, then `checked`; see docs/imports.md."""

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
    """What happens to an imported sheet: its own progress first, then the second person's two steps."""

    CHECK = "check"
    OPEN = "open"
    BOOK = "book"
    FINISH = "finish"
    FAIL = "fail"
    APPROVE = "approve"
    REJECT = "reject"
