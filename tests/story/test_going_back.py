"""Another language, Back and loading again: the same passage, the same list, and the words that were typed."""

import json
from urllib.parse import unquote

import pytest

from tests.story.test_resilience import FORM, PARTICIPANT
from tests.story.test_unsaved import PLACES, RAPPORTEUR, SECRETARY, WORDS, asked, item_of, typed_at

pytestmark = pytest.mark.browser
OTHER = {"fr": "ar", "ar": "fr"}


def language_link(language: str) -> str:
    return f".site-header nav.languages a[lang={language}]"


def is_in(person, language: str) -> bool:
    return person.page.locator("html").get_attribute("lang") == language


# Another language


@pytest.mark.parametrize("language", ["fr", "ar"])
@pytest.mark.parametrize("place", PLACES)
def test_another_language_takes_the_typed_words_along(site, arrive, place, language):
    person, typed = typed_at(site, arrive, place, language)
    name = typed.get_attribute("name")
    dialogs = asked(person)
    person.press(language_link(OTHER[language]))
    assert is_in(person, OTHER[language])
    assert WORDS in [box.input_value() for box in person.page.locator(f"main [name={name}]").all()]
    assert "carry=" not in person.page.url
    person.picture(f"carried-{place}")
    person.press(language_link(language))
    assert is_in(person, language)
    assert WORDS in [box.input_value() for box in person.page.locator(f"main [name={name}]").all()]
    assert dialogs == []


def test_words_that_saved_themselves_go_along_and_come_back(site, arrive):
    person, typed = typed_at(site, arrive, "a contribution", "fr")
    name = typed.get_attribute("name")
    person.page.wait_for_function("document.querySelector('[data-saved]').textContent.trim() !== ''")
    person.press(language_link("ar"))
    assert person.page.input_value(f"main [name={name}]") == WORDS
    person.page.wait_for_function("document.querySelector('[data-saved]').textContent.trim() !== ''")
    person.page.reload()
    assert person.page.input_value(f"main [name={name}]") == WORDS


@pytest.mark.parametrize("who", ["a stranger", "the rapporteur"])
def test_without_scripts_a_button_beside_the_form_does(own_site, arrive, who):
    own_site.start(with_worker=False)
    person = arrive(own_site, java_script_enabled=False)
    if who == "the rapporteur":
        person.sign_in(RAPPORTEUR)
        person.go(f"synthesis/edit-item/{item_of(own_site)}")
        field, send = "[name=rationale]", "form#answer .form-acts [value=save]"
    else:
        person.go(FORM)
        person.page.check("[name=position][value=opposed]")
        field, send = "[name=body]", "[name=act][value=submit]"
    person.page.fill(field, WORDS)
    person.press(".other-languages button[lang=ar]")
    assert is_in(person, "ar")
    assert person.page.input_value(field) == WORDS
    person.picture("carried-without-scripts")
    person.press(send)
    if who == "the rapporteur":
        assert own_site.ask("SELECT rationale FROM synthesis_item WHERE id = ?", item_of(own_site)) == [(WORDS,)]
    else:
        [(fields,)] = own_site.ask("SELECT fields FROM contribution_draft ORDER BY id DESC LIMIT 1")
        assert json.loads(fields)["body"] == WORDS


def test_after_a_preview_and_after_a_refusal_too(site, arrive):
    person = arrive(site).sign_in(PARTICIPANT)
    person.go(FORM)
    person.page.check("[name=position][value=opposed]")
    person.page.fill("[name=body]", WORDS)
    person.press("[name=act][value=preview]:not([aria-hidden])")
    person.press(language_link("ar"))
    assert person.page.input_value("[name=body]") == WORDS
    assert person.page.is_checked("[name=position][value=opposed]")
    person.press("[name=act][value=preview]:not([aria-hidden])")
    person.press(language_link("fr"))
    assert person.page.input_value("[name=body]") == WORDS


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_another_language_keeps_the_page_of_a_list_and_its_filters(site, arrive, scripts):
    person = arrive(site, java_script_enabled=scripts)
    person.go("contributions/?position=opposed")
    person.press(language_link("ar"))
    assert person.page.url.endswith("/ar/contributions/?position=opposed")
    assert person.page.locator("[name=position]").first.input_value() == "opposed"


def test_another_language_keeps_the_passage(site, arrive):
    person = arrive(site)
    person.go("chapters/1#C1-A7-P1-a1")
    person.press(language_link("ar"))
    assert person.page.url.endswith("/ar/chapters/1#C1-A7-P1-a1")
    block = person.page.evaluate("[...document.querySelectorAll('.text .block[id]')].at(-9).id")
    person.page.evaluate("(id) => document.getElementById(id).scrollIntoView()", block)
    person.page.wait_for_function("(id) => Math.abs(document.getElementById(id).getBoundingClientRect().top) < 300", arg=block)
    person.page.wait_for_timeout(2000)  # it is read for a while
    person.press(language_link("fr"))
    assert unquote(person.page.url).endswith(f"/fr/chapters/1#{block}")
    person.page.wait_for_function("(id) => Math.abs(document.getElementById(id).getBoundingClientRect().top) < 300", arg=block)


# Back


FORMS = {  # who, where, what is typed, the button that only shows
    "a contribution": (PARTICIPANT, FORM, "[name=body]", "[name=act][value=preview]:not([aria-hidden])"),
    "an answer": (RAPPORTEUR, "synthesis/edit-item/{item}", "[name=rationale]", "[name=act][value=preview]:not([aria-hidden])"),
    "a refused setting": (SECRETARY, "consultations/extend", "[name=reason]", "main form .btn-primary"),
    "a chapter": (RAPPORTEUR, "chapters/1/edit/fr", "[name=note]", "[name=act][value=preview]:not([aria-hidden])"),
}


@pytest.mark.parametrize("place", FORMS)
@pytest.mark.parametrize("language", ["fr", "ar"])
def test_back_after_a_preview_is_the_form_as_it_was_typed(site, arrive, place, language):
    who, path, field, show = FORMS[place]
    person = arrive(site, language).sign_in(who)
    person.go(path.format(item=item_of(site)) if "{" in path else path)
    before = person.page.url
    person.page.fill(field, WORDS)
    if place == "a contribution":
        person.page.check("[name=position][value=opposed]")
    if place == "a chapter":  # the preview stands beside the text; a refusal is what leads away
        person.page.fill("[name=title]", " ")
        show = "[name=act][value=save]"
    person.press(show)
    assert person.page.input_value(field) == WORDS
    person.page.go_back()
    assert person.page.url.partition("#")[0] == before.partition("#")[0]
    assert person.page.input_value(field) == WORDS
    if place == "a contribution":
        assert person.page.is_checked("[name=position][value=opposed]")
    person.page.go_forward()
    assert person.page.input_value(field) == WORDS
    person.page.reload()
    assert person.page.input_value(field) == WORDS


def test_back_after_it_was_taken_does_not_bring_it_back_as_unsent(own_site, arrive):
    own_site.start(with_worker=False)
    person = arrive(own_site).sign_in(RAPPORTEUR)
    person.go(f"synthesis/edit-item/{item_of(own_site)}")
    person.page.fill("[name=rationale]", WORDS)
    person.press("form#answer .form-acts [value=save]")
    assert person.page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('typed'))") == []
    person.page.reload()
    dialogs = asked(person)
    person.press(".wordmark")
    assert dialogs == []


def test_words_are_brought_back_to_whoever_typed_them_alone(own_site, arrive):
    own_site.start(with_worker=False)
    person = arrive(own_site).sign_in(RAPPORTEUR)
    person.go(f"synthesis/edit-item/{item_of(own_site)}")
    person.page.fill("[name=rationale]", WORDS)
    person.page.on("dialog", lambda dialog: dialog.accept())
    person.sign_out()
    assert person.page.evaluate("Object.values(sessionStorage).filter((kept) => kept.includes('tapés'))") == []


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_back_closes_the_sheet_and_stays_on_the_passage(site, arrive, language):
    person = arrive(site, language, width=360)
    person.go("chapters/1")
    link = person.page.locator("a.count[data-sheet]").first
    block = link.locator("xpath=ancestor::*[contains(@class, 'block')][1]").get_attribute("id")
    link.click()
    person.page.locator("dialog.sheet[open]").wait_for()
    person.page.locator("dialog.sheet article, dialog.sheet .contribution").first.wait_for()
    person.page.go_back()
    person.page.locator("dialog.sheet").wait_for(state="hidden")
    assert person.page.url.partition("#")[0].endswith(f"/{language}/chapters/1")
    top = person.page.evaluate("(id) => document.getElementById(id).getBoundingClientRect().top", block)
    assert -200 < top < 800
    link.click()
    person.page.locator("dialog.sheet[open]").wait_for()
    person.page.locator("dialog.sheet .sheet-bar button").click()
    person.page.locator("dialog.sheet").wait_for(state="hidden")
    assert person.page.url.partition("#")[0].endswith(f"/{language}/chapters/1")
    person.page.go_back()
    assert "chapters/1" not in person.page.url, "the sheet leaves no empty step in the history"


def test_back_from_what_the_sheet_led_to_finds_the_sheet(site, arrive):
    person = arrive(site, width=360)
    person.go("chapters/1")
    person.page.locator("a.count[data-sheet]").first.click()
    inside = person.page.locator("dialog.sheet .sheet-body a[href*='/contributions/PNQ']").first
    inside.wait_for()
    with person.page.expect_navigation():
        inside.click()
    person.page.go_back()
    person.page.locator("dialog.sheet[open]").wait_for()
    person.page.go_back()
    person.page.locator("dialog.sheet").wait_for(state="hidden")
    assert person.path.partition("#")[0] == "chapters/1"
