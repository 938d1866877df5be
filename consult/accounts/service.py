"""Accounts: registering and one's own data; signing in is Flask-Security's (see ``signin.py``)."""

import re
import secrets
import unicodedata
from functools import cache
from typing import cast

import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlalchemy.orm import joinedload, lazyload

from consult.accounts.models import User
from consult.core.commands import command
from consult.core.db import session
from consult.core.errors import Invalid, NotFound
from consult.core.i18n import LANGUAGES, _, utcnow
from consult.core.permissions import Action, Actor, require
from consult.text.normalising import validated_line

TAKEN = _("There is already an account with this address.")


def hash_password(password: str) -> str:
    """Argon2id with the library's defaults (RFC 9106), of the password as Flask-Security normalises it before it verifies."""
    return PasswordHasher().hash(unicodedata.normalize("NFKD", password))


@command
def add(_actor, _target, *, email: str, name: str, password: str | None = None, language: str = "fr", **values) -> User:
    """Make a confirmed account; raises :class:`Invalid` for an address that is taken or not one."""
    return _made(
        email, name, language, password_hash=hash_password(password) if password else None, confirmed_at=utcnow(), **values
    )


@command
def register(_actor, _target, *, email: str, name: str, password_hash: str | None = None, language: str = "fr") -> User:
    """Make one's own account, closed until its address is confirmed; :class:`Invalid` for what :func:`add` does not take either."""
    return _made(email, name, language, password_hash=password_hash)


def _made(email: str, name: str, language: str, *, password_hash: str | None, **values) -> User:
    email, name = email.strip().lower(), validated_line("name", name, max_length=200)
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise Invalid("email", _("This is not an e-mail address."))
    if session.scalar(sa.select(User.id).where(User.email == email)):
        raise Invalid("email", TAKEN)
    if language not in LANGUAGES:
        raise Invalid("language", _("No such language."))
    user = User(
        email=email, name=name, language=language, fs_uniquifier=secrets.token_hex(32), password=password_hash, **values
    )
    session.add(user)
    return user


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
    is_name_public: bool = False,
) -> User:
    """Correct one's own data (law 09-08, article 8); raises :class:`Invalid` for a name or a language that cannot be taken."""
    name = validated_line("name", name, max_length=200)
    if not name:
        raise Invalid("name", _("Write your name: contributions are not anonymous."))
    if language not in LANGUAGES:
        raise Invalid("language", _("No such language."))
    user.name, user.name_ar = name, validated_line("name_ar", name_ar, max_length=200) or None
    user.function = validated_line("function", function, max_length=200) or None
    user.language, user.is_name_public = language, is_name_public
    return user


def get_person(actor: Actor) -> User:
    """The person behind an actor; :class:`NotAllowed` for whoever has no account."""
    require(actor, Action.ACCOUNTS_EDIT_PROFILE, actor)
    return cast(User, actor)


def get_data(actor, user: User) -> dict:
    """What an account holds, for the person whom it is about; neither the password nor keys."""
    require(actor, Action.ACCOUNTS_EDIT_PROFILE, user)
    words = ("email", "name", "name_ar", "function", "language", "is_name_public")
    moments = {name: moment.isoformat() if moment else None for name, moment in
               (("created_at", user.created_at), ("confirmed_at", user.confirmed_at))}
    roles = [{"role": a.role, "commission": a.commission and a.commission.title_fr, "since": a.appointed_at.isoformat()}
             for a in user.appointments]
    return {**{name: getattr(user, name) for name in words}, **moments, "appointments": roles}


def get_user_by_email(email: str) -> User:
    """Raises :class:`NotFound` when there is none."""
    user = session.scalar(sa.select(User).where(User.email == email.strip().lower()))
    if user is None:
        raise NotFound(_("There is no account with this address."))
    return user
