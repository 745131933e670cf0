"""The notices of the sample county: issued every two weeks, delivered in time, late or never, and sent by SMS."""

from datetime import date, timedelta
from functools import partial

from jobs.lease import Lease
from jobs.sending import send_waiting
from ledger.channels.channel import Message, NotTaken, OutcomeUnknown
from ledger.dates import DAY
from ledger.operations.notices import delivery
from ledger.operations.notices.delivery import Delivered, Scan
from ledger.reports.notices.notices import Notice
from ledger.reports.notices.notices import notices as notices_on
from tests.upgrade.deeds import Agenda, day
from tests.upgrade.stage import OFFICERS, Story

FIRST, LAST, EVERY = date(2019, 2, 11), date(2019, 12, 30), timedelta(days=14)

_WAYS = (("直接送达", "本人"), ("直接送达", "配偶"), ("留置送达", "成年家属"), ("邮寄送达", "本人"))
_SLIP = b"%PDF-1.4\n% a signed slip\n%%EOF\n"


class Post:
    """A simulated SMS channel that accepts most messages.

    The simulated channel refuses phone numbers ending in 3 and gives no answer for numbers ending in 9.
    """

    name = "sms"

    def send(self, message: Message) -> None:
        """Accept a message, or raise NotTaken or OutcomeUnknown, depending on the last digit of the phone number."""
        if message.to.endswith("3"):
            raise NotTaken("no such number", again=False)
        if message.to.endswith("9"):
            raise OutcomeUnknown("no answer came")


def notices_of(story: Story) -> Agenda:
    """Return the days on which notices are issued, sent and delivered, and the day of one withdrawn delivery."""
    agenda: Agenda = []
    on = FIRST
    while on <= LAST:
        agenda.append((on, partial(tell, story)))
        on += EVERY
    agenda.append((day("2019-05-08"), partial(_withdraw, story)))
    return agenda


def tell(story: Story) -> None:
    """Issue the notices of the day, send notices by SMS, and record the deliveries made to date."""
    story.run("notices")
    send_waiting(Lease(story.engine, "kept", clock=story.clock), [Post()])
    for bank, (officer, _) in OFFICERS.items():
        for notice, on in _to_deliver(story, bank):
            channel, relation = _WAYS[on.day % len(_WAYS)]
            slip = Scan("回执.pdf", _SLIP) if on.day % 5 == 0 else None
            story.do(officer, delivery.deliver, notice, Delivered(on, channel, "签收人", relation), slip)


def _to_deliver(story: Story, bank: str) -> list[tuple[int, date]]:
    with story.at("auditor") as unit:
        notices = notices_on(unit.session, on=story.clock.today, bank=bank)
    waiting = [(each.id, _handed_over_on(each)) for each in notices if each.status in ("pending", "late")]
    return [(notice, on) for notice, on in waiting if on is not None and on <= story.clock.today]


def _handed_over_on(notice: Notice) -> date | None:
    """Return a notice's day of delivery, or None for no delivery; the contract number's last digit decides."""
    chance = int(notice.contract_no[-1])
    if chance in (0, 8):
        return None
    if chance == 1:
        return notice.deliver_by + 4 * DAY
    return notice.created_on + (1 + chance % 5) * DAY


def _withdraw(story: Story) -> None:
    """Withdraw the first recorded delivery, whose receipt belongs to another borrower."""
    with story.at("auditor") as unit:
        notices = notices_on(unit.session, on=story.clock.today)
    notice = next(each for each in notices if each.status == "delivered" and each.bank == "GZRCB")
    story.do("checker", delivery.withdraw, notice.id, "回执非本人")
