"""A draft of an organisation saves itself while it is changed: a version for each sitting, never over what somebody else wrote."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from consult.contributions import service
from consult.contributions.models import DraftWording, OfferedState
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.i18n import clock_at, utcnow
from consult.organisations import service as organisations
from tests import factories
from tests.contributions.browsing import form_of
from tests.contributions.test_offering import SAID, a_member, offer

HERE = "/{}/contributions/organisation-drafts/{}/{}"
PAGE, OTHER = "a" * 32, "b" * 32


@pytest.fixture
def member(participant):
    return a_member(participant.organisation)


@pytest.fixture
def offered(member, block):
    return offer(member, block)


class Window:
    """The open page, as its script has it."""

    def __init__(self, client, offered, reader, page=PAGE, language="en"):
        client.sign_in(reader)
        self.client, self.reader, self.page, self.number = client, reader, page, 0
        self.door = HERE.format(language, offered.id, "save")
        self.values = {**form_of(client.get(HERE.format(language, offered.id, "edit"))), "reader": str(reader.id)}

    def save(self, words, status=200, number=None, **over):
        self.number = number or self.number + 1
        self.client.sign_in(self.reader)
        answer = self.client.post(self.door, data={**self.values, **SAID, "body": words, "saved_by": f"{self.page}:{self.number}", **over})
        assert answer.status_code == status, answer.text
        told = answer.get_json()
        if status == 200:
            self.values |= {"draft": told["token"], "expected_counter": str(told["counter"]), "expected_digest": told["digest"]}
        return told


def versions(offered):
    session.expire_all()
    known = sa.select(DraftWording).where(DraftWording.offered_draft_id == offered.id).order_by(DraftWording.number)
    return [(one.number, one.fields["body"], one.author_id) for one in session.scalars(known)]


def edits():
    return session.scalar(sa.select(sa.func.count()).select_from(AuditEvent).where(AuditEvent.action == "contributions.edit_offered"))


def test_one_sitting_is_one_version_and_one_act(client, member, offered):
    window = Window(client, offered, member)
    assert window.save("Un avis, repris")["said"].startswith("Saved at ")
    for words in ("Un avis, repris et", "Un avis, repris et fini."):
        told = window.save(words)
    assert versions(offered) == [(1, "Un avis.", member.id), (2, "Un avis, repris et fini.", member.id)]
    assert (told["counter"], edits()) == (2, 1)
    window.save("Arrivé trop tard", number=1)
    assert versions(offered)[-1][1] == "Un avis, repris et fini."


def test_the_button_after_it_adds_nothing(client, member, offered):
    window = Window(client, offered, member)
    window.save("Repris.")
    answer = client.post(HERE.format("en", offered.id, "edit"), data={**window.values, **SAID, "body": "Repris."})
    assert answer.status_code == 303
    assert len(versions(offered)) == 2


def test_another_sitting_or_a_remark_begins_another_version(client, participant, member, offered):
    window = Window(client, offered, member)
    window.save("Deux.")
    service.remark_on_offered(participant, offered, form_key="remark", body="Je lis la version deux.")
    window.save("Trois.")
    with clock_at(utcnow() + timedelta(minutes=11)):
        window.save("Quatre.")
    assert [(number, body) for number, body, _author in versions(offered)] == [
        (1, "Un avis."), (2, "Deux."), (3, "Trois."), (4, "Quatre.")]


@pytest.mark.parametrize(("language", "words"), [("fr", "Rien n’a été écrasé"), ("ar", "لم"), ("en", "Nothing was overwritten")])
def test_two_windows_never_overwrite_each_other(client, participant, member, offered, language, words):
    first, second = Window(client, offered, member, language=language), Window(client, offered, participant, OTHER, language)
    first.save("Par son auteur.")
    told = second.save("Par la représentante.", 409)
    assert words in told["said"]
    assert told["theirs"]["body"] == "Par son auteur."
    assert versions(offered)[-1] == (2, "Par son auteur.", member.id)
    second.values |= {"expected_digest": told["digest"], "expected_counter": str(told["counter"])}
    second.save("Par la représentante.")
    assert versions(offered)[-1] == (3, "Par la représentante.", participant.id)
    assert first.save("Encore par son auteur.", 409)["theirs"]["body"] == "Par la représentante."


def test_words_that_cannot_be_kept_are_told_and_nothing_is_lost(client, member, offered):
    window = Window(client, offered, member)
    for words in (" ", "nul\x00", "x" * 10_001, "\u202eretourné"):
        assert window.save(words, 422)["said"]
    assert window.save("Bien.", 422, saved_by="<script>")["said"]
    assert len(versions(offered)) == 1


def test_once_it_is_accepted_its_author_is_told_that_it_is_no_longer_theirs(client, participant, member, offered):
    window = Window(client, offered, member)
    service.accept_offered(participant, offered)
    told = window.save("Trop tard.", 409)
    assert told["is_ended"]
    assert OfferedState.ACCEPTED.label in told["said"] or told["said"]
    assert len(versions(offered)) == 1


def test_whoever_leaves_while_they_write_saves_nothing_more(client, member, offered):
    window = Window(client, offered, member)
    organisations.leave(member, member)
    told = window.save("Parti.", 404)
    assert told["is_ended"]
    assert "Parti" not in str(versions(offered))


def test_to_anybody_else_there_is_no_such_door(client, member, offered, secretary, citizen):
    window = Window(client, offered, member)
    colleague = a_member(factories.an_organisation())
    for stranger in (colleague, secretary, citizen):
        window.reader = stranger
        assert "Un avis" not in str(window.save("Deviné.", 404, reader=str(stranger.id)))
        assert window.save("Deviné.", 403, reader=str(member.id))["is_ended"], "a page that another account had opened"
    client.get("/fr/accounts/logout")
    assert len(versions(offered)) == 1
