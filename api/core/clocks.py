"""The dates `as_of` and `known_at` of a query, and the field `final` of an answer."""

from typing import Any

from api.core import edge
from api.core.fields import Day, Moment, Truth
from api.core.schemas import Answer, Query
from ledger.balances import Clocks
from ledger.errors import FutureDate
from ledger.reports.books.finality import is_final

FACTS = ("as_of", "known_at", "final")


class ClockQuery(Query):
    """The query of figures at the end of a business day, as they were known at a moment."""

    as_of = Day(metadata={"description": "the whole business day included; default: today"})
    known_at = Moment(metadata={"description": "what was recorded by then; default: now"})


class ClockAnswer(Answer):
    """The two clocks of the figures; `final` tells that no later recording can change the answer."""

    as_of = Day(required=True)
    known_at = Moment(required=True)
    final = Truth(required=True)


def asked(sent: dict[str, Any]) -> dict[str, Any]:
    """Replace a query's `as_of` and `known_at` by a `clocks` object; return both dates and `final` for the answer.

    The moment `known_at` and the field `final` are determined before the first figure is read (books.md promise 5). The
    figures of an answer therefore contain everything recorded at or before `known_at`. Raises FutureDate for a day or
    moment in the future.
    """
    now = edge.now()
    known_at = sent.pop("known_at", now)
    if known_at > now:
        raise FutureDate(field="known_at", found=known_at, limit=now)
    clocks = Clocks(sent.pop("as_of", None) or edge.today(), known_at)
    final = is_final(edge.service().engine, known_at)
    sent["clocks"] = clocks
    return dict(ClockAnswer().dump({"as_of": clocks.as_of, "known_at": known_at, "final": final}))
