"""Logs: one JSON object per line on standard error, without anybody's name, identity card or amounts."""

import logging
import sys
import traceback
from typing import Any, TextIO

import structlog
from structlog.typing import ExcInfo, Processor

# Libraries that log much at level `info`: every inspection of the schema, every tick of the scheduler, every start.
_TALKATIVE = ("alembic", "apscheduler", "pikepdf")


def configure(level: str, stream: TextIO | None = None) -> None:
    """Write log lines of `level` (`info`, `warning`, ...) and above to `stream`, by default standard error.

    Values bound in structlog's context variables, such as the id of a request, are added to every line.
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
    """Return an exception and its causes as class names and places in the code.

    Error messages are left out, because the message of a database error repeats the values of the row.
    """
    _, value, _ = exc_info
    chain: list[dict[str, Any]] = []
    error: BaseException | None = value
    while error is not None:
        frames = traceback.extract_tb(error.__traceback__)
        chain.append(
            {
                "kind": f"{type(error).__module__}.{type(error).__qualname__}",
                "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
            }
        )
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return chain
