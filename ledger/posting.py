"""The posting rules (记账规则): each kind of event has rows of debit account, credit account and amount.

A row has one amount for both accounts, so every entry balances. `POSTING_RULES` are the rules by which new entries are
posted. Old entries are checked by the rules that were in force when the entries were recorded. `FORMER_RULES` holds
former rules by the format stored with each event.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from ledger import chart as c
from ledger import events as e
from ledger.chart import Account, Kind
from ledger.events import FORMAT, Event
from ledger.money import Fen


@dataclass(frozen=True, slots=True)
class Move:
    """One row of a posting rule: a debit and a credit account in one kind of book, and the event's field with the
    amount.

    `loan` names the event's field that holds the loan of the posting. An event's field with several `LoanPart` makes
    one posting per part.
    """

    debit: Account
    credit: Account
    amount: str
    loan: str = "loan"


class Posting(NamedTuple):
    """One debit and credit to be written: the codes of the two accounts, the loan and the amount in whole fen."""

    kind: Kind
    debit: str
    credit: str
    loan: int | None
    amount: Fen


# Every event that pays interest and principal out of one account has these four rows in its posting rule.
def _pays(debit: Account) -> tuple[Move, ...]:
    return (
        Move(debit, c.INTEREST_RECEIVABLE, "interest"),
        Move(debit, c.PENALTY_RECEIVABLE, "charges"),
        Move(debit, c.LOAN_PRINCIPAL, "principal"),
        Move(debit, c.OVERDUE_PRINCIPAL, "overdue_principal"),
    )


# fmt: off
POSTING_RULES: Mapping[type[Event], tuple[Move, ...]] = {
    #                         debit 借                 credit 贷                 amount 金额
    e.LoanDisbursed:         (Move(c.LOAN_PRINCIPAL,     c.SETTLEMENT_FUNDS,     "principal"),),
    e.InterestBilled:        (Move(c.INTEREST_RECEIVABLE, c.INTEREST_INCOME,     "contract"),
                              Move(c.PENALTY_RECEIVABLE, c.PENALTY_INCOME,       "charges")),
    e.RepaymentReceived:     (*_pays(c.SETTLEMENT_FUNDS),
                              Move(c.SETTLEMENT_FUNDS,   c.BORROWER_CREDIT,      "credit"),
                              Move(c.SETTLEMENT_FUNDS,   c.LOAN_LOSSES,          "loss"),
                              Move(c.SETTLEMENT_FUNDS,   c.PENALTY_INCOME,       "income")),
    e.CreditApplied:         _pays(c.BORROWER_CREDIT),
    e.CreditRefunded:        (Move(c.BORROWER_CREDIT,    c.SETTLEMENT_FUNDS,     "amount"),),
    e.PrincipalOverdue:      (Move(c.OVERDUE_PRINCIPAL,  c.LOAN_PRINCIPAL,       "principal"),),
    e.LoanExtended:          (),
    e.MisuseFound:           (),
    e.LoanRenewed:           (Move(c.LOAN_PRINCIPAL,     c.SETTLEMENT_FUNDS,     "renewed", loan="renewal"),
                              Move(c.SETTLEMENT_FUNDS,   c.LOAN_PRINCIPAL,       "principal"),
                              Move(c.SETTLEMENT_FUNDS,   c.OVERDUE_PRINCIPAL,    "overdue_principal")),
    e.PenaltyWaived:         (Move(c.PENALTY_INCOME,     c.PENALTY_RECEIVABLE,   "amount"),),
    e.LoanWrittenOff:        (Move(c.LOAN_LOSSES,        c.LOAN_PRINCIPAL,       "principal"),
                              Move(c.LOAN_LOSSES,        c.OVERDUE_PRINCIPAL,    "overdue_principal"),
                              Move(c.LOAN_LOSSES,        c.INTEREST_RECEIVABLE,  "interest")),
    e.InsuranceReceived:     (Move(c.SETTLEMENT_FUNDS,   c.LOAN_PRINCIPAL,       "principal"),
                              Move(c.SETTLEMENT_FUNDS,   c.OVERDUE_PRINCIPAL,    "overdue_principal")),

    e.FundPlanApproved:      (Move(c.CITY_APPROPRIATION, c.CITY_FUND,            "city_funded"),
                              Move(c.COUNTY_TRANSIT,     c.COUNTY_FUND,          "county_funded")),
    e.FundAppropriated:      (Move(c.COUNTY_TRANSIT,     c.CITY_APPROPRIATION,   "amount"),),
    e.FundDeposited:         (Move(c.FUND_DEPOSITS,      c.COUNTY_TRANSIT,       "amount"),),
    e.CountyFundContributed: (Move(c.FUND_DEPOSITS,      c.COUNTY_FUND,          "amount"),),
    e.FundInterestCredited:  (Move(c.FUND_DEPOSITS,      c.FUND_INTEREST,        "amount"),),
    e.ClaimPaid:             (Move(c.RECOURSE,           c.FUND_DEPOSITS,        "paid"),
                              Move(c.COMPENSATION_LOSS,  c.RECOURSE_ALLOWANCE,   "fund_share"),
                              Move(c.DUE_FROM_COUNTY,    c.RECOURSE_ALLOWANCE,   "county_share"),
                              Move(c.SETTLEMENT_FUNDS,   c.LOAN_PRINCIPAL,       "principal"),
                              Move(c.SETTLEMENT_FUNDS,   c.OVERDUE_PRINCIPAL,    "overdue_principal"),
                              Move(c.SETTLEMENT_FUNDS,   c.INTEREST_RECEIVABLE,  "interest")),
    e.RecoveryReceived:      (Move(c.SETTLEMENT_FUNDS,   c.RECOVERIES_TO_REMIT,  "amount"),),
    e.RecoveryRemitted:      (Move(c.RECOVERIES_TO_REMIT, c.SETTLEMENT_FUNDS,    "amount"),
                              Move(c.FUND_DEPOSITS,      c.RECOURSE,             "amount"),
                              Move(c.RECOURSE_ALLOWANCE, c.COMPENSATION_LOSS,    "fund_share"),
                              Move(c.RECOURSE_ALLOWANCE, c.DUE_FROM_COUNTY,      "county_share")),
    e.RecoveryRetained:      (*_pays(c.RECOVERIES_TO_REMIT),
                              Move(c.RECOVERIES_TO_REMIT, c.LOAN_LOSSES,         "loss")),
    e.SuspenseRecorded:      (Move(c.FUND_DEPOSITS,      c.RECOVERY_SUSPENSE,    "amount"),),
    e.SuspenseReleased:      (Move(c.RECOVERY_SUSPENSE,  c.FUND_DEPOSITS,        "amount"),),
    e.CountyShareReceived:   (Move(c.FUND_DEPOSITS,      c.DUE_FROM_COUNTY,      "amount"),),
    e.CountyShareReturned:   (Move(c.DUE_FROM_COUNTY,    c.FUND_DEPOSITS,        "amount"),),
    e.RecourseClosed:        (Move(c.RECOURSE_ALLOWANCE, c.RECOURSE,             "amount"),),
    e.FundResultClosed:      (Move(c.FUND_INTEREST,      c.CITY_FUND,            "interest_to_city"),
                              Move(c.FUND_INTEREST,      c.COUNTY_FUND,          "interest_to_county"),
                              Move(c.CITY_FUND,          c.COMPENSATION_LOSS,    "losses_of_city"),
                              Move(c.COUNTY_FUND,        c.COMPENSATION_LOSS,    "losses_of_county")),
    e.FundReturned:          (Move(c.CITY_FUND,          c.FUND_DEPOSITS,        "to_city"),
                              Move(c.COUNTY_FUND,        c.FUND_DEPOSITS,        "to_county")),

    e.SubsidyApproved:       (Move(c.SUBSIDY_HOUSEHOLDS, c.SUBSIDY_PAYABLE,      "households"),
                              Move(c.SUBSIDY_ORGANISATIONS, c.SUBSIDY_PAYABLE,   "organisations")),
    e.SubsidyPaid:           (Move(c.SUBSIDY_PAYABLE,    c.TREASURY,             "amount"),),
    e.ClawbackRaised:        (Move(c.CLAWBACK_RECEIVABLE, c.SUBSIDY_HOUSEHOLDS,  "households"),
                              Move(c.CLAWBACK_RECEIVABLE, c.SUBSIDY_ORGANISATIONS, "organisations")),
    e.ClawbackReceived:      (Move(c.TREASURY,           c.CLAWBACK_RECEIVABLE,  "amount"),),
}
# fmt: on

FORMER_RULES: Mapping[type[Event], tuple[tuple[int, tuple[Move, ...]], ...]] = {}
"""Rules no longer in force: for each event, oldest first, the last format that used the rule, and the rule's rows.

To change a rule, raise `events.FORMAT` by one, put the old rows here with the former format, and put the new rows into
`POSTING_RULES`. Rules are kept by format and not by date because each database is upgraded on another day.
"""

# Two events have no rule: EventReversed negates the rows of the reversed event, and ManualAdjustment has its own rows.

_Compiled = tuple[tuple[Kind, str, str, Callable[[Event], int | None], Callable[[Event], Any]], ...]


def _compiled(moves: tuple[Move, ...]) -> _Compiled:
    return tuple(
        (move.debit.kind, move.debit.code, move.credit.code, attrgetter(move.loan), attrgetter(move.amount))
        for move in moves
    )


_COMPILED = {kind: _compiled(moves) for kind, moves in POSTING_RULES.items()}


def rule_of(kind: type[Event], format: int) -> tuple[Move, ...]:
    """Return the posting rule of a kind of event in a format; raise KeyError for a kind of event without a rule."""
    for through, moves in FORMER_RULES.get(kind, ()):
        if format <= through:
            return moves
    return POSTING_RULES[kind]


def postings_of(event: Event, format: int = FORMAT) -> list[Posting]:
    """Return the debits and credits of an event by the posting rules of a format; an amount of zero makes no posting.

    Raise ValueError for a negative amount: only reversals have negative amounts, and no rule posts reversals. Raise
    KeyError for an event without a rule.
    """
    if isinstance(event, e.ManualAdjustment):
        return [Posting(row.kind, row.debit, row.credit, event.loan, row.amount) for row in event.rows]
    rows = []
    compiled = _COMPILED[type(event)] if format == FORMAT else _compiled(rule_of(type(event), format))
    for kind, debit, credit, loan_of, amount_of in compiled:
        if amount := amount_of(event):
            for loan, fen in amount if amount.__class__ is tuple else ((loan_of(event), amount),):
                if fen < 0:
                    raise ValueError(f"{type(event).__name__}.{debit}/{credit} is negative: {fen}")
                if fen:
                    rows.append(Posting(kind, debit, credit, loan, fen))
    return rows
