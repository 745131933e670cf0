"""Answers a list page by page with a cursor, or as one csv or xlsx file, and holds only one page in memory."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import marshmallow as ma
from flask import Response
from sqlalchemy import ColumnElement, Select, literal, tuple_
from sqlalchemy.orm import Session

from api.core import edge, errors, files
from api.core.clocks import ClockAnswer
from api.core.errors import Malformed
from api.core.fields import ID_MAX, Choice, Count, Text
from api.core.schemas import Answer, Query

LIMIT_MAX = 200
LIMIT = 50
CHUNK = 1000
SHEETS: Mapping[str, files.Kind] = {"csv": files.CSV, "xlsx": files.XLSX}


class CursorUnfit(Malformed):
    """Raised for a cursor that the requested list has not returned (400)."""

    code = "cursor_unfit"
    zh = "分页游标不是本列表给出的"
    en = "the cursor is not one this list gave out"


class PageQuery(Query):
    """The query of one page of a list, or of the whole list as a file."""

    limit = Count(most=LIMIT_MAX, load_default=LIMIT)
    cursor = Text(most=400, metadata={"description": "next_cursor of the page before"})
    format = Choice("json", "csv", "xlsx", load_default="json", metadata={"description": "a sheet has no limit"})


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of rows: a select, the key columns that order the list and identify a row, and the function `show`.

    The function `show` turns the rows of a page into objects of the answer. If the select names exactly one entity, the
    rows are objects of the entity. `show` is called once for all rows of a page, so that `show` can find further
    figures with one query for each page.
    """

    query: Select[*tuple[Any, ...]]
    key: tuple[Any, ...]
    show: Callable[[Session, Sequence[Any]], Sequence[Any]] = lambda _session, rows: rows


@dataclass(frozen=True, slots=True)
class Turn:
    """The page or the file format that a request wants."""

    limit: int
    cursor: str | None
    format: str


def turn_of(sent: dict[str, Any]) -> Turn:
    """Remove the paging fields from a query, and return the removed paging fields as a `Turn`."""
    return Turn(sent.pop("limit"), sent.pop("cursor", None), sent.pop("format"))


def respond(
    view: Callable[[Session], Listing | Sequence[Any]], turn: Turn, row: ma.Schema, facts: Mapping[str, Any]
) -> Response:
    """Return a response with a page and the further fields `facts` as JSON, or with the whole list as a file."""
    if kind := SHEETS.get(turn.format):
        return kind.respond(list(row.dump_fields), _begun(_all(view, row)))
    after = None if turn.cursor is None else _read_cursor(turn.cursor)
    with edge.reading() as session:
        rows, last = _page(session, view(session), after, turn.limit)
        body = {
            "items": row.dump(rows, many=True),
            "next_cursor": None if last is None else _write_cursor(last),
            **facts,
        }
    return errors.answer(200, json.dumps(body, ensure_ascii=False))


def query_of(asks: type[ma.Schema] | None) -> type[ma.Schema]:
    """Return the query shape of a list, which has the list's filters and the paging fields."""
    return PageQuery if asks is None else type(f"{asks.__name__}Page", (asks, PageQuery), {})


@cache
def page_of(row: type[ma.Schema], *, clocked: bool) -> type[ma.Schema]:
    """Return the answer shape of a page of rows."""
    base = ClockAnswer if clocked else Answer
    return type(
        f"{row.__name__}Page",
        (base,),
        {
            "items": ma.fields.List(ma.fields.Nested(row), required=True),
            "next_cursor": ma.fields.String(required=True, allow_none=True),
        },
    )


def _begun(rows: Iterator[list[Any]]) -> Iterator[list[Any]]:
    """Return the rows as an iterator whose first row has already been read.

    Reading the first row early lets a refusal be raised before the response begins, while the HTTP status can still be
    set.
    """
    first = next(rows, None)

    def again() -> Iterator[list[Any]]:
        if first is not None:
            yield first
            yield from rows

    return again()


def _all(view: Callable[[Session], Any], row: ma.Schema) -> Iterator[list[Any]]:
    """Return the cells of every row, read in chunks from one snapshot."""
    with edge.reading() as session:
        listing = view(session)
        last: Sequence[Any] | None = None
        while True:
            rows, last = _page(session, listing, last, CHUNK)
            for dumped in row.dump(rows, many=True):
                yield list(dumped.values())
            if last is None:
                return
            session.expunge_all()


def _page(session: Session, listing: Any, after: Sequence[Any] | None, limit: int) -> tuple[Sequence[Any], Any]:
    """Return the page of rows after a key, and the key of the page's last row, or None if no rows follow."""
    if not isinstance(listing, Listing):
        return _part(listing, after, limit)
    names = [f"key_{place}" for place in range(len(listing.key))]
    query = listing.query.add_columns(*(each.label(name) for each, name in zip(listing.key, names, strict=True)))
    if after is not None:
        query = query.where(tuple_(*listing.key) > tuple_(*_typed(listing.key, after)))
    fetched = session.execute(query.order_by(*listing.key).limit(limit + 1)).all()
    rows = fetched[:limit]
    last = [getattr(rows[-1], name) for name in names] if len(fetched) > limit else None
    alone = len(rows[0]) == len(names) + 1 if rows else False
    return listing.show(session, [row[0] for row in rows] if alone else rows), last


def _part(items: Sequence[Any], after: Sequence[Any] | None, limit: int) -> tuple[Sequence[Any], Any]:
    """Return a page of a list that is already in memory; the cursor of such a list is a position."""
    start = 0 if after is None else after[0]
    if type(start) is not int or not 0 <= start <= ID_MAX:
        raise CursorUnfit()
    end = start + limit
    return items[start:end], [end] if end < len(items) else None


def _typed(columns: Sequence[Any], values: Sequence[Any]) -> Iterator[ColumnElement[Any]]:
    """Return a cursor's values as SQL values of the key columns; raise CursorUnfit for a value of a wrong type."""
    if len(columns) != len(values):
        raise CursorUnfit()
    for column, value in zip(columns, values, strict=True):
        wanted = column.type.python_type
        try:
            typed = date.fromisoformat(value) if wanted is date and isinstance(value, str) else value
        except ValueError:
            raise CursorUnfit() from None
        unfit = (isinstance(typed, str) and not typed.isprintable()) or (isinstance(typed, int) and abs(typed) > ID_MAX)
        if type(typed) is not wanted or unfit:
            raise CursorUnfit()
        yield literal(typed, column.type)


def _write_cursor(values: Sequence[Any]) -> str:
    text = json.dumps([value.isoformat() if isinstance(value, date) else value for value in values])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(text: str) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        raise CursorUnfit() from None
    if not isinstance(values, list) or not values:
        raise CursorUnfit()
    return values
