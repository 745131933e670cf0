"""Tests of values cached until a transaction ends, and of the rows that a transaction writes at its end."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from ledger.cache import CacheKey, cache_of
from ledger.unit_of_work import Unit
from tests.support.recording import recording


@pytest.fixture
def session() -> Iterator[Session]:
    with Session(create_engine("sqlite://")) as opened:
        yield opened


def test_a_value_is_made_once_in_a_session(session: Session) -> None:
    key, made = CacheKey[int]("a number"), iter([1, 2])
    assert cache_of(session).get(key, lambda: next(made)) == 1
    assert cache_of(session).get(key, lambda: next(made)) == 1


def test_another_session_makes_a_value_of_its_own(session: Session) -> None:
    key = CacheKey[int]("a number")
    cache_of(session).get(key, lambda: 1)
    with Session(session.get_bind()) as other:
        assert cache_of(other).get(key, lambda: 2) == 2


def test_two_keys_of_one_name_keep_two_values(session: Session) -> None:
    first, second = CacheKey[int]("a number"), CacheKey[int]("a number")
    cache_of(session).get(first, lambda: 1)
    assert cache_of(session).get(second, lambda: 2) == 2


def test_a_removed_value_is_made_again(session: Session) -> None:
    key = CacheKey[int]("a number")
    cache_of(session).get(key, lambda: 1)
    assert cache_of(session).pop(key) == 1
    assert cache_of(session).pop(key) is None
    assert cache_of(session).get(key, lambda: 2) == 2


def test_functions_are_called_once_before_the_commit_in_the_order_first_given(engine: Engine) -> None:
    called: list[str] = []

    def first(unit: Unit) -> None:
        called.append("first")

    def second(unit: Unit) -> None:
        called.append("second")

    with recording(engine) as unit:
        for write in (first, second, first):
            unit.before_commit(write)
        assert called == []
    assert called == ["first", "second"]


def test_a_function_given_while_the_transaction_ends_is_called_too(engine: Engine) -> None:
    called: list[str] = []

    def late(unit: Unit) -> None:
        called.append("late")

    def giving(unit: Unit) -> None:
        unit.before_commit(late)

    with recording(engine) as unit:
        unit.before_commit(giving)
    assert called == ["late"]
