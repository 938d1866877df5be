"""An author is asked for other words, which stand beside those lodged and wait for a decision again."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from consult.consultations.models import Role
from consult.contributions import service as contributions
from consult.contributions.models import Contribution, ContributionState
from consult.core import audit, jobs
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed
from consult.core.verification import verify_journal
from consult.moderation import service
from consult.moderation.models import AnswerKind, Reason, Rephrasing, RephrasingAnswer, Verdict
from consult.moderation.service import rephrasing
from tests import factories, locking
from tests.letters import letters_to

BODY = "Ces bureaucrates ignorent ce point, précisez-le."
OTHER = "Ce point est absent du texte : précisez-le."
ASKED = {"reason": Reason.INSULT, "words": "Dites-le sans viser les personnes.", "phrases": "Ces bureaucrates"}
PUBLIC, WAITING, REPHRASING = ContributionState.PUBLISHED, ContributionState.SUBMITTED, ContributionState.REPHRASING


@pytest.fixture
def sharp(block):
    return factories.a_contribution(block=block, body=BODY)


@pytest.fixture
def asked(rapporteur, sharp):
    service.ask_to_rephrase(rapporteur, sharp, expected_counter=sharp.row_counter, **ASKED)
    return sharp


def last(subject) -> Rephrasing:
    return session.scalars(sa.select(Rephrasing).where(Rephrasing.contribution_id == subject.id).order_by(Rephrasing.id.desc())).first()


def post_all() -> None:
    session.commit()
    while jobs.run_pending():
        pass


def test_nobody_reads_it_while_its_author_is_asked_and_the_letter_says_until_when(client, rapporteur, asked, consultation):
    assert (asked.state, last(asked).phrases) == (REPHRASING, "Ces bureaucrates")
    assert asked.state.blocks_validation
    assert last(asked).due_at - last(asked).decision.decided_at >= timedelta(days=7) - timedelta(seconds=5)
    assert asked not in service.queue(rapporteur, [asked.chapter], states=ContributionState.where(awaits_moderation=True)).rows
    assert client.get(f"/en/contributions/{asked.ref}").status_code == 403
    post_all()
    letter = letters_to(asked.author)[-1]
    for said in ("Ces bureaucrates", ASKED["words"], f"/moderation/rephrase/{asked.ref}"):
        assert said in letter.body


def test_the_new_words_stand_beside_those_lodged_and_wait_for_a_moderator(app, client, rapporteur, asked):
    digest = asked.digest
    page = client.sign_in(asked.author).get(f"/en/moderation/rephrase/{asked.ref}").text
    assert BODY in page
    assert ASKED["words"] in page
    answer = client.post(f"/en/moderation/rephrase/{asked.ref}", data={"body": OTHER})
    assert answer.status_code == 303
    assert (asked.state, asked.body, asked.lodged_body, asked.digest) == (WAITING, OTHER, BODY, digest)
    assert not asked.is_redacted
    assert last(asked).answer.digest in client.get(answer.location).text
    page = client.sign_in(rapporteur).get(f"/en/moderation/{asked.ref}").text
    assert "Rephrased by its author" in page
    assert "<del>" in page
    assert "<ins>" in page
    service.publish(rapporteur, asked, expected_counter=asked.row_counter)
    public = app.test_client().get(f"/en/contributions/{asked.ref}").text
    assert OTHER in public
    assert "bureaucrates" not in public
    assert "rephrased" in public
    audit.seal()
    assert verify_journal() == []


def test_the_author_is_sent_the_proof_of_the_new_words_once(asked):
    answer = service.rephrase(asked.author, asked, body=OTHER)
    post_all()
    post_all()
    proofs = [letter for letter in letters_to(asked.author) if answer.digest in letter.body]
    assert len(proofs) == 1
    assert OTHER in proofs[0].body
    event = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "moderation.rephrase")).one()
    assert event.details == {"ref": asked.ref, "answer": "reworded", "sha256": answer.digest}


def test_justification_and_proposed_change_are_rephrased_too(rapporteur, block):
    said = factories.a_contribution(block=block, body=BODY, justification="Parce que.", replacement="Une autre règle.")
    service.ask_to_rephrase(rapporteur, said, expected_counter=said.row_counter, **ASKED)
    with pytest.raises(Invalid) as refusal:
        service.rephrase(said.author, said, body=OTHER, replacement=" ")
    assert refusal.value.field == "replacement"
    service.rephrase(said.author, said, body=OTHER, justification="", replacement="Une règle plus claire.")
    assert (said.body, said.justification, said.amendment.replacement) == (OTHER, "", "Une règle plus claire.")
    assert (said.lodged_justification, said.amendment.lodged_replacement) == ("Parce que.", "Une autre règle.")


def test_who_keeps_the_words_is_not_asked_again(client, rapporteur, asked):
    client.sign_in(asked.author)
    assert client.post(f"/en/moderation/keep-words/{asked.ref}").status_code == 303
    assert (asked.state, asked.body, last(asked).answer.kind) == (WAITING, BODY, AnswerKind.KEPT)
    page = client.sign_in(rapporteur).get(f"/en/moderation/{asked.ref}").text
    assert "keeps the words" in page
    assert f"/en/moderation/ask-to-rephrase/{asked.ref}" not in page
    with pytest.raises(Conflict):
        service.ask_to_rephrase(rapporteur, asked, expected_counter=asked.row_counter, **ASKED)
    service.withhold(rapporteur, asked, reason=Reason.INSULT, words="Non.", expected_counter=asked.row_counter)


def test_a_term_that_is_over_gives_it_back_to_the_moderators_and_decides_nothing(client, rapporteur, asked, time_machine):
    service.end_terms()
    assert asked.state == REPHRASING
    time_machine.move_to(last(asked).due_at + timedelta(minutes=1))
    service.end_terms()
    service.end_terms()
    assert (asked.state, last(asked).answer.kind) == (WAITING, AnswerKind.LAPSED)
    assert "No answer within the term" in client.sign_in(rapporteur).get(f"/en/moderation/{asked.ref}").text
    late = client.sign_in(asked.author).post(f"/en/moderation/rephrase/{asked.ref}", data={"body": OTHER})
    assert late.status_code == 409
    assert OTHER in late.text, "what was typed too late is not lost"
    assert asked.body == BODY
    again = service.ask_to_rephrase(rapporteur, asked, expected_counter=asked.row_counter, **ASKED)
    assert again.verdict == Verdict.ASK_TO_REPHRASE
    service.end_terms()
    assert asked.state == REPHRASING, "the earlier term is not this one"


def test_an_ask_that_is_taken_back_is_no_longer_answered(rapporteur, asked):
    service.reopen(rapporteur, asked, expected_counter=asked.row_counter)
    assert asked.state == WAITING
    for act, values in ((service.rephrase, {"body": OTHER}), (service.keep_words, {})):
        with pytest.raises(Conflict):
            act(asked.author, asked, **values)
    assert session.scalar(sa.select(sa.func.count()).select_from(RephrasingAnswer)) == 0


def test_its_author_may_withdraw_it_instead(asked):
    contributions.withdraw(asked.author, asked)
    with pytest.raises(Conflict):
        service.rephrase(asked.author, asked, body=OTHER)
    assert asked.state == ContributionState.WITHDRAWN


def test_what_was_published_is_taken_out_of_sight_and_comes_back_in_other_words(rapporteur, block):
    said = factories.a_contribution(block=block, body=BODY)
    service.publish(rapporteur, said, expected_counter=said.row_counter)
    service.ask_to_rephrase(rapporteur, said, expected_counter=said.row_counter, **ASKED)
    assert not said.is_public
    service.rephrase(said.author, said, body=OTHER)
    service.redact(rapporteur, said, reason=Reason.INSULT, words="Un mot.", phrases="absent", expected_counter=said.row_counter)
    assert said.is_redacted
    assert "absent" not in said.body
    assert said.body.startswith("Ce point est")
    with pytest.raises(Conflict):
        service.ask_to_rephrase(rapporteur, said, expected_counter=said.row_counter, **ASKED)
    service.show_all(rapporteur, said, reason=Reason.MISTAKE, words="Rien.", expected_counter=said.row_counter)
    assert (said.body, said.is_redacted) == (OTHER, False)
    audit.seal()
    assert verify_journal() == []


@pytest.mark.parametrize("typed", ["", " \n\u200b", "a\x00b", "a\u202eb", "x" * 10_001, BODY])
def test_new_words_are_required_and_can_be_kept(client, asked, typed):
    answer = client.sign_in(asked.author).post(f"/en/moderation/rephrase/{asked.ref}", data={"body": typed})
    assert answer.status_code == 422
    assert asked.state == REPHRASING
    with pytest.raises(Invalid):
        service.rephrase(asked.author, asked, body=typed)


def test_words_that_are_not_in_the_text_are_refused_and_none_need_be_named(rapporteur, sharp):
    with pytest.raises(Invalid) as refusal:
        service.ask_to_rephrase(rapporteur, sharp, expected_counter=sharp.row_counter, **{**ASKED, "phrases": "jamais écrit"})
    assert refusal.value.field == "phrases"
    assert (sharp.state, service.list_decisions(rapporteur, sharp)) == (WAITING, [])
    service.ask_to_rephrase(rapporteur, sharp, expected_counter=sharp.row_counter, **{**ASKED, "phrases": ""})
    assert last(sharp).phrases == ""


def test_nobody_else_answers_or_reads_what_was_asked(client, participant, rapporteur, asked):
    for person in (participant, rapporteur):
        with pytest.raises(NotAllowed):
            service.rephrase(person, asked, body=OTHER)
        assert client.sign_in(person).get(f"/en/moderation/rephrase/{asked.ref}").status_code == 403
    with pytest.raises(NotAllowed):
        service.lapse(rapporteur, last(asked))


def test_so_with_a_reply(app, client, rapporteur, participant, contribution):
    service.publish(rapporteur, contribution, expected_counter=contribution.row_counter)
    reply = contributions.reply(participant, contribution, form_key="reply-1", body=BODY)
    service.ask_to_rephrase(rapporteur, reply, expected_counter=reply.row_counter, **ASKED)
    post_all()
    assert f"/moderation/rephrase/{reply.ref}" in letters_to(participant)[-1].body
    page = client.sign_in(participant).get(f"/en/moderation/rephrase/{reply.ref}").text
    assert 'name="justification"' not in page
    client.post(f"/en/moderation/rephrase/{reply.ref}", data={"body": OTHER})
    assert (reply.state, reply.body, reply.lodged_body) == (WAITING, OTHER, BODY)
    service.publish(rapporteur, reply, expected_counter=reply.row_counter)
    assert OTHER in app.test_client().get(f"/en/contributions/{contribution.ref}").text


def test_the_pages_of_the_author_lead_to_it(client, asked):
    client.sign_in(asked.author)
    for path in (f"/en/contributions/{asked.ref}", "/en/contributions/mine"):
        assert f"/en/moderation/rephrase/{asked.ref}" in client.get(path).text


def test_no_word_of_it_is_rewritten_in_the_database(asked):
    service.rephrase(asked.author, asked, body=OTHER)
    for statement in (sa.update(RephrasingAnswer).values(body="autre"), sa.delete(RephrasingAnswer),
                      sa.update(Rephrasing).values(phrases=""), sa.update(Contribution).values(lodged_body=OTHER)):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), session.begin_nested():
            session.execute(statement)


def test_terms_of_several_chapters_end_one_chapter_after_the_other(rapporteur, sharp, time_machine):
    elsewhere = factories.a_chapter(sharp.consultation, number=2)
    others = [factories.a_contribution(block=factories.block_of(elsewhere, "C2-A1-P1-a1"), body=BODY) for _n in range(2)]
    head = factories.a_user(role=Role.SECRETARIAT)
    for said in (others[0], sharp, others[1]):
        service.ask_to_rephrase(head, said, expected_counter=said.row_counter, **ASKED)
    time_machine.move_to(last(others[1]).due_at + timedelta(minutes=1))
    with locking.watched():
        service.end_terms()
    assert [said.state for said in (*others, sharp)] == [WAITING, WAITING, REPHRASING]
    with locking.watched():
        service.end_terms()
    assert sharp.state == WAITING


def test_one_that_its_author_answered_meanwhile_leaves_nothing_and_stops_no_other(rapporteur, sharp, block, time_machine, monkeypatch):
    other = factories.a_contribution(block=block, body=BODY)
    for said in (sharp, other):
        service.ask_to_rephrase(rapporteur, said, expected_counter=said.row_counter, **ASKED)
    give_back = rephrasing._give_back

    def refuse(subject) -> None:
        give_back(subject)
        if subject.id == sharp.id:
            raise Conflict("Its author was quicker.")
    monkeypatch.setattr(rephrasing, "_give_back", refuse)
    time_machine.move_to(last(other).due_at + timedelta(minutes=1))
    service.end_terms()
    assert (sharp.state, last(sharp).answer, other.state) == (REPHRASING, None, WAITING)


def test_nothing_of_an_answer_that_was_overtaken_is_kept(client, asked, monkeypatch):
    def overtake(_subject) -> None:
        raise Conflict("Somebody was quicker.")
    monkeypatch.setattr(rephrasing, "_give_back", overtake)
    session.commit()
    late = client.sign_in(asked.author).post(f"/en/moderation/rephrase/{asked.ref}", data={"body": OTHER})
    assert late.status_code == 409
    assert "Somebody was quicker" in late.text
    assert OTHER in late.text
    session.rollback()
    assert (asked.body, asked.rephrased_at, last(asked).answer) == (BODY, None, None)
