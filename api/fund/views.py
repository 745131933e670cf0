"""The views of the risk-buffer fund (风险缓释基金): fund plans, advances, targets, accounts and idle money."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from moneyed import Money
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.core import edge
from api.core.paging import Listing
from api.core.routes import Blueprint
from api.core.shapes import AskedAnswer
from api.fund.shapes import (
    AdvanceBody,
    FundAccountAnswer,
    FundAccountQuery,
    FundPlanBody,
    FundReceiptAnswer,
    FundReceiptBody,
    FundReturnBody,
    FundStatementAnswer,
    FundStatementQuery,
    FundStepBody,
    IdleAnswer,
    PlanAnswer,
    PlanQuery,
    ReconciliationAnswer,
    ReconciliationBody,
    TargetAnswer,
    TargetBody,
)
from ledger.balances import Clocks
from ledger.dates import Quarter
from ledger.errors import NotFound
from ledger.money import to_fen
from ledger.operations.approvals import requests
from ledger.operations.approvals.requests import Asked
from ledger.operations.fund import accounts as fund_accounts
from ledger.operations.fund import plans
from ledger.operations.fund import targets as bank_targets
from ledger.operations.fund.accounts import Reconciled
from ledger.operations.fund.plans import Part
from ledger.queries import reference
from ledger.reports.fund import accounts as reports
from ledger.reports.fund import plans as plan_reports
from ledger.reports.fund.accounts import AccountShown, Idle
from ledger.reports.fund.plans import PlanShown
from ledger.tables.fund import FundPlan, FundTarget
from ledger.unit_of_work import Unit

blueprint = Blueprint("fund", "", "风险缓释基金: plans, deposits, accounts")

_ACCOUNT = "/fund/accounts/<name:county>/<name:bank>"


@blueprint.post("/fund/plans", body=FundPlanBody, answer=PlanAnswer, status=201)
def draft(unit: Unit, quarter: Quarter, on: date) -> PlanShown:
    """Draw up the plan of a quarter that is over."""
    return _shown(unit, plans.draft_plan(unit, quarter, on))


@blueprint.listing("/fund/plans", row=PlanAnswer, asks=PlanQuery)
def listed(session: Session, quarter: Quarter | None = None, status: str | None = None) -> Listing:
    """Plans, oldest first, with the asker's lines."""
    query = select(FundPlan)
    if quarter is not None:
        query = query.where(FundPlan.quarter == str(quarter))
    if status is not None:
        query = query.where(FundPlan.status == status)
    counties = edge.within(session).counties
    return Listing(query, key=(FundPlan.id,), show=lambda session, found: plan_reports.shown(session, found, counties))


@blueprint.get("/fund/plans/<id:plan_id>", answer=PlanAnswer)
def show(session: Session, plan_id: int) -> PlanShown:
    """A plan with what is outstanding of each step."""
    plan = session.get(FundPlan, plan_id)
    if plan is None:
        raise NotFound(what="fund plan", id=str(plan_id))
    return plan_reports.shown(session, [plan], edge.within(session).counties)[0]


@blueprint.post("/fund/plans/<id:plan_id>/approval", body=FundStepBody, answer=PlanAnswer)
def approve(unit: Unit, plan_id: int, on: date, lines: Sequence[dict[str, Any]] | None) -> PlanShown:
    """批准: by another person of the city than its maker; the calls are computed again."""
    plans.approve(unit, plan_id, on, _parts(unit, lines))
    return _shown(unit, plan_id)


@blueprint.post("/fund/plans/<id:plan_id>/appropriation", body=FundStepBody, answer=PlanAnswer)
def appropriate(unit: Unit, plan_id: int, on: date, lines: Sequence[dict[str, Any]] | None) -> PlanShown:
    """拨付: the city's money goes to the counties."""
    plans.appropriate(unit, plan_id, on, _parts(unit, lines))
    return _shown(unit, plan_id)


@blueprint.post("/fund/plans/<id:plan_id>/deposits", body=FundStepBody, answer=PlanAnswer)
def deposit(unit: Unit, plan_id: int, on: date, lines: Sequence[dict[str, Any]] | None) -> PlanShown:
    """缴存: the county deposits at the banks what reached it."""
    plans.deposit(unit, plan_id, on, _parts(unit, lines), edge.within(unit.session).counties)
    return _shown(unit, plan_id)


@blueprint.post("/fund/advances", body=AdvanceBody, answer=PlanAnswer, status=201)
def advance(unit: Unit, county: str, bank: str, amount: Money, on: date, source: str) -> PlanShown:
    """预拨: a one-line draft plan; the same steps follow."""
    return _shown(unit, plans.draft_advance(unit, edge.county(unit, county), bank, amount, on, source))


@blueprint.post("/fund/targets", body=TargetBody, answer=TargetAnswer, status=201)
def set_target(unit: Unit, bank: str, year: int, amount: Money) -> FundTarget:
    """指导任务: what a bank is to lend in a year."""
    bank_targets.set_target(unit, bank, year, to_fen(amount))
    return unit.session.get_one(FundTarget, (bank, year))


@blueprint.listing("/fund/targets", row=TargetAnswer)
def targets(session: Session) -> Listing:
    """The banks' targets by year."""
    return Listing(select(FundTarget), key=(FundTarget.bank, FundTarget.year))


@blueprint.listing("/fund/accounts", row=FundAccountAnswer, asks=FundAccountQuery)
def accounts(
    session: Session, clocks: Clocks, county: str | None = None, bank: str | None = None
) -> list[AccountShown]:
    """专户: every fund account in the asker's scope."""
    return [row for row in reports.accounts(session, clocks, county, bank) if _mine(session, row.county, row.bank)]


@blueprint.get(f"{_ACCOUNT}/statement", asks=FundStatementQuery, answer=FundStatementAnswer)
def statement(
    session: Session, clocks: Clocks, county: str, bank: str, start: date, to: date | None
) -> reports.Statement:
    """对账单: opening, movements, closing, and what stands behind the account."""
    account = _account(session, county, bank)
    return reports.statement(session, *account, start, Clocks(to or clocks.as_of, clocks.known_at))


@blueprint.post(f"{_ACCOUNT}/interest", body=FundReceiptBody, answer=FundReceiptAnswer, status=201)
def credit_interest(unit: Unit, county: str, bank: str, amount: Money, on: date, slip_no: str) -> dict[str, int]:
    """专户利息: it stays in the fund."""
    account = _account(unit.session, county, bank)
    return {"event_id": fund_accounts.credit_interest(unit, *account, amount, on, slip_no)}


@blueprint.post(f"{_ACCOUNT}/county-contributions", body=FundReceiptBody, answer=FundReceiptAnswer, status=201)
def contribute(unit: Unit, county: str, bank: str, amount: Money, on: date, slip_no: str) -> dict[str, int]:
    """县级自筹: the county's own extra money."""
    account = _account(unit.session, county, bank)
    return {"event_id": fund_accounts.contribute(unit, *account, amount, on, slip_no)}


@blueprint.post(f"{_ACCOUNT}/reconciliations", body=ReconciliationBody, answer=ReconciliationAnswer, status=201)
def reconcile(
    unit: Unit,
    county: str,
    bank: str,
    amount: Money,
    on: date,
    slip_no: str,
    quarter: Quarter | None,
    explanation: str,
) -> Reconciled:
    """对账: the bank's closing balance of a quarter beside ours."""
    account = _account(unit.session, county, bank)
    return fund_accounts.reconcile(unit, *account, amount, on, slip_no, quarter, explanation)


@blueprint.post(f"{_ACCOUNT}/return", body=FundReturnBody, answer=AskedAnswer, status=202)
def wind_down(unit: Unit, county: str, bank: str, on: date, slip_no: str, reason: str) -> Asked:
    """清退: ask to wind the account down; another person decides."""
    owner, of_bank = _account(unit.session, county, bank)
    payload = {"county": owner, "bank": of_bank, "on": on, "slip_no": slip_no}
    return requests.ask(unit, "fund_return", payload, county=owner, bank=of_bank, reason=reason)


@blueprint.listing("/reports/fund", row=FundAccountAnswer, asks=FundAccountQuery)
def report(session: Session, clocks: Clocks, county: str | None = None, bank: str | None = None) -> list[AccountShown]:
    """基金情况: every account with its contributions, money in transit, queue and head-room."""
    return [row for row in reports.accounts(session, clocks, county, bank) if _mine(session, row.county, row.bank)]


@blueprint.listing("/reports/idle-funds", row=IdleAnswer, asks=FundAccountQuery)
def idle_funds(session: Session, clocks: Clocks, county: str | None = None, bank: str | None = None) -> list[Idle]:
    """资金沉淀: balance beside what the open loans would need."""
    return [row for row in reports.idle_funds(session, clocks, county, bank) if _mine(session, row.county, row.bank)]


def _shown(unit: Unit, plan_id: int) -> PlanShown:
    plan = unit.session.get_one(FundPlan, plan_id)
    return plan_reports.shown(unit.session, [plan], edge.within(unit.session).counties)[0]


def _parts(unit: Unit, lines: Sequence[dict[str, Any]] | None) -> list[Part] | None:
    """Return the lines of a step of a fund plan with current county codes, or None if the request has no lines.

    Raises NotFound for a line with a county out of the user's scope.
    """
    if lines is None:
        return None
    return [Part(**line | {"county": edge.county(unit, line["county"])}) for line in lines]


def _mine(session: Session, county: str, bank: str) -> bool:
    return edge.person().scope.has(bank=bank, county=county)


def _account(session: Session, county: str, bank: str) -> tuple[str, str]:
    """Return the county and the bank of a fund account; raise NotFound for an account out of the user's scope."""
    owner = reference.county_of(session, county)
    reference.bank_status(session, bank, edge.today())
    if not _mine(session, owner, bank):
        raise NotFound(what="fund account", id=f"{county}/{bank}")
    return owner, bank
