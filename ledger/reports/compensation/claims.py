"""Reports of the current claims and recoveries, with their amounts, steps and pending requests."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ledger.database import among, table_of
from ledger.money import NIL, Fen
from ledger.policy import compensation
from ledger.policy.schemes import Scheme
from ledger.queries import claims_owed, reference
from ledger.queries.claims_owed import UNPAID, Allotted, frozen_of, net_of
from ledger.statuses import ClaimStatus, RequestStatus
from ledger.tables.claims import Claim, ClaimChange, Recovery
from ledger.tables.loans import Approval, Loan

_PUT_FORWARD = (ClaimStatus.DRAFT, ClaimStatus.SUBMITTED, ClaimStatus.REVIEWED, ClaimStatus.RETURNED)


@dataclass(frozen=True, slots=True)
class StepShown:
    """A step taken on a claim; `amount` is the money paid, reversed or received, in fen."""

    step: str
    from_status: str
    to_status: str
    on: date
    by: str
    reason: str
    amount: Fen
    event_id: int | None
    recorded_at: int


@dataclass(frozen=True, slots=True)
class WaitingShown:
    """A request about a claim that waits for a second person's decision."""

    id: int
    kind: str
    made_by: str
    made_on: date
    reason: str


@dataclass(frozen=True, slots=True)
class ClaimShown:
    """A claim (代偿申请) in whole fen; `approved` is the fund's part of the claimed total, once the claim is approved.

    The city and the county bear the net loss together. `county_share_due` is the part of the loss that the county owes
    to the fund account, and `county_share_paid` is the part already paid.
    """

    id: int
    loan_id: int
    contract_no: str
    county: str
    bank: str
    claimed_on: date
    cause: str
    documents: tuple[str, ...]
    status: str
    principal: Fen
    interest: Fen
    total: Fen
    approved: Fen
    paid: Fen
    queued: Fen
    received: Fen
    returned: Fen
    net_loss: Fen
    city_share: Fen
    county_share: Fen
    county_share_due: Fen
    county_share_paid: Fen
    insurer_paid: Fen
    insurer_expected: Fen
    drafted_by: str
    drafted_on: date
    submitted_by: str | None
    submitted_on: date | None
    reviewed_by: str | None
    reviewed_on: date | None
    approved_by: str | None
    approved_on: date | None
    queued_on: date | None
    closed_on: date | None
    return_reason: str | None
    steps: tuple[StepShown, ...]
    pending: tuple[WaitingShown, ...]


def chosen(
    *, county: str | None = None, bank: str | None = None, status: str | None = None, loan_id: int | None = None
) -> Select[Claim]:
    """Return an unsorted query for claims by filters."""
    query = select(Claim)
    for column, value in (
        (Claim.county, county),
        (Claim.bank, bank),
        (Claim.status, status),
        (Claim.loan_id, loan_id),
    ):
        if value is not None:
            query = query.where(column == value)
    return query


def shown(session: Session, claims: Sequence[Claim]) -> list[ClaimShown]:
    """Return claims with their current figures; the number of queries does not grow with the number of claims."""
    owed = claims_owed.owed(session.connection(), [claim for claim in claims if _queues(claim)])
    shares = claims_owed.allotted(session, {(claim.county, claim.bank) for claim in claims if net_of(claim)})
    loans = _loans(session, claims)
    steps, waiting = _steps(session, claims), _waiting(session, claims)
    return [
        _one(
            claim,
            *loans[claim.loan_id],
            owed[claim.id].total if claim.id in owed else NIL,
            shares.get(claim.id, Allotted(NIL, NIL)),
            tuple(steps.get(claim.id, ())),
            tuple(waiting.get(claim.id, ())),
        )
        for claim in claims
    ]


def _queues(claim: Claim) -> bool:
    return claim.queued_on is not None and claim.status in UNPAID


def _one(
    claim: Claim,
    contract_no: str,
    scheme: Scheme,
    queued: Fen,
    share: Allotted,
    steps: tuple[StepShown, ...],
    pending: tuple[WaitingShown, ...],
) -> ClaimShown:
    frozen, net = frozen_of(claim), net_of(claim)
    borne = compensation.borne(scheme, net)
    asked = compensation.fund_part(frozen, claim.share).total
    return ClaimShown(
        id=claim.id,
        loan_id=claim.loan_id,
        contract_no=contract_no,
        county=claim.county,
        bank=claim.bank,
        claimed_on=claim.claimed_on,
        cause=claim.cause,
        documents=tuple(json.loads(claim.documents)),
        status=claim.status,
        principal=frozen.principal,
        interest=frozen.interest,
        total=frozen.total,
        approved=NIL if claim.status in _PUT_FORWARD else asked,
        paid=Fen(claim.paid_principal + claim.paid_interest),
        queued=queued,
        received=Fen(claim.received),
        returned=Fen(claim.returned),
        net_loss=net,
        city_share=borne.city,
        county_share=borne.county,
        county_share_due=share.due,
        county_share_paid=share.paid,
        insurer_paid=Fen(claim.insurer_paid),
        insurer_expected=Fen(claim.insurer_expected),
        drafted_by=claim.drafted_by,
        drafted_on=claim.drafted_on,
        submitted_by=claim.submitted_by,
        submitted_on=claim.submitted_on,
        reviewed_by=claim.reviewed_by,
        reviewed_on=claim.reviewed_on,
        approved_by=claim.approved_by,
        approved_on=claim.approved_on,
        queued_on=claim.queued_on,
        closed_on=claim.closed_on,
        return_reason=claim.return_reason,
        steps=steps,
        pending=pending,
    )


def _loans(session: Session, claims: Sequence[Claim]) -> dict[int, tuple[str, Scheme]]:
    wanted = among(session.connection(), table_of(Loan).c.id, {claim.loan_id for claim in claims})
    query = select(Loan.id, Loan.contract_no, Loan.scheme, Loan.scheme_version).where(wanted)
    return {
        row.id: (row.contract_no, reference.scheme_of(session, row.scheme, row.scheme_version))
        for row in session.execute(query)
    }


def _steps(session: Session, claims: Sequence[Claim]) -> dict[int, list[StepShown]]:
    of_these = among(session.connection(), table_of(ClaimChange).c.claim_id, [claim.id for claim in claims])
    found: dict[int, list[StepShown]] = {}
    for row in session.execute(select(ClaimChange).where(of_these).order_by(ClaimChange.id)).scalars():
        found.setdefault(row.claim_id, []).append(
            StepShown(
                row.step,
                row.from_status,
                row.to_status,
                row.on,
                row.by,
                row.reason,
                Fen(row.fen),
                row.event_id,
                row.recorded_at,
            )
        )
    return found


def _waiting(session: Session, claims: Sequence[Claim]) -> dict[int, list[WaitingShown]]:
    """Return the pending requests to close the claims' recourse, by claim id."""
    of_these = among(session.connection(), table_of(Approval).c.loan_id, {claim.loan_id for claim in claims})
    query = select(Approval).where(of_these, Approval.kind == "claim_closing", Approval.status == RequestStatus.PENDING)
    found: dict[int, list[WaitingShown]] = {}
    for row in session.execute(query.order_by(Approval.id)).scalars():
        claim_id = int(json.loads(row.payload)["claim_id"])
        waiting = WaitingShown(row.id, row.kind, row.made_by, row.made_on, row.reason)
        found.setdefault(claim_id, []).append(waiting)
    return found


@dataclass(frozen=True, slots=True)
class RecoveryShown:
    """A recovery (追回款) in whole fen; `to_fund` must be remitted to the fund account on or before `remit_by` (6.6).

    `remit_provisional` is true if `remit_by` is in a year whose working-day calendar is not published yet.
    """

    id: int
    loan_id: int
    claim_id: int
    amount: Fen
    to_fund: Fen
    retained: Fen
    received_on: date
    receipt_no: str
    recorded_by: str
    remit_by: date
    remit_provisional: bool
    remitted_on: date | None
    remitted_by: str | None
    status: str


def recoveries(session: Session, rows: Sequence[Recovery]) -> list[RecoveryShown]:
    """Return recoveries with their status: received, remitted, retained (kept in full by the bank) or reversed."""
    calendar = reference.work_calendar(session)
    return [
        RecoveryShown(
            row.id,
            row.loan_id,
            row.claim_id,
            Fen(row.fen),
            Fen(row.to_fund),
            Fen(row.fen - row.to_fund),
            row.received_on,
            row.receipt_no,
            row.recorded_by,
            row.remit_by,
            calendar.is_provisional(row.remit_by),
            row.remitted_on,
            row.remitted_by,
            _status(row),
        )
        for row in rows
    ]


def _status(row: Recovery) -> str:
    if not row.live:
        return "reversed"
    if row.remitted_on is not None:
        return "remitted"
    return "received" if row.to_fund else "retained"
