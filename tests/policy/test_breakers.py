"""Tests of circuit breakers (scheme 6.9): switched off in Ganzhou; otherwise warnings or refusals around each limit."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ledger.money import Fen
from ledger.policy import breakers
from ledger.policy.breakers import BreakerTripped, Figures
from ledger.policy.schemes import load_preset

GANZHOU = load_preset("ganzhou-2016")
COUNTY = Figures(
    "GZRCB",
    "360781",
    lent=Fen(1_000_000),
    bad=Fen(50_000),
    balance=Fen(125_000),
    lost=Fen(20_000),
    issued=Fen(2_000_000),
)


@pytest.mark.parametrize(("case", "limits", "tripped"), [
    ("none set",                {},                                      []),
    ("bad loans at the limit",  {"npl_rate_max": "0.05"},                []),
    ("bad loans above",         {"npl_rate_max": "0.0499"},              [("npl_rate", "0.0500")]),
    ("coverage at the limit",   {"fund_coverage_min": "0.125"},          []),
    ("coverage below",          {"fund_coverage_min": "0.1251"},         [("fund_coverage", "0.1250")]),
    ("losses at the limit",     {"loss_ratio_max": "0.01"},              []),
    ("losses above",            {"loss_ratio_max": "0.0099"},            [("loss_ratio", "0.0100")]),
    ("two at once", {"npl_rate_max": "0", "loss_ratio_max": "0"},
     [("npl_rate", "0.0500"), ("loss_ratio", "0.0100")]),
])  # fmt: skip
def test_a_breaker_trips_beyond_its_limit(case: str, limits: dict[str, str], tripped: list[tuple[str, str]]) -> None:
    changes: dict[str, Any] = {name: Decimal(limit) for name, limit in limits.items()}
    scheme = replace(GANZHOU, **changes)
    assert breakers.watched(scheme) == bool(limits)
    found = breakers.tripped(scheme, COUNTY)
    assert [(each.facts["measure"], each.facts["found"]) for each in found] == tripped
    if tripped:
        with pytest.raises(BreakerTripped):
            breakers.tripped(replace(scheme, breaker_action="refuse"), COUNTY)


def test_where_nothing_is_lent_nothing_trips() -> None:
    scheme = replace(GANZHOU, npl_rate_max=Decimal(0), fund_coverage_min=Decimal(1), loss_ratio_max=Decimal(0))
    assert breakers.tripped(scheme, Figures("GZRCB", "360781", Fen(0), Fen(0), Fen(0), Fen(0), Fen(0))) == ()
