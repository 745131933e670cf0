"""The five-class grade (五级分类) of a loan as of a day, from days overdue and days of unpaid interest (3.12)."""

from datetime import date
from enum import Enum

from ledger.policy.schemes import Scheme


class Grade(Enum):
    """The five grades of a loan, from normal to loss."""

    NORMAL = "normal"
    SPECIAL_MENTION = "special_mention"
    SUBSTANDARD = "substandard"
    DOUBTFUL = "doubtful"
    LOSS = "loss"

    @property
    def zh(self) -> str:
        """Return the Chinese name of the loan's grade."""
        return _NAMES[self]

    @property
    def is_npl(self) -> bool:
        """Return whether the grade counts as non-performing (不良): substandard, doubtful or loss."""
        return self in (Grade.SUBSTANDARD, Grade.DOUBTFUL, Grade.LOSS)


_NAMES = {
    Grade.NORMAL: "正常",
    Grade.SPECIAL_MENTION: "关注",
    Grade.SUBSTANDARD: "次级",
    Grade.DOUBTFUL: "可疑",
    Grade.LOSS: "损失",
}


def days_overdue(rolled_due_on: date, day: date) -> int:
    """Return the days since the rolled due date of a loan with open principal; return zero before the rolled due date
    (3.7).
    """
    return max(0, (day - rolled_due_on).days)


def days_unpaid(oldest_unpaid_posted_on: date | None, day: date) -> int:
    """Return the days since the oldest line with unpaid contract interest was posted; return zero without
    such a line.
    """
    return max(0, (day - oldest_unpaid_posted_on).days) if oldest_unpaid_posted_on else 0


def grade(scheme: Scheme, overdue: int, unpaid: int) -> Grade:
    """Return the grade that follows from the larger of days overdue and days of unpaid interest (3.12)."""
    days = max(overdue, unpaid)
    if days > scheme.loss_over_days:
        return Grade.LOSS
    if days > scheme.doubtful_over_days:
        return Grade.DOUBTFUL
    if days > scheme.substandard_over_days:
        return Grade.SUBSTANDARD
    if days >= scheme.special_mention_from_days:
        return Grade.SPECIAL_MENTION
    return Grade.NORMAL
