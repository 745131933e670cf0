"""The chart of accounts (会计科目表): three kinds of book and the accounts of each kind."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Kind(StrEnum):
    """The kinds of book (账套); every entry belongs to exactly one book and balances in that book."""

    LOAN = "LOAN"  # LOAN: each bank has a loan book (贷款账).
    FUND = "FUND"  # FUND: each county has a fund book (风险缓释基金账).
    SUBSIDY = "SUBSIDY"  # SUBSIDY: each county has a subsidy book (贴息账).


class Side(StrEnum):
    """The side of an account on which an amount is entered."""

    DEBIT = "debit"  # 借
    CREDIT = "credit"  # 贷


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """An account (科目) of a kind of book; `per` names what the account's sub-ledger (明细账) lists.

    Each account is one object, and accounts are compared by identity.
    """

    kind: Kind
    code: str
    name: str
    zh: str
    side: Side
    per: str


_CHART: dict[tuple[Kind, str], Account] = {}


def _account(kind: Kind, code: str, name: str, zh: str, side: Side, per: str) -> Account:
    account = _CHART[kind, code] = Account(kind, code, name, zh, side, per)
    return account


_LOAN, _FUND, _SUBSIDY, _DR, _CR = Kind.LOAN, Kind.FUND, Kind.SUBSIDY, Side.DEBIT, Side.CREDIT

SETTLEMENT_FUNDS = _account(_LOAN, "1003", "settlement funds", "结算资金", _DR, "county")
LOAN_PRINCIPAL = _account(_LOAN, "130301", "loan principal", "贷款本金", _DR, "loan")
OVERDUE_PRINCIPAL = _account(_LOAN, "130302", "overdue principal", "逾期贷款", _DR, "loan")
INTEREST_RECEIVABLE = _account(_LOAN, "113201", "interest receivable", "应收利息", _DR, "loan")
PENALTY_RECEIVABLE = _account(_LOAN, "113202", "penalty and compound receivable", "应收罚息复利", _DR, "loan")
BORROWER_CREDIT = _account(_LOAN, "2241", "borrower credit", "暂收款", _CR, "loan")
RECOVERIES_TO_REMIT = _account(_LOAN, "2242", "recoveries to remit", "待缴追回款", _CR, "loan")
INTEREST_INCOME = _account(_LOAN, "6011", "interest income", "利息收入", _CR, "county")
PENALTY_INCOME = _account(_LOAN, "6012", "penalty and compound income", "罚息复利收入", _CR, "county")
LOAN_LOSSES = _account(_LOAN, "6701", "loan losses", "贷款损失", _DR, "loan")

FUND_DEPOSITS = _account(_FUND, "1001", "fund deposits at banks", "风险缓释金专户存款", _DR, "bank")
CITY_APPROPRIATION = _account(_FUND, "1101", "appropriation receivable from city", "应收市级拨款", _DR, "bank")
COUNTY_TRANSIT = _account(_FUND, "1102", "appropriation in transit at county", "县级在途拨款", _DR, "bank")
DUE_FROM_COUNTY = _account(_FUND, "1201", "due from county (its half of losses)", "应收县级分担款", _DR, "bank")
RECOURSE = _account(_FUND, "1301", "recourse receivable", "应收代偿追偿款", _DR, "loan")
RECOURSE_ALLOWANCE = _account(_FUND, "1391", "allowance for recourse", "追偿款备抵", _CR, "loan")
RECOVERY_SUSPENSE = _account(_FUND, "2301", "recovery suspense", "待处理追回款", _CR, "loan")
CITY_FUND = _account(_FUND, "3001", "fund contributed by city", "风险缓释基金（市级）", _CR, "bank")
COUNTY_FUND = _account(_FUND, "3002", "fund contributed by county", "风险缓释基金（县级）", _CR, "bank")
FUND_INTEREST = _account(_FUND, "4001", "fund interest income", "基金利息收入", _CR, "bank")
COMPENSATION_LOSS = _account(_FUND, "5001", "compensation loss borne by the fund", "代偿损失（基金承担）", _DR, "loan")

TREASURY = _account(_SUBSIDY, "1001", "treasury account", "国库（零余额）存款", _DR, "none")
CLAWBACK_RECEIVABLE = _account(_SUBSIDY, "1221", "claw-back receivable", "应收追回贴息", _DR, "loan")
SUBSIDY_PAYABLE = _account(_SUBSIDY, "2202", "subsidy payable", "应付贴息款", _CR, "loan")
SUBSIDY_HOUSEHOLDS = _account(_SUBSIDY, "5101", "subsidy expense, households", "贴息支出（贫困户）", _DR, "loan")
SUBSIDY_ORGANISATIONS = _account(
    _SUBSIDY, "5102", "subsidy expense, organisations", "贴息支出（经营主体）", _DR, "loan"
)


def account_of(kind: Kind, code: str) -> Account:
    """Return the account with a code in a kind of book; raise KeyError for a code that the chart does not have."""
    return _CHART[kind, code]


ACCOUNTS: tuple[Account, ...] = tuple(_CHART.values())

_FIRST_CHART = {
    Kind.LOAN: "1003 130301 130302 113201 113202 2241 2242 6011 6012 6701",
    Kind.FUND: "1001 1101 1102 1201 1301 1391 2301 3001 3002 4001 5001",
    Kind.SUBSIDY: "1001 1221 2202 5101 5102",
}
LISTED_ALWAYS = frozenset(account_of(kind, code) for kind, codes in _FIRST_CHART.items() for code in codes.split())
"""The accounts of the first release, which a trial balance lists even without any entry.

An account of a later release is listed from its first entry on. A trial balance of an earlier day therefore stays the
same after an upgrade.
"""


def accounts_of(kind: Kind) -> tuple[Account, ...]:
    """Return the accounts of a kind of book, in the order of the chart."""
    return tuple(account for account in ACCOUNTS if account.kind is kind)


@lru_cache(maxsize=1024)
def book_of(kind: Kind, *, bank: str, county: str) -> str:
    """Return the name of a book, such as `LOAN-GZRCB`, `FUND-360781` or `SUBSIDY-360781`."""
    return f"{kind}-{bank if kind is Kind.LOAN else county}"


def kind_of(book: str) -> Kind:
    """Return the kind of a book; raise ValueError for text that is no name of a book."""
    return Kind(book.partition("-")[0])
