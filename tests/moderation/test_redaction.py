"""Words that moderators take out of the public's sight: nobody reads them anywhere, and nothing of what was lodged is changed."""

import json

import pytest
import sqlalchemy as sa

from consult.contributions import service as contributions
from consult.contributions.models import ContributionState, ContributionWord, Reply
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed
from consult.core.i18n import clock_at, utcnow
from consult.moderation import service
from consult.moderation.models import TAKEN_BACK_WITHIN, Part, Reason, Redaction, Verdict
from consult.moderation.service.verification import verify_shown_texts
from consult.text import masking
from tests import factories

NAME = "Driss  Alaoui"
BODY = "Le directeur Driss Alaoui, joint au 06 12 34 56 78, refuse tout.\n\nDriss\nAlaoui le sait."
GIVEN = {"reason": Reason.PERSONAL_DATA, "words": "Le nom d’une personne privée."}
MARK = "[passage occulté]"


@pytest.fixture
def named(block):
    return factories.a_contribution(
        block=block, body=BODY, justification="Selon Driss Alaoui lui-même.", replacement="Confier à Driss Alaoui.")


def redact(actor, subject, phrases, **over):
    return service.redact(actor, subject, phrases=phrases, expected_counter=subject.row_counter, **{**GIVEN, **over})


def test_the_words_are_hidden_wherever_they_stand_and_what_was_lodged_stays(rapporteur, named):
    digest = named.digest
    redact(rapporteur, named, f"{NAME}\n06 12 34 56 78")
    assert named.state == ContributionState.PUBLISHED
    assert named.body == f"Le directeur {MARK}, joint au {MARK}, refuse tout.\n\n{MARK} le sait."
    assert named.justification == f"Selon {MARK} lui-même."
    assert named.amendment.replacement == f"Confier à {MARK}."
    assert (named.as_lodged.body, named.digest) == (BODY, digest)
    assert session.scalar(sa.select(type(named).body).where(type(named).id == named.id)) == named.body, "in a query too"
    assert {one.part for one in session.scalars(sa.select(Redaction))} == set(Part)


def test_a_text_of_another_language_has_its_own_mark(rapporteur, block):
    said = factories.a_contribution(block=block, language="ar", body="السيد إدريس يرفض ذلك.")
    redact(rapporteur, said, "إدريس")
    assert said.body == "السيد [مقطع محجوب] يرفض ذلك."


def test_the_same_words_count_once_and_there_are_a_hundred_at_most(rapporteur, named):
    redact(rapporteur, named, f"{NAME}\n" * 300)
    with pytest.raises(Invalid, match="more than 100") as refusal:
        redact(rapporteur, named, "\n".join(f"mot{n}" for n in range(101)))
    assert refusal.value.field == "phrases"


@pytest.mark.parametrize("phrases", ["", " \n\u200b", "un autre nom", f"{NAME}\nun autre nom", "a\x00b"])
def test_words_that_are_not_there_are_refused(rapporteur, named, phrases):
    with pytest.raises(Invalid) as refusal:
        redact(rapporteur, named, phrases)
    assert refusal.value.field == "phrases"
    assert (named.body, named.state) == (BODY, ContributionState.SUBMITTED)


def test_showing_all_again_and_hiding_others(rapporteur, named):
    redact(rapporteur, named, NAME)
    redact(rapporteur, named, "06 12 34 56 78")
    assert NAME not in named.body
    assert named.body.count(MARK) == 3, "what is hidden already stays hidden"
    service.show_all(rapporteur, named, reason=Reason.MISTAKE, words="Le nom est public.", expected_counter=named.row_counter)
    assert (named.body, named.is_redacted) == (BODY, False)
    with pytest.raises(Conflict):
        service.show_all(rapporteur, named, reason=Reason.MISTAKE, words="Le nom est public.", expected_counter=named.row_counter)


def test_taking_a_redaction_back_shows_what_it_hid_to_nobody_but_those_in_charge(rapporteur, named, client):
    redact(rapporteur, named, NAME)
    redact(rapporteur, named, "06 12 34 56 78")
    service.reopen(rapporteur, named, expected_counter=named.row_counter)
    assert named.state == ContributionState.SUBMITTED
    assert "06 12 34 56 78" in named.body
    assert "Driss" not in named.body, "the earlier decision stands"
    assert client.get(f"/fr/contributions/{named.ref}").status_code == 403


def test_a_decision_is_taken_back_once_and_while_it_is_fresh(rapporteur, contribution):
    service.publish(rapporteur, contribution, expected_counter=contribution.row_counter)
    with clock_at(utcnow() + TAKEN_BACK_WITHIN * 1.01), pytest.raises(Conflict, match="within an hour"):
        service.reopen(rapporteur, contribution, expected_counter=contribution.row_counter)
    service.reopen(rapporteur, contribution, expected_counter=contribution.row_counter)
    with pytest.raises(Conflict):
        service.reopen(rapporteur, contribution, expected_counter=contribution.row_counter)
    history = service.list_decisions(rapporteur, contribution)
    assert [decision.verdict for decision in history] == [Verdict.PUBLISH, Verdict.REOPEN], "nothing is erased"


def test_every_reading_of_what_is_hidden_leaves_its_event(rapporteur, participant, named):
    with pytest.raises(Conflict):
        service.read_original(rapporteur, named)
    redact(rapporteur, named, NAME)
    for _time in range(2):
        assert service.read_original(rapporteur, named).as_lodged.body == BODY
    events = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "moderation.read_original")).all()
    assert [(event.actor_id, event.subject_id) for event in events] == [(rapporteur.id, named.id)] * 2
    with pytest.raises(NotAllowed):
        service.read_original(participant, named)


def test_the_page_of_what_is_hidden_is_asked_for_by_a_button(client, rapporteur, named):
    redact(rapporteur, named, NAME)
    client.sign_in(rapporteur)
    assert "Driss" not in client.get(f"/en/moderation/{named.ref}").text
    assert client.get(f"/en/moderation/read-original/{named.ref}").status_code == 303, "opening a link changes nothing"
    assert session.scalar(sa.select(sa.func.count()).where(AuditEvent.action == "moderation.read_original")) == 0
    assert "Driss" in client.post(f"/en/moderation/read-original/{named.ref}").text


def test_replies_are_redacted_alike(rapporteur, participant, contribution):
    service.publish(rapporteur, contribution, expected_counter=contribution.row_counter)
    reply = contributions.reply(participant, contribution, form_key="reply-1", body="Driss Alaoui ment.")
    digest = reply.digest
    redact(rapporteur, reply, NAME)
    assert (reply.body, reply.digest) == (f"{MARK} ment.", digest)
    assert session.scalar(sa.select(Reply.body).where(Reply.id == reply.id)) == reply.body
    assert contributions.list_thread(contribution).rows == [reply]
    service.reopen(rapporteur, reply, expected_counter=reply.row_counter)
    assert (reply.body, reply.state) == ("Driss Alaoui ment.", ContributionState.SUBMITTED)


def test_the_words_kept_for_searching_are_those_shown(rapporteur, named, consultation):
    redact(rapporteur, named, NAME)
    session.add(ContributionWord(chapter_id=named.chapter_id, word="alaou", contribution_id=named.id))
    session.flush()
    redact(rapporteur, named, "06 12 34 56 78")
    assert session.scalars(sa.select(ContributionWord).where(ContributionWord.contribution_id == named.id)).all() == []


def test_verifying_finds_what_does_not_follow_from_the_decisions(rapporteur, named):
    redact(rapporteur, named, NAME)
    session.flush()
    assert [fault for fault in verification_faults() if named.ref in fault] == []
    session.execute(sa.text("UPDATE contribution SET shown_body = 'Autre chose.' WHERE id = :id"), {"id": named.id})
    session.expire_all()
    assert [fault for fault in verification_faults() if named.ref in fault] != []


def verification_faults() -> list[str]:
    return list(verify_shown_texts())


def test_spans_that_overlap_are_one():
    assert masking.masked("abcdef", [(1, 3), (2, 4), (5, 6)], "*") == "a*e*"
    assert masking.places_of("B c", "b\n C, ab c, b  c") == [(0, 4), (12, 16)]
    assert masking.places_of(" ", "ab") == []


def test_the_register_is_taken_away_as_data_without_texts_or_messages(client, rapporteur, named, consultation):
    redact(rapporteur, named, NAME)
    reply = contributions.reply(rapporteur, named, form_key="reply-1", body="Driss Alaoui ment.")
    with pytest.raises(NotAllowed):
        redact(rapporteur, reply, NAME)  # one's own
    as_csv = client.get("/fr/exports/open-data/decisions").text
    assert f"{named.ref},1,0,redact,personal_data," in as_csv
    rows = json.loads(client.get("/fr/exports/open-data/decisions-json").text)
    assert [(row["ref"], row["decision"], row["is_reply"]) for row in rows] == [(named.ref, "redact", 0)]
    pages = ("exports/open-data/contributions", f"contributions/{named.ref}", "moderation/register", "chapters/1", "contributions")
    for text in (as_csv, str(rows), *(client.get(f"/fr/{page}").text for page in pages)):
        assert "Driss" not in text
        assert GIVEN["words"] not in text
