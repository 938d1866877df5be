"""Appeals: once by the author, to the secretariat, whose next decision closes it, as does its author who takes the text back."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from consult.accounts.models import User
from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.contributions.models import Contribution, ContributionState, Reply
from consult.core.commands import command
from consult.core.db import session
from consult.core.errors import Conflict, Invalid
from consult.core.i18n import _
from consult.core.locks import lock
from consult.core.paging import PAGE_SIZE, Cursor, Page, get_page, rising
from consult.core.permissions import Action, Actor, require
from consult.moderation.models import MAX_WORDS, Appeal, Decision, ModerationDecision, ReplyDecision
from consult.moderation.service.redacting import Moderated, list_all, on_subject
from consult.text import normalising


def get_appeal(actor: Actor, subject: Moderated) -> Appeal | None:
    """What its author said against a decision, for its author and those in charge."""
    require(actor, Action.CONTRIBUTIONS_READ, subject)
    return appeal_on(subject)


def appeal_on(subject: Moderated) -> Appeal | None:
    return session.scalar(sa.select(Appeal).where(on_subject(Appeal, subject)))


def is_open(appeal: Appeal | None, decisions: Sequence[Decision]) -> bool:
    """Whether nothing was decided since, and its author still stands by the text."""
    if appeal is None or not decisions or appeal.subject is None:
        return False
    return appeal.is_against(decisions[-1]) and not appeal.subject.state.is_taken_back


@command
def appeal(_actor: User, subject: Moderated, *, words: str) -> Appeal:
    """Ask the secretariat to look at it again; :class:`Invalid` for words that are missing or cannot be kept.

    :class:`Conflict` where nothing of it is withheld or hidden, or where it was done before.
    """
    lock(subject.chapter)
    lock(subject)
    said = normalising.validated_text("words", words, max_length=MAX_WORDS).strip()
    if normalising.is_blank(said):
        raise Invalid("words", _("Nothing is written."), _("Say why the decision should be looked at again."))
    if appeal_on(subject) is not None:
        raise Conflict(_("You have asked for this once already; it is asked for once."), _("The answer comes by mail, with its reasons."))
    decisions = list_all(subject)
    is_withheld = subject.state.is_silent and not subject.state.is_taken_back
    if not decisions or not (is_withheld or subject.is_redacted):
        raise Conflict(_("Nothing of it is withheld or hidden any more."), _("Open its page to see how it stands."))
    last = decisions[-1]
    against = {"reply_decision_id": last.id, "reply_id": subject.id} if isinstance(last, ReplyDecision) else {
        "decision_id": last.id, "contribution_id": subject.id}
    made = Appeal(words=said, **against)
    session.add(made)
    return made


def list_appeals(actor: Actor, consultation: Consultation, chapters: Sequence[Chapter], *, after: Cursor | None = None) -> Page[Appeal]:
    """Those of these chapters that wait for the secretariat, the oldest first."""
    require(actor, Action.MODERATION_VIEW, consultation)
    ids = [chapter.id for chapter in chapters]
    stood_by = ContributionState.where(is_taken_back=False)
    here = sa.or_(Appeal.contribution.has(sa.and_(Contribution.chapter_id.in_(ids), Contribution.state.in_(stood_by))),
                  Appeal.reply.has(sa.and_(Reply.chapter_id.in_(ids), Reply.state.in_(stood_by))))
    closed = sa.or_(
        sa.exists().where(ModerationDecision.contribution_id == Appeal.contribution_id, ModerationDecision.id > Appeal.decision_id),
        sa.exists().where(ReplyDecision.reply_id == Appeal.reply_id, ReplyDecision.id > Appeal.reply_decision_id))
    shown = (joinedload(Appeal.contribution), joinedload(Appeal.reply))
    return get_page(sa.select(Appeal).where(here, ~closed).options(*shown), rising(Appeal.id), after=after, size=PAGE_SIZE)
