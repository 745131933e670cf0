"""The views that record, approve, disburse and repay loans, and show interest bills, statements and quotes."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from api.core import edge
from api.core.paging import Listing
from api.core.routes import Blueprint
from api.core.shapes import OnBody, ReturnBody
from api.lending.shapes import (
    DisbursementBody,
    LineAnswer,
    LoanAnswer,
    LoanBody,
    LoanPatch,
    LoanQuery,
    LoanTaken,
    PayoffAnswer,
    PayoffQuery,
    RepaymentAnswer,
    RepaymentBody,
    StatementAnswer,
    StatementQuery,
    warned,
)
from ledger.balances import Clocks
from ledger.operations.lending import loans as operations
from ledger.operations.lending.contracts import LoanRequest
from ledger.operations.servicing import repayments
from ledger.queries.repayments import RepaymentShown, repayments_of
from ledger.reports.lending import loans as reports
from ledger.reports.lending import statements
from ledger.reports.lending.loans import LoanFilters, LoanShown
from ledger.reports.lending.statements import LineShown, StatementRow
from ledger.tables.borrowers import Household, Organisation
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit
from ledger.workflow import Taken

blueprint = Blueprint("loans", "/loans", "贷款: from submission to closing")


@blueprint.post("", body=LoanBody, answer=LoanTaken, status=201)
def record(unit: Unit, on: date, endorsements: Sequence[str], **sent: Any) -> dict[str, Any]:
    """贷款登记: put a loan forward for a checker's approval."""
    sent["bank"] = edge.bank(unit, sent["bank"])
    sent["county"] = edge.county(unit, sent["county"])
    if sent["household_id"] is not None:
        edge.find(unit, Household, sent["household_id"])
    if sent["organisation_id"] is not None:
        edge.find(unit, Organisation, sent["organisation_id"])
    return _taken(unit, operations.record(unit, LoanRequest(**sent, endorsements=tuple(endorsements)), on))


@blueprint.listing("", row=LoanAnswer, asks=LoanQuery)
def listed(session: Session, **filters: Any) -> Listing:
    """Loans in the asker's scope, oldest first."""
    today = edge.today()
    within = edge.within(session, bank=filters.get("bank"), county=filters.get("county"))
    if "county" in filters and within.counties is not None:
        filters["county"] = within.counties[0]
    query = reports.chosen(LoanFilters(**filters), today)
    return Listing(query, key=(Loan.id,), show=lambda session, loans: reports.shown(session, loans, today))


@blueprint.get("/<id:loan_id>", answer=LoanAnswer)
def show(session: Session, loan_id: int) -> LoanShown:
    """A loan with its figures as recorded now."""
    return reports.shown(session, [edge.find(session, Loan, loan_id)], edge.today())[0]


@blueprint.patch("/<id:loan_id>", body=LoanPatch, answer=LoanTaken)
def amend(unit: Unit, loan_id: int, **changes: Any) -> dict[str, Any]:
    """Change a returned loan; it is submitted again by `/submission`."""
    edge.find(unit, Loan, loan_id)
    if "endorsements" in changes:
        changes["endorsements"] = tuple(changes["endorsements"])
    return _taken(unit, operations.amend(unit, loan_id, changes))


@blueprint.post("/<id:loan_id>/submission", body=OnBody, answer=LoanTaken)
def resubmit(unit: Unit, loan_id: int, on: date) -> dict[str, Any]:
    """Submit a returned loan again; every rule is asked anew."""
    edge.find(unit, Loan, loan_id)
    return _taken(unit, operations.resubmit(unit, loan_id, on))


@blueprint.post("/<id:loan_id>/approval", body=OnBody, answer=LoanTaken)
def approve(unit: Unit, loan_id: int, on: date) -> dict[str, Any]:
    """审批: approve a submitted loan, by another person than its maker."""
    edge.find(unit, Loan, loan_id)
    return _taken(unit, operations.approve(unit, loan_id, on))


@blueprint.post("/<id:loan_id>/return", body=ReturnBody, answer=LoanTaken)
def send_back(unit: Unit, loan_id: int, reason: str, on: date) -> dict[str, Any]:
    """退回: return a loan that is not paid out, with the reason."""
    edge.find(unit, Loan, loan_id)
    return _taken(unit, operations.send_back(unit, loan_id, reason, on))


@blueprint.post("/<id:loan_id>/disbursement", body=DisbursementBody, answer=LoanTaken)
def disburse(unit: Unit, loan_id: int, disbursed_on: date) -> dict[str, Any]:
    """放款登记: record that an approved loan was paid out."""
    edge.find(unit, Loan, loan_id)
    return _taken(unit, operations.disburse(unit, loan_id, disbursed_on))


@blueprint.listing("/<id:loan_id>/lines", row=LineAnswer)
def lines(session: Session, loan_id: int) -> list[LineShown]:
    """结息单: the loan's settlement lines, oldest first."""
    edge.find(session, Loan, loan_id)
    return statements.lines_of(session, loan_id)


@blueprint.listing("/<id:loan_id>/statement", row=StatementAnswer, asks=StatementQuery)
def statement(session: Session, loan_id: int, clocks: Clocks) -> list[StatementRow]:
    """对账单: everything that happened to the loan, with what stood after each event."""
    return statements.statement(session, edge.find(session, Loan, loan_id), clocks)


@blueprint.get("/<id:loan_id>/payoff", asks=PayoffQuery, answer=PayoffAnswer)
def payoff(session: Session, loan_id: int, on: date) -> dict[str, Any]:
    """结清试算: what settles the loan on a day."""
    edge.find(session, Loan, loan_id)
    quote = repayments.payoff(Unit(session, edge.person().username, edge.today(), edge.now), loan_id, on)
    return {
        "on": on,
        "principal": quote.principal,
        "contract_interest": quote.contract,
        "penalty_interest": quote.penalty,
        "compound_interest": quote.compound,
        "credit": quote.credit,
        "total": quote.total,
    }


@blueprint.listing("/<id:loan_id>/repayments", row=RepaymentAnswer)
def repaid(session: Session, loan_id: int) -> list[RepaymentShown]:
    """The loan's repayments in the order of their days, reversed ones too."""
    edge.find(session, Loan, loan_id)
    return repayments_of(session, loan_id)


@blueprint.post("/<id:loan_id>/repayments", body=RepaymentBody, answer=RepaymentAnswer, status=201)
def repay(unit: Unit, loan_id: int, **sent: Any) -> RepaymentShown:
    """还款登记: record what was handed over; answers what it paid."""
    edge.find(unit, Loan, loan_id)
    return repayments.repay(unit, repayments.Received(loan_id=loan_id, **sent))


def _taken(unit: Unit, taken: Taken) -> dict[str, Any]:
    """Return the figures of a loan after a step, with the warnings that the step gave."""
    unit.session.flush()
    shown = reports.shown(unit.session, [unit.session.get_one(Loan, taken.id)], unit.today)[0]
    return {field.name: getattr(shown, field.name) for field in fields(shown)} | {"warnings": warned(taken.warnings)}
