"""Two entries of one body: one of them is merged into the other, with trace, for good.

What was lodged keeps the name with which it was signed, since no word of it is rewritten; the pointer ``merged_into`` says for which body
it counts, and a double has what the body is counted by (``COUNTED_BY``), so that whatever asks for a category need not know of doubles.
Who belongs to the double belongs to the body. The course is held: nobody lodges, joins or decides meanwhile.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from consult.accounts.models import User
from consult.core import tallies
from consult.core.commands import command
from consult.core.db import session
from consult.core.errors import Conflict, Invalid
from consult.core.i18n import _, utcnow
from consult.core.locks import list_locked, lock, lock_all
from consult.core.permissions import Action, Actor, require
from consult.core.states import move
from consult.organisations import events, finding
from consult.organisations.models import (
    COUNTED_BY,
    Mandate,
    MemberInvitation,
    Membership,
    MembershipState,
    Organisation,
    OrganisationState,
)
from consult.organisations.service.belonging import PRESENT, begin_mandate, tell_merged


@command
def merge(_actor: Actor, double: Organisation, *, into: Organisation, row_counter: int) -> Organisation:
    """What was said for the double counts for the body ``into`` from now on, and whoever belongs to it belongs to that; they are told.

    Raises :class:`Conflict` where it is merged already, or was changed since it was read; :class:`Invalid` (field ``into``) for itself.
    """
    lock_all(User, User.id.in_(sa.select(Membership.user_id).where(Membership.organisation_id == double.id)))
    hold(double, into)
    lock(double, "merged_into_id", expected_counter=row_counter)
    session.refresh(into, ["merged_into_id", *COUNTED_BY])
    require_single(double)
    if into.body.id == double.id:
        raise Invalid("into", _("This is the organisation itself."), _("Choose the other entry, of the same body."))
    body = into.body
    former = [double, *double.doubles]
    double.details_in_act = {"into": body.slug, **{f"{label}_moved": number for label, number in _count_people(double).items()}}
    _move_invitations(double, body)
    _move_people(double, body)
    with tallies.together(), described_anew(former):
        for one in former:
            one.merged_into = body
            follow(one, body)
    session.expire(body, ["doubles"])
    session.expire(double, ["doubles"])
    finding.note_words(double)
    session.flush()
    finding.note_words(body)
    return double


def hold(*organisations: Organisation) -> None:
    """Their rows and those of their doubles; which these are, only an act that is alone changes."""
    ids = [one.id for one in organisations]
    lock_all(Organisation, Organisation.id.in_(session.scalars(sa.select(Organisation.id).where(
        sa.or_(Organisation.id.in_(ids), Organisation.merged_into_id.in_(ids)))).all()))


def require_single(organisation: Organisation) -> None:
    """:class:`Conflict` for a double, which stands under the name of its body."""
    if organisation.merged_into_id is not None:
        raise Conflict(_("This organisation is merged into another already."), _("Look for the other one: it has all that belonged to it."))


def described_anew(organisations: Sequence[Organisation]) -> ExitStack:
    """The counts of what was said for them follow what is changed in here."""
    kept = ExitStack()
    for one in events.recounted([organisation.id for organisation in organisations]):
        kept.enter_context(one)
    return kept


def follow(double: Organisation, body: Organisation) -> None:
    """It is counted as the body is, and as confirmed as that; raises no :class:`Conflict` but where it is confirmed meanwhile."""
    for name in COUNTED_BY:
        setattr(double, name, getattr(body, name))
    if double.state.awaits_confirmation and not body.state.awaits_confirmation:
        move(double, OrganisationState.CONFIRMED)
        double.confirmed_at = utcnow()


def _move_people(double: Organisation, body: Organisation) -> None:
    """Of each of them, whose rows are held: a mandate begins anew, for what is left of its term."""
    now = utcnow()
    for membership in list_locked(Membership, Membership.organisation_id == double.id):
        membership.organisation = body
        session.flush()
        held = membership.user.mandate if membership.left_at is None else None
        if held is not None and held.organisation_id == double.id:
            begins_at, ends_at = max(now, held.begins_at), held.ends_at
            if ends_at is None or ends_at > begins_at:
                begin_mandate(membership.user, body, ends_at, begins_at)
        if membership.left_at is None:
            tell_merged(membership, double)


def _move_invitations(double: Organisation, body: Organisation) -> None:
    """Those that wait are to the body; the links of their letters are the same."""
    for invitation in list_locked(MemberInvitation, MemberInvitation.organisation_id == double.id):
        invitation.organisation = body
    session.flush()


def _count_people(double: Organisation) -> dict[str, int]:
    states = dict(session.execute(sa.select(Membership.state, sa.func.count()).where(
        Membership.organisation_id == double.id, PRESENT).group_by(Membership.state)).all())
    mandates = session.scalar(sa.select(sa.func.count()).select_from(Mandate).where(
        Mandate.organisation_id == double.id, Mandate.ended_at.is_(None)))
    return {"members": states.get(MembershipState.MEMBER, 0), "requests": states.get(MembershipState.ASKED, 0), "mandates": mandates or 0}


# Reading


@dataclass(frozen=True)
class Merger:
    """What a merger would move: what it is called, and how many."""

    double: Organisation
    into: Organisation
    moves: list[tuple[Any, int]]


def get_merger(actor: Actor, double: Organisation, into: Organisation) -> Merger:
    """Before it is done: it cannot be undone. Raises :class:`Conflict` for a double."""
    require(actor, Action.ORGANISATIONS_MERGE, double)
    require_single(double)
    people = _count_people(double)
    moves = [(_("Members"), people["members"]), (_("Requests to join"), people["requests"]), (_("Mandates"), people["mandates"])]
    return Merger(double, into, [*moves, *(line for lines in events.said_for(double) for line in lines)])
