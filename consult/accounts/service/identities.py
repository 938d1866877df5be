"""What people are at an OpenID provider. An identity is of one account, and an account has one at each provider; whatever changes that
ends the other sessions of its owner, who is told by mail.
"""

import sqlalchemy as sa

from consult.accounts.models import ProviderIdentity, User, UserSession
from consult.core import mail
from consult.core.commands import command
from consult.core.db import add_row, session
from consult.core.errors import Conflict, NotFound
from consult.core.i18n import _, utcnow
from consult.core.locks import lock
from consult.core.news import Topic
from consult.core.permissions import Action, require


def get_user_of_identity(issuer: str, subject: str) -> User | None:
    """Whose account it is bound to. An address is never asked for here: a provider may give it to somebody else later."""
    bound = sa.select(ProviderIdentity.user_id).where(ProviderIdentity.issuer == issuer, ProviderIdentity.subject == subject)
    return session.scalar(sa.select(User).where(User.id == bound.scalar_subquery()))


def list_identities(actor, user: User) -> list[ProviderIdentity]:
    require(actor, Action.ACCOUNTS_EDIT_PROFILE, user)
    return list(session.scalars(sa.select(ProviderIdentity).where(ProviderIdentity.user_id == user.id).order_by(ProviderIdentity.id)))


def get_identity(actor, user: User, number: int) -> ProviderIdentity:
    """One's own; raises :class:`NotFound`."""
    require(actor, Action.ACCOUNTS_UNBIND_IDENTITY, user)
    identity = session.get(ProviderIdentity, number)
    if identity is None or identity.user_id != user.id:
        raise NotFound
    return identity


@command
def bind_identity(_actor, user: User, *, issuer: str, subject: str, session_id: int | None = None) -> User:
    """From now on whoever is this at the provider signs in to this account; :class:`Conflict` where either has another already."""
    lock(user)
    _bind(user, issuer, subject)
    return _changed(user, "bound", issuer, session_id)


@command
def unbind_identity(_actor, user: User, *, identity: ProviderIdentity, session_id: int | None = None) -> User:
    """:class:`Conflict` where it was taken away meanwhile."""
    lock(user)
    issuer = identity.issuer
    session.delete(identity)
    return _changed(user, "unbound", issuer, session_id)


def note_identity(user: User, issuer: str, subject: str) -> None:
    """It was used just now; who calls this holds the user."""
    mine = ProviderIdentity.user_id == user.id, ProviderIdentity.issuer == issuer, ProviderIdentity.subject == subject
    session.execute(sa.update(ProviderIdentity).where(*mine).values(used_at=utcnow()))


def bind_new(user: User, issuer: str, subject: str) -> None:
    """To an account that was made just now, of an address that the provider has checked; :class:`Conflict` where another one has it."""
    session.flush()
    _bind(user, issuer, subject)
    mail.write(user, "accounts/identity", topic=Topic.ACCOUNT, change="registered", issuer=issuer)


def _bind(user: User, issuer: str, subject: str) -> None:
    if get_user_of_identity(issuer, subject) is not None:
        raise Conflict(_("This is linked to an account already."), _("Open your profile to see how you sign in."))
    mine = sa.select(ProviderIdentity.id).where(ProviderIdentity.user_id == user.id, ProviderIdentity.issuer == issuer)
    if session.scalar(mine) is not None:
        raise Conflict(_("Your account is linked to somebody else there already."), _("Take that away first, in your profile."))
    add_row(ProviderIdentity, user_id=user.id, issuer=issuer, subject=subject, bound_at=utcnow(), used_at=utcnow())


def _changed(user: User, change: str, issuer: str, session_id: int | None) -> User:
    """In the session that is meant they go on."""
    session.flush()
    session.execute(sa.delete(UserSession).where(UserSession.user_id == user.id, UserSession.id.is_distinct_from(session_id)))
    mail.write(user, "accounts/identity", topic=Topic.ACCOUNT, change=change, issuer=issuer)
    return user
