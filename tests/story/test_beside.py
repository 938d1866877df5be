"""A passage is commented beside the text: in the margin, or in the sheet of a phone, without leaving the page; and the margin is gone
through by keys."""

import re

import pytest

from tests.story.looks import AXE, RUN
from tests.story.test_quoting import KEY, QUOTED, SELECT, WORDS
from tests.waiting import until

pytestmark = pytest.mark.browser
PARTICIPANT, CITIZEN = "karim-benzaytoun@fed-agro.example", "amina-benfajr@courriel.example"
SHEET = "dialog.sheet[open]"
FORM = f"{SHEET} form[data-saves]"
BODY = "Dire quand, et qui en rend compte."
HERE = "() => document.activeElement.closest('.block')?.id ?? ''"
LINE = "() => document.activeElement.closest('.said')?.querySelector('a[data-whole]')?.href ?? ''"
FOCUSED = "selector => Boolean(document.activeElement.closest(selector))"
# Whether the first line of a passage can be read: it is on the screen, and nothing lies over it.
IN_SIGHT = """key => { const words = document.getElementById(key).querySelector('.words p'), box = words.getClientRects()[0];
  const range = document.createRange(); range.selectNodeContents(words); const line = range.getClientRects()[0];
  const hit = document.elementFromPoint((line.left + line.right) / 2, (line.top + line.bottom) / 2);
  return line.top >= 0 && line.bottom <= innerHeight && Boolean(hit) && words.contains(hit); }"""


def opened(person, key=KEY, *, by="click"):
    """The form of a passage, opened in place; who writes is in it."""
    link = person.page.locator(f"[id='{key}'] a.do")
    link.scroll_into_view_if_needed()
    person.page.hover(f"[id='{key}'] .words")
    link.tap() if by == "touch" else link.press("Enter") if by == "keyboard" else link.click()
    person.page.locator(FORM).wait_for()
    until(lambda: person.page.evaluate(FOCUSED, FORM), "the focus does not move into the form")
    return person.page.locator(FORM)


def closed(person):
    person.page.locator(SHEET).wait_for(state="hidden")


def drafts(site):
    return site.ask("SELECT json_extract(fields, '$.body'), author_id FROM contribution_draft ORDER BY id DESC LIMIT 1")


def count(site):
    return site.ask("SELECT count(*) FROM contribution")[0][0]


def test_words_are_commented_in_the_margin_by_keyboard_alone(own_site, arrive):
    """Selected, written on, left and come back to, refused, lodged: the page stays, and nothing is lost."""
    own_site.start(with_worker=False)
    person = arrive(own_site).sign_in(PARTICIPANT)
    page, keyboard, before, words = person.page, person.page.keyboard, count(own_site), WORDS["fr"]
    person.go("chapters/1")
    page.locator(f"[id='{KEY}']").scroll_into_view_if_needed()
    page.evaluate(SELECT, [KEY, words])
    keyboard.press("Control+Alt+m")
    form = page.locator(FORM)
    form.wait_for()
    until(lambda: page.evaluate(FOCUSED, FORM), "the focus does not move into the form")
    assert page.locator(SHEET).evaluate("e => document.getElementById(e.getAttribute('aria-labelledby')).textContent").endswith("A1-P1-a1")
    assert form.locator("[data-quoted] q").inner_text() == words
    assert form.locator("[name=exact]").input_value() == words
    assert page.evaluate(QUOTED, "quoted-mine") == [words], "they stay marked in the text"
    until(lambda: not person.sees(".quote-act"), "what is done already is still offered")
    page.evaluate(AXE)
    assert page.evaluate(RUN) == []
    keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "body", "one question, then the next"
    keyboard.type(BODY)
    until(lambda: re.search(r"\d:\d\d", form.locator("[data-saved]").inner_text()), "it does not save itself")
    assert drafts(own_site)[0][0] == BODY
    keyboard.press("Escape")
    closed(person)
    assert page.evaluate(HERE) == KEY, "back where it was"
    assert page.evaluate("getSelection().toString()") == words
    page.evaluate("getSelection().removeAllRanges()")

    form = opened(person, by="keyboard")
    assert form.locator("[name=body]").input_value() == BODY, "it was kept"
    assert form.locator("[name=exact]").input_value() == words
    form.locator("[name=act][value=preview]:not([aria-hidden])").press("Enter")
    form.locator(".error-summary").wait_for()
    assert page.evaluate(FOCUSED, ".error-summary[role=alert]"), "what is missing is read at once"
    assert form.locator("[name=position]").first.evaluate("e => e.closest('fieldset').getAttribute('aria-describedby')")
    keyboard.press("Tab")
    keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "position"
    assert page.locator(SHEET).is_visible(), "a link to a field does not leave the page"
    assert form.locator("[name=body]").input_value() == BODY
    keyboard.press("Space")
    form.locator("[name=interest][value=none]").press("Space")
    form.locator("[name=act][value=submit]").press("Enter")
    page.locator(f"{SHEET} .big-ref").wait_for()
    ref = re.search(r"PNQ-C1-\d{4}", page.locator(f"{SHEET} .big-ref").inner_text())[0]
    assert page.evaluate("document.activeElement.matches('dialog h1')")
    assert page.locator("[role=status]", has_text=ref).count(), "and said"
    assert page.locator(f"{SHEET} a[href$='/receipt/{ref}']").first.is_visible()
    assert (count(own_site), drafts(own_site)) == (before + 1, [])
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('draft '))") == []
    mine = page.locator(f"[id='{KEY}'] .notes .mine")
    mine.wait_for(state="attached")
    page.locator(f"{SHEET} [data-go-on]").press("Enter")
    closed(person)
    assert page.evaluate(HERE) == KEY
    assert ref in mine.inner_text()
    assert person.path.startswith("chapters/1")
    page.reload()
    mine.wait_for(state="attached")
    assert ref in mine.inner_text(), "it is there when the page is loaded again"
    assert mine.count() == 1
    own_site.tell("UPDATE consultation SET moderation_mode = 'after'")
    lodged_again(person)
    a_phone_whose_session_is_lost(own_site, arrive)


def lodged_again(person):
    """Where contributions are published at once, the margin has it as everybody reads it."""
    page, form = person.page, opened(person, by="keyboard")
    form.locator("[name=position]").last.check()
    form.locator("[name=body]").fill("Une autre remarque, publiée aussitôt.")
    form.locator("[name=interest][value=none]").check()
    form.locator("[name=act][value=submit]").click()
    page.locator(f"{SHEET} .big-ref").wait_for()
    ref = re.search(r"PNQ-C1-\d{4}", page.locator(f"{SHEET} .big-ref").inner_text())[0]
    page.keyboard.press("Escape")
    closed(person)
    line = page.locator(f"[id='{KEY}'] .notes .said")
    until(lambda: line.count(), "it is not in the margin")
    assert ref in line.first.locator("a[data-whole]").text_content()
    assert "publiée aussitôt" in line.first.locator(".first").inner_text()
    assert page.locator(f"[id='{KEY}'] .acts a.count[data-sheet]").text_content().startswith("1 ")


def a_phone_whose_session_is_lost(site, arrive):
    person = arrive(site, "ar", width=360, has_touch=True, is_mobile=True).sign_in(CITIZEN)
    page, before = person.page, count(site)
    person.go("chapters/1")
    form = opened(person, "C1-A7-P1-a1", by="touch")
    assert page.evaluate(IN_SIGHT, "C1-A7-P1-a1")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box = page.locator(SHEET).bounding_box()
    assert round(box["y"] + box["height"]) == 900
    assert box["y"] > 300
    page.evaluate(AXE)
    assert page.evaluate(RUN) == []
    form.locator("[name=position]").first.check()
    form.locator("[name=body]").fill(BODY)
    assert page.evaluate(IN_SIGHT, "C1-A7-P1-a1"), "while one writes too"
    page.context.clear_cookies()
    form.locator("[name=act][value=submit]").click()
    page.locator(f"{SHEET} [role=alert] a[href*='/login']").wait_for()
    assert form.locator("[name=body]").input_value() == BODY
    assert page.evaluate(FOCUSED, "[role=alert]")
    assert count(site) == before
    assert BODY in [body for body, _author in drafts(site)]
    person.picture("beside-session-lost")
    person.press(f"{SHEET} [role=alert] a[href*='/login']")
    page.fill("[name=identity]", CITIZEN)
    page.fill("[name=passcode]", "demonstration-pnq")
    person.press("main [name=submit]")
    assert page.input_value("[name=body]") == BODY, "it waits behind the sign-in"


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_the_form_stands_beside_the_passage_and_what_goes_wrong_is_said(site, arrive, language):
    visitor = arrive(site, language, width=1280)
    page = visitor.page
    visitor.go("chapters/1")
    form = opened(visitor)
    sheet, words = page.locator(SHEET).bounding_box(), page.locator(f"[id='{KEY}'] .words").bounding_box()
    assert sheet["width"] > 240
    is_beside = sheet["x"] >= words["x"] + words["width"] - 1 if language == "fr" else sheet["x"] + sheet["width"] <= words["x"] + 1
    assert is_beside, (sheet, words)
    form.locator("[name=position]").first.check()
    form.locator("[name=body]").fill(BODY)
    page.route("**/contributions/lodge/**", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    form.locator("[name=act][value=preview]:not([aria-hidden])").click()
    form.locator("[role=alert].unsent").wait_for()
    assert form.locator("[name=body]").input_value() == BODY
    page.unroute("**/contributions/lodge/**")
    form.locator("[name=act][value=preview]:not([aria-hidden])").click()
    page.locator(f"{SHEET} .preview").wait_for()
    assert page.evaluate(FOCUSED, ".preview")
    visitor.picture("beside-preview")
    # Other words of the passage, while its form is open, become the words concerned.
    page.evaluate(SELECT, [KEY, WORDS[language]])
    page.locator(f"[id='{KEY}'] .quote-act a").click()
    assert form.locator("[name=exact]").input_value() == WORDS[language]
    assert page.evaluate(QUOTED, "quoted-mine") == [WORDS[language]]
    assert form.locator("[name=body]").input_value() == BODY
    until(lambda: form.locator("[data-saved]").inner_text(), "it does not save itself")
    # Another passage: what was typed on the first is kept.
    opened(visitor, "C1-A1-P1-a2")
    assert not form.locator("[name=body]").input_value()
    page.reload()
    form.wait_for()
    assert "C1-A1-P1-a2" in form.get_attribute("action"), "who loads the page again finds the form open"
    visitor.page.go_back()
    closed(visitor)
    form = opened(visitor)
    assert form.locator("[name=body]").input_value() == BODY
    form.locator("[name=body]").fill(f"{BODY} Merci.")
    other = "ar" if language == "fr" else "fr"
    visitor.press(f".languages a[hreflang={other}]")
    assert f"/{other}/contributions/lodge/1/{KEY}" in page.url
    assert page.input_value("[name=body]") == f"{BODY} Merci.", "another language takes it along"


def test_the_next_and_the_previous_are_a_key_away(site, arrive):
    reader = arrive(site)
    page, keyboard = reader.page, reader.page.keyboard
    reader.go("chapters/1")
    assert page.locator(".debate .keys kbd").all_inner_texts() == ["j", "k"]
    seen = []
    for _press in range(12):
        keyboard.press("j")
        until(lambda: page.evaluate(FOCUSED, ".said[open]") and page.evaluate(LINE) not in seen, "the next does not open")
        seen.append(page.evaluate(LINE))
        assert page.locator(".said[open]").count() == 1
    box = page.locator(".said[open] > summary").bounding_box()
    assert 0 <= box["y"] <= 900 - box["height"]
    keyboard.press("k")
    until(lambda: page.evaluate(LINE) == seen[-2], "the previous does not open")
    page.locator(".said[open] .whole .said-words").first.wait_for()
    keyboard.press("ArrowDown")
    key = page.evaluate(HERE)
    form = opened(reader, key, by="keyboard")
    form.locator("[name=body]").focus()
    keyboard.type("jkj")
    assert form.locator("[name=body]").input_value() == "jkj", "keys typed in a field stay there"
    keyboard.press("Escape")
    closed(reader)
    page.locator("[data-toggle-keys]").click()
    page.evaluate("document.activeElement.blur()")
    keyboard.press("j")
    assert not page.evaluate(FOCUSED, ".said")
