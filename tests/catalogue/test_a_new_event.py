"""Tests that a new event without a row in the catalogue stops the program.

The module tests/upgrade/trials.py tests an event that is added together with its catalogue row.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.sources import ROOT

CLASS = '''
@dataclass(frozen=True, slots=True, kw_only=True)
class LoanFeePaid(Event):
    """手续费"""

    amount: Fen


_BASE = {'''
POSTED = '    e.LoanFeePaid: (Move(c.SETTLEMENT_FUNDS, c.INTEREST_INCOME, "amount"),),\n'


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a folder with a copy of the ledger's code, which a test may change."""
    for room in ("ledger", "migrations"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def put(path: Path, old: str, new: str) -> None:
    """Replace a text that must occur exactly once in a file."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new), encoding="utf-8")


def ran(folder: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program that imports the copied ledger, and return the finished process."""
    command = [sys.executable, "-c", program, *arguments]
    told = os.environ | {"PYTHONPATH": str(folder), "PYTHONUTF8": "1"}
    return subprocess.run(command, cwd=folder, env=told, capture_output=True, text=True, check=False, encoding="utf-8")


def test_an_event_without_its_catalogue_row_does_not_start(copied: Path) -> None:
    put(copied / "ledger/events.py", "\n_BASE = {", CLASS)
    put(copied / "ledger/posting.py", "    e.LoanDisbursed: ", f"{POSTED}    e.LoanDisbursed: ")
    ended = ran(copied, "import ledger.journal, ledger.catalogue")
    assert ended.returncode != 0
    assert "not in the catalogue: {'LoanFeePaid'}" in ended.stderr
