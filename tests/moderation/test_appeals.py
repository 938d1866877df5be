"""An author appeals once, to the secretariat, whose decision closes it."""

import pytest

from consult.consultations.models import Role
from consult.contributions import service as contributions
from consult.contributions.models import ContributionState
from consult.core.errors import Conflict, Invalid, NotAllowed
from consult.moderation import service
from consult.moderation.models import Reason, Verdict
from tests import factories

WITHHELD = {"reason": Reason.OFF_TOPIC, "words": "Sans rapport avec le texte."}
UPHELD = {"reason": Reason.OFF_TOPIC, "words": "Le passage parle d’autre chose."}
RESTORED = {"reason": Reason.MISTAKE, "words": "Le rapport est clair."}
WHY = "Je parle bien de ce passage."


@pytest.fixture
def withheld(rapporteur, contribution):
    service.withhold(rapporteur, contribution, expected_counter=contribution.row_counter, **WITHHELD)
    return contribution


def listed(actor, consultation):
    found = service.list_appeals(actor, consultation, service.list_chapters(actor, consultation))
    return [appeal.subject for appeal in found.rows]


def test_it_waits_for_the_secretariat_and_nobody_else_decides_meanwhile(rapporteur, secretary, withheld, consultation):
    service.appeal(withheld.author, withheld, words=WHY)
    assert listed(secretary, consultation) == listed(rapporteur, consultation) == [withheld]
    for verdict in (service.restore, service.reopen):
        values = RESTORED if verdict is service.restore else {}
        with pytest.raises(Conflict, match="appealed"):
            verdict(rapporteur, withheld, expected_counter=withheld.row_counter, **values)
    with pytest.raises(NotAllowed):
        service.ACTS[Verdict.UPHOLD](rapporteur, withheld, expected_counter=withheld.row_counter, **UPHELD)
    service.restore(secretary, withheld, expected_counter=withheld.row_counter, **RESTORED)
    assert withheld.state == ContributionState.PUBLISHED
    assert listed(secretary, consultation) == []


def test_a_decision_that_is_upheld_closes_it_for_good(rapporteur, secretary, withheld, consultation):
    service.appeal(withheld.author, withheld, words=WHY)
    service.ACTS[Verdict.UPHOLD](secretary, withheld, expected_counter=withheld.row_counter, **UPHELD)
    assert (withheld.state, listed(secretary, consultation)) == (ContributionState.WITHHELD, [])
    with pytest.raises(Conflict, match="once"):
        service.appeal(withheld.author, withheld, words=WHY)
    with pytest.raises(Conflict):
        service.ACTS[Verdict.UPHOLD](secretary, withheld, expected_counter=withheld.row_counter, **UPHELD)
    with pytest.raises(Conflict, match="nobody else decides"):
        service.restore(rapporteur, withheld, expected_counter=withheld.row_counter, **RESTORED)
    service.restore(secretary, withheld, expected_counter=withheld.row_counter, **RESTORED)
    assert withheld.state == ContributionState.PUBLISHED


def test_the_commission_does_not_undo_what_the_secretariat_decided_on_appeal(client, rapporteur, secretary, withheld):
    service.appeal(withheld.author, withheld, words=WHY)
    service.restore(secretary, withheld, expected_counter=withheld.row_counter, **RESTORED)
    for act, values in ((service.withhold, WITHHELD), (service.redact, {**WITHHELD, "phrases": "point"}), (service.reopen, {})):
        with pytest.raises(Conflict, match="nobody else decides"):
            act(rapporteur, withheld, expected_counter=withheld.row_counter, **values)
    page = client.sign_in(rapporteur).get(f"/en/moderation/{withheld.ref}?state=published").text
    assert "nobody else decides" in page
    assert f"/en/moderation/withhold/{withheld.ref}" not in page
    service.reopen(secretary, withheld, expected_counter=withheld.row_counter)
    with pytest.raises(Conflict, match="nobody else decides"):
        service.publish(rapporteur, withheld, expected_counter=withheld.row_counter)
    service.publish(secretary, withheld, expected_counter=withheld.row_counter)


def test_whoever_took_the_decision_does_not_look_at_it_again(secretary, contribution):
    service.withhold(secretary, contribution, expected_counter=contribution.row_counter, **WITHHELD)
    service.appeal(contribution.author, contribution, words=WHY)
    with pytest.raises(Conflict, match="your own"):
        service.restore(secretary, contribution, expected_counter=contribution.row_counter, **RESTORED)
    other = factories.a_user(role=Role.SECRETARIAT)
    service.restore(other, contribution, expected_counter=contribution.row_counter, **RESTORED)


def test_a_redaction_is_appealed_against_too(rapporteur, secretary, contribution):
    service.redact(rapporteur, contribution, phrases="point", expected_counter=contribution.row_counter, **WITHHELD)
    service.appeal(contribution.author, contribution, words=WHY)
    service.show_all(secretary, contribution, expected_counter=contribution.row_counter, **RESTORED)
    assert not contribution.is_redacted


def test_a_redaction_is_upheld_and_stays(rapporteur, secretary, contribution, consultation):
    service.redact(rapporteur, contribution, phrases="point", expected_counter=contribution.row_counter, **WITHHELD)
    shown = contribution.body
    service.appeal(contribution.author, contribution, words=WHY)
    uphold = service.ACTS[Verdict.UPHOLD]
    uphold(secretary, contribution, expected_counter=contribution.row_counter, **UPHELD)
    assert (contribution.state, contribution.body) == (ContributionState.PUBLISHED, shown)
    assert contribution.is_redacted
    assert listed(secretary, consultation) == []
    with pytest.raises(Conflict):
        uphold(secretary, contribution, expected_counter=contribution.row_counter, **UPHELD)


def test_who_takes_the_text_back_closes_it(client, rapporteur, secretary, withheld, consultation):
    service.appeal(withheld.author, withheld, words=WHY)
    contributions.withdraw(withheld.author, withheld)
    assert listed(secretary, consultation) == listed(rapporteur, consultation) == []
    page = client.sign_in(secretary).get(f"/en/moderation/{withheld.ref}?state=withdrawn").text
    assert "waits for the secretariat" not in page
    assert "its author took the text back" in page
    assert "the appeal is closed" in client.sign_in(withheld.author).get(f"/en/moderation/appeal/{withheld.ref}").text


def test_so_with_a_reply(rapporteur, secretary, participant, contribution, consultation):
    service.publish(rapporteur, contribution, expected_counter=contribution.row_counter)
    reply = contributions.reply(participant, contribution, form_key="reply-1", body="Je n’en crois rien.")
    service.withhold(rapporteur, reply, expected_counter=reply.row_counter, **WITHHELD)
    service.appeal(participant, reply, words=WHY)
    assert listed(secretary, consultation) == [reply]
    contributions.withdraw_reply(participant, reply)
    assert listed(secretary, consultation) == []


@pytest.mark.parametrize("words", ["", " \n\u200b", "a\x00b", "x" * 2001])
def test_words_are_required_and_readable(withheld, words):
    with pytest.raises(Invalid):
        service.appeal(withheld.author, withheld, words=words)


def test_what_is_neither_withheld_nor_ones_own_is_not_appealed(participant, rapporteur, contribution):
    with pytest.raises(Conflict):
        service.appeal(contribution.author, contribution, words=WHY)
    with pytest.raises(NotAllowed):
        service.appeal(rapporteur, contribution, words=WHY)


def test_the_author_asks_on_a_page_and_those_in_charge_read_it(client, rapporteur, secretary, withheld):
    client.sign_in(withheld.author)
    address = f"/en/moderation/appeal/{withheld.ref}"
    assert client.get(address).status_code == 200
    refused = client.post(address, data={"words": " "})
    assert refused.status_code == 422
    assert client.post(address, data={"words": WHY}).status_code == 303
    assert WHY in client.get(address).text
    client.sign_in(secretary)
    assert withheld.ref in client.get("/en/moderation/appeals").text
    page = client.get(f"/en/moderation/{withheld.ref}?state=withheld").text
    assert WHY in page
    assert f"/en/moderation/uphold/{withheld.ref}" in page
