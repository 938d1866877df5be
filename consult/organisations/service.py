"""Organisations: listing one, speaking for one, speaking for oneself again."""

import re
import secrets
import unicodedata

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value

from consult.accounts.models import User
from consult.core.commands import command
from consult.core.db import session
from consult.core.errors import Conflict, Invalid
from consult.core.i18n import _, utcnow
from consult.core.permissions import Action, require
from consult.organisations.models import Category, Membership, Organisation, Region, Sector
from consult.text.normalising import validated_line


@command
def add(
    _actor, _target, *, short: str, name_fr: str, category: Category, sector: Sector, region: Region, slug: str | None = None, **values
) -> Organisation:
    """List an organisation; raises :class:`Invalid` for a name that is listed or cannot be kept.

    Its ``slug`` comes from its French name when none is given, so one name is listed once.
    """
    short, name_fr = validated_line("short", short, max_length=20), validated_line("name_fr", name_fr, max_length=300)
    values |= {name: validated_line(name, values[name], max_length=300) or None for name in ("name_ar", "name_en") if name in values}
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
