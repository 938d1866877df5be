"""From the letter's link to the receipt: four screens at most for somebody new, one for whoever comes back to the chapter; on a phone, in
French and in Arabic, by keyboard alone, and without JavaScript.
"""

import pytest

from tests.story.acts import BODY
from tests.story.looks import looked_at
from tests.story.people import Person
from tests.waiting import until

pytestmark = pytest.mark.browser
SECRETARIAT, ADDRESS, KEY = "secretariat1@csnca.example", "atelier@tighanimine.example", "C1-A1-P1-a1"
SHEET = "dialog.sheet[open]"
FOCUSED = "selector => Boolean(document.activeElement?.matches(selector))"
MOST_TABS = 400


class Screens:
    """Counts the pages that somebody is shown."""

    def __init__(self, person: Person) -> None:
        self.seen: list[str] = []
        person.page.on("domcontentloaded", lambda page: self.seen.append(page.url.rpartition("#")[0] or page.url))


def tab_to(person: Person, selector: str) -> None:
    """As far as the key leads; nothing is pressed that cannot be reached by it."""
    for _tab in range(MOST_TABS):
        if person.page.evaluate(FOCUSED, selector):
            return
        person.page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab on {person.path}")


def type_in(person: Person, selector: str, words: str) -> None:
    tab_to(person, selector)
    person.page.keyboard.insert_text(words)


def enter(person: Person, selector: str) -> None:
    tab_to(person, selector)
    with person.page.expect_navigation():
        person.page.keyboard.press("Enter")
    person.page.wait_for_load_state()


def invited(site, arrive, language: str, tmp_path) -> str:
    """The secretariat brings a list and sends its letter; the link in it."""
    listed = tmp_path / "liste.csv"
    listed.write_text(f"Organisation;Catégorie;E-mail;Langue;Chapitres\nAtelier Tighanimine;Entreprise;{ADDRESS};{language};1\n", "utf-8")
    assert site.run("stakeholders", "import", str(listed), "--source", "Annuaire", "--keep").returncode == 0
    secretary = arrive(site, "fr").sign_in(SECRETARIAT)
    secretary.go("outreach/send")
    secretary.press("main form[method=post] .btn-primary")
    return secretary.letters.link(ADDRESS, "/outreach/invitation/")


def write_beside(person: Person, body: str) -> None:
    """In the sheet that rises over the chapter; the page stays."""
    tab_to(person, ".chapter .text .block .acts a.do")  # one stop in the text, then the arrows lead from passage to passage
    for _passage in range(MOST_TABS):
        if person.page.evaluate("key => document.activeElement.closest('.block')?.id === key", KEY):
            break
        person.page.keyboard.press("ArrowDown")
    tab_to(person, f"[id='{KEY}'] a.do")
    person.page.keyboard.press("Enter")
    person.page.locator(f"{SHEET} [name=body]").wait_for()
    fill_and_send(person, body, within=SHEET)
    person.page.locator(f"{SHEET} [data-lodged]").wait_for()


def fill_and_send(person: Person, body: str, within: str = "main") -> None:
    """Its fields in their order, by the keys alone."""
    tab_to(person, f"{within} [name=position]")
    person.page.keyboard.press("Space")
    type_in(person, f"{within} [name=body]", body)
    if person.page.locator(f"{within} [name=interest]").count():
        tab_to(person, f"{within} [name=interest]")
        person.page.keyboard.press("Space")
        choose_none(person, within)
    tab_to(person, f"{within} [name=act][value=submit]")
    person.page.keyboard.press("Enter")


def choose_none(person: Person, within: str) -> None:
    for _choice in range(3):
        if person.page.evaluate("selector => document.querySelector(selector).checked", f"{within} [name=interest][value=none]"):
            return
        person.page.keyboard.press("ArrowDown")


def lodged(site) -> int:
    return site.ask("SELECT count(*) FROM contribution JOIN user ON user.id = author_id WHERE email = ?", ADDRESS)[0][0]


@pytest.mark.parametrize("language", ["fr", "ar"])
@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no-scripts"])
def test_four_screens_for_somebody_new_and_one_for_whoever_comes_back(own_site, arrive, tmp_path, language, has_scripts):
    own_site.start()
    link = invited(own_site, arrive, language, tmp_path)
    person = arrive(own_site, language, width=360, java_script_enabled=has_scripts)
    screens = Screens(person)
    person.page.goto(link)
    assert looked_at(person) == []
    person.picture("invited-arrives")
    take_the_way(person, has_scripts, BODY[language])
    person.picture("invited-receipt")
    assert lodged(own_site) == 1
    assert len(screens.seen) <= 4, screens.seen
    person.go("chapters/1")
    screens.seen.clear()
    if has_scripts:
        write_beside(person, f"{BODY[language]} 2")
        assert screens.seen == [], "the chapter is the one screen"
        until(lambda: lodged(own_site) == 2, "it is not lodged")


def take_the_way(person: Person, has_scripts: bool, body: str) -> None:
    """The account, the text, the form, the receipt."""
    if has_scripts:
        type_in(person, "main [name=name]", "Zineb Benali")
        enter(person, "main form .btn-primary")
        write_beside(person, body)
        return
    person.page.fill("main [name=name]", "Zineb Benali")
    person.press("main form .btn-primary")
    person.press(f"[id='{KEY}'] a.do")
    person.write(body=body)
    person.press("[name=act][value=submit]")
    assert "/receipt/" in person.page.url
