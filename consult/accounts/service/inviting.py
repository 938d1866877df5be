"""Inviting somebody by a letter, to whatever a room above offers: the letter and its key, its ends, the account of whoever has none.

No answer says whether an address has an account: the same is done, and written, for each.
"""

import secrets
from datetime import timedelta
from typing import TypeVar

import sqlalchemy as sa

from consult.accounts.models import INVITATION_LASTS, InvitationState, InvitedByLetter, User
from consult.accounts.service.keys import token_hash
from consult.core import mail, states
from consult.core.actors import SYSTEM, VISITOR, Actor
from consult.core.db import scalar_count, session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import _, utcnow
from consult.core.locks import lock
from consult.core.news import Topic

MAX_A_DAY = 5  # letters to one address, from whomever: nobody is written to without end
Sent = TypeVar("Sent", bound=InvitedByLetter)


def check_pace(address: str) -> None:
    """:class:`Invalid` (field ``email``) for an address that was written to too often today."""
    day_ago = utcnow() - timedelta(days=1)
    written = sum(scalar_count(sa.select(sa.func.count()).select_from(kind).where(kind.address == address, kind.created_at > day_ago))
                  for kind in InvitedByLetter.__subclasses__())
    if written >= MAX_A_DAY:
        raise Invalid("email", _("This address was written to often enough today."), _("Try again tomorrow, or speak with the person."))


def is_waiting(kind: type[InvitedByLetter], *same: sa.ColumnElement[bool]) -> bool:
    """Whether one of these can still be taken up."""
    return session.scalar(sa.select(kind.id).where(
        *same, kind.state.in_(InvitationState.where(is_open=True)), kind.expires_at > utcnow()).limit(1)) is not None


def send_invitation(actor: Actor, invitation: Sent, template: str, topic: Topic) -> Sent:
    """With its letter, which alone knows the key."""
    token = secrets.token_urlsafe(32)
    invitation.token_hash, invitation.expires_at = token_hash(token), utcnow() + INVITATION_LASTS
    invitation.invited_by_id = actor.id
    session.add(invitation)
    session.flush()
    mail.write(invitation, template, topic=topic, expires_at=invitation.expires_at, invitation=invitation, token=token)
    return invitation


def end_invitation(invitation: InvitedByLetter, state: InvitationState) -> None:
    """A letter that has not left yet leaves no more. :class:`Conflict` for one that is over."""
    lock(invitation, "state", "expires_at")
    states.move(invitation, state)
    mail.call_back(invitation.address, invitation.expires_at)


def find_invitation(kind: type[Sent], token: str) -> Sent:
    """By the key of its link; raises :class:`NotFound`."""
    invitation = session.scalar(sa.select(kind).where(kind.token_hash == token_hash(token)))
    if invitation is None:
        raise NotFound(_("There is no such invitation, or it ended long ago."),
                       _("Open the link of the letter, whole; or ask whoever invited you to write again."))
    return invitation


def require_open(invitation: InvitedByLetter) -> None:
    """Raises :class:`Conflict` where its link opens nothing any more, and says why."""
    state = invitation.current_state
    if not state.is_open:
        raise Conflict(_(state.refusal), _(state.remedy))


def get_invited(invitation: InvitedByLetter) -> User | None:
    """Whoever has an account with its address, which they confirmed."""
    return session.scalar(sa.select(User).where(User.email == invitation.address, User.confirmed_at.is_not(None)))


def require_no_account(invitation: InvitedByLetter) -> None:
    """Raises :class:`Conflict` where somebody made one meanwhile."""
    if get_invited(invitation) is not None:
        raise Conflict(_("There is an account with this address by now."), _("Sign in, then open the link of the letter again."))


def inviter_of(invitation: InvitedByLetter) -> Actor:
    """Whose act it will be; somebody whose account was closed meanwhile does nothing more."""
    if invitation.invited_by_id is None:
        return SYSTEM
    return invitation.invited_by if invitation.invited_by and invitation.invited_by.active else VISITOR
