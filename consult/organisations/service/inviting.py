"""Asking somebody, by a letter, to be a member of an organisation: whoever may accept its members invites, and whoever accepts is one."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, lazyload

from consult.accounts import service as accounts
from consult.accounts.models import InvitationState, User
from consult.accounts.service import inviting as letters
from consult.core.commands import command
from consult.core.db import scalar_count, session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import LANGUAGES, _, utcnow
from consult.core.locks import lock
from consult.core.news import Topic
from consult.core.paging import ENTRY_PAGE_SIZE, Cursor, Page, falling, get_page
from consult.core.permissions import SYSTEM, Action, Actor, can, require
from consult.core.states import move
from consult.organisations.models import MemberInvitation, Membership, MembershipState, Organisation
from consult.organisations.service.belonging import PRESENT, begin, tell

MAX_OF_ORGANISATION = 50  # letters in a day, to whomever; of one person as well, however many organisations they list
TEMPLATE = "organisations/invitation"


@command
def invite(actor: Actor, organisation: Organisation, *, email: str, language: str = "fr") -> MemberInvitation:
    """Write to an address, whether or not it has an account, which is told to nobody.

    Raises :class:`Invalid` for what is no address, for whoever is a member or asked to be, is invited already or was written to too often,
    and where the organisation sent too many letters today. Its members are no secret to whoever may invite.
    """
    accounts.reachable_address(email)
    address = accounts.known_address(email)
    if language not in LANGUAGES:
        raise Invalid("language", _("No such language."))
    lock(organisation)
    state = session.scalar(sa.select(Membership.state).join(Membership.user).where(
        User.email == address, Membership.organisation_id == organisation.id, PRESENT))
    if state is not None:
        raise Invalid("email", _("This person is a member already.") if state.is_member else _("This person has asked to join already."),
                      _("They stand in the list of members."))
    if letters.is_waiting(MemberInvitation, MemberInvitation.address == address, MemberInvitation.organisation_id == organisation.id):
        raise Invalid("email", _("This address is invited already."), _("Send that invitation once more, or withdraw it."))
    _check_pace(actor, organisation, address)
    return letters.send_invitation(
        actor, MemberInvitation(organisation=organisation, address=address, language=language), TEMPLATE, Topic.BELONGING)


@command
def invite_again(actor: Actor, invitation: MemberInvitation) -> MemberInvitation:
    """By a new letter: the former link ends. Raises :class:`Conflict` for one that was accepted or withdrawn, :class:`Invalid` as
    :func:`invite`.
    """
    lock(invitation.organisation)
    _check_pace(actor, invitation.organisation, invitation.address)
    letters.end_invitation(invitation, InvitationState.REPLACED)
    again = MemberInvitation(organisation=invitation.organisation, address=invitation.address, language=invitation.language)
    return letters.send_invitation(actor, again, TEMPLATE, Topic.BELONGING)


@command
def withdraw_invitation(_actor: Actor, invitation: MemberInvitation) -> MemberInvitation:
    """Raises :class:`Conflict` for one that was accepted or replaced."""
    lock(invitation.organisation)
    letters.end_invitation(invitation, InvitationState.WITHDRAWN)
    return invitation


@command
def enrol(_actor: Actor, invitation: MemberInvitation, *, name: str, language: str) -> User:
    """Make the account of whoever holds the letter, its address confirmed by that, and accept in its name.

    Raises :class:`Conflict` where the link opens nothing any more, or where there is an account by now; :class:`Invalid` for a name or a
    language that cannot be taken.
    """
    session.refresh(invitation, ["state", "expires_at"])
    check_open(invitation)
    letters.require_no_account(invitation)
    user: User = accounts.add(SYSTEM, None, email=invitation.address, name=name, language=language)
    accept_invitation(user, invitation)
    return user


@command
def accept_invitation(actor: User, invitation: MemberInvitation) -> MemberInvitation:
    """A member from now on: of what they belonged to before they are one no more, and their mandate there is over.

    Raises :class:`Conflict` where the link opens nothing any more or whoever invited may invite no more, :class:`NotAllowed` for anybody
    else than the invited person.
    """
    lock(actor)
    actor.read_anew()
    lock(invitation.organisation)
    lock(invitation, "state", "expires_at")
    check_open(invitation)
    held = actor.membership
    if held is not None and held.organisation_id == invitation.organisation_id:
        if held.state.awaits_answer:
            move(held, MembershipState.MEMBER)
            tell(held, "accepted")
    else:
        begin(actor, invitation.organisation, MembershipState.MEMBER)
    move(invitation, InvitationState.ACCEPTED)
    return invitation


def check_open(invitation: MemberInvitation) -> None:
    """Raises :class:`Conflict` where its link opens nothing any more, and says why."""
    letters.require_open(invitation)
    inviter = letters.inviter_of(invitation)
    if isinstance(inviter, User):
        inviter.read_anew()
    if not can(inviter, Action.ORGANISATIONS_INVITE, invitation.organisation):
        raise Conflict(_("Whoever sent this invitation may no longer invite for this organisation."),
                       _("Ask one of its representatives for another invitation, or ask to join it on the page “My organisation”."))


def get_open_invitation(token: str) -> MemberInvitation:
    """By the key of its link: raises :class:`NotFound` where there is none, :class:`Conflict` as :func:`check_open`."""
    invitation = letters.find_invitation(MemberInvitation, token)
    check_open(invitation)
    return invitation


def get_invitation(actor: Actor, number: int) -> MemberInvitation:
    """For whoever may invite; raises :class:`NotFound`, for those of other organisations too."""
    invitation = session.get(MemberInvitation, number)
    if invitation is None or not can(actor, Action.ORGANISATIONS_WITHDRAW_INVITATION, invitation):
        raise NotFound(_("There is no such invitation."))
    return invitation


def list_invitations(actor: Actor, organisation: Organisation, *, after: Cursor | None = None) -> Page[MemberInvitation]:
    """Newest first, whatever became of them."""
    require(actor, Action.ORGANISATIONS_INVITE, organisation)
    chosen = sa.select(MemberInvitation).where(MemberInvitation.organisation_id == organisation.id).options(
        lazyload(MemberInvitation.organisation), joinedload(MemberInvitation.invited_by).lazyload(User.appointments))
    return get_page(chosen, falling(MemberInvitation.created_at, MemberInvitation.id), after=after, size=ENTRY_PAGE_SIZE)


def _check_pace(actor: Actor, organisation: Organisation, address: str) -> None:
    """Of whoever holds the organisation's row."""
    letters.check_pace(address)
    if _count_today(MemberInvitation.organisation_id == organisation.id) >= MAX_OF_ORGANISATION:
        raise Invalid("email", _("This organisation has sent many invitations today."), _("Invite the others tomorrow."))
    if actor.id is not None and not can(actor, Action.ORGANISATIONS_VIEW_REGISTER, organisation) and \
            _count_today(MemberInvitation.invited_by_id == actor.id) >= MAX_OF_ORGANISATION:
        raise Invalid("email", _("You have sent many invitations today."), _("Invite the others tomorrow."))


def _count_today(which: sa.ColumnElement[bool]) -> int:
    return scalar_count(sa.select(sa.func.count()).select_from(MemberInvitation).where(
        which, MemberInvitation.created_at > utcnow() - timedelta(days=1)))
