"""Tests that log lines are JSON, contain the values bound to the request, and never contain the message of an error."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from ledger import logs


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Return a stream that receives all log lines written after this call."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("info", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.contextvars.clear_contextvars()


def test_ours_and_the_libraries_lines_are_json_under_the_requests_id(lines: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(request_id="r-1")
    structlog.get_logger("ours").info("booked", rows=3)
    structlog.get_logger("ours").debug("not asked for")
    logging.getLogger("theirs").warning("slow: %s", "a query")
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [(line["logger"], line["level"], line["event"], line["request_id"]) for line in told] == [
        ("ours", "info", "booked", "r-1"),
        ("theirs", "warning", "slow: a query", "r-1"),
    ]
    assert told[0]["rows"] == 3
    assert all(line["timestamp"].endswith("Z") for line in told)


@pytest.mark.parametrize("library", [False, True])
def test_an_error_is_told_by_kind_and_place_without_its_words(lines: io.StringIO, library: bool) -> None:
    try:
        try:
            raise KeyError("刘福")
        except KeyError as first:
            raise ValueError("36078119800501001X") from first
    except ValueError:
        (logging.getLogger("theirs") if library else structlog.get_logger("ours")).exception("failed")
    text = lines.getvalue()
    assert "36078119800501001X" not in text
    assert "刘福" not in text
    told = json.loads(text)["exception"]
    assert [error["kind"] for error in told] == ["builtins.ValueError", "builtins.KeyError"]
    assert all(f"{__file__}:" in error["at"][0] for error in told)


def test_what_tells_of_every_look_at_the_schema_is_left_out(lines: io.StringIO) -> None:
    logging.getLogger("alembic.runtime.migration").info("Context impl")
    assert lines.getvalue() == ""
