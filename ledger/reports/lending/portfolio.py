"""Reports of the portfolio (贷款资产情况): balances, ageing and grades as of any day and as known at any moment.

Every amount of the portfolio is computed as of a day (scheme 3.12). One grouped query over the postings is enough for
any number of loans.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Subquery, and_, case, cast, false, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from ledger import balances, chart, dates
from ledger.balances import Clocks
from ledger.chart import Kind
from ledger.database import table_of
from ledger.money import NIL, Fen
from ledger.policy.schemes import Scheme
from ledger.queries import fund_calls, reference
from ledger.queries.principal import principal_as_of
from ledger.tables.journal import events
from ledger.tables.loans import Loan, allocations, interest_bills

_LOANS = table_of(Loan)


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The portfolio of one bank in one county, or the sum of several portfolios; amounts are whole fen.

    The balances are open principal at the banks; a loan's age is the number of days since its rolled due date.
    `compensated` is the amount that the fund paid and has not received back; balances do not include it. `issued` is
    all principal ever paid out, except renewals; `contributed` is all money contributed to the fund.
    """

    county: str
    bank: str
    loans: int = 0
    households: Fen = NIL
    organisations: Fen = NIL
    overdue_1_30: Fen = NIL
    overdue_31_90: Fen = NIL
    overdue_91_180: Fen = NIL
    overdue_181_360: Fen = NIL
    overdue_over_360: Fen = NIL
    normal: Fen = NIL
    special_mention: Fen = NIL
    substandard: Fen = NIL
    doubtful: Fen = NIL
    loss: Fen = NIL
    compensated: Fen = NIL
    issued: Fen = NIL
    issued_to_households: Fen = NIL
    contributed: Fen = NIL

    @property
    def principal(self) -> Fen:
        return Fen(self.households + self.organisations)

    @property
    def npl(self) -> Fen:
        """Return the non-performing principal (不良) in fen: the principal in the three worst grades."""
        return Fen(self.substandard + self.doubtful + self.loss)

    @property
    def npl_rate(self) -> Decimal | None:
        return _ratio(self.npl, self.principal)

    @property
    def household_share(self) -> Decimal | None:
        """Return the share of households in the open principal; the scheme requires at least half (2.7)."""
        return _ratio(self.households, self.principal)

    @property
    def household_share_issued(self) -> Decimal | None:
        return _ratio(self.issued_to_households, self.issued)

    @property
    def leverage(self) -> Decimal | None:
        """Return the principal ever paid out per yuan contributed to the fund (2.8)."""
        return _ratio(self.issued, self.contributed)


def _ratio(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / Decimal(whole)).quantize(Decimal("0.0001")) if whole else None


def portfolio(session: Session, clocks: Clocks, county: str | None = None, bank: str | None = None) -> list[Portfolio]:
    """Return the portfolio of each bank in each county as of a day, by county and bank."""
    rows: dict[tuple[str, str], dict[str, int]] = {}
    for row in session.execute(_grouped(session, clocks, county, bank)).mappings():
        _add(rows, row["county"], row["bank"], {name: row[name] for name in _GROUPED})
    for standing in balances.account_balances(
        session.connection(), clocks, kind=Kind.FUND, account=chart.RECOURSE.code, county=county, bank=bank
    ):
        _add(rows, standing.county, standing.bank, {"compensated": standing.balance})
    for row in session.execute(_issued(clocks, county, bank)).mappings():
        issued = {"issued": row["issued"], "issued_to_households": row["to_households"]}
        _add(rows, row["county"], row["bank"], issued)
    for account, fen in fund_calls.contributed(session, county, bank, clocks).items():
        _add(rows, account.county, account.bank, {"contributed": fen})
    return [_portfolio(*key, rows[key]) for key in sorted(rows)]


def together(rows: Iterable[Portfolio], county: str = "", bank: str = "") -> Portfolio:
    """Return the sum of portfolios as one portfolio, for a county, a bank or the city."""
    listed = list(rows)
    return _portfolio(county, bank, {name: sum(getattr(row, name) for row in listed) for name in _SUMMED})


def _portfolio(county: str, bank: str, figures: Mapping[str, int]) -> Portfolio:
    amounts: dict[str, Any] = dict(figures)
    return Portfolio(county, bank, **amounts)


_SUMMED = tuple(field.name for field in fields(Portfolio) if field.name not in ("county", "bank"))
_NOT_GROUPED = ("compensated", "issued", "issued_to_households", "contributed")
_GROUPED = tuple(name for name in _SUMMED if name not in _NOT_GROUPED)
_AGES = {
    "overdue_1_30": (1, 30),
    "overdue_31_90": (31, 90),
    "overdue_91_180": (91, 180),
    "overdue_181_360": (181, 360),
    "overdue_over_360": (361, None),
}


def _add(rows: dict[tuple[str, str], dict[str, int]], county: str, bank: str, figures: Mapping[str, int]) -> None:
    into = rows.setdefault((county, bank), {})
    for name, figure in figures.items():
        into[name] = into.get(name, 0) + (figure or 0)


_Sums = Select[*tuple[Any, ...]]  # The query's columns are county, bank, and sums in fen or numbers of loans.


def _grouped(session: Session, clocks: Clocks, county: str | None, bank: str | None) -> _Sums:
    """Return a query for the open principal by county and bank, split by kind of borrower, age and grade."""
    owed, unpaid = principal_as_of(clocks), _oldest_unpaid(clocks)
    loan, as_of = _LOANS.c, clocks.as_of
    fen = owed.c.fen
    columns = {
        "loans": func.count(),
        "households": _sum(fen, loan.household_id.is_not(None)),
        "organisations": _sum(fen, loan.organisation_id.is_not(None)),
    }
    columns |= {name: _sum(fen, _aged(loan.rolled_on, as_of, *days)) for name, days in _AGES.items()}
    columns |= {name: _sum(fen, condition) for name, condition in _grades(session, as_of, unpaid.c.posted_on).items()}
    query = (
        select(loan.county, loan.bank, *(column.label(name) for name, column in columns.items()))
        .select_from(owed)
        .join(_LOANS, loan.id == owed.c.loan_id)
        .outerjoin(unpaid, unpaid.c.loan_id == owed.c.loan_id)
        .where(fen > 0)
        .group_by(loan.county, loan.bank)
    )
    if county is not None:
        query = query.where(loan.county == county)
    return query if bank is None else query.where(loan.bank == bank)


def _oldest_unpaid(clocks: Clocks) -> Subquery:
    """Return a subquery for the day of each loan's oldest bill with unpaid contract interest."""
    ln, a = interest_bills.c, allocations.c
    paid = select(a.loan_id, a.period_start, cast(func.sum(a.contract), BigInteger).label("fen")).where(
        a.effective_on <= clocks.as_of
    )
    oldest = select(ln.loan_id, func.min(ln.period_end).label("posted_on")).where(ln.period_end <= clocks.as_of)
    if clocks.known_at is None:
        oldest = oldest.where(ln.live)
    else:
        known = dates.micros(clocks.known_at)
        paid = paid.join(events, events.c.id == a.event_id).where(events.c.recorded_at <= known)
        made, undone = aliased(events), aliased(events)
        gone = select(undone.c.id).where(undone.c.reverses_id == ln.event_id, undone.c.recorded_at <= known)
        oldest = oldest.join(made, made.c.id == ln.event_id).where(made.c.recorded_at <= known, ~gone.exists())
    sums = paid.group_by(a.loan_id, a.period_start).subquery()
    same = and_(sums.c.loan_id == ln.loan_id, sums.c.period_start == ln.period_start)
    return (
        oldest.outerjoin(sums, same).where(ln.contract > func.coalesce(sums.c.fen, 0)).group_by(ln.loan_id).subquery()
    )


def _aged(rolled_on: ColumnElement[Any], as_of: date, least: int, most: int | None) -> ColumnElement[bool]:
    """Return the SQL condition that a loan's days overdue lie between two numbers, both inclusive."""
    reached = rolled_on <= as_of - timedelta(days=least)
    return reached if most is None else and_(reached, rolled_on >= as_of - timedelta(days=most))


def _grades(session: Session, as_of: date, unpaid_since: ColumnElement[Any]) -> dict[str, ColumnElement[bool]]:
    """Return the SQL condition for each grade, from the limits in days in each loan's scheme.

    A loan's grade follows from the larger of its days overdue and the days since its oldest unpaid interest bill.
    """
    loan = _LOANS.c
    names = ("special_mention", "substandard", "doubtful", "loss")
    reached: dict[str, ColumnElement[bool]] = {}
    schemes = _schemes(session)
    for name in names:
        condition = []
        for scheme in schemes:
            latest = as_of - timedelta(days=_least_days(scheme)[name])
            own = and_(loan.scheme == scheme.code, loan.scheme_version == scheme.version)
            condition.append(and_(own, or_(loan.rolled_on <= latest, func.coalesce(unpaid_since <= latest, False))))
        reached[name] = or_(false(), *condition)
    grades = {"normal": ~reached["special_mention"]}
    for name, worse in zip(names, (*names[1:], None), strict=True):
        grades[name] = reached[name] if worse is None else and_(reached[name], ~reached[worse])
    return grades


def _least_days(scheme: Scheme) -> dict[str, int]:
    """Return the smallest number of days at which each grade applies (3.12), from the scheme's limits.

    The scheme states the number of days from which the grade special mention applies. For every other grade, the scheme
    states the last number of days before the grade applies.
    """
    return {
        "special_mention": scheme.special_mention_from_days,
        "substandard": scheme.substandard_over_days + 1,
        "doubtful": scheme.doubtful_over_days + 1,
        "loss": scheme.loss_over_days + 1,
    }


def _schemes(session: Session) -> Sequence[Scheme]:
    """Return the scheme versions under which any loan was signed."""
    loan = _LOANS.c
    versions = session.execute(select(loan.scheme, loan.scheme_version).distinct())
    return [reference.scheme_of(session, code, version) for code, version in versions]


def _issued(clocks: Clocks, county: str | None, bank: str | None) -> _Sums:
    """Return a query for the principal paid out on or before a day, less reversals and except renewals."""
    loan = _LOANS.c
    query = select(
        loan.county,
        loan.bank,
        _sum(loan.principal_fen, literal(True)).label("issued"),
        _sum(loan.principal_fen, loan.household_id.is_not(None)).label("to_households"),
    ).where(loan.disbursed_on <= clocks.as_of, loan.renews_id.is_(None))
    if county is not None:
        query = query.where(loan.county == county)
    if bank is not None:
        query = query.where(loan.bank == bank)
    return query.group_by(loan.county, loan.bank)


def _sum(column: ColumnElement[Any], condition: ColumnElement[bool]) -> ColumnElement[int]:
    return cast(func.sum(case((condition, column), else_=0)), BigInteger)
