"""The register of decisions that everybody can read: neither texts nor words."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.contributions.models import Contribution, Reply
from consult.core.paging import REGISTER_PAGE_SIZE, Cursor, Page, falling, get_page
from consult.moderation.models import ModerationDecision, ReplyDecision
from consult.moderation.service.redacting import Moderated


def list_register(consultation: Consultation, *, chapter: Chapter | None = None, after: Cursor | None = None) -> Page[ModerationDecision]:
    """One page of the public register, newest first: neither texts nor words are even read."""
    said = orm.joinedload(ModerationDecision.contribution).options(
        orm.load_only(Contribution.ref, Contribution.state, Contribution.chapter_id, Contribution.block_key, raiseload=True),
        orm.joinedload(Contribution.chapter))
    return _registered(ModerationDecision, Contribution, ModerationDecision.contribution_id, said, _ours(consultation, chapter), after)


def list_reply_register(consultation: Consultation, *, chapter: Chapter | None = None, after: Cursor | None = None) -> Page[ReplyDecision]:
    """The same of replies."""
    said = orm.joinedload(ReplyDecision.reply).options(
        orm.load_only(Reply.ref, Reply.state, Reply.chapter_id, Reply.contribution_id, raiseload=True), orm.joinedload(Reply.chapter),
        orm.joinedload(Reply.contribution).load_only(Contribution.ref, Contribution.state, raiseload=True))
    return _registered(ReplyDecision, Reply, ReplyDecision.reply_id, said, _ours(consultation, chapter), after)


def _ours(consultation: Consultation, chapter: Chapter | None) -> list[int]:
    return [chapter.id] if chapter else [one.id for one in chapters.list_chapters(consultation)]


def _registered(
    decided: type[Any], model: type[Moderated], subject_id: Any, said: Any, ours: list[int], after: Cursor | None,
) -> Page[Any]:
    # Not joined, or all decisions of the chapters would be sorted for one page of them.
    is_ours = sa.exists().where(model.id == subject_id, model.chapter_id.in_(ours))
    decisions = sa.select(decided).where(is_ours).options(
        orm.defer(decided.words, raiseload=True), orm.joinedload(decided.moderator), said)
    return get_page(decisions, falling(decided.id), after=after, size=REGISTER_PAGE_SIZE)
