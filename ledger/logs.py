"""Logs: one JSON object a line on standard error, without names, cards or amounts of anybody."""

import logging
import sys
import traceback
from typing import Any, TextIO

import structlog
from structlog.typing import ExcInfo, Processor

# They tell of every look at the schema, of every tick of the clock, and that they are there.
_TALKATIVE = ("alembic", "apscheduler", "pikepdf")


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send what we and our libraries log to `stream` (standard error), from `level` on (`info`, `warning`, ...).

    What is bound in structlog's context variables, such as a request's id, is on every line.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(_where),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for library in _TALKATIVE:
        logging.getLogger(library).setLevel(logging.WARNING)


def _where(exc_info: ExcInfo) -> list[dict[str, Any]]:
    """An exception as its kinds and places. Its words are left out: a database's repeat the row's values."""
    _, value, _ = exc_info
    chain: list[dict[str, Any]] = []
    told: BaseException | None = value
    while told is not None:
        frames = traceback.extract_tb(told.__traceback__)
        chain.append(
            {
                "kind": f"{type(told).__module__}.{type(told).__qualname__}",
                "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
            }
        )
        told = told.__cause__ or (None if told.__suppress_context__ else told.__context__)
    return chain
