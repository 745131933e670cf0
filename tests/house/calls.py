"""The calls that house rules forbid, and a search that finds forbidden calls in a module.

The linter ruff finds `print(` outside command lines, comments on unfinished work and times without a zone (T20, FIX,
DTZ).
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
# Each listed function reads the clock when called, so passing the function to other code is forbidden too.
_CLOCKS_OF = {
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
        # The method `edge.now()` returns the moment of the request and does not read the machine's clock.
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


# Each rule has a function that recognises forbidden syntax nodes; docs/architecture.md gives the reasons of the rules.
RULES: Final[dict[str, Callable[[ast.AST], bool]]] = {
    "float": _float,  # Money and rates are never floats.
    "round": _round,  # The built-in `round` rounds half to even, but money is rounded half up by `to_fen()`.
    "clock": _clock,  # Only the outermost layer of the program and the jobs read the clock.
    "commit": _commit,  # Only the outermost layer of the program commits transactions.
    "stub": _stub,  # No code may be left unfinished.
    "mock": _mock,  # Tests run the project's real code and replace no part of the code with mocks.
    "skip": _skip,  # Skipped tests are forbidden because a skipped test checks nothing.
}


def uses(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Return every forbidden call in a module, with the rule that forbids the call and the line number."""
    prose = {id(text) for text in _docstrings(tree)}
    nodes = [node for node in ast.walk(tree) if id(node) not in prose]
    for rule, found in RULES.items():
        for line in sorted({getattr(node, "lineno", 0) for node in nodes if found(node)}):
            yield rule, line


def _docstrings(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
