"""Who may borrow, from which bank, when and for how long: a question a function, a named refusal each."""

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
    """A warning at approval: given as a value, never raised (2.9)."""

    code = "endorsements_missing"
    zh = "缺少论证意见：{missing}"
    en = "endorsements missing: {missing}"


@dataclass(frozen=True, slots=True)
class BankStatus:
    """What a bank is in the scheme from a day on."""

    status: Status
    effective_on: date


def check_signing(scheme: Scheme, signed_on: date) -> None:
    """A contract is signed within the scheme's days, both included; raises SchemeNotInForce."""
    if not scheme.signed_from <= signed_on <= scheme.signed_to:
        limit = f"{scheme.signed_from} – {scheme.signed_to}"
        raise SchemeNotInForce(rule="scheme", scheme=scheme.code, limit=limit, found=signed_on)


def check_disbursement_date(signed_on: date, disbursed_on: date) -> None:
    """Nothing is paid out before the contract is signed (2.6); raises DisbursedBeforeSigning."""
    if disbursed_on < signed_on:
        raise DisbursedBeforeSigning(rule="2.6", limit=signed_on, found=disbursed_on)


def check_age(scheme: Scheme, born_on: date, disbursed_on: date) -> None:
    """The borrower's completed years on the disbursement date (2.1); raises BorrowerAge.

    A borrower is 60 until the day before the 61st birthday.
    """
    years = completed_years(born_on, disbursed_on)
    if not scheme.age_min <= years <= scheme.age_max:
        limit = f"{scheme.age_min}–{scheme.age_max}"
        raise BorrowerAge(rule="2.1", limit=limit, found=years, disbursed_on=disbursed_on)


def check_registration(scheme: Scheme, registered_on: date) -> None:
    """The household was registered on the scheme's day or later (2.1); raises RegisteredTooEarly."""
    if scheme.registered_from is not None and registered_on < scheme.registered_from:
        raise RegisteredTooEarly(rule="2.1", limit=scheme.registered_from, found=registered_on)


def check_debt(recourse: Fen, written_off: Fen) -> None:
    """Neither the borrower nor the household has open recourse or written-off debt (2.1); raises BadDebt."""
    if recourse or written_off:
        raise BadDebt(
            rule="2.1",
            limit=plain(0),
            found=plain(recourse + written_off),
            recourse=plain(recourse),
            written_off=plain(written_off),
        )


def check_term(scheme: Scheme, term_months: int) -> None:
    """The term in whole months lies within the scheme's (2.6); raises TermOutOfRange."""
    if not scheme.term_months_min <= term_months <= scheme.term_months_max:
        limit = f"{scheme.term_months_min}–{scheme.term_months_max}"
        raise TermOutOfRange(rule="2.6", limit=limit, found=term_months)


def check_security(scheme: Scheme, security: str) -> None:
    """The kind of security is one the scheme knows (2.9); raises SecurityNotAllowed."""
    if security not in scheme.securities:
        raise SecurityNotAllowed(rule="2.9", limit=scheme.securities, found=security)


def bank_status(statuses: Sequence[BankStatus], day: date) -> BankStatus | None:
    """The status in force on a day; the later in the sequence wins among those of one day."""
    reached = [status for status in statuses if status.effective_on <= day]
    return max(reversed(reached), key=lambda status: status.effective_on, default=None)


def check_bank(bank: str, statuses: Sequence[BankStatus], day: date) -> None:
    """The bank takes new loans on a day; a substitute (递补) lends like a pilot (1).

    Raises BankNotAdmitted, BankEliminated: from its day on undisbursed loans are refused too.
    """
    status = bank_status(statuses, day)
    if status is None:
        first = min((each.effective_on for each in statuses), default=None)
        raise BankNotAdmitted(rule="1", bank=bank, limit=first, found=day)
    if status.status == "eliminated":
        raise BankEliminated(rule="1", bank=bank, limit=status.effective_on, found=day)


def missing_endorsements(scheme: Scheme, given: Collection[str]) -> EndorsementsMissing | None:
    """The warning for a loan without all the opinions (论证意见) the scheme asks for (2.9)."""
    missing = [name for name in scheme.endorsements if name not in given]
    if not missing:
        return None
    return EndorsementsMissing(rule="2.9", limit=scheme.endorsements, found=sorted(given), missing=missing)
