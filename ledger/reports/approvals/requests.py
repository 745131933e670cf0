"""What waits for a second person, and what became of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ledger.statuses import RequestStatus
from ledger.tables.loans import Approval


@dataclass(frozen=True, slots=True)
class ApprovalShown:
    """Something one person recorded for another to put in force (复核); `payload` is what was asked."""

    id: int
    kind: str
    county: str | None
    bank: str | None
    loan_id: int | None
    role: str
    payload: Mapping[str, Any]
    reason: str
    status: str
    made_by: str
    made_on: date
    decided_by: str | None
    decided_on: date | None
    decision: str


def chosen(*, status: str | None = None, kind: str | None = None, loan_id: int | None = None) -> Select[Approval]:
    """Approvals by what is asked for; an ORM select, kept to its scope by a reading session."""
    query = select(Approval)
    for column, value in ((Approval.status, status), (Approval.kind, kind), (Approval.loan_id, loan_id)):
        if value is not None:
            query = query.where(column == value)
    return query


def waiting_for(query: Select[Approval], user: str, role: str) -> Select[Approval]:
    """Of these what waits for a person: pending, theirs to decide by role, recorded by somebody else."""
    return query.where(Approval.status == RequestStatus.PENDING, Approval.role == role, Approval.made_by != user)


def shown(_session: Session, rows: Sequence[Approval]) -> list[ApprovalShown]:
    """Approvals as they are shown."""
    return [
        ApprovalShown(
            row.id,
            row.kind,
            row.county,
            row.bank,
            row.loan_id,
            row.role,
            json.loads(row.payload),
            row.reason,
            row.status,
            row.made_by,
            row.made_on,
            row.decided_by,
            row.decided_on,
            row.decision,
        )
        for row in rows
    ]
