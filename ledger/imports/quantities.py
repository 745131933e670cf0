"""Readers of amounts, rates and terms, in the unit that the sheet names or in the unit of the cell."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from ledger.imports.cells import Cell, CellRefusal, figure
from ledger.imports.units import (
    MONTHS,
    PER_MILLE,
    PERCENT,
    UNITS,
    YUAN,
    Dimension,
    Unit,
    single,
)
from ledger.money import Fen
from ledger.policy.rates import HIGHEST

_AMOUNT = re.compile(r"[¥]?([0-9]{1,13}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(\.[0-9]+)?([千万]?元|万)?", re.ASCII)
_RATE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,8})?)([%‰]?)", re.ASCII)
_MONTHS = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(个?月|年)?", re.ASCII)
_EXACT = Decimal("1e-6")
"""The largest difference from a whole fen, in fen, at which a workbook's number is read as that fen."""

_RATE_LEAST_IN_PERCENT = Decimal("0.5")
"""The least value that a column in percent may hold: a smaller one is a fraction typed under the wrong heading."""


class CellAmount(CellRefusal):
    code = "amount_unfit"
    zh = "金额 {found:text} 须写到分且不为负，如 50000.00、50,000.00、5万元"
    en = "the amount {found:text} is not exact to the fen, such as 50000.00, 50,000.00 or 5万元, or it is negative"


class CellRate(CellRefusal):
    code = "rate_unfit"
    zh = "利率 {found:text} 须写作 4.75% 或 0.0475；表头注明（%）时写作 4.75"
    en = "the rate {found:text} is not written 4.75% or 0.0475, or 4.75 under a heading with (%)"


class CellWhole(CellRefusal):
    code = "whole_unfit"
    zh = "{found:text} 须为整数"
    en = "{found:text} is not a whole number"


@dataclass(frozen=True, slots=True)
class Quantity(ABC):
    """The reader of a quantity with a unit; `unit` is the unit that the sheet names for the column, if any."""

    unit: Unit | None = None
    dimension: Dimension = field(init=False, default=Dimension.AMOUNT)

    @abstractmethod
    def __call__(self, cell: Cell) -> Any:
        """Return the quantity of a cell; each kind of quantity has its own reader."""

    def in_unit(self, unit: Unit | None) -> "Quantity":
        """Return the reader of a column whose heading names a unit."""
        return replace(self, unit=unit)

    def _unit(self, written_unit: str) -> Unit | None:
        """Return the unit of a cell; raise UnitContradicts where cell and column name different units."""
        of_cell = UNITS[self.dimension].get(written_unit) if written_unit else None
        return single(unit for unit in (self.unit, of_cell) if unit is not None)


@dataclass(frozen=True, slots=True)
class Amount(Quantity):
    """The reader of an amount in whole fen, from yuan or from the unit of the column or cell.

    A workbook's number within a millionth of a fen of a whole fen is that fen, since a workbook stores 0.1 + 0.2 as
    0.30000000000000004. Raise CellAmount for any other form, and UnitContradicts.
    """

    def __call__(self, cell: Cell) -> Fen:
        text = figure(cell)
        match = _AMOUNT.fullmatch(text)
        if match is None:
            raise CellAmount(found=text[:40])
        unit = self._unit(match[3] or "") or YUAN
        exact = Decimal(match[1].replace(",", "") + (match[2] or "")) * unit.factor * 100
        fen = int(exact.to_integral_value())
        allowed = 0 if isinstance(cell, str) else _EXACT
        if abs(exact - fen) > allowed or fen >= 10**15:
            raise CellAmount(found=text[:40])
        return Fen(fen)


@dataclass(frozen=True, slots=True)
class Rate(Quantity):
    """The reader of a yearly rate as a fraction: from 4.75% or 0.0475, or from 4.75 in a column with the unit %.

    Raise CellRate for any other form, such as 4.75 without a unit, or 0.0475 in a column with the unit %.
    """

    dimension: Dimension = field(init=False, default=Dimension.RATE)

    def __call__(self, cell: Cell) -> Decimal:
        text = figure(cell)
        match = _RATE.fullmatch(text)
        if match is None or (match[2] == PER_MILLE.word and self.unit in (None, PERCENT)):
            raise CellRate(found=text[:40])
        number = Decimal(match[1])
        unit = self._unit(match[2]) if match[2] != PER_MILLE.word else self.unit
        value = number if unit is None else number * unit.factor
        if value > HIGHEST or value != value.quantize(Decimal("1e-8")):
            raise CellRate(found=text[:40])
        if self.unit == PERCENT and number < _RATE_LEAST_IN_PERCENT:
            raise CellRate(found=text[:40])
        return value.quantize(Decimal("1e-8")).normalize() if unit is not None else value


@dataclass(frozen=True, slots=True)
class Months(Quantity):
    """The reader of a term in whole months, from months or years; raise CellWhole for any other cell."""

    dimension: Dimension = field(init=False, default=Dimension.TERM)

    def __call__(self, cell: Cell) -> int:
        if not isinstance(cell, str | int | float) or isinstance(cell, bool):
            raise CellWhole(found=str(cell)[:40])
        text = figure(cell)
        match = _MONTHS.fullmatch(text)
        if match is None:
            raise CellWhole(found=text[:40])
        unit = self._unit(match[2] or "") or MONTHS
        months = Decimal(match[1]) * unit.factor
        if months != months.to_integral_value() or months >= 10**9:
            raise CellWhole(found=text[:40])
        return int(months)
