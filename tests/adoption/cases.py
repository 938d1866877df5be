"""A consultation that can be submitted, for the tests of this room."""

from consult.accounts.models import User
from consult.adoption import service
from consult.adoption.models import Submission
from consult.chapters.models import Chapter
from consult.consultations.models import Consultation, Phase
from consult.core.db import session
from consult.core.i18n import MOROCCO, utcnow
from consult.core.permissions import SYSTEM
from consult.synthesis.models import SynthesisState
from tests.exports.cases import a_discussed_chapter, settled, synthesis_of

__all__ = ["a_discussed_chapter", "ready_to_submit", "sent", "settled", "submitted", "synthesis_of", "today"]


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


def submitted(consultation: Consultation, secretary: User) -> Submission:
    """The same, once it is submitted."""
    ready_to_submit(consultation)
    return sent(consultation, secretary)


def sent(consultation: Consultation, secretary: User) -> Submission:
    """What the worker does at the end, with an archive of which there is no file."""
    request = service.submit(secretary, consultation)
    made = service.MadeArchive(stamp=service.get_archive_stamp(consultation), position=1, digest="0" * 64, file_name="none.zip", size=1,
                               sha256="0" * 64)
    return service.seal(SYSTEM, request, archive=made)
