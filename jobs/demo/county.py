"""Makes the demo county quarter by quarter: imports and confirms sheets, runs `daily`, and closes months."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from random import Random

from sqlalchemy import Engine

from jobs.daily import NAME as DAILY_NAME
from jobs.demo import notices, people, plan, public_money, sheets
from jobs.demo.clock import DemoClock
from jobs.demo.pending import leave_pending
from jobs.demo.plan import BANKS, COUNTY, FIRST, LAST, Lent, Paid
from jobs.demo.public_money import Staff
from jobs.lease import Lease
from jobs.notices import NOTICES
from jobs.progress import Say, shown
from jobs.runner import run
from ledger.chart import Kind, book_of
from ledger.database import open_engine
from ledger.dates import DAY, Quarter, Span, add_months, month_of
from ledger.errors import WrongStatus
from ledger.imports.reading import read_sheet, read_table
from ledger.labels import Said, label
from ledger.operations import job_runs
from ledger.operations.books import periods
from ledger.operations.job_runs import EVERYTHING, Run
from ledger.operations.registry.users import BANK_ROLES, COUNTY_ROLES, DEMO_PREFIX, DEMO_USERS, add_user, anybody
from ledger.operations.sheets import intake, review
from ledger.operations.sheets.import_run import Importer
from ledger.unit_of_work import Unit, work

NAME = "demo"
SEED = 2016
HOUSEHOLDS, FARMS = 300, 12
CLOSED_THROUGH = "2018-12"

_NAMES = {
    "officer": "演示经办员",
    "checker": "演示复核员",
    "officer2": "农行经办员",
    "checker2": "农行复核员",
    "poverty": "扶贫办经办",
    "poverty2": "扶贫办审批",
    "finance": "财政局经办",
    "finance2": "财政局复核",
    "city": "市级经办",
    "city2": "市级审批",
    "auditor": "审计人员",
    "admin": "系统管理员",
}
_BANK_OF = {"officer": BANKS[0], "checker": BANKS[0], "officer2": BANKS[1], "checker2": BANKS[1]}
OFFICERS = {BANKS[0]: ("officer", "checker"), BANKS[1]: ("officer2", "checker2")}


@dataclass(frozen=True, slots=True)
class County:
    """The tools for making the demo: the database, the demo's clock, and the function that reports progress."""

    engine: Engine
    clock: DemoClock
    say: Say

    def unit(self, user: str, origin: str = NAME) -> AbstractContextManager[Unit]:
        """Begin one transaction of a demo user on the current day of the demo's clock."""
        return work(self.engine, user=user, today=self.clock.today, clock=self.clock, origin=origin)

    def take_in(self, kind: str, user: str, bank: str | None, data: bytes, name: str) -> None:
        """Import a sheet as a demo user; a checker confirms the import where the kind of sheet needs a confirmation."""
        importer = Importer(user, bank, frozenset({COUNTY}))
        outcome = intake.take_in(partial(self.unit, user), importer, read_table(kind, read_sheet(data, name)))
        if outcome.id is not None and bank is not None and outcome.status == "booked":
            with self.unit(OFFICERS[bank][1]) as unit:
                review.approve(unit, outcome.id)


def live(database_url: str) -> None:
    """Make the demo county, or continue an interrupted attempt to make it; leave a finished demo county unchanged."""
    engine = open_engine(database_url)
    try:
        with shown() as progress:
            county = County(engine, DemoClock(FIRST), progress.say)
            with county.unit("setup") as unit:
                if job_runs.status_of(unit.session, NAME, LAST) == "done":
                    return
                run_id = job_runs.begin(unit, NAME, LAST, EVERYTHING, 0, "setup", asked=True)
                if not anybody(unit.session):
                    _add_people(unit)
            _live_through(county)
            with county.unit("setup") as unit:
                job_runs.end(unit, run_id, "done")
    finally:
        engine.dispose()


def _add_people(unit: Unit) -> None:
    for username, role in DEMO_USERS.items():
        counties = (COUNTY,) if role in COUNTY_ROLES | BANK_ROLES else ()
        add_user(
            unit,
            username,
            _NAMES[username],
            DEMO_PREFIX + username,
            role,
            bank=_BANK_OF.get(username),
            counties=counties,
            demo=True,
        )


def _live_through(county: County) -> None:
    chance = Random(SEED)
    houses = people.houses(chance, COUNTY, HOUSEHOLDS)
    farms = plan.farms(chance, houses, FARMS)
    loans = plan.lent(chance, houses, farms)
    payments = [row for loan in loans for row in plan.paid(chance, loan)]
    county.say(
        Said(
            f"demo county {COUNTY}: {len(loans)} loans, {len(payments)} repayments, {FIRST} to {LAST}",
            f"演示县 {COUNTY}：贷款 {len(loans)} 笔，还款 {len(payments)} 笔，{FIRST} 至 {LAST}",
        )
    )
    county.take_in("households", "poverty", None, sheets.households(houses), "贫困户名单.csv")
    county.take_in("organisations", "officer", None, sheets.organisations(farms), "经营主体.csv")
    staff = Staff(county.unit, county.clock, OFFICERS)
    for quarter in _quarters():
        _live_quarter(county, staff, quarter, loans, payments)
    county.clock.set(LAST)
    _take_in(county, Span(_eve(Quarter.of(LAST)), LAST + DAY), loans, payments)
    _run_daily(county)
    notices.deliver(staff)
    leave_pending(county.unit, loans)
    _close_months(county)


def _live_quarter(
    county: County, staff: Staff, quarter: Quarter, loans: Sequence[Lent], payments: Sequence[Paid]
) -> None:
    """Import the banks' loans and repayments of a quarter, then record subsidies, fund plans and claims.

    The demo's banks send their sheets on the 25th of the quarter's last month.
    """
    eve, since = _eve(quarter), max(FIRST, _eve(quarter.shift(-1)))
    notices.tell(staff, partial(_run, county, NOTICES.name), since, eve)
    county.clock.set(eve - DAY)
    _take_in(county, Span(since, eve), loans, payments)
    _run_daily(county)
    public_money.subsidise(staff, quarter)
    if quarter >= Quarter(2019, 3):
        public_money.claim(staff)
    if quarter == Quarter(2019, 4):
        public_money.recover(staff)
    if quarter < Quarter.of(LAST):
        public_money.settle_fund(staff, quarter)


def _eve(quarter: Quarter) -> date:
    """Return the 26th of a quarter's last month; the next quarter's sheets list loans from that day on."""
    return quarter.interest.end.replace(day=26)


def _take_in(county: County, days: Span, loans: Sequence[Lent], payments: Sequence[Paid]) -> None:
    for bank in BANKS:
        lent = [row for row in loans if row.bank == bank and row.disbursed_on in days]
        received = [row for row in payments if row.bank == bank and row.paid_on in days]
        if lent:
            county.take_in("loans", OFFICERS[bank][0], bank, sheets.loans(lent), f"放款台账{days.end}.csv")
        if received:
            data = sheets.repayments(received)
            county.take_in("repayments", OFFICERS[bank][0], bank, data, f"还款明细{days.end}.csv")


def _run(county: County, name: str) -> Run:
    return run(Lease(county.engine, NAME, clock=county.clock), name, county.clock.today)


def _run_daily(county: County) -> None:
    done = _run(county, DAILY_NAME)
    status = label("job_run_status", done.status, "zh")
    county.say(
        Said(
            f"  {county.clock.today}: daily {done.status}, {done.done} of {done.due} done",
            f"  {county.clock.today}：每日作业{status}，应办 {done.due} 笔，已办 {done.done} 笔",
        )
    )


def _quarters() -> Iterator[Quarter]:
    quarter = Quarter.of(FIRST)
    while quarter.calendar.start <= LAST:
        yield quarter
        quarter = quarter.shift(1)


def _close_months(county: County) -> None:
    """Close every bank's months up to and including CLOSED_THROUGH; the demo's last year stays open for experiments."""
    for bank in BANKS:
        book = book_of(Kind.LOAN, bank=bank, county="")
        day = FIRST
        while month_of(day) <= CLOSED_THROUGH:
            _close(county, bank, book, month_of(day))
            day = add_months(day, 1)


def _close(county: County, bank: str, book: str, month: str) -> None:
    # If an earlier attempt to make the demo was interrupted, the month may be closed already.
    with suppress(WrongStatus), county.unit(OFFICERS[bank][1]) as unit:
        periods.close_month(unit, book, month)
