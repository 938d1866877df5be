"""Accounts: registering, sessions and one's own data; signing in is Flask-Security's (see ``signin.py``)."""

import hmac
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlalchemy.orm import joinedload, undefer

from consult.accounts import events
from consult.accounts.jobs import SESSION_LASTS
from consult.accounts.models import MAX_AGENT, MAX_NAME, NAMELESS, Registration, User, UserSession
from consult.accounts.service.factors import (
    CODES,
    add_passkey,
    digest_of,
    forget_factors,
    get_passkey,
    is_recovery_code,
    new_codes,
    note_used,
    passkey_name,
    remove_authenticator,
    remove_passkey,
    renew_recovery_codes,
    reset_factors,
    set_up_authenticator,
    take_code,
    use_recovery_code,
)
from consult.accounts.service.identities import (
    bind_identity,
    bind_new,
    get_identity,
    get_user_of_identity,
    list_identities,
    note_identity,
    unbind_identity,
)
from consult.accounts.service.keys import token_hash
from consult.core import mail
from consult.core.commands import command
from consult.core.db import add_row, begin_writing, scalar_count, session, write_if_free
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import LANGUAGES, _, utcnow
from consult.core.locks import lock, lock_all
from consult.core.permissions import Action, Actor, require
from consult.text.addresses import spelt, trimmed, validated_address
from consult.text.composing import composed
from consult.text.normalising import validated_line, validated_name
from consult.text.passwords import is_tried_first

TAKEN = _("There is already an account with this address.")
UNSEEN_LASTS = timedelta(days=3)  # without being used, where the browser was not to be remembered
SEEN_EVERY = timedelta(minutes=10)  # so often at most it is written down that a session is used


def hash_password(password: str) -> str:
    """Argon2id with the library's defaults (RFC 9106), of the password as Flask-Security normalises it before it verifies."""
    return PasswordHasher().hash(composed("NFKD", password))


def check_password(password: str, *own: str) -> None:
    """Wherever one is chosen; raises :class:`Invalid` for one of those that are tried first."""
    if is_tried_first(password, *own):
        raise Invalid("password", _("This password is among those that are tried first."),
                      _("Choose another: a short sentence of your own, without your name."))


@command
def add(_actor, _target, *, email: str, name: str, password: str | None = None, language: str = "fr", **values) -> User:
    """Make a confirmed account, also of one that was asked for and never confirmed: nothing but its address stays of that.

    Raises :class:`Invalid` for an address that is taken or not one, and for a password that is tried first.
    """
    if password:
        check_password(password, email, name)
    user = _confirmed(email, name, language)
    user.password = hash_password(password) if password else None
    for attribute, value in values.items():
        setattr(user, attribute, validated_line(attribute, value, max_length=MAX_NAME) or None if type(value) is str else value)
    return user


@command
def register(
    _actor, _target, *, email: str, name: str, password_hash: str | None = None, language: str = "fr", browser_key: str | None = None,
) -> User:
    """Ask for one's own account, closed until its address is confirmed; :class:`Invalid` for what :func:`add` does not take either.

    It may be asked for again until then, by its owner or by anybody else: see :func:`confirm` for what comes of each password.
    """
    user = _unconfirmed(email, name, language)
    session.add(user)
    session.flush()
    session.add(Registration(user_id=user.id, browser_key=browser_key or secrets.token_urlsafe(24), name=user.name, language=language,
                             password=password_hash))
    return user


@command
def register_by_provider(_actor, _target, *, email: str, name: str, language: str, issuer: str, subject: str) -> User:
    """An account of one's own whose address an OpenID provider has checked: confirmed at once, and nothing stays of what was typed to ask
    for it before. :class:`Invalid` as :func:`register` raises it, :class:`Conflict` where the identity has an account.
    """
    user = _confirmed(email, name, language)
    session.add(user)
    bind_new(user, issuer, subject)
    return user


@command
def confirm(
    _actor, user: User, *, browser_key: str | None = None, password_hash: str | None = None, name: str | None = None, language: str = "",
) -> User:
    """The address is its owner's: whoever does this came by the link that was sent to it.

    Of what was typed to ask for the account, only what this very browser typed (``browser_key``) may give it a password. What others
    typed before or after goes; ``password_hash`` is of what the owner chooses now instead, ``name`` is the one that they read and may have
    corrected, ``language`` their own. :class:`Conflict` when it is confirmed already, :class:`Invalid` for a name that is none.
    """
    lock(user, "confirmed_at", "forgotten_at")
    if user.forgotten_at is not None:
        raise Conflict(_("There is no account with this address."))
    if user.confirmed_at is not None:
        raise Conflict(_("This address is confirmed already: sign in."))
    typed_here = get_registration(user, browser_key)
    read = None if name is None else validated_name("name", name, max_length=MAX_NAME, missing=NAMELESS)
    if typed_here is not None:
        user.name, user.language = typed_here.name, typed_here.language
    if read is not None:
        user.name = read
    user.language = language if language in LANGUAGES else user.language
    user.password = password_hash or (typed_here.password if typed_here is not None else None)
    _forget_registrations(user)
    user.confirmed_at = utcnow()
    return user


def get_registration(user: User, browser_key: str | None) -> Registration | None:
    """What this browser typed to ask for the account; None where another one did."""
    return session.scalar(sa.select(Registration).where(Registration.user_id == user.id, Registration.browser_key == (browser_key or "")))


def count_typed_passwords(user: User) -> int:
    """How many passwords were typed, by whomever, to ask for the account."""
    counted = sa.select(sa.func.count()).select_from(Registration)
    return scalar_count(counted.where(Registration.user_id == user.id, Registration.password.is_not(None)))


def _forget_registrations(user: User) -> None:
    if user.id is not None:
        lock(user)
        session.execute(sa.delete(Registration).where(Registration.user_id == user.id))


def _unconfirmed(email: str, name: str, language: str) -> User:
    """A new account, or the one of this address that nobody has confirmed yet, with what is asked for now."""
    email, name = reachable_address(email), validated_name("name", name, max_length=MAX_NAME, missing=NAMELESS)
    if language not in LANGUAGES:
        raise Invalid("language", _("No such language."))
    user = session.scalar(sa.select(User).where(User.email == email))
    if user is not None:
        lock(user, "email", "confirmed_at", "active")
    if user is None or user.email != email:  # forgotten meanwhile
        user = User(email=email, fs_uniquifier=secrets.token_hex(32))
        session.add(user)
    elif user.confirmed_at is not None or not user.active:
        raise Invalid("email", TAKEN)
    user.name, user.language, user.password = name, language, None
    return user


def _confirmed(email: str, name: str, language: str) -> User:
    """The same, confirmed at once: the links that were sent to confirm it before confirm nothing any more."""
    user = _unconfirmed(email, name, language)
    _forget_registrations(user)
    user.fs_uniquifier, user.confirmed_at = secrets.token_hex(32), utcnow()
    return user


def reachable_address(text: str | None) -> str:
    """The one spelling of an address that letters can be sent to; raises :class:`Invalid` for what is none."""
    address = validated_address("email", text)
    if not mail.is_reachable(address):
        raise Invalid("email", _("Our mail server cannot write to an address with such letters before the @."),
                      _("Give another address, written with the letters a to z."))
    return address


def known_address(text: str | None) -> str:
    """The spelling by which an account is found. What an earlier version kept otherwise, beside another account of the same address,
    is found as it is kept.
    """
    typed, address = trimmed(trimmed(text).lower()), spelt(text)
    if typed != address and session.scalar(sa.select(User.id).where(User.email == typed)):
        return typed
    return address


def get_user(fs_uniquifier: str) -> User | None:
    """Whose letters' keys carry this name."""
    return session.scalar(sa.select(User).where(User.fs_uniquifier == fs_uniquifier))


# Sessions


def open_session(user: User, agent: str = "", *, is_remembered: bool = False, is_factor_proven: bool = False) -> str:
    """The token of a new session, to be kept by the browser alone."""
    begin_writing()
    lock(user)
    user.signed_in_at, user.warned_at = utcnow(), None
    token = secrets.token_urlsafe(32)
    add_row(UserSession, user_id=user.id, token_hash=token_hash(token), agent=agent[:MAX_AGENT], is_remembered=is_remembered,
            is_factor_proven=is_factor_proven, opened_at=utcnow(), seen_at=utcnow())
    return token


def prove_session(user: User, token: str) -> str:
    """What the browser holds from now on to say that its reader has just shown who they are: nobody who copied its cookies before does."""
    begin_writing()
    lock(user)
    proof = secrets.token_urlsafe(32)
    of_token = sa.and_(UserSession.user_id == user.id, UserSession.token_hash == token_hash(token))
    session.execute(sa.update(UserSession).where(of_token).values(proved_at=utcnow(), proof_hash=token_hash(proof)))
    return proof


def is_of(token: str) -> dict[str, Any]:
    """The values of :func:`holds`."""
    now = utcnow()
    return {"token_hash": token_hash(token), "opened_after": now - SESSION_LASTS, "seen_after": now - UNSEEN_LASTS}


def holds() -> sa.ColumnElement[bool]:
    """Of a session: it is the token's, and not over."""
    moments = {name: sa.bindparam(name, type_=UserSession.opened_at.type) for name in ("opened_after", "seen_after")}
    return sa.and_(UserSession.token_hash == sa.bindparam("token_hash"), _lasts(**moments))


def _lasts(opened_after: Any, seen_after: Any) -> sa.ColumnElement[bool]:
    return sa.and_(UserSession.opened_at > opened_after, sa.or_(UserSession.is_remembered, UserSession.seen_at > seen_after))


@cache
def _of_session() -> sa.Select:
    known = (joinedload(User.appointments), joinedload(User.mandate), undefer(User.has_passkey))
    told = UserSession.id, UserSession.seen_at, UserSession.is_factor_proven, UserSession.proved_at, UserSession.proof_hash
    asked = sa.select(User, *told).join(UserSession, UserSession.user_id == User.id)
    return asked.where(User.active, holds()).options(*known)


def get_user_of_session(token: str, proof: str = "") -> tuple[User, int, datetime, datetime | None] | None:
    """(whose session it is, its id, when it was seen last, when its owner showed last who they are in the browser that holds ``proof``):
    asked at each request, with what the rules and the menus ask of a person: roles and mandate.
    """
    found = session.execute(_of_session(), is_of(token)).unique().all()
    if not found:
        return None
    user, id_, seen_at, user.is_proven_elsewhere, proved_at, proof_hash = found[0]
    return user, id_, seen_at, proved_at if hmac.compare_digest(proof_hash or "", token_hash(proof)) else None


def note_seen(session_id: int, seen_at: datetime) -> None:
    """Where it is worth a line, and nobody waits for it."""
    now = utcnow()
    if now - seen_at > SEEN_EVERY:
        write_if_free(sa.update(UserSession).where(UserSession.id == session_id, UserSession.seen_at == seen_at).values(seen_at=now))


def list_sessions(actor: Actor) -> list[UserSession]:
    """One's own, the last used first."""
    person, now = get_person(actor), utcnow()
    lasting = sa.select(UserSession).where(UserSession.user_id == person.id, _lasts(now - SESSION_LASTS, now - UNSEEN_LASTS))
    return list(session.scalars(lasting.order_by(UserSession.seen_at.desc(), UserSession.id.desc())))


@command
def end_sessions(_actor, user: User, *, ids: Collection[int]) -> User:
    """End some of one's own sessions: what their browsers hold opens nothing any more. What is over already is left alone."""
    lock(user)
    session.execute(sa.delete(UserSession).where(UserSession.user_id == user.id, UserSession.id.in_(ids)))
    return user


def hold_people(*people: Actor) -> None:
    """Those of several accounts whose sessions end or begin in one act, in the order of locks."""
    begin_writing()
    lock_all(User, User.id.in_([person.id for person in people if person.is_authenticated]))


def sign_out(user: User, session_id: int) -> None:
    """The session is over, whoever copied what its browser holds."""
    begin_writing()
    lock(user)
    session.execute(sa.delete(UserSession).where(UserSession.id == session_id))


@command
def end_sessions_of(_actor, user: User) -> User:
    """All of them, of somebody else: who lost a device, or whose account somebody got into."""
    lock(user)
    end_all_sessions(user)
    return user


def end_all_sessions(user: User) -> None:
    """After what a person may do has changed, or the password: they sign in again, wherever they were signed in. Who calls this holds
    the user already.
    """
    session.execute(sa.delete(UserSession).where(UserSession.user_id == user.id))


@command
def edit_profile(
    _actor, user: User, *, name: str, language: str, name_ar: str | None = None, function: str | None = None,
    is_name_public: bool = False, is_told_of_work: bool | None = None,
) -> User:
    """Correct one's own data (law 09-08, article 8); raises :class:`Invalid` for a name or a language that cannot be taken."""
    name = validated_name("name", name, max_length=MAX_NAME, missing=NAMELESS)
    if language not in LANGUAGES:
        raise Invalid("language", _("No such language."))
    name_ar, function = (validated_line(field, words, max_length=MAX_NAME) or None for field, words in (
        ("name_ar", name_ar), ("function", function)))
    is_named_otherwise = user.is_name_public and (not is_name_public or (user.name, user.name_ar) != (name, name_ar))
    user.name, user.name_ar, user.function = name, name_ar, function
    user.language, user.is_name_public = language, is_name_public
    if is_told_of_work is not None:
        user.is_told_of_work = is_told_of_work
    if is_named_otherwise:
        session.flush()
        events.no_longer_named(user)
    return user


def get_person(actor: Actor) -> User:
    """The person behind an actor; :class:`NotAllowed` for whoever has no account."""
    require(actor, Action.ACCOUNTS_EDIT_PROFILE, actor)
    return cast(User, actor)


def get_data(actor, user: User) -> dict:
    """What an account holds, for the person whom it is about; neither the password nor keys."""
    require(actor, Action.ACCOUNTS_EDIT_PROFILE, user)
    words = ("email", "name", "name_ar", "function", "language", "is_name_public", "is_told_of_work")
    moments = {name: moment.isoformat() if moment else None for name, moment in
               (("created_at", user.created_at), ("confirmed_at", user.confirmed_at))}
    roles = [{"role": a.role, "commission": a.commission and a.commission.title_fr, "since": a.appointed_at.isoformat()}
             for a in user.appointments]
    sessions = [{"browser": one.agent, "since": one.opened_at.isoformat(), "seen": one.seen_at.isoformat()} for one in list_sessions(actor)]
    factors = {
        "authenticator": bool(user.tf_totp_secret), "recovery_codes_left": len(user.mf_recovery_codes or ()),
        "passkeys": [{"name": one.name, "since": one.created_at.isoformat(), "used": one.lastuse_datetime.isoformat()}
                     for one in user.webauthn],
    }
    identities = [{"provider": one.issuer, "number": one.subject, "since": one.bound_at.isoformat(), "used": one.used_at.isoformat()}
                  for one in list_identities(actor, user)]
    return {**{name: getattr(user, name) for name in words}, **moments, "appointments": roles, "sessions": sessions,
            "second_factors": factors, "identities": identities}


def find_user(email: str) -> User | None:
    """By their address."""
    return session.scalar(sa.select(User).where(User.email == known_address(email)))


def get_confirmed_user(address: str) -> User | None:
    """Whoever has an account with this address, which they confirmed."""
    return session.scalar(sa.select(User).where(User.email == address, User.confirmed_at.is_not(None)))


def get_user_by_email(email: str) -> User:
    """Raises :class:`NotFound` when there is none."""
    user = find_user(email)
    if user is None:
        raise NotFound(_("There is no account with this address."))
    return user


__all__ = [
    "CODES", "add", "add_passkey", "bind_identity", "check_password", "confirm", "count_typed_passwords", "digest_of", "edit_profile",
    "end_all_sessions", "end_sessions", "end_sessions_of", "find_user", "forget_factors", "get_confirmed_user", "get_data",
    "get_identity", "get_passkey",
    "get_person", "get_registration", "get_user", "get_user_by_email", "get_user_of_identity", "get_user_of_session", "hash_password",
    "hold_people", "holds", "is_of", "is_recovery_code", "known_address", "list_identities", "list_sessions", "new_codes",
    "note_identity", "note_seen", "note_used", "open_session", "passkey_name", "prove_session", "reachable_address", "register",
    "register_by_provider", "remove_authenticator", "remove_passkey", "renew_recovery_codes", "reset_factors", "set_up_authenticator",
    "sign_out", "take_code", "token_hash", "unbind_identity", "use_recovery_code",
]
