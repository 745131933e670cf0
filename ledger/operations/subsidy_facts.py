"""What may be subsidised: settlement lines, their loans' terms, who paid them; one query for any number of loans."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, and_, or_, select, tuple_, type_coerce
from sqlalchemy.orm import Session

from ledger.database import among
from ledger.money import Fen
from ledger.operations import reference
from ledger.policy import subsidy
from ledger.policy.scheme import Cycle
from ledger.policy.schemes import Scheme
from ledger.policy.subsidy import Period
from ledger.tables.loans import Loan, applications, lines
from ledger.tables.reference import SchemeVersion
from ledger.tables.subsidies import SubsidyLine, subsidy_claims
from ledger.unit import Unit

_LOANS: Any = Loan.__table__
_LINES: Any = SubsidyLine.__table__


@dataclass(frozen=True, slots=True)
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
            scheme, household, subsidy.share_of(scheme, household=household),
            subsidy.cycle_of(scheme, household=household), subsidy.cap_of(scheme, household=household),
            scheme.repricing == "fixed" and not scheme.extension_subsidised,
        )  # fmt: skip


class Lent(NamedTuple):
    """What of a loan its subsidy depends on; rates are whole 1e-8."""

    id: int
    household_id: int | None
    organisation_id: int | None
    principal: int
    rate: int
    benchmark: int
    disbursed_on: date
    first_disbursed_on: date
    original_due_on: date
    due_on: date
    misused_on: date | None


class Billed(NamedTuple):
    """A settlement line, its loan and that one's terms, and since when the borrower has fully paid it."""

    loan: Lent
    terms: Terms
    own: Period
    start: date
    end: date
    version: int
    contract: Fen
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


def of_cycle(session: Session, cycle: Cycle) -> ColumnElement[bool]:
    """Loans whose subsidy is settled in a cycle."""
    chosen: dict[bool, list[tuple[str, int]]] = {True: [], False: []}
    for (code, version, household), terms in granting(session).items():
        if terms.cycle == cycle:
            chosen[household].append((code, version))
    c = _LOANS.c
    borrower = {True: c.household_id, False: c.organisation_id}
    return or_(*(
        and_(borrower[household].is_not(None), tuple_(c.scheme, c.scheme_version).in_(schemes))
        for household, schemes in chosen.items()
    ))  # fmt: skip


def schemes_of(unit: Unit, bank: str, county: str, cycle: Cycle) -> list[Scheme]:
    """The scheme versions of a bank's loans in a county settled in a cycle; all there are where it has none."""
    c, terms = _LOANS.c, granting(unit.session)
    borrowers = select(c.scheme, c.scheme_version, c.household_id.is_not(None)).distinct()
    lent = borrowers.where(c.bank == bank, c.county == county, of_cycle(unit.session, cycle))
    found = [terms[code, version, bool(household)].scheme for code, version, household in unit.connection.execute(lent)]
    return found or [each.scheme for each in terms.values()]


def free_lines(
    unit: Unit, bank: str, county: str, last: Period, batch_id: int, loan_ids: Iterable[int] | None = None
) -> list[Billed]:
    """Lines posted through a period that no other batch claims, as far as something of them is paid."""
    ln, c, loans = lines.c, subsidy_claims.c, _LOANS.c
    own = select(_LINES.c.id).where(_LINES.c.batch_id == batch_id)
    query = (
        _billed(lines.join(_LOANS, loans.id == ln.loan_id))
        .outerjoin(subsidy_claims, and_(c.loan_id == ln.loan_id, c.period_start == ln.period_start, c.live))
        .where(
            loans.bank == bank, loans.county == county, of_cycle(unit.session, last.cycle), ln.live,
            ln.period_start < last.days.end, or_(c.line_id.is_(None), c.line_id.in_(own)),
        )
    )  # fmt: skip
    if loan_ids is not None:
        query = query.where(among(unit.connection, loans.id, loan_ids))
    return list(_read(unit, query))


def claimed_lines(unit: Unit, line_ids: Iterable[int]) -> dict[tuple[int, date], Billed]:
    """The settlement lines that lines of batches claim, as they are billed and paid now."""
    ln, c = lines.c, subsidy_claims.c
    together = lines.join(_LOANS, _LOANS.c.id == ln.loan_id).join(
        subsidy_claims, and_(c.loan_id == ln.loan_id, c.period_start == ln.period_start)
    )
    query = _billed(together).where(among(unit.connection, c.line_id, line_ids), c.live, ln.live)
    return {(billed.loan.id, billed.start): billed for billed in _read(unit, query)}


_COLUMNS = [
    *(_LOANS.c[name] for name in ("id", "household_id", "organisation_id", "principal_fen")),
    type_coerce(_LOANS.c.annual_rate, BigInteger),
    type_coerce(_LOANS.c.benchmark_rate, BigInteger),
    *(_LOANS.c[name] for name in (
        "disbursed_on", "first_disbursed_on", "original_due_on", "due_on", "misused_on", "scheme", "scheme_version",
    )),
]  # fmt: skip


def _billed(together: Any) -> Select[Any]:
    """Settlement lines with what was applied to each, one row an application, in the order of the days."""
    ln, a = lines.c, applications.c
    return (
        select(*_COLUMNS, ln.period_start, ln.period_end, ln.version, ln.contract,
               a.effective_on, a.payer, a.contract, a.compound + a.penalty)
        .select_from(together)
        .join(applications, and_(a.loan_id == ln.loan_id, a.period_start == ln.period_start))
        .where(ln.contract > 0)
        .order_by(ln.loan_id, ln.period_start, a.effective_on, a.event_id)
    )  # fmt: skip


class _Days(dict[Any, Any]):
    """Dates as the driver has them, text on SQLite, as dates: a quarter has few of them."""

    def __missing__(self, key: Any) -> Any:
        found = self[key] = date.fromisoformat(key) if isinstance(key, str) else key
        return found


class _Periods(dict[tuple[Cycle, date], Period]):
    """Periods by the first day of a line."""

    def __missing__(self, key: tuple[Cycle, date]) -> Period:
        found = self[key] = Period.of(*key)
        return found


def _read(unit: Unit, query: Select[Any]) -> Iterator[Billed]:
    """Rows come in the driver's own values: they are many, and few kinds of value."""
    terms, days, periods = granting(unit.session), _Days(), _Periods()
    result = unit.connection.execute(query)
    cursor: Any = result.cursor
    rows = cursor.fetchall()
    result.close()
    loans: dict[int, Lent] = {}
    for (loan_id, start), grouped in groupby(rows, key=itemgetter(0, 13)):
        row = next(grouped)
        granted = terms[row[11], row[12], row[1] is not None]
        if (loan := loans.get(loan_id)) is None:
            loan = loans[loan_id] = Lent._make((*row[:6], *map(days.__getitem__, row[6:11])))
        applied = [(days[each[17]], each[18], each[19], each[20]) for each in (row, *grouped)]
        first, contract = days[start], row[16]
        yield Billed(loan, granted, periods[granted.cycle, first], first, days[row[14]], row[15], contract,
                     subsidy.paid_on(contract, applied))  # fmt: skip
