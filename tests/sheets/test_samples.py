"""Tests that the sample sheets of docs/样表 are read without a fault and booked."""

from datetime import date
from pathlib import Path

from sqlalchemy import Engine

from ledger.imports.reading import read_sheet, read_table
from ledger.operations.sheets import intake
from tests.support.sheet_files import OFFICER, beginning

SAMPLES = Path(__file__).parents[2] / "docs" / "样表"


def test_the_sample_sheets_are_booked(engine: Engine) -> None:
    booked, sums = [], []
    for kind, name in (("households", "贫困户名册.xlsx"), ("loans", "放款台账.xlsx")):
        table = read_table(kind, read_sheet((SAMPLES / name).read_bytes(), name))
        assert [fault.zh for fault in table.faults] == []
        done = intake.take_in(beginning(engine, today=date(2019, 12, 31)), OFFICER, table)
        booked.append((done.status, done.booked))
        sums += [(total.unit, total.sum) for total in table.totals]
    assert booked == [("booked", 3), ("booked", 2)]
    assert sums == [("万元", 8_500_000)]
