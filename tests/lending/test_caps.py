"""Tests of the caps of scheme §2 over all banks: counted amounts, the facts of a refusal, and concurrent payouts."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from sqlalchemy import Engine, event, func, select

from ledger.errors import Refusal
from ledger.money import of_fen, yuan
from ledger.operations.lending import loans
from ledger.queries import exposure
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit
from tests.support import serviced
from tests.support.county_desk import approved_loan, at_desk, disbursed_loan, household, link, organisation, request


@pytest.fixture
def home(engine: Engine) -> int:
    """Return the id of a registered household."""
    with at_desk(engine, "poverty") as unit:
        return household(unit)


def _counted(unit: Unit, households: list[int]) -> dict[int, int]:
    """Return the amount that counts against each household's cap over all banks (2.2), in fen."""
    borrowings = exposure.household_borrowings(unit, households)
    return {home: owed.exposure.open + owed.exposure.pending for home, owed in borrowings.items()}


def test_open_pending_and_new_loans_of_all_banks_count_together(engine: Engine, home: int) -> None:
    disbursed_loan(engine, request(household_id=home, bank="GZRCB", principal=yuan("20000.00")))
    approved_loan(engine, request(household_id=home, bank="ABC", principal=yuan("10000.00"), contract_no="A-77"))
    with at_desk(engine) as unit:
        loans.record(unit, request(household_id=home, bank="PSBC", principal=yuan("5000.00"), contract_no="P-88"))
        assert _counted(unit, [home]) == {home: 3_500_000}
        with pytest.raises(Refusal) as refused:
            loans.record(unit, request(household_id=home, bank="BGZ", principal=yuan("15000.01")))
    assert refused.value.facts == {
        "rule": "2.2",
        "limit": "50000.00",
        "found": "50000.01",
        "open": "20000.00",
        "pending": "15000.00",
        "new": "15000.01",
    }
    for word in ("A-77", "P-88", "ABC", "PSBC", "GZRCB"):
        assert word not in refused.value.say("en") + refused.value.say("zh")
    with at_desk(engine) as unit:
        assert loans.record(unit, request(household_id=home, bank="BGZ", principal=yuan("15000.00"))).id


def test_a_returned_loan_counts_no_more(engine: Engine, home: int) -> None:
    with at_desk(engine) as unit:
        first = loans.record(unit, request(household_id=home)).id
    with at_desk(engine, "checker") as unit:
        loans.send_back(unit, first, "借款人撤回")
    with at_desk(engine) as unit:
        assert loans.record(unit, request(household_id=home, bank="ABC")).status == "submitted"
        with pytest.raises(Refusal) as refused:
            loans.resubmit(unit, first)
        assert refused.value.facts["found"] == "100000.00"


def test_the_cap_is_asked_again_at_the_payout(engine: Engine, home: int) -> None:
    loan_id = approved_loan(engine, request(household_id=home, principal=yuan("30000.00")))
    with at_desk(engine) as unit:
        # The loan is recorded without the cap check, since the books may contain a loan above the cap.
        other = loans.record(unit, request(household_id=home, bank="ABC", principal=yuan("20000.00"))).id
        unit.session.get_one(Loan, other).principal_fen = 2_000_001
    with pytest.raises(Refusal) as refused, at_desk(engine) as unit:
        loans.disburse(unit, loan_id, date(2016, 5, 10))
    assert (refused.value.code, refused.value.facts["found"]) == ("over_household_cap", "50000.01")


def test_written_off_debt_of_any_bank_bars_the_household(engine: Engine, home: int) -> None:
    loan_id = disbursed_loan(engine, request(household_id=home, bank="ABC", principal=yuan("800.00")))
    serviced.decide(engine, loan_id, "write_off", {"on": date(2016, 5, 20)}, date(2016, 6, 1))
    with pytest.raises(Refusal) as refused, at_desk(engine) as unit:
        loans.record(unit, request(household_id=home, principal=yuan("100.00")))
    # The write-off includes the interest of ten days, 1.06 yuan.
    assert (refused.value.code, refused.value.facts["written_off"]) == ("bad_debt", "801.06")


def test_twelve_banks_racing_for_one_household_never_pass_its_cap(engine: Engine, home: int) -> None:
    together = Barrier(12)

    def put_forward(number: int) -> str:
        together.wait()
        try:
            with at_desk(engine, f"officer{number}") as unit:
                bank = ("GZRCB", "ABC", "PSBC")[number % 3]
                return loans.record(unit, request(household_id=home, principal=yuan("10000.00"), bank=bank)).status
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(12) as pool:
        answers = sorted(pool.map(put_forward, range(12)))
    assert answers == ["over_household_cap"] * 7 + ["submitted"] * 5
    with at_desk(engine) as unit:
        assert unit.session.execute(select(func.sum(Loan.principal_fen))).scalar_one() == 5_000_000


def test_exposures_cost_the_same_queries_for_one_household_or_many(engine: Engine) -> None:
    with at_desk(engine) as unit:
        homes = [household(unit) for _ in range(20)]
        for home in homes:
            loans.record(unit, request(household_id=home, principal=yuan("1000.00")))
    counts = []
    for asked in (homes[:1], homes):
        with at_desk(engine) as unit:
            said: list[str] = []
            event.listen(unit.connection, "before_cursor_execute", lambda *args, said=said: said.append(args[2]))
            assert _counted(unit, asked) == dict.fromkeys(asked, 100_000)
            counts.append(len(said))
    assert counts == [2, 2]


@pytest.mark.parametrize(
    "case, kind, amount, starts_on, ends_on, limit",
    [
        ("twice the investment", "investment", "30000.00", "2016-01-01", None, "60000.00"),
        ("a household under contract: twice its cap", "employment", None, "2016-01-01", "2016-12-31", "100000.00"),
        ("a contract short of a year", "employment", None, "2016-01-01", "2016-12-30", None),
        ("an agreement that ended", "agreement", None, "2016-01-01", "2016-05-08", None),
        ("an investment before the scheme", "investment", "30000.00", "2015-12-31", None, None),
    ],
)
def test_an_organisation_borrows_by_its_links(
    case: str, kind: str, amount: str | None, starts_on: str, ends_on: str | None, limit: str | None, engine: Engine
) -> None:
    with at_desk(engine) as unit:
        firm = organisation(unit)
        link(
            unit,
            firm,
            household(unit),
            kind=kind,
            amount=None if amount is None else yuan(amount),
            starts_on=date.fromisoformat(starts_on),
            ends_on=None if ends_on is None else date.fromisoformat(ends_on),
        )
    most = yuan("1.00") if limit is None else yuan(limit)
    over = most + of_fen(1)
    with pytest.raises(Refusal) as refused, at_desk(engine) as unit:
        loans.record(unit, request(organisation_id=firm, principal=over))
    assert refused.value.code == ("no_valid_link" if limit is None else "over_organisation_limit")
    if limit is not None:
        assert refused.value.facts["limit"] == limit
        with at_desk(engine) as unit:
            taken = loans.record(unit, request(organisation_id=firm, principal=most))
        assert "household_share_low" in {warning.code for warning in taken.warnings}


def test_racing_loans_never_pass_an_organisations_limit(engine: Engine) -> None:
    with at_desk(engine) as unit:
        firm = organisation(unit)
        link(unit, firm, household(unit))
    together = Barrier(6)

    def put_forward(number: int) -> str:
        together.wait()
        try:
            with at_desk(engine, f"officer{number}") as unit:
                return loans.record(unit, request(organisation_id=firm, principal=yuan("40000.00"))).status
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(put_forward, range(6))) == ["over_organisation_limit"] * 4 + ["submitted"] * 2
