import pytest
import sqlalchemy as sa

from consult.accounts import service as accounts
from consult.consultations.models import Role
from consult.core.audit import AuditEvent, names_of
from consult.core.db import session, unit_of_work
from consult.core.errors import Conflict, Invalid, NotAllowed
from consult.core.permissions import SYSTEM, VISITOR, Action
from consult.organisations import finding, service
from consult.organisations.models import Category, Membership, OrganisationState, Region, Sector, Size
from tests import factories

ORGANISATION = {"short": "FNL", "name_fr": "Fédération nationale des Laboratoires", "category": Category.LABORATORY,
                "sector": Sector.CROSS_SECTOR, "region": Region.RABAT}


def events() -> list[AuditEvent]:
    return list(session.scalars(sa.select(AuditEvent).order_by(AuditEvent.id)))


def memberships(user) -> list[Membership]:
    return list(session.scalars(sa.select(Membership).where(Membership.user_id == user.id).order_by(Membership.id)))


def test_an_organisation_is_listed_once_whatever_its_accents(app, participant):
    organisation = service.add(participant, None, **ORGANISATION)
    assert organisation.slug == "federation-nationale-des-laboratoires"
    with pytest.raises(Invalid) as refusal:
        service.add(participant, None, **{**ORGANISATION, "name_fr": "FEDERATION NATIONALE DES LABORATOIRES"})
    assert refusal.value.field == "name_fr"


def test_an_arabic_name_has_an_address_too(app, participant):
    assert service.add(participant, None, **{**ORGANISATION, "name_fr": "مختبر الجودة"}).slug == "مختبر-الجودة"


@pytest.mark.parametrize(("field", "name"), [("name_fr", "\u202eLive nadraG"), ("name_ar", "Nom\x00"), ("short", "x" * 21)])
def test_a_name_that_cannot_be_shown_as_it_is_stored_is_refused(participant, field, name):
    with pytest.raises(Invalid) as refusal:
        service.add(participant, None, **{**ORGANISATION, field: name})
    assert refusal.value.field == field


def test_a_name_is_one_line(participant):
    organisation = service.add(participant, None, **{**ORGANISATION, "name_fr": " Fédération\r\n  Témoin ", "name_ar": " "})
    assert (organisation.name_fr, organisation.name_ar) == ("Fédération Témoin", None)


def test_visitors_add_no_organisation(app):
    with pytest.raises(NotAllowed):
        service.add(VISITOR, None, **ORGANISATION)
    assert service.add(SYSTEM, None, **ORGANISATION) in finding.find("laboratoires")


def test_joining_leaves_one_event_and_signs_nothing(app, citizen):
    organisation = factories.an_organisation()
    membership = service.join(citizen, citizen, organisation=organisation)
    assert (citizen.membership, citizen.organisation, citizen.organisation_id) == (membership, None, None)
    [event] = events()
    assert (event.action, event.subject, event.subject_id, event.details) == (
        "organisations.join", "membership", membership.id,
        {"user_id": citizen.id, "organisation_id": organisation.id, "state": "asked"})
    session.expire_all()
    assert citizen.membership is membership


def test_joining_another_ends_the_former(participant):
    former, other = participant.membership, factories.an_organisation()
    service.join(participant, participant, organisation=other)
    session.expire_all()
    assert (participant.membership.organisation, participant.organisation) == (other, None), "the mandate of the former is over"
    assert [(m.organisation_id, m.left_at is None) for m in memberships(participant)] == [
        (former.organisation_id, False), (other.id, True)]
    assert former.left_at >= former.joined_at


def test_joining_the_same_again_changes_nothing(participant):
    held = participant.membership
    assert service.join(participant, participant, organisation=participant.organisation) is held
    assert memberships(participant) == [held]
    assert held.left_at is None


def test_leaving_keeps_what_was(participant, contribution):
    former = participant.organisation
    service.leave(participant, participant)
    assert (participant.membership, participant.organisation, participant.organisation_id) == (None, None, None)
    assert contribution.organisation is former, "what was lodged for it stays its own"
    [event] = events()[-1:]
    assert (event.action, event.details["organisation_id"]) == ("organisations.leave", former.id)
    session.expire_all()
    assert (participant.organisation, len(memberships(participant))) == (None, 1)
    with pytest.raises(Conflict):
        service.leave(participant, participant)
    service.join(participant, participant, organisation=former)
    assert [m.left_at is None for m in memberships(participant)] == [False, True]


def test_nobody_chooses_for_another(participant, citizen):
    for act in (lambda: service.join(participant, citizen, organisation=participant.organisation),
                lambda: service.leave(citizen, participant), lambda: service.get_data(citizen, participant)):
        with pytest.raises(NotAllowed):
            act()


def test_two_choices_at_once_are_one(own_app):
    """A second form that read before the first had written takes its place, instead of leaving a person with two organisations."""
    with unit_of_work():
        person, first, second = factories.a_user(), factories.an_organisation(), factories.an_organisation()
        assert person.membership is None, "read, and kept as it was read"
        session.execute(sa.insert(Membership), [{"user_id": person.id, "organisation_id": first.id}])
        service.join(person, person, organisation=second)
    assert [(m.organisation_id, m.left_at is None) for m in memberships(person)] == [(first.id, False), (second.id, True)]


def test_ones_own_data(participant, citizen):
    former, other = participant.organisation, factories.an_organisation()
    service.join(participant, participant, organisation=other, statement="Responsable qualité")
    data = service.get_data(participant, participant)
    assert (data["organisation"], data["memberships"][-1]["statement"]) == (None, "Responsable qualité")
    assert [(held["organisation"], held["ended_at"] is None) for held in data["mandates"]] == [(former.name_fr, False)]
    assert [(held["organisation"], held["left_at"] is None) for held in data["memberships"]] == [
        (former.name_fr, False), (other.name_fr, True)]
    assert service.get_data(citizen, citizen) == {"organisation": None, "memberships": [], "mandates": []}


def test_acts_of_earlier_versions_are_found_by_their_names():
    assert names_of(Action.ORGANISATIONS_ADD) == ("organisations.add", "accounts.add_organisation")
    assert names_of(Action.ORGANISATIONS_JOIN) == ("organisations.join", "accounts.join")


def test_whoever_sends_a_request_is_known_with_their_organisation_in_one_question(participant, count_queries):
    key, seen = accounts.open_session(participant), []
    session.flush()
    session.expunge_all()
    assert count_queries(lambda: seen.append(accounts.get_user_of_session(key)[0].organisation.name_fr)) == 1
    assert seen[0].startswith("Laboratoire")


def listed(actor, **over):
    return service.add(actor, None, **{**ORGANISATION, **over})


def particulars(organisation, **over) -> dict:
    names = ("name_fr", "name_ar", "name_en", "short", "sector", "region", "size", "website", "row_counter")
    return {**{name: getattr(organisation, name) for name in names}, **over}


def test_what_a_participant_lists_awaits_the_secretariat_and_what_the_operator_lists_does_not(app, participant, secretary):
    organisation = listed(participant)
    assert (organisation.state, organisation.confirmed_at) == (OrganisationState.LISTED, None)
    assert service.confirm(secretary, organisation).confirmed_at is not None
    assert events()[-1].details["state"] == "confirmed"
    with pytest.raises(Conflict):
        service.confirm(secretary, organisation)
    assert listed(SYSTEM, name_fr="Office témoin", short="OT").state == OrganisationState.CONFIRMED


def test_a_correction_is_found_at_once_and_leaves_a_trace(app, participant, secretary):
    organisation = listed(participant)
    service.correct(secretary, organisation, **particulars(organisation, name_fr="Union des ateliers", short="UA", size=Size.SMALL))
    assert finding.find("ateliers") == finding.find("ua") == [organisation]
    assert finding.find("laboratoires") == []
    assert (events()[-1].action, events()[-1].details["name"]) == ("organisations.correct", "Union des ateliers")
    assert organisation.slug == "federation-nationale-des-laboratoires", "its address stays"


def test_two_who_correct_at_once_do_not_overwrite_each_other(app, participant, secretary):
    organisation = listed(participant)
    seen = particulars(organisation, region=Region.FES)
    service.correct(secretary, organisation, **particulars(organisation, sector=Sector.HEALTH))
    with pytest.raises(Conflict):
        service.correct(secretary, organisation, **seen)
    assert (organisation.sector, organisation.region) == (Sector.HEALTH, Region.RABAT)


def test_a_correction_takes_no_name_of_another(app, participant, secretary):
    organisation, other = listed(participant), listed(SYSTEM, name_fr="Office témoin", short="OT")
    with pytest.raises(Invalid) as refusal:
        service.correct(secretary, organisation, **particulars(organisation, name_en="OFFICE TEMOIN"))
    assert refusal.value.field == "name_en"
    service.correct(secretary, organisation, **particulars(organisation, name_en=organisation.name_fr.upper()))
    assert other.name_fr == "Office témoin"


@pytest.mark.parametrize("address", [
    "example", "javascript:alert(1)", "ftp://a.example", "https://", "https://user@a.example", 'https://a.b/"x', "https://a.b/<x>",
])
def test_what_is_no_website_is_refused(app, participant, address):
    with pytest.raises(Invalid) as refusal:
        listed(participant, website=address)
    assert refusal.value.field == "website"


@pytest.mark.parametrize("role", [None, Role.ADMINISTRATOR])
def test_the_secretariat_alone_confirms_and_corrects(app, participant, role):
    organisation, actor = listed(participant), factories.a_user(role=role)
    for act in (lambda: service.confirm(actor, organisation), lambda: service.correct(actor, organisation, **particulars(organisation))):
        with pytest.raises(NotAllowed):
            act()
