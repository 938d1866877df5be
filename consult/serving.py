"""`consult serve`: the web processes of one address and, beside them, a worker; each is started again when it ends by itself."""

import logging
import multiprocessing
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from granian import Granian
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.log import LogLevels

from consult import TAKEN_IN, create_app
from consult.core import metrics
from consult.core.errors import Conflict
from consult.core.reception import Reception

log = logging.getLogger(__name__)
FIRST, LONGEST = 1.0, 60.0  # seconds until what ended is started again: doubled each time, and short again for what lived for a while
STEADY = 60
CONNECTIONS = 2048  # of each process: those beyond wait outside
HEAD_WITHIN = 10  # seconds
LAST_WORDS = 40  # seconds that a process has to end what it does


class Delay:
    """How long to wait before the next start."""

    def __init__(self) -> None:
        self.seconds = FIRST / 2

    def after(self, lived: float) -> float:
        self.seconds = FIRST if lived > STEADY else min(2 * self.seconds, LONGEST)
        return self.seconds


class Worker:
    """`consult work` in a process of its own, for as long as this one lives."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.guard = threading.Lock()
        self.process: subprocess.Popen | None = None
        self.thread = threading.Thread(target=self.watch, daemon=True, name="worker")

    def watch(self) -> None:
        delay = Delay()
        while (process := self.start_patiently(delay)) is not None:
            began = time.monotonic()
            status = process.wait()
            if not self.over.is_set():
                seconds = delay.after(time.monotonic() - began)
                log.error("the worker ended with status %s; it is started again in %.0f s", status, seconds)
                self.over.wait(seconds)

    def start_patiently(self, delay: "Delay") -> subprocess.Popen | None:
        """Where the system has no process to give, again later."""
        while True:
            try:
                return self.start()
            except OSError as error:
                seconds = delay.after(0)
                log.error("the worker cannot be started (%s); it is tried again in %.0f s", error, seconds)
                self.over.wait(seconds)

    def start(self) -> subprocess.Popen | None:
        with self.guard:
            if not self.over.is_set():
                self.process = subprocess.Popen(  # noqa: S603 - our own programme
                    [sys.executable, "-m", "consult", "work", "--parent", str(os.getpid())])
                return self.process
        return None

    def stop(self) -> None:
        """Let it end what it does."""
        with self.guard:
            self.over.set()
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(LAST_WORDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@contextmanager
def working(with_worker: bool) -> Iterator[None]:
    if not with_worker:
        yield
        return
    worker = Worker()
    # A process forked while the worker is being started would keep the pipe open on which its starter waits for it, for ever.
    os.register_at_fork(before=worker.guard.acquire, after_in_parent=worker.guard.release, after_in_child=worker.guard.release)
    worker.thread.start()
    try:
        yield
    finally:
        worker.stop()


@contextmanager
def counting_together() -> Iterator[None]:
    """The web processes that are started in here count requests in one place."""
    with tempfile.TemporaryDirectory(prefix="consult-metrics-") as folder:
        os.environ[metrics.FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[metrics.FOLDER]


class Tls(NamedTuple):
    """By what this machine shows itself to a proxy on another one."""

    certificate: Path
    key: Path


def serve(host: str, port: int, *, workers: int, with_worker: bool, tls: Tls | None = None) -> None:
    """Until told to stop: what arrived is answered first, then the worker ends what it does."""
    with only_one(host, port), working(with_worker):
        delay = Delay()
        while True:
            began, server = time.monotonic(), server_of(host, port, workers, tls)
            try:
                server.serve()
            except SystemExit:
                if server.interrupt_signal:
                    raise
            if server.interrupt_signal:
                return
            seconds = delay.after(time.monotonic() - began)
            log.error("the web processes ended; they are started again in %.0f s", seconds)
            time.sleep(seconds)


def server_of(host: str, port: int, workers: int, tls: Tls | None) -> Any:  # its library has no type for what it makes
    return Granian(
        "consult.serving:application", factory=True, interface=Interfaces.RSGI, address=host, port=port, workers=workers,
        log_access=False, log_level=LogLevels.error, respawn_failed_workers=True, workers_kill_timeout=LAST_WORDS,
        # A connection that says nothing, or its head too slowly, is let go: where the server has to find out which HTTP is spoken,
        # nothing ends one that is silent.
        backpressure=CONNECTIONS, backlog=2 * CONNECTIONS, http=HTTPModes.http1, websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=1000 * HEAD_WITHIN),
        ssl_cert=tls.certificate if tls else None, ssl_key=tls.key if tls else None, ssl_protocol_min=SSLProtocols.tls12,
    )


def application():
    """What each web process serves; it ends with the process that started it, or a second `serve` would find its address taken."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        end_with(parent.pid)
    allow_files()
    return Reception(create_app(), TAKEN_IN)


def allow_files() -> None:
    """As many as the system lets a process open: each connection is one, and what waits on the disk."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def end_with(parent: int) -> None:
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(LAST_WORDS)
        os._exit(1)
    threading.Thread(target=watch, daemon=True, name="parent").start()


def lives(parent: int | None) -> Callable[[], bool]:
    """Whether the process that started this one is still there; always where none is named."""
    return lambda: parent is None or os.getppid() == parent


@contextmanager
def only_one(host: str, port: int) -> Iterator[None]:
    """Hold the address for this process and its children: the server's own sockets would let two share it, and each answer half.

    :class:`Conflict` where somebody else listens there, or begins to at this moment.
    """
    taken = Conflict(f"Something answers at {host}:{port} already, perhaps another “consult serve”.",
                     "Stop it, or choose another address with --port.")
    family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as mark:
        try:
            mark.bind(f"\0consult-serve-{port}-{address[0]}")  # gone with its process, however that ends
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
                probe.listen(1)
        except OSError as error:
            raise taken from error
        yield
