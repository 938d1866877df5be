"""Who follows a passage or a chapter is told of what is published there, by a job, when they chose."""

import pytest

from consult.consultations.models import ModerationMode, Phase
from consult.contributions import service as contributions
from consult.contributions.models import ContributionState
from consult.core.errors import Invalid, NotAllowed, NotFound
from consult.core.i18n import utcnow
from consult.core.permissions import VISITOR
from consult.news import service as news
from consult.synthesis.models import SynthesisState
from tests import factories
from tests.adoption import cases
from tests.contributions.revising import A2, REWORDED, revise
from tests.contributions.test_service import lodge
from tests.letters import letters_to
from tests.news.telling import choose, next_monday, next_morning, publish, restore, withhold, work

A1 = "C1-A1-P1-a1"


@pytest.fixture
def follower(chapter):
    person = factories.a_user(language="en")
    news.follow(person, chapter, key=A1)
    return person


def test_a_contribution_that_is_published_is_told_the_next_morning_by_default(chapter, contribution, follower, rapporteur):
    publish(rapporteur, contribution)
    work()
    assert letters_to(follower) == []
    work(next_morning())
    (letter,) = letters_to(follower)
    assert f"Contribution {contribution.ref} is published on the passage {A1}." in letter.body
    assert f"http://consult.test/en/contributions/{contribution.ref}" in letter.body
    assert "Chapter 1" in letter.body
    work(next_morning())
    assert len(letters_to(follower)) == 1


def test_what_is_said_elsewhere_is_no_news_to_whoever_follows_a_passage_but_to_whoever_follows_the_chapter(
        chapter, contribution, follower, rapporteur):
    of_chapter = factories.a_user(language="en")
    news.follow(of_chapter, chapter)
    elsewhere = factories.a_contribution(block=factories.block_of(chapter, A2))
    publish(rapporteur, elsewhere)
    work(next_morning())
    assert letters_to(follower) == []
    assert elsewhere.ref in letters_to(of_chapter)[0].body


@pytest.mark.parametrize("frequency", ["immediately", "daily", "weekly", "never"])
def test_each_is_told_as_they_chose(contribution, follower, rapporteur, frequency):
    choose(follower, followed=frequency)
    publish(rapporteur, contribution)
    told = []
    for moment in (None, next_morning(), next_monday()):
        work(moment)
        told.append(len(letters_to(follower)))
    first = next_morning() == next_monday()
    assert told == {"immediately": [1, 1, 1], "daily": [0, 1, 1], "weekly": [0, int(first), 1], "never": [0, 0, 0]}[frequency]


def test_a_reply_is_told_to_whoever_follows_and_neither_to_its_author_nor_to_the_contributions(
        chapter, contribution, participant, follower, rapporteur):
    publish(rapporteur, contribution)
    work()
    replying = factories.a_user()
    for person in (participant, replying):
        news.follow(person, chapter, key=A1)
        choose(person, followed="immediately", replies="never")
    choose(follower, followed="immediately")
    reply = contributions.reply(replying, contribution, form_key="one", body="Je le pense aussi.")
    publish(rapporteur, reply)
    work()
    assert any(f"A reply to contribution {contribution.ref} is published" in letter.body for letter in letters_to(follower))
    assert not any(letter.kind == "news.gathered" for letter in [*letters_to(participant), *letters_to(replying)])


def test_nothing_is_told_of_what_is_withheld_meanwhile_and_once_of_what_is_published_again(contribution, follower, rapporteur):
    publish(rapporteur, contribution)
    work()
    withhold(rapporteur, contribution)
    work(next_morning())
    assert letters_to(follower) == []
    assert contribution.state == ContributionState.WITHHELD
    restore(rapporteur, contribution)
    work(next_morning(after=next_morning()))
    assert [contribution.ref in letter.body for letter in letters_to(follower)] == [True]


def test_its_own_author_is_told_nothing(chapter, contribution, participant, rapporteur):
    news.follow(participant, chapter, key=A1)
    publish(rapporteur, contribution)
    work(next_morning())
    assert not any(letter.kind == "news.gathered" for letter in letters_to(participant))


def test_a_new_wording_is_told_to_whoever_follows_the_passage(chapter, follower):
    of_chapter = factories.a_user(language="en")
    news.follow(of_chapter, chapter)
    revise(chapter, REWORDED)
    work(next_morning())
    assert "has a new wording in version 2 (French)." in letters_to(follower)[0].body
    assert "Version 2 (French) of chapter 1 is published" in letters_to(of_chapter)[0].body


def test_a_new_version_is_told_to_whoever_chose_new_texts_once_however_many_ways_lead_to_it(chapter):
    reader, both = factories.a_user(language="en"), factories.a_user(language="en")
    choose(reader, publications="immediately")
    choose(both, publications="immediately", followed="immediately")
    news.follow(both, chapter)
    revise(chapter, REWORDED)
    work()
    for person in (reader, both):
        assert [letter.body.count("Version 2 (French) of chapter 1 is published") for letter in letters_to(person)] == [1]


def test_whoever_follows_no_longer_is_told_nothing_new(chapter, contribution, follower, rapporteur):
    news.unfollow(follower, chapter, key=A1)
    news.unfollow(follower, chapter, key=A1)
    publish(rapporteur, contribution)
    work(next_morning())
    assert letters_to(follower) == []


def test_following_twice_is_following_once(chapter, follower):
    news.follow(follower, chapter, key=A1)
    assert [one.key for one in news.list_followed(follower).rows] == [A1]


def test_nobody_follows_what_is_not_there_or_too_much_or_without_an_account(chapter, follower, monkeypatch):
    with pytest.raises(NotFound):
        news.follow(follower, chapter, key="C1-A99")
    with pytest.raises(NotAllowed):
        news.follow(VISITOR, chapter, key=A1)
    monkeypatch.setattr(news, "MAX_FOLLOWED", 1)
    with pytest.raises(Invalid):
        news.follow(follower, chapter, key=A2)


def test_publishing_costs_the_same_however_many_follow(chapter, contribution, rapporteur, count_queries):
    other = factories.a_contribution(block=factories.block_of(chapter, A1))
    alone = count_queries(lambda: publish(rapporteur, contribution))
    for _one in range(30):
        news.follow(factories.a_user(), chapter, key=A1)
    assert count_queries(lambda: publish(rapporteur, other)) <= alone


def test_what_is_published_as_it_is_lodged_is_told_too(chapter, block, participant, follower):
    chapter.consultation.moderation_mode = ModerationMode.AFTER
    said = lodge(participant, block, as_organisation=participant.organisation)
    work(next_morning())
    assert [said.ref in letter.body for letter in letters_to(follower)] == [True]


def test_a_synthesis_that_is_published_is_told_to_whoever_follows_the_chapter_or_new_texts(chapter, secretary, follower):
    of_chapter, reader = factories.a_user(language="en"), factories.a_user(language="ar")
    news.follow(of_chapter, chapter)
    choose(reader, publications="daily")
    work()
    chapter.consultation.phase = Phase.SYNTHESIS
    factories.a_synthesis(chapter, state=SynthesisState.VALIDATED, validated_at=utcnow())
    cases.sent(chapter.consultation, secretary)
    work(next_morning())
    assert "The synthesis of chapter 1 is published" in letters_to(of_chapter)[0].body
    assert any("/ar/synthesis/read/1" in letter.body for letter in letters_to(reader))
    assert letters_to(follower) == [], "who follows a passage is answered on what they said themselves"
