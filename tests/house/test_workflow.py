"""Tests that only ledger/workflow.py refuses a step because of the person or the current status."""

import ast
from collections.abc import Iterator

import pytest

from tests.support.sources import Exempt, product

_REFUSALS = {"SamePerson", "WrongStatus"}

# Each exception is written as the refusal's name and a path: `refusal path`. Remove an exception when the excepted file
# no longer raises the refusal.
ALLOWED = (
    Exempt("SamePerson ledger/workflow.py", "the second person of every object"),
    Exempt("WrongStatus ledger/workflow.py", "the status of every object"),
    Exempt("WrongStatus ledger/policy/loan_changes.py", "the loan's status on the decision's own day, not today's"),
    Exempt("WrongStatus ledger/policy/compensation.py", "the loan's status on the day of the claim, not today's"),
    Exempt("WrongStatus ledger/operations/approvals/loan_changes.py", "a loan that was never paid out has no days"),
    Exempt("WrongStatus ledger/operations/servicing/run.py", "a loan that was never paid out has no days"),
    Exempt("WrongStatus ledger/operations/compensation/recoveries.py", "a recovery is received once and remitted once"),
    Exempt("WrongStatus ledger/operations/fund/plans.py", "a plan's lines may be behind the plan or ahead of it"),
    Exempt("WrongStatus ledger/operations/sheets/review.py", "a register is confirmed by nobody in any status"),
    Exempt(
        "WrongStatus ledger/operations/notices/sending.py", "an attempt to send is ended by the machine that makes it"
    ),
    Exempt(
        "WrongStatus ledger/operations/books/periods.py",
        "a month has no row of its own: the book holds how far it is closed",
    ),
)


def test_status_and_person_are_refused_by_the_workflow_alone() -> None:
    allowed = {row.place for row in ALLOWED}
    assert sorted(place for place in _found() if place not in allowed) == []


def test_every_exception_is_still_needed_and_gives_its_reason() -> None:
    found = _found()
    assert [row.place for row in ALLOWED if row.place not in found] == []
    assert [row.place for row in ALLOWED if len(row.reason) < 20] == []


@pytest.mark.parametrize(
    ("case", "code", "found"),
    [
        ("raised by its name", "raise SamePerson(user='a', rule='1')", ["SamePerson"]),
        ("raised through its module", "raise errors.WrongStatus(status='paid', allowed='-')", ["WrongStatus"]),
        ("made and raised later", "refusal = WrongStatus(status='paid', allowed='-')", ["WrongStatus"]),
        ("caught", "try:\n    do()\nexcept WrongStatus:\n    pass", []),
    ],
)
def test_a_refusal_made_elsewhere_is_found(case: str, code: str, found: list[str]) -> None:
    assert list(_made(ast.parse(code))) == found


def _found() -> set[str]:
    return {f"{name} {source.path}" for source in product() for name in _made(source.tree)}


def _made(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).split(".")[-1]
            if name in _REFUSALS:
                yield name
