"""The interface of a channel: a channel sends one message at a time.

A channel that cannot send raises NotTaken where the message was surely not accepted, else OutcomeUnknown.
"""

from dataclasses import dataclass
from typing import Protocol

from ledger.labels import Said


@dataclass(frozen=True, slots=True)
class Message:
    """A message to one address; `key` is the same at every attempt, so that a repeated message can be recognised."""

    key: str
    to: str
    subject: str
    text: str


class AddressUnfit(ValueError):
    """Raised for a channel address that cannot be used; `wanted` says how an address is written."""

    def __init__(self, wanted: Said) -> None:
        super().__init__(wanted)
        self.wanted = wanted


class NotTaken(Exception):
    """Raised when the provider surely did not accept the message; `again` tells whether a later attempt may succeed."""

    def __init__(self, reason: str, *, again: bool) -> None:
        super().__init__(reason)
        self.again = again


class OutcomeUnknown(Exception):
    """Raised when the message was handed over and no answer came.

    The provider may have accepted the message, so the message is not sent again without a decision of a person.
    """


def reason_of(error: Exception) -> str:
    """Return the text of an error as the attempt keeps it, at most 200 characters."""
    return f"{type(error).__name__}: {error}"[:200]


class Channel(Protocol):
    """A way of sending messages: e-mail or SMS."""

    @property
    def name(self) -> str:
        """The channel's name in the records, `email` or `sms`."""
        ...

    def send(self, message: Message) -> None:
        """Hand one message over to the provider; raise NotTaken or OutcomeUnknown where that fails."""
        ...
