"""The lines of a draft (贴息草案): computed from what is billed and paid, compared with what stands, written once."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, delete, select, update

from ledger.database import among, rate_parts, update_rows, write_rows
from ledger.ids import new_ids
from ledger.money import Fen
from ledger.operations.subsidy import entitlement, sources
from ledger.operations.subsidy.entitlement import Due
from ledger.operations.subsidy.sources import Billed, Conditions
from ledger.operations.subsidy.workflow import OPEN
from ledger.policy import subsidy
from ledger.policy.subsidy import Period, Standing
from ledger.tables.subsidies import SubsidyBatch, SubsidyLine, subsidy_claims, subsidy_shortfalls
from ledger.unit_of_work import Unit

_BATCHES: Any = SubsidyBatch.__table__
_LINES: Any = SubsidyLine.__table__

# Statements every batch asks are put together once: that takes longer than asking them.
_BESIDE = [_BATCHES.c[name] == bindparam(name) for name in ("bank", "county", "cycle")]
_STANDINGS = select(SubsidyBatch.period, SubsidyBatch.status, SubsidyBatch.submit_by, SubsidyBatch.cut_off).where(
    *_BESIDE
)
_CLAIMED = subsidy_claims.c
_STORED = (
    select(_LINES, _CLAIMED.period_start.label("start"), _CLAIMED.version, _CLAIMED.eligible.label("part"))
    .outerjoin(subsidy_claims, and_(_CLAIMED.line_id == _LINES.c.id, _CLAIMED.live))
    .where(_LINES.c.live)
    .order_by(_LINES.c.id, _CLAIMED.period_start)
)
_CARRIED = subsidy_shortfalls.c.supplement_id
_SHORT = (
    select(subsidy_shortfalls.c.fen.label("short"), _LINES, _BATCHES.c.period.label("paid_in"))
    .join(_LINES, _LINES.c.id == subsidy_shortfalls.c.line_id)
    .join(_BATCHES, _BATCHES.c.id == _LINES.c.batch_id)
    .where(
        *_BESIDE,
        _CARRIED.is_(None)
        | _CARRIED.in_(select(_LINES.c.id).where(_LINES.c.batch_id == bindparam("batch"), _LINES.c.live)),
    )
    .order_by(subsidy_shortfalls.c.line_id)
)


class Claim(NamedTuple):
    """A settlement line an amount is for, by its first day; its version and eligible interest when it was drafted."""

    start: date
    version: int
    eligible: Fen


class Figure(NamedTuple):
    """One amount of a batch: what a line of it says. A supplement names the paid line it completes."""

    loan: int
    kind: str
    period: str
    start: date
    end: date
    days: int
    interest: Fen
    eligible: Fen
    share: Decimal
    fen: Fen
    of_line: int | None
    reason: str | None
    claims: tuple[Claim, ...]


def refresh(unit: Unit, batch: SubsidyBatch, loan_ids: Collection[int] | None = None) -> None:
    """Bring the lines of an open batch, which is held, in step with what is billed and paid; of some loans or all.

    Lines that were never submitted may go; what is submitted is history and is not touched here.
    """
    scope = _Scope(period_of(batch), standings(unit, batch), loan_ids)
    wanted = [*_entering(unit, batch, scope), *_supplements(unit, batch, scope)]
    found = list(stored(unit, _LINES.c.batch_id == batch.id, *scope.narrowed(unit, _LINES.c.loan_id)))
    if found:
        asked, there = set(wanted), {line.figure for line in found}
        _remove(unit, [line.id for line in found if line.figure not in asked])
        wanted = [figure for figure in wanted if figure not in there]
    _add(unit, batch.id, wanted)
    if loan_ids is None:
        batch.refreshed_on = unit.today
    unit.session.flush()


class _Scope(NamedTuple):
    """The period drafted, where the batches beside it stand, and which loans are looked at, None for all."""

    last: Period
    standings: Mapping[Period, Standing]
    loan_ids: Collection[int] | None

    def narrowed(self, unit: Unit, loan: ColumnElement[int]) -> list[ColumnElement[bool]]:
        return [] if self.loan_ids is None else [among(unit.connection, loan, self.loan_ids)]


def figures(dues: Iterable[Due], batch: Period) -> Iterator[Figure]:
    """Amounts of settlement lines: a household's each by itself, an organisation's one for a loan's period (4.6, 4.7).

    Those of an earlier period than the batch's are catch-up lines. What earns nothing makes no line. The lines of
    a loan come together, oldest first.
    """
    named = _Named(batch)
    for (first, days, parts, eligible), end, interest, claims in _together(dues):
        of = first.conditions
        share = of.terms.share
        if (fen := subsidy.amount(parts, share)) > 0:
            kind, period = named[of]
            yield Figure(
                first.loan, kind, period, of.start, end, days, interest, eligible, share, fen, None, None, claims
            )


class _Named(dict[Conditions, tuple[str, str]]):
    """Whether lines are a batch's own or of an earlier period, and of which."""

    def __init__(self, batch: Period) -> None:
        self._batch = batch

    def __missing__(self, of: Conditions) -> tuple[str, str]:
        found = self[of] = ("normal" if of.own == self._batch else "catch_up", str(of.own))
        return found


_Together = tuple[Due, date, Fen, tuple[Claim, ...]]


def _together(dues: Iterable[Due]) -> Iterator[_Together]:
    """What settlement lines that make one amount earn together, as from the first of them; the end of the last, their
    contract interest, and what is claimed of each."""
    for household, of_kind in groupby(dues, key=lambda due: due.billed.conditions.terms.household):
        if household:
            for due in of_kind:
                yield due, due.billed.conditions.end, due.billed.contract, (_claim(due),)
            continue
        for _, grouped in groupby(of_kind, key=lambda due: (due.billed.loan, due.billed.conditions.own)):
            lines = list(grouped)
            parts = sum(due.parts for due in lines)
            yield (
                Due(lines[0].billed, sum(due.days for due in lines), parts, subsidy.shown(parts)),
                lines[-1].billed.conditions.end,
                Fen(sum(due.billed.contract for due in lines)),
                tuple(map(_claim, lines)),
            )


def _claim(due: Due) -> Claim:
    return Claim(due.billed.conditions.start, due.billed.version, due.eligible)


class Stored(NamedTuple):
    """A live line as it was drafted."""

    id: int
    batch_id: int
    stale: bool
    figure: Figure


def stored(unit: Unit, *chosen: ColumnElement[bool]) -> Iterator[Stored]:
    """The live lines that conditions on them leave, by id."""
    for _, grouped in groupby(unit.connection.execute(_STORED.where(*chosen)), key=lambda row: row.id):
        rows = list(grouped)
        row = rows[0]
        claims = tuple(Claim(each.start, each.version, Fen(each.part)) for each in rows if each.start is not None)
        yield Stored(
            row.id,
            row.batch_id,
            row.stale,
            Figure(
                row.loan_id,
                row.kind,
                row.period,
                row.period_start,
                row.period_end,
                row.days,
                Fen(row.interest),
                Fen(row.eligible),
                row.share,
                Fen(row.fen),
                row.of_line_id,
                row.reason,
                claims,
            ),
        )


def standings(unit: Unit, batch: SubsidyBatch) -> dict[Period, Standing]:
    """Where the batches of a bank, county and cycle stand for lines to enter, by period."""
    return {
        Period.parse(batch.cycle, period): Standing(status in OPEN, cut_off or submit_by)
        for period, status, submit_by, cut_off in unit.session.execute(_STANDINGS, _beside(batch))
    }


def _beside(batch: SubsidyBatch) -> dict[str, str]:
    return {"bank": batch.bank, "county": batch.county, "cycle": batch.cycle}


def period_of(batch: SubsidyBatch) -> Period:
    """The period of a batch."""
    return Period.parse(batch.cycle, batch.period)


def _entering(unit: Unit, batch: SubsidyBatch, scope: _Scope) -> list[Figure]:
    """Normal and catch-up lines: fully paid in time for this batch, and for no earlier one that is open (4.3)."""
    free = sources.free_lines(unit, batch.bank, batch.county, scope.last, batch.id, scope.loan_ids)
    enters = _Enters(scope)
    entering = [each for each in free if enters[each.conditions, each.paid_on]]
    entered = list(figures(entitlement.earn(unit, entering), scope.last))
    begun = scope.last.days.start
    earlier = _refused_before(unit, [each for each in entering if each.conditions.start < begun])
    if not earlier:
        return entered
    reasons = ([earlier.get((figure.loan, claim.start)) for claim in figure.claims] for figure in entered)
    return [
        figure._replace(reason=next(filter(None, given), None)) for figure, given in zip(entered, reasons, strict=True)
    ]


class _Enters(dict[tuple[Conditions, date | None], bool]):
    """Whether lines of some conditions, fully paid on a day, enter the batch at hand."""

    def __init__(self, scope: _Scope) -> None:
        self._scope = scope

    def __missing__(self, key: tuple[Conditions, date | None]) -> bool:
        (of, paid_on), (last, standings, _) = key, self._scope
        scheme = of.terms.scheme
        found = self[key] = paid_on is not None and last == subsidy.batch_of(
            of.own, paid_on, last, standings, scheme.subsidy_submit_day, scheme.late_interest
        )
        return found


def _refused_before(unit: Unit, billed: Sequence[Billed]) -> dict[tuple[int, date], str]:
    """Why a line that enters again was rejected or returned before, for whoever looks at it now."""
    if not billed:
        return {}
    c, k = _LINES.c, subsidy_claims.c
    query = (
        select(k.loan_id, k.period_start, c.outcome, c.reason, _BATCHES.c.period)
        .join(_LINES, c.id == k.line_id)
        .join(_BATCHES, _BATCHES.c.id == c.batch_id)
        .where(
            among(unit.connection, k.loan_id, {each.loan for each in billed}),
            k.live.is_(None),
            c.outcome.in_(("rejected", "returned")),
        )
        .order_by(c.id)
    )
    return {
        (row.loan_id, row.period_start): f"{row.period} {row.outcome}: {row.reason}"
        for row in unit.connection.execute(query)
    }


def _supplements(unit: Unit, batch: SubsidyBatch, scope: _Scope) -> Iterator[Figure]:
    """What paid lines are short of, where this is the next open batch after theirs (4.9)."""
    query = _SHORT.where(*scope.narrowed(unit, _LINES.c.loan_id))
    for row in unit.connection.execute(query, {**_beside(batch), "batch": batch.id}):
        paid_in = Period.parse(scope.last.cycle, row.paid_in)
        if subsidy.next_open(paid_in, scope.last, scope.standings) == scope.last:
            yield Figure(
                row.loan_id,
                "supplement",
                row.period,
                row.period_start,
                row.period_end,
                0,
                Fen(0),
                Fen(0),
                row.share,
                Fen(row.short),
                row.id,
                None,
                (),
            )


def _remove(unit: Unit, line_ids: Sequence[int]) -> None:
    connection = unit.connection
    released = update(subsidy_shortfalls).values(supplement_id=None)
    connection.execute(released.where(among(connection, subsidy_shortfalls.c.supplement_id, line_ids)))
    connection.execute(delete(subsidy_claims).where(among(connection, subsidy_claims.c.line_id, line_ids)))
    connection.execute(delete(_LINES).where(among(connection, _LINES.c.id, line_ids)))


def _add(unit: Unit, batch_id: int, made: Sequence[Figure]) -> None:
    if not made:
        return
    unit.session.flush()
    shares = {share: rate_parts(share) for share in {figure.share for figure in made}}
    drafted: list[tuple[Any, ...]] = []
    claimed: list[tuple[Any, ...]] = []
    supplements = []
    for line_id, figure in zip(new_ids(len(made)), made, strict=True):
        loan, kind, period, start, end, days, interest, eligible, share, fen, of_line, reason, claims = figure
        drafted.append(
            (
                line_id,
                batch_id,
                loan,
                kind,
                period,
                start.isoformat(),
                end.isoformat(),
                days,
                interest,
                eligible,
                shares[share],
                fen,
                of_line,
                False,
                True,
                None,
                reason,
            )
        )
        for claim in claims:
            claimed.append((line_id, claim.start.isoformat(), loan, claim.version, claim.eligible, True))
        if of_line is not None:
            supplements.append((line_id, of_line))
    write_rows(unit.connection, {_LINES: drafted, subsidy_claims: claimed})
    update_rows(unit.connection, subsidy_shortfalls, ("supplement_id",), supplements)
