"""What documents ask of the rooms above: what else they know of a chapter."""

from dataclasses import dataclass

from consult.chapters.models import Chapter
from consult.core.extension_points import many


@dataclass(frozen=True)
class Fact:
    """One line of what a document says of its chapter, in the language in force; ``words`` are people's own, as they wrote them."""

    heading: str
    said: str
    words: str = ""


@many
def chapter_facts(chapter: Chapter) -> Fact | None:
    """What a document that describes a chapter says of it beside the synthesis, in one view of the database with the rest, or None."""
