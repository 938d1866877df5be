import pytest
import sqlalchemy as sa

from consult.core.db import session
from consult.organisations.models import Membership, Organisation
from tests import factories

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
    assert f'selected value="{participant.organisation.slug}"' in client.get(MINE).text
    answer = client.post(MINE, data={"organisation": other.slug}, follow_redirects=True)
    assert answer.request.path == PROFILE
    assert participant.organisation is other
    assert answer.text.count(other.name_fr) == 2, "said once, and shown in the profile"


def test_speaking_for_oneself_again(client, participant, consultation):
    client.sign_in(participant)
    for _twice in range(2):
        assert client.post(MINE, data={"organisation": ""}).location == PROFILE
        assert participant.organisation is None
    assert 'selected value=""' in client.get(MINE).text
    assert '/fr/organisations/mine"' in client.get(PROFILE).text


def test_what_is_not_in_the_list_is_refused(client, participant, consultation):
    present = participant.organisation
    answer = client.sign_in(participant).post(MINE, data={"organisation": "nowhere"})
    assert answer.status_code == 422
    assert 'href="#organisation"' in answer.text
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
    data = client.sign_in(participant).get("/fr/accounts/my-data").json
    assert data["organisation"] == participant.organisation.name_fr
    assert len(data["memberships"]) == 1


def test_neither_an_acronym_nor_one_region_is_wanted_of_a_national_body(client, citizen, consultation):
    page = client.sign_in(citizen).get("/fr/organisations/add")
    assert '<option value="national">Tout le pays</option>' in page.text
    answer = client.post("/fr/organisations/add", data={**ORGANISATION, "short": "", "region": "national"})
    assert answer.status_code == 303
    [membership] = session.scalars(sa.select(Membership))
    assert (membership.organisation.short, membership.organisation.region.value) == ("", "national")
