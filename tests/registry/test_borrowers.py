"""Tests of the registration of households, organisations and links, with the refusals and the warnings."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from stdnum.cn.ric import calc_check_digit

from ledger.errors import NotFound, Refusal
from ledger.money import yuan
from ledger.operations.registry.borrowers import Person, register_household
from ledger.reports.registry.borrowers import households_shown, organisations_shown, search_households
from ledger.tables.borrowers import Household, Member, Organisation
from tests.support.county_desk import at_desk, card, household, link, new_household, organisation, row_counts, uscc

HEAD = Person("刘福", card("1980-05-01", 1), "户主", True)
WIFE = Person("陈香", card("1985-02-03", 2), "配偶", False)


def test_a_household_is_kept_with_its_members_and_shown_with_masked_cards(engine: Engine) -> None:
    with at_desk(engine, "poverty") as unit:
        home = household(unit, members=(WIFE, HEAD), county="360781")
        shown = households_shown(unit.session, [unit.session.get_one(Household, home)])[0]
    assert [(member.name, member.is_head) for member in shown.members] == [("刘福", True), ("陈香", False)]
    assert shown.members[0].id_card == HEAD.id_card[:4] + "*" * 10 + HEAD.id_card[-4:]


def test_a_retired_county_code_is_kept_as_todays(engine: Engine) -> None:
    with at_desk(engine, "poverty") as unit:
        home = household(unit, county="360782")
        assert unit.session.get_one(Household, home).county == "360703"


BAD_CARD = HEAD.id_card[:17] + ("0" if HEAD.id_card[17] != "0" else "1")


@pytest.mark.parametrize(
    "case, told, code",
    [
        ("no head", {"members": (WIFE,)}, "heads_not_one"),
        ("two heads", {"members": (HEAD, Person("陈香", WIFE.id_card, "配偶", True))}, "heads_not_one"),
        ("a wrong check digit", {"members": (Person("刘福", BAD_CARD, "户主", True),)}, "id_card_check_digit"),
        ("a card of 15", {"members": (Person("刘福", "360781800501001", "户主", True),)}, "id_card_length"),
        ("one card twice", {"members": (HEAD, Person("陈香", HEAD.id_card, "配偶", False))}, "id_card_taken"),
        ("registered tomorrow", {"registered_on": date(2016, 6, 2)}, "future_date"),
        ("an unknown county", {"county": "999999"}, "not_found"),
        ("an unknown category", {"category": "rich"}, "unknown_kind"),
    ],
)
def test_a_household_that_does_not_stand_is_refused_and_nothing_is_written(
    case: str, told: dict[str, Any], code: str, engine: Engine
) -> None:
    with at_desk(engine) as unit:
        before = row_counts(unit.connection)
    with pytest.raises(Refusal) as refused, at_desk(engine, "poverty") as unit:
        register_household(unit, new_household(**({"registered_on": date(2014, 5, 1)} | told)))
    assert refused.value.code == code
    with at_desk(engine) as unit:
        assert row_counts(unit.connection) == before


def test_a_refusal_never_tells_a_whole_card(engine: Engine) -> None:
    with at_desk(engine, "poverty") as unit:
        household(unit, members=(HEAD,))
    with pytest.raises(Refusal) as refused, at_desk(engine, "poverty") as unit:
        household(unit, members=(HEAD,))
    assert refused.value.code == "id_card_taken"
    assert HEAD.id_card not in refused.value.say("zh") + refused.value.say("en") + str(refused.value.facts)


def test_a_registry_number_and_a_person_are_registered_once_however_many_try(engine: Engine) -> None:
    together = Barrier(6)

    def register(number: int) -> str:
        together.wait()
        try:
            with at_desk(engine, f"poverty{number}") as unit:
                household(unit, registry_no="R-1", members=(Person("刘福", card("1980-05-01", number), "户主", True),))
                return "registered"
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(register, range(6))) == ["registered"] + ["registry_no_taken"] * 5
    with at_desk(engine) as unit:
        assert unit.session.execute(select(func.count()).select_from(Household)).scalar_one() == 1
        assert unit.session.execute(select(func.count()).select_from(Member)).scalar_one() == 1


def test_an_area_nobody_knows_is_a_warning(engine: Engine) -> None:
    old = card("1970-01-01", 3).replace("360781", "362102", 1)[:17]
    with at_desk(engine, "poverty") as unit:
        told = new_household(members=(Person("钟寿", old + calc_check_digit(f"{old}0"), "户主", True),))
        assert register_household(unit, told).warnings == ("id_card_area_unknown",)


def test_households_are_found_by_card_name_and_number(engine: Engine) -> None:
    with at_desk(engine, "poverty") as unit:
        home = household(unit, members=(HEAD, WIFE), registry_no="R-1")
        household(unit)
        for found in (
            search_households(unit.session, id_card=WIFE.id_card.lower()),
            search_households(unit.session, registry_no="R-1"),
            search_households(unit.session, registry_no="R-1", name="陈香"),
        ):
            assert [row.id for row in found] == [home]
        assert search_households(unit.session, id_card=WIFE.id_card, name="刘") == []


@pytest.mark.parametrize(
    "case, told, code",
    [
        ("a wrong check digit", {"uscc": "93360781MA00000010"}, "uscc_check_digit"),
        ("too short", {"uscc": "93360781MA"}, "uscc_length"),
        ("an unknown kind", {"kind": "bank"}, "unknown_kind"),
        ("an unknown county", {"county": "999999"}, "not_found"),
    ],
)
def test_an_organisation_that_does_not_stand_is_refused(
    case: str, told: dict[str, Any], code: str, engine: Engine
) -> None:
    with pytest.raises(Refusal) as refused, at_desk(engine) as unit:
        organisation(unit, **told)
    assert refused.value.code == code


def test_a_social_credit_code_is_registered_once(engine: Engine) -> None:
    code = uscc()
    with at_desk(engine) as unit:
        organisation(unit, uscc=code)
        with pytest.raises(Refusal) as refused:
            organisation(unit, uscc=code.lower())
        assert refused.value.code == "uscc_taken"


@pytest.mark.parametrize(
    "case, told, code",
    [
        ("an investment without money", {"kind": "investment"}, "link_amount"),
        ("a contract with money", {"amount": yuan("1.00")}, "link_amount"),
        ("it ends before it starts", {"ends_on": date(2015, 12, 31)}, "link_ends_before_it_starts"),
        ("it starts tomorrow", {"starts_on": date(2016, 6, 2), "ends_on": None}, "future_date"),
        ("an unknown kind", {"kind": "friendship"}, "unknown_kind"),
    ],
)
def test_a_link_that_does_not_stand_is_refused(case: str, told: dict[str, Any], code: str, engine: Engine) -> None:
    with at_desk(engine) as unit:
        firm, home = organisation(unit), household(unit)
    with pytest.raises(Refusal) as refused, at_desk(engine) as unit:
        link(unit, firm, home, **told)
    assert refused.value.code == code


def test_links_are_shown_with_their_organisation_each_once(engine: Engine) -> None:
    with at_desk(engine) as unit:
        firm, home = organisation(unit), household(unit, registry_no="R-9")
        link(unit, firm, home, kind="investment", amount=yuan("3000.00"), ends_on=None)
        with pytest.raises(Refusal) as refused:
            link(unit, firm, home, kind="investment", amount=yuan("9.00"))
        assert refused.value.code == "link_taken"
        with pytest.raises(NotFound):
            link(unit, firm, 1)
        shown = organisations_shown(unit.session, [unit.session.get_one(Organisation, firm)])[0]
    assert [(row.kind, row.registry_no, row.amount) for row in shown.links] == [("investment", "R-9", 300_000)]
