"""The documentation page at /api/docs, from files of our own: it asks no address outside."""

from flask import Blueprint
from flask_swagger_ui import get_swaggerui_blueprint

PAGE = "/api/docs"


def blueprint() -> Blueprint:
    """The page and its files; its template is ours (api/templates), for the nonce on the inline script."""
    settings = {"app_name": "产业扶贫信贷通 API", "validatorUrl": None, "layout": "BaseLayout"}
    made: Blueprint = get_swaggerui_blueprint(PAGE, "/api/v1/openapi.json", config=settings)
    return made
