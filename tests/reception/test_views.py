"""The pages of what was received on paper: typed by the keyboard alone, one after the other."""

import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.consultations.models import Role
from consult.contributions.models import Contribution, ContributionState
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.reception import service
from consult.reception.models import Batch, CheckOutcome, Entry, EntryCheck
from consult.reception.service import entries
from tests import factories
from tests.counting import queries
from tests.reception.typing import a_batch, slip

TYPED = {
    "passage": "C1-A1-P1-a1", "body": "Publier la liste en arabe.", "position": "neutral", "kind": "comment", "comment_type": "general",
    "written_in": "fr", "name": "Fatima Paper", "organisation": "", "category": "", "contact": "06 00 00 00 00",
}


@pytest.fixture
def clerk(chapter):
    return factories.a_user(role=Role.CLERK, name="Salma Greffe")


@pytest.fixture
def typing(client, clerk):
    return client.sign_in(clerk)


@pytest.fixture
def batch(clerk, chapter):
    return a_batch(clerk, chapter.consultation, announced=3)


def send(typing, batch, **over):
    return typing.post(f"/en/reception/{batch.number}/enter", data={**TYPED, "form_key": "form-1", **over})


def test_a_pile_is_registered_and_typing_begins(typing, chapter):
    day = utcnow().strftime("%Y-%m-%dT00:00")
    values = {"origin": "meeting", "place": "Rencontre d’Agadir", "received_at": day, "announced": "200", "form_key": "k1"}
    answer = typing.post("/en/reception/register", data=values)
    assert (answer.status_code, answer.location) == (303, "/en/reception/1/enter")
    assert typing.post("/en/reception/register", data=values).location == "/en/reception/1/enter"
    assert "No. 1 of 200" in typing.get(answer.location).text
    assert "Rencontre d’Agadir" in typing.get("/en/reception").text


@pytest.mark.parametrize(("over", "words"), [
    ({"announced": "0"}, "from 1 to"), ({"announced": " \u3000"}, "Type a number"),
    ({"announced": "beaucoup"}, "Type a number"), ({"place": "  "}, "Say where"),
    ({"received_at": "2099-01-01T00:00"}, "still to come"), ({"received_at": "hier"}, "valid"), ({"origin": "online"}, "valid"),
])
def test_a_pile_that_cannot_be_registered_keeps_what_was_typed(typing, chapter, over, words):
    values = {"origin": "paper", "place": "Fès", "received_at": utcnow().strftime("%Y-%m-%dT00:00"), "announced": "5", "form_key": "k1"}
    answer = typing.post("/en/reception/register", data={**values, **over})
    assert (answer.status_code, words in answer.text) == (422, True)
    assert not session.scalars(sa.select(Batch)).all()


def test_one_after_the_other_with_what_is_remembered(typing, batch):
    answer = send(typing, batch, organisation="Coopérative Argane", category="company", position="opposed", kind="recommendation")
    assert answer.status_code == 303
    page = typing.get(answer.location).text
    assert "No. 2 of 3" in page
    assert "PNQ-C1-0001" in page
    assert 'value="Coopérative Argane"' in page
    assert '<option selected value="recommendation">' in page
    assert '<option selected value="opposed">' not in page, "nobody is against it because the one before was"
    assert "Publier la liste" not in page


def test_two_presses_enter_once(typing, batch):
    assert [send(typing, batch).status_code for _n in range(2)] == [303, 303]
    assert len(session.scalars(sa.select(Contribution)).all()) == 1


def test_a_refused_slip_keeps_all_that_was_typed(typing, batch):
    answer = send(typing, batch, passage="C1-A7", name="")
    assert answer.status_code == 422
    for words in ("C1-A7", "Publier la liste en arabe.", "06 00 00 00 00"):
        assert words in answer.text
    assert send(typing, batch, name="").status_code == 422
    assert not session.scalars(sa.select(Entry)).all()


def test_the_same_words_are_told_and_sent_again_as_another_slip(typing, batch):
    send(typing, batch)
    answer = send(typing, batch, form_key="form-2", name="Une autre")
    assert (answer.status_code, "says the same words" in answer.text) == (409, True)
    assert send(typing, batch, form_key="form-3", name="Une autre", is_another="y").status_code == 303


def test_a_full_batch_is_told_without_losing_words(typing, clerk, batch):
    service.set_aside(clerk, batch, count=3, reason="Blanc")
    answer = send(typing, batch)
    assert (answer.status_code, "Publier la liste en arabe." in answer.text) == (409, True)


def test_a_slip_that_somebody_else_overtook_is_shown_again_with_all_that_was_typed(typing, batch, monkeypatch):
    def taken_meanwhile(*_given):
        for _twice in range(2):  # as the organisation that another clerk listed meanwhile: the database gives the transaction up
            session.add(User(email="taken@example.org", fs_uniquifier="taken"))
            session.flush()
    monkeypatch.setattr(entries, "_organisation", taken_meanwhile)
    session.commit()
    answer = send(typing, batch)
    assert (answer.status_code, "Publier la liste en arabe." in answer.text) == (409, True)
    assert not session.scalars(sa.select(Contribution)).all()


def test_a_whole_pile_is_typed_compared_and_closed(client, clerk, batch, chapter):
    client.sign_in(clerk)
    for number in range(2):
        assert send(client, batch, form_key=f"f{number}", body=f"Avis {number}").status_code == 303
    answer = client.post(f"/en/reception/{batch.number}/set-aside", data={"count": "1", "reason": "Illisible"})
    assert answer.status_code == 303
    drawn = session.scalars(sa.select(Entry).where(Entry.is_sampled)).one()
    page = client.get(f"/en/reception/{batch.number}").text
    assert "somebody else compares it" in page
    assert "Close this batch" not in page
    client.sign_in(factories.a_user(role=Role.SECRETARIAT))
    assert f"Avis {drawn.number - 1}" in client.get(f"/en/reception/{batch.number}/compare/{drawn.number}").text
    values = {**{name: TYPED[name] for name in ("passage", "position", "kind", "comment_type", "written_in")}, "body": "Avis vrai",
              "note": "un mot"}
    assert client.post(f"/en/reception/{batch.number}/correct/{drawn.number}", data={**values, "note": ""}).status_code == 422
    assert client.post(f"/en/reception/{batch.number}/correct/{drawn.number}", data=values).status_code == 303
    assert session.scalars(sa.select(EntryCheck)).one().outcome == CheckOutcome.CORRECTED
    assert "Close this batch" in client.get(f"/en/reception/{batch.number}").text
    assert client.post(f"/en/reception/{batch.number}/close").status_code == 303
    assert "Balanced and closed" in client.get(f"/en/reception/{batch.number}").text


@pytest.mark.parametrize(("is_compared", "over", "reads", "typed_again"), [
    (False, {}, "Avis entier", True), (False, {"is_redacted": True, "shown_body": "Avis […]"}, "Avis […]", False),
    (True, {}, "compared already", False), (True, {"state": ContributionState.WITHHELD}, "compared already", False),
    (True, {"state": ContributionState.PUBLISHED, "is_redacted": True, "shown_body": "Avis […]"}, "Avis […]", False),
])
def test_a_clerk_reads_no_more_than_comparing_asks(client, batch, block, clerk, is_compared, over, reads, typed_again):
    entry = service.enter(clerk, batch, **slip(block, body="Avis entier"))
    other = factories.a_user(role=Role.CLERK)
    if is_compared:
        service.check(other, entry)
    factories.change(entry.contribution, **over)
    client.sign_in(other)
    page = client.get(f"/en/reception/{batch.number}/compare/1").text
    assert (reads in page, "Avis entier" in page) == (True, typed_again)


def test_the_mark_stands_wherever_it_is_read(client, clerk, batch, block):
    entry = service.enter(clerk, batch, **slip(block))
    factories.change(entry.contribution, state=ContributionState.PUBLISHED)
    for page in ("/en/contributions/PNQ-C1-0001", "/en/contributions/", "/en/contributions/discussion/1/C1-A1-P1-a1"):
        assert "received on paper" in client.get(page).text, page
    table = client.get("/en/exports/open-data/contributions").text
    assert "origin" in table.splitlines()[0]
    assert ",paper," in table
    client.sign_in(clerk)
    stubs = client.get(f"/en/reception/{batch.number}/stubs").text
    assert "PNQ-C1-0001" in stubs


def test_a_stub_is_claimed_on_its_page(client, clerk, batch, block):
    service.enter(clerk, batch, **slip(block))
    stub, = service.list_stubs(clerk, batch).rows
    assert client.get("/en/reception/claim").status_code == 303
    client.sign_in(factories.a_user())
    assert client.post("/en/reception/claim", data={"code": "AAAA BBBB CCCC DDDD"}).status_code == 422
    answer = client.post("/en/reception/claim", data={"code": stub.code})
    assert (answer.status_code, answer.location) == (303, "/en/contributions/receipt/PNQ-C1-0001")
    assert client.get(answer.location).status_code == 200


@pytest.mark.parametrize("path", ["", "/register", "/1", "/1/enter", "/1/stubs", "/1/compare/1"])
def test_nobody_else_reads_it(client, clerk, batch, block, path):
    service.enter(clerk, batch, **slip(block))
    client.sign_in(factories.a_user())
    assert client.get(f"/en/reception{path}").status_code == 403


def test_a_page_asks_the_same_however_many_there_are(client, clerk, chapter, block):
    big = a_batch(clerk, chapter.consultation, announced=60)
    client.sign_in(clerk)
    counts = []
    for number in range(45):
        service.enter(clerk, big, **slip(block, body=f"Avis {number}", name=f"Personne {number}"))
        if number in (1, 44):
            session.expire_all()
            with queries() as asked:
                assert client.get(f"/en/reception/{big.number}").status_code == 200
            counts.append(len(asked))
    assert counts[0] <= 12
    assert counts[1] <= counts[0] + 1
