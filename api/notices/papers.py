"""Notices as PDF for the printer: one letter, or all letters of a day for one bank and county."""

from datetime import date

from flask import Response
from sqlalchemy.orm import Session

from api.core import edge
from api.core.fields import Code, Day
from api.core.routes import Blueprint
from api.core.schemas import Query
from ledger.errors import NotFound
from ledger.exports import notice_pdf
from ledger.exports.notice_pdf import NoticePaper
from ledger.reports.notices import notices
from ledger.reports.notices import papers as reports
from ledger.tables.notices import Notice
from ledger.unit_of_work import Unit

PDF = "application/pdf"

blueprint = Blueprint("notice_papers", "", "催收通知书: notices on paper, with the receipt slip")


class DayQuery(Query):
    """The query of a day's letters: those due on the day, and those made on it for missed days; none cancelled."""

    bank = Code(required=True)
    county = Code(required=True)
    on = Day(load_default=edge.today)


@blueprint.raw("GET", "/notices/<id:notice_id>.pdf", answers={200: PDF})
def letter(notice_id: int) -> Response:
    """催收通知书: one letter with its slip; a cancelled one says so."""
    with edge.reading() as session:
        edge.find(session, Notice, notice_id)
        papers = _papers(session, [notice_id])
    return _file(papers, f"notice-{notice_id}")


@blueprint.raw("GET", "/notices.pdf", asks=DayQuery, answers={200: PDF})
def letters(bank: str, county: str, on: date) -> Response:
    """打印清单: a day's letters of a bank in a county, one page each, in the order in which they are carried round."""
    with edge.reading() as session:
        bank, county = edge.bank(session, bank), edge.county(session, county)
        due = notices.notices(session, on=on, bank=bank, county=county, of_day=on)
        papers = _papers(session, [each.id for each in due if each.cancelled_on is None])
    if not papers:
        raise NotFound(what="notices", id=f"{bank}/{county}/{on}")
    return _file(papers, f"notices-{bank}-{county}-{on}")


def _papers(session: Session, notice_ids: list[int]) -> list[NoticePaper]:
    return reports.papers(Unit(session, edge.person().username, edge.today(), edge.now), notice_ids)


def _file(papers: list[NoticePaper], name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"'}
    return Response(notice_pdf.render(papers), mimetype=PDF, headers=headers)
