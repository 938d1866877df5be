"""Whoever signs for an organisation declares their mandate and their interests: asked for, kept, public, and covered by the digest."""

import pytest
import sqlalchemy as sa

from consult.contributions import service
from consult.contributions.models import Contribution, ContributionDraft, Declaration, Interest
from consult.core import audit, verification
from consult.core.db import session
from consult.core.errors import Invalid
from tests import factories
from tests.contributions.browsing import FILLED, address, count, form_of, send, text_of
from tests.contributions.test_service import VALUES, lodge

HOSTILE = "<script>alert(1)</script> \u202eligne\n=cmd"


@pytest.mark.parametrize(("interest", "interests", "field"), [
    (None, "", "interest"), (Interest.SOME, "", "interests"), (Interest.SOME, " \u200b\n", "interests"),
    (Interest.NONE, "Un marché.", "interest"),
    (Interest.SOME, "x" * 501, "interests"), (Interest.SOME, "nul\x00", "interests"),
])
def test_nothing_is_signed_for_an_organisation_without_it(participant, block, interest, interests, field):
    with pytest.raises(Invalid) as refusal:
        service.lodge(participant, block, form_key="k", as_organisation=participant.organisation, interest=interest, interests=interests,
                      **VALUES)
    assert refusal.value.field == field
    assert session.scalars(sa.select(Contribution)).all() == []


def test_it_is_kept_with_the_mandate_and_verifies(participant, block):
    body = participant.organisation
    lodged = lodge(participant, block, as_organisation=body, interest=Interest.SOME, interests="Nous vendons des étalons.")
    none = lodge(participant, block, "k2", body="Autre.", as_organisation=participant.organisation)
    kept = session.scalars(sa.select(Declaration).order_by(Declaration.id)).all()
    assert [(one.contribution_id, one.interest, one.interests) for one in kept] == [
        (lodged.id, Interest.SOME, "Nous vendons des étalons."), (none.id, Interest.NONE, "")]
    assert none.content()["interest"] == "none", "that there is none is said as well"
    audit.seal_all()
    assert [fault for fault in verification.verify_database() if "PNQ" in fault or "declaration" in fault] == []


def test_a_declaration_rewritten_by_hand_is_found(participant, block):
    lodged = lodge(participant, block, as_organisation=participant.organisation)
    audit.seal_all()
    for table in ("declaration_no_update",):
        on = "" if session.get_bind().dialect.name == "sqlite" else " ON declaration"
        session.execute(sa.text(f"DROP TRIGGER {table}{on}"))
    session.execute(sa.update(Declaration).values(interest=Interest.SOME, interests="Autre chose"))
    session.commit()
    assert f"{lodged.ref} no longer matches its receipt" in verification.verify_database()


def test_what_was_lodged_before_interests_were_asked_for_says_so_and_verifies(client, participant, block):
    before = factories.a_published_contribution(block=block, author=participant, organisation=participant.organisation)
    session.add(Declaration(contribution_id=before.id, mandate_id=participant.mandate.id))
    session.flush()
    session.expire(before, ["declaration"])
    assert (before.digest, "interest" in before.content()) == (before.receipt.digest, False)
    shown = client.get(f"/fr/contributions/{before.ref}").text
    assert "Les intérêts n’étaient pas encore demandés." in shown


def test_a_person_who_speaks_for_themselves_is_asked_for_none(client, citizen, block):
    assert 'name="interest"' not in client.sign_in(citizen).get(address(block)).text
    lodged = lodge(citizen, block, interest=Interest.SOME, interests="Un marché.")
    assert (lodged.declaration, "interest" in lodged.content()) == (None, False)


def test_the_form_asks_for_it_and_keeps_what_was_typed(client, participant, block):
    client.sign_in(participant)
    page = client.get(address(block))
    assert 'name="interest"' in page.text
    assert "Everybody will read it." in text_of(page)
    refused = send(client, block, interest=None, interests="Un marché en cours.")
    assert (refused.status_code, count()) == (422, 0)
    assert form_of(refused)["interests"] == "Un marché en cours."
    answer = client.post(address(block), data={**form_of(refused), "interest": "some", "act": "submit"})
    assert answer.status_code == 303
    (lodged,) = session.scalars(sa.select(Contribution))
    assert "Un marché en cours." in client.get(answer.location).text, "the receipt"
    assert "Un marché en cours." in client.get(f"/fr/contributions/{lodged.ref}").text


def test_a_session_that_ended_loses_no_word_of_it(client, participant, block):
    values = {**form_of(client.sign_in(participant).get(address(block))), **FILLED, "interest": "some", "interests": "Un marché en cours."}
    with client.session_transaction() as cookies:
        cookies.clear()
    page = client.post(address(block), data={**values, "act": "submit"}, headers={"Origin": "http://consult.test"})
    assert form_of(page)["interests"] == "Un marché en cours."
    for kept in session.scalars(sa.select(ContributionDraft)):
        assert (kept.fields["interest"], kept.fields["interests"]) == ("some", "Un marché en cours.")


def test_hostile_words_are_shown_as_words(client, participant, block):
    answer = send(client.sign_in(participant), block, interest="some", interests=HOSTILE.replace("\u202e", ""))
    shown = client.get(answer.location).text
    assert "<script>alert(1)" not in shown
    assert "&lt;script&gt;alert(1)" in shown


def test_a_position_is_lodged_once_each_draft_has_it(client, participant, block, consultation):
    client.sign_in(participant)
    send(client, block, "draft", interest=None)
    (written,) = service.list_position(participant, consultation)
    (obstacle,) = written.obstacles
    assert "declares their mandate" in str(obstacle)
    page = client.get("/en/contributions/position")
    assert "declares their mandate" in text_of(page)
    assert 'name="interest"' in page.text
    values = {**written.draft.fields, "draft": written.draft.token, "interest": "some", "interests": "Un marché.", "act": "draft",
              "back": "position"}
    assert client.post(address(block), data=values).status_code == 303
    (written,) = service.list_position(participant, consultation)
    assert written.obstacles == []
    service.lodge_position(participant, consultation, form_key="z" * 32, shown={written.draft.id: written.draft.row_counter})
    (lodged,) = session.scalars(sa.select(Contribution))
    assert (lodged.declaration.interest, lodged.declaration.interests) == (Interest.SOME, "Un marché.")
