"""Tests of databases stored by earlier releases: each is upgraded, gives its old answers, and accepts new records."""

import hashlib
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from ledger.database import open_engine
from ledger.reports.verifying.verification import verify
from ledger.setup import at_head, prepare
from ledger.tables.work import JobRun
from tests.migrations.catalogue import listed
from tests.support.sources import ROOT
from tests.upgrade import county
from tests.upgrade.answers import (
    Changed,
    Difference,
    ask_again,
    changed_on_purpose,
    differences,
    faults_of,
    kept_answers,
    unexplained,
    without_ids,
)
from tests.upgrade.asking import Answer, Question
from tests.upgrade.further import answers_after
from tests.upgrade.live_on import live_on
from tests.upgrade.restore import restore

CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.fixture
def upgraded(release: Path, empty_database_url: str) -> Iterator[Engine]:
    """Yield an engine on a stored database after its upgrade."""
    restore(release, empty_database_url)
    prepare(empty_database_url)
    opened = open_engine(empty_database_url)
    yield opened
    opened.dispose()


def test_a_kept_database_is_upgraded_and_answers_as_it_did(
    release: Path, empty_database_url: str, upgraded: Engine
) -> None:
    assert at_head(upgraded)
    assert verify(upgraded) == ()
    changed = changed_on_purpose(release, empty_database_url)
    found = list(ask_again(empty_database_url, kept_answers(release, empty_database_url)))
    assert [str(each) for each in unexplained(found, changed)] == []
    assert faults_of(changed, found, CHANGELOG) == []


def test_a_kept_database_is_lived_on(upgraded: Engine) -> None:
    live_on(upgraded)
    assert verify(upgraded) == ()
    with upgraded.connect() as connection:
        failed = connection.execute(select(func.count()).select_from(JobRun).where(JobRun.status != "done"))
        assert failed.scalar_one() == 0


def test_a_further_quarter_is_the_one_of_a_county_made_fresh(release: Path, shared_folder: Path) -> None:
    with _on_sqlite(shared_folder) as url:
        restore(release, url)
        kept = _answers_after_a_quarter(url, lambda _engine: None)
    with _on_sqlite(shared_folder) as url:
        fresh = _answers_after_a_quarter(url, county.live)
    assert [each for each in zip(kept, fresh, strict=True) if each[0] != each[1]] == []


def _answers_after_a_quarter(url: str, before: Callable[[Engine], object]) -> list[Any]:
    prepare(url)
    opened = open_engine(url)
    before(opened)
    live_on(opened)
    assert verify(opened) == ()
    opened.dispose()
    return answers_after(url)


@contextmanager
def _on_sqlite(shared: Path) -> Iterator[str]:
    with tempfile.TemporaryDirectory(dir=shared) as own:
        yield f"sqlite:///{Path(own) / 'ledger.sqlite3'}"


def test_an_upgraded_database_has_the_objects_of_a_fresh_one(upgraded: Engine, database_url: str) -> None:
    fresh = open_engine(database_url)
    assert listed(upgraded) == listed(fresh)
    fresh.dispose()


def test_an_altered_figure_and_a_missing_row_are_found(release: Path, sqlite_url: str) -> None:
    restore(release, sqlite_url)
    claims = [kept for kept in kept_answers(release, sqlite_url) if kept[0].path.startswith("/claims?")]
    altered, missing = deepcopy(claims[:1]), deepcopy(claims[:1])
    altered[0][1].body["items"][2]["paid"] = "0.01"
    del missing[0][1].body["items"][2]
    found = list(ask_again(sqlite_url, [*claims, *altered, *missing]))
    assert [each.pointer for each in found] == ["/items/2/paid", "/items"]


def test_what_was_released_stays_byte_equal(release: Path) -> None:
    told = tomllib.loads((release / "released.toml").read_text(encoding="utf-8"))
    now = {path: hashlib.sha256((ROOT / path).read_bytes()).hexdigest() for path in told["files"]}
    assert now == told["files"]


LIST = Question("auditor", "/loans?limit=200")
KEPT = Answer(200, {"items": [{"id": "1", "principal": "50000.00"}, {"id": "2", "principal": "30000.00"}]})


def _answer(*rows: dict[str, str]) -> Answer:
    return Answer(200, {"items": list(rows)})


@pytest.mark.parametrize(
    "case, found, pointers",
    [
        ("the same", KEPT, []),
        (
            "a new field in a row",
            _answer({"id": "1", "principal": "50000.00", "rate": "0.0475"}, {"id": "2", "principal": "30000.00"}),
            [],
        ),
        ("a new field beside the rows", Answer(200, {**KEPT.body, "total": 2}), []),
        (
            "an altered figure",
            _answer({"id": "1", "principal": "50000.01"}, {"id": "2", "principal": "30000.00"}),
            ["/items/0/principal"],
        ),
        (
            "a field gone",
            _answer({"id": "1", "principal": "50000.00"}, {"id": "2"}),
            ["/items/1/principal"],
        ),
        ("a missing row", _answer({"id": "1", "principal": "50000.00"}), ["/items"]),
        (
            "another order",
            _answer({"id": "2", "principal": "30000.00"}, {"id": "1", "principal": "50000.00"}),
            ["/items/0/id", "/items/0/principal", "/items/1/id", "/items/1/principal"],
        ),
        ("a refusal", Answer(404, {"code": "not_found"}), [""]),
        ("a number for a text", Answer(200, {"items": "none"}), ["/items"]),
    ],
)
def test_a_difference_is_found(case: str, found: Answer, pointers: list[str]) -> None:
    assert [each.pointer for each in differences(LIST, KEPT, found)] == pointers


def test_a_true_is_not_a_one() -> None:
    assert len(list(differences(LIST, Answer(200, {"late": True}), Answer(200, {"late": 1})))) == 1


ALTERED = Difference(LIST, "/items/0/principal", "50000.00", "50000.01")
MEANT = Changed("/loans?*", "/items/*/principal", "Loans are rounded up")


@pytest.mark.parametrize(
    "case, entry, left",
    [
        ("meant", MEANT, 0),
        ("everything below", replace(MEANT, pointer="/items/**"), 0),
        ("another list", replace(MEANT, path="/claims*"), 1),
        ("another field", replace(MEANT, pointer="/items/*/id"), 1),
        ("a step too few", replace(MEANT, pointer="/items/*"), 1),
    ],
)
def test_what_was_changed_on_purpose_is_no_fault(case: str, entry: Changed, left: int) -> None:
    assert len(unexplained([ALTERED], [entry])) == left


def test_an_entry_covers_something_and_is_told_in_the_changelog() -> None:
    changelog = "- Loans are\n  rounded up since 2027."
    assert faults_of([MEANT], [ALTERED], changelog) == []
    assert len(faults_of([MEANT], [], changelog)) == 1  # An intended change without any difference is one fault.
    assert len(faults_of([MEANT], [ALTERED], "- Nothing changed.")) == 1
    assert len(faults_of([replace(MEANT, changelog=" ")], [ALTERED], changelog)) == 1


def test_ids_are_told_apart_by_where_they_appear_first() -> None:
    one = [{"id": "1660234470252347514", "text": "batch 1660234470252347515"}, {"loan": "1660234470252347514"}]
    other = [{"id": "1790000000000000001", "text": "batch 1790000000000000009"}, {"loan": "1790000000000000001"}]
    mixed = [{"id": "1790000000000000001", "text": "batch 1790000000000000009"}, {"loan": "1790000000000000009"}]
    assert without_ids(one) == without_ids(other)
    assert without_ids(one) != without_ids(mixed)
