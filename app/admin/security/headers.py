"""What every answer tells the browser about safety (R19, C53): headers, and nothing inline.

A script or style runs only when it comes from us by address or carries this answer's nonce.
"""

import secrets

from flask import Flask, Response, current_app, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; "
    "base-uri 'self'; frame-ancestors 'none'; object-src 'none'"
)
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
HTTPS_ONLY = "max-age=31536000; includeSubDomains"


def install(app: Flask) -> None:
    """Add the headers to every answer, and believe as many proxies as the settings say."""
    app.before_request(lambda: g.pop("csp_nonce", None) and None)
    app.after_request(add_headers)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    proxies = app.config.get("CRM_PROXIES", 0)
    if proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies
        )


def csp_nonce() -> str:
    """This answer's nonce: new for each, the same within one."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def add_headers(response: Response) -> Response:
    """Headers already set by a stricter view (a download's sandbox) are kept."""
    for name, value in FIXED.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", POLICY.format(nonce=csp_nonce()))
    if current_app.config.get("CRM_HTTPS"):
        response.headers.setdefault("Strict-Transport-Security", HTTPS_ONLY)
    is_private = response.headers.get("Cache-Control", "").startswith("private")
    if not is_private and not request.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-store"
    return response
