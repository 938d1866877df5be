"""Accounts: what the command line and the profile page do; signing in is Flask-Security's."""

import secrets

import sqlalchemy as sa
from argon2 import PasswordHasher

from consult.accounts.models import Category, Organisation, Region, Sector, User
from consult.core.commands import command
from consult.core.db import session
from consult.core.errors import Invalid, NotFound
from consult.core.i18n import LANGUAGES, _, utcnow


def hash_password(password: str) -> str:
    """Argon2id with the library's defaults (RFC 9106), in the form that Flask-Security verifies."""
    return PasswordHasher().hash(password)


@command
def add(_actor, _target, *, email: str, name: str, password: str | None = None, language: str = "fr", **values) -> User:
    """Make a confirmed account; raises :class:`Invalid` for an address that is taken or not one."""
    email = email.strip().lower()
    if "@" not in email:
        raise Invalid("email", _("This is not an e-mail address."))
    if session.scalar(sa.select(User.id).where(User.email == email)):
        raise Invalid("email", _("There is already an account with this address."))
    if language not in LANGUAGES:
        raise Invalid("language", _("No such language."))
    user = User(
        email=email, name=name.strip(), language=language, fs_uniquifier=secrets.token_hex(32), confirmed_at=utcnow(),
        password=hash_password(password) if password else None, **values,
    )
    session.add(user)
    return user


@command
def add_organisation(
    _actor, _target, *, slug: str, short: str, name_fr: str, category: Category, sector: Sector, region: Region, **values
) -> Organisation:
    if session.scalar(sa.select(Organisation.id).where(Organisation.slug == slug)):
        raise Invalid("name_fr", _("This organisation is already listed: choose it in the list."))
    organisation = Organisation(
        slug=slug, short=short, name_fr=name_fr, category=category, sector=sector, region=region, **values
    )
    session.add(organisation)
    return organisation


@command
def edit_profile(_actor, user: User, **values) -> User:
    """Correct one's own data (law 09-08, article 8)."""
    for name, value in values.items():
        setattr(user, name, value)
    return user


def list_organisations() -> list[Organisation]:
    return list(session.scalars(sa.select(Organisation).order_by(sa.func.lower(Organisation.name_fr))))


def get_organisation(slug: str) -> Organisation:
    organisation = session.scalar(sa.select(Organisation).where(Organisation.slug == slug))
    if organisation is None:
        raise NotFound
    return organisation


def get_user_by_email(email: str) -> User:
    user = session.scalar(sa.select(User).where(User.email == email.strip().lower()))
    if user is None:
        raise NotFound(_("There is no account with this address."))
    return user
