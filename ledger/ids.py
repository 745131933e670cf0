"""Ids made by the client: 63-bit, growing with time, so that indexes grow at their end."""

import secrets
import threading
import time

_NODE = secrets.randbits(10)
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
        return range((first << 10) | _NODE, ((first + count) << 10) | _NODE, 1 << 10)


def new_id() -> int:
    """One new id."""
    return new_ids(1)[0]
