"""A browser's side of sessions: its cookies hold a token, whose row in the database says that it still opens something, and a proof that
its reader showed who they are, whose digest and age stand there too.
"""

import re
import secrets
from functools import wraps

from flask import Flask, current_app, g, request
from flask import session as cookies
from flask_login import LoginManager, user_loaded_from_cookie, user_logged_out
from flask_security.utils import set_request_attr
from itsdangerous import BadSignature, Signer

from consult.accounts import service
from consult.accounts.models import User
from consult.core.config import derived_key
from consult.core.permissions import Actor

# The first that is named: Chrome's word stands in others' names as well, and Safari's in all of them.
BROWSERS = (("Edge", "Edg"), ("Opera", "OPR|Opera"), ("Samsung Internet", "SamsungBrowser"), ("Firefox", "Firefox|FxiOS"),
            ("Chrome", "Chrome|Chromium|CriOS"), ("Safari", "Safari"))
SYSTEMS = (("Android", "Android"), ("iOS", "iPhone|iPad|iPod"), ("Windows", "Windows"), ("ChromeOS", "CrOS"),
           ("macOS", "Mac OS X|Macintosh"), ("Linux", "Linux|X11"))

# What a browser keeps when somebody signs in or out in it: what a visitor types and where they go, whose rows say whom each is shown to,
# and the libraries' own. Whatever else its cookie holds is of one person, and goes.
CARRIED = frozenset({"next", "letter", "browser", "registration", "drafts", "drafts_for", "kept", "_flashes", "_user_id", "_fresh", "_id",
                     "_remember", "_remember_seconds", "fs_cc"})
# What came back from an OpenID provider for whoever signs in next in this browser, where nobody was signed in yet.
UNDER_WAY = frozenset({"pending", "by_provider"})
# Where Flask-Security asks once more who somebody is.
PROVING = frozenset({"security.us_verify", "security.wan_verify_response"})


def init_app(app: Flask) -> None:
    manager: LoginManager = app.extensions["security"].login_manager
    manager.user_loader(person_of)
    manager.request_loader(lambda _request: None)  # a token of the library's would outlast its session
    user_logged_out.connect(end, app)
    user_loaded_from_cookie.connect(begin_empty, app)
    for endpoint in app.view_functions.keys() & PROVING:
        app.view_functions[endpoint] = proving(app.view_functions[endpoint])


def coarse(agent: str) -> str:
    """“Firefox, Linux”: enough to know one's own, too little to tell people apart. Empty where nothing of it is known."""
    found = [next((name for name, words in kinds if re.search(words, agent)), "") for kinds in (BROWSERS, SYSTEMS)]
    return ", ".join(filter(None, found))


def person_of(token: str) -> User | None:
    """Flask-Login asks once a request, of the session's cookie or of the one that lasts for thirty days."""
    found = service.get_user_of_session(str(token), str(cookies.get("proof", "")))
    if found is None:
        return None
    user, id_, seen_at, proved_at = found
    g.user_session = user, id_
    service.note_seen(id_, seen_at)
    set_request_attr("fs_authn_via", "session")
    set_request_attr("fs_paa", proved_at.timestamp() if proved_at else 0)
    return user


def begin_empty(*_signal, **_values) -> None:
    """The cookie of thirty days opens the session: nothing that came beside it is of this session, and it shows nothing but that."""
    token = cookies["_user_id"]
    cookies.clear()
    cookies["_user_id"], cookies["_fresh"] = token, False
    g.pop("csrf_token", None)
    set_request_attr("fs_paa", 0)


def proving(view):
    """The library notes in the cookie that somebody showed who they are; what counts is noted with the session."""
    @wraps(view)
    def ask(**values):
        cookies.pop("fs_paa", None)
        response = view(**values)
        if cookies.pop("fs_paa", None):
            cookies["proof"] = service.prove_session(g.user_session[0], cookies["_user_id"])
        return response
    return ask


def hold(*people: Actor) -> None:
    """Before one of them is signed out, and another signed in."""
    service.hold_people(*people)


def begin(user: User) -> None:
    """Another session than the one that this browser had, if it had any."""
    leave_only(CARRIED if "user_session" in g else CARRIED | UNDER_WAY)
    end_former()
    is_remembered = cookies.get("_remember") == "set"
    cookies["_user_id"] = service.open_session(user, coarse(request.user_agent.string), is_remembered=is_remembered,
                                              is_factor_proven=g.get("proven_elsewhere") == user.id)
    cookies["proof"] = service.prove_session(user, cookies["_user_id"])


def end(*_signal, **_values) -> None:
    """Of the session, if there was one, and of what the cookie holds of whoever was signed in, or was about to be."""
    leave_only(CARRIED)
    end_former()


def leave_only(kept: frozenset[str]) -> None:
    for name in cookies.keys() - kept:
        del cookies[name]


def end_former() -> None:
    if (former := g.pop("user_session", None)) is not None:
        service.sign_out(*former)


# In which browser a letter was asked for


def this_browser() -> str:
    return cookies.setdefault("browser", secrets.token_urlsafe(12))


def _signer(address: str) -> Signer:
    return Signer(derived_key(current_app.config["SECRET_KEY"], "letters"), salt=address)


def letter_to(address: str) -> str:
    """What the links of a letter say of the browser that asked for it; only whoever reads the letters of the address can say it."""
    return _signer(address).sign(this_browser()).decode()


def browser_of(letter: str | None, address: str) -> str | None:
    try:
        return _signer(address).unsign(letter or "").decode()
    except BadSignature:
        return None
