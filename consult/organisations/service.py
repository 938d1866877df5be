"""Organisations: listing one, speaking for one, speaking for oneself again."""

import hashlib

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value

from consult.accounts.models import User
from consult.core.commands import command
from consult.core.db import session
from consult.core.errors import Conflict, Invalid
from consult.core.i18n import _, utcnow
from consult.core.permissions import Action, require
from consult.organisations.models import MAX_NAME, MAX_SHORT, Category, Membership, Organisation, Region, Sector
from consult.text.normalising import name_key, validated_line, validated_name

MAX_SLUG = 80


@command
def add(
    _actor, _target, *, name_fr: str, category: Category, sector: Sector, region: Region, short: str = "",
    slug: str | None = None, **values
) -> Organisation:
    """List an organisation; raises :class:`Invalid` for a name that is listed or cannot be kept. One name is listed once."""
    if short := validated_line("short", short, max_length=MAX_SHORT):
        short = validated_name("short", short, max_length=MAX_SHORT, missing=_("Write its acronym, or leave this empty."))
    name_fr = validated_name("name_fr", name_fr, max_length=MAX_NAME, missing=_("Write its name."))
    values |= {name: validated_line(name, values[name], max_length=MAX_NAME) or None for name in ("name_ar", "name_en") if name in values}
    refuse_listed(name_fr)
    slug = slug or _slug_of(name_fr)
    organisation = Organisation(
        slug=slug, short=short, name_fr=name_fr, category=category, sector=sector, region=region, **values
    )
    session.add(organisation)
    return organisation


def refuse_listed(name: str) -> None:
    """Raises :class:`Invalid` for a name that is listed: the whole of it counts, not how it begins."""
    key = name_key(name)
    for listed in session.scalars(sa.select(Organisation.name_fr)):
        if name_key(listed) == key:
            raise Invalid("name_fr", _("“%(name)s” is already listed: choose it in the list.", name=listed),
                          _("If yours is another body, write its whole name, with its region or its town."))


def _slug_of(name: str) -> str:
    """Lower case, without accents, in ASCII letters and digits; Arabic names keep their letters. The same for the same name, at every
    moment; marked by a digest where letters alone do not tell it from another.
    """
    key = name_key(name)
    plain = "-".join(part for part in key.split() if part.isalnum())
    if len(plain) <= MAX_SLUG and plain == key.replace(" ", "-") and not _is_taken(plain):
        return plain
    return f"{plain[: MAX_SLUG - 9]}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def _is_taken(slug: str) -> bool:
    return session.scalar(sa.select(Organisation.id).where(Organisation.slug == slug)) is not None


@command
def join(_actor, user: User, *, organisation: Organisation) -> Membership:
    """Speak for an organisation from now on, and for no other; what was lodged before keeps its own.

    Raises :class:`Conflict` when the same person joins one elsewhere meanwhile.
    """
    if user.membership is not None and user.membership.organisation_id == organisation.id:
        return user.membership
    _end(user.membership)
    membership = Membership(user=user, organisation=organisation)
    session.add(membership)
    session.flush()
    set_committed_value(user, "membership", membership)
    return membership


@command
def leave(_actor, user: User) -> Membership:
    """Speak for oneself from now on; raises :class:`Conflict` for somebody who does already."""
    membership = user.membership
    if membership is None:
        raise Conflict(_("You speak for yourself already."), _("Choose an organisation on the page “My organisation” to speak for it."))
    _end(membership)
    set_committed_value(user, "membership", None)
    return membership


def _end(membership: Membership | None) -> None:
    """At once: the next one may not begin before the database knows that this one is over."""
    if membership is not None:
        membership.left_at = utcnow()
        session.flush()


def get_data(actor: User, user: User) -> dict:
    """For whom somebody speaks and spoke, for the file of their own data (law 09-08, article 7)."""
    require(actor, Action.ACCOUNTS_EDIT_PROFILE, user)
    held = session.scalars(sa.select(Membership).where(Membership.user_id == user.id).order_by(Membership.id))
    return {
        "organisation": user.organisation and user.organisation.name_fr,
        "memberships": [{"organisation": m.organisation.name_fr, "joined_at": m.joined_at.isoformat(),
                         "left_at": m.left_at and m.left_at.isoformat()} for m in held],
    }


def list_organisations() -> list[Organisation]:
    return list(session.scalars(sa.select(Organisation).order_by(sa.func.lower(Organisation.name_fr))))
