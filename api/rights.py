"""Who may use which function: one row a route, read by the edge and by the test that tries every role on each."""

from collections.abc import Mapping
from typing import Final

from ledger.operations.people import BANK_ROLES, COUNTY_ROLES, Role

Roles = frozenset[Role]

ANYBODY: Final[Roles] = frozenset()  # without signing in
EVERYONE: Final[Roles] = frozenset(Role)
OFFICER: Final[Roles] = frozenset({Role.BANK_OFFICER})
CHECKER: Final[Roles] = frozenset({Role.BANK_CHECKER})
BANK: Final[Roles] = BANK_ROLES
COUNTY: Final[Roles] = COUNTY_ROLES
CITY: Final[Roles] = frozenset({Role.CITY_FINANCE})
AUDITOR: Final[Roles] = frozenset({Role.AUDITOR})
ADMIN: Final[Roles] = frozenset({Role.ADMIN})
READERS: Final[Roles] = BANK | COUNTY | CITY | AUDITOR
"""Everybody who works with the books; what of them they are shown is their scope's to say."""

# Method and path below /api/v1, as the document names them. A route without a row does not start.
RIGHTS: Final[Mapping[str, Roles]] = {
    "POST /auth/token": ANYBODY,
    "GET /me": EVERYONE,
    #
    "GET /users": ADMIN | AUDITOR,
    "POST /users": ADMIN,
    "PATCH /users/{username}": ADMIN,
    #
    "GET /counties": EVERYONE,
    "GET /banks": EVERYONE,
    "POST /banks": CITY,
    "POST /banks/{code}/status": CITY,
    "GET /schemes": EVERYONE,
    "POST /schemes": CITY,
    "GET /schemes/{code}": EVERYONE,
    "GET /rates/{table}": EVERYONE,
    "POST /rates/{table}": CITY,
    "GET /calendar/{year}": EVERYONE,
    "POST /calendar/{year}": CITY,
    #
    "GET /ledger/accounts": READERS,
    "GET /ledger/balances": READERS,
    "GET /ledger/trial-balance": READERS,
    "GET /ledger/entries": READERS,
    "GET /ledger/entries/{entry_id}": READERS,
    "GET /ledger/events/{event_id}": READERS,
    "GET /ledger/periods": READERS,
}
