"""Eligibility for a loan: checks of the borrower, the bank, the dates, the term and the security, one check per
function.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ledger.dates import completed_years
from ledger.errors import RuleViolation
from ledger.money import Fen, plain
from ledger.policy.schemes import Scheme

Status = Literal["pilot", "eliminated", "substituted"]


class SchemeNotInForce(RuleViolation):
    code = "scheme_not_in_force"
    zh = "签约日 {found} 不在方案 {scheme} 的有效期 {limit} 内"
    en = "signed on {found}, outside the days {limit} of scheme {scheme}"


class DisbursedBeforeSigning(RuleViolation):
    code = "disbursed_before_signing"
    zh = "放款日 {found} 早于签约日 {limit}"
    en = "disbursed on {found}, before the contract was signed on {limit}"


class BorrowerAge(RuleViolation):
    code = "borrower_age"
    zh = "借款人在放款日 {disbursed_on} 为 {found} 周岁，须为 {limit} 周岁"
    en = "the borrower is {found} years old on the disbursement date {disbursed_on}; {limit} is asked"


class RegisteredTooEarly(RuleViolation):
    code = "registered_too_early"
    zh = "建档立卡日 {found} 早于 {limit}"
    en = "the household was registered on {found}, before {limit}"


class BadDebt(RuleViolation):
    code = "bad_debt"
    zh = "借款人或该户有未了结的代偿追偿 {recourse} 元、已核销 {written_off} 元，不得再借"
    en = "the borrower or household has {recourse} of open recourse and {written_off} written off"


class TermOutOfRange(RuleViolation):
    code = "term_out_of_range"
    zh = "期限 {found} 个月，须为 {limit} 个月"
    en = "a term of {found} months; {limit} is asked"


class SecurityNotAllowed(RuleViolation):
    code = "security_not_allowed"
    zh = "担保方式 {found:security} 不在允许之列：{limit:security}"
    en = "security {found:security} is not among those allowed: {limit:security}"


class BankNotAdmitted(RuleViolation):
    code = "bank_not_admitted"
    zh = "{bank} 在 {found} 尚未成为试点银行（{limit}）"
    en = "{bank} is no pilot bank yet on {found} (admitted: {limit})"


class BankEliminated(RuleViolation):
    code = "bank_eliminated"
    zh = "{bank} 自 {limit} 起已被淘汰，{found} 不得发放新贷款"
    en = "{bank} is out of the scheme since {limit} and takes no new loan on {found}"


class EndorsementsMissing(RuleViolation):
    """A warning at approval that opinions (论证意见) are missing, returned as a value and never raised (2.9)."""

    code = "endorsements_missing"
    zh = "缺少论证意见：{missing}"
    en = "endorsements missing: {missing}"


@dataclass(frozen=True, slots=True)
class BankStatus:
    """The status of a bank in the scheme from a day on."""

    status: Status
    effective_on: date


def check_signing(scheme: Scheme, signed_on: date) -> None:
    """Raise SchemeNotInForce where the day of signing is outside the scheme's first and last day, both included."""
    if not scheme.signed_from <= signed_on <= scheme.signed_to:
        limit = f"{scheme.signed_from} – {scheme.signed_to}"
        raise SchemeNotInForce(rule="scheme", scheme=scheme.code, limit=limit, found=signed_on)


def check_disbursement_date(signed_on: date, disbursed_on: date) -> None:
    """Raise DisbursedBeforeSigning where a loan is paid out before its contract is signed (2.6)."""
    if disbursed_on < signed_on:
        raise DisbursedBeforeSigning(rule="2.6", limit=signed_on, found=disbursed_on)


def check_age(scheme: Scheme, born_on: date, disbursed_on: date) -> None:
    """Raise BorrowerAge where the borrower's age on the disbursement date is outside the scheme's limits (2.1).

    Age is counted in completed years, so a borrower is 60 until the day before the 61st birthday.
    """
    years = completed_years(born_on, disbursed_on)
    if not scheme.age_min <= years <= scheme.age_max:
        limit = f"{scheme.age_min}–{scheme.age_max}"
        raise BorrowerAge(rule="2.1", limit=limit, found=years, disbursed_on=disbursed_on)


def check_registration(scheme: Scheme, registered_on: date) -> None:
    """Raise RegisteredTooEarly where the household was registered before the scheme's first day (2.1)."""
    if scheme.registered_from is not None and registered_on < scheme.registered_from:
        raise RegisteredTooEarly(rule="2.1", limit=scheme.registered_from, found=registered_on)


def check_debt(recourse: Fen, written_off: Fen) -> None:
    """Raise BadDebt where the borrower or the household has open recourse or written-off debt (2.1)."""
    if recourse or written_off:
        raise BadDebt(
            rule="2.1",
            limit=plain(0),
            found=plain(recourse + written_off),
            recourse=plain(recourse),
            written_off=plain(written_off),
        )


def check_term(scheme: Scheme, term_months: int) -> None:
    """Raise TermOutOfRange where the term in whole months is outside the scheme's limits (2.6)."""
    if not scheme.term_months_min <= term_months <= scheme.term_months_max:
        limit = f"{scheme.term_months_min}–{scheme.term_months_max}"
        raise TermOutOfRange(rule="2.6", limit=limit, found=term_months)


def check_security(scheme: Scheme, security: str) -> None:
    """Raise SecurityNotAllowed where the scheme does not allow the kind of security (2.9)."""
    if security not in scheme.securities:
        raise SecurityNotAllowed(rule="2.9", limit=scheme.securities, found=security)


def bank_status(statuses: Sequence[BankStatus], day: date) -> BankStatus | None:
    """Return the status of a bank on a day; return None for a day before the bank's first status.

    If two statuses start on the same day, the later status in the sequence counts.
    """
    reached = [status for status in statuses if status.effective_on <= day]
    return max(reversed(reached), key=lambda status: status.effective_on, default=None)


def check_bank(bank: str, statuses: Sequence[BankStatus], day: date) -> None:
    """Check that a bank may give new loans on a day; a substitute bank (递补) may lend just as a pilot bank may (1).

    Raise BankNotAdmitted for a day before the bank's first status. Raise BankEliminated from the day of the bank's
    elimination on. An eliminated bank may not pay out even the loans that were approved before its elimination.
    """
    status = bank_status(statuses, day)
    if status is None:
        first = min((later.effective_on for later in statuses), default=None)
        raise BankNotAdmitted(rule="1", bank=bank, limit=first, found=day)
    if status.status == "eliminated":
        raise BankEliminated(rule="1", bank=bank, limit=status.effective_on, found=day)


def missing_endorsements(scheme: Scheme, given: Collection[str]) -> EndorsementsMissing | None:
    """Return a warning where a loan lacks an opinion (论证意见) that the scheme requires; otherwise return
    None (2.9).
    """
    missing = [name for name in scheme.endorsements if name not in given]
    if not missing:
        return None
    return EndorsementsMissing(rule="2.9", limit=scheme.endorsements, found=sorted(given), missing=missing)
