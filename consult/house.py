"""``python -m consult.house``: what the house is made of, told by the code itself.

Extension points with their types and who fills them, and who listens to which command.
"""

import re
from collections.abc import Callable, Iterator

import consult
from consult.core import extension_points
from consult.core.commands import LISTENERS
from consult.core.extension_points import ExtensionPoint, place

MODULES = re.compile(r"\b(?:\w+\.)+(?=\w)")


def told() -> Iterator[str]:
    """Each table, line by line."""
    consult.settle()
    yield "EXTENSION POINTS: what a room asks of those above it (events.py)"
    for point in sorted(extension_points.POINTS, key=lambda point: point.name):
        yield from ("", *entry(point))
    yield from ("", "", "LISTENERS: what is done in the transaction of a command (@on)")
    for action, listeners in sorted(LISTENERS.items()):
        yield from ("", action.value)
        yield from (f"    {place(listener).removeprefix('consult.')}: {first_line(listener)}" for listener in listeners)


def entry(point: ExtensionPoint) -> Iterator[str]:
    """Name, type, how many are wanted, what for, and who fills it."""
    yield f"{point.name}{MODULES.sub('', str(point.signature))}"
    yield f"    {point.wanted}: {', '.join(map(place, point.fillers)).replace('consult.', '') or 'nobody'}"
    yield f"    {first_line(point.declared)}"


def first_line(function: Callable) -> str:
    return (function.__doc__ or "").partition("\n")[0]


def main() -> None:
    print("\n".join(told()))


if __name__ == "__main__":
    main()
