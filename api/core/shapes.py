"""Shapes of bodies and answers that several parts of the API share."""

from marshmallow.fields import String

from api.core import edge
from api.core.fields import Day, Id, Text
from api.core.schemas import Answer, Body


class OnBody(Body):
    """The business date of a step, today where none is sent."""

    on = Day(load_default=edge.today)


class ReturnBody(OnBody):
    """退回"""

    reason = Text(most=500, required=True)


class AskedAnswer(Answer):
    """A request that waits for the decision of a second person (待复核事项)."""

    id = Id(required=True)
    status = String(required=True)
