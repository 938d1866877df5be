"""What the layout of the code promises, read from the code itself."""

import ast
import re
import statistics

import pytest

from consult.core.permissions import RULES, Action
from tests.house.source import PACKAGE, ROOMS, ROOT, calls, functions, imports, modules, parts, room_of

# A query is known by its name; it only reads.
QUERIES = ("get_", "list_", "count_")
# Beside queries, what a view may call of a service without asking permission by itself, and why.
PLAIN = {
    "accounts.new_codes": "draws them, and keeps nothing", "chapters.overview": "the public text", "chapters.tallies": "public counts",
    "consultations.settle": "writes down what the clock says, as the system",
    "exports.present": "fills gaps of what was asked for already",
    "moderation.is_open": "a yes or no, of what was read already", "moderation.reserved": "a sentence, of what was read already",
    "contributions.check_words": "reads what was typed", "contributions.is_amendment": "a yes or no",
    "contributions.is_what_was_lodged": "a yes or no",
    "contributions.quote_in": "reads what was typed", "chapters.gone": "a sentence",
    "synthesis.item_ids_of": "a part of a query, which the view that asks it narrows to what its reader may read",
}
WRITING = {"add", "add_all", "delete", "merge"}
# The algorithms that are the point of their room, which others may use beside models and service.
SHARED = {"consult.contributions.statement", "consult.exports.files", "consult.exports.matrix", "consult.exports.registry",
          "consult.exports.writers", "consult.journal.words", "consult.organisations.finding"}
LONGEST_FUNCTION, LONGEST_FILE, P95, MEDIAN = 50, 400, 30, 10


def test_every_action_has_a_rule_and_every_rule_an_action():
    assert set(RULES) == set(Action)
    assert all(lines and all(lines) for lines in RULES.values())


def services():
    """(room.function, node) of every public function of a service."""
    for path, tree in parts("service").items():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield f"{room_of(path)}.{node.name}", node


def is_command(node) -> bool:
    return any(isinstance(d, ast.Name) and d.id == "command" for d in node.decorator_list)


def requires(node) -> bool:
    return any(isinstance(call.func, ast.Name) and call.func.id == "require" for call in calls(node))


def writes(node) -> bool:
    for call in calls(node):
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            owner, name = call.func.value.id, call.func.attr
            if (owner, name) == ("states", "move") or owner == "session" and name in WRITING:
                return True
            if owner == "sa" and name in ("insert", "update", "delete"):
                return True
    return any(isinstance(call.func, ast.Name) and call.func.id == "later" for call in calls(node))


def called_by_views() -> set[str]:
    """room.function of what views call of any service, under whatever name they import it."""
    found = set()
    for path, tree in parts("views").items():
        names = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                room = room_of((node.module or "").replace(".", "/") + "/") if (node.module or "").startswith("consult.") else ""
                for alias in node.names:
                    if alias.name == "service":
                        names[alias.asname or alias.name] = room
                    elif (node.module or "").endswith(".service"):
                        found.add(f"{room}.{alias.name}")
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names:
                found.add(f"{names[node.value.id] or room_of(path)}.{node.attr}")
    return found


def test_what_a_view_calls_is_a_command_a_query_or_asks():
    seen = called_by_views()
    assert len(seen) > 30
    open_ = [
        name for name, node in services() if name in seen and name not in PLAIN and not is_command(node) and not requires(node)
        and not name.partition(".")[2].startswith(QUERIES)
    ]
    assert open_ == []


def test_the_list_of_plain_functions_is_no_longer_than_needed():
    known = dict(services())
    assert [name for name in PLAIN if name not in known or is_command(known[name])] == []


# Who asks about phases or roles outside of the table of rules, and why.
OWN_RULES = {
    "consult/consultations/service/course.py": "moves the phases itself, and holds the term of the law for people, not for the clock",
    "consult/adoption/views.py": "what comes next of each phase",
    "consult/moderation/service/deciding.py": "to whom an appeal leaves the decision, which is asked once the text is held",
    "consult/moderation/models/decision.py": "names the role in which a decision was taken",
}


def test_rules_stand_in_the_table_of_permissions():
    """A role, a phase or a refusal that a service, a view or a page decides by itself is a second table: give it an ``Action``."""
    loose = []
    for role in ("models", "service", "views", "forms", "jobs"):
        for path, tree in parts(role).items():
            for node in ast.walk(tree):
                is_refusal = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "NotAllowed"
                is_role = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "holds"
                is_phase = isinstance(node, ast.Compare) and any(
                    isinstance(part, ast.Attribute) and part.attr in ("current_phase", "is_system") for part in ast.walk(node))
                if (is_refusal or is_role or is_phase) and path not in OWN_RULES:
                    loose.append(f"{path}:{node.lineno}")
    for page in sorted((ROOT / "templates").rglob("*.*")):
        loose += [f"templates/{page.relative_to(ROOT / 'templates')}: {found}" for found in
                  re.findall(r"current_phase\s*[=!]=|\.holds\(|current_phase in ", page.read_text())]
    assert loose == []


def test_queries_write_nothing():
    names = [name for name, node in services() if name.partition(".")[2].startswith(QUERIES) and writes(node)]
    assert names == []


def test_what_writes_is_reached_through_a_command():
    seen = called_by_views()
    loose = [name for name, node in services() if name in seen and writes(node) and not is_command(node) and not requires(node)]
    assert loose == []


def test_commands_take_the_actor_first_and_values_by_name():
    wrong = []
    for name, node in services():
        if is_command(node):
            first = node.args.args[0].arg if node.args.args else ""
            if first.lstrip("_") != "actor" or len(node.args.args) > 2:
                wrong.append(name)
    assert wrong == []


def test_every_command_has_its_action_and_every_act_its_command():
    commands = {name for name, node in services() if is_command(node)}
    assert commands <= {action.value for action in Action}


@pytest.mark.parametrize(("what", "allowed"), [
    ("commit", {"consult/core/db.py", "consult/migrations/env.py"}), ("Markup", {"consult/core/markup.py"}),
])
def test_one_place_alone(what, allowed):
    found = {
        path for path, tree in modules().items() for call in calls(tree)
        if what in (getattr(call.func, "attr", None), getattr(call.func, "id", None))
    }
    assert found <= allowed


def test_one_clock():
    asked = {
        f"{path}:{node.lineno}" for path, tree in modules().items() for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today") and isinstance(node.value, ast.Name)
        and node.value.id in ("datetime", "date") and path != "consult/core/i18n.py"
    }
    assert asked == set()


def test_flask_sqlalchemy_is_known_to_one_file():
    users = {path for path, tree in modules().items() for node in ast.walk(tree)
             if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("flask_sqlalchemy")}
    assert users == {"consult/core/db.py"}


def test_no_import_of_ours_inside_a_function():
    hidden = [
        f"{path}:{node.lineno}" for path, tree in modules().items() for function in functions(tree) for node, _name in imports(function)
    ]
    assert hidden == []


def test_a_room_imports_models_events_and_services_of_lower_rooms_only():
    wrong = []
    for path, tree in modules().items():
        room = room_of(path)
        if room not in ROOMS:
            continue
        for _node, name in imports(tree):
            other, part = (*name.split(".")[1:3], "", "")[:2]
            if other in ROOMS and other != room and (
                ROOMS.index(other) > ROOMS.index(room) or part not in ("models", "events", "service") and name not in SHARED
            ):
                wrong.append(f"{path}: {name}")
    assert wrong == []


def test_the_floor_knows_no_room():
    assert [f"{path}: {name}" for path, tree in modules().items() if room_of(path) == "core"
            for _node, name in imports(tree) if name.split(".")[1] != "core"] == []


def test_models_and_services_know_no_web():
    known = []
    for role in ("models", "events", "service", "jobs"):
        for path, tree in parts(role).items():
            for node in ast.walk(tree):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", None) or ""] \
                    if isinstance(node, ast.ImportFrom) else []
                known += [f"{path}: {n}" for n in names if n.split(".")[0] in ("flask", "werkzeug", "flask_sqlalchemy", "flask_login")]
    assert known == []


# A description of a command-line act or of a table is text, not work.
def length(function) -> int:
    body = function.body
    documented = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and isinstance(body[0].value.value, str)
    first = body[1].lineno if documented and len(body) > 1 else function.lineno
    return function.end_lineno - (first if documented and len(body) > 1 else function.lineno) + 1


def test_functions_are_short(record_testsuite_property):
    sizes = {f"{path}:{f.name}": length(f) for path, tree in modules().items() for f in functions(tree)}
    ordered = sorted(sizes.values())
    median, p95 = statistics.median(ordered), ordered[int(len(ordered) * 0.95)]
    record_testsuite_property("functions", f"{len(ordered)}, median {median}, 95th percentile {p95}, longest {ordered[-1]}")
    assert {name: size for name, size in sizes.items() if size > LONGEST_FUNCTION} == {}
    assert p95 <= P95
    assert median <= MEDIAN


def test_files_are_short():
    files = [*(ROOT / path for path in modules()), *(ROOT / "tests").rglob("*.py"), *(ROOT / "templates").rglob("*.html"),
             *(path for path in (ROOT / "static").rglob("*.[cj]s*") if "vendor" not in path.parts and path.suffix in (".css", ".js"))]
    sizes = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in files}
    assert {name: size for name, size in sizes.items() if size > LONGEST_FILE} == {}


def test_nothing_speaks_of_where_it_was_made():
    """Paths of somebody's machine and hosts of package mirrors have no place in the project."""
    suspicious = re.compile(r"/home/\w+|/Users/\w+|index-url")
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "templates").rglob("*.*"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]
    assert [f"{path.relative_to(ROOT)}: {found[0]}" for path in files if (found := suspicious.search(path.read_text()))] == []
