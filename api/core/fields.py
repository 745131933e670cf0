"""The fields of requests and answers, such as money, rates, days and ids; each kind of field has one strict form."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import marshmallow as ma
from marshmallow.validate import Length, OneOf, Range
from moneyed import Money

from ledger import dates
from ledger.dates import Quarter
from ledger.errors import RuleViolation
from ledger.labels import Said, table_of
from ledger.money import plain, yuan
from ledger.policy import identifiers

ID_MAX = 2**63 - 1
_TRUE_OR_FALSE = Said("true or false.", "须为是或否")


class Shaped(ma.fields.Field[Any]):
    """A field written as a text that matches one pattern; `openapi` describes the text in the OpenAPI document.

    The pattern of a field must match the whole text, and only ASCII digits count as digits. marshmallow's own fields
    accept more texts: `Date` and `AwareDateTime` accept several ways of writing a day. marshmallow's `Integer` and
    `Decimal` fields accept signs, spaces and digits that are not ASCII. marshmallow's `Regexp` validator accepts a line
    break after the text.
    """

    openapi: Mapping[str, Any] = {"type": "string"}
    pattern: re.Pattern[str] = re.compile(r".*", re.DOTALL)
    wanted: Said = Said("Not a valid text.", "不是有效的文本")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str) or not self.pattern.fullmatch(value):
            raise ma.ValidationError([self.wanted])
        try:
            return self.read(value)
        except (ValueError, ArithmeticError):
            raise ma.ValidationError([self.wanted]) from None

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else self.write(value)

    def read(self, text: str) -> Any:
        return text

    def write(self, value: Any) -> str:
        return str(value)


class Yuan(Shaped):
    """An amount in yuan, written as text with two decimals; read as Money, and written from Money or whole fen."""

    openapi: Mapping[str, Any] = {
        "type": "string",
        "pattern": r"^-?(0|[1-9][0-9]{0,12})\.[0-9]{2}$",
        "example": "50000.00",
    }
    pattern = re.compile(r"-?(0|[1-9][0-9]{0,12})\.[0-9]{2}", re.ASCII)
    wanted = Said(
        'An amount in yuan is a text with two digits after the point: "50000.00".',
        '金额须为带两位小数的文本，单位元，如 "50000.00"',
    )

    def __init__(self, *, zero: bool = False, negative: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.zero, self.negative = zero, negative

    def read(self, text: str) -> Money:
        amount = yuan(text)
        if (amount.amount < 0 and not self.negative) or (text.startswith("-") and amount.amount == 0):
            raise ma.ValidationError([Said("The amount is not negative.", "金额不能为负")])
        if amount.amount == 0 and not self.zero:
            raise ma.ValidationError([Said("The amount is more than zero.", "金额须大于零")])
        return amount

    def write(self, value: Any) -> str:
        return plain(value)


class Rate(Shaped):
    """A rate as a fraction, written as text: "0.0475" for 4.75 %."""

    openapi: Mapping[str, Any] = {
        "type": "string",
        "pattern": r"^(0|[1-9][0-9]{0,3})(\.[0-9]{1,8})?$",
        "example": "0.0475",
    }
    pattern = re.compile(r"(0|[1-9][0-9]{0,3})(\.[0-9]{1,8})?", re.ASCII)
    wanted = Said(
        'A rate is a fraction as text, at most eight digits after the point: "0.0475".',
        '利率须为小数形式的文本，至多八位小数，如 "0.0475"',
    )

    def read(self, text: str) -> Decimal:
        return Decimal(text)

    def write(self, value: Any) -> str:
        return f"{value:f}"


class Day(Shaped):
    """A business date in Asia/Shanghai, written `2016-05-10`."""

    openapi: Mapping[str, Any] = {"type": "string", "format": "date", "example": "2016-05-10"}
    pattern = re.compile(r"(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)
    wanted = Said("Not a date written 2016-05-10.", "日期须写作 2016-05-10")

    def read(self, text: str) -> date:
        return date.fromisoformat(text)

    def write(self, value: Any) -> str:
        return str(value.isoformat())


class QuarterField(Shaped):
    """A calendar quarter, written `2016Q2`."""

    openapi: Mapping[str, Any] = {
        "type": "string",
        "pattern": "^(19|20|21)[0-9]{2}Q[1-4]$",
        "example": "2016Q2",
    }
    pattern = re.compile(r"(19|20|21)[0-9]{2}Q[1-4]", re.ASCII)
    wanted = Said("Not a quarter written 2016Q2.", "季度须写作 2016Q2")

    def read(self, text: str) -> Quarter:
        return Quarter.parse(text)


class Id(Shaped):
    """An id of the ledger, written as a text of digits, since a JSON number loses digits of a large id."""

    openapi: Mapping[str, Any] = {"type": "string", "pattern": "^[0-9]{1,19}$"}
    pattern = re.compile(r"[0-9]{1,19}", re.ASCII)
    wanted = Said("Not an id: digits, as text.", "编号须为数字组成的文本")

    def read(self, text: str) -> int:
        if (number := int(text)) > ID_MAX:
            raise ValueError(text)
        return number


class Moment(Shaped):
    """A moment with a time-zone offset (RFC 3339), written from a datetime or from microseconds since 1970."""

    openapi: Mapping[str, Any] = {"type": "string", "format": "date-time"}
    # The pattern of a moment accepts a space, since the plus sign of an offset in a query is often decoded as a space.
    pattern = re.compile(r"(19|20|21)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[ +-]\d\d:\d\d)", re.ASCII)
    wanted = Said(
        "Not a moment with its offset: 2016-05-11T08:00:00+08:00.",
        "时刻须带时区，如 2016-05-11T08:00:00+08:00",
    )

    def read(self, text: str) -> datetime:
        return datetime.fromisoformat(text.replace(" ", "+"))

    def write(self, value: Any) -> str:
        at = dates.moment(value) if isinstance(value, int) else value
        return str(at.astimezone(dates.SHANGHAI).isoformat())


class Code(Shaped):
    """The code of a bank, county, book, account or scheme."""

    openapi: Mapping[str, Any] = {"type": "string", "pattern": "^[A-Za-z0-9-]{1,40}$"}
    pattern = re.compile(r"[A-Za-z0-9-]{1,40}", re.ASCII)
    wanted = Said("Not a code.", "不是有效的代码")


class Flag(ma.fields.Boolean):
    """A field of a query that is the text `true` or `false`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(truthy={"true"}, falsy={"false"}, error_messages={"invalid": _TRUE_OR_FALSE}, **kwargs)


class Count(Shaped):
    """A whole number of at least 1, written as text in a query."""

    pattern = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.most = most
        self.openapi = {"type": "integer", "minimum": 1, "maximum": most}
        self.wanted = Said(f"A whole number from 1 to {most}.", f"须为 1 至 {most} 的整数")

    def read(self, text: str) -> int:
        if (number := int(text)) > self.most:
            raise ValueError(text)
        return number


class Choice(ma.fields.String):
    """A field whose value is one of a few given words."""

    def __init__(self, *words: str, **kwargs: Any) -> None:
        names = table_of(words)
        listed = "、".join(names[word].zh if word in names else word for word in words)
        refusal = Said(f"One of: {', '.join(words)}.", f"须为其中之一：{listed}")
        super().__init__(validate=OneOf(words, error=refusal), error_messages={"invalid": refusal}, **kwargs)


class Text(ma.fields.String):
    """A text without control characters and without surrounding spaces; the text may be empty only if `least` is 0.

    marshmallow's `Length` is not sufficient, since surrounding spaces must be removed before the length is checked.
    """

    def __init__(self, *, most: int, least: int = 1, trim: bool = True, **kwargs: Any) -> None:
        refusal = Said(f"From {least} to {most} characters.", f"长度须为 {least} 至 {most} 个字")
        super().__init__(validate=Length(least, most, error=refusal), **kwargs)
        self.trim = trim

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        text = text.strip() if self.trim else text
        if any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in text):
            raise ma.ValidationError([Said("No control characters, no line breaks.", "不能含控制字符或换行")])
        return text


class Identifier(Text):
    """The number of a contract, receipt, household, card or slip, read in the form in which identifiers are stored."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return _in_form(identifiers.identifier, super()._deserialize(value, attr, data, **kwargs))


class PersonName(Text):
    """The name of a person or an organisation, read in the form in which names are stored."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return _in_form(identifiers.person_name, super()._deserialize(value, attr, data, **kwargs))


def _in_form(form: Callable[[str], str], text: str) -> str:
    try:
        return form(text)
    except RuleViolation as refusal:
        raise ma.ValidationError([Said(refusal.say("en"), refusal.say("zh"))]) from None


class Whole(ma.fields.Integer):
    """A whole number in a JSON body; neither a text nor 3.0 is accepted."""

    def __init__(self, *, least: int, most: int, **kwargs: Any) -> None:
        refusal = Said(f"A whole number from {least} to {most}.", f"须为 {least} 至 {most} 的整数")
        limits = Range(least, most, error=refusal)
        super().__init__(strict=True, validate=limits, error_messages={"invalid": refusal}, **kwargs)


class Truth(ma.fields.Boolean):
    """A JSON value true or false; every other value is refused.

    marshmallow's `Boolean` would accept the number 1, since 1 equals True in the set of accepted values.
    """

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ma.ValidationError([_TRUE_OR_FALSE])
        return value


def openapi_of(_converter: Any, field: Any, **_kwargs: Any) -> dict[str, Any]:
    """Return the description of a `Shaped` field for the OpenAPI document; return an empty dict for other fields."""
    described = dict(getattr(field, "openapi", {}))
    if described and field.allow_none:
        described["type"] = [described["type"], "null"]
    return described
