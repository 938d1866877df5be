"""Letters about drafts offered to an organisation: collected for its representatives, each step for its author, for nobody else."""

import pytest
import sqlalchemy as sa

from consult.contributions import offered_letters, service
from consult.core.db import session, unit_of_work
from consult.core.i18n import utcnow
from consult.core.jobs import Job, name_of
from consult.core.mail import OutgoingMail
from consult.core.permissions import SYSTEM
from consult.organisations import service as organisations
from tests import factories
from tests.contributions.test_offering import a_member, lodge, offer
from tests.letters import letters_to, tell


@pytest.fixture
def house(participant):
    return participant.organisation


@pytest.fixture
def member(house):
    return a_member(house)


def promised() -> int:
    """How many letters are promised once the clock has looked."""
    session.commit()
    with unit_of_work():
        offered_letters.tell_of_offered()
    return session.scalar(sa.select(sa.func.count()).select_from(Job).where(Job.name == name_of(offered_letters.tell_representatives)))


def test_representatives_hear_once_of_all_that_was_offered_in_a_while(participant, house, member, block, time_machine):
    colleague, other = factories.a_user(organisation=house, language="ar"), a_member(house)
    now = utcnow()
    time_machine.move_to(now, tick=False)
    offer(member, block)
    time_machine.move_to(now + offered_letters.COLLECTED / 2, tick=False)
    offer(other, block, "offer-2", body="Un autre avis.")
    assert promised() == 0
    time_machine.move_to(now + 1.1 * offered_letters.COLLECTED, tick=False)
    assert promised() == 1
    assert promised() == 1, "one that is on its way is not promised again"
    tell(offered_letters.tell_representatives, house.id)
    for reader in (participant, colleague):
        (letter,) = letters_to(reader)
        assert letter.body.count("C1-A1-P1-a1") == 2 or letter.body.count(block.label) == 2
        assert "avis" not in letter.body.lower(), "the words are read after signing in"
        assert "/organisation-drafts" in letter.body
    assert letters_to(member) == letters_to(other) == []
    tell(offered_letters.tell_representatives, house.id)
    assert len(letters_to(participant)) == 1
    session.execute(sa.delete(Job))
    assert promised() == 0


def test_what_is_decided_before_the_letter_leaves_is_not_told(participant, house, member, block, time_machine):
    first, second = offer(member, block), offer(member, block, "offer-2", body="Un autre avis.")
    service.accept_offered(participant, first)
    session.commit()
    (letter,) = offered_letters.word_offered(house.id)
    assert letter.facts == {(second.id, participant.id)}
    service.return_offered(participant, second, words="À revoir.")
    session.commit()
    assert offered_letters.mark_offered(house.id, [letter]) == ()
    assert offered_letters.offered_now(house.id, letter.facts) == frozenset()
    service.offer_again(member, second)
    session.commit()
    (letter,) = offered_letters.word_offered(house.id)
    assert offered_letters.mark_offered(house.id, [letter]) == [letter]
    assert offered_letters.word_offered(house.id) == []
    assert offered_letters.offered_again(house.id, letter.facts)[0].facts == letter.facts


def test_where_nobody_signs_it_waits_for_somebody_who_does(participant, house, member, block, time_machine):
    offer(member, block)
    organisations.leave(participant, participant)
    time_machine.move_to(utcnow() + 1.1 * offered_letters.COLLECTED)
    assert promised() == 0
    organisations.mandate(SYSTEM, member.membership)
    assert promised() == 1


def test_its_author_hears_of_each_step_and_of_what_is_lodged_together_in_one_letter(participant, member, consultation, block):
    several = [offer(member, block, f"offer-{n}", body=f"Avis {n}.") for n in range(3)]
    service.return_offered(participant, several[0], words="Un mot secret.")
    service.offer_again(member, several[0])
    for one in several:
        service.accept_offered(participant, one)
    lodge(participant, consultation, *several)
    subjects = [letter.subject for letter in letters_to(member)]
    steps = ["renvoyé", "retenu", "retenu", "retenu", "déposé"]
    assert [step in subject for step, subject in zip(steps, subjects, strict=True)] == [True] * 5, subjects
    assert not any("secret" in letter.body or "Avis 1" in letter.body for letter in letters_to(member))
    assert all(str(one.id) in letters_to(member)[-1].body for one in several)


def test_nobody_is_told_of_their_own_acts(participant, consultation, block):
    own = offer(participant, block)
    service.accept_offered(participant, own)
    lodge(participant, consultation, own)
    assert session.scalars(sa.select(OutgoingMail)).all() == []
