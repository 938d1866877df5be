"""Inviting colleagues to an organisation by a letter: what each of its ends is told, and that no answer tells who has an account."""

import re
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from consult.accounts.models import InvitationState, User
from consult.accounts.service.inviting import MAX_A_DAY
from consult.consultations import service as consultations
from consult.consultations.models import Role
from consult.core.audit import AuditEvent
from consult.core.db import session, unit_of_work
from consult.core.errors import Conflict, Invalid, NotAllowed, NotFound
from consult.core.i18n import utcnow
from consult.core.mail import OutgoingMail
from consult.organisations import service
from consult.organisations.models import Category, MemberInvitation, Membership, MembershipState, Organisation, Region, Sector
from consult.organisations.service import inviting
from consult.privacy import retention
from tests import factories
from tests.at_once import all_at_once

ADDRESS = "nadia@example.org"
ENROLMENT = {"name": "Nadia Berrada", "language": "ar"}


def letter(address: str = ADDRESS) -> OutgoingMail:
    return session.scalars(sa.select(OutgoingMail).where(OutgoingMail.recipient == address).order_by(OutgoingMail.id.desc())).first()


def link(address: str = ADDRESS, language: str = "en") -> str:
    path = re.search(r"https?://[^/\s]+/\w\w(/organisations/accept-invitation/\S+)", letter(address).body)[1]
    return f"/{language}{path}"


@pytest.fixture
def house(participant, consultation) -> Organisation:
    return participant.organisation


@pytest.fixture
def invitation(participant, house) -> MemberInvitation:
    return service.invite(participant, house, email=ADDRESS, language="en")


def test_an_account_is_made_in_one_screen(client, house, invitation):
    opened = client.get(link())
    assert (opened.status_code, "legal-notice" in opened.text) == (200, True)
    assert house.name_fr in opened.text
    assert session.scalar(sa.select(User).where(User.email == ADDRESS)) is None
    assert client.post(link(), data={**ENROLMENT, "name": ""}).status_code == 422
    sent = client.post(link(), data=ENROLMENT)
    assert (sent.status_code, sent.location) == (303, "/en/accounts/arrive")
    person = session.scalars(sa.select(User).where(User.email == ADDRESS)).one()
    assert (person.membership.organisation, person.membership.state, person.organisation) == (house, MembershipState.MEMBER, None)
    assert invitation.state == InvitationState.ACCEPTED
    assert "accepted already" in client.post(link(), data=ENROLMENT).text, "pressed twice"
    acts = session.scalars(sa.select(AuditEvent.action).where(AuditEvent.action.contains("organisations.")).order_by(AuditEvent.id)).all()
    assert acts == ["organisations.invite", "organisations.accept_invitation", "organisations.enrol"]


def test_whoever_has_an_account_signs_in_and_accepts(client, house, participant):
    other = factories.an_organisation()
    person = factories.a_user(email=ADDRESS, organisation=other)
    service.invite(participant, house, email="Nadia@Example.org", language="en")
    assert "sign in with it" in client.get(link()).text
    assert client.post(link(), data=ENROLMENT).status_code == 403
    client.sign_in(person)
    shown = client.get(link()).text
    assert "accepting ends that" in shown, "what it ends is said before"
    assert other.name_fr in shown
    assert person.organisation is other, "opening the link changes nothing"
    assert client.post(link()).location == "/en/organisations/mine"
    assert (person.membership.organisation, person.organisation) == (house, None)
    assert client.get(link()).status_code == 409


def test_whoever_asked_to_join_meanwhile_is_accepted_by_it(invitation, house):
    person = factories.a_user(email=ADDRESS)
    asked = service.join(person, person, organisation=house)
    service.accept_invitation(person, invitation)
    assert (asked.state, person.membership) == (MembershipState.MEMBER, asked)


def withdrawn(participant, invitation):
    service.withdraw_invitation(participant, invitation)


def sent_again(participant, invitation):
    service.invite_again(participant, invitation)


def expired(participant, invitation):
    invitation.expires_at = utcnow()


def mandate_ended(participant, invitation):
    service.end_mandate(participant, participant.mandate)


def closed(participant, invitation):
    participant.active = False


@pytest.mark.parametrize(("end", "words"), [
    (withdrawn, ("This invitation was withdrawn.", "Cette invitation a été retirée.", "سُحبت هذه الدعوة.")),
    (sent_again, ("once more", "", "")), (expired, ("has expired", "", "")),
    (mandate_ended, ("may no longer invite", "", "")), (closed, ("may no longer invite", "", "")),
])
def test_each_end_is_told_and_gives_nothing(client, participant, invitation, end, words):
    path = {language: link(language=language) for language in ("en", "fr", "ar")}
    end(participant, invitation)
    session.flush()
    session.expire(participant, ["mandate"])
    for said, language in zip(words, path, strict=True):
        page = client.get(path[language])
        assert (page.status_code, said in page.text) == (409, True), language
    assert client.post(path["en"], data=ENROLMENT).status_code == 409
    with pytest.raises(Conflict):
        service.enrol(factories.SYSTEM, invitation, **ENROLMENT)
    assert session.scalar(sa.select(User).where(User.email == ADDRESS)) is None


def test_somebody_else_is_told_so_and_given_nothing(client, invitation, citizen):
    client.sign_in(citizen)
    for page in (client.get(link()), client.post(link())):
        assert (page.status_code, "written to somebody else" in page.text) == (403, True)
    with pytest.raises(NotAllowed):
        service.accept_invitation(citizen, invitation)
    assert (citizen.membership, invitation.state) == (None, InvitationState.SENT)
    assert client.get("/en/organisations/accept-invitation/x%00y").status_code in (400, 404)


def test_the_answer_is_the_same_whether_there_is_an_account(client, participant, house, count_queries):
    factories.a_user(email="known@example.org")
    factories.a_user(email="elsewhere@example.org", organisation=factories.an_organisation())
    client.sign_in(participant)
    here = f"/en/organisations/members/{house.slug}/invite"
    answers, asked = set(), set()
    for address in ("unknown@example.org", "known@example.org", "elsewhere@example.org"):
        values = {"email": address, "language": "fr"}
        asked.add(count_queries(lambda values=values: answers.add(client.post(here, data=values).status_code)))
        assert address in client.get(here).text
    assert (answers, len(asked)) == ({303}, 1)
    bodies = {re.sub(r"http\S+", "", letter(address).body) for address in ("unknown@example.org", "known@example.org")}
    assert len(bodies) == 1


def test_what_cannot_be_invited(participant, house, invitation):
    member = factories.a_user(organisation=house)
    asking = factories.a_user()
    service.join(asking, asking, organisation=house)
    for email in ("", "no address", "a@b", "x\x00@example.org", ADDRESS, participant.email, member.email, asking.email):
        with pytest.raises(Invalid) as refusal:
            service.invite(participant, house, email=email)
        assert refusal.value.field == "email", email
    with pytest.raises(Invalid):
        service.invite(participant, house, email="other@example.org", language="xx")


def test_neither_an_address_nor_an_organisation_writes_without_end(participant, house, invitation, monkeypatch):
    for _n in range(MAX_A_DAY - 1):
        invitation = service.invite_again(participant, invitation)
    with pytest.raises(Invalid, match="often enough"):
        service.invite_again(participant, invitation)
    stranger = factories.a_user(organisation=factories.an_organisation())
    with pytest.raises(Invalid, match="often enough"):
        service.invite(stranger, stranger.organisation, email=ADDRESS)
    secretary = factories.a_user(role=Role.SECRETARIAT)
    with pytest.raises(Invalid, match="often enough"):  # whatever they are invited to
        consultations.invite(secretary, consultations.get_current(), email=ADDRESS, role=Role.SECRETARIAT)
    monkeypatch.setattr(inviting, "MAX_OF_ORGANISATION", MAX_A_DAY + 1)
    service.invite(participant, house, email="one@example.org")
    with pytest.raises(Invalid, match="many invitations today"):
        service.invite(participant, house, email="two@example.org")


def test_who_may_invite(participant, citizen, house, invitation):
    member = factories.a_user(organisation=house)
    service.end_mandate(participant, member.mandate)
    for stranger in (citizen, member, factories.a_user(organisation=factories.an_organisation())):
        with pytest.raises(NotAllowed):
            service.invite(stranger, house, email="x@example.org")
        with pytest.raises(NotAllowed):
            service.list_invitations(stranger, house)
        for act in (service.invite_again, service.withdraw_invitation):
            with pytest.raises(NotAllowed):
                act(stranger, invitation)
        with pytest.raises(NotFound):
            service.get_invitation(stranger, invitation.id)
    secretary = factories.a_user(role=Role.SECRETARIAT)
    assert service.get_invitation(secretary, invitation.id) is invitation
    service.withdraw_invitation(secretary, invitation)
    assert session.scalar(sa.select(OutgoingMail.expires_at).where(OutgoingMail.recipient == ADDRESS)) <= utcnow(), "it leaves no more"


def test_the_pages_of_whoever_invites(client, participant, house, citizen):
    client.sign_in(participant)
    here = f"/fr/organisations/members/{house.slug}/invite"
    assert here in client.get(f"/fr/organisations/members/{house.slug}").text
    refused = client.post(here, data={"email": "pas une adresse", "language": "fr"})
    assert (refused.status_code, "pas une adresse" in refused.text) == (422, True)
    assert client.post(here, data={"email": ADDRESS, "language": "ar"}).location == here
    (sent,) = session.scalars(sa.select(MemberInvitation))
    client.sign_in(citizen)
    assert client.get(here).status_code == 403
    for act in ("again", "withdraw"):
        assert client.post(f"/fr/organisations/invitations/{sent.id}/{act}").status_code == 404
    client.sign_in(participant)
    assert client.post(f"/fr/organisations/invitations/{sent.id}/again").location == here
    (_former, sent) = session.scalars(sa.select(MemberInvitation).order_by(MemberInvitation.id))
    assert client.post(f"/fr/organisations/invitations/{sent.id}/withdraw").location == here
    assert client.post(f"/fr/organisations/invitations/{sent.id}/withdraw").status_code == 409
    assert "Retirée" in client.get(here).text


def test_an_invitation_to_a_double_is_one_to_the_body(participant, house, invitation, secretary):
    body = factories.an_organisation()
    service.merge(secretary, house, into=body, row_counter=house.row_counter)
    person = factories.a_user(email=ADDRESS)
    service.accept_invitation(person, invitation)
    assert person.membership.organisation is body


def test_invitations_are_let_go_a_month_after_their_end(invitation):
    invitation.expires_at = utcnow() - retention.INVITED - timedelta(days=1)
    session.flush()
    assert retention.end_invitations() == 1


def test_accepting_from_two_tabs_and_leaving_at_that_moment(own_app):
    with unit_of_work():
        factories.a_consultation()
        inviter = factories.a_user(organisation=factories.an_organisation())
        person = factories.a_user(email=ADDRESS, organisation=factories.an_organisation())
        sent = service.invite(inviter, inviter.organisation, email=ADDRESS)
        ids = person.id, sent.id, inviter.organisation.id

    def accept():
        service.accept_invitation(session.get_one(User, ids[0]), session.get_one(MemberInvitation, ids[1]))

    def leave():
        service.leave(session.get_one(User, ids[0]), session.get_one(User, ids[0]))
    ends = all_at_once(own_app, accept, partial(accept), leave)
    assert all(end is None or isinstance(end, (Conflict, NotAllowed)) for end in ends), ends
    assert sum(end is None for end in ends[:2]) == 1, "one of the two tabs"
    with unit_of_work():
        present = session.scalars(sa.select(Membership.organisation_id).where(Membership.left_at.is_(None))).all()
        assert set(present) <= {ids[2]}


LURE = "Votre compte est suspendu : http://evil.example/rouvrir"


def test_a_letter_to_anybody_quotes_nothing_that_its_sender_made_up(client, consultation):
    """Whoever lists an organisation calls it what they like, and themselves: our letters carry that to nobody before it is confirmed."""
    person = factories.a_user(email="lure@example.org", name=LURE)
    made_up = service.add(person, None, name_fr=LURE, name_ar=LURE, short="PNQ", category=Category.COMPANY, sector=Sector.AGRIFOOD,
                          region=Region.NATIONAL)
    for language in ("fr", "ar", "en"):
        service.invite(person, made_up, email=ADDRESS, language=language)
        written = letter()
        assert "evil.example" not in f"{written.subject} {written.body} {written.html or ''}", language
        assert "/organisations/accept-invitation/" in written.body
        shown = client.get(link(language=language)).text
        assert shown.count("evil.example") >= 2, "the page says both"
        service.withdraw_invitation(person, session.scalars(sa.select(MemberInvitation).order_by(MemberInvitation.id.desc())).first())
    service.confirm(factories.a_user(email="s@example.org", role=Role.SECRETARIAT), made_up)
    service.invite(person, made_up, email="other@example.org", language="fr")
    assert LURE in letter("other@example.org").subject, "what the secretariat confirmed is said"


def test_one_person_sends_no_more_however_many_organisations_they_list(consultation, monkeypatch):
    monkeypatch.setattr(inviting, "MAX_OF_ORGANISATION", 2)
    person = factories.a_user(email="many@example.org")
    for number in range(2):
        listed = service.add(person, None, name_fr=f"Coopérative {'abc'[number] * 9} numéro {number}", name_ar=f"تعاونية رقم {number}",
                             short=f"C{number}", category=Category.COMPANY, sector=Sector.AGRIFOOD, region=Region.NATIONAL, is_another=True)
        service.invite(person, listed, email=f"colleague{number}@example.org", language="fr")
    with pytest.raises(Invalid) as refusal:
        service.invite(person, listed, email="another@example.org", language="fr")
    assert (refusal.value.field, "You have sent" in str(refusal.value.message)) == ("email", True)
