"""Checks of the public money's own tables against the journal: subsidies, claw-backs, claims, recoveries, suspense."""

from ledger.reports.verifying.check import by_query

# Every row of every entry with what happened: of a reversal, what it reverses.
_HAPPENED = """
    SELECT coalesce(undone.kind, e.kind) AS kind, p.loan_id, p.county, p.bank, p.debit, p.credit, p.fen
    FROM postings p JOIN entries n ON n.id = p.entry_id JOIN events e ON e.id = n.event_id
    LEFT JOIN events undone ON undone.id = e.reverses_id
"""

PUBLIC_MONEY = (
    by_query(
        "subsidy_unlike_postings", "贴息明细须与核准、拨付凭证一致",
        "the live lines of a loan's batches add up to what was posted as approved and as paid",
        f"""
        SELECT 'loan ' || loan_id, 'approved ' || sum(posted_approved) || ' paid ' || sum(posted_paid),
            'approved ' || sum(approved) || ' paid ' || sum(paid)
        FROM (
            SELECT l.loan_id, l.fen AS approved, CASE WHEN b.status = 'paid' THEN l.fen ELSE 0 END AS paid,
                0 AS posted_approved, 0 AS posted_paid
            FROM subsidy_lines l JOIN subsidy_batches b ON b.id = l.batch_id
            WHERE l.live AND b.status IN ('approved', 'verified', 'paid')
            UNION ALL
            SELECT loan_id, 0, 0, CASE kind WHEN 'SubsidyApproved' THEN fen ELSE 0 END,
                CASE kind WHEN 'SubsidyPaid' THEN fen ELSE 0 END
            FROM ({_HAPPENED}) AS happened WHERE kind IN ('SubsidyApproved', 'SubsidyPaid')
        ) AS compared
        GROUP BY loan_id HAVING sum(approved) <> sum(posted_approved) OR sum(paid) <> sum(posted_paid)
        """,
    ),
    by_query(
        "clawback_unlike_postings", "应追回贴息及其到账须与凭证一致",
        "a loan's claw-backs and what came in on them are what was posted",
        f"""
        SELECT 'loan ' || loan_id, 'raised ' || sum(posted_raised) || ' received ' || sum(posted_received),
            'raised ' || sum(raised) || ' received ' || sum(received)
        FROM (
            SELECT loan_id, fen AS raised, received, 0 AS posted_raised, 0 AS posted_received FROM clawbacks
            UNION ALL
            SELECT loan_id, 0, 0, CASE kind WHEN 'ClawbackRaised' THEN fen ELSE 0 END,
                CASE kind WHEN 'ClawbackReceived' THEN fen ELSE 0 END
            FROM ({_HAPPENED}) AS happened WHERE kind IN ('ClawbackRaised', 'ClawbackReceived')
        ) AS compared
        GROUP BY loan_id HAVING sum(raised) <> sum(posted_raised) OR sum(received) <> sum(posted_received)
        """,
    ),
    by_query(
        "claim_unlike_postings", "代偿及追回须与凭证一致",
        "what a loan's claims say was paid and came back is what left the fund account and came back to it",
        f"""
        SELECT 'loan ' || loan_id, 'paid ' || sum(posted_paid) || ' returned ' || sum(posted_back),
            'paid ' || sum(paid) || ' returned ' || sum(back)
        FROM (
            SELECT loan_id, paid_principal + paid_interest AS paid, returned AS back,
                0 AS posted_paid, 0 AS posted_back
            FROM claims
            UNION ALL
            SELECT loan_id, 0, 0, CASE WHEN debit = '1301' THEN fen ELSE 0 END,
                CASE WHEN credit = '1301' THEN fen ELSE 0 END
            FROM ({_HAPPENED}) AS happened
            WHERE (kind = 'ClaimPaid' AND debit = '1301') OR (kind = 'RecoveryRemitted' AND credit = '1301')
        ) AS compared
        GROUP BY loan_id HAVING sum(paid) <> sum(posted_paid) OR sum(back) <> sum(posted_back)
        """,
    ),
    by_query(
        "recovery_unlike_postings", "待缴追回款须与凭证一致",
        "what of a loan's recoveries is still to be remitted stands on 2242",
        f"""
        SELECT 'loan ' || loan_id, sum(posted), sum(kept) FROM (
            SELECT loan_id, to_fund AS kept, 0 AS posted FROM recoveries WHERE live AND remitted_on IS NULL
            UNION ALL
            SELECT loan_id, 0, CASE WHEN credit = '2242' THEN fen ELSE -fen END
            FROM ({_HAPPENED}) AS happened
            WHERE kind IN ('RecoveryReceived', 'RecoveryRetained', 'RecoveryRemitted') AND '2242' IN (debit, credit)
        ) AS compared GROUP BY loan_id HAVING sum(posted) <> sum(kept)
        """,
    ),
    by_query(
        "suspense_unlike_postings", "待处理追回款须与凭证一致",
        "what of the surplus money in a fund account is not released stands on 2301",
        f"""
        SELECT 'fund ' || county || '/' || bank, sum(posted), sum(kept) FROM (
            SELECT county, bank, fen - released AS kept, 0 AS posted FROM suspense
            UNION ALL
            SELECT county, bank, 0, CASE WHEN credit = '2301' THEN fen ELSE -fen END
            FROM ({_HAPPENED}) AS happened WHERE kind IN ('SuspenseRecorded', 'SuspenseReleased')
        ) AS compared GROUP BY county, bank HAVING sum(posted) <> sum(kept)
        """,
    ),
)
