"""Each new version says what it changes: whoever publishes it does, or it is counted."""

import re

import pytest

from consult.chapters import service
from consult.chapters.source import with_note
from consult.core.permissions import SYSTEM
from tests.chapters.test_preparing_views import PLACE


@pytest.mark.parametrize("note", ["", "   \n "])
def test_a_new_version_says_what_changed(client, consultation, chapter, chair, note):
    text = service.get_newest_revision(chapter, "fr").source
    draft = service.keep_working_draft(chair, consultation, data=text.replace("chaque année", "chaque mois").encode())
    page = client.sign_in(chair).get(PLACE).text
    assert "required" in re.search(r"<textarea[^>]*name=\"note\"[^>]*>", page)[0]
    answer = client.post(f"{PLACE}/publish", data={"expected_counter": draft.row_counter, "note": note})
    assert answer.status_code == 422
    assert 'href="#note"' in answer.text
    assert service.get_newest_revision(chapter, "fr").number == 1


def test_what_the_version_before_said_is_not_said_again(client, consultation, chapter, chair):
    text = service.get_newest_revision(chapter, "fr").source.replace("language: fr", "language: fr\nrevision_note: Chaque mois.")
    service.import_chapter(SYSTEM, consultation, data=text.replace("chaque année", "chaque mois").encode())
    service.keep_working_draft(chair, consultation, data=text.replace("chaque année", "chaque jour").encode())
    page = client.sign_in(chair).get(PLACE).text
    assert re.search(r"<textarea[^>]*name=\"note\"[^>]*>(.*?)</textarea>", page, re.DOTALL)[1].strip() == ""


def test_an_imported_file_that_says_nothing_is_noted_with_what_it_changes(consultation, chapter):
    text = service.get_newest_revision(chapter, "fr").source
    second = service.import_chapter(SYSTEM, consultation, data=text.replace("chaque année", "chaque mois").encode())
    assert second.note == "1 passage modifié"
    third = service.import_chapter(SYSTEM, consultation, data=with_note(
        second.source.replace("chaque mois", "chaque semaine"), "Chaque semaine : demandé par tous.").encode())
    assert third.note == "Chaque semaine : demandé par tous."
    fourth = service.import_chapter(SYSTEM, consultation, data=third.source.replace("chaque semaine", "chaque jour").encode())
    assert fourth.note == "1 passage modifié", "what its forerunner said is no longer so"
