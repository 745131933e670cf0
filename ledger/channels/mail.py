"""E-mail over SMTP; a mail server's address has the form `smtps://USER:PASSWORD@HOST:PORT/?from=ADDRESS`.

With `smtp://` in place of `smtps://`, the connection uses STARTTLS if the mail server offers STARTTLS.
"""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from ledger.channels.channel import AddressUnfit, Message, NotTaken, OutcomeUnknown, reason_of
from ledger.labels import Said

TIMEOUT_SECONDS = 30
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail server, with the sender address and the account to use."""

    host: str
    port: int
    sender: str
    tls: bool = False
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the mail server that LEDGER_SMTP_URL names; raise AddressUnfit for any other address."""
        parts = urlsplit(url)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            forms = ("smtp://", "smtps://USER:PASSWORD@HOST:PORT/?from=ADDRESS")
            raise AddressUnfit(
                Said(f"LEDGER_SMTP_URL is {forms[0]} or {forms[1]}", f"LEDGER_SMTP_URL 须写作 {forms[0]} 或 {forms[1]}")
            )
        tls = parts.scheme == "smtps"
        options = parse_qs(parts.query)
        user = unquote(parts.username or "")
        sender = options.get("from", [user if "@" in user else f"ledger@{parts.hostname}"])[0]
        return cls(parts.hostname, parts.port or (465 if tls else 25), sender, tls, user, unquote(parts.password or ""))

    @property
    def name(self) -> str:
        return "email"

    def send(self, message: Message) -> None:
        """Send one mail.

        Raises NotTaken where the mail server could not be reached or refused the message. Raises OutcomeUnknown where
        the mail server did not answer after the message was sent.
        """
        mail = _mail(message, self.sender)
        with self._open() as server:
            try:
                server.ehlo_or_helo_if_needed()
                _agreed(server.mail(self.sender))
                _agreed(server.rcpt(message.to))
            except (OSError, smtplib.SMTPException) as error:
                raise NotTaken(reason_of(error), again=True) from None
            try:
                answer = server.data(mail.as_bytes(policy=SMTP))
            except smtplib.SMTPDataError as error:
                # The mail server has refused to receive the text of the mail.
                _agreed((error.smtp_code, _bytes(error.smtp_error)))
                raise
            except (OSError, smtplib.SMTPException) as error:
                raise OutcomeUnknown(reason_of(error)) from None
            _agreed(answer)

    @contextmanager
    def _open(self) -> Iterator[smtplib.SMTP]:
        try:
            server = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            raise NotTaken(reason_of(error), again=True) from None
        try:
            yield server
        finally:
            try:
                server.quit()
            except (OSError, smtplib.SMTPException):
                # An error while the connection is being closed does not change whether the message was sent.
                server.close()

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)
        try:
            server.ehlo()
            safe = self.tls
            if not safe and server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
                safe = True
            if self.user:
                if not safe and self.host not in _LOOPBACK:
                    raise NotTaken("the server offers no TLS: the password is not sent in the open", again=True)
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server


def _mail(message: Message, sender: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, message.to, message.subject
    mail["Message-ID"] = f"<{message.key}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    return mail


def _agreed(answer: tuple[int, bytes]) -> None:
    """Raise NotTaken where the mail server's answer is a refusal; only a refusal with a code 4xx may be tried again."""
    code, text = answer
    if not 200 <= code < 400:
        raise NotTaken(f"{code} {text.decode(errors='replace')}"[:200], again=code < 500)


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
