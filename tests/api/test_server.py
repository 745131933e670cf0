"""Tests of `python -m api` as an operator starts the service.

The tests of the service start cover the first start, a second start, Ctrl-C, and two processes on one database.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

PATIENCE = 120


@contextmanager
def served(home: Path, *options: str, **environ: str) -> Iterator[tuple[str, subprocess.Popen[str], list[str]]]:
    """Start a service in its own process.

    Return the service's address, its process, and the output that the process wrote before the service was ready.
    """
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    command = [sys.executable, "-m", "api", "--port", str(port), *options]
    environment = {**os.environ, "LEDGER_HOME": str(home), **environ}
    with (
        (home.parent / "stderr").open("a", encoding="utf-8") as log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment, start_new_session=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            said = []
            for line in process.stdout:
                said.append(line.rstrip())
                if line.startswith("ready"):
                    break
            yield f"http://127.0.0.1:{port}", process, said
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def ask(url: str, body: Any = None, **headers: str) -> tuple[int, str, Message]:
    """Send a request, retrying while the service is starting.

    The HTTP method is POST where the request has a body.
    """
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers})
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as told:
                return told.status, told.read().decode(), told.headers
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode(), refused.headers
        except urllib.error.URLError:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_a_first_start_makes_everything_and_ctrl_c_stops_it_cleanly(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with served(home, "--no-demo") as (url, process, said):
        (password,) = [found[1] for line in said if (found := re.match("first user: admin, password (.+)", line))]
        assert ask(f"{url}/readyz")[0] == 200
        assert ask(f"{url}/api/v1/auth/token", {"username": "admin", "password": password})[0] == 200
        os.killpg(process.pid, signal.SIGINT)  # A terminal sends the signal of Ctrl-C to the whole process group.
        assert process.wait(PATIENCE) == 0
    with served(home, "--no-demo", LEDGER_ADMIN_PASSWORD="another horse") as (url, process, said):
        assert not [line for line in said if "password" in line], "said once, and never changed by a start"
        assert ask(f"{url}/api/v1/auth/token", {"username": "admin", "password": password})[0] == 200
        process.terminate()
        assert process.wait(PATIENCE) == 0
    logged = [json.loads(line) for line in (tmp_path / "stderr").read_text("utf-8").splitlines()]
    assert {"request"} <= {line["event"] for line in logged}
    assert password not in (tmp_path / "stderr").read_text("utf-8")


def test_the_administrators_password_may_be_set(tmp_path: Path) -> None:
    with served(tmp_path / "home", "--no-demo", LEDGER_ADMIN_PASSWORD="correct horse") as (url, process, said):
        assert "correct horse" not in "\n".join(said)
        assert ask(f"{url}/api/v1/auth/token", {"username": "admin", "password": "correct horse"})[0] == 200
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_two_processes_share_one_database_its_keys_and_the_metrics(tmp_path: Path, postgresql_url: str) -> None:
    options = ("--no-demo", "--database-url", postgresql_url)
    with served(tmp_path / "home", *options, LEDGER_ADMIN_PASSWORD="correct horse") as (url, process, _):
        token = json.loads(ask(f"{url}/api/v1/auth/token", {"username": "admin", "password": "correct horse"})[1])
        headers = {"Authorization": f"Bearer {token['access_token']}", "Idempotency-Key": "k-1"}
        body = {"username": "newcomer", "name": "新来的", "password": "correct horse", "role": "auditor"}

        def record(_: int) -> tuple[int, str, Message]:
            """Send a request as a client does, and send an equal request while the first request is in progress."""
            while (answered := ask(f"{url}/api/v1/users", body, **headers))[0] == 409:
                assert json.loads(answered[1])["code"] == "in_flight"
            return answered

        with ThreadPoolExecutor(8) as threads:
            told = list(threads.map(record, range(16)))
        assert {(status, answered) for status, answered, _ in told} == {(201, told[0][1])}
        assert sum("Idempotency-Replayed" not in headers for _, _, headers in told) == 1
        counted = ask(f"{url}/metrics")[1]
        (count,) = re.findall(r'flask_http_request_total\{method="POST",status="201"\} (\S+)', counted)
        assert int(count.removesuffix(".0")) == 16, "those of both processes"
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_a_database_in_real_use_keeps_the_demo_out(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with served(home, "--no-demo", LEDGER_ADMIN_PASSWORD="correct horse") as (_, process, _said):
        process.terminate()
        process.wait(PATIENCE)
    with served(home) as (url, process, said):
        assert "数据库已正式使用：不建演示县和演示用户" in said
        assert ask(f"{url}/api/v1/auth/token", {"username": "admin", "password": "demo-admin"})[0] == 401
        process.terminate()
        process.wait(PATIENCE)
    engine = create_engine(f"sqlite:///{home / 'ledger.sqlite3'}")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM users")).scalar_one() == 1
    engine.dispose()


@pytest.mark.parametrize(
    "case, options, flags, words",
    [
        ("another engine", ["--database-url", "mysql://db/x"], [], "LEDGER_DATABASE_URL"),
        ("a port there is not", ["--port", "70000"], [], "70000"),
        ("without assertions", [], ["-O"], "不能以 python -O 启动"),
    ],
)
def test_what_cannot_start_says_why(
    case: str, options: list[str], flags: list[str], words: str, tmp_path: Path
) -> None:
    environment = {**os.environ, "LEDGER_HOME": str(tmp_path / "home")}
    ended = subprocess.run(
        [sys.executable, *flags, "-m", "api", *options],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=PATIENCE,
    )
    assert ended.returncode != 0
    assert words in ended.stderr
    assert not (tmp_path / "home").exists()
