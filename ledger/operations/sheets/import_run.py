"""One sheet on its way into the books: whose it is, what was found of it so far, what all kinds refuse alike."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.errors import Fault, RuleViolation
from ledger.imports.reading import Table
from ledger.labels import named
from ledger.operations.servicing.backdating import ReversalReason
from ledger.tables.reference import County, CountyCode
from ledger.unit_of_work import Unit

Told = Any
"""A row as told: of its kind's row type, but None where a cell could not be read."""

CHUNK_ROWS = 5000
"""So many rows a transaction, at most (books.md promise 4)."""


class RowTwice(RuleViolation):
    code = "row_twice"
    zh = "与第 {limit} 行重复：{found:text}"
    en = "the same as row {limit}: {found:text}"


class RowDiffers(RuleViolation):
    """What is recorded under the row's identity says something else; `differing` names the columns."""

    code = "row_differs"
    zh = "已登记且内容不同（{differing}）：已登记 {recorded:text}，表中 {found:text}；导入不修改已登记的内容"
    en = "recorded already with other content ({differing}): recorded {recorded:text}, in the sheet {found:text}"


class CountyNotYours(RuleViolation):
    code = "county_not_yours"
    zh = "县 {found:text} 不在您的业务范围内"
    en = "the county {found:text} is not in your scope"


class CountyUnknown(RuleViolation):
    code = "county_unknown"
    zh = "没有县（市、区）{found:text}"
    en = "there is no county {found:text}"


@dataclass(frozen=True, slots=True)
class Importer:
    """Who takes a sheet in, and what is theirs: no counties named = all of them."""

    user: str
    bank: str | None = None
    counties: frozenset[str] = frozenset()

    def has(self, county: str) -> bool:
        return not self.counties or county in self.counties


@dataclass(slots=True)
class Run:
    """A sheet being taken in. `ready` are the rows to be booked, `kept` what a kind knows of the whole sheet.

    `import_id` is the import that is resumed or booked; rows that it booked before it was cut off are not `unchanged`.
    """

    importer: Importer
    table: Table
    import_id: int | None = None
    unchanged: int = 0
    ready: list[Any] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Booked:
    """What became of a chunk: rows booked, and what was refused; the rest was recorded by somebody else meanwhile."""

    booked: int
    faults: Sequence[Fault] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of sheet does with its rows.

    `check` takes the next rows and notes faults or makes them ready; `parts` cuts what is ready into chunks;
    `book` writes one. `undo` takes an import's rows back; a kind without it is confirmed by nobody, is asked all its
    rows at once, and is written in one transaction. `rehearsed`: its faults are known only by doing it.
    """

    check: Callable[[Unit, Run, range], None]
    parts: Callable[[Run, int], Iterator[Sequence[Any]]]
    book: Callable[[Unit, Run, Any], Booked]
    undo: Callable[[Unit, int, ReversalReason], None] | None = None
    rehearsed: bool = False


def in_slices(run: Run, most: int) -> Iterator[Sequence[Any]]:
    """What is ready, in the order of the sheet."""
    for start in range(0, len(run.ready), most):
        yield run.ready[start : start + most]


def differing(told: Mapping[str, Any], recorded: Mapping[str, Any]) -> RowDiffers | None:
    """The refusal that names every column in which a row and the record differ."""
    names = [name for name, value in told.items() if value != recorded[name]]
    if not names:
        return None
    return RowDiffers(
        differing=names,
        recorded=[_shown(name, recorded[name]) for name in names],
        found=[_shown(name, told[name]) for name in names],
    )


_PRIVATE = frozenset({"name", "borrower_name", "id_card", "members"})


def _shown(name: str, value: Any) -> Any:
    if name in _PRIVATE or value is None:
        return "*" if name in _PRIVATE else "-"
    return named(name, value) if isinstance(value, str) else value


def county_ids(session: Session) -> dict[str, str]:
    """Today's county ids by every code, today's or retired, and by every name."""
    found = dict(session.execute(select(County.name, County.id)).all())
    found |= dict(session.execute(select(CountyCode.name, CountyCode.county)).all())
    return found | dict(session.execute(select(CountyCode.code, CountyCode.county)).all())


def check_county(run: Run, row: int, told: str | None, known: Mapping[str, str]) -> str | None:
    """Today's id of a county as told, None with a fault noted where it is none or not the importer's."""
    if told is None:
        return None
    county = known.get(told)
    if county is None:
        run.table.fault(row, "county", CountyUnknown(found=told[:40]))
    elif not run.importer.has(county):
        run.table.fault(row, "county", CountyNotYours(found=told[:40]))
        return None
    return county
