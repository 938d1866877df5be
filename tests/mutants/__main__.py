"""``python -m tests.mutants``: the small changes of the code that no test notices. Settings: setup.cfg, section ``mutants``."""

import argparse
import configparser
import difflib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator

from tests.mutants.operators import OURS
from tests.mutants.running import Order, Room, end, forked, pytest_on, warm_up

ROOT = Path(__file__).parents[2]
HUNK = re.compile(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@")
SLOWER, GRACE = 20, 120  # a mutant that takes so many times, and seconds more, than its tests took before goes round in a loop
KILLER = ".killer"


@dataclass(frozen=True)
class Mutant:
    """One file with one small thing changed."""

    path: str
    lines: range
    original: str
    operator: Operator
    occurrence: int

    def source(self) -> str:
        return mutate_code(self.original, self.operator, self.occurrence)

    def __str__(self) -> str:
        changes = difflib.unified_diff(self.original.splitlines(), self.source().splitlines(), n=0, lineterm="")
        return "\n".join([f"{self.path}:{self.lines.start}", *(line for line in changes if not re.match(r"---|\+\+\+|@@", line))])


def main() -> None:
    parser = argparse.ArgumentParser(prog="make mutants ARGS=…", description="Tell which small changes of the code no test notices.")
    parser.add_argument("--since", metavar="COMMIT", help="mutate the lines changed since then; else since this branch left main")
    parser.add_argument("--paths", nargs="+", metavar="PATH", help="mutate these files whole")
    parser.add_argument("--workers", type=int, default=2, help="how many mutants are tried at a time")
    wanted = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Ended."))  # so that the copies and whatever runs in them go too
    lines = dict.fromkeys(wanted.paths) if wanted.paths else changed_since(wanted.since or base())
    mutants = [mutant for path, numbers in lines.items() for mutant in mutants_of(path, numbers)]
    print(f"{len(mutants)} mutants of {', '.join(lines) or 'no file'}", flush=True)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        folders = [copy(Path(folder) / str(number)) for number in range(wanted.workers)]
        warm_up()
        left = 0
        for mutant in survivors(mutants, rooms_of({mutant.path for mutant in mutants}, folders[0]), folders):
            left += 1
            print(f"\n{mutant}", flush=True)
    print(f"\n{left} of {len(mutants)} mutants are noticed by no test." if left else "\nEvery mutant fails a test.")
    sys.exit(left > 0)


def settings() -> configparser.SectionProxy:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser["mutants"]


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603, S607
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def base() -> str:
    """Where this branch left the main one; on the main one itself, the commit before the last."""
    head, known = git("rev-parse", "HEAD").strip(), git("for-each-ref", "--format=%(refname:short)").split()
    left = [git("merge-base", "HEAD", branch).strip() for branch in ("origin/main", "main") if branch in known]
    return next((commit for commit in left if commit != head), "HEAD~1")


def changed_since(commit: str) -> dict[str, set[int] | None]:
    """The lines of our code that are not as they were in a commit, by path; None for all lines of a file that git does not know yet."""
    lines: dict[str, set[int] | None] = dict.fromkeys(git("ls-files", "-o", "--exclude-standard", "consult").split())
    for line in git("diff", "-U0", "--no-color", "--no-ext-diff", "--diff-filter=d", commit, "--", "consult").splitlines():
        if line.startswith("+++ "):
            changed = lines.setdefault(line.removeprefix("+++ b/"), set())
        elif hunk := HUNK.match(line):
            changed.update(range(int(hunk[1]), int(hunk[1]) + int(hunk[2] or 1)))
    return {path: numbers for path, numbers in lines.items() if path.endswith(".py") and "/migrations/" not in path}


def mutants_of(path: str, lines: set[int] | None) -> list[Mutant]:
    """Every mutant of a file, or those of some lines, from the top to the end."""
    plugins.OPERATOR_PROVIDERS["ours"] = OURS
    original, mutants = (ROOT / path).read_text(), []
    nodes = list(ast_nodes(get_ast(original)))
    for name in settings()["operators"].split():
        operator = plugins.get_operator(name)()
        places = [(node, place) for node in nodes for place in operator.mutation_positions(node)]
        for occurrence, (node, (start, stop)) in enumerate(places):
            changed = range(start[0], stop[0] + 1)
            if (lines is None or lines.intersection(changed)) and not is_declaration(node):
                mutants.append(Mutant(path, changed, original, operator, occurrence))
    return sorted(mutants, key=lambda mutant: mutant.lines.start)


def is_declaration(node) -> bool:
    """Whether it is a sign between parameters or stands in a type: these do nothing."""
    if node.parent.type == "parameters":
        return True
    while node.parent is not None:
        before = node.get_previous_sibling()
        if before == "->" or before == ":" and node.parent.type in ("annassign", "tfpdef"):
            return True
        node = node.parent
    return False


def tests_of(path: str) -> tuple[str, ...]:
    """The tests of its room, and those that setup.cfg adds for some files."""
    room = path.split("/")[1].removesuffix(".py")
    added = [line.split()[1:] for line in settings()["tests"].splitlines() if line.split()[:1] == [path]]
    tests = [test for test in (f"tests/{room}", f"tests/test_{room}.py", *sum(added, [])) if (ROOT / test).exists()]
    return tuple(tests) or sys.exit(f"Which tests are for {path}? Name them in setup.cfg, section mutants.")


def copy(folder: Path) -> Path:
    for name in git("ls-files", "-co", "--exclude-standard", "-z").strip("\0").split("\0"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    return folder


def rooms_of(paths: set[str], folder: Path) -> dict[str, Room]:
    """By path. Files of the same tests share one run of them."""
    by_tests: dict[tuple[str, ...], list[str]] = {}
    for path in sorted(paths):
        by_tests.setdefault(tests_of(path), []).append(path)
    rooms = {path: room for tests, own in by_tests.items() for room in [Room(folder, tests, own)] for path in own}
    if failed := {test for room in rooms.values() for test in room.failed}:
        sys.exit("\n".join(["These tests fail on the code as it is:", *sorted(failed)]))
    return rooms


def survivors(mutants: list[Mutant], rooms: dict[str, Room], folders: list[Path]) -> Iterator[Mutant]:
    """The mutants that no test notices; as many are tried at a time as there are folders, each of which holds a copy of the project."""
    waiting, running = list(reversed(mutants)), {}
    try:
        while waiting or running:
            while waiting and folders:
                mutant, folder = waiting.pop(), folders.pop()
                child, limit = start(mutant, folder, rooms[mutant.path], len(waiting))
                running[child] = mutant, folder, limit
            for child, (mutant, folder, limit) in list(running.items()):
                done, status = os.waitpid(child, os.WNOHANG)
                if done or time.monotonic() > limit:
                    end(child)
                    del running[child]
                    folders.append(folder)
                    clean(mutant, folder, rooms[mutant.path])
                    if done and status == 0:
                        yield mutant
            time.sleep(0.02)
    finally:
        for child in running:
            end(child)


def start(mutant: Mutant, folder: Path, room: Room, number: int) -> tuple[int, float]:
    target = folder / mutant.path
    target.write_text(mutant.source())
    os.utime(target, (number, number))  # Python knows compiled code by its length and by the second of its source
    tests = room.tests_for(mutant.path, mutant.lines)
    files = sorted({test.partition("::")[0] for test in tests})
    child = forked(folder, lambda: pytest_on(["-x", *files], Order(tests, folder / KILLER)))
    return child, time.monotonic() + GRACE + SLOWER * sum(room.seconds[test] for test in tests)


def clean(mutant: Mutant, folder: Path, room: Room) -> None:
    (folder / mutant.path).write_text(mutant.original)
    if (folder / KILLER).exists():
        room.kills[(folder / KILLER).read_text()] += 1
        (folder / KILLER).unlink()


if __name__ == "__main__":
    main()
