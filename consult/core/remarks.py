"""What whoever sends words is told of them afterwards, noted where they are read: a request begins it, elsewhere nobody is told."""

import enum
from collections.abc import Callable
from contextvars import ContextVar


class LeftOut(enum.Enum):
    """What was not kept as it came."""

    MARKS = "marks"
    WINDOWS = "windows"
    ASKED = "asked"
    REFUSED = "refused"

    def tell(self) -> None:
        if (told := LEFT_OUT.get()) is not None:
            told.add(self)


LEFT_OUT: ContextVar[set[LeftOut] | None] = ContextVar("left_out", default=None)
# Whether the signs that cannot be kept are to be removed; asked only when there are some.
WITHOUT_UNSEEN: ContextVar[Callable[[], bool]] = ContextVar("without_unseen", default=lambda: False)  # noqa: B039 - it changes nothing
