"""No script of ours writes under a name that comes from elsewhere: what is looked up by such names is a Map, or an element of the page."""

import re

import pytest

from tests.house.source import ROOT

SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
# A key that is computed and written to; what copies keys; what walks over inherited ones; the prototypes themselves.
POLLUTES = re.compile(
    r"(?<=[\w\])])\[\s*(?!\d+\s*\])[^\[\]'\"]*\]\s*(?:=(?![=>])|[-+*/|&?]{1,2}=)"
    r"|Object\.(?:assign\([^,]+,(?!\s*\{)|defineProperty|setPrototypeOf)"
    r"|Reflect\.set|__proto__|\bprototype\b|\bconstructor\b\s*[\[.]|\bfor\s*\(\s*(?:const|let|var)\s+\w+\s+in\b|structuredClone")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_name_from_elsewhere_is_written_under(script):
    found = [line.strip() for line in script.read_text("utf-8").splitlines() if POLLUTES.search(line)]
    assert found == []


@pytest.mark.parametrize("line", [
    "kept[name] = value;", "a[b.c] ||= {};", "Object.assign(target, JSON.parse(text));", "for (const key in parsed) {",
    "x.__proto__.y = 1;", "Reflect.set(a, b, c)", "options[input.name]= 1", "list[0][name] = 1;",
])
def test_what_would_do_it_is_found(line):
    assert POLLUTES.search(line)


@pytest.mark.parametrize("line", [
    "if (a[b] === c) {", "const x = list[0];", "list[0] = 1;", "Object.assign(button, {", "map.set(name, value);", "const [a, b] = pair;",
])
def test_what_does_not_is_let_pass(line):
    assert not POLLUTES.search(line)
