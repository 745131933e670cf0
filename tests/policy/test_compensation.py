"""Tests of the amounts that the fund owes and of who bears a loss (scheme 6), as tables that officials can read."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.money import Fen
from ledger.policy import compensation
from ledger.policy.compensation import AboveDebt, Debt, NotOverdueEnough
from ledger.policy.loan_transactions import Parts
from ledger.policy.schemes import load_preset, presets
from tests.policy.written import fen

GANZHOU = load_preset("ganzhou-2016")
DUE = date(2019, 5, 10)


def parts(principal: str, interest: str) -> Parts:
    return Parts(fen(principal), fen(interest))


@pytest.mark.parametrize(("case", "days", "cause", "found"), [
    ("the 89th day",                   89,  "overdue",  89),
    ("due today",                      0,   "death",    0),
    ("before maturity, no cause",      -1,  "overdue",  0),
    ("before maturity, cause unknown", -40, "divorce",  0),
    ("overdue, cause listed",          30,  "disaster", 30),
])  # fmt: skip
def test_a_claim_before_its_time_is_refused(case: str, days: int, cause: str, found: int) -> None:
    with pytest.raises(NotOverdueEnough) as refused:
        compensation.check_claimable(GANZHOU, DUE, DUE + timedelta(days=days), cause)
    assert refused.value.facts["rule"] == "6.2"
    assert (refused.value.facts["limit"], refused.value.facts["found"]) == (90, found)


@pytest.mark.parametrize(("case", "days", "cause"), [
    ("the 90th day",              90,    "overdue"),
    ("long after",                1000,  "overdue"),
    ("the day before maturity",   -1,    "death"),
    ("two years before maturity", -700,  "disaster"),
])  # fmt: skip
def test_a_claim_in_its_time_is_taken(case: str, days: int, cause: str) -> None:
    compensation.check_claimable(GANZHOU, DUE, DUE + timedelta(days=days), cause)


@pytest.mark.parametrize(("scheme", "net", "city", "county", "of_fund", "of_county"), [
    ("ganzhou-2016",  "0.00",     "0.00",     "0.00",     "0.00",     "0.00"),
    ("ganzhou-2016",  "0.01",     "0.01",     "0.00",     "0.01",     "0.00"),
    ("ganzhou-2016",  "0.02",     "0.01",     "0.01",     "0.01",     "0.01"),
    ("ganzhou-2016",  "40000.00", "20000.00", "20000.00", "20000.00", "20000.00"),
    ("ganzhou-2016",  "37984.19", "18992.10", "18992.09", "18992.10", "18992.09"),
    ("national-2014", "37984.19", "0.00",     "37984.19", "37984.19", "0.00"),
    ("national-2021", "0.01",     "0.00",     "0.01",     "0.01",     "0.00"),
    ("yanjin-2016",   "25164.93", "0.00",     "25164.93", "25164.93", "0.00"),
])  # fmt: skip
def test_who_bears_a_net_loss(scheme: str, net: str, city: str, county: str, of_fund: str, of_county: str) -> None:
    borne = compensation.borne(load_preset(scheme), fen(net))
    assert (borne.city, borne.county) == (fen(city), fen(county))
    assert compensation.booked(load_preset(scheme), fen(net)) == (fen(of_fund), fen(of_county))


@pytest.mark.parametrize(
    ("scheme", "principal", "interest"),
    [
        ("ganzhou-2016", "50000.00", "329.86"),
        ("national-2014", "35000.00", "230.90"),
        ("national-2021", "35000.00", "230.90"),
        ("yanjin-2016", "25000.00", "164.93"),
    ],
)
def test_what_the_fund_takes_of_each_component(scheme: str, principal: str, interest: str) -> None:
    share = load_preset(scheme).fund_share_of_loss
    assert compensation.fund_part(parts("50000.00", "329.86"), share) == parts(principal, interest)


@pytest.mark.parametrize(("case", "share", "is_open", "paid", "owed"), [
    ("nothing paid",                   "1",   ("50000.00", "329.86"), ("0.00", "0.00"),     ("50000.00", "329.86")),
    ("part of the principal paid",     "1",   ("10000.00", "329.86"), ("40000.00", "0.00"), ("10000.00", "329.86")),
    ("all paid",                       "1",   ("0.00", "0.00"), ("50000.00", "329.86"),     ("0.00", "0.00")),
    ("the borrower paid 5,000",        "1",   ("5000.00", "329.86"),  ("40000.00", "0.00"), ("5000.00", "329.86")),
    ("interest grew since",            "1",   ("50000.00", "900.00"), ("0.00", "0.00"),     ("50000.00", "329.86")),
    ("seven tenths, nothing paid",     "0.7", ("50000.00", "329.86"), ("0.00", "0.00"),     ("35000.00", "230.90")),
    ("seven tenths, part paid",        "0.7", ("30000.00", "329.86"), ("20000.00", "0.00"), ("15000.00", "230.90")),
    ("seven tenths, all paid",         "0.7", ("15000.00", "98.96"), ("35000.00", "230.90"), ("0.00", "0.00")),
    ("others paid more than the rest", "0.7", ("0.00", "0.00"),      ("20000.00", "0.00"),  ("0.00", "0.00")),
])  # fmt: skip
def test_what_is_still_owed(
    case: str, share: str, is_open: tuple[str, str], paid: tuple[str, str], owed: tuple[str, str]
) -> None:
    frozen = parts("50000.00", "329.86")
    assert compensation.still_owed(frozen, parts(*is_open), parts(*paid), Decimal(share)) == parts(*owed)


@pytest.mark.parametrize(
    ("case", "scheme", "amount", "debt", "of_fund", "kept"),
    [
        ("all of it to the fund", "ganzhou-2016", "12345.67", ("50329.86", "0.00", "800.00"), "12345.67", "0.00"),
        ("beyond it the penalty", "ganzhou-2016", "50400.00", ("50329.86", "0.00", "800.00"), "50329.86", "70.14"),
        (
            "what queues comes after",
            "ganzhou-2016",
            "41000.00",
            ("40000.00", "10329.86", "0.00"),
            "40000.00",
            "1000.00",
        ),
        ("the fund is paid", "ganzhou-2016", "100.00", ("0.00", "0.00", "800.00"), "0.00", "100.00"),
        ("pro rata", "national-2014", "1000.01", ("35230.90", "15098.96", "0.00"), "700.01", "300.00"),
        ("pro rata, half up", "yanjin-2016", "0.01", ("25164.93", "25164.93", "0.00"), "0.01", "0.00"),
        (
            "pro rata, the fund owed little",
            "national-2014",
            "1000.00",
            ("10.00", "15098.96", "0.00"),
            "10.00",
            "990.00",
        ),
        (
            "pro rata, the bank owed little",
            "national-2014",
            "1000.00",
            ("35230.90", "10.00", "800.00"),
            "990.00",
            "10.00",
        ),
        ("penalty last of all", "national-2014", "40.00", ("20.00", "10.00", "800.00"), "20.00", "20.00"),
        ("the whole debt", "national-2014", "830.00", ("20.00", "10.00", "800.00"), "20.00", "810.00"),
    ],
)
def test_whose_a_receipt_is(
    case: str, scheme: str, amount: str, debt: tuple[str, str, str], of_fund: str, kept: str
) -> None:
    owed = Debt(*map(fen, debt))
    assert compensation.split_receipt(load_preset(scheme), fen(amount), owed) == (fen(of_fund), fen(kept))


def test_more_than_the_whole_debt_is_refused() -> None:
    with pytest.raises(AboveDebt) as refused:
        compensation.split_receipt(GANZHOU, fen("51129.87"), Debt(fen("50329.86"), fen("0.00"), fen("800.00")))
    assert refused.value.facts == {"rule": "6.6", "limit": "51129.86", "found": "51129.87"}


@given(st.sampled_from(sorted(presets())), st.lists(st.integers(0, 10_000_000), min_size=1, max_size=8))
def test_events_post_what_moves_the_halves_whatever_the_order(code: str, nets: list[int]) -> None:
    scheme, stood, before = load_preset(code), [0, 0], 0
    for net in nets:
        moved = compensation.shifted(scheme, Fen(before), Fen(net))
        sign = 1 if net >= before else -1
        stood = [stood[0] + sign * moved["fund_share"], stood[1] + sign * moved["county_share"]]
        before = net
        assert tuple(stood) == compensation.booked(scheme, Fen(net))
        assert sum(stood) == net


@given(
    st.sampled_from(sorted(presets())),
    st.integers(1, 200_000),
    st.integers(0, 100_000),
    st.integers(0, 100_000),
    st.integers(0, 10_000),
)
def test_a_receipt_pays_no_penalty_before_the_fund_has_its_own(
    code: str, amount: int, to_fund: int, plain: int, charges: int
) -> None:
    debt = Debt(Fen(to_fund), Fen(plain), Fen(charges))
    if amount > debt.whole:
        return
    of_fund, kept = compensation.split_receipt(load_preset(code), Fen(amount), debt)
    assert of_fund + kept == amount
    assert 0 <= of_fund <= to_fund
    assert of_fund == to_fund or kept <= plain
