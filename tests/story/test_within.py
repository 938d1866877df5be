"""An organisation prepares its position: a member offers, a representative changes and returns, the member offers anew, it is lodged."""

import pytest

from tests.story.looks import looked_at
from tests.story.people import Person

pytestmark = [pytest.mark.browser, pytest.mark.longest]

MEMBER, REPRESENTATIVE = "leila@fed-agro.example", "karim-benzaytoun@fed-agro.example"
KEY = "C1-A1-P1-a1"
SHOWN = 3  # drafts of the federation that the demonstration shows, one of them accepted
BODY = "Cette action gagnerait à dire qui la mène & quand."


def join(member: Person, representative: Person) -> None:
    """Makes an account, asks to belong to the federation, and is accepted."""
    member.go("accounts/register")
    member.register("Leïla Benoukhrif", MEMBER)
    member.go("organisations/mine?q=terroir")
    member.press("#found form button")
    representative.sign_in(REPRESENTATIVE)
    representative.go("organisations/mine")
    representative.press("main a[href*='/organisations/members/']")
    representative.press("tr:has-text('Benoukhrif') form[action$='/accept'] button")


def offer(member: Person) -> str:
    """From the form, beside the text where there are scripts; ends on the page of the draft."""
    if member.has_scripts:
        member.go("chapters/1")
        member.page.hover(f"[id='{KEY}'] .words")
        member.page.click(f"[id='{KEY}'] a.do")
        member.page.wait_for_selector(".sheet [name=body]")
    else:
        member.go(f"contributions/lodge/1/{KEY}")
    member.write(body=BODY)
    if member.has_scripts:
        member.page.dblclick(".sheet [name=act][value=offer]")
        member.page.wait_for_selector(".sheet [data-lodged]")
        member.press(".sheet [data-lodged] .only-beside a")
    else:
        member.press("[name=act][value=offer]")
    member.picture("within-offered")
    assert BODY in member.text()
    assert member.site.ask("SELECT count(*) FROM offered_draft") == [(1 + SHOWN,)]
    return member.path


def go_through(member: Person, representative: Person) -> None:
    join(member, representative)
    place = offer(member)
    representative.go("contributions/position")
    representative.press("main a[href$='/contributions/organisation-drafts']")
    representative.picture("within-list")
    assert looked_at(representative) == []
    representative.press(f".offered-lines a[href$='/{place}']")
    assert representative.path == place
    representative.page.fill("[name=body]", "Il manque un chiffre.")
    representative.press("form[action$='/remark'] button")
    representative.press("main a[href$='/edit']")
    representative.page.fill("[name=body]", f"{BODY} Un tiers des ateliers attend.")
    representative.press("main form .btn-primary")
    assert "Un tiers des ateliers attend." in representative.text("ins")
    representative.press("#versions ~ ol a")
    assert looked_at(representative) == []
    representative.go(place)
    representative.page.click("details.return summary")
    representative.page.fill("[name=words]", "Ajoutez la source.")
    representative.picture("within-one")
    assert looked_at(representative) == []
    representative.press("form[action$='/return'] button")
    member.letters.wait(MEMBER, place)
    member.go(place)
    assert "Il manque un chiffre." in member.text()
    assert "Ajoutez la source." in member.text()
    member.press("main a[href$='/edit']")
    assert looked_at(member) == []
    member.page.fill("[name=body]", f"{BODY} Un tiers des ateliers attend (enquête de 2026).")
    member.press("main form .btn-primary")
    member.press("form[action$='/offer-again'] button")
    representative.go(place)
    representative.press("form[action$='/accept'] button")
    representative.go("contributions/position")
    representative.picture("within-position")
    assert looked_at(representative) == []
    assert "enquête de 2026" in representative.text(".accepted")
    representative.page.select_option("#interest", "none")
    representative.page.dblclick("button[form=lodging]")
    representative.page.wait_for_url("**/contributions/position/*")
    representative.page.wait_for_load_state()
    representative.picture("within-receipt")
    ref = representative.text("main article header a")
    assert ref in representative.letters.wait(REPRESENTATIVE, "PNQ-P-")
    member.go(place)
    assert ref in member.text()
    left = member.site.ask("SELECT count(*) FROM contribution_draft JOIN user ON user.id = author_id WHERE email = ?", MEMBER)
    assert left == [(0,)], "nothing is left over of the form"
    assert "Ajoutez la source." in member.text()
    member.picture("within-lodged")


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no-scripts"])
def test_an_organisation_prepares_its_position(own_site, arrive, has_scripts):
    own_site.start()
    member, representative, stranger = (arrive(own_site, "fr", java_script_enabled=has_scripts) for _number in range(3))
    for person in (member, representative):
        person.has_scripts = has_scripts
    go_through(member, representative)
    stranger.sign_in("secretariat1@csnca.example")
    assert stranger.go("contributions/organisation-drafts/1").status == 404
    lodged = own_site.ask("SELECT count(*) FROM contribution JOIN offered_draft ON contribution_id = contribution.id")
    assert lodged == [(2,)], "theirs, and the one that was accepted before"
    assert own_site.run("verify").returncode == 0
