"""Tests of lending limits (caps, links, remaining amounts and shares), exact to the fen."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.money import Fen
from ledger.policy.limits import (
    Exposure,
    Link,
    LinkKind,
    NoValidLink,
    OrganisationsExcluded,
    OverHeadRoom,
    OverHouseholdCap,
    OverOrganisationLimit,
    check_head_room,
    check_household_cap,
    check_organisation,
    has_link_within,
    head_room,
    is_valid_link,
    low_household_share,
    organisation_limit,
)
from ledger.policy.schemes import load_preset
from tests.policy.written import fen

GANZHOU = load_preset("ganzhou-2016")
NOTHING = Exposure(Fen(0), Fen(0))


def link(
    kind: LinkKind, household: int, amount: str | None = None, *, starts: str = "2016-03-01", ends: str | None = None
) -> Link:
    return Link(
        kind,
        None if amount is None else fen(amount),
        household,
        date.fromisoformat(starts),
        None if ends is None else date.fromisoformat(ends),
    )


@pytest.mark.parametrize("case, scheme, opened, pending, new, found", [
    ("the whole cap at once",            "ganzhou-2016", "0.00",     "0.00",     "50000.00", None),
    ("a fen above",                      "ganzhou-2016", "0.00",     "0.00",     "50000.01", "50000.01"),
    ("51,000",                           "ganzhou-2016", "0.00",     "0.00",     "51000.00", "51000.00"),
    ("the rest beside an open loan",     "ganzhou-2016", "30000.00", "0.00",     "20000.00", None),
    ("a fen too much beside it",         "ganzhou-2016", "30000.00", "0.00",     "20000.01", "50000.01"),
    ("one not yet paid out counts",      "ganzhou-2016", "10000.00", "20000.00", "20000.01", "50000.01"),
    ("Yanjin's cap",                     "yanjin-2016",  "0.00",     "0.00",     "30000.00", None),
    ("a fen above Yanjin's",             "yanjin-2016",  "0.00",     "0.00",     "30000.01", "30000.01"),
])  # fmt: skip
def test_all_loans_of_a_household_stay_within_the_cap(
    case: str, scheme: str, opened: str, pending: str, new: str, found: str | None
) -> None:
    asked = (load_preset(scheme), Exposure(fen(opened), fen(pending)), fen(new))
    if found is None:
        check_household_cap(*asked)
    else:
        with pytest.raises(OverHouseholdCap) as refused:
            check_household_cap(*asked)
        facts = refused.value.facts
        assert (facts["rule"], facts["found"], facts["new"]) == ("2.2", found, new)
        assert facts.keys() == {"rule", "limit", "found", "open", "pending", "new"}, "no contract is named"


@pytest.mark.parametrize("case, kind, amount, starts, ends, valid", [
    ("money put in, no end agreed",          "investment", "100.00", "2016-03-01", None,         True),
    ("money put in for a month",             "investment", "100.00", "2016-05-01", "2016-05-31", True),
    ("an investment of nothing",             "investment", "0.00",   "2016-03-01", None,         False),
    ("an investment without its amount",     "investment", None,     "2016-03-01", None,         False),
    ("begun on the first day of 2016",       "employment", None,     "2016-01-01", "2016-12-31", True),
    ("begun on the last day of 2015",        "employment", None,     "2015-12-31", "2016-12-31", False),
    ("a contract of one year",               "employment", None,     "2016-05-01", "2017-04-30", True),
    ("a day less than a year",               "employment", None,     "2016-05-01", "2017-04-29", False),
    ("an agreement of one year",             "agreement",  None,     "2016-05-01", "2017-04-30", True),
    ("an agreement a day too short",         "agreement",  None,     "2016-05-01", "2017-04-29", False),
    ("a contract without an end",            "employment", None,     "2016-05-01", None,         True),
    ("begins on the day itself",             "agreement",  None,     "2016-05-10", "2018-05-09", True),
    ("begins the day after",                 "agreement",  None,     "2016-05-11", "2018-05-10", False),
    ("ends on the day itself",               "investment", "100.00", "2016-01-01", "2016-05-10", True),
    ("ended the day before",                 "investment", "100.00", "2016-01-01", "2016-05-09", False),
])  # fmt: skip
def test_a_link_counts_on_the_tenth_of_may_2016(
    case: str, kind: LinkKind, amount: str | None, starts: str, ends: str | None, valid: bool
) -> None:
    asked = link(kind, 1, amount, starts=starts, ends=ends)
    assert is_valid_link(GANZHOU, asked, date(2016, 5, 10)) == valid


@pytest.mark.parametrize("case, links, limit", [
    ("twice one investment",            [link("investment", 1, "30000.00")], "60000.00"),
    ("twice all investments",           [link("investment", 1, "30000.00"), link("investment", 2, "0.01")],
                                        "60000.02"),
    ("one household employed",          [link("employment", 1)], "100000.00"),
    ("two members of one household",    [link("employment", 1), link("employment", 1)], "100000.00"),
    ("two households under agreement",  [link("agreement", 1), link("agreement", 2)], "200000.00"),
    ("the larger: employment",          [link("investment", 1, "30000.00"), link("employment", 2)],
                                        "100000.00"),
    ("the larger: investment",          [link("investment", 1, "50000.01"), link("employment", 2)],
                                        "100000.02"),
    ("each kind by itself",             [link("employment", 1), link("agreement", 2)], "100000.00"),
    ("what does not count is left out", [link("employment", 1), link("employment", 2, starts="2015-12-31")],
                                        "100000.00"),
    ("no link",                         [], "0.00"),
])  # fmt: skip
def test_the_limit_of_an_organisation(case: str, links: list[Link], limit: str) -> None:
    assert organisation_limit(GANZHOU, links, date(2016, 5, 10)) == fen(limit)


@pytest.mark.parametrize(
    "case, links, lent, limit",
    [
        ("twice what they borrowed", [link("employment", 1)], "45000.00", "90000.00"),
        ("nothing without employment", [link("investment", 1, "10.00")], "45000.00", "20.00"),
    ],
)
def test_a_scheme_may_go_by_the_loans_of_the_linked(case: str, links: list[Link], lent: str, limit: str) -> None:
    scheme = replace(GANZHOU, organisation_limit_basis="linked_loans")
    assert organisation_limit(scheme, links, date(2016, 5, 10), fen(lent)) == fen(limit)


EMPLOYER = [link("employment", 1)]
REFUSALS = {"over": OverOrganisationLimit, "none": OrganisationsExcluded, "unlinked": NoValidLink}


@pytest.mark.parametrize("case, scheme, links, opened, new, refusal", [
    ("the whole limit",                "ganzhou-2016",  EMPLOYER, "0.00",      "100000.00",  None),
    ("a fen above",                    "ganzhou-2016",  EMPLOYER, "0.00",      "100000.01",  "over"),
    ("a fen beside an open loan",      "ganzhou-2016",  EMPLOYER, "100000.00", "0.01",       "over"),
    ("no link at all",                 "ganzhou-2016",  [],       "0.00",      "0.01",       "unlinked"),
    ("the national one lends to none", "national-2014", EMPLOYER, "0.00",      "0.01",       "none"),
    ("nor does that of 2021",          "national-2021", EMPLOYER, "0.00",      "0.01",       "none"),
    ("Yanjin has one cap",             "yanjin-2016",   EMPLOYER, "0.00",      "1000000.00", None),
    ("a fen above Yanjin's",           "yanjin-2016",   EMPLOYER, "0.00",      "1000000.01", "over"),
    ("Yanjin asks for a link too",     "yanjin-2016",   [],       "0.00",      "0.01",       "unlinked"),
])  # fmt: skip
def test_an_organisation_borrows_within_its_limit(
    case: str, scheme: str, links: list[Link], opened: str, new: str, refusal: str | None
) -> None:
    asked = (load_preset(scheme), links, date(2016, 5, 10), Exposure(fen(opened), Fen(0)), fen(new))
    if refusal is None:
        check_organisation(*asked)
    else:
        with pytest.raises(REFUSALS[refusal]) as refused:
            check_organisation(*asked)
        assert {"rule", "limit", "found"} <= refused.value.facts.keys()


def test_a_link_on_the_signing_day_is_asked_not_one_that_is_over() -> None:
    over = [link("employment", 1, starts="2016-01-01", ends="2017-01-31")]
    check_organisation(GANZHOU, over, date(2017, 1, 31), NOTHING, fen("1.00"))
    with pytest.raises(NoValidLink):
        check_organisation(GANZHOU, over, date(2017, 2, 1), NOTHING, fen("1.00"))


@pytest.mark.parametrize("case, starts, ends, within", [
    ("all the year",               "2016-03-01", None,         True),
    ("ends on the first day",      "2016-03-01", "2017-12-22", True),
    ("ended the day before",       "2016-03-01", "2017-12-21", False),
    ("begins on the last day",     "2018-12-21", None,         True),
    ("begins the day after",       "2018-12-22", None,         False),
    ("lies inside, too short",     "2018-03-01", "2018-09-01", False),
])  # fmt: skip
def test_a_link_on_some_day_of_a_period(case: str, starts: str, ends: str | None, within: bool) -> None:
    links = [link("agreement", 1, starts=starts, ends=ends)]
    assert has_link_within(GANZHOU, links, date(2017, 12, 22), date(2018, 12, 21)) == within


@given(st.lists(st.integers(1, 10_000_00), max_size=5), st.integers(0, 5))
def test_another_link_never_lowers_the_limit(amounts: list[int], employed: int) -> None:
    day = date(2016, 5, 10)
    links = [Link("investment", Fen(each), 1, date(2016, 3, 1), None) for each in amounts]
    more = [link("employment", number) for number in range(employed)]
    assert organisation_limit(GANZHOU, links + more, day) == max(
        organisation_limit(GANZHOU, links, day), organisation_limit(GANZHOU, more, day)
    )


@pytest.mark.parametrize("case, contributed, issued, new, over", [
    ("the whole head-room",      "125000.00", "0.00",       "1000000.00", False),
    ("a fen above",              "125000.00", "0.00",       "1000000.01", True),
    ("something issued already", "125000.00", "999999.99",  "0.01",       False),
    ("nothing left",             "125000.00", "1000000.00", "0.01",       True),
    ("issued beyond it before",  "0.00",      "1.00",       "0.01",       True),
])  # fmt: skip
def test_lending_beyond_the_head_room_warns_or_is_refused(
    case: str, contributed: str, issued: str, new: str, over: bool
) -> None:
    asked = (fen(contributed), fen(issued), fen(new))
    warning = check_head_room(GANZHOU, *asked)
    assert (warning is not None) == over
    strict = replace(GANZHOU, leverage_action="refuse")
    if over:
        with pytest.raises(OverHeadRoom):
            check_head_room(strict, *asked)
    else:
        assert check_head_room(strict, *asked) is None


def test_head_room_is_the_multiple_of_the_contributions_less_what_was_issued() -> None:
    assert head_room(GANZHOU, fen("17250000.00"), fen("138000000.00")) == 0
    assert head_room(load_preset("national-2014"), fen("100.00"), fen("1.00")) == fen("999.00")


@pytest.mark.parametrize("case, households, whole, found", [
    ("half",                  "500.00", "1000.00", None),
    ("a fen less than half",  "499.99", "1000.00", "0.4999"),
    ("none at all",           "0.00",   "1000.00", "0.0000"),
    ("all of them",           "1.00",   "1.00",    None),
    ("no loans yet",          "0.00",   "0.00",    None),
])  # fmt: skip
def test_too_few_household_loans_are_a_warning(case: str, households: str, whole: str, found: str | None) -> None:
    warning = low_household_share(GANZHOU, fen(households), fen(whole), "open", "360781")
    assert (warning.facts["found"] if warning else None) == found
    if warning:
        assert Decimal(warning.facts["limit"]) == Decimal("0.5")
        assert (warning.facts["rule"], warning.facts["scope"]) == ("2.7", "360781")
