"""Refusals: what the ledger says instead of doing a thing, by kind; each rule's own stands beside the rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from moneyed import Money

from ledger import labels
from ledger.money import plain


class Refusal(Exception):
    """Something asked of the ledger that it does not do, with a stable code and the facts that explain it.

    A subclass names its `code` (it finishes the sentence "refused: ...") and says `zh` and `en` as templates
    over its facts. By custom the facts hold `rule` (the clause), `limit` and `found`. A fact that is a code is told by
    its label: the subject stands behind a colon (`{found:role}`), or in labels.FACTS for the fact's name.
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
        """Return the refusal in words, in Chinese for `zh`, else in English."""
        return (self.zh if language == "zh" else self.en).format_map(_Told(self, language))

    def words(self, name: str, how: str, language: str) -> str:
        """Return one fact as it stands in the sentence; `-` for a fact that is not given."""
        return labels.worded(how, self.facts[name], language) if name in self.facts else "-"

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.facts)


def _again(kind: type[Refusal], facts: dict[str, Any]) -> Refusal:
    return kind(**facts)


@dataclass(slots=True)  # not frozen: every refused row of a sheet makes several
class _Fact:
    """A fact in a template: what stands behind the colon says how it is told."""

    refusal: Refusal
    name: str
    language: str

    def __format__(self, how: str) -> str:
        return self.refusal.words(self.name, how or labels.FACTS.get(self.name, "plain"), self.language)


class _Told(dict[str, _Fact]):
    """The facts of a refusal by name, for a template."""

    def __init__(self, refusal: Refusal, language: str) -> None:
        super().__init__()
        self.refusal, self.language = refusal, language

    def __missing__(self, name: str) -> _Fact:
        return _Fact(self.refusal, name, self.language)


def _plain(value: Any) -> Any:
    """Facts are what JSON can carry."""
    if isinstance(value, Money):
        return plain(value)
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, Sequence):
        return [_plain(item) for item in value]
    return str(value)


class RuleViolation(Refusal):
    """A rule of the scheme or the books forbids it (422)."""


class Conflict(Refusal):
    """It does not fit the state things are in now (409)."""


class NotFound(Refusal):
    """There is no such thing, or it is out of the asker's scope, which is answered alike (404)."""

    code = "not_found"
    zh = "找不到：{what} {id}"
    en = "not found: {what} {id}"


class Forbidden(Refusal):
    """The function is not this person's (403)."""


class WrongStatus(Conflict):
    code = "wrong_status"
    zh = "当前状态“{status:status}”不能执行此操作，须为：{allowed:status}"
    en = "not possible in status {status:status}; it must be: {allowed:status}"

    def words(self, name: str, how: str, language: str) -> str:
        """Return the statuses by the labels of the thing whose statuses they are, another fact as ever."""
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
    """One thing wrong with one row of a sheet, as a value; all of a sheet's faults are reported at once."""

    row: int
    column: str
    code: str
    zh: str
    en: str
    facts: Mapping[str, Any]

    @classmethod
    def of(cls, row: int, column: str, refusal: Refusal) -> "Fault":
        return cls(row, column, refusal.code, refusal.say("zh"), refusal.say("en"), refusal.facts)
