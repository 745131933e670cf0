"""Checks of loans against the journal: interest bills, their payments, repayments, statuses and next steps."""

from typing import Any

from sqlalchemy import Connection

from ledger.dates import next_settlement
from ledger.reports.verifying.check import Broken, Check, as_date, by_query, streamed
from ledger.statuses import LoanStatus

_LINES = (
    by_query(
        "line_unlike_entry",
        "结息单须与其凭证一致",
        "a settlement line is what its event posted, on its day",
        """
        SELECT 'line ' || l.loan_id || '/' || l.period_start || ' v' || l.version,
            'contract ' || l.contract || ' charges ' || (l.penalty + l.compound) || ' on ' || l.period_end,
            'contract ' || coalesce(sum(CASE WHEN p.debit = '113201' THEN p.fen END), 0)
                || ' charges ' || coalesce(sum(CASE WHEN p.debit = '113202' THEN p.fen END), 0)
                || ' on ' || coalesce(min(e.kind || ' ' || e.effective_on), 'nothing')
        FROM lines l LEFT JOIN events e ON e.id = l.event_id AND e.loan_id = l.loan_id AND e.kind = 'InterestBilled'
        LEFT JOIN entries n ON n.event_id = e.id LEFT JOIN postings p ON p.entry_id = n.id
        GROUP BY l.loan_id, l.period_start, l.version, l.contract, l.penalty, l.compound, l.period_end
        HAVING coalesce(sum(CASE WHEN p.debit = '113201' THEN p.fen END), 0) <> l.contract
            OR coalesce(sum(CASE WHEN p.debit = '113202' THEN p.fen END), 0) <> l.penalty + l.compound
            OR count(e.id) = 0 OR min(e.effective_on) <> l.period_end OR l.period_start >= l.period_end
        """,
    ),
    by_query(
        "line_alive_unlike_event",
        "结息单有效与否须与其业务是否冲销一致",
        "a line is live as long as its event stands, and every standing one has its line",
        """
        SELECT 'event ' || e.id,
            CASE WHEN r.id IS NULL THEN 'one live line' ELSE 'no live line' END, count(l.live)
        FROM events e LEFT JOIN events r ON r.reverses_id = e.id LEFT JOIN lines l ON l.event_id = e.id
        WHERE e.kind = 'InterestBilled' GROUP BY e.id, r.id
        HAVING count(l.live) <> CASE WHEN r.id IS NULL THEN 1 ELSE 0 END OR count(*) <> 1
        """,
    ),
    by_query(
        "lines_overlap",
        "同一贷款的计息期不得重叠",
        "no day of a loan is in two live lines",
        """
        SELECT 'line ' || loan_id || '/' || period_start, 'from ' || before || ' on', period_start FROM (
            SELECT loan_id, period_start,
                max(period_end) OVER (PARTITION BY loan_id ORDER BY period_start
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
            FROM lines WHERE live
        ) AS in_order WHERE before > period_start
        """,
    ),
)

_PAID = (
    by_query(
        "application_unlike_entry",
        "对结息单的清偿须与其凭证一致",
        "what an event paid of lines is what it posted to their receivables",
        """
        SELECT 'event ' || event_id,
            'contract ' || sum(posted_contract) || ' charges ' || sum(posted_charges),
            'contract ' || sum(contract) || ' charges ' || sum(charges)
        FROM (
            SELECT event_id, contract, compound + penalty AS charges, 0 AS posted_contract, 0 AS posted_charges
            FROM applications
            UNION ALL
            SELECT e.id, 0, 0, CASE WHEN p.credit = '113201' THEN p.fen ELSE 0 END,
                CASE WHEN p.credit = '113202' THEN p.fen ELSE 0 END
            FROM postings p JOIN entries n ON n.id = p.entry_id JOIN events e ON e.id = n.event_id
            LEFT JOIN events undone ON undone.id = e.reverses_id
            WHERE p.credit IN ('113201', '113202') AND coalesce(undone.kind, e.kind) <> 'ManualAdjustment'
        ) AS compared
        GROUP BY event_id
        HAVING sum(contract) <> sum(posted_contract) OR sum(charges) <> sum(posted_charges)
        """,
    ),
    by_query(
        "line_overpaid",
        "结息单各项不得多付或少于零",
        "of no part of a live line more is paid than was billed, or less than nothing",
        """
        SELECT 'line ' || a.loan_id || '/' || a.period_start,
            coalesce(l.contract, 0) || ' ' || coalesce(l.compound, 0) || ' ' || coalesce(l.penalty, 0),
            sum(a.contract) || ' ' || sum(a.compound) || ' ' || sum(a.penalty)
        FROM applications a
        LEFT JOIN lines l ON l.loan_id = a.loan_id AND l.period_start = a.period_start AND l.live
        GROUP BY a.loan_id, a.period_start, l.contract, l.compound, l.penalty
        HAVING sum(a.contract) NOT BETWEEN 0 AND coalesce(l.contract, 0)
            OR sum(a.compound) NOT BETWEEN 0 AND coalesce(l.compound, 0)
            OR sum(a.penalty) NOT BETWEEN 0 AND coalesce(l.penalty, 0)
        """,
    ),
    by_query(
        "repayment_unlike_event",
        "还款登记须与其业务一致",
        "a live repayment is what its event took in, and every standing event is one repayment's",
        """
        SELECT 'event ' || e.id, CASE WHEN r.id IS NULL THEN 'one repayment of ' ELSE 'none of ' END || e.taken,
            count(y.live) || ' of ' || coalesce(sum(CASE WHEN y.live THEN y.fen END), 0)
        FROM (
            SELECT h.id, h.loan_id, coalesce(sum(p.fen), 0) AS taken
            FROM events h LEFT JOIN entries n ON n.event_id = h.id
            LEFT JOIN postings p ON p.entry_id = n.id AND p.debit = '1003'
            WHERE h.kind = 'RepaymentReceived' GROUP BY h.id, h.loan_id
        ) AS e
        LEFT JOIN events r ON r.reverses_id = e.id
        LEFT JOIN repayments y ON y.event_id = e.id AND y.loan_id = e.loan_id
        GROUP BY e.id, r.id, e.taken
        HAVING count(y.live) <> CASE WHEN r.id IS NULL THEN 1 ELSE 0 END
            OR coalesce(sum(CASE WHEN y.live THEN y.fen END), 0) <> CASE WHEN r.id IS NULL THEN e.taken ELSE 0 END
        """,
    ),
    by_query(
        "repayment_without_event",
        "有效的还款须有业务",
        "every live repayment has its event",
        """
        SELECT 'repayment ' || y.id, 'event ' || y.event_id, coalesce(e.kind, 'none')
        FROM repayments y LEFT JOIN events e ON e.id = y.event_id AND e.loan_id = y.loan_id
        WHERE y.live AND (e.id IS NULL OR e.kind <> 'RepaymentReceived')
        """,
    ),
)

_FIGURES = """
    SELECT l.id, l.status, l.principal_fen, l.disbursed_on, l.rolled_on, l.billed_to, l.next_step_on,
        coalesce(f.lent, 0) AS lent, coalesce(f.principal, 0) AS principal, coalesce(f.overdue, 0) AS overdue,
        coalesce(f.interest, 0) AS interest, coalesce(f.charges, 0) AS charges, coalesce(f.credit, 0) AS credit,
        coalesce(f.to_remit, 0) AS to_remit, coalesce(f.losses, 0) AS losses,
        (SELECT max(period_end) FROM lines WHERE lines.loan_id = l.id AND live) AS last_line
    FROM loans l LEFT JOIN (
        SELECT loan_id,
            sum(CASE WHEN debit = '130301' AND credit = '1003' THEN fen ELSE 0 END) AS lent,
            sum(CASE '130301' WHEN debit THEN fen WHEN credit THEN -fen ELSE 0 END) AS principal,
            sum(CASE '130302' WHEN debit THEN fen WHEN credit THEN -fen ELSE 0 END) AS overdue,
            sum(CASE '113201' WHEN debit THEN fen WHEN credit THEN -fen ELSE 0 END) AS interest,
            sum(CASE '113202' WHEN debit THEN fen WHEN credit THEN -fen ELSE 0 END) AS charges,
            sum(CASE '2241' WHEN credit THEN fen WHEN debit THEN -fen ELSE 0 END) AS credit,
            sum(CASE '2242' WHEN credit THEN fen WHEN debit THEN -fen ELSE 0 END) AS to_remit,
            sum(CASE '6701' WHEN debit THEN fen WHEN credit THEN -fen ELSE 0 END) AS losses
        FROM postings WHERE loan_id IS NOT NULL AND book LIKE 'LOAN-%' GROUP BY loan_id
    ) AS f ON f.loan_id = l.id
    ORDER BY l.id
"""
_OPEN = ("principal", "overdue", "interest", "charges", "to_remit")
_UNLENT = (LoanStatus.SUBMITTED, LoanStatus.RETURNED, LoanStatus.APPROVED)
# The amounts that must be zero for a loan, by the loan's status.
_EMPTY = {
    **dict.fromkeys(_UNLENT, ("lent", *_OPEN, "credit", "losses")),
    LoanStatus.ACTIVE: ("overdue",),
    LoanStatus.OVERDUE: ("principal",),
    LoanStatus.WRITTEN_OFF: ("principal", "overdue", "interest", "charges"),
    LoanStatus.CLOSED: _OPEN,
}


def _figures(connection: Connection) -> Broken:
    """Return the loans whose balances contradict their status."""
    for row in streamed(connection, _FIGURES):
        for name in (*_OPEN, "credit", "losses"):
            if getattr(row, name) < 0:
                yield f"loan {row.id} {name}", "0 or more", getattr(row, name)
        for name in _EMPTY.get(row.status, ()):
            if getattr(row, name):
                yield f"loan {row.id} {name}", f"0, it is {row.status}", getattr(row, name)
        if row.status not in _UNLENT and row.lent != row.principal_fen:
            yield f"loan {row.id} lent", row.principal_fen, row.lent


def _places(connection: Connection) -> Broken:
    """Return the loans whose open interest period or next step is impossible."""
    for row in streamed(connection, _FIGURES):
        days = ("disbursed_on", "rolled_on", "billed_to", "next_step_on", "last_line")
        on = {name: as_date(getattr(row, name)) for name in days}
        if row.status in _UNLENT:
            if on["disbursed_on"] or on["billed_to"] or on["next_step_on"]:
                yield f"loan {row.id}", f"no day, it is {row.status}", on
        elif on["disbursed_on"] is None or on["rolled_on"] is None or on["billed_to"] is None:
            yield f"loan {row.id}", "days of disbursement, maturity and billing", on
        else:
            yield from _steps(row, on)


def _steps(row: Any, on: dict[str, Any]) -> Broken:
    billed_to, next_on, rolled_on = on["billed_to"], on["next_step_on"], on["rolled_on"]
    since = max(on["disbursed_on"], on["last_line"] or on["disbursed_on"])
    if billed_to < since:
        yield f"loan {row.id} billed_to", f"{since} or later", billed_to
    accrues = row.principal + row.overdue > 0
    if next_on is None:
        if accrues:
            yield f"loan {row.id} next_step_on", "a day, principal is open", next_on
        return
    if row.status in (LoanStatus.CLOSED, LoanStatus.WRITTEN_OFF):
        yield f"loan {row.id} next_step_on", f"none, it is {row.status}", next_on
    # A new interest period of a loan starts on each settlement day and on the rolled due date.
    due = min([next_settlement(billed_to)] + ([rolled_on] if rolled_on > billed_to else []))
    if not billed_to < next_on <= due:
        yield f"loan {row.id} next_step_on", f"after {billed_to}, by {due}", next_on


_STATUS = (
    Check("loan_unlike_status", "贷款余额须与其状态相符", "a loan's balances fit its status and contract", _figures),
    Check("loan_out_of_place", "计息起点与下一步骤须合理", "a loan's open period and next step can be", _places),
)

LOANS = (*_LINES, *_PAID, *_STATUS)
