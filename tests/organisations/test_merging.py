"""Two entries of one body become one: who belongs to it, what counts for it, what keeps its name, and what happens at one moment."""

from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters.models import Block
from consult.consultations.models import Role
from consult.contributions import service as contributions
from consult.contributions.models import Contribution, ContributionDraft, RespondentScope, Support
from consult.core import audit, tallies, verification
from consult.core.audit import AuditEvent
from consult.core.db import session, unit_of_work
from consult.core.errors import Conflict, Invalid, NotAllowed
from consult.core.i18n import utcnow
from consult.core.mail import OutgoingMail
from consult.core.permissions import SYSTEM
from consult.exports import matrix
from consult.exports.documents.report import respondent_of
from consult.moderation import service as moderation
from consult.organisations import finding, service
from consult.organisations.models import Category, Mandate, Membership, MembershipState, Organisation, OrganisationState, Sector
from consult.synthesis.service.respondents import by_category
from tests import factories
from tests.at_once import all_at_once
from tests.contributions.test_service import lodge


@pytest.fixture
def secretary(consultation) -> User:
    return factories.a_user(role=Role.SECRETARIAT)


@pytest.fixture
def body() -> Organisation:
    made = factories.an_organisation(name_fr="Fédération des conserves", short="FEDCO", category=Category.PROFESSIONAL_ASSOCIATION,
                                     sector=Sector.AGRIFOOD)
    finding.note_words(made)
    return made


@pytest.fixture
def double() -> Organisation:
    made = factories.an_organisation(name_fr="Conserveurs du Maroc", short="CDM", category=Category.COMPANY, sector=Sector.FISHERIES,
                                     state=OrganisationState.LISTED, confirmed_at=None)
    finding.note_words(made)
    return made


def merge(secretary: User, double: Organisation, body: Organisation) -> Organisation:
    return service.merge(secretary, double, into=body, row_counter=double.row_counter)


def test_whoever_belonged_to_the_double_belongs_to_the_body(secretary, body, double):
    signs = factories.a_user(organisation=double)
    service.mandate(secretary, signs.membership, ends_at=utcnow() + timedelta(days=9))
    former, there = signs.mandate, factories.a_user(organisation=body)
    asking = factories.a_user()
    service.join(asking, asking, organisation=double)
    left = factories.saved(Membership(user=there, organisation=double, state=MembershipState.LEFT, joined_at=utcnow() - timedelta(days=3),
                                      left_at=utcnow()))
    merge(secretary, double, body)
    for person in (signs, asking, there):
        person.read_anew()
    assert [person.membership.organisation for person in (signs, asking, there)] == [body] * 3
    assert (asking.membership.state, left.organisation) == (MembershipState.ASKED, body)
    assert (signs.organisation, signs.mandate.ends_at) == (body, former.ends_at)
    assert former.ended_at is not None
    told = session.scalars(sa.select(OutgoingMail.recipient).where(OutgoingMail.body.contains("Conserveurs"))).all()
    assert set(told) == {signs.email, asking.email}


def test_what_was_lodged_keeps_its_name_and_counts_for_the_body(secretary, consultation, chapter, block, body, double, rapporteur):
    ours, theirs = factories.a_user(organisation=body), factories.a_user(organisation=double)
    factories.a_published_contribution(block=block, author=ours)
    second = lodge(theirs, block, as_organisation=double)
    moderation.publish(rapporteur, second, expected_counter=second.row_counter)
    digest = second.digest
    assert contributions.count_figures(consultation).organisations == 2
    merge(secretary, double, body)
    assert (second.organisation.name_fr, second.digest, second.receipt.digest) == ("Conserveurs du Maroc", digest, digest)
    assert contributions.count_figures(consultation).organisations == 1
    of = contributions.count_respondents((RespondentScope.CHAPTER, [chapter.id]))[RespondentScope.CHAPTER, chapter.id]
    assert +of == {"professional_association": 1}
    assert tallies.faults() == []
    rows = list(matrix.rows(consultation, "fr"))
    assert [row.organisation for row in rows] == ["Fédération des conserves", "Conserveurs du Maroc"]
    assert {(row.organisation_id, row.category, row.sector) for row in rows} == {(body.id, body.category, body.sector)}
    assert sum(by_category([respondent_of(row) for row in rows]).values()) == 1


def test_the_double_is_found_by_its_names_and_its_address_leads_to_the_body(client, secretary, body, double):
    merge(secretary, double, body)
    assert finding.find("conserveurs") == finding.find("CDM") == [body]
    assert service.get_organisation(double.slug) is body
    assert finding.list_same(["Conserveurs du Maroc"]) == [body]
    client.sign_in(secretary)
    assert body.name_fr in client.get(f"/fr/organisations/members/{double.slug}", follow_redirects=True).get_data(as_text=True)
    register = client.get("/fr/organisations/register").get_data(as_text=True)
    assert register.count("Conserveurs du Maroc") == 1, "as a name of the body, not as an entry of its own"


def test_one_official_support_of_one_body(secretary, block, body, double):
    ours, theirs = factories.a_user(organisation=body), factories.a_user(organisation=double)
    both, once, own = (factories.a_published_contribution(block=block) for _n in range(3))
    own = factories.a_published_contribution(block=block, author=ours)
    contributions.support(ours, both, as_organisation=body)
    for one in (both, once, own):
        contributions.support(theirs, one, as_organisation=double)
    merge(secretary, double, body)
    counted = contributions.count_reactions([both.id, once.id, own.id])
    assert [counted[one.id].organisations for one in (both, once, own)] == [1, 1, 0]
    assert tallies.faults() == []
    ours.read_anew()
    assert contributions.support(ours, once, as_organisation=body).supporter_id == theirs.id, "it is given already"
    contributions.take_back_support(ours, once, as_organisation=body)
    assert contributions.count_reactions([once.id])[once.id].organisations == 0
    colleague = factories.a_user(organisation=body)
    with pytest.raises(Invalid):
        contributions.support(colleague, own, as_organisation=body)
    assert session.scalar(sa.select(sa.func.count()).select_from(Support).where(
        Support.organisation_id == double.id, Support.withdrawn_at.is_(None))) == 0


def test_a_moderator_of_the_body_does_not_decide_on_what_the_double_lodged(secretary, chapter, block, body, double):
    said = factories.a_contribution(block=block, author=factories.a_user(organisation=double))
    moderator = factories.a_user(role=Role.MODERATOR, commission=chapter.commission, organisation=body)
    merge(secretary, double, body)
    with pytest.raises(NotAllowed):
        moderation.publish(moderator, said, expected_counter=said.row_counter)
    assert session.scalars(sa.select(Contribution.id).where(moderation.is_of(moderator, Contribution))).all() == [said.id]


def test_a_chain_of_doubles_has_one_body(secretary, block, body, double):
    third = factories.an_organisation(name_fr="Conserveries réunies")
    factories.a_published_contribution(block=block, author=factories.a_user(organisation=third))
    merge(secretary, third, double)
    merge(secretary, double, body)
    assert {third.merged_into, double.merged_into} == {body}
    assert third.category == body.category
    assert finding.find("réunies") == [body]
    assert tallies.faults() == []


def test_what_cannot_be_merged(secretary, body, double, participant):
    with pytest.raises(Invalid):
        merge(secretary, double, double)
    for other in (participant, factories.a_user(organisation=double)):
        with pytest.raises(NotAllowed):
            merge(other, double, body)
    shown = double.row_counter
    merge(secretary, double, body)
    with pytest.raises(Conflict):  # two clicks
        service.merge(secretary, double, into=body, row_counter=shown)
    with pytest.raises(Conflict):
        merge(secretary, double, body)
    with pytest.raises(Invalid):
        merge(secretary, body, double)


def test_a_correction_of_the_category_moves_what_is_counted(secretary, consultation, chapter, block, body, double):
    factories.a_published_contribution(block=block, author=factories.a_user(organisation=double))
    merge(secretary, double, body)
    values = {name: getattr(body, name) for name in ("name_fr", "name_ar", "name_en", "short", "sector", "region", "size", "website")}
    service.correct(secretary, body, row_counter=body.row_counter, **values, category=Category.CHAMBER)
    of = contributions.count_respondents((RespondentScope.CHAPTER, [chapter.id]))[RespondentScope.CHAPTER, chapter.id]
    assert +of == {"chamber": 1}
    assert tallies.faults() == []
    corrected, merged = service.list_corrections(secretary, body)
    assert corrected.fields == [("category", "professional_association", "chamber")]
    assert merged.action == "organisations.merge"
    with pytest.raises(NotAllowed):
        service.list_corrections(factories.a_user(organisation=body), body)


# At one moment


@pytest.fixture
def world(own_app):
    """(secretary, double, body, somebody who signs for the double, somebody without an organisation, a passage), by their ids."""
    with unit_of_work():
        block = factories.block_of(factories.a_chapter(factories.a_consultation()), "C1-A1-P1-a1")
        secretary, double, body = factories.a_user(role=Role.SECRETARIAT), factories.an_organisation(), factories.an_organisation()
        signer, other = factories.a_user(organisation=double), factories.a_user()
        return secretary.id, double.id, body.id, signer.id, other.id, block.id


def merge_now(world) -> None:
    secretary, double, body = (session.get_one(model, one) for model, one in zip((User, Organisation, Organisation), world, strict=False))
    merge(secretary, double, body)


def join_now(world) -> None:
    person = session.get_one(User, world[4])
    service.join(person, person, organisation=session.get_one(Organisation, world[1]))


def lodge_now(world, key: str) -> None:
    person = session.get_one(User, world[3])
    lodge(person, session.get_one(Block, world[5]), key, as_organisation=person.organisation)


def test_the_database_verifies_before_and_after(own_app, world):
    with unit_of_work():
        person = session.get_one(User, world[4])
        service.accept(SYSTEM, service.join(person, person, organisation=session.get_one(Organisation, world[1])))
        service.mandate(SYSTEM, person.membership)
        lodge(person, session.get_one(Block, world[5]), as_organisation=person.organisation)
    with unit_of_work():
        audit.seal_all()
    before = verification.verify_database()
    with unit_of_work():
        merge_now(world)
    with unit_of_work():
        audit.seal_all()
        (event,) = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "organisations.merge"))
        assert {"members_moved": 2, "mandates_moved": 2}.items() <= event.details.items()
    assert [fault for fault in verification.verify_database() if fault not in before] == []
    assert {fault.partition(" is in no event")[2] for fault in before} == {": nobody's act made it"}, "what factories made"


@pytest.mark.parametrize("turn", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_joining_and_lodging_at_that_moment_end_with_the_body(own_app, world, turn):
    acts = (partial(merge_now, world), partial(join_now, world), partial(lodge_now, world, "form-key-1"))
    ends = all_at_once(own_app, *(acts[place] for place in turn))
    assert [end for end in ends if end is not None and not isinstance(end, Invalid)] == []
    with unit_of_work():
        assert set(session.scalars(sa.select(Membership.organisation_id))) == {world[2]}
        assert set(session.scalars(sa.select(Mandate.organisation_id).where(Mandate.ended_at.is_(None)))) == {world[2]}
        assert set(session.scalars(sa.select(Contribution.organisation_id))) <= {world[1], world[2]}
        assert tallies.faults() == []


def test_a_draft_for_the_double_is_lodged_for_the_body(secretary, consultation, block, body, double):
    signs = factories.a_user(organisation=double)
    fields = {"body": "Notre avis.", "position": "neutral", "kind": "comment", "comment_type": "general", "speak_as": "organisation",
              "interest": "none", "replacement": block.lead}
    draft = factories.saved(ContributionDraft(token="double-draft-1", author_id=signs.id, block=block, fields=fields))
    merge(secretary, double, body)
    signs.read_anew()
    (written,) = contributions.list_position(signs, consultation)
    assert written.obstacles == []
    contributions.lodge_position(signs, consultation, form_key="z" * 32, shown={draft.id: draft.row_counter})
    (lodged,) = session.scalars(sa.select(Contribution))
    assert (lodged.organisation, lodged.declaration.mandate.organisation) == (body, body)
