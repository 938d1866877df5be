"""Accounts: registering, one's own data, organisations; signing in is Flask-Security's (see ``signin.py``)."""

import re
import secrets
import unicodedata
from functools import cache

import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlalchemy.orm import lazyload

from consult.accounts.models import Category, Organisation, Region, Sector, User
from consult.core.commands import command
from consult.core.db import session
from consult.core.errors import Invalid, NotFound
from consult.core.i18n import LANGUAGES, _, utcnow
from consult.core.permissions import Action, require
from consult.text.normalising import validated_text

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
    """Make one's own account; it stays closed until its address is confirmed."""
    return _made(email, name, language, password_hash=password_hash)


def _made(email: str, name: str, language: str, *, password_hash: str | None, **values) -> User:
    email, name = email.strip().lower(), _line("name", name, 200)
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
    return sa.select(User).where(User.fs_uniquifier == sa.bindparam("session_key")).options(lazyload(User.appointments))


def get_user_of_session(fs_uniquifier: str) -> User | None:
    """Asked at each request, so without the appointments: the page that needs them asks for them."""
    return session.scalar(_of_session(), {"session_key": fs_uniquifier})


def _line(field: str, typed: str | None, most: int) -> str:
    """One line of a name that will be published: nothing unseen in it, and no break that would begin another line of a letter."""
    return " ".join(validated_text(field, typed, max_length=most).split())


@command
def add_organisation(
    _actor, _target, *, short: str, name_fr: str, category: Category, sector: Sector, region: Region, slug: str | None = None, **values
) -> Organisation:
    """List an organisation; its ``slug`` comes from its French name when none is given, so one name is listed once."""
    short, name_fr = _line("short", short, 20), _line("name_fr", name_fr, 300)
    values |= {name: _line(name, values[name], 300) or None for name in ("name_ar", "name_en") if name in values}
    slug = slug or _slug_of(name_fr)
    if session.scalar(sa.select(Organisation.id).where(Organisation.slug == slug)):
        raise Invalid("name_fr", _("This organisation is already listed: choose it in the list."))
    organisation = Organisation(
        slug=slug, short=short, name_fr=name_fr, category=category, sector=sector, region=region, **values
    )
    session.add(organisation)
    return organisation


def _slug_of(name: str) -> str:
    """Lower case, without accents, in ASCII letters and digits; Arabic names keep their letters."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", "-", plain).strip("-")[:80] or f"organisation-{secrets.token_hex(4)}"


@command
def edit_profile(
    _actor, user: User, *, name: str, language: str, name_ar: str | None = None, function: str | None = None,
    is_name_public: bool = False, organisation: Organisation | None = None,
) -> User:
    """Correct one's own data (law 09-08, article 8); no organisation means that one speaks for oneself."""
    name = _line("name", name, 200)
    if not name:
        raise Invalid("name", _("Write your name: contributions are not anonymous."))
    if language not in LANGUAGES:
        raise Invalid("language", _("No such language."))
    user.name, user.name_ar = name, _line("name_ar", name_ar, 200) or None
    user.function = _line("function", function, 200) or None
    user.language, user.is_name_public, user.organisation = language, is_name_public, organisation
    return user


@command
def join(_actor, user: User, *, organisation: Organisation) -> User:
    """Speak for an organisation from now on; what was submitted before keeps its own."""
    user.organisation = organisation
    return user


def get_data(actor, user: User) -> dict:
    """What an account holds, for the person whom it is about; neither the password nor keys."""
    require(actor, Action.ACCOUNTS_EDIT_PROFILE, user)
    words = ("email", "name", "name_ar", "function", "language", "is_name_public")
    moments = {name: moment.isoformat() if moment else None for name, moment in
               (("created_at", user.created_at), ("confirmed_at", user.confirmed_at))}
    roles = [{"role": a.role, "commission": a.commission and a.commission.title_fr, "since": a.appointed_at.isoformat()}
             for a in user.appointments]
    return {**{name: getattr(user, name) for name in words}, **moments,
            "organisation": user.organisation and user.organisation.name_fr, "appointments": roles}


def list_organisations() -> list[Organisation]:
    return list(session.scalars(sa.select(Organisation).order_by(sa.func.lower(Organisation.name_fr))))


def get_user_by_email(email: str) -> User:
    user = session.scalar(sa.select(User).where(User.email == email.strip().lower()))
    if user is None:
        raise NotFound(_("There is no account with this address."))
    return user
