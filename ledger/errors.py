"""Refusals: the exceptions that the ledger raises when it refuses a request.

This module defines the general kinds of refusal. A refusal that belongs to one rule is defined in the module of that
rule.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar

from moneyed import Money

from ledger import labels
from ledger.money import plain


class Refusal(Exception):
    """A request that the ledger refuses, with a stable code and the facts that explain the refusal.

    A subclass has a `code`, which finishes the sentence "refused: ...", and the text templates `zh` and `en`, which
    contain the facts' names. The usual names of facts are `rule` (the clause), `limit` and `found`. Where a fact is a
    code, the refusal shows the code's label. The template may name the subject of the label after a colon
    (`{found:role}`); otherwise labels.FACTS gives the subject.
    """

    code: ClassVar[str]
    zh: ClassVar[str]
    en: ClassVar[str]

    def __init__(self, **facts: Any) -> None:
        self.facts: dict[str, Any] = {name: _plain(value) for name, value in facts.items()}
        super().__init__()

    def __str__(self) -> str:
        return f"{self.code}: {self.say('en')}"

    def say(self, language: str) -> str:
        """Return the text of the refusal, in Chinese for `zh` and in English for any other language."""
        return (self.zh if language == "zh" else self.en).format_map(_Told(self, language))

    def words(self, name: str, how: str, language: str) -> str:
        """Return the text of one fact as the refusal's sentence shows it; return `-` for a fact without a value."""
        return labels.worded(how, self.facts[name], language) if name in self.facts else "-"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (type(self), self.facts)


def _rebuilt(kind: type[Refusal], facts: dict[str, Any]) -> Refusal:
    return kind(**facts)


@dataclass(slots=True)  # Not frozen, for speed: every refused row of a sheet makes several `_Fact` objects.
class _Fact:
    """A fact in a template; the format after the colon says how to write the fact."""

    refusal: Refusal
    name: str
    language: str

    def __format__(self, how: str) -> str:
        return self.refusal.words(self.name, how or labels.FACTS.get(self.name, "plain"), self.language)


class _Told(dict[str, _Fact]):
    """The facts of a refusal by name, for filling a template."""

    def __init__(self, refusal: Refusal, language: str) -> None:
        super().__init__()
        self.refusal, self.language = refusal, language

    def __missing__(self, name: str) -> _Fact:
        return _Fact(self.refusal, name, self.language)


def _plain(value: Any) -> Any:
    """Return a fact as a value that JSON can hold: amounts, dates and codes become text."""
    if isinstance(value, Money):
        return plain(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, Sequence):
        return [_plain(item) for item in value]
    return str(value)


class RuleViolation(Refusal):
    """A refusal because a rule of the scheme or of the books forbids the request (422)."""


class Conflict(Refusal):
    """A refusal because the request does not fit the present state of the books (409)."""


class NotFound(Refusal):
    """A refusal because a requested object does not exist, or lies outside the user's scope (404)."""

    code = "not_found"
    zh = "找不到：{what} {id}"
    en = "not found: {what} {id}"


class Forbidden(Refusal):
    """A refusal because the user's roles do not include the requested function (403)."""


class WrongStatus(Conflict):
    code = "wrong_status"
    zh = "当前状态“{status:status}”不能执行此操作，须为：{allowed:status}"
    en = "not possible in status {status:status}; it must be: {allowed:status}"

    def words(self, name: str, how: str, language: str) -> str:
        """Return the label of a status for its kind of object; return any other fact as `Refusal` does."""
        if how == "status":
            named = f"{self.facts.get('status')}, {self.facts.get('allowed')}"
            how = labels.statuses_of(code for code in named.split(", ") if code != "-")
        return super().words(name, how, language)


class SamePerson(RuleViolation):
    code = "same_person"
    zh = "经办与复核不得为同一人：{user}（{rule}）"
    en = "maker and checker must be two persons: {user} ({rule})"


class FutureDate(RuleViolation):
    code = "future_date"
    zh = "日期 {found} 晚于今天 {limit}，不能登记未来的业务（{field}）"
    en = "{field} {found} lies after today, {limit}; what has not happened is not recorded"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one row of a sheet, as a value rather than an exception, so that all faults are reported at once.

    `cell` is the cell in the letters and numbers of a spreadsheet, such as E5, and `heading` is the heading of the
    column as the sheet writes the heading; both are empty where the fault concerns no single cell.
    """

    row: int
    column: str
    code: str
    zh: str
    en: str
    facts: Mapping[str, Any]
    cell: str = ""
    heading: str = ""

    @classmethod
    def of(cls, row: int, column: str, refusal: Refusal) -> "Fault":
        return cls(row, column, refusal.code, refusal.say("zh"), refusal.say("en"), refusal.facts)
