"""Reading what others wrote in a process of its own, which has little time and memory and can be killed: whatever a text or a document
holds, nobody else waits for it.

A *nursery* (:mod:`consult.core.nursery`) is started when it is first needed and lives as long as the process that asked; it forks one
child for each reading, which costs some milliseconds where starting another Python costs seconds.
"""

import atexit
import logging
import os
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from consult.core import nursery
from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.core.remarks import LEFT_OUT, WITHOUT_UNSEEN

AT_ONCE = 2  # readings of one process; who comes third waits
IN_LINE = 6  # with those that wait: the other requests that a process answers at once are for those who read pages
STARTING = 120  # seconds that a nursery may take to be there, on a busy machine
MARGIN = 5  # seconds after which a child that did not even die in its time is given up
Result = TypeVar("Result")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """``cpu`` and ``wall`` are seconds, ``memory`` is megabytes of the child and of each programme that it runs."""

    cpu: int
    wall: int
    memory: int


class TooMuch(Exception):
    """It took more than it was given, or took the process with it."""


class Failed(Exception):
    """A fault of ours, noted with its place."""


class Confinement:
    """The nursery of this process, and how many readings go on."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.line, self.places = threading.BoundedSemaphore(IN_LINE), threading.BoundedSemaphore(AT_ONCE)
        self.process: subprocess.Popen | None = None
        self.control: socket.socket | None = None

    def child(self, module: str) -> socket.socket:
        """A connection to a child that waits for its task."""
        with self.lock:
            for _attempt in range(2):
                ours, theirs = socket.socketpair()
                ours.settimeout(STARTING)
                try:
                    with theirs:
                        socket.send_fds(self.started(module), [module.encode()], [theirs.fileno()])
                    if ours.recv(1) == nursery.READY:
                        return ours
                except OSError:  # it was stopped, or had nothing to do for long and went
                    pass
                ours.close()
                self.stop()
        raise RuntimeError("no process can be started to read texts in")

    def started(self, module: str) -> socket.socket:
        """The nursery's control; it imports the module that will be asked for first."""
        if self.control is None or self.process is None or self.process.poll() is not None:
            self.stop()
            self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self.process = subprocess.Popen(  # noqa: S603 - our own programme
                    [sys.executable, str(Path(nursery.__file__)), str(theirs.fileno()), module], pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True, env=without_settings())
        return self.control

    def prepare(self, module: str) -> None:
        """Begin to start the nursery, where somebody is about to ask; nobody waits for it."""
        if self.lock.acquire(blocking=False):
            try:
                with suppress(OSError):  # whoever asks then is told
                    self.started(module)
            finally:
                self.lock.release()

    def stop(self) -> None:
        if self.control is not None:
            self.control.close()
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.control = self.process = None


def without_settings() -> dict[str, str]:
    """Whoever reads hostile words has no key of the platform in reach."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CONSULT_")}


HERE = Confinement()
atexit.register(HERE.stop)


def confined(function: Callable[..., Result], *values: Any, limits: Limits) -> Result:
    """What ``function`` (of a module) returns or refuses, run elsewhere; :class:`Invalid` (field ``file``) where it takes too much.

    What it tells of what was left out (:mod:`consult.core.remarks`) is told here.
    """
    with place(limits.wall):
        try:
            refusal, result, told = ask(function, values, limits)
        except (TooMuch, TimeoutError, EOFError, ConnectionError) as error:
            raise Invalid("file", _("This text takes too long to be read, or too much memory."),
                          _("Nothing was changed. Split it, or take out what is repeated many times in it (stars, brackets, lists in "
                            "lists); save a document again before you choose it.")) from error
        except Failed as error:
            raise Invalid("file", _("Something in this text could not be read; the fault was noted for whoever keeps the platform."),
                          _("Nothing was changed. Take out what you wrote last, or send the text to the secretariat.")) from error
    if (noted := LEFT_OUT.get()) is not None:
        noted |= told
    if refusal is not None:
        raise Invalid(*refusal)
    return result


@contextmanager
def place(wait: int) -> Iterator[None]:
    """One of the readings that go on at once, after those that came before."""
    busy = Invalid("file", _("Many texts are being read at this moment."), _("Nothing is lost. Send it again in a minute."))
    if not HERE.line.acquire(blocking=False):
        raise busy
    try:
        if not HERE.places.acquire(timeout=wait):
            raise busy
        try:
            yield
        finally:
            HERE.places.release()
    finally:
        HERE.line.release()


def ask(function: Callable[..., Any], values: tuple, limits: Limits) -> tuple[tuple | None, Any, set]:
    task = pickle.dumps((attempted, (function, values, WITHOUT_UNSEEN.get()())), pickle.HIGHEST_PROTOCOL)
    with HERE.child(function.__module__) as connection:
        connection.settimeout(limits.wall + MARGIN)
        connection.sendall(nursery.heading(limits.cpu, limits.wall, limits.memory, len(task)) + task)
        size = int.from_bytes(nursery.received(connection, nursery.SIZE), "big")
        done, result = pickle.loads(nursery.received(connection, size))  # noqa: S301 - our own child, which runs our own code
    if done == nursery.TOO_MUCH:
        raise TooMuch
    if done == nursery.FAILED:
        log.error("%s failed:\n%s", function.__qualname__, result)
        raise Failed
    return result


def attempted(function: Callable[..., Any], values: tuple, without_unseen: bool) -> tuple[tuple | None, Any, set]:
    """In the child: (what refuses it, what it returns, what was left out)."""
    told: set = set()
    LEFT_OUT.set(told)
    WITHOUT_UNSEEN.set(lambda: without_unseen)
    try:
        return None, function(*values), told
    except Invalid as refusal:
        return (refusal.field, refusal.message, refusal.remedy), None, told
