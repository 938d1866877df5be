"""Texts that change: new revisions of the small chapter, and where contributions stand in them."""

import sqlalchemy as sa

from consult.chapters import service as chapters
from consult.chapters.models import Block, Chapter, Revision
from consult.contributions.models import Anchor, Contribution
from consult.core.db import session
from consult.core.permissions import SYSTEM
from tests import factories

LIST = "- **Action 1.1.1** — Publier chaque année la liste des étalons nationaux.\n\n    *Pilote :* LNM · *Échéance :* 2027 · *Indicateur :* une liste par an\n\n"  # noqa: E501
TRAIN = "- **Action 1.1.2** — Former les techniciens des laboratoires.\n\n    *Pilote :* OFPPT · *Échéance :* 2028 · *Indicateur :* personnes formées\n\n"  # noqa: E501
A1, A2 = "C1-A1-P1-a1", "C1-A1-P1-a2"
LISTED = "Publier chaque année la liste des étalons nationaux."
DROP = (LIST, "")
REWORDED = ("Publier chaque année la liste des étalons nationaux.", "Publier chaque semestre la liste des étalons nationaux.")
ELSEWHERE = ("Un paragraphe de contexte", "Un autre paragraphe de contexte")


def source(*changes: tuple[str, str]) -> str:
    """The small chapter in French with some words replaced; each must stand in it."""
    text = factories.markdown(1)
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def revise(chapter: Chapter, *changes: tuple[str, str]) -> Revision:
    return chapters.import_chapter(SYSTEM, chapter.consultation, data=source(*changes).encode())


def anchors_of(contribution: Contribution) -> list[Anchor]:
    found = sa.select(Anchor).where(Anchor.contribution_id == contribution.id).order_by(Anchor.revision_id)
    return list(session.scalars(found.execution_options(populate_existing=True)))


def last_of(contribution: Contribution) -> Anchor:
    session.refresh(contribution)
    return anchors_of(contribution)[-1]


def tallies_shown(chapter: Chapter) -> dict[str, int]:
    """Published contributions by the key under which they are shown, counted afresh."""
    shown = sa.select(Contribution.current_key, sa.func.count()).where(
        Contribution.chapter_id == chapter.id, Contribution.state == "published", Contribution.current_key.is_not(None))
    return dict(session.execute(shown.group_by(Contribution.current_key)).all())


def tallies_kept(chapter: Chapter) -> dict[str, int]:
    return {key: count for key, count in chapters.tallies(chapter).items() if count}


def standing(contribution: Contribution) -> tuple:
    anchor = last_of(contribution)
    return anchor.anchor_class, anchor.state, contribution.current_key


def quoting(block: Block, exact: str, **over) -> Contribution:
    """Published about these words of the block."""
    at = block.text.index(exact)
    around = {"prefix": block.text[max(0, at - 32):at], "suffix": block.text[at + len(exact):][:32]}
    return factories.a_published_contribution(block=block, exact=exact, **{**around, **over})
