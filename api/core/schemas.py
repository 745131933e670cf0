"""The base shapes of bodies, queries and answers; requests with unknown fields are refused."""

from typing import Any

import marshmallow as ma


class Body(ma.Schema):
    """The body of a request; required fields must be sent, unknown fields are refused."""

    class Meta:
        unknown = ma.RAISE


class Query(Body):
    """The query of a request, the part of an address after the question mark."""


class Answer(ma.Schema):
    """The body of an answer; every field is present, with null where there is no value."""

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        value = obj.get(attr, ma.missing) if isinstance(obj, dict) else getattr(obj, attr, ma.missing)
        if value is ma.missing:
            raise AttributeError(f"{type(obj).__name__} has no {attr} for {type(self).__name__}")
        return value
