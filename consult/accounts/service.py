"""Accounts: registering and one's own data; signing in is Flask-Security's (see ``signin.py``)."""

import secrets
import unicodedata
from functools import cache
from typing import cast

import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlalchemy.orm import joinedload, lazyload

from consult.accounts.models import MAX_NAME, NAMELESS, Registration, User
from consult.core import mail
from consult.core.commands import command
from consult.core.db import scalar_count, session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import LANGUAGES, _, utcnow
from consult.core.locks import lock
from consult.core.permissions import Action, Actor, require
from consult.text.addresses import spelt, trimmed, validated_address
from consult.text.normalising import validated_line, validated_name

TAKEN = _("There is already an account with this address.")


def hash_password(password: str) -> str:
    """Argon2id with the library's defaults (RFC 9106), of the password as Flask-Security normalises it before it verifies."""
    return PasswordHasher().hash(unicodedata.normalize("NFKD", password))


@command
def add(_actor, _target, *, email: str, name: str, password: str | None = None, language: str = "fr", **values) -> User:
    """Make a confirmed account, also of one that was asked for and never confirmed: nothing but its address stays of that.

    Raises :class:`Invalid` for an address that is taken or not one.
    """
    user = _unconfirmed(email, name, language)
    _forget_registrations(user)
    user.fs_uniquifier = secrets.token_hex(32)  # the links that were sent to confirm it confirm nothing any more
    user.password, user.confirmed_at = hash_password(password) if password else None, utcnow()
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
def confirm(_actor, user: User, *, browser_key: str | None = None, password_hash: str | None = None, name: str | None = None) -> User:
    """The address is its owner's: whoever does this came by the link that was sent to it.

    Of what was typed to ask for the account, only what this very browser typed (``browser_key``) may give it a password. What others
    typed before or after goes; ``password_hash`` is of what the owner chooses now instead, and ``name`` is the one that they read and may
    have corrected. :class:`Conflict` when it is confirmed already, :class:`Invalid` for a name that is none.
    """
    lock(user, "confirmed_at")
    if user.confirmed_at is not None:
        raise Conflict(_("This address is confirmed already: sign in."))
    typed_here = get_registration(user, browser_key)
    read = None if name is None else validated_name("name", name, max_length=MAX_NAME, missing=NAMELESS)
    if typed_here is not None:
        user.name, user.language = typed_here.name, typed_here.language
    if read is not None:
        user.name = read
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
    if user is None:
        user = User(email=email, fs_uniquifier=secrets.token_hex(32))
        session.add(user)
    elif user.confirmed_at is not None or not user.active:
        raise Invalid("email", TAKEN)
    user.name, user.language, user.password = name, language, None
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


@cache
def _of_session() -> sa.Select:
    known = (lazyload(User.appointments), joinedload(User.membership))
    return sa.select(User).where(User.fs_uniquifier == sa.bindparam("session_key")).options(*known)


def get_user_of_session(fs_uniquifier: str) -> User | None:
    """Asked at each request, so without the appointments: the page that needs them asks for them. With the membership, for the rules."""
    return session.scalar(_of_session(), {"session_key": fs_uniquifier})


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
    user.name, user.name_ar, user.function = name, name_ar, function
    user.language, user.is_name_public = language, is_name_public
    if is_told_of_work is not None:
        user.is_told_of_work = is_told_of_work
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
    return {**{name: getattr(user, name) for name in words}, **moments, "appointments": roles}


def get_user_by_email(email: str) -> User:
    """Raises :class:`NotFound` when there is none."""
    user = session.scalar(sa.select(User).where(User.email == known_address(email)))
    if user is None:
        raise NotFound(_("There is no account with this address."))
    return user
