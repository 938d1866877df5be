"""What the docstrings of the services promise: whoever calls a function learns from it what it may refuse."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.house.source import modules, parts

ERRORS = ("Invalid", "Conflict", "NotFound", "NotAllowed")
# What every command and whoever asks permission may raise is said once, where these stand.
SAID_ELSEWHERE = {("consult/core/permissions.py", "require"), ("consult/core/commands.py", "command")}


@cache
def of_module(path: str) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in modules()[path].body if isinstance(node, ast.FunctionDef)}


def path_of(dotted: str) -> str | None:
    stem = dotted.replace(".", "/")
    return next((path for path in (f"{stem}.py", f"{stem}/__init__.py") if path in modules()), None)


@cache
def imported(path: str) -> dict[str, tuple[str, str | None]]:
    """By the name in this module: (path of our module, name in it), or (path, None) for a module itself."""
    found: dict[str, tuple[str, str | None]] = {}
    for node in ast.walk(modules()[path]):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole, owner = path_of(f"{node.module}.{alias.name}"), path_of(node.module or "")
                if whole or owner:
                    found[alias.asname or alias.name] = (whole, None) if whole else (owner, alias.name)
    return found


def resolved(path: str, name: str | None) -> tuple[str, str] | None:
    """Where the function of this name stands, through as many imports as there are."""
    if name in of_module(path):
        return path, name
    target = imported(path).get(name)
    return resolved(*target) if target and target[1] else None


def called(path: str, call: ast.Call) -> tuple[str, str] | None:
    if isinstance(call.func, ast.Name):
        return resolved(path, call.func.id)
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        module, name = imported(path).get(call.func.value.id, (None, ""))
        return resolved(module, call.func.attr) if module and name is None else None
    return None


def names_in(node: ast.AST | None) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} if node else set()


def is_passed_on(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(part, ast.Raise) and part.exc is None for part in ast.walk(handler))


def leaving(node: ast.FunctionDef) -> Iterator[tuple[ast.Raise | ast.Call, frozenset[str]]]:
    """The raises and calls whose errors leave the function, each with the errors that are caught around it."""
    def inside(part: ast.AST, caught: frozenset[str]) -> Iterator[tuple[ast.Raise | ast.Call, frozenset[str]]]:
        if isinstance(part, ast.Raise | ast.Call):
            yield part, caught
        kept = caught
        if isinstance(part, ast.Try):
            kept = caught | {name for handler in part.handlers if not is_passed_on(handler) for name in names_in(handler.type)}
        for child in ast.iter_child_nodes(part):
            yield from inside(child, kept if isinstance(part, ast.Try) and child in part.body else caught)
    for statement in node.body:
        yield from inside(statement, frozenset())


def made_by(path: str, raised: ast.expr | None) -> set[str]:
    """The errors that ``raise`` raises: the class, a call of it, or what a function of ours returns for it."""
    found = names_in(raised.func if isinstance(raised, ast.Call) else raised) & set(ERRORS)
    target = called(path, raised) if isinstance(raised, ast.Call) else None
    if target:
        returned = (part.value for part in ast.walk(of_module(target[0])[target[1]]) if isinstance(part, ast.Return))
        found |= {name for value in returned if isinstance(value, ast.Call) for name in names_in(value.func) & set(ERRORS)}
    return found


def raised_by(path: str, name: str, seen: frozenset[tuple[str, str]] = frozenset()) -> set[str]:
    """Errors by what the function raises itself, its decorators raise around it, and any function of ours that it calls by name."""
    if (path, name) in seen | SAID_ELSEWHERE:
        return set()
    node, seen = of_module(path)[name], seen | {(path, name)}
    found: set[str] = set()
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Name) and (target := resolved(path, decorator.id)):
            found |= raised_by(*target, seen)
    for part, caught in leaving(node):
        if isinstance(part, ast.Raise):
            errors = made_by(path, part.exc)
        else:
            target = called(path, part)
            errors = raised_by(*target, seen) if target else set()
        found |= set() if "ConsultError" in caught else errors - caught
    return found


def public_functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for path in parts("service"):
        yield from ((path, node) for name, node in of_module(path).items() if not name.startswith("_"))


def missing(path: str, node: ast.FunctionDef) -> list[str]:
    said = re.findall(r":class:`(\w+)`", ast.get_docstring(node) or "")
    return sorted(raised_by(path, node.name) - set(said))


@pytest.mark.parametrize(("path", "name", "errors"), [
    ("accounts/service/__init__.py", "get_user_by_email", {"NotFound"}),  # itself
    ("moderation/service/deciding.py", "_decide", {"Conflict", "Invalid"}),  # what a helper makes, a helper raises
    ("synthesis/service/items.py", "detach", {"Conflict"}),  # a helper of another file
    ("synthesis/service/items.py", "clean", {"Invalid"}),  # a helper of another room
    ("contributions/service/lodging.py", "lodge", {"Invalid", "Conflict"}),  # its decorator
    ("consultations/service/course.py", "get_appointee", {"Invalid"}),  # in place of another, which is caught
    ("moderation/service/deciding.py", "decide_several", {"Invalid"}),  # all are caught
    ("contributions/service/lodging.py", "is_what_was_lodged", set()),
    ("contributions/service/drafting.py", "drop_draft", {"Conflict"}),  # only what every command may
])
def test_what_a_function_raises_is_found_through_what_it_calls(path, name, errors):
    assert raised_by(f"consult/{path}", name) == errors


def test_a_service_says_what_it_raises():
    loose = [f"{path}:{node.name} raises {error}: say when in its docstring, with :class:`{error}`"
             for path, node in public_functions() for error in missing(path, node)]
    assert loose == [], "\n".join(loose)
