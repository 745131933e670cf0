"""Functions that read days, amounts and periods from the short texts in a table of cases."""

from datetime import date

from ledger.money import Fen, to_fen, yuan
from ledger.policy.subsidy import Period


def day(text: str) -> date:
    return date.fromisoformat(text)


def fen(text: str) -> Fen:
    """Return an amount in yuan as whole fen."""
    return to_fen(yuan(text))


def quarter(text: str) -> Period:
    return Period.parse("quarter", text)
