"""Support of published contributions: once for each, counted and told of nobody."""

import csv
import io
from datetime import timedelta

import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.consultations.models import Phase
from consult.contributions import service
from consult.contributions.models import Contribution, ContributionState, ReactionTally, Support
from consult.core import audit, records, tallies
from consult.core.audit import AuditEvent
from consult.core.db import session, unit_of_work
from consult.core.errors import Invalid, NotAllowed
from consult.core.i18n import arrived, arrived_at, utcnow
from consult.core.permissions import VISITOR
from consult.organisations import service as organisations
from tests import factories
from tests.at_once import all_at_once
from tests.counting import queries


@pytest.fixture
def published(block) -> Contribution:
    return factories.a_published_contribution(block=block)


def counted(contribution: Contribution) -> tuple[int, int]:
    of = service.count_reactions([contribution.id])[contribution.id]
    return of.persons, of.organisations


def acts() -> list[str]:
    return list(session.scalars(sa.select(AuditEvent.action).where(AuditEvent.action.contains("support")).order_by(AuditEvent.id)))


def test_a_person_and_their_organisation_each_support_it_once(participant, published):
    given = service.support(participant, published)
    assert service.support(participant, published) is given
    for_all = service.support(participant, published, as_organisation=participant.organisation)
    assert service.support(participant, published, as_organisation=participant.organisation) is for_all
    assert counted(published) == (1, 1)
    assert acts() == ["contributions.support"] * 2
    assert service.get_support(participant, published)[1] == service.OwnSupport(True, True)


def test_what_others_support_is_not_told_as_the_readers_own(citizen, published):
    others = factories.a_user(organisation=factories.an_organisation())
    service.support(others, published)
    service.support(others, published, as_organisation=others.organisation)
    for reader in (citizen, VISITOR, factories.a_user(organisation=factories.an_organisation())):
        assert service.get_support(reader, published) == (service.Reactions(1, 1, 0), service.OwnSupport())


def test_a_colleague_finds_that_the_organisation_supports_it_already(participant, published):
    body = participant.organisation
    given = service.support(participant, published, as_organisation=body)
    colleague = factories.a_user(organisation=body)
    assert service.support(colleague, published, as_organisation=body) is given
    assert counted(published) == (0, 1)
    service.take_back_support(colleague, published, as_organisation=body)
    assert counted(published) == (0, 0)
    assert service.get_support(participant, published)[1] == service.OwnSupport()


def test_it_is_taken_back_and_given_again_and_each_time_stays_in_the_record(citizen, published):
    first = service.support(citizen, published)
    service.take_back_support(citizen, published)
    assert service.take_back_support(citizen, published) is None
    assert counted(published) == (0, 0)
    again = service.support(citizen, published)
    assert counted(published) == (1, 0)
    assert again.id != first.id
    assert first.withdrawn_at is not None
    assert acts() == ["contributions.support", "contributions.take_back_support", "contributions.support"]


def test_nobody_supports_what_is_their_own(published):
    author = published.author
    with pytest.raises(NotAllowed):
        service.support(author, published)
    with pytest.raises(NotAllowed):
        service.support(author, published, as_organisation=author.organisation)
    colleague = factories.a_user(organisation=author.organisation)
    with pytest.raises(Invalid):
        service.support(colleague, published, as_organisation=author.organisation)
    service.support(colleague, published)
    assert counted(published) == (1, 0)


def test_for_an_organisation_who_speaks_for_it_today(participant, published):
    body = participant.organisation
    organisations.leave(participant, participant)
    for act in (service.support, service.take_back_support):
        with pytest.raises(Invalid):
            if act is service.take_back_support:
                service.support(factories.a_user(organisation=body), published, as_organisation=body)
            act(participant, published, as_organisation=body)
    assert counted(published) == (0, 1)


@pytest.mark.parametrize("state", ContributionState.where(is_public=False))
def test_only_what_everybody_reads_is_supported(citizen, block, state):
    from_state = {"withdrawn_at": block.revision.published_at} if state.is_taken_back else {}
    with pytest.raises(NotAllowed):
        service.support(citizen, factories.a_contribution(block=block, state=state, **from_state))


@pytest.mark.parametrize("phase", [phase for phase in Phase if not phase.receives_contributions])
def test_only_while_contributions_are_received(citizen, consultation, published, phase):
    service.support(citizen, published)
    consultation.phase = phase
    consultation.dated_round.opens_at = utcnow() + timedelta(days=1 if phase is Phase.PREPARATION else -9)
    with pytest.raises(NotAllowed):
        service.support(factories.a_user(), published)
    if phase.is_answering:
        service.take_back_support(citizen, published)
        assert counted(published) == (0, 0)
    else:
        with pytest.raises(NotAllowed):
            service.take_back_support(citizen, published)


def test_a_visitor_supports_nothing(published):
    with pytest.raises(NotAllowed):
        service.support(VISITOR, published)
    assert session.scalars(sa.select(Support)).all() == []


def test_several_processes_at_once_give_one_support(own_app):
    with unit_of_work():
        block = factories.block_of(factories.a_chapter(factories.a_consultation()), "C1-A1-P1-a1")
        published = factories.a_published_contribution(block=block).id
        body = factories.an_organisation()
        people = [factories.a_user(organisation=body).id for _ in range(3)]

    def supporting(person: int, *, for_organisation: bool):
        def act() -> int:
            user = session.get_one(User, person)
            given = service.support(user, session.get_one(Contribution, published),
                                    as_organisation=user.organisation if for_organisation else None)
            return given.id
        return act

    same = all_at_once(own_app, *(supporting(people[0], for_organisation=False) for _ in range(4)))
    assert len(set(same)) == 1, same
    for_body = all_at_once(own_app, *(supporting(person, for_organisation=True) for person in people))
    assert len(set(for_body)) == 1, for_body
    assert tallies.faults() == []
    assert dict(session.execute(sa.select(ReactionTally.reaction, ReactionTally.count)).all()) == {"person": 1, "organisation": 1}


@pytest.mark.counts_are_wrong
def test_a_count_that_is_wrong_is_found(citizen, published):
    service.support(citizen, published)
    session.execute(sa.update(ReactionTally).values(count=7))
    assert [fault for fault in tallies.faults() if fault.startswith("reaction_tally")]


# On the page


def address(act: str, contribution: Contribution) -> str:
    return f"/en/contributions/{act}/{contribution.ref}"


def test_it_is_given_and_taken_back_on_the_page(client, participant, published):
    client.sign_in(participant)
    page = f"/en/contributions/{published.ref}"
    for speak_as in ("self", "self", "organisation"):
        answer = client.post(address("support", published), data={"speak_as": speak_as})
        assert (answer.status_code, answer.location) == (303, f"{page}#support")
    html = client.get(page).text
    assert "1 person supports it" in html
    assert "1 organisation supports it" in html
    for speak_as in ("self", "organisation"):
        client.post(address("take-back-support", published), data={"speak_as": speak_as})
    assert "Nobody has supported it yet." in client.get(page).text


def test_the_numbers_stand_in_every_list_and_no_name(client, participant, published):
    service.support(participant, published)
    service.support(participant, published, as_organisation=participant.organisation)
    chapter, key, body = published.chapter.number, published.block_key, participant.organisation.short
    for path in ("", f"?chapter={chapter}", f"discussion/{chapter}/{key}", published.ref):
        html = client.get(f"/en/contributions/{path}").text
        assert "1 person supports it" in html, path
        assert "1 organisation supports it" in html, path
        assert participant.name not in html
        assert body not in html
    assert "1 person supports it" in client.get(f"/en/chapters/{chapter}/provisions/{key}").text


def test_an_author_is_shown_no_button(client, published):
    html = client.sign_in(published.author).get(f"/en/contributions/{published.ref}").text
    assert "/support/" not in html
    assert client.post(address("support", published)).status_code == 403


def test_the_margin_of_a_chapter_that_is_kept_ready_tells_the_numbers_at_once(client, citizen, participant, published):
    path = f"/en/chapters/{published.chapter.number}"
    before = client.get(path)
    assert "supports it" not in before.text
    service.support(citizen, published)
    service.support(participant, published, as_organisation=participant.organisation)
    with queries() as asked:
        after = client.get(path, headers={"If-None-Match": before.headers["ETag"]})
    assert "1 person supports it" in after.text
    assert "1 organisation supports it" in after.text
    assert len([statement for statement in asked if "reaction_tally" in statement]) == 1
    assert len(asked) <= 12
    kept = client.get(path)
    assert client.get(path, headers={"If-None-Match": kept.headers["ETag"]}).status_code == 304
    service.take_back_support(citizen, published)
    assert "1 person supports it" not in client.get(path).text


def test_a_list_asks_once_for_all_of_it(client, block):
    for _ in range(3):
        service.support(factories.a_user(), factories.a_published_contribution(block=block))
    with queries() as asked:
        client.get("/en/contributions/")
    assert len([statement for statement in asked if "reaction_tally" in statement]) == 1


def test_tables_of_contributions_tell_the_numbers_and_are_told_to_have_changed(client, participant, published):
    def row() -> dict[str, str]:
        return next(csv.DictReader(io.StringIO(client.get(path).data.decode("utf-8-sig"))))
    path = "/en/exports/open-data/contributions"
    before = client.get(path).headers["ETag"]
    service.support(participant, published)
    service.support(participant, published, as_organisation=participant.organisation)
    assert client.get(path, headers={"If-None-Match": before}).status_code == 200
    assert (row()["supports_persons"], row()["supports_organisations"]) == ("1", "1")
    assert participant.name not in client.get(path).text


def test_no_digest_of_the_journal_can_be_tried_for_what_somebody_supports(participant, published):
    """The journal leaves with the dossier, and tells who acted when: each contribution could be put beside that."""
    given = service.support(participant, published)
    service.take_back_support(participant, published)
    event = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "contributions.support")).one()
    ended = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "contributions.take_back_support")).one()
    for told, withdrawn_at in ((event, None), (ended, records.plain(given.withdrawn_at))):
        row = ["support", given.id, published.id, participant.id, None, records.plain(given.given_at), withdrawn_at]
        assert told.records["support"][str(given.id)] != audit.digest_of(row)
        assert given.salt not in str(told.content())


def test_it_is_given_when_it_arrived_however_long_it_waits_for_its_turn(participant, published, consultation):
    """Who pressed before the closing, and waited behind others until after it, gave it before the closing."""
    with arrived(utcnow() - timedelta(seconds=3)):
        moment = arrived_at()
        consultation.dated_round.closes_at = moment + timedelta(seconds=1)
        session.flush()
        given = service.support(participant, published)
    assert given.given_at == moment
