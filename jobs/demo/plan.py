"""Invents the loans and repayments of the demo county, as banks would list loans and repayments in sheets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from stdnum.cn import uscc

from jobs.demo.people import House
from ledger.calendar import load_calendar
from ledger.dates import DAY, next_settlement
from ledger.money import Fen
from ledger.policy import servicing
from ledger.policy.accrual import Steps, Terms, Uplifts
from ledger.policy.loan_transactions import Repay
from ledger.policy.schemes import load_preset
from ledger.policy.servicing import LoanState
from ledger.policy.terms import due_on, rolled

COUNTY = "360781"  # 瑞金市
BANKS = ("GZRCB", "ABC")
FIRST, LAST = date(2016, 3, 1), date(2019, 12, 31)
RATE = Decimal("0.0475")
"""The benchmark rate in force from 2015-10-24 for terms of 36 months and of 37 to 60 months."""

_TRADES = ("脐橙种植", "白莲种植", "蔬菜大棚", "生态鱼养殖", "肉牛养殖", "茶叶种植", "烟叶种植", "三黄鸡养殖")
_FARMS = ("脐橙", "白莲", "蔬菜", "水产", "畜牧", "茶业")
_HABITS = {"punctual": 78, "ahead": 8, "late": 8, "early": 3, "failing": 3}
"""The percentage of borrowers with each habit: on time, ahead of time, weeks late, all early, or never in full."""


@dataclass(frozen=True, slots=True)
class Farm:
    """An invented organisation that supports households (带动)."""

    uscc: str
    name: str
    kind: str
    households: tuple[House, ...]
    since: date


@dataclass(frozen=True, slots=True)
class Lent:
    """A row of a bank's loan register."""

    bank: str
    contract_no: str
    house: House | None
    farm: Farm | None
    principal: Fen
    term_months: int
    signed_on: date
    disbursed_on: date
    purpose: str
    habit: str


@dataclass(frozen=True, slots=True)
class Paid:
    """A row of a bank's repayment sheet."""

    bank: str
    contract_no: str
    amount: Fen
    paid_on: date
    receipt_no: str
    surplus: str = "credit"


def farms(chance: Random, houses: Sequence[House], count: int) -> list[Farm]:
    """Return invented organisations, each linked to between eight and twelve households."""
    made = []
    for number in range(1, count + 1):
        body = f"93{COUNTY}MA35{number:04d}X"
        kind = ("合作组织", "家庭农场", "企业")[number % 3]
        name = f"瑞金市红都{_FARMS[number % len(_FARMS)]}{('合作社', '家庭农场', '有限公司')[number % 3]}{number:02d}"
        taken = tuple(chance.sample(list(houses), chance.randrange(8, 13)))
        made.append(Farm(body + uscc.calc_check_digit(body), name, kind, taken, date(2016, 1, 15)))
    return made


def lent(chance: Random, houses: Sequence[House], organisations: Sequence[Farm]) -> list[Lent]:
    """Return one loan for each household and each farm in the order of payout; most loans are from 2016 and 2017."""
    rows = []
    for number, house in enumerate(houses, 1):
        amount = chance.choices((50_000, 48_000, 45_000, 30_000), (85, 6, 5, 4))[0]
        rows.append(_loan(chance, number, Fen(amount * 100), house=house))
    for number, farm in enumerate(organisations, len(houses) + 1):
        amount = min(len(farm.households) * 100_000, chance.randrange(60, 100) * 10_000)
        rows.append(_loan(chance, number, Fen(amount * 100), farm=farm))
    return sorted(rows, key=lambda row: (row.disbursed_on, row.contract_no))


def _loan(chance: Random, number: int, principal: Fen, house: House | None = None, farm: Farm | None = None) -> Lent:
    habit = chance.choices(list(_HABITS), list(_HABITS.values()))[0]
    # A loan that will not be repaid is signed early, so that the loan is due and claimed before the demo ends.
    failing = habit == "failing"
    quarter = chance.randrange(3) if failing else chance.choices(range(10), (16, 18, 16, 12, 10, 8, 7, 5, 4, 4))[0]
    signed_on = FIRST + timedelta(days=quarter * 91 + chance.randrange(90))
    bank = BANKS[0] if chance.random() < 0.65 else BANKS[1]
    return Lent(
        bank,
        f"{bank}-{signed_on:%Y}-{number:04d}",
        house,
        farm,
        principal,
        36 if failing else chance.choices((36, 48, 60), (80, 12, 8))[0],
        signed_on,
        signed_on + timedelta(days=chance.randrange(8)),
        chance.choice(_TRADES),
        habit,
    )


def paid(chance: Random, loan: Lent) -> Iterator[Paid]:
    """Yield a borrower's payments until the demo ends, according to the borrower's habit of paying.

    The amount due on a day is taken from the loan's state, which is computed up to that day.
    """
    state = _state(loan)
    numbered = 0
    stops_on = loan.disbursed_on + timedelta(days=chance.randrange(500, 1000)) if loan.habit == "failing" else LAST
    early_on = loan.disbursed_on + timedelta(days=chance.randrange(400, 900))
    last_on = loan.disbursed_on
    while state.next_step_on is not None and state.next_step_on <= LAST:
        day = state.next_step_on
        if loan.habit == "early" and early_on < day:
            early_on = max(early_on, last_on + DAY)
            list(servicing.run_to(state, early_on))
            numbered += 1
            yield _pay(loan, state, early_on, servicing.payoff(state, early_on).total, numbered)
            return
        if loan.habit == "ahead" and day < state.terms.rolled_on:
            on = day - timedelta(days=chance.randrange(1, 6))
            coming = sum(servicing.accrued(state, day)) + state.open_bills - state.credit
            if on > state.billed_to and coming > 0:
                numbered += 1
                yield _pay(loan, state, on, Fen(coming // 100 * 100 + 100), numbered)
        list(servicing.run_to(state, day))
        on = _pays_on(chance, loan.habit, day, state)
        if on > min(stops_on, LAST):
            continue
        last_on = on
        list(servicing.run_to(state, on))
        due = servicing.payoff(state, on).total if on >= state.terms.rolled_on else state.open_bills
        if due:
            numbered += 1
            yield _pay(loan, state, on, Fen(due), numbered)


def _pays_on(chance: Random, habit: str, day: date, state: LoanState) -> date:
    if day == state.terms.rolled_on:
        return day
    return day + timedelta(days=chance.randrange(15, 60) if habit == "late" else chance.randrange(0, 5))


def _pay(loan: Lent, state: LoanState, on: date, amount: Fen, number: int) -> Paid:
    list(servicing.repay(state, Repay(on=on, repayment=number, amount=amount)))
    return Paid(loan.bank, loan.contract_no, amount, on, f"HD{number:04d}")


def _state(loan: Lent) -> LoanState:
    scheme = load_preset("ganzhou-2016")
    day = loan.disbursed_on
    rolled_on = rolled(due_on(day, loan.term_months), load_calendar(), scheme.due_date_roll)
    terms = Terms(day, rolled_on, ((day, int(RATE * 10**8)),), None, Uplifts.of(scheme))
    state = LoanState(0, COUNTY, loan.bank, terms, "active", day, min(next_settlement(day), rolled_on))
    state.principal, state.owed = loan.principal, Steps([(day, loan.principal)])
    return state
