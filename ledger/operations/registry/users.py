"""The users of the ledger: their roles, their banks and counties, and their passwords."""

import re
import secrets
from collections.abc import Collection, Mapping
from enum import StrEnum
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ledger import dates
from ledger.errors import NotFound, RuleViolation
from ledger.labels import Said
from ledger.queries.reference import county_of
from ledger.tables.reference import Bank
from ledger.tables.users import User, UserCounty
from ledger.unit_of_work import Unit

PASSWORD_LENGTH_MIN = 8
DEMO_PREFIX = "demo-"
_USERNAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")


class Role(StrEnum):
    """The role of a user (scheme §1)."""

    BANK_OFFICER = "bank_officer"  # 银行经办员
    BANK_CHECKER = "bank_checker"  # 银行复核员
    POVERTY_OFFICE = "poverty_office"  # 县扶贫和移民办
    FINANCE_OFFICER = "finance_officer"  # 县财政局经办
    FINANCE_CHECKER = "finance_checker"  # 县财政局复核
    CITY_FINANCE = "city_finance"  # 市财政局、市扶贫和移民办
    AUDITOR = "auditor"  # 审计、监管
    ADMIN = "admin"  # 系统管理员


BANK_ROLES = frozenset({Role.BANK_OFFICER, Role.BANK_CHECKER})
COUNTY_ROLES = frozenset({Role.POVERTY_OFFICE, Role.FINANCE_OFFICER, Role.FINANCE_CHECKER})

DEMO_USERS: Mapping[str, Role] = {
    "officer": Role.BANK_OFFICER,
    "checker": Role.BANK_CHECKER,
    "officer2": Role.BANK_OFFICER,  # The users `officer2` and `checker2` belong to a second bank of the demo.
    "checker2": Role.BANK_CHECKER,
    "poverty": Role.POVERTY_OFFICE,
    "poverty2": Role.POVERTY_OFFICE,
    "finance": Role.FINANCE_OFFICER,
    "finance2": Role.FINANCE_CHECKER,
    "city": Role.CITY_FINANCE,
    "city2": Role.CITY_FINANCE,
    "auditor": Role.AUDITOR,
    "admin": Role.ADMIN,
}
"""The users of the demo county with their roles; each password is `demo-` and the username."""


class UsernameUnfit(RuleViolation):
    code = "username_unfit"
    zh = "用户名 {found:text} 不可用：须以小写字母开头，2 至 32 位小写字母、数字或 . _ -"
    en = "the username {found:text} is not taken: 2 to 32 of a-z, 0-9, dot, dash, underscore, a letter first"


class UserExists(RuleViolation):
    code = "user_exists"
    zh = "用户 {found:text} 已存在；用户名不可重复使用"
    en = "there is a user {found:text}; a name is given once"


class PasswordWeak(RuleViolation):
    code = "password_weak"
    zh = "密码不符合要求：至少 {limit} 位，不得与用户名相同，不得为演示密码"
    en = "the password is refused: at least {limit} characters, not the username, no password of the demo"


class RoleScope(RuleViolation):
    code = "role_scope"
    zh = "角色 {role} 的范围不符：{limit:text}"
    en = "the scope does not fit the role {role}: {limit:text}"


class LastAdmin(RuleViolation):
    code = "last_admin"
    zh = "{user} 是最后一个有效的管理员，不能停用"
    en = "{user} is the last active administrator and is not disabled"


def add_user(
    unit: Unit,
    username: str,
    name: str,
    password: str,
    role: str,
    *,
    bank: str | None = None,
    counties: Collection[str] = (),
    demo: bool = False,
) -> User:
    """Add a user with role, bank and counties; a county may be given by a retired code.

    With `demo`, the weak passwords of the demo users are allowed. Raise UsernameUnfit, UserExists, PasswordWeak,
    RoleScope, NotFound.
    """
    if not _USERNAME.fullmatch(username):
        raise UsernameUnfit(found=username)
    if unit.session.get(User, username) is not None:
        raise UserExists(found=username)
    _check_password(username, password, demo=demo)
    county_ids = sorted({county_of(unit.session, county) for county in counties})
    _check_scope(Role(role), bank, county_ids)
    if bank is not None and unit.session.get(Bank, bank) is None:
        raise NotFound(what="bank", id=bank)
    user = User(
        username=username,
        name=name,
        password=hash_password(password),
        role=role,
        bank=bank,
        active=True,
        fs_uniquifier=secrets.token_hex(32),
        created_at=dates.moment(unit.recorded_at),
        counties=[UserCounty(county=county) for county in county_ids],
    )
    unit.session.add(user)
    unit.session.flush()
    return user


def set_password(unit: Unit, username: str, password: str) -> User:
    """Set a user's password and end every token of the user; raise PasswordWeak, NotFound."""
    user = _locked(unit, username)
    _check_password(username, password)
    user.password = hash_password(password)
    user.fs_uniquifier = secrets.token_hex(32)
    unit.session.flush()
    return user


def set_active(unit: Unit, username: str, active: bool) -> User:
    """Enable a user, or disable a user and end every token of the user; raise LastAdmin, NotFound."""
    user = _locked(unit, username)
    if user.active and not active and user.role == Role.ADMIN:
        others = (
            select(func.count())
            .select_from(User)
            .where(User.role == Role.ADMIN, User.active, User.username != username)
        )
        if not unit.session.execute(others).scalar_one():
            raise LastAdmin(user=username)
    if user.active != active:
        user.active = active
        user.fs_uniquifier = secrets.token_hex(32)
    unit.session.flush()
    return user


def user_of(session: Session, username: str) -> User:
    """Return the user with this name; raise NotFound where no user has the name."""
    user = session.get(User, username)
    if user is None:
        raise NotFound(what="user", id=username)
    return user


def anybody(session: Session) -> bool:
    """Return whether the ledger has any user."""
    return session.execute(select(User.username).limit(1)).first() is not None


def hash_password(password: str) -> str:
    """Return a salted argon2id hash of a password."""
    return _hasher.hash(password)


def fits(password: str, stored: str | None) -> bool:
    """Return whether a password matches the stored hash.

    The check takes equally long for a user without a stored hash, so the time does not reveal which usernames exist.
    """
    try:
        _hasher.verify(_nobody() if stored is None else stored, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return stored is not None


_hasher = PasswordHasher()


@cache
def _nobody() -> str:
    """Return a hash that matches no password, but takes as long to check as the hash of a real user."""
    return _hasher.hash(secrets.token_hex(32))


def _locked(unit: Unit, username: str) -> User:
    user = unit.session.get(User, username, with_for_update=True)
    if user is None:
        raise NotFound(what="user", id=username)
    return user


def _check_password(username: str, password: str, *, demo: bool = False) -> None:
    if demo and password == f"{DEMO_PREFIX}{username}":
        return
    if len(password) < PASSWORD_LENGTH_MIN or password == username or password.startswith(DEMO_PREFIX):
        raise PasswordWeak(limit=PASSWORD_LENGTH_MIN)


_A_BANK = Said("a bank is named; counties may be", "须指明银行，可以指明县")
_NO_BANK = Said("no bank is named", "不得指明银行")
_A_COUNTY = Said("one county is named", "须指明一个县")
_NO_COUNTIES = Said("no counties are named", "不得指明县")


def _check_scope(role: Role, bank: str | None, counties: Collection[str]) -> None:
    if role in BANK_ROLES and bank is None:
        raise RoleScope(role=role, limit=_A_BANK, found="no bank")
    if role not in BANK_ROLES and bank is not None:
        raise RoleScope(role=role, limit=_NO_BANK, found=bank)
    if role in COUNTY_ROLES and len(counties) != 1:
        raise RoleScope(role=role, limit=_A_COUNTY, found=len(counties))
    if role in {Role.CITY_FINANCE, Role.ADMIN} and counties:
        raise RoleScope(role=role, limit=_NO_COUNTIES, found=len(counties))
