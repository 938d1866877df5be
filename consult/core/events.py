"""What the floor asks of the rooms: where its own pages lead, the menus around every page, whether what is kept is whole."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from consult.core.extension_points import many, one
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


@one
def home_endpoint() -> str:
    """The first page of the site: where its name leads, and the address that names no page."""


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


@many
def faults() -> Iterable[str]:
    """What is wrong with the rows of a room: an English sentence for each fault, in one view of the database."""


@one
def faults_of_file(path: Path) -> list[str]:
    """What is wrong with a file or folder taken out of the platform: with no database."""
