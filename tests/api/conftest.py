"""Fixtures for tests that send requests.

The test service and its users are defined in tests/support/service.py.
"""

from tests.support.service import (
    _quick_passwords,
    app,
    fresh_app,
    nobody,
    settings,
    sign_in,
    sqlite_app,
    sqlite_settings,
)

__all__ = ["_quick_passwords", "app", "fresh_app", "nobody", "settings", "sign_in", "sqlite_app", "sqlite_settings"]
