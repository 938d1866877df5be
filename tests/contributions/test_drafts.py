"""Two texts of one person on one passage, in two windows or on two devices: each is kept, none writes over the other."""

import html
import re

import pytest
import sqlalchemy as sa

from consult.contributions import service
from consult.contributions.models import Contribution, ContributionDraft
from consult.contributions.service.reading import MAX_REMEMBERED
from consult.core.db import session
from consult.core.errors import Conflict, Invalid
from consult.core.permissions import VISITOR
from tests import factories
from tests.contributions.browsing import FILLED, address, count, form_of, send, text_of
from tests.contributions.test_service import here, keep, lodge

FIRST, SECOND = "Ce que je pense au bureau.", "Tout autre chose, écrit ailleurs."
MINE = "/en/contributions/mine"


def opened(client, block, where=""):
    return form_of(client.get(where or address(block)))


def press(client, block, values, act, **over):
    return client.post(address(block), data={**values, **FILLED, "speak_as": "self", **over, "act": act})


def kept():
    return sorted(draft.fields["body"] for draft in session.scalars(sa.select(ContributionDraft)))


def lodged():
    return sorted(session.scalars(sa.select(Contribution.body)))


@pytest.mark.parametrize("act", ["submit", "draft"])
@pytest.mark.parametrize("first", ["", "Commencé hier."], ids=["two new forms", "two windows of one draft"])
def test_a_visitor_who_writes_in_two_windows_has_both_kept(client, citizen, block, act, first):
    if first:
        press(client, block, opened(client, block), "draft", body=first)
    one, other = opened(client, block), opened(client, block)
    for values, body in ((one, FIRST), (other, SECOND)):
        page = press(client, block, values, act, body=body)
        page = client.get(page.location) if page.status_code == 303 else page
        assert body in text_of(page)
    assert kept() == [FIRST, SECOND]
    assert FIRST in text_of(page), "the second is shown the first"
    mine = text_of(client.sign_in(citizen).get(MINE))
    assert FIRST in mine
    assert SECOND in mine


def test_each_of_them_is_lodged_by_itself_after_signing_in(client, citizen, block):
    one, other = opened(client, block), opened(client, block)
    press(client, block, one, "submit", body=FIRST)
    page = press(client, block, other, "submit", body=SECOND).text.partition("<main")[2]
    first, second = session.scalars(sa.select(ContributionDraft).order_by(ContributionDraft.id)).all()
    assert f"draft%3D{second.id}" in page or f"draft={second.id}" in page, "the way back leads to the text of that window"
    client.sign_in(citizen)
    for draft, body in ((first, FIRST), (second, SECOND)):
        values = opened(client, block, f"{address(block)}?draft={draft.id}")
        assert values["body"] == body
        answer = press(client, block, values, "submit", body=body)
        assert answer.status_code == 303
        assert ("is not lodged" in text_of(client.get(answer.location))) is (body == FIRST)
    assert lodged() == [FIRST, SECOND]
    assert kept() == []


def test_what_is_saved_in_one_window_outlives_the_lodging_of_an_older_one(client, participant, block):
    client.sign_in(participant)
    press(client, block, opened(client, block), "draft", body="Un début.")
    older, newer = opened(client, block), opened(client, block)
    press(client, block, newer, "draft", body=FIRST)
    answer = press(client, block, older, "submit", body=SECOND)
    assert lodged() == [SECOND]
    assert kept() == [FIRST]
    assert FIRST in text_of(client.get(answer.location)), "the receipt says what is not lodged"
    values = opened(client, block)
    told = press(client, block, values, "submit", body=FIRST)
    assert told.status_code == 409
    assert SECOND in text_of(told), "its form was lodged already: what was lodged is shown"
    assert client.post(address(block), data={**form_of(told), "act": "submit"}).status_code == 303
    assert lodged() == [FIRST, SECOND]
    assert kept() == []


def test_at_the_desk_and_on_the_phone_both_are_kept(app, client, participant, block):
    client.sign_in(participant)
    phone = app.test_client()
    with client.session_transaction() as here_, phone.session_transaction() as there:
        there.update({name: here_[name] for name in ("_user_id", "_fresh", "_id") if name in here_})
    press(client, block, opened(client, block), "draft", body="Un début.")
    desk_form, phone_form = opened(client, block), opened(phone, block)
    press(client, block, desk_form, "draft", body=FIRST)
    press(phone, block, phone_form, "draft", body=SECOND)
    assert kept() == [FIRST, SECOND]


def test_one_form_sent_twice_is_one_draft_and_what_goes_on_writes_on(client, participant, block):
    client.sign_in(participant)
    values = opened(client, block)
    for body in ("Un", "Un", "Un début", "Un début, et la suite"):  # sent again, and after going back with the browser
        press(client, block, values, "draft", body=body)
    assert kept() == ["Un début, et la suite"]
    values = opened(client, block)
    press(client, block, values, "draft", body="Tout autrement.")
    assert kept() == ["Tout autrement."]


def test_what_went_on_in_the_same_window_is_one_draft_and_is_gone_once_lodged(client, participant, block):
    client.sign_in(participant)
    press(client, block, opened(client, block), "draft", body="Un début assez long.")
    press(client, block, opened(client, block), "draft", body="Plus court.")
    press(client, block, opened(client, block), "submit", body="Bref.")
    assert (lodged(), kept()) == (["Bref."], [])


def test_another_text_can_be_begun_beside_a_draft(client, participant, block):
    client.sign_in(participant)
    press(client, block, opened(client, block), "draft", body=FIRST)
    page = client.get(address(block))
    link = html.unescape(re.search(r'href="([^"]*draft=0)"', page.text)[1])
    values = opened(client, block, link)
    assert values["body"] == ""
    assert FIRST in text_of(client.get(link))
    press(client, block, values, "draft", body=SECOND)
    assert kept() == [FIRST, SECOND]


def test_the_page_of_somebody_else_keeps_the_words_of_whoever_sits_there_now(client, participant, citizen, block):
    values = opened(client.sign_in(participant), block)
    press(client, block, values, "draft", body=FIRST)
    client.sign_in(citizen)
    page = press(client, block, values, "draft", body=SECOND)
    assert page.status_code == 303
    assert FIRST not in text_of(client.get(page.location))
    assert [d.fields["body"] for d in here(citizen, block)] == [SECOND]
    assert [d.fields["body"] for d in here(participant, block)] == [FIRST]


def test_a_browser_without_room_says_so_and_gives_the_text_back(client, block):
    for number in range(MAX_REMEMBERED):
        assert send(client, block, form_key=f"key-{number}", body=f"Texte {number}.").status_code == 200
    page = send(client, block, form_key="one-more", body=FIRST)
    assert page.status_code == 422
    assert "has no room for another" in text_of(page)
    assert form_of(page)["body"] == FIRST
    assert len(kept()) == MAX_REMEMBERED
    assert text_of(client.get(MINE)) is not None
    assert send(client, block, form_key="key-3", body="Texte 3. Et la suite.").status_code == 200


def test_what_was_lodged_leaves_room(client, citizen, participant, block):
    for number in range(MAX_REMEMBERED):
        send(client, block, form_key=f"key-{number}", body=f"Texte {number}.")
    session.execute(sa.update(ContributionDraft).where(ContributionDraft.token == "key-0").values(author_id=participant.id))
    assert send(client, block, form_key="one-more", body=FIRST).status_code == 200


def test_a_draft_is_not_thrown_away_from_a_page_that_shows_it_as_it_was(client, participant, block):
    client.sign_in(participant)
    press(client, block, opened(client, block), "draft", body="Un début.")
    shown = client.get(MINE).text
    target = html.unescape(re.search(r'action="([^"]*drop-draft[^"]*)"', shown)[1])
    seen = re.search(r'name="expected_digest" value="(\w+)"', shown)[1]
    press(client, block, opened(client, block), "draft", body=FIRST)
    assert client.post(target, data={"expected_digest": seen}).status_code == 409
    assert kept() == [FIRST]
    seen = re.search(r'name="expected_digest" value="(\w+)"', client.get(MINE).text)[1]
    assert client.post(target, data={"expected_digest": seen}).status_code == 303
    assert kept() == []


# The service


def test_a_draft_that_was_not_seen_is_kept_beside(participant, block):
    first = keep(participant, block, body=FIRST)
    second = service.keep_draft(participant, block, token=first.token, fields={"body": SECOND, "form_key": first.token}, expected_digest="")
    assert second.token != first.token
    assert second.fields["form_key"] == second.token, "lodged, it is another contribution"
    assert service.keep_draft(participant, block, token=first.token, fields={"body": SECOND}, expected_digest=first.digest) is first


@pytest.mark.parametrize("name", ["body", "replacement", "justification", "exact"])
def test_each_of_its_texts_is_looked_at(participant, block, name):
    draft = keep(participant, block, **{"body": "Un", name: "Un mot"})
    said = {"body": "Un mot et plus", "replacement": "", "justification": "", "exact": "", name: "Un autre mot"}
    assert service.keep_draft(participant, block, token=draft.token, fields=said, expected_digest="old") is not draft
    longer = {**said, name: "Un mot et plus"}
    assert service.keep_draft(participant, block, token=draft.token, fields=longer, expected_digest="old") is draft


@pytest.mark.parametrize("token", ["", "é" * 80, "x" * 65])
def test_a_token_that_is_none_is_replaced(block, token):
    assert service.keep_draft(VISITOR, block, token=token, fields={"body": FIRST}).token != token


def test_lodging_drops_what_it_holds_whole_and_nothing_else(participant, block):
    draft = keep(participant, block, body=FIRST)
    lodge(participant, block, "k1", body=SECOND, draft=draft, expected_digest="old")
    assert here(participant, block) == [draft]
    lodge(participant, block, "k2", body=f"{FIRST}\r\nEt la suite.", draft=draft, expected_digest="old")
    assert here(participant, block) == []


def test_dropping_twice_is_no_fault_and_a_changed_one_is_kept(participant, block):
    draft = keep(participant, block)
    with pytest.raises(Conflict, match="changed in another window"):
        service.drop_draft(participant, draft, expected_digest="old")
    service.drop_draft(participant, draft, expected_digest=draft.digest)
    service.drop_draft(participant, draft)
    assert here(participant, block) == []


def test_a_text_that_cannot_be_kept_is_refused_before_anything_is(participant, block):
    with pytest.raises(Invalid):
        keep(participant, block, body="a\x00b")
    assert kept() == []


def test_nothing_of_another_passage_is_shown(client, participant, block):
    client.sign_in(participant)
    press(client, block, opened(client, block), "draft", body=FIRST)
    assert FIRST not in text_of(client.get(address(factories.block_of(block.chapter, "C1-A1-P1-a2"))))
    assert count() == 0
