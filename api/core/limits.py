"""Limits on failed attempts to sign in."""

from typing import Any

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

FAILURES_PER_NAME = "10 per minute"
FAILURES_PER_ADDRESS = "100 per minute"
SIGN_IN = "auth.token"


def install(app: Flask) -> None:
    """Limit failed sign-ins for each user name and for each address; each process has separate counts."""
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://")
    view: Any = app.view_functions[SIGN_IN]
    view = limiter.limit(FAILURES_PER_ADDRESS, deduct_when=_failed)(view)
    app.view_functions[SIGN_IN] = limiter.limit(FAILURES_PER_NAME, key_func=_name, deduct_when=_failed)(view)


def _failed(response: Response) -> bool:
    return response.status_code == 401


def _name() -> str:
    """Return the client address with the user name, so that nobody can lock out a user at another address."""
    sent = request.get_json(silent=True)
    name = sent.get("username") if isinstance(sent, dict) else None
    return f"{get_remote_address()} {str(name)[:64]}"
