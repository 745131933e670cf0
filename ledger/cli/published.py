"""The commands `scheme`, `rates` and `calendar`, which load published schemes, rates and calendars from files."""

from datetime import datetime
from pathlib import Path

import click
from sqlalchemy import select

from ledger.calendar import read_days
from ledger.cli.context import Refused, context, tell
from ledger.labels import Said, label
from ledger.operations.registry import calendars, reference
from ledger.policy.rates import COLUMNS, read_table
from ledger.policy.schemes import parse_scheme
from ledger.queries.reference import rate_tables
from ledger.tables.reference import SchemeVersion

FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
DATE = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def scheme() -> None:
    """Manage scheme versions 方案; a loaded scheme version never changes."""


@scheme.command(name="load")
@FILE
def load_scheme(file: Path) -> None:
    """Load a scheme version from a TOML document, which may inherit from a preset."""
    with context() as ctx, ctx.unit("scheme") as unit:
        loaded = parse_scheme(_text(file))
        reference.add_scheme(unit, loaded)
    begun = loaded.content_hash[:12]
    tell(
        Said(
            f"loaded {loaded.code} version {loaded.version}, {begun}",
            f"已载入方案 {loaded.code} 第 {loaded.version} 版，{begun}",
        )
    )


@scheme.command(name="list")
def list_schemes() -> None:
    """List all scheme versions with the signing dates for which they hold."""
    with context() as ctx, ctx.unit("scheme") as unit:
        query = select(SchemeVersion).order_by(SchemeVersion.code, SchemeVersion.version)
        for row in unit.session.execute(query).scalars():
            row_of = f"{row.code:<20} {row.version:>3}  {{0}} {row.signed_from} - {row.signed_to}  {row.hash[:12]}"
            tell(Said(row_of.format("signed"), row_of.format("签约")))


@click.group()
def rates() -> None:
    """Manage published rates: PBOC benchmark 贷款基准利率 and LPR."""


@rates.command(name="load")
@click.argument("table", type=click.Choice(sorted(COLUMNS)))
@FILE
@click.option(
    "--covered-through", type=DATE, required=True, help="the last day for which the rates are known to be complete"
)
@click.option("--source", required=True, help="where the rates were published")
def load_rates(table: str, file: Path, covered_through: datetime, source: str) -> None:
    """Append rates in percent from a csv file; rows that are already stored stay as they are.

    The columns are effective, then the term bands, shortest first. A row is refused if its date is stored with other
    rates.
    """
    with context() as ctx, ctx.unit("rates") as unit:
        published = read_table(table, _text(file), covered_through.date(), source)
        present = rate_tables(unit.session).get(table)
        known = {(row.effective_on, row.rates) for row in present.rows} if present is not None else set()
        rows = tuple(row for row in published.rows if (row.effective_on, row.rates) not in known)
        reference.add_rates(unit, table, rows, covered_through.date(), source)
    through = covered_through.date()
    tell(
        Said(
            f"{table}: {len(rows)} rows added, covered through {through}",
            f"{label('rate_table', table, 'zh')}：新增 {len(rows)} 行，查询截止日 {through}",
        )
    )


@click.group()
def calendar() -> None:
    """Manage working days 工作日: the days off and make-up days of a year that the State Council publishes."""


@calendar.command(name="load")
@click.argument("year", type=click.IntRange(2000, 2199))
@FILE
@click.option(
    "--source", required=True, help="the State Council notice with its number, such as 国办发明电〔2015〕18号"
)
def load_calendar(year: int, file: Path, source: str) -> None:
    """Publish a year of the calendar from a csv file with the columns date, name, kind (off or makeup_workday)."""
    with context() as ctx, ctx.unit("calendar") as unit:
        try:
            days = read_days(_text(file))
        except ValueError as fault:
            raise Refused(Said(f"{file.name}: {fault}", f"{file.name}：{_zh(fault)}")) from None
        rows = tuple(day for day in days if day.day.year == year)
        calendars.publish(unit, year, rows, source)
    tell(Said(f"{year}: {len(rows)} days", f"{year} 年：{len(rows)} 天"))


def _zh(fault: ValueError) -> str:
    message = fault.args[0]
    return message.zh if isinstance(message, Said) else "无法读取"


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(Said(f"{file.name} is not in UTF-8", f"{file.name} 不是 UTF-8 编码")) from None
