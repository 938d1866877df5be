"""What is done with sessions that are over."""

import sqlalchemy as sa

from consult.accounts.models import SESSION_LASTS as SESSION_LASTS
from consult.accounts.models import User, UserSession
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.jobs import every_second
from consult.core.locks import list_locked

AT_ONCE = 100


@every_second
def forget_sessions() -> None:
    """When somebody was signed in, and with which browser, is kept no longer than it opens something."""
    over = UserSession.opened_at < utcnow() - SESSION_LASTS
    people = session.scalars(sa.select(UserSession.user_id).where(over).distinct().limit(AT_ONCE)).all()
    if people:
        list_locked(User, User.id.in_(people))
        session.execute(sa.delete(UserSession).where(UserSession.user_id.in_(people), over))
