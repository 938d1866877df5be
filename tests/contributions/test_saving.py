"""What is typed saves itself: by its own door, without an event, never over what another window saved, and for nobody else to read."""

import pytest
import sqlalchemy as sa

from consult.contributions import service
from consult.contributions.models import Contribution, ContributionDraft
from consult.core.audit import AuditEvent
from consult.core.db import session
from tests.contributions.browsing import FILLED, address, form_of, send, text_of
from tests.contributions.test_service import keep

PAGE, OTHER = "a" * 32, "b" * 32


def door(block, language="en"):
    return f"/{language}/contributions/save/{block.chapter.number}/{block.key}"


class Window:
    """An open form, as its script has it."""

    def __init__(self, client, block, reader, page=PAGE, where=""):
        self.client, self.block, self.page, self.number = client, block, page, 0
        self.values = {**form_of(client.get(where or address(block))), "reader": str(reader.id) if reader else ""}

    def save(self, words, status=200, number=None, **over):
        self.number = number or self.number + 1
        answer = self.client.post(door(self.block), data={
            **self.values, **FILLED, "body": words, "saved_by": f"{self.page}:{self.number}", **over})
        assert answer.status_code == status, answer.get_data(as_text=True)
        told = answer.get_json()
        if status == 200:
            self.values |= {"draft": told["token"], "expected_counter": str(told["counter"]), "expected_digest": told["digest"]}
        return told


def kept():
    session.expire_all()
    return sorted(draft.fields["body"] for draft in session.scalars(sa.select(ContributionDraft)))


def events():
    return session.scalar(sa.select(sa.func.count()).select_from(AuditEvent))


@pytest.fixture
def reader(client, participant):
    client.sign_in(participant)
    return participant


def test_it_is_kept_and_says_when_without_an_event(client, reader, block):
    before, window = events(), Window(client, block, reader)
    told = window.save("Un début")
    assert told["said"].startswith("Saved at ")
    assert window.save("Un début, et la suite")["counter"] == told["counter"] + 1
    assert kept() == ["Un début, et la suite"]
    assert events() == before


def test_another_device_and_another_session_find_it(app, client, reader, block):
    Window(client, block, reader).save("Commencé au bureau")
    phone = app.test_client().sign_in(reader)
    assert form_of(phone.get(address(block)))["body"] == "Commencé au bureau"


def test_a_visitor_s_words_are_kept_and_are_theirs_after_signing_in(client, citizen, block):
    Window(client, block, None).save("Avant d’entrer")
    assert "Avant d’entrer" in text_of(client.sign_in(citizen).get("/en/contributions/mine"))


def test_two_windows_are_told_of_each_other_and_none_overwrites(client, reader, block):
    Window(client, block, reader).save("Un début")
    one, two = Window(client, block, reader, OTHER), Window(client, block, reader, "c" * 32)
    one.save("Un texte")
    told = two.save("Tout autre chose", status=409)
    assert told["theirs"]["body"] == "Un texte"
    assert "another window" in told["said"]
    assert kept() == ["Un texte"]
    two.values |= {"expected_counter": str(told["counter"])}
    two.save("Tout autre chose")  # once its reader chose
    assert one.save("Un texte, encore", status=409)["theirs"]["body"] == "Tout autre chose"
    assert kept() == ["Tout autre chose"]


def test_what_was_saved_by_the_button_elsewhere_is_not_overwritten(client, reader, block):
    window = Window(client, block, reader)
    window.save("Un début")
    client.post(address(block), data={**form_of(client.get(address(block))), **FILLED, "body": "Par le bouton", "act": "draft"})
    window.save("Un début, et la suite", status=409)
    assert kept() == ["Par le bouton"]


def test_a_save_whose_answer_was_lost_is_sent_again_and_one_that_comes_late_changes_nothing(client, reader, block):
    window = Window(client, block, reader)
    lost = dict(window.values)
    window.save("Un")
    window.values = lost  # the answer never came
    assert window.save("Un")["counter"] == 1
    window.values = lost
    window.save("Un deux trois", number=7)
    window.values = lost
    window.save("Un deux", number=5)
    assert kept() == ["Un deux trois"]


def test_what_is_lodged_or_thrown_away_meanwhile_does_not_come_back(client, reader, block):
    window, other = Window(client, block, reader), Window(client, block, reader, OTHER)
    window.save("Un début")
    values = {**window.values, **FILLED, "body": "Un début", "act": "submit"}
    assert client.post(address(block), data=values).status_code == 303
    told = window.save("Un début, trop tard", status=409)
    assert told["is_gone"] is True
    other.save("Autre chose")
    draft = session.scalars(sa.select(ContributionDraft)).one()
    service.drop_draft(reader, draft)
    assert other.save("Autre chose, encore", status=409)["is_gone"] is True
    assert kept() == []


def test_the_save_that_comes_after_its_form_was_lodged_leaves_nothing_over(client, reader, block):
    window = Window(client, block, reader)
    values = {**window.values, **FILLED, "body": "Écrit et déposé aussitôt", "act": "submit"}
    assert client.post(address(block), data=values).status_code == 303
    told = window.save("Écrit et déposé", status=409)
    assert session.scalar(sa.select(Contribution.ref)) in told["said"]
    assert kept() == []


def test_the_form_that_was_saved_lodges_its_last_words_and_leaves_no_draft(client, reader, block):
    window = Window(client, block, reader)
    window.save("Un début")
    assert client.post(address(block), data={**window.values, **FILLED, "body": "Bref.", "act": "submit"}).status_code == 303
    assert kept() == []


@pytest.mark.parametrize(("over", "status"), [
    ({"body": "a" * 10_001}, 422), ({"saved_by": "x"}, 422), ({"draft": "", "form_key": "à côté"}, 422),
    ({"reader": "999999"}, 403), ({"reader": ""}, 403),
], ids=["too long", "no number", "no key", "of another account", "of a visitor"])
def test_what_cannot_be_kept_is_said(client, reader, block, over, status):
    told = Window(client, block, reader).save("Un texte", status, **over)
    assert told["said"]
    assert kept() == []


def test_nobody_reads_or_changes_the_draft_of_another(app, client, reader, citizen, block):
    window = Window(client, block, reader)
    window.save("Secret avant dépôt")
    draft = session.scalars(sa.select(ContributionDraft)).one()
    thief = app.test_client().sign_in(citizen)
    other = Window(thief, block, citizen, OTHER)
    for known in ({"draft": draft.token}, {"draft": draft.token, "expected_counter": str(draft.row_counter)}):
        answer = thief.post(door(block), data={**other.values, **FILLED, "body": "Volé", "saved_by": f"{OTHER}:9", **known})
        assert answer.status_code == 404
        assert "Secret" not in answer.get_data(as_text=True)
    for page in (f"{address(block)}?draft={draft.id}", "/en/contributions/position", "/en/contributions/mine"):
        assert "Secret" not in text_of(thief.get(page))
    answers = [thief.post(f"/en/contributions/drop-draft/{number}") for number in (draft.id, 999_999)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert all("This draft is no longer there." in text_of(answer) for answer in answers)
    assert kept() == ["Secret avant dépôt"]



def test_the_file_of_one_s_data_holds_all_drafts(participant, block):
    for number in range(60):
        keep(participant, block, f"k{number}", body=f"Texte {number}.")
    assert len(list(service.get_data(participant)["drafts"])) == 60


def test_the_form_of_a_page_is_no_draft_until_something_is_typed(client, reader, block):
    send(client, block, "preview")
    assert kept() == []
