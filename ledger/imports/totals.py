"""The sums of the amount columns of a sheet, for a person to compare with the totals that the sheet itself shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.errors import Fault, RuleViolation
from ledger.imports.layout import TotalLine
from ledger.imports.quantities import Amount
from ledger.imports.units import YUAN, Unit
from ledger.money import Fen, plain


class TotalDiffers(RuleViolation):
    code = "total_differs"
    zh = "合计 {found} 与各行之和 {limit} 不符；请核对各行金额或合计"
    en = "the total {found} differs from the sum of the rows, {limit}; check the rows and the total"


@dataclass(frozen=True, slots=True)
class AmountTotal:
    """The amounts of one column: the unit read, and count, sum, smallest and largest amount in fen.

    `smallest` and `largest` are None where no row has an amount.
    """

    column: str
    heading: str
    unit: str
    count: int
    sum: Fen
    smallest: Fen | None
    largest: Fen | None


def amount_total(column: str, heading: str, unit: Unit | None, values: Sequence[Any]) -> AmountTotal:
    """Return the sums of the amounts that could be read, in fen."""
    amounts = [value for value in values if value is not None]
    smallest, largest = (min(amounts), max(amounts)) if amounts else (None, None)
    return AmountTotal(column, heading, (unit or YUAN).word, len(amounts), Fen(sum(amounts)), smallest, largest)


def total_faults(
    column: str, totals: Sequence[TotalLine], place: int, read: Amount, values: Sequence[Any]
) -> Iterator[Fault]:
    """Yield a fault for each total of the sheet that differs from its rows; amounts that are unreadable end the check.

    A total may be the sum of all rows above it, or of the rows since the previous total. A total above all rows is the
    sum of the whole sheet.
    """
    if any(value is None for value in values):
        return
    for line in totals:
        cell = line.cells[place] if place < len(line.cells) else ""
        if cell == "" or (isinstance(cell, str) and not cell.strip()):
            continue
        try:
            found = read(cell)
        except RuleViolation as refusal:
            yield Fault.of(line.number, column, refusal)
            continue
        above = values[: line.above] if line.above else values
        since = values[line.above - line.since : line.above]
        if found not in (sum(since), *(() if line.partial else (sum(above),))):
            wanted = sum(since if line.partial else above)
            yield Fault.of(line.number, column, TotalDiffers(found=plain(found), limit=plain(wanted)))
