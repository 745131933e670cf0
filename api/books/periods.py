"""Accounting months: shows and closes the months of a book, and requests the re-opening of the last closed month."""

import re
from typing import Any

from marshmallow.fields import List, Nested, String
from sqlalchemy.orm import Session

from api.core import edge
from api.core.clocks import ClockQuery
from api.core.errors import NotYours
from api.core.fields import Code, Day, Moment, Text
from api.core.routes import Blueprint
from api.core.schemas import Answer, Body
from api.core.shapes import AskedAnswer
from ledger import balances
from ledger.balances import Clocks
from ledger.chart import Kind, kind_of
from ledger.errors import NotFound
from ledger.operations.approvals import requests
from ledger.operations.approvals.requests import Asked
from ledger.operations.books import periods as operations
from ledger.reports.books import periods as reports
from ledger.reports.books.periods import BookShown
from ledger.unit_of_work import Unit

blueprint = Blueprint("periods", "/ledger/periods", "会计期间: months of the books, closed and opened again")

_MONTH = re.compile(r"(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])", re.ASCII)


class PeriodQuery(ClockQuery):
    """The query of accounting periods: of one book, or without a book of all books in the user's scope."""

    book = Code()


class ChangeAnswer(Answer):
    """结账或重新打开: a closing or re-opening of a month."""

    month = String(required=True)
    action = String(required=True)
    by = String(required=True)
    checked_by = String(required=True, allow_none=True)
    reason = String(required=True)
    recorded_at = Moment(required=True)


class PeriodAnswer(Answer):
    """账套的会计期间"""

    book = Code(required=True)
    closed_through = Day(required=True, allow_none=True)
    next_month = String(required=True, allow_none=True)
    changes = List(Nested(ChangeAnswer), required=True)


class CloseBody(Body):
    """An empty body, since the book and the month are in the path."""


class ReopenBody(Body):
    """重新打开"""

    reason = Text(most=500, required=True)


@blueprint.listing("", row=PeriodAnswer, asks=PeriodQuery)
def listed(session: Session, clocks: Clocks, book: str | None = None) -> list[BookShown]:
    """How far each of the asker's books is closed, and who closed or opened its months."""
    names = [name for name in balances.closed_through(session.connection()) if _in_scope(name)]
    if book is not None:
        names = [_mine(book)]
    return reports.periods(session, names, clocks.known_at)


@blueprint.post("/<name:book>/<name:month>/close", body=CloseBody, answer=PeriodAnswer)
def close(unit: Unit, book: str, month: str) -> BookShown:
    """结账: the bank's checker closes its loan book, the finance checker the county's books."""
    roles = requests.roles_of(unit, "reopen", {"book": _mine(book)})
    _check_role(frozenset({roles.decides}))
    operations.close_month(unit, book, _month(month))
    return reports.periods(unit.session, [book])[0]


@blueprint.post("/<name:book>/<name:month>/reopen", body=ReopenBody, answer=AskedAnswer, status=202)
def reopen(unit: Unit, book: str, month: str, reason: str) -> Asked:
    """重新打开: ask to open the book's last closed month again; another person decides."""
    payload = {"book": _mine(book), "month": _month(month)}
    _check_role(requests.roles_of(unit, "reopen", payload).asks)
    owner = book.partition("-")[2]
    if kind_of(book) is Kind.LOAN:
        return requests.ask(unit, "reopen", payload, bank=owner, reason=reason)
    return requests.ask(unit, "reopen", payload, county=owner, reason=reason)


def _check_role(allowed: frozenset[Any]) -> None:
    if edge.person().role not in allowed:
        raise NotYours(found=edge.person().role, limit=", ".join(sorted(allowed)))


def _mine(book: str) -> str:
    """Return the name of a book in the user's scope; raise NotFound for a book out of scope."""
    operations.kind_of_book(book)
    if not _in_scope(book):
        raise NotFound(what="book", id=book)
    return book


def _in_scope(book: str) -> bool:
    """Return whether the user may see a book.

    A user of a bank sees the bank's whole loan book, even if the user is limited to some counties. A user of a county
    sees the fund book and the subsidy book of the county.
    """
    scope, owner = edge.person().scope, book.partition("-")[2]
    if kind_of(book) is Kind.LOAN:
        return scope.has(bank=owner) and (scope.bank is not None or not scope.counties)
    return scope.bank is None and scope.has(county=owner)


def _month(text: str) -> str:
    """Return the month that a part of the path names; raise NotFound where the text is not a month."""
    if not _MONTH.fullmatch(text):
        raise NotFound(what="month", id=text)
    return text
