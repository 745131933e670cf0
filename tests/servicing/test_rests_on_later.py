"""Tests that back-dating is refused before the date of an event on which other records depend.

The refusal of a back-dated record names the first day on which the record is allowed.
"""

from datetime import date

import pytest
from sqlalchemy import Engine

from ledger.errors import RuleViolation
from tests.oracle.facts import Extended, Fact, Insured, Misused, Repaid, WrittenOff
from tests.support import serviced
from tests.support.beside_oracle import Shop, as_agreed, open_shop
from tests.support.county_desk import row_counts

LOAN = serviced.loan_of("4.35", "2016-01-01", "2016-12-01")
LATER = date(2016, 8, 10)
# The function `as_agreed` later replaces the due date and the rate of the extension.
EXTENDED = Extended(LATER, 4, LATER, LATER, LOAN.rates[0][1])


@pytest.mark.parametrize(
    "case, stands",
    [
        ("an extension", EXTENDED),
        ("insurance", Insured(LATER, 1_000_000)),
        ("the insurer's refusal", Insured(LATER, 0)),
        ("a write-off", WrittenOff(LATER)),
        ("a renewal", None),
    ],
)
@pytest.mark.parametrize(
    "told",
    [
        Repaid(date(2016, 8, 9), 100),
        Misused(date(2016, 8, 9)),
        Repaid(date(2016, 1, 1), 100),
    ],
    ids=["repaid the day before", "misused the day before", "repaid on the first day"],
)
def test_nothing_is_recorded_before_what_rests_on_it(
    engine: Engine, case: str, stands: Fact | None, told: Fact
) -> None:
    with open_shop(engine, LOAN) as shop:
        _stand(shop, stands)
        with engine.connect() as connection:
            before = row_counts(connection)
        with pytest.raises(RuleViolation) as refused:
            serviced.record(engine, shop.loan_id, told)
        assert refused.value.code == "rests_on_later"
        assert (refused.value.facts["found"], refused.value.facts["first_open"]) == ("2016-08-10", "2016-08-10")
        with engine.connect() as connection:
            after = row_counts(connection)
        # The request to record a misuse is still stored, with the status rejected.
        after["approvals"] = before["approvals"]
        assert after == before


@pytest.mark.parametrize("case, stands", [("an extension", EXTENDED), ("insurance", Insured(LATER, 1_000_000))])
def test_on_its_own_day_and_later_everything_goes_on(engine: Engine, case: str, stands: Fact) -> None:
    with open_shop(engine, LOAN) as shop:
        _stand(shop, stands)
        shop.record(Repaid(LATER, 100_000))
        shop.record(Misused(date(2016, 9, 30)))
        shop.record(Repaid(date(2016, 9, 1), 200_000, "principal"))
        shop.run_to(date(2017, 4, 30))
        shop.compare()


def test_the_day_named_is_the_last_of_several_things_that_stand(engine: Engine) -> None:
    with open_shop(engine, LOAN) as shop:
        _stand(shop, EXTENDED)
        shop.record(Insured(date(2016, 9, 5), 100))
        with pytest.raises(RuleViolation) as refused:
            serviced.record(engine, shop.loan_id, Repaid(date(2016, 8, 9), 100))
        assert (refused.value.facts["found"], refused.value.facts["first_open"]) == ("2016-08-10", "2016-09-05")


@pytest.mark.parametrize(
    "case, day, refused",
    [
        ("the day before", date(2016, 8, 9), True),
        ("that morning, before it", LATER, True),
    ],
)
def test_a_repayment_before_it_is_not_reversed(engine: Engine, case: str, day: date, refused: bool) -> None:
    paid = Repaid(day, 100_000)
    with open_shop(engine, LOAN) as shop:
        shop.record(paid)
        _stand(shop, EXTENDED)
        with pytest.raises(RuleViolation) as found:
            serviced.undo(engine, shop.loan_id, paid)
        assert found.value.code == "rests_on_later"
        shop.compare()


def test_a_repayment_of_the_same_day_after_it_is_reversed(engine: Engine) -> None:
    paid = Repaid(LATER, 100_000)
    with open_shop(engine, LOAN) as shop:
        _stand(shop, EXTENDED)
        shop.record(paid)
        shop.undo(paid)
        shop.compare()


def test_what_comes_in_on_the_day_of_a_write_off_is_applied_to_the_loss(engine: Engine) -> None:
    with open_shop(engine, LOAN) as shop:
        shop.record(WrittenOff(LATER))
        shop.record(Repaid(LATER, 100_000))
        shop.compare()
        with engine.connect() as connection:
            assert serviced.balances_of(connection, shop.loan_id, LATER)["6701"] == shop.book.lost


def _stand(shop: Shop, fact: Fact | None) -> None:
    if fact is None:
        serviced.pay_interest_to(shop.engine, shop.loan_id, LATER)
        serviced.renew(shop.engine, shop.loan_id, LATER)
        return
    agreed = as_agreed(shop.history.contract, fact)
    assert agreed is not None
    shop.record(agreed)
