"""Stories go through the edge: the service and its people are those of the API's own tests."""

from tests.api.conftest import _quick_passwords, app, nobody, settings, sign_in

__all__ = ["_quick_passwords", "app", "nobody", "settings", "sign_in"]
