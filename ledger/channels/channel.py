"""The interface of a channel: a channel sends one message at a time.

When sending fails, a channel raises NotTaken if the provider surely did not accept the message. If the provider may
have accepted the message, the channel raises OutcomeUnknown.
"""

from dataclasses import dataclass
from typing import Protocol

from ledger.labels import Said


@dataclass(frozen=True, slots=True)
class Message:
    """A message to one address; `key` is equal in all attempts, so that a provider recognises a repeated message."""

    key: str
    to: str
    subject: str
    text: str


class AddressUnfit(ValueError):
    """Raised for a channel address that cannot be used; `wanted` describes the correct form of an address."""

    def __init__(self, wanted: Said) -> None:
        super().__init__(wanted)
        self.wanted = wanted


class NotTaken(Exception):
    """Raised when the provider surely did not accept the message; `again` is true if a later attempt may succeed."""

    def __init__(self, reason: str, *, again: bool) -> None:
        super().__init__(reason)
        self.again = again


class OutcomeUnknown(Exception):
    """Raised when the provider received the message but did not answer.

    The provider may have accepted the message, so the message is sent again only after a person has decided to do so.
    """


def reason_of(error: Exception) -> str:
    """Return the first 200 characters of an error's text, which are stored with the attempt to send."""
    return f"{type(error).__name__}: {error}"[:200]


class Channel(Protocol):
    """A way of sending messages: e-mail or SMS."""

    @property
    def name(self) -> str:
        """Return the name of the channel in the records, `email` or `sms`."""
        ...

    def send(self, message: Message) -> None:
        """Send one message to the provider; raise NotTaken or OutcomeUnknown if the sending fails."""
        ...
