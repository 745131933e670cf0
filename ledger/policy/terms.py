"""The term of a loan: the due date, its move to a working day, and extensions."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ledger.calendar import WorkCalendar
from ledger.dates import add_months
from ledger.errors import RuleViolation
from ledger.policy.scheme import Roll
from ledger.policy.schemes import Scheme


class ExtensionTooLate(RuleViolation):
    code = "extension_too_late"
    zh = "展期须在合同到期日 {limit} 之前商定，商定日为 {found}"
    en = "an extension is agreed before the contract due date {limit}, not on {found}"


class ExtensionRepeated(RuleViolation):
    code = "extension_repeated"
    zh = "展期最多 {limit} 次，已展期 {found} 次"
    en = "a loan is extended at most {limit} times; it was {found} times already"


class ExtensionTooLong(RuleViolation):
    code = "extension_too_long"
    zh = "展期 {found} 个月，须为 1 至 {limit} 个整月（原期限的 {share}）"
    en = "an extension of {found} months; 1 to {limit} whole months, {share} of the original term"


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension (展期) from the old to the new contract due date; neither date is moved to a working day."""

    agreed_on: date
    months: int
    old_due_on: date
    due_on: date
    cumulative_months: int


def due_on(disbursed_on: date, months: int) -> date:
    """Return the contract due date (到期日), counted from the disbursement even after an extension (2.6)."""
    return add_months(disbursed_on, months)


def rolled(due: date, calendar: WorkCalendar, roll: Roll) -> date:
    """Return the day on which a loan with a given contract due date is payable (3.6).

    The day returned is the due date itself if the date is a working day or the scheme rolls no dates; otherwise it is
    the next working day. The day returned is provisional if no calendar of its year is published. Before posting
    anything on the returned day, check `calendar.is_provisional` for the due date and for the returned day.
    """
    return due if roll == "none" else calendar.next_working(due)


def extension_months_max(scheme: Scheme, term_months: int) -> int:
    """Return the largest number of whole months that an extension may add to an original term (3.10)."""
    return int(Decimal(term_months) * scheme.extension_share_max)


def extend_term(
    scheme: Scheme, disbursed_on: date, term_months: int, earlier: int, agreed_on: date, months: int
) -> Extension:
    """Return the extension of a loan by whole months; `earlier` is the number of the loan's earlier extensions (3.10).

    Raise ExtensionRepeated, ExtensionTooLate or ExtensionTooLong.
    """
    old_due_on = due_on(disbursed_on, term_months)
    if earlier >= scheme.extensions_max:
        raise ExtensionRepeated(rule="3.10", limit=scheme.extensions_max, found=earlier)
    if agreed_on >= old_due_on:
        raise ExtensionTooLate(rule="3.10", limit=old_due_on, found=agreed_on)
    longest = extension_months_max(scheme, term_months)
    if not 1 <= months <= longest:
        share = scheme.extension_share_max
        raise ExtensionTooLong(rule="3.10", limit=longest, found=months, share=share, term_months=term_months)
    cumulative = term_months + months
    return Extension(agreed_on, months, old_due_on, due_on(disbursed_on, cumulative), cumulative)
