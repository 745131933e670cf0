"""API requests to the sample county's database after a further quarter, to compare two equal histories."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tests.upgrade.answers import without_ids
from tests.upgrade.asking import Asker, Question, asking, listing
from tests.upgrade.questions import ALL, items
from tests.upgrade.stage import BANK, COUNTY, THRIFTY

ASKED_AT = datetime(2020, 4, 7, 1, 0, tzinfo=UTC)
FIRST, LAST = "2020-01-01", "2020-03-31"
_MONTH_ENDS = ("2020-01-31", "2020-02-29", "2020-03-31")


def answers_after(url: str) -> list[Any]:
    """Return a database's answers after the further quarter, with every id replaced by its position among the ids."""
    with asking(url, ASKED_AT) as asker:
        answers = [(question, asker.ask(question)) for question in _questions(asker)]
    return without_ids([question.path, answer.status, answer.body] for question, answer in answers)


def _questions(asker: Asker) -> Iterator[Question]:
    for book in sorted({row["book"] for row in items(asker, f"/ledger/balances?as_of={LAST}")}):
        for day in _MONTH_ENDS:
            yield Question(ALL, f"/ledger/trial-balance?book={book}&as_of={day}&from={FIRST}")
        yield _listed(f"/ledger/entries?book={book}&from={FIRST}&to={LAST}&as_of={LAST}")
    for path in (
        f"/ledger/balances?as_of={LAST}",
        "/ledger/periods",
        "/loans",
        "/claims",
        "/clawbacks",
        f"/notices?on={LAST}",
        "/fund/plans",
        f"/fund/accounts?as_of={LAST}",
        "/issuance-reports",
        "/approvals",
        "/imports",
        f"/reports/portfolio?as_of={LAST}",
        f"/reports/fund?as_of={LAST}",
        f"/reports/compensation?as_of={LAST}",
        f"/reports/subsidies?as_of={LAST}&from={FIRST}",
        f"/reports/deadlines?state=all&as_of={LAST}",
        "/reports/issuance?quarter=2020Q1",
    ):
        yield _listed(path)
    for row in items(asker, "/loans"):
        for part in ("lines", "repayments", f"statement?as_of={LAST}"):
            yield _listed(f"/loans/{row['id']}/{part}")
    for row in items(asker, "/subsidy-batches"):
        yield Question(ALL, f"/subsidy-batches/{row['id']}")
    for bank in (BANK, THRIFTY):
        yield Question(ALL, f"/fund/accounts/{COUNTY}/{bank}/statement?from={FIRST}&as_of={LAST}")


def _listed(path: str) -> Question:
    return Question(ALL, listing(path))
