"""Five-class grading (五级分类) of a loan as of a day, from dates alone (3.12)."""

from datetime import date
from enum import Enum

from ledger.policy.schemes import Scheme


class Grade(Enum):
    """A loan's grade and what the desk calls it."""

    NORMAL = "normal"
    SPECIAL_MENTION = "special_mention"
    SUBSTANDARD = "substandard"
    DOUBTFUL = "doubtful"
    LOSS = "loss"

    @property
    def zh(self) -> str:
        return _NAMES[self]

    @property
    def is_npl(self) -> bool:
        """Whether it counts as non-performing (不良): the last three."""
        return self in (Grade.SUBSTANDARD, Grade.DOUBTFUL, Grade.LOSS)


_NAMES = {
    Grade.NORMAL: "正常",
    Grade.SPECIAL_MENTION: "关注",
    Grade.SUBSTANDARD: "次级",
    Grade.DOUBTFUL: "可疑",
    Grade.LOSS: "损失",
}


def days_overdue(rolled_due_on: date, day: date) -> int:
    """Days since the rolled due date, none before it (3.7); for a loan with principal still open."""
    return max(0, (day - rolled_due_on).days)


def days_unpaid(oldest_unpaid_posted_on: date | None, day: date) -> int:
    """Days since the oldest line with unpaid contract interest was posted; none without such a line."""
    return max(0, (day - oldest_unpaid_posted_on).days) if oldest_unpaid_posted_on else 0


def grade(scheme: Scheme, overdue: int, unpaid: int) -> Grade:
    """The grade by the larger of days overdue and days interest stands unpaid (3.12)."""
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
