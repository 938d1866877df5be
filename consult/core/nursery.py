"""The programme from which readings are forked: one thread, all that they need imported, nothing opened.

It is run as a file: the application itself (``consult/__init__.py``, half of its memory) is not imported into it.
"""

import gc
import importlib
import os
import pickle
import resource
import signal
import socket
import struct
import sys
import traceback
from pathlib import Path
from types import ModuleType

READY = b"+"
DONE, TOO_MUCH, FAILED = "done", "too much", "failed"
HEADING = struct.Struct(">IIIQ")
SIZE = 8
NAME = 200  # bytes of a module's name, at most
MEGABYTE = 1024 * 1024
IDLE = 900  # seconds without a reading, after which the memory is given back


def heading(cpu: int, wall: int, memory: int, size: int) -> bytes:
    return HEADING.pack(cpu, wall, memory, size)


def received(connection: socket.socket, size: int) -> bytes:
    whole = bytearray()
    while len(whole) < size:
        piece = connection.recv(min(size - len(whole), MEGABYTE))
        if not piece:
            raise EOFError("the other side is gone")
        whole += piece
    return bytes(whole)


def serve(control: socket.socket) -> None:
    """A child for each connection that is handed over, until whoever asked is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks what became of a child: its connection tells
    control.settimeout(IDLE)
    while True:
        try:
            name, places, _flags, _address = socket.recv_fds(control, NAME, 1)
        except TimeoutError:
            return
        if not name:
            return
        known(name.decode())
        with socket.socket(fileno=places[0]) as connection:
            if os.fork() == 0:
                control.close()
                try:
                    answer(connection)
                finally:
                    os._exit(0)


def known(module: str) -> None:
    """Imported here, so that no child has to."""
    if module not in sys.modules:
        importlib.import_module(module)
        gc.collect()
        gc.freeze()


def answer(connection: socket.socket) -> None:
    """In the child: one task, within its limits; the system ends it where it takes more."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    connection.settimeout(None)
    connection.sendall(READY)
    cpu, wall, memory, size = HEADING.unpack(received(connection, HEADING.size))
    limit(cpu, wall, memory)
    reply = pickle.dumps(outcome(received(connection, size)), pickle.HIGHEST_PROTOCOL)
    connection.sendall(len(reply).to_bytes(SIZE, "big") + reply)


def limit(cpu: int, wall: int, memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    # What is written to: a programme of Haskell reserves more addresses than there is memory, and uses few.
    resource.setrlimit(resource.RLIMIT_DATA, (memory * MEGABYTE, memory * MEGABYTE))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, wall)


def outcome(task: bytes) -> tuple:
    """(how it ended, what it returned): the task is a function and its values."""
    try:
        function, values = pickle.loads(task)  # noqa: S301 - of the process that started this one
        return DONE, function(*values)
    except (MemoryError, RecursionError):
        return TOO_MUCH, None
    except Exception:
        return FAILED, traceback.format_exc()


def package() -> ModuleType:
    """``consult`` without what its ``__init__`` imports."""
    module = ModuleType("consult")
    module.__path__ = [str(Path(__file__).parents[1])]
    return module


if __name__ == "__main__":
    sys.path.pop(0)  # this folder: its modules have names of the library's
    sys.modules["consult"] = package()
    known(sys.argv[2])
    serve(socket.socket(fileno=int(sys.argv[1])))
