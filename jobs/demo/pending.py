"""Makes the pending work of the demo's last day: loans not yet paid out, and a waiver that a checker must decide."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date

from sqlalchemy import select

from jobs.demo.plan import BANKS, COUNTY, RATE, Lent
from ledger.money import yuan
from ledger.operations.approvals import requests
from ledger.operations.lending import loans
from ledger.operations.lending.contracts import LoanRequest
from ledger.tables.loans import Approval, Loan
from ledger.unit_of_work import Unit

_At = Callable[[str], AbstractContextManager[Unit]]

_BANK = BANKS[0]
_ENDORSED = ("village_committee", "work_team", "township")
_STEPS = {"submitted": 0, "returned": 1, "approved": 2, "paid_out": 3}


def leave_pending(at: _At, lent: Sequence[Lent]) -> None:
    """Record a loan in each status from submitted to paid out, and ask for a waiver of penalty interest.

    The borrowers of the recorded loans are households that have repaid an earlier loan.
    """
    with at("officer") as unit:
        free = _settled_households(unit)
    for number, (name, step) in enumerate(_STEPS.items(), 1):
        _put_forward(at, f"{_BANK}-2019-9{number:03d}", free[number - 1], name, step)
    with at("officer") as unit:
        _ask_waiver(unit)


def _settled_households(unit: Unit) -> list[int]:
    """Return the ids of households whose loan from the bank is closed, in the order of the loans' due dates."""
    query = (
        select(Loan.household_id)
        .where(Loan.bank == _BANK, Loan.status == "closed", Loan.household_id.is_not(None))
        .order_by(Loan.rolled_on, Loan.id)
    )
    return [found for found in unit.session.execute(query).scalars() if found is not None]


def _put_forward(at: _At, contract_no: str, household_id: int, name: str, step: int) -> None:
    with at("officer") as unit:
        # If an earlier attempt to make the demo was interrupted, the loan may exist already.
        if unit.session.execute(select(Loan.id).where(Loan.contract_no == contract_no)).first():
            return
        taken = loans.record(
            unit,
            LoanRequest(
                contract_no=contract_no,
                scheme="ganzhou-2016",
                bank=_BANK,
                county=COUNTY,
                principal=yuan("40000.00"),
                annual_rate=RATE,
                term_months=36,
                signed_on=date(2019, 12, 20),
                purpose="脐橙改种",
                household_id=household_id,
                endorsements=_ENDORSED,
            ),
        )
    if name == "returned":
        with at("checker") as unit:
            loans.send_back(unit, taken.id, "缺少项目用款计划")
    elif step >= _STEPS["approved"]:
        with at("checker") as unit:
            loans.approve(unit, taken.id)
    if name == "paid_out":
        with at("officer") as unit:
            loans.disburse(unit, taken.id, date(2019, 12, 26))


def _ask_waiver(unit: Unit) -> None:
    if unit.session.execute(select(Approval.id).where(Approval.kind == "waiver")).first():
        return
    query = select(Loan).where(Loan.bank == _BANK, Loan.status == "overdue").order_by(Loan.rolled_on, Loan.id)
    loan = unit.session.execute(query).scalars().first()
    if loan is not None:
        payload = {"on": unit.today, "amount": None}
        requests.ask(unit, "waiver", payload, loan_id=loan.id, reason="户主患病住院，申请减免罚息")
