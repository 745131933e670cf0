"""Reports of subsidy totals from the books by county and bank, and of individual claw-backs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from ledger import balances, chart
from ledger.balances import Clocks, Turnover
from ledger.chart import Account, Kind, book_of
from ledger.money import NIL, Fen
from ledger.tables.subsidies import Clawback


@dataclass(frozen=True, slots=True)
class ClawbackShown:
    """A claw-back (应追回贴息) with the amounts received and outstanding, in fen."""

    id: int
    loan_id: int
    batch_id: int
    line_id: int
    bank: str
    county: str
    amount: Fen
    received: Fen
    outstanding: Fen
    raised_on: date
    raised_by: str
    reason: str


def clawback(row: Clawback) -> ClawbackShown:
    """Return a claw-back in the form that is shown to users."""
    return ClawbackShown(
        row.id,
        row.loan_id,
        row.batch_id,
        row.line_id,
        row.bank,
        row.county,
        Fen(row.fen),
        Fen(row.received),
        Fen(row.fen - row.received),
        row.raised_on,
        row.raised_by,
        row.reason,
    )


@dataclass(frozen=True, slots=True)
class SubsidyRow:
    """The subsidies for the loans of one bank in one county (贴息情况), computed from the books, in fen.

    Turnover starts with the first requested day, and balances are as of the last requested day. `approved` is the
    approved amount less the amount of returned lines. Claw-backs are shown separately and never deducted from payments.
    """

    county: str
    bank: str
    households: Fen
    organisations: Fen
    approved: Fen
    paid: Fen
    payable: Fen
    clawback_raised: Fen
    clawback_received: Fen
    clawback_outstanding: Fen


def report(
    session: Session, clocks: Clocks, *, start: date | None = None, county: str | None = None, bank: str | None = None
) -> list[SubsidyRow]:
    """Return a row for every county and bank that has a subsidy in the books; turnover counts from `start` on."""
    connection = session.connection()
    balances_at_end = balances.account_balances(connection, clocks, kind=Kind.SUBSIDY, county=county, bank=bank)
    rows = []
    for owner, of_bank in sorted({(row.county, row.bank) for row in balances_at_end}):
        book = book_of(Kind.SUBSIDY, bank="", county=owner)
        turnovers = balances.turnovers(connection, book, clocks, start=start, county=owner, bank=of_bank)
        rows.append(_row(owner, of_bank, {turnover.account: turnover for turnover in turnovers}))
    return rows


def _row(county: str, bank: str, turnovers: Mapping[Account, Turnover]) -> SubsidyRow:
    def turned(account: Account, side: str) -> Fen:
        fen: Fen = getattr(turnovers[account], side) if account in turnovers else NIL
        return fen

    households, organisations = (
        turned(account, "debit") for account in (chart.SUBSIDY_HOUSEHOLDS, chart.SUBSIDY_ORGANISATIONS)
    )
    return SubsidyRow(
        county,
        bank,
        households,
        organisations,
        Fen(households + organisations),
        turned(chart.SUBSIDY_PAYABLE, "debit"),
        turned(chart.SUBSIDY_PAYABLE, "closing"),
        turned(chart.CLAWBACK_RECEIVABLE, "debit"),
        turned(chart.CLAWBACK_RECEIVABLE, "credit"),
        turned(chart.CLAWBACK_RECEIVABLE, "closing"),
    )
