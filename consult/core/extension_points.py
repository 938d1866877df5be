"""Extension points: what a room asks of the rooms above it, which it must not import.

The lower room declares each one in its ``events.py`` as a function: name, parameters, result and docstring say what is asked, the
decorator how many may answer. A room above fills it at import::

    @many                                                   # chapters/events.py
    def links(chapter: Chapter) -> list[Link]:
        \"""Where the head of a chapter leads.\"""

    @chapters_events.links.fill                             # synthesis/views.py
    def links_of(chapter: Chapter) -> list[Link]: ...

    events.links(chapter)                                   # chapters/views.py: what each filler answers, in the order of the rooms

A misspelt name, a filler that cannot be called as declared and a second filler where one is wanted fail at import; a point that must be
filled and is not, at start. ``python -m consult.house`` prints them all.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Generic, ParamSpec, TypeVar

from consult.core.errors import RegistrationError

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable)

POINTS: list["ExtensionPoint"] = []


def room_of(function: Callable) -> str:
    """The room that a function stands in."""
    return function.__module__.removeprefix("consult.").partition(".")[0]


def place(function: Callable) -> str:
    return f"{function.__module__}.{function.__qualname__}"


def in_order_of(rooms: Sequence[str], functions: Sequence[F]) -> list[F]:
    """By room, lowest first, whichever was imported first; those of one room as they stand in it."""
    return sorted(functions, key=lambda function: rooms.index(room_of(function)) if room_of(function) in rooms else len(rooms))


class ExtensionPoint(Generic[P, R]):
    """One declaration, and who fills it."""

    wanted = ""

    def __init__(self, declared: Callable[P, R]) -> None:
        self.declared = declared
        self.name = f"{room_of(declared)}.{declared.__name__}"
        self.signature = inspect.signature(declared)
        self.fillers: list[Callable[P, R]] = []
        POINTS.append(self)

    def fill(self, function: Callable[P, R]) -> Callable[P, R]:
        """Answer this point with ``function``; raises :class:`RegistrationError` when it cannot be called as declared."""
        try:
            inspect.signature(function).bind(*self.signature.parameters)
        except TypeError as error:
            declared = f"{self.name}{self.signature}"
            raise RegistrationError(f"{declared} is filled by {place(function)}, which cannot be called so: {error}.") from None
        self.fillers.append(function)
        return function

    def settle(self, rooms: Sequence[str]) -> None:
        """Put the fillers in the order of the rooms."""
        self.fillers = in_order_of(rooms, self.fillers)


class Many(ExtensionPoint[P, R]):
    """Each room above may answer; asking gives the list of the answers."""

    wanted = "many"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> list[R]:
        return [filler(*args, **kwargs) for filler in self.fillers]


class AtMostOne(ExtensionPoint[P, R]):
    """One function above may answer; until then the declaration itself does."""

    wanted = "at most one"

    def __init__(self, declared: Callable[P, R]) -> None:
        super().__init__(declared)
        self.answer = declared

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.answer(*args, **kwargs)

    def fill(self, function: Callable[P, R]) -> Callable[P, R]:
        """The same; a second filler is a :class:`RegistrationError` too."""
        if self.fillers:
            raise RegistrationError(f"{self.name} is filled twice, by {place(self.fillers[0])} and {place(function)}: take one away.")
        self.answer = super().fill(function)
        return function


class One(AtMostOne[P, R]):
    """One function above must answer."""

    wanted = "one"

    def settle(self, rooms: Sequence[str]) -> None:
        """Raises :class:`RegistrationError` when nobody fills it."""
        if not self.fillers:
            fill = f"@{self.name.replace('.', '_events.')}.fill"
            raise RegistrationError(f"Nobody fills {self.name}: put {fill} above the function that gives it ({self.declared.__doc__})")


def many(declared: Callable[P, R]) -> Many[P, R]:
    """Declare a point that each room above may fill, several times if it likes."""
    return Many(declared)


def at_most_one(declared: Callable[P, R]) -> AtMostOne[P, R]:
    """Declare a point that one function may fill; the body of the declaration answers where none does."""
    return AtMostOne(declared)


def one(declared: Callable[P, R]) -> One[P, R]:
    """Declare a point that one function must fill."""
    return One(declared)


def flat(answers: Iterable[Iterable[R]]) -> list[R]:
    """In one list, what the fillers of a point answered, each with several."""
    return list(chain.from_iterable(answers))


def settle(rooms: Sequence[str]) -> None:
    """Once all rooms are imported, lowest first: put fillers in order; raises :class:`RegistrationError` where one is missing."""
    for point in POINTS:
        point.settle(rooms)
