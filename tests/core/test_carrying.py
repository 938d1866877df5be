"""A form that goes along into another language: its page stays its own, nothing is sent, and no other site types for anybody."""

import re
from urllib.parse import urlencode

import lxml.html
import pytest
import sqlalchemy as sa

from consult.chapters import service as chapters
from consult.contributions.models import Contribution, ContributionDraft
from consult.core.db import session
from consult.core.refused import KeptForm
from consult.synthesis.models import SynthesisItem
from tests import factories
from tests.contributions.browsing import FILLED, address, form_of
from tests.contributions.test_quoting_views import marks, selected

WORDS = "Deux mots <tapés> & gardés,\nsur deux lignes."
HERE = {"Origin": "http://localhost"}


def carry(client, page: str, action: str, data, **headers):
    """To the page in another language, by the button beside the form."""
    return client.post(f"{page}{'&' if '?' in page else '?'}{urlencode({'carry': action})}", data=data, headers=headers or HERE)


def main_of(answer):
    return lxml.html.document_fromstring(answer.text).get_element_by_id("main")


def value_of(answer, name: str) -> list[str]:
    fields = main_of(answer).xpath(f".//form[@method = 'post']//*[@name = '{name}']")
    return [field.value.removeprefix("\n") if field.tag == "textarea" else field.value for field in fields]


def checked(answer, name: str) -> list[str]:
    return main_of(answer).xpath(f".//input[@name = '{name}'][@checked]/@value")


def test_a_contribution_stays_on_the_passage_and_the_words_that_it_was_written_on(client, citizen, block):
    client.sign_in(citizen)
    quote = {"exact": "la liste des étalons", "prefix": "", "suffix": ""}
    typed = {**form_of(client.get(selected(block, language="fr"))), **FILLED, **quote, "speak_as": "self", "body": WORDS,
             "replacement": "Publier deux fois l’an."}
    answer = carry(client, address(block, "ar"), address(block, "fr"), typed)
    assert (answer.status_code, main_of(answer).getparent().getparent().get("lang")) == (200, "ar")
    assert value_of(answer, "body") == [WORDS]
    assert value_of(answer, "replacement") == ["Publier deux fois l’an."]
    assert value_of(answer, "form_key") == [typed["form_key"]]
    assert checked(answer, "position") == ["opposed"]
    assert value_of(answer, "block_id") == [str(block.id)]
    assert block.lead in answer.text, "the passage that it speaks of"
    assert "no-store" in answer.headers["Cache-Control"]
    assert session.scalar(sa.select(sa.func.count()).select_from(Contribution)) == 0
    assert session.scalar(sa.select(sa.func.count()).select_from(ContributionDraft)) == 0
    lodged = client.post(address(block, "ar"), data={**form_of(answer), "act": "submit"})
    assert lodged.status_code == 303
    [contribution] = session.scalars(sa.select(Contribution))
    assert (contribution.block_id, contribution.body.replace("\r", ""), contribution.exact) == (block.id, WORDS, "la liste des étalons")


def test_another_passage_that_was_added_to_an_answer_comes_along(client, rapporteur, chapter):
    contribution = factories.a_published_contribution(block=factories.block_of(chapter, "C1-A1-P1-a1"))
    item = factories.an_item(factories.a_synthesis(chapter), contribution)
    client.sign_in(rapporteur)
    page = f"/synthesis/edit-item/{item.id}"
    typed = [("expected_counter", "1"), ("title", "Un titre à moitié"), ("rationale", WORDS), ("disposition", "accepted"),
             ("key", "C1-A1-P1-a1"), ("shown", "1"), ("wording", "Une rédaction."),
             ("key", "C1-A1-P1-a2"), ("shown", "2"), ("wording", "Une autre, ajoutée.")]
    data: dict[str, list[str]] = {}
    for name, value in typed:
        data.setdefault(name, []).append(value)
    answer = carry(client, f"/ar{page}", f"/fr{page}", data)
    assert value_of(answer, "wording") == ["Une rédaction.", "Une autre, ajoutée."]
    assert value_of(answer, "key") == ["C1-A1-P1-a1", "C1-A1-P1-a2"]
    assert value_of(answer, "shown") == ["1", "2"]
    assert value_of(answer, "expected_counter") == ["1"], "so that somebody else's change is still seen"
    session.expire_all()
    assert session.get(SynthesisItem, item.id).title != "Un titre à moitié"


@pytest.mark.parametrize("headers", [
    {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Referer": "https://evil.example/fr/"},
])
def test_no_other_site_types_for_anybody(client, citizen, block, headers):
    answer = carry(client.sign_in(citizen), address(block, "ar"), address(block, "fr"), {"body": WORDS}, **headers)
    assert "gardés" not in answer.text


@pytest.mark.parametrize("action", ["https://evil.example/", "//evil.example/fr/x", "javascript:alert(1)", "/fr/no-such-form", "\\evil"])
def test_an_address_that_takes_no_form_of_ours_gets_nothing(client, citizen, block, action):
    answer = carry(client.sign_in(citizen), address(block, "ar"), action, {"body": WORDS})
    assert "evil" not in answer.text
    assert "javascript:" not in answer.text


def test_a_form_that_the_page_does_not_have_is_kept_on_a_page_of_its_own(client, secretary):
    answer = carry(client.sign_in(secretary), "/ar/consultations/dashboard", "/fr/consultations/extend", {"reason": WORDS})
    assert value_of(answer, "reason") == [WORDS]
    assert '<form method="post" action="/ar/consultations/extend"' in answer.text


def test_a_session_that_had_ended_loses_nothing(client, secretary):
    answer = carry(client, "/ar/consultations/extend", "/fr/consultations/extend", {"reason": WORDS})
    assert value_of(answer, "reason") == [WORDS]
    [kept] = session.scalars(sa.select(KeptForm))
    client.sign_in(secretary)
    assert value_of(client.get(f"/ar/kept/{kept.token}"), "reason") == [WORDS]


def test_a_password_goes_nowhere(client, consultation):
    typed = {"name": "Réda", "email": "reda@example.org", "password": "Sésame, ouvre-toi"}
    answer = carry(client, "/ar/accounts/register", "/fr/accounts/register", typed)
    assert value_of(answer, "email") == ["reda@example.org"]
    assert "Sésame" not in answer.text


def test_filters_and_the_page_of_a_list_stay(client, rapporteur, chapter):
    contribution = factories.a_contribution(block=factories.block_of(chapter, "C1-A1-P1-a1"))
    page = client.sign_in(rapporteur).get(f"/fr/moderation/{contribution.ref}?position=opposed&kind=comment")
    [to] = re.findall(r'hreflang="ar" href="([^"]*moderation[^"]*)"', page.text.partition("</head>")[0])
    to = to.replace("&amp;", "&")
    answer = carry(client, to, f"/fr/moderation/withhold/{contribution.ref}?position=opposed", {"words": WORDS, "reason": "insult"})
    assert WORDS in value_of(answer, "words"), "in the form that it was typed in, of several"
    assert "position=opposed" in to
    back = lxml.html.document_fromstring(answer.text).xpath("//nav[@class = 'languages']/a[@lang = 'fr']/@href")
    assert back == [to.replace("/ar/", "/fr/")]


def test_the_answer_to_a_form_leads_to_the_page_that_it_stood_on(client, secretary):
    before = "http://localhost/fr/consultations/extend?from=dashboard"
    page = client.sign_in(secretary).post("/fr/consultations/extend", data={"reason": ""}, headers={"Referer": before})
    assert 'hreflang="ar" href="/ar/consultations/extend?from=dashboard"' in page.text
    assert 'data-address="/fr/consultations/extend?from=dashboard"' in page.text


@pytest.mark.parametrize("path", ["/no-such-page?a=1", "/contributions/PNQ-C9-9999", "/chapters/99", "/consultations/dashboard"])
def test_an_error_page_leads_to_the_same_address(client, consultation, path):
    page = client.get(f"/fr{path}")
    assert page.status_code in (403, 404)
    assert f'href="/ar{path}"' in page.text


def test_what_is_published_meanwhile_is_not_forgotten(client, citizen, block, chapter):
    """The text went on while somebody was writing: their words stay on the passage that they read, in any language."""
    typed = {**form_of(client.sign_in(citizen).get(address(block, "fr"))), **FILLED, "speak_as": "self", "body": WORDS}
    source = factories.markdown(1, "fr").replace("Publier chaque année", "Publier tous les deux ans")
    chapters.import_chapter(factories.SYSTEM, block.consultation, data=source.encode())
    answer = carry(client, address(block, "ar"), address(block, "fr"), typed)
    assert value_of(answer, "block_id") == [str(block.id)]
    assert "Publier chaque année" in main_of(answer).text_content()
    assert marks(answer) == []
