"""The names of codes such as roles, kinds, causes, channels and steps, with one table for each subject."""

from ledger.labels.said import Table, table

# People and borrowers.
ROLES: Table = table(
    {
        "bank_officer": "银行经办员",
        "bank_checker": "银行复核员",
        "poverty_office": "县扶贫和移民办",
        "finance_officer": "县财政局经办",
        "finance_checker": "县财政局复核",
        "city_finance": "市财政局、市扶贫和移民办",
        "auditor": "审计人员",
        "admin": ("系统管理员", "administrator"),
    }
)
CATEGORIES: Table = table(
    {
        "general": "一般贫困户",
        "working_subsistence": "扶贫低保户",
        "subsistence": "低保户",
        "five_guarantees": "五保户",
    }
)
ORGANISATION_KINDS: Table = table({"enterprise": "企业", "family_farm": "家庭农场", "cooperative": "合作组织"})
LINK_KINDS: Table = table({"investment": "投入", "employment": "就业", "agreement": "协议"})

# Loans.
SECURITIES: Table = table({"credit": "信用", "guarantee": "保证", "collateral": "抵押"})
ENDORSEMENTS: Table = table({"village_committee": "村委会", "work_team": "驻村工作队", "township": "乡镇"})
SURPLUS: Table = table({"credit": "暂存", "principal": "还本"})
PAYERS: Table = table(
    {
        "borrower": "借款人",
        "guarantor": "保证人",
        "collateral": "抵押物",
        "credit": "暂收款",
        "fund": "风险缓释基金",
        "insurer": "保险公司",
        "waiver": "减免",
        "write_off": "核销",
    }
)
CAUSES: Table = table(
    {"death": "死亡", "disaster": "自然灾害", "disability": "丧失劳动能力", "serious_illness": "重大疾病"}
)
TAKEN: Table = table(
    {
        "暂收款退还 credit refund": ("暂收款退还", "credit refund"),
        "减免 waiver": ("减免", "waiver"),
        "保险赔付 insurance": ("保险赔付", "insurance"),
        "追回贴息 claw-back": ("追回贴息", "claw-back"),
    }
)
"""The names of amounts that can be deducted from an open amount."""

# Sheets and files.
SHEETS: Table = table(
    {"households": "贫困户名册", "organisations": "市场主体名册", "loans": "放款台账", "repayments": "还款明细"}
)
SHEET_UNITS: Table = table(
    {
        "bytes": "字节",
        "rows": "行数",
        "columns": "列数",
        "cells": "单元格数",
        "sheets": "工作表数",
        "parts": "内部文件数",
        "bytes unpacked": "解压后字节",
    }
)
OWNER_KINDS: Table = table({"import": "导入批次"})
FORMATS: Table = table({"json": ("JSON", "json"), "csv": ("csv", "csv"), "xlsx": ("xlsx", "xlsx")})

MEDIA_TYPES: Table = table(
    {"application/pdf": ("PDF", "PDF"), "image/jpeg": ("JPEG", "JPEG"), "image/png": ("PNG", "PNG")}
)

# Fund, subsidy, deadlines.
FUND_SOURCES: Table = table({"city": "市级", "county": "县级"})
CYCLES: Table = table({"quarter": "按季", "year": "按年"})
PLAN_KINDS: Table = table({"quarter": "季度计划", "advance": "预拨"})
LINE_KINDS: Table = table({"normal": "正常", "catch_up": "补贴往期", "supplement": "补差"})
RATE_TABLES: Table = table({"benchmark": ("贷款基准利率", "benchmark"), "lpr": ("LPR", "LPR")})
MEASURES: Table = table(
    {
        "cumulative": ("累计发放", "cumulative"),
        "open": ("余额", "open"),
        "npl_rate": ("不良率", "bad-loan rate"),
        "fund_coverage": "基金覆盖率",
        "loss_ratio": "代偿损失率",
    }
)
DUTIES: Table = table(
    {
        "issuance_report": "上报放款情况汇总表",
        "subsidy_list": "上报贴息名单",
        "subsidy_payment": "拨付贴息",
        "recovery_remittance": "缴回追回款",
        "import_confirmation": "复核导入批次",
        "notice_delivery": "送达催收通知书",
    }
)
OFFICES: Table = table({"bank": "银行", "finance": "财政局"})
GROUPINGS: Table = table({"account": "按专户", "county": "按县", "bank": "按银行", "city": "全市"})

# Names of the values of those scheme parameters that have only a few allowed values.
ORGANISATION_LENDING: Table = table({"links": "按带动关系", "absolute": "固定上限", "none": "不贷"})
LIMIT_BASES: Table = table({"households_x_cap": "带动户数乘每户上限", "linked_loans": "带动户贷款额"})
ACTIONS: Table = table({"warn": "提示", "refuse": "拒绝"})
RATE_RULES: Table = table({"equal": "等于公布利率", "at_most": "不高于公布利率"})
REPRICINGS: Table = table({"fixed": "固定", "annual_jan1": "每年1月1日", "anniversary": "每年对日"})
ROLLS: Table = table({"following": "顺延", "none": "不顺延"})
LATE_INTEREST: Table = table({"next_batch": "并入下一批", "forfeit": "不再贴息"})
RECOVERIES: Table = table({"all_to_fund": "全部归还基金", "pro_rata": "按比例"})
BASES: Table = table({"text": "文件规定", "decision": "方案办公室决定", "unsourced": "未注明来源"})

# Notices.
NOTICE_KINDS: Table = table({"D30": ("第一次通知", "first notice"), "D7": ("第二次通知", "second notice")})
NOTICE_ENDINGS: Table = table(
    {
        "extended": "贷款已展期",
        "closed": ("贷款已结清", "paid off"),
        "compensated": "贷款已代偿",
        "written_off": "贷款已核销",
        "undone": ("放款已冲销", "payout undone"),
    }
)
NOTICE_STEPS: Table = table({"cancelled": "作废", "revived": "恢复", "delivered": "送达", "withdrawn": "撤回送达"})
CHANNELS: Table = table({"email": ("电子邮件", "e-mail"), "sms": ("短信", "SMS")})

# The books.
BOOK_KINDS: Table = table(
    {
        "LOAN": ("贷款账", "loan book"),
        "FUND": ("风险缓释基金账", "fund book"),
        "SUBSIDY": ("贴息账", "subsidy book"),
    }
)
SIDES: Table = table({"debit": "借", "credit": "贷"})
SUB_LEDGERS: Table = table({"none": "无明细", "county": "按县", "bank": "按银行", "loan": "按贷款"})
DAY_KINDS: Table = table({"off": ("放假", "day off"), "makeup_workday": ("调休上班", "make-up working day")})
CLOSINGS: Table = table({"close": "结账", "reopen": "重新打开"})

# Names of the requests that people make, and of the jobs.
REQUESTS: Table = table(
    {
        "extension": "展期",
        "renewal": "续贷",
        "misuse": "认定挪用",
        "write_off": ("核销", "write-off"),
        "waiver": "减免罚息复利",
        "credit_refund": "暂收款退还",
        "insurance": "保险赔付",
        "claim_closing": "追偿终结",
        "county_share_return": "退还县级预缴分担款",
        "suspense_release": "挂账款退出",
        "reversal": "红字冲销",
        "adjustment": "手工调整",
        "fund_return": "基金清退",
        "reopen": "重新打开会计期间",
    }
)
JOBS: Table = table(
    {
        "daily": "每日作业",
        "interest": "结息",
        "overdue": "转逾期",
        "subsidy-drafts": ("贴息名单", "subsidy-drafts"),
        "fund-plan": ("缓释金计划", "fund-plan"),
        "notices": "催收通知",
        "deadlines": "时限",
        "send": "发送通知",
        "demo": "演示县",
    }
)
JOB_REPORTS: Table = table({"newly_overdue": "新逾期", "late": "逾期未办", "newly_late": "新逾期未办"})
STEPS: Table = table(
    {
        "draft": "编制",
        "submit": "提交",
        "submission": "上报",
        "resubmit": "重新提交",
        "amend": "修改",
        "review": "审核",
        "approve": "批准",
        "approval": "批准",
        "return": "退回",
        "verify": "审核",
        "pay": "拨付",
        "disburse": "放款",
        "undo_disbursement": "冲销放款",
        "recover": "追偿",
        "remit": "缴回",
        "close": "终结",
        "undo": "冲销",
        "record": "登记",
        "check": "检查",
        "open": "开始登记",
        "book": "登记",
        "finish": "登记完成",
        "fail": "中止",
        "reject": "退回",
        "refuse": "不予批准",
        "appropriation": "划拨",
        "deposit": "缴存",
        "reversal": "冲销",
        "resolution": "认定结果",
        "rejected": "剔除",
        "returned": "退回",
        "superseded": "重编",
    }
)
