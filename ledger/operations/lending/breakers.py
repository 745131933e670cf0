"""The figures by which the breakers of scheme 6.9 warn against or refuse new loans of one bank in one county."""

from datetime import date

from sqlalchemy import BigInteger, cast, func, select

from ledger import balances, chart
from ledger.balances import Clocks
from ledger.chart import Kind, book_of
from ledger.database import table_of
from ledger.money import Fen
from ledger.policy import breakers, grading
from ledger.policy.breakers import BreakerTripped, Figures
from ledger.policy.schemes import Scheme
from ledger.queries import exposure, reference
from ledger.statuses import LoanStatus
from ledger.tables.loans import Loan, allocations, interest_bills
from ledger.unit_of_work import Unit

_LOANS = table_of(Loan)


def check(unit: Unit, scheme: Scheme, bank: str, county: str) -> tuple[BreakerTripped, ...]:
    """Return the warnings of the scheme's breakers for a new loan of a bank in a county.

    Nothing is read from the database where the scheme sets no breaker. Raise BreakerTripped where a breaker refuses the
    loan.
    """
    if not breakers.watched(scheme):
        return ()
    return breakers.tripped(scheme, figures(unit, bank, county))


def figures(unit: Unit, bank: str, county: str) -> Figures:
    """Return the amounts from which the breakers' ratios are computed, in whole fen.

    The amounts include everything recorded up to now; the loans are graded as of today.
    """
    book = book_of(Kind.FUND, bank=bank, county=county)
    balance_of = {
        account: balances.balance(unit.connection, account, book, Clocks(unit.today), county=county, bank=bank)
        for account in (chart.FUND_DEPOSITS, chart.RECOURSE)
    }
    lent, bad = _graded(unit, bank, county)
    return Figures(
        bank,
        county,
        Fen(lent),
        Fen(bad),
        balance_of[chart.FUND_DEPOSITS],
        balance_of[chart.RECOURSE],
        exposure.issued(unit, bank, county),
    )


def _graded(unit: Unit, bank: str, county: str) -> tuple[int, int]:
    """Return the open principal of uncompensated loans, and the part of the principal in bad loans; whole fen.

    A loan graded substandard or worse is bad (3.12).
    """
    c = _LOANS.c
    rows = unit.connection.execute(
        select(c.id, c.rolled_on, c.scheme, c.scheme_version).where(
            c.bank == bank, c.county == county, c.status.in_((LoanStatus.ACTIVE, LoanStatus.OVERDUE))
        )
    ).all()
    balances_by_loan = balances.loan_balances(unit.connection, [row.id for row in rows])
    oldest = _oldest_unpaid(unit, bank, county)
    lent = bad = 0
    for row in rows:
        principal = exposure.open_principal(balances_by_loan.get(row.id, {}))
        scheme = reference.scheme_of(unit.session, row.scheme, row.scheme_version)
        overdue = grading.days_overdue(row.rolled_on, unit.today) if principal else 0
        unpaid = grading.days_unpaid(oldest.get(row.id), unit.today)
        lent += principal
        bad += principal if grading.grade(scheme, overdue, unpaid).is_npl else 0
    return lent, bad


def _oldest_unpaid(unit: Unit, bank: str, county: str) -> dict[int, date]:
    """Return, by loan, the posting day of the oldest interest bill whose contract interest is not fully paid."""
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
