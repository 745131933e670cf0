"""The portfolio (贷款资产情况): balances, overdue ageing, five grades, as of any day and as known at any moment.

Everything follows from dates (scheme 3.12): one grouped query over the postings, whatever the number of loans.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Subquery, and_, case, cast, false, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from ledger import balances, chart, dates
from ledger.balances import Clocks
from ledger.chart import Kind
from ledger.money import NIL, Fen
from ledger.policy.schemes import Scheme
from ledger.queries import fund_calls, reference
from ledger.queries.principal import principal_as_of
from ledger.tables.journal import events
from ledger.tables.loans import Loan, allocations, interest_bills

_LOANS: Any = Loan.__table__


@dataclass(frozen=True, slots=True)
class Portfolio:
    """One bank in one county, or what several add up to; amounts are whole fen of open principal at the banks.

    Ageing counts from the rolled due date; `compensated` is what the fund paid and has not back, shown apart.
    `issued` is what was ever lent, renewals not counted; `contributed` what the fund was called for.
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
        """Non-performing (不良): the last three grades."""
        return Fen(self.substandard + self.doubtful + self.loss)

    @property
    def npl_rate(self) -> Decimal | None:
        return _ratio(self.npl, self.principal)

    @property
    def household_share(self) -> Decimal | None:
        """Of what is open; the programme wants half at least (2.7)."""
        return _ratio(self.households, self.principal)

    @property
    def household_share_issued(self) -> Decimal | None:
        return _ratio(self.issued_to_households, self.issued)

    @property
    def leverage(self) -> Decimal | None:
        """Loans issued for each yuan the fund was called for (2.8)."""
        return _ratio(self.issued, self.contributed)


def _ratio(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / Decimal(whole)).quantize(Decimal("0.0001")) if whole else None


def portfolio(session: Session, clocks: Clocks, county: str | None = None, bank: str | None = None) -> list[Portfolio]:
    """Every bank's portfolio in every county as of a day, by county and bank."""
    rows: dict[tuple[str, str], dict[str, int]] = {}
    for found in session.execute(_grouped(session, clocks, county, bank)).mappings():
        _add(rows, found["county"], found["bank"], {name: found[name] for name in _GROUPED})
    for standing in balances.standings(
        session.connection(), clocks, kind=Kind.FUND, account=chart.RECOURSE.code, county=county, bank=bank
    ):
        _add(rows, standing.county, standing.bank, {"compensated": standing.balance})
    for found in session.execute(_issued(clocks, county, bank)).mappings():
        told = {"issued": found["issued"], "issued_to_households": found["to_households"]}
        _add(rows, found["county"], found["bank"], told)
    for account, fen in fund_calls.contributed(session, county, bank, clocks).items():
        _add(rows, account.county, account.bank, {"contributed": fen})
    return [_portfolio(*key, rows[key]) for key in sorted(rows)]


def together(rows: Iterable[Portfolio], county: str = "", bank: str = "") -> Portfolio:
    """Portfolios added up: a county, a bank, the city."""
    listed = list(rows)
    return _portfolio(county, bank, {name: sum(getattr(row, name) for row in listed) for name in _SUMMED})


def _portfolio(county: str, bank: str, figures: Mapping[str, int]) -> Portfolio:
    told: dict[str, Any] = dict(figures)
    return Portfolio(county, bank, **told)


_SUMMED = tuple(field.name for field in fields(Portfolio) if field.name not in ("county", "bank"))
_BESIDE = ("compensated", "issued", "issued_to_households", "contributed")
_GROUPED = tuple(name for name in _SUMMED if name not in _BESIDE)
_AGES = {
    "overdue_1_30": (1, 30),
    "overdue_31_90": (31, 90),
    "overdue_91_180": (91, 180),
    "overdue_181_360": (181, 360),
    "overdue_over_360": (361, None),
}


def _add(rows: dict[tuple[str, str], dict[str, int]], county: str, bank: str, told: Mapping[str, int]) -> None:
    into = rows.setdefault((county, bank), {})
    for name, figure in told.items():
        into[name] = into.get(name, 0) + (figure or 0)


def _grouped(session: Session, clocks: Clocks, county: str | None, bank: str | None) -> Any:
    """Open principal by county and bank, split by borrower, age and grade."""
    owed, unpaid = principal_as_of(clocks), _oldest_unpaid(clocks)
    loan, as_of = _LOANS.c, clocks.as_of
    fen = owed.c.fen
    columns = {
        "loans": func.count(),
        "households": _sum(fen, loan.household_id.is_not(None)),
        "organisations": _sum(fen, loan.organisation_id.is_not(None)),
    }
    columns |= {name: _sum(fen, _aged(loan.rolled_on, as_of, *days)) for name, days in _AGES.items()}
    columns |= {name: _sum(fen, is_so) for name, is_so in _grades(session, as_of, unpaid.c.posted_on).items()}
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
    """When the oldest line with contract interest unpaid was posted, of each loan that has one."""
    ln, a = interest_bills.c, allocations.c
    paid = select(a.loan_id, a.period_start, cast(func.sum(a.contract), BigInteger).label("fen")).where(
        a.effective_on <= clocks.as_of
    )
    found = select(ln.loan_id, func.min(ln.period_end).label("posted_on")).where(ln.period_end <= clocks.as_of)
    if clocks.known_at is None:
        found = found.where(ln.live)
    else:
        known = dates.micros(clocks.known_at)
        paid = paid.join(events, events.c.id == a.event_id).where(events.c.recorded_at <= known)
        made, undone = aliased(events), aliased(events)
        gone = select(undone.c.id).where(undone.c.reverses_id == ln.event_id, undone.c.recorded_at <= known)
        found = found.join(made, made.c.id == ln.event_id).where(made.c.recorded_at <= known, ~gone.exists())
    sums = paid.group_by(a.loan_id, a.period_start).subquery()
    same = and_(sums.c.loan_id == ln.loan_id, sums.c.period_start == ln.period_start)
    return found.outerjoin(sums, same).where(ln.contract > func.coalesce(sums.c.fen, 0)).group_by(ln.loan_id).subquery()


def _aged(rolled_on: ColumnElement[Any], as_of: date, least: int, most: int | None) -> ColumnElement[bool]:
    """Days overdue within two numbers of days, both included."""
    reached = rolled_on <= as_of - timedelta(days=least)
    return reached if most is None else and_(reached, rolled_on >= as_of - timedelta(days=most))


def _grades(session: Session, as_of: date, unpaid_since: ColumnElement[Any]) -> dict[str, ColumnElement[bool]]:
    """By the larger of days overdue and days interest stands unpaid, each loan by its own scheme's days."""
    loan = _LOANS.c
    names = ("special_mention", "substandard", "doubtful", "loss")
    reached: dict[str, ColumnElement[bool]] = {}
    schemes = _schemes(session)
    for name in names:
        is_so = []
        for scheme in schemes:
            latest = as_of - timedelta(days=_least_days(scheme)[name])
            own = and_(loan.scheme == scheme.code, loan.scheme_version == scheme.version)
            is_so.append(and_(own, or_(loan.rolled_on <= latest, func.coalesce(unpaid_since <= latest, False))))
        reached[name] = or_(false(), *is_so)
    grades = {"normal": ~reached["special_mention"]}
    for name, worse in zip(names, (*names[1:], None), strict=True):
        grades[name] = reached[name] if worse is None else and_(reached[name], ~reached[worse])
    return grades


def _least_days(scheme: Scheme) -> dict[str, int]:
    """From how many days on a loan is graded so (3.12): special mention from, the others over."""
    return {
        "special_mention": scheme.special_mention_from_days,
        "substandard": scheme.substandard_over_days + 1,
        "doubtful": scheme.doubtful_over_days + 1,
        "loss": scheme.loss_over_days + 1,
    }


def _schemes(session: Session) -> Sequence[Scheme]:
    """The scheme versions that loans were signed under."""
    loan = _LOANS.c
    found = session.execute(select(loan.scheme, loan.scheme_version).distinct())
    return [reference.scheme_of(session, code, version) for code, version in found]


def _issued(clocks: Clocks, county: str | None, bank: str | None) -> Any:
    """What was ever lent by a day, net of reversals, renewals not counted."""
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
