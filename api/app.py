"""The application: every resource under /api/v1, its document, signing in, limits, headers, health.

How to add an endpoint
----------------------
One module a resource. At its top the shapes (api/core/fields.py, api/core/schemas.py), then a Blueprint
(api/core/routes.py), then views of a few lines; its row of rights goes into api/core/rights.py, its blueprint into
`BLUEPRINTS` below.

    class DisbursementBody(Body):
        disbursed_on = Day(load_default=edge.today)

    class DisbursementAnswer(Answer):
        \"""放款结果\"""
        id = Id(required=True)
        status = String(required=True)
        due_on = Day(required=True)

    loans = Blueprint("loans", "/loans", "贷款: from submission to closing")

    @loans.post("/<id:loan_id>/disbursement", body=DisbursementBody, answer=DisbursementAnswer)
    def disburse(unit: Unit, loan_id: int, disbursed_on: date) -> Loan:
        \"""放款登记: record that a loan was paid out.\"""
        edge.find(unit, Loan, loan_id)  # 404 when unknown or out of the asker's scope
        return operations.disburse(unit, loan_id, disbursed_on)

    @loans.get("/<id:loan_id>", asks=LoanQuery, answer=LoanAnswer)
    def show(session: Session, loan_id: int, ...) -> LoanShown: ...

    @loans.listing("", row=LoanRow, asks=LoanFilters)
    def listed(session: Session, **filters: Any) -> Listing:
        return Listing(select(Loan).where(...), key=(Loan.id,), show=with_balances)

- `post` and `patch` views get a Unit: the transaction is begun, retried and committed around them, the key settled
  before and the answer stored with it. A unit sees everything: look up what is touched by `edge.find`, and pass
  banks and counties that were sent through `edge.bank` and `edge.county` (which takes retired codes too).
- `get` and `listing` views get a Session on one snapshot, in which ORM selects are kept to the asker's scope. Core
  selects are not: they belong into ledger/reports, narrowed by `edge.within`.
- A query shape derived from ClockQuery gives the view `clocks` and the answer as_of, known_at, final.
- Refusals are raised; nothing is caught. What a view answers (a dict, a dataclass, a row) has every field of the
  answer's shape, None where there is nothing.
- What fits none of these makes its own response with `raw`: files in, PDFs out.
"""

from flask import Flask

from api.approvals import views as approvals
from api.books import periods, reports
from api.books import views as ledger
from api.compensation import claims, recoveries
from api.core import auth, docs, document, edge, errors, headers, health, limits, logs
from api.core.routes import Blueprint
from api.fund import issuance
from api.fund import views as fund
from api.jobs import views as jobs
from api.lending import views as loans
from api.notices import attempts, papers
from api.notices import views as notices
from api.registry import borrowers, contacts, published, reference, tokens, users
from api.sheets import views as imports
from api.subsidy import views as subsidies
from ledger.settings import Settings, secret_key

BODY_BYTES_MAX = 64 * 1024 * 1024  # a sheet of a hundred thousand loans
BLUEPRINTS: tuple[Blueprint, ...] = (
    tokens.blueprint,
    users.blueprint,
    reference.blueprint,
    published.blueprint,
    borrowers.households,
    borrowers.organisations,
    loans.blueprint,
    imports.blueprint,
    issuance.blueprint,
    fund.blueprint,
    reports.blueprint,
    claims.blueprint,
    claims.reports_blueprint,
    recoveries.blueprint,
    subsidies.blueprint,
    notices.blueprint,
    papers.blueprint,
    attempts.blueprint,
    contacts.households,
    contacts.organisations,
    approvals.blueprint,
    periods.blueprint,
    ledger.blueprint,
    jobs.blueprint,
)


def create_app(settings: Settings, *, demo: bool = False) -> Flask:
    """The application on the database of the settings; `demo` lets the demo's users in."""
    app = Flask("api", static_folder=None, template_folder="templates")
    app.config.update(MAX_CONTENT_LENGTH=BODY_BYTES_MAX, MAX_FORM_MEMORY_SIZE=1024 * 1024, JSON_AS_ASCII=False)
    edge.install(app, settings, demo=demo)
    logs.install(app)
    errors.install(app)
    auth.install(app, secret_key(settings))
    collected = document.install(app)
    for blueprint in BLUEPRINTS:
        collected.register_blueprint(blueprint)
    limits.install(app)
    health.install(app)
    app.register_blueprint(docs.blueprint())
    headers.install(app, settings.trusted_proxies)
    return app
