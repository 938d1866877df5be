"""Organisations: listing one, belonging to one and signing for it; the secretariat's register of them."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from consult.accounts.models import User
from consult.core import audit, tallies
from consult.core.commands import command
from consult.core.db import session
from consult.core.errors import Invalid, NotFound
from consult.core.i18n import _, utcnow
from consult.core.locks import lock
from consult.core.paging import ENTRY_PAGE_SIZE, Cursor, Page, falling, get_page
from consult.core.permissions import Action, Actor, require
from consult.core.states import move
from consult.organisations import finding
from consult.organisations.models import (
    MAX_NAME,
    MAX_SHORT,
    MAX_SLUG,
    MAX_WEBSITE,
    MembershipState,
    Organisation,
    OrganisationState,
    Region,
    Sector,
)
from consult.organisations.service import belonging, merging
from consult.organisations.service.belonging import (
    accept,
    count_all_requests,
    count_requests,
    drop_mandate,
    end_mandate,
    end_membership,
    get_data,
    get_mandate,
    get_membership,
    is_signed_for,
    join,
    leave,
    list_mandates,
    list_members,
    list_signing,
    mandate,
    require_mandate,
)
from consult.organisations.service.inviting import (
    accept_invitation,
    enrol,
    get_invitation,
    get_open_invitation,
    invite,
    invite_again,
    list_invitations,
    withdraw_invitation,
)
from consult.organisations.service.merging import get_merger, merge
from consult.text.normalising import name_key, validated_line, validated_name

__all__ = [
    "accept", "accept_invitation", "add", "confirm", "correct", "count_all_requests", "count_awaiting", "count_requests", "drop_mandate",
    "end_mandate", "end_membership", "enrol", "enter", "get_data", "get_for_correction", "get_invitation", "get_mandate", "get_membership",
    "get_merger", "get_open_invitation", "get_organisation", "invite", "invite_again", "is_signed_for", "join", "leave",
    "list_corrections", "list_invitations", "list_mandates", "list_members", "list_register", "list_signing", "mandate", "merge",
    "require_mandate", "withdraw_invitation",
]

SITE = re.compile(r"https?://[^\s/@\"<>]+\.[^\s\"<>]+", re.IGNORECASE)
NAMES = ("name_fr", "name_ar", "name_en")
WAS, IS = "_was", "_is"  # behind the name of a field, in the event of a correction
CORRECTING = (Action.ORGANISATIONS_CONFIRM, Action.ORGANISATIONS_CORRECT, Action.ORGANISATIONS_MERGE)
SHOWN_CORRECTIONS = 50


@command
def add(
    actor: Actor, _target: None, *, slug: str | None = None, ecosystem: str | None = None, is_another: bool = False, **values: Any,
) -> Organisation:
    """List an organisation; raises :class:`Invalid` for a name that is listed or cannot be kept, and :class:`PerhapsListed` for one that
    is much like another's unless whoever lists it ``is_another`` says so. One name is listed once, :class:`Conflict` at one moment too.

    ``values`` are those of :func:`particulars`, and ``category``. Whoever lists one that nobody listed declares that they represent it,
    and signs for it, as one that is to be confirmed. What the platform's own operator lists needs no confirming.
    """
    kept = particulars(values)
    if isinstance(actor, User):
        lock(actor)
        actor.read_anew()
    refuse_listed(kept)
    if not is_another and (near := finding.list_alike([kept[name] for name in NAMES if kept.get(name)], kept["short"])):
        raise PerhapsListed(near)
    organisation = Organisation(
        slug=slug or _slug_of(kept["name_fr"]), ecosystem=ecosystem, category=values["category"], state=OrganisationState.LISTED, **kept)
    if actor.is_system:
        move(organisation, OrganisationState.CONFIRMED)
        organisation.confirmed_at = utcnow()
    session.add(organisation)
    session.flush()
    finding.note_words(organisation)
    if isinstance(actor, User):
        belonging.begin(actor, organisation, MembershipState.MEMBER)
        belonging.begin_mandate(actor, organisation)
    return organisation


@command
def enter(_actor: Actor, _consultation: Any, *, name: str, category: Any) -> Organisation:
    """List one for which somebody spoke elsewhere, as one that is to be confirmed: nobody signs for it. Its sector and its region are
    those that leave everything open, until the secretariat corrects them. :class:`Invalid` for a name that is listed or cannot be kept.
    """
    kept = particulars({"name_fr": name, "sector": Sector.CROSS_SECTOR, "region": Region.NATIONAL})
    refuse_listed(kept)
    organisation = Organisation(slug=_slug_of(kept["name_fr"]), category=category, state=OrganisationState.LISTED, **kept)
    session.add(organisation)
    session.flush()
    finding.note_words(organisation)
    return organisation


@command
def confirm(_actor: Actor, organisation: Organisation) -> Organisation:
    """There is such a body, of that name: said once, by the secretariat; :class:`Conflict` where it was said already."""
    merging.hold(organisation)
    lock(organisation, "merged_into_id")
    merging.require_single(organisation)
    move(organisation, OrganisationState.CONFIRMED)
    organisation.confirmed_at = utcnow()
    for double in organisation.doubles:
        merging.follow(double, organisation)
    return organisation


@command
def correct(_actor: Actor, organisation: Organisation, *, row_counter: int, **values: Any) -> Organisation:
    """Other names, or another description of the same body (all of :func:`particulars`, and ``category``); what was lodged for it stays
    lodged for it, and is counted in its category. The event says what stood there and what stands there now.

    Raises :class:`Conflict` when somebody else corrected it since it was read or it is merged into another, :class:`Invalid` as
    :func:`add` does.
    """
    merging.hold(organisation)
    lock(organisation, "merged_into_id", expected_counter=row_counter)
    merging.require_single(organisation)
    kept = {**particulars(values), "category": values.get("category", organisation.category)}
    refuse_listed(kept, but=organisation)
    changed = {name: (_plain(getattr(organisation, name)), _plain(value)) for name, value in kept.items()
               if getattr(organisation, name) != value}
    of_one_body = [organisation, *organisation.doubles]
    with tallies.together(), merging.described_anew(of_one_body if "category" in changed else ()):
        for name, value in kept.items():
            setattr(organisation, name, value)
        for double in organisation.doubles:
            merging.follow(double, organisation)
    session.flush()
    finding.note_words(organisation)
    organisation.details_in_act = {f"{name}{end}": value for name, pair in changed.items()
                                   for end, value in zip((WAS, IS), pair, strict=True)}
    return organisation


def _plain(value: Any) -> str:
    """As the journal keeps it."""
    return str(value or "")


@dataclass(frozen=True)
class Correction:
    """One act of the secretariat on an organisation: when, which act, and of what it changed (name of the field, what was, what is)."""

    at: datetime
    action: str
    name: str  # under which it stood then, or that of the double
    fields: list[tuple[str, str, str]]


def list_corrections(actor: Actor, organisation: Organisation) -> list[Correction]:
    """The newest first, at most :data:`SHOWN_CORRECTIONS`; read out of the journal."""
    require(actor, Action.ORGANISATIONS_CORRECT, organisation)
    events = sa.select(audit.AuditEvent).where(
        audit.AuditEvent.subject == Organisation.__tablename__, audit.AuditEvent.action.in_(CORRECTING),
        audit.AuditEvent.subject_id.in_([organisation.id, *(double.id for double in organisation.doubles)]))
    return [Correction(event.at, event.action, str(event.details.get("name", "")), [
        (name.removesuffix(WAS), str(event.details[name]), str(event.details.get(name.removesuffix(WAS) + IS, "")))
        for name in event.details if name.endswith(WAS)])
        for event in session.scalars(events.order_by(audit.AuditEvent.id.desc()).limit(SHOWN_CORRECTIONS))]


def particulars(values: Mapping[str, Any]) -> dict[str, Any]:
    """Its names in French, Arabic and English, ``short``, ``sector``, ``region``, ``size`` and ``website``, as they can be kept;
    :class:`Invalid` says of which field it cannot.
    """
    kept: dict[str, Any] = {"sector": values["sector"], "region": values["region"], "size": values.get("size")}
    kept["name_fr"] = validated_name("name_fr", values["name_fr"], max_length=MAX_NAME, missing=_("Write its name."))
    for name in ("name_ar", "name_en"):
        kept[name] = validated_line(name, values.get(name), max_length=MAX_NAME) or None
    if short := validated_line("short", values.get("short"), max_length=MAX_SHORT):
        short = validated_name("short", short, max_length=MAX_SHORT, missing=_("Write its acronym, or leave this empty."))
    website = validated_line("website", values.get("website"), max_length=MAX_WEBSITE) or None
    if website and not SITE.fullmatch(website):
        raise Invalid("website", _("This is no address of a website."),
                      _("Write it whole, as https://www.example.ma, or leave this empty."))
    return {**kept, "short": short, "website": website}


class PerhapsListed(Invalid):
    """It is much like ``near``, which are listed: whoever lists it says whether it is one of these."""

    def __init__(self, near: list[Organisation]) -> None:
        super().__init__("name_fr", _("It may be listed already, under a name much like this one."),
                         _("Choose it below, or say that yours is another body."))
        self.near = near


def refuse_listed(kept: Mapping[str, Any], *, but: Organisation | None = None) -> None:
    """Raises :class:`Invalid` for a name that another organisation has, in whatever language: the whole of it counts."""
    for field in NAMES:
        for listed in finding.list_same([kept[field]]) if kept[field] else ():
            if listed is not but:
                raise Invalid(field, _("“%(name)s” is already listed: choose it in the list.", name=kept[field]),
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


def get_organisation(slug: str) -> Organisation:
    """That into which it was merged, where it was; raises :class:`NotFound`."""
    found = session.scalar(sa.select(Organisation).where(Organisation.slug == slug))
    if found is None:
        raise NotFound(_("There is no such organisation."))
    return found.body


def get_of_member(actor: Actor) -> Organisation | None:
    """Of which somebody is a member; None for visitors and whoever belongs to none."""
    own = actor.member_of_id if actor.is_authenticated else None
    return session.get(Organisation, own) if own is not None else None


def get_for_correction(actor: Actor, slug: str) -> Organisation:
    """Raises :class:`NotFound`, :class:`NotAllowed`."""
    organisation = get_organisation(slug)
    require(actor, Action.ORGANISATIONS_CORRECT, organisation)
    return organisation


def list_register(
    actor: Actor, consultation: Any, state: OrganisationState | None = None, *, asked: bool = False, after: Cursor | None = None,
) -> Page[Organisation]:
    """All of them, those in one state, those that somebody asks to join; those that were listed last first. Doubles are no entries."""
    require(actor, Action.ORGANISATIONS_VIEW_REGISTER, consultation)
    chosen = sa.select(Organisation).where(Organisation.merged_into_id.is_(None)).options(selectinload(Organisation.doubles))
    if state is not None:
        chosen = chosen.where(Organisation.state == state)
    if asked:
        chosen = chosen.where(belonging.is_asked_for())
    return get_page(chosen, falling(Organisation.id), after=after, size=ENTRY_PAGE_SIZE)


def count_awaiting(actor: Actor, consultation: Any) -> int:
    require(actor, Action.ORGANISATIONS_VIEW_REGISTER, consultation)
    return session.scalar(sa.select(sa.func.count()).select_from(Organisation).where(
        Organisation.merged_into_id.is_(None), Organisation.state.in_(OrganisationState.where(awaits_confirmation=True)))) or 0
