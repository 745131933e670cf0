"""A trial of the catalogue: an event is added by its class, its posting row and its catalogue row, and by no more."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import ROOT

CLASS = '''
@dataclass(frozen=True, slots=True, kw_only=True)
class LoanFeePaid(Event):
    """手续费"""

    amount: Fen


_BASE = {'''
POSTED = '    e.LoanFeePaid: (Move(c.SETTLEMENT_FUNDS, c.INTEREST_INCOME, "amount"),),\n'
LISTED = """    e.LoanFeePaid: CatalogueRow(
        "手续费", "fee", "收取手续费", "fee received", APART, None, None, None, ByHand("entry", BANK)
    ),
"""

# An officer records the fee, asks for its reversal, a checker approves: through the doors that everybody uses.
LIVED = """
from datetime import UTC, date, datetime
import sys

from ledger import catalogue, journal, setup
from ledger.balances import Clocks, standings
from ledger.database import open_engine
from ledger.events import TYPES
from ledger.money import Fen
from ledger.operations.approvals import requests
from ledger.reports.books.vouchers import Filters, event as shown
from ledger.reports.verifying.verification import verify
from ledger.unit_of_work import work

url, today = sys.argv[1], date(2016, 5, 12)
setup.prepare(url)
engine = open_engine(url)

def at_desk(user):
    return work(engine, user=user, today=today, clock=lambda: datetime(2016, 5, 12, 4, tzinfo=UTC))

with at_desk("officer") as unit:
    fee = TYPES["LoanFeePaid"](effective_on=today, county="360781", bank="GZRCB", amount=Fen(1234))
    event_id = journal.record(unit, fee)
    told = shown(unit.connection, event_id, Filters(clocks=Clocks(today)))
    print(told.content["amount"], catalogue.summary_of(fee, "zh"), len(told.vouchers[0].lines))
with at_desk("officer") as unit:
    asked = requests.ask(unit, "reversal", {"event_id": str(event_id)}, county="360781", bank="GZRCB", reason="记错")
with at_desk("checker") as unit:
    requests.approve(unit, asked.id)
with at_desk("auditor") as unit:
    print([each for each in standings(unit.connection, Clocks(date.max)) if each.balance])
print(verify(engine))
"""


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The ledger of this checkout, in a folder of its own that a test may change."""
    for room in ("ledger", "migrations"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def put(path: Path, before: str, text: str) -> None:
    """Write a text into a file in front of the only place that reads like `before`, in whose place it then stands."""
    whole = path.read_text(encoding="utf-8")
    assert whole.count(before) == 1, before
    path.write_text(whole.replace(before, text), encoding="utf-8")


def ran(folder: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A program run on the copied ledger alone."""
    command = [sys.executable, "-c", program, *arguments]
    told = os.environ | {"PYTHONPATH": str(folder), "PYTHONUTF8": "1"}
    return subprocess.run(command, cwd=folder, env=told, capture_output=True, text=True, check=False, encoding="utf-8")


def test_an_event_added_in_three_files_is_recorded_shown_and_undone(copied: Path) -> None:
    put(copied / "ledger/events.py", "\n_BASE = {", CLASS)
    put(copied / "ledger/posting.py", "    e.LoanDisbursed: ", f"{POSTED}    e.LoanDisbursed: ")
    put(copied / "ledger/catalogue.py", "    e.LoanDisbursed: ", f"{LISTED}    e.LoanDisbursed: ")
    ended = ran(copied, LIVED, f"sqlite:///{copied / 'ledger.sqlite3'}")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == ["12.34 收取手续费 2", "[]", "()"]


def test_an_event_without_its_catalogue_row_does_not_start(copied: Path) -> None:
    put(copied / "ledger/events.py", "\n_BASE = {", CLASS)
    put(copied / "ledger/posting.py", "    e.LoanDisbursed: ", f"{POSTED}    e.LoanDisbursed: ")
    ended = ran(copied, "import ledger.journal, ledger.catalogue")
    assert ended.returncode != 0
    assert "not in the catalogue: {'LoanFeePaid'}" in ended.stderr
