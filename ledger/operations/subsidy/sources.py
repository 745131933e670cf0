"""What may be subsidised: settlement lines, their loans' terms, who paid them; one query for any number of loans."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, and_, bindparam, exists, or_, select, tuple_, type_coerce
from sqlalchemy.orm import Session

from ledger.database import among
from ledger.dates import Span
from ledger.money import Fen
from ledger.policy import subsidy
from ledger.policy.scheme import Cycle
from ledger.policy.schemes import Scheme
from ledger.policy.subsidy import Period
from ledger.queries import reference
from ledger.tables.loans import Loan, allocations, interest_bills
from ledger.tables.reference import SchemeVersion
from ledger.tables.subsidies import SubsidyLine, subsidy_claims
from ledger.unit_of_work import Unit

_LOANS: Any = Loan.__table__
_LINES: Any = SubsidyLine.__table__


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What a scheme grants households or organisations; an organisation's amount is one for a loan's whole year.

    `steady`: on subsidised days the contract rate never moves.
    """

    scheme: Scheme
    household: bool
    share: Decimal
    cycle: Cycle
    cap: Fen | None
    steady: bool

    @classmethod
    def of(cls, scheme: Scheme, *, household: bool) -> "Terms":
        return cls(
            scheme,
            household,
            subsidy.share_of(scheme, household=household),
            subsidy.cycle_of(scheme, household=household),
            subsidy.cap_of(scheme, household=household),
            scheme.repricing == "fixed" and not scheme.extension_subsidised,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """What settlement lines share that are subsidised alike: a quarter has few such kinds, and each is looked at once.

    Rates are whole 1e-8; `end` is not counted, of `span` as of the line. `whole_up_to`: a borrower's only loan up to
    this principal earns just the contract interest; zero for none.
    """

    terms: Terms
    rate: int
    benchmark: int
    disbursed_on: date
    start: date
    end: date
    days: int
    own: Period
    span: Span
    whole_up_to: int

    @classmethod
    @lru_cache(maxsize=2**14)
    def of(
        cls, terms: Terms, rate: int, benchmark: int, days: tuple[date, ...], start: date, end: date
    ) -> "Conditions":
        """`days`: the loan's, as `subsidy.subsidised_span` asks for them."""
        span = subsidy.subsidised_span(terms.scheme, *days)
        whole = (
            terms.household and terms.steady and subsidy.earns_all(Span(start, end), span, rate, benchmark, terms.share)
        )
        return cls(
            terms,
            rate,
            benchmark,
            days[0],
            start,
            end,
            (end - start).days,
            Period.of(terms.cycle, start),
            span,
            terms.cap or 0 if whole else 0,
        )


class Billed(NamedTuple):
    """A settlement line with its loan and borrower, its conditions, and since when the borrower has fully paid it."""

    loan: int
    household_id: int | None
    organisation_id: int | None
    principal: int
    version: int
    contract: Fen
    conditions: Conditions
    paid_on: date | None


_Granted = dict[tuple[str, int, bool], Terms]
_granted: dict[tuple[Any, ...], _Granted] = {}


def granting(session: Session) -> _Granted:
    """Every scheme version's terms for households and organisations, those without a subsidy left out.

    Versions never change: they are asked for once a session, and read again only when there are others.
    """
    if (known := session.info.get("subsidy_terms")) is not None:
        terms: _Granted = known
        return terms
    t = SchemeVersion
    versions = session.execute(select(t.code, t.version, t.hash).order_by(t.code, t.version))
    key = tuple((code, version, content) for code, version, content in versions)
    if key not in _granted:
        found = {
            (code, version, household): Terms.of(reference.scheme_of(session, code, version), household=household)
            for code, version, _ in key
            for household in (True, False)
        }
        _granted[key] = {place: terms for place, terms in found.items() if terms.share > 0}
    session.info["subsidy_terms"] = _granted[key]
    return _granted[key]


_Chosen = tuple[tuple[str, int], ...]


def of_cycle(session: Session, cycle: Cycle) -> ColumnElement[bool]:
    """Loans whose subsidy is settled in a cycle."""
    return _lent(*_chosen(session, cycle))


def schemes_of(unit: Unit, bank: str, county: str, cycle: Cycle) -> list[Scheme]:
    """The scheme versions of a bank's loans in a county settled in a cycle; all there are where it has none."""
    terms, office = granting(unit.session), {"bank": bank, "county": county}
    lent = unit.connection.execute(_schemes(*_chosen(unit.session, cycle)), office)
    found = [terms[code, version, bool(household)].scheme for code, version, household in lent]
    return found or [each.scheme for each in terms.values()]


def free_lines(
    unit: Unit, bank: str, county: str, last: Period, batch_id: int, loan_ids: Iterable[int] | None = None
) -> list[Billed]:
    """Lines posted through a period that no other batch claims, as far as something of them is paid."""
    query = _free(*_chosen(unit.session, last.cycle))
    if loan_ids is not None:
        query = query.where(among(unit.connection, _LOANS.c.id, loan_ids))
    return list(_read(unit, query, {"bank": bank, "county": county, "end": last.days.end, "batch": batch_id}))


def claimed_lines(unit: Unit, line_ids: Iterable[int]) -> dict[tuple[int, date], Billed]:
    """The settlement lines that lines of batches claim, as they are billed and paid now."""
    ln, c = interest_bills.c, subsidy_claims.c
    together = interest_bills.join(_LOANS, _LOANS.c.id == ln.loan_id).join(
        subsidy_claims, and_(c.loan_id == ln.loan_id, c.period_start == ln.period_start)
    )
    query = _billed(together).where(among(unit.connection, c.line_id, line_ids), c.live, ln.live)
    return {(billed.loan, billed.conditions.start): billed for billed in _read(unit, query, {})}


def _chosen(session: Session, cycle: Cycle) -> tuple[_Chosen, _Chosen]:
    """The scheme versions by which households, and organisations, are settled in a cycle."""
    households, organisations = (
        tuple(
            (code, version)
            for (code, version, of), terms in granting(session).items()
            if of is household and terms.cycle == cycle
        )
        for household in (True, False)
    )
    return households, organisations


# Statements that every batch asks are put together once: that takes longer than asking them of a small bank.
_OFFICE = (_LOANS.c.bank == bindparam("bank"), _LOANS.c.county == bindparam("county"))


@cache
def _lent(households: _Chosen, organisations: _Chosen) -> ColumnElement[bool]:
    c = _LOANS.c
    scheme = tuple_(c.scheme, c.scheme_version)
    return or_(
        and_(c.household_id.is_not(None), scheme.in_(households)),
        and_(c.organisation_id.is_not(None), scheme.in_(organisations)),
    )


@cache
def _schemes(households: _Chosen, organisations: _Chosen) -> Select[Any]:
    c = _LOANS.c
    borrowers = select(c.scheme, c.scheme_version, c.household_id.is_not(None)).distinct()
    return borrowers.where(*_OFFICE, _lent(households, organisations))


@cache
def _free(households: _Chosen, organisations: _Chosen) -> Select[Any]:
    ln, c = interest_bills.c, subsidy_claims.c
    own = select(_LINES.c.id).where(_LINES.c.batch_id == bindparam("batch"))
    elsewhere = exists().where(
        c.loan_id == ln.loan_id, c.period_start == ln.period_start, c.live, c.line_id.not_in(own)
    )
    return _billed(interest_bills.join(_LOANS, _LOANS.c.id == ln.loan_id)).where(
        *_OFFICE, _lent(households, organisations), ln.live, ln.period_start < bindparam("end"), ~elsewhere
    )


def _billed(together: Any) -> Select[Any]:
    """Settlement lines with what was applied to each, one row an application; their columns are those below."""
    ln, a = interest_bills.c, allocations.c
    return (
        select(*_OF_LINE, *_SHARED, *_OF_APPLICATION)
        .select_from(together)
        .join(allocations, and_(a.loan_id == ln.loan_id, a.period_start == ln.period_start))
        .where(ln.contract > 0)
    )


# What is a line's own, as `Billed` begins; what `_Kinds` makes conditions from; what was applied, as 4.3 asks.
_OF_LINE = (
    *(_LOANS.c[name] for name in ("id", "household_id", "organisation_id", "principal_fen")),
    interest_bills.c.version,
    interest_bills.c.contract,
)
_SHARED = (
    _LOANS.c.household_id.is_not(None),
    _LOANS.c.scheme,
    _LOANS.c.scheme_version,
    *(type_coerce(_LOANS.c[name], BigInteger) for name in ("annual_rate", "benchmark_rate")),
    *(_LOANS.c[name] for name in ("disbursed_on", "first_disbursed_on", "original_due_on", "due_on", "misused_on")),
    interest_bills.c.period_start,
    interest_bills.c.period_end,
)
_OF_APPLICATION = (
    allocations.c.effective_on,
    allocations.c.payer,
    allocations.c.contract,
    allocations.c.compound + allocations.c.penalty,
)
_LINE = slice(len(_OF_LINE))
_CONDITIONS = slice(_LINE.stop, _LINE.stop + len(_SHARED))
_APPLIED = slice(_CONDITIONS.stop, None)
_LOAN, _CONTRACT, _START, _DAY = 0, _LINE.stop - 1, _CONDITIONS.stop - 2, _CONDITIONS.stop


class _Days(dict[Any, Any]):
    """Dates as the driver has them, text on SQLite, as dates: a quarter has few of them."""

    def __missing__(self, key: Any) -> Any:
        found = self[key] = date.fromisoformat(key) if isinstance(key, str) else key
        return found


class _Kinds(dict[tuple[Any, ...], Conditions]):
    """Conditions by the values they are made from, as the driver has them."""

    def __init__(self, terms: _Granted, days: _Days) -> None:
        self._terms, self._days = terms, days

    def __missing__(self, key: tuple[Any, ...]) -> Conditions:
        household, code, version, rate, benchmark, *texts = key
        *days, start, end = (self._days[text] for text in texts)
        terms = self._terms[code, version, household]
        found = self[key] = Conditions.of(terms, rate, benchmark, tuple(days), start, end)
        return found


def _read(unit: Unit, query: Select[Any], given: Mapping[str, Any]) -> Iterator[Billed]:
    """Lines by loan and day. Rows come in the driver's own values: they are many, and few kinds of value."""
    result = unit.connection.execute(query, given)
    cursor: Any = result.cursor
    rows = cursor.fetchall()
    result.close()
    rows.sort(key=itemgetter(_LOAN, _START, _DAY))  # they come nearly so: the database would carry them all about
    days = _Days()
    kinds = _Kinds(granting(unit.session), days)
    for _, grouped in groupby(rows, key=itemgetter(_LOAN, _START)):
        of_line = list(grouped)
        row = of_line[0]
        paid_on = days[subsidy.paid_on(row[_CONTRACT], [each[_APPLIED] for each in of_line])]
        yield Billed._make((*row[_LINE], kinds[row[_CONDITIONS]], paid_on))
