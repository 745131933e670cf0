"""Checks and masking of resident identity cards (GB 11643) and unified social credit codes (GB 32100)."""

import re
from dataclasses import dataclass
from datetime import date

from stdnum.cn.ric import calc_check_digit as card_digit
from stdnum.cn.uscc import calc_check_digit as code_digit

from ledger.errors import RuleViolation

CARD = re.compile(r"[0-9]{17}[0-9X]")
CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
EARLIEST = date(1900, 1, 1)

PROVINCES = frozenset(
    (
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
    )
)
GANZHOU = frozenset(
    (
        "360702",
        "360703",
        "360704",
        "360722",
        "360723",
        "360724",
        "360725",
        "360726",
        "360728",
        "360729",
        "360730",
        "360731",
        "360732",
        "360733",
        "360734",
        "360735",
        "360781",
        "360783",
        "360721",
        "360727",
        "360782",
    )
)
"""The area codes of Ganzhou: those in force, and those retired since 1999.

The codes of Ganzhou before 1999, 3621xx, are not in the table, and many adults have such a card. An unknown area is
therefore a warning and never a refusal.
"""


class IdCardLength(RuleViolation):
    code = "id_card_length"
    zh = "身份证号须为 {limit} 位，实为 {found} 位（15 位号码不受理）"
    en = "an identity card number has {limit} characters, not {found} (those of 15 are not taken)"


class IdCardCharacters(RuleViolation):
    code = "id_card_characters"
    zh = "身份证号须为 17 位半角数字加一位数字或 X：{found:text}"
    en = "an identity card number is 17 plain digits and a digit or X: {found:text}"


class IdCardDate(RuleViolation):
    code = "id_card_date"
    zh = "身份证号中的出生日期不存在：{found:text}"
    en = "the birth date in the identity card number does not exist: {found:text}"


class IdCardCheckDigit(RuleViolation):
    code = "id_card_check_digit"
    zh = "身份证号校验位错误：应为 {limit:text}，实为 {found:text}"
    en = "the identity card's check digit is {found:text}, it should be {limit:text}"


class UsccLength(RuleViolation):
    code = "uscc_length"
    zh = "统一社会信用代码须为 {limit} 位，实为 {found} 位"
    en = "a unified social credit code has {limit} characters, not {found}"


class UsccCharacters(RuleViolation):
    code = "uscc_characters"
    zh = "统一社会信用代码含有不允许的字符：{found:text}"
    en = "the unified social credit code has characters that do not belong in it: {found:text}"


class UsccCheckDigit(RuleViolation):
    code = "uscc_check_digit"
    zh = "统一社会信用代码校验位错误：应为 {limit:text}，实为 {found:text}"
    en = "the unified social credit code's check digit is {found:text}, it should be {limit:text}"


@dataclass(frozen=True, slots=True)
class IdCard:
    """A valid identity card number, with the birth date, sex and area that the number contains."""

    number: str
    born_on: date
    warnings: tuple[str, ...]


def check_id_card(text: str) -> IdCard:
    """Return the identity card of a number of 18 characters (GB 11643); a lower-case x is read as X.

    Raise IdCardLength, IdCardCharacters, IdCardDate or IdCardCheckDigit, checked in this order. The refusals of an
    identity card number never contain the whole number.
    """
    number = text.upper()
    if len(number) != 18:
        raise IdCardLength(rule="GB 11643", limit=18, found=len(number))
    if not CARD.fullmatch(number):
        raise IdCardCharacters(rule="GB 11643", found=mask_id_card(number))
    try:
        born_on = date.fromisoformat(number[6:14])
    except ValueError:
        born_on = date.min
    if born_on < EARLIEST:
        raise IdCardDate(rule="GB 11643", found=number[6:14])
    digit = card_digit(number)
    if digit != number[17]:
        raise IdCardCheckDigit(rule="GB 11643", limit=digit, found=number[17])
    warnings = () if _is_known(number[:6]) else ("id_card_area_unknown",)
    return IdCard(number, born_on, warnings)


def _is_known(area: str) -> bool:
    return area in GANZHOU if area.startswith(("3607", "3621")) else area[:2] in PROVINCES


def check_uscc(text: str) -> str:
    """Return a unified social credit code in capitals (GB 32100), including the N-codes of collectives.

    Raise UsccLength, UsccCharacters or UsccCheckDigit, checked in this order.
    """
    code = text.upper()
    if len(code) != 18:
        raise UsccLength(rule="GB 32100", limit=18, found=len(code))
    if not CODE.fullmatch(code):
        raise UsccCharacters(rule="GB 32100", found=code)
    digit = code_digit(code)
    if digit != code[17]:
        raise UsccCheckDigit(rule="GB 32100", limit=digit, found=code[17])
    return code


def mask_id_card(number: str) -> str:
    """Return a card number with its middle hidden (3607**********1234); hide all of a number of 8 characters
    or fewer.
    """
    if len(number) <= 8:
        return "*" * len(number)
    return f"{number[:4]}{'*' * (len(number) - 8)}{number[-4:]}"


def mask_name(name: str) -> str:
    """Return a name as published (公示), with all but the first character hidden: 张三 becomes 张*.

    A name of one character is hidden completely.
    """
    return name[:1] + "*" * (len(name) - 1) if len(name) > 1 else "*"
