"""An address is one at every door: registering, signing in, asking for a letter, the command line, appointments, the contact address."""

import flask_migrate
import pytest
import sqlalchemy as sa

from consult.accounts import service
from consult.accounts.models import User
from consult.consultations import service as consultations
from consult.core.db import session, unit_of_work
from consult.core.errors import Invalid
from consult.core.permissions import SYSTEM, VISITOR
from tests import factories
from tests.accounts.test_views import PASSWORD, ask_for_link, is_signed_in, register, sign_in

SPELLINGS = ["nora@bücher.example", "Nora@XN--BCHER-KVA.example", " nora@BÜCHER.example ", "nora@bu\u0308cher.example",
             "\u202anora@bücher.example\u202c"]
WRONG = ["nora@exemple,gov,ma", "nora@exemple", "nora", "nora@exemple..ma", "nora, samir@exemple.ma", "nora@exe\u200bmple.ma"]


def count() -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(User))


@pytest.fixture
def nora(consultation):
    return service.add(SYSTEM, None, email="nora@bücher.example", name="Nora", password=PASSWORD)


@pytest.mark.parametrize("typed", SPELLINGS)
def test_no_second_account_however_it_is_spelt(client, nora, letters, typed):
    with pytest.raises(Invalid) as refusal:
        service.add(SYSTEM, None, email=typed, name="Autre")
    assert refusal.value.field == "email"
    register(client, email=typed)
    assert count() == 1
    assert [recipient for recipient, _subject, _body in letters()] == [nora.email]


@pytest.mark.parametrize("typed", SPELLINGS)
def test_its_owner_is_known_however_it_is_spelt(client, nora, letters, link_in, secretary, consultation, typed):
    assert service.get_user_by_email(typed) is nora
    assert consultations.get_appointee(secretary, consultation, email=typed) is nora
    client.post("/fr/accounts/reset", data={"email": typed})
    ask_for_link(client, typed)
    assert [recipient for recipient, _subject, _body in letters()] == [nora.email] * 2
    sign_in(client, typed)
    assert is_signed_in(client)


@pytest.mark.parametrize("typed", WRONG)
def test_what_is_none_is_refused_at_every_door(client, consultation, secretary, letters, typed):
    before = count()
    for act in (service.add, service.register):
        with pytest.raises(Invalid) as refusal:
            act(SYSTEM if act is service.add else VISITOR, None, email=typed, name="Nora")
        assert refusal.value.field == "email"
    with pytest.raises(Invalid) as refusal:
        consultations.edit(secretary, consultation, contact_email=typed)
    assert refusal.value.field == "contact_email"
    assert "This is not an e-mail address" in register(client, "en", email=typed).text
    for page, field in (("reset", "email"), ("confirm", "email"), ("us-signin/send-code", "identity")):
        answer = client.post(f"/en/accounts/{page}", data={field: typed, "submit_send_code": "1"})
        assert (answer.status_code, answer.text.count("This is not an e-mail address")) == (422, 2), page
    client.sign_in(secretary)
    values = {"email": typed, "role": "moderator", "commission": "1"}
    assert client.post("/en/consultations/appoint", data=values).status_code == 422
    assert count() == before
    assert letters() == []


@pytest.mark.parametrize("name", ["", " ", "\u200b", "—", "Nom\x00", "x" * 201])
def test_a_name_is_refused_at_every_door(client, consultation, citizen, name):
    before = count()
    for act in (lambda: service.add(SYSTEM, None, email="nora@example.org", name=name),
                lambda: service.register(VISITOR, None, email="nora@example.org", name=name),
                lambda: service.edit_profile(citizen, citizen, name=name, language="fr")):
        with pytest.raises(Invalid) as refusal:
            act()
        assert refusal.value.field == "name"
    answer = register(client, "en", name=name)
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text
    assert count() == before


@pytest.mark.parametrize(("field", "value"), [("title_fr", " "), ("title_fr", "\u200b"), ("title_fr", "x" * 301), ("title_ar", "x" * 301),
                                              ("title_fr", "Nom\x00"), ("contact_email", "contact")])
def test_the_titles_and_the_address_of_a_consultation_are_held_to_the_same(consultation, secretary, field, value):
    for act in (lambda: consultations.edit(secretary, consultation, **{field: value}),
                lambda: consultations.add(SYSTEM, None, **{"slug": "x", "title_fr": "T", "commissions": [], field: value})):
        with pytest.raises(Invalid) as refusal:
            act()
        assert refusal.value.field == field


# What earlier versions kept


@pytest.fixture
def kept_otherwise(own_app):
    """Addresses as an earlier version took them."""
    emails = ["a@xn--bcher-kva.example", "a@bücher.example", "b@xn--bcher-kva.example", "c@exemple,gov,ma", "d@exemple.ma",
              "e\u0301@exemple.ma"]
    with unit_of_work():
        kept = {factories.a_user(email=email).id: email for email in emails}
    session.remove()
    flask_migrate.downgrade(revision="0013")
    return kept


def test_addresses_kept_otherwise_get_their_spelling_and_no_account_is_lost(kept_otherwise, capsys):
    numbers = list(kept_otherwise)
    session.remove()
    flask_migrate.upgrade()
    kept = dict(session.execute(sa.select(User.id, User.email).order_by(User.id)).all())
    session.rollback()
    assert list(kept.values()) == [
        "a@xn--bcher-kva.example", "a@bücher.example", "b@bücher.example", "c@exemple,gov,ma", "d@exemple.ma", "é@exemple.ma"]
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if line.startswith("Account")] == [
        f"Accounts {numbers[1]} (“a@bücher.example”) and {numbers[0]} (“a@xn--bcher-kva.example”) have one address: both are kept. "
        "Ask their owner which one to go on with.",
        f"Account {numbers[3]} keeps “c@exemple,gov,ma”, which is no e-mail address: it signs in by password alone.",
    ]


def test_each_of_two_accounts_of_one_address_is_still_found(own_app):
    with unit_of_work():
        former, present = factories.a_user(email="a@xn--bcher-kva.example"), factories.a_user(email="a@bücher.example")
        odd = factories.a_user(email="c@exemple,gov,ma", password=service.hash_password(PASSWORD))
        factories.a_consultation()
    assert service.get_user_by_email("A@xn--bcher-kva.example").id == former.id
    assert service.get_user_by_email("a@BÜCHER.example").id == present.id
    client = own_app.test_client()
    sign_in(client, "C@exemple,gov,ma")
    assert is_signed_in(client)
    assert odd.id
