"""The state of a sheet while the sheet is checked and booked, its importer, and the refusals shared by all kinds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.errors import Conflict, Fault, Refusal, RuleViolation
from ledger.ids import new_id
from ledger.imports.reading import FAULTS_MAX, SheetFaults, Table
from ledger.labels import named
from ledger.tables.attachments import Attachment
from ledger.tables.reference import County, CountyCode
from ledger.tables.work import Import
from ledger.unit_of_work import Unit


class RowTwice(RuleViolation):
    code = "row_twice"
    zh = "与第 {limit} 行重复：{found:text}"
    en = "the same as row {limit}: {found:text}"


class RowDiffers(RuleViolation):
    """The refusal of a row that is recorded with different content; `differing` holds the columns that differ."""

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


class RecordedMeanwhile(Conflict):
    code = "stale"
    zh = "表中的行同时由他人登记，请重新导入"
    en = "somebody else recorded rows of the sheet at this moment; send it again"


@dataclass(frozen=True, slots=True)
class Importer:
    """A person who imports sheets, with the person's bank and counties; an empty set of counties means all counties."""

    user: str
    bank: str | None = None
    counties: frozenset[str] = frozenset()

    def has(self, county: str) -> bool:
        """Return whether a county, given by its present id, is in the person's scope."""
        return not self.counties or county in self.counties


@dataclass(slots=True)
class Run:
    """The run of one sheet: the check of the sheet's rows and the booking of the checked rows.

    `import_id` is the import that books the rows; an interrupted import keeps its id when it is continued. `unchanged`
    counts the rows that were recorded with equal content before the import. `ready` holds the checked rows that are to
    be booked. `known` holds facts that a kind of sheet looks up once for all rows. `broken` holds the numbers of rows
    with faults.
    """

    importer: Importer
    table: Table
    import_id: int | None = None
    unchanged: int = 0
    ready: list[Any] = field(default_factory=list)
    known: Any = None
    faults: list[Fault] = field(init=False)
    broken: set[int] = field(init=False)

    def __post_init__(self) -> None:
        self.faults = list(self.table.faults)
        self.broken = {fault.row for fault in self.faults}

    def fault(self, number: int, column: str, refusal: Refusal) -> None:
        """Add a fault of a row under the column that shows the fault."""
        self.faults.append(Fault.of(number, column, refusal))
        self.broken.add(number)

    def refuse_faults(self) -> None:
        """Raise SheetFaults with all faults of the sheet, if the sheet has any."""
        if self.faults:
            located = [self.table.located(fault) for fault in self.faults]
            raise SheetFaults(located, rows=len(self.table.rows), booked=0, unchanged=self.unchanged)


@dataclass(frozen=True, slots=True)
class Booked:
    """The number of rows that a chunk booked, and the chunk's faults; a chunk with a fault books no row."""

    rows: int
    faults: Sequence[Fault] = ()


def differing(row: Mapping[str, Any], record: Mapping[str, Any]) -> RowDiffers | None:
    """Return the refusal that names each column in which a row and its record differ, or None if all columns agree."""
    names = [name for name, value in row.items() if value != record[name]]
    if not names:
        return None
    return RowDiffers(
        differing=names,
        recorded=[_shown(name, record[name]) for name in names],
        found=[_shown(name, row[name]) for name in names],
    )


_PRIVATE = frozenset({"name", "borrower_name", "id_card", "members"})


def _shown(name: str, value: Any) -> Any:
    if name in _PRIVATE or value is None:
        return "*" if name in _PRIVATE else "-"
    return named(name, value) if isinstance(value, str) else value


def county_ids(session: Session) -> dict[str, str]:
    """Return the present ids of counties by every present code, every retired code and every name."""
    ids = dict(session.execute(select(County.name, County.id)).all())
    ids |= dict(session.execute(select(CountyCode.name, CountyCode.county)).all())
    return ids | dict(session.execute(select(CountyCode.code, CountyCode.county)).all())


def check_county(run: Run, number: int, written: str | None, ids: Mapping[str, str]) -> str | None:
    """Return the present id of the county in a row; add a fault and return None for a county outside the scope."""
    if written is None:
        return None
    county = ids.get(written)
    if county is None:
        run.fault(number, "county", CountyUnknown(found=written[:40]))
    elif not run.importer.has(county):
        run.fault(number, "county", CountyNotYours(found=written[:40]))
        return None
    return county


def faults_text(refusal: Refusal) -> str:
    """Return the faults of a sheet as JSON to be stored, at most FAULTS_MAX faults, each in both languages."""
    faults = refusal.found if isinstance(refusal, SheetFaults) else [Fault.of(0, "", refusal)]
    return json.dumps(
        [
            {
                "row": fault.row,
                "column": fault.column,
                "code": fault.code,
                "zh": fault.zh,
                "en": fault.en,
                "cell": fault.cell,
                "heading": fault.heading,
            }
            for fault in faults[:FAULTS_MAX]
        ],
        ensure_ascii=False,
    )


def original_of(unit: Unit, row: Import, table: Table) -> Attachment:
    """Return the attachment that names the original file of an import."""
    return Attachment(
        id=new_id(),
        owner_kind="import",
        owner_id=row.id,
        name=table.file_name or "sheet",
        media_type=table.media_type,
        size=table.size,
        sha256=table.hash,
        added_by=row.made_by,
        added_on=unit.today,
        added_at=unit.recorded_at,
    )
