"""Asking somebody, by a letter, to hold a role: from the invitation to the appointment, which is the inviter's."""

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from consult.accounts import service as accounts
from consult.accounts.models import InvitationState, User
from consult.accounts.service import inviting as letters
from consult.consultations.models import Appointment, Commission, Consultation, Invitation, Role
from consult.consultations.service.course import appoint, check_place
from consult.core import states
from consult.core.commands import command
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed, NotFound
from consult.core.i18n import LANGUAGES, _
from consult.core.locks import lock
from consult.core.news import Topic
from consult.core.paging import ENTRY_PAGE_SIZE, Cursor, Page, falling, get_page
from consult.core.permissions import SYSTEM, VISITOR, Action, Actor, nobody_for_themselves, require

TEMPLATE = "consultations/invitation"
HELD = _("This person holds this role already.")


@command
def invite(
    actor, consultation: Consultation, *, email: str, role: Role, commission: Commission | None = None, language: str = "fr",
) -> Invitation:
    """Write to an address, whether or not it has an account, which is told to nobody.

    Raises :class:`Invalid` for what is no address, for one's own, for a role without its commission, and for whoever holds the role, is
    invited to it already or was written to too often; :class:`NotAllowed` for a role that this actor may not give.
    """
    accounts.reachable_address(email)
    address = accounts.known_address(email)
    if language not in LANGUAGES:
        raise Invalid("language", _("No such language."))
    check_place(role, commission)
    _require_right(actor, consultation, role, address)
    lock(consultation)
    same = Invitation.address == address, Invitation.role == role, Invitation.commission == commission
    if _is_held(address, role, commission):
        raise Invalid("email", HELD)
    if letters.is_waiting(Invitation, *same):
        raise Invalid("email", _("This address is invited to this role already."), _("Send that invitation once more, or withdraw it."))
    letters.check_pace(address)
    return letters.send_invitation(actor, Invitation(
        consultation=consultation, address=address, role=role, commission=commission, language=language), TEMPLATE, Topic.CHARGE)


@command
def invite_again(actor, invitation: Invitation) -> Invitation:
    """By a new letter: the former link ends. Raises :class:`Conflict` for one that was accepted or withdrawn, :class:`Invalid` and
    :class:`NotAllowed` as :func:`invite`.
    """
    _require_right(actor, invitation.consultation, invitation.role, invitation.address)
    lock(invitation.consultation)
    letters.check_pace(invitation.address)
    letters.end_invitation(invitation, InvitationState.REPLACED)
    names = ("consultation", "address", "role", "commission", "language")
    return letters.send_invitation(actor, Invitation(**{name: getattr(invitation, name) for name in names}), TEMPLATE, Topic.CHARGE)


@command
def withdraw_invitation(actor, invitation: Invitation) -> Invitation:
    """Raises :class:`Conflict` for one that was accepted or replaced, :class:`NotAllowed` for a role that this actor may not give."""
    if invitation.role == Role.ADMINISTRATOR:
        require(actor, Action.CONSULTATIONS_APPOINT_ADMINISTRATOR, invitation.consultation)
    lock(invitation.consultation)
    letters.end_invitation(invitation, InvitationState.WITHDRAWN)
    return invitation


@command
def enrol(_actor, invitation: Invitation, *, name: str, language: str) -> User:
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
def accept_invitation(actor, invitation: Invitation) -> Invitation:
    """The role is given by whoever invited, who must still have the right to, to whoever accepts: they sign in anew, wherever they were.

    Raises :class:`Conflict` where the link opens nothing any more, :class:`NotAllowed` for anybody else than the invited person.
    """
    session.refresh(invitation, ["state", "expires_at"])
    check_open(invitation)
    try:
        appoint(letters.inviter_of(invitation), invitation.consultation, user=actor, role=invitation.role, commission=invitation.commission)
    except NotAllowed as refusal:
        raise lost_right() from refusal
    except Invalid as refusal:
        raise Conflict(refusal.message) from refusal
    states.move(invitation, InvitationState.ACCEPTED)
    return invitation


def check_open(invitation: Invitation) -> None:
    """Raises :class:`Conflict` where its link opens nothing any more, and says why; :class:`NotAllowed` once the consultation is over."""
    letters.require_open(invitation)
    require(VISITOR, Action.CONSULTATIONS_ENROL, invitation)
    try:
        _require_giving(letters.inviter_of(invitation), invitation.consultation, invitation.role)
    except NotAllowed as refusal:
        raise lost_right() from refusal
    if _is_held(invitation.address, invitation.role, invitation.commission):
        raise Conflict(_("This role was given to you meanwhile."), _("Sign in: there is nothing left to accept."))


def lost_right() -> Conflict:
    return Conflict(_("Whoever sent this invitation may no longer give this role."), _("Ask the secretariat for another invitation."))


def get_open_invitation(token: str) -> Invitation:
    """By the key of its link: raises :class:`NotFound` where there is none, :class:`Conflict` and :class:`NotAllowed` as
    :func:`check_open`.
    """
    invitation = letters.find_invitation(Invitation, token)
    check_open(invitation)
    return invitation



def get_invitation(actor: Actor, consultation: Consultation, number: int) -> Invitation:
    """For whoever may invite; raises :class:`NotFound` for one that is of no such consultation."""
    require(actor, Action.CONSULTATIONS_WITHDRAW_INVITATION, consultation)
    invitation = session.get(Invitation, number)
    if invitation is None or invitation.consultation_id != consultation.id:
        raise NotFound
    return invitation


def list_invitations(actor: Actor, consultation: Consultation, *, after: Cursor | None = None) -> Page[Invitation]:
    """Newest first, whatever became of them."""
    require(actor, Action.CONSULTATIONS_WITHDRAW_INVITATION, consultation)
    chosen = sa.select(Invitation).where(Invitation.consultation_id == consultation.id).options(
        joinedload(Invitation.commission), joinedload(Invitation.invited_by))
    return get_page(chosen, falling(Invitation.id), after=after, size=ENTRY_PAGE_SIZE)


def _require_giving(actor: Actor, consultation: Consultation, role: Role) -> None:
    require(actor, Action.CONSULTATIONS_APPOINT, consultation)
    if role == Role.ADMINISTRATOR:
        require(actor, Action.CONSULTATIONS_APPOINT_ADMINISTRATOR, consultation)


def _require_right(actor: Actor, consultation: Consultation, role: Role, address: str) -> None:
    _require_giving(actor, consultation, role)
    if address == getattr(actor, "email", None):
        raise Invalid("email", nobody_for_themselves.refusal, nobody_for_themselves.remedy)


def _is_held(address: str, role: Role, commission: Commission | None) -> bool:
    held = sa.select(Appointment.id).join(Appointment.user).where(
        User.email == address, Appointment.role == role, Appointment.commission == commission)
    return session.scalar(held.limit(1)) is not None
