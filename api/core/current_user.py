"""Who asks, as the sign-in library and the edge know them for the length of one request."""

from dataclasses import dataclass

from flask_security import RoleMixin, UserMixin

from api.core.scope import Scope
from ledger.operations.registry.users import Role
from ledger.tables.users import User


class PersonRole(RoleMixin):
    """A role as the sign-in library asks for it; what it may do stands in api/core/rights.py."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get_permissions(self) -> set[str]:
        return set()


@dataclass(frozen=True, eq=False)
class Person(UserMixin):
    """A user and what is theirs."""

    username: str
    name: str
    role: Role
    scope: Scope
    active: bool
    password: str
    fs_uniquifier: str = ""  # the library looks for it on the class

    @property
    def roles(self) -> list[RoleMixin]:  # type: ignore[override]
        return [PersonRole(self.role)]


def person_of(user: User) -> Person:
    """A row of the users as a person."""
    return Person(
        username=user.username,
        name=user.name,
        role=Role(user.role),
        scope=Scope(user.bank, frozenset(row.county for row in user.counties)),
        active=user.active,
        password=user.password,
        fs_uniquifier=user.fs_uniquifier,
    )
