"""The files of the project, read once for all house rules."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PRODUCT: Final = ("api", "jobs", "ledger", "migrations")
_NOT_OURS: Final = {"__pycache__", "build", "dist", "node_modules", "var", "vendor"}
_TEXT: Final = {
    "",
    ".cfg",
    ".css",
    ".csv",
    ".html",
    ".ini",
    ".js",
    ".json",
    ".lock",
    ".mako",
    ".md",
    ".py",
    ".service",
    ".sh",
    ".sql",
    ".timer",
    ".toml",
    ".txt",
    ".typ",
    ".yaml",
    ".yml",
}


@dataclass(frozen=True)
class Source:
    """One Python module of the project."""

    path: str  # path relative to the project's root folder, with forward slashes
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.path.split("/")[0]


@dataclass(frozen=True)
class Exempt:
    """A place where a house rule does not apply, and the reason."""

    place: str
    reason: str


@cache
def sources() -> tuple[Source, ...]:
    """Return every Python module of the product and of the tests."""
    found = []
    for room in (*PRODUCT, "tests"):
        for path in sorted((ROOT / room).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            found.append(Source(path.relative_to(ROOT).as_posix(), text, ast.parse(text)))
    return tuple(found)


def product() -> Iterator[Source]:
    """Return every installed module."""
    return (source for source in sources() if source.room in PRODUCT)


@cache
def text_files() -> tuple[Path, ...]:
    """Return every text file of the checkout, without files that tools or other programs make."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if _ours(name)]
        found += [Path(folder, name) for name in names if Path(name).suffix in _TEXT and name != ".git"]
    return tuple(sorted(found))


def _ours(folder: str) -> bool:
    hidden = folder.startswith(".") and folder != ".ci"
    return not hidden and folder not in _NOT_OURS and not folder.endswith(".egg-info")
