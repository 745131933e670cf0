"""Sends notices by e-mail and SMS, one notice after another.

Which notices are sent depends on the current time and not on a business date.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

import structlog

from jobs.lease import Lease
from ledger import dates
from ledger.channels.channel import Channel, NotTaken, OutcomeUnknown
from ledger.channels.mail import Mail
from ledger.channels.sms import Sms
from ledger.labels import Said
from ledger.operations.notices import sending
from ledger.operations.notices.sending import Claimed
from ledger.retries import retried
from ledger.settings import Settings
from ledger.unit_of_work import Unit, work

_AT_ONCE = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """The result of a round of sending: how many notices were sent, were not sent, or have an unknown outcome."""

    sent: int = 0
    failed: int = 0
    unknown: int = 0

    @property
    def line(self) -> Said:
        """Return one line with three counts of notices: sent, not sent, and with an unknown outcome."""
        return Said(
            f"sending: {self.sent} sent, {self.failed} failed, {self.unknown} of unknown outcome",
            f"发送：已发送 {self.sent} 份，失败 {self.failed} 份，结果不明 {self.unknown} 份",
        )


def channels_of(settings: Settings) -> tuple[Channel, ...]:
    """Return the e-mail and SMS channels that the settings name.

    Raises AddressUnfit for a channel address that cannot be used.
    """
    channels: list[Channel] = []
    if settings.smtp_url:
        channels.append(Mail.of(settings.smtp_url))
    if settings.sms_url:
        channels.append(Sms.of(settings.sms_url))
    return tuple(channels)


def send_waiting(lease: Lease, channels: Sequence[Channel]) -> Sent:
    """Send all notices that wait for one of the channels today, and return the counts of the round of sending.

    A process needs no lease to send notices. Before an attempt to send a notice, the process writes a row that claims
    the attempt, so several processes may send notices at the same time.
    """
    retried(partial(_give_up_stale, lease))
    total = Sent()
    for channel in channels:
        total = _all_of(lease, channel, total)
    return total


def _all_of(lease: Lease, channel: Channel, total: Sent) -> Sent:
    while not lease.stopping():
        with lease.reading() as session:
            now = dates.micros(lease.clock())
            waiting = sending.waiting(session, channel.name, now, lease.today(), _AT_ONCE)
        if not waiting:
            break
        before = total
        for notice_id in waiting:
            if lease.stopping():
                break
            total = _add(total, _send(lease, channel, notice_id))
        # The round of sending ends where other processes have claimed all waiting notices.
        if total == before:
            break
    return total


def _send(lease: Lease, channel: Channel, notice_id: int) -> str | None:
    """Try once to send a notice, record the outcome of the attempt, and return the outcome.

    Returns None where another process has claimed the attempt to send the notice.
    """
    claimed = retried(lambda: _claim(lease, notice_id, channel.name))
    if claimed is None:
        return None
    close: Callable[[Unit, int], None]
    try:
        channel.send(claimed.message)
    except NotTaken as refused:
        outcome, close = "failed", partial(sending.not_taken, reason=str(refused), again=refused.again)
    except OutcomeUnknown as silent:
        outcome, close = "unknown", partial(sending.unknown, reason=str(silent))
    else:
        outcome, close = "sent", sending.went_through
    retried(lambda: _close(lease, claimed, close))
    if outcome != "sent":
        log.warning("notice not sent", channel=channel.name, notice=str(notice_id), outcome=outcome)
    return outcome


def _claim(lease: Lease, notice_id: int, channel: str) -> Claimed | None:
    with _unit(lease) as unit:
        return sending.claim(unit, notice_id, channel)


def _close(lease: Lease, claimed: Claimed, close: Callable[[Unit, int], None]) -> None:
    with _unit(lease) as unit:
        close(unit, claimed.sending_id)


def _give_up_stale(lease: Lease) -> None:
    with _unit(lease) as unit:
        sending.give_up_stale(unit)


def _unit(lease: Lease) -> AbstractContextManager[Unit]:
    return work(lease.engine, user="job:send", today=lease.today(), clock=lease.clock, origin="job/send")


def _add(total: Sent, outcome: str | None) -> Sent:
    return Sent(
        total.sent + (outcome == "sent"), total.failed + (outcome == "failed"), total.unknown + (outcome == "unknown")
    )
