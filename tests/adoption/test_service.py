import zipfile
from datetime import timedelta

import pytest

from consult.adoption import checking, service
from consult.adoption.models import CouncilOutcome
from consult.consultations.models import Phase
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed
from consult.exports import service as exports
from consult.synthesis.models import SynthesisState
from tests import factories
from tests.adoption import cases

# Submission


def test_submission_is_refused_while_a_synthesis_is_missing(consultation, secretary):
    chapters = cases.ready_to_submit(consultation)
    cases.synthesis_of(chapters[1]).state = SynthesisState.DRAFT
    factories.a_chapter(factories.a_consultation())
    with pytest.raises(Conflict) as refusal:
        service.submit(secretary, consultation)
    assert "chapters 2." in str(refusal.value)
    assert consultation.phase == Phase.SYNTHESIS


def test_submission_is_the_secretariats(consultation, rapporteur):
    cases.ready_to_submit(consultation)
    with pytest.raises(NotAllowed):
        service.submit(rapporteur, consultation)


@pytest.fixture
def submission(consultation, secretary):
    return cases.submitted(consultation, secretary)


def test_a_second_submission_is_refused(consultation, secretary, submission):
    with pytest.raises(NotAllowed):
        service.submit(secretary, consultation)


def test_the_archive_is_the_secretariats(submission, participant):
    with pytest.raises(NotAllowed):
        service.get_archive_file(participant, submission)


# Decision


def test_decisions_end_the_consultation(consultation, secretary, submission):
    first, second = (chapter for chapter, _synthesis in service.list_syntheses(consultation))
    service.decide(secretary, submission, chapter=first, outcome=CouncilOutcome.ADOPTED, words="", decided_on=cases.today())
    assert consultation.phase == Phase.SUBMITTED
    service.decide(secretary, submission, chapter=second, outcome=CouncilOutcome.RETURNED, words="À revoir.", decided_on=cases.today())
    assert consultation.phase == Phase.ADOPTED
    assert [s.state for _c, s in service.list_syntheses(consultation)] == [SynthesisState.ADOPTED, SynthesisState.RETURNED]
    assert [decision.words for decision in service.list_decisions(submission)] == ["", "À revoir."]


@pytest.mark.parametrize(("outcome", "words", "days", "field"), [
    (CouncilOutcome.ADOPTED_WITH_CHANGES, " ", 0, "words"), (CouncilOutcome.RETURNED, "", 0, "words"),
    (CouncilOutcome.ADOPTED, "", 1, "decided_on"), (CouncilOutcome.ADOPTED, "", -1, "decided_on"),
])
def test_a_decision_that_cannot_be(consultation, secretary, submission, outcome, words, days, field):
    chapter = service.list_syntheses(consultation)[0][0]
    with pytest.raises(Invalid) as refusal:
        service.decide(
            secretary, submission, chapter=chapter, outcome=outcome, words=words, decided_on=cases.today() + timedelta(days=days)
        )
    assert refusal.value.field == field


def test_a_decision_is_recorded_once(consultation, secretary, submission):
    chapter = service.list_syntheses(consultation)[0][0]
    service.decide(secretary, submission, chapter=chapter, outcome=CouncilOutcome.ADOPTED, words="", decided_on=cases.today())
    with pytest.raises(Conflict):
        service.decide(secretary, submission, chapter=chapter, outcome=CouncilOutcome.RETURNED, words="Non", decided_on=cases.today())


def test_a_rapporteur_records_no_decision(consultation, rapporteur, submission):
    chapter = service.list_syntheses(consultation)[0][0]
    with pytest.raises(NotAllowed):
        service.decide(rapporteur, submission, chapter=chapter, outcome=CouncilOutcome.ADOPTED, words="", decided_on=cases.today())


# The archive


MADE: list[bytes] = []


@pytest.fixture
def dossier(app, tmp_path):
    """A whole dossier, made once for all tests that only look at it."""
    if not MADE:
        consultation = factories.a_consultation()
        cases.ready_to_submit(consultation)
        session.commit()
        MADE.append(exports.export_to(consultation, "dossier", tmp_path / "first.zip")[0].read_bytes())
    (tmp_path / "dossier.zip").write_bytes(MADE[0])
    return tmp_path / "dossier.zip"


def rewritten(path, target, change):
    """A copy of the ZIP, each member through ``change(name, data)``: None leaves it out."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            data = change(info.filename, old.read(info))
            if data is not None:
                new.writestr(info.filename, data)
    return target


def test_a_dossier_holds_what_it_says(dossier):
    assert checking.verify_archive(dossier) == []
    with zipfile.ZipFile(dossier) as opened:
        names = {name.split("/", 1)[1] for name in opened.namelist()}
    for language in ("fr", "ar"):
        for number in (1, 2):
            assert {f"data/syntheses/chapter-{number}.{language}.{suffix}" for suffix in ("docx", "pdf", "md")} <= names
        assert {f"data/contributions/contributions.{language}.{suffix}" for suffix in ("csv", "xlsx")} <= names
        assert f"data/chapters/chapter-1.{language}.r1.md" in names
    assert {"bagit.txt", "bag-info.txt", "manifest-sha256.txt", "data/journal/journal.jsonl", "data/open-data/contributions.csv",
            "data/open-data/replies.csv"} <= names


def test_the_same_data_give_the_same_archive(consultation, tmp_path):
    cases.a_discussed_chapter(consultation)
    session.commit()
    first, again = (exports.export_to(consultation, "dossier", tmp_path / f"{n}.zip")[0] for n in (1, 2))
    assert again.read_bytes() == first.read_bytes()


def test_every_kind_of_tampering_is_found(dossier, tmp_path):
    def changed(name, data):
        return data + b" " if name.endswith("contributions.fr.csv") else data

    def left_out(name, data):
        return None if name.endswith("chapter-1.fr.pdf") else data

    def journal_rewritten(name, data):
        return data.replace(b"chapters.import_chapter", b"chapters.import_nothing", 1) if name.endswith("journal.jsonl") else data

    faults = [checking.verify_archive(rewritten(dossier, tmp_path / f"{n}.zip", change))
              for n, change in enumerate((changed, left_out, journal_rewritten))]
    assert "contributions.fr.csv was changed" in faults[0][0]
    assert "chapter-1.fr.pdf is missing" in faults[1][0]
    assert any("does not follow" in fault for fault in faults[2])
    copy = rewritten(dossier, tmp_path / "extra.zip", lambda _name, data: data)
    with zipfile.ZipFile(copy, "a") as opened:
        opened.writestr(f"{opened.namelist()[0].split('/')[0]}/data/extra.txt", "x")
    assert checking.verify_archive(copy) == ["data/extra.txt is not in the manifest"]


def test_what_is_no_dossier_is_said_to_be_none(dossier, tmp_path):
    (tmp_path / "other.zip").write_bytes(b"not a zip")
    assert "cannot be read" in checking.verify_archive(tmp_path / "other.zip")[0]
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as opened:
        opened.writestr("a.txt", "x")
    assert "missing" in checking.verify_archive(tmp_path / "empty.zip")[0]
    (tmp_path / "cut.zip").write_bytes(dossier.read_bytes()[:-2000])
    assert checking.verify_archive(tmp_path / "cut.zip")


def test_an_unpacked_dossier_is_checked_too(dossier, tmp_path):
    with zipfile.ZipFile(dossier) as opened:
        opened.extractall(tmp_path / "unpacked")  # noqa: S202 - our own archive
    folder = next((tmp_path / "unpacked").iterdir())
    assert checking.verify_archive(folder) == []
    (folder / "data" / "README.fr.txt").write_text("x")
    assert "README.fr.txt was changed" in checking.verify_archive(folder)[0]
