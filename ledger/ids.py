"""Ids made by the client: 63-bit, growing with time, so that indexes grow at their end."""

import os
import secrets
import threading
import time

_node = secrets.randbits(10)
_lock = threading.Lock()
_last = 0


def new_ids(count: int) -> range:
    """`count` consecutive ids no other call of this process gets.

    41 bits of milliseconds, 12 of sequence, 10 of a process's own number. A large block runs ahead of
    the clock. Two processes that drew the same number in the same millisecond meet the primary key.
    """
    global _last
    with _lock:
        tick = (time.time_ns() // 1_000_000 - 1_400_000_000_000) << 12
        first = max(tick, _last + 1)
        _last = first + count - 1
        return range((first << 10) | _node, ((first + count) << 10) | _node, 1 << 10)


def new_id() -> int:
    """One new id."""
    return new_ids(1)[0]


def _begin_anew() -> None:
    """A forked process is another one: with its parent's number it would give out its parent's ids."""
    global _node, _lock
    _node, _lock = secrets.randbits(10), threading.Lock()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_begin_anew)
