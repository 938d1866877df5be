"""My position: all drafts in text order, checked, and lodged together: all or none, once, with one receipt and one letter."""

import pytest
import sqlalchemy as sa

from consult.chapters import service as chapters
from consult.consultations.models import Phase
from consult.contributions import jobs, service
from consult.contributions.models import Contribution, ContributionDraft, PositionEntry, PositionReceipt, Receipt
from consult.core import audit, verification
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed, NotFound
from consult.core.mail import OutgoingMail
from consult.core.permissions import SYSTEM
from tests import factories
from tests.contributions.browsing import address, form_of, text_of
from tests.contributions.revising import REWORDED, source
from tests.contributions.test_service import lodge
from tests.counting import queries
from tests.letters import tell

PAGE = "/en/contributions/position"
SAID = {"position": "opposed", "kind": "comment", "comment_type": "technical", "speak_as": "self"}


def draft(author, block, body, **over):
    return service.keep_draft(author, block, token=f"draft-{body[:20]}-{block.id}".replace(" ", "-"), fields={**SAID, "body": body, **over})


def shown(*drafts):
    return {one.id: one.row_counter for one in drafts}


def together(author, consultation, *drafts, form_key="position-1"):
    return service.lodge_position(author, consultation, form_key=form_key, shown=shown(*drafts))


@pytest.fixture
def passages(consultation, block):
    """Three, from the last in the text to the first."""
    other = factories.a_chapter(consultation, number=2)
    return [factories.block_of(other, "C2-A1-P1-a1"), factories.block_of(block.chapter, "C1-A1-P1-a2"), block]


@pytest.fixture
def written(participant, passages):
    return [draft(participant, at, f"Avis {number}.") for number, at in enumerate(passages)]


def lodged():
    return session.scalars(sa.select(Contribution).order_by(Contribution.id)).all()


def test_they_are_listed_in_text_order(participant, consultation, written):
    assert [one.draft.fields["body"] for one in service.list_position(participant, consultation)] == ["Avis 2.", "Avis 1.", "Avis 0."]


def test_one_receipt_tells_of_all_and_each_has_its_own(participant, consultation, written):
    receipt = together(participant, consultation, *written)
    assert [one.body for one in service.list_lodged_together(receipt)] == ["Avis 2.", "Avis 1.", "Avis 0."]
    assert [one.ref for one in lodged()] == ["PNQ-C1-0001", "PNQ-C1-0002", "PNQ-C2-0001"]
    assert receipt.ref == "PNQ-P-C1-0001"
    assert [one.receipt.digest for one in lodged()] == [one.digest for one in lodged()]
    assert session.scalars(sa.select(ContributionDraft)).all() == []
    acts = session.scalars(sa.select(AuditEvent.action).where(AuditEvent.action.contains("contributions.lodge"))).all()
    assert sorted(acts) == ["contributions.lodge"] * 3 + ["contributions.lodge_position"]
    audit.seal_all()
    assert verification.verify_database() == []


def test_a_second_press_gives_the_same_receipt_also_after_the_closing(participant, citizen, consultation, written):
    first = together(participant, consultation, *written)
    consultation.phase = Phase.CLOSED
    session.flush()
    assert together(participant, consultation, *written) is first
    assert service.lodge_position(participant, consultation, form_key="position-1", shown={}) is first
    with pytest.raises(Conflict, match="somebody else"):
        together(citizen, consultation, form_key="position-1")
    assert len(lodged()) == 3


def test_after_the_closing_none_is_lodged(participant, consultation, written):
    consultation.phase = Phase.CLOSED
    session.flush()
    with pytest.raises(NotAllowed):
        together(participant, consultation, *written)
    assert lodged() == []


@pytest.mark.parametrize(("over", "wrong"), [
    ({"body": " "}, "Nothing is written yet"), ({"position": ""}, "Choose your position"),
    ({"exact": "des mots venus d’ailleurs"}, "These words are not in the passage"),
])
def test_where_one_cannot_be_lodged_none_is(participant, consultation, passages, written, over, wrong):
    values = {**SAID, "body": "Incomplet.", **over}
    bad = service.keep_draft(participant, passages[0], token="incomplete", fields=values)
    (found,) = [one for one in service.list_position(participant, consultation) if one.obstacles]
    assert found.draft is bad
    assert wrong in str(found.obstacles[0])
    with pytest.raises(Invalid, match=wrong):
        together(participant, consultation, *written, bad)
    assert lodged() == []
    assert len(session.scalars(sa.select(ContributionDraft)).all()) == 4


def test_one_that_changed_since_it_was_shown_holds_all_back(participant, consultation, passages, written):
    before = shown(*written)
    draft(participant, passages[0], "Avis 0.", justification="Un motif.")
    with pytest.raises(Conflict, match="changed, lodged or discarded"):
        service.lodge_position(participant, consultation, form_key="k", shown=before)
    service.drop_draft(participant, written[1])
    with pytest.raises(Conflict, match="changed, lodged or discarded"):
        service.lodge_position(participant, consultation, form_key="k", shown=before)
    assert lodged() == []


def test_nobody_lodges_the_draft_of_another(participant, citizen, consultation, written):
    with pytest.raises(Conflict):
        together(citizen, consultation, *written)
    assert lodged() == []


def test_words_that_are_lodged_already_and_drafts_that_say_the_same_are_told(participant, consultation, passages, written):
    ref = lodge(participant, passages[0], body="Avis 0.").ref
    again = service.keep_draft(participant, passages[1], token="again", fields={**SAID, "body": "Avis 1."})
    found = {one.draft: [str(words) for words in one.obstacles] for one in service.list_position(participant, consultation)}
    assert found[written[0]] == [f"These words are lodged already, under {ref}."]
    assert found[written[1]] == []
    assert "same words" in found[again][0]


def test_a_passage_that_changed_and_one_that_is_gone_are_told_and_can_be_lodged(participant, consultation, block, written):
    chapters.import_chapter(SYSTEM, consultation, data=source(REWORDED).encode())
    drafts = {one.draft.fields["body"]: one for one in service.list_position(participant, consultation)}
    assert drafts["Avis 2."].is_reworded or drafts["Avis 1."].is_reworded
    assert not drafts["Avis 0."].is_reworded
    receipt = together(participant, consultation, *written)
    assert len(service.list_lodged_together(receipt)) == 3
    audit.seal_all()
    assert verification.verify_database() == []


def test_one_letter_tells_of_the_whole(participant, consultation, written):
    receipt = together(participant, consultation, *written)
    tell(jobs.send_position_receipt, receipt.id)
    (letter,) = session.scalars(sa.select(OutgoingMail)).all()
    assert letter.recipient == participant.email
    assert all(one.ref in letter.body and one.digest in letter.body for one in lodged())
    assert receipt.ref in letter.subject
    session.expire_all()
    assert None not in session.scalars(sa.select(Receipt.written_at)).all()
    tell(jobs.send_position_receipt, receipt.id)
    assert len(session.scalars(sa.select(OutgoingMail)).all()) == 1


def test_many_drafts_ask_no_more_of_the_database_to_be_shown(client, participant, block):
    client.sign_in(participant)
    def cost():
        with queries() as asked:
            assert client.get(PAGE).status_code == 200
        return len(asked)
    draft(participant, block, "Premier.")
    few = cost()
    for number in range(30):
        draft(participant, block, f"Avis {number:03}.")
    assert cost() == few <= 12


def test_the_page_lodges_what_is_ticked(client, participant, written):
    client.sign_in(participant)
    page = client.get(PAGE)
    assert text_of(page).index("Avis 2.") < text_of(page).index("Avis 1.") < text_of(page).index("Avis 0.")
    values = form_of(page)
    ticked = [f"{one.id}-{one.row_counter}" for one in written[:2]]
    answer = client.post(PAGE, data={"csrf_token": values["csrf_token"], "form_key": "key-of-a-page", "drafts": ticked})
    assert answer.status_code == 303, text_of(answer)
    receipt = client.get(answer.location)
    assert "PNQ-P-C1-0001" in text_of(receipt)
    assert [one.body for one in lodged()] == ["Avis 1.", "Avis 0."]
    assert "Avis 2." in text_of(client.get(PAGE)), "what was not ticked is a draft still"
    again = client.post(PAGE, data={"csrf_token": values["csrf_token"], "form_key": "key-of-a-page", "drafts": ticked})
    assert again.location == answer.location


def test_the_page_says_what_changed_meanwhile(client, participant, written):
    client.sign_in(participant)
    token = form_of(client.get(PAGE))["csrf_token"]
    answer = client.post(PAGE, data={"csrf_token": token, "form_key": "key-of-a-page", "drafts": [f"{written[0].id}-77"]})
    assert answer.status_code == 409
    assert "Nothing was lodged" in text_of(answer)
    assert client.post(PAGE, data={"csrf_token": token, "form_key": "key-of-a-page"}).status_code == 422


def test_each_is_changed_in_its_place_without_a_script(client, participant, block, written):
    client.sign_in(participant)
    values = {**SAID, "draft": written[2].token, "expected_digest": written[2].digest, "block_id": str(block.id),
              "form_key": written[2].token, "body": "Avis 2, revu.", "act": "draft", "back": "position"}
    answer = client.post(address(block), data=values)
    assert answer.location.endswith(f"/position#draft-{written[2].id}")
    assert "Avis 2, revu." in text_of(client.get(PAGE))


def test_the_receipt_is_its_author_s_alone(app, client, participant, citizen, consultation, written):
    receipt = together(participant, consultation, *written)
    assert client.sign_in(participant).get(f"{PAGE}/{receipt.ref}").status_code == 200
    for stranger in (citizen, factories.a_user(role="secretariat")):
        assert app.test_client().sign_in(stranger).get(f"{PAGE}/{receipt.ref}").status_code == 404
        with pytest.raises(NotFound):
            service.get_position_receipt(stranger, receipt.ref)
    assert app.test_client().get(f"{PAGE}/{receipt.ref}").status_code == 303
    assert session.scalar(sa.select(sa.func.count()).select_from(PositionEntry)) == 3
    assert session.scalars(sa.select(PositionReceipt)).one() is receipt


def test_a_page_shows_the_newest_drafts_that_it_has_room_for(client, participant, consultation, written, monkeypatch):
    size = sum(len(words) for words in written[-1].fields.values())
    monkeypatch.setattr("consult.contributions.service.position.MAX_SHOWN", 2 * size + size // 2)
    client.sign_in(participant)
    page = text_of(client.get(PAGE))
    assert [f"Avis {number}." in page for number in range(3)] == [False, True, True]
    assert "The 2 newest drafts are shown." in page
    together(participant, consultation, *written)
    assert len(lodged()) == 3
    monkeypatch.setattr("consult.contributions.service.position.MAX_SHOWN", 1)
    draft(participant, written[0].block, "Un seul, plus long.")
    assert "Un seul, plus long." in text_of(client.get(PAGE))
