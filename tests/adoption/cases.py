"""A consultation that can be submitted, for the tests of this room."""

from consult.chapters.models import Chapter
from consult.consultations.models import Consultation, Phase
from consult.core.db import session
from consult.core.i18n import MOROCCO, utcnow
from consult.synthesis.models import SynthesisState
from tests.exports.cases import a_discussed_chapter, settled, synthesis_of

__all__ = ["a_discussed_chapter", "ready_to_submit", "settled", "synthesis_of", "today"]


def today():
    return utcnow().astimezone(MOROCCO).date()


def ready_to_submit(consultation: Consultation) -> list[Chapter]:
    """Both chapters discussed and validated, in the phase of synthesis."""
    chapters = [a_discussed_chapter(consultation, number) for number in (1, 2)]
    for chapter in chapters:
        synthesis = synthesis_of(chapter)
        synthesis.state, synthesis.validated_at = SynthesisState.VALIDATED, utcnow()
    consultation.phase = Phase.SYNTHESIS
    session.flush()
    return chapters
