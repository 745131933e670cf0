"""A loan from the desk to the borrower: record, amend, submit again, approve, return, disburse, undo."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ledger import activity, journal
from ledger.dates import next_settlement
from ledger.errors import NotFound, RuleViolation
from ledger.events import LoanDisbursed
from ledger.ids import new_id
from ledger.money import Fen
from ledger.operations.lending import checks, contracts
from ledger.operations.lending.checks import Contract
from ledger.operations.lending.contracts import AMENDABLE, LoanRequest, contract_of
from ledger.operations.lending.workflow import LOAN, held_loan
from ledger.operations.notices import issue
from ledger.policy import eligibility, terms
from ledger.queries import exposure, reference
from ledger.statuses import LoanStatus, LoanStep
from ledger.tables import borrowers as t
from ledger.tables.loans import Loan
from ledger.tables.reference import Bank
from ledger.unit_of_work import Unit
from ledger.workflow import Taken, begin, check, check_status, move, take


class RestedOn(RuleViolation):
    code = "rests_on_it"
    zh = "放款之后已有业务（{event}，{found}），不能冲销放款；请先冲销其后的业务"
    en = "{event} of {found} rests on the disbursement; reverse what came after it first"


def record(unit: Unit, request: LoanRequest, on: date | None = None) -> Taken:
    """Put a loan forward (登记): it is `submitted`, `on` a day up to today.

    The household or organisation is held while its loans over all banks are counted (2.2). Raises NotFound,
    FutureDate, ContractNoTaken and every refusal of scheme §2 and 3.1.
    """
    on = on or unit.today
    unit.not_future(on, "on")
    unit.not_future(request.signed_on, "signed_on")
    if unit.session.get(Bank, request.bank) is None:
        raise NotFound(what="bank", id=request.bank)
    loan = Loan(
        id=new_id(),
        status=LoanStatus.SUBMITTED,
        recorded_by=unit.user,
        recorded_on=on,
        bank=request.bank,
        county=reference.county_of(unit.session, request.county),
    )
    contract = contracts.fill(unit, loan, request)
    _check(unit, loan, contract, day=request.signed_on, bank_on=(request.signed_on, on))
    warned = checks.warnings(unit, contract, to_household=loan.household_id is not None)
    contracts.put(unit, loan)
    return replace(begin(unit, LOAN, loan, LoanStep.RECORD, on), warnings=warned)


def amend(unit: Unit, loan_id: int, changes: Mapping[str, Any], on: date | None = None) -> Taken:
    """Change what was put forward while the loan is returned; the rules are asked when it is submitted again.

    Raises NotFound, WrongStatus, ContractNoTaken; KeyError for a field that is not AMENDABLE.
    """
    loan = held_loan(unit, loan_id)
    check(unit, LOAN, loan, LoanStep.AMEND, on)
    if unknown := changes.keys() - set(AMENDABLE):
        raise KeyError(", ".join(sorted(unknown)))
    request = replace(contracts.request_of(unit, loan), **changes)
    unit.not_future(request.signed_on, "signed_on")
    contracts.fill(unit, loan, request)
    loan.recorded_by = unit.user
    contracts.put(unit, loan)
    return move(unit, LOAN, loan, LoanStep.AMEND, on)


def resubmit(unit: Unit, loan_id: int, on: date | None = None) -> Taken:
    """Put a returned loan forward again; every rule is asked anew. Raises as `record`."""
    on = on or unit.today
    loan = held_loan(unit, loan_id)
    check(unit, LOAN, loan, LoanStep.RESUBMIT, on)
    contract = contract_of(unit, loan)
    _check(unit, loan, contract, day=loan.signed_on, bank_on=(loan.signed_on, on))
    warned = checks.warnings(unit, contract, to_household=loan.household_id is not None)
    loan.return_reason = None
    return replace(move(unit, LOAN, loan, LoanStep.RESUBMIT, on), warnings=warned)


def approve(unit: Unit, loan_id: int, on: date | None = None) -> Taken:
    """Approve a loan (审批), by somebody who had no hand in putting it forward.

    Missing endorsements are a warning (2.9). Raises NotFound, WrongStatus, SamePerson, FutureDate, and
    BankEliminated from the day the bank is out.
    """
    on = on or unit.today
    loan = held_loan(unit, loan_id)
    check(unit, LOAN, loan, LoanStep.APPROVE, on)
    contract = contract_of(unit, loan)
    found = checks.grounds(unit.session)
    eligibility.check_bank(loan.bank, found.statuses.get(loan.bank, ()), on)
    warned = checks.warnings(unit, contract, to_household=loan.household_id is not None)
    return replace(move(unit, LOAN, loan, LoanStep.APPROVE, on), warnings=warned)


def send_back(unit: Unit, loan_id: int, reason: str, on: date | None = None) -> Taken:
    """Return a loan that is not disbursed (退回); it no longer counts against the cap.

    Raises NotFound, WrongStatus, FutureDate.
    """
    loan = held_loan(unit, loan_id)
    taken = take(unit, LOAN, loan, LoanStep.RETURN, on, reason=reason)
    loan.return_reason = reason
    return taken


def disburse(unit: Unit, loan_id: int, disbursed_on: date) -> Taken:
    """Pay a loan out (放款): dates set, interest begins, LoanDisbursed booked; every rule is asked once more.

    Not by the one who approved it. Raises NotFound, WrongStatus, SamePerson, FutureDate, PeriodClosed, and
    the refusals of scheme §2 as of the disbursement date.
    """
    loan = held_loan(unit, loan_id)
    check(unit, LOAN, loan, LoanStep.DISBURSE, disbursed_on)
    eligibility.check_disbursement_date(loan.signed_on, disbursed_on)
    contract = contract_of(unit, loan)
    _check(unit, loan, contract, day=disbursed_on, bank_on=(disbursed_on,))
    warned = checks.warnings(unit, contract, to_household=loan.household_id is not None)
    set_dates(loan, due_dates(unit, contract, disbursed_on))
    taken = move(unit, LOAN, loan, LoanStep.DISBURSE, disbursed_on)
    journal.record(
        unit,
        LoanDisbursed(
            effective_on=disbursed_on,
            county=loan.county,
            bank=loan.bank,
            loan=loan.id,
            principal=Fen(loan.principal_fen),
        ),
        document=loan.contract_no,
        checked_by=loan.approved_by,
    )
    return replace(taken, warnings=warned)


def undo_disbursement(unit: Unit, event_id: int, reason: str, made_by: str, checked_by: str) -> Taken:
    """Reverse a disbursement with nothing after it; the loan is `approved` again and may be paid out anew.

    Raises NotFound, WrongStatus, AlreadyReversed, RestedOn naming the first event after it.
    """
    loan_id = journal.stored(unit, [event_id])[event_id].loan
    if loan_id is None:
        raise NotFound(what="disbursement", id=str(event_id))
    loan = check_undo(unit, loan_id, event_id)
    reversal = journal.reverse_all(unit, [event_id], reason, checked_by, made_by)[event_id]
    loan.first_disbursed_on = loan.billed_to = None
    loan.original_due_on = loan.due_on = loan.rolled_on = loan.next_step_on = None
    taken = move(unit, LOAN, loan, LoanStep.UNDO_DISBURSEMENT, reversal.effective_on, reason=reason)
    issue.follow(unit, [loan.id])
    return taken


def check_undo(unit: Unit, loan_id: int, event_id: int) -> Loan:
    """The loan, held, whose disbursement nothing rests on; raises WrongStatus, RestedOn."""
    loan = held_loan(unit, loan_id)
    check_status(LOAN, loan, LoanStep.UNDO_DISBURSEMENT)
    later = activity.first_beside(unit.connection, loan_id, event_id)
    if later is not None:
        kind, on = later
        raise RestedOn(rule="books §3", event=kind, found=on)
    return loan


@dataclass(frozen=True, slots=True)
class Dates:
    """The days of a disbursed loan: paid out, due, payable, and the first day something falls due."""

    disbursed_on: date
    due_on: date
    rolled_on: date

    @property
    def next_step_on(self) -> date:
        return min(next_settlement(self.disbursed_on), self.rolled_on)


def due_dates(unit: Unit, contract: Contract, disbursed_on: date) -> Dates:
    """The days a disbursement fixes (2.6, 3.6)."""
    due_on = terms.due_on(disbursed_on, contract.term_months)
    rolled_on = terms.rolled(due_on, reference.work_calendar(unit.session), contract.scheme.due_date_roll)
    return Dates(disbursed_on, due_on, rolled_on)


def set_dates(loan: Loan, days: Dates) -> None:
    """Start a loan's life: its open interest period begins on the disbursement date."""
    loan.disbursed_on = loan.first_disbursed_on = loan.billed_to = days.disbursed_on
    loan.original_due_on = loan.due_on = days.due_on
    loan.rolled_on = days.rolled_on
    loan.next_step_on = days.next_step_on


def _check(unit: Unit, loan: Loan, contract: Contract, *, day: date, bank_on: tuple[date, ...]) -> None:
    """Raises the first refusal of scheme §2 and 3.1; the borrower's row stays locked."""
    for refusal in _refusals(unit, loan, contract, day, bank_on):
        raise refusal


def _refusals(
    unit: Unit, loan: Loan, contract: Contract, day: date, bank_on: tuple[date, ...]
) -> Iterator[RuleViolation]:
    session = unit.session
    yield from checks.contract_refusals(contract, checks.grounds(session), *bank_on)
    if loan.household_id is not None:
        household = session.get_one(t.Household, loan.household_id, with_for_update=True)
        borrower = session.get_one(t.Member, loan.member_id)
        owed = exposure.household_borrowings(unit, [household.id], loan.id).get(household.id)
        yield from checks.household_refusals(
            contract, household.registered_on, borrower.born_on, owed or exposure.NOTHING, day
        )
        return
    organisation = session.get_one(t.Organisation, loan.organisation_id, with_for_update=True)
    links = checks.links_of(session, organisation.id)
    owed = exposure.organisation_borrowings(unit, [organisation.id], loan.id).get(organisation.id)
    to_linked = checks.linked_loans(unit, contract.scheme, links, day)
    yield from checks.organisation_refusals(contract, links, owed or exposure.NOTHING, to_linked, day)
