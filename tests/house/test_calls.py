"""Tests that the code has no forbidden calls, such as floats, rounding half to even, reads of the clock, and mocks."""

import ast

import pytest

from tests.house.calls import RULES, uses
from tests.support.sources import Exempt, Source, sources

# Each rule applies to its listed files and folders; the path of a folder ends in a slash.
HOLDS: dict[str, tuple[str, ...]] = {
    "float": ("api/", "jobs/", "ledger/", "migrations/", "tests/"),
    "round": ("api/", "jobs/", "ledger/", "migrations/", "tests/"),
    "clock": ("api/", "ledger/", "migrations/"),
    "commit": ("ledger/", "migrations/"),
    "stub": ("api/", "jobs/", "ledger/", "migrations/", "tests/"),
    "mock": ("tests/",),
    "skip": ("tests/",),
}

# Only the listed modules read the machine's clock; all other modules get the current time as an argument.
READ_THE_CLOCK = ("api/core/edge.py", "jobs/")

# Each exception from a rule is written as the rule's name and a path: `rule path`. Remove an exception from a rule when
# the excepted file no longer breaks the rule.
ALLOWED = (
    Exempt("clock ledger/ids.py", "ids grow with the machine's time, no business figure rests on it"),
    Exempt("clock ledger/setup.py", "a command line of its own: it stands where the edge stands"),
    Exempt("skip tests/conftest.py", "LEDGER_TEST_ENGINES may leave PostgreSQL out on a developer's machine"),
)


def test_no_banned_call_is_made() -> None:
    allowed = {row.place for row in ALLOWED}
    assert {place: lines for place, lines in _found().items() if place not in allowed} == {}


def test_every_exception_is_still_needed_and_gives_its_reason() -> None:
    found = _found()
    assert [row.place for row in ALLOWED if row.place not in found] == []
    assert [row.place for row in ALLOWED if len(row.reason) < 20] == []


def _found() -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for source in sources():
        for rule, line in uses(source.tree):
            if _holds(rule, source):
                found.setdefault(f"{rule} {source.path}", []).append(line)
    return found


def _holds(rule: str, source: Source) -> bool:
    if rule == "clock" and source.path.startswith(READ_THE_CLOCK):
        return False
    return source.path.startswith(HOLDS[rule])


def test_every_rule_holds_somewhere() -> None:
    assert HOLDS.keys() == RULES.keys()


@pytest.mark.parametrize(
    "case, code, rules",
    [
        ("a float of a string", "x = float('0.1')", ["float"]),
        ("a float for each", "x = sum(map(float, rows))", ["float"]),
        ("a float as a type only", "def seconds() -> float: ...", []),
        ("rounding a Money", "x = amount.round(2)", ["round"]),
        ("rounding a number", "x = round(amount, 2)", ["round"]),
        ("the day, of the machine", "x = date.today()", ["clock"]),
        ("the moment, with its zone", "x = datetime.now(UTC)", ["clock"]),
        ("the moment, handed on unread", "clock = datetime.utcnow", ["clock"]),
        ("the moment, in seconds", "x = time.time()", ["clock"]),
        ("the database's clock", "x = select(func.now())", ["clock"]),
        ("the database's clock, as text", "x = text('SELECT CURRENT_TIMESTAMP')", ["clock"]),
        ("a default of SQLite's clock", "x = text(\"datetime('now')\")", ["clock"]),
        ("today's date, handed down", "x = unit.today", []),
        ("the moment, as the edge tells it", "x = edge.now()", []),
        ("a clock, handed down", "x = unit.clock()", []),
        ("a stop-watch is not a clock", "x = time.perf_counter()", []),
        ("prose about the clock", '"""What now() means."""', []),
        ("committing", "session.commit()", ["commit"]),
        ("left for later", "raise NotImplementedError", ["stub"]),
        ("a mock", "from unittest.mock import patch", ["mock"]),
        ("a mock by its module", "from unittest import mock", ["mock"]),
        ("a test not run", "@pytest.mark.skip\ndef test_it(): ...", ["skip"]),
        ("a test that may fail", "@pytest.mark.xfail(strict=True)\ndef test_it(): ...", ["skip"]),
    ],
)
def test_a_banned_call_is_found(case: str, code: str, rules: list[str]) -> None:
    assert [rule for rule, _ in uses(ast.parse(code))] == rules
