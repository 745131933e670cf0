"""The stored form of identifiers and names (编号与姓名), so that one contract or person is never recorded twice."""

import re
import unicodedata

from ledger.errors import RuleViolation

_INVISIBLE = frozenset(("Cf", "Cc", "Zl", "Zp"))
"""The Unicode categories of characters that nobody sees in a cell, such as the zero-width space U+200B."""

_SCIENTIFIC = re.compile(r"[0-9]+(\.[0-9]+)?E\+[0-9]+")
_ROUNDED = re.compile(r"[0-9]{15}000+")
_DOTS = str.maketrans({"•": "·", "．": "·", "‧": "·", "・": "·", "●": "·"})
_NOT_BETWEEN_LATIN = re.compile(r"(?<![A-Za-z.·]) +| +(?![A-Za-z.·])")


class InvisibleCharacter(RuleViolation):
    code = "invisible_character"
    zh = "含有看不见的字符 {found:text}；请清空单元格后手工重新填写"
    en = "it contains the invisible character {found:text}: clear the cell and type it again"


class DigitsLost(RuleViolation):
    code = "digits_lost"
    zh = "编号 {found:text} 的部分数字已被表格软件改写；请按原件重新填写，以文本格式的 xlsx 报送"
    en = "a spreadsheet program has changed digits of {found:text}: type it again and send it as text in an xlsx file"


def identifier(text: str) -> str:
    """Return an identifier in its stored form: half-width, without blanks, in capital letters.

    Raise InvisibleCharacter, and DigitsLost for a number in scientific notation such as 2.01605E+13.
    """
    code = "".join(_visible(text).split()).upper()
    if _SCIENTIFIC.fullmatch(code):
        raise DigitsLost(found=code[:40])
    return code


def check_digits_kept(code: str) -> str:
    """Return an identifier read from a text file; raise DigitsLost where a spreadsheet has rounded its digits.

    A spreadsheet program keeps 15 digits of a number and writes zeros for the rest, so a number of 18 digits or more
    that ends in zeros from its 16th digit on is refused. A text file does not tell a number from a text.
    """
    if _ROUNDED.fullmatch(code):
        raise DigitsLost(found=f"{code[:6]}…{code[-3:]}")
    return code


def person_name(text: str) -> str:
    """Return the name of a person or organisation in its stored form; raise InvisibleCharacter.

    Blanks are removed except between Latin words, and every sign that stands for the middle dot becomes `·`.
    """
    return _NOT_BETWEEN_LATIN.sub("", " ".join(_visible(text.translate(_DOTS)).split()))


def is_plain(text: str) -> bool:
    """Return whether a text has no blank, no invisible character and no character that normalising would change."""
    return " " not in text and text.isprintable() and unicodedata.is_normalized("NFKC", text)


def _visible(text: str) -> str:
    for character in text:
        if unicodedata.category(character) in _INVISIBLE:
            raise InvisibleCharacter(found=f"U+{ord(character):04X}")
    return unicodedata.normalize("NFKC", text)
