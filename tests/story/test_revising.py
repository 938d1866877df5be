"""A commission publishes a new version of a chapter that people have written about, by its pages alone."""

import pytest

from tests.story.looks import looked_at
from tests.story.people import Person

pytestmark = pytest.mark.browser

RAPPORTEUR, CHAIR, AUTHOR = "rapporteur3@csnca.example", "chair3@csnca.example", "PNQ-C3-"
BEFORE = {"fr": "dans les deux mois un compte rendu", "ar": "على الأطراف المعنية داخل شهرين"}
AFTER = {"fr": "dans le mois un compte rendu", "ar": "على الأطراف المعنية داخل شهر واحد"}
KEY = "C3-A16-P4-a1"


def edit(person: Person, text: str) -> None:
    """In the editor: change some words, give a note, and go to the preview."""
    person.go(f"chapters/3/edit/{text}")
    body = person.page.input_value("[name=body]")
    assert body.count(BEFORE[text]) == 1
    person.page.fill("[name=body]", body.replace(BEFORE[text], AFTER[text]))
    person.page.fill("[name=note]", "Délai ramené à un mois.")
    person.picture("revise-editor")
    assert looked_at(person) == []
    person.press("[name=act][value=changes]")


def publish(site, arrive, text: str, **options) -> Person:
    """The rapporteur prepares, and may not publish; the chair does."""
    rapporteur = arrive(site, text, **options).sign_in(RAPPORTEUR)
    edit(rapporteur, text)
    assert rapporteur.path.startswith(f"chapters/3/working-draft/{text}"), rapporteur.text()
    assert AFTER[text].split()[-1] in rapporteur.text(".plan")
    assert not rapporteur.sees("form[action$='/publish']")
    rapporteur.picture("revise-preview")
    assert looked_at(rapporteur) == []
    chair = arrive(site, text, **options).sign_in(CHAIR)
    chair.go(f"chapters/3/working-draft/{text}")
    chair.press("form[action$='/publish'] .btn-primary")
    return rapporteur


@pytest.mark.parametrize(("text", "scripts"), [("fr", True), ("ar", True), ("fr", False)], ids=["fr", "ar", "fr-without-scripts"])
def test_a_new_version_keeps_what_was_said(own_site, arrive, text, scripts):
    own_site.start()
    [(before,)] = own_site.ask("SELECT count(*) FROM contribution WHERE chapter_id = 3")
    rapporteur = publish(own_site, arrive, text, java_script_enabled=scripts)
    anyone = arrive(own_site, text, java_script_enabled=scripts)
    anyone.go("chapters/3")
    assert AFTER[text] in anyone.text(f"[id='{KEY}']")
    anyone.go(f"chapters/3/compare/{text}/2/3")
    assert anyone.sees("ins")
    assert anyone.sees("del")
    anyone.picture("revise-compare")
    assert looked_at(anyone) == []
    anyone.go(f"chapters/3/revisions/{text}/1")
    assert BEFORE[text] in anyone.text(f"[id='{KEY}']")
    ledger(rapporteur, text)
    assert own_site.ask("SELECT count(*) FROM contribution WHERE chapter_id = 3") == [(before,)]
    [(missing,)] = own_site.ask(
        "SELECT count(*) FROM contribution c JOIN block b ON b.id = c.block_id JOIN revision r ON r.id = b.revision_id "
        "WHERE c.chapter_id = 3 AND r.language = ? AND NOT EXISTS (SELECT 1 FROM anchor a JOIN revision v ON v.id = a.revision_id "
        "WHERE a.contribution_id = c.id AND v.number = 3 AND v.language = r.language)", text)
    assert missing == 0, "every contribution has its place in the new version"


def ledger(person: Person, text: str) -> None:
    """Confirm at once what is certain, then leave one of the others where it was written."""
    person.go(f"contributions/anchors/3?text={text}")
    person.picture("revise-ledger")
    assert looked_at(person) == []
    person.press("form[action*='confirm-certain'] button")
    assert person.path.startswith("contributions/anchors/3")
    assert not person.sees("form[action*='confirm-certain'] button")
    left = "SELECT count(*) FROM anchor WHERE state = 'left' AND decided_by_id IS NOT NULL"
    assert person.site.ask(left) == [(0,)]
    person.press("form[action*='/leave'] button")
    assert person.site.ask(left) == [(1,)]


def test_two_who_publish_at_once_make_one_version(own_site, arrive):
    own_site.start(with_worker=False)
    first, second = (arrive(own_site).sign_in(address) for address in (CHAIR, "secretariat1@csnca.example"))
    edit(first, "fr")
    second.go("chapters/3/working-draft/fr")
    first.press("form[action$='/publish'] .btn-primary")
    with second.page.expect_navigation() as answer:
        second.page.click("form[action$='/publish'] .btn-primary")
    assert answer.value.status == 409, "the second is told, nothing of it is published"
    assert own_site.ask("SELECT max(number) FROM revision WHERE chapter_id = 3 AND language = 'fr'") == [(3,)]
