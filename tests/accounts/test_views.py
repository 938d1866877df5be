import re

import pytest
import sqlalchemy as sa
import time_machine

from consult.accounts import service
from consult.accounts.models import User
from consult.consultations.models import Role
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.origins import is_of_this_site
from consult.core.permissions import SYSTEM
from tests import factories
from tests.accounts.factors import long_ago

PASSWORD = "une phrase assez longue, éàü"


@pytest.fixture
def salma(consultation):
    """Made as the command line makes accounts."""
    user = service.add(SYSTEM, None, email="salma@example.org", name="Salma", password=PASSWORD, language="ar")
    session.flush()
    return user


def sign_in(client, email="salma@example.org", password=PASSWORD, *, language="fr", **values):
    return client.post(f"/{language}/accounts/login", data={"identity": email, "passcode": password, "submit": "1", **values})


def ask_for_link(client, email="salma@example.org", language="fr", **query):
    return client.post(f"/{language}/accounts/us-signin/send-code", query_string=query,
                       data={"identity": email, "submit_send_code": "1", **query})


def is_signed_in(client) -> bool:
    return client.get("/fr/accounts/profile").status_code == 200


def register(client, at="fr", **over):
    values = {"name": "Nora Tazi", "email": "Nora@Example.org", "language": "fr", "password": ""}
    return client.post(f"/{at}/accounts/register", data={**values, **over})


# Pages


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
@pytest.mark.parametrize("name", ["login", "register", "reset", "confirm", "check-mail", "us-signin"])
def test_pages_of_signing_in(client, consultation, language, name):
    response = client.get(f"/{language}/accounts/{name}")
    assert response.status_code == 200
    assert f'<html lang="{language}"' in response.text
    if name == "register":
        assert consultation.cndp_number in response.text
    assert not re.search(r' style="|<style|onclick', response.text)


def test_a_name_with_a_sign_that_nobody_sees_can_be_sent_without_it(client, consultation):
    assert 'name="without_unseen"' in register(client, "en", name="Nora\u202e Tazi").text
    register(client, "en", name="Nora\u202e Tazi", without_unseen="1")
    assert session.scalar(sa.select(User.name).where(User.email == "nora@example.org")) == "Nora Tazi"


def test_retired_pages_lead_to_ours(client, participant, consultation):
    assert client.get("/fr/accounts/us-verify-link?id=a&code=b").location == "/fr/accounts/follow-link?id=a&code=b"
    client.sign_in(participant)
    assert client.get("/fr/accounts/us-setup").location == "/fr/accounts/profile"
    assert client.get("/fr/accounts/verify").location == "/fr/accounts/us-verify"


# By password


def test_an_account_of_the_command_line_signs_in(client, salma):
    response = sign_in(client, " SALMA@example.org")
    assert response.status_code == 302
    assert response.location == "/fr/accounts/arrive"
    assert client.get("/fr/accounts/arrive").location == "/fr/"
    assert is_signed_in(client)
    assert salma.password.startswith("$argon2id$")


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_the_language_of_the_address_lasts(client, salma, language):
    assert sign_in(client, language=language).location == f"/{language}/accounts/arrive"
    assert client.post(f"/{language}/accounts/logout").location == f"/{language}/"
    assert client.get(f"/{language}/accounts/profile").location.startswith(f"/{language}/accounts/login?next=")


def test_back_to_where_one_was(client, salma):
    assert client.get("/fr/accounts/profile").location == "/fr/accounts/login?next=/fr/accounts/profile"
    page = client.get("/fr/accounts/login?next=/fr/accounts/profile")
    assert 'name="next" type="hidden" value="/fr/accounts/profile"' in page.text
    assert sign_in(client, next="/fr/accounts/profile").location == "/fr/accounts/profile"


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "\\\\evil.example", "///evil.example", "javascript:x"])
def test_never_to_another_site(client, salma, address):
    response = sign_in(client, next=address)
    assert response.status_code == 422 or is_of_this_site(response.location)
    client.post("/fr/accounts/logout")
    ask_for_link(client, next=address)
    sign_in(client)
    assert client.get("/fr/accounts/arrive").location == "/fr/"


def test_a_sign_in_that_is_refused_changes_nothing(client, salma):
    assert sign_in(client, password="not this one").status_code == 422
    for wrong in ({"chosen_method": "pigeon"}, {"passcode": "x" * 1001}):
        client.post("/fr/accounts/us-signin/send-code", data={"identity": salma.email, "submit_send_code": "1", **wrong})
    assert salma.us_totp_secrets is None


def test_wrong_and_unknown_get_the_same_answer(client, salma):
    wrong, unknown = sign_in(client, password="not this one", language="en"), sign_in(client, "nobody@example.org", language="en")
    assert wrong.status_code == unknown.status_code == 422
    assert wrong.text == unknown.text.replace("nobody@", "salma@")
    assert "is not right" in wrong.text
    assert not is_signed_in(client)


def test_a_disabled_account_stays_out(client, salma):
    salma.active = False
    sign_in(client)
    assert not is_signed_in(client)


def test_signing_in_renews_the_session_key(client, salma):
    with client.session_transaction() as cookies:
        cookies["csrf_token"] = "planted"
    sign_in(client)
    with client.session_transaction() as cookies:
        assert cookies.get("csrf_token") != "planted"


def test_cookies_are_guarded(guarded):
    with guarded.app_context():
        response = guarded.test_client().get("/fr/accounts/login", base_url="https://consult.test")
    cookie = response.headers["Set-Cookie"]
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_remember_me(client, salma):
    sign_in(client, remember="y")
    cookie = client.get_cookie("remember_token")
    assert cookie.http_only
    client.delete_cookie("consult")
    assert is_signed_in(client)


def test_signing_out_is_a_post(client, participant, consultation):
    client.sign_in(participant)
    assert client.get("/fr/accounts/logout").status_code == 405
    assert client.post("/fr/accounts/logout").status_code == 302
    assert not is_signed_in(client)


# By link or code


def test_the_link_of_the_letter_signs_in_once(client, salma, letters, link_in):
    page = ask_for_link(client)
    assert page.status_code == 200
    assert 'autocomplete="one-time-code"' in page.text
    (recipient, subject, body), = letters()
    assert recipient == "salma@example.org"
    path = link_in(body)
    assert path.startswith("/ar/accounts/follow-link?")
    assert not is_signed_in(client)
    assert client.get(path).status_code == 200
    assert not is_signed_in(client), "opening the link alone must not use it up"
    assert client.post(path).location == "/ar/accounts/arrive"
    assert is_signed_in(client)
    client.post("/fr/accounts/logout")
    assert "accounts/us-signin" in client.post(path).location
    assert not is_signed_in(client), "the link served twice"


def test_the_code_of_the_letter_signs_in_once(client, salma, letters):
    ask_for_link(client)
    code = re.search(r"^\d{8}$", letters()[0][2], re.MULTILINE).group()
    assert sign_in(client, password=code).status_code == 302
    client.post("/fr/accounts/logout")
    sign_in(client, password=code)
    assert not is_signed_in(client)


@pytest.mark.parametrize(("minutes", "opens"), [(9, True), (11, False)])
def test_the_code_lasts_ten_minutes(client, salma, letters, minutes, opens):
    with time_machine.travel(utcnow(), tick=False) as clock:
        ask_for_link(client)
        code = re.search(r"^\d{8}$", letters()[0][2], re.MULTILINE).group()
        clock.shift(minutes * 60)
        sign_in(client, password=code)
        assert is_signed_in(client) is opens


def test_an_unknown_address_gets_the_same_answer_and_no_letter(client, salma, letters):
    known, unknown = ask_for_link(client), ask_for_link(client, "nobody@example.org")
    assert known.text == unknown.text.replace("nobody@", "salma@")
    assert len(letters()) == 1


def test_the_link_brings_back_to_where_one_was(client, salma, letters, link_in):
    ask_for_link(client, next="/fr/organisations/add")
    client.post(link_in(letters()[0][2]))
    assert client.get("/fr/accounts/arrive").location == "/fr/organisations/add"


def test_a_false_link_says_so(client, salma):
    assert client.get("/fr/accounts/follow-link").status_code == 200
    response = client.post(f"/en/accounts/follow-link?id={salma.fs_uniquifier}&code=00000000", follow_redirects=True)
    assert "is not right" in response.text
    assert client.post("/fr/accounts/follow-link").status_code == 302


# Registering


def test_registering_without_a_password(client, consultation, letters, link_in):
    response = register(client, "ar")
    assert response.location == "/ar/accounts/check-mail"
    user = session.scalars(sa.select(User).where(User.email == "nora@example.org")).one()
    assert (user.name, user.language, user.password, user.confirmed_at, user.is_name_public) == ("Nora Tazi", "fr", None, None, False)
    assert "nora@example.org" in client.get("/ar/accounts/check-mail").text
    path = link_in(letters()[0][2])
    assert path.startswith("/fr/accounts/confirm/")
    assert client.post(path).location == "/fr/accounts/arrive"
    assert user.confirmed_at
    assert is_signed_in(client)


def test_registering_with_a_password(client, consultation, letters, link_in):
    register(client, password=PASSWORD)
    sign_in(client, "nora@example.org")
    assert not is_signed_in(client), "before the address is confirmed"
    path = link_in(letters()[0][2])
    client.post(path)
    client.post("/fr/accounts/logout")
    assert sign_in(client, "nora@example.org").status_code == 302
    client.post("/fr/accounts/logout")
    assert client.get(path).location == "/fr/accounts/login"
    assert not is_signed_in(client), "the confirmation signs in once"


def test_a_link_works_for_those_who_registered_with_a_password(client, consultation, letters, link_in):
    register(client, password=PASSWORD)
    client.post(link_in(letters()[0][2]))
    client.post("/fr/accounts/logout")
    ask_for_link(client, "nora@example.org")
    client.post(link_in(letters()[1][2]))
    assert is_signed_in(client)


def test_asking_for_a_link_before_confirming_sends_the_confirmation(client, consultation, letters):
    register(client)
    ask_for_link(client, "nora@example.org")
    assert "/accounts/confirm/" in letters()[1][2]


def test_after_confirming_back_to_the_chapter(client, consultation, letters, link_in):
    client.get("/fr/accounts/register?next=/fr/organisations/add")
    register(client)
    client.post(link_in(letters()[0][2]))
    assert client.get("/fr/accounts/arrive").location == "/fr/organisations/add"


def test_registering_twice_says_nothing_but_writes(client, salma, letters):
    known, fresh = register(client, email="salma@example.org"), register(client)
    assert known.location == fresh.location
    assert letters()[0][0] == "salma@example.org"
    assert "/ar/accounts/login" in letters()[0][2]


@pytest.mark.parametrize("over", [{"name": ""}, {"email": "nora"}, {"password": "court"}, {"language": "xx"}])
def test_registering_says_what_is_wrong(client, consultation, over):
    response = register(client, **over)
    assert response.status_code == 422
    assert 'class="error-summary"' in response.text
    assert not session.scalar(sa.select(sa.func.count()).select_from(User))


def test_a_lost_confirmation_is_sent_again(client, consultation, letters, link_in):
    register(client)
    client.post("/fr/accounts/confirm", data={"email": "nora@example.org"})
    client.post(link_in(letters()[1][2]))
    assert is_signed_in(client)


# Passwords


def test_a_forgotten_password(client, salma, letters, link_in):
    known = client.post("/fr/accounts/reset", data={"email": "salma@example.org"})
    unknown = client.post("/fr/accounts/reset", data={"email": "nobody@example.org"})
    assert known.text == unknown.text.replace("nobody@", "salma@")
    path = link_in(letters()[0][2])
    assert client.get(path).status_code == 200
    assert client.post(path, data={"password": "court", "password_confirm": "court"}).status_code == 422
    response = client.post(path, data={"password": "encore plus longue", "password_confirm": "encore plus longue"})
    assert response.location == "/ar/accounts/login"
    assert sign_in(client, password="encore plus longue").status_code == 302
    assert client.get(path).location.endswith("/accounts/reset"), "a used link opens nothing"
    assert len(letters()) == 2


@pytest.mark.parametrize("page", ["reset", "confirm"])
@pytest.mark.parametrize(("typed", "said"), [("", "Type your e-mail address."), ("  ", "Type your e-mail address."),
                                             ("salma", "This is not an e-mail address.")])
def test_what_is_no_address_is_told_at_its_field(client, salma, letters, page, typed, said):
    response = client.post(f"/en/accounts/{page}", data={"email": typed})
    assert response.status_code == 422
    assert response.text.count(said) == 2, "in the summary and at the field"
    assert 'aria-invalid="true"' in response.text
    assert letters() == []


def test_changing_a_password(client, salma, letters):
    sign_in(client)
    assert client.get("/fr/accounts/change").status_code == 200
    values = {"password": PASSWORD, "new_password": "encore plus longue", "new_password_confirm": "encore plus longue"}
    assert client.post("/fr/accounts/change", data={**values, "password": "faux"}).status_code == 422
    assert client.post("/fr/accounts/change", data=values).location == "/fr/accounts/profile"
    assert is_signed_in(client)
    assert letters()[0][0] == "salma@example.org"


def test_a_first_password_wants_a_fresh_sign_in(client, salma, letters):
    salma.password = None
    long_ago(client.sign_in(salma))
    assert client.get("/fr/accounts/change").location == "/fr/accounts/us-verify?next=/fr/accounts/change"
    assert client.get("/fr/accounts/us-verify?next=/fr/accounts/change").status_code == 200
    client.post("/fr/accounts/us-verify/send-code", data={"submit_send_code": "1"})
    code = re.search(r"^\d{8}$", letters()[0][2], re.MULTILINE).group()
    response = client.post("/fr/accounts/us-verify?next=/fr/accounts/change", data={"passcode": code, "submit": "1"})
    assert response.location == "/fr/accounts/change"
    assert client.get("/fr/accounts/change").status_code == 200


# Arriving


@pytest.mark.parametrize(("role", "place"), [
    (None, "/fr/"), (Role.MODERATOR, "/fr/moderation/"), (Role.RAPPORTEUR, "/fr/moderation/"), (Role.CHAIR, "/fr/moderation/"),
    (Role.SECRETARIAT, "/fr/consultations/dashboard"), (Role.ADMINISTRATOR, "/fr/consultations/dashboard"),
])
def test_each_arrives_at_their_work(client, consultation, role, place):
    commission = consultation.commissions[0] if role in (Role.MODERATOR, Role.RAPPORTEUR, Role.CHAIR) else None
    client.sign_in(factories.a_user(role=role, commission=commission))
    assert client.get("/fr/accounts/arrive").location == place


# Guards


def test_attempts_are_limited_for_each_account(guarded):
    guarded.config["WTF_CSRF_ENABLED"] = False
    with guarded.app_context():
        client = guarded.test_client()
        answers = [sign_in(client, "salma@example.org", "guess").status_code for _ in range(11)]
        assert answers == [422] * 10 + [429]
        refusal = sign_in(client, "SALMA@example.org ", "guess")
        assert refusal.status_code == 429
        assert 'class="error-page' in refusal.text
        assert refusal.headers["Retry-After"]
        assert sign_in(client, "somebody.else@example.org", "guess").status_code == 422


def test_letters_are_limited_for_each_account(guarded):
    guarded.config["WTF_CSRF_ENABLED"] = False
    with guarded.app_context():
        client = guarded.test_client()
        answers = [ask_for_link(client).status_code for _ in range(7)]
        assert answers == [200] * 6 + [429]
        assert client.post("/fr/accounts/reset", data={"email": "salma@example.org"}).status_code == 429


def test_forged_forms_are_refused_in_our_words(guarded):
    with guarded.app_context():
        response = sign_in(guarded.test_client(), language="en")
    assert response.status_code == 400
    assert "This page had expired" in response.text


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_a_password_of_thousands_of_characters_is_refused_kindly(client, salma, language):
    assert sign_in(client, password="x" * 11_000, language=language).status_code in (200, 422)
    response = register(client, language, password="x" * 11_000)
    assert {"fr": "1\u202f000 caractères au plus", "ar": "1.000 على الأكثر"}[language] in response.text


def test_a_field_that_is_too_long_is_refused_in_arabic(client, consultation):
    response = register(client, "ar", name="س" * 300)
    assert "عدد الأحرف المسموح به: 200 على الأكثر." in response.text
    assert "Field cannot" not in response.text
