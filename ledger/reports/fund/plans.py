"""Reports of the fund's plans: the lines of each plan, and the outstanding amount of each step (scheme 5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.money import Fen
from ledger.policy.risk_fund import STEPS, left_of
from ledger.queries import fund_calls
from ledger.tables.fund import FundPlan, FundPlanLine


@dataclass(frozen=True, slots=True)
class PlanLineShown:
    """A line of a fund plan with the outstanding amount of each step, in fen."""

    county: str
    bank: str
    source: str
    issued: Fen
    issued_cumulative: Fen
    required_cumulative: Fen
    contributed_cumulative: Fen
    due: Fen
    outstanding: Mapping[str, Fen]


@dataclass(frozen=True, slots=True)
class PlanShown:
    """A fund plan with its lines; `outstanding` holds, for each step, the sum of the lines' outstanding amounts."""

    id: int
    kind: str
    quarter: str
    status: str
    made_by: str
    made_on: date
    lines: tuple[PlanLineShown, ...]

    @property
    def total(self) -> Fen:
        return Fen(sum(line.due for line in self.lines))

    @property
    def outstanding(self) -> dict[str, Fen]:
        return {step: Fen(sum(line.outstanding.get(step, 0) for line in self.lines)) for step in STEPS["city"]}


def shown(session: Session, plans: Sequence[FundPlan], counties: Sequence[str] | None = None) -> list[PlanShown]:
    """Return fund plans with their lines; two queries are enough for any number of plans.

    If `counties` are given, only the lines of these counties are returned.
    """
    ids = [plan.id for plan in plans]
    reached = fund_calls.reached(session, ids)
    query = (
        select(FundPlanLine)
        .where(FundPlanLine.plan_id.in_(ids))
        .order_by(FundPlanLine.county, FundPlanLine.bank, FundPlanLine.source)
    )
    lines: dict[int, list[PlanLineShown]] = {plan_id: [] for plan_id in ids}
    for line in session.execute(query).scalars():
        if counties is None or line.county in counties:
            lines[line.plan_id].append(_line(line, reached.get(line.id, {})))
    return [
        PlanShown(
            plan.id,
            plan.kind,
            plan.quarter,
            plan.status if plan.live else "replaced",
            plan.made_by,
            plan.made_on,
            tuple(lines[plan.id]),
        )
        for plan in plans
    ]


def _line(line: FundPlanLine, reached: Mapping[str, Fen]) -> PlanLineShown:
    source = fund_calls.source_of(line.source)
    outstanding = {step: left_of(reached, source, step, Fen(line.due)) for step in STEPS[source]}
    return PlanLineShown(
        line.county,
        line.bank,
        line.source,
        Fen(line.issued),
        Fen(line.issued_cumulative),
        Fen(line.required_cumulative),
        Fen(line.contributed_cumulative),
        Fen(line.due),
        outstanding,
    )
