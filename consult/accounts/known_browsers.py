"""In which browsers an account was signed in: each keeps a signed cookie that says so, by a name that is drawn for it at each sign-in.

Whoever signs in anew, or chooses another password, has another name: a copy of what the cookie held before is counted by itself.
"""

import hashlib
import secrets
import time

from flask import Response, current_app, g, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from consult.accounts import service
from consult.accounts.models import User
from consult.core.errors import NotFound

KNOWN_FOR = 365 * 24 * 3600
MAX_KNOWN = 5  # accounts of one browser


def serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="browsers-of-accounts")


def mark_of(user: User) -> str:
    """Of an account, as long as its password stays: what changes that changes the name by which the keys of its letters know it."""
    return hashlib.sha256(f"{current_app.config['SECRET_KEY']}\n{user.email}\n{user.fs_uniquifier}".encode()).hexdigest()[:20]


def entries() -> list[tuple[str, str, int]]:
    """(mark, name of this browser there, when it was drawn) of each account."""
    try:
        found = serializer().loads(request.cookies.get(current_app.config["KNOWN_COOKIE_NAME"], ""), max_age=KNOWN_FOR)
        return [(str(mark), str(name), int(at)) for mark, name, at in found if time.time() - int(at) < KNOWN_FOR]
    except (BadSignature, TypeError, ValueError):
        return []


def name_of(address: str) -> str | None:
    """By which this browser counts where this account is tried; None where it was not signed in."""
    kept: dict[str, str | None] = g.setdefault("known_browser", {})
    if address not in kept:
        kept[address] = _named(address)
    return kept[address]


def _named(address: str) -> str | None:
    if not address or not (known := entries()):
        return None
    try:
        mark = mark_of(service.get_user_by_email(address))
    except NotFound:
        return None
    return next((name for other, name, _at in known if other == mark), None)


def signed_in(user: User) -> None:
    """From now on this browser is known to be one of theirs."""
    g.has_signed_in, g.signed_in_as = mark_of(user), user.email


def remember(response: Response) -> Response:
    if mark := g.get("has_signed_in"):
        others = [entry for entry in entries() if entry[0] != mark]
        kept = [(mark, secrets.token_urlsafe(12), int(time.time())), *others][:MAX_KNOWN]
        response.set_cookie(current_app.config["KNOWN_COOKIE_NAME"], serializer().dumps(kept), max_age=KNOWN_FOR, httponly=True,
                            samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"])
    return response
