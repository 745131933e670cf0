"""The views of the interest subsidy (贴息): batches from draft to payment, public lists, claw-backs and the report."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from moneyed import Money
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.core import edge
from api.core.paging import Listing
from api.core.routes import Blueprint
from api.core.shapes import OnBody
from api.subsidy.shapes import (
    BatchAnswer,
    BatchApprovalBody,
    BatchBody,
    BatchDetailAnswer,
    BatchQuery,
    BatchReturnBody,
    ClawbackAnswer,
    ClawbackQuery,
    ClawbackReceiptBody,
    PublicLineAnswer,
    SubsidyLineAnswer,
    SubsidyReportQuery,
    SubsidyRowAnswer,
)
from ledger.balances import Clocks
from ledger.operations.subsidy import batches as operations
from ledger.operations.subsidy.clawbacks import receive as record_receipt
from ledger.policy.subsidy import Period
from ledger.reports.subsidy import batches as reports
from ledger.reports.subsidy import totals
from ledger.reports.subsidy.batches import BatchShown
from ledger.reports.subsidy.totals import ClawbackShown, SubsidyRow
from ledger.tables.subsidies import Clawback, SubsidyBatch, SubsidyLine
from ledger.unit_of_work import Unit
from ledger.workflow import Taken

blueprint = Blueprint("subsidies", "", "贴息: batches, public lists, claw-backs")


@blueprint.post("/subsidy-batches", body=BatchBody, answer=BatchDetailAnswer, status=201)
def draft(unit: Unit, bank: str, county: str, cycle: str, period: str, on: date) -> dict[str, Any]:
    """编制: the draft of a period that is over, the job's if it is there, in step with what is billed and paid."""
    place = edge.bank(unit, bank), edge.county(unit, county)
    taken = operations.draft(unit, *place, Period.parse(cycle, period), on)
    return _detail(unit.session, unit.session.get_one(SubsidyBatch, taken.id))


@blueprint.listing("/subsidy-batches", row=BatchAnswer, asks=BatchQuery)
def listed(session: Session, **filters: str) -> Listing:
    """Batches, oldest first, without their lines."""
    query = select(SubsidyBatch)
    for name, value in filters.items():
        query = query.where(getattr(SubsidyBatch, name) == value)
    return Listing(query, key=(SubsidyBatch.id,), show=_rows)


@blueprint.get("/subsidy-batches/<id:batch_id>", answer=BatchDetailAnswer)
def show(session: Session, batch_id: int) -> dict[str, Any]:
    """A batch with its lines and its history."""
    return _detail(session, edge.find(session, SubsidyBatch, batch_id, "subsidy batch"))


@blueprint.listing("/subsidy-batches/<id:batch_id>/lines", row=SubsidyLineAnswer)
def batch_lines(session: Session, batch_id: int) -> Listing:
    """The lines of a batch, page by page or as a sheet."""
    batch = edge.find(session, SubsidyBatch, batch_id, "subsidy batch")
    return Listing(reports.chosen_lines(batch.id), key=(SubsidyLine.id,), show=reports.lines)


@blueprint.listing("/subsidy-batches/<id:batch_id>/public-list", row=PublicLineAnswer)
def public_list(session: Session, batch_id: int) -> Listing:
    """公示名单: names masked, nothing else that tells who it is."""
    batch = edge.find(session, SubsidyBatch, batch_id, "subsidy batch")
    counting = select(SubsidyLine).where(SubsidyLine.batch_id == batch.id, SubsidyLine.live.is_(True))
    return Listing(counting, key=(SubsidyLine.id,), show=reports.public_lines)


@blueprint.post("/subsidy-batches/<id:batch_id>/submission", body=OnBody, answer=BatchAnswer)
def submit(unit: Unit, batch_id: int, on: date) -> BatchShown:
    """上报: by the bank's checker, refreshed to the day."""
    edge.find(unit, SubsidyBatch, batch_id, "subsidy batch")
    return _taken(unit, operations.submit(unit, batch_id, on))


@blueprint.post("/subsidy-batches/<id:batch_id>/approval", body=BatchApprovalBody, answer=BatchAnswer)
def approve(unit: Unit, batch_id: int, rejected: Sequence[dict[str, Any]], on: date) -> BatchShown:
    """核准: by the poverty office, lines rejected with reasons."""
    edge.find(unit, SubsidyBatch, batch_id, "subsidy batch")
    reasons = {line["line_id"]: line["reason"] for line in rejected}
    return _taken(unit, operations.approve(unit, batch_id, reasons, on))


@blueprint.post("/subsidy-batches/<id:batch_id>/return", body=BatchReturnBody, answer=BatchAnswer)
def send_back(unit: Unit, batch_id: int, reason: str, lines: Sequence[int], on: date) -> BatchShown:
    """退回: of the whole batch, or of lines of it; the rest goes on."""
    edge.find(unit, SubsidyBatch, batch_id, "subsidy batch")
    return _taken(unit, operations.send_back(unit, batch_id, reason, lines, on))


@blueprint.post("/subsidy-batches/<id:batch_id>/verification", body=OnBody, answer=BatchAnswer)
def verify(unit: Unit, batch_id: int, on: date) -> BatchShown:
    """审核: by the finance officer."""
    edge.find(unit, SubsidyBatch, batch_id, "subsidy batch")
    return _taken(unit, operations.verify(unit, batch_id, on))


@blueprint.post("/subsidy-batches/<id:batch_id>/payment", body=OnBody, answer=BatchAnswer)
def pay(unit: Unit, batch_id: int, on: date) -> BatchShown:
    """拨付: by the finance checker, line by line, once."""
    edge.find(unit, SubsidyBatch, batch_id, "subsidy batch")
    return _taken(unit, operations.pay(unit, batch_id, on))


@blueprint.listing("/clawbacks", row=ClawbackAnswer, asks=ClawbackQuery)
def clawbacks(
    session: Session,
    bank: str | None = None,
    county: str | None = None,
    loan: int | None = None,
    batch: int | None = None,
    open: bool | None = None,
) -> Listing:
    """应追回贴息, oldest first."""
    query = select(Clawback)
    for column, value in (
        (Clawback.bank, bank),
        (Clawback.county, county),
        (Clawback.loan_id, loan),
        (Clawback.batch_id, batch),
    ):
        if value is not None:
            query = query.where(column == value)
    if open is not None:
        query = query.where((Clawback.received < Clawback.fen) if open else (Clawback.received == Clawback.fen))
    return Listing(query, key=(Clawback.id,), show=lambda _, rows: [totals.clawback(row) for row in rows])


@blueprint.post("/clawbacks/<id:clawback_id>/receipt", body=ClawbackReceiptBody, answer=ClawbackAnswer, status=201)
def receive(unit: Unit, clawback_id: int, amount: Money, on: date) -> ClawbackShown:
    """追回贴息到账: never netted against what is paid next."""
    row = edge.find(unit, Clawback, clawback_id)
    record_receipt(unit, clawback_id, amount, on)
    return totals.clawback(row)


@blueprint.listing("/reports/subsidies", row=SubsidyRowAnswer, asks=SubsidyReportQuery)
def report(
    session: Session, clocks: Clocks, start: date | None, county: str | None = None, bank: str | None = None
) -> list[SubsidyRow]:
    """贴息情况 by county and bank, from the books."""
    within = edge.within(session, bank=bank, county=county)
    rows = totals.report(session, clocks, start=start, bank=within.bank)
    return [row for row in rows if within.counties is None or row.county in within.counties]


def _rows(session: Session, batches: Sequence[SubsidyBatch]) -> list[BatchShown]:
    return reports.batches(session, batches, edge.today())


def _taken(unit: Unit, taken: Taken) -> BatchShown:
    return _rows(unit.session, [unit.session.get_one(SubsidyBatch, taken.id)])[0]


def _detail(session: Session, batch: SubsidyBatch) -> dict[str, Any]:
    lines = session.execute(reports.chosen_lines(batch.id).order_by(SubsidyLine.id)).scalars().all()
    return {
        **asdict(_rows(session, [batch])[0]),
        "lines": reports.lines(session, lines),
        "history": reports.history(session, batch.id),
    }
