"""Tests that imports follow the layers `api → ledger ← jobs` and the import contracts of pyproject.toml."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.sources import ROOT, product


def test_every_contract_is_kept() -> None:
    ended = _lint(ROOT)
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize(
    "case, module, line, contract",
    [
        ("the ledger asks the API", "ledger/journal.py", "import api", "edges"),
        ("the ledger starts a job", "ledger/setup.py", "import jobs", "edges"),
        ("a job asks the API", "jobs/__init__.py", "import api", "edges"),
        ("the journal calls an operation", "ledger/journal.py", "import ledger.operations", "rooms"),
        ("money knows the tables", "ledger/money.py", "import ledger.tables", "rooms"),
        ("the catalogue posts", "ledger/catalogue.py", "import ledger.posting", "rooms"),
        ("a rule of policy posts", "ledger/policy/__init__.py", "import ledger.posting", "rooms"),
        ("a module without a room", "ledger/attic.py", '"""Whatever."""', "rooms"),
        ("a desk without a place", "ledger/operations/cash/__init__.py", '"""Cash."""', "operations"),
        (
            "lending calls servicing",
            "ledger/operations/lending/__init__.py",
            "import ledger.operations.servicing",
            "operations",
        ),
        (
            "a desk calls the one beside it",
            "ledger/operations/fund/__init__.py",
            "import ledger.operations.notices",
            "operations",
        ),
        ("a register reads loans", "ledger/reports/registry/__init__.py", "import ledger.reports.lending", "reports"),
        ("a report without a desk", "ledger/reports/cash/__init__.py", '"""Cash."""', "reports"),
        ("a report calls an operation", "ledger/reports/fund/__init__.py", "import ledger.operations.fund", "rooms"),
        ("an operation asks a report", "ledger/operations/fund/__init__.py", "import ledger.reports.fund", "rooms"),
        ("a query calls an operation", "ledger/queries/__init__.py", "import ledger.operations.job_runs", "rooms"),
        ("a view calls another desk's", "api/fund/__init__.py", "import api.lending.views", "api"),
        ("the core knows a desk", "api/core/__init__.py", "import api.registry", "api"),
        ("a desk of the API without a place", "api/cash/__init__.py", '"""Cash."""', "api"),
        ("two modules of the API need each other", "api/core/fields.py", "import api.core.clocks", "circles"),
        ("two modules need each other", "ledger/money.py", "import ledger.errors", "circles"),
        ("the ledger knows Flask", "ledger/unit_of_work.py", "import flask", "framework"),
        ("the ledger knows marshmallow", "ledger/imports/__init__.py", "import marshmallow", "framework"),
        ("a rule of policy queries", "ledger/policy/__init__.py", "import sqlalchemy", "policy"),
        ("policy queries through a friend", "ledger/policy/__init__.py", "import ledger.database", "policy"),
        ("a report reads rows itself", "ledger/reports/__init__.py", "import ledger.tables.journal", "doors"),
    ],
)
def test_a_breach_is_found(case: str, module: str, line: str, contract: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for source in product():
        place = tmp_path / source.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(source.text, encoding="utf-8")
    (tmp_path / module).parent.mkdir(exist_ok=True)
    with (tmp_path / module).open("a", encoding="utf-8") as breach:
        breach.write(f"\n{line}\n")
    assert _lint(tmp_path, contract).returncode == 1


def _lint(project: Path, contract: str | None = None) -> subprocess.CompletedProcess[str]:
    only = ["--contract", contract] if contract else []
    program = Path(sys.executable).with_name("lint-imports")
    command = [str(program), "--no-logo", "--no-cache", *only]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
