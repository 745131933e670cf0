"""Breakers (熔断, scheme 6.9): figures of a bank in a county that warn of new loans there, or refuse them."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from ledger.errors import RuleViolation
from ledger.money import Fen
from ledger.policy.schemes import Scheme


class BreakerTripped(RuleViolation):
    code = "breaker_tripped"
    zh = "{bank} 在 {county} 的 {measure} 为 {found}，限值 {limit}（{rule}）"
    en = "{measure} of {bank} in {county} is {found}; the limit is {limit} ({rule})"


@dataclass(frozen=True, slots=True)
class Figures:
    """What the ratios are made of, whole fen, of one bank in one county.

    `lent` is the open principal of loans not compensated, `bad` what of it is graded substandard or worse; `balance`
    stands in the fund account; `lost` is what the fund paid and has not got back; `issued` was ever paid out.
    """

    bank: str
    county: str
    lent: Fen
    bad: Fen
    balance: Fen
    lost: Fen
    issued: Fen


def npl_rate(figures: Figures) -> Decimal | None:
    """不良率: bad principal to open principal, cut to a ten-thousandth; none where nothing is lent."""
    return _ratio(figures.bad, figures.lent)


def fund_coverage(figures: Figures) -> Decimal | None:
    """基金覆盖率: the fund account's balance to open principal; none where nothing is lent."""
    return _ratio(figures.balance, figures.lent)


def loss_ratio(figures: Figures) -> Decimal | None:
    """代偿损失率: net compensation to all that was issued; none where nothing was."""
    return _ratio(figures.lost, figures.issued)


def watched(scheme: Scheme) -> bool:
    """Whether a scheme sets any breaker; ganzhou-2016 sets none."""
    return any(limit is not None for limit in (scheme.npl_rate_max, scheme.fund_coverage_min, scheme.loss_ratio_max))


def tripped(scheme: Scheme, figures: Figures) -> tuple[BreakerTripped, ...]:
    """The warnings for a new loan; the first is raised where the scheme refuses (6.9)."""
    found = tuple(_tripped(scheme, figures))
    if found and scheme.breaker_action == "refuse":
        raise found[0]
    return found


def _tripped(scheme: Scheme, figures: Figures) -> Iterator[BreakerTripped]:
    for measure, found, most, least in (
        ("npl_rate", npl_rate(figures), scheme.npl_rate_max, None),
        ("fund_coverage", fund_coverage(figures), None, scheme.fund_coverage_min),
        ("loss_ratio", loss_ratio(figures), scheme.loss_ratio_max, None),
    ):
        over = most is not None and found is not None and found > most
        under = least is not None and found is not None and found < least
        if over or under:
            yield BreakerTripped(
                rule="6.9",
                measure=measure,
                bank=figures.bank,
                county=figures.county,
                limit=most if over else least,
                found=found,
            )


def _ratio(part: int, whole: int) -> Decimal | None:
    return Decimal(part * 10_000 // whole).scaleb(-4) if whole else None
