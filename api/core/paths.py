"""The variable parts of paths: an id or a name has one strict form, and a path in any other form is not found."""

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
    """A code, user name or month in a path, which consists of letters, digits, dots, dashes and underscores."""

    regex = "[A-Za-z0-9._-]{1,64}"
