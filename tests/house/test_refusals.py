"""Tests that every refusal has a Chinese text that shows labels instead of codes and Python values."""

import ast
import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from itertools import chain
from typing import Any, cast

import pytest

import api
import jobs
import ledger
from ledger import labels
from ledger.errors import NotFound, Refusal, WrongStatus
from tests.support.refusals import placeholders, strange_words, unlabelled
from tests.support.sources import Source, product

WAYS = {"plain", "text", "rule", "one_of", "status"} | labels.SUBJECTS.keys()
"""The formats that the text template of a refusal may use for a fact."""

SAMPLES: dict[str, list[Any]] = {
    "plain": ["50000.00", "2016-05-10", 36, None, True, ["2016-05", "2016Q2"]],
    "text": ["刘福", ["户主", None]],
    "rule": ["4.9", "2.4–2.5", "books 3", "books §3", "3 back-dated", "schemes", "contacts", "contract_no", "GB 11643"],
    "one_of": ["investment, employment, agreement", "general, subsistence"],
}


@cache
def refusals() -> tuple[type[Refusal], ...]:
    """Return every refusal class of the product that has a text."""
    for room in (ledger, api, jobs):
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if not module.name.endswith("__main__"):
                import_module(module.name)
    found = (kind for kind in _heirs(Refusal) if kind.__module__.split(".")[0] in {"ledger", "api", "jobs"})
    return tuple(kind for kind in found if "zh" in vars(kind))


def _heirs(kind: type[Refusal]) -> set[type[Refusal]]:
    return set(chain.from_iterable({heir} | _heirs(heir) for heir in kind.__subclasses__()))


def _with(kind: type[Refusal], /, **facts: Any) -> Refusal:
    made = kind.__new__(kind)
    made.facts = facts
    return made


def _samples(kind: type[Refusal]) -> Iterator[Refusal]:
    """Return refusals of a class, each with one fact changed to another value that the fact may have."""
    if issubclass(kind, WrongStatus):
        for table in labels.STATUSES.values():
            yield _with(kind, status=next(iter(table)), allowed=", ".join(table))
        return
    for name, how in placeholders(kind, "zh"):
        for value in SAMPLES.get(how) or [*labels.SUBJECTS[how], ", ".join(labels.SUBJECTS[how])]:
            yield _with(kind, **{name: value})


def test_every_refusal_is_looked_at() -> None:
    assert len(refusals()) > 120
    assert {NotFound, WrongStatus} <= set(refusals())


def test_every_fact_says_how_it_is_told_and_both_languages_say_the_same() -> None:
    unknown, uneven = [], []
    for kind in refusals():
        told = {language: dict(placeholders(kind, language)) for language in labels.LANGUAGES}
        unknown += [(kind.__name__, name) for name, how in told["zh"].items() if how not in WAYS]
        uneven += [kind.__name__ for name, how in told["zh"].items() if told["en"].get(name, how) != how]
    assert (unknown, uneven) == ([], [])


def test_no_program_word_reaches_a_chinese_reader() -> None:
    found = {
        f"{kind.__name__}: {text}"
        for kind in refusals()
        for text in (each.say("zh") for each in chain([_with(kind)], _samples(kind)))
        if strange_words(text)
    }
    assert found == set()


@pytest.mark.parametrize("text", ["当前状态“partly_paid”", "现至 None", "['a']", "须为 True", "（disbursed_on）"])
def test_the_check_sees_program_words(text: str) -> None:
    assert strange_words(text)


def test_what_is_written_into_facts_has_a_label_or_its_chinese() -> None:
    by_name = {kind.__name__: kind for kind in refusals()}
    found = [
        f"{source.path}:{call.lineno} {fault}"
        for source in product()
        for call, kind in _raised(source, by_name)
        for fault in _faults(call, kind)
    ]
    assert found == []


def _raised(source: Source, by_name: dict[str, type[Refusal]]) -> Iterator[tuple[ast.Call, type[Refusal]]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in by_name:
                yield node, by_name[name]


def _faults(call: ast.Call, kind: type[Refusal]) -> Iterator[str]:
    """Return the texts of a module, including parts of f-strings, that would reach a Chinese reader in English."""
    ways = dict(placeholders(kind, "zh"))
    for fact in call.keywords:
        if fact.arg not in ways:
            continue
        if isinstance(fact.value, ast.Constant) and isinstance(fact.value.value, str):
            if kind is not WrongStatus:
                yield from unlabelled(_with(kind, **{fact.arg: fact.value.value}))
            if ways[fact.arg] == "text":
                yield from strange_words(fact.value.value)
        elif isinstance(fact.value, ast.JoinedStr):
            parts = [part.value for part in fact.value.values if isinstance(part, ast.Constant)]
            yield from strange_words(" ".join(map(str, parts)))


def test_what_edge_find_does_not_find_has_a_name() -> None:
    kinds = {
        node.args[1].id.lower()
        for source in product()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and len(node.args) == 3 and isinstance(node.args[1], ast.Name)
        if getattr(node.func, "attr", "") == "find" and getattr(getattr(node.func, "value", None), "id", "") == "edge"
    }
    assert len(kinds) > 5
    assert kinds - labels.THINGS.keys() == set()


def test_a_label_is_renamed_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = WrongStatus(status="partly_paid", allowed="approved, closed")
    assert refusal.say("zh") == "当前状态“部分拨付”不能执行此操作，须为：已批准、追偿终结"
    table = cast("dict[str, labels.Said]", labels.STATUSES["claim"])
    monkeypatch.setitem(table, "partly_paid", labels.Said("paid in part", "已付一部分"))
    assert refusal.say("zh") == "当前状态“已付一部分”不能执行此操作，须为：已批准、追偿终结"
    assert refusal.say("en") == "not possible in status paid in part; it must be: approved, closed"
    assert refusal.facts == {"status": "partly_paid", "allowed": "approved, closed"}


@pytest.mark.parametrize(
    "case, status, allowed, told",
    [
        ("a loan", "closed", "active, overdue", "已结清"),
        ("a claim", "closed", "paid, recovering", "追偿终结"),
        ("a month", "closed", "open", "已结账"),
        ("a sheet", "booked", "checking, booking", "待复核"),
        ("an attempt to send", "sent", "unknown, refused", "已发送"),
        ("a register, which nobody confirms", "booked", "-", "待复核"),
    ],
)
def test_a_status_is_told_by_whose_it_is(case: str, status: str, allowed: str, told: str) -> None:
    assert f"“{told}”" in WrongStatus(status=status, allowed=allowed).say("zh")
