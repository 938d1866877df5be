"""What the preview of a revision shows of this room: how many contributions stand on each passage."""

from consult.contributions.service.touched import count_at_places
from consult.core.web import slot
from consult.drafts.models import Chapter


@slot("revision.touched")
def touched(chapter: Chapter) -> dict[str, int]:
    return count_at_places(chapter)
