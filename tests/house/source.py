"""The project's own source, read once for the tests of this folder."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "consult"
ROOMS = ("accounts", "organisations", "consultations", "chapters", "news", "contributions", "grouping", "moderation", "synthesis",
         "search", "exports", "forms", "outreach", "reception", "adoption", "journal", "privacy")


@cache
def modules() -> dict[str, ast.Module]:
    """Our modules by their path from the root; migrations apart, which are written by a tool and never edited."""
    paths = sorted(path for path in PACKAGE.rglob("*.py") if "versions" not in path.parts)
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(), str(path)) for path in paths}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def parts(role: str) -> dict[str, ast.Module]:
    """The modules that play one role in a room: ``service`` is service.py or the files of service/."""
    return {path: tree for path, tree in modules().items() if room_of(path) in ROOMS and path.split("/")[2].removesuffix(".py") == role}


def room_of(path: str) -> str:
    """First name below the package: a room, `core`, or a file of the roof."""
    return path.split("/")[1].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """(node, dotted name) of everything of ours that is imported; a name imported from a package counts as its module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names if alias.name.split(".")[0] == "consult")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "consult":
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                is_module = (ROOT / whole.replace(".", "/")).is_dir() or (ROOT / (whole.replace(".", "/") + ".py")).is_file()
                yield node, whole if is_module else node.module
