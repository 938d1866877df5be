"""What this room offers to those above it."""

from collections.abc import Callable
from dataclasses import dataclass

from consult.chapters.models import Chapter


@dataclass(frozen=True)
class Fact:
    """One line of what a document says of its chapter, in the language in force; ``words`` are people's own, as they wrote them."""

    heading: str
    said: str
    words: str = ""


# What higher rooms know of a chapter, in the order of the rooms.
chapter_facts: list[Callable[[Chapter], Fact | None]] = []


def on_describing(function: Callable[[Chapter], Fact | None]) -> Callable[[Chapter], Fact | None]:
    """Have ``function`` asked for its fact, or None, whenever a document describes a chapter: in one view of the database with the rest."""
    chapter_facts.append(function)
    return function
