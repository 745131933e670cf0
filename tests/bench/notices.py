"""The benchmark of a day's notices in one PDF, compared with compiling the same pages without the ledger.

Running `python -m tests.bench.notices ours|bare` measures the ledger or the bare driver once. Each measurement has its
own process, because typst caches its layouts until the process ends.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import pylopdf_fonts_jp
import pylopdf_fonts_zh_cn
import pylopdf_fonts_zh_tw
import typst
from sqlalchemy import Engine, select

from ledger.database import open_engine
from ledger.exports import notice_pdf
from ledger.ids import new_ids
from ledger.money import of_fen
from ledger.operations.servicing import repayments, run
from ledger.operations.servicing.repayments import Received
from ledger.reports.notices.papers import papers
from ledger.tables.borrowers import Member
from ledger.tables.loans import Loan
from ledger.tables.notices import Notice
from ledger.unit_of_work import Unit, work
from tests.bench.bars import Result
from tests.bench.memory import kilobytes
from tests.bench.portfolio import fill
from tests.bench.rounds import Spread, interleaved, ratios, stopwatch
from tests.bench.sizes import Size
from tests.bench.stores import Store

PAID_ON, MADE_ON = date(2019, 3, 21), date(2019, 5, 22)
_LOANS: Any = Loan.__table__


def measure(store: Store, size: Size) -> Iterator[Result]:
    """Compare the time to make notices from the database with the time to compile equal pages without the ledger.

    The full size of the benchmark makes 1,000 notices, the small size 100.
    """
    count = 1_000 if size.loans >= 10_000 else 100
    store.template(f"letters{count}", partial(write_letters, count=count))
    url = store.url(f"letters{count}")
    found: dict[str, list[tuple[float, int, int]]] = {"ours": [], "bare": []}

    def side(name: str) -> float:
        seconds, started, peak, pages = json.loads(_run(name, url))
        assert pages == count
        found[name].append((seconds, started, peak))
        took_it: float = seconds
        return took_it

    took = interleaved({name: partial(side, name) for name in found}, size.rounds)
    seconds = {name: Spread.of(values).median for name, values in took.items()}
    absolute = f"{seconds['ours']:.2f} s / {seconds['bare']:.2f} s"
    yield Result("letters", store.name, ratios(took["ours"], took["bare"]), absolute)
    above = Spread.of([(peak - started) / 1024 for _, started, peak in found["ours"]])
    started = Spread.of([started / 1024 for _, started, _ in found["ours"]]).median
    yield Result("paper", store.name, above, f"{started:.0f} MB started, {above.median:.0f} MB more")


def write_letters(engine: Engine, count: int) -> None:
    """Bill loans up to a day, let 9 of 10 borrowers pay the interest, and make notices of all loans on that day."""
    fill(engine, max(count, 100))
    with work(engine, user="job", today=MADE_ON, clock=_now) as unit:
        rows = unit.connection.execute(select(_LOANS.c.id, _LOANS.c.bank, _LOANS.c.county, _LOANS.c.due_on)).all()
        run.run_to(unit, [row.id for row in rows], PAID_ON)
        behind = [row.id for place, row in enumerate(rows) if place % 10]
        owed = ((loan_id, run.load_run_to(unit, loan_id, PAID_ON).state.open_bills) for loan_id in behind)
        paid = [Received(loan_id, of_fen(fen), PAID_ON, "counter", "R-2") for loan_id, fen in owed]
        repayments.repay_all(unit, paid)
        run.run_to(unit, [row.id for row in rows], MADE_ON)
        ids = new_ids(2 * len(rows))
        for place, row in enumerate(rows):
            member, notice = ids[2 * place], ids[2 * place + 1]
            unit.session.add(
                Member(
                    id=member,
                    household_id=row.id,
                    name=_name(place),
                    id_card=f"{place:018d}",
                    born_on=date(1980, 5, 1),
                    relation="户主",
                    is_head=True,
                )
            )
            unit.session.add(
                Notice(
                    id=notice,
                    loan_id=row.id,
                    due_on=row.due_on,
                    kind="D30",
                    bank=row.bank,
                    county=row.county,
                    created_on=MADE_ON,
                    deliver_by=row.due_on,
                    made_on=MADE_ON,
                    made_by="job",
                    recorded_at=1,
                )
            )
        unit.session.flush()
        loan_members = Member.__table__.c
        whose = select(loan_members.id).where(loan_members.household_id == _LOANS.c.household_id).scalar_subquery()
        unit.connection.execute(_LOANS.update().values(member_id=whose))


def _name(place: int) -> str:
    """Return a name of two or three characters, which occasionally contains a rare character."""
    rare = "㐂𠮷䶮"[place % 3] if place % 50 == 0 else ""
    return "刘陈王李张"[place % 5] + chr(0x4E00 + place * 17 % 20_000) + rare


def _now() -> datetime:
    return datetime(2019, 5, 22, 4, tzinfo=UTC)


def _run(side: str, url: str) -> str:
    command = [sys.executable, "-m", "tests.bench.notices", side]
    environment = {**os.environ, "BENCH_DATABASE_URL": url}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Run the benchmark for the ledger or for the bare driver.

    Print the seconds, the memory in kilobytes at the start and at the peak, and the number of pages.
    """
    engine = open_engine(os.environ["BENCH_DATABASE_URL"])
    with work(engine, user="x", today=MADE_ON, clock=_now) as unit:
        ids = unit.connection.execute(select(Notice.id)).scalars().all()
        started = kilobytes("VmRSS")
        done = _bare(unit, ids) if sys.argv[1] == "bare" else stopwatch(lambda: notice_pdf.render(papers(unit, ids)))
    print(json.dumps([done, started, kilobytes("VmHWM"), len(ids)]))
    engine.dispose()


def _bare(unit: Unit, ids: Any) -> float:
    """Compile all pages with typst alone, from data prepared before the measurement."""
    pages = [notice_pdf.page_of(paper) for paper in papers(unit, ids)]
    fonts = [pylopdf_fonts_zh_cn.serif_path(), pylopdf_fonts_zh_tw.serif_path(), pylopdf_fonts_jp.serif_path()]
    families = ["Noto Serif SC", "Noto Serif TC", "Noto Serif JP"]
    facts = json.dumps({**notice_pdf.SHARED, "pages": pages, "fonts": families})
    source = Path(str(files("ledger.exports"))) / "templates" / "notice.typ"
    return stopwatch(
        lambda: typst.compile(
            source,
            font_paths=[path.parent for path in fonts],
            ignore_system_fonts=True,
            pdf_standards="a-2b",
            pdf_tags=False,
            sys_inputs={"facts": facts},
            timestamp=0,
        )
    )


if __name__ == "__main__":
    main()
