"""The kept county lived through from 2016-03 to 2019-12, day by day: about sixty loans, and all that can happen."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from random import Random

from sqlalchemy import Engine

from jobs.demo import people, plan, sheets
from jobs.demo.people import House
from jobs.demo.plan import Lent, Paid
from ledger.dates import Quarter
from ledger.operations.registry import borrowers, contacts
from ledger.operations.registry.borrowers import NewHousehold, Person
from ledger.unit_of_work import Unit
from tests.upgrade import closings, deeds, desk, losses, quarters, told
from tests.upgrade.deeds import Agenda
from tests.upgrade.stage import BANK, COUNTY, OTHER, THRIFTY, Clock, Story, add_people, household_of

SEED = 2016
FIRST, LAST = date(2016, 3, 1), date(2019, 12, 31)
SHEETED, AT_DESKS, NEIGHBOURS, FARMS = 44, 20, 6, 4
"""Households lent to by sheets and at the desks, those of the other county, and organisations."""

FAILING = (BANK, BANK, THRIFTY, BANK, BANK, BANK, BANK, BANK, THRIFTY, BANK, BANK, THRIFTY)
"""The banks of the first loans, which are never paid back."""


def live(engine: Engine) -> Story:
    """Live the kept county on a prepared database, and return the story as it stands on its last evening."""
    story = Story(engine, Clock(FIRST))
    chance = Random(SEED)
    houses = people.houses(chance, COUNTY, SHEETED + AT_DESKS)
    neighbours = people.houses(chance, OTHER, NEIGHBOURS)
    farms = plan.farms(chance, houses[:SHEETED], FARMS)
    lent = _with_failures(plan.lent(chance, houses[:SHEETED], farms))
    paid = [row for loan in lent for row in plan.paid(chance, loan)]
    story.do("setup", add_people)
    story.take_in("households", "poverty", None, sheets.households(houses), "贫困户名单.csv")
    story.take_in("organisations", "officer", None, sheets.organisations(farms), "经营主体.csv")
    for house in neighbours:
        story.do("poverty3", _register, house)
    for house in houses[: SHEETED + AT_DESKS : 3]:
        story.do("poverty", _reach, house)
    at_desks = houses[SHEETED:]
    agenda = [
        *_rounds(story, lent, paid),
        *deeds.lending(story, at_desks, neighbours),
        *deeds.stops(story),
        *deeds.decisions(story),
        *deeds.corrections(story),
        *deeds.money_of_the_fund(story),
        *told.notices_of(story),
        *losses.failures(story),
        *desk.last_days(story, at_desks[-6:], lent),
        *closings.months(story),
    ]
    play(story, agenda)
    return story


def play(story: Story, agenda: Agenda) -> None:
    """Do everything on its day, in the order of the days."""
    for on, act in sorted(agenda, key=lambda row: row[0]):
        story.clock.set(on)
        act()


def _with_failures(lent: Sequence[Lent]) -> list[Lent]:
    """Return the loans with the first of them never paid back, so that they are claimed within the story."""
    wanted = list(FAILING)
    rows = []
    for row in lent:
        if row.house is not None and wanted:
            bank = wanted.pop(0)
            number = bank + row.contract_no[len(row.bank) :]
            row = replace(row, bank=bank, contract_no=number, term_months=36, habit="failing")
        rows.append(row)
    return rows


def _rounds(story: Story, lent: Sequence[Lent], paid: Sequence[Paid]) -> Agenda:
    """Return what comes round every quarter, and the last evening's jobs."""
    found: Agenda = []
    quarter, last = Quarter.of(FIRST), Quarter.of(LAST)
    while quarter < last:
        on_sheets, on_paid, on_report, on_plan, on_deposit = quarters.days_of(quarter)
        found += [
            (on_sheets, partial(quarters.bring_sheets, story, quarter, lent, paid)),
            (on_sheets, partial(quarters.approve_subsidies, story, quarter)),
            (on_paid, partial(quarters.pay_subsidies, story, quarter)),
            (on_report, partial(quarters.report, story, quarter)),
            (on_plan, partial(quarters.plan_fund, story, quarter)),
            (on_deposit, partial(quarters.deposit, story, quarter)),
        ]
        quarter = quarter.shift(1)
    found.append((quarters.eve_of(last), partial(quarters.bring_sheets, story, last, lent, paid)))
    found.append((LAST, partial(story.run, "daily")))
    return found


def _register(unit: Unit, house: House) -> None:
    members = tuple(
        Person(person.name, person.id_card, person.relation, place == 0) for place, person in enumerate(house.members)
    )
    borrowers.register_household(
        unit,
        NewHousehold(house.registry_no, OTHER, house.town, house.village, "general", house.registered_on, members),
    )


def _reach(unit: Unit, house: House) -> None:
    """Keep where a household is reached: the last digit of its phone says how sending to it ends."""
    number = int(house.registry_no[-3:])
    phone, email = f"1380797{number:04d}", f"house{number}@example.com" if number % 2 else None
    contacts.set_contact(unit, household_id=household_of(unit, house), phone=phone, email=email)
