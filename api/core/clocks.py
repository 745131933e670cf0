"""The two clocks of a question: as_of and known_at as asked, and whether the answer is final."""

from typing import Any

from api.core import edge
from api.core.fields import Day, Moment, Truth
from api.core.schemas import Answer, Query
from ledger.balances import Clocks
from ledger.errors import FutureDate
from ledger.reports.books.finality import is_final

FACTS = ("as_of", "known_at", "final")


class ClockQuery(Query):
    """Asks for the books as of the end of a business day, as they were known at a moment."""

    as_of = Day(metadata={"description": "the whole business day included; default: today"})
    known_at = Moment(metadata={"description": "what was recorded by then; default: now"})


class ClockAnswer(Answer):
    """Says what the figures hold for; `final`: no later recording can still change the answer."""

    as_of = Day(required=True)
    known_at = Moment(required=True)
    final = Truth(required=True)


def asked(sent: dict[str, Any]) -> dict[str, Any]:
    """Put `clocks` in the place of what was asked; answers the facts that go with the figures.

    The moment is fixed and its finality settled before the first figure is read (books.md promise 5): what is
    read afterwards then holds everything recorded by that moment. Raises FutureDate.
    """
    now = edge.now()
    known_at = sent.pop("known_at", now)
    if known_at > now:
        raise FutureDate(field="known_at", found=known_at, limit=now)
    clocks = Clocks(sent.pop("as_of", None) or edge.today(), known_at)
    final = is_final(edge.service().engine, known_at)
    sent["clocks"] = clocks
    return dict(ClockAnswer().dump({"as_of": clocks.as_of, "known_at": known_at, "final": final}))
