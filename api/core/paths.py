"""What stands in an address: ids and names, each of one strict shape; anything else is not found."""

from werkzeug.routing import BaseConverter, ValidationError

from api.core.fields import ID_MAX


class IdConverter(BaseConverter):
    """An id of ours, a whole number inside."""

    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        if (number := int(value)) > ID_MAX:
            raise ValidationError
        return number


class NameConverter(BaseConverter):
    """A code, a user's name, a month: letters, digits, dot, dash, underscore."""

    regex = "[A-Za-z0-9._-]{1,64}"
