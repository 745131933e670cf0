"""Sheets of loans (放款台账): every row asked every rule of scheme §2 and 3.1, by sets, before any is booked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select

from ledger import period_lock
from ledger.calendar import WorkCalendar
from ledger.chart import Kind as Book
from ledger.chart import book_of
from ledger.database import rate_parts
from ledger.errors import NotFound, Refusal, RuleViolation
from ledger.money import NIL, Fen
from ledger.operations.lending import checks
from ledger.operations.lending.checks import Contract, ReferenceSnapshot
from ledger.operations.lending.contracts import PrincipalNotPositive
from ledger.operations.lending.loans import Dates
from ledger.operations.sheets.borrowers import (
    Borrower,
    Standing,
    borrowers_of,
    known_registry_nos,
    standings_of,
    strangers,
)
from ledger.operations.sheets.existing import LoanRow, differing_loan, present_loans
from ledger.operations.sheets.import_run import RowTwice, Run, Told
from ledger.policy import eligibility, limits, rates
from ledger.policy import terms as due_dates
from ledger.policy.schemes import Scheme
from ledger.queries import exposure, reference
from ledger.tables.reference import SchemeVersion
from ledger.unit_of_work import Unit

_COLUMN_OF: Mapping[str, str] = {
    "not_found": "scheme",
    "scheme_not_in_force": "signed_on",
    "rate_not_covered": "signed_on",
    "term_out_of_range": "term_months",
    "security_not_allowed": "security",
    "rate_not_benchmark": "annual_rate",
    "registered_too_early": "registry_no",
    "borrower_age": "id_card",
    "bad_debt": "borrower_name",
    "organisations_excluded": "uscc",
    "no_valid_link": "uscc",
}
"""Where a refusal is shown; the others are about the principal."""

Placed = tuple[str, Refusal]
"""A refusal under its column."""


def _placed(refusal: Refusal) -> Placed:
    return _COLUMN_OF.get(refusal.code, "principal"), refusal


class Terms(NamedTuple):
    """What is the same for every row with the same terms: its scheme, rates in 1e-8, and what forbids it."""

    scheme: Scheme | None
    rate: int
    benchmark: int
    refusals: tuple[Placed, ...]


class Days(NamedTuple):
    """The days a disbursement fixes, as the driver stores them: written once for the many rows that share them."""

    disbursed_on: str
    due_on: str
    rolled_on: str
    next_step_on: str


class Ready(NamedTuple):
    """A row that may be booked, with everything its loan needs."""

    number: int
    row: LoanRow
    terms: Terms
    borrower: Borrower
    days: Days


@dataclass(slots=True)
class Known:
    """What is asked once for a whole sheet, and what its rows have come to so far."""

    published: ReferenceSnapshot
    calendar: WorkCalendar
    schemes: dict[str, list[Scheme]] = field(default_factory=dict)  # every version, the newest first
    terms: dict[tuple[Any, ...], Terms] = field(default_factory=dict)
    days: dict[tuple[date | None, date | None], tuple[Placed, ...]] = field(default_factory=dict)
    due: dict[tuple[date, int, str], Days] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    twice: set[int] = field(default_factory=set)  # rows whose amount is another row's
    new: dict[int, int] = field(default_factory=dict)  # by borrower, fen of the rows before
    counties: dict[str, list[int]] = field(default_factory=dict)  # contributed, issued with the rows before


def check(unit: Unit, run: Run, places: range) -> None:
    """Ask the next rows everything; what may be booked becomes ready. Four queries for any number of rows."""
    table = run.table
    if "loans" not in run.kept:
        run.kept["loans"] = Known(checks.reference_snapshot(unit.session), reference.work_calendar(unit.session))
    known: Known = run.kept["loans"]
    rows: list[tuple[int, Told]] = [(table.numbers[place], LoanRow._make(table.rows[place])) for place in places]
    borrowers = borrowers_of(unit, (row for _, row in rows))
    # What they owe before what is there: a loan booked in between is then found there, not counted twice.
    standings = standings_of(unit, borrowers.values())
    present = present_loans(unit, run, (row.contract_no for _, row in rows)).standing
    fresh: list[tuple[int, Told, Borrower | None]] = []
    for number, row in rows:
        first = known.seen.setdefault(row.contract_no, number)
        if first != number and row.contract_no is not None:
            table.fault(number, "contract_no", RowTwice(limit=first, found=row.contract_no))
            known.twice.add(number)
        borrower = borrowers.get(row.uscc or row.id_card or "")
        recorded = present.get(row.contract_no)
        if recorded is None:
            fresh.append((number, row, borrower))
        elif number not in table.broken:
            _compare(run, number, row, recorded, borrower)
    _judge(unit, run, known, fresh, standings)


def _compare(run: Run, number: int, row: LoanRow, recorded: Any, borrower: Borrower | None) -> None:
    refusal = differing_loan(run, row, recorded, borrower)
    if refusal is not None:
        run.table.fault(number, "contract_no", refusal)
    elif run.import_id is None or recorded.import_id != run.import_id:
        run.unchanged += 1


def _judge(
    unit: Unit,
    run: Run,
    known: Known,
    fresh: Sequence[tuple[int, Told, Borrower | None]],
    standings: Mapping[int, Standing],
) -> None:
    table = run.table
    lost = {row.registry_no for _, row, found in fresh if found is None or found.code != row.registry_no}
    run.kept["registry_nos"] = known_registry_nos(unit, lost - {None}) if lost - {None} else set()
    for number, row, borrower in fresh:
        terms = _terms(unit, known, row)
        found = [*terms.refusals, *_day_refusals(unit, run, known, row)]
        stranger = strangers(run, number, row, borrower)
        if stranger:
            found += stranger
        elif borrower is not None and number not in known.twice:
            found += _borrower_refusals(unit, run, known, row, terms, borrower, standings)
        for column, refusal in found:
            table.fault(number, column, refusal)
        if number not in table.broken and borrower is not None and terms.scheme is not None:
            run.ready.append(Ready(number, row, terms, borrower, _due(known, row, terms.scheme)))


def _terms(unit: Unit, known: Known, row: Told) -> Terms:
    key = (row.scheme, row.signed_on, row.term_months, row.annual_rate, row.security)
    if (terms := known.terms.get(key)) is None:
        terms = known.terms[key] = _judged_terms(unit, known, row, None in key)
    return terms


def _judged_terms(unit: Unit, known: Known, row: Told, broken: bool) -> Terms:
    """The version in force, its benchmark, and every refusal of the terms; what could not be read is not judged."""
    if row.scheme is None or row.signed_on is None:
        return Terms(None, 0, 0, ())
    try:
        scheme = _scheme(unit, known, row.scheme, row.signed_on)
    except (NotFound, RuleViolation) as refusal:
        return Terms(None, 0, 0, (_placed(refusal),))
    if broken:
        return Terms(scheme, 0, 0, ())
    contract = contract_of(row, scheme, "", "")
    refusals = tuple(map(_placed, checks.contract_refusals(contract, known.published)))
    try:
        found = rates.benchmark_at_signing(scheme, known.published.tables, row.signed_on, row.term_months)
    except rates.RateNotCovered:
        return Terms(scheme, 0, 0, refusals)  # it is among them
    return Terms(scheme, rate_parts(row.annual_rate), rate_parts(found), refusals)


def _scheme(unit: Unit, known: Known, code: str, signed_on: date) -> Scheme:
    """The version in force, as `checks.scheme_for` gives it, without a query a day."""
    if (versions := known.schemes.get(code)) is None:
        numbers = (
            unit.session.execute(
                select(SchemeVersion.version).where(SchemeVersion.code == code).order_by(SchemeVersion.version.desc())
            )
            .scalars()
            .all()
        )
        versions = known.schemes[code] = [reference.scheme_of(unit.session, code, number) for number in numbers]
    in_force = (scheme for scheme in versions if scheme.signed_from <= signed_on <= scheme.signed_to)
    return next(in_force, None) or checks.scheme_for(unit.session, code, signed_on)


def contract_of(row: LoanRow, scheme: Scheme, bank: str, county: str) -> Contract:
    """A row as the rules ask for it."""
    return Contract(
        scheme,
        bank,
        county,
        row.principal,
        row.annual_rate,
        row.term_months,
        row.signed_on,
        row.security,
        row.endorsements,
    )


def _day_refusals(unit: Unit, run: Run, known: Known, row: Told) -> tuple[Placed, ...]:
    key = (row.signed_on, row.disbursed_on)
    if (refusals := known.days.get(key)) is None:
        refusals = known.days[key] = tuple(_refusals_of_days(unit, run, known, *key))
    return refusals


def _refusals_of_days(
    unit: Unit, run: Run, known: Known, signed_on: date | None, disbursed_on: date | None
) -> Iterator[Placed]:
    for column, on in (("signed_on", signed_on), ("disbursed_on", disbursed_on)):
        if on is not None:
            yield from ((column, refusal) for refusal in _refusals_of_day(unit, run, known, column, on))
    if signed_on is not None and disbursed_on is not None:
        try:
            eligibility.check_disbursement_date(signed_on, disbursed_on)
        except RuleViolation as refusal:
            yield "disbursed_on", refusal


def _refusals_of_day(unit: Unit, run: Run, known: Known, column: str, on: date) -> Iterator[RuleViolation]:
    """What forbids any loan of the bank that day: it is to come, the month is closed, the bank does not lend."""
    bank = run.importer.bank or ""
    of_day: list[tuple[Any, ...]] = [
        (unit.not_future, on, column),
        (eligibility.check_bank, bank, known.published.statuses.get(bank, ()), on),
    ]
    if column == "disbursed_on":
        of_day.append((period_lock.check_open, unit, [book_of(Book.LOAN, bank=bank, county="")], on))
    for check_, *arguments in of_day:
        try:
            check_(*arguments)
        except RuleViolation as refusal:
            yield refusal


def _borrower_refusals(
    unit: Unit,
    run: Run,
    known: Known,
    row: Told,
    terms: Terms,
    borrower: Borrower,
    standings: Mapping[int, Standing],
) -> Iterator[Placed]:
    """What forbids this borrower this loan, the rows before it counted (2.1 to 2.5, 2.8)."""
    if row.principal is None:
        row = row._replace(principal=NIL)  # asked all the rest
    elif row.principal <= 0:
        yield "principal", PrincipalNotPositive(rule="2.2", limit="0.01", found="0.00")
    before = known.new.get(borrower.key, 0)
    known.new[borrower.key] = before + row.principal
    if terms.scheme is None or row.disbursed_on is None:
        return
    contract = contract_of(row, terms.scheme, run.importer.bank or "", borrower.county)
    refusals = refusals_of(unit, contract, borrower, standings.get(borrower.key), before, row.disbursed_on)
    yield from map(_placed, refusals)
    if terms.scheme.leverage_action == "refuse":
        yield from _over_head_room(unit, known, contract)


def refusals_of(
    unit: Unit, contract: Contract, borrower: Borrower, standing: Standing | None, before: int, day: date
) -> Iterable[RuleViolation]:
    """The desk's own rules of a borrower, with `before` fen promised by earlier rows of the sheet."""
    owed = (standing or Standing()).with_more(before)
    if borrower.member_id is not None:
        return checks.household_refusals(contract, borrower.registered_on, borrower.born_on, owed.borrowing, day)
    to_linked = checks.linked_loans(unit, contract.scheme, owed.links, day)
    return checks.organisation_refusals(contract, owed.links, owed.borrowing, to_linked, day)


def _over_head_room(unit: Unit, known: Known, contract: Contract) -> Iterator[Placed]:
    """Asked only where the scheme refuses beyond it (2.8)."""
    if (sums := known.counties.get(contract.county)) is None:
        sums = known.counties[contract.county] = [
            exposure.contributed(unit, contract.bank, contract.county),
            exposure.issued(unit, contract.bank, contract.county),
        ]
    try:
        limits.check_head_room(contract.scheme, Fen(sums[0]), Fen(sums[1]), contract.principal)
    except limits.OverHeadRoom as refusal:
        yield "principal", refusal
    sums[1] += contract.principal


def _due(known: Known, row: LoanRow, scheme: Scheme) -> Days:
    key = (row.disbursed_on, row.term_months, scheme.due_date_roll)
    if (days := known.due.get(key)) is None:
        due_on = due_dates.due_on(row.disbursed_on, row.term_months)
        rolled_on = due_dates.rolled(due_on, known.calendar, scheme.due_date_roll)
        found = Dates(row.disbursed_on, due_on, rolled_on)
        fixed = (found.disbursed_on, found.due_on, found.rolled_on, found.next_step_on)
        days = known.due[key] = Days._make(map(date.isoformat, fixed))
    return days
