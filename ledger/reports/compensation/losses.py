"""Compensation (代偿情况) by fund account, as of any day and as known at any moment."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from sqlalchemy.orm import Session

from ledger import balances, chart
from ledger.balances import Clocks, Flows
from ledger.chart import Account, Kind
from ledger.money import Fen


@dataclass(frozen=True, slots=True)
class Compensation:
    """The compensation of one bank in one county, as cumulative amounts in whole fen.

    `net_loss` is `paid` less `returned`; it equals `fund_share`, the fund's own loss, plus `county_share`, the county's
    debt to the fund. `county_paid` is the money paid by the county less the money returned to the county.
    `recourse_open` is the part of the loss that is still pursued, and `recourse_closed` is the part whose recourse is
    closed. `received` is the money that banks received after compensation, and `retained` is the banks' own part of
    `received`.
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
    """Return a row for each fund account with compensation, a county share or suspense, sorted by county and bank."""
    connection = session.connection()
    watched = (chart.RECOURSE, chart.RECOURSE_ALLOWANCE, chart.DUE_FROM_COUNTY, chart.RECOVERY_SUSPENSE)
    of_fund = balances.flows(connection, clocks, Kind.FUND, watched, county, bank)
    of_bank = balances.flows(connection, clocks, Kind.LOAN, (chart.RECOVERIES_TO_REMIT,), county, bank)
    keys = sorted({key[:2] for key in (*of_fund, *of_bank)})
    return [_one(key, of_fund, of_bank) for key in keys]


def together(rows: Iterable[Compensation], county: str = "", bank: str = "") -> Compensation:
    """Return the sum of compensation rows as one row, for a county, a bank or the city."""
    listed = list(rows)
    sums = {
        field.name: Fen(sum(getattr(row, field.name) for row in listed))
        for field in fields(Compensation)
        if field.name not in ("county", "bank")
    }
    return Compensation(county=county, bank=bank, **sums)


def _one(key: tuple[str, str], of_fund: Flows, of_bank: Flows) -> Compensation:
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


def _net(flows: Flows, key: tuple[str, str], debit: Account, credit: Account, *, both: bool = True) -> int:
    """Return the amount in fen posted to `debit` against `credit`; with `both`, subtract opposite postings."""
    forward = flows.get((*key, debit.code, credit.code), 0)
    return forward - flows.get((*key, credit.code, debit.code), 0) if both else forward
