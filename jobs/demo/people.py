"""Invented people for the demo county: their names and identity cards look real and belong to nobody."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from stdnum.cn import ric

_SURNAMES = "刘钟曾谢赖邱温廖杨陈黄李罗朱钱胡郭宋池许"
_GIVEN_MEN = ("福生", "建华", "石生", "水根", "志明", "长生", "贵林", "金发", "春生", "运来", "家旺", "德茂")
_GIVEN_WOMEN = ("秀英", "桂香", "春莲", "玉兰", "小红", "美华", "冬梅", "招娣", "金凤", "丽萍", "菊香", "素珍")
_TOWNS = {
    "叶坪镇": ("大胜村", "新院村", "田背村"),
    "沙洲坝镇": ("洁源村", "河坑村"),
    "壬田镇": ("中潭村", "凤岗村", "高轩村"),
    "九堡镇": ("密溪村", "坝溪村"),
    "黄柏乡": ("上塅村", "坳背村"),
}


@dataclass(frozen=True, slots=True)
class Person:
    """A member of an invented household."""

    name: str
    id_card: str
    relation: str


@dataclass(frozen=True, slots=True)
class House:
    """An invented registered household; the first member is the head of the household."""

    registry_no: str
    town: str
    village: str
    category: str
    registered_on: date
    members: tuple[Person, ...]


def houses(chance: Random, county: str, count: int) -> list[House]:
    """Return invented households of a county; the heads of the households are 24 to 52 years old in 2016."""
    return [_house(chance, county, number) for number in range(1, count + 1)]


def _house(chance: Random, county: str, number: int) -> House:
    town = chance.choice(list(_TOWNS))
    head_born = date(1964, 1, 1) + timedelta(days=chance.randrange(28 * 365))
    surname = chance.choice(_SURNAMES)
    head = _person(chance, county, number, surname, head_born, "户主", man=True)
    partner_born = head_born + timedelta(days=chance.randrange(-1500, 1500))
    partner = _person(chance, county, number, chance.choice(_SURNAMES), partner_born, "配偶", man=False)
    child_born = date(max(head_born.year, partner_born.year) + 24, chance.randrange(1, 13), chance.randrange(1, 29))
    child = _person(chance, county, number, surname, child_born, "之子", man=True)
    category = chance.choices(("一般贫困户", "扶贫低保户", "低保户"), (80, 15, 5))[0]
    registered_on = date(2014, 1, 1) + timedelta(days=chance.randrange(600))
    return House(
        f"{county}{number:06d}", town, chance.choice(_TOWNS[town]), category, registered_on, (head, partner, child)
    )


def _person(
    chance: Random, county: str, number: int, surname: str, born_on: date, relation: str, *, man: bool
) -> Person:
    """Return a person with a valid identity card number, whose serial is unique in the demo and odd for a man."""
    given = chance.choice(_GIVEN_MEN if man else _GIVEN_WOMEN)
    serial = number * 2 % 998 + (1 if man else 0)
    # A number ending in 000 is refused in a csv file, because a spreadsheet may have rounded the number.
    serial += 50 if serial % 100 == 0 else 0
    digits = f"{county}{born_on:%Y%m%d}{serial:03d}"
    return Person(surname + given, digits + ric.calc_check_digit(digits + "0"), relation)
