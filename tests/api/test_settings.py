"""Tests of an operator's settings: defaults, mistakes, and secrets, which are made once and never shown."""

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger.settings import SettingUnfit, read_settings, secret_key, shown


def test_what_is_not_set_has_its_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = read_settings({})
    assert found.home == tmp_path / "var"
    assert found.database_url == found.owner_url == f"sqlite:///{tmp_path}/var/ledger.sqlite3"
    assert (found.host, found.port, found.log_level) == ("127.0.0.1", 8000, "info")


def test_what_is_set_is_taken_and_the_command_line_goes_before_it() -> None:
    environ = {"LEDGER_PORT": "9000", "LEDGER_HOST": "0.0.0.0", "LEDGER_LOG_LEVEL": "DEBUG"}
    found = read_settings(environ, port=9001, host=None)
    assert (found.host, found.port, found.log_level) == ("0.0.0.0", 9001, "debug")


def test_an_owner_of_ones_own_migrates() -> None:
    found = read_settings(
        {
            "LEDGER_DATABASE_URL": "postgresql+psycopg://service@db/ledger",
            "LEDGER_OWNER_URL": "postgresql+psycopg://owner@db/ledger",
        }
    )
    assert (found.database_url, found.owner_url) == (
        "postgresql+psycopg://service@db/ledger",
        "postgresql+psycopg://owner@db/ledger",
    )


@pytest.mark.parametrize(
    "case, name, value",
    [
        ("a port in words", "LEDGER_PORT", "http"),
        ("a port too high", "LEDGER_PORT", "65536"),
        ("no workers", "LEDGER_WORKERS", "0"),
        ("a level of nobody", "LEDGER_LOG_LEVEL", "loud"),
        ("a language of nobody", "LEDGER_LANGUAGE", "fr"),
        ("another engine", "LEDGER_DATABASE_URL", "mysql://db/ledger"),
        ("another driver", "LEDGER_DATABASE_URL", "postgresql://db/ledger"),
        ("not an address", "LEDGER_OWNER_URL", "ledger.sqlite3"),
        ("proxies by name", "LEDGER_TRUSTED_PROXIES", "nginx"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(case: str, name: str, value: str) -> None:
    with pytest.raises(SettingUnfit, match=name):
        read_settings({name: value})


def test_settings_are_shown_without_their_secrets() -> None:
    found = shown(
        read_settings(
            {
                "LEDGER_DATABASE_URL": "postgresql+psycopg://service:hush-1@db/ledger?sslpassword=hush-2",
                "LEDGER_SECRET_KEY": "hush-3",
                "LEDGER_ADMIN_PASSWORD": "hush-4",
                "LEDGER_SMTP_URL": "smtp://me:hush-5@mail:25",
                "LEDGER_SMS_URL": "https://sms/send?key=hush-6",
            }
        )
    )
    assert "hush" not in str(found)
    assert found["LEDGER_DATABASE_URL"] == "postgresql+psycopg://service:***@db/ledger"
    assert set(found) == {
        "LEDGER_DATABASE_URL",
        "LEDGER_OWNER_URL",
        "LEDGER_HOME",
        "LEDGER_HOST",
        "LEDGER_PORT",
        "LEDGER_SECRET_KEY",
        "LEDGER_LANGUAGE",
        "LEDGER_LOG_LEVEL",
        "LEDGER_WORKERS",
        "LEDGER_TRUSTED_PROXIES",
        "LEDGER_SMTP_URL",
        "LEDGER_SMS_URL",
        "LEDGER_ADMIN_PASSWORD",
    }


def test_settings_do_not_print_their_secrets() -> None:
    assert "hush" not in repr(read_settings({"LEDGER_SECRET_KEY": "hush", "LEDGER_ADMIN_PASSWORD": "hush"}))


def test_the_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    found = read_settings({"LEDGER_HOME": str(tmp_path / "home")})
    barrier = threading.Barrier(8)

    def ask(_: int) -> str:
        barrier.wait()
        return secret_key(found)

    with ThreadPoolExecutor(8) as threads:
        (secret,) = set(threads.map(ask, range(8)))
    assert len(secret) >= 64
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    (kept,) = (tmp_path / "home").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_secret_that_is_set_is_not_kept(tmp_path: Path) -> None:
    found = read_settings({"LEDGER_HOME": str(tmp_path / "home"), "LEDGER_SECRET_KEY": "set"})
    assert secret_key(found) == "set"
    assert not (tmp_path / "home").exists()
