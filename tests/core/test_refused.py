"""A form that was refused: shown with its words, kept behind the sign-in, sent again; nothing of another site, no password."""

import html
import io
import json
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from consult.accounts import service as accounts
from consult.consultations.models import Consultation
from consult.core import refused
from consult.core.db import session
from consult.core.i18n import clock_at, utcnow
from consult.core.web import MAX_FIELDS
from tests import factories
from tests.contributions.browsing import form_of, text_of
from tests.counting import queries
from tests.growing import grows_as_its_text

EXTEND = "/en/consultations/extend"
WORDS = "Vu le nombre des contributions,\r\nune semaine de plus."
PHRASE = "une phrase assez longue"


@pytest.fixture
def protected(app, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)


def sent_again(client, page):
    main = page.text.partition("<main")[2]
    action = html.unescape(re.search(r'<form method="post" action="([^"]*)"', main)[1])
    inputs = dict(re.findall(r'<input type="text"[^>]*name="([^"]*)" value="([^"]*)"', main))
    return client.post(action, data={**{name: html.unescape(value) for name, value in inputs.items()}, **form_of(page)})


def kept():
    return list(session.scalars(sa.select(refused.KeptForm)))


def signed_out(client):
    with client.session_transaction() as cookies:
        for name in ("_user_id", "_fresh", "csrf_token"):
            cookies.pop(name, None)


def test_what_was_typed_is_sent_again_after_signing_in(client, consultation, secretary, protected):
    closes = (consultation.closes_at + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M")
    typed = {"closes_at": closes, "reason": WORDS}
    page = client.post(EXTEND, data=typed)
    assert page.status_code == 400
    assert WORDS.replace("\r\n", "\n") in text_of(page).replace("\r\n", "\n")
    link = html.unescape(re.search(r'href="(/en/accounts/login\?next=[^"]*kept[^"]*)"', page.text)[1])
    assert len(kept()) == 1
    client.sign_in(secretary)
    back = client.get("/en/kept/" + kept()[0].token)
    assert kept()[0].token in link
    assert back.status_code == 200
    assert "no-store" in back.headers["Cache-Control"]
    assert "Check it, and send it again" in text_of(back)
    answer = sent_again(client, back)
    assert (answer.status_code, answer.location) == (303, "/en/consultations/dashboard")
    session.expire_all()
    assert session.scalars(sa.select(Consultation)).one().round.extensions[-1].reason.replace("\r\n", "\n") == WORDS.replace("\r\n", "\n")
    assert kept() == []
    assert client.get("/en/kept/" + link.rpartition("%2F")[2].rpartition("/")[2]).status_code == 404


def test_by_password_the_way_leads_back_to_the_words(client, consultation, protected):
    accounts.add(factories.SYSTEM, None, email="salma@example.org", name="Salma", password=PHRASE)
    page = client.post("/en/accounts/profile", data={"name": "Salma El Idrissi", "function": "Ingénieure, depuis peu"})
    enter = html.unescape(re.search(r'href="(/en/accounts/login\?next=[^"]*kept[^"]*)"', page.text)[1])
    values = {**form_of(client.get(enter)), "identity": "salma@example.org", "passcode": PHRASE, "submit": "1"}
    answer = client.post(enter, data=values)
    assert answer.location.startswith("/en/kept/")
    back = client.get(answer.location)
    assert "Ingénieure, depuis peu" in text_of(back)
    assert "signed in as" in text_of(back)


def test_whoever_signs_in_by_another_way_lands_on_the_words(client, consultation, secretary, protected):
    client.post(EXTEND, data={"reason": WORDS})
    assert client.sign_in(secretary).get("/en/accounts/arrive").location == f"/en/kept/{kept()[0].token}"
    client.get(f"/en/kept/{kept()[0].token}")
    assert "/kept/" not in client.get("/en/accounts/arrive").location, "once it was seen, one lands where one's work is"


def test_what_is_refused_leads_nowhere_that_takes_forms_alone(client, consultation, protected):
    headers = {"Referer": "http://localhost/en/moderation/?state=submitted"}
    page = client.post("/en/moderation/publish-several", data={"choice": "x:1", "words": WORDS}, headers=headers).text
    assert 'href="/ar/moderation/?state=submitted"' in page
    for link in set(re.findall(r'<a [^>]*href="(/[^"#]*)"', page)):
        assert client.get(html.unescape(link)).status_code != 405, link
    assert "next=/en/moderation/publish-several" not in page


def test_of_two_people_at_one_browser_the_first_alone_sees_it(client, consultation, secretary, citizen, protected):
    client.post(EXTEND, data={"reason": WORDS})
    address = f"/en/kept/{kept()[0].token}"
    assert client.application.test_client().get(address).status_code == 404, "another browser"
    assert client.get(address).status_code == 200
    assert client.sign_in(secretary).get(address).status_code == 200
    assert client.sign_in(citizen).get(address).status_code == 404
    signed_out(client)
    assert client.get(address).status_code == 404


def test_somebody_else_who_is_signed_in_now_is_told_under_whose_name(client, consultation, citizen, protected):
    page = client.sign_in(citizen).post(EXTEND, data={"reason": WORDS})
    assert page.status_code == 400
    assert citizen.name in text_of(page).partition("<main")[2]
    assert kept() == [], "it stands on the page of somebody who is signed in"
    assert sent_again(client, page).status_code == 403


def test_a_token_that_was_renewed_in_another_window_takes_one_more_press(client, consultation, secretary, protected):
    client.sign_in(secretary)
    page = client.post(EXTEND, data={"csrf_token": "old", "reason": WORDS, "closes_at": "2001-01-01T00:00"})
    answer = sent_again(client, page)
    assert answer.status_code == 422, "the view itself judges it now"
    assert "une semaine de plus" in text_of(answer)


def test_a_button_without_words_can_be_pressed_again(client, consultation, secretary, protected):
    client.sign_in(secretary)
    page = client.post("/en/consultations/close")
    assert "What you had sent" in text_of(page)
    assert "Send it again" in text_of(page)


@pytest.mark.parametrize("headers", [
    {"Origin": "https://evil.example"}, {"Referer": "https://evil.example/x"}, {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"},
])
def test_what_another_site_sends_is_neither_shown_nor_kept(client, consultation, secretary, protected, headers):
    for who in (None, secretary):
        if who:
            client.sign_in(who)
        page = client.post(EXTEND, data={"reason": WORDS}, headers=headers)
        assert page.status_code == 400
        assert "une semaine" not in text_of(page)
        assert "Send it again" not in text_of(page)
    assert kept() == []


def test_what_our_own_page_sends_is_shown(client, consultation, protected):
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert "une semaine" in text_of(client.post(EXTEND, data={"reason": WORDS}, headers=headers))


def test_a_password_is_neither_shown_nor_kept_nor_sent_again(client, consultation, protected):
    page = client.post("/en/accounts/register", data={"email": "a@example.org", "name": "Amina Alaoui", "password": "Sésame, ouvre-toi"})
    assert page.status_code == 400
    assert "Amina Alaoui" in text_of(page)
    assert "Sésame" not in text_of(page)
    assert "Send it again" not in text_of(page), "or an account without a password would be made"
    assert kept() == []


@pytest.mark.parametrize(("path", "status"), [("/fr/nothing/here", 404), ("/fr/synthesis/edit-item/1/2", 404), ("/fr/chapters/1", 405)])
def test_what_no_address_takes_is_shown_and_not_kept(client, consultation, path, status):
    answer = client.post(path, data={"rationale": "Des mots écrits longuement."})
    assert answer.status_code == status
    assert "Des mots écrits longuement." in answer.text
    assert "/accounts/login?next=%2Ffr%2Fkept" not in answer.text
    assert kept() == []


def test_there_is_an_end_to_what_is_kept_and_the_page_still_shows_it(client, consultation, protected, monkeypatch):
    monkeypatch.setattr(refused, "MAX_KEPT", 150)
    client.post(EXTEND, data={"reason": WORDS})
    page = client.post(EXTEND, data={"reason": WORDS * 2})
    assert len(kept()) == 1
    assert text_of(page).count("une semaine") == 2
    assert "kept for a week" not in text_of(page)


def far(client, number: int, **data):
    return client.post(EXTEND, data=data, environ_overrides={"REMOTE_ADDR": f"10.0.0.{number}"})


def test_a_network_that_sends_without_end_takes_no_room_of_others(app, client, consultation, protected, monkeypatch):
    monkeypatch.setattr(refused, "MAX_FORMS_OF_NETWORK", 3)
    far(client, 1, reason="La première, d’ailleurs.")
    for number in range(5):
        far(app.test_client(), 2, reason=f"Raison numéro {number}.")
    assert [json.loads(form.fields)[0][1] for form in kept()] == [
        "La première, d’ailleurs.", *(f"Raison numéro {number}." for number in (2, 3, 4))]
    monkeypatch.setattr(refused, "MAX_OF_NETWORK", 2 * kept()[-1].size)
    far(app.test_client(), 2, reason="Raison numéro 5.")
    assert len(kept()) == 3
    assert "10.0.0" not in " ".join(form.network for form in kept())
    assert len({form.network for form in kept()}) == 2


def test_what_is_longer_than_any_form_of_ours_is_shown_and_not_kept(client, consultation, protected):
    page = client.post(EXTEND, data={"reason": WORDS + "x" * refused.MAX_TYPED})
    assert "une semaine" in text_of(page)
    assert kept() == []
    client.post(f"{EXTEND}?q={'x' * refused.MAX_TYPED}", data={"reason": WORDS})
    assert kept() == []


def test_how_much_is_kept_is_read_out_of_an_index(client, consultation, protected):
    """What was typed, a hundred megabytes of it perhaps, is not read for it; nor is more counted than there may be."""
    with queries() as asked:
        client.post(EXTEND, data={"reason": WORDS})
    [sums] = [words for words in asked if "sum(" in words.lower() and "kept_form" in words]
    assert "length(" not in sums
    assert "LIMIT" in sums


def test_a_browser_that_keeps_many_loses_none_of_them(client, consultation, protected, monkeypatch):
    monkeypatch.setattr(refused, "REMEMBERED", 2)
    for number in range(3):
        page = client.post(EXTEND, data={"reason": f"Raison numéro {number}."})
        assert f"Raison numéro {number}." in text_of(page)
    assert len(kept()) == 2
    assert "Sign in in a new window" in text_of(page)
    session.delete(kept()[0])
    session.flush()
    client.post(EXTEND, data={"reason": "Raison numéro 3."})
    assert len(kept()) == 2


def test_what_a_script_asks_for_is_not_kept(client, consultation, protected):
    client.post(EXTEND, data={"reason": WORDS}, headers={"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"})
    assert kept() == []


def test_a_database_that_refuses_leaves_the_words_on_the_page(client, consultation, protected, monkeypatch, caplog):
    def fail(*_values):
        raise OperationalError("INSERT", {}, Exception("disk full"))

    monkeypatch.setattr(refused, "keep", fail)
    page = client.post(EXTEND, data={"reason": WORDS})
    assert page.status_code == 400
    assert "une semaine" in text_of(page)
    assert "could not be kept" in caplog.text


def test_what_nobody_came_back_for_is_forgotten(client, consultation, protected):
    with clock_at(utcnow() - refused.KEPT_FOR - timedelta(hours=1)):
        client.post(EXTEND, data={"reason": WORDS})
    client.post(EXTEND, data={"reason": "Autre chose."})
    refused.drop_forgotten_forms()
    assert [form.fields for form in kept()] == ['[["reason", "Autre chose."]]']


def test_sent_again_without_signing_in_it_is_kept_once(client, consultation, protected):
    page = client.post(EXTEND, data={"reason": WORDS})
    sent_again(client, page)
    assert len(kept()) == 1


def test_a_conflict_shows_the_words_to_be_copied(client, participant, citizen, block):
    values = {"position": "opposed", "kind": "comment", "comment_type": "technical", "speak_as": "self", "form_key": "one-key"}
    address = f"/en/contributions/lodge/1/{block.key}"
    client.sign_in(participant).post(address, data={**values, "body": "Le premier."})
    page = client.sign_in(citizen).post(address, data={**values, "body": "Ce que le second a écrit."})
    assert page.status_code == 409
    assert "Ce que le second a écrit." in text_of(page)
    assert "Copy what you need" in text_of(page)


def test_what_no_column_takes_is_kept_as_it_is(client, consultation, protected):
    client.post(EXTEND, data={"reason": "a\x00b \u202e"})
    assert "\\u0000" in kept()[0].fields


def test_a_refused_form_of_many_values_comes_back_whole(client, consultation, protected):
    page = client.post("/en/synthesis/edit-item/1", data={"key": ["C1-A1", "C1-A2"], "wording": ["Une phrase.", "Une autre."],
                                                          "disposition": "accepted", "rationale": "Parce que."})
    main = page.text.partition("<main")[2]
    assert re.findall(r'name="key" value="([^"]*)"', main) == ["C1-A1", "C1-A2"]
    assert re.findall(r'name="wording" value="([^"]*)"', main) == ["Une phrase.", "Une autre."]
    assert 'name="disposition" value="accepted"' in main
    assert "Rationale" in main


@pytest.mark.parametrize(("sent", "status"), [
    ({"data": "&".join(["a"] * (MAX_FIELDS + 1)), "content_type": "application/x-www-form-urlencoded"}, 413),
    ({"data": {**{f"f{n}": "" for n in range(2 * MAX_FIELDS)}, "file": (io.BytesIO(b"x"), "x.txt")}}, 413),
    ({"query_string": "&".join(["a"] * (MAX_FIELDS + 1))}, 414),
], ids=["fields", "parts", "parameters"])
def test_nobody_fills_in_thousands_of_fields(client, consultation, monkeypatch, sent, status):
    """Before anything looks at them, the page that says so included."""
    monkeypatch.setattr(refused, "is_secret", lambda *_name: pytest.fail("a field was looked at"))
    page = client.post("/fr/accounts/login", **sent)
    assert page.status_code == status
    assert not re.findall(r'name="(?:a|f1)"', page.text)


def test_passwords_are_looked_for_in_the_forms_once_however_many_fields_come(client, consultation, protected, monkeypatch):
    walked, walk = [], refused._forms
    monkeypatch.setattr(refused, "_forms", lambda *form: walked.append(form) or walk(*form))
    client.post(EXTEND, data={f"f{n}": "words" for n in range(3)})
    few = len(walked)
    walked.clear()
    client.post(EXTEND, data={f"f{n}": "words" for n in range(1_500)})
    assert len(walked) == few > 0


@pytest.mark.parametrize("name", ["password", "new_password_confirm", "x\npasscode", "passcode\n", "csrf_token", "kept"])
def test_a_secret_is_one_whatever_stands_around_its_name(name):
    assert refused.is_secret(name, set())
    assert not refused.is_secret("keptx", set())
    assert grows_as_its_text(lambda text: refused.is_secret(text, set()), lambda length: "passwor" * length + "\n", 4_000)
