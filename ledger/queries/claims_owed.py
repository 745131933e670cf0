"""What the fund owes on claims, what of it queues, and what the counties owe and have paid of their shares."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from ledger import balances
from ledger.balances import Clocks, loan_balances
from ledger.chart import DUE_FROM_COUNTY, INTEREST_RECEIVABLE, Kind, book_of
from ledger.database import among
from ledger.money import NIL, Fen
from ledger.policy import compensation
from ledger.policy.loan_transactions import Parts
from ledger.queries import reference
from ledger.queries.exposure import open_principal
from ledger.statuses import ClaimStatus
from ledger.tables.claims import Claim
from ledger.tables.loans import Loan

UNPAID = (ClaimStatus.APPROVED, ClaimStatus.PARTLY_PAID)
"""Statuses of claims that the fund has still to pay, in whole or in part."""


def paid_of(claim: Claim) -> Parts:
    """Return what the fund has paid on a claim, principal and interest apart."""
    return Parts(*map(Fen, (claim.paid_principal, claim.paid_interest)))


def frozen_of(claim: Claim) -> Parts:
    """Return the principal and interest that were open on the loan when it was claimed."""
    return Parts(*map(Fen, (claim.principal, claim.interest)))


def net_of(claim: Claim) -> Fen:
    """Return the net loss of a claim in fen: paid by the fund and not returned to it."""
    return Fen(claim.paid_principal + claim.paid_interest - claim.returned)


def owed(connection: Connection, claims: Iterable[Claim]) -> dict[int, Parts]:
    """Return what the fund still owes on each claim, by claim id, as recorded now (6.4). One query for all claims."""
    rows = list(claims)
    found = loan_balances(connection, [row.loan_id for row in rows])
    return {
        row.id: compensation.still_owed(
            frozen_of(row),
            Parts(
                open_principal(found.get(row.loan_id, {})),
                found.get(row.loan_id, {}).get(INTEREST_RECEIVABLE, NIL),
            ),
            paid_of(row),
            row.share,
        )
        for row in rows
    }


def queued_by_account(
    session: Session, county: str | None = None, bank: str | None = None
) -> dict[tuple[str, str], Fen]:
    """Return what queues for each account in fen, by (county, bank), accounts with a queue only. Two queries."""
    query = select(Claim).where(Claim.status.in_(UNPAID), Claim.queued_on.is_not(None))
    if county is not None:
        query = query.where(Claim.county == county)
    if bank is not None:
        query = query.where(Claim.bank == bank)
    rows = session.execute(query).scalars().all()
    found = owed(session.connection(), rows)
    sums: dict[tuple[str, str], int] = {}
    for row in rows:
        sums[row.county, row.bank] = sums.get((row.county, row.bank), 0) + found[row.id].total
    return {account: Fen(fen) for account, fen in sums.items() if fen}


def queued_by_loan(session: Session, loan_ids: Iterable[int]) -> Mapping[int, Fen]:
    """Return what queues of each loan's claim in fen, by loan id, loans with a queue only. Two queries."""
    query = select(Claim).where(
        among(session.connection(), Claim.__table__.c.loan_id, loan_ids),
        Claim.status.in_(UNPAID),
        Claim.queued_on.is_not(None),
    )
    rows = session.execute(query).scalars().all()
    found = owed(session.connection(), rows)
    return {row.loan_id: found[row.id].total for row in rows if found[row.id].total}


def county_shares(session: Session, county: str, bank: str) -> list[tuple[int, Fen]]:
    """Return claim ids with the county's share of their net loss in fen, oldest approval first, then id."""
    query = (
        select(Claim, Loan.scheme, Loan.scheme_version)
        .join(Loan, Loan.id == Claim.loan_id)
        .where(Claim.county == county, Claim.bank == bank, Claim.live.is_(True), Claim.approved_on.is_not(None))
        .order_by(Claim.approved_on, Claim.id)
    )
    return [
        (claim.id, compensation.booked(reference.scheme_of(session, code, version), net_of(claim))[1])
        for claim, code, version in session.execute(query)
    ]


@dataclass(frozen=True, slots=True)
class Allotted:
    """The county's share of one claim: due in all, and paid so far; whole fen."""

    due: Fen
    paid: Fen


def allotted(session: Session, accounts: Iterable[tuple[str, str]]) -> dict[int, Allotted]:
    """Return what the counties owe and paid of their shares, by claim id (6.5), for accounts given as (county, bank).

    Payments are allotted to the oldest approval first; what was paid for a claim and recovered since goes to the next
    one, as the balance of the account 1201 does.
    """
    found: dict[int, Allotted] = {}
    for county, bank in sorted(set(accounts)):
        shares = county_shares(session, county, bank)
        book = book_of(Kind.FUND, bank=bank, county=county)
        stands = balances.balance(
            session.connection(), DUE_FROM_COUNTY, book, Clocks(date.max), county=county, bank=bank
        )
        left = sum(share for _, share in shares) - stands
        for claim_id, share in shares:
            part = Fen(max(0, min(share, left)))
            left -= part
            found[claim_id] = Allotted(share, part)
    return found
