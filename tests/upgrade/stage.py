"""The current time and the users of the sample county's scenario, and the operations that the users perform."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Engine, select

from jobs.demo.people import House
from jobs.lease import Lease
from jobs.runner import run
from ledger import balances
from ledger.chart import INTEREST_RECEIVABLE, PENALTY_RECEIVABLE
from ledger.dates import DAY, SHANGHAI
from ledger.imports.reading import read_sheet, read_table
from ledger.money import plain, yuan
from ledger.operations.approvals import requests
from ledger.operations.lending import loans
from ledger.operations.lending.contracts import LoanRequest
from ledger.operations.registry.users import Role, add_user
from ledger.operations.servicing import repayments
from ledger.operations.servicing.repayments import Received
from ledger.operations.sheets import intake, review
from ledger.operations.sheets.import_run import Importer
from ledger.policy.servicing import Payoff
from ledger.tables.borrowers import Household
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit, work

T = TypeVar("T")

COUNTY, OTHER = "360781", "360732"
BANK, THRIFTY, THIRD, FOURTH = "GZRCB", "ABC", "PSBC", "BGZ"
RATE = Decimal("0.0475")
OFFICERS = {
    BANK: ("officer", "checker"),
    THRIFTY: ("officer2", "checker2"),
    THIRD: ("officer3", "checker3"),
    FOURTH: ("officer4", "checker4"),
}
OFFICES = {COUNTY: ("poverty2", "finance", "finance2"), OTHER: ("poverty3", "finance3", "finance4")}
"""The users who review, approve and pay claims in each county."""

ENDORSED = ("village_committee", "work_team", "township")

PEOPLE: Mapping[str, tuple[str, Role, str | None, tuple[str, ...]]] = {
    "officer": ("刘经办", Role.BANK_OFFICER, BANK, ()),
    "checker": ("钟复核", Role.BANK_CHECKER, BANK, ()),
    "officer2": ("曾经办", Role.BANK_OFFICER, THRIFTY, ()),
    "checker2": ("谢复核", Role.BANK_CHECKER, THRIFTY, ()),
    "officer3": ("赖经办", Role.BANK_OFFICER, THIRD, (OTHER,)),
    "checker3": ("邱复核", Role.BANK_CHECKER, THIRD, (OTHER,)),
    "officer4": ("何经办", Role.BANK_OFFICER, FOURTH, ()),
    "checker4": ("宋复核", Role.BANK_CHECKER, FOURTH, ()),
    "poverty": ("温扶贫", Role.POVERTY_OFFICE, None, (COUNTY,)),
    "poverty2": ("廖扶贫", Role.POVERTY_OFFICE, None, (COUNTY,)),
    "poverty3": ("杨扶贫", Role.POVERTY_OFFICE, None, (OTHER,)),
    "finance": ("陈财政", Role.FINANCE_OFFICER, None, (COUNTY,)),
    "finance2": ("黄财政", Role.FINANCE_CHECKER, None, (COUNTY,)),
    "finance3": ("李财政", Role.FINANCE_OFFICER, None, (OTHER,)),
    "finance4": ("罗财政", Role.FINANCE_CHECKER, None, (OTHER,)),
    "city": ("朱市级", Role.CITY_FINANCE, None, ()),
    "city2": ("钱市级", Role.CITY_FINANCE, None, ()),
    "auditor": ("胡审计", Role.AUDITOR, None, ()),
    "auditor2": ("池审计", Role.AUDITOR, None, ()),
    "admin": ("郭管理", Role.ADMIN, None, ()),
}
"""The users of the sample county: name, role, bank and counties; no demo user is among them."""


def password_of(username: str) -> str:
    """Return the password of a user of the sample county."""
    return f"kept county {username}"


@dataclass(slots=True)
class Clock:
    """A simulated clock that starts each day at nine in the morning and advances by a second at each reading."""

    today: date
    seconds: int = 0

    def set(self, day: date) -> None:
        """Move the clock to a day; raise ValueError for a day before the current day."""
        if day < self.today:
            raise ValueError(f"{day} lies before {self.today}")
        if day > self.today:
            self.today, self.seconds = day, 0

    def __call__(self) -> datetime:
        self.seconds += 1
        return datetime.combine(self.today, time(9), SHANGHAI).astimezone(UTC) + timedelta(seconds=self.seconds)


@dataclass(slots=True)
class Story:
    """A scenario in progress: its database, its clock, and the ids of loans and other objects by name."""

    engine: Engine
    clock: Clock
    named: dict[str, int] = field(default_factory=dict)
    payers: set[str] = field(default_factory=set)

    def at(self, user: str) -> AbstractContextManager[Unit]:
        """Open a transaction of a user on the scenario's current day."""
        return work(self.engine, user=user, today=self.clock.today, clock=self.clock, origin="kept")

    def do(self, user: str, act: Callable[..., T], *about: Any, **more: Any) -> T:
        """Perform one operation as a user in a separate transaction, and return the operation's result."""
        with self.at(user) as unit:
            return act(unit, *about, **more)

    def run(self, job: str) -> None:
        """Run a job for the scenario's current day; raise RuntimeError if the job leaves an item unfinished."""
        finished = run(Lease(self.engine, "kept", clock=self.clock), job, self.clock.today)
        if finished.status != "done":
            raise RuntimeError(f"{job} of {self.clock.today} ended {finished.status}")

    def take_in(self, kind: str, user: str, bank: str | None, data: bytes, name: str) -> int | None:
        """Import a sheet as a user of the county; return the sheet's id, or None if the sheet contains no new row."""
        importer = Importer(user, bank, frozenset({COUNTY}))
        return intake.take_in(partial(self.at, user), importer, read_table(kind, read_sheet(data, name))).id

    def confirm(self, bank: str, import_id: int | None) -> None:
        """Confirm an imported sheet as the bank's checker."""
        if import_id is not None:
            self.do(OFFICERS[bank][1], review.approve, import_id)

    def ask(self, user: str, kind: str, payload: Mapping[str, Any], reason: str, **about: Any) -> int:
        """Make a request that another person decides, and return the request's id."""
        return self.do(user, requests.ask, kind, payload, reason=reason, **about).id

    def decide(self, users: tuple[str, str], kind: str, payload: Mapping[str, Any], reason: str, **about: Any) -> int:
        """Make a request as one user and approve it as another user; return the request's id."""
        request_id = self.ask(users[0], kind, payload, reason, **about)
        self.do(users[1], requests.approve, request_id)
        return request_id

    def reverse(self, users: tuple[str, str], event_id: int, reason: str) -> None:
        """Reverse an event in red, requested by one user and approved by another user."""
        self.decide(users, "reversal", {"event_id": str(event_id)}, reason)


def add_people(unit: Unit) -> None:
    """Add the users of the county in the snapshot."""
    for username, (name, role, bank, counties) in PEOPLE.items():
        add_user(unit, username, name, password_of(username), role, bank=bank, counties=counties)


def household_of(unit: Unit, house: House) -> int:
    """Return the id of a registered household."""
    query = select(Household.id).where(Household.registry_no == house.registry_no)
    return unit.session.execute(query).scalar_one()


def asked_for(story: Story, house: House, number: int, signed_on: date, **more: Any) -> LoanRequest:
    """Return a request for a household loan of 50,000 yuan and three years that breaks no rule, with given changes."""
    with story.at("auditor") as unit:
        household = household_of(unit, house)
    bank = more.get("bank", BANK)
    values = {
        "contract_no": f"{bank}-{signed_on:%Y}-{number:04d}",
        "scheme": "ganzhou-2016",
        "bank": bank,
        "county": COUNTY,
        "principal": yuan("50000.00"),
        "annual_rate": RATE,
        "term_months": 36,
        "signed_on": signed_on,
        "purpose": "脐橙种植",
        "household_id": household,
        "endorsements": ENDORSED,
    }
    return LoanRequest(**(values | more))


def lend(story: Story, name: str, house: House, number: int, **more: Any) -> int:
    """Record, approve and disburse a loan of the given name on the scenario's current day; return its id."""
    loan_request = asked_for(story, house, number, story.clock.today - DAY, **more)
    officer, checker = OFFICERS[loan_request.bank]
    loan_id = story.do(officer, loans.record, loan_request).id
    story.do(checker, loans.approve, loan_id)
    story.do(officer, loans.disburse, loan_id, story.clock.today)
    story.named[name] = loan_id
    story.payers.add(name)
    return loan_id


def repay(story: Story, loan_id: int, amount: str, on: date | None = None, **more: Any) -> int:
    """Record a repayment at the counter, by default on the current day; return the id of its event."""
    with story.at("auditor") as unit:
        officer = OFFICERS[unit.session.get_one(Loan, loan_id).bank][0]
    on = on or story.clock.today
    received = Received(loan_id, yuan(amount), on, "counter", f"G{on:%Y%m%d}-{amount}", **more)
    return story.do(officer, repayments.repay, received).event_id


def quoted(story: Story, loan_id: int, on: date) -> Payoff:
    """Return the payoff of a loan on a day without storing anything."""
    with story.at("auditor") as unit:
        payoff = repayments.payoff(unit, loan_id, on)
        unit.session.rollback()
    return payoff


def pay_what_is_open(story: Story, names: Iterable[str]) -> None:
    """Record repayments of all billed and unpaid interest and charges of the named loans."""
    loan_ids = [story.named[name] for name in sorted(names)]
    with story.at("auditor") as unit:
        balances_by_loan = balances.loan_balances(unit.connection, loan_ids)
    for loan_id in loan_ids:
        loan_balances = balances_by_loan.get(loan_id, {})
        if owed := sum(loan_balances.get(account, 0) for account in (INTEREST_RECEIVABLE, PENALTY_RECEIVABLE)):
            repay(story, loan_id, plain(owed))
