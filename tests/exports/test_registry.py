"""What is forgotten or doubled fails at start, and says what to write."""

from typing import NamedTuple

import pytest

from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.core.errors import RegistrationError
from consult.core.i18n import LANGUAGES
from consult.core.permissions import RULES, Action
from consult.exports import registry
from consult.exports.forms import ExportForm
from consult.exports.models import ExportFormat, ExportKind
from tests.conftest import make_app


class Member(NamedTuple):
    """A format that somebody adds."""

    name: str
    value: str
    content_type: str


def nothing(_what_was_read, _out, _progress) -> None:
    """A writer."""


@pytest.fixture
def definitions(monkeypatch) -> dict:
    """What is registered, to be changed."""
    monkeypatch.setattr(registry, "DEFINITIONS", dict(registry.DEFINITIONS))
    return registry.DEFINITIONS


def more(**options) -> registry.Definition:
    return registry.register("more", of=Consultation, action=Action.EXPORTS_REQUEST, **options)


def with_format(monkeypatch, member: Member) -> None:
    monkeypatch.setattr(registry, "ExportFormat", [*ExportFormat, member])


def test_what_is_registered_is_whole():
    registry.check()


@pytest.mark.parametrize("kind", list(ExportKind))
def test_a_kind_that_nobody_registers_stops_the_start(definitions, kind, databases, tmp_path):
    del definitions[kind.value]
    with pytest.raises(RegistrationError, match=rf"register\(ExportKind\.{kind.name}, …\)"):
        make_app(databases.new_database(), tmp_path)


def test_a_kind_that_nothing_writes_stops_the_start(definitions):
    more()
    with pytest.raises(RegistrationError, match=r"“more”: put @….writes\(ExportFormat"):
        registry.check()


def test_a_format_that_nothing_writes_stops_the_start(definitions, monkeypatch):
    with_format(monkeypatch, Member("JSONL", "jsonl", "application/jsonl"))
    with pytest.raises(RegistrationError, match=r"put @….writes\(ExportFormat.JSONL\)"):
        registry.check()


def test_a_format_without_content_type_stops_the_start(definitions, monkeypatch):
    member = Member("JSONL", "jsonl", "")
    with_format(monkeypatch, member)
    more().writes(member)(nothing)
    with pytest.raises(RegistrationError, match=r"ExportFormat.JSONL has no content type: .* “text/csv”"):
        registry.check()


def test_a_forgotten_permission_is_named(definitions):
    with pytest.raises(TypeError, match="'action'"):
        registry.register("more", of=Consultation)


def test_forgotten_words_are_named(definitions):
    del definitions["synthesis"]
    with pytest.raises(RegistrationError, match="about=.*file_title="):
        registry.register(ExportKind.SYNTHESIS, of=Chapter, action=Action.EXPORTS_REQUEST)


def test_nothing_is_registered_twice(definitions):
    with pytest.raises(RegistrationError, match="“dossier” is registered twice"):
        registry.register(ExportKind.DOSSIER, of=Consultation, action=Action.EXPORTS_REQUEST)
    definition = more()
    definition.writes(ExportFormat.CSV)(nothing)
    with pytest.raises(RegistrationError, match="The export “more” as csv is written twice, by nothing and nothing"):
        definition.writes(ExportFormat.CSV)(nothing)


def test_each_permission_stands_in_the_table():
    assert {definition.action for definition in registry.DEFINITIONS.values()} <= set(RULES)


def test_the_command_line_keeps_its_names():
    names = registry.command_names()
    assert {"contributions", "contributions.csv", "contributions.xlsx", "open-data", "synthesis", "dossier"} <= set(names)
    assert {name: [format.value for format in formats] for name, (_definition, formats) in names.items() if "." not in name} == {
        "contributions": ["csv"], "synthesis": ["docx", "pdf", "md"], "open-data": ["csv"],
        "open-data-replies": ["csv"], "open-data-decisions": ["csv"], "dossier": ["zip"]}


def test_a_new_format_is_found_everywhere_by_its_registration(definitions, client):
    definition = more(languages=("fr",))
    for format in (ExportFormat.CSV, ExportFormat.ZIP):
        definition.writes(format)(nothing)
    assert {"more", "more.csv", "more.zip"} <= set(registry.command_names())
    with client.application.test_request_context():
        form = ExportForm(definition, [], "fr")
    assert list(form.format.choices) == ["csv", "zip"]
    assert form.language.choices == {"fr": LANGUAGES["fr"]}
    assert "chapter" not in form


def test_all_formats_come_from_one_reading(definitions):
    """What a folder of documents says is of one moment."""
    read, out = [], {}

    def reader(subject_id, language):
        read.append((subject_id, language))
        return registry.by_itself(subject_id, language)

    definition = more(read=reader)
    for format in (ExportFormat.CSV, ExportFormat.ZIP):
        definition.writes(format)(lambda what, file, progress, format=format: (out.update({format: what}), progress(50)))
    heard = []
    definition.write_each(7, lambda _format: registry.by_itself(0, ""), formats=definition.formats, language="ar", progress=heard.append)
    assert (read, out) == ([(7, "ar")], {ExportFormat.CSV: 7, ExportFormat.ZIP: 7})
    assert heard == [20, 40, 80]
