"""Fixtures for tests of the HTTP API.

The test service and its users are defined in tests/support/service.py.
"""

from tests.support.service import _quick_passwords, app, nobody, settings, sign_in

__all__ = ["_quick_passwords", "app", "nobody", "settings", "sign_in"]
