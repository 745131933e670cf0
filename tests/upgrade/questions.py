"""API requests to the sample county's database: lists, and every item of the lists, as of several days and moments."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import quote

from ledger.dates import DAY, add_months
from tests.upgrade import api_requests
from tests.upgrade.asking import Asker, Question, listing
from tests.upgrade.stage import BANK, COUNTY, FOURTH, OTHER, THIRD, THRIFTY

FIRST, LAST = date(2016, 3, 1), date(2019, 12, 31)
AS_OF = ("2016-12-31", "2017-06-30", "2018-09-30", "2019-09-30", "2019-12-31")
KNOWN_AT = (
    "2017-04-15T12:00:00+08:00",
    "2018-11-09T09:00:02+08:00",
    "2019-10-13T00:00:00+08:00",
    "2019-12-25T12:00:00+08:00",
)
"""Moments before and after late records, reversals and withdrawals in the scenario."""

ALL = "auditor"
SCOPED = ("officer", "officer2", "officer3", "poverty", "finance", "finance3", "city")
"""The users who are asked besides the auditor, most of whom see a part of the county only."""


def questions(asker: Asker) -> Iterator[Question]:
    """Yield every API request; a separate request reads each item of a list."""
    for part in (
        _books,
        _both_clocks,
        _loans,
        _vouchers,
        _subsidies,
        _claims,
        _notices,
        _fund,
        _reports,
        _parties,
        _work,
        _what_others_see,
        api_requests.sent,
    ):
        yield from part(asker)


def month_ends() -> Iterator[date]:
    """Yield the last day of every month of the scenario."""
    day = FIRST
    while day <= LAST:
        day = add_months(day, 1)
        yield day - DAY


def items(asker: Asker, path: str, user: str = ALL) -> list[dict[str, Any]]:
    """Return all rows of a list in the API."""
    rows: list[dict[str, Any]] = asker.ask(Question(user, listing(path))).body["items"]
    return rows


def _listed(path: str, user: str = ALL) -> Question:
    return Question(user, listing(path))


def used_books(asker: Asker) -> list[str]:
    """Return the names of the books that have balances."""
    return sorted({row["book"] for row in items(asker, f"/ledger/balances?as_of={LAST}")})


def _books(asker: Asker) -> Iterator[Question]:
    """Request monthly trial balances of used books, one trial balance of each unused book, and the closed months."""
    yield _listed("/ledger/periods")
    yield _listed(f"/ledger/accounts?as_of={LAST}")
    used = used_books(asker)
    for book in used:
        for day in month_ends():
            yield Question(ALL, f"/ledger/trial-balance?book={book}&as_of={day}&from={day.replace(day=1)}")
    for row in items(asker, "/ledger/periods"):
        if row["book"] not in used:
            yield Question(ALL, f"/ledger/trial-balance?book={row['book']}&as_of={LAST}")


def _both_clocks(asker: Asker) -> Iterator[Question]:
    """Request balances and reports as of several days, as known at several moments."""
    books, chosen = used_books(asker), [row["id"] for row in _telling(asker)][:8]
    for as_of in AS_OF:
        for known_at in KNOWN_AT:
            clocks = f"as_of={as_of}&known_at={quote(known_at)}"
            for book in books:
                yield Question(ALL, f"/ledger/trial-balance?book={book}&{clocks}")
            yield _listed(f"/ledger/balances?{clocks}")
            for name in ("portfolio", "fund", "idle-funds", "subsidies", "compensation"):
                yield _listed(f"/reports/{name}?{clocks}")
            yield _listed(f"/reports/deadlines?state=all&{clocks}")
            for loan in chosen:
                yield _listed(f"/loans/{loan}/statement?{clocks}")
                yield _listed(f"/ledger/balances?loan={loan}&{clocks}")


def _telling(asker: Asker) -> list[dict[str, Any]]:
    """Return loans with many events, singly recorded and claimed loans alternating, ordered by contract number."""
    claimed = {row["loan_id"] for row in items(asker, "/claims")}
    loans = [row for row in items(asker, "/loans") if row["contract_no"][-4] in "89"]
    others = [row for row in items(asker, "/loans") if row["id"] in claimed and row not in loans]
    found = [row for pair in zip(loans, others, strict=False) for row in pair]
    return found + [row for row in loans if row not in found]


def _loans(asker: Asker) -> Iterator[Question]:
    """Request every loan with its lines, statement, repayments, recoveries and pay-off."""
    yield _listed("/loans")
    for row in items(asker, "/loans"):
        path = f"/loans/{row['id']}"
        yield Question(ALL, path)
        for part in ("lines", "repayments", "recoveries"):
            yield _listed(f"{path}/{part}")
        yield _listed(f"{path}/statement?as_of={LAST}")
        for day in ("2019-12-31", "2020-01-06"):
            yield Question("city", f"{path}/payoff?on={day}")


def _vouchers(asker: Asker) -> Iterator[Question]:
    """Request the vouchers of some loans and of the fund, and each entry and event of these vouchers."""
    for book in used_books(asker):
        if book.startswith("FUND"):
            yield _listed(f"/ledger/entries?book={book}")
    for place, row in enumerate(_telling(asker)[:12]):
        path = f"/ledger/entries?loan={row['id']}&as_of={LAST}"
        yield _listed(path)
        if place < 5:
            found = items(asker, path)
            for entry in found:
                yield Question(ALL, f"/ledger/entries/{entry['id']}")
            for event in dict.fromkeys(entry["event_id"] for entry in found):
                yield Question(ALL, f"/ledger/events/{event}")


def _subsidies(asker: Asker) -> Iterator[Question]:
    """Request every subsidy batch with its lines, the public lists, and the claw-backs."""
    yield _listed("/subsidy-batches")
    for row in items(asker, "/subsidy-batches"):
        path = f"/subsidy-batches/{row['id']}"
        yield Question(ALL, path)
        if row["county"] == COUNTY:
            yield _listed(f"{path}/public-list", "poverty")
    yield _listed("/clawbacks")
    yield _listed("/clawbacks?open=true", "finance")


def _claims(asker: Asker) -> Iterator[Question]:
    """Request every claim."""
    yield _listed("/claims")
    for row in items(asker, "/claims"):
        yield Question("finance2", f"/claims/{row['id']}")


def _notices(asker: Asker) -> Iterator[Question]:
    """Request the notices on several days, each notice with its history, and the attempts to send notices."""
    for day in ("2019-03-31", "2019-06-30", "2019-12-31"):
        yield _listed(f"/notices?on={day}")
    for row in items(asker, "/notices?on=2019-12-31"):
        yield Question(ALL, f"/notices/{row['id']}")
    yield _listed("/notices/sendings")


def _fund(asker: Asker) -> Iterator[Question]:
    """Request the fund's plans, targets, accounts and account statements."""
    yield _listed("/fund/plans")
    for row in items(asker, "/fund/plans"):
        yield Question("city", f"/fund/plans/{row['id']}")
    yield _listed("/fund/targets")
    for as_of in AS_OF:
        yield _listed(f"/fund/accounts?as_of={as_of}")
        for county, bank in ((COUNTY, BANK), (COUNTY, THRIFTY), (OTHER, BANK), (OTHER, THIRD), (OTHER, FOURTH)):
            yield Question(ALL, f"/fund/accounts/{county}/{bank}/statement?as_of={as_of}")


def _reports(asker: Asker) -> Iterator[Question]:
    """Request every report on several days, with every grouping."""
    for as_of in AS_OF:
        for by in ("account", "county", "bank", "city"):
            yield _listed(f"/reports/portfolio?by={by}&as_of={as_of}")
            yield _listed(f"/reports/compensation?by={by}&as_of={as_of}")
        for name in ("fund", "idle-funds"):
            yield _listed(f"/reports/{name}?as_of={as_of}")
        yield _listed(f"/reports/subsidies?as_of={as_of}&from={as_of[:4]}-01-01")
    for quarter in ("2016Q2", "2017Q1", "2018Q3", "2019Q4"):
        for by in ("account", "bank"):
            yield _listed(f"/reports/issuance?quarter={quarter}&by={by}&as_of={LAST}")
    for as_of in ("2016-07-05", "2018-10-11", "2019-04-30", "2019-10-20", "2019-12-31", "2020-01-06"):
        yield _listed(f"/reports/deadlines?state=all&as_of={as_of}")
        yield _listed(f"/reports/deadlines?as_of={as_of}", "officer2")
    yield _listed("/issuance-reports")


def _parties(asker: Asker) -> Iterator[Question]:
    """Request the borrowers and their contact data."""
    yield _listed("/households")
    yield _listed("/organisations")
    rows = items(asker, "/households?county=" + COUNTY)
    for row in rows[:3]:
        yield Question(ALL, f"/households/{row['id']}")
        yield Question("poverty", f"/households/{row['id']}/contact")
        yield Question(ALL, "/households/search", "POST", {"registry_no": row["registry_no"]})
    for row in items(asker, "/organisations"):
        yield Question(ALL, f"/organisations/{row['id']}")


def _work(asker: Asker) -> Iterator[Question]:
    """Request the lists of approvals, sheets, job runs, users and reference data."""
    yield _listed("/approvals")
    for row in items(asker, "/approvals"):
        yield Question(ALL, f"/approvals/{row['id']}")
    yield _listed("/imports")
    for row in items(asker, "/imports"):
        yield Question(ALL, f"/imports/{row['id']}")
    yield _listed("/jobs/runs", "city")
    for row in items(asker, "/jobs/runs", "city")[:12]:
        yield Question("city", f"/jobs/runs/{row['id']}")
    yield _listed("/users", "admin")
    for path in ("/counties", "/banks"):
        yield _listed(path)
    for path in (
        "/schemes/ganzhou-2016",
        "/schemes/ruijin-2018",
        "/schemes/yanjin-2016",
        "/rates/benchmark",
        "/calendar/2016",
        "/calendar/2019",
    ):
        yield Question(ALL, path)


def _what_others_see(asker: Asker) -> Iterator[Question]:
    """Request the lists as users who may see only a part of the data."""
    for user in SCOPED:
        yield Question(user, "/me")
        for path in ("/loans", "/claims", "/subsidy-batches", "/clawbacks", "/approvals", "/ledger/periods"):
            yield _listed(path, user)
        yield _listed("/notices?on=2019-12-31", user)
        yield _listed(f"/ledger/balances?as_of={LAST}", user)
        yield _listed(f"/reports/portfolio?as_of={LAST}", user)
        yield _listed(f"/reports/deadlines?state=all&as_of={LAST}", user)
