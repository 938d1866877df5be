"""What a member of an enum means is written beside it, and nowhere else."""

import ast
import re

import pytest

import consult  # noqa: F401 - brings every room, and so every enum
from consult.chapters.models import BlockFate
from consult.contributions.models import AnchorState, ContributionState
from consult.core.states import MeaningEnum, StateEnum, Tone
from consult.moderation.models import Verdict
from consult.synthesis.models import SynthesisState
from tests.house.source import ROOT, modules

SAY_IT = "say it as a property beside the members (consult/core/states.py), and ask {}.where(…) or the member"


def subclasses(kind) -> list[type[MeaningEnum]]:
    found = [one for below in kind.__subclasses__() for one in (below, *subclasses(below))]
    return [one for one in found if one.__module__.startswith("consult.") and len(one)]


ENUMS = {enum.__name__: enum for enum in subclasses(MeaningEnum)}
TEMPLATES = {path.relative_to(ROOT).as_posix(): path.read_text() for path in (ROOT / "templates").rglob("*.*")}


def test_they_are_all_known():
    assert {"ContributionState", "AnchorState", "SynthesisState", "Phase", "Disposition", "Verdict", "JobState"} <= set(ENUMS)


def members_in(node: ast.AST) -> list[str]:
    """The enums whose members stand in a tuple, list, set or in the keys of a dict."""
    parts = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", ())
    return [part.value.id for part in parts if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name)
            and part.value.id in ENUMS and part.attr in ENUMS[part.value.id].__members__]


def lists_of_members() -> list[str]:
    found = []
    for path, tree in modules().items():
        meanings = {id(below) for call in ast.walk(tree) if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "says"
                    for below in ast.walk(call)}
        for node in ast.walk(tree):
            if id(node) not in meanings and len(names := members_in(node)) > 1:
                found.append(f"{path}:{node.lineno}: {SAY_IT.format(names[0])}")
    return found


def test_no_list_of_members_stands_elsewhere():
    assert lists_of_members() == []


def test_no_template_knows_the_values_of_a_state():
    told = re.compile(r"\b(?:state|phase|verdict|disposition|anchor_class|quote|outcome)(?:\.value)? *(?:==|!=|in|not in) *[\"'(\[]")
    assert [f"{path}: “{found[0]}”: {SAY_IT.format('')}" for path, text in TEMPLATES.items() if (found := told.search(text))] == []


def test_every_property_is_asked_for():
    code = {path: ast.parse(ast.unparse(tree)) for path, tree in modules().items()}
    asked = {node.attr for tree in code.values() for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    asked |= {keyword.arg for tree in code.values() for call in ast.walk(tree) if isinstance(call, ast.Call)
              and getattr(call.func, "attr", "") == "where" for keyword in call.keywords}
    asked |= {node.value for node in ast.walk(code["consult/core/rules.py"]) if isinstance(node, ast.Constant)}
    asked |= set(re.findall(r"\.(\w+)", "\n".join(TEMPLATES.values())))
    assert [f"{name}.{declared}" for name, enum in ENUMS.items() for declared in enum.__annotations__ if declared not in asked] == []


def test_every_tone_has_its_look():
    sheet = (ROOT / "static/css/base.css").read_text()
    assert [tone for tone in Tone if tone != Tone.NONE and f".tone-{tone} " not in sheet] == []
    tones = {member.tone for enum in ENUMS.values() for member in enum if hasattr(member, "tone")}
    assert tones == set(Tone)


# Where members must part the whole between them


@pytest.mark.parametrize(("enum", "parts"), [
    (ContributionState, ("awaits_moderation", "awaits_author", "is_answerable", "is_silent")),
    (AnchorState, ("awaits_decision", "is_placed", "is_left")),
    (SynthesisState, ("is_editable", "is_validated")),
])
def test_each_is_one_of_these(enum, parts):
    assert {state.value: [part for part in parts if getattr(state, part)] for state in enum if
            sum(getattr(state, part) for part in parts) != 1} == {}


def test_every_step_of_a_contribution_is_its_authors_or_one_verdict():
    """A state that no verdict leads out of would be one that no moderator can decide on."""
    steps = [(state, to) for state in ContributionState for to in map(ContributionState, state.leads_to) if not to.is_taken_back]
    decided = {(state, verdict.to) for verdict in Verdict for state in verdict.starts if state != verdict.to}
    assert sorted(decided) == sorted(steps)


def test_fates_are_told_one_after_the_other():
    assert [fate.rank for fate in BlockFate.ranked()] == list(range(1, len(BlockFate) + 1))


@pytest.mark.parametrize("enum", [enum for enum in ENUMS.values() if issubclass(enum, StateEnum)], ids=lambda enum: enum.__name__)
def test_every_state_but_the_first_is_reached(enum):
    first, *others = enum
    assert [state for state in others if not any(before.may_become(state) for before in enum)] == []
