"""Compensation (代偿情况) by fund account, as of any day and as known at any moment: paid, returned, borne, owed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from sqlalchemy import BigInteger, Connection, cast, func, select
from sqlalchemy.orm import Session

from ledger import chart, dates
from ledger.balances import Clocks
from ledger.chart import Account, Kind
from ledger.money import Fen
from ledger.tables.journal import postings

_Flows = Mapping[tuple[str, str, str, str], Fen]


@dataclass(frozen=True, slots=True)
class Compensation:
    """One bank in one county, whole fen, all cumulative: net_loss = paid - returned = fund_share + county_share.

    `fund_share` is the fund's own loss, `county_share` what the county bears as a debt to the fund; `county_paid` is
    what it paid in less what it got back. `recourse_open` is what is still pursued, `recourse_closed` given up.
    `received` is what the banks took in after compensation, `retained` their own part of it.
    """

    county: str
    bank: str
    paid: Fen
    returned: Fen
    net_loss: Fen
    recourse_open: Fen
    recourse_closed: Fen
    fund_share: Fen
    county_share: Fen
    county_paid: Fen
    county_open: Fen
    received: Fen
    retained: Fen
    unremitted: Fen
    suspense: Fen


def compensation(
    session: Session, clocks: Clocks, county: str | tuple[str, ...] | None = None, bank: str | None = None
) -> list[Compensation]:
    """Every fund account on which anything was compensated, shared or held in suspense, by county and bank."""
    connection = session.connection()
    watched = (chart.RECOURSE, chart.RECOURSE_ALLOWANCE, chart.DUE_FROM_COUNTY, chart.RECOVERY_SUSPENSE)
    of_fund = _flows(connection, clocks, Kind.FUND, watched, county, bank)
    of_bank = _flows(connection, clocks, Kind.LOAN, (chart.RECOVERIES_TO_REMIT,), county, bank)
    keys = sorted({key[:2] for key in (*of_fund, *of_bank)})
    return [_one(key, of_fund, of_bank) for key in keys]


def together(rows: list[Compensation], county: str = "", bank: str = "") -> Compensation:
    """Rows added up."""
    sums = {
        field.name: Fen(sum(getattr(row, field.name) for row in rows))
        for field in fields(Compensation)
        if field.name not in ("county", "bank")
    }
    return Compensation(county=county, bank=bank, **sums)


def _flows(
    connection: Connection,
    clocks: Clocks,
    kind: Kind,
    accounts: Sequence[Account],
    county: str | tuple[str, ...] | None,
    bank: str | None,
) -> _Flows:
    """What went between accounts, net of reversals, by county, bank, debit and credit, where one is of `accounts`."""
    p, codes = postings.c, [account.code for account in accounts]
    within = [p.effective_on <= clocks.as_of, p.book >= f"{kind}-", p.book < f"{kind}."]
    if clocks.known_at is not None:
        within.append(p.recorded_at <= dates.micros(clocks.known_at))
    if county is not None:
        within.append(p.county.in_(county if isinstance(county, tuple) else (county,)))
    if bank is not None:
        within.append(p.bank == bank)
    query = (
        select(p.county, p.bank, p.debit, p.credit, cast(func.sum(p.fen), BigInteger).label("fen"))
        .where(p.debit.in_(codes) | p.credit.in_(codes), *within)
        .group_by(p.county, p.bank, p.debit, p.credit)
    )
    return {(row.county, row.bank, row.debit, row.credit): Fen(row.fen) for row in connection.execute(query)}


def _one(key: tuple[str, str], of_fund: _Flows, of_bank: _Flows) -> Compensation:
    paid = _net(of_fund, key, chart.RECOURSE, chart.FUND_DEPOSITS, both=False)
    returned = _net(of_fund, key, chart.FUND_DEPOSITS, chart.RECOURSE, both=False)
    closed = _net(of_fund, key, chart.RECOURSE_ALLOWANCE, chart.RECOURSE)
    county_share = _net(of_fund, key, chart.DUE_FROM_COUNTY, chart.RECOURSE_ALLOWANCE)
    county_paid = _net(of_fund, key, chart.FUND_DEPOSITS, chart.DUE_FROM_COUNTY)
    received = _net(of_bank, key, chart.SETTLEMENT_FUNDS, chart.RECOVERIES_TO_REMIT, both=False)
    remitted = _net(of_bank, key, chart.RECOVERIES_TO_REMIT, chart.SETTLEMENT_FUNDS, both=False)
    retained = sum(
        fen
        for (county, bank, debit, credit), fen in of_bank.items()
        if (county, bank, debit) == (*key, chart.RECOVERIES_TO_REMIT.code) and credit != chart.SETTLEMENT_FUNDS.code
    )
    return Compensation(
        *key,
        Fen(paid),
        Fen(returned),
        Fen(paid - returned),
        Fen(paid - returned - closed),
        Fen(closed),
        Fen(_net(of_fund, key, chart.COMPENSATION_LOSS, chart.RECOURSE_ALLOWANCE)),
        Fen(county_share),
        Fen(county_paid),
        Fen(county_share - county_paid),
        Fen(received),
        Fen(retained),
        Fen(received - remitted - retained),
        Fen(_net(of_fund, key, chart.FUND_DEPOSITS, chart.RECOVERY_SUSPENSE)),
    )


def _net(flows: _Flows, key: tuple[str, str], debit: Account, credit: Account, *, both: bool = True) -> int:
    """What went from credit to debit; with `both`, less what went back the other way."""
    there = flows.get((*key, debit.code, credit.code), 0)
    return there - flows.get((*key, credit.code, debit.code), 0) if both else there
