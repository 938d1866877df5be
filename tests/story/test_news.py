"""Choosing what one is told, following, and stopping it by the link of a letter: with scripts switched off, and by everybody."""

import pytest

from tests.story import acts
from tests.story.looks import looked_at

pytestmark = [pytest.mark.browser]

READER, AUTHOR, RAPPORTEUR = "amina-benfajr@courriel.example", "karim-benzaytoun@fed-agro.example", "rapporteur1@csnca.example"
PASSAGE = "C1-A7-P1-a1"


def test_one_chooses_and_follows_and_stops_without_javascript(own_site, arrive):
    own_site.start()
    reader, rapporteur, stranger = (arrive(own_site, "fr", java_script_enabled=False) for _n in range(3))
    reader.sign_in(READER)
    reader.go("accounts/profile")
    reader.press("main a[href$='/news/choose']")
    assert reader.page.locator("[name=followed]:checked").get_attribute("value") == "daily"
    reader.page.check("[name=followed][value=immediately]")
    reader.press("main form .btn-primary")
    assert reader.page.locator("[name=followed]:checked").get_attribute("value") == "immediately"
    reader.go(f"chapters/1/provisions/{PASSAGE}")
    reader.press("#follow form button")
    assert reader.path == f"news/follow/1/{PASSAGE}"
    reader.go("chapters/1")
    reader.press("header a[href$='/news/follow/1']")
    reader.press("main form button")
    reader.go("news/following")
    assert reader.page.locator("form[action*='/news/unfollow/1']").count() == 2
    ref = acts.lodge_as_a_stranger(stranger)
    rapporteur.sign_in(RAPPORTEUR)
    acts.moderate(rapporteur, ref)
    link = reader.letters.link(READER, "/news/stop/")
    reader.page.goto(link)
    reader.go("news/choose")
    assert reader.page.locator("[name=followed]:checked").get_attribute("value") == "immediately", "opening the link stops nothing"
    reader.sign_out()
    reader.page.goto(link)
    reader.press("main form button")
    reader.sign_in(READER)
    reader.go("news/choose")
    assert reader.page.locator("[name=followed]:checked").get_attribute("value") == "never"


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_its_pages_are_accessible(own_site, arrive, language):
    person = arrive(own_site.start(with_worker=False), language).sign_in(AUTHOR)
    found = []
    for path in ("news/choose", "news/following", f"news/follow/1/{PASSAGE}", f"chapters/1/provisions/{PASSAGE}"):
        person.go(path)
        found += looked_at(person)
    person.go("news/follow/2")
    person.press("main form button")
    found += looked_at(person)
    person.go("news/following")
    found += looked_at(person)
    assert found == []
