"""Fixtures for tests of the HTTP API.

The service and its users come from tests/support/service.py.
"""

from tests.support.service import _quick_passwords, app, nobody, settings, sign_in

__all__ = ["_quick_passwords", "app", "nobody", "settings", "sign_in"]
