"""Keeping the index: in the act that publishes something or takes it down, and by the worker of whatever was there before the index."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from consult.chapters.models import Block, Chapter, Revision
from consult.contributions.models import Contribution, Reply
from consult.core import events as core_events
from consult.core.commands import on
from consult.core.db import Base, add_new, session
from consult.core.finding import Findable, Passage
from consult.core.jobs import every_second
from consult.core.locks import lock_all
from consult.core.permissions import DECIDING, Action, Actor
from consult.search.models import MAX_WRITTEN, SearchKey, SearchPosting, SearchWord
from consult.synthesis.models import Synthesis, SynthesisItem
from consult.text.searching import STOPS, keys_of, near_keys_of, placed

MOST_WORDS = 600  # of one thing, those that it says most often first
CHUNK = 400  # words or things that one statement names
BATCH = 200  # things that are looked after in one second
SATURATION, LENGTH_SHARE, USUAL_LENGTH = 1.2, 0.4, 60  # k1, b and the mean number of words of Okapi BM25
_looked_to: dict[str, int] = {}  # of each kind, the thing up to which this worker has looked for what the index misses


def list_findables() -> dict[str, Findable]:
    return {one.name: one for one in core_events.findables()}


def renew(kind: str, ids: Sequence[int]) -> None:
    """Make the index of some things what everybody reads of them now: nothing of what is not, or no longer, there for everybody."""
    findable = list_findables()[kind]
    for at in range(0, len(ids), CHUNK):
        some = ids[at:at + CHUNK]
        gone = _take_out(kind, some)
        view = findable.everybody_reads().subquery()
        public = session.scalars(sa.select(view.c.id).where(view.c.id.in_(some))).all()
        gone -= put_in(kind, findable.texts(public) if public else ())
        _forget(sorted(gone))


def put_in(kind: str, texts: Iterable[tuple[int, list[Passage]]]) -> set[str]:
    """Keep the words of things of which none are kept yet, as everybody may read them; these words."""
    rows: list[dict[str, Any]] = []
    written: dict[str, str] = {}
    for subject_id, passages in texts:
        counted, as_written = count_words(passages)
        length = counted.total()
        written.update({word: as_written[word] for word, _times in counted.most_common(MOST_WORDS) if word not in written})
        rows += [{"word": word, "kind": kind, "subject_id": subject_id, "weight": weigh(times, length)}
                 for word, times in counted.most_common(MOST_WORDS)]
    learn(written)
    for at in range(0, len(rows), CHUNK):  # another worker may be there already
        add_new(SearchPosting, rows[at:at + CHUNK], SearchPosting.word)
    return set(written)


def count_words(passages: Iterable[Passage]) -> tuple[Counter[str], dict[str, str]]:
    """How often each word that tells something is said, and how it is written first."""
    counted: Counter[str] = Counter()
    written: dict[str, str] = {}
    for passage in passages:
        for word, start, end in placed(passage.words):
            if word not in STOPS:
                counted[word] += passage.worth
                written.setdefault(word, passage.words[start:end].lower()[:MAX_WRITTEN])
    return counted, written


def weigh(times: int, length: int) -> int:
    """What a word that is said so often in so many words is worth, in hundredths."""
    share = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length / USUAL_LENGTH)
    return math.ceil(100 * times * (SATURATION + 1) / (times + share))


def learn(written: dict[str, str]) -> None:
    """Words that the index may not know yet, in one order for all who write, so that nobody waits for each other."""
    words = sorted(written)
    for at in range(0, len(words), CHUNK):
        some = words[at:at + CHUNK]
        known = set(session.scalars(sa.select(SearchWord.word).where(SearchWord.word.in_(some))))
        new = [word for word in some if word not in known]
        add_new(SearchWord, [{"word": word, "written": written[word]} for word in new], SearchWord.word)
        keys = [{"key": key, "word": word} for word in new for key in dict.fromkeys([*keys_of(word), *near_keys_of(word)])]
        for begin in range(0, len(keys), CHUNK):
            add_new(SearchKey, keys[begin:begin + CHUNK], SearchKey.key)


def _take_out(kind: str, ids: Sequence[int]) -> set[str]:
    """Forget where the words of these things stood; which words they are."""
    of_them = SearchPosting.kind == kind, SearchPosting.subject_id.in_(ids)
    words = set(session.scalars(sa.select(SearchPosting.word).where(*of_them).distinct()))
    if words:
        session.execute(sa.delete(SearchPosting).where(*of_them).execution_options(synchronize_session=False))
    return words


def _forget(words: Sequence[str]) -> None:
    """Of these words those that stand nowhere any more: nobody is led to them."""
    for at in range(0, len(words), CHUNK):
        some = words[at:at + CHUNK]
        for model in (SearchWord, SearchKey):
            stands = sa.exists().where(SearchPosting.word == model.word)
            session.execute(sa.delete(model).where(model.word.in_(some), ~stands).execution_options(synchronize_session=False))


# Acts


@on(Action.CONTRIBUTIONS_ENTER, Action.CONTRIBUTIONS_LODGE, Action.CONTRIBUTIONS_REPLY)
def put_lodged(actor: Actor, result: Base, target: Base) -> None:
    """Of what a moderator reads first there is nothing to be found, and nothing to be taken away."""
    if isinstance(result, Contribution | Reply) and result.is_public:
        renew_said(actor, result, result)


@on(Action.CONTRIBUTIONS_ENTER_AGAIN, Action.CONTRIBUTIONS_KEEP_FILE_WORDS, Action.CONTRIBUTIONS_WITHDRAW,
    Action.CONTRIBUTIONS_WITHDRAW_REPLY, *DECIDING)
def renew_said(_actor: Actor, result: Base, target: Base) -> None:
    """What somebody said was published, or taken down; the replies to it go with it."""
    for said in dict.fromkeys([result, target]):
        if isinstance(said, Contribution):
            renew("said", [said.id])
            replies = session.scalars(sa.select(Reply.id).where(Reply.contribution_id == said.id)).all()
            renew("reply", replies)
        elif isinstance(said, Reply):
            renew("reply", [said.id])


@on(Action.CHAPTERS_IMPORT_CHAPTER, Action.CHAPTERS_PUBLISH)
def renew_text(_actor: Actor, revision: Revision, _target: Base) -> None:
    """A chapter reads otherwise: the passages of its last two versions in this language, of which one is the present text."""
    last = sa.select(Revision.id).where(Revision.chapter_id == revision.chapter_id, Revision.language == revision.language).order_by(
        Revision.id.desc()).limit(2)
    renew("text", session.scalars(sa.select(Block.id).where(Block.revision_id.in_(last.scalar_subquery())).order_by(Block.id)).all())


@on(Action.ADOPTION_SEAL, Action.ADOPTION_DECIDE)
def renew_answers(_actor: Actor, _result: Base, target: Base) -> None:
    """Everybody reads the syntheses of a consultation from its submission on."""
    consultation_id = getattr(target, "consultation_id", None) or target.id
    ours = Synthesis.chapter.has(consultation_id=consultation_id)
    renew("item", session.scalars(sa.select(SynthesisItem.id).join(SynthesisItem.synthesis).where(ours).order_by(SynthesisItem.id)).all())


@every_second
def see_to_missing() -> None:
    """Of what was there before the index, or was written by no act: each worker looks once at each thing."""
    for findable, ids in hold_missing().items():
        put_missing(findable, ids)


def hold_missing() -> dict[Findable, list[int]]:
    """The next of each kind of which nothing is kept. Their chapters are held, all at once: nobody hides of them what was read already."""
    missing: dict[Findable, list[int]] = {}
    within: set[int] = set()
    for kind, findable in list_findables().items():
        view = findable.everybody_reads().subquery()
        found = session.execute(sa.select(view.c.id, view.c.chapter_id).where(view.c.id > _looked_to.get(kind, 0)).order_by(
            view.c.id).limit(BATCH)).all()
        if found:
            _looked_to[kind] = found[-1].id
            missing[findable] = unknown(findable, [one.id for one in found])
            within.update(one.chapter_id for one in found if one.id in missing[findable])
    if within:
        lock_all(Chapter, Chapter.id.in_(within))
    return missing


def unknown(findable: Findable, ids: Sequence[int]) -> list[int]:
    known = set(session.scalars(sa.select(SearchPosting.subject_id).where(
        SearchPosting.kind == findable.name, SearchPosting.subject_id.in_(ids)).distinct()))
    return [one for one in ids if one not in known]


def put_missing(findable: Findable, ids: Sequence[int]) -> None:
    """Of those that are still not kept, and that everybody still reads."""
    if missing := unknown(findable, ids):
        view = findable.everybody_reads().subquery()
        public = session.scalars(sa.select(view.c.id).where(view.c.id.in_(missing))).all()
        put_in(findable.name, findable.texts(public) if public else ())
