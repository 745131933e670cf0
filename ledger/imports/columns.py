"""The columns of each kind of sheet, with headings, readers and notes for clerks, and the classes of rows."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from ledger.imports.cells import Identifier, Name, Reader, Text, choice, choices, day, id_card, uscc
from ledger.imports.quantities import Amount, Months, Rate
from ledger.labels import FIELDS, Table
from ledger.labels import kinds as labels
from ledger.money import Fen
from ledger.policy.identity import IdCard

EXAMPLE = "【示例】"
"""The mark at the beginning of an example row; example rows are not read."""

IGNORED = frozenset({"序号", "备注", "no", "no.", "remark", "remarks"})
"""The headings of columns with serial numbers and remarks, which clerks often add and which are not read."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column (列) of a kind of sheet.

    `name` is the column's name in faults and in the class of rows. A column is found by the headings `name`, `zh`,
    `heading` and by each heading in `also`. A sheet may lack a column that is not `needed`. If a column is not
    `needed`, its empty cells get the value `default`.
    """

    name: str
    read: Reader
    note: str  # the note in a template that tells a clerk how to fill in the column
    sample: str
    needed: bool = True
    default: Any = None
    also: tuple[str, ...] = ()
    called: str = ""  # the Chinese heading; if empty, labels.FIELDS has the heading

    @property
    def zh(self) -> str:
        """Return the column's Chinese heading; former headings stay in `also`, since clerks still have old sheets."""
        return self.called or FIELDS[self.name].zh

    @property
    def heading(self) -> str:
        """Return the heading of the column in a template, in Chinese and English."""
        return f"{self.zh} {self.name}"

    def known_as(self) -> set[str]:
        """Return all headings by which the column is found, in the form that `plain_heading` returns."""
        return {plain_heading(each) for each in (self.name, self.zh, self.heading, *self.also)}


def plain_heading(heading: str) -> str:
    """Return a heading in half-width lower case without blanks, marks, brackets and unit signs.

    The result for 借款金额（元）* is 借款金额, and for 年利率% it is 年利率.
    """
    bare = re.sub(r"[(\[【].*?[)\]】]", "", unicodedata.normalize("NFKC", heading))
    return re.sub(r"[\s_*:-]|[%‰]$", "", bare).casefold()


def _words(names: Table, **also: str) -> dict[str, str]:
    """Return a mapping from the words that a clerk may write to the codes in a table of labels.

    The words for a code are its Chinese label, the code itself, and the words that `also` lists for the code. In
    `also`, several words for one code are separated by a bar.
    """
    return {
        word: code
        for code, name in names.items()
        for word in (name.zh, *filter(None, also.get(code, "").split("|")), code)
    }


CATEGORIES = _words(labels.CATEGORIES, working_subsistence="低保贫困户")
ORGANISATION_KINDS = _words(labels.ORGANISATION_KINDS, cooperative="合作社|农民专业合作社")
LINK_KINDS = _words(labels.LINK_KINDS, investment="投资", employment="用工")
SECURITIES = _words(labels.SECURITIES, guarantee="担保", collateral="抵质押|质押")
ENDORSEMENTS = _words(labels.ENDORSEMENTS, work_team="工作队")
SURPLUS = _words(labels.SURPLUS, credit="暂收款", principal="提前还本")

_DAY = "2016-05-10、2016/5/10、2016.5.10、2016年5月10日，或表格自带的日期"
_REGISTRY = "建档立卡户编号，按文本填写"

HOUSEHOLDS = (
    Column(
        "registry_no",
        Identifier(40),
        f"{_REGISTRY}；同一户的各成员逐行填写同一编号",
        "360781000001",
        also=("建档立卡编号", "贫困户编号"),
    ),
    Column("county", Text(40), "县（市、区）代码或全称", "360781", also=("县（市、区）", "县区", "县市区")),
    Column("town", Text(60), "乡镇名称", "叶坪镇", also=("乡（镇）", "township")),
    Column("village", Text(60), "行政村名称", "大胜村", also=("行政村",)),
    Column(
        "category",
        choice(CATEGORIES),
        "一般贫困户、扶贫低保户、低保户、五保户",
        "一般贫困户",
        also=("贫困户类别", "属性", "类别"),
    ),
    Column("registered_on", day, _DAY, "2014-05-01", also=("建档日期", "识别日期", "识别时间")),
    Column("name", Name(60), "成员姓名", "刘福", also=("成员姓名",), called="姓名"),
    Column(
        "id_card",
        id_card(),
        "18 位居民身份证号，按文本填写",
        "360781198005010019",
        also=("证件号码", "身份证号码", "居民身份证号"),
    ),
    Column("relation", Text(20), "户主、配偶、之子……每户须有且仅有一名户主", "户主", also=("关系",)),
)

ORGANISATIONS = (
    Column(
        "uscc",
        uscc(),
        "18 位；一个主体有几条带动关系就填几行",
        "93360781MA35F0001J",
        also=("社会信用代码", "信用代码"),
    ),
    Column("name", Name(120), "市场主体全称", "瑞金脐橙合作社", also=("名称", "单位名称"), called="主体名称"),
    Column(
        "kind", choice(ORGANISATION_KINDS), "企业、家庭农场、合作组织", "合作组织", also=("类型",), called="主体类型"
    ),
    Column("county", Text(40), "县（市、区）代码或全称", "360781", also=("县（市、区）", "县区", "县市区")),
    Column(
        "household",
        Identifier(40),
        f"{_REGISTRY}；该主体暂无带动关系则以下各列均留空",
        "360781000001",
        needed=False,
        also=("带动户", "贫困户编号", "registry_no", "household_registry_no"),
    ),
    Column("link_kind", choice(LINK_KINDS), "投入、就业、协议", "就业", needed=False, also=("带动类型",)),
    Column("amount", Amount(), "元；仅投入类填写", "", needed=False, also=("金额",), called="投入金额"),
    Column("starts_on", day, _DAY, "2016-01-01", needed=False, also=("起始日", "起始日期")),
    Column("ends_on", day, "最后一日；未约定则留空", "2017-12-31", needed=False, also=("截止日", "截止日期")),
)

LOANS = (
    Column(
        "contract_no",
        Identifier(60),
        "借款合同编号，按文本填写；一行一笔贷款",
        "HT-2016-0001",
        also=("合同号", "借款合同编号", "借款合同号"),
    ),
    Column(
        "registry_no",
        Identifier(40),
        f"{_REGISTRY}；贷给市场主体时留空",
        "360781000001",
        needed=False,
        also=("建档立卡编号", "贫困户编号", "household_registry_no"),
    ),
    Column(
        "uscc",
        uscc(),
        "贷给市场主体时填写，贷给贫困户时留空",
        "",
        needed=False,
        also=("社会信用代码", "信用代码"),
    ),
    Column(
        "borrower_name",
        Name(120),
        "借款人姓名（须为该户成员），或市场主体全称",
        "刘福",
        also=("借款人姓名", "借款人名称"),
    ),
    Column(
        "id_card",
        Identifier(40),
        "借款人身份证号，按文本填写；贷给市场主体时留空",
        "360781198005010019",
        needed=False,
        also=("借款人身份证号", "证件号码", "身份证号码", "borrower_id_card"),
    ),
    Column(
        "principal",
        Amount(),
        "元，至多两位小数；表头可注明（万元）",
        "50000.00",
        also=("借款金额", "贷款金额", "放款金额", "本金", "amount"),
    ),
    Column(
        "annual_rate", Rate(), "4.75% 或 0.0475；表头注明（%）时写 4.75", "4.75%", also=("利率", "执行利率", "月利率")
    ),
    Column(
        "term_months", Months(), "整月数；表头可注明（年）", "36", also=("期限", "贷款期限", "借款期限", "期限（月）")
    ),
    Column("signed_on", day, _DAY, "2016-05-09", also=("签约日", "合同签订日期", "签订日期")),
    Column(
        "disbursed_on",
        day,
        f"{_DAY}；利息自该日起算",
        "2016-05-10",
        also=("放款日", "发放日期", "贷款发放日期"),
    ),
    Column("purpose", Text(200), "产业项目", "脐橙种植", also=("用途", "借款用途")),
    Column("scheme", Text(40), "留空为 ganzhou-2016", "", needed=False, default="ganzhou-2016", also=("方案代码",)),
    Column(
        "security",
        choice(SECURITIES),
        "信用、保证、抵押；留空为信用",
        "信用",
        needed=False,
        default="credit",
        also=("担保",),
    ),
    Column("policy_no", Identifier(60), "有贷款保证保险的填写", "", needed=False, also=("保险单号",)),
    Column(
        "endorsements",
        choices(ENDORSEMENTS),
        "村委会、驻村工作队、乡镇，有哪些填哪些",
        "村委会、驻村工作队、乡镇",
        needed=False,
        default=(),
    ),
)

REPAYMENTS = (
    Column(
        "contract_no",
        Identifier(60),
        "本行贷款的借款合同编号，按文本填写",
        "HT-2016-0001",
        also=("合同号", "借款合同编号", "借款合同号"),
    ),
    Column("amount", Amount(), "元，至多两位小数；表头可注明（万元）", "277.08", also=("金额",), called="还款金额"),
    Column("paid_on", day, f"{_DAY}；按该日记账", "2016-06-21", also=("还款日", "入账日期", "记账日期")),
    Column(
        "received_on",
        day,
        "实际收到款项的日期早于还款日期时填写",
        "",
        needed=False,
        also=("实际收款日期", "收到日期"),
    ),
    Column("channel", Text(20), "现金、转账、代扣……", "转账", also=("渠道", "还款方式"), called="还款渠道"),
    Column(
        "receipt_no",
        Identifier(60),
        "同一笔贷款内不得重复，按文本填写",
        "HD-0001",
        also=("凭证号", "流水号", "回单编号"),
    ),
    Column(
        "surplus",
        choice(SURPLUS),
        "暂存（抵下期利息）或还本；留空为暂存",
        "暂存",
        needed=False,
        default="credit",
        also=("余款处理", "多还部分"),
    ),
)

COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "households": HOUSEHOLDS,
    "organisations": ORGANISATIONS,
    "loans": LOANS,
    "repayments": REPAYMENTS,
}
"""The columns of each kind of sheet; the template and the class of rows have the columns in the same order."""

AsRead = Any
"""A row of a sheet, in which a field is None if the cell could not be read.

The fields of the row classes are declared with the types of readable cells, without None.
"""

Numbered = tuple[int, AsRead]
"""A row's number in the sheet, and the row."""


class HouseholdRow(NamedTuple):
    """One member of a registered household (贫困户)."""

    registry_no: str
    county: str
    town: str
    village: str
    category: str
    registered_on: date
    name: str
    id_card: IdCard
    relation: str


class OrganisationRow(NamedTuple):
    """An organisation (市场主体) with one of its links to households, or without any link."""

    uscc: str
    name: str
    kind: str
    county: str
    household: str | None
    link_kind: str | None
    amount: Fen | None
    starts_on: date | None
    ends_on: date | None


class LoanRow(NamedTuple):
    """A loan that was paid out; `id_card` is the text of the cell in capital letters, not yet checked."""

    contract_no: str
    registry_no: str | None
    uscc: str | None
    borrower_name: str
    id_card: str | None
    principal: Fen
    annual_rate: Decimal
    term_months: int
    signed_on: date
    disbursed_on: date
    purpose: str
    scheme: str
    security: str
    policy_no: str | None
    endorsements: tuple[str, ...]


class RepaymentRow(NamedTuple):
    """A repayment of a loan."""

    contract_no: str
    amount: Fen
    paid_on: date
    received_on: date | None
    channel: str
    receipt_no: str
    surplus: Literal["credit", "principal"]


MAKERS: Mapping[str, Callable[[Iterable[Any]], tuple[Any, ...]]] = {
    "households": HouseholdRow._make,
    "organisations": OrganisationRow._make,
    "loans": LoanRow._make,
    "repayments": RepaymentRow._make,
}
"""The function that makes a row from the values of the row's cells, for each kind of sheet."""
