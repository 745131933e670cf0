"""The names of events (业务), as vouchers, refusals and reports show them."""

from ledger.labels.said import Table, table

EVENTS: Table = table(
    {
        "LoanDisbursed": ("放款", "disbursement"),
        "InterestBilled": ("结息", "interest bill"),
        "RepaymentReceived": ("还款", "repayment"),
        "CreditApplied": ("暂收款抵扣", "use of borrower credit"),
        "CreditRefunded": ("暂收款退还", "refund of borrower credit"),
        "PrincipalOverdue": ("转逾期", "transfer to overdue"),
        "LoanExtended": ("展期", "extension"),
        "MisuseFound": ("认定挪用", "finding of misuse"),
        "LoanRenewed": ("续贷", "renewal"),
        "PenaltyWaived": ("减免罚息复利", "waiver of penalty and compound interest"),
        "LoanWrittenOff": ("核销", "write-off"),
        "InsuranceReceived": ("保险赔付", "insurance payment"),
        "FundPlanApproved": ("缓释金计划批准", "approval of a fund plan"),
        "FundAppropriated": ("市级拨付到县", "appropriation to the county"),
        "FundDeposited": ("缴存专户", "deposit in the fund account"),
        "CountyFundContributed": ("县级自筹缴存", "contribution of the county"),
        "FundInterestCredited": ("专户利息入账", "interest on the fund account"),
        "ClaimPaid": ("代偿", "claim payment"),
        "RecoveryReceived": ("收到追回款", "recovery"),
        "RecoveryRemitted": ("追回款缴回专户", "remittance of a recovery"),
        "RecoveryRetained": ("追回款留归银行", "bank's part of a recovery"),
        "SuspenseRecorded": ("多缴追回款挂账", "surplus money put in suspense"),
        "SuspenseReleased": ("挂账款退出", "release from suspense"),
        "CountyShareReceived": ("收到县级分担款", "county share"),
        "CountyShareReturned": ("退还县级预缴分担款", "return of a prepaid county share"),
        "RecourseClosed": ("追偿终结", "closing of recourse"),
        "FundResultClosed": ("基金损益结转", "closing of the fund's result"),
        "FundReturned": ("基金清退", "return of the fund"),
        "SubsidyApproved": ("贴息核准", "subsidy approval"),
        "SubsidyPaid": ("贴息拨付", "subsidy payment"),
        "ClawbackRaised": ("应追回贴息", "claw-back"),
        "ClawbackReceived": ("追回贴息到账", "claw-back receipt"),
        "EventReversed": ("红字冲销", "reversal"),
        "ManualAdjustment": ("手工调整", "manual adjustment"),
    }
)
