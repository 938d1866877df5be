"""Telling each author what became of their contributions."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from consult.chapters.models import Chapter
from consult.core import mail
from consult.core.db import session
from consult.core.i18n import gettext
from consult.core.jobs import job, long_job
from consult.core.news import Line, Topic
from consult.news import service as news
from consult.synthesis.models import Synthesis, SynthesisNotice
from consult.synthesis.telling import AuthorsTold


def find(synthesis_id: int) -> tuple[Chapter, dict[str, Any]]:
    synthesis = session.get_one(Synthesis, synthesis_id)
    return synthesis.chapter, {"synthesis": synthesis}


AUTHORS = AuthorsTold(SynthesisNotice.synthesis_id, SynthesisNotice.author_id, "synthesis/answer", find)
ANSWERS = mail.Kind("synthesis.answers", AUTHORS.word, AUTHORS.mark, AUTHORS.standing, AUTHORS.again, topic=Topic.DECISION)


@long_job
def tell_answers(synthesis_id: int, progress: Callable[[int], None]) -> None:
    AUTHORS.tell(synthesis_id, ANSWERS, progress)


# What everybody may read from now on


@job
def tell_of_synthesis(synthesis_id: int) -> None:
    """Whoever follows the chapter, or what is published."""
    news.keep(PUBLISHED, synthesis_id)


def list_followers(synthesis_id: int) -> sa.Select:
    chapter = sa.select(Synthesis.chapter_id).where(Synthesis.id == synthesis_id).scalar_subquery()
    return news.followers(chapter, news.WHOLE, sa.literal(synthesis_id))


def list_lines(ids: Sequence[int]) -> dict[int, Line]:
    found = session.scalars(sa.select(Synthesis).where(Synthesis.id.in_(ids), sa.and_(Synthesis.is_public)))
    return {one.id: Line(gettext("The synthesis of chapter %(number)s is published, with the answer to each contribution.",
                                 number=one.chapter.number), "synthesis.read", {"number": one.chapter.number}, one.chapter.number)
            for one in found}


PUBLISHED = news.Matter("synthesis.published", [
    news.Readers(Topic.FOLLOWED, list_followers), news.Readers(Topic.PUBLICATIONS, news.everybody)], list_lines)
