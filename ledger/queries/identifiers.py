"""Comparison of stored identifiers, some of which earlier releases stored as they were typed."""

from typing import Any

from sqlalchemy import ColumnElement, String, func


def stored_form(column: Any) -> ColumnElement[str]:
    """Return a column of identifiers in capital letters and without blanks, to be compared with `identifier` of a text.

    Releases up to 2026.11.1 stored identifiers as they were typed, so one contract could be recorded twice.
    """
    return func.upper(func.replace(column, " ", ""), type_=String())
