"""How many forms one account may send, or one network without an account: whoever floods is told to wait, with what was typed.

Attempts at an account are counted elsewhere, and for all processes. Here each process counts for itself, at no cost to whoever lodges;
with ``CONSULT_LIMITS_URL=redis://…`` all count together, and each for itself again while Redis is away.
"""

import hmac
import logging
from typing import Any

from flask import Flask, g, request
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from consult.core.carrying import is_carried
from consult.core.config import Config, derived_key
from consult.core.origins import network as network
from consult.core.web import SAFE, actor

log = logging.getLogger(__name__)
# No person comes near; a hall of people behind one address is no person.
OF_ACCOUNT, OF_NETWORK = "600 per 5 minutes", "3000 per 5 minutes"
ALONE = "memory://"
SECONDS = {"socket_timeout": 2, "socket_connect_timeout": 2}  # that whoever sends a form waits for Redis


class Pace:
    """Counts, in Redis where one is set and in reach; whose they are stands there as a keyed digest."""

    def __init__(self, url: str, secret: str) -> None:
        self.key = derived_key(secret, "pace").encode()
        self.own = FixedWindowRateLimiter(storage_from_string(ALONE))
        self.shared = self.own if url in ("", ALONE) else FixedWindowRateLimiter(storage_from_string(url, wrap_exceptions=True, **SECONDS))
        self.is_away = False
        self.limits: dict[str, RateLimitItem] = {"account": parse(OF_ACCOUNT), "network": parse(OF_NETWORK)}

    def is_kept(self, kind: str, who: Any) -> bool:
        whose = hmac.digest(self.key, f"{kind} {who}".encode(), "sha256").hex()
        try:
            kept, is_away = self.shared.hit(self.limits[kind], kind, whose), False
        except StorageError:
            kept, is_away = self.own.hit(self.limits[kind], kind, whose), True
        if is_away != self.is_away:
            self.is_away = is_away
            log.warning("Redis cannot be reached: each process counts forms for itself" if is_away else "Redis is there again")
        return kept


def init_app(app: Flask, config: Config) -> None:
    if not app.config.get("RATELIMIT_ENABLED", True):
        return
    pace = app.extensions["consult_pace"] = Pace(config.limits_url, config.secret)

    def keep_pace() -> None:
        if request.method in SAFE and not is_carried():
            return
        person = actor()
        kind, who = ("account", person.id) if person.is_authenticated else ("network", network(request.remote_addr or ""))
        if not pace.is_kept(kind, who):
            if is_carried():  # a page that is read: what was typed stands on it, and nothing is kept for it
                g.is_flooding = True
            else:
                raise TooManyRequests

    app.before_request(keep_pace)
