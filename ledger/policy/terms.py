"""Terms: when a loan falls due, how a due date rolls, what an extension may add."""

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
    """An extension (展期): from the old contract due date to the new one, both not rolled."""

    agreed_on: date
    months: int
    old_due_on: date
    due_on: date
    cumulative_months: int


def due_on(disbursed_on: date, months: int) -> date:
    """The contract due date (到期日): always counted from the disbursement, extensions too (2.6)."""
    return add_months(disbursed_on, months)


def rolled(due: date, calendar: WorkCalendar, roll: Roll) -> date:
    """The day a due date is payable: the next working day, or the date itself where none roll (3.6).

    Provisional where the calendar's year is not published: ask `calendar.is_provisional` of the due date
    and of the answer before anything is posted on it.
    """
    return due if roll == "none" else calendar.next_working(due)


def extension_months_max(scheme: Scheme, term_months: int) -> int:
    """The most whole months an extension may add to an original term (3.10)."""
    return int(Decimal(term_months) * scheme.extension_share_max)


def extend_term(
    scheme: Scheme, disbursed_on: date, term_months: int, earlier: int, agreed_on: date, months: int
) -> Extension:
    """The extension of a loan with `earlier` extensions so far, by whole months (3.10).

    Raises ExtensionRepeated, ExtensionTooLate, ExtensionTooLong.
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
