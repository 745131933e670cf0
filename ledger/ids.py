"""Ids of 63 bits made by the program, not by the database.

Ids grow with time, so that the database adds rows at the end of an index.
"""

import os
import secrets
import threading
import time

_node = secrets.randbits(10)
_lock = threading.Lock()
_last = 0


def new_ids(count: int) -> range:
    """Return `count` increasing ids that no other call of this process gets.

    An id has 41 bits of milliseconds, 12 bits of sequence and 10 bits of a random number drawn by the process. In a
    large block of ids, the milliseconds of the last ids lie in the future. If two processes draw equal random numbers
    and make ids in the same millisecond, the primary key refuses the second row.
    """
    global _last
    with _lock:
        tick = (time.time_ns() // 1_000_000 - 1_400_000_000_000) << 12
        first = max(tick, _last + 1)
        _last = first + count - 1
        return range((first << 10) | _node, ((first + count) << 10) | _node, 1 << 10)


def new_id() -> int:
    """Return one new id."""
    return new_ids(1)[0]


def _draw_node() -> None:
    """Draw a new random number in a forked process, which would otherwise make the same ids as its parent process."""
    global _node, _lock
    _node, _lock = secrets.randbits(10), threading.Lock()


if hasattr(os, "register_at_fork"):  # `os.register_at_fork` does not exist on Windows.
    os.register_at_fork(after_in_child=_draw_node)
