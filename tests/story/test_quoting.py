"""Words of a passage are selected by mouse, by touch and by keyboard, in French and in Arabic, and quoted words are seen in the text."""

import pytest

from tests.story.looks import looked_at
from tests.story.people import Person
from tests.waiting import until

pytestmark = pytest.mark.browser

KEY = "C1-A1-P1-a1"
FORM = "dialog.sheet form[data-saves]"
WORDS = {"fr": "une stratégie nationale de normalisation", "ar": "استراتيجية وطنية للتقييس"}
OVERLAPPING = {"fr": "nationale de normalisation 2028-2032", "ar": "وطنية للتقييس للفترة"}
# Boxes of the first and the last letter of some words of a block, as they are drawn.
ENDS = """([key, words]) => { const block = document.getElementById(key); block.scrollIntoView({block: 'center', behavior: 'instant'});
  const walker = document.createTreeWalker(block.querySelector('.words'), NodeFilter.SHOW_TEXT);
  const box = (node, i) => { const r = document.createRange(); r.setStart(node, i); r.setEnd(node, i + 1);
    return r.getBoundingClientRect().toJSON(); };
  while (walker.nextNode()) { const at = walker.currentNode.data.indexOf(words);
    if (at >= 0) return [box(walker.currentNode, at), box(walker.currentNode, at + words.length - 1)]; } }"""
# A selection as a phone's handles leave it, from some words of one block to some of another.
SELECT = """([key, words, otherKey, otherWords]) => { const place = (key, words) => {
    const walker = document.createTreeWalker(document.getElementById(key).querySelector('.words, td'), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) { const at = walker.currentNode.data.indexOf(words); if (at >= 0) return [walker.currentNode, at]; } };
  const [start, from] = place(key, words), [end, to] = place(otherKey ?? key, otherWords ?? words), range = document.createRange();
  range.setStart(start, from); range.setEnd(end, to + (otherWords ?? words).length);
  getSelection().removeAllRanges(); getSelection().addRange(range); }"""
QUOTED = "name => [...(CSS.highlights.get(name) ?? [])].map(range => range.toString())"


def drag(person: Person, words: str) -> None:
    """The mouse over these words, from their first letter to their last."""
    first, last = person.page.evaluate(ENDS, [KEY, words])
    is_rtl = person.language == "ar"
    person.page.mouse.move(first["right"] - 0.5 if is_rtl else first["left"] + 0.5, first["top"] + first["height"] / 2)
    person.page.mouse.down()
    person.page.mouse.move(last["left"] + 0.5 if is_rtl else last["right"] - 0.5, last["top"] + last["height"] / 2, steps=6)
    person.page.mouse.up()


def exact(person: Person) -> str:
    return person.page.input_value("[name=exact]")


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_words_selected_with_the_mouse_lead_to_the_form(site, arrive, language):
    person = arrive(site, language)
    person.go("chapters/1")
    drag(person, WORDS[language])
    person.page.locator(".quote-act a").wait_for()
    person.picture("quote-mouse")
    person.follow(".quote-act a")
    assert exact(person) == WORDS[language]
    assert person.text("#passage mark") == WORDS[language]
    assert looked_at(person) == []
    person.picture("quote-form")


def test_the_link_goes_with_the_selection(site, arrive):
    person = arrive(site)
    person.go("chapters/1")
    drag(person, WORDS["fr"])
    person.page.locator(".quote-act a").wait_for()
    person.page.keyboard.press("Escape")
    person.page.locator(".quote-act").wait_for(state="detached")
    drag(person, WORDS["fr"])
    person.page.locator(".quote-act a").wait_for()
    person.page.mouse.click(5, 5)
    person.page.locator(".quote-act").wait_for(state="detached")


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_words_selected_by_touch_bring_a_bar_at_the_foot(site, arrive, language):
    person = arrive(site, language, width=390, has_touch=True, is_mobile=True)
    person.go("chapters/1")
    person.page.evaluate(SELECT, [KEY, WORDS[language]])
    person.page.locator(".quote-act.is-bar a").wait_for()
    box = person.page.locator(".quote-act").bounding_box()
    assert round(box["y"] + box["height"]) == person.page.viewport_size["height"]
    assert person.page.locator(".quote-act a").bounding_box()["height"] >= 44
    person.page.locator(".quote-act a").tap()
    person.page.locator(FORM).wait_for()
    assert exact(person) == WORDS[language]


@pytest.mark.parametrize("language", ["fr", "ar"])
@pytest.mark.parametrize("keys", [("Tab", "Enter"), ("Control+Alt+m",)], ids=["tab", "command"])
def test_words_selected_with_the_keyboard_lead_to_the_form(site, arrive, language, keys):
    """A selection made in caret browsing is stretched by Shift and arrows; what to press is said."""
    person = arrive(site, language)
    person.go("chapters/1")
    person.page.evaluate(SELECT, [KEY, WORDS[language]])
    person.page.keyboard.press("Shift+ArrowRight" if language == "ar" else "Shift+ArrowLeft")
    person.page.locator(".quote-act a").wait_for()
    until(lambda: person.page.locator("[role=status]", has_text="Alt+M").count(), "nothing is said")
    for key in keys:
        person.page.keyboard.press(key)
    person.page.locator(FORM).wait_for()
    assert exact(person) == WORDS[language][:-1].rstrip()


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_words_are_chosen_in_the_form_with_the_keyboard(site, arrive, language):
    person = arrive(site, language)
    person.go(f"contributions/lodge/1/{KEY}")
    page, words = person.page, WORDS[language]
    page.locator(".words-concerned > summary").press("Enter")
    page.locator(".words-concerned details > summary").press("Enter")
    page.keyboard.press("Tab")
    before = page.input_value("#passage-view").index(words)
    page.evaluate("n => document.activeElement.setSelectionRange(n, n)", before)
    for _letter in words:
        page.keyboard.press("Shift+ArrowLeft" if language == "ar" else "Shift+ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert exact(person) == words
    assert page.evaluate(QUOTED, "quoted-now") == [words]
    assert looked_at(person) == []
    person.picture("quote-keyboard")
    page.fill("[name=exact]", words[:9])
    assert page.input_value("[name=prefix]") == "", "what stood around other words says nothing of these"
    if language == "fr":
        page.select_option("[name=sentence]", index=1)
        assert exact(person).startswith("IMANOR élabore")


def test_a_selection_over_two_passages_takes_the_first_and_says_so(site, arrive):
    person = arrive(site)
    person.go("chapters/1")
    person.page.evaluate(SELECT, [KEY, "Le projet est soumis", "C1-A1-P1-a2", "programmes sectoriels"])
    person.page.locator(".quote-act a").wait_for()
    assert "A1-P1-a1" in person.text(".quote-act p")
    person.follow(".quote-act a")
    assert exact(person).startswith("Le projet est soumis à l’avis du CSNCA avant la fin de 2027. Pilote")


def test_emphasis_links_and_calls_of_notes_are_no_hindrance(site, arrive):
    """Whole blocks are selected one after the other: what the page gives is the text that the server has."""
    person = arrive(site)
    person.go("chapters/1")
    rows = site.ask("""SELECT key, text FROM block WHERE length(text) < 1000
                       AND revision_id = (SELECT max(id) FROM revision WHERE language = 'fr' AND chapter_id = 1)
                       AND (html LIKE '%footnote-ref%' OR html LIKE '%<em>%' OR kind IN ('row', 'footnote', 'list'))""")
    assert len(rows) > 40
    select = """key => { const block = document.getElementById(key), range = document.createRange();
      const parts = block.matches('tr') ? [...block.cells].filter(c => !c.matches('.acts')) : [block.querySelector('.words')];
      range.setStart(parts[0], 0); range.setEnd(parts.at(-1), parts.at(-1).childNodes.length);
      getSelection().removeAllRanges(); getSelection().addRange(range); }"""
    for key, text in rows[::4]:
        person.page.evaluate(select, key)
        link = person.page.locator(f"[id='{key}'] .quote-act a")
        link.wait_for()
        assert person.page.evaluate("a => new URL(a.href).searchParams.get('exact')", link.element_handle()) == text, key


def test_too_many_words_are_kindly_refused(site, arrive):
    person = arrive(site)
    person.go("chapters/1")
    person.page.evaluate("""key => { const words = document.getElementById(key).querySelector('.words');
      words.querySelector('p').append(' mot'.repeat(300)); getSelection().selectAllChildren(words); }""", KEY)
    person.page.locator(".quote-act p").wait_for()
    assert "000" in person.text(".quote-act p")
    assert not person.page.locator(".quote-act a").is_visible()


def lodge(person: Person, words: str, body: str) -> str:
    person.go(f"contributions/lodge/1/{KEY}")
    person.page.locator(".words-concerned > summary").click()
    person.page.fill("[name=exact]", words)
    person.write(body=body)
    person.press("[name=act][value=preview]:not([aria-hidden])")
    assert person.text("#preview q") == words
    person.press("[name=act][value=submit]")
    assert words in person.text("main")
    return person.reference()


def publish(person: Person, ref: str) -> None:
    person.go(f"moderation/{ref}")
    person.press(f"form[action*='publish/{ref}'] button")


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_quoted_words_are_marked_without_a_change_of_the_page(own_site, arrive, language):
    own_site.start(with_worker=False)
    author, rapporteur, reader = (arrive(own_site, language) for _ in range(3))
    reader.go("chapters/1")
    until(lambda: reader.page.evaluate("CSS.highlights.size"), "nothing is looked for")
    before, already = reader.page.locator(f"[id='{KEY}'] .words").inner_html(), len(reader.page.evaluate(QUOTED, "quoted"))
    author.sign_in("karim-benzaytoun@fed-agro.example")
    refs = [lodge(author, words, f"À propos de {words}.") for words in (WORDS[language], OVERLAPPING[language])]
    rapporteur.sign_in("rapporteur1@csnca.example")
    for ref in refs:
        publish(rapporteur, ref)
    lines = reader.page.locator(f"[id='{KEY}'] .said q")
    until(lambda: reader.go("chapters/1") and lines.count() == 2, "the margin does not say the words")
    until(lambda: len(reader.page.evaluate(QUOTED, "quoted")) == already + 2, "the words are not marked")
    assert set(reader.page.evaluate(QUOTED, "quoted")) >= {WORDS[language], OVERLAPPING[language]}
    assert reader.page.locator(f"[id='{KEY}'] .words").inner_html() == before
    assert reader.page.evaluate(QUOTED, "quoted-now") == []
    reader.page.locator(f"[id='{KEY}'] .said summary").last.click()
    assert reader.page.evaluate(QUOTED, "quoted-now") == [WORDS[language]]
    assert looked_at(reader) == []
    reader.picture("quoted-words")
    other = arrive(own_site, "ar" if language == "fr" else "fr")
    other.go("chapters/1")
    assert other.page.locator(f"[id='{KEY}'] .said q").count() == 2, "the other language says the words too"
    assert {WORDS[language], OVERLAPPING[language]}.isdisjoint(other.page.evaluate(QUOTED, "quoted"))


def test_words_are_pasted_or_chosen_without_javascript(own_site, arrive):
    own_site.start(with_worker=False)
    person = arrive(own_site, "fr", java_script_enabled=False).sign_in("karim-benzaytoun@fed-agro.example")
    lodge(person, WORDS["fr"], "Sans script.")
    person.go(f"contributions/lodge/1/{KEY}")
    assert person.page.locator("#passage-view").count() == 0
    person.page.locator(".words-concerned > summary").click()
    person.page.select_option("[name=sentence]", index=2)
    person.write(body="Une phrase choisie.")
    person.press("[name=act][value=preview]:not([aria-hidden])")
    assert exact(person) == person.text("#preview q") == person.text("#passage mark")
