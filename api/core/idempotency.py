"""Idempotency keys (books.md promise 3): the transaction of a request also stores the request's key and answer.

An idempotency key belongs to one user. A repeated request with an equal key and equal content gets the stored answer. A
request with a used idempotency key and different content is refused. A request that arrives while the first request
with an equal idempotency key is still running waits up to two seconds. If a rule refuses a request with an idempotency
key, the refusal is stored as the answer, in a separate transaction.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace

from flask import Request as HttpRequest
from sqlalchemy import insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or_wait
from sqlalchemy.exc import OperationalError

from api.core.errors import Malformed, refused
from ledger.database import is_sqlite
from ledger.errors import Conflict, RuleViolation
from ledger.tables.work import Request
from ledger.unit_of_work import Unit

HEADER = "Idempotency-Key"
KEY_LENGTH_MAX = 120
WAIT_SECONDS = 2
_LOCK_NOT_AVAILABLE = "55P03"


class KeyMissing(Malformed):
    """Raised for a recording request without a usable Idempotency-Key (400)."""

    code = "key_missing"
    zh = "缺少幂等键请求头，或其不是 1 至 {limit} 个可见 ASCII 字符"
    en = "every request that records something carries an Idempotency-Key: 1 to {limit} visible ASCII characters"


class KeyReused(RuleViolation):
    """Raised for an idempotency key that was used before with different content (422)."""

    code = "key_reused"
    zh = "幂等键 {found:text} 已用于内容不同的请求"
    en = "the key {found:text} belongs to a request with other content"


class InFlight(Conflict):
    """Raised for an idempotency key whose first request is still running after two seconds (409)."""

    code = "in_flight"
    zh = "使用同一幂等键 {found:text} 的请求仍在处理，请稍后以相同内容重试"
    en = "the first request with the key {found:text} still runs; send the same again in a moment"


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key, with the user who sent the key and a hash of the content of the request."""

    user: str
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """The status and the JSON of an answer; `replayed` is true if an earlier request has stored the answer."""

    status: int
    body: str
    replayed: bool = False


Begin = Callable[[], AbstractContextManager[Unit]]


def key_of(request: HttpRequest, user: str) -> Key:
    """Return the idempotency key of a request; raise KeyMissing where the key is missing or unusable."""
    name = request.headers.get(HEADER, "")
    if not 0 < len(name) <= KEY_LENGTH_MAX or not name.isascii() or not name.isprintable():
        raise KeyMissing(limit=KEY_LENGTH_MAX)
    return Key(user, name, content_of(request))


def content_of(request: HttpRequest) -> bytes:
    """Return the SHA-256 of a request's method, path, query and body; JSON spaces and key order are ignored."""
    files = [
        (name, file.filename or "", _file_hash(file.stream))
        for name, file in sorted(request.files.items(multi=True), key=lambda each: each[0])
    ]
    body = request.get_json(silent=True) if request.is_json else request.get_data(as_text=True)
    content = [
        request.method,
        request.path,
        sorted(request.args.items(multi=True)),
        body,
        sorted(request.form.items(multi=True)),
        files,
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()


class Once:
    """Carries out each idempotency key's request once; a process has one `Once`, which lists the keys in use."""

    def __init__(self) -> None:
        self._running: set[tuple[str, str]] = set()
        self._changed = threading.Condition()

    def reply(self, begin: Begin, key: Key, act: Callable[[Unit], Reply]) -> Reply:
        """Return the key's stored answer, or call `act` in a transaction begun by `begin` and return the new answer.

        If `act` raises the refusal of a rule, the refusal becomes the answer. Raises KeyReused, InFlight, and all
        further errors of `act`.
        """
        with self._alone(key):
            try:
                return _reply(begin, key, act)
            except KeyReused:
                raise
            except RuleViolation as refusal:
                refused_reply = Reply(*refused(refusal))
            return _reply(begin, key, lambda _unit: refused_reply)

    @contextmanager
    def _alone(self, key: Key) -> Iterator[None]:
        """Reserve the key within this process; raise InFlight where the key is still in use after two seconds.

        Reserving an idempotency key is needed on SQLite, which has no row lock on which a second request could wait. On
        PostgreSQL, a request that waits for the reservation of its key uses no database connection.
        """
        name = (key.user, key.name)
        with self._changed:
            if not self._changed.wait_for(lambda: name not in self._running, WAIT_SECONDS):
                raise InFlight(found=key.name)
            self._running.add(name)
        try:
            yield
        finally:
            with self._changed:
                self._running.discard(name)
                self._changed.notify_all()


def _reply(begin: Begin, key: Key, act: Callable[[Unit], Reply]) -> Reply:
    with begin() as unit:
        if not _claim(unit, key):
            return _stored(unit, key)
        reply = act(unit)
        this_key = (Request.user == key.user) & (Request.key == key.name)
        unit.session.execute(
            update(Request).where(this_key).values(status=reply.status, body=reply.body, recorded_at=unit.recorded_at)
        )
        return reply


def _claim(unit: Unit, key: Key) -> bool:
    """Insert a row without an answer for the key; return False where the key has a row already."""
    values = {"user": key.user, "key": key.name, "content": key.content, "status": 0, "body": "", "recorded_at": 0}
    this_key = (Request.user == key.user) & (Request.key == key.name)
    if is_sqlite(unit.connection):
        # SQLite's only write lock belongs to this transaction, so no other transaction can insert a row for the key.
        if unit.session.execute(select(Request.status).where(this_key)).first() is not None:
            return False
        unit.session.execute(insert(Request).values(values))
        return True
    unit.session.execute(text(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'"))
    try:
        claimed = unit.session.execute(
            insert_or_wait(Request).values(values).on_conflict_do_nothing().returning(Request.key)
        ).first()
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise InFlight(found=key.name) from None
        raise
    unit.session.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
    return claimed is not None


def _stored(unit: Unit, key: Key) -> Reply:
    this_key = (Request.user == key.user) & (Request.key == key.name)
    row = unit.session.execute(select(Request.content, Request.status, Request.body).where(this_key)).one()
    if row.content != key.content:
        raise KeyReused(found=key.name)
    return replace(Reply(row.status, row.body), replayed=True)


def _file_hash(stream: object) -> str:
    read = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
    stream.seek(0)  # type: ignore[attr-defined]
    return read
