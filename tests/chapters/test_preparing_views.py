"""Preparing a revision in the browser: every page works without JavaScript, and nothing that was typed is lost."""

import io
import re

import docx
import pytest
import sqlalchemy as sa

from consult.chapters import service
from consult.chapters.models import Chapter, WorkingDraft
from consult.chapters.service import publishing
from consult.consultations.models import Consultation, Phase, Role
from consult.core.audit import AuditEvent
from consult.core.commands import LISTENERS
from consult.core.db import session
from consult.core.permissions import Action
from tests import factories

PLACE = "/en/chapters/1/working-draft/fr"
EDIT = "/en/chapters/1/edit/fr"
OLD, NEW = "Publier chaque année la liste", "Publier chaque mois la liste"


def changed(text: str = OLD, by: str = NEW, language: str = "fr") -> str:
    source = factories.markdown(1, language)
    assert text in source
    return source.replace(text, by)


def keep(person, source: str, **values) -> WorkingDraft:
    draft = service.keep_working_draft(person, session.scalars(sa.select(Consultation)).one(), data=source.encode(), **values)
    session.flush()
    return draft


@pytest.fixture
def draft(chapter, rapporteur):
    return keep(rapporteur, changed())


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*type="hidden"[^>]*value="([^"]*)"', page))


def published(chapter, language="fr") -> int:
    return service.get_newest_revision(chapter, language).number


# Who sees what


@pytest.mark.parametrize("address", [
    "/en/chapters/working-drafts", "/en/chapters/import-chapter", PLACE, EDIT, f"{PLACE}/correct?new=C1-A1-P1-a1"])
def test_only_those_in_charge_see_what_is_prepared(client, draft, participant, chair, secretary, rapporteur, address):
    stranger = factories.a_user(role=Role.RAPPORTEUR, commission=draft.consultation.commissions[1])
    assert client.get(address).status_code == 403
    assert client.sign_in(participant).get(address).status_code == 403
    for person in (rapporteur, chair, secretary):
        assert client.sign_in(person).get(address).status_code == 200, person
    expected = 200 if "chapters/1" not in address else 403
    assert client.sign_in(stranger).get(address).status_code == expected


def test_the_list_says_what_is_prepared_and_what_may_be_begun(client, draft, rapporteur, secretary):
    page = client.sign_in(rapporteur).get("/en/chapters/working-drafts").text
    assert "Continue" in page
    assert "Prepare a new version" in page
    assert "Write the first version" in page  # of the English text
    assert rapporteur.name in page
    assert "Commission 2" not in page
    assert "Commission 2" in client.sign_in(secretary).get("/en/chapters/working-drafts").text


def test_staff_reach_the_list_from_every_page(client, chapter, rapporteur, participant):
    assert "/en/chapters/working-drafts" in client.sign_in(rapporteur).get("/en/").text
    assert "/en/chapters/working-drafts" not in client.sign_in(participant).get("/en/").text


@pytest.mark.parametrize("act", ["publish", "rebase", "discard", "correct"])
def test_strangers_change_nothing(client, draft, participant, act):
    data = {"expected_counter": draft.row_counter, "new_key": "C1-A1-P1-a1", "chosen": ""}
    answer = client.sign_in(participant).post(f"{PLACE}/{act}", data=data)
    assert answer.status_code == 403
    assert session.scalar(sa.select(sa.func.count()).select_from(WorkingDraft)) == 1


def test_an_unknown_language_or_draft_is_not_found(client, chapter, secretary):
    client.sign_in(secretary)
    assert client.get("/en/chapters/1/working-draft/xx").status_code == 404
    assert client.get("/en/chapters/1/edit/xx").status_code == 404
    assert client.get(PLACE).status_code == 404
    assert client.get("/en/chapters/9/edit/fr").status_code in (404, 422)


# From a file


def upload(client, data: bytes, name: str = "1.fr.md", **fields):
    return client.post("/en/chapters/import-chapter", data={"file": (io.BytesIO(data), name), **fields})


def test_a_file_is_kept_and_shown_before_anything_is_published(client, chapter, rapporteur):
    answer = upload(client.sign_in(rapporteur), changed().encode())
    assert (answer.status_code, answer.location) == (303, "/en/chapters/1/working-draft/fr")
    page = client.get(answer.location).text
    assert "C1-A1-P1-a1" in page
    assert re.search(r"<ins>.*mois.*</ins>", page, re.DOTALL)
    assert published(chapter) == 1


def test_a_second_file_does_not_overwrite_what_somebody_prepared(client, draft, chair):
    client.sign_in(chair)
    answer = upload(client, changed(by="Publier chaque jour la liste").encode())
    assert answer.status_code == 422
    assert "being prepared" in answer.text
    assert "chaque mois" in session.get(WorkingDraft, draft.id).source
    assert upload(client, changed(by="Publier chaque jour la liste").encode(), may_replace="y").status_code == 303
    assert "chaque jour" in session.get(WorkingDraft, draft.id).source


@pytest.mark.parametrize(("data", "name", "said"), [
    (b"# sans entete", "1.fr.md", "Line 1"), (b"\xff\xfe", "1.md", "UTF-8"), (b"PK\x03\x04", "1.md", "not a Markdown file"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "texte.doc", "does not say"), (b"", "1.md", "Line 1"),
])
def test_a_file_that_cannot_be_read_is_refused_with_the_way_out(client, chapter, rapporteur, data, name, said):
    answer = upload(client.sign_in(rapporteur), data, name)
    assert answer.status_code == 422
    assert said in answer.text


def test_a_rapporteur_imports_no_chapter_of_others(client, chapter, rapporteur):
    assert upload(client.sign_in(rapporteur), factories.markdown(2).encode()).status_code == 403


def word() -> bytes:
    document, whole = docx.Document(), io.BytesIO()
    document.add_heading("Métrologie", 0)
    document.add_heading("Axe 1 — Mesurer", 2)
    document.add_paragraph("Intention de l’axe.")
    document.save(whole)
    return whole.getvalue()


def test_a_word_document_becomes_the_version_in_preparation(client, chapter, rapporteur):
    client.sign_in(rapporteur)
    assert "does not say" in upload(client, word(), "texte.docx").text
    answer = upload(client, word(), "texte.docx", chapter="1", text_language="fr")
    assert answer.status_code == 303
    kept = session.scalars(sa.select(WorkingDraft)).one()
    assert (kept.number, kept.language) == (1, "fr")
    assert "title: Métrologie" in kept.source
    assert "## Axe 1 — Mesurer" in kept.source
    page = client.get(answer.location).text
    assert "of the words of the published version" not in page  # a rapporteur does not publish


def test_what_a_conversion_left_out_is_said(client, chapter, rapporteur):
    document, whole = docx.Document(), io.BytesIO()
    document.add_picture("static/img/chapter.png")
    document.add_paragraph("Sous la figure.")
    document.save(whole)
    answer = upload(client.sign_in(rapporteur), whole.getvalue(), "texte.docx", chapter="1", text_language="fr", title="Titre")
    assert "Pictures are not taken over" in client.get(answer.location).text


def test_a_word_document_that_is_protected_is_refused(client, chapter, rapporteur):
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")
    answer = upload(client.sign_in(rapporteur), data, "texte.docx", chapter="1", text_language="ar")
    assert answer.status_code == 422
    assert "password" in answer.text


def test_a_file_may_be_larger_than_other_forms(app, client, chapter, rapporteur, monkeypatch):
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 10_000)
    client.sign_in(rapporteur)
    answer = upload(client, b"PK\x03\x04" + b"x" * 50_000, "texte.docx", chapter="1", text_language="fr")
    assert answer.status_code == 422
    assert "damaged" in answer.text
    assert client.post(EDIT, data={"body": "x" * 50_000}).status_code == 413


# The preview


def test_the_preview_counts_and_says_what_stands_on_what_changes(client, draft, block, rapporteur):
    factories.a_contribution(block=block)
    factories.a_contribution(block=block)
    page = client.sign_in(rapporteur).get(PLACE).text
    assert "2 contributions" in page
    assert "The chair of the commission or the secretariat publishes" in page
    assert "Publish this version" not in page


def test_the_preview_filters(client, draft, rapporteur):
    client.sign_in(rapporteur)
    changes, every = client.get(PLACE).text, client.get(f"{PLACE}?show=all").text
    assert 'id="at-C1-contexte"' not in changes
    assert 'id="at-C1-contexte"' in every
    assert "Nothing to show here" in client.get(f"{PLACE}?show=unsure").text


def test_what_was_dropped_stands_in_its_place(client, chapter, rapporteur):
    keep(rapporteur, changed("Intention de l’axe.\n\n", ""))
    page = client.sign_in(rapporteur).get(f"{PLACE}?show=all").text
    places = [page.index(f'id="at-{key}"') for key in ("C1-A1", "C1-A1-§1", "C1-A1-P1")]
    assert places == sorted(places)
    assert "Deleted" in page


def test_problems_are_named_with_their_lines_and_keep_it_from_being_published(client, chapter, chair):
    keep(chair, changed("1.1.2", "1.1.1"))
    page = client.sign_in(chair).get(PLACE).text
    assert "Must be corrected" in page
    assert "Line 32" in page
    assert "Publish this version" not in page


def test_a_draft_that_cannot_be_read_is_shown_with_its_fault(client, chapter, chair):
    keep(chair, changed("# Chapitre 1", "# Chapitre 1\n\n## X {#C9-x}\n\n#"))
    page = client.sign_in(chair).get(PLACE)
    assert page.status_code == 200
    assert "cannot be read" in page.text


def test_arabic_is_previewed_and_edited_from_right_to_left(client, chapter, rapporteur):
    source = factories.markdown(1, "ar")
    keep(rapporteur, source.replace("Former les techniciens", "تكوين التقنيين"))
    client.sign_in(rapporteur)
    page = client.get("/ar/chapters/1/working-draft/ar")
    assert page.status_code == 200
    assert "تكوين" in page.text
    editor = client.get("/fr/chapters/1/edit/ar").text
    assert re.search(r'<textarea[^>]*dir="rtl"[^>]*lang="ar"', editor)


def test_a_large_chapter_is_previewed_in_few_questions(client, consultation, chapter, rapporteur, count_queries):
    many = "\n\n".join(f"Paragraphe {n} sur la mesure, l’étalon {n * 7} et la région {n % 12}." for n in range(300))
    source = factories.markdown(1).replace("Intention de l’axe.", many)
    service.import_chapter(factories.SYSTEM, consultation, data=source.encode())
    keep(rapporteur, source.replace(" et la région", ", puis la région"))
    client.sign_in(rapporteur)
    assert count_queries(lambda: client.get(f"{PLACE}?show=all")) <= 12
    assert count_queries(lambda: client.get(EDIT)) <= 12
    assert count_queries(lambda: client.get("/en/chapters/working-drafts")) <= 12


# By hand


def test_a_correction_is_made_and_taken_back_without_javascript(client, chapter, rapporteur):
    keep(rapporteur, changed("Intention de l’axe.", "Tout autre propos, sans aucun rapport avec ce qui précède."))
    client.sign_in(rapporteur)
    page = client.get(f"{PLACE}/correct?new=C1-A1-§1")
    assert page.status_code == 200
    assert "C1-A1-P1-§1" in page.text
    fields = {"new_key": "C1-A1-§1", "old_key": "", "expected_counter": 1, "chosen": "C1-A1-P1-§1", "act": "set"}
    answer = client.post(f"{PLACE}/correct", data=fields)
    assert answer.status_code == 303
    assert "decided by hand" in client.get(answer.location).text
    back = client.post(f"{PLACE}/correct", data={**fields, "expected_counter": 2, "act": "take-back"})
    assert back.status_code == 303
    assert "decided by hand" not in client.get(answer.location).text
    assert client.post(f"{PLACE}/correct", data=fields).status_code == 409  # what they saw is no longer so


def test_what_was_dropped_can_be_given_a_successor(client, chapter, rapporteur):
    keep(rapporteur, changed("Intention de l’axe.\n\n", "").replace("## Axe", "Nouveau propos tout autre.\n\n## Axe"))
    client.sign_in(rapporteur)
    page = client.get(f"{PLACE}/correct?old=C1-A1-§1")
    assert "What became of this passage" in page.text
    new = re.search(r'value="([^"]+)">[^<]*Nouveau propos', page.text)[1]
    answer = client.post(f"{PLACE}/correct", data={"old_key": "C1-A1-§1", "new_key": "", "chosen": new, "expected_counter": 1,
                                                   "act": "set"})
    assert answer.status_code == 303
    session.expire_all()
    kept = session.scalars(sa.select(WorkingDraft)).one()
    assert [(c["new"], c["old"]) for c in kept.corrections] == [(new, "C1-A1-§1")]


def test_an_unknown_passage_is_not_found(client, draft, rapporteur):
    data = {"new_key": "C1-nowhere", "expected_counter": draft.row_counter}
    assert client.sign_in(rapporteur).post(f"{PLACE}/correct", data=data).status_code == 404
    assert client.sign_in(rapporteur).get(f"{PLACE}/correct?new=C1-nowhere").status_code == 404


# Published


def test_the_chair_publishes_with_a_note(client, draft, chapter, chair):
    client.sign_in(chair)
    assert "Publish this version" in client.get(PLACE).text
    answer = client.post(f"{PLACE}/publish", data={"expected_counter": draft.row_counter, "note": "La liste devient mensuelle."})
    assert (answer.status_code, answer.location) == (303, "/en/chapters/1")
    assert "chaque mois" in client.get("/fr/chapters/1").text
    now = service.get_newest_revision(chapter, "fr")
    assert (now.number, now.note) == (2, "La liste devient mensuelle.")
    assert session.scalars(sa.select(AuditEvent.action).order_by(AuditEvent.id.desc())).first() == "chapters.publish"
    assert client.post(f"{PLACE}/publish", data={"expected_counter": 1, "note": ""}).status_code == 409  # sent twice: published once


def test_a_rapporteur_does_not_publish(client, draft, chapter, rapporteur):
    assert client.sign_in(rapporteur).post(f"{PLACE}/publish", data={"expected_counter": draft.row_counter}).status_code == 403
    assert published(chapter) == 1


def test_what_was_changed_meanwhile_is_not_published_unread(client, draft, chapter, chair, rapporteur):
    keep(rapporteur, changed(by="Publier chaque jour la liste"), expected_counter=draft.row_counter)
    answer = client.sign_in(chair).post(f"{PLACE}/publish", data={"expected_counter": 1, "note": ""})
    assert answer.status_code == 409
    assert published(chapter) == 1


def breaks(_actor, _revision, _target) -> None:
    """As when two write the same at once: the database refuses, and gives the transaction up."""
    session.add(Chapter(consultation_id=10**9, commission_id=10**9, number=1, title_fr="Nulle part"))
    session.flush()


def test_what_the_database_refuses_is_a_conflict_on_the_preview_and_nothing_is_published(client, draft, chapter, chair, monkeypatch):
    monkeypatch.setitem(LISTENERS, Action.CHAPTERS_PUBLISH, [*LISTENERS[Action.CHAPTERS_PUBLISH], breaks])
    answer = client.sign_in(chair).post(f"{PLACE}/publish", data={"expected_counter": draft.row_counter, "note": "Mensuelle."})
    assert answer.status_code == 409
    assert "Somebody else has just changed this" in answer.text
    assert "Mensuelle." in answer.text
    assert published(chapter) == 1
    assert client.get(PLACE).status_code == 200


@pytest.mark.parametrize("address", [EDIT, "/en/chapters/import-chapter"])
def test_a_draft_that_the_database_refuses_is_a_conflict_too(client, draft, chair, monkeypatch, address):
    monkeypatch.setattr(publishing, "hold", lambda *_seen: breaks(None, None, None))
    client.sign_in(chair)
    if address == EDIT:
        answer = client.post(EDIT, data={"title": "Titre", "body": "Mon propos.", "expected_counter": draft.row_counter, "act": "save"})
        assert (answer.status_code, "Mon propos." in answer.text) == (409, True)
    else:
        answer = upload(client, changed(by="Publier chaque jour la liste").encode(), may_replace="y")
        assert (answer.status_code, "being prepared" in answer.text) == (422, True)
    assert NEW in session.get(WorkingDraft, draft.id).source


def test_a_draft_that_is_gone_when_it_is_published_is_said(client, draft, chapter, chair, monkeypatch):
    def discarded(_draft, _seen) -> None:
        raise publishing.gone()

    monkeypatch.setattr(publishing, "hold", discarded)
    found = service.find_working_draft
    monkeypatch.setattr(publishing, "find_working_draft", lambda *place: seen.append(1) or (found(*place) if len(seen) == 1 else None))
    seen: list[int] = []
    answer = client.sign_in(chair).post(f"{PLACE}/publish", data={"expected_counter": draft.row_counter, "note": ""})
    assert (answer.status_code, "published or discarded meanwhile" in answer.text) == (409, True)


def test_a_draft_overtaken_by_another_publication_is_rebased_first(client, draft, chapter, chair, secretary):
    service.import_chapter(secretary, chapter.consultation, data=changed("Former les", "Bien former les").encode())
    client.sign_in(chair)
    page = client.get(PLACE).text
    assert "Version 2 was published since" in page
    assert "Publish this version" not in page
    refused = client.post(f"{PLACE}/publish", data={"expected_counter": draft.row_counter, "note": ""})
    assert refused.status_code == 409
    assert "Version 2 was published while" in refused.text
    assert client.post(f"{PLACE}/rebase", data={"expected_counter": 77}).status_code == 409
    assert client.post(f"{PLACE}/rebase", data={"expected_counter": draft.row_counter}).status_code == 303
    page = client.get(PLACE).text
    assert "Publish this version" in page
    counter = session.scalars(sa.select(WorkingDraft.row_counter)).one()
    assert client.post(f"{PLACE}/publish", data={"expected_counter": counter, "note": "Relu."}).status_code == 303
    assert published(chapter) == 3


def test_a_text_that_shrinks_by_half_asks_for_confirmation(client, chapter, chair):
    source = factories.markdown(1)
    draft = keep(chair, source[: source.index("## Axe 1")] + "## Axe 1 — Mesurer\n")
    client.sign_in(chair)
    page = client.get(PLACE).text
    assert "may_shrink" in page
    refused = client.post(f"{PLACE}/publish", data={"expected_counter": draft.row_counter, "note": ""})
    assert refused.status_code == 422
    assert published(chapter) == 1
    confirmed = {"expected_counter": draft.row_counter, "note": "Abrégé.", "may_shrink": "y"}
    assert client.post(f"{PLACE}/publish", data=confirmed).status_code == 303
    assert published(chapter) == 2


def test_a_draft_is_discarded(client, draft, chapter, rapporteur):
    client.sign_in(rapporteur)
    assert client.post(f"{PLACE}/discard", data={"expected_counter": 77}).status_code == 409
    assert client.post(f"{PLACE}/discard", data={"expected_counter": draft.row_counter}).status_code == 303
    assert session.scalars(sa.select(WorkingDraft)).all() == []
    assert published(chapter) == 1


def test_nothing_is_revised_once_the_council_has_the_text(client, draft, chapter, secretary):
    chapter.consultation.phase = Phase.SUBMITTED
    client.sign_in(secretary)
    assert client.get(PLACE).status_code == 200
    assert client.post(f"{PLACE}/publish", data={"expected_counter": draft.row_counter}).status_code == 403
    assert client.get(EDIT).status_code == 403
