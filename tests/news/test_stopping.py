"""The link of a letter that stops such letters: one click, no session, and nothing told of any account."""

from datetime import timedelta
from email import message_from_bytes

import pytest
import sqlalchemy as sa
import time_machine

from consult.core import mail, pace
from consult.core.audit import AuditEvent
from consult.core.db import session, unit_of_work
from consult.core.errors import RegistrationError
from consult.core.i18n import utcnow
from consult.core.news import Frequency, Topic
from consult.news import service as news
from consult.news.models import NewsChoice
from consult.news.signing import read_token, token_of
from consult.privacy import service as privacy
from tests import factories
from tests.contributions.revising import REWORDED, revise
from tests.news.telling import choose, next_morning, publish, work

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def reader(chapter):
    person = factories.a_user(language="en")
    news.follow(person, chapter)
    return person


def frequency(person, topic: Topic) -> Frequency:
    return news.get_choices(person)[topic]


def stopping(person, *topics: Topic) -> str:
    return f"/en/news/stop/{token_of(person.id, topics)}"


def test_a_letter_of_news_says_how_it_stops_in_its_head_and_at_its_foot(app, chapter, reader, rapporteur, outbox):
    choose(reader, contributions="immediately", followed="daily")
    factories.a_published_contribution(block=factories.block_of(chapter, "C1-A1-P1-a1"), author=reader)
    publish(rapporteur, factories.a_contribution(block=factories.block_of(chapter, "C1-A1-P1-a1")))
    revise(chapter, REWORDED)
    work(next_morning())
    ours = [letter for letter in outbox() if letter.to == [reader.email]]
    assert len(ours) == 2
    for letter in ours:
        head = message_from_bytes(letter.message().as_bytes())
        assert head["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        address = head["List-Unsubscribe"].strip().strip("<>")
        assert address.startswith("http://consult.test/en/news/stop/")
        assert "/en/news/stop/" in letter.body
        assert read_token(address.rpartition("/")[2])[0] == reader.id


def test_what_is_proof_or_security_has_no_such_head(app, contribution, participant, rapporteur, outbox):
    publish(rapporteur, contribution)
    work()
    (letter,) = [letter for letter in outbox() if letter.to == [participant.email]]
    assert "List-Unsubscribe" not in letter.extra_headers
    assert "/news/stop/" not in letter.body


def test_opening_the_link_stops_nothing(client, reader):
    for method in ("get", "head"):
        answer = getattr(client, method)(stopping(reader, Topic.FOLLOWED))
        assert answer.status_code == 200
        assert frequency(reader, Topic.FOLLOWED) == Frequency.DAILY
    assert reader.email not in client.get(stopping(reader, Topic.FOLLOWED)).text


def test_a_mail_program_stops_them_without_session_and_without_token_and_twice(app, client, reader, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    for _twice in range(2):
        answer = client.post(stopping(reader, Topic.FOLLOWED, Topic.REPLIES), data=ONE_CLICK)
        assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert [frequency(reader, topic) for topic in (Topic.FOLLOWED, Topic.REPLIES)] == [Frequency.NEVER] * 2
    assert frequency(reader, Topic.ORGANISATION) == Frequency.IMMEDIATELY
    stopped = sa.select(sa.func.count()).select_from(AuditEvent).where(AuditEvent.action == "news.stop")
    assert session.scalar(stopped) == 1
    assert client.post(stopping(reader, Topic.FOLLOWED), data=ONE_CLICK, content_type="multipart/form-data").status_code == 200


def test_whoever_chose_them_again_stops_them_by_the_same_link(client, reader):
    address = stopping(reader, Topic.FOLLOWED)
    client.post(address, data=ONE_CLICK)
    choose(reader, followed="weekly")
    client.post(address, data=ONE_CLICK)
    assert frequency(reader, Topic.FOLLOWED) == Frequency.NEVER


def test_the_key_of_another_and_what_is_no_key_stop_nothing(client, reader):
    other = factories.a_user()
    token = token_of(other.id, [Topic.FOLLOWED])
    forged = token_of(reader.id, [Topic.FOLLOWED]).split(".")[0] + "." + token.split(".", 1)[1]
    for wrong in (forged, token[:-2], "x", "%00", "a" * 5000):
        assert client.post(f"/en/news/stop/{wrong}", data=ONE_CLICK).status_code in (404, 414)
    client.post(f"/en/news/stop/{token}", data=ONE_CLICK)
    assert frequency(reader, Topic.FOLLOWED) == Frequency.DAILY
    assert session.scalars(sa.select(NewsChoice.user_id)).all() == [other.id]


def test_it_serves_for_a_year_and_not_for_ever(app, reader):
    token = token_of(reader.id, [Topic.FOLLOWED])
    for days, is_good in ((366, True), (402, False)):
        with time_machine.travel(utcnow() + timedelta(days=days), tick=False):
            assert (read_token(token) is not None) == is_good


def test_once_the_account_is_gone_the_page_is_the_same(client, reader):
    gone = factories.a_user(language="en")
    privacy.forget(gone, gone)
    never = f"/en/news/stop/{token_of(987_654, [Topic.FOLLOWED])}"
    pages = []
    for address in (stopping(reader, Topic.FOLLOWED), stopping(gone, Topic.FOLLOWED), never):
        for answer in (client.get(address), client.post(address, data=ONE_CLICK)):
            assert answer.status_code == 200
            pages.append(answer.text.replace(address, "").replace(address.rpartition("/")[2], ""))
    assert pages[:2] == pages[2:4] == pages[4:]


def test_the_key_signs_nobody_in(client, reader):
    client.post(stopping(reader, Topic.FOLLOWED), data=ONE_CLICK)
    assert client.get("/en/news/choose").status_code in (302, 303)


def test_no_cache_keeps_the_page_and_no_other_site_learns_its_address(client, reader):
    answer = client.get(stopping(reader, Topic.FOLLOWED))
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Referrer-Policy"] in ("no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin")


def test_whoever_floods_it_is_told_to_wait(guarded_pace):
    client, address = guarded_pace
    answers = {client.post(address, data=ONE_CLICK).status_code for _many in range(6)}
    assert answers == {200, 429}


@pytest.fixture
def guarded_pace(own_app, monkeypatch):
    with unit_of_work():
        factories.a_consultation()
        person = factories.a_user(language="en")
    monkeypatch.setattr(pace, "OF_NETWORK", "4 per 5 minutes")
    own_app.config["RATELIMIT_ENABLED"] = True
    pace.init_app(own_app, own_app.extensions["consult_config"])
    return own_app.test_client(), stopping(person, Topic.FOLLOWED)


# What is declared once


def test_every_kind_of_letter_names_its_topic_and_news_says_its_lines():
    """A kind of letter without a topic does not even come into being; news that may be gathered says by which lines."""
    with pytest.raises(TypeError, match="topic"):
        mail.Kind("nobody.knows", lambda _id: [], lambda _id, letters: letters, lambda _id, facts: facts)
    with pytest.raises(RegistrationError, match="lines="):
        mail.Kind("nobody.knows", lambda _id: [], lambda _id, letters: letters, lambda _id, facts: facts, topic=Topic.REPLIES)
    assert {kind.name: kind.lines is not None for kind in mail.KINDS.values()} == {
        kind.name: kind.topic.is_chosen for kind in mail.KINDS.values()}


def test_what_leaves_at_once_is_no_news(app, citizen):
    with pytest.raises(TypeError, match="topic"):
        mail.write(citizen, "organisations/membership")
    with pytest.raises(RegistrationError, match="make it a Kind"):
        mail.write(citizen, "organisations/membership", topic=Topic.ORGANISATION)


def test_each_topic_is_chosen_or_leaves_always_but_the_letter_that_gathers():
    assert [topic for topic in Topic if topic.is_chosen == topic.leaves_always] == [Topic.GATHERED]
