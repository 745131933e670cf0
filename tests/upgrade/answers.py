"""The comparison of present API answers with a release's stored answers, field by field, except intended changes."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from tests.upgrade.asking import Answer, Question, asking, read
from tests.upgrade.restore import answers_file, unpack

CHANGED = "changed.toml"
_ID = re.compile(r"\b[0-9]{16,19}\b")


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where an answer differs from the stored answer; `pointer` is the place as a JSON pointer (RFC 6901)."""

    question: Question
    pointer: str
    kept: object
    found: object

    def __str__(self) -> str:
        asked = f"{self.question.method} {self.question.path} as {self.question.user}"
        return f"{asked}: {self.pointer or '/'}: kept {self.kept!r}, found {self.found!r}"


@dataclass(frozen=True, slots=True)
class Changed:
    """A figure changed on purpose by a later release: request path, place in the answer and CHANGELOG line."""

    path: str
    pointer: str
    changelog: str
    # The name of the engine on which the figure changed; empty where the figure changed on both engines.
    engine: str = ""

    def covers(self, difference: Difference) -> bool:
        """Return whether a difference is an instance of an intended change."""
        return fnmatchcase(difference.question.path, self.path) and _leads(self.pointer, difference.pointer)


def kept_answers(folder: Path, url: str) -> list[tuple[Question, Answer]]:
    """Return the API requests and answers stored for a release, for the engine of a database."""
    return list(read(unpack(answers_file(folder, url)).decode()))


def changed_on_purpose(folder: Path, url: str) -> list[Changed]:
    """Return the intended changes of a release's figures, for the engine of a database."""
    document = tomllib.loads((folder / CHANGED).read_text(encoding="utf-8"))
    entries = [Changed(**row) for row in document.get("changed", [])]
    return [each for each in entries if each.engine in ("", make_url(url).get_backend_name())]


def ask_again(url: str, kept: Iterable[tuple[Question, Answer]]) -> Iterator[Difference]:
    """Send every stored request to a database and yield the differences from the stored answers."""
    with asking(url) as asker:
        for question, answer in kept:
            yield from differences(question, answer, asker.ask(question))


def differences(question: Question, kept: Answer, found: Answer) -> Iterator[Difference]:
    """Yield the differences of an answer from the stored answer: missing or unequal fields, and added or missing rows.

    Rows of two answers are compared in their order. A field that the stored answer does not have is not a difference.
    """
    if kept.status != found.status:
        yield Difference(question, "", kept.status, found.status)
    else:
        yield from _differ(question, "", kept.body, found.body)


def _differ(question: Question, pointer: str, kept: Any, found: Any) -> Iterator[Difference]:
    if isinstance(kept, dict) and isinstance(found, dict):
        for name, value in kept.items():
            below = f"{pointer}/{_escaped(name)}"
            if name in found:
                yield from _differ(question, below, value, found[name])
            else:
                yield Difference(question, below, value, None)
    elif isinstance(kept, list) and isinstance(found, list) and len(kept) == len(found):
        for place, (value, other) in enumerate(zip(kept, found, strict=True)):
            yield from _differ(question, f"{pointer}/{place}", value, other)
    elif isinstance(kept, list) and isinstance(found, list):
        yield Difference(question, pointer, f"{len(kept)} rows", f"{len(found)} rows")
    elif type(kept) is not type(found) or kept != found:
        yield Difference(question, pointer, kept, found)


def unexplained(found: Sequence[Difference], changed: Sequence[Changed]) -> list[Difference]:
    """Return the differences that are not intended changes."""
    return [each for each in found if not any(entry.covers(each) for entry in changed)]


def faults_of(changed: Sequence[Changed], found: Sequence[Difference], changelog: str) -> list[str]:
    """Return the errors in the list of intended changes.

    An intended change is wrong if no difference matches it, or if the CHANGELOG does not mention it.
    """
    faults = []
    for entry in changed:
        if not any(entry.covers(each) for each in found):
            faults.append(f"{entry.path} {entry.pointer}: nothing differs there any more")
        if not entry.changelog.strip() or _one_line(entry.changelog) not in _one_line(changelog):
            faults.append(f"{entry.path} {entry.pointer}: the CHANGELOG does not say {entry.changelog!r}")
    return faults


def without_ids(bodies: Iterable[Any]) -> list[Any]:
    """Return answers with every id replaced by its position in the order in which the ids appear.

    With ids replaced, two databases with equal histories give equal answers. The hash of an entry is left out of the
    answers because it is computed from ids.
    """
    places: dict[str, str] = {}

    def replaced(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: replaced(each) for name, each in value.items() if name != "hash"}
        if isinstance(value, list):
            return [replaced(each) for each in value]
        if isinstance(value, str):
            return _ID.sub(lambda found: places.setdefault(found[0], f"#{len(places)}"), value)
        return value

    return [replaced(body) for body in bodies]


def _leads(pattern: str, pointer: str) -> bool:
    """Return whether a pattern matches a place in an answer.

    A star in the pattern matches one step, and two stars at its end match any further steps.
    """
    wanted, steps = pattern.split("/"), pointer.split("/")
    if wanted[-1] == "**":
        wanted, steps = wanted[:-1], steps[: len(wanted) - 1]
    return len(wanted) == len(steps) and all(map(fnmatchcase, steps, wanted))


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _one_line(text: str) -> str:
    return " ".join(text.split())
