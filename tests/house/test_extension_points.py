"""What rooms ask of those above them is declared, filled and asked; nothing of a higher room is named in a string below it."""

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from jinja2 import nodes

from consult import house
from consult.contributions.service.placing import reanchor
from consult.core.commands import LISTENERS
from consult.core.extension_points import POINTS, ExtensionPoint, place
from consult.core.permissions import Action
from tests.house.source import PACKAGE, ROOMS, ROOT, calls, functions, imports, modules, parts, room_of
from tests.house.test_code import is_command, services

TEMPLATES = ROOT / "templates"
# Blueprints and folders of templates that are not named after their room.
HOMES = {"security": "accounts"}
# The policy and the journal name every act; acts are called like endpoints.
ACTS = {"consult/core/actions.py", "consult/core/permissions.py", "consult/core/audit.py"}
REGISTERS = {"app_template_global", "app_template_filter", "app_template_test"}


def points():
    return [pytest.param(point, id=point.name) for point in POINTS if point.declared.__module__.startswith("consult.")]


# Declarations


def test_the_house_tells_its_points_and_listeners(capsys):
    house.main()
    told = capsys.readouterr().out
    for point in POINTS:
        assert f"\n{point.name}(" in told
        assert place(point.fillers[0]).removeprefix("consult.") in told
    assert "\n    contributions.service.placing.reanchor: " in told.partition("\nchapters.publish\n")[2].partition("\nconsultations.")[0]


@pytest.mark.parametrize("point", points())
def test_a_point_says_what_it_asks_and_in_which_types(point: ExtensionPoint):
    assert point.declared.__module__ == f"consult.{point.name.split('.')[0]}.events", "points are declared in the events.py of their room"
    assert re.fullmatch(r"[^\n]+[.]", inspect.getdoc(point.declared) or ""), "one line says what the point is for"
    untyped = [name for name, parameter in point.signature.parameters.items() if parameter.annotation is parameter.empty]
    assert untyped == []
    assert point.signature.return_annotation is not point.signature.empty


@pytest.mark.parametrize("point", points())
def test_a_point_is_filled_from_above_and_asked(point: ExtensionPoint):
    room, _dot, name = point.name.partition(".")
    assert point.fillers, "nobody fills it: drop it"
    assert [place(filler) for filler in point.fillers if rank(room_of(filler.__module__.replace(".", "/"))) <= rank(room)] == []
    asked = re.compile(rf"events\.{name}\b(?!\.fill)")
    files = [*PACKAGE.rglob("*.py"), *TEMPLATES.rglob("*.html")]
    assert any(asked.search(path.read_text()) for path in files), "nobody asks it: drop it"


def test_events_declare_and_import_models_alone():
    found = parts("events")
    assert {room_of(path) for path in found} == {point.name.split(".")[0] for point in POINTS} - {"core"}
    wrong = [
        f"{path}: {name}" for path, tree in found.items() for _node, name in imports(tree)
        if name.split(".")[1] != "core" and name.split(".")[-1] != "models"
    ]
    assert wrong == []


def test_every_command_that_writes_a_revision_lets_contributions_find_their_place():
    writing = [Action(name) for name, node in services() if is_command(node) and node.returns and ast.unparse(node.returns) == "Revision"]
    assert len(writing) > 1
    assert [action for action in writing if reanchor not in LISTENERS.get(action, [])] == []


# What makes a function known by standing above it: @point.fill, @definition.writes(…), @on(…), @job…
MARKS = {"fill", "writes", "on", "job", "long_job", "outbound_job", "worded_job", "every_second"}


def mark_of(decorator: ast.expr) -> str:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return getattr(called, "attr", None) or getattr(called, "id", "")


@pytest.mark.slow
def test_what_makes_itself_known_is_imported():
    """A check, a listener or a writer in a module that nobody imports is missed by nobody: import it in the ``service`` of its room."""
    known = {
        path for path, tree in modules().items() for function in functions(tree)
        if any(mark_of(decorator) in MARKS for decorator in function.decorator_list)
    }
    assert len(known) > 15
    ask = "import sys, consult; print(*(name for name in sys.modules if name.startswith('consult')))"
    loaded = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()  # noqa: S603
    assert sorted(known - {f"{name.replace('.', '/')}{end}" for name in loaded for end in (".py", "/__init__.py")}) == []


# Names of higher rooms


def rank(room: str) -> int:
    """How high a room stands; what is no room is the roof when it sees all of them, the floor otherwise."""
    if room in ROOMS:
        return ROOMS.index(room)
    return len(ROOMS) if room in ("cli", "house", "demonstration", "__init__", "__main__") else -1


def room_of_template(name: str) -> str:
    """``security/login.html`` is of accounts, ``emails/moderation/withheld.txt`` of moderation, ``base.html`` of the floor."""
    first = name.removeprefix("emails/").split("/")[0]
    return HOMES.get(first, first if first in ROOMS else "core")


def room_named_by(text: str) -> str | None:
    """The room whose endpoint, template or permission a string looks like; beginnings of such names too."""
    found = re.match(r"(?:emails/)?(\w+)[./](?:[\w./-]*)$", text)
    room = HOMES.get(found[1], found[1]) if found else None
    return room if room in ROOMS else None


def strings(tree: ast.Module) -> Iterator[ast.Constant]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))


@pytest.fixture(scope="module")
def templates(app) -> dict[str, nodes.Template]:
    files = [path for path in TEMPLATES.rglob("*.*") if path.suffix in (".html", ".txt")]
    return {path.relative_to(TEMPLATES).as_posix(): app.jinja_env.parse(path.read_text()) for path in files}


def test_a_string_that_names_a_room_is_known_for_one():
    named = ("chapters.home", "security.login", "synthesis/_answer.html", "emails/moderation/", "adoption.")
    assert [room_named_by(text) for text in named] == ["chapters", "accounts", "synthesis", "moderation", "adoption"]
    assert {room_named_by(text) for text in ("base.html", "chapters", "See adoption.", "static", "css/chapters.css")} == {None}


def test_code_names_nothing_of_a_higher_room():
    """An extension point (``events.py`` of the lower room) asks for what is up there; the higher room fills it."""
    named = [
        f"{path}:{node.lineno}: {node.value}" for path, tree in modules().items() if path not in ACTS for node in strings(tree)
        if (room := room_named_by(node.value)) and rank(room) > rank(room_of(path))
    ]
    assert named == []


def test_templates_name_nothing_of_a_higher_room(templates):
    """Not by ``url_for``, ``link``, ``include``, ``import`` or a comparison with ``request.endpoint``: the view, or an extension
    point, gives the address or the part. What is asked of ``can`` is an act of the one table of permissions, which knows all rooms.
    """
    named = [
        f"templates/{name}:{node.lineno}: {node.value}" for name, tree in templates.items() for node in constants(tree)
        if isinstance(node.value, str) and (room := room_named_by(node.value)) and rank(room) > rank(room_of_template(name))
    ]
    assert named == []


def constants(node: nodes.Node) -> Iterator[nodes.Const]:
    """Every constant below a node, but for what is asked of ``can``."""
    if isinstance(node, nodes.Const):
        yield node
    elif not (isinstance(node, nodes.Call) and getattr(node.node, "name", "") == "can"):
        for child in node.iter_child_nodes():
            yield from constants(child)


def registered() -> Iterator[tuple[str, str]]:
    """(room, name) of what a room gives to all templates."""
    for path, tree in modules().items():
        for call in calls(tree):
            kind = getattr(call.func, "attr", "")
            assert kind not in ("app_context_processor", "context_processor") or room_of(path) == "core", f"{path}: use an extension point"
            if kind in REGISTERS and room_of(path) in ROOMS:
                yield room_of(path), call.args[0].value


def test_templates_use_no_helper_of_a_higher_room(templates):
    helpers = {name: room for room, name in registered()}
    assert helpers
    used = [
        f"templates/{name}:{node.lineno}: {node.name}" for name, tree in templates.items()
        for node in tree.find_all((nodes.Name, nodes.Filter, nodes.Test))
        if rank(helpers.get(node.name, "core")) > rank(room_of_template(name))
    ]
    assert used == []
