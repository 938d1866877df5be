"""Signing in by the OpenID provider of the settings, and what an account has to do with it (the browser's side of ``provider.py``: wiring,
neither views nor service, as ``signin.py`` is).

What a browser asked stands in its own session, signed: whoever brings an answer to anything else is told so, and nothing happens. Which
account an identity is of is told by issuer and subject alone. An address leads to an account only where the provider has checked it and
its owner then signs in as always (``Pending``).
"""

import secrets
import time
from dataclasses import asdict, dataclass
from typing import Any

from flask import current_app, flash, g, redirect, render_template, request, session, url_for
from flask_security import login_user, logout_user
from flask_security.proxies import _security

from consult.accounts import attempts, service, sessions
from consult.accounts.forms import remember_where_to
from consult.accounts.models import User
from consult.accounts.provider import Failure, Identity, NotSignedIn, Provider
from consult.core.config import Config
from consult.core.errors import Invalid, NotFound
from consult.core.i18n import DEFAULT_LANGUAGE, _, gettext, isolate, language_in_use
from consult.core.outside import nothing_held
from consult.core.web import actor, language, link

QUESTIONS = 3  # of one browser: as many windows
ASKED_FOR = 600  # seconds in which a question is answered
PENDS = 1800  # seconds in which an identity is bound, or gets an account
WAY = "oidc"  # what Flask-Security is told of how somebody signed in


@dataclass(frozen=True)
class Question:
    """What this browser asked the provider: to be found again by the state of the answer."""

    nonce: str
    verifier: str
    asked_at: int
    language: str
    user_id: int = 0  # whose account is to be bound; 0: to sign in


@dataclass(frozen=True)
class Pending:
    """Who came back and has no account yet, or has not shown yet that the account is theirs."""

    subject: str
    email: str
    name: str
    is_proven: bool
    user_id: int
    shown_at: int


def init_app(app, config: Config) -> None:
    app.extensions["consult_provider"] = Provider(config)
    app.register_error_handler(NotSignedIn, show_failure)


def provider() -> Provider:
    """:class:`NotFound` where the settings name none."""
    found: Provider = current_app.extensions["consult_provider"]
    if not found.config.has_provider:
        raise NotFound
    return found


def provider_name() -> str:
    """In the reader's language; empty where there is none."""
    return current_app.extensions["consult_provider"].config.provider_name(language_in_use())


def name_of(issuer: str) -> str:
    """Of the provider by which somebody may sign in: where the settings name another one now, its address."""
    return provider_name() if issuer == current_app.extensions["consult_provider"].issuer else issuer


def show_failure(error: NotSignedIn):
    failure, name = error.failure, isolate(provider_name())
    current_app.logger.warning("nobody is signed in by the provider: %s", failure.name)
    page = render_template("accounts/not_signed_in.html", message=gettext(failure.message, provider=name),
                           remedy=gettext(failure.remedy, provider=name), failure=failure)
    return page, failure.status


# The question


def back() -> str:
    """The one address that the provider is told, whatever language is read."""
    return link("accounts.come_back", language=DEFAULT_LANGUAGE)


def ask(user_id: int = 0) -> None:
    """Remembered in this browser; nobody is asked yet."""
    provider()
    if user_id == 0:
        remember_where_to(request.form.get("next") or request.args.get("next"))
    question = Question(secrets.token_urlsafe(32), secrets.token_urlsafe(48), int(time.time()), language(), user_id)
    former = list(questions().items())[-QUESTIONS + 1:]
    session["questions"] = dict([*former, (secrets.token_urlsafe(32), asdict(question))])


def questions() -> dict[str, Any]:
    return session.get("questions") or {}


def newest_address() -> str | None:
    """Where the last question is asked; None where none is. Of the provider's own metadata: it may have to be asked for them."""
    asked = questions()
    if not asked:
        return None
    state, question = next(reversed(asked.items()))
    with nothing_held():
        return provider().address(back(), state=state, nonce=question["nonce"], verifier=question["verifier"], language=language())


# The answer


def question_of(state: str) -> Question:
    """The one that this browser asked a short while ago."""
    found = questions().get(state)
    question = Question(**found) if found else None
    if question is None or not 0 <= time.time() - question.asked_at <= ASKED_FOR:
        raise NotSignedIn(Failure.LOST)
    return question


def take_answer(state: str, question: Question) -> Identity:
    """Once: whatever comes of it, this question is answered."""
    session["questions"] = {name: one for name, one in questions().items() if name != state}
    if not attempts.is_first(state):
        raise NotSignedIn(Failure.USED)
    answer = request.args.to_dict()
    if len(answer) != len(list(request.args.items(multi=True))):
        raise NotSignedIn(Failure.MISTRUSTED)  # what is said twice says nothing (RFC 6749, 3.1)
    with nothing_held():
        return provider().identity(answer, back(), nonce=question.nonce, verifier=question.verifier)


def answered(question: Question, identity: Identity):
    """To where it leads."""
    if question.user_id:
        if actor().id != question.user_id:
            raise NotSignedIn(Failure.LOST)
        keep(identity, question.user_id)
        return redirect(url_for("accounts.bind_identity"), 303)
    user = service.get_user_of_identity(identity.issuer, identity.subject)
    return enter(user, identity) if user is not None else welcome(identity)


def keep(identity: Identity, user_id: int = 0) -> None:
    g.has_passed = True
    session["pending"] = asdict(Pending(identity.subject, identity.email, identity.name, identity.is_proven, user_id, int(time.time())))


def pending() -> Pending | None:
    found = session.get("pending")
    kept = Pending(**found) if found else None
    return kept if kept is not None and time.time() - kept.shown_at <= PENDS else None


def is_of(kept: Pending, user: User) -> bool:
    """Whether this account may be bound to who came back: its owner asked for it, or it has the address that the provider has checked."""
    return kept.user_id == user.id or not kept.user_id and service.known_address(kept.email) == user.email


def welcome(identity: Identity):
    """Nobody is known by this identity. The address alone opens nothing: of an account that there is, its owner signs in first."""
    try:
        address = service.reachable_address(identity.email)
    except Invalid as refusal:
        raise NotSignedIn(Failure.NO_ADDRESS) from refusal
    if not identity.is_verified:
        raise NotSignedIn(Failure.UNVERIFIED)
    owner = service.find_user(address)
    if owner is not None and not owner.active:
        raise NotSignedIn(Failure.CLOSED)
    keep(identity)
    if owner is None or owner.confirmed_at is None:
        return redirect(url_for("accounts.register_by_provider"), 303)
    flash(str(_("There is an account with the address %(address)s already. Sign in as always, to show that it is yours: then you link it.",
                address=isolate(address))), "info")
    there = url_for("accounts.bind_identity")
    remember_where_to(there)
    return redirect(there if actor().is_authenticated else url_for("security.login", next=there), 303)


def enter(user: User, identity: Identity):
    """Signed in, where the second step is done or not to be done."""
    if not user.active:
        raise NotSignedIn(Failure.CLOSED)
    if identity.is_proven:
        g.second_factor = g.proven_elsewhere = user.id
    elif (second := _security.two_factor_plugins.tf_enter(user, False, WAY, None)) is not None:
        session["by_provider"] = True
        return second
    sessions.hold(actor(), user)
    if actor().is_authenticated:
        logout_user()
    login_user(user, authn_via=[WAY])
    service.note_identity(user, identity.issuer, identity.subject)
    session["by_provider"] = True
    return redirect(url_for("accounts.arrive"), 303)


def enter_new(user: User, kept: Pending):
    return enter(user, Identity(provider().issuer, kept.subject, is_proven=kept.is_proven))


# Leaving


def leads_out(view):
    """After signing out of a session that began at the provider: there one may still be signed in."""
    def leave(**values):
        began_there = session.get("by_provider") and current_app.extensions["consult_provider"].config.oidc_logout == "yes"
        response = view(**values)
        return redirect(url_for("accounts.signed_out"), 303) if began_there and not actor().is_authenticated else response
    return leave


def leaving_address() -> str | None:
    """None where the provider has no such page, or does not answer: here one is signed out all the same."""
    try:
        with nothing_held():
            return provider().leaving_address(link("accounts.signed_out", language=DEFAULT_LANGUAGE))
    except NotSignedIn:
        return None
