"""The steps that people take with a claim (代偿状态流转), and the queries that these steps share."""

from sqlalchemy import select

from ledger.chart import Kind, book_of
from ledger.errors import NotFound
from ledger.operations.servicing import load
from ledger.policy.schemes import Scheme
from ledger.queries import reference
from ledger.statuses import ClaimStatus as S
from ledger.statuses import ClaimStep as Do
from ledger.tables.claims import Claim, ClaimChange
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit
from ledger.workflow import BeforeEarlierStep, Step, Workflow


class BeforeClaimStep(BeforeEarlierStep):
    code = "before_claim_step"
    zh = "日期 {found} 早于该代偿申请上一环节的日期 {limit}"
    en = "{found} lies before the claim's step it follows, of {limit}"


def held_claim(unit: Unit, claim_id: int) -> Claim:
    """Return a claim after locking its loan and then the claim to the end of the transaction. Raise NotFound."""
    loan_id = unit.session.execute(select(Claim.loan_id).where(Claim.id == claim_id)).scalar()
    if loan_id is None:
        raise NotFound(what="claim", id=str(claim_id))
    load.lock(unit, [loan_id])
    return unit.session.get_one(Claim, claim_id, with_for_update=True, populate_existing=True)


def live_claim(unit: Unit, loan_id: int) -> Claim | None:
    """Return the loan's current claim, locked, or None; the caller has locked the loan."""
    query = select(Claim).where(Claim.loan_id == loan_id, Claim.live.is_(True)).with_for_update()
    return unit.session.execute(query.execution_options(populate_existing=True)).scalar()


def _books(claim: Claim) -> list[str]:
    """Return the books in which a claim payment is posted; every operation locks the books before the fund account."""
    return [book_of(kind, bank=claim.bank, county=claim.county) for kind in (Kind.FUND, Kind.LOAN)]


_PAID = (S.PARTLY_PAID, S.PAID, S.RECOVERING)
_ENDED = (*_PAID, S.CLOSED)

# The step `recover` leaves a closed claim closed: a recovery for the bank alone can still be recorded.
# fmt: off
CLAIM = Workflow(
    Claim, S, begins=(S.DRAFT,), early=BeforeClaimStep, rule="6.8",
    replaced=lambda claim: None if claim.live else claim.status,
    history=lambda claim, step, columns: ClaimChange(**{"claim_id": claim.id, "step": step, "fen": 0, **columns}),
    steps={
        Do.SUBMIT:  Step((S.DRAFT, S.RETURNED),                (S.SUBMITTED,),
                         not_by=("drafted_by",),
                         day="on", not_before=("claimed_on",),   fills="submitted"),
        Do.REVIEW:  Step((S.SUBMITTED,),                       (S.REVIEWED,),
                         not_by=("drafted_by", "submitted_by"),
                         day="on", not_before=("submitted_on",), fills="reviewed"),
        Do.APPROVE: Step((S.REVIEWED,),                        (S.APPROVED,),
                         not_by=("drafted_by", "submitted_by", "reviewed_by"),
                         day="on", not_before=("reviewed_on",),  fills="approved"),
        Do.RETURN:  Step((S.SUBMITTED, S.REVIEWED, S.APPROVED), (S.RETURNED,),
                         day="on", not_before=("approved_on", "reviewed_on", "submitted_on"),
                         reason=True, clears=("submitted", "reviewed", "approved")),
        Do.PAY:     Step((S.APPROVED, S.PARTLY_PAID),          (S.APPROVED, *_PAID),
                         not_by=("drafted_by", "submitted_by", "reviewed_by", "approved_by"),
                         day="on", not_before=("approved_on",),  books=_books),
        Do.RECOVER: Step(_ENDED,                               _ENDED),
        Do.CLOSE:   Step((S.PAID, S.RECOVERING),               (S.CLOSED,),
                         day="on", not_before=("approved_on",)),
        Do.UNDO:    Step(_ENDED,                               (S.APPROVED, *_PAID)),
    },
)
# fmt: on


def scheme_of(unit: Unit, loan_id: int) -> Scheme:
    """Return the scheme version under which the loan was signed."""
    signed = unit.session.execute(select(Loan.scheme, Loan.scheme_version).where(Loan.id == loan_id)).one()
    return reference.scheme_of(unit.session, signed.scheme, signed.scheme_version)
