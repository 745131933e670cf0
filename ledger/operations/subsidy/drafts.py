"""The lines of a subsidy draft (贴息草案): computed from bills and payments, compared with the stored lines."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, delete, select, update

from ledger.database import among, rate_parts, table_of, update_rows, write_rows
from ledger.dates import iso_day
from ledger.ids import new_ids
from ledger.money import NIL, Fen
from ledger.operations.subsidy.workflow import OPEN
from ledger.policy import subsidy
from ledger.policy.subsidy import LineConditions, Period, Standing
from ledger.queries.settlement_lines import EarnedLine, earned_lines, free_lines
from ledger.tables.subsidies import SubsidyBatch, SubsidyLine, subsidy_claims, subsidy_shortfalls
from ledger.unit_of_work import Unit

_BATCHES = table_of(SubsidyBatch)
_LINES = table_of(SubsidyLine)

# The SQL statements are built once, because building a statement takes longer than executing it for a small bank.
_OF_OFFICE = [_BATCHES.c[name] == bindparam(name) for name in ("bank", "county", "cycle")]
_STANDINGS = select(SubsidyBatch.period, SubsidyBatch.status, SubsidyBatch.submit_by, SubsidyBatch.cut_off).where(
    *_OF_OFFICE
)
_CLAIMED = subsidy_claims.c
_STORED = (
    select(_LINES, _CLAIMED.period_start.label("start"), _CLAIMED.version, _CLAIMED.eligible.label("part"))
    .outerjoin(subsidy_claims, and_(_CLAIMED.line_id == _LINES.c.id, _CLAIMED.live))
    .where(_LINES.c.live)
    .order_by(_LINES.c.id, _CLAIMED.period_start)
)
_SUPPLEMENT = subsidy_shortfalls.c.supplement_id
_SHORTFALLS = (
    select(subsidy_shortfalls.c.fen.label("short"), _LINES, _BATCHES.c.period.label("paid_in"))
    .join(_LINES, _LINES.c.id == subsidy_shortfalls.c.line_id)
    .join(_BATCHES, _BATCHES.c.id == _LINES.c.batch_id)
    .where(
        *_OF_OFFICE,
        _SUPPLEMENT.is_(None)
        | _SUPPLEMENT.in_(select(_LINES.c.id).where(_LINES.c.batch_id == bindparam("batch"), _LINES.c.live)),
    )
    .order_by(subsidy_shortfalls.c.line_id)
)


class Claim(NamedTuple):
    """A settlement line that a subsidy line pays for: its first day, and its version and eligible fen when drafted."""

    start: date
    version: int
    eligible: Fen


class DraftLine(NamedTuple):
    """The content of one line of a batch. A supplement names the paid line that lacked an amount."""

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


class StoredLine(NamedTuple):
    """A stored live line of a batch, with the content that was drafted."""

    id: int
    batch_id: int
    stale: bool
    content: DraftLine


def refresh(unit: Unit, batch: SubsidyBatch, loan_ids: Collection[int] | None = None) -> None:
    """Update the lines of an open batch from bills and payments, for the given loans or for all loans.

    The caller must have locked the batch. Lines that have left the batch are never changed.
    """
    last, beside = period_of(batch), standings(unit, batch)
    of_loans = [] if loan_ids is None else [among(unit.connection, _LINES.c.loan_id, loan_ids)]
    wanted = _entering(unit, batch, last, beside, loan_ids)
    wanted += _supplements(unit, batch, last, beside, of_loans)
    present = list(stored_lines(unit, _LINES.c.batch_id == batch.id, *of_loans))
    if present:
        contents, kept = set(wanted), {line.content for line in present}
        _remove(unit, [line.id for line in present if line.content not in contents])
        wanted = [line for line in wanted if line not in kept]
    _add(unit, batch.id, wanted)
    if loan_ids is None:
        batch.refreshed_on = unit.today
    unit.session.flush()


def draft_lines(earned: Iterable[EarnedLine], batch: Period) -> Iterator[DraftLine]:
    """Return the lines that a batch should have for settlement lines, given loan by loan, oldest first (4.6, 4.7).

    Lines of an earlier period than the batch's are catch-up lines. Settlement lines that earn nothing have no subsidy
    line.
    """
    period = str(batch)
    for lines in _paid_together(earned):
        billed, days, parts, eligible = lines[0]
        of, end, interest = billed.conditions, billed.conditions.end, billed.contract
        if len(lines) > 1:
            end, interest = lines[-1].billed.conditions.end, Fen(sum(line.billed.contract for line in lines))
            days, parts = sum(line.days for line in lines), sum(line.parts for line in lines)
            eligible = subsidy.shown(parts)
        share = of.terms.share
        if (fen := subsidy.amount(parts, share)) > 0:
            kind = "normal" if of.period == period else "catch_up"
            claims = tuple([Claim(line.billed.conditions.start, line.billed.version, line.eligible) for line in lines])
            yield DraftLine(
                billed.loan, kind, of.period, of.start, end, days, interest, eligible, share, fen, None, None, claims
            )


def _paid_together(earned: Iterable[EarnedLine]) -> Iterator[Sequence[EarnedLine]]:
    """Return the settlement lines paid in one amount: a household's line, or a period of an organisation's loan."""
    for household, of_kind in groupby(earned, key=lambda line: line.billed.conditions.terms.household):
        if household:
            yield from ((line,) for line in of_kind)
        else:
            for _, of_period in groupby(of_kind, key=lambda line: (line.billed.loan, line.billed.conditions.own)):
                yield list(of_period)


def stored_lines(unit: Unit, *conditions: ColumnElement[bool]) -> Iterator[StoredLine]:
    """Return by id the live lines that meet the given conditions on columns of `subsidy_lines`."""
    for _, grouped in groupby(unit.connection.execute(_STORED.where(*conditions)), key=lambda row: row.id):
        rows = list(grouped)
        row = rows[0]
        claims = tuple(Claim(claim.start, claim.version, Fen(claim.part)) for claim in rows if claim.start is not None)
        content = DraftLine(
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
        )
        yield StoredLine(row.id, row.batch_id, row.stale, content)


def standings(unit: Unit, batch: SubsidyBatch) -> dict[Period, Standing]:
    """Return by period whether each batch of the batch's bank, county and cycle is open, and the batch's cut-off."""
    return {
        Period.parse(batch.cycle, period): Standing(status in OPEN, cut_off or submit_by)
        for period, status, submit_by, cut_off in unit.session.execute(_STANDINGS, _office(batch))
    }


def _office(batch: SubsidyBatch) -> dict[str, str]:
    return {"bank": batch.bank, "county": batch.county, "cycle": batch.cycle}


def period_of(batch: SubsidyBatch) -> Period:
    """Return the period of a batch."""
    return Period.parse(batch.cycle, batch.period)


def _entering(
    unit: Unit,
    batch: SubsidyBatch,
    last: Period,
    beside: Mapping[Period, Standing],
    loan_ids: Collection[int] | None,
) -> list[DraftLine]:
    """Return normal and catch-up lines: lines paid in time for this batch, but not for an earlier open batch (4.3)."""
    free = free_lines(unit, batch.bank, batch.county, last, batch.id, loan_ids)
    kinds = [(line.conditions, line.paid_on) for line in free]
    enters = {
        (conditions, paid_on): paid_on is not None and _batch_of(conditions, paid_on, last, beside) == last
        for conditions, paid_on in set(kinds)
    }
    entering = [line for line, kind in zip(free, kinds, strict=True) if enters[kind]]
    drafted = list(draft_lines(earned_lines(unit, entering), last))
    begun = last.days.start
    refusals = _refusals(unit, {line.loan for line in entering if line.conditions.start < begun})
    if not refusals:
        return drafted
    reasons = ((refusals.get((line.loan, claim.start)) for claim in line.claims) for line in drafted)
    return [
        line._replace(reason=next(filter(None, of_line), None)) for line, of_line in zip(drafted, reasons, strict=True)
    ]


def _batch_of(of: LineConditions, paid_on: date, last: Period, beside: Mapping[Period, Standing]) -> Period | None:
    scheme = of.terms.scheme
    return subsidy.batch_of(of.own, paid_on, last, beside, scheme.subsidy_submit_day, scheme.late_interest)


def _refusals(unit: Unit, loan_ids: Collection[int]) -> dict[tuple[int, date], str]:
    """Return why settlement lines were rejected or returned before, by loan id and first day of the line."""
    if not loan_ids:
        return {}
    c, k = _LINES.c, subsidy_claims.c
    query = (
        select(k.loan_id, k.period_start, c.outcome, c.reason, _BATCHES.c.period)
        .join(_LINES, c.id == k.line_id)
        .join(_BATCHES, _BATCHES.c.id == c.batch_id)
        .where(among(unit.connection, k.loan_id, loan_ids), k.live.is_(None), c.outcome.in_(("rejected", "returned")))
        .order_by(c.id)
    )
    return {
        (row.loan_id, row.period_start): f"{row.period} {row.outcome}: {row.reason}"
        for row in unit.connection.execute(query)
    }


def _supplements(
    unit: Unit,
    batch: SubsidyBatch,
    last: Period,
    beside: Mapping[Period, Standing],
    of_loans: Sequence[ColumnElement[bool]],
) -> Iterator[DraftLine]:
    """Return the amounts missing on paid lines, if this batch is the first open batch after the payment (4.9)."""
    rows = unit.connection.execute(_SHORTFALLS.where(*of_loans), {**_office(batch), "batch": batch.id})
    for row in rows:
        if subsidy.next_open(Period.parse(last.cycle, row.paid_in), last, beside) == last:
            yield DraftLine(
                row.loan_id,
                "supplement",
                row.period,
                row.period_start,
                row.period_end,
                0,
                NIL,
                NIL,
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


class LineRow(NamedTuple):
    """A row of `subsidy_lines` in the driver's values: days as ISO text, the share in whole 1e-8, amounts in fen."""

    id: int
    batch_id: int
    loan_id: int
    kind: str
    period: str
    period_start: str
    period_end: str
    days: int
    interest: Fen
    eligible: Fen
    share: int
    fen: Fen
    of_line_id: int | None
    stale: bool
    live: bool | None
    outcome: str | None
    reason: str | None


class ClaimRow(NamedTuple):
    """A row of `subsidy_claims` in the driver's values: the first day as ISO text, the eligible interest in fen."""

    line_id: int
    period_start: str
    loan_id: int
    version: int
    eligible: Fen
    live: bool | None


def _add(unit: Unit, batch_id: int, drafted: Sequence[DraftLine]) -> None:
    if not drafted:
        return
    unit.session.flush()
    shares = {share: rate_parts(share) for share in {line.share for line in drafted}}
    rows: list[LineRow] = []
    claims: list[ClaimRow] = []
    supplements: list[tuple[int, int]] = []
    for line_id, line in zip(new_ids(len(drafted)), drafted, strict=True):
        loan, kind, period, start, end, days, interest, eligible, share, fen, of_line, reason, claimed = line
        begins = iso_day(start)
        amounts = (days, interest, eligible, shares[share], fen)
        rows.append(
            LineRow(
                line_id,
                batch_id,
                loan,
                kind,
                period,
                begins,
                iso_day(end),
                *amounts,
                of_line,
                False,
                True,
                None,
                reason,
            )
        )
        for first, version, part in claimed:
            claims.append(ClaimRow(line_id, begins if first == start else iso_day(first), loan, version, part, True))
        if of_line is not None:
            supplements.append((line_id, of_line))
    write_rows(unit.connection, {_LINES: rows, subsidy_claims: claims})
    update_rows(unit.connection, subsidy_shortfalls, ("supplement_id",), supplements)
