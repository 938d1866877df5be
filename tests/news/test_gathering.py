"""The letter that gathers news: what one person is told, once, in their language, and nothing that everybody may not read any more."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from consult.contributions import following as contribution_following
from consult.contributions import service as contributions
from consult.core import jobs, mail
from consult.core.db import session, unit_of_work
from consult.core.i18n import MOROCCO, clock_at, utcnow
from consult.core.mail import OutgoingMail
from consult.core.news import Frequency, Line, Topic
from consult.news import jobs as news_jobs
from consult.news import service as news
from consult.news import telling
from consult.news.models import Follow, NewsChoice, NewsItem
from consult.organisations import service as organisations
from consult.privacy import service as privacy
from tests import factories
from tests.contributions.revising import A2, ELSEWHERE, REWORDED, last_of, revise
from tests.letters import letters_to
from tests.news.telling import choose, next_monday, next_morning, publish, withhold, work

A1 = "C1-A1-P1-a1"
MATTERS = {
    "contributions": "changes the words under your contribution", "replies": "Somebody replied to your contribution",
    "organisation": "Somebody asks to belong", "followed": "is published on the passage", "publications": "of chapter 1 is published",
    "deadlines": "The consultation closes on",
}


def happen(topic: str, chapter, reader, rapporteur) -> None:
    """Something of which this reader is told under this topic."""
    block = factories.block_of(chapter, A1)
    if topic == "contributions":
        factories.a_published_contribution(block=block, author=reader)
        revise(chapter, REWORDED)
    elif topic == "replies":
        said = factories.a_published_contribution(block=block, author=reader)
        publish(rapporteur, contributions.reply(factories.a_user(), said, form_key="one", body="Je le pense aussi."))
    elif topic == "organisation":
        asking = factories.a_user()
        organisations.join(asking, asking, organisation=reader.organisation)
    elif topic == "followed":
        news.follow(reader, chapter)
        publish(rapporteur, factories.a_contribution(block=block))
    elif topic == "publications":
        revise(chapter, ELSEWHERE)
    else:
        news.follow(reader, chapter)
        chapter.consultation.rounds[0].closes_at = utcnow() + timedelta(days=13)
        session.flush()
        news_jobs.look_at_the_closing()


@pytest.fixture
def reader(chapter):
    return factories.a_user(organisation=factories.an_organisation(), language="en")


def news_to(person) -> list[OutgoingMail]:
    """Without what leaves always."""
    return [letter for letter in letters_to(person) if letter.stop_url]


def test_the_topics_are_those_that_are_tried_here():
    assert set(MATTERS) == set(Topic.where(is_chosen=True))


@pytest.mark.parametrize("frequency", list(Frequency))
@pytest.mark.parametrize("topic", MATTERS)
def test_each_kind_of_news_comes_as_often_as_it_was_chosen(topic, frequency, chapter, reader, rapporteur):
    choose(reader, **dict.fromkeys(MATTERS, "never"))
    choose(reader, **{topic: frequency.value})
    happen(topic, chapter, reader, rapporteur)
    work()
    at_once = len(news_to(reader))
    work(next_morning())
    in_the_morning = len(news_to(reader))
    work(next_monday())
    on_monday = len(news_to(reader))
    is_monday = next_morning() == next_monday()
    assert (at_once, in_the_morning, on_monday) == {
        "immediately": (1, 1, 1), "daily": (0, 1, 1), "weekly": (0, int(is_monday), 1), "never": (0, 0, 0)}[frequency]
    for letter in news_to(reader):
        if letter.kind == "news.gathered":
            assert MATTERS[topic] in letter.body
        assert letter.stop_url in letter.body


def test_what_is_due_stands_in_one_letter_by_topic_and_chapter_each_with_its_address(chapter, reader, rapporteur):
    choose(reader, followed="daily", replies="daily", organisation="daily")
    other = factories.a_chapter(chapter.consultation, number=2)
    news.follow(reader, other)
    publish(rapporteur_of(other), factories.a_contribution(block=factories.block_of(other, "C2-A1-P1-a1")))
    for topic in ("followed", "replies", "organisation"):
        happen(topic, chapter, reader, rapporteur)
    work(next_morning())
    (letter,) = news_to(reader)
    parts = [letter.body.index(words) for words in (
        "Replies\n", "My organisation\n", "What I follow\n", "Chapter 1\n\nContribution", "Chapter 2\n\nContribution")]
    assert parts == sorted(parts)
    assert letter.body.count("/en/contributions/PNQ-") == 3
    assert letter.body.count("/en/news/stop/") == 3, "one for each topic; that of all of them stands in the head of the letter"
    assert letter.subject == "4 things new in the public consultation"


def rapporteur_of(chapter):
    return factories.a_user(role="rapporteur", commission=chapter.commission)


def dies(*_letter, **_noted):
    raise SystemExit


def is_away(_message):
    raise ConnectionRefusedError


def test_a_letter_that_was_gathered_and_not_posted_is_told_by_the_next_worker_and_once(chapter, reader, rapporteur, monkeypatch):
    happen("followed", chapter, reader, rapporteur)
    session.commit()
    jobs.run_pending()
    with clock_at(next_morning()):
        monkeypatch.setattr(mail, "post", dies)
        conclude = news_jobs.send_news(reader.id)
        with pytest.raises(SystemExit), unit_of_work():
            conclude()
        session.rollback()
        monkeypatch.undo()
        assert session.scalars(sa.select(NewsItem.told_at).where(NewsItem.user_id == reader.id)).all() == [None]
        for _twice in range(2):
            with unit_of_work():
                news_jobs.send_news(reader.id)()
    assert len(news_to(reader)) == 1


def test_what_is_withheld_between_wording_and_posting_is_not_told(chapter, reader, rapporteur):
    happen("followed", chapter, reader, rapporteur)
    other = factories.a_contribution(block=factories.block_of(chapter, A2))
    publish(rapporteur, other)
    session.commit()
    jobs.run_pending()
    with clock_at(next_morning()):
        conclude = news_jobs.send_news(reader.id)
        withhold(rapporteur, other)
        session.commit()
        with unit_of_work():
            conclude()
        jobs.run_pending()
    (letter,) = news_to(reader)
    assert other.ref not in letter.body
    assert letter.subject == "One thing new in the public consultation"


def test_a_letter_that_waits_for_the_mail_server_says_nothing_of_what_is_withheld_meanwhile(chapter, reader, rapporteur, monkeypatch):
    first, second = (factories.a_contribution(block=factories.block_of(chapter, key)) for key in (A1, A2))
    news.follow(reader, chapter)
    for one in (first, second):
        publish(rapporteur, one)
    monkeypatch.setattr(mail.Message, "send", is_away)
    work(next_morning())
    withhold(rapporteur, second)
    given = []
    monkeypatch.setattr(mail.Message, "send", lambda message: given.append(message.body))
    with clock_at(next_morning() + timedelta(hours=3)):
        session.commit()
        jobs.run_pending()
    told = [body for body in given if "news/stop" in body]
    assert [(first.ref in body, second.ref in body) for body in told] == [(True, False)]


def test_a_letter_at_once_that_has_not_left_is_gathered_where_its_reader_chooses_so_meanwhile(chapter, reader, rapporteur, monkeypatch):
    monkeypatch.setattr(mail.Message, "send", is_away)
    happen("replies", chapter, reader, rapporteur)
    work()
    choose(reader, replies="daily")
    monkeypatch.undo()
    with clock_at(utcnow() + timedelta(minutes=1)):
        session.commit()
        jobs.run_pending()
    session.expire_all()
    assert [letter.drop_reason for letter in news_to(reader)] == ["unwanted"]
    work(next_morning())
    assert [letter.kind for letter in news_to(reader)] == ["contributions.replied", "news.gathered"]
    assert MATTERS["replies"] in news_to(reader)[1].body


def test_what_waits_follows_a_new_choice(chapter, reader, rapporteur):
    happen("followed", chapter, reader, rapporteur)
    work()
    choose(reader, followed="immediately")
    work()
    assert len(news_to(reader)) == 1
    publish(rapporteur, factories.a_contribution(block=factories.block_of(chapter, A1)))
    choose(reader, followed="weekly")
    work()
    choose(reader, followed="never")
    choose(reader, followed="daily")
    work(next_monday() + timedelta(days=7))
    assert len(news_to(reader)) == 1, "what waited when its reader wanted nothing is gone"


def test_who_decides_where_a_contribution_belongs_is_told_of_too(chapter, reader, rapporteur):
    choose(reader, contributions="daily")
    said = factories.a_published_contribution(block=factories.block_of(chapter, A1), author=reader)
    revise(chapter, REWORDED)
    work()
    contributions.reattach(rapporteur, last_of(said), key=A2)
    work(next_morning())
    (letter,) = news_to(reader)
    assert f"A person decided to which passage your contribution {said.ref} belongs." in letter.body


@pytest.mark.parametrize(("moment", "daily", "weekly"), [
    ("2026-11-30T05:59", "2026-11-30T07:00", "2026-11-30T07:00"),  # a Monday, seven in the morning of Morocco being six in UTC
    ("2026-11-30T06:00", "2026-12-01T07:00", "2026-12-07T07:00"),
    ("2026-12-05T23:30", "2026-12-06T07:00", "2026-12-07T07:00"),
    ("2026-02-16T06:59", "2026-02-16T07:00", "2026-02-16T07:00"),  # in Ramadan the clock of Morocco is that of Greenwich
])
def test_the_hour_is_that_of_morocco(app, moment, daily, weekly):
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    for frequency, wanted in ((Frequency.DAILY, daily), (Frequency.WEEKLY, weekly)):
        assert telling.next_letter(frequency, now) == datetime.fromisoformat(wanted).replace(tzinfo=MOROCCO)
    assert telling.next_letter(Frequency.IMMEDIATELY, now) == now


@pytest.mark.parametrize(("count", "said"), [
    (1, "أمر واحد جديد"), (2, "أمران جديدان"), (3, "3 أمور جديدة"), (11, "11 أمرا جديدا"), (100, "100 أمر جديد")])
def test_the_number_of_news_agrees_in_arabic(app, count, said):
    reader = factories.a_user(language="ar")
    part = news_jobs.Part(Topic.FOLLOWED, "http://consult.test/x", {1: [Line("خبر", "chapters.read", {"number": 1}, 1)] * count})
    _recipient, subject, body = mail.worded(reader, "news/gathered", parts=[part], count=count)
    assert said in subject
    assert body.count("/ar/chapters/1") == count


def test_whoever_was_forgotten_is_told_nothing_and_nothing_of_theirs_is_left(chapter, reader, rapporteur):
    choose(reader, publications="weekly")
    happen("followed", chapter, reader, rapporteur)
    work()
    privacy.forget(reader, reader)
    for model in (NewsItem, Follow, NewsChoice):
        assert session.scalars(sa.select(model).where(model.user_id == reader.id)).all() == []
    work(next_morning())
    assert session.scalars(sa.select(OutgoingMail).where(OutgoingMail.kind == "news.gathered")).all() == []


def test_what_is_promised_costs_the_same_for_one_follower_and_for_many(chapter, rapporteur, count_queries):
    said = [factories.a_published_contribution(block=factories.block_of(chapter, A1)) for _n in range(2)]
    counts = []
    for one in said:
        counts.append(count_queries(lambda one=one: news.keep(contribution_following.CONTRIBUTION, one.id)))
        for _more in range(25):
            news.follow(factories.a_user(), chapter)
    assert counts[0] == counts[1]
    assert session.scalar(sa.select(sa.func.count()).select_from(NewsItem)) == 25


def test_looking_for_what_is_due_is_one_question_when_there_is_nothing(app, count_queries):
    assert count_queries(news_jobs.send_what_is_due) == 1
