"""Tests that the chart of accounts equals the table of books.md part 2."""

from ledger.chart import ACCOUNTS, Kind, Side, account_of, accounts_of, book_of, kind_of

PAGE = """
    | LOAN | 1003 | settlement funds | 结算资金 | Dr | county |
    | LOAN | 130301 | loan principal | 贷款本金 | Dr | loan |
    | LOAN | 130302 | overdue principal | 逾期贷款 | Dr | loan |
    | LOAN | 113201 | interest receivable | 应收利息 | Dr | loan |
    | LOAN | 113202 | penalty and compound receivable | 应收罚息复利 | Dr | loan |
    | LOAN | 2241 | borrower credit | 暂收款 | Cr | loan |
    | LOAN | 2242 | recoveries to remit | 待缴追回款 | Cr | loan |
    | LOAN | 6011 | interest income | 利息收入 | Cr | county |
    | LOAN | 6012 | penalty and compound income | 罚息复利收入 | Cr | county |
    | LOAN | 6701 | loan losses | 贷款损失 | Dr | loan |
    | FUND | 1001 | fund deposits at banks | 风险缓释金专户存款 | Dr | bank |
    | FUND | 1101 | appropriation receivable from city | 应收市级拨款 | Dr | bank |
    | FUND | 1102 | appropriation in transit at county | 县级在途拨款 | Dr | bank |
    | FUND | 1201 | due from county (its half of losses) | 应收县级分担款 | Dr | bank |
    | FUND | 1301 | recourse receivable | 应收代偿追偿款 | Dr | loan |
    | FUND | 1391 | allowance for recourse | 追偿款备抵 | Cr | loan |
    | FUND | 2301 | recovery suspense | 待处理追回款 | Cr | loan |
    | FUND | 3001 | fund contributed by city | 风险缓释基金（市级） | Cr | bank |
    | FUND | 3002 | fund contributed by county | 风险缓释基金（县级） | Cr | bank |
    | FUND | 4001 | fund interest income | 基金利息收入 | Cr | bank |
    | FUND | 5001 | compensation loss borne by the fund | 代偿损失（基金承担） | Dr | loan |
    | SUBSIDY | 1001 | treasury account | 国库（零余额）存款 | Dr | – |
    | SUBSIDY | 1221 | claw-back receivable | 应收追回贴息 | Dr | loan |
    | SUBSIDY | 2202 | subsidy payable | 应付贴息款 | Cr | loan |
    | SUBSIDY | 5101 | subsidy expense, households | 贴息支出（贫困户） | Dr | loan |
    | SUBSIDY | 5102 | subsidy expense, organisations | 贴息支出（经营主体） | Dr | loan |
"""


def test_the_chart_is_that_of_the_page() -> None:
    sides, nobody = {Side.DEBIT: "Dr", Side.CREDIT: "Cr"}, {"none": "–"}
    chart = [
        f"| {a.kind} | {a.code} | {a.name} | {a.zh} | {sides[a.side]} | {nobody.get(a.per, a.per)} |" for a in ACCOUNTS
    ]
    assert chart == [line.strip() for line in PAGE.strip().splitlines()]


def test_an_account_is_found_by_book_and_code() -> None:
    for account in ACCOUNTS:
        assert account_of(account.kind, account.code) is account
    assert sum(len(accounts_of(kind)) for kind in Kind) == len(ACCOUNTS)


def test_a_books_name_says_whose_and_of_what_kind_it_is() -> None:
    names = {kind: book_of(kind, bank="GZRCB", county="360781") for kind in Kind}
    assert names == {Kind.LOAN: "LOAN-GZRCB", Kind.FUND: "FUND-360781", Kind.SUBSIDY: "SUBSIDY-360781"}
    assert {kind_of(name): name for name in names.values()} == names
