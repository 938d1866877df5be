"""What contributions ask of the rooms above: what became of them."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from consult.consultations.models import Consultation
from consult.contributions.models import Contribution, Reply
from consult.core.events import Link
from consult.core.extension_points import at_most_one, many
from consult.core.markup import Markup


class Act(NamedTuple):
    """Where a reader can do something about a text."""

    words: str
    url: str


@many
def acts(said: Contribution | Reply) -> Sequence[Act]:
    """What a room above offers the reader of a contribution, or of a reply; without a query."""
    return ()


@at_most_one
def answer(contribution: Contribution) -> Markup | None:
    """What became of a contribution, for its own page, with all that it was answered with; None while the reader may not know."""
    return None


@at_most_one
def decided(contribution: Contribution) -> Markup | None:
    """What the Council decided on its chapter, for its own page; None before."""
    return None


@at_most_one
def answers(contributions: Sequence[Contribution]) -> dict[int, Markup]:
    """What became of each contribution of a list, by its id, as far as the reader may know."""
    return {}


@at_most_one
def marked_words(contribution: Contribution) -> Markup | None:
    """Its words with what a room above marks in them, in place of its words on its own page; None: as they stand."""
    return None


@many
def links(contribution: Contribution) -> Iterable[Link]:
    """What those in charge do with it in a room above, as far as the reader may."""


@at_most_one
def answered(consultation: Consultation) -> int:
    """How many contributions were answered in public."""
    return 0


@at_most_one
def position_document_url(ref: str) -> str:
    """Where the receipt of a position is taken away as a document to print; nowhere where this is empty."""
    return ""


@many
def counts(ids: Sequence[int], only_places: bool) -> Iterable[tuple[tuple[Any, ...], int]]:
    """What these contributions count for in the tallies of a room above (:mod:`consult.core.tallies`), or in those that tell places."""
