"""axe-core finds nothing on any kind of page, and no page scrolls sideways on a phone; in French and in Arabic."""

import pytest

from tests.story.looks import looked_at
from tests.story.people import Person
from tests.waiting import PATIENCE

pytestmark = pytest.mark.browser

PUBLIC = (
    "", "chapters/1", "chapters/5", "consultations/take-part", "consultations/charter", "consultations/help", "consultations/legal-notice",
    "contributions/discussion/1/C1-A7-P1-a1", "contributions/discussion/1/C1-contexte-§1", "contributions/{published}",
    "contributions/{withheld}", "contributions/{withdrawn}", "contributions/lodge/1/C1-A7-P1-a1",
    "contributions/lodge/1/C1-contexte-t1-r1", "moderation/register",
    "exports/open-data", "adoption/submission", "accounts/login", "accounts/register", "accounts/reset",
    "accounts/confirm", "accounts/check-mail", "accounts/follow-link", "contributions/PNQ-C9-9999",
    "no-such-page", "chapters/3", "chapters/3/revisions", "chapters/3/revisions/fr/1", "chapters/3/revisions/ar/1",
    "chapters/3/compare/fr/1/2",
    "chapters/3/compare/fr/1/2?view=side&only=all", "chapters/3/compare/ar/1/2", "chapters/3/provisions/C3-A16-P1-a3",
    "chapters/3/provisions/C3-A18-P4-a2", "chapters/3/translations/ar", "contributions/PNQ-C3-0063",
    "contributions/discussion/3/C3-A16-P3-a3",
)
PARTICIPANT = (
    "contributions/", "contributions/?position=opposed",
    "contributions/mine", "contributions/receipt/{own}", "contributions/{own}", "contributions/withdraw/{own}", "accounts/profile",
    "organisations/mine?q=laboratoire", "organisations/members/fed-agro", "organisations/add", "accounts/change",
    "contributions/lodge/1/C1-A7-P1-a1",
    "moderation/", "chapters/1",
    "contributions/position", "contributions/organisation-drafts", "contributions/organisation-drafts/1",
    "contributions/organisation-drafts/1/edit", "contributions/organisation-drafts/2", "contributions/organisation-drafts/3/edit",
    "contributions/organisation-drafts/3/versions/1", "organisations/members/fed-agro/invite", "news/choose", "news/following",
)
RAPPORTEUR = (
    "moderation/", "moderation/?state=published", "moderation/?state=withheld", "moderation/?state=withdrawn", "moderation/{waiting}",
    "moderation/{withheld}", "moderation/{published}", "synthesis/workbench/1",
    "synthesis/workbench/1?answer=all", "synthesis/edit-item/1", "synthesis/overview/1", "synthesis/read/1", "exports",
    "synthesis/overview/1?axis=C1-A4", "synthesis/overview/1?show=contested", "synthesis/read/1?axis=C1-A2", "synthesis/read/1?item=8",
    "synthesis/read/1/whole", "synthesis/gathered/1/8",
)
METROLOGIST = (
    "contributions/anchors/3", "contributions/anchors/3?text=ar", "contributions/anchors/1",
    "chapters/3/translations/ar?show=stale", "chapters/coverage",
    "chapters/working-drafts", "chapters/3/edit/fr", "chapters/3/edit/ar", "chapters/import-chapter",
)
SECRETARIAT = (
    "consultations/dashboard", "consultations/edit", "consultations/home-words", "consultations/extend", "consultations/close",
    "consultations/appoint",
    "consultations/dismiss/1", "chapters/import-chapter", "moderation/", "synthesis/overview/2", "exports", "adoption/submit",
    "organisations/register", "organisations/register/fed-chimie/merge",
    "outreach", "outreach/import-list", "outreach/lists/1", "outreach/lists/2", "outreach/rows/{doubtful}", "outreach/lists/2/discard",
    "outreach/radar", "outreach/by-category", "outreach/send", "outreach/stakeholders/{asked}",
)


def refs(site) -> dict[str, str]:
    """One reference of each state, all of chapter 1, and one of the participant's own."""
    chosen = dict(site.ask("SELECT state, min(ref) FROM contribution WHERE chapter_id = 1 GROUP BY state"))
    [(own,)] = site.ask(
        "SELECT min(ref) FROM contribution JOIN user ON user.id = author_id WHERE email = ? AND state = 'published'", PEOPLE["participant"]
    )
    [(doubtful,)] = site.ask("SELECT min(id) FROM stakeholder_row WHERE state = 'doubtful'")
    [(asked,)] = site.ask("SELECT min(id) FROM stakeholder")
    return {**chosen, "waiting": chosen["submitted"], "own": own, "doubtful": doubtful, "asked": asked}


PEOPLE = {
    "participant": "karim-benzaytoun@fed-agro.example", "rapporteur": "rapporteur1@csnca.example",
    "metrologist": "rapporteur3@csnca.example", "secretariat": "secretariat1@csnca.example",
}


def findings(person: Person, paths) -> list:
    known, found = refs(person.site), []
    for path in paths:
        person.go(path.format(**known))
        found += looked_at(person)
    return found


@pytest.mark.parametrize("language", ["fr", "ar"])
@pytest.mark.parametrize(("role", "paths"), [
    pytest.param(None, PUBLIC, marks=pytest.mark.longest),
    ("participant", PARTICIPANT), ("rapporteur", RAPPORTEUR), ("metrologist", METROLOGIST), ("secretariat", SECRETARIAT),
], ids=["public", "participant", "rapporteur", "metrologist", "secretariat"])
def test_pages_are_accessible(site, arrive, language, role, paths):
    person = arrive(site, language)
    if role:
        person.sign_in(PEOPLE[role])
    assert findings(person, paths) == []


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_a_document_under_way_is_accessible_and_comes_by_itself(own_site, arrive, language):
    person = arrive(own_site.start(with_worker=False), language).sign_in(PEOPLE["secretariat"])
    person.go("exports")
    person.page.check("[name=contributions-format][value=csv]")
    person.press("form[action$='exports/request/contributions'] button")
    assert person.sees("[data-under-way] a"), person.text()
    assert looked_at(person) == []
    own_site.start_worker()
    person.page.locator("tbody a[href*='/download/']").wait_for(timeout=1000 * PATIENCE)
    assert not person.page.locator("[data-under-way] a").is_visible()
    assert person.text("[data-under-way] [role=status]") == person.page.locator("[role=status][data-done]").get_attribute("data-done")
    assert looked_at(person) == []


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_refused_forms_are_accessible(site, arrive, language):
    """The pages that one sees after a mistake."""
    person = arrive(site, language)
    for path, button in (
        ("accounts/login", "main [name=submit]"), ("accounts/register", "main form button"),
        ("contributions/lodge/1/C1-A7-P1-a1", "[name=act][value=preview]:not([aria-hidden])"),
    ):
        person.go(path)
        person.press(button)
        assert person.sees(".error-summary"), path
        assert looked_at(person) == [], path
