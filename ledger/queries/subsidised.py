"""The query of a loan's subsidy, paid less clawed back, by settlement line."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import BigInteger, func, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session, aliased

from ledger.database import table_of
from ledger.money import Fen, split
from ledger.statuses import BatchStatus
from ledger.tables.subsidies import Clawback, SubsidyBatch, SubsidyLine, subsidy_claims

_LINES = table_of(SubsidyLine)
_BATCHES = table_of(SubsidyBatch)
_SUPPLEMENTS = aliased(_LINES, name="supplements")


def by_line(session: Session, loan_id: int) -> Mapping[date, Fen]:
    """Return the subsidy paid less claw-backs for each settlement line of a loan, in fen, by the line's first day.

    A subsidy of an organisation is paid in one amount for several settlement lines, and is divided over the lines in
    proportion to their eligible interest.
    """
    shares: dict[int, list[tuple[date, int]]] = {}
    c, k = _LINES.c, subsidy_claims.c
    claims = (
        select(c.id, c.fen, k.period_start, k.eligible)
        .join(_BATCHES, _BATCHES.c.id == c.batch_id)
        .join(subsidy_claims, k.line_id == c.id)
        .where(c.loan_id == loan_id, c.live, _BATCHES.c.status == BatchStatus.PAID)
        .order_by(c.id, k.period_start)
    )
    amounts: dict[int, int] = {}
    for row in session.connection().execute(claims):
        amounts[row.id] = row.fen
        shares.setdefault(row.id, []).append((row.period_start, row.eligible))
    for line_id, fen in _later_amounts(session, loan_id):
        amounts[line_id] += fen
    subsidies: dict[date, int] = {}
    for line_id, parts in shares.items():
        for (start, _), fen in zip(parts, split(amounts[line_id], [weight for _, weight in parts]), strict=True):
            subsidies[start] = subsidies.get(start, 0) + fen
    return {start: Fen(fen) for start, fen in subsidies.items()}


def _later_amounts(session: Session, loan_id: int) -> list[tuple[int, int]]:
    """Return the supplements paid on a loan's lines, less claw-backs, by line id, in fen."""
    s = _SUPPLEMENTS.c
    supplements = (
        select(s.of_line_id, s.fen)
        .join(_BATCHES, _BATCHES.c.id == s.batch_id)
        .where(s.loan_id == loan_id, s.of_line_id.is_not(None), s.live, _BATCHES.c.status == BatchStatus.PAID)
    )
    clawbacks = (
        select(Clawback.line_id, sql_cast(-func.sum(Clawback.fen), BigInteger))
        .where(Clawback.loan_id == loan_id)
        .group_by(Clawback.line_id)
    )
    connection = session.connection()
    return [(line_id, fen) for query in (supplements, clawbacks) for line_id, fen in connection.execute(query)]
