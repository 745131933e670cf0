"""Makes the Flask application, with all resources under /api/v1, the OpenAPI document, signing in and health checks.

To add an endpoint, write or extend the module of a resource, as in the example below.

Each resource of the API has its own module. A resource's module begins with the shapes of requests and answers
(api/core/fields.py, api/core/schemas.py). After the shapes come a Blueprint (api/core/routes.py) and short views. Add
the roles that may use a new route to api/core/rights.py, and add a new blueprint to `BLUEPRINTS` in api/app.py.

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
        edge.find(unit, Loan, loan_id)  # 404 for an unknown loan and for one out of the user's scope
        return operations.disburse(unit, loan_id, disbursed_on)

    @loans.get("/<id:loan_id>", asks=LoanQuery, answer=LoanAnswer)
    def show(session: Session, loan_id: int, ...) -> LoanShown: ...

    @loans.listing("", row=LoanRow, asks=LoanFilters)
    def listed(session: Session, **filters: Any) -> Listing:
        return Listing(select(Loan).where(...), key=(Loan.id,), show=with_balances)

- A view of a `post` or `patch` route gets a Unit, which is a transaction of the user. The module api/core/routes.py
  begins, retries and commits the transaction of a view. The idempotency key is checked before a view runs, and the
  view's answer is stored with the key. A Unit is not limited to the user's scope, so a view finds rows with
  `edge.find`, and checks codes with `edge.bank` and `edge.county`.
- A `get` or `listing` view gets a Session on one snapshot, whose ORM selects are limited to the user's scope. Selects
  of SQLAlchemy Core are not limited, so write Core selects in ledger/reports and narrow them with `edge.within`.
- A query shape derived from ClockQuery gives the view `clocks`, and adds as_of, known_at and final to the answer.
- Views raise refusals and catch no errors. The result of a view (a dict, a dataclass, a row) has every field of the
  answer's shape, with None for a field without a value.
- A route whose answer is not a JSON object, for example a PDF, is registered with `raw` and builds its own response.
"""

from flask import Flask

from api.approvals.views import blueprint as approvals
from api.books.periods import blueprint as periods
from api.books.reports import blueprint as reports
from api.books.views import blueprint as books
from api.compensation.claims import blueprint as claims
from api.compensation.claims import reports_blueprint as compensation
from api.compensation.recoveries import blueprint as recoveries
from api.core import auth, docs, document, edge, errors, headers, health, limits, logs
from api.core.routes import Blueprint
from api.fund.issuance import blueprint as issuance
from api.fund.views import blueprint as fund
from api.jobs.views import blueprint as jobs
from api.lending.views import blueprint as loans
from api.notices.attempts import blueprint as attempts
from api.notices.papers import blueprint as papers
from api.notices.views import blueprint as notices
from api.registry.borrowers import households, organisations
from api.registry.contacts import households as household_contacts
from api.registry.contacts import organisations as organisation_contacts
from api.registry.published import blueprint as published
from api.registry.reference import blueprint as reference
from api.registry.tokens import blueprint as tokens
from api.registry.users import blueprint as users
from api.sheets.attachments import blueprint as attachments
from api.sheets.views import blueprint as sheets
from api.subsidy.views import blueprint as subsidy
from ledger.settings import Settings, secret_key

BODY_BYTES_MAX = 64 * 1024 * 1024
"""The largest size of a request in bytes; a sheet with a hundred thousand loans is smaller."""

BLUEPRINTS: tuple[Blueprint, ...] = (
    tokens,
    users,
    reference,
    published,
    households,
    organisations,
    loans,
    sheets,
    attachments,
    issuance,
    fund,
    reports,
    claims,
    compensation,
    recoveries,
    subsidy,
    notices,
    papers,
    attempts,
    household_contacts,
    organisation_contacts,
    approvals,
    periods,
    books,
    jobs,
)


def create_app(settings: Settings, *, demo: bool = False) -> Flask:
    """Return the application for the database of the settings; if `demo` is true, demo users may sign in."""
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
