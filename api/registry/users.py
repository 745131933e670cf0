"""The views with which the administrator lists, adds and changes users."""

from collections.abc import Sequence
from typing import Any

from marshmallow.fields import List, String
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.core.fields import Choice, Code, Moment, Text, Truth
from api.core.paging import Listing
from api.core.routes import Blueprint
from api.core.schemas import Answer, Body
from api.registry.tokens import PASSWORD_LENGTH_MAX
from ledger.operations.registry import users as operations
from ledger.operations.registry.users import Role
from ledger.tables.users import User
from ledger.unit_of_work import Unit

blueprint = Blueprint("users", "/users", "用户: role, bank and counties of everybody who signs in")


class UserBody(Body):
    username = Text(most=64, required=True)
    name = Text(most=60, required=True)
    password = Text(most=PASSWORD_LENGTH_MAX, trim=False, required=True)
    role = Choice(*Role, required=True)
    bank = Code(allow_none=True, load_default=None)
    counties = List(Code(), load_default=list)


class UserPatch(Body):
    active = Truth()
    password = Text(most=PASSWORD_LENGTH_MAX, trim=False)


class UserAnswer(Answer):
    """用户"""

    username = String(required=True)
    name = String(required=True)
    role = String(required=True)
    bank = Code(required=True, allow_none=True)
    counties = List(Code(), required=True)
    active = Truth(required=True)
    created_at = Moment(required=True)


@blueprint.listing("", row=UserAnswer)
def listed(_session: Session) -> Listing:
    """Everybody, by name."""
    return Listing(select(User), key=(User.username,), show=lambda _session, users: _shown(users))


@blueprint.post("", body=UserBody, answer=UserAnswer, status=201)
def add(unit: Unit, **sent: Any) -> dict[str, Any]:
    """A new person; a name is given once and for all."""
    return _shown([operations.add_user(unit, **sent)])[0]


@blueprint.patch("/<name:username>", body=UserPatch, answer=UserAnswer)
def change(unit: Unit, username: str, active: bool | None = None, password: str | None = None) -> dict[str, Any]:
    """Disable a person or let them in again, or set their password: either ends their tokens."""
    if password is not None:
        operations.set_password(unit, username, password)
    if active is not None:
        operations.set_active(unit, username, active)
    return _shown([operations.user_of(unit.session, username)])[0]


def _shown(users: Sequence[User]) -> list[dict[str, Any]]:
    return [
        {
            "username": user.username,
            "name": user.name,
            "role": user.role,
            "bank": user.bank,
            "counties": sorted(row.county for row in user.counties),
            "active": user.active,
            "created_at": user.created_at,
        }
        for user in users
    ]
