"""Runs the API with the web server gunicorn and threads: one process on SQLite, several processes on PostgreSQL."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from sqlalchemy.engine import make_url

from ledger import collector
from ledger.settings import Settings, make_home

THREADS = 8
METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


class JsonLogger(Logger):
    """Writes gunicorn's log messages to the log of the ledger."""

    def _set_handler(self, log: Any, output: Any, fmt: Any, stream: Any = None) -> None:
        log.handlers[:] = []
        log.propagate = True


class Server(BaseApplication):
    """The web server of an application, which runs until SIGINT or SIGTERM."""

    def __init__(self, settings: Settings, make: Callable[[], Any], ready: Callable[[], None]) -> None:
        self.settings, self.make, self.ready = settings, make, ready
        super().__init__()

    def load_config(self) -> None:
        chosen = {
            "bind": f"{self.settings.host}:{self.settings.port}",
            "workers": processes(self.settings),
            "worker_class": "gthread",
            "threads": THREADS,
            # The timeout is in seconds, and is long so that one request can receive and check a large sheet.
            "timeout": 600,
            "graceful_timeout": 20,
            "control_socket_disable": True,
            "logger_class": JsonLogger,
            "loglevel": self.settings.log_level,
            "when_ready": lambda _server: self.ready(),
            "child_exit": _forget,
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Make the application in each serving process, since database connections cannot be shared after a fork."""
        made = self.make()
        collector.tune()
        return made


def processes(settings: Settings) -> int:
    """Return the number of serving processes, which is one on SQLite and otherwise given by the settings.

    SQLite allows one writer at a time, and on SQLite only the process itself knows which idempotency keys are in use.
    """
    return 1 if make_url(settings.database_url).get_backend_name() == "sqlite" else settings.workers


def share_metrics(settings: Settings) -> None:
    """Let several serving processes add up their metrics in shared files.

    Call `share_metrics` before the metrics library is imported.
    """
    if processes(settings) == 1:
        os.environ.pop(METRICS_VARIABLE, None)
        return
    folder = make_home(settings) / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    os.environ[METRICS_VARIABLE] = str(folder)


def _forget(_server: Any, worker: Any) -> None:
    if Path(os.environ.get(METRICS_VARIABLE, "")).is_absolute():
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
