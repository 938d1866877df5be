"""Words that are typed and not sent: leaving them asks first; a session that ends gives them back; without scripts they come along."""

import pytest

from tests.story.test_resilience import FORM, PARTICIPANT
from tests.waiting import until

pytestmark = pytest.mark.browser
RAPPORTEUR, SECRETARY = "rapporteur1@csnca.example", "secretariat1@csnca.example"
SIGN_OUT = "form[action$=logout] button"
WORDS = "Mots tapés, pas encore envoyés."
PLACES = {  # where it is typed: who, the page, the field, and what leads away from it
    "an answer": (RAPPORTEUR, "synthesis/edit-item/{item}", "[name=rationale]", (".turn-items a", ".wordmark", SIGN_OUT)),
    "a moderator's message": (RAPPORTEUR, "moderation/", "form#withhold [name=words]", (
        ".bench-list a:not([aria-current])", ".bulk button:not([type=button])")),
    "the settings": (SECRETARY, "consultations/edit", "main textarea, main input[type=text]", (".wordmark", SIGN_OUT)),
    "an appointment": (SECRETARY, "consultations/appoint", "main [name=email]", (".staff-nav a:not([aria-current])",)),
    "a contribution": (PARTICIPANT, FORM, "[name=body]", (".wordmark", "main .crumbs a")),
}

SAVES_ITSELF = {"a contribution"}


def item_of(site) -> int:
    return site.ask("SELECT min(item_id) FROM item_contribution")[0][0]


def typed_at(site, arrive, place: str, language: str):
    """Somebody who typed words at a place, and the field that holds them."""
    who, path, field, _ways = PLACES[place]
    person = arrive(site, language).sign_in(who)
    person.go(path.format(item=item_of(site)) if "{" in path else path)
    typed = person.page.locator(field).first
    typed.fill(WORDS)
    return person, typed


def asked(person) -> list[str]:
    """The dialogs of their page from now on, each answered with no."""
    found: list[str] = []

    def answer(dialog) -> None:
        found.append(dialog.type)
        dialog.dismiss()
    person.page.on("dialog", answer)
    return found


def is_there_again(person, place) -> None:
    """What saves itself as soon as its field is left is no longer unsaved: nothing is asked, and whoever comes back finds it."""
    _who, path, field, _ways = place
    person.page.wait_for_load_state()
    person.go(path)
    until(lambda: person.page.locator(field).first.input_value() == WORDS, "what was typed is not there again")


@pytest.mark.parametrize("language", ["fr", "ar"])
@pytest.mark.parametrize("place", PLACES)
def test_leaving_typed_words_asks_first(site, arrive, place, language):
    person, typed = typed_at(site, arrive, place, language)
    here = person.page.url
    dialogs = asked(person)
    for number, way in enumerate(PLACES[place][-1], start=1):
        if not person.sees(way):
            continue
        person.page.locator(way).first.click(no_wait_after=True)
        person.page.wait_for_timeout(300)
        if place in SAVES_ITSELF and not dialogs:
            is_there_again(person, PLACES[place])
            return
        assert len(dialogs) >= 1, f"{way} asks nothing"
        assert person.page.url == here
        assert typed.input_value() == WORDS, number
        dialogs.clear()


def test_a_key_asks_too(site, arrive):
    person = arrive(site).sign_in(RAPPORTEUR)
    person.go(f"synthesis/edit-item/{item_of(site)}")
    here = person.page.url
    person.page.fill("[name=rationale]", WORDS)
    person.page.locator("h2").first.click()
    dialogs = asked(person)
    person.page.keyboard.press("j")
    person.page.keyboard.press("k")
    person.page.wait_for_timeout(500)
    assert dialogs
    assert person.page.url == here
    assert person.page.input_value("[name=rationale]") == WORDS


def test_nothing_is_asked_of_who_typed_nothing_or_sends_what_they_typed(own_site, arrive):
    own_site.start(with_worker=False)
    person = arrive(own_site).sign_in(SECRETARY)
    dialogs = asked(person)
    person.go("consultations/edit")
    person.press(".site-header nav.languages a:not([aria-current])")
    person.go("consultations/edit")
    person.page.locator("main input[type=text]").first.fill(WORDS)
    person.press("main form .btn-primary")
    person.go("consultations/dashboard")
    assert dialogs == []


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_session_that_ends_gives_the_words_back_after_the_sign_in(own_site, arrive, scripts):
    own_site.start(with_worker=False)
    person = arrive(own_site, java_script_enabled=scripts).sign_in(RAPPORTEUR)
    person.go(f"synthesis/edit-item/{item_of(own_site)}")
    person.page.fill("[name=rationale]", WORDS)
    person.page.context.clear_cookies()
    person.press("form#answer .form-acts [value=save]")
    person.picture("kept")
    assert person.page.locator("main [name=rationale]").input_value() == WORDS
    person.press("main .notice a[href*=login]")
    person.page.fill("[name=identity]", RAPPORTEUR)
    person.page.fill("[name=passcode]", "demonstration-pnq")
    person.press("main [name=submit]")
    person.picture("kept-signed-in")
    assert person.page.locator("[name=rationale]").input_value() == WORDS
    person.press("main form .btn-primary")
    assert own_site.ask("SELECT rationale FROM synthesis_item WHERE id = ?", item_of(own_site)) == [(WORDS,)], person.text()


def test_taking_a_contribution_out_keeps_the_words_of_the_answer(own_site, arrive):
    own_site.start(with_worker=False)
    person = arrive(own_site, java_script_enabled=False).sign_in(RAPPORTEUR)
    item = item_of(own_site)
    person.go(f"synthesis/edit-item/{item}")
    held = own_site.ask("SELECT count(*) FROM item_contribution WHERE item_id = ?", item)[0][0]
    person.page.fill("[name=rationale]", WORDS)
    person.press("[formaction*=detach]")
    assert own_site.ask("SELECT count(*) FROM item_contribution WHERE item_id = ?", item)[0][0] == held - 1
    assert person.page.input_value("[name=rationale]") == WORDS
    person.press("form#answer .form-acts [value=save]")
    assert own_site.ask("SELECT rationale FROM synthesis_item WHERE id = ?", item) == [(WORDS,)], person.text()


def test_enter_in_a_field_of_the_answer_takes_nothing_out(own_site, arrive):
    own_site.start(with_worker=False)
    person = arrive(own_site).sign_in(RAPPORTEUR)
    item = item_of(own_site)
    count = "SELECT count(*) FROM item_contribution WHERE item_id = ?"
    held = own_site.ask(count, item)
    person.go(f"synthesis/edit-item/{item}")
    person.page.fill("[name=rationale]", WORDS)
    with person.page.expect_navigation():
        person.page.locator("[name=title]").press("Enter")
    assert own_site.ask(count, item) == held
    assert own_site.ask("SELECT rationale FROM synthesis_item WHERE id = ?", item) == [(WORDS,)]


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_what_is_written_in_two_windows_is_all_kept_and_all_lodged(own_site, arrive, language):
    own_site.start(with_worker=False)
    person = arrive(own_site, language)
    other = person.page.context.new_page()
    texts = {person.page: "Écrit dans la première fenêtre.", other: "Tout autre chose, dans la seconde."}
    for page in texts:
        page.goto(person.address(FORM))
    for page, text in texts.items():
        page.check("[name=position][value=opposed]")
        page.fill("[name=body]", text)
        page.click("[name=act][value=submit]")
        page.wait_for_selector("main .notice a[href*=login]")
    assert texts[person.page] in other.locator("main").inner_text(), "the second is shown the first"
    way = other.locator("main .notice a[href*=login]").get_attribute("href")
    person.page.goto(own_site.base + way)
    person.page.fill("[name=identity]", PARTICIPANT)
    person.page.fill("[name=passcode]", "demonstration-pnq")
    person.press("main [name=submit]")
    assert person.page.input_value("[name=body]") == texts[other]
    person.picture("two-windows")
    person.declare()
    person.press("[name=act][value=submit]")
    person.picture("two-windows-receipt")
    person.press("aside a[href*='draft='], aside a[href*=lodge]")
    assert person.page.input_value("[name=body]") == texts[person.page]
    person.declare()
    person.press("[name=act][value=submit]")
    bodies = [body for (body,) in own_site.ask("SELECT body FROM contribution ORDER BY id DESC LIMIT 2")]
    assert sorted(bodies) == sorted(texts.values())
