"""What is published at once waits to be read, the oldest first, against what authors were told."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from consult.consultations.models import ModerationMode
from consult.contributions import service as contributions
from consult.contributions.models import ContributionState, Reply
from consult.core.db import session
from consult.core.errors import Conflict, NotAllowed
from consult.moderation import service
from consult.moderation.models import ModerationHint, Reason
from consult.moderation.service import hinting
from consult.moderation.views.reading import is_late
from tests import factories
from tests.contributions.test_service import lodge


@pytest.fixture
def afterwards(consultation):
    consultation.moderation_mode = ModerationMode.AFTER
    session.commit()
    return consultation


@pytest.fixture
def unread(afterwards, participant, block):
    return lodge(participant, block)


def listed(actor, chapter, **given):
    return list(service.list_unread(actor, [chapter], **given).rows)


def test_it_is_public_and_waits_to_be_read_until_somebody_in_charge_has(client, rapporteur, chapter, unread, block):
    second = lodge(factories.a_user(), block, "second")
    assert unread.is_public
    assert listed(rapporteur, chapter) == [unread, second]
    page = client.sign_in(rapporteur).get("/en/moderation/unread").text
    assert page.index(unread.ref) < page.index(second.ref)
    assert "Read, leave it as it is" in client.get(f"/en/moderation/{unread.ref}?state=published").text
    answer = client.post(f"/en/moderation/mark-read/{unread.ref}", data={"expected_counter": unread.row_counter})
    assert second.ref in answer.location
    assert listed(rapporteur, chapter) == [second]
    assert unread.state == ContributionState.PUBLISHED
    assert service.list_decisions(rapporteur, unread) == []
    again = client.post(f"/en/moderation/mark-read/{unread.ref}", data={"expected_counter": unread.row_counter})
    assert again.status_code == 409
    done = client.post(f"/en/moderation/mark-read/{second.ref}", data={"expected_counter": second.row_counter})
    assert done.location.endswith("/moderation/unread")


def test_who_decides_has_read_it(rapporteur, chapter, unread):
    service.withhold(rapporteur, unread, reason=Reason.INSULT, words="Non.", expected_counter=unread.row_counter)
    assert listed(rapporteur, chapter) == []
    with pytest.raises(Conflict):
        service.mark_read(rapporteur, unread, expected_counter=unread.row_counter)


def test_what_changed_since_is_not_marked_unseen(rapporteur, unread):
    seen = unread.row_counter
    contributions.withdraw(unread.author, unread)
    with pytest.raises(Conflict):
        service.mark_read(rapporteur, unread, expected_counter=seen)


def test_what_waits_longer_than_promised_is_late(client, rapporteur, afterwards, unread, contribution, time_machine):
    for waiting in (unread, contribution):
        assert not is_late(waiting)
    time_machine.move_to(unread.submitted_at + timedelta(hours=afterwards.promised_hours, minutes=1))
    for waiting in (unread, contribution):
        assert is_late(waiting)
    client.sign_in(rapporteur)
    assert ">late<" in client.get("/en/moderation/unread").text
    assert ">late<" in client.get("/en/moderation/").text


@pytest.mark.parametrize(("hours", "said"), [(24, "1 day"), (36, "36 hours"), (72, "3 days")])
def test_authors_are_told_of_the_promise_on_the_form(client, participant, consultation, block, hours, said):
    consultation.promised_hours = hours
    session.commit()
    client.sign_in(participant)
    address = f"/en/contributions/lodge/1/{block.key}"
    assert f"A moderator reads it within {said}" in client.get(address).text
    consultation.moderation_mode = ModerationMode.AFTER
    session.commit()
    assert f"It appears at once; a moderator reads it afterwards, within {said}" in client.get(address).text


def test_replies_alike(rapporteur, chapter, unread):
    reply = contributions.reply(factories.a_user(), unread, form_key="reply-1", body="Je n’en crois rien.")
    assert listed(rapporteur, chapter, model=Reply) == [reply]
    service.mark_read(rapporteur, reply, expected_counter=reply.row_counter)
    assert listed(rapporteur, chapter, model=Reply) == []


def test_hints_are_looked_for_in_it(afterwards, participant, block):
    said = lodge(participant, block, body="Joignez-moi au 06 12 34 56 78.")
    hinting._looked.clear()
    hinting.look_for_hints()
    assert len(session.scalars(sa.select(ModerationHint).where(ModerationHint.contribution_id == said.id)).all()) == 1


def test_only_those_in_charge_elsewhere(participant, chapter, unread):
    for person in (participant, unread.author):
        with pytest.raises(NotAllowed):
            service.mark_read(person, unread, expected_counter=unread.row_counter)
        with pytest.raises(NotAllowed):
            service.list_unread(person, [chapter])


def test_what_its_author_withdraws_is_not_to_be_read_any_more(rapporteur, chapter, unread):
    reply = contributions.reply(factories.a_user(), unread, form_key="reply-1", body="Je n’en crois rien.")
    contributions.withdraw_reply(reply.author, reply)
    contributions.withdraw(unread.author, unread)
    assert listed(rapporteur, chapter) == []
    assert listed(rapporteur, chapter, model=Reply) == []
