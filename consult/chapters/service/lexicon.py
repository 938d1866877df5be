"""The words that stand for each other in French and Arabic, learnt from the chapters themselves whenever one of them is published."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from consult.chapters.models import Block, Revision, TwinLexicon
from consult.chapters.service.newest import newest_revisions
from consult.consultations.models import CURRENT, Consultation
from consult.core.db import reading, session, unit_of_work
from consult.core.i18n import DEFAULT_LANGUAGE, utcnow
from consult.core.jobs import Job, JobState, every_second, later, long_job, name_of
from consult.text import lexicon, retrieval
from consult.text.stems import stem

COMMON_SHARE = 0.1  # of the passages of one language: a word that stands in more of them tells nothing of what is meant
AGAIN = timedelta(hours=1)  # after a job that failed each time


@dataclass(frozen=True)
class Words:
    """What was learnt of the words of the chapters."""

    twins: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    common: frozenset[str] = frozenset()


@long_job
def learn_words(consultation_id: int, progress: Callable[[int], None]) -> None:
    """Some seconds of the worker's time, without holding anybody."""
    with reading():
        reached = session.scalar(sa.select(sa.func.max(Revision.id)))
        passages = _passages(consultation_id)
    progress(10)
    twins = lexicon.learn([(text, others[key]) for language, others in passages.items() if language != DEFAULT_LANGUAGE
                           for key, text in passages.get(DEFAULT_LANGUAGE, {}).items() if key in others])
    progress(90)
    common = sorted({word for texts in passages.values() for word in _common(texts.values())} | set(map(stem, retrieval.ENGLISH)))
    with unit_of_work():
        session.merge(TwinLexicon(consultation_id=consultation_id, reached=reached or 0, twins=twins, common=common))


def _passages(consultation_id: int) -> dict[str, dict[str, str]]:
    """The sentences of the passages of all chapters as they now read, by language and key."""
    ours = newest_revisions(Revision.chapter.has(consultation_id=consultation_id))
    found: dict[str, dict[str, str]] = {}
    rows = sa.select(Revision.language, Block.key, Block.lead).join(Block.revision).where(Revision.id.in_(ours)).order_by(Block.id)
    for language, key, text in session.execute(rows):
        found.setdefault(language, {})[key] = text
    return found


def _common(texts: Collection[str]) -> list[str]:
    often = Counter(word for text in texts for word in retrieval.bag(text))
    return [word for word, times in often.items() if times > COMMON_SHARE * len(texts)]


REACHED = sa.select(sa.func.max(Revision.id), sa.select(sa.func.max(TwinLexicon.reached)).scalar_subquery())


@every_second
def see_to_new_words() -> None:
    """Of a text that was published, whatever published it; one job at a time."""
    newest, reached = session.execute(REACHED).one()
    if newest is None or newest == reached:
        return
    has_failed = Job.state.in_(JobState.where(has_failed=True))
    tried = sa.or_(Job.state.in_(JobState.where(is_under_way=True)), sa.and_(has_failed, Job.finished_at > utcnow() - AGAIN))
    promised = sa.select(Job.id).where(Job.name == name_of(learn_words), tried).limit(1)
    consultation = session.scalar(sa.select(Consultation).where(Consultation.id == CURRENT))
    if consultation is not None and session.scalar(promised) is None:
        later(learn_words, consultation)


def get_words(consultation_id: int) -> Words | None:
    """None until something was learnt."""
    found = session.get(TwinLexicon, consultation_id)
    return Words(found.twins, frozenset(found.common)) if found else None
