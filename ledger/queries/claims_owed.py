"""Queries of the amounts that the fund still owes on claims, of queued claims, and of the counties' loss shares."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from ledger import balances
from ledger.balances import Clocks, loan_balances
from ledger.chart import DUE_FROM_COUNTY, INTEREST_RECEIVABLE, Kind, book_of
from ledger.database import among, table_of
from ledger.money import NIL, Fen
from ledger.policy import compensation
from ledger.policy.loan_transactions import Parts
from ledger.queries import reference
from ledger.queries.exposure import open_principal
from ledger.statuses import ClaimStatus
from ledger.tables.claims import Claim
from ledger.tables.loans import Loan

UNPAID = (ClaimStatus.APPROVED, ClaimStatus.PARTLY_PAID)
"""The statuses of claims that the fund has not paid in full."""


def paid_of(claim: Claim) -> Parts:
    """Return the principal and the interest that the fund has already paid on a claim."""
    return Parts(*map(Fen, (claim.paid_principal, claim.paid_interest)))


def frozen_of(claim: Claim) -> Parts:
    """Return the principal and the interest that were open on a loan on the day of its claim."""
    return Parts(*map(Fen, (claim.principal, claim.interest)))


def net_of(claim: Claim) -> Fen:
    """Return the net loss of a claim in fen: the compensation paid less the recoveries returned to the fund."""
    return Fen(claim.paid_principal + claim.paid_interest - claim.returned)


def owed(connection: Connection, claims: Iterable[Claim]) -> dict[int, Parts]:
    """Return the amounts that the fund still owes on each claim, by claim id (6.4), with one query for all claims."""
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
    """Return the sum of queued claims on each fund account, in fen, by county and bank; zero sums are left out."""
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
    """Return the queued amount of each loan's claim, in fen, by loan id; zero amounts are left out."""
    query = select(Claim).where(
        among(session.connection(), table_of(Claim).c.loan_id, loan_ids),
        Claim.status.in_(UNPAID),
        Claim.queued_on.is_not(None),
    )
    rows = session.execute(query).scalars().all()
    found = owed(session.connection(), rows)
    return {row.loan_id: found[row.id].total for row in rows if found[row.id].total}


def county_shares(session: Session, county: str, bank: str) -> list[tuple[int, Fen]]:
    """Return the claims of a fund account with the county's share of each net loss, in fen, oldest approval first."""
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
    """The county's share of a claim's net loss, in whole fen: the amount that the county owes and the amount paid."""

    due: Fen
    paid: Fen


def allotted(session: Session, accounts: Iterable[tuple[str, str]]) -> dict[int, Allotted]:
    """Return the county's share of each claim on the given accounts (county, bank), by claim id (6.5).

    A county's payments are allotted to its claims in the order of the claims' approval. If a later recovery lowers the
    county's share of a claim, the excess of its payments is allotted to the next claim. The amount that a county has
    paid is the sum of its shares less the balance of account 1201.
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
