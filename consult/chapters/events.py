"""What the pages of the text ask of the rooms above: what was said, answered and decided about it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from consult.chapters.models import Chapter, Revision
from consult.consultations.models import Consultation
from consult.core.events import Link
from consult.core.extension_points import at_most_one, many
from consult.core.markup import Markup
from consult.core.states import Tone

MARGIN_LINES = 3  # beside a passage, at most


@dataclass(frozen=True)
class Stance:
    """How the author of a line stands to the passage: a sign in its tone, and the word for it."""

    tone: Tone
    sign: str
    label: str


@dataclass(frozen=True)
class MarginQuote:
    """Quoted words as the margin shows them, with what stands around them; ``exact`` in full where they are cut short."""

    words: str
    exact: str
    prefix: str
    suffix: str
    language: str


@dataclass(frozen=True)
class MarginEntry:
    """One line of what was said beside a block; ``persons`` and ``organisations`` support it."""

    ref: str
    url: str
    position: Stance
    organisation: str
    language: str
    excerpt: str
    note: str = ""
    quote: MarginQuote | None = None
    persons: int = 0
    organisations: int = 0
    replies: int = 0


@dataclass(frozen=True)
class Figures:
    """What the home says was done so far."""

    contributions: int
    organisations: int
    participants: int
    answered: int


@dataclass(frozen=True)
class PlacesToConfirm:
    """A passage as it was, and how many of its contributions wait for their place in the newest version to be confirmed."""

    key: str
    label: str
    count: int


@dataclass(frozen=True)
class WaitingPlaces:
    """Whether contributions still look for their place in the newest version, and the passages whose public contributions wait for somebody
    to confirm where it has them.
    """

    are_sought: bool = False
    to_confirm: list[PlacesToConfirm] = field(default_factory=list)


@dataclass(frozen=True)
class ProvisionPart:
    """A part of a passage's own page; ``order`` is its place among those of all rooms."""

    order: int
    id: str
    title: str
    count: int | None
    words: Markup


@at_most_one
def figures(consultation: Consultation) -> Figures | None:
    """What was said and answered in the whole consultation, for the home."""
    return None


@at_most_one
def published(chapter_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """How many contributions everybody reads, by chapter and by the key of the passage that the present text shows them on."""
    return {}


@at_most_one
def margin(chapter: Chapter, blocks: Sequence[int]) -> dict[str, list[MarginEntry]]:
    """The lines beside these blocks (ids) of the chapter as it reads now, by key."""
    return {}


@at_most_one
def waiting_places(chapter: Chapter, language: str) -> WaitingPlaces:
    """What is not settled of the places of contributions in the newest version."""
    return WaitingPlaces()


@at_most_one
def key_of_signs() -> list[Stance]:
    """What the signs beside the lines mean."""
    return []


@at_most_one
def earlier_counts(revision: Revision) -> dict[str, int]:
    """How many contributions stood on each passage of a version as it was read, by key."""
    return {}


@at_most_one
def earlier_margin(revision: Revision, blocks: Sequence[int]) -> dict[str, list[MarginEntry]]:
    """The lines beside these blocks (ids) of a version, by key."""
    return {}


@at_most_one
def comment_urls(chapter: Chapter, keys: Sequence[str]) -> dict[str, str]:
    """Where somebody speaks about each of these passages, by key; none while nobody may."""
    return {}


@at_most_one
def discussion_url(chapter: Chapter, key: str) -> str:
    """Where all that was said about a passage of the present text is read."""
    return ""


@at_most_one
def own_lines_url(chapter: Chapter) -> str:
    """Where a reader's page asks for the lines of what they said themselves, and nobody else reads yet."""
    return ""


@at_most_one
def follow_url(chapter: Chapter) -> str:
    """Where somebody follows a chapter; nobody does where this is empty."""
    return ""


@at_most_one
def impact(chapter: Chapter) -> dict[str, int]:
    """How many contributions a new version would touch, by the key of the passage that they stand on."""
    return {}


@many
def links(chapter: Chapter) -> list[Link]:
    """Where the head of a chapter leads in a room above."""


@many
def provision_parts(chapter: Chapter, key: str) -> ProvisionPart | None:
    """What a room has to say on a passage's own page; None when it has nothing."""
