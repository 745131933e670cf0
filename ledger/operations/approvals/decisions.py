"""The kinds of request that two people settle (复核事项): the roles, the check and the operation of each kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ledger.catalogue import Office
from ledger.chart import Kind
from ledger.events import LoanDisbursed, ManualAdjustment
from ledger.operations.approvals import adjustments, loan_changes, reversals
from ledger.operations.books import periods
from ledger.operations.compensation import closing, county_shares, suspense
from ledger.operations.fund import accounts
from ledger.operations.lending import loans
from ledger.operations.registry.users import Role
from ledger.tables.loans import Approval
from ledger.unit_of_work import Unit

Payload = Mapping[str, Any]
"""The content of a request in JSON form, with amounts as yuan text, dates as ISO text, and ids as digits."""


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles that may make a request, and the role that decides on the request."""

    asks: frozenset[Role]
    decides: Role


BANK = Roles(frozenset({Role.BANK_OFFICER}), Role.BANK_CHECKER)
FINANCE = Roles(frozenset({Role.FINANCE_OFFICER}), Role.FINANCE_CHECKER)


@dataclass(frozen=True, slots=True)
class Decision:
    """A kind of request, with its roles and with the functions that check a request and apply an approved request.

    `check` runs when a request is made, and refuses a request that could not be approved. `apply` runs when the request
    is approved, checks every rule a second time, and books. Where `of_loan` is true, at most one request of the kind
    may be pending on a loan.
    """

    roles: Callable[[Unit, Payload], Roles]
    check: Callable[[Unit, int | None, Payload], None]
    apply: Callable[[Unit, Approval, Payload], None]
    of_loan: bool = False


def _about_a_loan(kind: str) -> Decision:
    def check(unit: Unit, loan_id: int | None, payload: Payload) -> None:
        assert loan_id is not None
        loan_changes.check(kind, unit, loan_id, payload)

    return Decision(lambda unit, payload: BANK, check, partial(loan_changes.apply, kind), of_loan=True)


def _by_book(unit: Unit, payload: Payload) -> Roles:
    """Return the roles for a request about a book.

    The bank decides on its loan book, the county's finance bureau on the fund and subsidy books.
    """
    return BANK if periods.kind_of_book(payload["book"]) is Kind.LOAN else FINANCE


def _closers(unit: Unit, payload: Payload) -> Roles:
    """Return the roles for opening a closed month: the officer and the checker may both request the opening.

    The checker decides on opening a closed month, but nobody decides on a request that they made (scheme 1).
    """
    roles = _by_book(unit, payload)
    return Roles(roles.asks | {roles.decides}, roles.decides)


_RECOURSE = Roles(frozenset({Role.BANK_OFFICER, Role.FINANCE_OFFICER}), Role.FINANCE_CHECKER)
"""The roles for ending the recourse of a claim.

The bank's officer or the finance officer makes the request, and the finance checker decides on the request.
"""


def _by_event(unit: Unit, payload: Payload) -> Roles:
    """Return the roles for reversing an event, which belong to the offices that keep the event's book.

    Raise NotFound where no event has this id, NotReversible where a different operation undoes the event,
    AlreadyReversed where the event was reversed before.
    """
    event = reversals.check(unit, payload)
    if isinstance(event, ManualAdjustment):
        return BANK if event.rows[0].kind is Kind.LOAN else FINANCE
    return BANK if reversals.by_hand(event).office is Office.BANK else FINANCE


def _check_reversal(unit: Unit, loan_id: int | None, payload: Payload) -> None:
    event = reversals.check(unit, payload)
    if isinstance(event, LoanDisbursed) and event.loan is not None:
        loans.check_undo(unit, event.loan, int(payload["event_id"]))


def _check_reopen(unit: Unit, loan_id: int | None, payload: Payload) -> None:
    periods.check_reopen(unit, payload["book"], payload["month"])


DECISIONS: Mapping[str, Decision] = {
    "extension": _about_a_loan("extension"),  # 展期
    "renewal": _about_a_loan("renewal"),  # 续贷
    "misuse": _about_a_loan("misuse"),  # 认定挪用
    "write_off": _about_a_loan("write_off"),  # 核销
    "waiver": _about_a_loan("waiver"),  # 减免罚息复利
    "credit_refund": _about_a_loan("credit_refund"),  # 暂收款退还
    "insurance": _about_a_loan("insurance"),  # 保险赔付
    "claim_closing": Decision(  # 追偿终结
        lambda unit, payload: _RECOURSE,
        lambda unit, loan_id, payload: closing.check(unit, payload),
        closing.apply,
    ),
    "county_share_return": Decision(  # 退还县级预缴分担款
        lambda unit, payload: FINANCE,
        lambda unit, loan_id, payload: county_shares.check_return(unit, payload),
        county_shares.apply_return,
    ),
    "suspense_release": Decision(  # 挂账款退出
        lambda unit, payload: FINANCE,
        lambda unit, loan_id, payload: suspense.check_release(unit, payload),
        suspense.apply_release,
    ),
    "reversal": Decision(_by_event, _check_reversal, reversals.apply),  # 红字冲销
    "adjustment": Decision(_by_book, adjustments.check_adjustment, adjustments.apply_adjustment),  # 手工调整
    "fund_return": Decision(  # 基金清退
        lambda unit, payload: FINANCE, accounts.check_wind_down, accounts.apply_return
    ),
    "reopen": Decision(_closers, _check_reopen, periods.apply_reopen),  # 重新打开会计期间
}
