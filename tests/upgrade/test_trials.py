"""Tests of changes that later releases may make, each made in a copy of the code and tried on the newest snapshot."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from ledger.database import open_engine
from ledger.reports.verifying.verification import verify
from ledger.setup import prepare
from tests.support.sources import ROOT
from tests.upgrade.answers import Changed, ask_again, changed_on_purpose, kept_answers, unexplained
from tests.upgrade.conftest import VARIABLE
from tests.upgrade.restore import releases, restore
from tests.upgrade.trials import MIGRATIONS, TRIALS, Trial

FILES_MAX = 6
EVERYTHING = os.environ.get(VARIABLE) == "all"
_COPIED = ("api", "jobs", "ledger", "migrations", "tests")


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.name)
def test_a_change_touches_few_files_and_no_history(trial: Trial, shared_folder: Path) -> None:
    assert len({edit.path for edit in trial.edits}) <= FILES_MAX
    with tempfile.TemporaryDirectory(dir=shared_folder) as folder:
        copy = Path(folder)
        for name in _COPIED:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for edit in trial.edits:
            path = copy / edit.path
            text = path.read_text(encoding="utf-8")
            assert text.count(edit.old) == 1, f"{edit.path} holds {text.count(edit.old)} times {edit.old!r}"
            path.write_text(text.replace(edit.old, edit.new), encoding="utf-8")
        if trial.name in MIGRATIONS:
            path, text = copy / MIGRATIONS[trial.name][0], MIGRATIONS[trial.name][1]
            path.write_text(text.replace("{head}", _head()), encoding="utf-8")
        ended = subprocess.run(
            [sys.executable, "-m", "tests.upgrade.test_trials", trial.name, f"sqlite:///{copy / 'ledger.sqlite3'}"],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr


def _head() -> str:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("path_separator", "os")
    head = ScriptDirectory.from_config(config).get_current_head()
    assert head is not None
    return head


def try_out(name: str, url: str) -> None:
    """Upgrade the newest stored database with the running code, compare its answers, and check the change's effect."""
    (trial,) = [each for each in TRIALS if each.name == name]
    release = releases()[-1]
    restore(release, url)
    prepare(url)
    engine = open_engine(url)
    assert verify(engine) == ()
    found = list(ask_again(url, kept_answers(release, url)[:: 1 if EVERYTHING else 20]))
    meant = [*changed_on_purpose(release, url), Changed(trial.longer, "/items", "")]
    assert (left := [str(each) for each in unexplained(found, meant)]) == [], left
    trial.seen(engine)
    assert verify(engine) == ()
    engine.dispose()


if __name__ == "__main__":
    try_out(*sys.argv[1:])
