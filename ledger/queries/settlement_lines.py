"""Queries of settlement lines for the subsidy: loan, borrower, terms, day of full payment and eligible interest."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cache, lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, FromClause, Select, and_, bindparam, exists, func, select, type_coerce

from ledger.database import among, table_of
from ledger.dates import DAY, Span
from ledger.money import Fen
from ledger.policy import limits, subsidy
from ledger.policy.limits import Link
from ledger.policy.subsidy import LineConditions, Period
from ledger.queries import principal
from ledger.queries.contract_rates import rates_of
from ledger.queries.subsidy_terms import OF_OFFICE, TermsByVersion, Versions, granted_terms, settled_by, versions_of
from ledger.tables import borrowers
from ledger.tables.loans import Loan, allocations, interest_bills
from ledger.tables.subsidies import SubsidyLine, subsidy_claims
from ledger.unit_of_work import Unit

_LOANS = table_of(Loan)
_LINKS = table_of(borrowers.Link)
_SUBSIDY_LINES = table_of(SubsidyLine)


class BilledLine(NamedTuple):
    """A live settlement line with its loan and borrower; `paid_on` is the day from which the line was fully paid.

    `principal` is the amount of the loan, and `contract` is the contract interest of the line, both in fen.
    """

    loan: int
    household_id: int | None
    organisation_id: int | None
    principal: int
    version: int
    contract: Fen
    conditions: LineConditions
    paid_on: date | None


class EarnedLine(NamedTuple):
    """A settlement line with its subsidised days, and its eligible interest in exact units and rounded to fen."""

    billed: BilledLine
    days: int
    parts: int
    eligible: Fen


def free_lines(
    unit: Unit, bank: str, county: str, last: Period, batch_id: int, loan_ids: Collection[int] | None = None
) -> list[BilledLine]:
    """Return the lines posted up to a period's end that have a payment and that no other batch claims."""
    terms = granted_terms(unit.session)
    query = _free(*versions_of(terms, last.cycle))
    if loan_ids is not None:
        query = query.where(among(unit.connection, _LOANS.c.id, loan_ids))
    return _read(unit, terms, query, {"bank": bank, "county": county, "end": last.days.end, "batch": batch_id})


def claimed_lines(unit: Unit, subsidy_line_ids: Collection[int]) -> dict[tuple[int, date], BilledLine]:
    """Return, by loan id and first day, the lines that subsidy lines claim, with the current bills and payments."""
    if not subsidy_line_ids:
        return {}
    ln, c = interest_bills.c, subsidy_claims.c
    joined = interest_bills.join(_LOANS, _LOANS.c.id == ln.loan_id).join(
        subsidy_claims, and_(c.loan_id == ln.loan_id, c.period_start == ln.period_start)
    )
    query = _billed(joined).where(among(unit.connection, c.line_id, subsidy_line_ids), c.live, ln.live)
    return {(line.loan, line.conditions.start): line for line in _read(unit, granted_terms(unit.session), query, {})}


def earned_lines(unit: Unit, billed: Sequence[BilledLine]) -> list[EarnedLine]:
    """Return the interest of each line that is eligible for subsidy, in the order of the lines (4.2, 4.6).

    Lines of organisations are left out if the organisation lacks the link that its scheme requires (4.1). Principal and
    rates are read day by day only for loans whose subsidy can depend on daily values.
    """
    entitled = _with_required_link(unit, billed)
    sharing = _of_borrowers_with_several_loans(unit, entitled)
    whole = [line.principal <= line.conditions.whole_up_to and line.loan not in sharing for line in entitled]
    facts = _daily_facts(unit, [line for line, is_whole in zip(entitled, whole, strict=True) if not is_whole], sharing)
    return [
        EarnedLine(line, line.conditions.days, line.contract * subsidy.WHOLE, line.contract)
        if is_whole
        else _earned_by_days(line, facts)
        for line, is_whole in zip(entitled, whole, strict=True)
    ]


_ByDay = Mapping[int, Sequence[tuple[date, int]]]
"""The values of loans by loan id, each value with the first day on which the value holds."""


class _DailyFacts(NamedTuple):
    """The daily values of a loan: principal owed and cap left in fen, and contract rates in units of 1e-8."""

    owed: _ByDay
    caps: _ByDay
    rates: _ByDay


def _daily_facts(unit: Unit, billed: Sequence[BilledLine], sharing: Collection[int]) -> _DailyFacts:
    loans = {line.loan: line for line in billed}
    caps = {loan: cap for loan, line in loans.items() if (cap := line.conditions.terms.cap) is not None}
    whole = {cap: subsidy.cap_left(cap, ()) for cap in set(caps.values())}
    left = principal.caps_left(unit.connection, {loan: cap for loan, cap in caps.items() if loan in sharing})
    moving = [loan for loan, line in loans.items() if not line.conditions.terms.steady]
    through = max((line.conditions.end for line in billed), default=date.min)
    return _DailyFacts(
        principal.principal_steps(unit.connection, loans),
        {loan: left.get(loan) or whole[cap] for loan, cap in caps.items()},
        rates_of(unit, moving, through) if moving else {},
    )


def _earned_by_days(line: BilledLine, facts: _DailyFacts) -> EarnedLine:
    of = line.conditions
    days, parts = subsidy.earned(
        Span(of.start, of.end),
        of.span,
        facts.owed.get(line.loan) or ((of.disbursed_on, line.principal),),
        facts.rates.get(line.loan) or ((date.min, of.rate),),
        of.benchmark,
        line.contract,
        facts.caps.get(line.loan, ()),
    )
    return EarnedLine(line, days, parts, subsidy.shown(parts))


def _of_borrowers_with_several_loans(unit: Unit, billed: Sequence[BilledLine]) -> set[int]:
    """Return the loans of borrowers who have or had more than one loan."""
    sharing: set[int] = set()
    for column, place in ((_LOANS.c.household_id, 1), (_LOANS.c.organisation_id, 2)):
        borrower_of = itemgetter(place)
        if borrower_ids := set(map(borrower_of, billed)) - {None}:
            query = select(column).where(among(unit.connection, column, borrower_ids)).group_by(column)
            several = set(unit.connection.execute(query.having(func.count() > 1)).scalars())
            sharing.update(line.loan for line in billed if borrower_of(line) in several)
    return sharing


def _with_required_link(unit: Unit, billed: Sequence[BilledLine]) -> Sequence[BilledLine]:
    """Return the lines without those of organisations that had no valid link on any day of the line's period (4.1)."""
    keys = {
        line: (line.organisation_id, line.conditions.terms, line.conditions.own)
        for line in billed
        if line.organisation_id is not None and line.conditions.terms.scheme.organisation_link_required
    }
    if not keys:
        return billed
    k = _LINKS.c
    query = select(k.organisation_id, k.kind, k.fen, k.household_id, k.starts_on, k.ends_on)
    links: dict[int | None, list[Link]] = {}
    organisation_ids = {organisation_id for organisation_id, _, _ in keys.values()}
    for row in unit.connection.execute(query.where(among(unit.connection, k.organisation_id, organisation_ids))):
        links.setdefault(row[0], []).append(Link(*row[1:]))
    is_linked = {
        (organisation_id, terms, own): limits.has_link_within(
            terms.scheme, links.get(organisation_id, ()), own.days.start, own.days.end - DAY
        )
        for organisation_id, terms, own in set(keys.values())
    }
    return [line for line in billed if line not in keys or is_linked[keys[line]]]


# SQL statements are built once, because for a small bank building a statement takes longer than executing it.
@cache
def _free(households: Versions, organisations: Versions) -> Select[Any]:
    ln, c = interest_bills.c, subsidy_claims.c
    own = select(_SUBSIDY_LINES.c.id).where(_SUBSIDY_LINES.c.batch_id == bindparam("batch"))
    elsewhere = exists().where(
        c.loan_id == ln.loan_id, c.period_start == ln.period_start, c.live, c.line_id.not_in(own)
    )
    return _billed(interest_bills.join(_LOANS, _LOANS.c.id == ln.loan_id)).where(
        *OF_OFFICE, settled_by(households, organisations), ln.live, ln.period_start < bindparam("end"), ~elsewhere
    )


def _billed(joined: FromClause) -> Select[Any]:
    """Return a query for settlement lines with their payments; each row is one payment with the fields of `_Row`."""
    c, ln, a = _LOANS.c, interest_bills.c, allocations.c
    return (
        select(
            *(c.id, c.household_id, c.organisation_id, c.principal_fen, ln.version, ln.contract),
            *(c.household_id.is_not(None), c.scheme, c.scheme_version),
            *(type_coerce(rate, BigInteger) for rate in (c.annual_rate, c.benchmark_rate)),
            *(c.disbursed_on, c.first_disbursed_on, c.original_due_on, c.due_on, c.misused_on),
            *(ln.period_start, ln.period_end),
            *(a.effective_on, a.payer, a.contract, a.compound + a.penalty),
        )
        .select_from(joined)
        .join(allocations, and_(a.loan_id == ln.loan_id, a.period_start == ln.period_start))
        .where(ln.contract > 0)
    )


_Day = date | str
"""A date as the database driver returns it: text on SQLite."""


class _Row(NamedTuple):
    """A payment applied to a settlement line, with the line and its loan, as the database driver returns the values.

    The fields from `household` to `end` decide the line's conditions; the last four fields are a `subsidy.Applied`.
    """

    loan: int
    household_id: int | None
    organisation_id: int | None
    principal: int
    version: int
    contract: Fen
    household: bool
    scheme: str
    scheme_version: int
    rate: int
    benchmark: int
    disbursed_on: _Day
    first_disbursed_on: _Day
    original_due_on: _Day
    due_on: _Day
    misused_on: _Day | None
    start: _Day
    end: _Day
    applied_on: _Day
    payer: str
    interest: int
    charges: int


_FIELD = {name: place for place, name in enumerate(_Row._fields)}
_SAME_LINE = itemgetter(_FIELD["loan"], _FIELD["start"])
_IN_ORDER = itemgetter(_FIELD["loan"], _FIELD["start"], _FIELD["applied_on"])
# Parts of a row: the fields with which `BilledLine` begins, the values that decide the conditions, and the payment.
_LINE = itemgetter(slice(0, _FIELD["household"]))
_CONDITIONS = itemgetter(slice(_FIELD["household"], _FIELD["applied_on"]))
_PAYMENT = itemgetter(slice(_FIELD["applied_on"], None))


def _read(unit: Unit, terms: TermsByVersion, query: Select[Any], values: Mapping[str, Any]) -> list[BilledLine]:
    """Return settlement lines sorted by loan and day.

    SQLAlchemy does not convert the rows, because a quarter has many rows but few different dates and conditions.
    """
    result = unit.connection.execute(query, values)
    cursor: Any = result.cursor
    rows: list[tuple[Any, ...]] = (
        cursor.fetchall()
    )  # Tuples in the field order of `_Row`, not yet named: that takes time.
    result.close()
    rows.sort(key=_IN_ORDER)  # Python sorts the nearly sorted rows faster than the database.
    conditions: dict[tuple[Any, ...], LineConditions] = {}
    billed = []
    for _, grouped in groupby(rows, key=_SAME_LINE):
        payments = list(grouped)
        row = payments[0]
        *of_line, contract = _LINE(row)
        if (of := conditions.get(key := _CONDITIONS(row))) is None:
            of = conditions[key] = _conditions(terms, *key)
        # The days of payments are compared as the driver returns them; only the day found becomes a date.
        paid_on = subsidy.paid_on(contract, map(_PAYMENT, payments))
        billed.append(BilledLine._make((*of_line, contract, of, paid_on and _date(paid_on))))
    return billed


def _conditions(
    terms: TermsByVersion, household: bool, scheme: str, version: int, rate: int, benchmark: int, *days: Any
) -> LineConditions:
    *loan_days, start, end = (None if day is None else _date(day) for day in days)
    return LineConditions.of(terms[scheme, version, bool(household)], rate, benchmark, tuple(loan_days), start, end)


@lru_cache(maxsize=2**12)
def _date(value: _Day) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value
