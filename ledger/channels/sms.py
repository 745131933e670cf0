"""SMS over an HTTP gateway; each message is one POST of JSON, with the message's key in `Idempotency-Key`."""

import http.client
import json
import ssl
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit

from ledger.channels.channel import AddressUnfit, Message, NotTaken, OutcomeUnknown, reason_of
from ledger.labels import Said

TIMEOUT_SECONDS = 30
_LATER = (408, 425, 429, 503)
"""The HTTP statuses with which a gateway says that a later attempt may succeed."""


@dataclass(frozen=True, slots=True)
class Sms:
    """An SMS gateway; `authorization` is the value of a request header, made from the address's user and password."""

    host: str
    port: int
    path: str
    tls: bool
    authorization: str = field(default="", repr=False)

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the gateway that LEDGER_SMS_URL names; raise AddressUnfit for any other address."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            forms = ("http://", "https://USER:PASSWORD@HOST:PORT/PATH")
            raise AddressUnfit(
                Said(f"LEDGER_SMS_URL is {forms[0]} or {forms[1]}", f"LEDGER_SMS_URL 须写作 {forms[0]} 或 {forms[1]}")
            )
        tls = parts.scheme == "https"
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        authorization = ""
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            authorization = f"Basic {b64encode(pair.encode()).decode()}"
        return cls(parts.hostname, parts.port or (443 if tls else 80), path, tls, authorization)

    @property
    def name(self) -> str:
        return "sms"

    def send(self, message: Message) -> None:
        """Send one SMS.

        Raises NotTaken where the gateway refuses the SMS. Raises OutcomeUnknown where the gateway's answer does not
        show whether the SMS was sent.
        """
        body = json.dumps({"id": message.key, "to": message.to, "text": message.text}, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": message.key}
        if self.authorization:
            headers["Authorization"] = self.authorization
        gateway = self._open()
        try:
            gateway.request("POST", self.path, body, headers)
            answer = gateway.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise OutcomeUnknown(reason_of(error)) from None
        finally:
            gateway.close()
        if 200 <= answer.status < 300:
            return
        reason = f"{answer.status} {answer.reason}"[:200]
        if answer.status >= 500 and answer.status not in _LATER:
            raise OutcomeUnknown(reason)
        raise NotTaken(reason, again=answer.status in _LATER)

    def _open(self) -> http.client.HTTPConnection:
        if self.tls:
            context = ssl.create_default_context()
            gateway: http.client.HTTPConnection = http.client.HTTPSConnection(
                self.host, self.port, timeout=TIMEOUT_SECONDS, context=context
            )
        else:
            gateway = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_SECONDS)
        try:
            gateway.connect()
        except OSError as error:
            raise NotTaken(reason_of(error), again=True) from None
        return gateway
