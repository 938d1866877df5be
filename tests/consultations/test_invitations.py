"""Invitations: a letter whose link serves once, and what each of its ends is told."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from consult.accounts.models import INVITATION_LASTS, InvitationState, User, UserSession
from consult.consultations import service
from consult.consultations.models import Appointment, Invitation, Phase, Role
from consult.core import mail
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed
from consult.core.i18n import utcnow
from consult.core.mail import DropReason, OutgoingMail
from consult.core.permissions import SYSTEM
from tests import factories

ADDRESS = "nadia@example.org"


def invite(secretary, consultation, **over) -> Invitation:
    values = {"email": ADDRESS, "role": Role.RAPPORTEUR, "commission": consultation.commissions[0], "language": "en", **over}
    return service.invite(secretary, consultation, **values)


def letter(address: str = ADDRESS) -> OutgoingMail:
    return session.scalars(sa.select(OutgoingMail).where(OutgoingMail.recipient == address).order_by(OutgoingMail.id.desc())).first()


def link(address: str = ADDRESS, language: str = "en") -> str:
    """The path of the newest letter, in this language."""
    path = re.search(r"https?://[^/\s]+/\w\w(/consultations/accept-invitation/\S+)", letter(address).body)[1]
    return f"/{language}{path}"


def roles_of(address: str) -> list[tuple[Role, int | None]]:
    held = sa.select(Appointment.role, Appointment.commission_id).join(Appointment.user).where(User.email == address)
    return [tuple(row) for row in session.execute(held)]


@pytest.fixture
def invitation(consultation, secretary) -> Invitation:
    return invite(secretary, consultation)


ENROLMENT = {"name": "Nadia Berrada", "language": "ar"}


def test_an_account_is_made_in_one_screen(client, consultation, invitation, secretary):
    opened = client.get(link())
    assert opened.status_code == 200
    assert "no-store" in opened.headers["Cache-Control"]
    assert "legal-notice" in opened.text
    assert roles_of(ADDRESS) == []
    sent = client.post(link(), data=ENROLMENT)
    assert (sent.status_code, sent.location) == (303, "/en/accounts/arrive")
    assert roles_of(ADDRESS) == [(Role.RAPPORTEUR, consultation.commissions[0].id)]
    nadia = session.scalars(sa.select(User).where(User.email == ADDRESS)).one()
    assert (nadia.name, nadia.language, nadia.confirmed_at is not None, nadia.password) == ("Nadia Berrada", "ar", True, None)
    assert invitation.state == InvitationState.ACCEPTED
    assert client.get("/en/accounts/profile").status_code == 200


def test_opening_the_link_changes_nothing(client, invitation):
    before = (invitation.state, session.scalar(sa.select(sa.func.count()).select_from(User)))
    for _time in range(3):
        assert client.get(link()).status_code == 200
        assert client.head(link()).status_code == 200
    assert (invitation.state, session.scalar(sa.select(sa.func.count()).select_from(User))) == before


def test_whoever_has_an_account_signs_in_and_accepts(client, consultation, invitation):
    nadia = factories.a_user(email=ADDRESS)
    page = client.get(link())
    assert page.status_code == 200
    assert "/en/accounts/login?next=/en/consultations/accept-invitation/" in page.text.replace("%2F", "/")
    assert client.post(link(), data=ENROLMENT).status_code == 403
    client.sign_in(nadia)
    assert "Accept the invitation" in client.get(link()).text
    assert roles_of(ADDRESS) == []
    sent = client.post(link())
    assert (sent.status_code, sent.location) == (303, "/en/accounts/login")
    assert roles_of(ADDRESS) == [(Role.RAPPORTEUR, consultation.commissions[0].id)]
    assert session.scalar(sa.select(sa.func.count()).where(UserSession.user_id == nadia.id)) == 0


def test_the_journal_says_who_invited_and_who_accepted(consultation, secretary, invitation):
    nadia = factories.a_user(email=ADDRESS)
    service.accept_invitation(nadia, invitation)
    events = {event.action: event for event in session.scalars(sa.select(AuditEvent).where(AuditEvent.action.contains("consultations.")))}
    assert events["consultations.invite"].actor_id == events["consultations.appoint"].actor_id == secretary.id
    accepted = events["consultations.accept_invitation"]
    assert (accepted.actor_id, accepted.details["invited_by_id"], accepted.details["role"]) == (nadia.id, secretary.id, "rapporteur")
    assert ADDRESS not in str([event.details for event in events.values()])


def test_only_a_digest_of_the_key_is_kept(invitation):
    key = link().rpartition("/")[2]
    assert len(key) > 40
    assert key not in str(session.execute(sa.select(*Invitation.__table__.columns)).all())


# What each end is told

LANGUAGES = ("fr", "ar", "en")


def accepted(_consultation, invitation, _secretary):
    service.accept_invitation(factories.a_user(email=ADDRESS), invitation)


def withdrawn(_consultation, invitation, secretary):
    service.withdraw_invitation(secretary, invitation)


def replaced(_consultation, invitation, secretary):
    service.invite_again(secretary, invitation)


def expired(_consultation, invitation, _secretary):
    invitation.expires_at = utcnow() - timedelta(seconds=1)


def given_meanwhile(consultation, invitation, _secretary):
    nadia = factories.a_user(email=ADDRESS)
    service.appoint(SYSTEM, consultation, user=nadia, role=invitation.role, commission=invitation.commission)


def without_right(_consultation, _invitation, secretary):
    session.delete(secretary.appointments[0])
    session.flush()
    session.expire(secretary, ["appointments"])


def closed_account(_consultation, _invitation, secretary):
    secretary.active = False


def over(consultation, _invitation, _secretary):
    consultation.phase = Phase.ADOPTED


ENDS = {
    accepted: (409, {
        "en": "This invitation was accepted already", "fr": "Cette invitation a déjà été acceptée", "ar": "سبق قبول هذه الدعوة"}),
    withdrawn: (409, {"en": "This invitation was withdrawn", "fr": "Cette invitation a été retirée", "ar": "سُحبت هذه الدعوة"}),
    replaced: (409, {"en": "This invitation was sent once more", "fr": "Cette invitation a été renvoyée", "ar": "أُعيد إرسال هذه الدعوة"}),
    expired: (409, {"en": "This invitation has expired", "fr": "Cette invitation a expiré", "ar": "انتهت صلاحية هذه الدعوة"}),
    given_meanwhile: (409, {
        "en": "This role was given to you meanwhile", "fr": "Ce rôle vous a été donné entre-temps", "ar": "أُسندت إليك هذه الصفة"}),
    without_right: (409, {
        "en": "Whoever sent this invitation may no longer give this role", "fr": "La personne qui a envoyé cette invitation ne peut plus",
        "ar": "لم يعد بإمكان من أرسل هذه الدعوة"}),
    closed_account: (409, {"en": "Whoever sent this invitation may no longer", "fr": "ne peut plus", "ar": "لم يعد بإمكان"}),
    over: (403, {"en": "The consultation is over", "fr": "La consultation est terminée", "ar": "انتهت الاستشارة"}),
}


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_each_end_is_told_and_gives_nothing(client, consultation, secretary, invitation, end):
    paths = {language: link(language=language) for language in LANGUAGES}
    end(consultation, invitation, secretary)
    held = roles_of(ADDRESS)
    status, words = ENDS[end]
    for language, path in paths.items():
        for answer in (client.get(path), client.post(path, data=ENROLMENT)):
            assert answer.status_code == status
            assert words[language] in answer.text
    assert roles_of(ADDRESS) == held


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_the_act_itself_refuses_whatever_page_was_open(consultation, secretary, invitation, end):
    nadia = factories.a_user(email="other@example.org")
    end(consultation, invitation, secretary)
    held = roles_of(ADDRESS)
    nadia = session.scalar(sa.select(User).where(User.email == ADDRESS)) or nadia
    nadia.email = ADDRESS
    with pytest.raises((Conflict, NotAllowed)):
        service.accept_invitation(nadia, invitation)
    assert roles_of(ADDRESS) == held


def test_somebody_else_who_is_signed_in_is_told_so_and_given_nothing(client, invitation, citizen):
    client.sign_in(citizen)
    told = {"en": "was written to somebody else", "fr": "a été adressée à une autre personne", "ar": "كُتبت هذه الدعوة إلى شخص آخر"}
    for language, words in told.items():
        for answer in (client.get(link(language=language)), client.post(link(language=language), data=ENROLMENT)):
            assert answer.status_code == 403
            assert words in answer.text
            assert ADDRESS not in answer.text
    assert roles_of(citizen.email) == roles_of(ADDRESS) == []


@pytest.mark.parametrize("token", ["x", "é" * 200, "%00", "a" * 43])
def test_what_is_no_key_is_no_invitation(client, invitation, token):
    assert client.get(f"/en/consultations/accept-invitation/{token}").status_code == 404


def test_what_was_typed_wrong_is_said_at_its_field(client, invitation):
    refused = client.post(link(), data={"name": " ", "language": "en"})
    assert refused.status_code == 422
    assert roles_of(ADDRESS) == []
    assert client.post(link(), data={"name": "Nadia", "language": "xx"}).status_code == 422


def test_an_account_that_nobody_confirmed_becomes_that_of_the_invited_person(client, invitation):
    stranger = factories.a_user(email=ADDRESS, name="Somebody", confirmed_at=None, password="what a stranger typed")  # noqa: S106
    assert client.post(link(), data=ENROLMENT).status_code == 303
    assert (stranger.name, stranger.password, roles_of(ADDRESS) != []) == ("Nadia Berrada", None, True)


# Inviting


def test_inviting_on_the_page(client, consultation, secretary):
    client.sign_in(secretary)
    values = {"email": " Nadia@Example.org ", "role": "chair", "commission": "1", "language": "ar"}
    sent = client.post("/en/consultations/invite", data=values)
    assert sent.status_code == 303
    page = client.get("/en/consultations/invite").text
    assert ADDRESS in page
    assert "Sent" in page
    assert "رئيس" in letter().body


def test_the_answer_is_the_same_whether_there_is_an_account(client, consultation, secretary):
    factories.a_user(email="known@example.org")
    client.sign_in(secretary)
    answers = []
    for address in ("known@example.org", "other@example.org"):
        sent = client.post("/en/consultations/invite", data={"email": address, "role": "secretariat", "language": "en"})
        told = client.get(sent.location).text
        answers.append((sent.status_code, sent.location, f"The invitation is on its way to {address}" in told))
    assert answers == [(303, "/en/consultations/invite", True)] * 2


@pytest.mark.parametrize(("over", "words"), [
    ({"email": "no address"}, "address"), ({"commission": None}, "needs a commission"),
    ({"role": Role.SECRETARIAT}, "has no commission"), ({"language": "xx"}, "No such language"),
])
def test_what_cannot_be_invited(consultation, secretary, over, words):
    with pytest.raises(Invalid, match=words):
        invite(secretary, consultation, **over)


def test_nobody_invites_themselves_nor_twice_nor_whoever_holds_the_role(consultation, secretary, invitation):
    with pytest.raises(Invalid, match="Nobody gives a role to themselves"):
        invite(secretary, consultation, email=secretary.email)
    with pytest.raises(Invalid, match="invited to this role already"):
        invite(secretary, consultation)
    holder = factories.a_user(role=Role.RAPPORTEUR, commission=consultation.commissions[0])
    with pytest.raises(Invalid, match="holds this role already"):
        invite(secretary, consultation, email=holder.email)


def test_an_address_is_not_written_to_without_end(consultation, secretary, invitation):
    for _time in range(4):
        invitation = service.invite_again(secretary, invitation)
    with pytest.raises(Invalid, match="often enough today"):
        service.invite_again(secretary, invitation)
    with pytest.raises(Invalid, match="often enough today"):
        invite(secretary, consultation, role=Role.CHAIR)


def test_administrators_are_invited_by_administrators_alone(consultation, secretary):
    with pytest.raises(NotAllowed, match="administrator"):
        invite(secretary, consultation, role=Role.ADMINISTRATOR, commission=None)
    administrator = factories.a_user(role=Role.ADMINISTRATOR)
    asked = invite(administrator, consultation, role=Role.ADMINISTRATOR, commission=None)
    for act in (service.invite_again, service.withdraw_invitation):
        with pytest.raises(NotAllowed):
            act(secretary, asked)


def test_sending_once_more_ends_the_former_link(client, consultation, secretary, invitation):
    former = link()
    client.sign_in(secretary)
    assert client.get(f"/en/consultations/invite-again/{invitation.id}").status_code == 200
    assert client.post(f"/en/consultations/invite-again/{invitation.id}").status_code == 303
    assert link() != former
    visitor = client.application.test_client()
    assert visitor.get(former).status_code == 409
    assert visitor.get(link()).status_code == 200


def test_a_letter_that_has_not_left_is_called_back(client, consultation, secretary, invitation):
    waiting = letter()
    client.sign_in(secretary)
    assert client.post(f"/en/consultations/withdraw-invitation/{invitation.id}").status_code == 303
    session.refresh(waiting)
    assert mail.judge(waiting) == (DropReason.EXPIRED, ())
    assert client.post(f"/en/consultations/withdraw-invitation/{invitation.id}").status_code == 409


def test_one_that_expired_is_sent_once_more(consultation, secretary, invitation):
    invitation.expires_at = utcnow() - timedelta(days=1)
    session.flush()
    assert invitation.current_state == InvitationState.EXPIRED
    again = service.invite_again(secretary, invitation)
    assert again.current_state == InvitationState.SENT
    assert again.expires_at > utcnow() + INVITATION_LASTS - timedelta(minutes=1)
    invitation.state = InvitationState.SENT
    assert invitation.current_state == InvitationState.EXPIRED


def test_two_tabs_accept_once(client, invitation):
    first, second = client.application.test_client(), client.application.test_client()
    path = link()
    assert first.post(path, data=ENROLMENT).status_code == 303
    assert second.post(path, data=ENROLMENT).status_code == 409
    assert len(roles_of(ADDRESS)) == 1


def test_from_the_command_line_the_system_gives_the_role(consultation):
    asked = invite(SYSTEM, consultation)
    service.accept_invitation(factories.a_user(email=ADDRESS), asked)
    assert len(roles_of(ADDRESS)) == 1
