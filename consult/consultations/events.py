"""What the consultation's own pages ask of the rooms above: what waits there, what can be done there, where they lead."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from consult.accounts.models import User
from consult.consultations.models import Consultation, Phase
from consult.core.events import Link
from consult.core.extension_points import many, one


class Count(NamedTuple):
    """How many there are of what the words say, with the way to them."""

    words: str
    number: int
    url: str


class Cell(NamedTuple):
    """What the desk reads of one chapter: words, or a number in them, with the way to the work; ``is_waiting`` when somebody has to act."""

    words: str
    url: str = ""
    is_waiting: bool = False


class Column(NamedTuple):
    """One thing to know of each chapter, by its number; ``order`` is its place among the columns."""

    order: int
    heading: str
    cells: Mapping[int, Cell]


class NextAct(NamedTuple):
    """What the secretariat does next; ``is_main`` when the consultation waits for it."""

    words: str
    url: str
    is_main: bool


class Waiting(NamedTuple):
    """One line of the letter to a person in charge: words in the language in force, and the page (endpoint and values) that it leads to.

    ``key`` names it among those of all rooms. It is told each morning for as long as it waits; what only happened (``since``) is told once.
    """

    key: str
    words: str
    endpoint: str
    values: Mapping[str, Any] = {}
    since: datetime | None = None


@many
def waiting(person: User, consultation: Consultation) -> list[Waiting]:
    """What waits in a room for a person in charge, and what happened there lately that they should know."""


@many
def dashboard_counts(consultation: Consultation) -> list[Count]:
    """What the secretariat's desk counts of a room, as far as the reader may see it."""


@many
def dashboard_columns(consultation: Consultation) -> list[Column]:
    """What the secretariat's desk tells of each chapter, as far as the reader may see it."""


@many
def dashboard_notes(consultation: Consultation) -> list[str]:
    """Sentences on what the secretariat should know: who has not spoken yet, for instance."""


@many
def dashboard_links(consultation: Consultation) -> list[Link]:
    """Where the head of the secretariat's desk leads, for those who may go there."""


@many
def next_acts(consultation: Consultation) -> list[NextAct]:
    """What a room lets the reader do in the present phase."""


@many
def outcome_links(consultation: Consultation) -> list[Link]:
    """Where everybody reads what came of it, as far as it is public."""


@many
def milestones(consultation: Consultation) -> dict[Phase, date]:
    """When the phases that no date of the consultation sets began."""


@one
def own_contributions_endpoint() -> str:
    """Where the help and the guide send whoever looks for what they said."""


@one
def open_data_endpoint() -> str:
    """Where the legal notice says that the open data are."""


@one
def privacy_endpoint() -> str:
    """Where the legal notice says how long what is held on people is kept."""
