"""Tests that the files, folders and functions named in the documents exist."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.sources import ROOT, sources

DOCUMENTS = ("README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))

_FILE = re.compile(r"[\w./<>*-]*\w\.py\b")
_FOLDER = re.compile(r"`((?:ledger|api|jobs|migrations|tests|script|docs)/[\w/]*)/`")
_WITH_NAMES = re.compile(r"`([\w./-]+\.py): ([\w, ]+)`")
_BASES = ("", "ledger")
"""The folders to which paths in documents may be relative: the root of the project, and `ledger/`."""


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_and_folder_a_document_names_exists(document: str) -> None:
    assert list(_missing((ROOT / document).read_text("utf-8"))) == []


def test_every_test_of_a_promise_exists() -> None:
    named = set(re.findall(r"\btest_\w+\.py", (ROOT / "docs" / "promises.md").read_text("utf-8")))
    assert len(named) >= 15
    assert named - _file_names() == set()


@pytest.mark.parametrize(
    "case, text",
    [
        ("a file of the ledger that is gone", "see `operations/attic.py`"),
        ("a file that is nowhere", "`attic.py` keeps it"),
        ("a folder that is gone", "all of `tests/attic/`"),
        ("a function that is gone", "`journal.py: record_some`"),
        ("one of two functions", "`journal.py: record_all, record_some`"),
    ],
)
def test_what_is_missing_is_found(case: str, text: str) -> None:
    assert len(list(_missing(text))) == 1


def _missing(text: str) -> Iterator[str]:
    yield from (path for path in _FILE.findall(text) if not _exists(path))
    yield from (folder for folder in _FOLDER.findall(text) if not (ROOT / folder).is_dir())
    for path, names in _WITH_NAMES.findall(text):
        defined = _defined_in(path)
        yield from (f"{path}: {name}" for name in names.split(", ") if defined and name not in defined)


def _exists(path: str) -> bool:
    if "/" not in path:
        return path in _file_names()
    return any((ROOT / base / path).is_file() for base in _BASES)


@cache
def _file_names() -> frozenset[str]:
    return frozenset(Path(source.path).name for source in sources())


@cache
def _defined_in(path: str) -> frozenset[str]:
    """Return the functions and classes of one file, or of all files that have a given name."""
    found = [source for source in sources() if source.path in (path, f"ledger/{path}")]
    return frozenset(
        node.name
        for source in found
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    )
