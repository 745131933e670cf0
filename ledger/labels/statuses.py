"""The names of statuses (状态), with one table for each kind of object.

A status code may have different names for different kinds of object: `closed` is 已结清 for a loan and 已结账 for a
month.
"""

from collections.abc import Mapping

from ledger.labels.said import Table, table

STATUSES: Mapping[str, Table] = {
    "loan": table(
        {
            "submitted": "已提交",
            "returned": "已退回",
            "approved": "已批准",
            "active": "正常",
            "overdue": "逾期",
            "compensated": "已代偿",
            "written_off": "已核销",
            "closed": "已结清",
        }
    ),
    "claim": table(
        {
            "draft": "草稿",
            "submitted": "已提交",
            "reviewed": "已审核",
            "approved": "已批准",
            "returned": "已退回",
            "partly_paid": "部分拨付",
            "paid": "已拨付",
            "recovering": "追偿中",
            "closed": "追偿终结",
        }
    ),
    "recovery": table({"received": "待缴回", "remitted": "已缴回", "reversed": "已冲销"}),
    "subsidy_batch": table(
        {
            "draft": "草稿",
            "submitted": "已提交",
            "returned": "已退回",
            "approved": "已批准",
            "verified": "已审核",
            "paid": "已拨付",
        }
    ),
    "subsidy_line": table({"rejected": "已剔除", "returned": "已退回", "superseded": "已重编"}),
    "fund_plan": table(
        {
            "draft": "草稿",
            "approved": "已批准",
            "appropriated": "已划拨",
            "deposited": "已缴存",
            "replaced": "已被替换",
        }
    ),
    "issuance_report": table({"draft": "草稿", "submitted": "已提交"}),
    "import": table(
        {
            "trying": "试导入中",
            "checked": "试导入完成",
            "checking": "检查中",
            "booking": "登记中",
            "booked": "待复核",
            "unchanged": "无新内容",
            "failed": "失败",
            "approved": "已批准",
            "rejected": "已退回",
        }
    ),
    "notice": table({"pending": "待送达", "late": "逾期未送达", "delivered": "已送达", "cancelled": "已作废"}),
    "sending": table(
        {
            "claimed": "发送中",
            "sent": "已发送",
            "failed": "失败",
            "refused": "被拒收",
            "unknown": "结果不明",
            "not_sent": "未发送",
        }
    ),
    "approval": table({"pending": "待复核", "approved": "已批准", "refused": "不予批准"}),
    "job_run": table(
        {"queued": "排队中", "running": "运行中", "done": "完成", "failed": "失败", "interrupted": "中断"}
    ),
    "deadline": table(
        {
            "outstanding": "未办结",
            "all": "全部",
            "open": "待办",
            "late": "逾期未办",
            "done": "完成",
            "done_late": "逾期办结",
        }
    ),
    "month": table({"open": "未结账", "closed": "已结账"}),
    "bank": table({"pilot": "试点", "eliminated": "淘汰", "substituted": "递补"}),
}
"""The tables of status names, by the kind of object that has the status."""
