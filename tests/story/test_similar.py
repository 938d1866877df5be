"""Whoever writes what was said already is shown it under the form, and may support it instead; without JavaScript on a page of its own."""

import pytest

from tests.story.test_beside import CITIZEN, SHEET, drafts, opened
from tests.waiting import until

pytestmark = pytest.mark.browser
KEY = "C1-A7-P1-a1"
BODY = "Que l’abonnement à tarif réduit porte sur cent normes, et que le prix baisse à 300 dirhams pour les petites entreprises."


def supports(site):
    return site.ask("SELECT count(*) FROM support")[0][0]


def test_what_was_said_already_is_shown_and_supported_instead(own_site, arrive):
    own_site.start()
    until(lambda: own_site.ask("SELECT count(*) FROM contribution_word")[0][0], "the worker keeps no words")
    person = arrive(own_site).sign_in(CITIZEN)
    person.go("chapters/1")
    form = opened(person, KEY)
    assert not person.page.locator(f"{SHEET} .near").is_visible()
    form.locator("[name=body]").press_sequentially(BODY)
    near = person.page.locator(f"{SHEET} .near")
    near.wait_for()
    told = form.locator(".near-told a")
    assert told.inner_text().split()[0].isdigit()
    told.press("Enter")
    assert person.page.evaluate("document.activeElement.id") == "near-title"
    assert form.locator("[name=body]").input_value() == BODY
    near.locator("[data-go-on-writing]").press("Enter")
    assert person.page.evaluate("document.activeElement.name") == "body"
    before = supports(own_site)
    ref = near.locator("article header a").first.inner_text()
    near.locator("article .support-acts button").first.press("Enter")
    person.page.locator(".flashes", has_text=ref).wait_for()
    assert person.path.startswith(f"contributions/{ref}")
    assert supports(own_site) == before + 1
    assert drafts(own_site)[0][0] == BODY, "what was written is kept"


def test_without_javascript_the_saved_draft_leads_there(own_site, arrive):
    own_site.start()
    until(lambda: own_site.ask("SELECT count(*) FROM contribution_word")[0][0], "the worker keeps no words")
    person = arrive(own_site, "ar", width=360, java_script_enabled=False).sign_in(CITIZEN)
    person.go(f"contributions/lodge/1/{KEY}")
    page = person.page
    page.locator("[name=body]").fill(BODY)
    page.locator("[name=act][value=draft]").click()
    page.locator("form[data-saves] a[href*='/similar/']").click()
    page.locator("article.contribution").first.wait_for()
    assert page.locator("html").get_attribute("dir") == "rtl"
    page.locator("a[data-go-on-writing]").click()
    assert page.locator("[name=body]").input_value() == BODY
