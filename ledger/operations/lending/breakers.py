"""What the breakers of scheme 6.9 are asked of: one bank's loans, fund account and losses in one county."""

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, cast, func, select

from ledger import balances, chart
from ledger.balances import Clocks
from ledger.chart import Kind, book_of
from ledger.money import Fen
from ledger.policy import breakers, grading
from ledger.policy.breakers import BreakerTripped, Figures
from ledger.policy.schemes import Scheme
from ledger.queries import exposure, reference
from ledger.statuses import LoanStatus
from ledger.tables.loans import Loan, allocations, interest_bills
from ledger.unit_of_work import Unit

_LOANS: Any = Loan.__table__


def check(unit: Unit, scheme: Scheme, bank: str, county: str) -> tuple[BreakerTripped, ...]:
    """The warnings for a new loan of a bank in a county; nothing is read where the scheme sets no breaker.

    Raises BreakerTripped where it refuses.
    """
    if not breakers.watched(scheme):
        return ()
    return breakers.tripped(scheme, figures(unit, bank, county))


def figures(unit: Unit, bank: str, county: str) -> Figures:
    """The figures behind the ratios as recorded now, graded as of today."""
    book = book_of(Kind.FUND, bank=bank, county=county)
    stands = {
        account: balances.balance(unit.connection, account, book, Clocks(unit.today), county=county, bank=bank)
        for account in (chart.FUND_DEPOSITS, chart.RECOURSE)
    }
    lent, bad = _graded(unit, bank, county)
    return Figures(
        bank,
        county,
        Fen(lent),
        Fen(bad),
        stands[chart.FUND_DEPOSITS],
        stands[chart.RECOURSE],
        exposure.issued(unit, bank, county),
    )


def _graded(unit: Unit, bank: str, county: str) -> tuple[int, int]:
    """Open principal of loans not compensated, and what of it is substandard or worse (3.12)."""
    c = _LOANS.c
    rows = unit.connection.execute(
        select(c.id, c.rolled_on, c.scheme, c.scheme_version).where(
            c.bank == bank, c.county == county, c.status.in_((LoanStatus.ACTIVE, LoanStatus.OVERDUE))
        )
    ).all()
    found = balances.loan_balances(unit.connection, [row.id for row in rows])
    oldest = _oldest_unpaid(unit, bank, county)
    lent = bad = 0
    for row in rows:
        principal = exposure.open_principal(found.get(row.id, {}))
        scheme = reference.scheme_of(unit.session, row.scheme, row.scheme_version)
        overdue = grading.days_overdue(row.rolled_on, unit.today) if principal else 0
        unpaid = grading.days_unpaid(oldest.get(row.id), unit.today)
        lent += principal
        bad += principal if grading.grade(scheme, overdue, unpaid).is_npl else 0
    return lent, bad


def _oldest_unpaid(unit: Unit, bank: str, county: str) -> dict[int, date]:
    """The posting day of each loan's oldest line with unpaid contract interest."""
    ln, a, c = interest_bills.c, allocations.c, _LOANS.c
    paid = (
        select(a.loan_id, a.period_start, cast(func.sum(a.contract), BigInteger).label("fen"))
        .group_by(a.loan_id, a.period_start)
        .subquery()
    )
    query = (
        select(ln.loan_id, func.min(ln.period_end).label("posted_on"))
        .join(_LOANS, c.id == ln.loan_id)
        .outerjoin(paid, (paid.c.loan_id == ln.loan_id) & (paid.c.period_start == ln.period_start))
        .where(c.bank == bank, c.county == county, ln.live, ln.contract > func.coalesce(paid.c.fen, 0))
        .group_by(ln.loan_id)
    )
    return {row.loan_id: row.posted_on for row in unit.connection.execute(query)}
