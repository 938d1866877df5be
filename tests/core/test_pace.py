"""Whoever floods with forms is told to wait, and loses no word; readers and others go on."""

import pytest
from limits import parse

from consult.contributions.models import Contribution
from consult.core import pace
from consult.core.db import session
from consult.core.refused import KeptForm
from tests import factories
from tests.conftest import app_on
from tests.contributions.browsing import FILLED, address, form_of, text_of


@pytest.fixture
def limited(databases, migrated, tmp_path):
    """(the application with its limits on, a passage)."""
    with app_on(databases.new_database(migrated), tmp_path / "data") as app:
        app.config["RATELIMIT_ENABLED"] = True
        pace.init_app(app, app.extensions["consult_config"])
        app.extensions["consult_pace"].limits = {"account": parse("3 per 5 minutes"), "network": parse("2 per 5 minutes")}
        block = factories.block_of(factories.a_chapter(factories.a_consultation()), "C1-A1-P1-a1")
        session.commit()
        yield app, block


def lodge(client, block, number: int):
    values = {**form_of(client.get(address(block))), **FILLED, "speak_as": "self", "act": "submit"}
    return client.post(address(block), data={**values, "form_key": f"flooding-with-{number:04}", "body": f"Mots que l’on garde, {number}."})


def test_an_account_that_floods_waits_and_its_words_stay(limited):
    app, block = limited
    flooding, other = (app.test_client().sign_in(factories.a_user()) for _person in range(2))
    assert [lodge(flooding, block, number).status_code for number in range(3)] == [303] * 3
    refused = lodge(flooding, block, 3)
    assert refused.status_code == 429
    assert "Mots que l’on garde, 3." in text_of(refused)
    assert flooding.get("/fr/chapters/1").status_code == 200
    assert lodge(other, block, 4).status_code == 303
    assert session.query(Contribution).count() == 4


def test_a_network_without_an_account_waits_too(limited):
    app, _block = limited
    near, far = ({"REMOTE_ADDR": place} for place in ("2001:db8:1:2::1", "2001:db8:1:3::1"))
    neighbour = {"REMOTE_ADDR": "2001:db8:1:2:ffff::9"}
    sent = [app.test_client().post("/fr/accounts/register", environ_overrides=place).status_code for place in (near, neighbour, near, far)]
    assert [status == 429 for status in sent] == [False, False, True, False]


@pytest.mark.parametrize(("address", "counted"), [
    ("10.0.0.1", "10.0.0.1"), ("::ffff:10.0.0.1", "10.0.0.1"), ("2001:db8::1", "2001:db8::"), ("fe80::1%eth0", "fe80::"), ("", ""),
])
def test_what_is_one_network(address, counted):
    assert pace.network(address) == counted


def test_a_form_that_is_carried_into_another_language_counts_too(limited):
    """Its page is read and shows what was typed; nothing is written for whoever floods."""
    app, _block = limited
    visitor, typed = app.test_client(), {"reason": "Mots que l’on garde."}
    carried = "/ar/consultations/extend?carry=%2Ffr%2Fconsultations%2Fextend"
    answers = [visitor.post(carried, data=typed, headers={"Origin": "http://localhost"}) for _time in range(4)]
    assert [("Mots que l’on garde." in text_of(answer), answer.status_code) for answer in answers] == [(True, 200)] * 4
    assert session.query(KeptForm).count() == 2
