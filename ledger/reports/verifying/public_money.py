"""Checks of public money against the journal: subsidies, claw-backs, claims, recoveries, suspense."""

from ledger.reports.verifying.check import Check, by_query

# Every row of every entry, with the kind of its event; a reversal gets the kind of the reversed event.
_HAPPENED = """
    SELECT coalesce(undone.kind, e.kind) AS kind, p.loan_id, p.county, p.bank, p.debit, p.credit, p.fen
    FROM postings p JOIN entries n ON n.id = p.entry_id JOIN events e ON e.id = n.event_id
    LEFT JOIN events undone ON undone.id = e.reverses_id
"""


def _by_loan(name: str, zh: str, en: str, came: tuple[str, str], went: tuple[str, str], kept: str) -> Check:
    """Return a check that, for each loan, two sums of stored rows equal two sums of postings.

    `came` and `went` each give the name of a sum and the condition of its postings; `kept` is a query of the stored
    values, with the columns loan_id, came and went.
    """
    (first, posted_first), (second, posted_second) = came, went
    return by_query(
        name,
        zh,
        en,
        f"""
        SELECT 'loan ' || loan_id, '{first} ' || sum(posted_came) || ' {second} ' || sum(posted_went),
            '{first} ' || sum(came) || ' {second} ' || sum(went)
        FROM (
            SELECT loan_id, came, went, 0 AS posted_came, 0 AS posted_went FROM ({kept}) AS kept
            UNION ALL
            SELECT loan_id, 0, 0, CASE WHEN {posted_first} THEN fen ELSE 0 END,
                CASE WHEN {posted_second} THEN fen ELSE 0 END
            FROM ({_HAPPENED}) AS happened WHERE ({posted_first}) OR ({posted_second})
        ) AS compared
        GROUP BY loan_id HAVING sum(came) <> sum(posted_came) OR sum(went) <> sum(posted_went)
        """,
    )


PUBLIC_MONEY = (
    _by_loan(
        "subsidy_unlike_postings",
        "贴息明细须与核准、拨付凭证一致",
        "the live lines of a loan's batches add up to what was posted as approved and as paid",
        ("approved", "kind = 'SubsidyApproved'"),
        ("paid", "kind = 'SubsidyPaid'"),
        """
        SELECT l.loan_id, l.fen AS came, CASE WHEN b.status = 'paid' THEN l.fen ELSE 0 END AS went
        FROM subsidy_lines l JOIN subsidy_batches b ON b.id = l.batch_id
        WHERE l.live AND b.status IN ('approved', 'verified', 'paid')
        """,
    ),
    _by_loan(
        "clawback_unlike_postings",
        "应追回贴息及其到账须与凭证一致",
        "a loan's claw-backs and what came in on them are what was posted",
        ("raised", "kind = 'ClawbackRaised'"),
        ("received", "kind = 'ClawbackReceived'"),
        "SELECT loan_id, fen AS came, received AS went FROM clawbacks",
    ),
    _by_loan(
        "claim_unlike_postings",
        "代偿及追回须与凭证一致",
        "what a loan's claims say was paid and came back is what left the fund account and came back to it",
        ("paid", "kind = 'ClaimPaid' AND debit = '1301'"),
        ("returned", "kind = 'RecoveryRemitted' AND credit = '1301'"),
        "SELECT loan_id, paid_principal + paid_interest AS came, returned AS went FROM claims",
    ),
    by_query(
        "recovery_unlike_postings",
        "待缴追回款须与凭证一致",
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
        "suspense_unlike_postings",
        "待处理追回款须与凭证一致",
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
