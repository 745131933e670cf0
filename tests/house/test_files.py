"""Tests that no file contains paths of one machine, addresses of a package registry, or notes on unfinished work."""

import re
from pathlib import Path

import pytest

from tests.support.sources import ROOT, text_files

# The regular expressions must not match their own source file, because the test checks that file too. The examples
# contain gaps, which the test fills in.
_MACHINE = re.compile(r"/(work|root)/|/home/\w|/Users/\w|[A-Z]:\\Users")
_REGISTRY = re.compile(r"://[^\s\"'/]*(pypi|pythonhosted|debian|npmjs|registry|mirror|index)", re.IGNORECASE)
_LATER = re.compile(r"\b(TO_?DO|FIX_?ME|X{3})\b")
_PINS = {"constraints.txt", "pyproject.toml", "package.json", "package-lock.json"}


def test_no_file_names_a_place_of_one_machine() -> None:
    assert _holding(_MACHINE, text_files()) == []


def test_no_file_leaves_a_note_for_later() -> None:
    assert _holding(_LATER, text_files()) == []


def test_no_list_of_packages_says_where_they_come_from() -> None:
    lists = [path for path in text_files() if path.name in _PINS or path.suffix == ".lock"]
    assert ROOT / "constraints.txt" in lists
    assert _holding(_REGISTRY, lists) == []


@pytest.mark.parametrize(
    "case, pattern, text, gap",
    [
        ("a folder of the builder", _MACHINE, "open('/{}/zhang/ledger.db')", "home"),
        ("a folder of root", _MACHINE, "cp ledger.db /{}/backup", "root"),
        ("a lock file's address", _REGISTRY, "https://{}.org/htmx", "registry.npmjs"),
        ("an index of one's own", _REGISTRY, "--extra-index-url http://{}.example.org/simple", "pypi"),
        ("a note for later", _LATER, "# {0}{0}{0}: round half up", "X"),
    ],
)
def test_what_is_forbidden_is_found(case: str, pattern: re.Pattern[str], text: str, gap: str, tmp_path: Path) -> None:
    assert pattern.search(text) is None, "the example has no gap"
    (tmp_path / "file.txt").write_text(text.format(gap), encoding="utf-8")
    assert len(_holding(pattern, [tmp_path / "file.txt"])) == 1


def _holding(pattern: re.Pattern[str], paths: list[Path] | tuple[Path, ...]) -> list[str]:
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in paths}
    lines = ((path, *line) for path, text in texts.items() for line in enumerate(text.splitlines(), start=1))
    return [f"{path}:{number}: {line.strip()[:80]}" for path, number, line in lines if pattern.search(line)]
