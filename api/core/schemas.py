"""What bodies, queries and answers have in common: nothing unknown is taken, nothing named is left out."""

from typing import Any

import marshmallow as ma


class Body(ma.Schema):
    """What is sent: every field named, none unknown."""

    class Meta:
        unknown = ma.RAISE


class Query(Body):
    """What stands behind the question mark."""


class Answer(ma.Schema):
    """What is answered: every field is there, with null for what there is none of."""

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        value = obj.get(attr, ma.missing) if isinstance(obj, dict) else getattr(obj, attr, ma.missing)
        if value is ma.missing:
            raise AttributeError(f"{type(obj).__name__} has no {attr} for {type(self).__name__}")
        return value
