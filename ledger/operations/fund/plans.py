"""The plans of the risk-buffer fund (scheme 5): their drafting, approval, appropriation and deposit."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from moneyed import Money
from sqlalchemy import select, update

from ledger import events as e
from ledger import journal
from ledger.database import table_of, write_rows
from ledger.dates import Quarter
from ledger.errors import NotFound, WrongStatus
from ledger.events import Event
from ledger.ids import new_id, new_ids
from ledger.journal import Record
from ledger.money import NIL, Fen, of_fen, to_fen
from ledger.operations.fund import targets
from ledger.operations.fund.workflow import PLAN
from ledger.policy import risk_fund
from ledger.policy.risk_fund import REACHED, STEPS, Call
from ledger.queries import fund_calls
from ledger.queries.fund_calls import Account
from ledger.statuses import PlanStatus, PlanStep
from ledger.tables.fund import FundPlan, FundPlanLine, FundPlanStep
from ledger.unit_of_work import Unit
from ledger.workflow import check, move

_LINES = table_of(FundPlanLine)
_STEPS = table_of(FundPlanStep)


@dataclass(frozen=True, slots=True)
class Part:
    """An amount of one account for a step of a plan, with the number of the bank slip (单号)."""

    county: str
    bank: str
    amount: Money
    slip_no: str = ""
    source: str | None = None  # The payer of the amount, needed where city and county both pay.


def draft_plan(unit: Unit, quarter: Quarter, on: date | None = None) -> int:
    """Draft the plan of a quarter, replacing an earlier draft, and return the plan's id (5.2).

    Amounts approved earlier for the quarter remain valid, and the new plan calls for the difference. Raise
    QuarterNotOver, FutureDate.
    """
    on = on or unit.today
    unit.not_future(on, "on")
    risk_fund.check_quarter(quarter, on)
    query = select(FundPlan).where(
        FundPlan.kind == "quarter",
        FundPlan.quarter == str(quarter),
        FundPlan.status == PlanStatus.DRAFT,
        FundPlan.live.is_(True),
    )
    for plan in unit.session.execute(query.with_for_update()).scalars():
        if not _steps(unit, plan.id):
            plan.live = None  # The replaced draft is stored for reports.
    plan = FundPlan(
        id=new_id(),
        kind="quarter",
        quarter=str(quarter),
        status=PlanStatus.DRAFT,
        made_by=unit.user,
        made_on=on,
        live=True,
    )
    unit.session.add(plan)
    unit.session.flush()
    _put_lines(unit, plan.id, fund_calls.calls(unit, quarter))
    return plan.id


def draft_advance(
    unit: Unit, county: str, bank: str, amount: Money, on: date | None = None, source: str = "city"
) -> int:
    """Draft an advance (预拨) to a fund account as a plan of one line, and return the plan's id (5.4).

    Raise NotAnAmount, OverTarget where the bank's target of the year is smaller than its advances, WoundDown,
    FutureDate.
    """
    on = on or unit.today
    unit.not_future(on, "on")
    targets.check_standing(unit, county, bank)
    risk_fund.check_step(county, bank, "advance", to_fen(amount), to_fen(amount))
    targets.check_target(unit, bank, on.year, to_fen(amount))
    plan = FundPlan(
        id=new_id(),
        kind="advance",
        quarter=str(Quarter.of(on)),
        status=PlanStatus.DRAFT,
        made_by=unit.user,
        made_on=on,
        live=True,
    )
    unit.session.add(plan)
    unit.session.flush()
    contributed = fund_calls.contributed(unit.session, county, bank).get(Account(county, bank, source), NIL)
    call = Call(NIL, NIL, Fen(contributed + to_fen(amount)), contributed)
    _put_lines(unit, plan.id, {Account(county, bank, source): call})
    return plan.id


def approve(unit: Unit, plan_id: int, on: date | None = None, parts: Sequence[Part] | None = None) -> None:
    """Approve the lines of a plan, as a city user who did not draft the plan (5.3).

    The calls of the plan's quarter are computed again before the approval. Without `parts`, every outstanding amount is
    approved. Raise SamePerson, WrongStatus, BeyondStep, PeriodClosed, NotFound.
    """
    plan = _held(unit, plan_id, PlanStep.APPROVAL, on)
    if plan.kind == "quarter":
        _call_again(unit, plan)
    _step(unit, plan, PlanStep.APPROVAL, on, parts, _approved)


def appropriate(unit: Unit, plan_id: int, on: date | None = None, parts: Sequence[Part] | None = None) -> None:
    """Appropriate approved city money to the counties (拨付); raise the same errors as `approve`."""
    plan = _held(unit, plan_id, PlanStep.APPROPRIATION, on)
    _step(unit, plan, PlanStep.APPROPRIATION, on, parts, _appropriated)


def deposit(
    unit: Unit,
    plan_id: int,
    on: date | None = None,
    parts: Sequence[Part] | None = None,
    counties: Iterable[str] | None = None,
) -> None:
    """Deposit appropriated money in the fund accounts (缴存), with one bank slip for each part.

    With `counties`, only the lines of the given counties are deposited. Raise WrongStatus, BeyondStep, WoundDown,
    PeriodClosed, NotFound.
    """
    plan = _held(unit, plan_id, PlanStep.DEPOSIT, on)
    _step(unit, plan, PlanStep.DEPOSIT, on, parts, _deposited, None if counties is None else set(counties))


def outstanding(unit: Unit, plan_id: int, step: str) -> dict[tuple[str, str], Money]:
    """Return the amount still outstanding in a step of a plan, by county and bank; zero amounts are left out."""
    reached = _steps(unit, plan_id)
    fen_by_account: dict[tuple[str, str], Fen] = {}
    for line in _lines(unit, plan_id):
        if left := _left(line, reached, step):
            fen_by_account[line.county, line.bank] = Fen(fen_by_account.get((line.county, line.bank), 0) + left)
    return {account: of_fen(fen) for account, fen in fen_by_account.items()}


def _held(unit: Unit, plan_id: int, step: PlanStep, on: date | None) -> FundPlan:
    """Return a plan, locked to the end of the transaction, after checking that the step is possible.

    Raise NotFound where no plan has the id, and the errors of the workflow's `check`.
    """
    plan = unit.session.get(FundPlan, plan_id, with_for_update=True, populate_existing=True)
    if plan is None:
        raise NotFound(what="fund plan", id=str(plan_id))
    check(unit, PLAN, plan, step, on)
    return plan


def undo_step(unit: Unit, event_id: int) -> None:
    """Mark a step of a plan's line as reversed, because its event was reversed, and set the plan's status back.

    Raise WrongStatus where a later step of the line depends on the step.
    """
    step = unit.session.execute(select(FundPlanStep).where(FundPlanStep.event_id == event_id)).scalar_one()
    plan = unit.session.get_one(FundPlan, step.plan_id, with_for_update=True)
    step.live = None
    unit.session.flush()
    reached = _steps(unit, plan.id).get(step.line_id, {})
    steps = STEPS[fund_calls.source_of(step.source)]
    after = [later for later in steps if reached.get(later, 0) > reached.get(step.step, 0)]
    if after and after[0] != PlanStep.APPROVAL:
        raise WrongStatus(status=REACHED[after[-1]], allowed=REACHED[step.step], step=PlanStep.REVERSAL)
    move(unit, PLAN, plan, PlanStep.REVERSAL, to=_reached(unit, plan))


def _step(
    unit: Unit,
    plan: FundPlan,
    step: PlanStep,
    on: date | None,
    parts: Sequence[Part] | None,
    event_of: Callable[[FundPlan, FundPlanLine, date, Fen], Event],
    counties: set[str] | None = None,
) -> None:
    on = on or unit.today
    lines = _lines(unit, plan.id)
    reached = _steps(unit, plan.id)
    _check_begun(plan, lines, reached, step)
    taken = _chosen(lines, reached, step, parts, counties)
    for line, _, _ in taken:
        targets.check_standing(unit, line.county, line.bank)
    records = [Record(event_of(plan, line, on, amount), document=slip_no) for line, amount, slip_no in taken]
    event_ids = journal.record_all(unit, records) if records else []
    write_rows(
        unit.connection,
        {
            _STEPS: [
                (
                    step_id,
                    line.id,
                    plan.id,
                    line.county,
                    line.bank,
                    line.source,
                    step,
                    on,
                    amount,
                    slip_no,
                    unit.user,
                    event_id,
                    True,
                )
                for step_id, event_id, (line, amount, slip_no) in zip(
                    new_ids(len(taken)), event_ids, taken, strict=True
                )
            ]
        },
    )
    move(unit, PLAN, plan, step, on, to=_reached(unit, plan))


def _check_begun(
    plan: FundPlan, lines: Sequence[FundPlanLine], reached: Mapping[int, Mapping[str, Fen]], step: PlanStep
) -> None:
    """Raise WrongStatus where no line of the plan has reached the step before `step`."""
    if step != PlanStep.APPROVAL and not any(_left(line, reached, step) > 0 for line in lines):
        raise WrongStatus(status=plan.status, allowed=", ".join(PLAN.steps[step].allowed[1:]), step=step)


def _chosen(
    lines: Sequence[FundPlanLine],
    reached: Mapping[int, Mapping[str, Fen]],
    step: str,
    parts: Sequence[Part] | None,
    counties: set[str] | None,
) -> list[tuple[FundPlanLine, Fen, str]]:
    """Return the lines that a step acts on, each with the amount in fen and the number of the bank slip.

    Without `parts`, the step acts on all lines, or on the lines of `counties` where counties are given.
    """
    if parts is None:
        in_counties = [line for line in lines if counties is None or line.county in counties]
        return [(line, amount, "") for line in in_counties if (amount := _left(line, reached, step)) > 0]
    chosen: list[tuple[FundPlanLine, Fen, str]] = []
    so_far: dict[int, int] = {}
    for part in parts:
        line = _line_of(lines, part, step)
        amount = to_fen(part.amount)
        left = Fen(_left(line, reached, step) - so_far.get(line.id, 0))
        risk_fund.check_step(part.county, part.bank, step, amount, left)
        so_far[line.id] = so_far.get(line.id, 0) + amount
        chosen.append((line, amount, part.slip_no))
    return chosen


def _line_of(lines: Sequence[FundPlanLine], part: Part, step: str) -> FundPlanLine:
    matching = [
        line
        for line in lines
        if (line.county, line.bank) == (part.county, part.bank)
        and part.source in (None, line.source)
        and step in STEPS[fund_calls.source_of(line.source)]
    ]
    if not matching:
        raise NotFound(what="plan line", id=f"{part.county}/{part.bank}")
    return matching[0]


def _left(line: FundPlanLine, reached: Mapping[int, Mapping[str, Fen]], step: str) -> Fen:
    return risk_fund.left_of(reached.get(line.id, {}), fund_calls.source_of(line.source), step, Fen(line.due))


def _approved(plan: FundPlan, line: FundPlanLine, on: date, amount: Fen) -> Event:
    by_source = {"city_funded": amount} if line.source == "city" else {"county_funded": amount}
    return e.FundPlanApproved(effective_on=on, county=line.county, bank=line.bank, plan=plan.id, **by_source)


def _appropriated(plan: FundPlan, line: FundPlanLine, on: date, amount: Fen) -> Event:
    return e.FundAppropriated(effective_on=on, county=line.county, bank=line.bank, plan=plan.id, amount=amount)


def _deposited(plan: FundPlan, line: FundPlanLine, on: date, amount: Fen) -> Event:
    return e.FundDeposited(effective_on=on, county=line.county, bank=line.bank, plan=plan.id, amount=amount)


def _reached(unit: Unit, plan: FundPlan) -> PlanStatus:
    """Return a plan's status, which is the status of its slowest line; lines that call for no money do not count."""
    unit.session.flush()
    reached = _steps(unit, plan.id)
    status = PlanStatus.DRAFT
    for step, name in REACHED.items():
        if any(_waits(line, reached.get(line.id, {}), step) for line in _lines(unit, plan.id)):
            break
        status = name
    return status


def _waits(line: FundPlanLine, reached: Mapping[str, Fen], step: str) -> bool:
    return step in STEPS[fund_calls.source_of(line.source)] and reached.get(step, NIL) < line.due


def _call_again(unit: Unit, plan: FundPlan) -> None:
    """Compute the calls of a quarter's plan afresh (5.2), and add to each line its amount already approved."""
    reached = _steps(unit, plan.id)
    calls = fund_calls.calls(unit, Quarter.parse(plan.quarter))
    for line in _lines(unit, plan.id):
        call = calls.pop(Account(line.county, line.bank, line.source), None)
        if call is not None:
            approved = reached.get(line.id, {}).get("approval", NIL)
            values = _figures(call) | {"due": call.due + approved}
            unit.session.execute(update(FundPlanLine).where(FundPlanLine.id == line.id).values(**values))
    _put_lines(unit, plan.id, calls)


def _put_lines(unit: Unit, plan_id: int, calls: Mapping[Account, Call]) -> None:
    rows = [
        (line_id, plan_id, account.county, account.bank, account.source, *_figures(call).values())
        for line_id, (account, call) in zip(new_ids(len(calls)), sorted(calls.items()), strict=True)
    ]
    write_rows(unit.connection, {_LINES: rows})


def _figures(call: Call) -> dict[str, Fen]:
    return {
        "issued": call.issued,
        "issued_cumulative": call.issued_cumulative,
        "required_cumulative": call.required_cumulative,
        "contributed_cumulative": call.contributed_cumulative,
        "due": call.due,
    }


def _lines(unit: Unit, plan_id: int) -> list[FundPlanLine]:
    query = (
        select(FundPlanLine)
        .where(FundPlanLine.plan_id == plan_id)
        .order_by(FundPlanLine.county, FundPlanLine.bank, FundPlanLine.source)
    )
    return list(unit.session.execute(query, execution_options={"populate_existing": True}).scalars())


def _steps(unit: Unit, plan_id: int) -> dict[int, dict[str, Fen]]:
    """Return the amounts that each line of a plan has reached, by line id and step, in fen."""
    return fund_calls.reached(unit.session, [plan_id])
