import pytest
import sqlalchemy as sa

from consult.core import tallies
from consult.core.db import session
from consult.core.permissions import SYSTEM
from consult.organisations import finding, service
from consult.organisations.models import Category, Membership, Organisation, OrganisationState, Region, Sector
from tests import factories
from tests.own_data import own_data

ORGANISATION = {"name_fr": "Fédération Témoin", "name_ar": "", "name_en": "", "short": "FT", "category": "professional_association",
                "sector": "cross_sector", "region": "rabat-sale-kenitra"}
MINE, ADD, PROFILE = (f"/fr/{path}" for path in ("organisations/mine", "organisations/add", "accounts/profile"))


@pytest.mark.parametrize("path", [MINE, ADD])
def test_one_signs_in_first(client, consultation, path):
    assert client.get(path).location == f"/fr/accounts/login?next={path}"


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_pages_are_there_in_each_language(client, participant, consultation, language):
    client.sign_in(participant)
    for path in (MINE, ADD):
        page = client.get(path.replace("/fr/", f"/{language}/"))
        assert page.status_code == 200
        assert consultation.cndp_number in page.text, "the notice of law 09-08"


def test_choosing_in_the_list(client, participant, consultation):
    other = factories.an_organisation()
    client.sign_in(participant)
    assert participant.organisation.name_fr in client.get(MINE).text
    answer = client.post(MINE, data={"organisation": other.slug}, follow_redirects=True)
    assert answer.request.path == MINE
    assert (participant.membership.organisation, participant.organisation) == (other, None)
    assert answer.text.count(other.name_fr) == 2, "said once, and shown below"
    assert other.name_fr in client.get(PROFILE).text


def test_speaking_for_oneself_again(client, participant, consultation):
    client.sign_in(participant)
    for _twice in range(2):
        assert client.post(MINE, data={"organisation": ""}).location == MINE
        assert participant.organisation is None
    assert "Vous parlez en votre nom" in client.get(MINE).text
    assert '/fr/organisations/mine"' in client.get(PROFILE).text


def test_what_is_not_in_the_list_is_refused(client, participant, consultation):
    present = participant.organisation
    answer = client.sign_in(participant).post(MINE, data={"organisation": "nowhere"})
    assert answer.status_code == 422
    assert "n’existe pas dans la liste" in answer.text
    assert participant.organisation is present


def test_the_profile_shows_it_in_the_language_of_the_page(client, participant, citizen, consultation):
    client.sign_in(participant)
    for language in ("fr", "ar"):
        assert participant.organisation.name(language) in client.get(f"/{language}/accounts/profile").text
    assert "You speak for yourself." in client.sign_in(citizen).get("/en/accounts/profile").text


def test_adding_an_organisation_joins_it(client, citizen, consultation):
    client.sign_in(citizen)
    assert client.get(ADD).status_code == 200
    assert client.post(ADD, data=ORGANISATION).location == PROFILE
    assert citizen.organisation.name_fr == "Fédération Témoin"
    response = client.post("/en/organisations/add", data=ORGANISATION)
    assert response.status_code == 422
    assert "already listed" in response.text
    assert client.post(ADD, data={**ORGANISATION, "region": ""}).status_code == 422


@pytest.mark.parametrize("path", [MINE, PROFILE])
def test_pages_ask_as_much_whatever_the_number_of_organisations(client, participant, consultation, count_queries, path):
    client.sign_in(participant)
    few = count_queries(lambda: client.get(path))
    for _ in range(60):
        factories.an_organisation()
    many = count_queries(lambda: client.get(path))
    assert few == many <= 12
    assert session.scalar(sa.select(sa.func.count()).select_from(Organisation)) > 60


def test_ones_own_data_says_for_whom_one_speaks(client, participant, consultation):
    data = own_data(client.sign_in(participant))
    assert data["organisation"] == participant.organisation.name_fr
    assert len(data["memberships"]) == 1


def test_neither_an_acronym_nor_one_region_is_wanted_of_a_national_body(client, citizen, consultation):
    page = client.sign_in(citizen).get("/fr/organisations/add")
    assert '<option value="national">Tout le pays</option>' in page.text
    answer = client.post("/fr/organisations/add", data={**ORGANISATION, "short": "", "region": "national"})
    assert answer.status_code == 303
    [membership] = session.scalars(sa.select(Membership))
    assert (membership.organisation.short, membership.organisation.region.value) == ("", "national")


REGISTER = "/fr/organisations/register"


def test_it_is_found_by_name_first_and_joined_by_one_press(client, citizen, consultation):
    listed = service.add(SYSTEM, None, name_fr="Union témoin des ateliers", category=Category.OTHER, sector=Sector.CROSS_SECTOR,
                         region=Region.FES)
    page = client.sign_in(citizen).get(f"{MINE}?q=ATELIERS")
    assert "Union témoin des ateliers" in page.text
    assert f'name="organisation" value="{listed.slug}"' in page.text
    assert client.post(MINE, data={"organisation": listed.slug}).location == MINE
    assert citizen.membership.organisation is listed
    assert f'value="{listed.slug}"' not in client.get(f"{MINE}?q=boulangers").text
    assert "/fr/organisations/add?name=boulangers" in client.get(f"{MINE}?q=boulangers").text


def test_one_much_like_another_is_shown_beside_it_and_listed_by_whoever_insists(client, participant, consultation):
    client.sign_in(participant).post(ADD, data=ORGANISATION)
    typed = {**ORGANISATION, "name_fr": "Fédération des Témoins", "short": ""}
    refused = client.post(ADD, data=typed)
    assert refused.status_code == 422
    assert "Fédération Témoin" in refused.text
    assert 'name="is_another"' in refused.text
    assert client.post(ADD, data={**typed, "is_another": "y"}).location == PROFILE
    assert participant.organisation.name_fr == "Fédération des Témoins"


def test_the_secretariat_confirms_and_corrects_in_its_register(client, participant, secretary, consultation):
    client.sign_in(participant).post(ADD, data=ORGANISATION)
    organisation = participant.organisation
    assert client.get(REGISTER).status_code == 403
    client.sign_in(secretary)
    page = client.get(f"{REGISTER}?state=listed")
    assert "Fédération Témoin" in page.text
    assert client.post(f"{REGISTER}/{organisation.slug}/confirm").status_code == 303
    client.get(REGISTER)
    assert "Fédération Témoin" not in client.get(f"{REGISTER}?state=listed").text
    address = f"{REGISTER}/{organisation.slug}/correct"
    assert client.get(address).status_code == 200
    values = {**ORGANISATION, "name_ar": "الفيدرالية المثال", "row_counter": organisation.row_counter}
    assert client.post(address, data=values).location == REGISTER
    assert organisation.name_ar == "الفيدرالية المثال"
    assert client.post(address, data={**values, "name_en": "Too late"}).status_code == 409
    assert organisation.name_en is None


def test_what_is_lodged_for_one_says_that_it_is_to_be_confirmed(client, secretary, block):
    organisation = factories.an_organisation(state=OrganisationState.LISTED, confirmed_at=None)
    contribution = factories.a_published_contribution(block=block, author=factories.a_user(organisation=organisation))
    address = f"/fr/contributions/{contribution.ref}"
    assert "organisme à confirmer" in client.get(address).text
    service.confirm(secretary, organisation)
    assert "organisme à confirmer" not in client.get(address).text


def test_the_secretariat_corrects_the_category_and_reads_what_was_there(client, secretary, block):
    organisation = factories.an_organisation(name_fr="Atelier du Souss")
    factories.a_published_contribution(block=block, author=factories.a_user(organisation=organisation))
    client.sign_in(secretary)
    address = f"{REGISTER}/{organisation.slug}/correct"
    assert "Rien n’a encore été corrigé." in client.get(address).text
    values = {**ORGANISATION, "category": "chamber", "row_counter": organisation.row_counter}
    assert client.post(address, data=values).status_code == 303
    page = client.get(address).text
    assert "<del><bdi>Laboratoire ou centre technique</bdi></del>" in page
    assert "<ins><bdi>Chambre professionnelle</bdi></ins>" in page
    assert "<del><bdi>Atelier du Souss</bdi></del>" in page
    assert tallies.faults() == []
    client.sign_in(factories.a_user(organisation=organisation))
    assert client.get(address).status_code == 403


def test_two_entries_are_made_one_on_two_pages(client, secretary, block):
    body, double = factories.an_organisation(name_fr="Union des pêches"), factories.an_organisation(name_fr="Pêcheries du Nord")
    for one in (body, double):
        finding.note_words(one)
    factories.a_published_contribution(block=block, author=factories.a_user(organisation=double))
    client.sign_in(secretary)
    address = f"{REGISTER}/{double.slug}/merge"
    assert "Union des pêches" in client.get(f"{address}?q=union").text
    shown = client.get(f"{address}?into={body.slug}").text
    assert "Ce qui passe à" in shown
    values = {"into": body.slug, "row_counter": double.row_counter}
    refused = client.post(address, data=values)
    assert (refused.status_code, double.merged_into) == (422, None), "not before it is said to be meant"
    for wrong in ({**values, "into": double.slug}, {**values, "into": ""}, {**values, "row_counter": "x\x00"}):
        assert client.post(address, data={**wrong, "is_meant": "y"}).status_code == 422
    assert client.post(address, data={**values, "into": "no-such", "is_meant": "y"}).status_code == 404
    assert client.post(address, data={**values, "is_meant": "y"}).location == REGISTER
    assert double.merged_into is body
    assert client.get(address).location == REGISTER
    assert client.post(address, data={**values, "is_meant": "y"}).status_code == 303, "pressed twice"
    client.sign_in(factories.a_user(organisation=body))
    assert client.get(address).status_code == 403
