"""By the code on the stub what was typed for somebody becomes theirs; the record does not change."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value

from consult.accounts.models import User
from consult.consultations.models import Role
from consult.contributions import service as contributions
from consult.contributions.following import list_followers
from consult.contributions.models import ContributionState
from consult.contributions.service.position import _lodged_words
from consult.core import events as core_events
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed
from consult.core.extension_points import flat
from consult.core.i18n import utcnow
from consult.core.permissions import Action, can
from consult.moderation import service as moderation
from consult.news import service as news
from consult.privacy import service as privacy
from consult.reception import service
from consult.reception.models import CheckOutcome, EntryCheck
from tests import factories
from tests.counting import queries
from tests.reception.typing import a_batch, slip


@pytest.fixture
def clerk(chapter):
    return factories.a_user(role=Role.CLERK, name="Salma Greffe")


@pytest.fixture
def typed(clerk, chapter, block):
    """(entry, its code)."""
    batch = a_batch(clerk, chapter.consultation)
    entry = service.enter(clerk, batch, **slip(block, contact="fatima@example.org"))
    service.enter(clerk, batch, **slip(block, body="Et autre chose.", same_as=1))
    return entry, next(stub.code for stub in service.list_stubs(clerk, batch).rows if stub.entry is entry)


def claim(person, chapter, code):
    return service.claim(person, chapter.consultation, code=code)


def test_what_was_typed_becomes_ones_own_without_changing(typed, chapter):
    entry, code = typed
    person, said, digest = factories.a_user(), entry.contribution, entry.contribution.digest
    with pytest.raises(NotAllowed):
        contributions.get_own(person, said.ref)
    assert claim(person, chapter, f"{code[:4].lower()}-{code[4:8]} {code[8:]}") is entry
    assert contributions.get_own(person, said.ref) is said
    assert {one.ref for one in contributions.list_mine(person).rows} == {said.ref, "PNQ-C1-0002"}
    assert (said.digest, said.author_id == person.id, said.author.reached) == (digest, False, person)
    assert contributions.withdraw(person, said).state == ContributionState.WITHDRAWN
    assert not list(flat(core_events.faults()))


def test_a_code_serves_one_person(typed, chapter):
    _entry, code = typed
    first, second = factories.a_user(), factories.a_user()
    assert claim(first, chapter, code) is claim(first, chapter, code)
    with pytest.raises(Conflict, match="somebody else"):
        claim(second, chapter, code)


@pytest.mark.parametrize("role", [Role.CLERK, Role.SECRETARIAT])
def test_nobody_who_reads_the_codes_claims_what_others_said(typed, chapter, role):
    entry, code = typed
    with pytest.raises(NotAllowed, match="codes of all stubs"):
        claim(factories.a_user(role=role), chapter, code)
    assert entry.claimed_at is None


def test_who_typed_or_compared_it_does_not_claim_it_when_they_are_clerks_no_more(typed, clerk, chapter):
    entry, code = typed
    other = factories.a_user(role=Role.CLERK)
    session.add(EntryCheck(entry=entry, outcome=CheckOutcome.SAME, checked_by_id=other.id))
    for person in (clerk, other):
        set_committed_value(person, "appointments", [])
        with pytest.raises(Conflict, match="compared it with its paper"):
            claim(person, chapter, code)
    assert entry.contribution.author.person_id is None


@pytest.mark.parametrize("code", ["", "AAAA-AAAA-AAAA-AAAA", "é" * 16, "A" * 500, "\x00"])
def test_a_code_that_no_stub_has_is_refused(typed, chapter, code):
    with pytest.raises(Invalid) as refusal:
        claim(factories.a_user(), chapter, code)
    assert refusal.value.field == "code"


def test_nobody_supports_or_moderates_what_is_theirs_by_a_stub(typed, chapter):
    entry, code = typed
    person = factories.a_user(role=Role.RAPPORTEUR, commission=chapter.commission)
    assert can(person, Action.MODERATION_PUBLISH, entry.contribution)
    claim(person, chapter, code)
    assert not can(person, Action.MODERATION_PUBLISH, entry.contribution)
    factories.change(entry.contribution, state=ContributionState.PUBLISHED)
    assert not can(person, Action.CONTRIBUTIONS_SUPPORT, entry.contribution)
    assert moderation.count_awaiting(person, chapter.consultation) == {}


def test_who_is_forgotten_is_forgotten_on_paper_too(typed, chapter):
    entry, code = typed
    person = factories.a_user()
    claim(person, chapter, code)
    privacy.forget(person, person)
    session.refresh(entry)
    assert (entry.contact, entry.contribution.author.name, entry.contribution.lodged_body) == ("", "", "Publier la liste en arabe.")
    assert not list(flat(core_events.faults()))


def test_how_somebody_can_be_reached_goes_in_its_time(typed):
    entry, _code = typed
    assert service.let_go_of_contacts(entry.entered_at, 50) == 0
    assert service.let_go_of_contacts(utcnow(), 50) == 1
    session.refresh(entry)
    assert entry.contact == ""


def test_those_for_whom_it_was_typed_are_not_taken_for_accounts_that_nobody_confirmed(typed):
    person = session.scalars(sa.select(User).where(User.is_entered)).one()
    assert (person.confirmed_at, person.is_authenticated) == (None, False)


@pytest.fixture
def theirs(client, typed, chapter):
    """The contribution whose owner by a stub reads."""
    entry, code = typed
    person = factories.a_user()
    claim(person, chapter, code)
    client.sign_in(person)
    return entry.contribution


@pytest.mark.parametrize(("over", "act"), [
    ({"state": ContributionState.REPHRASING}, "rephrase"), ({"state": ContributionState.PUBLISHED, "is_redacted": True}, "appeal")])
def test_its_owner_is_led_to_what_an_author_may_do(client, theirs, over, act):
    factories.change(theirs, **over)
    page = client.get(f"/en/contributions/{theirs.ref}").text
    assert page.count(f"/{act}/{theirs.ref}\"") == 1
    assert "/flag/" not in page


def test_its_owner_is_not_told_of_it_as_a_follower(theirs, chapter):
    reader = factories.a_user()
    for person in (reader, theirs.author.person):
        news.follow(person, chapter)
    assert [user for user, _id in session.execute(list_followers(theirs.id))] == [reader.id]


def test_its_owner_lodged_these_words_already(theirs, chapter):
    known = _lodged_words(theirs.author.person, {chapter.id})
    assert known[chapter.id, theirs.block_key, theirs.lodged_body] == theirs.ref


def test_what_its_owner_takes_back_is_taken_back_by_its_author(client, theirs):
    factories.change(theirs, state=ContributionState.PUBLISHED)
    contributions.withdraw(theirs.author.person, theirs)
    page = client.get(f"/en/contributions/{theirs.ref}").text
    journal = page[page.index('id="journal-title"'):]
    assert "<bdi>its author</bdi>" in journal


def test_a_list_asks_once_what_somebody_claimed(client, clerk, theirs, chapter, block):
    batch = a_batch(clerk, chapter.consultation)
    for number in range(8):
        entry = service.enter(clerk, batch, **slip(block, body=f"Avis {number}", name=f"Personne {number}"))
        factories.change(entry.contribution, state=ContributionState.PUBLISHED)
    with queries() as asked:
        assert client.get("/en/contributions/").status_code == 200
    assert len([one for one in asked if "person_id = ?" in one or "person_id = %" in one]) == 1
