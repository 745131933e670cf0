"""Checks of the journal's tables, written as queries in SQL that every database engine can run."""

from ledger.reports.verifying.check import by_query

SHAPE = (
    by_query(
        "entry_without_footer",
        "凭证须有封底",
        "every entry is closed by its footer",
        """
        SELECT 'entry ' || entries.id, 'a footer', 'none'
        FROM entries LEFT JOIN footers ON footers.entry_id = entries.id WHERE footers.entry_id IS NULL
        """,
    ),
    by_query(
        "row_of_nothing",
        "分录须属于凭证，凭证须属于业务",
        "every row has its entry, every entry its event",
        """
        SELECT 'posting ' || entry_id || '/' || number, 'entry ' || entry_id, 'none'
        FROM postings LEFT JOIN entries ON entries.id = entry_id WHERE entries.id IS NULL
        UNION ALL SELECT 'footer ' || entry_id, 'entry ' || entry_id, 'none'
        FROM footers LEFT JOIN entries ON entries.id = entry_id WHERE entries.id IS NULL
        UNION ALL SELECT 'entry ' || entries.id, 'event ' || event_id, 'none'
        FROM entries LEFT JOIN events ON events.id = event_id WHERE events.id IS NULL
        """,
    ),
    by_query(
        "entry_unlike_event",
        "凭证与业务的日期、入账时间、红字、账套须一致",
        "an entry has its event's day, moment and colour, and lies in a book of its event's bank or county",
        """
        SELECT 'entry ' || n.id,
            e.effective_on || ' ' || e.recorded_at || ' ' || e.red || ' ' || e.bank || '/' || e.county,
            n.effective_on || ' ' || n.recorded_at || ' ' || n.red || ' ' || n.book
        FROM entries n JOIN events e ON e.id = n.event_id
        WHERE n.effective_on <> e.effective_on OR n.recorded_at <> e.recorded_at OR n.red <> e.red
            OR n.book NOT IN ('LOAN-' || e.bank, 'FUND-' || e.county, 'SUBSIDY-' || e.county)
        """,
    ),
    by_query(
        "row_unlike_entry",
        "分录与凭证的账套、日期、入账时间、红字、县、银行须一致",
        "a row has its entry's book, day, moment and colour, and its event's county and bank",
        """
        SELECT 'posting ' || p.entry_id || '/' || p.number,
            n.book || ' ' || n.effective_on || ' ' || n.recorded_at || ' ' || n.red || ' ' || e.bank || '/' || e.county,
            p.book || ' ' || p.effective_on || ' ' || p.recorded_at || ' ' || p.red || ' ' || p.bank || '/' || p.county
        FROM postings p JOIN entries n ON n.id = p.entry_id JOIN events e ON e.id = n.event_id
        WHERE p.book <> n.book OR p.effective_on <> n.effective_on OR p.recorded_at <> n.recorded_at
            OR p.red <> n.red OR p.county <> e.county OR p.bank <> e.bank
        """,
    ),
    by_query(
        "account_of_another_book",
        "借贷科目须属于凭证所在账套",
        "both accounts of a row are of its book, and two",
        """
        SELECT 'posting ' || p.entry_id || '/' || p.number, 'two accounts of ' || p.book, p.debit || ' ' || p.credit
        FROM postings p
        LEFT JOIN accounts d ON d.book = p.book AND d.code = p.debit
        LEFT JOIN accounts c ON c.book = p.book AND c.code = p.credit
        WHERE d.code IS NULL OR c.code IS NULL OR p.debit = p.credit
        """,
    ),
    by_query(
        "sign_unlike_colour",
        "金额为正，红字为负",
        "an amount is above zero, in a red letter below",
        """
        SELECT 'posting ' || entry_id || '/' || number, CASE WHEN red THEN 'below zero' ELSE 'above zero' END, fen
        FROM postings WHERE (red AND fen >= 0) OR (NOT red AND fen <= 0)
        """,
    ),
)

REVERSALS = (
    by_query(
        "reversal_not_red",
        "冲销业务须为红字，红字业务须为冲销",
        "what reverses is red, and what is red reverses",
        """
        SELECT 'event ' || id, 'red and reversing, or neither', kind
        FROM events WHERE red <> (reverses_id IS NOT NULL) OR red <> (kind = 'EventReversed')
        """,
    ),
    by_query(
        "reversal_out_of_place",
        "被冲销的须是蓝字业务，冲销不早于原业务",
        "what is reversed is itself no reversal and not dated or recorded later",
        """
        SELECT 'event ' || r.id, 'an event not red, of ' || r.effective_on || ' or before',
            coalesce(e.kind || ' of ' || e.effective_on, 'none')
        FROM events r LEFT JOIN events e ON e.id = r.reverses_id
        WHERE r.reverses_id IS NOT NULL AND (
            e.id IS NULL OR e.red OR e.effective_on > r.effective_on OR e.recorded_at > r.recorded_at)
        """,
    ),
    by_query(
        "reversed_twice",
        "业务最多冲销一次",
        "an event is reversed at most once",
        """
        SELECT 'event ' || reverses_id, 1, count(*) FROM events
        WHERE reverses_id IS NOT NULL GROUP BY reverses_id HAVING count(*) > 1
        """,
    ),
    by_query(
        "reversal_unlike_event",
        "红字须与原业务逐行相抵",
        "a reversal and what it reverses add up to nothing, row by row",
        """
        SELECT 'event ' || id || ' ' || book || ' ' || debit || '/' || credit, 0, sum(fen) FROM (
            SELECT r.reverses_id AS id, p.book, p.debit, p.credit, p.loan_id, p.fen
            FROM events r JOIN entries n ON n.event_id = r.id JOIN postings p ON p.entry_id = n.id
            WHERE r.reverses_id IS NOT NULL
            UNION ALL
            SELECT r.reverses_id, p.book, p.debit, p.credit, p.loan_id, p.fen
            FROM events r JOIN entries n ON n.event_id = r.reverses_id JOIN postings p ON p.entry_id = n.id
        ) AS both_sides
        GROUP BY id, book, debit, credit, loan_id HAVING sum(fen) <> 0
        """,
    ),
)

_POSTED = """
    SELECT book, debit AS account, county, bank, effective_on, {recorded_day} AS recorded_on, fen AS dr, 0 AS cr
    FROM postings
    UNION ALL
    SELECT book, credit, county, bank, effective_on, {recorded_day}, 0, fen FROM postings
"""

KEPT = (
    by_query(
        "movement_unlike_postings",
        "日发生额须等于分录合计",
        "daily movements are what the rows of the day add up to",
        f"""
        SELECT 'movement ' || book || '/' || account || ' ' || bank || '/' || county || ' ' || effective_on
                || ' ' || recorded_on,
            'debit ' || sum(dr) || ' credit ' || sum(cr), 'debit ' || sum(kept_dr) || ' credit ' || sum(kept_cr)
        FROM (
            SELECT book, account, county, bank, effective_on, recorded_on, dr, cr, 0 AS kept_dr, 0 AS kept_cr
            FROM ({_POSTED}) AS posted
            UNION ALL
            SELECT book, account, county, bank, effective_on, recorded_on, 0, 0, debit, credit FROM movements
        ) AS compared
        GROUP BY book, account, county, bank, effective_on, recorded_on
        HAVING sum(dr) <> sum(kept_dr) OR sum(cr) <> sum(kept_cr)
        """,
    ),
    by_query(
        "fund_balance_unlike_movements",
        "专户余额须等于其发生额合计",
        "what is kept as a fund account's balance has moved",
        """
        SELECT 'fund ' || county || '/' || bank, sum(moved), sum(kept) FROM (
            SELECT county, bank, debit - credit AS moved, 0 AS kept
            FROM movements WHERE book LIKE 'FUND-%' AND account = '1001'
            UNION ALL SELECT county, bank, 0, fen FROM fund_balances
        ) AS compared GROUP BY county, bank HAVING sum(moved) <> sum(kept)
        """,
    ),
    by_query(
        "fund_overdrawn",
        "专户任何一日不得透支",
        "no fund account is below zero at the end of any day",
        """
        SELECT 'fund ' || county || '/' || bank || ' ' || effective_on, '0 or more', stood FROM (
            SELECT county, bank, effective_on,
                sum(sum(debit - credit)) OVER (PARTITION BY county, bank ORDER BY effective_on) AS stood
            FROM movements WHERE book LIKE 'FUND-%' AND account = '1001' GROUP BY county, bank, effective_on
        ) AS days WHERE stood < 0
        """,
    ),
)
