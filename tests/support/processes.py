"""`python -m jobs` and `python -m ledger` run as separate processes on a database of the test."""

import logging
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click
from click.testing import CliRunner

ROOT = Path(__file__).parents[2]


def environment(url: str, **settings: str) -> dict[str, str]:
    """Return the environment of a process that runs `python -m jobs` or `python -m ledger`."""
    own = {"LEDGER_DATABASE_URL": url, "LEDGER_LANGUAGE": "en", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
    return os.environ | own | settings


def started(url: str, module: str, *arguments: str, **settings: str) -> "subprocess.Popen[str]":
    """Start a process and return it while it runs."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=environment(url, **settings),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def ended(url: str, module: str, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Wait for a process to end and return its result."""
    with started(url, module, *arguments, **settings) as process:
        out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@dataclass(frozen=True)
class Ran:
    """The result of a command: exit status, standard output and standard error."""

    status: int
    out: str
    err: str


def run_here(url: str, command: click.Command, *arguments: str, typed: str | None = None, **settings: str) -> Ran:
    """Run a command in the current process, which is fast, and restore the settings that the command changes."""
    root = logging.getLogger()
    handlers, level, term, interrupt = root.handlers[:], root.level, *map(signal.getsignal, _SIGNALS)
    try:
        told = CliRunner(env=environment(url, **settings)).invoke(command, arguments, input=typed)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        for number, handler in zip(_SIGNALS, (term, interrupt), strict=True):
            signal.signal(number, handler)
    if told.exception is not None and not isinstance(told.exception, SystemExit):
        raise told.exception
    return Ran(told.exit_code, told.stdout, told.stderr)


_SIGNALS = (signal.SIGTERM, signal.SIGINT)
