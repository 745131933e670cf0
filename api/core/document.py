"""Makes the OpenAPI document from the routes."""

from typing import Any

import flask_smorest
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from api.core import errors
from api.core.fields import Shaped, openapi_of
from api.core.paths import IdConverter, NameConverter

DESCRIPTION = """产业扶贫信贷通：贷款、风险缓释基金、财政贴息的复式账。

Amounts are texts in yuan with two digits ("50000.00"), rates are fractions ("0.0475"), dates are business dates in
Asia/Shanghai. Everything that records something carries an `Idempotency-Key`. Refusals are `application/problem+json`
with a stable `code`, in Chinese unless `Accept-Language` asks for English."""


class Document(flask_smorest.Api):
    """Collects the routes of all blueprints into the OpenAPI document, with refusals as problems (RFC 9457)."""

    ERROR_SCHEMA = errors.Problem

    def handle_http_exception(self, error: HTTPException) -> Response:
        return errors.on_http(error)

    def _register_pagination_header(self) -> None:
        """Document no pagination header, since the body of a page contains the cursor of the next page."""

    def _register_responses(self) -> None:
        super()._register_responses()
        # flask-smorest documents the same content type for all answers, but refusals have the content type of problems.
        for response in self.spec.components.responses_lazy.values():
            if "content" in response:
                (shape,) = response["content"].values()
                response["content"] = {errors.PROBLEM_TYPE: shape}


def install(app: Flask) -> Document:
    """Serve the OpenAPI document of an application at /api/v1/openapi.json, and return the document."""
    app.config.update(
        API_TITLE="Micro-loan ledger 产业扶贫信贷通",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "info": {"description": DESCRIPTION},
            "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        },
    )
    app.url_map.converters.update(id=IdConverter, name=NameConverter)
    document = Document(app)
    document.register_field(Shaped, "string", None)
    document.ma_plugin.converter.add_attribute_function(openapi_of)
    for converter in (IdConverter, NameConverter):
        document.register_converter(converter, _path_shape)
    return document


def _path_shape(converter: Any) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{converter.regex}$"}
