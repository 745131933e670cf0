"""Queries of repayments (还款), with the amounts of interest and principal that each repayment paid."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import journal
from ledger.events import RepaymentReceived
from ledger.money import NIL, Fen
from ledger.tables.loans import Repayment


@dataclass(frozen=True, slots=True)
class RepaymentShown:
    """A repayment and the amounts that it paid, in fen; all paid amounts of a reversed repayment are zero."""

    id: int
    receipt_no: str
    amount: Fen
    paid_on: date
    received_on: date | None
    channel: str
    surplus: str
    payer: str
    recorded_by: str
    event_id: int
    live: bool
    import_id: int | None
    applied: Mapping[str, Fen]


def repayments_of(session: Session, loan_id: int) -> list[RepaymentShown]:
    """Return a loan's repayments in the order of days, including reversed ones, with two queries."""
    query = select(Repayment).where(Repayment.loan_id == loan_id).order_by(Repayment.paid_on, Repayment.id)
    rows = session.execute(query).scalars().all()
    events = journal.stored_events(session.connection(), [row.event_id for row in rows if row.live])
    found = []
    for row in rows:
        event = events.get(row.event_id)
        assert event is None or isinstance(event, RepaymentReceived)
        found.append(
            RepaymentShown(
                row.id,
                row.receipt_no,
                Fen(row.fen),
                row.paid_on,
                row.received_on,
                row.channel,
                row.surplus,
                row.payer,
                row.recorded_by,
                row.event_id,
                bool(row.live),
                row.import_id,
                dict.fromkeys(_PARTS, NIL) if event is None else applied_by(event),
            )
        )
    return found


_PARTS = ("contract_interest", "compound_interest", "penalty_interest", "principal", "credit", "written_off")


def applied_by(event: RepaymentReceived) -> dict[str, Fen]:
    """Return the amounts in fen that a repayment paid, by part of the debt: interest, principal, credit and so on."""
    compound = sum(row.compound for row in event.applied)
    paid = (
        event.interest,
        compound,
        event.charges - compound,
        event.principal + event.overdue_principal,
        event.credit,
        event.loss,
    )
    return dict(zip(_PARTS, map(Fen, paid), strict=True))
