"""The documentation page at /api/docs, served from local files so that no internet access is needed."""

from flask import Blueprint
from flask_swagger_ui import get_swaggerui_blueprint

PAGE = "/api/docs"


def blueprint() -> Blueprint:
    """Return the blueprint of the documentation page, whose template adds the nonce that the inline script needs."""
    settings = {"app_name": "产业扶贫信贷通 API", "validatorUrl": None, "layout": "BaseLayout"}
    made: Blueprint = get_swaggerui_blueprint(PAGE, "/api/v1/openapi.json", config=settings)
    return made
