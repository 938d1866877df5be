"""What can be found by the search of the whole site: each kind is offered by the room that has it, the search stands above them all."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

# The columns of what is findable, under these names in this order: `None` where a kind lacks one.
COLUMNS = ("id", "chapter_id", "number", "place", "at", "key", "ref", "language", "organisation_id", "kind", "comment_type", "position")
OF_ENUMS = ("kind", "comment_type", "position")


class Passage(NamedTuple):
    """A part of the words of something; ``worth`` is how much more a word says there than in a sentence."""

    words: str
    worth: int = 1


@dataclass(frozen=True)
class Hit:
    """Something found, as it is shown: where it is read, how it is called, and the words in which the sought ones stand."""

    id: int
    title: str
    endpoint: str
    values: dict[str, Any]
    language: str
    words: str
    at: datetime
    ref: str = ""  # a reference or a key
    by: str = ""  # the organisation that said it
    place: str = ""  # the passage that it speaks of
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Findable:
    """One kind of thing. ``everybody_reads`` selects :data:`COLUMNS` of those that nobody is kept from: nothing else is found or counted,
    whatever the index holds. ``newest`` is the column by which they rise, ``texts`` what is indexed of some of them, ``hits`` how those are
    shown, by their ids.
    """

    name: str  # in addresses and in the index; at most 8 letters
    label: Any
    everybody_reads: Callable[[], sa.Select[Any]]
    texts: Callable[[Sequence[int]], Iterable[tuple[int, list[Passage]]]]
    hits: Callable[[Sequence[int], str], list[Hit]]


def columns(**known: Any) -> list[sa.ColumnElement[Any]]:
    """:data:`COLUMNS`, those that a kind lacks as NULL; :class:`KeyError` for one of another name."""
    for name in known:
        if name not in COLUMNS:
            raise KeyError(name)
    return [_column(name, known.get(name)) for name in COLUMNS]


def _column(name: str, known: Any) -> sa.ColumnElement[Any]:
    if known is not None and name not in OF_ENUMS:
        return known.label(name)
    # An enum as its value; NULL of the type that the other kinds have there.
    type_: sa.types.TypeEngine[Any] = sa.BigInteger() if name == "organisation_id" else sa.String()
    return sa.cast(sa.null() if known is None else known, type_).label(name)
