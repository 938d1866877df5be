"""Whatever form is refused, what was typed in it stands in the answer: asked of every address that takes a form, also of those to come.

The session had ended, the token was lost, somebody else signed in meanwhile: no view need do anything for it.
"""

import re

import lxml.html
import pytest
from wtforms import PasswordField

from consult.core import refused
from consult.core.web import csrf
from tests.house.source import ROOT

# They check their token themselves, so that their own page shows what was typed: the names of what is typed there.
OWN_PAGE = {
    "contributions.lodge": {"body", "justification", "replacement", "exact"},
    "chapters.edit_working_draft": {"title", "note", "body"},
    "chapters.import_chapter": set(),  # a file and a button
    "contributions.save": set(),  # a script asks it, and the words stay in its page and its browser
    "contributions.save_offered": set(),  # likewise
    **dict.fromkeys(("news.stop", "outreach.refuse"), set()),  # the key stands in its address, and nothing is typed
    "chapters.preview": set(),  # a part of the editor's page, which stays as it is
}
# What somebody who is not signed in may send: these answer by themselves.
FOR_VISITORS = re.compile(r"security\.|accounts\.(follow_link|use_passkey)|contributions\.(lodge|save)|news\.stop")
SAMPLES = {"number": 1, "chapter": 1, "table": 1, "entry": 1,
           "text_language": "fr", "kind": "synthesis", "ref": "PNQ-C1-0001", "key": "C1-A1-P1-a1"}


def typed_names() -> set[str]:
    """Of all fields into which people type, in forms and in templates."""
    found = set()
    for form in refused._forms():
        if form.__module__.startswith("consult"):
            found |= {name for name, field in refused._fields_of(form).items() if refused._typed(name, "x", field).label}
    for path in (ROOT / "templates").rglob("*.html"):
        found |= set(re.findall(r"<(?:textarea|input\b[^>]*type=\"text\")[^>]*\bname=\"([a-z_-]+)\"", path.read_text()))
        found |= set(re.findall(r"<input\b[^>]*\bname=\"([a-z_-]+)\"[^>]*type=\"text\"", path.read_text()))
    return {name for name in found if not refused.is_secret(name)}


def secret_names() -> set[str]:
    return {name for form in refused._forms() for name, field in refused._fields_of(form).items()
            if issubclass(field.field_class, PasswordField)} | {"code-password", "new_passcode"}


def words(endpoint: str) -> dict[str, str]:
    names = OWN_PAGE.get(endpoint, typed_names())
    return {name: f"Ce qui fut tapé dans « {name} »,\net la suite." for name in names}


def addresses(app) -> list[tuple[str, str]]:
    """(endpoint, address) of everything that takes a form."""
    found = set()
    for rule in app.url_map.iter_rules():
        if "POST" in rule.methods and rule.endpoint != "static":
            parts = {name: SAMPLES.get(name, 1 if name.endswith("_id") else "x") for name in rule.arguments}
            found.add((rule.endpoint, app.url_map.bind("localhost").build(rule.endpoint, {**parts, "language": "fr"}, method="POST")))
    return sorted(found)


def shown(page) -> str:
    return "\n".join(lxml.html.fromstring(page.text).xpath("//main//textarea/text() | //main//input/@value | //main//p/text()"))


def lost(client, endpoint: str, address: str) -> list[str]:
    """What of the words sent there is not in the answer."""
    sent = words(endpoint)
    answer = client.post(address, data={**sent, **dict.fromkeys(secret_names(), "Sésame, ouvre-toi")}, headers={"Origin": "http://localhost"})
    assert "Sésame" not in answer.text, f"{endpoint} shows a password"
    if answer.status_code < 400:
        return list(sent) and [f"{endpoint}: answered {answer.status_code} {answer.location or ''}"]
    text = re.sub(r"\s+", " ", shown(answer))
    return [f"{endpoint} {answer.status_code}: {name}" for name, value in sent.items() if re.sub(r"\s+", " ", value) not in text]


@pytest.mark.usefixtures("chapter")
def test_a_lost_session_or_token_loses_no_word_anywhere(app, client, secretary, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    found = addresses(app)
    assert len(found) > 40
    for who in (None, secretary):
        if who is not None:
            client.sign_in(who)
        checked = [(endpoint, at) for endpoint, at in found if not (endpoint == "contributions.lodge" and who is None)]
        assert [line for endpoint, at in checked for line in lost(client, endpoint, at)] == []


@pytest.mark.usefixtures("chapter")
def test_nor_does_a_sign_in_that_ran_out_while_its_token_was_good(app, client):
    checked = [(endpoint, at) for endpoint, at in addresses(app) if not FOR_VISITORS.match(endpoint)]
    assert [line for endpoint, at in checked for line in lost(client, endpoint, at)] == []


@pytest.mark.usefixtures("chapter")
def test_nor_somebody_else_who_signed_in_meanwhile(app, client, citizen):
    # A citizen's own pages, which show their own errors; in one of them nothing is typed, and one is asked once more who one is.
    own = {"accounts.profile", "accounts.remove_authenticator", "accounts.set_up_authenticator", "organisations.add", "organisations.mine",
           "contributions.position", "forms.receive", "reception.claim", "privacy.forget", "news.choose", "news.follow", "news.unfollow"}
    checked = [(endpoint, at) for endpoint, at in addresses(app) if not FOR_VISITORS.match(endpoint) and endpoint not in own]
    client.sign_in(citizen)
    assert [line for endpoint, at in checked for line in lost(client, endpoint, at)] == []


def test_whoever_checks_the_token_alone_is_listed_here(app):
    exempt = {endpoint for endpoint, view in app.view_functions.items() if f"{view.__module__}.{view.__name__}" in csrf._exempt_views}
    assert exempt == set(OWN_PAGE), "show there what was typed when the token is lost, and list here what is typed"


def test_every_text_field_that_a_template_writes_by_itself_has_its_words(app):
    in_forms = {name for form in refused._forms() for name in refused._fields_of(form)}
    assert typed_names() - in_forms - set(refused.WORDS) == set(), "say in core/refused.py what is typed there"
