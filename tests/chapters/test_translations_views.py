"""Two languages of a chapter on one page: read together, side by side, and the figures for those in charge."""

import lxml.html
import pytest
from werkzeug.datastructures import MultiDict

from consult.chapters import reading, service
from consult.chapters.models import BlockKind
from consult.core.pages import pages
from consult.core.permissions import SYSTEM
from tests import factories
from tests.chapters.test_translations import ACTION, LIST, NEW_LIST, OTHER, only_mark, publish, shown_revisions, stale

PAGE = "/fr/chapters/1/translations/ar"

# Reading two languages together


def laid(chapter):
    french, arabic = service.get_revisions(chapter, "ar")
    texts = service.list_blocks_of(french, arabic)
    rows = reading.together(*texts)
    return rows, reading.frames([block for block, _at in rows], *texts)


ROWS = "| Indicateur | Cible |\n|---|---|\n| Normes | 100 |\n| Essais | 200 |\n| Labels | 300 |\n"


def with_rows(language: str, *dropped: str) -> str:
    text = factories.markdown(1, language).replace("| Indicateur | Cible |\n|---|---|\n| Normes | 100 |\n", ROWS)
    for words in dropped:
        assert words in text
        text = text.replace(words, "")
    return text


def well_nested(rows, frames) -> bool:
    """Every list and table opens and closes where it should, in HTML as a browser reads it."""
    depth: list[str] = []
    for (block, _at), (opens, closes) in zip(rows, frames, strict=True):
        depth += reading.TAG.findall(opens)
        if (block.kind == BlockKind.ROW) != (depth[:1] == ["table"] and depth[-1] in ("thead", "tbody")):
            return False
        for tag in reading.TAG.findall(closes):
            if depth.pop() != tag:
                return False
    return depth == []


@pytest.mark.parametrize("side", ["fr", "ar"])
@pytest.mark.parametrize("dropped", [
    "| Normes | 100 |\n", "| Essais | 200 |\n", "| Labels | 300 |\n", ROWS,
])
def test_a_row_that_one_side_dropped_stands_in_the_others_table(consultation, side, dropped):
    for language in ("fr", "ar"):
        service.import_chapter(SYSTEM, consultation, data=with_rows(language).encode())
    before = laid(service.get_chapter(consultation, 1))
    service.import_chapter(SYSTEM, consultation, data=with_rows(side, dropped).encode())
    rows, frames = laid(service.get_chapter(consultation, 1))
    assert [block.key for block, _at in rows] == [block.key for block, _at in before[0]]
    assert frames == before[1]
    assert well_nested(rows, frames)
    missing = {block.key for block, at in rows if at == "fr"} if side == "ar" else set()
    assert all(("t1" in key) for key in missing)


def test_a_list_whose_first_action_one_side_dropped_is_one_list(consultation, chapter):
    text = service.get_newest_revision(chapter, "fr").source
    start, end = text.index("- **Action 1.1.1**"), text.index("- **Action 1.1.2**")
    publish(consultation, "fr", data=text[:start] + text[end:])
    rows, frames = laid(chapter)
    framed = {block.key: frame for (block, _at), frame in zip(rows, frames, strict=True)}
    assert [framed[ACTION], framed[OTHER]] == [("<ul>", ""), ("", "</ul>")]
    assert well_nested(rows, frames)


def test_a_paragraph_put_between_two_rows_parts_the_table(consultation):
    service.import_chapter(SYSTEM, consultation, data=with_rows("fr").encode())
    parted = with_rows("ar").replace("| Essais | 200 |\n| Labels | 300 |\n", "\nEntre deux. {#C1-entre}\n\nSuite. {#C1-suite}\n")
    service.import_chapter(SYSTEM, consultation, data=parted.encode())
    rows, frames = laid(service.get_chapter(consultation, 1))
    assert well_nested(rows, frames)


def test_french_alone_keeps_its_own_frames(consultation, chapter):
    french = service.list_blocks(service.get_newest_revision(chapter, "fr"))
    assert reading.frames(french, french) == [(block.opens, block.closes) for block in french]


def test_pages_of_unequal_texts_nest(client, consultation):
    for language in ("fr", "ar"):
        service.import_chapter(SYSTEM, consultation, data=with_rows(language).encode())
    service.import_chapter(SYSTEM, consultation, data=with_rows("fr", "| Normes | 100 |\n").encode())
    page = lxml.html.fromstring(client.get("/ar/chapters/1").text)
    (table,) = page.xpath('//div[@class="text"]//table')
    assert [row.get("id").rpartition("-")[2] for row in table.iter("tr")] == ["r0", "r1", "r2", "r3"]


# Pages


def test_the_page_shows_both_languages_to_everybody(client, consultation, chapter):
    publish(consultation, "fr", (LIST, NEW_LIST), ("Intention de l’axe.\n", ""), ("But du projet.\n", "But du projet.\n\nDe plus.\n"))
    page = lxml.html.fromstring(client.get(PAGE).text)
    pair = page.get_element_by_id(ACTION)
    assert [side.get("lang") for side in pair.find_class("side")] == ["fr", "ar"]
    assert [side.get("dir") for side in pair.find_class("side")] == ["ltr", "rtl"]
    assert "is-stale" in pair.get("class")
    assert pair.findall(".//ins")
    assert not page.findall(".//main//form[@class]")
    assert not pair.findall(".//form")
    ids = [element.get("id") for element in page.iter() if element.get("id")]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("show", "kept"), [("all", 3), ("stale", 1), ("missing", 2), ("else", 3)])
def test_filters_keep_what_they_say(client, consultation, chapter, show, kept):
    publish(consultation, "fr", (LIST, NEW_LIST), ("Intention de l’axe.\n", ""), ("But du projet.\n", "But du projet.\n\nDe plus.\n"))
    page = lxml.html.fromstring(client.get(f"{PAGE}?show={show}").text)
    states = [pair.get("class") for pair in page.find_class("pair")]
    assert sum("is-in_step" not in state for state in states) == kept
    assert any("is-in_step" in state for state in states) == (show in ("all", "else"))


def test_empty_filters_say_so(client, chapter):
    for show in ("stale", "missing"):
        assert lxml.html.fromstring(client.get(f"{PAGE}?show={show}").text).find_class("empty")


@pytest.mark.parametrize("address", ["/fr/chapters/1/translations/fr", "/fr/chapters/1/translations/en", "/fr/chapters/1/translations/de",
                                     "/fr/chapters/9/translations/ar"])
def test_what_is_not_published_is_not_found(client, chapter, address):
    assert client.get(address).status_code == 404


def test_a_text_in_arabic_alone_is_shown(client, consultation):
    factories.a_chapter(consultation, number=1, languages=("ar",))
    assert client.get(PAGE).status_code == 200
    assert client.get("/ar/chapters/1").status_code == 200


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_a_translator_confirms_on_the_page(client, consultation, chapter, rapporteur, language):
    publish(consultation, "fr", (LIST, NEW_LIST))
    address = f"/{language}/chapters/1/translations/ar?show=stale"
    page = lxml.html.fromstring(client.sign_in(rapporteur).get(address).text)
    (form,) = page.get_element_by_id(ACTION).findall(".//form")
    sent = client.post(form.action, data=MultiDict(form.form_values()))
    assert sent.status_code == 303
    assert sent.location.endswith(f"?confirmed={ACTION}&show=stale#{ACTION}")
    after = lxml.html.fromstring(client.get(sent.location).text)
    assert "is-in_step" in after.get_element_by_id(ACTION).get("class")
    again = client.post(form.action, data=MultiDict(form.form_values()))
    assert again.status_code == 409


def test_all_at_once_on_the_page(client, consultation, chapter, secretary):
    publish(consultation, "fr", (LIST, NEW_LIST))
    publish(consultation, "ar", (LIST, NEW_LIST))
    page = lxml.html.fromstring(client.sign_in(secretary).get(PAGE).text)
    (form,) = page.find_class("translations-bulk")
    sent = client.post(form.action, data=MultiDict(form.form_values()))
    assert sent.status_code == 303
    assert stale(chapter) == set()
    assert not lxml.html.fromstring(client.get(PAGE).text).find_class("is-stale")


def test_confirming_by_address_needs_the_right(client, consultation, chapter, participant):
    publish(consultation, "fr", (LIST, NEW_LIST))
    data = {"mark": only_mark(chapter).id, "shown_revisions": shown_revisions(chapter)}
    assert client.sign_in(participant).post(f"{PAGE}/confirm-translation", data=data).status_code == 403
    assert client.post(f"{PAGE}/confirm-translations", data=data).status_code == 403


@pytest.mark.parametrize("mark", ["", "x", "0", "999999", "99999999999999999999"])
def test_a_mark_that_is_none_is_not_found(client, chapter, rapporteur, mark):
    assert client.sign_in(rapporteur).post(f"{PAGE}/confirm-translation", data={"mark": mark}).status_code == 404


def test_readers_of_the_translation_are_told_and_no_longer_once_confirmed(client, consultation, chapter, rapporteur):
    before = client.get("/ar/chapters/1").text
    publish(consultation, "fr", (LIST, NEW_LIST))
    page = lxml.html.fromstring(client.get("/ar/chapters/1").text)
    (note,) = page.find_class("stale")
    assert note.getparent().get("id") == ACTION
    assert note.find("a").get("href") == f"/ar/chapters/1/translations/ar#{ACTION}"
    assert not lxml.html.fromstring(client.get("/fr/chapters/1").text).find_class("stale")
    service.confirm_translation(rapporteur, only_mark(chapter), shown_revisions=shown_revisions(chapter))
    assert 'class="stale"' not in client.get("/ar/chapters/1").text
    assert 'class="stale"' not in before


def test_readers_of_the_french_text_are_told_when_the_other_changed_alone(client, consultation, chapter):
    publish(consultation, "ar", (LIST, NEW_LIST), ("| Normes | 100 |", "| Normes publiées | 120 |"))
    page = lxml.html.fromstring(client.get("/fr/chapters/1").text)
    assert [note.xpath("ancestor::*[contains(@class, 'block')][1]/@id")[0] for note in page.find_class("stale")] == [
        "C1-contexte-t1-r1", ACTION]
    assert not lxml.html.fromstring(client.get("/ar/chapters/1").text).find_class("stale")


def test_the_chapter_leads_to_its_twins(client, consultation, chapter):
    assert "/fr/chapters/1/translations/ar" in client.get("/fr/chapters/1").text
    factories.a_chapter(consultation, number=2, languages=("fr",))
    assert "/translations/" not in client.get("/fr/chapters/2").text


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_coverage_is_for_those_in_charge(client, consultation, chapter, secretary, rapporteur, participant, language):
    publish(consultation, "fr", (LIST, NEW_LIST))
    assert client.get(f"/{language}/chapters/coverage").status_code == 403
    assert client.sign_in(participant).get(f"/{language}/chapters/coverage").status_code == 403
    assert client.sign_in(rapporteur).get(f"/{language}/chapters/coverage").status_code == 200
    page = lxml.html.fromstring(client.sign_in(secretary).get(f"/{language}/chapters/coverage").text)
    assert f"/{language}/chapters/1/translations/ar?show=stale" in page.xpath("//table//a/@href")
    assert f"/{language}/chapters/coverage" in client.get(f"/{language}/consultations/dashboard").text


def test_coverage_of_nothing(client, consultation, secretary):
    assert lxml.html.fromstring(client.sign_in(secretary).get("/fr/chapters/coverage").text).find_class("empty")
    factories.a_chapter(consultation, number=1, languages=("fr",))
    assert client.get("/fr/chapters/coverage").status_code == 200


@pytest.mark.parametrize("address", [PAGE, f"{PAGE}?show=stale", "/fr/chapters/coverage", "/ar/chapters/1", "/fr/consultations/dashboard"])
def test_pages_ask_as_much_whatever_waits(client, consultation, chapter, secretary, count_queries, address):
    client.sign_in(secretary)
    counts = []
    for changes in ([(LIST, NEW_LIST)], [("Former les techniciens", "Former et certifier les techniciens"), ("But du projet", "Objet"),
                                         ("Un paragraphe de contexte", "Un autre paragraphe de contexte")]):
        publish(consultation, "fr", *changes)
        pages.clear()
        counts.append(count_queries(lambda: client.get(address)))
    assert counts[0] == counts[1] <= (20 if "dashboard" in address else 13)


# What is said on one language, shown on the other


def test_what_is_said_on_one_language_is_shown_on_the_other_with_its_language(client, chapter):
    said = [
        factories.a_published_contribution(block=factories.block_of(chapter, ACTION, "ar"), body="ينبغي تحديد الأجل.", language="ar"),
        factories.a_published_contribution(block=factories.block_of(chapter, ACTION, "fr"), body="Précisez le délai."),
    ]
    for page, marks in (("fr", ["en arabe"]), ("ar", ["بالفرنسية"]), ("en", ["in French", "in Arabic"])):
        block = lxml.html.fromstring(client.get(f"/{page}/chapters/1").text).get_element_by_id(ACTION)
        assert block.find_class("count")[0].text_content().startswith("2") or page == "ar"
        assert [mark.text_content().strip() for mark in block.find_class("written-in")] == marks
        lines = {line.get("lang") or page for line in block.find_class("first")}
        assert lines == {"fr", "ar"}
        discussion = lxml.html.fromstring(client.get(f"/{page}/contributions/discussion/1/{ACTION}").text)
        assert {article.get("id") for article in discussion.find_class("contribution")} == {c.ref for c in said}
        assert [mark.text_content().strip() for mark in discussion.find_class("written-in")] == marks
