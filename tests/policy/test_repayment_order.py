"""Tests of the order in which a repayment is applied to interest, principal and credit (3.9)."""

from datetime import date, timedelta

import pytest

from ledger.events import RepaymentReceived
from ledger.money import Fen, plain
from ledger.policy import servicing
from ledger.policy.accrual import Steps, Terms, Uplifts
from ledger.policy.loan_transactions import Repay
from ledger.policy.schemes import load_preset
from ledger.policy.servicing import InterestBill, LoanState

DISBURSED, DUE = date(2016, 1, 4), date(2019, 1, 4)
FIRST, SECOND = date(2018, 9, 21), date(2018, 12, 21)


def behind(day: date) -> LoanState:
    """Return a loan with a principal of 1,000.00 yuan and two unpaid interest lines.

    Each interest line has 10.00 yuan contract interest, 2.00 yuan compound interest and 5.00 yuan penalty.
    """
    bills = [
        InterestBill(start, start, Fen(10_00), Fen(2_00), Fen(5_00), Steps([(day, Fen(10_00))]))
        for start in (FIRST, SECOND)
    ]
    terms = Terms(DISBURSED, DUE, ((DISBURSED, 4_750_000),), None, Uplifts.of(load_preset("ganzhou-2016")))
    state = LoanState(
        1, "360781", "GZRCB", terms, "active", day, None, interest_bills=bills, owed=Steps([(day, Fen(1000_00))])
    )
    state.principal, state.overdue = (Fen(1000_00), Fen(0)) if day <= DUE else (Fen(0), Fen(1000_00))
    return state


def applied(days_overdue: int, amount: str, surplus: str = "credit") -> str:
    """Return the parts of an amount applied to a loan as text.

    The text begins with the oldest interest line; each line is written `contract compound penalty`. In the text,
    principal and credit follow the interest lines.
    """
    day = DUE + timedelta(days=days_overdue)
    fen = Fen(int(amount.replace(".", "")))
    event = list(servicing.repay(behind(day), Repay(on=day, repayment=1, amount=fen, surplus=surplus)))[-1]
    assert isinstance(event, RepaymentReceived)
    parts = [" ".join(plain(part) for part in row[1:]) for row in event.applied]
    principal = plain(event.principal + event.overdue_principal)
    assert event.amount == sum((event.interest, event.charges, event.principal, event.overdue_principal, event.credit))
    return f"{' | '.join(parts) or '-'} || {principal} || {plain(event.credit)}"


@pytest.mark.parametrize("case, days_overdue, amount, surplus, goes", [
    ("contract of the oldest line",           -10, "7.00",    "credit",    "7.00 0.00 0.00 || 0.00 || 0.00"),
    ("then its compound",                     -10, "11.50",   "credit",    "10.00 1.50 0.00 || 0.00 || 0.00"),
    ("then its penalty",                      -10, "16.99",   "credit",    "10.00 2.00 4.99 || 0.00 || 0.00"),
    ("the oldest line whole",                 -10, "17.00",   "credit",    "10.00 2.00 5.00 || 0.00 || 0.00"),
    ("a fen into the next line",              -10, "17.01",   "credit",
     "10.00 2.00 5.00 | 0.01 0.00 0.00 || 0.00 || 0.00"),
    ("both lines",                            -10, "34.00",   "credit",
     "10.00 2.00 5.00 | 10.00 2.00 5.00 || 0.00 || 0.00"),
    ("the rest is kept before the due date",  -10, "134.00",  "credit",
     "10.00 2.00 5.00 | 10.00 2.00 5.00 || 0.00 || 100.00"),
    ("or goes to principal, if it says so",   -10, "134.00",  "principal",
     "10.00 2.00 5.00 | 10.00 2.00 5.00 || 100.00 || 0.00"),
    ("the eve of the due date",               -1,  "134.00",  "credit",
     "10.00 2.00 5.00 | 10.00 2.00 5.00 || 0.00 || 100.00"),
    ("from the due date on to principal",     0,   "134.00",  "credit",
     "10.00 2.00 5.00 | 10.00 2.00 5.00 || 100.00 || 0.00"),
    ("overdue: lines first",                  1,   "100.00",  "credit",
     "10.00 2.00 5.00 | 10.00 2.00 5.00 || 66.00 || 0.00"),
    ("ninety days overdue: lines first still", 90, "100.00",  "credit",
     "10.00 2.00 5.00 | 10.00 2.00 5.00 || 66.00 || 0.00"),
    ("more than ninety: principal first",     91,  "100.00",  "credit",    "- || 100.00 || 0.00"),
    ("all of the principal",                  91,  "1000.00", "credit",    "- || 1000.00 || 0.00"),
    ("then the oldest line",                  91,  "1012.00", "principal", "10.00 2.00 0.00 || 1000.00 || 0.00"),
    ("then the next",                         91,  "1020.00", "credit",
     "10.00 2.00 5.00 | 3.00 0.00 0.00 || 1000.00 || 0.00"),
    ("everything, on any day",                91,  "1034.00", "credit",
     "10.00 2.00 5.00 | 10.00 2.00 5.00 || 1000.00 || 0.00"),
    ("and a fen too much",                    91,  "1034.01", "credit",
     "10.00 2.00 5.00 | 10.00 2.00 5.00 || 1000.00 || 0.01"),
    ("the whole debt before the due date",    -10, "1034.00", "credit",
     "10.00 2.00 5.00 | 10.00 2.00 5.00 || 1000.00 || 0.00"),
])  # fmt: skip
def test_where_a_repayment_goes(case: str, days_overdue: int, amount: str, surplus: str, goes: str) -> None:
    assert applied(days_overdue, amount, surplus) == goes
