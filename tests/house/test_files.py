"""What no file of the project holds: places of one machine, addresses of a registry, notes for later."""

import re
from pathlib import Path

import pytest

from tests.support.sources import ROOT, text_files

# Written in pieces, so that this file does not hold them either.
_MACHINE = re.compile("/wor" + "k/|/roo" + "t/|/hom" + r"e/\w|/User" + r"s/\w|[A-Z]:\\\\User" + "s")
_REGISTRY = re.compile(r"://[^\s\"'/]*(pypi|pythonhosted|debian|npmjs|registry|mirror|index)", re.IGNORECASE)
_LATER = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
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
    "case, pattern, text",
    [
        ("a folder of the builder", _MACHINE, "open('" + "/hom" + "e/zhang/ledger.db')"),
        ("a folder of root", _MACHINE, "cp ledger.db /roo" + "t/backup"),
        ("a lock file's address", _REGISTRY, "https" + "://registry.npm" + "js.org/htmx"),
        ("an index of one's own", _REGISTRY, "--extra-index-url http" + "://pypi.example.org/simple"),
        ("a note for later", _LATER, "# TO" + "DO: round half up"),
    ],
)
def test_what_is_forbidden_is_found(case: str, pattern: re.Pattern[str], text: str, tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text(text, encoding="utf-8")
    assert len(_holding(pattern, [tmp_path / "file.txt"])) == 1


def _holding(pattern: re.Pattern[str], paths: list[Path] | tuple[Path, ...]) -> list[str]:
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in paths}
    lines = ((path, *each) for path, text in texts.items() for each in enumerate(text.splitlines(), start=1))
    return [f"{path}:{number}: {line.strip()[:80]}" for path, number, line in lines if pattern.search(line)]
