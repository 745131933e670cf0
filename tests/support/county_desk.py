"""A county for tests: users, invented identities, and short functions that make borrowers and loans."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, select
from stdnum.cn.ric import calc_check_digit
from stdnum.cn.uscc import calc_check_digit as code_digit

from ledger.database import Base
from ledger.money import yuan
from ledger.operations.lending import loans
from ledger.operations.lending.contracts import LoanRequest
from ledger.operations.registry import borrowers
from ledger.operations.registry.borrowers import NewHousehold, NewLink, Person
from ledger.operations.registry.users import Role, add_user
from ledger.unit_of_work import Unit, work

TODAY = date(2016, 6, 1)
COUNTY, OTHER_COUNTY = "360781", "360732"
BANK, OTHER_BANK = "GZRCB", "ABC"
PASSWORD = "correct horse"
_AREAS = (COUNTY, "360702", *map(str, range(360721, 360727)), *map(str, range(360728, 360736)))
_numbers = count(1)
_SERIALS = [serial for serial in range(1000) if serial % 100]
_cards = count(1)


@dataclass(frozen=True)
class Someone:
    """A user of the tests."""

    role: Role
    bank: str | None = None
    counties: tuple[str, ...] = ()


PEOPLE: Mapping[str, Someone] = {
    "officer": Someone(Role.BANK_OFFICER, BANK),
    "checker": Someone(Role.BANK_CHECKER, BANK),
    "local": Someone(Role.BANK_OFFICER, BANK, (COUNTY,)),
    "stranger": Someone(Role.BANK_OFFICER, OTHER_BANK),
    "poverty": Someone(Role.POVERTY_OFFICE, counties=(COUNTY,)),
    "finance": Someone(Role.FINANCE_OFFICER, counties=(COUNTY,)),
    "finance2": Someone(Role.FINANCE_CHECKER, counties=(COUNTY,)),
    "elsewhere": Someone(Role.FINANCE_OFFICER, counties=(OTHER_COUNTY,)),
    "city": Someone(Role.CITY_FINANCE),
    "city2": Someone(Role.CITY_FINANCE),
    "auditor": Someone(Role.AUDITOR),
    "admin": Someone(Role.ADMIN),
}


def add_people(engine: Engine) -> None:
    """Add every user of the tests to a database."""
    with work(engine, user="setup", today=date(2016, 1, 1), clock=lambda: datetime(2016, 1, 1, tzinfo=UTC)) as unit:
        for username, each in PEOPLE.items():
            add_user(unit, username, f"{username}'s name", PASSWORD, each.role, bank=each.bank, counties=each.counties)


def card(born_on: str = "1980-05-01", number: int | None = None) -> str:
    """Return a valid identity card number that belongs to nobody.

    Without a number, the card differs from those of the last 15,000 calls. No card ends in 000, because such a number
    is refused in a text file, where a spreadsheet may have rounded the number.
    """
    place = next(_cards) if number is None else number
    around, serial = divmod(place, len(_SERIALS))
    head = f"{_AREAS[around % len(_AREAS)]}{born_on.replace('-', '')}{_SERIALS[serial]:03d}"
    return head + calc_check_digit(f"{head}0")


def uscc() -> str:
    """Return a valid social credit code that belongs to nobody."""
    head = f"93360781MA{next(_numbers):07d}"
    return head + code_digit(f"{head}0")


@contextmanager
def at_desk(engine: Engine, user: str = "officer", today: date = TODAY) -> Iterator[Unit]:
    """Open a transaction of a user at noon of a day."""
    noon = datetime.combine(today, time(4), UTC)
    with work(engine, user=user, today=today, clock=lambda: noon) as unit:
        yield unit


def new_household(
    *, registered_on: str | date = "2014-05-01", born_on: str = "1980-05-01", **fields: Any
) -> NewHousehold:
    """Return a household with a head and a second member, not yet registered."""
    told: dict[str, Any] = {
        "registry_no": f"R{next(_numbers):08d}",
        "county": COUNTY,
        "town": "叶坪镇",
        "village": "大胜村",
        "category": "general",
        "registered_on": date.fromisoformat(str(registered_on)),
        "members": (
            Person("刘福", card(born_on), "户主", True),
            Person("陈香", card("1985-02-03"), "配偶", False),
        ),
    }
    return NewHousehold(**(told | fields))


def household(unit: Unit, **fields: Any) -> int:
    """Register a household and return its id."""
    return borrowers.register_household(unit, new_household(**fields)).id


def organisation(unit: Unit, **fields: Any) -> int:
    """Register an organisation without links and return its id."""
    told = {"uscc": uscc(), "name": "瑞金脐橙合作社", "kind": "cooperative", "county": COUNTY}
    return borrowers.register_organisation(unit, **(told | fields)).id


def link(unit: Unit, organisation_id: int, household_id: int, **fields: Any) -> int:
    """Add a link, by default of two years' employment from 2016-01-01, and return the link's id."""
    told: dict[str, Any] = {
        "kind": "employment",
        "amount": None,
        "starts_on": date(2016, 1, 1),
        "ends_on": date(2017, 12, 31),
    }
    return borrowers.add_link(unit, organisation_id, NewLink(household_id=household_id, **(told | fields))).id


def request(**fields: Any) -> LoanRequest:
    """Return the request for a household loan that breaks no rule, with some fields changed."""
    told: dict[str, Any] = {
        "contract_no": f"C{next(_numbers):06d}",
        "scheme": "ganzhou-2016",
        "bank": BANK,
        "county": COUNTY,
        "principal": yuan("50000.00"),
        "annual_rate": Decimal("0.0475"),
        "term_months": 36,
        "signed_on": date(2016, 5, 9),
        "purpose": "脐橙种植",
        "endorsements": ("village_committee", "work_team", "township"),
    }
    return LoanRequest(**(told | fields))


def approved_loan(engine: Engine, asked: LoanRequest, on: date | None = None, today: date = TODAY) -> int:
    """Record a loan as `officer`, approve it as `checker`, both on a day, by default today; return the loan's id."""
    with at_desk(engine, today=today) as unit:
        loan_id = loans.record(unit, asked, on).id
    with at_desk(engine, "checker", today) as unit:
        loans.approve(unit, loan_id, on)
    return loan_id


def disbursed_loan(engine: Engine, asked: LoanRequest, on: date = date(2016, 5, 10)) -> int:
    """Record and approve a loan today, and pay it out on a day; return the loan's id."""
    loan_id = approved_loan(engine, asked)
    with at_desk(engine) as unit:
        loans.disburse(unit, loan_id, on)
    return loan_id


def pay_out(engine: Engine, asked: LoanRequest, on: date, today: date | None = None) -> int:
    """Record, approve and pay out a loan, all dated `on` and recorded on that day or later; return the loan's id."""
    loan_id = approved_loan(engine, asked, on, today or on)
    with at_desk(engine, today=today or on) as unit:
        loans.disburse(unit, loan_id, on)
    return loan_id


def row_counts(connection: Connection) -> dict[str, int]:
    """Return the row count of every table, which a refusal must not change."""
    tables: list[Table] = Base.metadata.sorted_tables
    return {table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables}
