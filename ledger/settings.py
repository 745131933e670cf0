"""The settings of an installation: the LEDGER_* environment variables, their defaults, and the generated secret."""

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
    """Raised for a LEDGER_* variable that cannot be used; the message names the variable and the values allowed."""

    def __init__(self, wanted: Said) -> None:
        super().__init__(wanted)
        self.wanted = wanted


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one running service; the variable of the field `database_url` is LEDGER_DATABASE_URL.

    `owner_url` is used for migrations, since the database role of the service owns no tables. With an empty
    `secret_key`, the secret stored in `home` is used. `language` is the language of command lines, and of messages for
    requests that name no language. `workers` is the number of processes on PostgreSQL. `trusted_proxies` is the number
    of proxies in front of the service.
    """

    home: Path
    database_url: str
    owner_url: str
    host: str = "127.0.0.1"
    port: int = 8000
    secret_key: str = field(default="", repr=False)
    log_level: str = "info"
    language: Language = DEFAULT_LANGUAGE
    workers: int = 2
    trusted_proxies: int = 0
    smtp_url: str = field(default="", repr=False)
    sms_url: str = field(default="", repr=False)
    admin_password: str = field(default="", repr=False)


def read_settings(environ: Mapping[str, str] | None = None, **chosen: object) -> Settings:
    """Return the settings of the environment; a value in `chosen` that is not None takes precedence.

    Raise SettingUnfit for a variable that cannot be used.
    """
    values = {
        name.removeprefix("LEDGER_").lower(): value.strip()
        for name, value in (os.environ if environ is None else environ).items()
        if name.startswith("LEDGER_") and value.strip()
    }
    values |= {name: str(value) for name, value in chosen.items() if value is not None}
    home = Path(values.get("home", "var")).resolve()
    url = values.get("database_url", f"sqlite:///{home / 'ledger.sqlite3'}")
    return Settings(
        home=home,
        database_url=_address("database_url", url),
        owner_url=_address("owner_url", values.get("owner_url", url)),
        host=values.get("host", "127.0.0.1"),
        port=_whole(values, "port", 8000, least=0, most=65535),
        secret_key=values.get("secret_key", ""),
        log_level=_level(values.get("log_level", "info").lower()),
        language=_language(values.get("language", DEFAULT_LANGUAGE).lower()),
        workers=_whole(values, "workers", 2, least=1, most=64),
        trusted_proxies=_whole(values, "trusted_proxies", 0, least=0, most=8),
        smtp_url=values.get("smtp_url", ""),
        sms_url=values.get("sms_url", ""),
        admin_password=values.get("admin_password", ""),
    )


def language_of(environ: Mapping[str, str] | None = None) -> Language:
    """Return the language set in the environment, even where another variable cannot be used.

    Return the default language where LEDGER_LANGUAGE is not set or unknown.
    """
    values = (os.environ if environ is None else environ).get("LEDGER_LANGUAGE", "").strip().lower()
    return next((language for language in LANGUAGES if values == language), DEFAULT_LANGUAGE)


def shown(settings: Settings) -> dict[str, str]:
    """Return every variable with its value; the values of secrets are hidden."""
    variables = {}
    for each in fields(settings):
        value = str(getattr(settings, each.name))
        if each.name in _SECRETS and value:
            value = HIDDEN
        elif each.name in _ADDRESSES and value:
            value = _without_secrets(value)
        variables[f"LEDGER_{each.name.upper()}"] = value
    return variables


def make_home(settings: Settings) -> Path:
    """Create the folder for database, secret and backups, readable by the folder's owner only, and return the folder's
    path.
    """
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return settings.home


def secret_key(settings: Settings) -> str:
    """Return the secret that signs tokens: the configured secret, otherwise the secret stored in `home`.

    The secret in `home` is made when it is first needed.
    """
    if settings.secret_key:
        return settings.secret_key
    stored = make_home(settings) / "secret"
    if not stored.exists():
        made = stored.with_name(f"secret.{secrets.token_hex(8)}")
        made.touch(mode=0o600)
        made.write_text(secrets.token_urlsafe(48), encoding="utf-8")
        # Where another process has stored a secret first, the secret of that process is used.
        with suppress(FileExistsError):
            os.link(made, stored)
        made.unlink()
    return stored.read_text(encoding="utf-8").strip()


def _whole(values: Mapping[str, str], name: str, default: int, *, least: int, most: int) -> int:
    text = values.get(name, str(default))
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
