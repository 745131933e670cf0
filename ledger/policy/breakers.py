"""Breakers (熔断, scheme 6.9): if a bank's ratio in a county exceeds its limit, new loans are refused or warned of."""

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
    """The amounts behind the ratios of one bank in one county, in whole fen.

    `lent` is the open principal of loans that are not compensated. `bad` is the principal of the loans in `lent` that
    are graded substandard or worse. `balance` is the balance of the fund account of one bank in one county. `lost` is
    the compensation that the fund has paid and not recovered. `issued` is the principal of all loans ever paid out.
    """

    bank: str
    county: str
    lent: Fen
    bad: Fen
    balance: Fen
    lost: Fen
    issued: Fen


def npl_rate(figures: Figures) -> Decimal | None:
    """Return the ratio of bad to open principal (不良率), rounded down to 0.0001; return None without open
    principal.
    """
    return _ratio(figures.bad, figures.lent)


def fund_coverage(figures: Figures) -> Decimal | None:
    """Return the ratio of the fund account's balance to open principal (基金覆盖率); return None without open
    principal.
    """
    return _ratio(figures.balance, figures.lent)


def loss_ratio(figures: Figures) -> Decimal | None:
    """Return the ratio of net compensation to all principal issued (代偿损失率); return None if no loan was issued."""
    return _ratio(figures.lost, figures.issued)


def watched(scheme: Scheme) -> bool:
    """Return whether a scheme sets a limit for any breaker ratio; ganzhou-2016 sets no limit."""
    return any(limit is not None for limit in (scheme.npl_rate_max, scheme.fund_coverage_min, scheme.loss_ratio_max))


def tripped(scheme: Scheme, figures: Figures) -> tuple[BreakerTripped, ...]:
    """Return the tripped breakers as warnings for a new loan; raise the first warning where the scheme
    refuses (6.9).
    """
    warnings = tuple(_tripped(scheme, figures))
    if warnings and scheme.breaker_action == "refuse":
        raise warnings[0]
    return warnings


def _tripped(scheme: Scheme, figures: Figures) -> Iterator[BreakerTripped]:
    for measure, ratio, most, least in (
        ("npl_rate", npl_rate(figures), scheme.npl_rate_max, None),
        ("fund_coverage", fund_coverage(figures), None, scheme.fund_coverage_min),
        ("loss_ratio", loss_ratio(figures), scheme.loss_ratio_max, None),
    ):
        over = most is not None and ratio is not None and ratio > most
        under = least is not None and ratio is not None and ratio < least
        if over or under:
            yield BreakerTripped(
                rule="6.9",
                measure=measure,
                bank=figures.bank,
                county=figures.county,
                limit=most if over else least,
                found=ratio,
            )


def _ratio(part: int, whole: int) -> Decimal | None:
    return Decimal(part * 10_000 // whole).scaleb(-4) if whole else None
