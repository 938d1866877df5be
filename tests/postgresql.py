"""A real PostgreSQL server from a wheel, on a socket of its own, for the second run of the suite."""

from contextlib import contextmanager


@contextmanager
def server(folder):
    raise NotImplementedError
    yield
