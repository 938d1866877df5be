"""Chapters with contributions of every fate, for the tests of this room and of adoption."""

import sqlalchemy as sa

from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.contributions.models import CommentType, ContributionState, Position
from consult.core import jobs
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.moderation.models import ModerationDecision, Reason, Verdict
from consult.synthesis.models import BlockChange, Disposition, Ground, Synthesis
from tests import factories

OLD = "Publier chaque année la liste des étalons nationaux."
NEW = "Publier chaque trimestre la liste des étalons nationaux."
HOSTILE = '=HYPERLINK("http://evil.test") *gras* <b>x</b> #read("/etc/passwd") $x$ | [l](http://e.test) ![](file:///etc/passwd)'


def a_discussed_chapter(consultation: Consultation, number: int = 1) -> Chapter:
    """Two points: one accepted with a new wording, one refused; a withheld, a withdrawn and a named contribution."""
    known = {chapter.number: chapter for chapter in chapters.list_chapters(consultation)}
    chapter = known.get(number) or factories.a_chapter(consultation, number=number)
    first, second = (factories.block_of(chapter, f"C{number}-A1-P1-a{n}") for n in (1, 2))
    named = factories.a_published_contribution(
        block=first, replacement=NEW, body=HOSTILE, position=Position.OPPOSED, justification="Parce que.",
        author=factories.a_user(name="Zineb Nommée", organisation=factories.an_organisation(short="CGT", name_fr="Centrale Témoin")),
    )
    discreet = factories.a_published_contribution(
        block=second, author=factories.a_user(name="Secret Anonyme", is_name_public=False), body="أقترح نشر القائمة كل ثلاثة أشهر.",
        language="ar", comment_type=CommentType.EDITORIAL,
    )
    withheld = factories.a_contribution(block=first, state=ContributionState.WITHHELD, body="Texte injurieux caché")
    moderator = factories.a_user()
    factories.saved(ModerationDecision(
        contribution=withheld, verdict=Verdict.WITHHOLD, reason=Reason.INSULT, words="Propos injurieux.", moderator_id=moderator.id
    ))
    factories.a_contribution(block=second, state=ContributionState.WITHDRAWN, withdrawn_at=utcnow(), body="Texte retiré caché")
    synthesis = factories.a_synthesis(chapter)
    accepted = factories.an_item(synthesis, named, title="Fréquence de la liste", disposition=Disposition.ACCEPTED, rationale="Utile.")
    factories.saved(BlockChange(item=accepted, block=first, wording=NEW))
    factories.an_item(synthesis, discreet, title="Formation", disposition=Disposition.NOT_ACCEPTED, ground=Ground.COST,
                      rationale="Hors de proportion.")
    session.flush()
    return chapter


def synthesis_of(chapter: Chapter) -> Synthesis:
    return session.scalars(sa.select(Synthesis).where(Synthesis.chapter_id == chapter.id)).one()


def settled():
    """What a request's end does, then what the worker does."""
    session.commit()
    while jobs.run_pending():
        pass
    session.expire_all()
