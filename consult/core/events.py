"""What the floor asks of the rooms: where its own pages lead, the menus around every page, whether what is kept is whole."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from markupsafe import Markup

from consult.core.db import Base
from consult.core.extension_points import at_most_one, many, one
from consult.core.finding import Findable
from consult.core.news import Topic, Way
from consult.core.permissions import Action


class Link(NamedTuple):
    """Words and where they lead."""

    words: str
    url: str


@dataclass(frozen=True)
class MenuEntry:
    """One entry of a menu; ``order`` is its place among those of all rooms.

    It is shown to whoever may do ``action``, where there is one, and as the present page on all pages of its room when it ``has_room``.
    """

    order: int
    endpoint: str
    words: str
    action: Action | None = None
    has_room: bool = False


@dataclass(frozen=True)
class Offer:
    """To what a room invites somebody by a letter: the endpoint of its link, the folder of its templates (``_invited.html``: to what, by
    whom, until when), the words of its pages, and its acts. ``accepted`` answers whoever accepted.
    """

    endpoint: str
    folder: str
    heading: Any
    consequence: Any  # what accepting does, to whoever has an account
    enrolling: Any  # and to whoever has none
    purpose: Any  # of the data, for the notice of law 09-08
    action: Action
    get_open: Callable[[str], Any]
    accept: Callable[[Any, Any], Any]
    enrol: Callable[..., Any]
    accepted: Callable[[Any], Any]


@one
def take_up(offer: Offer, token: str) -> Any:
    """Answer whoever opens the link of an invitation, or presses its button."""


@one
def home_endpoint() -> str:
    """The first page of the site: where its name leads, and the address that names no page."""


@at_most_one
def search_endpoint() -> str:
    """Where the search box in the head of every page leads; there is none where this is empty."""
    return ""


@many
def findables() -> Findable:
    """A kind of thing that the search of the site finds."""


@one
def help_endpoint() -> str:
    """Where a page of errors sends whoever needs help."""


@one
def legal_notice_endpoint() -> str:
    """What a form that collects personal data refers to."""


@one
def sign_in_endpoint() -> str:
    """Where a page of errors sends visitors who would have to sign in; it takes ``next``."""


@one
def second_factor_endpoint() -> str:
    """Where whoever may do nothing without a second factor sets one up."""


@one
def account_template() -> str:
    """The template of what differs from one person to the next in the head of every page."""


@many
def main_menu() -> list[MenuEntry]:
    """Entries of the menu in the head of every page."""


@many
def footer_menu() -> list[MenuEntry]:
    """Entries of the menu at the foot of every page."""


@many
def personal_menu() -> list[MenuEntry]:
    """What the head of every page offers to whoever is signed in."""


@many
def staff_menu() -> list[MenuEntry]:
    """The desks of those in charge."""


class ToldWith(NamedTuple):
    """Rows of another table whose acts belong to the journal of a thing; of these acts only those that name ``ref``, where it is given."""

    table: str
    ids: sa.Select[int]
    ref: str | None = None


@many
def told_with(thing: Base) -> ToldWith | None:
    """What of a room belongs to the journal of a row of a lower one, as far as the reader may know of it."""


@at_most_one
def journal_of(thing: Base) -> Markup | None:
    """What was done with a row, for the page that shows it; None where the journal tells of nothing."""


@one
def ways_of_news(topic: Topic, kind: str, subject_id: int, letters: Sequence[tuple[str, list[Any]]]) -> list[Way | None]:
    """How letters of a kind leave, each to an address on some facts, as its owner chose; None: not now, and what is told later is kept."""


@one
def is_told_at_once(recipient: str, topic: Topic) -> bool:
    """Whether whoever has this address still wants to be told of it as soon as it happens."""


class Feed(NamedTuple):
    """What readers of feeds find by themselves in the head of a page."""

    title: str
    url: str


@many
def feeds() -> list[Feed]:
    """The feeds of the page that is shown."""


@many
def secret_endpoints() -> tuple[str, ...]:
    """Beginnings of the names of endpoints whose addresses, or what they show, are a key: no cache keeps them."""


@many
def faults() -> Iterator[str]:
    """What is wrong with the rows of a room, looked for as it is told: an English sentence for each fault, in one view of the database."""


@one
def faults_of_file(path: Path) -> list[str]:
    """What is wrong with a file or folder taken out of the platform: with no database."""
