"""Who is accepted by whom, who may sign for an organisation, and until when."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from consult.consultations.models import Role
from consult.contributions import service as contributions
from consult.contributions.models import Contribution, ContributionDraft, Declaration
from consult.core import audit, jobs, verification
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed, NotFound
from consult.core.i18n import utcnow
from consult.core.mail import OutgoingMail
from consult.core.permissions import SYSTEM
from consult.organisations import service
from consult.organisations.models import Category, Mandate, Membership, MembershipState, Region, Sector
from consult.privacy import service as privacy
from tests import factories
from tests.contributions.test_service import lodge

MINE = "/fr/organisations/mine"


def letters(user) -> list[str]:
    return list(session.scalars(sa.select(OutgoingMail.body).where(OutgoingMail.recipient == user.email).order_by(OutgoingMail.id)))


@pytest.fixture
def asked(participant, citizen) -> Membership:
    """A citizen who asks to belong to the participant's organisation."""
    return service.join(citizen, citizen, organisation=participant.organisation, statement="Ingénieure qualité")


def test_whoever_asks_signs_nothing_until_accepted_and_mandated(participant, citizen, asked, block):
    house = participant.organisation
    with pytest.raises(Invalid) as refusal:
        lodge(citizen, block, as_organisation=house)
    assert refusal.value.field == "speak_as"
    service.accept(participant, asked)
    with pytest.raises(Invalid):
        lodge(citizen, block, as_organisation=house)
    given = service.mandate(participant, asked)
    lodged = lodge(citizen, block, as_organisation=house)
    assert (lodged.organisation, lodged.declaration.mandate) == (house, given)
    assert lodge(citizen, block, "form-key-2", body="En mon nom.").declaration is None
    audit.seal_all()
    assert verification.verify_database() == []


def test_both_are_told_once(participant, citizen, asked):
    session.commit()
    jobs.run_pending()
    assert ["/organisations/members/" in body for body in letters(participant)] == [True]
    assert "Ingénieure" not in letters(participant)[0], "who asks is read after signing in"
    service.leave(citizen, citizen)
    again = service.join(citizen, citizen, organisation=participant.organisation)
    session.commit()
    jobs.run_pending()
    assert len(letters(participant)) == 1, "whoever asks again and again writes no more letters to them"
    service.accept(participant, again)
    service.mandate(participant, again, ends_at=utcnow() + timedelta(days=9))
    service.end_mandate(participant, citizen.mandate)
    service.end_membership(participant, again)
    assert len(letters(citizen)) == 4


def test_a_refusal_is_an_end_and_asking_again_is_another_request(participant, citizen, asked):
    service.end_membership(participant, asked)
    assert (asked.state, citizen.membership) == (MembershipState.REFUSED, None)
    for act in (service.accept, service.end_membership, service.mandate):
        with pytest.raises(Conflict):
            act(participant, asked)
    assert service.join(citizen, citizen, organisation=participant.organisation) is not asked


def test_whoever_only_asked_is_given_no_mandate(participant, asked):
    with pytest.raises(Conflict):
        service.mandate(participant, asked)
    assert session.scalars(sa.select(Mandate).where(Mandate.user_id == asked.user_id)).all() == []


def test_a_mandate_has_a_term_and_is_replaced_by_another(participant, citizen, asked, block, time_machine):
    service.accept(participant, asked)
    with pytest.raises(Invalid) as refusal:
        service.mandate(participant, asked, ends_at=utcnow())
    assert refusal.value.field == "ends_on"
    first = service.mandate(participant, asked)
    now = utcnow()
    second = service.mandate(participant, asked, ends_at=now + timedelta(days=1))
    assert (citizen.mandate, first.ended_at is None) == (second, False)
    time_machine.move_to(now + timedelta(days=1, seconds=1))
    with pytest.raises(Invalid):
        lodge(citizen, block, as_organisation=participant.organisation)


def test_nobody_accepts_mandates_or_dismisses_themselves(participant, asked, consultation):
    secretary = factories.a_user(role=Role.SECRETARIAT)
    own = service.join(secretary, secretary, organisation=participant.organisation)
    for act in (service.accept, service.mandate, service.end_membership):
        for actor, membership in ((participant, participant.membership), (secretary, own)):
            with pytest.raises(NotAllowed):
                act(actor, membership)


def test_other_organisations_and_members_without_a_mandate_get_nothing(participant, citizen, asked, consultation):
    other = factories.a_user(organisation=factories.an_organisation())
    member = factories.a_user(organisation=participant.organisation)
    service.end_mandate(participant, member.mandate)
    for stranger in (other, member, citizen):
        for act in (service.accept, service.mandate, service.end_membership):
            with pytest.raises(NotAllowed):
                act(stranger, asked)
        with pytest.raises(NotAllowed):
            service.end_mandate(stranger, participant.mandate)
        with pytest.raises(NotAllowed):
            service.list_members(stranger, participant.organisation)
        with pytest.raises(NotFound):
            service.get_membership(stranger, asked.id)
        with pytest.raises(NotFound):
            service.get_mandate(stranger, participant.mandate.id)


def test_two_representatives_share_it_and_one_takes_the_mandate_of_the_other(participant, citizen, asked):
    service.accept(participant, asked)
    service.mandate(participant, asked)
    session.expire_all()
    held = participant.mandate
    service.end_mandate(citizen, held)
    with pytest.raises(NotAllowed):
        service.end_mandate(participant, citizen.mandate)
    with pytest.raises(Conflict):
        service.end_mandate(citizen, held)


def test_leaving_ends_the_mandate_and_keeps_what_was_signed(participant, block):
    house, held = participant.organisation, participant.mandate
    lodged = lodge(participant, block, as_organisation=house)
    service.leave(participant, participant)
    assert held.ended_at is not None
    assert (lodged.organisation, lodged.declaration.mandate, participant.organisation) == (house, held, None)
    with pytest.raises(Invalid):
        lodge(participant, block, "form-key-2", body="Encore.", as_organisation=house)


def test_the_secretariat_gives_the_mandate_where_nobody_holds_one(citizen, consultation):
    secretary, house = factories.a_user(role=Role.SECRETARIAT), factories.an_organisation()
    membership = service.join(citizen, citizen, organisation=house)
    assert service.count_requests([house.id]) == {house.id: 1}
    service.accept(secretary, membership)
    service.mandate(secretary, membership)
    assert citizen.organisation is house
    assert service.count_requests([house.id]) == {}


def test_whoever_lists_an_organisation_represents_it(citizen):
    listed = service.add(citizen, None, name_fr="Union témoin", short="UT", category=Category.OTHER, sector=Sector.CROSS_SECTOR,
                         region=Region.FES)
    assert (citizen.organisation, citizen.membership.state) == (listed, MembershipState.MEMBER)
    assert listed.state.awaits_confirmation
    by_operator = service.add(SYSTEM, None, name_fr="Autre union", short="AU", category=Category.OTHER, sector=Sector.CROSS_SECTOR,
                              region=Region.FES)
    assert service.count_requests([by_operator.id]) == {}


def test_whoever_is_forgotten_signs_no_more_and_what_they_signed_still_says_with_what(participant, block):
    lodged = lodge(participant, block, as_organisation=participant.organisation)
    held = participant.mandate
    privacy.forget(participant, participant)
    session.expire_all()
    assert (held.ended_at is None, lodged.declaration.mandate) == (False, held)
    audit.seal_all()
    assert verification.verify_database() == []


def test_a_mandate_given_or_a_declaration_made_by_hand_is_found(participant, citizen, block):
    house = participant.organisation
    lodge(participant, block, as_organisation=house)
    own = lodge(participant, block, "form-key-2", body="En mon nom.")
    audit.seal_all()
    made = session.scalar(sa.insert(Declaration).returning(Declaration.id),
                          {"contribution_id": own.id, "mandate_id": participant.mandate.id})
    given = session.scalar(sa.insert(Mandate).returning(Mandate.id), {"user_id": citizen.id, "organisation_id": house.id})
    told = verification.verify_database()
    assert len(told) == 2, told
    for name, number in (("declaration", made), ("mandate", given)):
        assert any(name in fault and str(number) in fault for fault in told), told


def test_a_draft_for_an_organisation_whose_mandate_ended_is_lodged_under_no_other_name(client, participant, block, consultation):
    service_form = {"block_id": block.id, "body": "Notre avis.", "position": "neutral", "kind": "comment", "comment_type": "general",
                    "speak_as": "organisation", "interest": "none", "form_key": "mandate-over", "replacement": block.lead, "act": "submit"}
    client.sign_in(participant)
    address = f"/fr/contributions/lodge/1/{block.key}"
    service.end_mandate(participant, participant.mandate)
    refused = client.post(address, data=service_form)
    assert refused.status_code == 422
    assert "mandat" in refused.text
    assert session.scalars(sa.select(Contribution)).all() == []
    draft = ContributionDraft(token="mandate-over-1", author_id=participant.id, block=block, fields={**service_form, "block_id": ""})
    session.add(draft)
    session.flush()
    [written] = contributions.list_position(participant, consultation)
    assert len(written.obstacles) == 1
    assert "mandat" in client.get("/fr/contributions/position").text
    assert client.post(address, data={**service_form, "speak_as": "self"}).status_code == 303
    [lodged] = session.scalars(sa.select(Contribution))
    assert lodged.organisation is None


def test_what_was_lodged_before_mandates_says_so(client, participant, block, consultation):
    signed = lodge(participant, block, as_organisation=participant.organisation)
    before = factories.a_published_contribution(block=block, author=participant, organisation=participant.organisation)
    assert session.scalars(sa.select(Declaration.contribution_id)).all() == [signed.id]
    client.sign_in(participant)
    assert "avant que des mandats" in client.get(f"/fr/contributions/{before.ref}").text
    assert "Signée avec le mandat" in client.get(f"/fr/contributions/{signed.ref}").text


# The pages


def test_the_register_leads_to_those_who_ask(client, secretary, participant, citizen, consultation):
    client.sign_in(secretary)
    assert "asked=1" not in client.get("/fr/organisations/register").text
    house, other = factories.an_organisation(), factories.an_organisation()
    membership = service.join(citizen, citizen, organisation=house)
    assert "asked=1" in client.get("/fr/organisations/register").text
    page = client.get("/fr/organisations/register?asked=1").text
    assert (house.slug in page, other.slug in page, participant.organisation.slug in page) == (True, False, False)
    client.post(f"/fr/organisations/memberships/{membership.id}/accept")
    assert "asked=1" not in client.get("/fr/organisations/register").text


def test_a_representative_accepts_and_mandates_on_one_page(client, participant, citizen, asked, consultation):
    house, address = participant.organisation, f"/fr/organisations/members/{participant.organisation.slug}"
    client.sign_in(participant)
    assert address in client.get(MINE).text
    page = client.get(address).text
    assert "Ingénieure qualité" in page
    assert citizen.email in page
    assert client.post(f"/fr/organisations/memberships/{asked.id}/accept").location == address
    refused = client.post(f"/fr/organisations/memberships/{asked.id}/mandate", data={"ends_on": "2020-01-01"}, follow_redirects=True)
    assert "Ce jour est passé." in refused.text
    assert client.post(f"/fr/organisations/memberships/{asked.id}/mandate", data={"ends_on": "demain"}).status_code == 303
    assert citizen.organisation is None
    client.post(f"/fr/organisations/memberships/{asked.id}/mandate", data={"ends_on": "2099-12-31"})
    assert (citizen.organisation, citizen.mandate.ends_at.isoformat()) == (house, "2099-12-31T23:00:00+00:00"), "the day included"
    assert client.post(f"/fr/organisations/mandates/{citizen.mandate.id}/end").location == address
    assert citizen.organisation is None
    assert client.post(f"/fr/organisations/memberships/{asked.id}/end").location == address
    assert asked.state == MembershipState.LEFT
    own = participant.mandate.id
    assert client.post(f"/fr/organisations/mandates/{own}/end").location == MINE, "whoever ends their own sees the members no more"


def test_members_are_nobody_elses_business(client, participant, citizen, asked, consultation):
    address = f"/fr/organisations/members/{participant.organisation.slug}"
    assert client.get(address).status_code in (302, 403)
    for stranger in (citizen, factories.a_user(organisation=factories.an_organisation())):
        client.sign_in(stranger)
        assert client.get(address).status_code == 403
        for act in ("accept", "end", "mandate"):
            assert client.post(f"/fr/organisations/memberships/{asked.id}/{act}").status_code == 404
            assert client.post(f"/fr/organisations/memberships/{asked.id + 999}/{act}").status_code == 404
        assert client.post(f"/fr/organisations/mandates/{participant.mandate.id}/end").status_code == 404
    assert asked.state == MembershipState.ASKED


def test_the_page_of_members_asks_as_much_whatever_their_number(client, participant, consultation, count_queries):
    address = f"/fr/organisations/members/{participant.organisation.slug}"
    client.sign_in(participant)
    few = count_queries(lambda: client.get(address))
    for _ in range(20):
        factories.a_user(organisation=participant.organisation)
    assert count_queries(lambda: client.get(address)) == few <= 12


# A mandate that begins later


def test_a_mandate_to_come_is_not_in_force_before_its_beginning(participant, citizen, asked, block, time_machine):
    house, now = participant.organisation, utcnow()
    service.accept(participant, asked)
    given = service.mandate(participant, asked, begins_at=now + timedelta(days=2), ends_at=now + timedelta(days=4))
    assert (given.is_to_come, given.is_in_force, citizen.organisation) == (True, False, None)
    assert given in service.list_mandates(participant, house)
    with pytest.raises(Invalid) as refusal:
        lodge(citizen, block, as_organisation=house)
    assert refusal.value.field == "speak_as"
    with pytest.raises(NotAllowed):
        service.list_members(citizen, house)
    assert "Jusque-là" in letters(citizen)[-1]
    time_machine.move_to(now + timedelta(days=2, seconds=1))
    lodged = lodge(citizen, block, as_organisation=house)
    assert lodged.declaration.mandate is given
    time_machine.move_to(now + timedelta(days=4, seconds=1))
    with pytest.raises(Invalid):
        lodge(citizen, block, "form-key-2", body="Encore.", as_organisation=house)


def test_nobody_holds_two_mandates_one_of_them_to_come(participant, citizen, asked):
    now = utcnow()
    service.accept(participant, asked)
    held = service.mandate(participant, asked)
    with pytest.raises(Invalid) as refusal:
        service.mandate(participant, asked, begins_at=now + timedelta(days=2))
    assert (refusal.value.field, citizen.mandate) == ("begins_on", held)
    with pytest.raises(Invalid) as refusal:
        service.mandate(participant, asked, begins_at=now + timedelta(days=9), ends_at=now + timedelta(days=8))
    assert refusal.value.field == "ends_on"
    service.end_mandate(participant, held)
    first = service.mandate(participant, asked, begins_at=now + timedelta(days=2))
    second = service.mandate(participant, asked, begins_at=now + timedelta(days=1))
    assert (citizen.mandate, first.is_to_come) == (second, False)
    assert first.ended_at == first.begins_at, "it was in force at no moment"
    service.end_mandate(participant, second)
    assert citizen.mandate is None
    audit.seal_all()
    assert [fault for fault in verification.verify_database() if "mandate" in fault and "no event" not in fault] == []


def test_a_mandate_to_come_is_given_on_the_page_of_members(client, participant, citizen, asked, consultation):
    service.accept(participant, asked)
    client.sign_in(participant)
    here = f"/fr/organisations/memberships/{asked.id}/mandate"
    assert client.post(here, data={"begins_on": "3000-01-01"}).status_code == 303
    assert citizen.mandate is None, "too far away"
    page = client.post(here, data={"begins_on": "2098-05-04", "ends_on": "2098-06-01"}, follow_redirects=True).text
    assert "à partir du 4 mai 2098" in page
    assert citizen.organisation is None
    client.sign_in(citizen)
    assert "Votre mandat commence le 4 mai 2098" in client.get(MINE).text
    assert client.get(f"/fr/organisations/members/{participant.organisation.slug}").status_code == 403
