"""What the house does not call, and how to find where it is called.

`print(` outside the command lines and notes like to-do are ruff's to find (T20, FIX); moments without a zone
too (DTZ).
"""

import ast
import re
from collections.abc import Callable, Iterator
from typing import Final

_SQL_CLOCK = re.compile(
    r"\b(current_timestamp|current_date|current_time|localtimestamp|clock_timestamp|statement_timestamp)\b"
    r"|\bnow\(\)|\b(date|datetime|julianday|unixepoch)\('now'",
    re.IGNORECASE,
)
_CLOCKS = {"now", "today", "utcnow"}
_CLOCKS_OF = {  # handed on without being called
    "date": _CLOCKS,
    "datetime": _CLOCKS,
    "time": {"time", "time_ns", "localtime", "gmtime", "ctime"},
}
_MOCKS = {"mock", "pytest_mock", "unittest.mock"}


def _float(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and any(
        isinstance(name, ast.Name) and name.id == "float" for name in (node.func, *node.args)
    )


def _round(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _called(node) == "round"


def _clock(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return bool(_SQL_CLOCK.search(node.value))
    if isinstance(node, ast.Call):
        # `edge.now()` is the edge's own answer, not the machine's.
        asked = node.func
        return isinstance(asked, ast.Attribute) and asked.attr in _CLOCKS and ast.unparse(asked.value) != "edge"
    if not isinstance(node, ast.Attribute):
        return False
    owner = ast.unparse(node.value).split(".")[-1]
    return node.attr in _CLOCKS_OF.get(owner, ())


def _commit(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"


def _stub(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "NotImplementedError"


def _mock(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        named = [f"{node.module}.{alias.name}" for alias in node.names]
        return node.module in _MOCKS or bool(_MOCKS.intersection(named))
    return isinstance(node, ast.Import) and any(alias.name in _MOCKS for alias in node.names)


def _skip(node: ast.AST) -> bool:
    if not isinstance(node, ast.Attribute):
        return False
    return node.attr in {"skip", "skipif", "xfail"} and ast.unparse(node).startswith("pytest.")


def _called(node: ast.Call) -> str | None:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else None


# What: how it is known. Why it is not called stands in the house's rules (docs/architecture.md).
RULES: Final[dict[str, Callable[[ast.AST], bool]]] = {
    "float": _float,  # money and rates are never floats
    "round": _round,  # half-even; to_fen() rounds half up, once
    "clock": _clock,  # only the edge and the jobs ask what time it is
    "commit": _commit,  # the edge owns the transaction
    "stub": _stub,  # nothing is left for later in the code itself
    "mock": _mock,  # our own code is tested as it is
    "skip": _skip,  # a test that does not run checks nothing
}


def uses(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every banned use in a module: which rule, at which line."""
    prose = {id(text) for text in _docstrings(tree)}
    nodes = [node for node in ast.walk(tree) if id(node) not in prose]
    for rule, found in RULES.items():
        for line in sorted({getattr(node, "lineno", 0) for node in nodes if found(node)}):
            yield rule, line


def _docstrings(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
