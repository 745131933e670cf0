"""Tests of the vouchers of each loan event in the bank's book."""

from datetime import date

import pytest

from ledger import events as e
from ledger.chart import Kind
from tests.posting.paper import as_text, at, fen, lines_for, page, paid

# The loan of the worked example has 50,000.00 yuan at 4.75 %, from 2016-05-10 to 2019-05-10.
PAGES: list[tuple[str, e.Event, str]] = [
    (
        "paid out",
        e.LoanDisbursed(**at("2016-05-10"), principal=fen("50,000.00")),
        """
        LOAN-GZRCB
        借 130301 贷款本金 loan principal                   50,000.00
        贷 1003   结算资金 settlement funds                 50,000.00
    """,
    ),
    (
        "first interest, 42 days",
        e.InterestBilled(
            **at("2016-06-21"),
            period_start=date(2016, 5, 10),
            contract=fen("277.08"),
            penalty=fen("0.00"),
            compound=fen("0.00"),
        ),
        """
        LOAN-GZRCB
        借 113201 应收利息 interest receivable              277.08
        贷 6011   利息收入 interest income                  277.08
    """,
    ),
    (
        "interest, penalty and compound interest of an overdue loan",
        e.InterestBilled(
            **at("2019-06-21"),
            period_start=date(2019, 5, 10),
            contract=fen("0.01"),
            penalty=fen("415.63"),
            compound=fen("2.74"),
        ),
        """
        LOAN-GZRCB
        借 113201 应收利息     interest receivable                0.01
        借 113202 应收罚息复利 penalty and compound receivable  418.37
        贷 6011   利息收入     interest income                    0.01
        贷 6012   罚息复利收入 penalty and compound income      418.37
    """,
    ),
    (
        "interest paid",
        e.RepaymentReceived(
            **at("2016-06-25"),
            repayment=1,
            amount=fen("277.08"),
            interest=fen("277.08"),
            applied=(paid("2016-05-10", "277.08"),),
        ),
        """
        LOAN-GZRCB
        借 1003   结算资金 settlement funds                 277.08
        贷 113201 应收利息 interest receivable              277.08
    """,
    ),
    (
        "everything paid by an overdue borrower, and more",
        e.RepaymentReceived(
            **at("2019-07-01"),
            repayment=2,
            amount=fen("51,000.00"),
            interest=fen("329.86"),
            charges=fen("418.37"),
            principal=fen("10,000.00"),
            overdue_principal=fen("40,000.00"),
            credit=fen("251.77"),
            applied=(paid("2019-03-21", "329.86"), paid("2019-05-10", "0.00", "2.74", "415.63")),
        ),
        """
        LOAN-GZRCB
        借 1003   结算资金     settlement funds                51,000.00
        贷 113201 应收利息     interest receivable                329.86
        贷 113202 应收罚息复利 penalty and compound receivable    418.37
        贷 130301 贷款本金     loan principal                  10,000.00
        贷 130302 逾期贷款     overdue principal               40,000.00
        贷 2241   暂收款       borrower credit                    251.77
    """,
    ),
    (
        "paid after a write-off: what was lost, then income",
        e.RepaymentReceived(
            **at("2021-02-01"),
            repayment=3,
            amount=fen("50,400.00"),
            loss=fen("50,329.86"),
            income=fen("70.14"),
        ),
        """
        LOAN-GZRCB
        借 1003   结算资金     settlement funds                50,400.00
        贷 6701   贷款损失     loan losses                     50,329.86
        贷 6012   罚息复利收入 penalty and compound income         70.14
    """,
    ),
    (
        "credit applied to a line and principal",
        e.CreditApplied(
            **at("2019-05-10"),
            interest=fen("329.86"),
            charges=fen("2.74"),
            principal=fen("1,000.00"),
            overdue_principal=fen("500.00"),
            applied=(paid("2019-03-21", "329.86", "2.74"),),
        ),
        """
        LOAN-GZRCB
        借 2241   暂收款       borrower credit                  1,832.60
        贷 113201 应收利息     interest receivable                329.86
        贷 113202 应收罚息复利 penalty and compound receivable      2.74
        贷 130301 贷款本金     loan principal                   1,000.00
        贷 130302 逾期贷款     overdue principal                  500.00
    """,
    ),
    (
        "credit handed back",
        e.CreditRefunded(**at("2019-07-02"), amount=fen("251.77"), approval=1),
        """
        LOAN-GZRCB
        借 2241   暂收款   borrower credit                        251.77
        贷 1003   结算资金 settlement funds                       251.77
    """,
    ),
    (
        "overdue the day after maturity",
        e.PrincipalOverdue(**at("2019-05-11"), principal=fen("50,000.00")),
        """
        LOAN-GZRCB
        借 130302 逾期贷款 overdue principal                   50,000.00
        贷 130301 贷款本金 loan principal                      50,000.00
    """,
    ),
    (
        "extended: terms only",
        e.LoanExtended(
            **at("2019-05-01"),
            months=12,
            due_on=date(2020, 5, 10),
            annual_rate="0.0475",
            approval=1,
        ),
        "",
    ),
    ("misuse found: terms only", e.MisuseFound(**at("2017-01-01"), found_on=date(2017, 1, 9), approval=1), ""),
    (
        "renewed: the principal moves through settlement funds, no cash",
        e.LoanRenewed(
            **at("2019-05-10"),
            renewal=2,
            principal=fen("30,000.00"),
            overdue_principal=fen("20,000.00"),
            approval=1,
        ),
        """
        LOAN-GZRCB
        借 130301 贷款本金 loan principal                      50,000.00
        借 1003   结算资金 settlement funds                    50,000.00
        贷 1003   结算资金 settlement funds                    50,000.00
        贷 130301 贷款本金 loan principal                      30,000.00
        贷 130302 逾期贷款 overdue principal                   20,000.00
    """,
    ),
    (
        "penalty let off",
        e.PenaltyWaived(
            **at("2020-12-01"),
            amount=fen("418.37"),
            asked=fen("0.00"),
            approval=1,
            applied=(paid("2019-05-10", "0.00", "2.74", "415.63"),),
        ),
        """
        LOAN-GZRCB
        借 6012   罚息复利收入 penalty and compound income        418.37
        贷 113202 应收罚息复利 penalty and compound receivable    418.37
    """,
    ),
    (
        "written off",
        e.LoanWrittenOff(
            **at("2020-12-02"),
            principal=fen("0.01"),
            overdue_principal=fen("49,999.99"),
            interest=fen("329.86"),
            applied=(paid("2019-03-21", "329.86"),),
            approval=1,
        ),
        """
        LOAN-GZRCB
        借 6701   贷款损失 loan losses                         50,329.86
        贷 130301 贷款本金 loan principal                           0.01
        贷 130302 逾期贷款 overdue principal                   49,999.99
        贷 113201 应收利息 interest receivable                    329.86
    """,
    ),
    (
        "the insurer paid",
        e.InsuranceReceived(
            **at("2019-06-01"),
            principal=fen("5,000.00"),
            overdue_principal=fen("15,000.00"),
            policy_no="P-1",
            approval=1,
        ),
        """
        LOAN-GZRCB
        借 1003   结算资金 settlement funds                    20,000.00
        贷 130301 贷款本金 loan principal                       5,000.00
        贷 130302 逾期贷款 overdue principal                   15,000.00
    """,
    ),
    ("the insurer refused", e.InsuranceReceived(**at("2019-06-01"), policy_no="P-1", approval=1), ""),
    (
        "came in after compensation",
        e.RecoveryReceived(**at("2020-03-02"), recovery=1, amount=fen("12,345.67")),
        """
        LOAN-GZRCB
        借 1003   结算资金   settlement funds                  12,345.67
        贷 2242   待缴追回款 recoveries to remit               12,345.67
    """,
    ),
    (
        "beyond what the fund is owed",
        e.RecoveryRetained(
            **at("2021-03-02"),
            recovery=2,
            interest=fen("1.00"),
            charges=fen("418.37"),
            principal=fen("2.00"),
            overdue_principal=fen("3.00"),
            loss=fen("4.00"),
            applied=(paid("2019-05-10", "1.00", "2.74", "415.63"),),
        ),
        """
        LOAN-GZRCB
        借 2242   待缴追回款   recoveries to remit                428.37
        贷 113201 应收利息     interest receivable                  1.00
        贷 113202 应收罚息复利 penalty and compound receivable    418.37
        贷 130301 贷款本金     loan principal                       2.00
        贷 130302 逾期贷款     overdue principal                    3.00
        贷 6701   贷款损失     loan losses                          4.00
    """,
    ),
    (
        "adjusted by hand",
        e.ManualAdjustment(
            **at("2017-06-30"),
            approval=1,
            rows=(e.Adjusted(Kind.LOAN, "113201", "6011", fen("0.01")),),
        ),
        """
        LOAN-GZRCB
        借 113201 应收利息 interest receivable                      0.01
        贷 6011   利息收入 interest income                          0.01
    """,
    ),
]


@pytest.mark.parametrize("case, event, voucher", PAGES, ids=[case for case, _, _ in PAGES])
def test_the_voucher(case: str, event: e.Event, voucher: str) -> None:
    assert as_text(lines_for(event)) == page(voucher)
