"""Accounting months (会计期间), which are closed from the earliest to the latest and opened in the reverse order.

Nobody can book in a closed month.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, or_, select

from ledger import movements, period_lock
from ledger.chart import Kind, kind_of
from ledger.dates import DAY, month_last, month_of, next_month
from ledger.errors import NotFound, RuleViolation, WrongStatus
from ledger.ids import new_id
from ledger.operations import job_runs
from ledger.operations.fund import accounts
from ledger.statuses import SheetStatus
from ledger.tables.loans import Approval, Loan, Repayment
from ledger.tables.work import Closing, Import
from ledger.unit_of_work import Unit


class MonthNotOver(RuleViolation):
    code = "month_not_over"
    zh = "{found} 尚未结束（今天 {limit}），不能结账"
    en = "{found} is not over (today is {limit}); it cannot be closed"


class MonthOutOfOrder(RuleViolation):
    code = "month_out_of_order"
    zh = "账套 {book} 须按顺序结账：先结 {limit}，再结 {found}"
    en = "the months of {book} close in order: {limit} before {found}"


class DailyNotRun(RuleViolation):
    code = "daily_not_run"
    zh = "日终作业须先运行至 {limit}（现至 {found}），才能结账"
    en = "daily has to run through {limit} before the month closes; it has run through {found}"


class LinesDue(RuleViolation):
    code = "lines_due"
    zh = "{found} 笔贷款在 {limit} 以前到期的结息或转逾期尚未入账（补记的放款），须先运行日终作业"
    en = "{found} loans have lines or transitions due by {limit} that are not posted; run daily again first"


class ImportsUnconfirmed(RuleViolation):
    code = "imports_unconfirmed"
    zh = "{bank} 有 {found} 个导入批次尚未复核，{month} 不能结账"
    en = "{found} imports of {bank} wait for their checker; {month} cannot be closed"


class NotLastClosed(RuleViolation):
    code = "not_last_closed"
    zh = "账套 {book} 只能重新打开最后结账的月份 {limit}，不能打开 {found}"
    en = "{book} opens its last closed month again, {limit}, not {found}"


def close_month(unit: Unit, book: str, month: str) -> None:
    """Close a month (`2016-05`) of a book; no entry can be booked in a closed month (books.md promise 6).

    The book's row is locked exclusively, so every concurrent transaction books either wholly before or wholly after the
    closing.

    Raise NotFound for an unknown book, MonthNotOver before the month's end, WrongStatus where the month is already
    closed, MonthOutOfOrder where an earlier month is open, DailyNotRun where the daily job has not run for the month's
    last day, LinesDue where interest bills are not posted, ImportsUnconfirmed where a sheet waits for its checker.
    """
    last = month_last(month)
    if unit.today <= last:
        raise MonthNotOver(rule="books 6", limit=unit.today, found=month)
    closed = period_lock.hold_alone(unit, book)
    if closed is not None and last <= closed:
        raise WrongStatus(status="closed", allowed="open", book=book, month=month)
    _check_order(unit, book, month, closed)
    _check_daily(unit, last)
    if kind_of_book(book) is Kind.LOAN:
        bank = book.partition("-")[2]
        _check_lines(unit, bank, last)
        _check_imports(unit, bank, month)
    if kind_of(book) is Kind.FUND:
        accounts.check_reconciled(unit, book.partition("-")[2], last)
    _set(unit, book, month, last, "close", reason="", checked_by=None)


def check_reopen(unit: Unit, book: str, month: str) -> None:
    """Raise NotLastClosed unless the month is the book's last closed month; raise NotFound for an unknown book."""
    _check_last(book, month, period_lock.hold_alone(unit, book))


def apply_reopen(unit: Unit, approval: Approval, payload: Mapping[str, Any]) -> None:
    """Open a book's last closed month (重新打开) once a second person has approved.

    Raise the same errors as `check_reopen`.
    """
    book, month = payload["book"], payload["month"]
    _check_last(book, month, period_lock.hold_alone(unit, book))
    first = date.fromisoformat(f"{month}-01")
    before = month_of(first - DAY)
    through = first - DAY if _was_closed(unit, book, before) else None
    _set(unit, book, month, through, "reopen", reason=approval.reason, checked_by=unit.user, by=approval.made_by)


def kind_of_book(book: str) -> Kind:
    """Return the kind of the book with this name; raise NotFound for an unknown book."""
    try:
        return kind_of(book)
    except ValueError:
        raise NotFound(what="book", id=book) from None


def _check_order(unit: Unit, book: str, month: str, closed: date | None) -> None:
    """Raise MonthOutOfOrder unless the month follows the book's last closed month.

    The first month to be closed in a book may be any month before which the book has no entry.
    """
    expected = next_month(closed)
    if expected is None:
        eve = date.fromisoformat(f"{month}-01") - DAY
        first = movements.first_day(unit, book)
        expected = month if first is None or first > eve else month_of(first)
    if month != expected:
        raise MonthOutOfOrder(rule="books 6", book=book, limit=expected, found=month)


def _check_daily(unit: Unit, last: date) -> None:
    through = job_runs.ran_through(unit.session)
    if through is None or through < last:
        raise DailyNotRun(rule="books 6", limit=last, found=through)


def _check_lines(unit: Unit, bank: str, last: date) -> None:
    """Raise LinesDue where a loan of the bank has an unposted bill or status change due on or before the day `last`.

    A loan has unposted bills when it was recorded after the daily job had already run for the days of the bills.
    """
    query = select(func.count()).select_from(Loan).where(Loan.bank == bank, Loan.next_step_on <= last)
    if waiting := unit.session.execute(query).scalar_one():
        raise LinesDue(rule="books 6", limit=last, found=waiting)


def _check_imports(unit: Unit, bank: str, month: str) -> None:
    """Raise ImportsUnconfirmed for sheets of the bank that are not yet confirmed (scheme 1).

    A sheet whose rows are still being booked always counts. A booked sheet counts only if it has rows dated in the
    month or in an earlier month.
    """
    last = month_last(month)
    dated = or_(
        select(Loan.id).where(Loan.import_id == Import.id, Loan.disbursed_on <= last).exists(),
        select(Repayment.id).where(Repayment.import_id == Import.id, Repayment.paid_on <= last).exists(),
    )
    waiting = unit.session.execute(
        select(Import.id).where(
            Import.bank == bank,
            Import.kind.in_(("loans", "repayments")),
            or_(Import.status == SheetStatus.BOOKING, (Import.status == SheetStatus.BOOKED) & dated),
        )
    ).all()
    if waiting:
        raise ImportsUnconfirmed(
            rule="1", bank=bank, month=month, limit=0, found=len(waiting), imports=[str(row.id) for row in waiting]
        )


def _check_last(book: str, month: str, closed: date | None) -> None:
    if closed is None or month_last(month) != closed:
        raise NotLastClosed(rule="books 6", book=book, limit=closed and month_of(closed), found=month)


def _was_closed(unit: Unit, book: str, month: str) -> bool:
    """Return whether the last action recorded for a month of a book was to close the month."""
    action = unit.session.execute(
        select(Closing.action).where(Closing.book == book, Closing.month == month).order_by(Closing.id.desc()).limit(1)
    ).scalar()
    return action == "close"


def _set(
    unit: Unit,
    book: str,
    month: str,
    through: date | None,
    action: str,
    *,
    reason: str,
    checked_by: str | None,
    by: str = "",
) -> None:
    period_lock.close_through(unit, book, through)
    unit.session.add(
        Closing(
            id=new_id(),
            book=book,
            month=month,
            action=action,
            by=by or unit.user,
            checked_by=checked_by,
            reason=reason,
            recorded_at=unit.recorded_at,
        )
    )
    unit.session.flush()
