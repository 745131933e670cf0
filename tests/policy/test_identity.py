"""Tests of identity cards and credit codes: refusals, warnings and masking."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn.ric import calc_check_digit as card_digit
from stdnum.cn.uscc import calc_check_digit as code_digit

from ledger.errors import RuleViolation
from ledger.policy.identity import (
    IdCardCharacters,
    IdCardCheckDigit,
    IdCardDate,
    IdCardLength,
    UsccCharacters,
    UsccCheckDigit,
    UsccLength,
    check_id_card,
    check_uscc,
    mask_id_card,
    mask_name,
)

# All identity numbers and credit codes in this module are invented.
CARD = "360781198505121233"
WITH_X = "36078119850512125X"


def card(seventeen: str) -> str:
    return seventeen + card_digit(seventeen + "0")


def coded(seventeen: str) -> str:
    return seventeen + code_digit(seventeen)


def weighed(seventeen: str) -> str:
    """Return the check digit by the formula of GB 11643, in which the weights are powers of two modulo 11."""
    return "10X98765432"[sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(seventeen)) % 11]


def test_a_card_says_when_its_holder_was_born() -> None:
    found = check_id_card(CARD)
    assert (found.number, found.born_on, found.warnings) == (CARD, date(1985, 5, 12), ())


@pytest.mark.parametrize("case, number, refusal", [
    ("nothing",                         "",                    IdCardLength),
    ("one of 15 digits",                "360781850512123",     IdCardLength),
    ("a digit too few",                 CARD[:-1],             IdCardLength),
    ("a digit too many",                CARD + "0",            IdCardLength),
    ("a blank behind it",               CARD + " ",            IdCardLength),
    ("full-width digits",               "３６" + CARD[2:],      IdCardCharacters),
    ("digits of another script",        "٣" + CARD[1:],        IdCardCharacters),
    ("an X before the end",             "36078119850512X233",  IdCardCharacters),
    ("another letter at the end",       CARD[:-1] + "Y",       IdCardCharacters),
    ("a blank inside",                  "360781 98505121233",  IdCardCharacters),
    ("the 30th of February",            card("36078119850230123"), IdCardDate),
    ("the 29th of a common year",       card("36078119850229123"), IdCardDate),
    ("a month 13",                      card("36078119851312123"), IdCardDate),
    ("a year 0000",                     card("36078100000512123"), IdCardDate),
    ("before anybody living was born",  card("36078118991231123"), IdCardDate),
    ("the check digit is another",      CARD[:-1] + "4",       IdCardCheckDigit),
    ("an X where a digit belongs",      CARD[:-1] + "X",       IdCardCheckDigit),
])  # fmt: skip
def test_a_number_that_is_no_card_is_refused(case: str, number: str, refusal: type[RuleViolation]) -> None:
    with pytest.raises(refusal) as refused:
        check_id_card(number)
    assert refused.value.facts["rule"] == "GB 11643"
    assert number == "" or number not in str(refused.value), "a refusal never carries the whole number"


@pytest.mark.parametrize(
    "case, number",
    [
        ("the 29th of a leap year", card("36078119840229123")),
        ("born in 1900", card("36078119000101123")),
        ("ends in X", WITH_X),
    ],
)
def test_a_number_at_the_edge_is_a_card(case: str, number: str) -> None:
    assert check_id_card(number).number == number


def test_a_small_x_is_taken_as_a_capital() -> None:
    assert check_id_card(WITH_X.lower()).number == WITH_X


@pytest.mark.parametrize("case, area, warned", [
    ("today's Ruijin",                 "360781", False),
    ("Nankang before 2013",            "360782", False),
    ("Ganxian before 2016",            "360721", False),
    ("Longnan before 2020",            "360727", False),
    ("Ganzhou before 1999",            "362101", True),
    ("no such county of Ganzhou",      "360799", True),
    ("a county elsewhere",             "440305", False),
    ("no such province",               "990101", True),
])  # fmt: skip
def test_an_unknown_area_is_only_a_warning(case: str, area: str, warned: bool) -> None:
    found = check_id_card(card(f"{area}19850512123"))
    assert found.warnings == (("id_card_area_unknown",) if warned else ())


@given(st.from_regex(r"36078119(8[0-9])(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])[0-9]{3}", fullmatch=True))
def test_the_check_digit_is_that_of_the_standard(seventeen: str) -> None:
    assert check_id_card(seventeen + weighed(seventeen)).number[17] == weighed(seventeen)


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(place: int, more: int) -> None:
    digit = str((int(CARD[place]) + more) % 10)
    with pytest.raises((IdCardCheckDigit, IdCardDate)):
        check_id_card(CARD[:place] + digit + CARD[place + 1 :])


@pytest.mark.parametrize("case, number", [
    ("an enterprise",                  coded("91360781MA35G1234")),
    ("a farmers' cooperative",         coded("93360781MA35G1234")),
    ("a village collective (N)",       coded("N2360781MF35G1234")),
    ("a body that is none of these",   coded("Y1360781MF35G1234")),
])  # fmt: skip
def test_a_credit_code_is_taken(case: str, number: str) -> None:
    assert check_uscc(number) == number
    assert check_uscc(number.lower()) == number


@pytest.mark.parametrize("case, number, refusal", [
    ("nothing",                       "",                              UsccLength),
    ("a character too few",           coded("91360781MA35G1234")[:17], UsccLength),
    ("an old registration number",    "360781210001234",               UsccLength),
    ("a letter that is not used (I)", "9I360781MA35G12341",            UsccCharacters),
    ("a letter that is not used (O)", "91360781MA35G1O341",            UsccCharacters),
    ("a letter in the area",          "9136A781MA35G12341",            UsccCharacters),
    ("full-width digits",             "９１360781MA35G12341",            UsccCharacters),
    ("a hyphen",                      "91360781-A35G12341",            UsccCharacters),
    ("two characters changed places", coded("91360781MA35G1234").replace("G1", "1G"), UsccCheckDigit),
])  # fmt: skip
def test_a_code_that_is_none_is_refused(case: str, number: str, refusal: type[RuleViolation]) -> None:
    with pytest.raises(refusal) as refused:
        check_uscc(number)
    assert refused.value.facts["rule"] == "GB 32100"


@pytest.mark.parametrize("case, number, masked", [
    ("a card",             CARD,              "3607**********1233"),
    ("one of 15",          "360781850512123", "3607*******2123"),
    ("too short to show",  "36078119",        "********"),
    ("nothing",            "",                ""),
])  # fmt: skip
def test_a_card_is_shown_without_its_middle(case: str, number: str, masked: str) -> None:
    assert mask_id_card(number) == masked


@pytest.mark.parametrize(
    "case, name, masked",
    [
        ("two characters", "张三", "张*"),
        ("three characters", "张三丰", "张**"),
        ("one character", "张", "*"),
        ("nothing", "", "*"),
    ],
)
def test_a_name_is_made_public_without_the_given_one(case: str, name: str, masked: str) -> None:
    assert mask_name(name) == masked
