"""What the preview of a revision shows of this room: how many contributions stand on each passage."""

from consult.contributions import service
from consult.core.web import actor, slot
from consult.chapters.models import Chapter


@slot("revision.touched")
def touched(chapter: Chapter) -> dict[str, int]:
    return service.count_at_places(actor(), chapter)
