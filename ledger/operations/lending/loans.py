"""The steps of a loan until its payout: record, amend, resubmit, approve, return, disburse, undo the disbursement."""

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
    """Record a loan that a bank requests (登记), with status `submitted`; `on` is a day not after today.

    The household or organisation is locked while the borrower's loans at all banks are added up (2.2).

    Raise NotFound, FutureDate, ContractNoTaken and every refusal of scheme §2 and 3.1.
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
    """Change the data of a returned loan; the rules of the scheme are checked when the loan is resubmitted.

    Raise NotFound, WrongStatus, ContractNoTaken, and KeyError for a field that is not AMENDABLE.
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
    """Resubmit a returned loan after checking every rule of the scheme; raise the same errors as `record`."""
    on = on or unit.today
    loan = held_loan(unit, loan_id)
    check(unit, LOAN, loan, LoanStep.RESUBMIT, on)
    contract = contract_of(unit, loan)
    _check(unit, loan, contract, day=loan.signed_on, bank_on=(loan.signed_on, on))
    warned = checks.warnings(unit, contract, to_household=loan.household_id is not None)
    loan.return_reason = None
    return replace(move(unit, LOAN, loan, LoanStep.RESUBMIT, on), warnings=warned)


def approve(unit: Unit, loan_id: int, on: date | None = None) -> Taken:
    """Approve a loan (审批); the approver must not have recorded, amended or submitted the loan.

    Missing endorsements are a warning (2.9). Raise NotFound, WrongStatus, SamePerson, FutureDate, and BankEliminated
    where the bank is eliminated on the day of approval.
    """
    on = on or unit.today
    loan = held_loan(unit, loan_id)
    check(unit, LOAN, loan, LoanStep.APPROVE, on)
    contract = contract_of(unit, loan)
    published = checks.reference_snapshot(unit.session)
    eligibility.check_bank(loan.bank, published.statuses.get(loan.bank, ()), on)
    warned = checks.warnings(unit, contract, to_household=loan.household_id is not None)
    return replace(move(unit, LOAN, loan, LoanStep.APPROVE, on), warnings=warned)


def send_back(unit: Unit, loan_id: int, reason: str, on: date | None = None) -> Taken:
    """Send a loan that is not disbursed back to the bank's officer (退回), with a reason.

    A returned loan does not count against the household's cap. Raise NotFound, WrongStatus, FutureDate.
    """
    loan = held_loan(unit, loan_id)
    taken = take(unit, LOAN, loan, LoanStep.RETURN, on, reason=reason)
    loan.return_reason = reason
    return taken


def disburse(unit: Unit, loan_id: int, disbursed_on: date) -> Taken:
    """Pay a loan out (放款): check every rule, set the loan's dates, and book LoanDisbursed.

    Interest runs from the disbursement date. The person who approved the loan may not disburse the loan.

    Raise NotFound, WrongStatus, SamePerson, FutureDate, PeriodClosed, and the refusals of scheme §2 as of the
    disbursement date.
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
    """Reverse the disbursement of a loan that has no other event.

    After the reversal, the loan has the status `approved` and can be disbursed again.

    Raise NotFound, WrongStatus, AlreadyReversed, and RestedOn naming the first later event of the loan.
    """
    loan_id = journal.stored(unit, [event_id])[event_id].loan
    if loan_id is None:
        raise NotFound(what="disbursement", id=str(event_id))
    loan = check_undo(unit, loan_id, event_id)
    reversal = journal.reverse_all(unit, [event_id], reason, checked_by, made_by)[event_id]
    loan.first_disbursed_on = loan.billed_to = None
    loan.original_due_on = loan.due_on = loan.rolled_on = loan.next_step_on = None
    taken = move(unit, LOAN, loan, LoanStep.UNDO_DISBURSEMENT, reversal.effective_on, reason=reason)
    issue.reconcile_before_commit(unit, [loan.id])
    return taken


def check_undo(unit: Unit, loan_id: int, event_id: int) -> Loan:
    """Lock and return the loan whose disbursement is to be reversed.

    Raise WrongStatus where the loan is not active, RestedOn where the loan has another event.
    """
    loan = held_loan(unit, loan_id)
    check_status(LOAN, loan, LoanStep.UNDO_DISBURSEMENT)
    later = activity.first_beside(unit.connection, loan_id, event_id)
    if later is not None:
        kind, on = later
        raise RestedOn(rule="books §3", event=kind, found=on)
    return loan


@dataclass(frozen=True, slots=True)
class Dates:
    """The payout day of a loan, its contract due date, and the due date moved to a working day (`rolled_on`)."""

    disbursed_on: date
    due_on: date
    rolled_on: date

    @property
    def next_step_on(self) -> date:
        """Return the first day on which interest or principal of the loan falls due."""
        return min(next_settlement(self.disbursed_on), self.rolled_on)


def due_dates(unit: Unit, contract: Contract, disbursed_on: date) -> Dates:
    """Return the days that a disbursement fixes for a loan (2.6, 3.6)."""
    due_on = terms.due_on(disbursed_on, contract.term_months)
    rolled_on = terms.rolled(due_on, reference.work_calendar(unit.session), contract.scheme.due_date_roll)
    return Dates(disbursed_on, due_on, rolled_on)


def set_dates(loan: Loan, days: Dates) -> None:
    """Set the days of a newly disbursed loan's row; the first interest period begins on the disbursement date."""
    loan.disbursed_on = loan.first_disbursed_on = loan.billed_to = days.disbursed_on
    loan.original_due_on = loan.due_on = days.due_on
    loan.rolled_on = days.rolled_on
    loan.next_step_on = days.next_step_on


def _check(unit: Unit, loan: Loan, contract: Contract, *, day: date, bank_on: tuple[date, ...]) -> None:
    """Raise the first refusal of scheme §2 and 3.1 for a loan; the borrower's row is locked."""
    for refusal in _refusals(unit, loan, contract, day, bank_on):
        raise refusal


def _refusals(
    unit: Unit, loan: Loan, contract: Contract, day: date, bank_on: tuple[date, ...]
) -> Iterator[RuleViolation]:
    """Return every refusal of scheme §2 and 3.1 for a loan, contract rules first; lock the borrower's row."""
    session = unit.session
    yield from checks.contract_refusals(contract, checks.reference_snapshot(session), *bank_on)
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
