"""What whoever sends words is told of them afterwards, noted where they are read: a request begins it, elsewhere nobody is told."""

from contextvars import ContextVar

# Whether marks that nobody sees were left out.
LEFT_OUT: ContextVar[bool] = ContextVar("left_out", default=False)
