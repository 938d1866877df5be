"""Letters that did not arrive, for the secretariat: why, as far as the mail server said, and what can be done."""

from datetime import timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from consult.consultations.models import Consultation
from consult.core.db import session
from consult.core.errors import Conflict, NotFound
from consult.core.i18n import N_, LabelledEnum, _, utcnow
from consult.core.jobs import Job, JobState, later, name_of
from consult.core.locks import lock
from consult.core.mail import DropReason, OutgoingMail, deliver
from consult.core.paging import ENTRY_PAGE_SIZE, Cursor, Page, falling, get_page
from consult.core.permissions import Action, Actor, require

LATE = timedelta(minutes=10)
# Not by the key itself, or SQLite goes through all letters in its order: an index knows the few that wait.
NEWEST_FIRST = falling(OutgoingMail.id + 0)


class Obstacle(LabelledEnum):
    """Why a letter has not left; beside each the words and, in :data:`SAID_BY`, the errors that say so."""

    ADDRESS = "address", N_("The address is refused: it is mistyped, no longer there, or its mailbox is full.")
    PLATFORM = "platform", N_("Our own mail server takes no letters from the platform: its operator has to look.")
    LETTER = "letter", N_("The mail server refused the letter.")
    UNREACHABLE = "unreachable", N_("The mail server could not be reached.")
    WAITING = "waiting", N_("It waits for its turn.")


SAID_BY = {
    "SMTPRecipientsRefused": Obstacle.ADDRESS, "SMTPSenderRefused": Obstacle.PLATFORM, "SMTPAuthenticationError": Obstacle.PLATFORM,
    "SMTPNotSupportedError": Obstacle.PLATFORM, "SMTPHeloError": Obstacle.PLATFORM, "SMTPDataError": Obstacle.LETTER,
}


class Undelivered(NamedTuple):
    letter: OutgoingMail
    state: JobState | None
    error: str | None

    @property
    def is_given_up(self) -> bool:
        return self.state is None or self.state.has_failed

    @property
    def obstacle(self) -> Obstacle:
        kind = (self.error or "").partition(":")[0]
        return SAID_BY.get(kind, Obstacle.UNREACHABLE) if kind else Obstacle.WAITING

    @property
    def has_expired(self) -> bool:
        """The key in it opens nothing any more."""
        return self.letter.expires_at is not None and self.letter.expires_at <= utcnow()


def _undelivered() -> sa.Select[*tuple[Any, ...]]:
    newest = sa.select(sa.func.max(Job.id)).where(Job.name == name_of(deliver), Job.subject_id == OutgoingMail.id)
    return (
        sa.select(OutgoingMail, Job.state, Job.error).outerjoin(Job, Job.id == newest.correlate(OutgoingMail).scalar_subquery())
        .where(OutgoingMail.sent_at.is_(None), OutgoingMail.dropped_at.is_(None), OutgoingMail.created_at < utcnow() - LATE)
    )


def list_undelivered(actor: Actor, consultation: Consultation, *, after: Cursor | None = None) -> Page[Undelivered]:
    """Newest first."""
    require(actor, Action.CONSULTATIONS_SEND_AGAIN, consultation)
    page = get_page(_undelivered(), NEWEST_FIRST, after=after, size=ENTRY_PAGE_SIZE)
    return Page([Undelivered(*row) for row in page.rows], page.after, page.older)


def get_undelivered(actor: Actor, consultation: Consultation, number: int) -> Undelivered:
    require(actor, Action.CONSULTATIONS_SEND_AGAIN, consultation)
    row = session.execute(_undelivered().where(OutgoingMail.id == number)).first()
    if row is None:
        raise NotFound(_("This letter has left, or somebody else saw to it."), _("Go back to the letters that did not arrive."))
    return Undelivered(*row)


def resend(letter: OutgoingMail) -> None:
    """Promise it once more; :class:`Conflict` where it is on its way, or must not leave any more."""
    found = _of(letter)
    if found.has_expired:
        raise Conflict(_("The link in this letter has expired."),
                       _("Its recipient asks for a new one on the page where they asked for it."))
    if not found.is_given_up:
        raise Conflict(_("This letter is still on its way: it is tried again by itself."), _("Look again in a quarter of an hour."))
    later(deliver, found.letter)


def let_go(letter: OutgoingMail) -> None:
    found = _of(letter).letter
    found.dropped_at, found.drop_reason = utcnow(), DropReason.OTHERWISE


def _of(letter: OutgoingMail) -> Undelivered:
    """As it is now that nobody else changes it."""
    lock(letter, "sent_at", "dropped_at", "expires_at")
    row = session.execute(_undelivered().where(OutgoingMail.id == letter.id)).first()
    if row is None:
        raise Conflict(_("This letter has left, or somebody else saw to it."), _("Go back to the letters that did not arrive."))
    return Undelivered(*row)
