"""Checks of a refusal's Chinese text, which must show every fact by its label, and no code or Python value."""

import re
from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Any

from ledger import labels
from ledger.errors import Refusal, WrongStatus

_WORDS = ("LPR", "PDF", "JPEG", "PNG", "Excel", "xlsx", "xls", "csv", "JSON", "UTF", "API", "ID")
ALLOWED = frozenset((*_WORDS, "SMTP", "SMS", "TLS", "ASCII", "base64"))
"""Latin words that Chinese readers use."""

WORD = re.compile(r"[A-Za-z_]{2,}[A-Za-z0-9_]*")
_PLAIN = re.compile(r"[0-9 .,:%/+*–—<>≤=年月日QTZv-]*", re.ASCII)
_PYTHON = re.compile(r"\bNone\b|\bTrue\b|\bFalse\b|[\[\]{}]|Decimal\(|datetime|Traceback")

_OWN_WORDS = {("SecurityNotAllowed", "found")}  # The fact `found` is the wrong word that the user wrote.


def placeholders(kind: type[Refusal], language: str) -> Iterator[tuple[str, str]]:
    """Return the facts in a template, each with its format."""
    for _, name, how, _ in Formatter().parse(getattr(kind, language)):
        if name is not None:
            yield name, how or labels.FACTS.get(name, "plain")


def strange_words(text: str) -> list[str]:
    """Return the codes and Python values in a Chinese text."""
    bare = [word for word in WORD.findall(text) if word not in ALLOWED and not word.startswith("GB")]
    return [*bare, *_PYTHON.findall(text)]


def unlabelled(refusal: Refusal) -> list[str]:
    """Return the facts of a refusal that a Chinese reader would see as codes."""
    return [
        f"{type(refusal).__name__}: {name} = {value!r}, told as {how}"
        for name, how in placeholders(type(refusal), "zh")
        for value in _leaves(refusal.facts.get(name, "-"))
        if not _is_told(refusal, name, how, value)
    ]


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    else:
        yield value


def _is_told(refusal: Refusal, name: str, how: str, value: Any) -> bool:
    if how == "text" or value == "-" or not isinstance(value, str) or isinstance(value, labels.Said):
        return True  # A user's own text, a number, or a text with a Chinese form needs no check.
    if how == "plain":
        return _PLAIN.fullmatch(value) is not None
    if how == "rule":
        return value.startswith("GB ") or not strange_words(labels.worded("rule", value, "zh"))
    if how == "status":
        assert isinstance(refusal, WrongStatus)
        return not strange_words(refusal.words(name, how, "zh"))
    if how == "one_of":
        return bool(labels.table_of(value.split(", ")))
    codes = [code for code in value.split(", ") if not _PLAIN.fullmatch(code)]
    return (type(refusal).__name__, name) in _OWN_WORDS or all(
        labels.label(how, code, "zh") != code or code in labels.SUBJECTS[how] for code in codes
    )
