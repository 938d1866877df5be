"""What whoever follows a passage is told: contributions and replies that are published there, by a job each; and who has drafts."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased, joinedload

from consult.accounts.models import User
from consult.chapters.models import Block, Chapter, Revision
from consult.consultations.models import Consultation
from consult.contributions.models import Contribution, ContributionDraft, Reply
from consult.core.db import session
from consult.core.i18n import gettext
from consult.core.jobs import job
from consult.core.news import Line, Topic
from consult.news import events as news_events
from consult.news import service as news
from consult.news.service import WHOLE, Follow


@job
def tell_of_contribution(contribution_id: int) -> None:
    news.keep(CONTRIBUTION, contribution_id)


@job
def tell_of_reply(reply_id: int) -> None:
    news.keep(REPLY, reply_id)


def follows(contribution: type[Contribution]) -> tuple[sa.ColumnElement[bool], ...]:
    """The passage where the contribution is, or its whole chapter."""
    return Follow.chapter_id == contribution.chapter_id, Follow.key.in_((contribution.provision_key, WHOLE))


def _is_not(author_id: Any) -> sa.ColumnElement[bool]:
    """Nor the person for whom it was typed, once it is theirs."""
    author = aliased(User)
    return sa.and_(Follow.user_id != author_id, ~sa.exists().where(author.id == author_id, author.person_id == Follow.user_id))


def list_followers(contribution_id: int) -> sa.Select:
    """Not its own author."""
    return sa.select(Follow.user_id, Contribution.id).distinct().join(Contribution, sa.and_(*follows(Contribution))).where(
        Contribution.id == contribution_id, _is_not(Contribution.author_id))


def list_followers_of_reply(reply_id: int) -> sa.Select:
    """Neither its author nor that of the contribution, who has a letter of their own."""
    return (
        sa.select(Follow.user_id, Reply.id).distinct().join(Contribution, sa.and_(*follows(Contribution)))
        .join(Reply, Reply.contribution_id == Contribution.id)
        .where(Reply.id == reply_id, _is_not(Reply.author_id), _is_not(Contribution.author_id))
    )


def list_contribution_lines(ids: Sequence[int]) -> dict[int, Line]:
    found = session.scalars(
        sa.select(Contribution).where(Contribution.id.in_(ids), sa.and_(Contribution.is_public)).options(joinedload(Contribution.chapter)))
    return {one.id: line_on(one, gettext("Contribution %(ref)s is published on the passage %(key)s.", ref=one.ref, key=one.provision_key))
            for one in found}


def list_reply_lines(ids: Sequence[int]) -> dict[int, Line]:
    found = session.scalars(sa.select(Reply).where(Reply.id.in_(ids), sa.and_(Reply.is_public)).options(
        joinedload(Reply.contribution).joinedload(Contribution.chapter)))
    return {one.id: line_on(one.contribution, gettext(
        "A reply to contribution %(ref)s is published, on the passage %(key)s.", ref=one.contribution.ref, key=one.provision_key))
        for one in found}


def line_on(contribution: Contribution, words: str) -> Line:
    return Line(words, "contributions.show", {"ref": contribution.ref}, contribution.chapter.number)


CONTRIBUTION = news.Matter("contributions.published", [news.Readers(Topic.FOLLOWED, list_followers)], list_contribution_lines)
REPLY = news.Matter("contributions.reply_published", [news.Readers(Topic.FOLLOWED, list_followers_of_reply)], list_reply_lines)


@news_events.unfinished.fill
def list_drafting(consultation: Consultation) -> sa.Select:
    return (
        sa.select(ContributionDraft.author_id).join(Block, Block.id == ContributionDraft.block_id)
        .join(Revision, Revision.id == Block.revision_id).join(Chapter, Chapter.id == Revision.chapter_id)
        .where(Chapter.consultation_id == consultation.id, ContributionDraft.author_id.is_not(None))
    )
