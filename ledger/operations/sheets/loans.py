"""Sheets of loans (放款台账): every rule of scheme §2 and 3.1 is checked for every row before a sheet is booked."""

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
from ledger.errors import Fault, NotFound, Refusal, RuleViolation
from ledger.imports.columns import AsRead, LoanRow, Numbered
from ledger.money import NIL, Fen
from ledger.operations.lending import checks
from ledger.operations.lending.checks import Contract, ReferenceSnapshot
from ledger.operations.lending.contracts import PrincipalNotPositive
from ledger.operations.lending.loans import Dates
from ledger.operations.sheets import loan_booking, recorded
from ledger.operations.sheets.import_run import Booked, RowTwice, Run
from ledger.operations.sheets.loan_booking import CheckedLoan, Days, Terms
from ledger.operations.sheets.recorded import NO_DEBTS, Borrower, Debts
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
"""The column that shows a refusal, by the refusal's code; every other refusal is shown under the principal."""

Placed = tuple[str, Refusal]
"""A refusal with the column that shows the refusal."""


def _placed(refusal: Refusal) -> Placed:
    return _COLUMN_OF.get(refusal.code, "principal"), refusal


class JudgedTerms(NamedTuple):
    """Terms that many rows share, with the refusals of the terms. `terms` is None where no scheme is in force."""

    terms: Terms | None
    refusals: tuple[Placed, ...]


@dataclass(slots=True)
class Known:
    """Facts that are looked up once for a whole sheet, and sums over the rows that have been checked.

    `schemes` holds all versions of a scheme, the newest first. `first_rows` holds the number of the first row with a
    contract number, and `repeated` the numbers of the later rows. `promised` holds, by the borrower's key, the
    principal of the checked rows in fen. `counties` holds for each county the amount contributed to the fund and the
    amount issued, both in fen, including the checked rows.
    """

    snapshot: ReferenceSnapshot
    calendar: WorkCalendar
    schemes: dict[str, list[Scheme]] = field(default_factory=dict)
    terms: dict[tuple[Any, ...], JudgedTerms] = field(default_factory=dict)
    days: dict[tuple[date | None, date | None], tuple[Placed, ...]] = field(default_factory=dict)
    due: dict[tuple[date, int, str], Days] = field(default_factory=dict)
    first_rows: dict[str, int] = field(default_factory=dict)
    repeated: set[int] = field(default_factory=set)
    promised: dict[int, int] = field(default_factory=dict)
    counties: dict[str, list[int]] = field(default_factory=dict)


def check(unit: Unit, run: Run, rows: Sequence[Numbered]) -> None:
    """Check rows against the recorded loans and against every rule, with four queries for any number of rows.

    A row is ready to be booked, unchanged, or has a fault for every rule that the row breaks.
    """
    if run.known is None:
        run.known = Known(checks.reference_snapshot(unit.session), reference.work_calendar(unit.session))
    known: Known = run.known
    borrowers = recorded.borrowers_of(unit, (row for _, row in rows))
    # Debts are queried before loans, so that a loan booked between the two queries is found as a loan and not counted
    # twice.
    debts = recorded.debts_of(unit, borrowers.values())
    present = recorded.loans_of(unit, run.importer.bank, (row.contract_no for _, row in rows)).present
    new_rows: list[tuple[int, AsRead, Borrower | None]] = []
    for number, row in rows:
        first = known.first_rows.setdefault(row.contract_no, number)
        if first != number and row.contract_no is not None:
            run.fault(number, "contract_no", RowTwice(limit=first, found=row.contract_no))
            known.repeated.add(number)
        borrower = borrowers.get(row.uscc or row.id_card or "")
        loan = present.get(row.contract_no)
        if loan is None:
            new_rows.append((number, row, borrower))
        elif number not in run.broken:
            _compare(run, number, row, loan, borrower)
    _judge(unit, run, new_rows, debts)


def _compare(run: Run, number: int, row: LoanRow, loan: Any, borrower: Borrower | None) -> None:
    refusal = recorded.loan_differs(row, loan, borrower, run.table.given)
    if refusal is not None:
        run.fault(number, "contract_no", refusal)
    elif run.import_id is None or loan.import_id != run.import_id:
        run.unchanged += 1


def _judge(
    unit: Unit, run: Run, rows: Sequence[tuple[int, AsRead, Borrower | None]], debts: Mapping[int, Debts]
) -> None:
    """Check every rule for rows that are not recorded; a row without a fault becomes ready to be booked."""
    known: Known = run.known
    unmatched = {row.registry_no for _, row, found in rows if found is None or found.code != row.registry_no} - {None}
    registry_nos = recorded.known_registry_nos(unit, unmatched) if unmatched else set[str]()
    for number, row, borrower in rows:
        terms, refusals = _judged_terms(unit, known, row)
        found = [*refusals, *_day_refusals(unit, run, row)]
        broken = number in run.broken
        mismatches = recorded.borrower_faults(run.importer, row, borrower, registry_nos, broken=broken)
        if mismatches:
            found += mismatches
        elif borrower is not None and number not in known.repeated:
            found += _lending_refusals(unit, run, row, terms, borrower, debts)
        for column, refusal in found:
            run.fault(number, column, refusal)
        if number not in run.broken and borrower is not None and terms is not None:
            run.ready.append(CheckedLoan(number, row, terms, borrower, _days(known, row, terms.scheme)))


def book(unit: Unit, run: Run, chunk: Sequence[CheckedLoan]) -> Booked:
    """Book a chunk of checked loans; where one loan has a fault, no loan is written.

    Two facts may have changed since the check and are checked again under locks: whether the loan is recorded, and
    whether the borrower's debts leave room for the loan.
    """
    bank = run.importer.bank or ""
    # The query for closed months locks the book, so that nobody closes a month before the loans are written.
    period_lock.first_open(unit, [book_of(Book.LOAN, bank=bank, county="")])
    debts = recorded.debts_of(unit, [loan.borrower for loan in chunk], lock=True)
    in_books = recorded.loans_of(unit, run.importer.bank, [loan.row.contract_no for loan in chunk])
    new, faults = list[CheckedLoan](), list[Fault]()
    promised: dict[int, int] = {}
    for loan in chunk:
        present = in_books.present.get(loan.row.contract_no)
        refusals: Iterable[Refusal | None]
        if present is not None:
            refusals = [recorded.loan_differs(loan.row, present, loan.borrower, run.table.given)]
        else:
            new.append(loan)
            refusals = _refusals_under_lock(unit, bank, loan, debts, promised)
        faults += [Fault.of(loan.number, "principal", refusal) for refusal in refusals if refusal is not None]
    if faults:
        return Booked(0, faults)
    if new:
        loan_booking.write(unit, run, new, in_books.undone)
    return Booked(len(new))


def _refusals_under_lock(
    unit: Unit, bank: str, loan: CheckedLoan, debts: Mapping[int, Debts], promised: dict[int, int]
) -> Iterable[Refusal]:
    """Return a loan's refusals at booking; a borrower without debts and without other rows is not checked again."""
    key = loan.borrower.key
    before = promised.get(key, 0)
    promised[key] = before + loan.row.principal
    if not before and key not in debts:
        return ()
    contract = _contract(loan.row, loan.terms.scheme, bank, loan.borrower.county)
    return list(_refusals_of(unit, contract, loan.borrower, debts.get(key), before, loan.row.disbursed_on))


def _judged_terms(unit: Unit, known: Known, row: AsRead) -> JudgedTerms:
    key = (row.scheme, row.signed_on, row.term_months, row.annual_rate, row.security)
    if (judged := known.terms.get(key)) is None:
        judged = known.terms[key] = _judge_terms(unit, known, row, unread=None in key)
    return judged


def _judge_terms(unit: Unit, known: Known, row: AsRead, *, unread: bool) -> JudgedTerms:
    """Return the judged terms of a row; terms with an `unread` cell get no refusal, as the cell already has a fault."""
    if row.scheme is None or row.signed_on is None:
        return JudgedTerms(None, ())
    try:
        scheme = _scheme(unit, known, row.scheme, row.signed_on)
    except (NotFound, RuleViolation) as refusal:
        return JudgedTerms(None, (_placed(refusal),))
    if unread:
        return JudgedTerms(Terms(scheme, 0, 0), ())
    contract = _contract(row, scheme, "", "")
    refusals = tuple(map(_placed, checks.contract_refusals(contract, known.snapshot)))
    try:
        published = rates.benchmark_at_signing(scheme, known.snapshot.tables, row.signed_on, row.term_months)
    except rates.RateNotCovered:
        return JudgedTerms(Terms(scheme, 0, 0), refusals)  # `refusals` already reports the missing rate.
    return JudgedTerms(Terms(scheme, rate_parts(row.annual_rate), rate_parts(published)), refusals)


def _scheme(unit: Unit, known: Known, code: str, signed_on: date) -> Scheme:
    """Return the version of a scheme in force, as `checks.scheme_for` does, without a query for each signing day."""
    if (versions := known.schemes.get(code)) is None:
        stored = select(SchemeVersion.version).where(SchemeVersion.code == code).order_by(SchemeVersion.version.desc())
        numbers = unit.session.execute(stored).scalars().all()
        versions = known.schemes[code] = [reference.scheme_of(unit.session, code, number) for number in numbers]
    in_force = (scheme for scheme in versions if scheme.signed_from <= signed_on <= scheme.signed_to)
    return next(in_force, None) or checks.scheme_for(unit.session, code, signed_on)


def _contract(row: LoanRow, scheme: Scheme, bank: str, county: str) -> Contract:
    """Return a row as the `Contract` that the rules of lending check."""
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


def _day_refusals(unit: Unit, run: Run, row: AsRead) -> tuple[Placed, ...]:
    known: Known = run.known
    key = (row.signed_on, row.disbursed_on)
    if (refusals := known.days.get(key)) is None:
        refusals = known.days[key] = tuple(_refusals_of_days(unit, run, *key))
    return refusals


def _refusals_of_days(unit: Unit, run: Run, signed_on: date | None, disbursed_on: date | None) -> Iterator[Placed]:
    for column, on in (("signed_on", signed_on), ("disbursed_on", disbursed_on)):
        if on is not None:
            yield from ((column, refusal) for refusal in _refusals_of_day(unit, run, column, on))
    if signed_on is not None and disbursed_on is not None:
        try:
            eligibility.check_disbursement_date(signed_on, disbursed_on)
        except RuleViolation as refusal:
            yield "disbursed_on", refusal


def _refusals_of_day(unit: Unit, run: Run, column: str, on: date) -> Iterator[RuleViolation]:
    """Yield the refusals of a day: the day is in the future, the bank is not in the scheme, or the month is closed."""
    known: Known = run.known
    bank = run.importer.bank or ""
    rules: list[tuple[Any, ...]] = [
        (unit.not_future, on, column),
        (eligibility.check_bank, bank, known.snapshot.statuses.get(bank, ()), on),
    ]
    if column == "disbursed_on":
        rules.append((period_lock.check_open, unit, [book_of(Book.LOAN, bank=bank, county="")], on))
    for rule, *arguments in rules:
        try:
            rule(*arguments)
        except RuleViolation as refusal:
            yield refusal


def _lending_refusals(
    unit: Unit, run: Run, row: AsRead, terms: Terms | None, borrower: Borrower, debts: Mapping[int, Debts]
) -> Iterator[Placed]:
    """Yield the refusals of a loan to a borrower, counting the borrower's earlier rows (2.1 to 2.5, 2.8)."""
    known: Known = run.known
    if row.principal is None:
        row = row._replace(principal=NIL)  # A row without a valid amount is still checked against the other rules.
    elif row.principal <= 0:
        yield "principal", PrincipalNotPositive(rule="2.2", limit="0.01", found="0.00")
    before = known.promised.get(borrower.key, 0)
    known.promised[borrower.key] = before + row.principal
    if terms is None or row.disbursed_on is None:
        return
    contract = _contract(row, terms.scheme, run.importer.bank or "", borrower.county)
    refusals = _refusals_of(unit, contract, borrower, debts.get(borrower.key), before, row.disbursed_on)
    yield from map(_placed, refusals)
    if terms.scheme.leverage_action == "refuse":
        yield from _over_head_room(unit, known, contract)


def _refusals_of(
    unit: Unit, contract: Contract, borrower: Borrower, debts: Debts | None, before: int, day: date
) -> Iterable[RuleViolation]:
    """Return the refusals of a loan on a day; earlier rows of the sheet lend `before` fen to the same borrower."""
    owed = (debts or NO_DEBTS).with_promised(before)
    if borrower.member_id is not None:
        return checks.household_refusals(contract, borrower.registered_on, borrower.born_on, owed.borrowing, day)
    linked = checks.linked_loans(unit, contract.scheme, owed.links, day)
    return checks.organisation_refusals(contract, owed.links, owed.borrowing, linked, day)


def _over_head_room(unit: Unit, known: Known, contract: Contract) -> Iterator[Placed]:
    """Yield the refusal of a loan that exceeds the head-room of its bank in its county (2.8)."""
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


def _days(known: Known, row: LoanRow, scheme: Scheme) -> Days:
    key = (row.disbursed_on, row.term_months, scheme.due_date_roll)
    if (days := known.due.get(key)) is None:
        due_on = due_dates.due_on(row.disbursed_on, row.term_months)
        rolled_on = due_dates.rolled(due_on, known.calendar, scheme.due_date_roll)
        dates = Dates(row.disbursed_on, due_on, rolled_on)
        days = known.due[key] = Days(
            disbursed_on=dates.disbursed_on.isoformat(),
            due_on=dates.due_on.isoformat(),
            rolled_on=dates.rolled_on.isoformat(),
            next_step_on=dates.next_step_on.isoformat(),
        )
    return days
