"""The story of the kept county from 2016-03 to 2019-12, day by day: about sixty loans and every kind of event.

The county has people and loans of its own and takes none from tests/support. Databases made by the code of earlier
releases hold this county, and the present code asks them about it and plays its story on, so a change of the shared kit
must not change it.
"""

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
from tests.upgrade import api_requests, closings, deeds, desk, losses, notices, quarters, rules
from tests.upgrade.deeds import Agenda
from tests.upgrade.stage import BANK, COUNTY, OTHER, THRIFTY, Clock, Story, add_people, household_of

SEED = 2016
FIRST, LAST = date(2016, 3, 1), date(2019, 12, 31)
SHEETED, AT_DESKS, NEIGHBOURS, FARMS = 44, 21, 6, 4
"""The numbers of borrowers by group.

SHEETED households have loans from sheets, AT_DESKS households have loans recorded singly, NEIGHBOURS live in the other
county, FARMS are organisations.
"""

FAILING = (BANK, BANK, THRIFTY, BANK, BANK, BANK, BANK, BANK, THRIFTY, BANK, BANK, THRIFTY)
"""The banks of the first loans, which the borrowers never repay."""


def live(engine: Engine) -> Story:
    """Run the sample county's scenario on a prepared database, and return the scenario after its last day."""
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
        *notices.notices_of(story),
        *losses.failures(story),
        *rules.of_the_city(story),
        *rules.of_the_neighbour(story),
        *desk.last_days(story, at_desks[-6:], lent),
        *closings.months(story),
    ]
    play(story, agenda)
    api_requests.send(engine)
    return story


def play(story: Story, agenda: Agenda) -> None:
    """Perform the actions of an agenda on their days, from the earliest day to the latest."""
    for on, act in sorted(agenda, key=lambda row: row[0]):
        story.clock.set(on)
        act()


def _with_failures(lent: Sequence[Lent]) -> list[Lent]:
    """Return the loans, the first of which are changed so that they are never repaid and lead to claims."""
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
    """Return the actions of every quarter, and the jobs of the last day."""
    agenda: Agenda = []
    quarter, last = Quarter.of(FIRST), Quarter.of(LAST)
    while quarter < last:
        on_sheets, on_paid, on_report, on_plan, on_deposit = quarters.days_of(quarter)
        agenda += [
            (on_sheets, partial(quarters.bring_sheets, story, quarter, lent, paid)),
            (on_sheets, partial(quarters.approve_subsidies, story, quarter)),
            (on_paid, partial(quarters.pay_subsidies, story, quarter)),
            (on_report, partial(quarters.report, story, quarter)),
            (on_plan, partial(quarters.plan_fund, story, quarter)),
            (on_deposit, partial(quarters.deposit, story, quarter)),
        ]
        quarter = quarter.shift(1)
    agenda.append((quarters.eve_of(last), partial(quarters.bring_sheets, story, last, lent, paid)))
    agenda.append((LAST, partial(story.run, "daily")))
    return agenda


def _register(unit: Unit, house: House) -> None:
    members = tuple(
        Person(person.name, person.id_card, person.relation, place == 0) for place, person in enumerate(house.members)
    )
    borrowers.register_household(
        unit,
        NewHousehold(house.registry_no, OTHER, house.town, house.village, "general", house.registered_on, members),
    )


def _reach(unit: Unit, house: House) -> None:
    """Store a household's contact data; the phone number's last digit decides whether messages to it arrive."""
    number = int(house.registry_no[-3:])
    phone, email = f"1380797{number:04d}", f"house{number}@example.com" if number % 2 else None
    contacts.set_contact(unit, household_id=household_of(unit, house), phone=phone, email=email)
