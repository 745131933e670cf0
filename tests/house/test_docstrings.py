"""Tests that every module begins with a short docstring that says what the module is for."""

import ast

import pytest

from tests.support.sources import sources

OPENING_LINES_MAX = 3


def test_every_module_opens_with_at_most_three_lines_of_full_sentences() -> None:
    openings = {source.path: _opening(ast.get_docstring(source.tree)) for source in sources()}
    assert [path for path, opening in openings.items() if not _is_opening(opening)] == []


@pytest.mark.parametrize(
    "case, docstring, accepted",
    [
        ("no docstring", None, False),
        ("no full stop at the end", "The exact amounts of money", False),
        ("one line", "Exact amounts of money.", True),
        ("three lines", "Exact amounts of money,\nin whole fen,\nrounded half up.", True),
        ("four lines", "Exact amounts of money,\nin whole fen,\nrounded half up,\nonce.", False),
        ("a second paragraph of any length", "Exact amounts of money.\n\nOne\ntwo\nthree\nfour", True),
    ],
)
def test_an_opening_is_accepted_or_not(case: str, docstring: str | None, accepted: bool) -> None:
    assert _is_opening(_opening(docstring)) is accepted


def test_every_migration_says_why_and_how_it_is_undone() -> None:
    migrations = [source for source in sources() if source.path.startswith("migrations/versions/")]
    assert migrations, "the folder has moved"
    docstrings = {source.path: ast.get_docstring(source.tree) or "" for source in migrations}
    assert [path for path, text in docstrings.items() if "Why:" not in text or "Undo:" not in text] == []


def _opening(docstring: str | None) -> str:
    """Return the first paragraph of a docstring, or an empty text where the docstring is missing."""
    return (docstring or "").split("\n\n")[0]


def _is_opening(text: str) -> bool:
    return text.endswith(".") and len(text.splitlines()) <= OPENING_LINES_MAX
