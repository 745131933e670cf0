"""What a channel is: it takes one message, or says whether it surely did not, or that nobody knows."""

from dataclasses import dataclass
from typing import Protocol

from ledger.labels import Said


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent to one address. `key` is the same at every attempt: whoever gets it twice can tell."""

    key: str
    to: str
    subject: str
    text: str


class AddressUnfit(ValueError):
    """The address of a channel that cannot be used; `wanted` says what is."""

    def __init__(self, wanted: Said) -> None:
        super().__init__(wanted)
        self.wanted = wanted


class NotTaken(Exception):
    """The other side surely did not take the message; `again`: it may do so later."""

    def __init__(self, reason: str, *, again: bool) -> None:
        super().__init__(reason)
        self.again = again


class OutcomeUnknown(Exception):
    """The message was handed over and no answer came: it may have been taken, so it is not sent again by itself."""


def reason_of(error: Exception) -> str:
    """What went wrong, as it is kept beside an attempt."""
    return f"{type(error).__name__}: {error}"[:200]


class Channel(Protocol):
    """A way of sending; `name` is email or sms."""

    @property
    def name(self) -> str:
        """The channel's name in the records."""
        ...

    def send(self, message: Message) -> None:
        """Hand one message over; raises NotTaken and OutcomeUnknown."""
        ...
