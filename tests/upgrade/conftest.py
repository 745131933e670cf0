"""Which kept releases are tried: the oldest and the newest, or those named in KEPT_SNAPSHOTS."""

import os
from pathlib import Path

import pytest

from tests.upgrade.restore import releases

VARIABLE = "KEPT_SNAPSHOTS"
"""`all`, or versions with commas between."""

# Not named LEDGER_...: a run of the tests forgets what the environment says of the ledger.
_ASKED = os.environ.get(VARIABLE, "")


def chosen_releases() -> list[Path]:
    """Return the folders of the releases that are tried; raises UsageError for one that is not kept."""
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
    """Run what asks for a kept release once for each."""
    if "release" in metafunc.fixturenames:
        metafunc.parametrize("release", chosen_releases(), ids=lambda folder: folder.name)
