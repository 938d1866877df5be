"""The editor in the browser: nothing that was typed is ever lost."""

import io
import re

import docx
import pytest
import sqlalchemy as sa

from consult.chapters.models import WorkingDraft
from consult.core.db import session
from tests.chapters.test_preparing_views import EDIT, NEW, OLD, PLACE, changed, keep, published, upload


@pytest.fixture
def draft(chapter, rapporteur):
    return keep(rapporteur, changed())


def typed(**over) -> dict[str, str]:
    source = changed()
    body = source[source.index("# Chapitre"):].replace("\n", "\r\n")
    return {"title": "Métrologie", "note": "Mensuelle.", "body": body, "expected_counter": "", **over}


def test_the_editor_begins_from_what_is_published_and_saves(client, chapter, rapporteur):
    client.sign_in(rapporteur)
    page = client.get(EDIT).text
    assert OLD in page
    assert "title: Métrologie" not in page  # the front matter has its own fields
    answer = client.post(EDIT, data=typed(act="changes"))
    assert (answer.status_code, answer.location) == (303, PLACE)
    kept = session.scalars(sa.select(WorkingDraft)).one()
    assert NEW in kept.source
    assert "\r" not in kept.source
    assert "revision_note: Mensuelle." in kept.source
    again = client.get(EDIT).text
    assert NEW in again
    answer = client.post(EDIT, data=typed(act="save", expected_counter="1"))
    assert (answer.status_code, answer.location) == (303, EDIT)
    assert published(chapter) == 1


def test_the_first_version_of_a_language_is_written_in_the_browser(client, chapter, chair):
    client.sign_in(chair)
    address = "/en/chapters/1/edit/en"
    assert client.get(address).status_code == 200
    answer = client.post(address, data={"title": "Metrology", "note": "", "body": "# Metrology\n\nWords.", "expected_counter": "",
                                        "act": "changes"})
    assert "all new" in client.get(answer.location).text
    assert client.post("/en/chapters/1/working-draft/en/publish", data={"expected_counter": 1, "note": ""}).status_code == 303
    assert "Words." in client.get("/en/chapters/1").text


def test_the_preview_of_the_editor_needs_no_javascript_and_saves_nothing(client, chapter, rapporteur):
    client.sign_in(rapporteur)
    page = client.post(EDIT, data=typed(act="preview", body="# Titre {#C1}\n\nDes **mots**.\n\n##\n"))
    assert page.status_code == 200
    assert "<strong>mots</strong>" in page.text
    assert "no words" in page.text
    part = client.post("/en/chapters/1/preview/fr", data=typed(body="# Titre\n\n<script>alert(1)</script>\n\n*vu*"))
    assert "<em>vu</em>" in part.text
    assert "<script" not in part.text
    assert "<html" not in part.text
    empty = client.post("/en/chapters/1/preview/fr", data=typed(title="T", body=""))
    assert (empty.status_code, "there is no text below the front matter" in empty.text) == (200, True)
    assert session.scalars(sa.select(WorkingDraft)).all() == []


def test_a_text_that_cannot_be_kept_stays_in_the_form(client, chapter, rapporteur):
    client.sign_in(rapporteur)
    answer = client.post(EDIT, data=typed(act="save", body="Mots précieux " + "[" * 60))
    assert answer.status_code == 422
    assert "Mots précieux" in answer.text
    assert "too many brackets" in answer.text
    assert client.post(EDIT, data=typed(act="save", title="")).status_code == 422


def test_two_editors_at_once_lose_nothing(client, draft, chair):
    client.sign_in(chair)
    answer = client.post(EDIT, data=typed(act="save", body="# Titre\n\nMon propos.", expected_counter="77"))
    assert answer.status_code == 409
    assert "Mon propos." in answer.text
    assert NEW in answer.text
    assert f'value="{draft.row_counter}"' in answer.text
    assert NEW in session.get(WorkingDraft, draft.id).source
    again = typed(act="save", body="# Titre\n\nMon propos.", expected_counter=str(draft.row_counter))
    assert client.post(EDIT, data=again).status_code == 303
    assert "Mon propos." in session.get(WorkingDraft, draft.id).source


def test_two_who_begin_at_once_lose_nothing(client, draft, chair):
    answer = client.sign_in(chair).post(EDIT, data=typed(act="save", body="# Titre\n\nMon propos.", expected_counter=""))
    assert answer.status_code == 409
    assert "Mon propos." in answer.text


def test_a_draft_that_was_published_meanwhile_leaves_the_text_in_the_form(client, draft, chair):
    client.sign_in(chair)
    client.post(f"{PLACE}/publish", data={"expected_counter": draft.row_counter, "note": "Relu."})
    answer = client.post(EDIT, data=typed(act="save", body="# Titre\n\nMon propos.", expected_counter="1"))
    assert answer.status_code == 409
    assert "Mon propos." in answer.text


def test_a_lost_session_keeps_what_was_typed(client, draft):
    answer = client.post(EDIT, data=typed(act="save", body="# Titre\n\nMon propos."))
    assert answer.status_code == 403
    assert "Mon propos." in answer.text
    assert "Your session has ended" in answer.text
    assert NEW not in answer.text  # what others prepare is not shown to who is not known
    preview = client.post("/en/chapters/1/preview/fr", data=typed())
    assert (preview.status_code, "Please sign in first." in preview.text) == (403, True)


def test_a_form_of_another_session_keeps_what_was_typed(app, client, draft, chair):
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        answer = client.sign_in(chair).post(
            EDIT, data=typed(act="save", body="# Titre\n\nMon propos.", expected_counter=str(draft.row_counter)))
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert answer.status_code == 422
    assert "Mon propos." in answer.text
    assert "session had ended" in answer.text


@pytest.mark.parametrize("title", [" ", "\u00a0", "\t"])
def test_a_title_of_blanks_is_none(client, chapter, rapporteur, title):
    answer = client.sign_in(rapporteur).post(EDIT, data=typed(act="save", title=title))
    assert answer.status_code == 422
    assert session.scalars(sa.select(WorkingDraft)).all() == []


@pytest.mark.parametrize(("field", "most"), [("title", 300), ("note", 2000)])
def test_what_is_too_long_is_said_in_arabic_too(client, draft, rapporteur, field, most):
    page = client.sign_in(rapporteur).post(EDIT.replace("/en/", "/ar/"), data=typed(act="save", **{field: "x" * (most + 1)}))
    assert page.status_code == 422
    assert re.search(r"عدد الأحرف المسموح به: [\d.]+ على الأكثر", page.text)


def test_a_document_without_a_title_of_its_own_keeps_the_published_one(client, chapter, rapporteur):
    document, whole = docx.Document(), io.BytesIO()
    document.add_heading("Chapitre 1 — Autre titre", 1)
    document.add_paragraph("Des mots.")
    document.save(whole)
    client.sign_in(rapporteur)
    assert upload(client, whole.getvalue(), "texte.docx", chapter="1", text_language="fr").status_code == 303
    assert "title: Métrologie\n" in session.scalars(sa.select(WorkingDraft)).one().source
