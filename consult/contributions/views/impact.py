"""What the preview of a revision shows of this room: how many contributions stand on each passage."""

from consult.chapters.models import Chapter
from consult.contributions import service
from consult.core.web import actor, slot


@slot("revision.impact")
def touched(chapter: Chapter) -> dict[str, int]:
    return service.count_by_provision(actor(), chapter)
