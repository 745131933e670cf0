"""Days, amounts and periods read from the short texts of a table of cases."""

from datetime import date

from ledger.money import Fen, to_fen, yuan
from ledger.policy.subsidy import Period


def day(text: str) -> date:
    return date.fromisoformat(text)


def fen(text: str) -> Fen:
    """Return the whole fen of an amount in yuan."""
    return to_fen(yuan(text))


def quarter(text: str) -> Period:
    return Period.parse("quarter", text)
