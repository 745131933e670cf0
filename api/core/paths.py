"""The parts of a path: ids and names of one strict form; any other path is not found."""

from werkzeug.routing import BaseConverter, ValidationError

from api.core.fields import ID_MAX


class IdConverter(BaseConverter):
    """An id of the ledger in a path, read as int."""

    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        if (number := int(value)) > ID_MAX:
            raise ValidationError
        return number


class NameConverter(BaseConverter):
    """A code, a user's name or a month in a path: letters, digits, dot, dash and underscore."""

    regex = "[A-Za-z0-9._-]{1,64}"
