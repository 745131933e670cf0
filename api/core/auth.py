"""Signing in with bearer tokens; Flask-Security makes and checks the tokens, and the ledger stores the users."""

from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app, g, request
from flask_security import Security, UserDatastore
from flask_security.utils import parse_auth_token
from itsdangerous import BadData
from sqlalchemy import select

from api.core import edge
from api.core.current_user import Person, PersonRole, person_of
from api.core.errors import NotSignedIn
from ledger.operations.registry import users
from ledger.operations.registry.users import DEMO_PREFIX, DEMO_USERS, Role
from ledger.tables.users import User

TOKEN_LIFE = timedelta(hours=12)
TOKEN_LENGTH_MAX = 1000


class SignInRefused(NotSignedIn):
    """Raised when signing in fails; the message is always the same, so that it does not reveal which users exist."""

    code = "sign_in_refused"
    zh = "用户名或密码不正确，或该用户已停用"
    en = "the username or the password is not right, or the user is disabled"


class People(UserDatastore):
    """Gives Flask-Security read-only access to users; only ledger/operations/registry/users.py changes users."""

    def __init__(self) -> None:
        super().__init__(Person, PersonRole)

    def find_user(self, case_insensitive: bool = False, **kwargs: Any) -> Person | None:
        ((name, value),) = kwargs.items()
        with edge.unscoped() as session:
            user = session.execute(select(User).where(getattr(User, name) == value)).scalar()
            return None if user is None else person_of(user)

    def find_role(self, role: str) -> PersonRole | None:
        return PersonRole(role) if role in set(Role) else None

    def put(self, model: Any) -> Any:
        return model

    def commit(self) -> None:
        """Do nothing, since Flask-Security never changes a user."""


def install(app: Flask, secret: str) -> None:
    """Set up Flask-Security for tokens only, without the pages that Flask-Security provides."""
    app.config.update(
        SECRET_KEY=secret,
        SECURITY_PASSWORD_HASH="argon2",
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        # Password hashes are made in ledger/operations/registry/users.py, without a pepper.
        SECURITY_PASSWORD_SINGLE_HASH=["argon2"],
        SECURITY_TOKEN_MAX_AGE=TOKEN_LIFE,
        SECURITY_TOKEN_EXPIRE_TIMESTAMP=lambda _user: int(_expiry().timestamp()),
        SECURITY_ANONYMOUS_USER_DISABLED=True,
    )
    app.extensions["ledger_people"] = people_store = People()
    Security(app, people_store, register_blueprint=False)


def sign_in(username: str, password: str) -> tuple[str, datetime]:
    """Return a token and the moment at which the token expires; raise SignInRefused where signing in fails."""
    with edge.unscoped() as session:
        user = session.get(User, username)
        person = None if user is None else person_of(user)
    fits = users.fits(password, None if person is None else person.password)
    if person is None or not fits or not person.active or _demo_outside(username, password):
        raise SignInRefused()
    token = person.get_auth_token()
    return token if isinstance(token, str) else token.decode(), _expiry()


def identify() -> Person:
    """Return the user to whom the bearer token of the request belongs.

    Raises NotSignedIn for a missing, forged or expired token, and for a disabled user.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(token) <= TOKEN_LENGTH_MAX:
        raise NotSignedIn()
    try:
        payload = parse_auth_token(token.strip())
    except (BadData, ValueError):
        raise NotSignedIn() from None
    store: People = current_app.extensions["ledger_people"]
    user = store.find_user(fs_uniquifier=str(payload["uid"]))
    if user is None or not user.active:
        raise NotSignedIn()
    g.person = user
    return user


def _expiry() -> datetime:
    """Return the moment twelve hours from now, in whole seconds since a token stores whole seconds."""
    return (edge.now() + TOKEN_LIFE).replace(microsecond=0)


def _demo_outside(username: str, password: str) -> bool:
    known = username in DEMO_USERS and password == f"{DEMO_PREFIX}{username}"
    return known and not edge.service().demo
