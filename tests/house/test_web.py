"""Addresses, templates and styles keep the house's habits."""

import re

import pytest

from consult.core.config import resource_dir
from tests.house.source import PACKAGE, ROOMS, ROOT

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
STYLES = [path for path in sorted((ROOT / "static").rglob("*.css")) if "vendor" not in path.parts]
SEGMENT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CONVERTER = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?\w+>")
WIDEST = 160
# Flask-Security writes its own rules; its tokens are strings by default.
NOT_OURS = ("security.", "static")
SIDES = re.compile(
    r"(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right)|border-(?:top|bottom)-(?:left|right)-radius"
    r"|(?:float|clear|text-align)\s*:\s*(?:left|right)|(?<![\w-])(?:left|right)\s*:"
)
INLINE = {
    "a style": re.compile(r"\sstyle\s*=|<style\b"),
    "a script": re.compile(r"<script\b(?![^>]*\bsrc=)|\son[a-z]+\s*=\s*[\"']|javascript:"),
    "unsafe text": re.compile(r"\|\s*safe\b|autoescape\s+false"),
}


def rules(app):
    return [rule for rule in app.url_map.iter_rules() if not rule.endpoint.startswith(NOT_OURS)]


def test_addresses_are_kebab_case_with_typed_parts(app):
    wrong = []
    for rule in rules(app):
        for part in filter(None, rule.rule.split("/")):
            converters = CONVERTER.findall(part)
            if (converters and not all(converters)) or not (converters or SEGMENT.fullmatch(part)):
                wrong.append(rule.rule)
    assert wrong == []


def test_an_endpoint_is_a_room_and_its_address_too(app):
    wrong = []
    for rule in rules(app):
        room, _dot, name = rule.endpoint.partition(".")
        if name and not (room in ROOMS and re.fullmatch(r"[a-z]+(_[a-z]+)*", name)):
            wrong.append(rule.endpoint)
        if name and room != "chapters" and not rule.rule.startswith(f"/<language:language>/{room}"):
            wrong.append(rule.rule)
    assert wrong == []


def test_nothing_is_changed_by_reading(app):
    """A view that acts is asked by POST; those of GET alone never write (the unit of work rolls back)."""
    assert {rule.endpoint for rule in rules(app) if rule.methods & {"PUT", "PATCH", "DELETE"}} == set()


def of_templates():
    return [pytest.param(path, id=path.relative_to(ROOT / "templates").as_posix()) for path in TEMPLATES]


@pytest.mark.parametrize("path", of_templates())
def test_a_template_holds_no_style_script_or_unsafe_text(path):
    text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
    assert [f"{what}: {found[0]}" for what, pattern in INLINE.items() if (found := pattern.search(text))] == []


@pytest.mark.parametrize("path", of_templates())
def test_a_template_speaks_through_the_catalogues(path):
    """No Arabic, no accented French in a template, except for the long texts that are written in each language."""
    if path.name.endswith((".fr.html", ".ar.html", ".en.html")):
        return
    text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
    assert re.findall(r"[\u0600-\u06ff]+|\b\w*[àâçèéêîïôùû]\w*", text) == []


def test_no_line_of_a_template_is_too_long_to_read():
    """A break that shows nowhere always exists: before an attribute, within an expression, or before ``{%-``."""
    pages = [path for path in sorted((ROOT / "templates").rglob("*.*")) if path.suffix in (".html", ".txt")]
    lines = [(path, number, line) for path in pages for number, line in enumerate(path.read_text().splitlines(), start=1)]
    assert len(pages) > len(TEMPLATES)
    assert [
        f"{path.relative_to(ROOT)}:{number}: {len(line)} characters: break it inside the tag or the expression"
        for path, number, line in lines if len(line) > WIDEST
    ] == []


def protecting_macros() -> set[str]:
    """Macros that write the token, by themselves or through another."""
    macros = {}
    for path in TEMPLATES:
        macros.update(re.findall(r"\{%-?\s*macro (\w+)\(.*?\)\s*-?%\}(.*?)\{%-?\s*endmacro", path.read_text(), re.DOTALL))
    protecting = {"hidden_tag", "csrf_token"}
    while more := {name for name, body in macros.items() if name not in protecting and writes_one_of(protecting, body)}:
        protecting |= more
    return protecting


def writes_one_of(names: set[str], text: str) -> bool:
    return any(re.search(rf"\b{name}\b", text) for name in names)


def test_every_form_that_posts_is_protected():
    protecting, bare = protecting_macros(), []
    for path in TEMPLATES:
        for form in re.findall(r"<form\b[^>]*method=[\"']post[\"'].*?</form>", path.read_text(), re.DOTALL | re.IGNORECASE):
            if not writes_one_of(protecting, form):
                bare.append(f"{path.relative_to(ROOT)}: {form[:80]}")
    assert bare == []


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in STYLES])
def test_styles_know_no_left_and_right(path):
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    assert SIDES.findall(text) == []


def test_styles_fetch_nothing_foreign():
    foreign = {path.name: re.findall(r"(?:url\(\s*[\"']?|@import\s+[\"']?)(?:https?:)?//[^)\"']+", path.read_text()) for path in STYLES}
    assert {name: found for name, found in foreign.items() if found} == {}


def test_every_template_and_static_file_named_in_the_code_exists():
    named = {name for path in PACKAGE.rglob("*.py") for name in re.findall(r"render_template\(\s*[\"']([^\"'{}]+)[\"']", path.read_text())}
    assert [name for name in named if not (resource_dir("templates") / name).is_file()] == []
    sheets = {name for path in TEMPLATES for name in re.findall(r"filename=[\"']([^\"'~{}]+)[\"']", path.read_text())}
    assert [name for name in sheets if not (resource_dir("static") / name).is_file()] == []
