"""No pattern of ours takes more than a text's own time, whatever the text: each is tried on texts made of its own signs."""

import ast
import importlib
import re
from collections.abc import Callable, Iterator
from itertools import product

import pytest

from consult.core import markup
from tests.growing import grows_as_its_text
from tests.house.source import modules

METHODS = {"search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
LENGTH = 2_000
BOUNDED = {
    r"(.+?)\1+": "of a password 256 signs are looked at (tests/text/test_passwords.py)",
    **dict.fromkeys((markup.TAG.pattern, markup.NESTING.pattern, markup.PICTURE.pattern, markup.MAY_HIDE.pattern), "of chapters alone"),
}


def name_of(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def is_apart(path: str) -> bool:
    """Read in a process of its own, or written by ourselves."""
    of_chapters = path.startswith("consult/chapters/") and not path.startswith(("consult/chapters/service/", "consult/chapters/views/"))
    return of_chapters or path == "consult/house.py" or path.startswith((
        "consult/demonstration/", "consult/core/commonmark", "consult/migrations/"))


def patterns() -> Iterator[tuple[str, re.Pattern, str]]:
    """(place, pattern, method) of all that are used."""
    for path in modules():
        if not is_apart(path) and path != "consult/__main__.py":
            module = importlib.import_module(name_of(path))
            yield from ((f"{path}:{node.lineno}", *found) for node in ast.walk(modules()[path]) if isinstance(node, ast.Call)
                        for found in used(node, vars(module)))


def used(call: ast.Call, names: dict) -> Iterator[tuple[re.Pattern, str]]:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in METHODS:
        return
    of = call.func.value
    if isinstance(of, ast.Name) and of.id == "re":
        flags = next((ast.unparse(word.value) for word in call.keywords if word.arg == "flags"), "0")
        if (last := call.args[-1]) and isinstance(last, ast.Attribute | ast.BinOp) and "re." in ast.unparse(last):
            flags = ast.unparse(last)
        try:
            yield re.compile(eval(ast.unparse(call.args[0]), dict(names)), eval(flags, {"re": re})), call.func.attr  # noqa: S307
        except NameError:
            return
    elif isinstance(of, ast.Name) and isinstance(names.get(of.id), re.Pattern):
        yield names[of.id], call.func.attr


def signs(pattern: re.Pattern) -> list[str]:
    """Some that it tells apart: those of its own words, and one of each kind that it takes."""
    said = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    own = [sign for sign in re.sub(r"\\[a-zA-Z]|[(){}?*+|^$]", "", said) if sign.isprintable() and not sign.isspace()]
    common = ["a", "1", " ", "\n", "'", "=", "-", "."]
    return list(dict.fromkeys([*[sign for sign in own if not sign.isalnum()][:8], *common]))


def act_of(pattern: re.Pattern, method: str) -> Callable[[str], object]:
    if isinstance(pattern.pattern, bytes):
        return lambda text: act_on_bytes(pattern, method, text.encode("latin-1", "ignore"))
    if method in ("sub", "subn"):
        return lambda text: pattern.sub("", text)
    if method == "finditer":
        return lambda text: list(pattern.finditer(text))
    return lambda text: getattr(pattern, method)(text)


def act_on_bytes(pattern: re.Pattern, method: str, data: bytes) -> object:
    return pattern.sub(b"", data) if method in ("sub", "subn") else list(pattern.finditer(data)) if method == "finditer" else getattr(
        pattern, method)(data)


CASES = sorted({(str(pattern.pattern), pattern.flags, method): (place, pattern, method) for place, pattern, method in patterns()
                if pattern.pattern not in BOUNDED}.values(),
               key=lambda case: case[0])


def test_there_are_patterns_to_be_tried():
    assert len(CASES) > 30


@pytest.mark.parametrize(("place", "pattern", "method"), CASES, ids=[f"{place}-{method}" for place, _pattern, method in CASES])
def test_no_pattern_takes_more_than_a_text_s_own_time(place, pattern, method):
    act, own = act_of(pattern, method), signs(pattern)
    for one, other in [(sign, sign) for sign in own] + list(product(own[:5], own)) + [(" '", "a"), ("a ", "'"), (" \"", "a")]:
        for start, end in (("x", "x"), ("", "\0"), ("«", "")):
            part = one if one == other else one + other
            assert grows_as_its_text(act, lambda length: start + part * (length // len(part)) + end, LENGTH), (start, part, end)  # noqa: B023
