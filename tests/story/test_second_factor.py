"""A second factor as people set it up and use it: a passkey in Chromium, with a virtual authenticator of the DevTools protocol; codes of
an authenticator, and those on paper, without JavaScript.
"""

import pytest
from passlib.totp import TOTP

from consult.demonstration import PASSWORD

pytestmark = pytest.mark.browser
RAPPORTEUR = "rapporteur1@csnca.example"


@pytest.fixture
def guarded_site(own_site):
    """As before the public; by a name, since a passkey is bound to one."""
    own_site.base = f"http://localhost:{own_site.port}"
    own_site.environment |= {"CONSULT_BASE_URL": own_site.base, "CONSULT_SECOND_FACTOR": "required"}
    return own_site.start(with_worker=False)


def give_password(person, email: str = RAPPORTEUR) -> None:
    person.go("accounts/login")
    person.page.fill("[name=identity]", email)
    person.page.fill("[name=passcode]", PASSWORD)
    person.press("main [name=submit]")


def answers_by_itself(person) -> None:
    """The telephone or key of somebody who touches it whenever it asks."""
    protocol = person.page.context.new_cdp_session(person.page)
    protocol.send("WebAuthn.enable")
    protocol.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
        "automaticPresenceSimulation": True}})


def make_codes(person) -> list[str]:
    person.go("accounts/renew-recovery-codes")
    person.press("main .form-acts button")
    person.picture("recovery-codes")
    return person.page.locator(".recovery-codes code").all_inner_texts()


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_a_passkey(guarded_site, arrive, language):
    person = arrive(guarded_site, language)
    answers_by_itself(person)
    give_password(person)
    assert person.path == "accounts/second-factor", "who is in charge is led there"
    assert person.go("moderation/").status == 403
    person.go("accounts/second-factor")
    person.press("main a[href*='wan-register']")
    person.page.fill("[name=name]", "Ma clé")
    person.press("main .form-acts button")
    person.page.wait_for_url("**/accounts/second-factor")
    assert "Ma clé" in person.text("main")
    person.picture("passkey")
    assert person.go("moderation/").status == 200
    person.sign_out()
    give_password(person)
    assert person.path == "accounts/wan-signin"
    person.press("main .form-acts button")
    person.page.wait_for_url("**/moderation/**")


def test_a_passkey_that_does_not_answer_is_told_and_codes_on_paper_help(guarded_site, arrive):
    person = arrive(guarded_site)
    answers_by_itself(person)
    give_password(person)
    person.go("accounts/wan-register")
    person.page.fill("[name=name]", "Ma clé")
    person.press("main .form-acts button")
    person.page.wait_for_url("**/accounts/second-factor")
    codes = make_codes(person)
    assert len(codes) == 10
    other = arrive(guarded_site)
    protocol = other.page.context.new_cdp_session(other.page)
    protocol.send("WebAuthn.enable")  # a browser that holds no key
    protocol.send("WebAuthn.addVirtualAuthenticator", {"options": {"protocol": "u2f", "transport": "usb"}})
    give_password(other)
    other.press("main .form-acts button")
    other.page.wait_for_selector("main [role=alert]:visible")
    other.press("main a[href*='mf-recovery']")
    other.page.fill("[name=code]", codes[0].lower())
    other.press("main .form-acts button")
    assert other.go("moderation/").status == 200
    assert person.go("accounts/profile").url.endswith("accounts/login?next=/fr/accounts/profile"), "every other session is over"


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_an_authenticator_without_javascript(guarded_site, arrive, language):
    person = arrive(guarded_site, language, width=360, java_script_enabled=False)
    give_password(person)
    person.go("accounts/wan-register")
    assert person.sees("main noscript a[href*='set-up-authenticator']"), "passkeys say that they need JavaScript"
    person.go("accounts/set-up-authenticator")
    assert person.page.locator("img.qr").evaluate("image => image.naturalWidth") > 0, "the policy lets the image be seen"
    person.picture("set-up")
    held = TOTP(key=person.text("code.secret"), format="base32")
    person.page.fill("[name=code]", held.generate().token)
    person.press("main .form-acts button")
    assert person.path == "accounts/second-factor"
    [code, *_others] = make_codes(person)
    person.sign_out()
    give_password(person)
    assert person.path == "accounts/tf-validate"
    person.picture("second-step")
    person.page.fill("[name=code]", held.generate(held.generate().expire_time + 1).token)  # the next one: that of now has served
    person.press("main .form-acts button")
    assert person.go("moderation/").status == 200
    person.sign_out()
    give_password(person)
    person.press("main a[href*='mf-recovery']")
    person.page.fill("[name=code]", code)
    person.press("main .form-acts button")
    assert person.go("moderation/").status == 200


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_a_passkey_alone(guarded_site, arrive, language):
    person = arrive(guarded_site, language)
    answers_by_itself(person)
    give_password(person)
    person.go("accounts/wan-register")
    person.page.fill("[name=name]", "Ma clé")
    person.press("main .form-acts button")
    person.page.wait_for_url("**/accounts/second-factor")
    person.sign_out()
    person.go("accounts/login")
    person.picture("sign-in")
    person.press("main a[href*='use-passkey']")
    person.page.wait_for_url("**/moderation/**")
    assert person.go("moderation/").status == 200, "it counts for both steps"
