"""What the consultation's own pages ask of the rooms above: what waits there, what can be done there, where they lead."""

from typing import NamedTuple

from consult.consultations.models import Consultation
from consult.core.events import Link
from consult.core.extension_points import many, one


class Count(NamedTuple):
    """How many there are of what the words say, with the way to them."""

    words: str
    number: int
    url: str


class NextAct(NamedTuple):
    """What the secretariat does next; ``is_main`` when the consultation waits for it."""

    words: str
    url: str
    is_main: bool


@many
def dashboard_counts(consultation: Consultation) -> list[Count]:
    """What the secretariat's desk counts of a room, as far as the reader may see it."""


@many
def dashboard_links(consultation: Consultation) -> list[Link]:
    """Where the head of the secretariat's desk leads, for those who may go there."""


@many
def next_acts(consultation: Consultation) -> list[NextAct]:
    """What a room lets the reader do in the present phase."""


@one
def own_contributions_endpoint() -> str:
    """Where the help and the guide send whoever looks for what they said."""


@one
def open_data_endpoint() -> str:
    """Where the legal notice says that the open data are."""
