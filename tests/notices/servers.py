"""A mail server and an SMS gateway for tests, which listen on a local port and send the answers that a test sets."""

import json
from asyncio import AbstractServer
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_server, socket
from threading import Event, Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

ACCEPTED = "250 OK"


@dataclass
class MailServer:
    """A mail server that stores the mails it receives.

    The lists `at_rcpt` and `at_data` contain the mail server's answers to the next RCPT and DATA commands. When the
    list of answers is empty, the mail server accepts every command.
    """

    url: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    at_rcpt: list[str] = field(default_factory=list)
    at_data: list[str] = field(default_factory=list)

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if self.at_rcpt:
            return self.at_rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return ACCEPTED

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.at_data.pop(0) if self.at_data else ACCEPTED
        if answer == "taken, then silence":
            self._keep(envelope)
            assert server.transport is not None
            server.transport.close()
            return "421 gone"
        if answer == ACCEPTED:
            self._keep(envelope)
        return answer

    def _keep(self, envelope: Envelope) -> None:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)


class _OnASocket(Controller):
    """A controller that serves on an already bound socket, so that no other process can take the socket's port."""

    def __init__(self, handler: MailServer, listening: socket) -> None:
        self.listening = listening
        host, port = listening.getsockname()
        super().__init__(handler, hostname=host, port=port)

    def _create_server(self) -> Coroutine[Any, Any, AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self.listening)


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Run a mail server until the end of the `with` block."""
    handler = MailServer()
    controller = _OnASocket(handler, create_server(("127.0.0.1", 0)))
    controller.start()
    handler.url = f"smtp://127.0.0.1:{controller.port}/?from=bank@example.com"
    try:
        yield handler
    finally:
        controller.stop()


@dataclass
class Gateway:
    """An SMS gateway that stores the messages it receives.

    The list `answers` contains the HTTP statuses of the gateway's next answers; without a listed status the answer is
    200. While the event `held` is not set, the gateway delays every answer.
    """

    url: str = ""
    got: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    came: Event = field(default_factory=Event)
    held: Event = field(default_factory=Event)


@contextmanager
def sms_gateway() -> Iterator[Gateway]:
    """Run an SMS gateway until the end of the `with` block."""
    gateway = Gateway()
    gateway.held.set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(gateway))
    server.daemon_threads = True
    gateway.url = f"http://127.0.0.1:{server.server_port}/send"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        gateway.held.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            gateway.got.append((body, self.headers["Idempotency-Key"]))
            gateway.came.set()
            gateway.held.wait(30)
            status = gateway.answers.pop(0) if gateway.answers else 200
            try:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
            except OSError:
                return  # The client has closed the connection.

        log_message: Callable[..., None] = lambda *_: None

    return Handler
