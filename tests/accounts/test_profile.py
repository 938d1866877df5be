
import sqlalchemy as sa
from flask import render_template_string

from consult.accounts.models import Organisation
from consult.core import web
from consult.core.db import session
from tests import factories

PROFILE = {"name": "Nora Tazi", "name_ar": "نورة التازي", "function": "Directrice qualité", "language": "ar", "organisation": ""}


def test_profile_shows_and_records(client, participant, consultation):
    client.sign_in(participant)
    page = client.get("/fr/accounts/profile")
    assert f'selected value="{participant.organisation.slug}"' in page.text
    assert consultation.cndp_number in page.text
    assert client.post("/fr/accounts/profile", data=PROFILE).location == "/fr/accounts/profile"
    assert (participant.name_ar, participant.language, participant.organisation, participant.is_name_public) == (
        "نورة التازي", "ar", None, False)


def test_profile_says_what_is_wrong(client, participant, consultation):
    client.sign_in(participant)
    response = client.post("/fr/accounts/profile", data={**PROFILE, "name": " "})
    assert response.status_code == 422
    assert 'href="#name"' in response.text
    assert client.post("/fr/accounts/profile", data={**PROFILE, "organisation": "nowhere"}).status_code == 422


def test_profile_lists_appointments(client, rapporteur):
    client.sign_in(rapporteur)
    text = client.get("/en/accounts/profile").text
    assert "Rapporteur of the commission" in text
    assert "Commission 1" in text


ORGANISATION = {"name_fr": "Fédération Témoin", "name_ar": "", "name_en": "", "short": "FT", "category": "professional_association",
                "sector": "cross_sector", "region": "rabat-sale-kenitra"}


def test_adding_an_organisation_joins_it(client, citizen, consultation):
    client.sign_in(citizen)
    assert client.get("/fr/accounts/add-organisation").status_code == 200
    assert client.post("/fr/accounts/add-organisation", data=ORGANISATION).location == "/fr/accounts/profile"
    assert citizen.organisation.name_fr == "Fédération Témoin"
    response = client.post("/en/accounts/add-organisation", data=ORGANISATION)
    assert response.status_code == 422
    assert "already listed" in response.text
    assert client.post("/fr/accounts/add-organisation", data={**ORGANISATION, "region": ""}).status_code == 422


def test_the_profile_asks_as_much_whatever_the_number_of_organisations(client, participant, consultation, count_queries):
    client.sign_in(participant)
    few = count_queries(lambda: client.get("/fr/accounts/profile"))
    for _ in range(60):
        factories.an_organisation()
    many = count_queries(lambda: client.get("/fr/accounts/profile"))
    assert few == many <= 12
    assert session.scalar(sa.select(sa.func.count()).select_from(Organisation)) > 60


def test_ones_own_data_in_one_file(client, rapporteur, monkeypatch):
    monkeypatch.setitem(web.slots, "my_data", [lambda user: {"contributions": [user.email]}])
    assert client.get("/fr/accounts/my-data").status_code == 302
    response = client.sign_in(rapporteur).get("/fr/accounts/my-data")
    assert "attachment" in response.headers["Content-Disposition"]
    assert (response.json["email"], response.json["contributions"]) == (rapporteur.email, [rapporteur.email])
    assert [held["role"] for held in response.json["appointments"]] == ["rapporteur"]
    assert not {"password", "fs_uniquifier", "us_totp_secrets"} & set(response.json)


def test_pages_of_the_library_stand_in_our_frame(app, consultation):
    """Flask-Security's pages that have none of ours fill ``content`` of its ``security/base.html``: that one is ours."""
    with app.test_request_context("/ar/accounts/login"):
        app.preprocess_request()
        page = render_template_string('{% extends "security/base.html" %}{% block content %}<p>own words</p>{% endblock %}')
    assert '<html lang="ar" dir="rtl">' in page
    assert "<p>own words</p>" in page.partition("<main")[2].partition("</main>")[0]
