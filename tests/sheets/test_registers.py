"""Tests that sheets of households and organisations are registered completely, or are refused with every fault."""

from typing import Any

import pytest
from sqlalchemy import Engine, select

from ledger.tables.borrowers import Household, Link, Member, Organisation
from tests.sheets.compared_books import count_of, imports_of
from tests.support.county_desk import row_counts, uscc
from tests.support.sheet_files import (
    OFFICER,
    Row,
    card_of,
    codes_of,
    csv_of,
    faults_of,
    home_row,
    loan_row,
    register,
    take_in,
)


def home(*members: dict[str, Any], **fields: Any) -> list[Row]:
    """Return the sheet rows of one household: the head, and one row with the given cells for each further member."""
    first = home_row(loan_row()) | fields
    others = [first | {"id_card": home_row(loan_row())["id_card"], "relation": "配偶"} | each for each in members]
    return [first, *others]


def test_a_household_is_registered_with_its_members(engine: Engine) -> None:
    rows = home({"name": "陈香"}, {"name": "刘小福", "relation": "之子"}, county="360782")
    rows = [{**row, "category": "低保户", "registered_on": "2014年5月1日"} for row in rows]
    done = take_in(engine, "households", csv_of("households", rows, "gb18030"))
    assert (done.status, done.rows, done.booked) == ("booked", 3, 3)
    with engine.connect() as connection:
        stands = connection.execute(select(Household.__table__)).one()
        people = connection.execute(select(Member.__table__).order_by(Member.__table__.c.id)).all()
    assert (stands.registry_no, stands.county, stands.category, str(stands.registered_on)) == (
        rows[0]["registry_no"],
        "360703",
        "subsistence",
        "2014-05-01",
    )
    assert [(person.name, person.relation, person.is_head) for person in people] == [
        ("刘福", "户主", True),
        ("陈香", "配偶", False),
        ("刘小福", "之子", False),
    ]
    assert {person.household_id for person in people} == {stands.id}
    assert people[0].id_card[6:14] == people[0].born_on.strftime("%Y%m%d")


def test_counties_are_known_by_code_retired_code_and_name(engine: Engine) -> None:
    rows = [home_row(loan_row(), county=county) for county in ("360781", "360721", "瑞金市", "GZJKQ")]
    take_in(engine, "households", csv_of("households", rows))
    with engine.connect() as connection:
        found = connection.execute(select(Household.county).order_by(Household.registry_no)).scalars().all()
    assert found == ["360781", "360704", "360781", "GZJKQ"]


def test_what_is_wrong_with_households(engine: Engine) -> None:
    known = home_row(loan_row())
    take_in(engine, "households", csv_of("households", [known]))
    cases: list[tuple[str, list[Row], list[tuple[str, str]]]] = [
        ("no county", home(county="九江市"), [("county", "county_unknown")]),
        ("no such category", home(category="富裕户"), [("category", "choice_unknown")]),
        ("to be registered", home(registered_on="2017-01-01"), [("registered_on", "future_date")]),
        ("a wrong check digit", home(id_card="360781198005010010"), [("id_card", "id_card_check_digit")]),
        ("nobody at its head", home(relation="长子"), [("relation", "heads_not_one")]),
        ("two heads", home({"relation": "本人"}), [("relation", "heads_not_one")]),
        ("two villages", home({"village": "别村"}), [("village", "household_rows_differ")]),
        ("somebody of another household", home({"id_card": known["id_card"]}), [("id_card", "id_card_taken")]),
        ("registered otherwise", [known | {"town": "别镇"}], [("registry_no", "row_differs")]),
        (
            "with one more",
            [known, known | {"id_card": card_of(77), "relation": "配偶"}],
            [("registry_no", "row_differs")],
        ),
        ("no name", home(name=""), [("name", "cell_empty")]),
    ]
    for case, rows, wrong in cases:
        found = codes_of(faults_of(engine, "households", csv_of("households", [*home(), *rows])))
        assert [(column, code) for _, column, code in found] == wrong, case
    assert count_of(engine, Household) == 1


def test_one_person_twice_in_the_sheet_is_told_with_the_first_row(engine: Engine) -> None:
    rows = [*home(), *home()]
    (fault,) = faults_of(engine, "households", csv_of("households", [*rows, *home({"id_card": rows[0]["id_card"]})]))
    assert (fault.row, fault.column, fault.code, fault.facts["limit"]) == (5, "id_card", "row_twice", 2)
    assert rows[0]["id_card"] not in str(fault)


def test_the_same_register_twice_changes_nothing_and_a_longer_one_adds_what_is_new(engine: Engine) -> None:
    rows = [row for _ in range(3) for row in home({"name": "陈香"})]
    take_in(engine, "households", csv_of("households", rows))
    with engine.connect() as connection:
        before = row_counts(connection)
    again = take_in(engine, "households", csv_of("households", rows))
    assert (again.status, again.booked, again.unchanged) == ("unchanged", 0, 6)
    with engine.connect() as connection:
        assert row_counts(connection) == before
    longer = take_in(engine, "households", csv_of("households", [*home(), *rows]))
    assert (longer.booked, longer.unchanged) == (1, 6)
    assert [row[:3] for row in imports_of(engine)] == [("households", "booked", 6), ("households", "booked", 7)]


ORGANISATION = {"name": "瑞金脐橙合作社", "kind": "合作社", "county": "360781"}
LINK = {"link_kind": "就业", "starts_on": "2016-01-01", "ends_on": "2017-12-31"}


@pytest.fixture
def registry_no(engine: Engine) -> str:
    """Return the registry number of a registered household."""
    row = loan_row()
    register(engine, [row])
    return str(row["registry_no"])


def test_an_organisation_is_registered_with_its_links(engine: Engine, registry_no: str) -> None:
    code, alone = uscc(), uscc()
    invested = {"link_kind": "投入", "amount": "100,000.00", "starts_on": "2016/3/1"}
    rows = [
        ORGANISATION | {"uscc": code, "household": registry_no} | LINK,
        ORGANISATION | {"uscc": code, "household": registry_no} | invested,
        ORGANISATION | {"uscc": alone, "name": "瑞金果业", "kind": "企业"},
    ]
    done = take_in(engine, "organisations", csv_of("organisations", rows))
    assert (done.status, done.booked) == ("booked", 3)
    with engine.connect() as connection:
        named = connection.execute(select(Organisation.uscc, Organisation.kind, Organisation.name)).all()
        links = connection.execute(select(Link.kind, Link.fen, Link.ends_on).order_by(Link.id)).all()
    assert {tuple(row) for row in named} == {
        (code, "cooperative", "瑞金脐橙合作社"),
        (alone, "enterprise", "瑞金果业"),
    }
    assert [(kind, fen, str(ends_on)) for kind, fen, ends_on in links] == [
        ("employment", None, "2017-12-31"),
        ("investment", 10_000_000, "None"),
    ]
    again = take_in(engine, "organisations", csv_of("organisations", rows))
    assert (again.status, again.unchanged) == ("unchanged", 3)
    another = rows[0] | {"starts_on": "2016-12-01"}
    longer = take_in(engine, "organisations", csv_of("organisations", [*rows, another]))
    assert (longer.booked, longer.unchanged) == (1, 3)
    assert count_of(engine, Organisation) == 2
    assert count_of(engine, Link) == 3


def test_what_is_wrong_with_organisations(engine: Engine, registry_no: str) -> None:
    code = uscc()
    known = ORGANISATION | {"uscc": code, "household": registry_no} | LINK
    take_in(engine, "organisations", csv_of("organisations", [known]))
    new = {"uscc": uscc()}
    linked = ORGANISATION | new | {"household": registry_no}
    cases: list[tuple[str, list[Row], list[tuple[str, str]]]] = [
        ("a wrong check digit", [ORGANISATION | {"uscc": "93360781MA0000001A"}], [("uscc", "uscc_check_digit")]),
        ("no such kind", [ORGANISATION | new | {"kind": "个人"}], [("kind", "choice_unknown")]),
        (
            "two names",
            [linked | LINK, linked | LINK | {"name": "别名", "starts_on": "2016-02-01"}],
            [("name", "organisation_rows_differ")],
        ),
        ("a link twice", [linked | LINK, linked | LINK], [("uscc", "row_twice")]),
        ("a household unknown", [linked | LINK | {"household": "J-0"}], [("household", "household_unknown")]),
        ("a link to nobody", [ORGANISATION | new | LINK], [("household", "link_without_household")]),
        ("a household without a link", [linked], [("link_kind", "cell_empty"), ("starts_on", "cell_empty")]),
        ("money in an employment", [linked | LINK | {"amount": "1.00"}], [("amount", "link_amount")]),
        ("an investment without money", [linked | LINK | {"link_kind": "投资"}], [("amount", "link_amount")]),
        (
            "over before it began",
            [linked | LINK | {"ends_on": "2015-12-31"}],
            [("ends_on", "link_ends_before_it_starts")],
        ),
        ("to begin", [linked | LINK | {"starts_on": "2017-01-01"}], [("starts_on", "future_date")]),
        ("registered otherwise", [known | {"name": "别名"}], [("uscc", "row_differs")]),
        ("linked otherwise", [known | {"ends_on": "2018-12-31"}], [("uscc", "row_differs")]),
        ("a county of nobody's", [ORGANISATION | new | {"county": "九江市"}], [("county", "county_unknown")]),
    ]
    for case, rows, wrong in cases:
        found = codes_of(faults_of(engine, "organisations", csv_of("organisations", rows), OFFICER))
        assert [(column, code) for _, column, code in found] == wrong, case
    assert count_of(engine, Organisation) == count_of(engine, Link) == 1
