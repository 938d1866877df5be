"""What was refused for the sake of security is a line of the log: permissions, forms that no page of ours sent, and whoever is too fast.

Neither person nor network is named: each is a keyed digest, the same in all lines.
"""

from flask import Flask, Response, current_app, request

from consult.core import logs, pace
from consult.core.config import derived_key
from consult.core.web import SAFE, actor

REFUSED = {400: "not understood", 403: "not allowed", 413: "too large", 415: "no form", 429: "too many"}


def whose(name: str) -> str:
    return logs.whose(derived_key(current_app.config["SECRET_KEY"], "log"), name)


def tell(event: str, name: str = "") -> None:
    """``name``: the address of an account, where another than who is signed in is meant."""
    who = name or getattr(actor(), "email", "")
    logs.tell_security(event, who=whose(who), network=whose(pace.network(request.remote_addr or "")), page=request.endpoint or "no page",
                       method=request.method)


def tell_refusal(response: Response) -> Response:
    event = REFUSED.get(response.status_code)
    if event is not None and (request.method not in SAFE or response.status_code in (403, 429)):
        tell(f"refused: {event}")
    return response


def init_app(app: Flask) -> None:
    app.after_request(tell_refusal)
