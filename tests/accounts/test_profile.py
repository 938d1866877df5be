

import pytest
from flask import render_template_string

from consult.accounts import events
from tests.own_data import own_data

PROFILE = {"name": "Nora Tazi", "name_ar": "نورة التازي", "function": "Directrice qualité", "language": "ar"}


def test_profile_shows_and_records(client, participant, consultation):
    client.sign_in(participant)
    page = client.get("/fr/accounts/profile")
    assert f'value="{participant.name}"' in page.text
    assert consultation.cndp_number in page.text
    assert client.post("/fr/accounts/profile", data=PROFILE).location == "/fr/accounts/profile"
    assert (participant.name_ar, participant.language, participant.is_name_public) == ("نورة التازي", "ar", False)


def test_profile_shows_what_the_rooms_above_say_of_the_person(client, participant, consultation, monkeypatch):
    part = events.ProfilePart(id="more", title="Plus", words="Rien <de> plus")
    monkeypatch.setattr(events.profile_parts, "fillers", [lambda person: part])
    text = client.sign_in(participant).get("/fr/accounts/profile").text
    assert '<section class="section" aria-labelledby="more"><h2 id="more">Plus</h2>' in text
    assert "Rien &lt;de&gt; plus" in text


def test_profile_says_what_is_wrong(client, participant, consultation):
    client.sign_in(participant)
    response = client.post("/fr/accounts/profile", data={**PROFILE, "name": " "})
    assert response.status_code == 422
    assert 'href="#name"' in response.text


@pytest.mark.parametrize("over", [{"function": "a\x07b"}, {"name_ar": "\u202e"}, {"language": "xx"}])
def test_a_profile_that_is_refused_is_as_it_was(client, participant, consultation, over):
    before = participant.name, participant.name_ar, participant.function, participant.language
    assert client.sign_in(participant).post("/fr/accounts/profile", data={**PROFILE, **over}).status_code == 422
    assert (participant.name, participant.name_ar, participant.function, participant.language) == before


def test_profile_lists_appointments(client, rapporteur):
    client.sign_in(rapporteur)
    text = client.get("/en/accounts/profile").text
    assert "Rapporteur of the commission" in text
    assert "Commission 1" in text


def test_ones_own_data_in_one_file(client, rapporteur, monkeypatch):
    monkeypatch.setattr(events.my_data, "fillers", [lambda person: {"contributions": [person.email]}])
    assert client.get("/fr/privacy/my-data").status_code == 302
    data = own_data(client.sign_in(rapporteur))
    assert (data["email"], data["contributions"]) == (rapporteur.email, [rapporteur.email])
    assert [held["role"] for held in data["appointments"]] == ["rapporteur"]
    assert not {"password", "fs_uniquifier", "us_totp_secrets"} & set(data)


def test_one_door_leads_to_ones_own_data(client, rapporteur):
    assert client.sign_in(rapporteur).get("/fr/accounts/my-data").status_code == 404


def test_pages_of_the_library_stand_in_our_frame(app, consultation):
    """Flask-Security's pages that have none of ours fill ``content`` of its ``security/base.html``: that one is ours."""
    with app.test_request_context("/ar/accounts/login"):
        app.preprocess_request()
        page = render_template_string('{% extends "security/base.html" %}{% block content %}<p>own words</p>{% endblock %}')
    assert '<html lang="ar" dir="rtl">' in page
    assert "<p>own words</p>" in page.partition("<main")[2].partition("</main>")[0]
