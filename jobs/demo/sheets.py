"""Makes the demo's sheets as banks and offices would send sheets: csv files with Chinese headings."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from jobs.demo.people import House
from jobs.demo.plan import COUNTY, RATE, Farm, Lent, Paid
from ledger.money import plain


def households(houses: Iterable[House]) -> bytes:
    """Return the sheet of households (贫困户名单), one row for each member."""
    heading = ("户编号", "县", "乡镇", "村", "贫困户属性", "建档立卡日期", "姓名", "身份证号", "与户主关系")
    return _csv(
        heading,
        (
            (
                house.registry_no,
                COUNTY,
                house.town,
                house.village,
                house.category,
                house.registered_on,
                person.name,
                person.id_card,
                person.relation,
            )
            for house in houses
            for person in house.members
        ),
    )


def organisations(farms: Iterable[Farm]) -> bytes:
    """Return the sheet of organisations (经营主体), one row for each link to a household."""
    heading = ("统一社会信用代码", "主体名称", "主体类型", "县", "带动户编号", "带动方式", "带动起始日", "带动截止日")
    return _csv(
        heading,
        (
            (farm.uscc, farm.name, farm.kind, COUNTY, house.registry_no, "就业", farm.since, "2022-12-31")
            for farm in farms
            for house in farm.households
        ),
    )


def loans(rows: Iterable[Lent]) -> bytes:
    """Return the loan register 放款台账, one row for each loan."""
    heading = (
        "合同编号",
        "户编号",
        "统一社会信用代码",
        "借款人",
        "身份证号",
        "贷款本金",
        "年利率",
        "期限月数",
        "签约日期",
        "放款日期",
        "贷款用途",
        "论证意见",
    )
    return _csv(
        heading,
        (
            (
                row.contract_no,
                row.house.registry_no if row.house else "",
                row.farm.uscc if row.farm else "",
                row.house.members[0].name if row.house else row.farm.name if row.farm else "",
                row.house.members[0].id_card if row.house else "",
                plain(row.principal),
                f"{RATE}",
                row.term_months,
                row.signed_on,
                row.disbursed_on,
                row.purpose,
                "村委会、驻村工作队、乡镇",
            )
            for row in rows
        ),
    )


def repayments(rows: Iterable[Paid]) -> bytes:
    """Return the repayment sheet 还款明细, one row for each repayment."""
    heading = ("合同编号", "还款金额", "还款日期", "还款渠道", "回单号", "多还处理")
    return _csv(
        heading,
        ((row.contract_no, plain(row.amount), row.paid_on, "转账", row.receipt_no, row.surplus) for row in rows),
    )


def _csv(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return the rows as csv in the encoding GB18030, which office programs in China use for csv."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(heading)
    writer.writerows(rows)
    return text.getvalue().encode("gb18030")
