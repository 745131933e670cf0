"""Tests of the vouchers of each event of the risk-buffer fund, in the county's fund book and the bank's book."""

import pytest

from ledger import events as e
from ledger.chart import Kind
from tests.posting.paper import as_text, at, fen, lines_for, page, paid

# The worked example is a failing loan with 50,329.86 yuan claimed, 40,000.00 in the fund account and 12,345.67
# recovered.
PAGES: list[tuple[str, e.Event, str]] = [
    (
        "call of the quarter approved",
        e.FundPlanApproved(**at("2016-07-15", None), plan=1, city_funded=fen("125,000.00")),
        """
        FUND-360781
        借 1101 应收市级拨款         appropriation receivable from city   125,000.00
        贷 3001 风险缓释基金（市级） fund contributed by city             125,000.00
    """,
    ),
    (
        "call of a scheme that the county funds",
        e.FundPlanApproved(**at("2021-07-15", None), plan=2, county_funded=fen("50,000.00")),
        """
        FUND-360781
        借 1102 县级在途拨款         appropriation in transit at county    50,000.00
        贷 3002 风险缓释基金（县级） fund contributed by county            50,000.00
    """,
    ),
    (
        "call with both",
        e.FundPlanApproved(**at("2021-07-15", None), plan=3, city_funded=fen("1.00"), county_funded=fen("2.00")),
        """
        FUND-360781
        借 1101 应收市级拨款         appropriation receivable from city         1.00
        借 1102 县级在途拨款         appropriation in transit at county         2.00
        贷 3001 风险缓释基金（市级） fund contributed by city                   1.00
        贷 3002 风险缓释基金（县级） fund contributed by county                 2.00
    """,
    ),
    (
        "the city passed it on",
        e.FundAppropriated(**at("2016-07-20", None), plan=1, amount=fen("125,000.00")),
        """
        FUND-360781
        借 1102 县级在途拨款 appropriation in transit at county           125,000.00
        贷 1101 应收市级拨款 appropriation receivable from city           125,000.00
    """,
    ),
    (
        "deposited at the bank",
        e.FundDeposited(**at("2016-07-22", None), plan=1, amount=fen("40,000.00")),
        """
        FUND-360781
        借 1001 风险缓释金专户存款 fund deposits at banks                  40,000.00
        贷 1102 县级在途拨款       appropriation in transit at county      40,000.00
    """,
    ),
    (
        "the county's own extra money",
        e.CountyFundContributed(**at("2016-08-01", None), amount=fen("300.00")),
        """
        FUND-360781
        借 1001 风险缓释金专户存款   fund deposits at banks                   300.00
        贷 3002 风险缓释基金（县级） fund contributed by county               300.00
    """,
    ),
    (
        "account interest",
        e.FundInterestCredited(**at("2016-09-21", None), amount=fen("12.34")),
        """
        FUND-360781
        借 1001 风险缓释金专户存款 fund deposits at banks                      12.34
        贷 4001 基金利息收入       fund interest income                        12.34
    """,
    ),
    (
        "a claim paid as far as the account goes",
        e.ClaimPaid(
            **at("2019-08-12"),
            claim=1,
            paid=fen("40,000.00"),
            fund_share=fen("20,000.00"),
            county_share=fen("20,000.00"),
            overdue_principal=fen("40,000.00"),
        ),
        """
        FUND-360781
        借 1301 应收代偿追偿款       recourse receivable                   40,000.00
        借 5001 代偿损失（基金承担） compensation loss borne by the fund   20,000.00
        借 1201 应收县级分担款       due from county (its half of losses)  20,000.00
        贷 1001 风险缓释金专户存款   fund deposits at banks                40,000.00
        贷 1391 追偿款备抵           allowance for recourse                40,000.00
        LOAN-GZRCB
        借 1003   结算资金 settlement funds                                40,000.00
        贷 130302 逾期贷款 overdue principal                               40,000.00
    """,
    ),
    (
        "the rest of the queue, principal first, then interest",
        e.ClaimPaid(
            **at("2019-10-08"),
            claim=1,
            paid=fen("10,329.86"),
            fund_share=fen("5,164.93"),
            county_share=fen("5,164.93"),
            overdue_principal=fen("10,000.00"),
            interest=fen("329.86"),
            applied=(paid("2019-03-21", "329.86"),),
        ),
        """
        FUND-360781
        借 1301 应收代偿追偿款       recourse receivable                   10,329.86
        借 5001 代偿损失（基金承担） compensation loss borne by the fund    5,164.93
        借 1201 应收县级分担款       due from county (its half of losses)   5,164.93
        贷 1001 风险缓释金专户存款   fund deposits at banks                10,329.86
        贷 1391 追偿款备抵           allowance for recourse                10,329.86
        LOAN-GZRCB
        借 1003   结算资金 settlement funds                                10,329.86
        贷 130302 逾期贷款 overdue principal                               10,000.00
        贷 113201 应收利息 interest receivable                                329.86
    """,
    ),
    (
        "a claim before maturity, of one fen",
        e.ClaimPaid(
            **at("2018-08-12"),
            claim=2,
            paid=fen("0.01"),
            fund_share=fen("0.01"),
            county_share=fen("0.00"),
            principal=fen("0.01"),
        ),
        """
        FUND-360781
        借 1301 应收代偿追偿款       recourse receivable                        0.01
        借 5001 代偿损失（基金承担） compensation loss borne by the fund        0.01
        贷 1001 风险缓释金专户存款   fund deposits at banks                     0.01
        贷 1391 追偿款备抵           allowance for recourse                     0.01
        LOAN-GZRCB
        借 1003   结算资金 settlement funds                                     0.01
        贷 130301 贷款本金 loan principal                                       0.01
    """,
    ),
    (
        "what the borrower paid afterwards, handed to the fund account",
        e.RecoveryRemitted(
            **at("2020-03-06"),
            recovery=1,
            claim=1,
            amount=fen("12,345.67"),
            fund_share=fen("6,172.83"),
            county_share=fen("6,172.84"),
        ),
        """
        LOAN-GZRCB
        借 2242 待缴追回款 recoveries to remit                             12,345.67
        贷 1003 结算资金   settlement funds                                12,345.67
        FUND-360781
        借 1001 风险缓释金专户存款   fund deposits at banks                12,345.67
        借 1391 追偿款备抵           allowance for recourse                12,345.67
        贷 1301 应收代偿追偿款       recourse receivable                   12,345.67
        贷 5001 代偿损失（基金承担） compensation loss borne by the fund    6,172.83
        贷 1201 应收县级分担款       due from county (its half of losses)   6,172.84
    """,
    ),
    (
        "surplus money found in the account",
        e.SuspenseRecorded(**at("2020-04-01"), suspense=1, amount=fen("5.00")),
        """
        FUND-360781
        借 1001 风险缓释金专户存款 fund deposits at banks                       5.00
        贷 2301 待处理追回款       recovery suspense                            5.00
    """,
    ),
    (
        "and its way out",
        e.SuspenseReleased(**at("2020-04-09"), suspense=1, amount=fen("5.00")),
        """
        FUND-360781
        借 2301 待处理追回款       recovery suspense                            5.00
        贷 1001 风险缓释金专户存款 fund deposits at banks                       5.00
    """,
    ),
    (
        "the county paid its half",
        e.CountyShareReceived(**at("2019-12-01", None), amount=fen("25,164.93")),
        """
        FUND-360781
        借 1001 风险缓释金专户存款 fund deposits at banks                  25,164.93
        贷 1201 应收县级分担款     due from county (its half of losses)    25,164.93
    """,
    ),
    (
        "the county's prepayment returned",
        e.CountyShareReturned(**at("2020-12-01", None), amount=fen("6,172.84")),
        """
        FUND-360781
        借 1201 应收县级分担款     due from county (its half of losses)     6,172.84
        贷 1001 风险缓释金专户存款 fund deposits at banks                   6,172.84
    """,
    ),
    (
        "nothing more to come",
        e.RecourseClosed(**at("2022-01-05"), claim=1, amount=fen("37,984.19")),
        """
        FUND-360781
        借 1391 追偿款备抵     allowance for recourse                      37,984.19
        贷 1301 应收代偿追偿款 recourse receivable                         37,984.19
    """,
    ),
    (
        "result closed, a row for each loan lost",
        e.FundResultClosed(
            **at("2024-12-31", None),
            interest_to_city=fen("12.34"),
            losses_of_city=(e.LoanPart(1, fen("18,992.10")), e.LoanPart(2, fen("0.00"))),
            losses_of_county=(e.LoanPart(3, fen("7.00")),),
        ),
        """
        FUND-360781
        借 4001 基金利息收入         fund interest income                      12.34
        借 3001 风险缓释基金（市级） fund contributed by city              18,992.10
        借 3002 风险缓释基金（县级） fund contributed by county                 7.00
        贷 3001 风险缓释基金（市级） fund contributed by city                  12.34
        贷 5001 代偿损失（基金承担） compensation loss borne by the fund   18,999.10
    """,
    ),
    (
        "result closed of a fund of the county",
        e.FundResultClosed(**at("2024-12-31", None), interest_to_county=fen("1.00")),
        """
        FUND-360781
        借 4001 基金利息收入         fund interest income                       1.00
        贷 3002 风险缓释基金（县级） fund contributed by county                 1.00
    """,
    ),
    (
        "money returned",
        e.FundReturned(**at("2025-01-10", None), to_city=fen("106,020.24"), to_county=fen("293.00")),
        """
        FUND-360781
        借 3001 风险缓释基金（市级） fund contributed by city             106,020.24
        借 3002 风险缓释基金（县级） fund contributed by county               293.00
        贷 1001 风险缓释金专户存款   fund deposits at banks               106,313.24
    """,
    ),
    (
        "adjusted by hand in two books",
        e.ManualAdjustment(
            **at("2017-06-30"),
            approval=1,
            rows=(
                e.Adjusted(Kind.FUND, "1101", "3001", fen("0.02")),
                e.Adjusted(Kind.SUBSIDY, "5101", "2202", fen("0.03")),
            ),
        ),
        """
        FUND-360781
        借 1101 应收市级拨款         appropriation receivable from city         0.02
        贷 3001 风险缓释基金（市级） fund contributed by city                   0.02
        SUBSIDY-360781
        借 5101 贴息支出（贫困户）   subsidy expense, households                0.03
        贷 2202 应付贴息款           subsidy payable                            0.03
    """,
    ),
]


@pytest.mark.parametrize("case, event, voucher", PAGES, ids=[case for case, _, _ in PAGES])
def test_the_voucher(case: str, event: e.Event, voucher: str) -> None:
    assert as_text(lines_for(event)) == page(voucher)
