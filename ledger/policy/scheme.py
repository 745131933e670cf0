"""A scheme version (方案): every parameter of the programme as a typed, immutable value.

Later releases of the program read the scheme versions stored by earlier releases. A new parameter therefore gets a
default that changes nothing; a removed parameter becomes a `ClassVar` of the kind `retired`, so that older documents
still show the parameter.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, get_args, get_origin, get_type_hints

from ledger.money import Fen
from ledger.policy.parameters import (
    Kind,
    Parameter,
    amount,
    choice,
    day,
    fixed,
    flag,
    number,
    share,
    whole,
    words,
)

OrganisationLending = Literal["links", "absolute", "none"]
LimitBasis = Literal["households_x_cap", "linked_loans"]
Action = Literal["warn", "refuse"]
RateTableCode = Literal["benchmark", "lpr"]
RateRule = Literal["equal", "at_most"]
Repricing = Literal["fixed", "annual_jan1", "anniversary"]
Roll = Literal["following", "none"]
Surplus = Literal["credit", "principal"]
Cycle = Literal["quarter", "year"]
LateInterest = Literal["next_batch", "forfeit"]
FundSource = Literal["city", "county"]
Recoveries = Literal["all_to_fund", "pro_rata"]


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """One version of a scheme, with all inherited parameters filled in.

    A scheme version applies to contracts signed from `signed_from` to `signed_to`, both included. A loan keeps its
    scheme version for its whole term. Shares and rates are fractions; amounts are in whole fen.
    """

    code: str
    version: int
    name: str
    signed_from: date
    signed_to: date
    document: str = field(repr=False, compare=False)
    content_hash: str
    listed: tuple[Parameter, ...] = field(repr=False, compare=False)

    # 1-2. Parameters that say who may borrow, and how much.
    registered_from: Annotated[date | None, day("建档立卡起始日", optional=True)]
    age_min: Annotated[int, whole("最低年龄", 0, 120)]
    age_max: Annotated[int, whole("最高年龄", 0, 120)]
    household_cap: Annotated[Fen, amount("每户贷款上限")]
    organisation_lending: Annotated[OrganisationLending, choice("市场主体贷款方式", OrganisationLending)]
    organisation_link_required: Annotated[bool, flag("市场主体须有带动关系")]
    organisation_cap: Annotated[Fen | None, amount("市场主体贷款上限", optional=True)]
    organisation_multiple: Annotated[Decimal, number("市场主体贷款倍数", "0", "100")]
    organisation_limit_basis: Annotated[LimitBasis, choice("就业、协议带动的额度依据", LimitBasis)]
    links_from: Annotated[date | None, day("带动关系起始日", optional=True)]
    link_months_min: Annotated[int, whole("劳动合同、协议最短月数", 0, 600)]
    term_months_min: Annotated[int, whole("最短期限（月）", 1, 600)]
    term_months_max: Annotated[int, whole("最长期限（月）", 1, 600)]
    household_share_min: Annotated[Decimal, share("贫困户贷款最低占比")]
    leverage_action: Annotated[Action, choice("超出放大倍数", Action)]
    endorsements: Annotated[tuple[str, ...], words("论证意见")]
    securities: Annotated[tuple[str, ...], words("担保方式", "credit", "guarantee", "collateral")]

    # 3. Rate and interest.
    rate_table: Annotated[RateTableCode, choice("利率表", RateTableCode)]
    rate_rule: Annotated[RateRule, choice("利率规则", RateRule)]
    repricing: Annotated[Repricing, choice("重定价方式", Repricing)]
    repriced_rate_places: Annotated[int, whole("重定价利率小数位", 4, 8)]
    day_count: ClassVar[Annotated[object, fixed("一年计息天数", 360)]]
    settlement_day: ClassVar[Annotated[object, fixed("结息日", 20)]]
    settlement_months: ClassVar[Annotated[object, fixed("结息月", [3, 6, 9, 12])]]
    rounding: ClassVar[Annotated[object, fixed("舍入", "half_up")]]
    due_date_roll: Annotated[Roll, choice("到期日顺延", Roll)]
    overdue_uplift: Annotated[Decimal, number("逾期罚息加收", "0", "10", places=4)]
    misuse_uplift: Annotated[Decimal, number("挪用罚息加收", "0", "10", places=4)]
    compound_interest: Annotated[bool, flag("计收复利")]
    compound_grace_days: Annotated[int, whole("复利宽限天数", 0, 365)]
    compound_overdue_uplift: Annotated[Decimal, number("逾期后复利加收", "0", "10", places=4)]
    principal_first_over_days: Annotated[int, whole("先还本金的逾期天数（超过）", 0, 100_000)]
    surplus: Annotated[Surplus, choice("多还款默认处理", Surplus)]
    extensions_max: Annotated[int, whole("展期次数上限", 0, 1)]
    extension_share_max: Annotated[Decimal, share("展期占原期限上限")]
    extension_subsidised: Annotated[bool, flag("展期贴息")]
    special_mention_from_days: Annotated[int, whole("关注（不少于天数）", 1, 100_000)]
    substandard_over_days: Annotated[int, whole("次级（超过天数）", 1, 100_000)]
    doubtful_over_days: Annotated[int, whole("可疑（超过天数）", 1, 100_000)]
    loss_over_days: Annotated[int, whole("损失（超过天数）", 1, 100_000)]

    # 4. Interest subsidy.
    household_subsidy_share: Annotated[Decimal, share("贫困户贴息比例")]
    household_subsidy_cycle: Annotated[Cycle, choice("贫困户贴息周期", Cycle)]
    organisation_subsidy_share: Annotated[Decimal, share("市场主体贴息比例")]
    organisation_subsidy_cycle: Annotated[Cycle, choice("市场主体贴息周期", Cycle)]
    subsidy_months: Annotated[int, whole("贴息月数", 0, 600)]
    subsidy_submit_day: Annotated[int, whole("贴息名单上报日", 21, 30)]
    subsidy_pay_working_days: Annotated[int, whole("贴息拨付工作日", 0, 250)]
    late_interest: Annotated[LateInterest, choice("迟付利息的贴息", LateInterest)]

    # 5. Risk-buffer fund.
    fund_rate: Annotated[Decimal, share("风险缓释金缴存比例")]
    fund_multiple: Annotated[Decimal, number("放大倍数", "0", "1000")]
    fund_source: Annotated[FundSource, choice("风险缓释金来源", FundSource)]
    issuance_report_day: Annotated[int, whole("放款情况上报日", 1, 28)]

    # 6. Compensation and recovery.
    fund_share_of_loss: Annotated[Decimal, share("风险缓释金承担比例")]
    county_share_of_loss: Annotated[Decimal, share("县级分担比例")]
    recoveries: Annotated[Recoveries, choice("追回款归属", Recoveries)]
    claim_min_days_overdue: Annotated[int, whole("代偿所需逾期天数", 0, 100_000)]
    early_claim_causes: Annotated[tuple[str, ...], words("到期前代偿事由")]
    compensated: ClassVar[Annotated[object, fixed("代偿范围", ["principal", "contract_interest"])]]
    liability_limit: ClassVar[Annotated[object, fixed("代偿责任限额", "account")]]
    claim_lapse: ClassVar[Annotated[object, fixed("排队代偿失效", "never")]]
    insurer_share: Annotated[Decimal, share("保险分担比例")]
    remittance_working_days: Annotated[int, whole("追回款上缴工作日", 0, 250)]
    npl_rate_max: Annotated[Decimal | None, number("不良率上限", "0", "1", optional=True)]
    fund_coverage_min: Annotated[Decimal | None, number("基金覆盖率下限", "0", "1000", optional=True)]
    loss_ratio_max: Annotated[Decimal | None, number("代偿损失率上限", "0", "1", optional=True)]
    breaker_action: Annotated[Action, choice("熔断方式", Action)]

    # 7. Notices.
    notice_1_days: Annotated[int, whole("第一次催收（到期前天数）", 1, 365)]
    notice_1_deliver_days: Annotated[int, whole("第一次催收送达天数", 0, 365)]
    notice_2_days: Annotated[int, whole("第二次催收（到期前天数）", 1, 365)]
    notice_2_deliver_days: Annotated[int, whole("第二次催收送达天数", 0, 365)]

    def parameters(self) -> tuple[Parameter, ...]:
        """Return every parameter with its clause and source, in the order of the programme's clauses."""
        return self.listed


def _kinds() -> dict[str, Kind]:
    hints = get_type_hints(Scheme, include_extras=True)
    bare = {name: get_args(hint)[0] if get_origin(hint) is ClassVar else hint for name, hint in hints.items()}
    annotations = {name: get_args(hint)[-1:] for name, hint in bare.items()}
    return {name: last[0] for name, last in annotations.items() if last and isinstance(last[0], Kind)}


KINDS: Mapping[str, Kind] = _kinds()
"""The kind of every parameter by its name, in the order of the programme."""

DEFAULTS: Mapping[str, object] = {
    parameter.name: parameter.default
    for parameter in fields(Scheme)
    if parameter.name in KINDS and parameter.default is not MISSING
}
"""The default values of parameters added after the first release, for documents without these parameters."""
