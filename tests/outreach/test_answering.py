"""What whoever gets a letter does: from its link to the receipt, and what each end of the link is told."""

import io
import re
import zipfile

import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.consultations.models import Phase
from consult.core.audit import AuditEvent
from consult.core.db import Base, session
from consult.core.errors import NotAllowed
from consult.core.permissions import SYSTEM, VISITOR
from consult.organisations import finding
from consult.organisations.models import Membership, MembershipState, Organisation
from consult.outreach import clock, service
from consult.outreach.models import Stakeholder, StakeholderChapter, StakeholderState
from consult.privacy import service as privacy
from tests import factories
from tests.contributions.browsing import FILLED, address, form_of
from tests.outreach.material import a_letter_to

LINK = "/{}/outreach/invitation/a-key"
ENROLMENT = {"name": "Nora Alaoui", "language": "fr", "speaks_for": "organisation"}
ADDRESS = "nora@example.org"


@pytest.fixture
def letter(consultation):
    return a_letter_to(consultation, address=ADDRESS, organisation="Coopérative Argane", sector="agrifood")


def state() -> StakeholderState:
    session.expire_all()
    return session.scalars(sa.select(Stakeholder.state).where(Stakeholder.address == ADDRESS)).one()


def rows() -> dict[str, list]:
    return {name: session.execute(sa.select(table)).all() for name, table in Base.metadata.tables.items()}


def nora() -> User:
    return session.scalars(sa.select(User).where(User.email == ADDRESS)).one()


@pytest.mark.parametrize("path", ["/fr/outreach/invitation/a-key", "/fr/outreach/refuse/a-key"])
def test_opening_a_link_changes_nothing(client, letter, path):
    session.commit()
    before = rows()
    for method in ("HEAD", "GET", "GET"):
        answer = client.open(path, method=method)
        assert answer.status_code == 200
        assert "no-store" in answer.headers["Cache-Control"]
    assert rows() == before


def test_reading_needs_no_account_and_a_button_notes_that_it_was_opened(client, letter):
    sent = client.post(f"{LINK.format('fr')}/open")
    assert (sent.status_code, sent.location) == (303, "/fr/")
    assert state() == StakeholderState.OPENED
    assert client.get(sent.location).status_code == 200


def test_from_the_link_to_the_receipt_four_screens_are_seen(client, chapter, block):
    letter = a_letter_to(chapter.consultation, address=ADDRESS, organisation="Coopérative Argane", sector="agrifood")
    factories.saved(StakeholderChapter(stakeholder_id=letter.stakeholder_id, number=1))
    screens = [client.get(LINK.format("fr"))]
    sent = client.post(LINK.format("fr"), data=ENROLMENT)
    assert (sent.status_code, sent.location) == (303, "/fr/chapters/1")
    assert state() == StakeholderState.REGISTERED
    screens.append(client.get(sent.location))
    assert f"/fr/contributions/lodge/1/{block.key}" in screens[-1].text, "the text leads to the form of each passage"
    screens.append(client.get(address(block)))
    lodged = client.post(address(block), data={**form_of(screens[-1]), **FILLED, "act": "submit"})
    assert lodged.status_code == 303
    screens.append(client.get(lodged.location))
    assert [screen.status_code for screen in screens] == [200] * 4
    assert re.search(r"PNQ-C1-\S+", screens[-1].text)
    clock.note_progress()
    assert state() == StakeholderState.LODGED


@pytest.mark.parametrize(("concerned", "leads"), [((2,), "/fr/chapters/2"), ((), "/fr/chapters/1"), ((5,), "/fr/chapters/1")])
def test_reading_begins_at_what_concerns_one(client, letter, concerned, leads):
    for number in (1, 2):
        factories.a_chapter(letter.consultation, number=number)
    for number in concerned:
        factories.saved(StakeholderChapter(stakeholder_id=letter.stakeholder_id, number=number))
    assert client.post(f"{LINK.format('fr')}/open").location == leads


def test_an_organisation_that_nobody_listed_is_listed_and_signed_for(client, letter):
    assert client.post(LINK.format("fr"), data=ENROLMENT).status_code == 303
    assert nora().confirmed_at is not None
    assert nora().password is None
    listed = session.scalars(sa.select(Organisation).where(Organisation.name_fr == "Coopérative Argane")).one()
    assert (listed.state, nora().organisation_id, listed.sector) == ("listed", listed.id, "agrifood")


@pytest.mark.parametrize("has_representative", [True, False])
def test_to_join_a_listed_organisation_is_asked_for_and_gives_no_mandate(client, letter, has_representative):
    listed = factories.an_organisation(name_fr="COOPÉRATIVE ARGANE")
    finding.note_words(listed)
    if has_representative:
        factories.a_user(organisation=listed)
    assert "you ask to join it" in client.get(LINK.format("en")).text
    assert client.post(LINK.format("fr"), data=ENROLMENT).status_code == 303
    joining = session.scalars(sa.select(Membership).where(Membership.user_id == nora().id)).one()
    assert (joining.state, joining.organisation_id, nora().organisation_id) == (MembershipState.ASKED, listed.id, None)


def test_one_of_much_the_same_name_is_chosen_in_the_profile(client, letter):
    listed = factories.an_organisation(name_fr="Coopérative Argane du Souss", name_ar=None)
    finding.note_words(listed)
    assert "choose yours in your profile afterwards" in client.get(LINK.format("en")).text
    sent = client.post(LINK.format("en"), data=ENROLMENT)
    assert nora().membership is None
    assert "of much the same name is listed" in client.get(sent.location).text
    assert session.scalar(sa.select(sa.func.count()).select_from(Organisation)) == 1


def test_whoever_speaks_for_themselves_joins_nothing(client, letter):
    assert client.post(LINK.format("fr"), data={**ENROLMENT, "speaks_for": "self"}).location == "/fr/"
    assert nora().membership is None
    assert session.scalar(sa.select(sa.func.count()).select_from(Organisation)) == 0


@pytest.mark.parametrize("wrong", [{"name": " "}, {"name": "a\x00b"}, {"language": "xx"}, {"speaks_for": "others"}])
def test_what_was_typed_wrong_is_said_and_nothing_is_lost(client, letter, wrong):
    answer = client.post(LINK.format("fr"), data={**ENROLMENT, **wrong})
    assert answer.status_code == 422
    assert "name" in wrong or "Nora Alaoui" in answer.text
    assert session.scalar(sa.select(sa.func.count()).where(User.email == ADDRESS)) == 0


# What each end is told


def test_a_link_that_has_served_leads_to_signing_in(client, letter):
    assert client.post(LINK.format("fr"), data=ENROLMENT).status_code == 303
    other = client.application.test_client()
    for language, words in {"fr": "son lien a fait son", "ar": "أدى رابطها", "en": "its link has done its work"}.items():
        page = other.get(LINK.format(language))
        assert page.status_code == 200
        assert words in page.text
    assert "/en/accounts/login?next=" in page.text
    assert other.post(LINK.format("en"), data=ENROLMENT).status_code == 200, "nothing is done with it"
    assert session.scalar(sa.select(sa.func.count()).select_from(User).where(User.email == ADDRESS)) == 1


def test_two_tabs_make_one_account(client, letter):
    assert client.post(LINK.format("fr"), data=ENROLMENT).status_code == 303
    with pytest.raises(Exception, match="There is an account"):
        service.enrol(VISITOR, session.merge(letter), name="Autre", language="fr", speaks_for=True)


def test_after_the_closing_each_language_says_so(client, consultation, letter):
    consultation.phase = Phase.CLOSED
    for language, words in {"fr": "n’est pas ouverte", "ar": "غير مفتوحة", "en": "is not open"}.items():
        for answer in (client.get(LINK.format(language)), client.post(LINK.format(language), data=ENROLMENT),
                       client.post(f"{LINK.format(language)}/open")):
            assert answer.status_code == 403
            assert words in answer.text
    assert client.post("/fr/outreach/refuse/a-key").status_code == 200, "refusing is possible in every phase"


def test_somebody_else_who_is_signed_in_is_told_so(client, letter, citizen):
    client.sign_in(citizen)
    for language, words in {"fr": "a été adressée à une autre personne", "ar": "كُتبت هذه الدعوة إلى شخص آخر",
                            "en": "was written to somebody else"}.items():
        answer = client.get(LINK.format(language))
        assert answer.status_code == 403
        assert words in answer.text
        assert ADDRESS not in answer.text
    assert client.post(f"{LINK.format('en')}/take-up").status_code == 403
    assert state() == StakeholderState.SENT


def test_whoever_has_an_account_takes_it_up(client, letter):
    client.sign_in(factories.a_user(email=ADDRESS))
    assert client.get(LINK.format("fr")).status_code == 200
    assert client.post(f"{LINK.format('fr')}/take-up").status_code == 303
    assert state() == StakeholderState.REGISTERED


@pytest.mark.parametrize("token", ["x", "é" * 200, "%00", "a" * 43])
@pytest.mark.parametrize("path", ["invitation/{}", "refuse/{}", "invitation/{}/open"])
def test_what_is_no_key_opens_nothing(client, consultation, letter, token, path):
    url = f"/fr/outreach/{path.format(token)}"
    assert (client.post(url) if path.endswith("open") else client.get(url)).status_code == 404


def test_refusing_takes_one_button_and_twice_is_no_fault(client, letter):
    assert "a-key" in client.get(LINK.format("fr")).text
    for _time in range(2):
        assert client.post("/ar/outreach/refuse/a-key").status_code == 200
        assert client.get("/ar/outreach/refuse/a-key").status_code == 200
    assert state() == StakeholderState.REFUSED


def test_the_journal_tells_no_address(client, letter):
    client.post(f"{LINK.format('fr')}/open")
    client.post(LINK.format("fr"), data=ENROLMENT)
    client.post("/fr/outreach/refuse/a-key")
    events = session.scalars(sa.select(AuditEvent)).all()
    assert {"outreach.open", "outreach.enrol", "outreach.refuse"} <= {event.action for event in events}
    assert ADDRESS not in str([(event.details, event.subject) for event in events])


def test_who_is_forgotten_leaves_neither_row_nor_letter_and_others_stay(client, letter):
    other = a_letter_to(session.merge(letter.consultation), "another-key")
    client.post(LINK.format("fr"), data=ENROLMENT)
    privacy.forget(SYSTEM, nora())
    session.commit()
    assert list(session.scalars(sa.select(Stakeholder.id))) == [other.stakeholder_id]
    assert ADDRESS not in str(rows()["stakeholder_letter"])
    assert len(rows()["stakeholder_letter"]) == 1


def test_ones_own_file_tells_that_one_was_asked(client, letter):
    letter.stakeholder.organisation_id = factories.an_organisation().id
    client.post(LINK.format("fr"), data=ENROLMENT)
    told = {held.subject.value for held in privacy.get_summary(nora(), nora())}
    assert "invited" in told
    file = zipfile.ZipFile(io.BytesIO(client.sign_in(nora()).get("/en/privacy/my-data").get_data()))
    page, data = file.read("my-data.html").decode(), file.read("my-data.json").decode()
    assert "Coopérative Argane" in page
    assert "Coopérative Argane" in data
    assert letter.token_hash not in data


def test_nobody_enrols_by_the_service_after_the_closing(consultation, letter):
    consultation.phase = Phase.SYNTHESIS
    with pytest.raises(NotAllowed):
        service.enrol(VISITOR, letter, name="Nora", language="fr", speaks_for=False)
