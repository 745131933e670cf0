"""Walking loans through their days: what the calendar calls for, what people recorded, late or in time.

One way for one loan or a hundred thousand, for the job, the desk and the import: lock, take back what is
dated later, load, walk through the facts in the order of the days, write once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import select

from ledger import events as e
from ledger import period_lock
from ledger.chart import Kind, book_of
from ledger.database import among
from ledger.errors import NotFound, Refusal, RuleViolation, WrongStatus
from ledger.events import Event
from ledger.operations.servicing import backdating, load, save
from ledger.operations.servicing.backdating import Past, Point, Why
from ledger.operations.servicing.save import Done, Held
from ledger.operations.subsidy import corrections
from ledger.policy import loan_changes, servicing
from ledger.policy.servicing import Life
from ledger.statuses import LoanStatus
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit

_LOANS: Any = Loan.__table__

LENT = (
    LoanStatus.ACTIVE,
    LoanStatus.OVERDUE,
    LoanStatus.COMPENSATED,
    LoanStatus.WRITTEN_OFF,
    LoanStatus.CLOSED,
)


class LoanCompensated(RuleViolation):
    code = "loan_compensated"
    zh = "贷款已代偿，此后收到的款项一律登记为追回款（{rule}）"
    en = "the loan is compensated; whatever comes in is recorded as a recovery ({rule})"


class BeforeDisbursement(RuleViolation):
    code = "before_disbursement"
    zh = "日期 {found} 早于放款日 {limit}"
    en = "{found} lies before the loan was disbursed on {limit}"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something a person recorded on a loan: its day, and what it does to the loan's life.

    `about` is what the record says of it (document, reason, people). `ref` is the caller's own name for it.
    `last`: it comes after everything else of its day, as claims and the fund's payments do.
    """

    on: date
    do: Callable[[Life], Iterator[Event]]
    about: Mapping[str, Any] = field(default_factory=dict)
    ref: Any = None
    last: bool = False


def carry(unit: Unit, loan_ids: Sequence[int], through: date) -> int:
    """Post what is due on or before `through` on these loans; answers how many moved. Safe to repeat."""
    unit.not_future(through, "through")
    held = load.hold(unit, loan_ids, through)
    for each in held.values():
        each.take(servicing.carry(each.life, through))
    return len(save.store(unit, held.values()))


def carried(unit: Unit, loan_id: int, on: date) -> Held:
    """One loan locked, loaded and walked through `on`, nothing written yet; raises NotFound, WrongStatus."""
    held = load.hold(unit, [loan_id], on).get(loan_id)
    if held is None:
        _refuse_unlent(unit, loan_id)
        raise NotFound(what="loan", id=str(loan_id))
    held.take(servicing.carry(held.life, on))
    return held


def record_facts(
    unit: Unit, facts: Mapping[int, Sequence[Fact]], why: Why, faults: list[tuple[Any, Refusal]] | None = None
) -> dict[int, list[Done]]:
    """Record facts on loans, each on its own day, whatever has been posted since (scheme 3 "Back-dated").

    With `faults` a refused fact is noted there with its `ref` and the rest goes on, so that a sheet's faults
    are known all at once; the caller must then not commit. Without it the first refusal is raised.
    """
    refuse = _Refusals(faults)
    allowed = {
        loan_id: [fact for fact in of_loan if refuse.passes([fact], partial(_check_day, unit, fact, bank))]
        for loan_id, of_loan, bank in _with_banks(unit, facts)
    }
    lock(unit, allowed)
    points = {
        loan: Point(min(fact.on for fact in rows), last=all(fact.last for fact in rows))
        for loan, rows in allowed.items()
        if rows
    }
    later = _rewind(unit, points, why, refuse, allowed)
    done = _live(unit, allowed, later, refuse)
    if not refuse.gathered:
        # What was recorded in time, and only pays, makes no subsidy wrong.
        decided = {loan for loan, rows in allowed.items() if any(fact.ref is None for fact in rows)}
        corrections.follow(unit, decided | {loan for loan, rows in later.items() if rows})
    return done


def undo_fact(unit: Unit, loan_id: int, event_id: int, why: Why) -> list[Done]:
    """Reverse something a person recorded and live the loan's later days again without it; see `undo_facts`."""
    return undo_facts(unit, {loan_id: [event_id]}, why)


def undo_facts(unit: Unit, event_ids: Mapping[int, Sequence[int]], why: Why) -> list[Done]:
    """Reverse things that people recorded, by loan, and live the loans' later days again without them.

    Dated as they were, or on the first open day where that month is closed. Answers the facts recorded again.
    Raises RestsOnLater, AlreadyReversed, CreditOverdrawn.
    """
    lock(unit, event_ids)
    gone = {event_id for of_loan in event_ids.values() for event_id in of_loan}
    pasts = backdating.standing(unit, sorted(gone))
    points = backdating.before(unit, pasts)
    days = {loan_id: point.on for loan_id, point in points.items()}
    unit.not_future(max(days.values(), default=date.min), "on")
    later = backdating.rewind(unit, points, why, also=pasts)
    again = {loan_id: [row for row in later.get(loan_id, ()) if row.id not in gone] for loan_id in days}
    done = _live(unit, {loan_id: [] for loan_id in days}, again, _Refusals(None), days)
    corrections.follow(unit, days)
    return [each for of_loan in done.values() for each in of_loan]


def try_fact(unit: Unit, loan_id: int, fact: Fact) -> None:
    """Raises what recording a fact would raise, as far as it is seen before it is in force; writes nothing."""
    for _, _, bank in _with_banks(unit, {loan_id: [fact]}):
        _check_day(unit, fact, bank)
    if not backdating.stands_after(unit, loan_id, fact.on):
        _do(carried(unit, loan_id, fact.on), fact)


def lock(unit: Unit, loan_ids: Iterable[int]) -> None:
    """Hold loans' rows to the end of the transaction, in the order of their ids."""
    chosen = among(unit.connection, _LOANS.c.id, sorted(loan_ids))
    unit.connection.execute(select(_LOANS.c.id).where(chosen).order_by(_LOANS.c.id).with_for_update()).all()


@dataclass(frozen=True, slots=True)
class _Refusals:
    """Raised at once, or gathered where the caller wants to know all of them."""

    gathered: list[tuple[Any, Refusal]] | None

    def passes(self, facts: Sequence[Fact], check: Callable[[], object]) -> bool:
        try:
            check()
        except Refusal as refusal:
            self.note(refusal, facts)
            return False
        return True

    def note(self, refusal: Refusal, facts: Iterable[Fact]) -> None:
        if self.gathered is None:
            raise refusal
        self.gathered.extend((fact.ref, refusal) for fact in facts)


def _with_banks(unit: Unit, facts: Mapping[int, Sequence[Fact]]) -> Iterator[tuple[int, Sequence[Fact], str]]:
    c = _LOANS.c
    found = unit.connection.execute(select(c.id, c.bank).where(among(unit.connection, c.id, facts)))
    banks: dict[int, str] = {row.id: row.bank for row in found}
    for loan_id, of_loan in facts.items():
        if loan_id not in banks:
            raise NotFound(what="loan", id=str(loan_id))
        yield loan_id, of_loan, banks[loan_id]


def _check_day(unit: Unit, fact: Fact, bank: str) -> None:
    unit.not_future(fact.on, "on")
    period_lock.check_open(unit, [book_of(Kind.LOAN, bank=bank, county="")], fact.on)


def _rewind(
    unit: Unit, points: dict[int, Point], why: Why, refuse: _Refusals, allowed: dict[int, list[Fact]]
) -> dict[int, list[Past]]:
    """All at once where it goes through; loan by loan only to learn which are refused."""
    if refuse.gathered is None:
        return backdating.rewind(unit, points, why)
    try:
        with unit.session.begin_nested():
            return backdating.rewind(unit, points, why)
    except Refusal:
        later: dict[int, list[Past]] = {}
        for loan_id, point in points.items():
            try:
                later |= backdating.rewind(unit, {loan_id: point}, why)
            except Refusal:
                for fact in allowed.pop(loan_id):
                    refuse.passes([fact], partial(backdating.check, unit, {loan_id: Point(fact.on, last=fact.last)}))
        return later


def _live(
    unit: Unit,
    facts: Mapping[int, Sequence[Fact]],
    later: Mapping[int, Sequence[Past]],
    refuse: _Refusals,
    horizons: Mapping[int, date] | None = None,
) -> dict[int, list[Done]]:
    """Walk each loan through its facts, new and again, to where it had been walked before; write once."""
    through = {
        loan: max(
            [
                (horizons or {}).get(loan, date.min),
                *(fact.on for fact in facts[loan]),
                *(past.event.effective_on for past in later.get(loan, ())),
            ]
        )
        for loan in facts
    }
    held = load.hold(unit, facts, max(through.values(), default=date.min))
    for loan_id in facts.keys() - held.keys():
        refuse.passes(facts[loan_id], partial(_refuse_unlent, unit, loan_id))
    refs: dict[int, list[tuple[Any, int]]] = {loan_id: [] for loan_id in facts}
    for loan_id, each in held.items():
        loan_changes.check_credit(each.life)
        if back_to := _taken_back_to(loan_id, facts, later, horizons):
            servicing.resume(each.life, back_to)
        for fact in _in_order(facts[loan_id], later.get(loan_id, ())):
            each.take(servicing.carry(each.life, fact.on))
            # What was recorded before and cannot be any more is the fault of what is recorded now.
            new = [fact] if any(fact is own for own in facts[loan_id]) else facts[loan_id]
            if refuse.passes(new, partial(_do, each, fact)) and fact.ref is not None:
                refs[loan_id].append((fact.ref, len(each.records) - 1))
        each.take(servicing.carry(each.life, through[loan_id]))
    if refuse.gathered:
        return {}
    made = save.store(unit, held.values())
    done = {
        loan_id: [Done(ref, held[loan_id].records[place].event, made[loan_id][place]) for ref, place in rows]
        for loan_id, rows in refs.items()
    }
    told = {fact.ref for of_loan in facts.values() for fact in of_loan}
    save.keep_repayments(unit, [each for of_loan in done.values() for each in of_loan if each.ref not in told])
    return done


def _taken_back_to(
    loan_id: int,
    facts: Mapping[int, Sequence[Fact]],
    later: Mapping[int, Sequence[Past]],
    horizons: Mapping[int, date] | None,
) -> date | None:
    """The day a loan was taken back to, if it was."""
    if horizons is not None:
        return horizons[loan_id]
    return min(fact.on for fact in facts[loan_id]) if later.get(loan_id) else None


def _do(held: Held, fact: Fact) -> None:
    if fact.on < held.life.terms.disbursed_on:
        raise BeforeDisbursement(rule="2.6", limit=held.life.terms.disbursed_on, found=fact.on)
    held.take(list(fact.do(held.life)), **fact.about)


def _in_order(facts: Sequence[Fact], later: Sequence[Past]) -> list[Fact]:
    """By day; of one day what stood before first, then the new, a claim's line, and what comes last."""
    again = [(fact.on, 2 if past_is_line else 0, fact) for past in later for fact, past_is_line in _as_fact(past)]
    new = [(fact.on, 3 if fact.last else 1, fact) for fact in facts]
    return [fact for _, _, fact in sorted([*again, *new], key=lambda row: row[:2])]


def _as_fact(past: Past) -> Iterator[tuple[Fact, bool]]:
    """What a person recorded, to be recorded again; what the calendar called for is left to the calendar."""
    do = loan_changes.again(past.event)
    if do is not None:
        about = {
            "document": past.document,
            "reason": past.reason,
            "made_by": past.made_by,
            "checked_by": past.checked_by,
        }
        is_line = isinstance(past.event, e.InterestBilled | e.CreditApplied)
        ref = past.event.repayment if isinstance(past.event, e.RepaymentReceived) else None
        yield Fact(past.event.effective_on, do, about, ref), is_line


def _refuse_unlent(unit: Unit, loan_id: int) -> None:
    status = unit.connection.execute(select(_LOANS.c.status).where(_LOANS.c.id == loan_id)).scalar()
    if status is None:
        raise NotFound(what="loan", id=str(loan_id))
    if status not in LENT:
        raise WrongStatus(status=status, allowed=", ".join(LENT))
