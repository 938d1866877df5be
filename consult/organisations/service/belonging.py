"""Who belongs to an organisation, and who may sign for it: asked, accepted, mandated for a time, ended; nobody by themselves alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, lazyload
from sqlalchemy.orm.attributes import set_committed_value

from consult.accounts.models import User
from consult.core import mail
from consult.core.commands import command
from consult.core.db import scalar_count, session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import _, utcnow
from consult.core.jobs import later
from consult.core.locks import lock
from consult.core.news import Topic
from consult.core.paging import ENTRY_PAGE_SIZE, Cursor, Page, get_page, rising
from consult.core.permissions import Action, Actor, can, require
from consult.core.states import move
from consult.organisations import jobs
from consult.organisations.models import MAX_STATEMENT, Mandate, Membership, MembershipState, Organisation
from consult.text.normalising import validated_line

PRESENT = Membership.left_at.is_(None)
ASKED = Membership.state == MembershipState.ASKED


@command
def join(_actor: Actor, user: User, *, organisation: Organisation, statement: str = "") -> Membership:
    """Ask to belong to an organisation, and to no other; its representatives are told, once for each who asks. What was lodged before
    keeps its own.

    Raises :class:`Invalid` (field ``statement``), :class:`Conflict` when the same person joins one elsewhere meanwhile.
    """
    said = validated_line("statement", statement, max_length=MAX_STATEMENT)
    lock(user)  # what they lodge at this moment is lodged before or after
    user.read_anew()
    organisation = present_body(organisation)
    if user.membership is not None and user.membership.organisation_id == organisation.id:
        return user.membership
    known = Membership.user_id == user.id, Membership.organisation_id == organisation.id, Membership.told_at.is_not(None)
    is_known = session.scalar(sa.select(Membership.id).where(*known).limit(1)) is not None
    membership = begin(user, organisation, MembershipState.ASKED, said)
    if not is_known:
        later(jobs.tell_asked, membership)
    return membership


def present_body(organisation: Organisation) -> Organisation:
    """That into which it was merged meanwhile, or itself: an act that steers is alone, and nobody merges it while this is done."""
    session.refresh(organisation, ["merged_into_id"])
    return organisation.body


def begin(user: User, organisation: Organisation, state: MembershipState, statement: str = "") -> Membership:
    """Whoever holds the person's row ends what was before: the next one may not begin before the database knows that it is over.

    Raises :class:`Conflict` where what they held is over already.
    """
    _end(user)
    membership = Membership(user=user, organisation=organisation, state=state, statement=statement)
    session.add(membership)
    session.flush()
    set_committed_value(user, "membership", membership)
    return membership


@command
def leave(_actor: Actor, user: User) -> Membership:
    """Speak for oneself from now on; raises :class:`Conflict` for somebody who does already."""
    lock(user)
    user.read_anew()
    membership = user.membership
    if membership is None:
        raise Conflict(_("You speak for yourself already."), _("Choose an organisation on the page “My organisation” to speak for it."))
    _end(user)
    return membership


@command
def accept(_actor: Actor, membership: Membership) -> Membership:
    """They are one of its members from now on, and told so; :class:`Conflict` where it was answered already."""
    _hold(membership)
    move(membership, MembershipState.MEMBER)
    tell(membership, "accepted")
    return membership


@command
def end_membership(_actor: Actor, membership: Membership) -> Membership:
    """Refuse whoever asked, let go whoever belonged, with their mandate; both are told. :class:`Conflict` where it is over already."""
    _hold(membership)
    was_asked = membership.state.awaits_answer
    if not (was_asked or membership.state.is_member):
        raise Conflict(_("This membership is over already."))
    _end(membership.user, MembershipState.REFUSED if was_asked else MembershipState.LEFT)
    tell(membership, "refused" if was_asked else "ended")
    return membership


@command
def mandate(
    _actor: Actor, membership: Membership, *, ends_at: datetime | None = None, begins_at: datetime | None = None,
) -> Mandate:
    """A member may sign for the organisation from now on or from ``begins_at``, until ``ends_at``; one that they held is replaced.

    Raises :class:`Invalid` (field ``ends_on``, ``begins_on``) for an end that is over or comes before the beginning, and for a beginning to
    come while they hold one that is in force: one person holds one mandate. :class:`Conflict` for whoever is no member.
    """
    _hold(membership)
    now = utcnow()
    if not membership.state.is_member:
        raise Conflict(_("Only a member can be mandated."), _("Accept them first, or ask them to join the organisation."))
    begins = max(now, begins_at or now)
    if ends_at is not None and ends_at <= now:
        raise Invalid("ends_on", _("This day is over."), _("Choose a day to come, or leave this empty."))
    if ends_at is not None and ends_at <= begins:
        raise Invalid("ends_on", _("This day comes before the one on which the mandate begins."),
                      _("Choose a later day, or leave this empty."))
    held = membership.user.mandate
    if begins > now and held is not None and held.is_in_force:
        raise Invalid("begins_on", _("They hold a mandate today, and nobody holds two."),
                      _("End that one first, or leave the beginning empty: the new one takes its place at once."))
    given = begin_mandate(membership.user, membership.organisation, ends_at, begins)
    tell(membership, "mandated", ends_at=ends_at, begins_at=begins if begins > now else None)
    return given


def begin_mandate(
    user: User, organisation: Organisation, ends_at: datetime | None = None, begins_at: datetime | None = None,
) -> Mandate:
    """Of whoever holds the person's row."""
    drop_mandate(user)
    given = Mandate(user=user, organisation=organisation, begins_at=begins_at or utcnow(), ends_at=ends_at)
    session.add(given)
    session.flush()
    set_committed_value(user, "mandate", given)
    return given


@command
def end_mandate(_actor: Actor, mandate: Mandate) -> Mandate:
    """They sign for it no more, and are told; what they signed stays signed. :class:`Conflict` where it is over already."""
    lock(mandate.user)
    mandate.user.read_anew()
    if mandate.user.mandate is not mandate:
        raise Conflict(_("This mandate is over already."))
    drop_mandate(mandate.user)
    if mandate.user.membership is not None:
        tell(mandate.user.membership, "unmandated")
    return mandate


def require_mandate(actor: User, organisation: Organisation) -> None:
    """:class:`Invalid` (field ``speak_as``) where they may not sign for it, asked anew: the mandate may be over, or to come."""
    actor.read_anew()
    if organisation.id != actor.organisation_id:
        raise Invalid("speak_as", _("You hold no mandate to sign for this organisation."),
                      _("Choose your own name, or ask one of its mandated representatives."))


def _hold(membership: Membership) -> None:
    """Its person's row is held, as whoever joins, leaves or signs holds it; and it is as it is now."""
    lock(membership.user)
    membership.user.read_anew()
    session.refresh(membership, ["state", "left_at", "organisation_id", "organisation"])


def _end(user: User, state: MembershipState = MembershipState.LEFT) -> None:
    drop_mandate(user)
    if (membership := user.membership) is not None:
        move(membership, state)
        membership.left_at = utcnow()
        session.flush()
        set_committed_value(user, "membership", None)


def drop_mandate(user: User) -> None:
    """Of whoever holds the person's row. One that has not begun ends as it begins: it was in force at no moment."""
    if user.mandate is not None:
        user.mandate.ended_at = max(utcnow(), user.mandate.begins_at)
        session.flush()
        set_committed_value(user, "mandate", None)


def tell(membership: Membership, change: str, ends_at: datetime | None = None, begins_at: datetime | None = None) -> None:
    mail.write(membership.user, "organisations/membership", topic=Topic.BELONGING, change=change,
               organisation=membership.organisation, ends_at=ends_at, begins_at=begins_at)


def tell_merged(membership: Membership, double: Organisation) -> None:
    mail.write(membership.user, "organisations/merged", topic=Topic.BELONGING, organisation=double, body=membership.organisation)


# Reading


def is_signed_for(organisation_id: Any) -> sa.ColumnElement[bool]:
    """Of an organisation: somebody holds a mandate of it that is in force."""
    now = utcnow()
    return sa.exists().where(Mandate.organisation_id == organisation_id, Mandate.ended_at.is_(None), Mandate.begins_at <= now,
                             sa.or_(Mandate.ends_at.is_(None), Mandate.ends_at > now))


def list_signing(organisation_id: int) -> list[User]:
    """Who may sign for it at this moment, for letters to them."""
    return [one.user for one in jobs.list_in_force(session.get_one(Organisation, organisation_id))]


def list_mandates(actor: Actor, organisation: Organisation) -> list[Mandate]:
    """Those in force and those that are to begin, the oldest first."""
    require(actor, Action.ORGANISATIONS_VIEW_MEMBERS, organisation)
    return jobs.list_not_over(organisation)


def list_members(actor: Actor, organisation: Organisation, *, after: Cursor | None = None) -> Page[Membership]:
    """Who belongs to it, and who asked to, those who asked first."""
    require(actor, Action.ORGANISATIONS_VIEW_MEMBERS, organisation)
    asked = sa.case((Membership.state == MembershipState.ASKED, 0), else_=1)
    present = sa.select(Membership).where(Membership.organisation_id == organisation.id, PRESENT).options(
        lazyload(Membership.organisation), joinedload(Membership.user).lazyload(User.appointments))
    return get_page(present, rising(asked, Membership.id), after=after, size=ENTRY_PAGE_SIZE)


def count_requests(organisation_ids: Sequence[int]) -> dict[int, int]:
    """How many ask to belong to each of these organisations, where anybody does."""
    asked = sa.select(Membership.organisation_id, sa.func.count()).where(ASKED, Membership.organisation_id.in_(organisation_ids))
    return dict(session.execute(asked.group_by(Membership.organisation_id)).all())


def count_all_requests() -> int:
    """How many ask to belong to any."""
    return scalar_count(sa.select(sa.func.count()).select_from(Membership).where(ASKED))


def is_asked_for() -> sa.ColumnElement[bool]:
    """Of an organisation: somebody asks to belong to it."""
    return sa.exists().where(Membership.organisation_id == Organisation.id, ASKED)


def get_membership(actor: Actor, id_: int) -> Membership:
    """Raises :class:`NotFound`, for those of other organisations too: that somebody belongs to one is nobody else's business."""
    found = session.get(Membership, id_)
    if found is None or not can(actor, Action.ORGANISATIONS_VIEW_MEMBERS, found.organisation):
        raise NotFound(_("There is no such member."))
    return found


def get_mandate(actor: Actor, id_: int) -> Mandate:
    """As :func:`get_membership`; raises :class:`NotFound`."""
    found = session.get(Mandate, id_)
    if found is None or not can(actor, Action.ORGANISATIONS_VIEW_MEMBERS, found.organisation):
        raise NotFound(_("There is no such mandate."))
    return found


def get_data(actor: Actor, user: User) -> dict[str, Any]:
    """To which organisations somebody belongs and belonged, and their mandates, for the file of their own data (law 09-08, article 7)."""
    require(actor, Action.ACCOUNTS_EDIT_PROFILE, user)
    held = session.scalars(sa.select(Membership).where(Membership.user_id == user.id).order_by(Membership.id))
    given = session.scalars(sa.select(Mandate).where(Mandate.user_id == user.id).order_by(Mandate.id))
    return {
        "organisation": user.organisation and user.organisation.name_fr,
        "memberships": [{"organisation": m.organisation.name_fr, "state": m.state.value, "statement": m.statement,
                         "joined_at": m.joined_at.isoformat(), "left_at": m.left_at and m.left_at.isoformat()} for m in held],
        "mandates": [{"organisation": one.organisation.name_fr, "begins_at": one.begins_at.isoformat(),
                      "ends_at": one.ends_at and one.ends_at.isoformat(), "ended_at": one.ended_at and one.ended_at.isoformat()}
                     for one in given],
    }
