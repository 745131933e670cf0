"""Requests that wait for a second person, and requests that were decided (复核)."""

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
    """A request of one person that another person decides on (复核); `payload` is the content of the request."""

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
    """Return a query for requests by status, kind and loan; a read session limits the query to its user's scope."""
    query = select(Approval)
    for column, value in ((Approval.status, status), (Approval.kind, kind), (Approval.loan_id, loan_id)):
        if value is not None:
            query = query.where(column == value)
    return query


def waiting_for(query: Select[Approval], user: str, role: str) -> Select[Approval]:
    """Limit a query to the requests that a user may decide: pending, for the user's role, made by another user."""
    return query.where(Approval.status == RequestStatus.PENDING, Approval.role == role, Approval.made_by != user)


def shown(_session: Session, rows: Sequence[Approval]) -> list[ApprovalShown]:
    """Return approval requests in the form that is shown to users."""
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
