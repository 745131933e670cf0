"""The signed-in user of a request, as an object with the attributes that Flask-Security and the API need."""

from dataclasses import dataclass

from flask_security import RoleMixin, UserMixin

from api.core.scope import Scope
from ledger.operations.registry.users import Role
from ledger.tables.users import User


class PersonRole(RoleMixin):
    """A role as an object for Flask-Security; the rights of a role are listed in api/core/rights.py."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get_permissions(self) -> set[str]:
        return set()


@dataclass(frozen=True, eq=False)
class Person(UserMixin):
    """A signed-in user, with the user's role and scope."""

    username: str
    name: str
    role: Role
    scope: Scope
    active: bool
    password: str
    # `fs_uniquifier` has a default value, since Flask-Security looks for the attribute on the class `Person`.
    fs_uniquifier: str = ""

    @property
    def roles(self) -> list[RoleMixin]:  # type: ignore[override]
        return [PersonRole(self.role)]


def person_of(user: User) -> Person:
    """Return a `Person` made from a row of the table of users."""
    return Person(
        username=user.username,
        name=user.name,
        role=Role(user.role),
        scope=Scope(user.bank, frozenset(row.county for row in user.counties)),
        active=user.active,
        password=user.password,
        fs_uniquifier=user.fs_uniquifier,
    )
