"""Readers flag what everybody reads: once each, for the moderators alone; they are told what became of it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from consult.consultations.models import Role
from consult.contributions import service as contributions
from consult.contributions.models import CommentType, Contribution, ContributionState, Kind, Origin, Position
from consult.core import jobs
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed
from consult.core.i18n import utcnow
from consult.moderation import service
from consult.moderation.models import Flag, FlagOutcome, Reason
from consult.moderation.service import flagging
from tests import factories
from tests.letters import letters_to

FLAGGED = {"reason": Reason.INSULT, "words": "La première phrase insulte quelqu’un."}
WITHHELD = {"reason": Reason.INSULT, "words": "Des injures."}


@pytest.fixture
def published(block):
    return factories.a_published_contribution(block=block)


def flags() -> list[Flag]:
    return list(session.scalars(sa.select(Flag).order_by(Flag.id)))


def post_all() -> None:
    session.commit()
    while jobs.run_pending():
        pass


def listed(actor, consultation):
    return [one.subject for one in service.list_flagged(actor, consultation, service.list_chapters(actor, consultation)).rows]


def test_a_reader_flags_from_the_page_and_sees_what_became_of_it(app, client, participant, rapporteur, published, consultation):
    address = f"/en/moderation/flag/{published.ref}"
    assert address in client.sign_in(participant).get(f"/en/contributions/{published.ref}").text
    assert client.post(address, data={"reason": "insult", "words": FLAGGED["words"]}).status_code == 303
    assert "It waits for a moderator" in client.get(address).text
    assert listed(rapporteur, consultation) == [published]
    desk = app.test_client().sign_in(rapporteur)
    assert "1 flag" in desk.get("/en/moderation/flagged").text
    page = desk.get(f"/en/moderation/{published.ref}?state=published").text
    assert FLAGGED["words"] in page
    assert participant.name not in page, "who flagged it is nobody's business"
    assert desk.post(f"/en/moderation/keep-flagged/{published.ref}", data={"up_to": flags()[0].id}).status_code == 303
    assert "leaves it as it is" in client.get(address).text
    assert (published.state, listed(rapporteur, consultation)) == (ContributionState.PUBLISHED, [])
    post_all()
    post_all()
    told = [letter for letter in letters_to(participant) if published.ref in letter.subject]
    assert len(told) == 1
    assert "le laisse tel quel" in told[0].body


def test_the_public_and_the_author_see_nothing_of_it(app, client, participant, published):
    service.flag(participant, published, **FLAGGED)
    for reader in (app.test_client(), client.sign_in(published.author)):
        page = reader.get(f"/en/contributions/{published.ref}").text
        assert FLAGGED["words"] not in page
        assert "flag/" not in page
    assert app.test_client().get(f"/en/moderation/flag/{published.ref}").status_code == 303
    answer = client.post(f"/en/moderation/flag/{published.ref}", data={"reason": "insult", "words": "Moi."})
    assert answer.status_code == 403


@pytest.mark.parametrize("decide", ["withhold", "redact", "ask_to_rephrase"])
def test_a_decision_answers_them_all(rapporteur, participant, citizen, published, decide):
    for person in (participant, citizen):
        service.flag(person, published, **FLAGGED)
    phrases = {} if decide == "withhold" else {"phrases": "point"}
    getattr(service, decide)(rapporteur, published, expected_counter=published.row_counter, **WITHHELD, **phrases)
    assert {one.outcome for one in flags()} == {FlagOutcome.ACTED}
    post_all()
    for person in (participant, citizen):
        assert "a pris une décision" in letters_to(person)[-1].body


def test_many_flags_hide_nothing(app, published):
    for _each in range(30):
        service.flag(factories.a_user(), published, **FLAGGED)
    assert published.is_public
    assert app.test_client().get(f"/en/contributions/{published.ref}").status_code == 200


def test_a_flag_that_came_meanwhile_is_not_answered_unseen(rapporteur, participant, citizen, published):
    seen = service.flag(participant, published, **FLAGGED)
    service.flag(citizen, published, **FLAGGED)
    service.keep_flagged(rapporteur, published, up_to=seen.id)
    assert [one.outcome for one in flags()] == [FlagOutcome.KEPT, None]
    with pytest.raises(Conflict):
        service.keep_flagged(rapporteur, published, up_to=seen.id)


def test_once_each_and_so_many_a_day(participant, published, block, time_machine, monkeypatch):
    service.flag(participant, published, **FLAGGED)
    with pytest.raises(Conflict, match="already"):
        service.flag(participant, published, **FLAGGED)
    monkeypatch.setattr(flagging, "MOST_A_DAY", 2)
    service.flag(participant, factories.a_published_contribution(block=block), **FLAGGED)
    third = factories.a_published_contribution(block=block)
    with pytest.raises(Conflict, match="most in a day"):
        service.flag(participant, third, **FLAGGED)
    time_machine.move_to(flags()[-1].flagged_at + timedelta(days=1, minutes=1))
    service.flag(participant, third, **FLAGGED)
    assert len(flags()) == 3


@pytest.mark.parametrize(("over", "field"), [
    ({"words": ""}, "words"), ({"words": " \u200b"}, "words"), ({"words": "a\x00b"}, "words"), ({"words": "x" * 1001}, "words"),
    ({"reason": Reason.CONFORMS}, "reason"),
])
def test_what_cannot_be_taken_names_its_field(participant, published, over, field):
    with pytest.raises(Invalid) as refusal:
        service.flag(participant, published, **{**FLAGGED, **over})
    assert refusal.value.field == field
    assert flags() == []


def test_what_nobody_reads_is_not_flagged_nor_by_nobody(client, participant, contribution, published):
    with pytest.raises(NotAllowed):
        service.flag(participant, contribution, **FLAGGED)
    assert client.post(f"/en/moderation/flag/{published.ref}", data={"reason": "insult", "words": "Moi."}).status_code in (302, 303, 403)
    assert flags() == []


def test_of_what_its_author_withdraws_the_flaggers_are_told(participant, published, consultation, rapporteur):
    service.flag(participant, published, **FLAGGED)
    contributions.withdraw(published.author, published)
    assert [one.outcome for one in flags()] == [FlagOutcome.WITHDRAWN]
    assert listed(rapporteur, consultation) == []


def test_so_with_a_reply(rapporteur, participant, citizen, published, consultation):
    reply = contributions.reply(participant, published, form_key="reply-1", body="Je n’en crois rien.")
    service.publish(rapporteur, reply, expected_counter=reply.row_counter)
    service.flag(citizen, reply, **FLAGGED)
    assert listed(rapporteur, consultation) == [reply]
    service.withhold(rapporteur, reply, expected_counter=reply.row_counter, **WITHHELD)
    assert [one.outcome for one in flags()] == [FlagOutcome.ACTED]
    post_all()
    assert reply.ref in letters_to(citizen)[-1].subject


def test_only_those_in_charge_elsewhere_answer(participant, published):
    made = service.flag(participant, published, **FLAGGED)
    with pytest.raises(NotAllowed):
        service.keep_flagged(participant, published, up_to=made.id)


@pytest.mark.parametrize("up_to", ["9223372036854775808", "-1", "x", ""])
def test_a_number_that_no_page_sends_settles_nothing(client, rapporteur, participant, published, up_to):
    service.flag(participant, published, **FLAGGED)
    answer = client.sign_in(rapporteur).post(f"/en/moderation/keep-flagged/{published.ref}", data={"up_to": up_to})
    assert answer.status_code == 409
    assert [one.outcome for one in flags()] == [None]


def test_the_journal_that_everybody_reads_does_not_tell_that_somebody_flagged_it(app, rapporteur, participant, published):
    made = service.flag(participant, published, **FLAGGED)
    service.keep_flagged(rapporteur, published, up_to=made.id)
    event = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "moderation.keep_flagged")).one()
    assert (event.subject, event.subject_id) == ("flag", made.id)
    assert "flagged" not in app.test_client().get(f"/en/contributions/{published.ref}").text


def test_what_a_decision_takes_out_of_sight_meanwhile_is_not_flagged(participant, published):
    here = Contribution.__table__
    with session.begin_nested() as elsewhere:  # as another process would: what the session has loaded knows nothing of it
        session.connection().execute(sa.update(here).where(here.c.id == published.id).values(
            state=ContributionState.WITHHELD, row_counter=here.c.row_counter + 1))
        assert published.is_public
        with pytest.raises(NotAllowed):
            service.flag(participant, published, **FLAGGED)
        elsewhere.rollback()
    assert flags() == []


def test_of_what_was_typed_and_is_entered_again_the_flaggers_are_told(participant, block):
    typed = factories.a_published_contribution(block=block, origin=Origin.PAPER, received_at=utcnow())
    service.flag(participant, typed, **FLAGGED)
    again = contributions.enter_again(factories.a_user(role=Role.SECRETARIAT), typed, block=block, form_key="again", body="Autrement.",
                                      kind=Kind.COMMENT, comment_type=CommentType.GENERAL, position=Position.OPPOSED)
    assert again.ref != typed.ref
    assert [(one.contribution_id, one.outcome) for one in flags()] == [(typed.id, FlagOutcome.WITHDRAWN)]
