"""How often somebody may try: counted for all processes, so that guessing is slow and nobody is locked out by what others try.

An account is tried from somewhere: from a network, or in a browser in which it was signed in before (it keeps a signed cookie that says
so). Each such place has its own count. What is tried on one account from anywhere else is counted together besides, but not where it is
known: whoever guesses from everywhere keeps strangers out, and the owner's own browsers go on. All of these are counted together as well,
each from its third wrong attempt on: whoever has the cookies of many gets no further than one who has few, and no other is kept out.
"""

import hmac
import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flask import Flask, Response, current_app, g, request, session
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import current_user
from limits import parse
from werkzeug.exceptions import HTTPException

from consult.accounts import known_browsers, second_step
from consult.core import guards, pace
from consult.core.attempts import CODES, GUESSES, KNOWN, LETTERS, SCHEME, UNTOLD
from consult.core.config import Config, derived_key
from consult.text.addresses import MAX_TYPED, spelt
from consult.text.composing import composed

CLAIMED = re.compile(r'"id": ?"([\w-]{1,400})"')
SECOND_STEPS = ("security.two_factor_token_validation", "security.mf_recovery", "security.wan_signin_response")
ALONE, BY_PROVIDER = "accounts.use_passkey", "accounts.come_back"
SIGN_INS = ("security.login", "accounts.follow_link", ALONE, *SECOND_STEPS)
OWN = ("security.us_verify", "security.us_verify_send_code", "security.change_password", "accounts.set_up_authenticator")
ONCE = parse("1 per 15 minutes")  # longer than a question lasts
EVEN = 0.4  # seconds that an answer takes at least which must not tell, by when it comes, whether there is an account


def account() -> str:
    """Whose account is tried; nobody's where none is named."""
    own = current_user.email if current_user.is_authenticated else ""
    if request.endpoint in SECOND_STEPS:  # of whoever took the first: what a form says would name anybody
        named = session.get("tf_address")
    elif request.endpoint in OWN:
        named = own
    elif request.endpoint == ALONE:  # which passkey it claims to be
        named = "".join(CLAIMED.findall(request.form.get("credential", ""))[:1])
    else:
        named = request.form.get("identity") or request.form.get("email") or request.args.get("id") or own
    return spelt(composed("NFKC", named[:MAX_TYPED])) if named else ""


def is_known() -> bool:
    """Whether the account that is tried was signed in in this browser."""
    return known_browsers.name_of(account()) is not None


def is_excused() -> bool:
    """From being counted together with all who try this account."""
    return not account() or is_known() or is_astray()


def is_astray() -> bool:
    """A second step without a first one: nothing is tried there."""
    return request.endpoint in SECOND_STEPS and not second_step.is_under_way()


def network() -> str:
    """Where a request comes from."""
    return pace.network(get_remote_address())


def place() -> str:
    """An account as it is tried from here."""
    return f"{account()} {known_browsers.name_of(account()) or network()}"


def keyed(name: Callable[[], str]) -> Callable[[], str]:
    """The counters may stand in a storage of others, and whoever runs the limiter logs their names."""
    def digest() -> str:
        return hmac.digest(derived_key(current_app.config["SECRET_KEY"], "attempts").encode(), name().encode(), "sha256").hex()
    return digest


# The limits


def has_failed(response: Response) -> bool:
    """A step of signing in that led nowhere, whatever it was answered."""
    return "has_signed_in" not in g and "has_passed" not in g


def was_refused(response: Response) -> bool:
    """A form that came back: success answers by sending elsewhere."""
    return response.status_code not in (302, 303)


def tell(response: Response) -> Response:
    """Whoever signed in, and whoever tried in vain."""
    if "has_signed_in" in g:
        guards.tell("signed in", g.signed_in_as)
    elif request.method == "POST" and request.endpoint in SIGN_INS and has_failed(response) and response.status_code < 500:
        with suppress(HTTPException):  # what is too large for anybody to read names nobody
            guards.tell("sign-in failed", account())
    return response


def give_back(response: Response) -> Response:
    """What succeeded was no guess. All are counted before they are tried, and so are those that are tried at one moment."""
    failed = current_app.extensions["consult_given_back"].get(request.endpoint)
    limiter = current_app.extensions["consult_limiter"]
    if limiter.enabled and failed is not None and not failed(response):
        storage = limiter.limiter.storage
        for counted in limiter.current_limits:
            with suppress(storage.base_exceptions):  # who is signed in is not told of it
                if storage.get(counted.key) > 0:
                    storage.incr(counted.key, counted.limit.get_expiry(), -1)
    return response


def is_first(state: str) -> bool:
    """Whether what a provider answered to this question is brought for the first time, in whatever process: each answer serves once.

    Where the counters are out of reach the provider alone says so: it takes a code once.
    """
    limiter = current_app.extensions["consult_limiter"]
    if limiter.enabled:
        with suppress(limiter.limiter.storage.base_exceptions):
            return limiter.limiter.hit(ONCE, keyed(lambda: f"answer {state}")())
    return True


def init_app(app: Flask, config: Config) -> None:
    url = config.limits_url or f"{SCHEME}:"
    options: dict[str, Any] = {} if config.limits_url else {"config": config}
    limiter = Limiter(keyed(network), storage_uri=url, storage_options=options, strategy="fixed-window", headers_enabled=True,
                      in_memory_fallback_enabled=bool(config.limits_url))
    limiter.init_app(app)
    app.extensions["consult_limiter"] = limiter  # a limiter that is switched off is kept by nobody else

    def limits(scope: str, amounts: tuple[str, str, str]) -> tuple[Any, ...]:
        here, anywhere, network = amounts

        def is_untold() -> bool:
            tried = limiter.limiter.storage.get(parse(here).key_for(keyed(place)(), f"{scope}-place"))
            return not is_known() or is_astray() or tried <= UNTOLD

        return (
            limiter.shared_limit(KNOWN[scope], f"{scope}-known", key_func=keyed(account), exempt_when=is_untold, methods=["POST"]),
            limiter.shared_limit(here, f"{scope}-place", key_func=keyed(place), exempt_when=is_astray, methods=["POST"]),
            limiter.shared_limit(anywhere, f"{scope}-account", key_func=keyed(account), exempt_when=is_excused, methods=["POST"]),
            limiter.shared_limit(network, f"{scope}-network", exempt_when=is_astray, methods=["POST"]),
        )

    guesses, letters, codes = limits("guess", GUESSES), limits("letter", LETTERS), limits("code", CODES)
    table = {
        "security.login": guesses, "accounts.follow_link": guesses, "security.us_verify": guesses, "security.change_password": guesses,
        "security.reset_password": guesses, "security.us_signin_send_code": letters, "security.us_verify_send_code": letters,
        "security.register": letters, "security.forgot_password": letters, "security.send_confirmation": letters,
        "accounts.set_up_authenticator": guesses, ALONE: guesses, **dict.fromkeys(SECOND_STEPS, codes),
    }
    for endpoint, several in table.items():
        for limit in several:
            app.view_functions[endpoint] = limit(app.view_functions[endpoint])
    for endpoint, amount, method in (("accounts.go_to_provider", LETTERS[2], "POST"), ("accounts.come_back", GUESSES[2], "GET")):
        limited: Any = limiter.shared_limit(amount, f"{endpoint}-network", methods=[method])
        app.view_functions[endpoint] = limited(app.view_functions[endpoint])
    app.extensions["consult_given_back"] = {
        **dict.fromkeys([endpoint for endpoint, several in table.items() if several is not letters], was_refused),
        **dict.fromkeys([*SIGN_INS, BY_PROVIDER, "security.us_signin"], has_failed)}
    app.config.setdefault("EVEN_ANSWERS", 0 if app.testing else EVEN)
    app.before_request(begin)
    app.after_request(give_back)
    app.after_request(tell)
    app.after_request(known_browsers.remember)
    app.after_request(even)
    app.extensions["consult_even"] = {"security.login", "security.us_signin", "security.us_signin_send_code", "security.register",
                                      "security.forgot_password", "security.send_confirmation"}


# How long an answer takes


def begin() -> None:
    g.began = time.monotonic()
    for name in ("has_signed_in", "signed_in_as", "has_passed", "second_factor", "proven_elsewhere", "known_browser", "letter_prepared"):
        g.pop(name, None)


def even(response: Response) -> Response:
    """After the unit of work, which holds nobody up any more."""
    least = current_app.config["EVEN_ANSWERS"]
    if least and request.method == "POST" and request.endpoint in current_app.extensions["consult_even"] and "began" in g:
        time.sleep(-(time.monotonic() - g.began) % least)
    return response
