"""What operators set: the LEDGER_* environment, its defaults, and the secret made on first start."""

import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from ledger.labels import LANGUAGES, Language, Said

HIDDEN = "********"
DEFAULT_LANGUAGE: Language = "zh"
LEVELS = ("debug", "info", "warning", "error")
_SECRETS = ("secret_key", "admin_password")
_ADDRESSES = ("database_url", "owner_url", "smtp_url", "sms_url")


class SettingUnfit(ValueError):
    """A LEDGER_* variable that cannot be used; the message names it and says what is wanted."""

    def __init__(self, wanted: Said) -> None:
        super().__init__(wanted)
        self.wanted = wanted


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one running service; the variable of `database_url` is LEDGER_DATABASE_URL."""

    home: Path
    database_url: str
    owner_url: str  # for migrations; the service's own role owns nothing
    host: str = "127.0.0.1"
    port: int = 8000
    secret_key: str = field(default="", repr=False)  # empty: the one kept in `home`
    log_level: str = "info"
    language: Language = DEFAULT_LANGUAGE  # of messages and command lines, where nobody asks for another
    workers: int = 2  # processes, on PostgreSQL only
    trusted_proxies: int = 0  # how many stand in front of the service
    smtp_url: str = field(default="", repr=False)
    sms_url: str = field(default="", repr=False)
    admin_password: str = field(default="", repr=False)


def read_settings(environ: Mapping[str, str] | None = None, **chosen: object) -> Settings:
    """Settings of the environment, or of what a command line `chosen` before it (None: not chosen).

    Raises SettingUnfit for a variable that cannot be used.
    """
    told = {
        name.removeprefix("LEDGER_").lower(): value.strip()
        for name, value in (os.environ if environ is None else environ).items()
        if name.startswith("LEDGER_") and value.strip()
    }
    told |= {name: str(value) for name, value in chosen.items() if value is not None}
    home = Path(told.get("home", "var")).resolve()
    url = told.get("database_url", f"sqlite:///{home / 'ledger.sqlite3'}")
    return Settings(
        home=home,
        database_url=_address("database_url", url),
        owner_url=_address("owner_url", told.get("owner_url", url)),
        host=told.get("host", "127.0.0.1"),
        port=_whole(told, "port", 8000, least=0, most=65535),
        secret_key=told.get("secret_key", ""),
        log_level=_level(told.get("log_level", "info").lower()),
        language=_language(told.get("language", DEFAULT_LANGUAGE).lower()),
        workers=_whole(told, "workers", 2, least=1, most=64),
        trusted_proxies=_whole(told, "trusted_proxies", 0, least=0, most=8),
        smtp_url=told.get("smtp_url", ""),
        sms_url=told.get("sms_url", ""),
        admin_password=told.get("admin_password", ""),
    )


def language_of(environ: Mapping[str, str] | None = None) -> Language:
    """Return the language of the environment, also where another variable cannot be used; the default where unfit."""
    told = (os.environ if environ is None else environ).get("LEDGER_LANGUAGE", "").strip().lower()
    return next((language for language in LANGUAGES if told == language), DEFAULT_LANGUAGE)


def shown(settings: Settings) -> dict[str, str]:
    """Every variable with its value, secrets hidden."""
    found = {}
    for each in fields(settings):
        value = str(getattr(settings, each.name))
        if each.name in _SECRETS and value:
            value = HIDDEN
        elif each.name in _ADDRESSES and value:
            value = _without_secrets(value)
        found[f"LEDGER_{each.name.upper()}"] = value
    return found


def make_home(settings: Settings) -> Path:
    """The folder of the database, exports, digests and the secret; made for its owner alone."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return settings.home


def secret_key(settings: Settings) -> str:
    """The secret that signs tokens: the one that was set, else the one in `home`, made when first asked for."""
    if settings.secret_key:
        return settings.secret_key
    kept = make_home(settings) / "secret"
    if not kept.exists():
        made = kept.with_name(f"secret.{secrets.token_hex(8)}")
        made.touch(mode=0o600)
        made.write_text(secrets.token_urlsafe(48), encoding="utf-8")
        with suppress(FileExistsError):  # another process was first, and its secret is the one
            os.link(made, kept)
        made.unlink()
    return kept.read_text(encoding="utf-8").strip()


def _whole(told: Mapping[str, str], name: str, default: int, *, least: int, most: int) -> int:
    text = told.get(name, str(default))
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        variable = f"LEDGER_{name.upper()}"
        raise SettingUnfit(
            Said(
                f"{variable} is a whole number from {least} to {most}, not {text!r}",
                f"{variable} 须为 {least} 至 {most} 的整数，不能为“{text}”",
            )
        )
    return int(text)


def _level(text: str) -> str:
    if text not in LEVELS:
        raise _not_among("LEDGER_LOG_LEVEL", LEVELS, text)
    return text


def _language(text: str) -> Language:
    for language in LANGUAGES:
        if text == language:
            return language
    raise _not_among("LEDGER_LANGUAGE", LANGUAGES, text)


def _not_among(variable: str, allowed: Sequence[str], text: str) -> SettingUnfit:
    en = f"{variable} is one of {', '.join(allowed)}, not {text!r}"
    return SettingUnfit(Said(en, f"{variable} 须为 {'、'.join(allowed)} 之一，不能为“{text}”"))


def _address(name: str, url: str) -> str:
    try:
        engine = make_url(url).drivername
    except ArgumentError:
        engine = ""
    if engine not in {"sqlite", "postgresql+psycopg"}:
        variable = f"LEDGER_{name.upper()}"
        forms = ("sqlite:///PATH", "postgresql+psycopg://USER:PASSWORD@HOST/NAME")
        raise SettingUnfit(
            Said(f"{variable} is {forms[0]} or {forms[1]}", f"{variable} 须写作 {forms[0]} 或 {forms[1]}")
        )
    return url


def _without_secrets(url: str) -> str:
    try:
        return make_url(url).set(query={}).render_as_string(hide_password=True)
    except ArgumentError:
        return HIDDEN
