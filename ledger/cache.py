"""Stores values with a database session, so that each value is read or built only once in a transaction.

The type of a cache key states the type of the stored value.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session

T = TypeVar("T")


class CacheKey(Generic[T]):
    """The key of one value in a cache: a constant of the module that makes the value; no two keys are equal."""

    def __init__(self, name: str) -> None:
        self.name = name


class Cache:
    """The values stored with one session, by key."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: dict[CacheKey[Any], Any] = {}

    def get(self, key: CacheKey[T], make: Callable[[], T]) -> T:
        """Return the value of a key; at the first request, call `make` for the value and store it."""
        if key not in self._values:
            self._values[key] = make()
        value: T = self._values[key]
        return value

    def pop(self, key: CacheKey[T]) -> T | None:
        """Remove the value of a key and return the value; return None where no value is stored under the key."""
        value: T | None = self._values.pop(key, None)
        return value


_CACHE = "ledger"


def cache_of(session: Session) -> Cache:
    """Return the cache of a session, empty when the session is new. Each session is used for only one transaction."""
    if (cache := session.info.get(_CACHE)) is None:
        cache = session.info[_CACHE] = Cache()
    assert isinstance(cache, Cache)
    return cache
