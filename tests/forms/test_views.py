"""The pages of forms, without JavaScript: taken away, brought back, put right, made drafts."""

import io
import re

import pytest
import sqlalchemy as sa

from consult.chapters.models import Block
from consult.consultations.models import Phase
from consult.contributions.models import ContributionDraft
from consult.core.db import session
from consult.forms import service
from consult.forms.models import FormRowState, FormState, ReceivedForm, ReceivedRow, Speaking
from consult.forms.reading import read_form
from tests import factories
from tests.counting import queries
from tests.forms.test_service import bring, filled, go_through, row


def send(client, path: str, **fields):
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/fr/forms").text)
    return client.post(path, data={"csrf_token": token[1] if token else "", **fields}, content_type="multipart/form-data")


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
@pytest.mark.parametrize("format_", ["docx", "xlsx"])
def test_whoever_reads_takes_the_empty_form(client, chapter, format_, language):
    answer = client.get(f"/{language}/forms/download?chapter=1&format={format_}&language={language}")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.data.startswith(b"PK")


@pytest.mark.parametrize("query", ["format=pdf", "language=xx", "filled=theirs", "chapter=99"])
def test_what_there_is_not_is_not_there(client, chapter, query):
    assert client.get(f"/fr/forms/download?{query}").status_code == 404


def test_ones_own_drafts_are_nobody_elses(client, chapter, consultation, participant):
    received = bring(participant, consultation, filled(row("C1-A1-P1-a1", "Mot secret.")))
    session.execute(sa.update(ReceivedForm).values(state=FormState.DRAFTING))
    go_through(received)
    mine = client.sign_in(participant).get("/fr/forms/download?filled=own&format=xlsx").data
    assert [one.comment for one in read_form(mine).rows] == ["Mot secret."]
    others = client.application.test_client()
    others.sign_in(factories.a_user())
    assert b"secret" not in others.get("/fr/forms/download?filled=own&format=xlsx").data


@pytest.mark.parametrize("whose", ["own", "organisation"])
def test_many_drafts_are_taken_away_with_as_many_questions_as_few(client, chapter, consultation, whose):
    person = factories.a_user(organisation=factories.an_organisation())
    asked, ids = [], (person.id, consultation.id)
    client.sign_in(person)
    keys = sorted(set(session.scalars(sa.select(Block.key).where(Block.key.like("C1-%")))))
    for many in (3, 22):
        person, consultation = (session.get_one(type(one), number) for one, number in ((person, ids[0]), (consultation, ids[1])))
        received = bring(person, consultation, filled(*(row(keys[place % len(keys)], f"Mot {many} {place}.") for place in range(many))))
        service.make_drafts(person, received, speaking=Speaking.SELF if whose == "own" else Speaking.OFFERED)
        go_through(received)
        session.expunge_all()
        with queries() as statements:
            answer = client.get(f"/fr/forms/download?filled={whose}&format=xlsx&language=ar")
        asked.append((len(read_form(answer.data).rows), len(statements)))
    assert [count for count, _statements in asked] == [3, 25]
    assert asked[0][1] == asked[1][1] <= 12


def test_a_form_is_brought_read_put_right_and_made_drafts(client, chapter, consultation, participant):
    client.sign_in(participant)
    answer = send(client, "/fr/forms/receive", chapter="1", file=(io.BytesIO(filled(row("C1-A1-P1-a1"), row("page 4", "Autre mot."))),
        "f.csv"))
    assert answer.status_code == 303
    received = session.scalars(sa.select(ReceivedForm)).one()
    go_through(received)
    page = client.get(answer.location).text
    assert "Trop vague." in page
    assert "douteu" in page.lower()
    doubtful = session.scalars(sa.select(ReceivedRow).where(ReceivedRow.state == FormRowState.DOUBTFUL)).one()
    wrong = send(client, f"/fr/forms/rows/{doubtful.id}", chapter="1", passage="nulle part")
    assert wrong.status_code == 422
    assert "nulle part" in wrong.text
    assert send(client, f"/fr/forms/rows/{doubtful.id}", chapter="1", passage="1.1.2").status_code == 303
    assert send(client, f"/fr/forms/received/{received.id}/make-drafts", speaking="self").status_code == 303
    go_through(received)
    assert sorted(draft.block.key for draft in session.scalars(sa.select(ContributionDraft))) == ["C1-A1-P1-a1", "C1-A1-P1-a2"]
    assert client.get(f"/fr/forms/received/{received.id}/file").data == received.data


@pytest.mark.parametrize(("data", "said"), [(b"MZ" + bytes(99), "programme"), (b"\xd0\xcf\x11\xe0" + bytes(99), "mot de passe"), (b"",
    "vide")])
def test_what_is_no_form_is_refused_at_its_field(client, chapter, participant, data, said):
    answer = send(client.sign_in(participant), "/fr/forms/receive", chapter="0", file=(io.BytesIO(data), "f.docx"))
    assert answer.status_code == 422
    assert said in answer.text
    assert not session.scalars(sa.select(ReceivedForm)).all()


def test_nobody_sees_or_changes_what_somebody_else_brought(client, chapter, consultation, participant, secretary):
    received = bring(participant, consultation, filled(row("C1-A1-P1-a1", "Mot secret.")))
    number = session.scalars(sa.select(ReceivedRow.id)).one()
    for somebody in (None, factories.a_user(), secretary):
        browser = client.application.test_client()
        if somebody is not None:
            browser.sign_in(somebody)
        for path in (f"received/{received.id}", f"received/{received.id}/file", f"received/{received.id}/discard", f"rows/{number}"):
            answer = browser.get(f"/fr/forms/{path}")
            assert answer.status_code == 404
            assert "secret" not in answer.text


def test_after_the_closing_no_form_is_received(client, chapter, consultation, participant):
    consultation.phase = Phase.CLOSED
    session.flush()
    answer = client.sign_in(participant).get("/fr/forms")
    assert answer.status_code == 200
    assert 'type="file"' not in answer.text


def test_after_the_closing_nothing_becomes_a_draft(client, chapter, consultation, participant):
    received = bring(participant, consultation, filled(row("C1-A1-P1-a1")))
    consultation.phase = Phase.CLOSED
    session.flush()
    client.sign_in(participant)
    assert send(client, f"/fr/forms/received/{received.id}/make-drafts", speaking="self").status_code == 403
    assert send(client, f"/fr/forms/received/{received.id}/make-drafts", speaking="").status_code == 403
    assert not session.scalars(sa.select(ContributionDraft)).all()


def test_who_lost_the_mandate_while_the_page_stood_open_is_told_at_the_choice(client, chapter, consultation, monkeypatch):
    person = factories.a_user(organisation=factories.an_organisation())
    received = bring(person, consultation, filled(row("C1-A1-P1-a1")))
    client.sign_in(person)
    offered = iter([True])  # by the form; the act asks again
    monkeypatch.setattr(Speaking, "may_be_said_by", lambda one, actor: one is not Speaking.ORGANISATION or next(offered, False))
    answer = send(client, f"/fr/forms/received/{received.id}/make-drafts", speaking="organisation")
    assert (answer.status_code, "plus de mandat" in answer.text) == (422, True)


def test_the_page_says_why_a_row_is_no_draft_and_that_the_time_is_over(client, chapter, consultation, participant):
    received = bring(participant, consultation, filled(row("C1-A1-P1-a1", "mot " * 3_500), row("C1-A1-P1-a2")))
    client.sign_in(participant)
    assert send(client, f"/fr/forms/received/{received.id}/make-drafts", speaking="self").status_code == 303
    go_through(received)
    number = session.scalars(sa.select(ReceivedRow.id).where(ReceivedRow.state == FormRowState.DOUBTFUL)).one()
    for path in (f"/en/forms/received/{received.id}", f"/en/forms/rows/{number}"):
        assert "at most can be kept. Shorten it" in client.get(path).text
    assert "received while the consultation is open" not in client.get(f"/en/forms/received/{received.id}").text
    consultation.phase = Phase.CLOSED
    session.flush()
    assert "received while the consultation is open" in client.get(f"/en/forms/received/{received.id}").text


def test_a_form_is_discarded_with_its_rows_and_its_file(client, chapter, consultation, participant):
    received = bring(participant, consultation, filled(row("C1-A1-P1-a1")))
    client.sign_in(participant)
    assert client.get(f"/fr/forms/received/{received.id}/discard").status_code == 200
    assert send(client, f"/fr/forms/received/{received.id}/discard").status_code == 303
    session.expire_all()
    assert (received.state, session.scalars(sa.select(ReceivedRow)).all()) == (FormState.DISCARDED, [])
    assert (received.data, received.preface, len(received.digest)) == (b"", [], 64)
    page = client.get(f"/fr/forms/received/{received.id}")
    assert (page.status_code, f"received/{received.id}/file" in page.text) == (200, False)
    assert client.get(f"/fr/forms/received/{received.id}/file").status_code == 404
