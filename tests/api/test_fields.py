"""Tests of the values that request fields accept and refuse, and of the format in which fields output values."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from marshmallow import ValidationError
from marshmallow.fields import Field

from api.core.fields import (
    Choice,
    Code,
    Count,
    Day,
    Flag,
    Id,
    Moment,
    QuarterField,
    Rate,
    Text,
    Truth,
    Whole,
    Yuan,
)
from ledger.dates import Quarter
from ledger.money import yuan


@pytest.mark.parametrize(
    "case, field, sent, read",
    [
        ("an amount", Yuan(), "50000.00", yuan("50000.00")),
        ("one fen", Yuan(), "0.01", yuan("0.01")),
        ("the largest", Yuan(), "9999999999999.99", yuan("9999999999999.99")),
        ("nothing, where it may be", Yuan(zero=True), "0.00", yuan("0.00")),
        ("less than nothing, where it may be", Yuan(negative=True), "-5.00", yuan("-5.00")),
        ("a rate", Rate(), "0.0475", Decimal("0.0475")),
        ("a rate of eight digits", Rate(), "0.00013194", Decimal("0.00013194")),
        ("a whole rate", Rate(), "1", Decimal(1)),
        ("a day", Day(), "2016-02-29", date(2016, 2, 29)),
        ("a quarter", QuarterField(), "2016Q2", Quarter(2016, 2)),
        ("an id", Id(), "9223372036854775807", 2**63 - 1),
        ("a moment in Shanghai", Moment(), "2016-05-11T08:00:00+08:00", datetime(2016, 5, 11, tzinfo=UTC)),
        ("a moment of UTC", Moment(), "2016-05-11T00:00:00.5Z", datetime(2016, 5, 11, 0, 0, 0, 500000, tzinfo=UTC)),
        ("a plus lost in an address", Moment(), "2016-05-11T08:00:00 08:00", datetime(2016, 5, 11, tzinfo=UTC)),
        ("a code", Code(), "LOAN-GZRCB", "LOAN-GZRCB"),
        ("a flag", Flag(), "true", True),
        ("a count", Count(most=200), "200", 200),
        ("one of two", Choice("a", "b"), "b", "b"),
        ("a text, trimmed", Text(most=5), "  赣州市 ", "赣州市"),
        ("a text, not trimmed", Text(most=5, trim=False), " a ", " a "),
        ("an empty text, where it may be", Text(most=5, least=0), "", ""),
        ("a whole number", Whole(least=1, most=60), 36, 36),
        ("true", Truth(), True, True),
    ],
)
def test_what_is_taken(case: str, field: Field[Any], sent: Any, read: Any) -> None:
    found = field.deserialize(sent)
    assert (type(found), found) == (type(read), read)


@pytest.mark.parametrize(
    "case, field, sent",
    [
        ("an amount as a number", Yuan(), 50000),
        ("an amount as a float", Yuan(), 50000.0),
        ("an amount as a truth", Yuan(), True),
        ("no digits behind the point", Yuan(), "50000"),
        ("one digit", Yuan(), "50000.0"),
        ("three digits", Yuan(), "50000.001"),
        ("full-width digits", Yuan(), "５０００.00"),
        ("Arabic digits", Yuan(), "٥٠.00"),
        ("an exponent", Yuan(), "5E4"),
        ("a plus sign", Yuan(), "+5.00"),
        ("a minus sign", Yuan(), "-5.00"),
        ("minus nothing", Yuan(zero=True, negative=True), "-0.00"),
        ("nothing", Yuan(), "0.00"),
        ("a leading zero", Yuan(), "05.00"),
        ("grouped", Yuan(), "50,000.00"),
        ("a line break behind", Yuan(), "50000.00\n"),
        ("a blank before", Yuan(), " 50000.00"),
        ("not a number", Yuan(), "NaN"),
        ("infinite", Yuan(), "Infinity"),
        ("more than fits", Yuan(), "99999999999999.99"),
        ("empty", Yuan(), ""),
        ("a rate as a number", Rate(), 0.0475),
        ("a rate in percent with its sign", Rate(), "4.75%"),
        ("a rate below nothing", Rate(), "-0.01"),
        ("a rate of nine digits", Rate(), "0.000131944"),
        ("a rate without its nought", Rate(), ".0475"),
        ("a day that is none", Day(), "2015-02-29"),
        ("a day without dashes", Day(), "20160510"),
        ("a day with its time", Day(), "2016-05-10T00:00:00"),
        ("a day by week", Day(), "2016-W19-2"),
        ("a day of one digit", Day(), "2016-5-1"),
        ("a day long ago", Day(), "0001-01-01"),
        ("a day in full-width digits", Day(), "２０１６-05-10"),
        ("a quarter that is none", QuarterField(), "2016Q5"),
        ("an id as a number", Id(), 12),
        ("an id that does not fit", Id(), "9223372036854775808"),
        ("an id below nothing", Id(), "-1"),
        ("a moment without offset", Moment(), "2016-05-11T08:00:00"),
        ("a moment that is none", Moment(), "2016-05-11T25:00:00Z"),
        ("a code with a blank", Code(), "LOAN GZRCB"),
        ("a flag in words", Flag(), "yes"),
        ("too many", Count(most=200), "201"),
        ("none", Count(most=200), "0"),
        ("neither", Choice("a", "b"), "c"),
        ("a text too long", Text(most=5), "abcdef"),
        ("nothing but blanks", Text(most=5), "   "),
        ("a nought byte", Text(most=5), "a\x00b"),
        ("a line break", Text(most=5), "a\nb"),
        ("half a character", Text(most=5), "\ud800"),
        ("a text as a number", Text(most=5), 5),
        ("a whole number as a text", Whole(least=1, most=60), "36"),
        ("a whole number as a float", Whole(least=1, most=60), 36.0),
        ("a whole number as a truth", Whole(least=0, most=60), True),
        ("a whole number above", Whole(least=1, most=60), 61),
        ("a truth as a text", Truth(), "true"),
        ("a truth as a number", Truth(), 1),
    ],
)
def test_what_is_refused(case: str, field: Field[Any], sent: Any) -> None:
    with pytest.raises(ValidationError):
        field.deserialize(sent)


@pytest.mark.parametrize(
    "case, field, value, written",
    [
        ("money", Yuan(), yuan("50000"), "50000.00"),
        ("whole fen", Yuan(), 5, "0.05"),
        ("whole fen, negative", Yuan(), -5_000_000, "-50000.00"),
        ("nothing there", Yuan(), None, None),
        ("a small rate", Rate(), Decimal("0.00000001"), "0.00000001"),
        ("an id", Id(), 2**63 - 1, "9223372036854775807"),
        ("a moment", Moment(), datetime(2016, 5, 11, tzinfo=UTC), "2016-05-11T08:00:00+08:00"),
        ("a moment as stored", Moment(), 1, "1970-01-01T08:00:00.000001+08:00"),
        ("a quarter", QuarterField(), Quarter(2016, 2), "2016Q2"),
        ("a day", Day(), date(2016, 5, 1), "2016-05-01"),
    ],
)
def test_how_it_is_written(case: str, field: Field[Any], value: Any, written: Any) -> None:
    assert field.serialize("it", {"it": value}) == written
