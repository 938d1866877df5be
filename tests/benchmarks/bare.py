"""The ceilings: the same bytes from a bare Flask view and from a bare WSGI application, on the same server."""

import os

from flask import Flask

BODY = b"x" * int(os.environ.get("BENCH_BYTES", "60000"))


def flask_app() -> Flask:
    app = Flask("bare")
    app.add_url_rule("/", "page", lambda: BODY)
    return app


def wsgi(_environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(BODY)))])
    return [BODY]


def wsgi_app():
    return wsgi
