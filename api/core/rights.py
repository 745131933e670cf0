"""The rights, which list the roles that may use each route; a test tries every role on every route."""

from collections.abc import Mapping
from typing import Final

from ledger.operations.registry.users import BANK_ROLES, COUNTY_ROLES, Role

Roles = frozenset[Role]

ANYBODY: Final[Roles] = frozenset()
"""The right of a route that can be used without signing in."""

EVERYONE: Final[Roles] = frozenset(Role)
OFFICER: Final[Roles] = frozenset({Role.BANK_OFFICER})
CHECKER: Final[Roles] = frozenset({Role.BANK_CHECKER})
POVERTY: Final[Roles] = frozenset({Role.POVERTY_OFFICE})
FINANCE_OFFICER: Final[Roles] = frozenset({Role.FINANCE_OFFICER})
FINANCE_CHECKER: Final[Roles] = frozenset({Role.FINANCE_CHECKER})
FINANCE: Final[Roles] = FINANCE_OFFICER | FINANCE_CHECKER
BANK: Final[Roles] = BANK_ROLES
COUNTY: Final[Roles] = COUNTY_ROLES
CITY: Final[Roles] = frozenset({Role.CITY_FINANCE})
AUDITOR: Final[Roles] = frozenset({Role.AUDITOR})
ADMIN: Final[Roles] = frozenset({Role.ADMIN})
REGISTRARS: Final[Roles] = OFFICER | CITY | frozenset({Role.POVERTY_OFFICE})
"""The roles that register borrowers; a bank officer registers the borrowers of the bank."""

READERS: Final[Roles] = BANK | COUNTY | CITY | AUDITOR
"""All roles that may read the books; a user sees only the rows in the user's scope."""

# `RIGHTS` lists roles by the method and the path below /api/v1, as in the OpenAPI document. The service does not start
# if a route is missing from `RIGHTS`.
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
    "POST /ledger/periods/{book}/{month}/close": CHECKER | FINANCE_CHECKER,
    "POST /ledger/periods/{book}/{month}/reopen": BANK | FINANCE,
    "POST /ledger/events/{event_id}/reversal": OFFICER | FINANCE_OFFICER,
    "POST /ledger/adjustments": OFFICER | FINANCE_OFFICER,
    #
    "GET /jobs": CITY | AUDITOR | ADMIN,
    "GET /jobs/runs": CITY | AUDITOR | ADMIN,
    "POST /jobs/runs": CITY,
    "GET /jobs/runs/{run_id}": CITY | AUDITOR | ADMIN,
    #
    "GET /households": READERS,
    "POST /households": REGISTRARS,
    "GET /households/{household_id}": READERS,
    "POST /households/search": READERS,
    "GET /households/{household_id}/contact": REGISTRARS,
    "POST /households/{household_id}/contact": REGISTRARS,
    "GET /organisations/{organisation_id}/contact": REGISTRARS,
    "POST /organisations/{organisation_id}/contact": REGISTRARS,
    "GET /organisations": READERS,
    "POST /organisations": REGISTRARS,
    "GET /organisations/{organisation_id}": READERS,
    "POST /organisations/{organisation_id}/links": REGISTRARS,
    #
    "GET /loans": READERS,
    "POST /loans": OFFICER,
    "GET /loans/{loan_id}": READERS,
    "PATCH /loans/{loan_id}": OFFICER,
    "POST /loans/{loan_id}/submission": OFFICER,
    "POST /loans/{loan_id}/approval": CHECKER,
    "POST /loans/{loan_id}/return": CHECKER,
    "POST /loans/{loan_id}/disbursement": OFFICER,
    "GET /loans/{loan_id}/lines": READERS,
    "GET /loans/{loan_id}/statement": READERS,
    "GET /loans/{loan_id}/payoff": READERS,
    "GET /loans/{loan_id}/repayments": READERS,
    "POST /loans/{loan_id}/repayments": OFFICER,
    "POST /loans/{loan_id}/extension": OFFICER,
    "POST /loans/{loan_id}/renewal": OFFICER,
    "POST /loans/{loan_id}/misuse": OFFICER,
    "POST /loans/{loan_id}/write-off": OFFICER,
    "POST /loans/{loan_id}/waiver": OFFICER,
    "POST /loans/{loan_id}/credit-refund": OFFICER,
    "POST /loans/{loan_id}/insurance": OFFICER,
    #
    "GET /imports": BANK | REGISTRARS | AUDITOR,
    "POST /imports/{kind}": REGISTRARS,
    "GET /imports/{import_id}": BANK | REGISTRARS | AUDITOR,
    "POST /imports/{import_id}/approval": CHECKER,
    "POST /imports/{import_id}/rejection": CHECKER,
    "GET /attachments": BANK | REGISTRARS | AUDITOR,
    "GET /attachments/{attachment_id}": BANK | REGISTRARS | AUDITOR,
    "GET /imports/templates/{kind}.xlsx": READERS,
    "GET /imports/templates/{kind}.csv": READERS,
    #
    "POST /issuance-reports": OFFICER,
    "GET /issuance-reports": READERS,
    "POST /issuance-reports/{report_id}/submission": CHECKER,
    "POST /fund/plans": CITY,
    "GET /fund/plans": COUNTY | CITY | AUDITOR,
    "GET /fund/plans/{plan_id}": COUNTY | CITY | AUDITOR,
    "POST /fund/plans/{plan_id}/approval": CITY,
    "POST /fund/plans/{plan_id}/appropriation": CITY,
    "POST /fund/plans/{plan_id}/deposits": FINANCE_OFFICER,
    "POST /fund/advances": CITY,
    "POST /fund/targets": CITY,
    "GET /fund/targets": READERS,
    "GET /fund/accounts": READERS,
    "GET /fund/accounts/{county}/{bank}/statement": READERS,
    "POST /fund/accounts/{county}/{bank}/interest": FINANCE_OFFICER,
    "POST /fund/accounts/{county}/{bank}/county-contributions": FINANCE_OFFICER,
    "POST /fund/accounts/{county}/{bank}/reconciliations": FINANCE_OFFICER,
    "POST /fund/accounts/{county}/{bank}/return": FINANCE_OFFICER,
    "GET /reports/fund": READERS,
    "GET /reports/idle-funds": READERS,
    "GET /reports/issuance": READERS,
    "GET /reports/portfolio": READERS,
    "GET /reports/deadlines": READERS,
    #
    "GET /reports/compensation": READERS,
    "GET /claims": READERS,
    "POST /claims": OFFICER,
    "GET /claims/{claim_id}": READERS,
    "POST /claims/{claim_id}/submission": CHECKER,
    "POST /claims/{claim_id}/review": POVERTY,
    "POST /claims/{claim_id}/approval": FINANCE_OFFICER,
    "POST /claims/{claim_id}/return": POVERTY | FINANCE,
    "POST /claims/{claim_id}/payment": FINANCE_CHECKER,
    "POST /claims/{claim_id}/closing": OFFICER | FINANCE_OFFICER,
    "GET /loans/{loan_id}/recoveries": READERS,
    "POST /loans/{loan_id}/recoveries": OFFICER,
    "POST /recoveries/{recovery_id}/remittance": OFFICER,
    "POST /fund/county-shares": FINANCE_OFFICER,
    "POST /fund/county-share-returns": FINANCE_OFFICER,
    "POST /fund/suspense": FINANCE_OFFICER,
    "POST /fund/suspense/{suspense_id}/release": FINANCE_OFFICER,
    #
    "GET /subsidy-batches": READERS,
    "POST /subsidy-batches": OFFICER,
    "GET /subsidy-batches/{batch_id}": READERS,
    "GET /subsidy-batches/{batch_id}/lines": READERS,
    "GET /subsidy-batches/{batch_id}/public-list": READERS,
    "POST /subsidy-batches/{batch_id}/submission": CHECKER,
    "POST /subsidy-batches/{batch_id}/approval": POVERTY,
    "POST /subsidy-batches/{batch_id}/return": POVERTY | FINANCE,
    "POST /subsidy-batches/{batch_id}/verification": FINANCE_OFFICER,
    "POST /subsidy-batches/{batch_id}/payment": FINANCE_CHECKER,
    "GET /notices": READERS,
    "GET /notices/sendings": BANK | CITY | AUDITOR,
    "POST /notices/sendings/{sending_id}/resolution": OFFICER,
    "GET /notices.pdf": READERS,
    "GET /notices/{notice_id}.pdf": READERS,
    "GET /notices/{notice_id}": READERS,
    "POST /notices/{notice_id}/delivery": OFFICER,
    "POST /notices/{notice_id}/delivery/withdrawal": CHECKER,
    "POST /notices/{notice_id}/receipts": OFFICER,
    "GET /notices/{notice_id}/receipts/{receipt_id}": READERS,
    #
    "GET /clawbacks": READERS,
    "POST /clawbacks/{clawback_id}/receipt": FINANCE,
    "GET /reports/subsidies": READERS,
    #
    "GET /approvals": READERS,
    "GET /approvals/{approval_id}": READERS,
    "POST /approvals/{approval_id}": CHECKER | FINANCE_CHECKER | CITY,
    "POST /approvals/{approval_id}/refusal": CHECKER | FINANCE_CHECKER | CITY,
}
