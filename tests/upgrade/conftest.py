"""The stored releases that the tests use: the oldest and the newest, or the releases named in KEPT_SNAPSHOTS."""

import os
from pathlib import Path

import pytest

from tests.upgrade.restore import releases

VARIABLE = "KEPT_SNAPSHOTS"
"""The environment variable with versions separated by commas, or `all`."""

# The variable's name does not begin with LEDGER_, because the tests delete variables with that prefix.
_ASKED = os.environ.get(VARIABLE, "")


def chosen_releases() -> list[Path]:
    """Return the folders of the releases to test; raise UsageError for a release without a stored folder."""
    kept = releases()
    if not _ASKED:
        return [kept[0], kept[-1]] if len(kept) > 1 else kept
    if _ASKED == "all":
        return kept
    named = [folder for folder in kept if folder.name in _ASKED.split(",")]
    if len(named) != len(_ASKED.split(",")):
        raise pytest.UsageError(f"{VARIABLE}: not all of {_ASKED} are kept, only {[each.name for each in kept]}")
    return named


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that has the argument `release` once for each chosen release."""
    if "release" in metafunc.fixturenames:
        metafunc.parametrize("release", chosen_releases(), ids=lambda folder: folder.name)
