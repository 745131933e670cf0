"""The statuses and steps of every object that people process (状态与环节), as the database stores them."""

from enum import StrEnum


class LoanStatus(StrEnum):
    """The statuses of a loan (贷款状态)."""

    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    ACTIVE = "active"
    OVERDUE = "overdue"
    COMPENSATED = "compensated"
    WRITTEN_OFF = "written_off"
    CLOSED = "closed"


class LoanStep(StrEnum):
    """The steps that people take with a loan until its payout, and the step that returns the loan."""

    RECORD = "record"
    RETURN = "return"
    AMEND = "amend"
    RESUBMIT = "resubmit"
    APPROVE = "approve"
    DISBURSE = "disburse"
    UNDO_DISBURSEMENT = "undo_disbursement"


class ClaimStatus(StrEnum):
    """The statuses of a claim (代偿申请状态)."""

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
    """The steps that people take with a claim.

    `recover` stands for a recovery received or remitted, `undo` for the reversal of one of the claim's events.
    """

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
    """The statuses of a subsidy batch (贴息批次状态)."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    VERIFIED = "verified"
    PAID = "paid"


class BatchStep(StrEnum):
    """The steps that people take with a subsidy batch; `draft` also brings an existing draft up to date."""

    DRAFT = "draft"
    SUBMIT = "submit"
    APPROVE = "approve"
    RETURN = "return"
    VERIFY = "verify"
    PAY = "pay"


class PlanStatus(StrEnum):
    """The statuses of a fund plan (缓释金额度计划状态)."""

    DRAFT = "draft"
    APPROVED = "approved"
    APPROPRIATED = "appropriated"
    DEPOSITED = "deposited"


class PlanStep(StrEnum):
    """The steps that people take with a line of a fund plan; `reversal` undoes a step of one line."""

    APPROVAL = "approval"
    APPROPRIATION = "appropriation"
    DEPOSIT = "deposit"
    REVERSAL = "reversal"


class ReportStatus(StrEnum):
    """The statuses of a bank's issuance report (放款情况汇总表状态)."""

    DRAFT = "draft"
    SUBMITTED = "submitted"


class ReportStep(StrEnum):
    """The steps that people take with a bank's issuance report."""

    SUBMISSION = "submission"


class RequestStatus(StrEnum):
    """The statuses of a request that a second person decides (复核事项状态)."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"


class RequestStep(StrEnum):
    """The steps that a second person takes on a first person's request."""

    APPROVE = "approve"
    REFUSE = "refuse"


class SheetStatus(StrEnum):
    """The statuses of an imported sheet (导入批次状态); see docs/imports.md.

    A sheet that is only checked and not booked has the status `trying`, then `checked`.
    """

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
    """The steps of an imported sheet: checking and booking by the program, then the decision of the second person."""

    CHECK = "check"
    OPEN = "open"
    BOOK = "book"
    FINISH = "finish"
    FAIL = "fail"
    APPROVE = "approve"
    REJECT = "reject"
