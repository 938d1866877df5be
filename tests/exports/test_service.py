import os

import pytest
import sqlalchemy as sa

from consult.consultations.models import Role
from consult.core import jobs
from consult.core.db import session
from consult.core.errors import Invalid, NotAllowed, NotFound
from consult.core.jobs import Job
from consult.exports import files, service
from consult.exports.models import Export, ExportFormat, ExportKind, ExportState
from consult.moderation import service as moderation
from consult.moderation.models import Reason
from tests import factories
from tests.exports import cases


@pytest.mark.parametrize(("kind", "format_"), [
    (ExportKind.CONTRIBUTIONS, ExportFormat.CSV), (ExportKind.CONTRIBUTIONS, ExportFormat.XLSX), (ExportKind.SYNTHESIS, ExportFormat.DOCX),
    (ExportKind.SYNTHESIS, ExportFormat.PDF), (ExportKind.SYNTHESIS, ExportFormat.MARKDOWN),
])
def test_an_export_is_made_in_the_background(consultation, secretary, kind, format_):
    chapter = cases.a_discussed_chapter(consultation)
    target = chapter if kind == ExportKind.SYNTHESIS else consultation
    export = service.request(secretary, target, kind=kind, format=format_, language="fr")
    assert export.state == ExportState.REQUESTED
    cases.settled()
    found, path = service.get_export_file(secretary, export.id)
    assert found.state == ExportState.READY
    assert (found.size, found.sha256) == files.measure(path)
    assert found.size > 0
    assert session.scalars(sa.select(Job).where(Job.name == "exports.make_export")).one().progress == 100


def test_what_a_killed_worker_left_is_removed_when_the_next_document_is_made(consultation, secretary):
    cases.a_discussed_chapter(consultation)
    old, young = (files.folder() / f".making-{name}" for name in ("old", "young"))
    for left, hours in ((old, 2), (young, 0)):
        left.write_bytes(b"half a docum")
        moment = left.stat().st_mtime - hours * 3600
        os.utime(left, (moment, moment))
    service.request(secretary, consultation, kind=ExportKind.CONTRIBUTIONS, format=ExportFormat.CSV, language="fr")
    cases.settled()
    assert [path.name for path in files.folder().glob(".making-*")] == [young.name]


def test_a_second_run_leaves_what_is_ready_alone(consultation, secretary):
    cases.a_discussed_chapter(consultation)
    export = service.request(secretary, consultation, kind=ExportKind.CONTRIBUTIONS, format=ExportFormat.CSV, language="fr")
    cases.settled()
    before = files.path_of(export.file_name).stat().st_mtime_ns
    jobs.REGISTRY["exports.make_export"](0, export.id)
    assert files.path_of(export.file_name).stat().st_mtime_ns == before


def test_progress_never_goes_back(consultation, secretary, monkeypatch):
    cases.a_discussed_chapter(consultation)
    heard = []
    monkeypatch.setattr(jobs, "report", lambda function, subject_id, percent: heard.append(percent))
    service.request(secretary, consultation, kind=ExportKind.DOSSIER, format=ExportFormat.ZIP, language="fr")
    cases.settled()
    assert heard == sorted(heard)
    assert 0 <= heard[0] <= heard[-1] <= 100
    assert len(heard) > 5


def test_a_format_that_does_not_exist_for_the_kind_is_refused(consultation, secretary):
    with pytest.raises(Invalid):
        service.request(secretary, consultation, kind=ExportKind.CONTRIBUTIONS, format=ExportFormat.PDF, language="fr")
    with pytest.raises(Invalid):
        service.request(secretary, consultation, kind=ExportKind.SYNTHESIS, format=ExportFormat.PDF, language="fr")
    with pytest.raises(Invalid):
        service.request(secretary, consultation, kind=ExportKind.CONTRIBUTIONS, format=ExportFormat.CSV, language="xx")


def test_who_may_ask_for_what(consultation, chapter, rapporteur, participant):
    with pytest.raises(NotAllowed):
        service.request(participant, consultation, kind=ExportKind.CONTRIBUTIONS, format=ExportFormat.CSV, language="fr")
    with pytest.raises(NotAllowed, match="The whole dossier is made by the secretariat"):
        service.request(rapporteur, consultation, kind=ExportKind.DOSSIER, format=ExportFormat.ZIP, language="fr")
    export = service.request(rapporteur, chapter, kind=ExportKind.SYNTHESIS, format=ExportFormat.PDF, language="fr")
    stranger = factories.a_user(role=Role.RAPPORTEUR, commission=consultation.commissions[1])
    with pytest.raises(NotAllowed):
        service.get_export(stranger, export.id)
    with pytest.raises(NotAllowed):
        service.request(stranger, chapter, kind=ExportKind.SYNTHESIS, format=ExportFormat.PDF, language="fr")
    assert service.list_exports(stranger, consultation).rows == []
    with pytest.raises(NotFound):
        service.get_export_file(rapporteur, export.id)


@pytest.mark.parametrize("name", ["contributions", "contributions.csv", "contributions.xlsx", "open-data", "synthesis", "synthesis.md"])
def test_every_name_of_the_command_line(consultation, tmp_path, name):
    cases.a_discussed_chapter(consultation)
    session.commit()
    written = service.export_to(consultation, name, tmp_path, "ar")
    assert written
    assert all(path.stat().st_size for path in written)
    assert {path.parent for path in written} == {tmp_path}


def test_a_name_with_a_format_writes_this_format_alone(consultation, tmp_path):
    cases.a_discussed_chapter(consultation)
    session.commit()
    assert [path.name for path in service.export_to(consultation, "contributions", tmp_path)] == ["contributions.csv"]
    assert [path.name for path in service.export_to(consultation, "synthesis", tmp_path, "ar")][:3] == [
        "chapter-1.ar.docx", "chapter-1.ar.pdf", "chapter-1.ar.md"]
    assert {path.suffix for path in service.export_to(consultation, "synthesis.md", tmp_path)} == {".md"}


def test_a_document_that_was_made_before_words_were_hidden_is_gone(consultation, secretary, rapporteur, block):
    said = factories.a_published_contribution(block=block, body="Le directeur Zirari refuse.")
    export = service.request(secretary, consultation, kind=ExportKind.CONTRIBUTIONS, format=ExportFormat.CSV, language="fr")
    cases.settled()
    _found, path = service.get_export_file(secretary, export.id)
    assert "Zirari" in path.read_text("utf-8-sig")
    moderation.redact(rapporteur, said, phrases="Zirari", reason=Reason.PERSONAL_DATA, words="Un nom.", expected_counter=said.row_counter)
    cases.settled()
    assert session.scalars(sa.select(Export)).all() == []
    with pytest.raises(NotFound):
        service.get_export_file(secretary, export.id)
