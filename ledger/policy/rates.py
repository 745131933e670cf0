"""Published loan rates (基准利率, LPR): the rate on a day, the rate allowed for a loan, and repricing."""

import csv
import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from io import StringIO

from ledger.dates import add_months
from ledger.errors import RuleViolation
from ledger.labels import Said
from ledger.money import half_up
from ledger.policy.schemes import Scheme

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "benchmark": ("le_6m", "gt6m_le_1y", "gt1y_le_3y", "gt3y_le_5y", "gt_5y"),
    "lpr": ("lpr_1y", "lpr_5y"),
}
"""The columns of each rate table beside `effective`, shortest band first."""

BAND_ENDS: Mapping[str, tuple[int, ...]] = {"benchmark": (6, 12, 36, 60), "lpr": (12,)}
"""The longest term, in months, of each band; the last band has no longest term and is not listed (scheme 3.1)."""

HIGHEST = Decimal("0.36")
"""The highest rate accepted, as a fraction; a higher rate is taken for a percentage written by mistake."""


class RateNotCovered(RuleViolation):
    code = "rate_not_covered"
    zh = "利率表 {table} 只覆盖 {first} 至 {covered_through}，不能推断 {found} 的利率"
    en = "the rate table {table} covers {first} to {covered_through}; no rate is guessed for {found}"


class RateNotBenchmark(RuleViolation):
    code = "rate_not_benchmark"
    zh = "年利率 {found} 不符合规定：{relation:text} {limit}，签约日 {signed_on}，{term_months} 个月"
    en = "annual rate {found} breaks {rule}: {relation:text} {limit}, signed {signed_on}, {term_months} mo."


class RateRowsRefused(RuleViolation):
    """The refusal of rows that do not fit a rate table; `faults` lists every fault."""

    code = "rate_rows_refused"
    zh = "利率表 {table} 不接受这些行：{faults:text}"
    en = "the rate table {table} does not take these rows: {faults:text}"


@dataclass(frozen=True, slots=True)
class RateRow:
    """The rates published on one day, as fractions, with the shortest term band first; they apply from that day on."""

    effective_on: date
    rates: tuple[Decimal, ...]
    source: str


@dataclass(frozen=True, slots=True)
class RateTable:
    """A table of published rates from the day of its first row to `covered_through`, both included (scheme 3.2)."""

    code: str
    rows: tuple[RateRow, ...]
    covered_through: date
    source: str

    def rate(self, term_months: int, on: date) -> Decimal:
        """Return the rate of a term's band on a day, a fraction; raise RateNotCovered outside the days of the table."""
        place = bisect_right(self.rows, on, key=lambda row: row.effective_on)
        if place == 0 or on > self.covered_through:
            raise RateNotCovered(
                rule="3.2",
                table=self.code,
                first=self.rows[0].effective_on,
                covered_through=self.covered_through,
                limit=self.covered_through,
                found=on,
            )
        band = sum(1 for longest in BAND_ENDS[self.code] if term_months > longest)
        return self.rows[place - 1].rates[band]


@dataclass(frozen=True, slots=True)
class Priced:
    """A loan's agreed rate, a fraction per year, with the signing day, the payout day and the term in months."""

    annual_rate: Decimal
    signed_on: date
    disbursed_on: date
    term_months: int


@dataclass(frozen=True, slots=True)
class Extended:
    """The data that decide the rate of an extension; the rate starts on the old contract due date (3.10)."""

    agreed_on: date
    starts_on: date
    cumulative_months: int


@cache
def load_tables() -> Mapping[str, RateTable]:
    """Return the rate tables that come with the product, by code."""
    folder = files("ledger.policy") / "tables"
    sources = tomllib.loads((folder / "sources.toml").read_text("utf-8"))
    return {
        code: read_table(code, (folder / entry["file"]).read_text("utf-8"), entry["covered_through"], entry["source"])
        for code, entry in sources.items()
    }


def read_table(code: str, text: str, covered_through: date, source: str) -> RateTable:
    """Return a rate table read from CSV text: columns `effective` and COLUMNS, in percent; raise RateRowsRefused."""
    header, *lines = list(csv.reader(StringIO(text))) or [[]]
    if tuple(header) != ("effective", *COLUMNS[code]):
        wanted = ",".join(("effective", *COLUMNS[code]))
        raise RateRowsRefused(
            rule="3.2", table=code, faults=[Said(f"the columns are {wanted}", "表头与该利率表的各列不符")]
        )
    return rate_table(code, [_row(code, line, source) for line in lines], covered_through, source)


def _row(code: str, line: Sequence[str], source: str) -> RateRow:
    try:
        rates = tuple(Decimal(percent).scaleb(-2) for percent in line[1:])
        return RateRow(date.fromisoformat(line[0]), rates, source)
    except (ValueError, ArithmeticError, IndexError):
        text = ",".join(line)
        faults = [Said(f"neither a day nor percentages: {text}", f"不是日期和百分数：{text}")]
        raise RateRowsRefused(rule="3.2", table=code, faults=faults) from None


def rate_table(code: str, rows: Sequence[RateRow], covered_through: date, source: str) -> RateTable:
    """Return a rate table made of rows sorted by day; raise RateRowsRefused with every fault."""
    _check_rows(code, rows, None, covered_through, source)
    return RateTable(code, tuple(rows), covered_through, source)


def extend(table: RateTable, rows: Sequence[RateRow], covered_through: date, source: str) -> RateTable:
    """Return a rate table with later rows added and its last day moved; rates of earlier days do not change.

    An empty list of rows means that no new rate was published on or before `covered_through`. Raise RateRowsRefused.
    """
    _check_rows(table.code, rows, table.covered_through, covered_through, source)
    return replace(table, rows=(*table.rows, *rows), covered_through=covered_through, source=source)


def _check_rows(
    code: str, rows: Sequence[RateRow], known_through: date | None, covered_through: date, source: str
) -> None:
    faults = list(_row_faults(code, rows, known_through))
    known = [known_through] if known_through else []
    latest = max([*known, *(row.effective_on for row in rows)], default=None)
    if latest is None:
        faults.append(Said("a table has at least one row", "利率表至少有一行"))
    elif covered_through < latest:
        faults.append(
            Said(
                f"covered_through {covered_through} lies before {latest}", f"查询截止日 {covered_through} 早于 {latest}"
            )
        )
    if not source.strip():
        faults.append(Said("a source is named", "须注明来源"))
    if faults:
        raise RateRowsRefused(rule="3.2", table=code, faults=faults)


def _row_faults(code: str, rows: Iterable[RateRow], known_through: date | None) -> Iterator[Said]:
    before = known_through
    for row in rows:
        day = row.effective_on
        if before is not None and day <= before:
            yield Said(f"{day}: days up to {before} are known already", f"{day}：{before} 以前的利率已登记")
        if len(row.rates) != len(COLUMNS[code]):
            wanted = len(COLUMNS[code])
            yield Said(
                f"{day}: {len(row.rates)} rates, {wanted} wanted",
                f"{day}：有 {len(row.rates)} 个利率，应为 {wanted} 个",
            )
        if not all(rate.is_finite() and 0 < rate <= HIGHEST for rate in row.rates):
            yield Said(
                f"{day}: a rate is a fraction above 0 and at most {HIGHEST}",
                f"{day}：利率须为大于 0、不超过 {HIGHEST} 的小数",
            )
        if not row.source.strip():
            yield Said(f"{day}: a row names its source", f"{day}：须注明来源")
        before = day if before is None else max(before, day)


def benchmark_at_signing(scheme: Scheme, tables: Mapping[str, RateTable], signed_on: date, term_months: int) -> Decimal:
    """Return the published rate, a fraction, of the term's band on the signing day (3.1); raise RateNotCovered."""
    return tables[scheme.rate_table].rate(term_months, signed_on)


def check_rate(
    scheme: Scheme, tables: Mapping[str, RateTable], signed_on: date, term_months: int, annual_rate: Decimal
) -> None:
    """Raise RateNotBenchmark if a contract's rate is above, or in some schemes not equal to, the published rate (3.1).

    The scheme decides whether every difference from the published rate is refused, or only a higher rate. Raise
    RateNotCovered where the table has no rate for the day.
    """
    limit = benchmark_at_signing(scheme, tables, signed_on, term_months)
    fits = 0 < annual_rate <= limit if scheme.rate_rule == "at_most" else annual_rate == limit
    if not fits:
        relation = "≤" if scheme.rate_rule == "at_most" else "="
        raise RateNotBenchmark(
            rule="3.1",
            relation=relation,
            limit=limit,
            found=annual_rate,
            table=scheme.rate_table,
            signed_on=signed_on,
            term_months=term_months,
        )


def rate_steps(
    scheme: Scheme, table: RateTable, loan: Priced, through: date, extension: Extended | None = None
) -> tuple[tuple[date, Decimal], ...]:
    """Return the contract rates of a loan up to `through`: at disbursement and on each day of change (3.1, 3.10).

    Repricing keeps the ratio of the loan's rate to the published rate. The rate of an extension is the published rate,
    on the day of the agreement, for the cumulative term. Raise RateNotCovered if a needed rate is not published yet.
    """
    steps = [(loan.disbursed_on, loan.annual_rate)]
    if scheme.repricing == "fixed" and extension is None:
        return tuple(steps)
    months = loan.term_months
    base = table.rate(months, loan.signed_on)
    for day in _change_days(scheme, loan, through, extension):
        if extension is not None and day == extension.starts_on:
            months = extension.cumulative_months
            agreed = base = table.rate(months, extension.agreed_on)
            loan = replace(loan, annual_rate=agreed)
            rate = agreed
        else:
            rate = _in_ratio(loan.annual_rate, table.rate(months, day), base, scheme.repriced_rate_places)
        if rate != steps[-1][1]:
            steps.append((day, rate))
    return tuple(steps)


def _change_days(scheme: Scheme, loan: Priced, through: date, extension: Extended | None) -> list[date]:
    days: set[date] = set()
    if scheme.repricing == "annual_jan1":
        days = {date(year, 1, 1) for year in range(loan.disbursed_on.year + 1, through.year + 1)}
    elif scheme.repricing == "anniversary":
        years = range(1, through.year - loan.disbursed_on.year + 1)
        days = {add_months(loan.disbursed_on, 12 * year) for year in years}
    if extension is not None:
        days.add(extension.starts_on)
    return sorted(day for day in days if day <= through)


def _in_ratio(agreed: Decimal, published: Decimal, base: Decimal, places: int) -> Decimal:
    """Return `agreed` x `published` / `base`, rounded once; if `agreed` equals `base`, return exactly `published`."""
    if agreed == base:
        return published
    (a, b), (c, d), (e, f) = (rate.as_integer_ratio() for rate in (agreed, published, base))
    return Decimal(half_up(a * c * f * 10**places, b * d * e)).scaleb(-places).normalize()
