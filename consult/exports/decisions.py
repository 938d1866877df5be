"""The public register of moderation as data: who decided what on which reference and why, without texts and messages."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.contributions.models import Contribution, Reply
from consult.core.db import session
from consult.core.i18n import N_
from consult.exports.matrix import BATCH
from consult.exports.tables import moment
from consult.moderation.models import ModerationDecision, ReplyDecision

# Lasting name, and what it means.
COLUMNS = (
    ("ref", N_("Reference")), ("chapter", N_("Chapter")), ("is_reply", N_("Whether it is a reply: 1, or 0")),
    ("decision", N_("Decision")), ("reason", N_("Reason")), ("decided", N_("Decided at (Morocco time)")),
    ("decided_by", N_("Who decided, where they agreed to be named")),
)


def lines(consultation: Consultation, language: str) -> Iterator[list]:
    """The columns' names, then one line for each decision, on contributions and then on replies, oldest first."""
    yield [name for name, _heading in COLUMNS]
    person = sa.func.coalesce(User.name_ar, User.name) if language == "ar" else User.name
    named = sa.case((User.is_name_public, person), else_="")
    kinds: tuple[tuple[Any, Any, Any], ...] = (
        (ModerationDecision, Contribution, ModerationDecision.contribution_id), (ReplyDecision, Reply, ReplyDecision.reply_id))
    for is_reply, (decided, model, subject_id) in enumerate(kinds):
        wanted = (
            sa.select(model.ref, Chapter.number, decided.verdict, decided.reason, named, decided.decided_at)
            .join(model, model.id == subject_id).join(Chapter, Chapter.id == model.chapter_id).join(User, User.id == decided.moderator_id)
            .where(Chapter.consultation_id == consultation.id).order_by(decided.id))
        for ref, number, verdict, reason, name, decided_at in session.execute(wanted.execution_options(yield_per=BATCH)):
            yield [ref, number, is_reply, verdict.value, reason.value, moment(decided_at), name]
