"""Notices (还款催收通知书) as PDF: words each notice with its receipt slip, and joins notices into one file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import cn2an

from ledger.exports.typesetting import GETA, legible, typeset
from ledger.labels import label
from ledger.money import Fen, plain

SHARED: Mapping[str, Any] = {
    "title": "还款催收通知书",
    "relations": ["本人", "配偶", "成年家属", "单位工作人员", "其他"],
    "manners": ["直接送达", "留置送达", "邮寄送达", "其他"],
}


@dataclass(frozen=True, slots=True)
class NoticePaper:
    """The facts printed on a notice (催收通知书), as they are at the end of the day `as_of`.

    Amounts are in fen, and rates are fractions. `unpaid` is the contract interest that is billed and not paid. `coming`
    is the contract interest from the last interest bill to the due date (算头不算尾). `charges` is the penalty and
    compound interest up to the due date. `payable_on` is the due date, moved to a working day where necessary.
    `provisional` is true if the calendar for the year of `payable_on` is not yet published. `overdue_rate` is the
    annual rate charged from `payable_on` on.
    """

    number: str
    kind: str
    programme: str
    bank: str
    borrower: str
    identity: str
    is_organisation: bool
    address: str
    contract_no: str
    signed_on: date
    made_on: date
    as_of: date
    due_on: date
    payable_on: date
    provisional: bool
    extended: bool
    may_extend: bool
    subsidised: bool
    annual_rate: Decimal
    overdue_rate: Decimal
    compounds: bool
    principal: Fen
    balance: Fen
    unpaid: Fen
    coming: Fen
    charges: Fen
    credit: Fen
    cancelled_on: date | None = None

    @property
    def interest(self) -> Fen:
        """Return the interest (利息) up to the due date in fen, including interest that is billed and not paid."""
        return Fen(self.unpaid + self.coming)

    @property
    def total(self) -> Fen:
        """Return the amount in fen that pays off the loan on the due date; the amount is never below zero."""
        return Fen(max(0, self.balance + self.interest + self.charges - self.credit))


def render(papers: Sequence[NoticePaper]) -> bytes:
    """Return the notices in the given order as one PDF/A file, with one A4 page for each notice.

    Equal facts always give a PDF with equal bytes. Raises ValueError for an empty list of notices.
    """
    if not papers:
        raise ValueError("no notice to print")
    return typeset("notice.typ", SHARED, [page_of(paper) for paper in papers], max(paper.made_on for paper in papers))


def in_capitals(fen: Fen) -> str:
    """Return an amount in Chinese capitals (人民币大写), as banks write amounts (支付结算办法 附一)."""
    written: str = cn2an.an2cn(plain(fen), "rmb")
    return f"人民币{written}"


def page_of(paper: NoticePaper) -> dict[str, Any]:
    """Return the texts of a notice's page; GETA replaces each character that no font has, which a remark names."""
    missing: list[str] = []

    def shown(value: Any) -> Any:
        if isinstance(value, str):
            text, lost = legible(value)
            missing.extend(lost)
            return text
        return [shown(each) for each in value] if isinstance(value, list) else value

    page = {name: shown(value) for name, value in _wording(paper).items()}
    page["missing"] = _missing(missing)
    return page | {"size": next(size for size in _SIZES if size == _SIZES[-1] or _height(page, size) <= _ROOM)}


_SIZES = (11, 10, 9, 8, 7)
"""Font sizes in points, largest first; long texts get a smaller font so that notice and slip fit on one page."""

_ROOM = 290
"""The height in points that a page has for its variable parts, found by trial."""

_WIDTH, _BESIDE, _SLIP = 4480, 2460, 3530
"""The widths of a notice's page, of the last column of the page's table, and of the slip, in tenths of a point."""


def _height(page: Mapping[str, Any], size: int) -> int:
    """Return the estimated height in points of a page's variable parts, printed in a font of the given size."""
    across = [page[name] for name in ("addressee", "dwelling", "opening", "basis", "receipt")]
    across += [f"{clause}{GETA * 4}" for clause in page["clauses"]]
    across += [page["missing"] or "", f"{page['number']}{GETA * 12}"]
    beside = [row[2] for row in page["rows"]]
    slip = [page["number"], page["borrower"], f"{page['contract_no']}{GETA * 14}"]
    columns = ((across, _WIDTH), (beside, _BESIDE), (slip, _SLIP))
    return size * sum(_lines(text, width // size) for texts, width in columns for text in texts)


def _lines(text: str, tenths: int) -> int:
    """Return the number of lines that a text fills; the argument `tenths` is a line's width in tenths of a letter."""
    long = 10 * len(text) - 3 * sum(map(text.count, _NARROW))
    return max(1, -(-long // tenths))


_NARROW = "0123456789-.,%"


def _missing(signs: Sequence[str]) -> str | None:
    if not signs:
        return None
    named = "、".join(f"U+{ord(sign):04X}" for sign in dict.fromkeys(signs))
    return f"注：“{GETA}”处为字库所无之字（{named}），请据合同或身份证件手工补写。"


def _wording(paper: NoticePaper) -> dict[str, Any]:
    you = "贵单位" if paper.is_organisation else "您"
    identity = "统一社会信用代码" if paper.is_organisation else "居民身份证号码"
    due = ("将于" if paper.made_on <= paper.due_on else "已于") + _day(paper.due_on)
    due += "（展期后）" if paper.extended else ""
    return {
        "programme": paper.programme,
        "times": label("notice_kind", paper.kind, "zh"),
        "number": paper.number,
        "bank": paper.bank,
        "addressee": f"{paper.borrower}（{identity}：{paper.identity}）：",
        "dwelling": f"地址：{paper.address}",
        "opening": f"{you}在我行的下列贷款{due}到期，请{you}按时足额归还：",
        "contract_no": paper.contract_no,
        "signed": f"（{_day(paper.signed_on)}签订）",
        "rows": [*_rows(paper)],
        "basis": _basis(paper),
        "clauses": [*_clauses(paper, you)],
        "dated": _day(paper.made_on),
        "void": None if paper.cancelled_on is None else "作废",
        "receipt": f"{'本单位' if paper.is_organisation else '本人'}已收到{paper.bank}{_day(paper.made_on)}"
        "出具的还款催收通知书，知悉其内容。",
        "borrower": paper.borrower,
        "signing": "（签字、盖章）" if paper.is_organisation else "（签字或按指印）",
    }


def _rows(paper: NoticePaper) -> Iterator[list[str]]:
    """Return the rows of a notice's table: a name, the amount in figures, and the amount in Chinese capitals."""
    yield ["借款本金", _figure(paper.principal), in_capitals(paper.principal)]
    yield ["贷款余额", _figure(paper.balance), f"{in_capitals(paper.balance)}（截至{_day(paper.as_of)}）"]
    parts = f"（其中已结未付{_figure(paper.unpaid)}，其余{_figure(paper.coming)}）" if paper.unpaid else ""
    yield ["至到期日利息", _figure(paper.interest), in_capitals(paper.interest) + parts]
    if paper.charges:
        yield ["罚息、复利", _figure(paper.charges), in_capitals(paper.charges)]
    if paper.credit:
        yield ["减：暂收款", _figure(paper.credit), f"{in_capitals(paper.credit)}（此前多还，用于抵扣）"]
    yield ["到期应还合计", _figure(paper.total), in_capitals(paper.total)]


def _basis(paper: NoticePaper) -> str:
    return (
        f"利息按合同年利率{_percent(paper.annual_rate)}、实际天数（一年按360天）计至到期日，到期日当天不计；"
        f"已含结息日未付的利息。{_day(paper.as_of)}以后还款的，以还款时的数额为准。"
    )


def _clauses(paper: NoticePaper, you: str) -> Iterator[str]:
    papers = "本通知书和单位有效证件" if paper.is_organisation else "本通知书和有效身份证件"
    rolled = ""
    if paper.payable_on != paper.due_on:
        mark = "（节假日安排公布前暂定）" if paper.provisional else ""
        rolled = f"到期日不是工作日，可顺延至{_day(paper.payable_on)}{mark}，顺延期间按合同利率计息。"
    elif paper.provisional:
        rolled = "到期日所在年度的节假日安排尚未公布，遇节假日顺延。"
    yield (
        f"还款方式：将款项足额存入合同约定的还款账户，或持{papers}到我行营业网点办理。{rolled}"
        "提前还款的，利息计至还款日。"
    )
    if paper.subsidised:
        yield f"财政贴息：上列利息由{you}先行付清，符合规定的贴息由财政部门另行拨付；到期日起的利息、罚息不予贴息。"
    compound = "，对未付利息计收复利" if paper.compounds else ""
    yield (
        f"逾期后果：逾期未还的，自{_day(paper.payable_on)}起按年利率{_percent(paper.overdue_rate)}计收罚息{compound}；"
        f"逾期信息依法报送金融信用信息基础数据库，影响{you}今后贷款；我行将依法催收、追偿。"
    )
    if paper.may_extend:
        yield "确有困难需要展期的，请在到期日之前向我行提出书面申请，经批准方可展期；展期以一次为限。"


def _figure(fen: Fen) -> str:
    yuan, rest = plain(fen).split(".")
    return f"{int(yuan):,}.{rest}元"


def _percent(rate: Decimal) -> str:
    return f"{(rate * 100).normalize():f}%"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
