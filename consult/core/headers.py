"""What every answer carries: errors, files and pages that are kept ready as well."""

from flask import Flask, Response, current_app, request
from flask import session as cookies

from consult.core import events
from consult.core.extension_points import flat

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
UNUSED = ("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer", "microphone", "midi", "payment", "usb")
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers that do not know the policy's frame-ancestors
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{name}=()" for name in UNUSED),
}
# What somebody brought is kept by whoever opens it, and never shown by the browser under the platform's name.
OF_FILES = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Robots-Tag": "noindex"}
ONLY_HTTPS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
AGAIN = "10"  # seconds
OWN = "private, no-store"
KEPT = "kept_form"  # its address is a key


def headers(base_url: str = "") -> dict[str, str]:
    return {**HEADERS, **(ONLY_HTTPS if (base_url or current_app.config["BASE_URL"]).startswith("https:") else {})}


def of_files(app: Flask):
    """For the server of static files, before any request."""
    def add(found, _path: str, _url: str) -> None:
        for name, value in headers(app.config["BASE_URL"]).items():
            found[name] = value
    return add


def add_to(response: Response, is_signed_in: bool) -> Response:
    is_file = OF_FILES.items() <= dict(response.headers).items()
    response.headers.update({**headers(), **(OF_FILES if is_file else {})})
    if response.status_code == 503:  # whatever else was counted: it is over soon
        response.headers["Retry-After"] = AGAIN
    elif response.status_code != 429:
        response.headers.pop("Retry-After", None)
    if request.endpoint == "static":
        return response
    if is_signed_in or (request.endpoint or "").startswith((KEPT, *flat(events.secret_endpoints()))):
        response.headers["Cache-Control"] = OWN
    elif "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "private, no-cache" if cookies.accessed else "no-cache"
    return response
