"""The pages of drafts offered to an organisation: for its members alone, with what was typed kept whatever happens."""

import re

import pytest
import sqlalchemy as sa

from consult.contributions import service
from consult.contributions.models import Contribution, ContributionDraft, DraftRemark, OfferedDraft, OfferedState
from consult.core.db import session
from tests import factories
from tests.contributions.browsing import address, form_of, text_of
from tests.contributions.test_offering import SAID, a_member, edit, offer
from tests.counting import queries

HERE = "/en/contributions/organisation-drafts"
POSITION = "/en/contributions/position"


@pytest.fixture
def house(participant):
    return participant.organisation


@pytest.fixture
def member(house):
    return a_member(house)


@pytest.fixture
def offered(member, block):
    return offer(member, block)


def at(offered, *parts):
    return "/".join((HERE, str(offered.id), *parts))


def token_of(client, url):
    return form_of(client.get(url))["csrf_token"]


def test_the_form_offers_what_stands_in_it(client, member, block):
    client.sign_in(member)
    values = {**form_of(client.get(address(block))), **SAID, "act": "offer"}
    answer = client.post(address(block), data=values)
    offered = session.scalars(sa.select(OfferedDraft)).one()
    assert answer.location.endswith(at(offered).removeprefix("/en"))
    page = text_of(client.get(answer.location))
    assert "Un avis." in page
    assert "To be read by a representative" in page
    assert client.post(address(block), data=values).location == answer.location, "a second press"
    other = client.post(address(block), data={**values, "body": "D’autres mots."})
    assert other.status_code == 409
    assert "D’autres mots." in text_of(other)
    again = client.post(address(block), data={**values, "form_key": form_of(other)["form_key"], "body": "D’autres mots."})
    assert again.status_code == 303
    assert session.scalar(sa.select(sa.func.count()).select_from(OfferedDraft)) == 2


def test_what_cannot_be_offered_stays_in_the_form(client, member, block):
    client.sign_in(member)
    answer = client.post(address(block), data={**form_of(client.get(address(block))), **SAID, "body": " ", "justification": "Un motif.",
                                               "act": "offer"})
    assert answer.status_code == 422
    assert "Nothing is written yet" in text_of(answer)
    assert "Un motif." in text_of(answer)


def test_only_members_are_asked_whether_to_offer(client, citizen, block):
    client.sign_in(citizen)
    page = client.get(address(block))
    assert 'value="offer"' not in text_of(page)
    answer = client.post(address(block), data={**form_of(page), **SAID, "act": "offer"})
    assert answer.status_code == 403


def test_a_visitor_who_offers_signs_in_first_and_keeps_the_text(client, block):
    answer = client.post(address(block), data={**form_of(client.get(address(block))), **SAID, "act": "offer"})
    assert "Un avis." in text_of(answer)
    assert session.scalars(sa.select(ContributionDraft)).one().fields["body"] == "Un avis."


def test_my_position_offers_a_draft_in_its_place(client, member, block):
    draft = service.keep_draft(member, block, token="mine-1", fields={**SAID, "speak_as": "self", "form_key": "mine-1"})
    client.sign_in(member)
    assert "Offer it to" in text_of(client.get(POSITION))
    values = {**SAID, "draft": draft.token, "expected_digest": draft.digest, "block_id": str(block.id), "form_key": draft.token,
              "act": "offer"}
    answer = client.post(address(block), data={**values, "csrf_token": token_of(client, POSITION)})
    assert answer.status_code == 303
    assert session.scalars(sa.select(ContributionDraft)).all() == []
    assert "What you offered to your organisation" in text_of(client.get(POSITION))


def test_the_whole_way_by_its_pages(client, participant, member, offered):
    client.sign_in(participant)
    token = token_of(client, at(offered))
    said = {"csrf_token": token, "form_key": "remark-1", "body": "Il manque un chiffre."}
    assert client.post(at(offered, "remark"), data=said).status_code == 303
    assert "Il manque un chiffre." in text_of(client.get(at(offered)))
    form = form_of(client.get(at(offered, "edit")))
    assert client.post(at(offered, "edit"), data={**form, "body": "Un avis chiffré."}).status_code == 303
    shown = client.get(at(offered))
    assert "What the last version changed" in text_of(shown)
    version = text_of(client.get(at(offered, "versions", "2")))
    assert re.search(r"<ins>.*chiffré", version)
    assert client.get(at(offered, "versions", "3")).status_code == 404
    values = {"csrf_token": token, "words": "Ajoutez la source.", "expected_digest": offered.digest}
    answer = client.post(at(offered, "return"), data=values)
    assert answer.status_code == 303
    client.sign_in(member)
    token = token_of(client, at(offered))
    assert "Ajoutez la source." in text_of(client.get(at(offered)))
    assert client.post(at(offered, "offer-again"), data={"csrf_token": token, "expected_digest": offered.digest}).status_code == 303
    client.sign_in(participant)
    token = token_of(client, at(offered))
    assert client.post(at(offered, "accept"), data={"csrf_token": token, "expected_digest": offered.digest}).status_code == 303
    page = client.get(POSITION)
    assert "What its members offered" in text_of(page)
    values = {"csrf_token": token, "form_key": "key-of-a-page", "interest": "none", "drafts": [f"o{offered.id}-{offered.row_counter}"]}
    receipt = client.post(POSITION, data=values)
    assert receipt.status_code == 303
    assert client.post(POSITION, data=values).location == receipt.location
    assert "PNQ-P-C1-0001" in text_of(client.get(receipt.location))
    session.expire_all()
    client.sign_in(member)
    assert "PNQ-C1-0001" in text_of(client.get(at(offered)))
    assert "Il manque un chiffre." in text_of(client.get(at(offered)))


def test_the_second_to_save_reads_what_changed_and_keeps_their_words(client, participant, member, offered):
    client.sign_in(participant)
    form = form_of(client.get(at(offered, "edit")))
    edit(member, offered, "Un avis, sourcé.")
    answer = client.post(at(offered, "edit"), data={**form, "body": "Un avis, chiffré."})
    page = text_of(answer)
    assert answer.status_code == 409
    assert member.name in page
    assert "sourcé" in page
    assert form_of(answer)["body"].strip() == "Un avis, chiffré."
    assert client.post(at(offered, "edit"), data=form_of(answer)).status_code == 303
    session.expire_all()
    assert (offered.fields["body"], offered.last_wording) == ("Un avis, chiffré.", 3)


def test_what_was_typed_stays_where_a_word_is_refused_or_the_draft_moved_on(client, participant, member, offered):
    client.sign_in(participant)
    token = token_of(client, at(offered))
    for part, name in (("remark", "body"), ("return", "words")):
        answer = client.post(at(offered, part), data={"csrf_token": token, "form_key": "r-1", name: "mot " * 600})
        assert answer.status_code == 422
        assert "mot mot" in text_of(answer)
    old = offered.digest
    edit(member, offered, "Un avis, sourcé.")
    answer = client.post(at(offered, "return"), data={"csrf_token": token, "words": "À revoir.", "expected_digest": old})
    assert answer.status_code == 409
    assert "À revoir." in text_of(answer)
    answer = client.post(at(offered, "accept"), data={"csrf_token": token, "expected_digest": old})
    assert answer.status_code == 409
    assert "Nothing of theirs was overwritten" in text_of(answer)
    assert offered.state == OfferedState.OFFERED


def test_a_page_shows_whoever_guesses_nothing(app, member, offered, consultation):
    service.remark_on_offered(member, offered, form_key="remark-1", body="Entre nous.")
    strangers = [factories.a_user(organisation=factories.an_organisation()), factories.a_user(), factories.a_user(role="secretariat")]
    for stranger in strangers:
        client = app.test_client().sign_in(stranger)
        token = form_of(client.get(POSITION)).get("csrf_token", "")
        for number in (offered.id, offered.id + 999):
            for part in ("", "/edit", "/versions/1"):
                assert client.get(f"{HERE}/{number}{part}").status_code == 404
            for part in ("accept", "return", "offer-again", "take-back", "remark", "edit"):
                data = {"csrf_token": token, "body": "x", "words": "x", "form_key": "k"}
                assert client.post(f"{HERE}/{number}/{part}", data=data).status_code == 404, part
    assert app.test_client().get(at(offered)).status_code == 303
    assert session.scalar(sa.select(sa.func.count()).select_from(DraftRemark).where(DraftRemark.body != "")) == 1


def test_a_list_asks_no_more_of_the_database_however_long(client, participant, member, block):
    client.sign_in(participant)

    def cost(url):
        with queries() as asked:
            assert client.get(url).status_code == 200
        return len(asked)

    first = edit(participant, offer(member, block, "offer-0"), "Version 0.")
    service.accept_offered(participant, first)
    few = [cost(url) for url in (HERE, at(first), POSITION)]
    for number in range(1, 35):
        one = offer(member, block, f"offer-{number}", body=f"Avis {number}.")
        service.accept_offered(participant, one)
        service.remark_on_offered(member, first, form_key=f"remark-{number}", body=f"Remarque {number}.")
        edit(participant, first, f"Version {number}.")
    session.commit()
    assert [cost(url) for url in (HERE, at(first), POSITION)] == few
    assert max(few) <= 12, few
    page = client.get(HERE)
    assert "Further on in the text" in text_of(page)


def test_nothing_of_it_is_found_elsewhere(app, participant, member, offered):
    edit(participant, offered, "Motsecret partout.")
    service.accept_offered(participant, offered)
    client = app.test_client()
    for url in ("/en/", "/en/contributions/", f"/en/chapters/{offered.chapter_number}", "/en/contributions/?q=motsecret", "/en/",
                "/fr/open-data"):
        assert "otsecret partout" not in text_of(client.get(url, follow_redirects=True)), url
    assert session.scalars(sa.select(Contribution)).all() == []


@pytest.mark.parametrize(("part", "name"), [("remark", "body"), ("return", "words"), ("edit", "body")])
def test_whoever_lost_their_session_finds_what_they_typed(app, client, participant, offered, part, name):
    client.sign_in(participant)
    values = form_of(client.get(at(offered, "edit") if part == "edit" else at(offered)))
    stranger = app.test_client()
    for draft in (at(offered, part), at(offered, part).replace(f"/{offered.id}/", "/99999/")):
        answer = stranger.post(draft, data={**values, name: "Des mots à ne pas perdre."})
        assert answer.status_code == 403, "nor is it told whether there is such a draft"
        assert "Des mots à ne pas perdre." in text_of(answer)
        assert "What you typed is kept. Sign in to send it." in text_of(answer)
