"""Tests that no file is longer than 350 lines and no function longer than 45 lines, counted in formatted code."""

import ast
from collections.abc import Iterator

from tests.support.sources import Exempt, Source, sources

FILE_LINES_MAX = 350
FUNCTION_LINES_MAX = 45

# Each exception from the size limits is written as `path` or `path::function`. Remove an exception from the size limits
# when the file or function is short enough.
TOO_LONG_ON_PURPOSE = (
    Exempt("ledger/events.py", "everything that can happen, declared on one page: it is read as a list"),
    Exempt("migrations/versions/0001_spine.py", "the first tables, in one step from an empty database"),
    Exempt("migrations/versions/0001_spine.py::upgrade", "the first tables, column by column, as a list"),
    Exempt("migrations/versions/0001_spine.py::downgrade", "the first tables once more, last one first"),
    Exempt("migrations/versions/0002_fund.py::upgrade", "the fund's tables, column by column, as a list"),
    Exempt("migrations/versions/0003_claims.py::upgrade", "the claims' tables, column by column, as a list"),
    Exempt("migrations/versions/0004_subsidies.py::upgrade", "the subsidies' tables, column by column, as a list"),
    Exempt("migrations/versions/0005_notices.py::upgrade", "the notices' tables, column by column, as a list"),
    Exempt(
        "tests/posting/test_worked_example.py::test_the_loan_that_fails",
        "the worked example of the books as one page of vouchers",
    ),
    Exempt("ledger/reports/compensation/claims.py::_one", "one row with a column a line, as the formatter writes it"),
    Exempt("tests/api/test_deadlines.py::owed", "one row with a column a line, as the formatter writes it"),
    Exempt("tests/bench/portfolio.py::_lend", "one row with a column a line, as the formatter writes it"),
    Exempt("tests/bench/portfolio.py::post", "one row with a column a line, as the formatter writes it"),
    Exempt("tests/sheets/compared_books.py::written", "one row with a column a line, as the formatter writes it"),
    Exempt(
        "tests/subsidy/test_at_the_desks.py::test_a_batch_from_draft_to_payment",
        "one row with a column a line, as the formatter writes it",
    ),
)


def test_no_file_and_no_function_outgrows_its_room() -> None:
    exempt = {row.place for row in TOO_LONG_ON_PURPOSE}
    assert {place: lines for place, lines in _too_long(sources()) if place not in exempt} == {}


def test_every_exception_is_still_needed_and_gives_its_reason() -> None:
    too_long = dict(_too_long(sources()))
    assert [row.place for row in TOO_LONG_ON_PURPOSE if row.place not in too_long] == []
    assert [row.place for row in TOO_LONG_ON_PURPOSE if len(row.reason) < 20] == []


def test_the_measure_is_the_last_line_allowed() -> None:
    fits = "def fits():\n" + "    pass\n" * 44
    outgrown = "class Home:\n    def outgrown(self):\n" + "        pass\n" * 45
    assert dict(_too_long([_source("home.py", fits + outgrown)])) == {"home.py::outgrown": 46}
    assert dict(_too_long([_source("fits.py", fits + "\n" * 305)])) == {}
    assert dict(_too_long([_source("fits.py", fits + "\n" * 306)])) == {"fits.py": 351}


def _source(path: str, text: str) -> Source:
    return Source(path, text, ast.parse(text))


def _too_long(modules: tuple[Source, ...] | list[Source]) -> Iterator[tuple[str, int]]:
    for source in modules:
        if (lines := source.text.count("\n")) > FILE_LINES_MAX:
            yield source.path, lines
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                # The length of a test is counted from `def`, so a table of test cases above `def` is not counted.
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    yield f"{source.path}::{node.name}", lines
