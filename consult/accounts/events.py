"""What accounts ask of the rooms above: what they keep about a person, and where that person's work is."""

from dataclasses import dataclass
from typing import Any

from consult.accounts.models import User
from consult.core.extension_points import many
from consult.core.markup import Markup
from consult.core.permissions import Actor


@dataclass(frozen=True)
class ProfilePart:
    """A part of a person's own page."""

    id: str
    title: str
    words: Markup


@many
def arrival(person: Actor) -> str | None:
    """Where somebody who signs in begins, when their work is in this room: an address; the lowest room that has one is heard."""


@many
def address_typed(address: str, browser: str) -> None:
    """A visitor typed this address in this browser to get a letter: what the room keeps for them is for whoever shows that it is theirs."""


@many
def signed_in(person: User, browser: str | None) -> str | None:
    """Somebody showed who they are (by a letter: the browser that asked for it): where what waited for them in the room goes on."""


@many
def profile_parts(person: User) -> ProfilePart:
    """What a room shows of a person on their own page."""


@many
def my_data(person: User) -> dict[str, Any]:
    """What a room keeps about a person (law 09-08, article 7), by name of its part."""


@many
def no_longer_named(person: User) -> None:
    """What was made with this person's name is to be made anew: they no longer agree to be named, or are called otherwise."""
