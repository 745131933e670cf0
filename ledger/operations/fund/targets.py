"""A bank's lending target of a year (指导任务), and the checks before money is called for a fund account."""

from datetime import date
from fractions import Fraction

from sqlalchemy import BigInteger, cast, func, select

from ledger.errors import NotFound
from ledger.money import Fen, half_up, plain
from ledger.policy.risk_fund import OverTarget, WoundDown
from ledger.queries import reference
from ledger.tables.fund import FundPlan, FundPlanLine, FundReturn, FundTarget
from ledger.unit_of_work import Unit


def set_target(unit: Unit, bank: str, year: int, fen: Fen) -> None:
    """Record the fen that a bank is to lend in a year; a new target replaces an earlier target. Raise NotFound."""
    reference.bank_status(unit.session, bank, date(year, 12, 31))
    unit.session.merge(FundTarget(bank=bank, year=year, fen=fen, recorded_by=unit.user, recorded_at=unit.recorded_at))
    unit.session.flush()


def check_target(unit: Unit, bank: str, year: int, amount: Fen) -> None:
    """Raise OverTarget where a further advance makes a bank's advances of a year exceed the target's buffer (5.4).

    The buffer of a bank's target is the target times the fund rate of the main scheme's newest version. An advance to a
    bank without a target is not refused.
    """
    target = unit.session.get(FundTarget, (bank, year))
    if target is None:
        return
    rate = Fraction(reference.latest_scheme(unit.session, reference.MAIN_SCHEME).fund_rate)
    limit = half_up(rate.numerator * target.fen, rate.denominator)
    plan, line = FundPlan, FundPlanLine
    query = (
        select(cast(func.sum(line.due), BigInteger))
        .join(plan, plan.id == line.plan_id)
        .where(
            plan.kind == "advance",
            line.bank == bank,
            plan.made_on >= date(year, 1, 1),
            plan.made_on <= date(year, 12, 31),
        )
    )
    advanced = Fen((unit.session.execute(query).scalar() or 0) + amount)
    if advanced > limit:
        raise OverTarget(rule="5.4", bank=bank, year=year, limit=plain(limit), found=plain(advanced))


def check_standing(unit: Unit, county: str, bank: str) -> None:
    """Raise NotFound for an unknown bank or county, WoundDown where the fund account was wound down (5.8)."""
    reference.bank_status(unit.session, bank, unit.today)
    if reference.county_of(unit.session, county) != county:
        raise NotFound(what="county", id=county)
    wound_down = unit.session.get(FundReturn, (county, bank))
    if wound_down is not None:
        raise WoundDown(rule="5.8", county=county, bank=bank, found=wound_down.on)
