"""What whoever sends words is told of them afterwards, noted where they are read: a request begins it, elsewhere nobody is told."""

from contextvars import ContextVar

# Fields out of which marks that nobody sees were left.
LEFT_OUT: ContextVar[set[str] | None] = ContextVar("left_out", default=None)
