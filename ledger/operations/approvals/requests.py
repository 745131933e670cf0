"""Operations that make, approve and refuse requests which a second person decides (复核)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from moneyed import Money
from sqlalchemy import select

from ledger.errors import NotFound, RuleViolation
from ledger.ids import new_id
from ledger.money import plain
from ledger.operations.approvals.decisions import DECISIONS, Payload, Roles
from ledger.operations.approvals.workflow import REQUEST
from ledger.operations.lending.workflow import held_loan
from ledger.statuses import RequestStatus, RequestStep
from ledger.tables.loans import Approval
from ledger.unit_of_work import Unit
from ledger.workflow import take


class AlreadyPending(RuleViolation):
    code = "already_pending"
    zh = "同一事项（{kind:request}）已有待复核的申请 {found}"
    en = "the same ({kind:request}) waits for a decision already, as {found}"


@dataclass(frozen=True, slots=True)
class Asked:
    """The id of a request and its status: pending, approved or refused."""

    id: int
    status: str


def roles_of(unit: Unit, kind: str, payload: Mapping[str, Any]) -> Roles:
    """Return the roles that may make a request of this kind, and the role that decides.

    Raise NotFound or NotReversible where the request is to reverse an event that cannot be reversed by hand.
    """
    return DECISIONS[kind].roles(unit, _plain(payload))


def ask(
    unit: Unit,
    kind: str,
    payload: Mapping[str, Any],
    *,
    county: str | None = None,
    bank: str | None = None,
    loan_id: int | None = None,
    reason: str = "",
    on: date | None = None,
) -> Asked:
    """Record a request for a second person to decide, book nothing, and return the request's id and status.

    A loan that the request names is locked, and the request gets the loan's county and bank. Raise NotFound,
    FutureDate, AlreadyPending, each refusal of the kind's check, and KeyError for an unknown kind.
    """
    on = on or unit.today
    unit.not_future(on, "on")
    decision = DECISIONS[kind]
    content = _plain(payload)
    if loan_id is not None:
        loan = held_loan(unit, loan_id)
        county, bank = loan.county, loan.bank
    decides = decision.roles(unit, content).decides
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    _refuse_twice(unit, kind, loan_id if decision.of_loan else None, text)
    decision.check(unit, loan_id, content)
    approval = Approval(
        id=new_id(),
        kind=kind,
        county=county,
        bank=bank,
        loan_id=loan_id,
        role=decides.value,
        payload=text,
        reason=reason,
        status=RequestStatus.PENDING,
        made_by=unit.user,
        made_on=on,
        made_at=unit.recorded_at,
        decision="",
    )
    unit.session.add(approval)
    unit.session.flush()
    return Asked(approval.id, approval.status)


def approve(unit: Unit, approval_id: int, on: date | None = None) -> Asked:
    """Approve a request that another person made, check every rule a second time, and book.

    Raise NotFound, WrongStatus, SamePerson, FutureDate, and each refusal of the operation; a request whose approval
    raises an error stays pending.
    """
    approval = _held(unit, approval_id)
    take(unit, REQUEST, approval, RequestStep.APPROVE, on)
    DECISIONS[approval.kind].apply(unit, approval, json.loads(approval.payload))
    return Asked(approval.id, approval.status)


def refuse(unit: Unit, approval_id: int, reason: str, on: date | None = None) -> Asked:
    """Refuse a request that another person made.

    Raise NotFound, WrongStatus, SamePerson, FutureDate.
    """
    approval = _held(unit, approval_id)
    take(unit, REQUEST, approval, RequestStep.REFUSE, on, reason=reason)
    approval.decision = reason
    unit.session.flush()
    return Asked(approval.id, approval.status)


def _held(unit: Unit, approval_id: int) -> Approval:
    """Return the request with this id, locked to the end of the transaction; raise NotFound for an unknown id."""
    approval = unit.session.get(Approval, approval_id, with_for_update=True)
    if approval is None:
        raise NotFound(what="approval", id=str(approval_id))
    return approval


def _refuse_twice(unit: Unit, kind: str, loan_id: int | None, text: str) -> None:
    """Raise AlreadyPending where an equal request is pending.

    Two requests of a kind are equal when both name one loan. Where the kind is not about a loan, two requests are equal
    when their payloads are equal.
    """
    same = Approval.loan_id == loan_id if loan_id is not None else Approval.payload == text
    query = select(Approval.id).where(Approval.kind == kind, Approval.status == RequestStatus.PENDING, same)
    waiting = unit.session.execute(query).scalar()
    if waiting is not None:
        raise AlreadyPending(kind=kind, found=str(waiting))


def _plain(payload: Mapping[str, Any]) -> Payload:
    """Return a payload in a form that JSON can hold, with money, dates and decimals as text."""
    content: Payload = json.loads(json.dumps(dict(payload), default=_text))
    return content


def _text(value: object) -> str:
    if isinstance(value, Money):
        return plain(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"not a value of a payload: {value!r}")
