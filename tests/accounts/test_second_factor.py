"""A second factor: asked for at every sign-in of whoever has one, each code once, and without it no act of those in charge."""

import html
import json
import math
import re
from datetime import timedelta
from urllib.parse import unquote

import pytest
from flask import url_for
from flask_security import login_user
from flask_security.proxies import _security

from consult.accounts import service, signin
from consult.accounts.models import User
from consult.accounts.service import factors
from consult.core.db import session
from consult.core.errors import Conflict, NotAllowed
from consult.core.i18n import utcnow
from tests import factories
from tests.accounts.factors import STEP, acts_of, codes_of, second, set_up
from tests.accounts.test_views import PASSWORD, ask_for_link, is_signed_in, salma, sign_in
from tests.letters import letters_to
from tests.own_data import own_data

__all__ = ["salma"]


# An authenticator


def test_the_page_shows_the_secret_as_an_image_and_in_letters_and_keeps_nothing_yet(client, salma, clock):
    sign_in(client)
    page = client.get("/fr/accounts/set-up-authenticator")
    assert 'src="data:image/svg+xml;base64,' in page.text
    assert "img-src 'self' data:" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "private, no-store"
    letters = re.search(r'<code class="secret" dir="ltr">([^<]+)<', page.text)[1]
    assert re.fullmatch(r"([A-Z2-7]{4} )+[A-Z2-7]{1,4}", letters)
    assert letters in client.get("/fr/accounts/set-up-authenticator").text, "the same when the page is opened again"
    assert session.get(User, salma.id).tf_totp_secret is None
    refused = client.post("/fr/accounts/set-up-authenticator", data={"code": "000000"})
    assert refused.status_code == 422
    assert letters in refused.text
    assert session.get(User, salma.id).tf_totp_secret is None


def test_the_secret_is_kept_encrypted(client, salma, authenticator):
    kept = session.get(User, salma.id).tf_totp_secret
    assert set(json.loads(kept)) >= {"enckey"}
    assert authenticator.base32_key not in kept
    assert "key" not in set(json.loads(kept)) - {"enckey"}


@pytest.mark.parametrize("by", ["password", "link", "code"])
def test_whatever_the_first_step_the_second_is_asked_for(client, salma, authenticator, by):
    if by == "password":
        first = sign_in(client)
    else:
        ask_for_link(client)
        link = re.search(r"http\S+follow-link\S+", letters_to(salma)[-1].body)[0]
        first = (client.post(link.partition("consult.test")[2]) if by == "link" else
                 sign_in(client, password=re.search(r"^(\d{8})$", letters_to(salma)[-1].body, re.M)[1]))
    assert first.status_code == 302
    assert first.location in ("/fr/accounts/tf-validate", "/ar/accounts/tf-validate")
    assert not is_signed_in(client)
    assert client.get("/fr/accounts/tf-validate").status_code == 200
    assert second(client, authenticator.generate().token).status_code == 302
    assert is_signed_in(client)


def test_a_link_serves_once_for_the_first_step_too(client, app, salma, authenticator):
    ask_for_link(client)
    link = re.search(r"http\S+follow-link\S+", letters_to(salma)[-1].body)[0].partition("consult.test")[2]
    assert "tf-validate" in client.post(link).location
    assert "tf-validate" not in app.test_client().post(link).location


def test_a_wrong_password_tells_nothing_of_a_second_factor(app, salma, authenticator):
    factories.a_user(email="karim@example.org", password=service.hash_password(PASSWORD))
    with_one, without = (sign_in(app.test_client(), email, "not this one") for email in ("salma@example.org", "karim@example.org"))
    assert with_one.status_code == without.status_code == 422
    strange = re.compile(r"salma|karim|csrf[^>]*")
    assert strange.sub("", with_one.text) == strange.sub("", without.text)


def test_a_code_serves_once(client, app, salma, authenticator, clock):
    code = authenticator.generate().token
    sign_in(client)
    assert second(client, code).status_code == 302
    thief = app.test_client()
    sign_in(thief)
    assert second(thief, code).status_code == 422
    assert not is_signed_in(thief)
    clock.shift(STEP)
    assert second(thief, code).status_code == 422, "nor while it would still be near enough"
    assert second(thief, authenticator.generate().token).status_code == 302


def test_the_code_of_the_set_up_serves_no_more(client, salma, clock):
    sign_in(client)
    held = set_up(client)
    client.post("/fr/accounts/logout")
    sign_in(client)
    assert second(client, held.generate().token).status_code == 422


@pytest.mark.parametrize(("seconds", "status"), [(-90, 422), (-30, 302), (30, 302), (90, 422)])
def test_a_clock_may_differ_a_little(client, salma, authenticator, clock, seconds, status):
    clock.shift(timedelta(minutes=3))
    sign_in(client)
    assert second(client, authenticator.generate(utcnow() + timedelta(seconds=seconds)).token).status_code == status


def test_digits_may_be_typed_as_an_arabic_keyboard_writes_them(client, salma, authenticator):
    sign_in(client)
    code = authenticator.generate().token.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert second(client, f"{code[:3]} {code[3:]}").status_code == 302


def test_the_second_step_waits_ten_minutes_and_in_the_same_browser(client, app, salma, authenticator, clock):
    assert second(app.test_client(), authenticator.generate().token).location == "/fr/accounts/login"
    sign_in(client)
    clock.shift(timedelta(minutes=11))
    assert second(client, authenticator.generate().token).location == "/fr/accounts/login"
    assert not is_signed_in(client)


def test_a_changed_password_ends_the_second_step_of_whoever_had_the_former(client, app, salma, authenticator):
    sign_in(client)
    salma = session.get(User, salma.id)
    with app.test_request_context():
        _security.datastore.set_uniquifier(salma)
    session.commit()
    assert second(client, authenticator.generate().token).location == "/fr/accounts/login"
    assert not is_signed_in(client)


def test_where_one_was_going_is_kept_over_the_second_step(client, salma, authenticator):
    first = sign_in(client, next="/fr/organisations/mine")
    assert first.location == "/fr/accounts/tf-validate?next=/fr/organisations/mine"
    assert 'action="/fr/accounts/tf-validate?next=/fr/organisations/mine"' in client.get(first.location).text
    assert second(client, authenticator.generate().token, next="/fr/organisations/mine").location == "/fr/organisations/mine"


def test_whoever_is_signed_in_is_not_signed_out_by_a_page_of_the_second_step(client, salma):
    sign_in(client)
    for page in ("tf-validate", "tf-select", "wan-signin", "mf-recovery"):
        assert client.get(f"/fr/accounts/{page}").location == "/fr/accounts/arrive"
    assert is_signed_in(client)


def test_nobody_with_a_second_factor_is_signed_in_by_another_way(client, app, salma, authenticator):
    with app.test_request_context(), pytest.raises(NotAllowed):
        login_user(session.get(User, salma.id), authn_via=["something new"])


def test_whoever_changes_the_password_goes_on(client, salma, authenticator):
    sign_in(client)
    second(client, authenticator.generate().token)
    changed = client.post("/fr/accounts/change", data={
        "password": PASSWORD, "new_password": "une autre phrase assez longue", "new_password_confirm": "une autre phrase assez longue"})
    assert changed.status_code == 302
    assert is_signed_in(client)


def test_a_secret_that_another_key_encrypted_lets_nobody_in(client, salma, authenticator):
    kept = json.loads(salma.tf_totp_secret)
    kept["enckey"]["k"] = kept["enckey"]["k"][::-1]
    session.get(User, salma.id).tf_totp_secret = json.dumps(kept)
    session.commit()
    sign_in(client)
    assert second(client, authenticator.generate().token).status_code == 422


# What changes a factor


@pytest.mark.parametrize("path", ["set-up-authenticator", "remove-authenticator", "renew-recovery-codes", "wan-register", "reset-factors"])
def test_what_changes_a_factor_asks_once_more_who_it_is(client, salma, clock, path):
    sign_in(client)
    assert client.get(f"/fr/accounts/{path}").status_code in (200, 403)
    clock.shift(timedelta(minutes=16))
    for answer in (client.get(f"/fr/accounts/{path}"), client.post(f"/fr/accounts/{path}")):
        assert answer.location.startswith("/fr/accounts/us-verify?next=")
    assert client.post("/fr/accounts/us-verify", data={"passcode": PASSWORD, "submit": "1"}).status_code == 302
    assert client.get(f"/fr/accounts/{path}").status_code in (200, 403)


def test_it_ends_the_other_sessions_is_told_and_stands_in_the_journal(client, app, salma, clock):
    elsewhere = app.test_client()
    sign_in(elsewhere)
    sign_in(client)
    set_up(client)
    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)
    assert acts_of(salma)[-1] == "accounts.set_up_authenticator"
    assert "ضُبط تطبيق التحقق" in letters_to(salma)[-1].body, "in her language"
    codes_of(client)
    assert client.post("/fr/accounts/remove-authenticator").status_code == 303
    assert acts_of(salma)[-2:] == ["accounts.renew_recovery_codes", "accounts.remove_authenticator"]
    person = session.get(User, salma.id)
    assert (person.tf_totp_secret, person.totp_counter, person.mf_recovery_codes, person.has_factor) == (None, None, None, False)
    assert len(letters_to(salma)) == 3
    assert client.post("/fr/accounts/remove-authenticator").status_code == 409


def test_nobody_changes_the_factor_of_another(salma, citizen):
    for act, values in ((service.set_up_authenticator, {"secret": "s", "counter": 1}), (service.remove_authenticator, {}),
                        (service.add_passkey, {"name": "x"}), (service.renew_recovery_codes, {"codes": []}),
                        (service.use_recovery_code, {"code": "x"})):
        with pytest.raises(NotAllowed):
            act(citizen, salma, **values)


def test_personal_data_name_the_factors_and_hold_no_secret(client, salma, authenticator):
    sign_in(client)
    second(client, authenticator.generate().token)
    codes = codes_of(client)
    data = own_data(client)
    assert data["second_factors"] == {"authenticator": True, "recovery_codes_left": 10, "passkeys": []}
    person = session.get(User, salma.id)
    for secret in (person.tf_totp_secret, *person.mf_recovery_codes, *codes, "totp"):
        assert secret not in json.dumps(data)


# Recovery codes


def test_recovery_codes_are_shown_once_and_kept_as_digests(client, salma, authenticator):
    sign_in(client)
    second(client, authenticator.generate().token)
    page = client.post("/fr/accounts/renew-recovery-codes")
    codes = re.findall(r"<li><code>([^<]+)</code></li>", page.text)
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}", code) for code in codes)
    downloaded = unquote(html.unescape(re.search(r'href="data:text/plain;charset=utf-8,([^"]+)"', page.text)[1]))
    assert downloaded.splitlines()[1:] == codes
    assert page.headers["Cache-Control"] == "private, no-store"
    assert not any(code in client.get("/fr/accounts/renew-recovery-codes").text for code in codes)
    kept = session.get(User, salma.id).mf_recovery_codes
    assert len(kept) == 10
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in kept)


def test_recovery_codes_have_the_bits_of_a_key():
    """112 are asked for, or a password's hash instead of a digest."""
    signs = {len(code.replace("-", "")) for code in service.new_codes()}
    assert min(signs) * math.log2(len(factors.SIGNS)) >= 112


def test_each_serves_once_however_it_is_typed(client, app, salma, authenticator, clock):
    sign_in(client)
    second(client, authenticator.generate().token)
    code, other = codes_of(client)[:2]
    stranger = app.test_client()
    sign_in(stranger)
    assert stranger.get("/fr/accounts/mf-recovery").status_code == 200
    assert stranger.post("/fr/accounts/mf-recovery", data={"code": f" {code.lower().replace('-', ' ')} "}).status_code == 302
    assert is_signed_in(stranger)
    assert not is_signed_in(client), "every other session is over"
    assert acts_of(salma)[-1] == "accounts.use_recovery_code"
    assert "9" in letters_to(salma)[-1].body
    third = app.test_client()
    sign_in(third)
    assert third.post("/fr/accounts/mf-recovery", data={"code": code}).status_code == 422
    assert third.post("/fr/accounts/mf-recovery", data={"code": other}).status_code == 302


def test_of_two_who_use_one_code_the_second_is_refused(client, salma, authenticator):
    sign_in(client)
    second(client, authenticator.generate().token)
    code = codes_of(client)[0]
    person = session.get(User, salma.id)
    service.use_recovery_code(person, person, code=code)
    with pytest.raises(Conflict):
        service.use_recovery_code(person, person, code=code)


def test_codes_made_anew_replace_the_former(client, app, salma, authenticator):
    sign_in(client)
    second(client, authenticator.generate().token)
    former, new = codes_of(client), codes_of(client)
    elsewhere = app.test_client()
    sign_in(elsewhere)
    assert elsewhere.post("/fr/accounts/mf-recovery", data={"code": former[0]}).status_code == 422
    assert elsewhere.post("/fr/accounts/mf-recovery", data={"code": new[0]}).status_code == 302


def test_without_a_factor_there_are_no_codes(client, salma):
    sign_in(client)
    assert client.post("/fr/accounts/renew-recovery-codes").status_code == 409


# The library's addresses

OURS = {  # with a page of ours, by its template
    "login": "us_signin", "us_signin": "us_signin", "us_signin_send_code": "us_signin", "us_verify": "us_verify",
    "us_verify_send_code": "us_verify", "register": "register_user", "forgot_password": "forgot_password",
    "reset_password": "reset_password", "change_password": "change_password", "send_confirmation": "send_confirmation",
    "two_factor_token_validation": "two_factor_verify_code", "tf_select": "two_factor_select", "mf_recovery": "mf_recovery",
    "wan_signin": "wan_signin", "wan_register": "wan_register",
}
LEADS_ON = {"logout", "wan_signin_response", "wan_register_response"}  # what is sent there is answered by leading elsewhere
OWN_VIEW = {"confirm_email", "static"}  # `accounts.views.confirm`; and nothing at all


def test_every_address_of_the_library_wears_a_page_of_ours_or_is_closed(app):
    found = {rule.endpoint.removeprefix("security.") for rule in app.url_map.iter_rules() if rule.endpoint.startswith("security.")}
    retired = {name.removeprefix("security.") for name in signin.RETIRED}
    assert found == {*OURS, *LEADS_ON, *OWN_VIEW, *retired}
    for template in set(OURS.values()):
        source = app.jinja_env.get_template(f"security/{template}.html").filename
        assert source.startswith(app.jinja_loader.searchpath[0]), template


def test_nothing_of_the_library_is_served_beside(app, client, salma):
    assert client.get("/fr/accounts/fs-static/js/webauthn.js").status_code == 404
    sign_in(client)
    for name, stand_in in signin.RETIRED.items():
        for rule in app.url_map.iter_rules(name):
            if "GET" in rule.methods:
                with app.test_request_context():
                    there = url_for(stand_in, language="fr")
                assert client.get(f"/fr/accounts{rule.rule.partition('accounts')[2]}").location == there
