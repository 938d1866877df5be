import io

import lxml.html
import pytest

from consult.accounts import service as accounts
from consult.chapters import service as chapters
from consult.consultations.models import Phase
from consult.core.db import session
from consult.core.pages import pages
from consult.core.permissions import SYSTEM
from tests import factories


def test_home_lists_the_chapters(client, chapter):
    page = client.get("/fr/")
    assert page.status_code == 200
    assert "/fr/chapters/1" in page.text
    assert "Métrologie" in page.text


def test_home_without_a_consultation_says_so(client):
    assert client.get("/fr/").status_code == 200


def test_root_sends_to_the_readers_language(client, chapter):
    answer = client.get("/", headers={"Accept-Language": "ar-MA,ar;q=0.9"})
    assert (answer.status_code, answer.location) == (302, "/ar/")


def test_a_chapter_begins_with_how_to_comment_and_where_the_debate_is(client, chapter, block):
    first = lxml.html.fromstring(client.get("/en/chapters/1").text).find_class("debate")[0]
    assert "To comment:" in first.text_content()
    assert "Nobody has spoken yet" in first.text_content()
    other = factories.block_of(chapter, "C1-A1-P1-a2")
    for spoken_of in (block, block, other):
        factories.a_published_contribution(block=spoken_of)
    first = lxml.html.fromstring(client.get("/en/chapters/1").text).find_class("debate")[0]
    said = " ".join(first.text_content().split())
    blocks = len(lxml.html.fromstring(client.get("/en/chapters/1").text).find_class("block"))
    assert "3 contributions" in said
    assert f"passages spoken of: 2 of {blocks}" in said
    assert [link.get("href") for link in first.iter("a")] == [f"#{block.key}", f"#{other.key}"]
    assert "(2)" in said


@pytest.mark.parametrize("phase", [Phase.CLOSED, Phase.SUBMITTED])
def test_a_chapter_says_what_happens_now_once_nothing_is_received(client, chapter, phase):
    chapter.consultation.phase = phase
    session.flush()
    first = lxml.html.fromstring(client.get("/en/chapters/1").text).find_class("debate")[0].text_content()
    assert phase.lead in " ".join(first.split())
    assert "Nothing was said about this chapter" in first
    assert "To comment" not in first


@pytest.mark.parametrize(("language", "way"), [("fr", "ltr"), ("ar", "rtl"), ("en", "ltr")])
def test_chapter_in_each_language(client, chapter, language, way):
    page = client.get(f"/{language}/chapters/1")
    assert page.status_code == 200
    assert f'<html lang="{language}" dir="{way}">' in page.text
    assert 'id="C1-A1-P1-a1"' in page.text


def test_missing_translations_stand_in_french_in_their_place(client, consultation):
    factories.a_chapter(consultation, number=1, languages=("fr",))
    page = client.get("/ar/chapters/1").text
    assert "Publier chaque année la liste" in page


def test_unknown_chapter_is_not_found(client, chapter):
    page = client.get("/fr/chapters/9")
    assert page.status_code == 404


def test_a_published_contribution_shows_on_the_page_kept_ready(client, chapter, block):
    before = client.get("/fr/chapters/1").text
    factories.a_published_contribution(block=block, body="Une remarque neuve.")
    after = client.get("/fr/chapters/1").text
    assert before != after
    assert "/fr/contributions/discussion/1/C1-A1-P1-a1" in after


def test_whoever_no_longer_agrees_to_be_named_is_not_named_on_the_page_kept_ready(client, chapter, block):
    citizen = factories.a_user(name="Amal Idrissi", is_name_public=True)
    factories.a_published_contribution(block=block, author=citizen)
    assert "Amal Idrissi" in client.get("/fr/chapters/1").text
    accounts.edit_profile(citizen, citizen, name=citizen.name, language="fr", is_name_public=False)
    assert "Amal Idrissi" not in client.get("/fr/chapters/1").text


def test_readers_get_their_own_account_part(client, chapter, participant):
    anonymous = client.get("/fr/chapters/1").text
    own = client.sign_in(participant).get("/fr/chapters/1").text
    assert participant.name not in anonymous
    assert participant.name in own


def test_unchanged_page_is_not_sent_again(client, chapter):
    first = client.get("/fr/chapters/1")
    assert client.get("/fr/chapters/1", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_no_invitation_to_comment_once_closed(client, chapter):
    assert "/contributions/lodge/" in client.get("/fr/chapters/1").text
    chapter.consultation.phase = Phase.CLOSED
    assert "/contributions/lodge/" not in client.get("/fr/chapters/1").text


def test_secretariat_imports_a_file_and_publishes_it(client, secretary, consultation):
    pages.clear()
    data = {"file": (io.BytesIO(factories.markdown().encode()), "1.fr.md")}
    answer = client.sign_in(secretary).post("/fr/chapters/import-chapter", data=data)
    assert answer.status_code == 303
    assert client.get("/fr/chapters/1").status_code == 404
    assert client.post(f"{answer.location}/publish", data={"expected_counter": 1, "note": ""}).status_code == 303
    assert client.get("/fr/chapters/1").status_code == 200


def test_a_refused_file_says_where_and_what_to_do(client, secretary, consultation):
    data = {"file": (io.BytesIO(b"# sans entete"), "1.fr.md")}
    answer = client.sign_in(secretary).post("/en/chapters/import-chapter", data=data)
    assert answer.status_code == 422
    assert "Line 1" in answer.text


def test_participants_do_not_import(client, participant, consultation):
    assert client.sign_in(participant).get("/fr/chapters/import-chapter").status_code == 403


@pytest.mark.parametrize("address", ["/fr/", "/fr/chapters/1", "/ar/chapters/1", "/fr/chapters/import-chapter"])
@pytest.mark.parametrize("signed_in", [False, True])
def test_pages_ask_as_much_whatever_the_number_of_contributions(client, chapter, secretary, count_queries, address, signed_in):
    if signed_in or "import" in address:
        client.sign_in(secretary)
    counts = []
    for more in (3, 60):
        for key in ("C1-A1-P1-a1", "C1-A1-§1", "C1-contexte-t1-r1"):
            factories.published_contributions(more // 3, block=factories.block_of(chapter, key))
        pages.clear()
        session.flush()
        counts.append(count_queries(lambda: client.get(address)))
    assert counts[0] == counts[1] <= 13


def test_a_table_and_a_list_of_a_division_run_its_way(client, consultation):
    factories.a_chapter(consultation, number=1, languages=("fr",))
    data = factories.markdown() + '\n<div dir="rtl" lang="ar">\n\n| ا |\n|---|\n| ب |\n\n- الإجراء 1.1.9 — ت\n\n</div>\n'
    chapters.import_chapter(SYSTEM, consultation, data=data.encode())
    page = client.get("/fr/chapters/1").text
    assert '<table dir="rtl" lang="ar"><thead>' in page
    assert '<ul dir="rtl" lang="ar">' in page


@pytest.mark.parametrize("address", ["", "chapters/1"])
def test_the_page_says_in_which_languages_the_text_is_and_leads_there(client, chapter, address):
    page = client.get(f"/en/{address}").text
    assert "The text is not written in English." in page
    assert f'<a href="/fr/{address}" hreflang="fr">French</a>' in page
    assert f'<a href="/ar/{address}" hreflang="ar">Arabic</a>' in page
    for language in ("fr", "ar"):
        assert 'hreflang="fr">' not in client.get(f"/{language}/{address}").text.partition("<main")[2]
