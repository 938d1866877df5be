"""The line beneath an answer: the server's own socket, which it hands to nobody, found by who is at the other end.

By it an answer that was begun is broken off so that its reader sees it, be it a proxy: the server ends every answer as if it were whole.
"""

import ipaddress
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OPEN = Path("/dev/fd")  # what this process has open, on Linux and elsewhere


class Line:
    """A connection that is in hand beside the server: it is not another's before it is let go."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def break_off(self) -> None:
        with suppress(OSError):  # the reader left meanwhile
            self.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def line_to(host: str, port: str) -> Iterator[Line | None]:
    """The one connection of this process whose other end is there; None for a socket of another kind, where ends have no address."""
    connection = _connection_to(host, port)
    try:
        yield None if connection is None else Line(connection)
    finally:
        if connection is not None:
            connection.close()


def _connection_to(host: str, port: str) -> socket.socket | None:
    try:
        wanted = _plain(host), int(port)
    except ValueError:
        return None
    for name in os.listdir(OPEN) if OPEN.is_dir() else ():
        with suppress(OSError):  # closed meanwhile
            place = os.dup(int(name))
            try:
                connection = socket.socket(fileno=place)
            except OSError:  # something else than a socket
                os.close(place)
                continue
            if _peer_of(connection) == wanted:
                return connection
            connection.close()
    return None


def _peer_of(connection: socket.socket) -> tuple[str, int] | None:
    with suppress(OSError, ValueError):  # of no such kind, or at no other's end
        host, port = connection.getpeername()[:2]
        return _plain(host), int(port)
    return None


def _plain(host: str) -> str:
    """As the same address is spelt everywhere; IPv4 also where a socket of IPv6 took it."""
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
