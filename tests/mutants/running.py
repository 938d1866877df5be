"""Tests run on mutants, each time in a process of its own, forked from one that has imported all but our own code."""

import contextlib
import importlib
import os
import pickle
import resource
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import coverage
import pytest

OURS = ("consult", "tests")
IMPORTED = f"import sys, consult.cli, tests.conftest; print(*(name for name in sys.modules if name.split('.')[0] not in {OURS}))"
MOST_MEMORY = 4 << 30  # a mutant may gather without end


def warm_up() -> None:
    """Import what ours stands on, which takes most of the time of a start."""
    names = subprocess.run([sys.executable, "-c", IMPORTED], check=True, capture_output=True, text=True).stdout.split()  # noqa: S603
    for name in names:
        with contextlib.suppress(ImportError):  # a name that an extension module gave itself
            importlib.import_module(name)


def forked(folder: Path, run: Callable[[], int]) -> int:
    """The id of a process that runs the code of ``folder``; it ends with what ``run`` returns."""
    if child := os.fork():
        return child
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(silence, stream)
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
        os.chdir(folder)
        for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
            del sys.modules[name]
        sys.path.insert(0, str(folder))
        os.environ |= {"PYTHONPATH": str(folder), "TMPDIR": str(folder)}
        status = run()
    finally:
        os._exit(status)


def end(child: int) -> None:
    """With whatever it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child, 0)


def pytest_on(arguments: list[str], plugin: object) -> int:
    usual = ["-q", "-m", "not browser and not postgres", "--assert=plain", "-p", "no:cacheprovider", "--basetemp=.tmp"]
    return int(pytest.main([*usual, *arguments], plugins=[plugin]))


class Watch:
    """A plugin of pytest that sees how long each test takes, which lines it runs, and which fail."""

    def __init__(self, folder: Path, paths: list[str]) -> None:
        self.coverage = coverage.Coverage(data_file=None, config_file=False, include=[str(folder / path) for path in paths])
        self.seconds: Counter[str] = Counter()
        self.failed: set[str] = set()

    def pytest_runtest_logstart(self, nodeid):
        self.coverage.switch_context(nodeid)

    def pytest_runtest_logreport(self, report):
        self.seconds[report.nodeid] += report.duration
        if report.failed:
            self.failed.add(report.nodeid)


class Order:
    """A plugin that takes some tests only, in this order, and leaves the name of one that failed in a file."""

    def __init__(self, tests: list[str], killer: Path) -> None:
        self.rank = {test: rank for rank, test in enumerate(tests)}
        self.killer = killer

    def pytest_collection_modifyitems(self, items):
        items[:] = sorted((item for item in items if item.nodeid in self.rank), key=lambda item: self.rank[item.nodeid])

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.killer.write_text(report.nodeid)


class Room:
    """Some tests, as they ran on the code as it is."""

    def __init__(self, folder: Path, tests: tuple[str, ...], paths: list[str]) -> None:
        os.waitpid(forked(folder, lambda: self.watch(folder, tests, paths)), 0)
        self.seconds, self.failed, self.ran = pickle.loads((folder / ".watched").read_bytes())  # noqa: S301 - our own
        self.kills: Counter[str] = Counter()

    @staticmethod
    def watch(folder: Path, tests: tuple[str, ...], paths: list[str]) -> int:
        watch = Watch(folder, paths)
        watch.coverage.start()
        status = pytest_on(list(tests), watch)
        watch.coverage.stop()
        ran = {path: watch.coverage.get_data().contexts_by_lineno(str(folder / path)) for path in paths}
        (folder / ".watched").write_bytes(pickle.dumps((watch.seconds, watch.failed, ran)))
        return status

    def tests_for(self, path: str, lines: range) -> list[str]:
        """Those that run these lines, or all when they run at import; those that noticed most mutants first, then the quickest."""
        ran = self.ran[path]
        contexts = {context for line in lines for context in ran.get(line, ())}
        near = {context for line in ran.values() for context in line}
        chosen = contexts if contexts and "" not in contexts else self.seconds
        return sorted(chosen, key=lambda test: (-self.kills[test], test not in near, self.seconds[test]))
