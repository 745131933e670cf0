"""The security headers of every response; the service itself speaks HTTP, and a proxy in front of it may add TLS."""

from secrets import token_urlsafe

from flask import Flask, Response, g, request
from secure import Secure
from secure.headers import (
    ContentSecurityPolicy,
    ReferrerPolicy,
    StrictTransportSecurity,
    XContentTypeOptions,
    XFrameOptions,
)
from werkzeug.middleware.proxy_fix import ProxyFix

_ALWAYS = Secure(
    xfo=XFrameOptions().deny(),
    xcto=XContentTypeOptions().nosniff(),
    referrer=ReferrerPolicy().same_origin(),
)
_OVER_TLS = Secure(hsts=StrictTransportSecurity().max_age(31_556_926).include_subdomains())


def install(app: Flask, trusted_proxies: int) -> None:
    """Set the security headers of every response; trust the client addresses that proxies report."""
    if behind := trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=behind, x_proto=behind, x_host=behind)  # type: ignore[method-assign]

    @app.context_processor
    def nonce_of_the_page() -> dict[str, object]:
        return {"csp_nonce": _nonce}

    @app.after_request
    def protect(response: Response) -> Response:
        _ALWAYS.set_headers(response)
        Secure(csp=_content_policy()).set_headers(response)
        if behind and request.is_secure:
            _OVER_TLS.set_headers(response)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def _nonce() -> str:
    """Return the nonce of the current request, which every inline script in the answered page must carry."""
    if "csp_nonce" not in g:
        g.csp_nonce = token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def _content_policy() -> ContentSecurityPolicy:
    return (
        ContentSecurityPolicy()
        .default_src("'self'")
        .object_src("'none'")
        .script_src("'self'", ContentSecurityPolicy.nonce(_nonce()))
        .frame_ancestors("'none'")
        .img_src("'self'", "data:")
        .style_src("'self'", "'unsafe-inline'")
    )
