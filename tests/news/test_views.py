"""The pages of news: what one is told, what one follows, and what others see of it: nothing."""

import re

import lxml.html
import pytest
import sqlalchemy as sa

from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.news import Frequency, Topic
from consult.news import service as news
from consult.news.models import Follow
from tests import factories

A1 = "C1-A1-P1-a1"
TOPICS = Topic.where(is_chosen=True)


def test_each_topic_is_asked_with_its_default_and_what_leaves_always_is_said(client, chapter, citizen):
    page = lxml.html.fromstring(client.sign_in(citizen).get("/en/news/choose").text)
    asked = {field.get("name"): field.get("value") for field in page.xpath("//input[@type='radio'][@checked]")}
    assert asked == {topic.value: topic.by_default for topic in TOPICS}
    words = page.text_content()
    for topic in TOPICS:
        assert f"By default: {topic.frequency.label}." in words
    for topic in Topic.where(leaves_always=True):
        assert topic.label in page.xpath("string(//section[@aria-labelledby='always'])")


def test_a_choice_is_recorded_and_shown(client, chapter, citizen):
    client.sign_in(citizen)
    answer = client.post("/en/news/choose", data={topic.value: "weekly" for topic in TOPICS}, follow_redirects=True)
    assert "Your choice is recorded." in answer.text
    assert set(news.get_choices(citizen).values()) == {Frequency.WEEKLY}
    assert len(re.findall(r"<input checked[^>]*value=\"weekly\"", answer.text)) == len(TOPICS)


@pytest.mark.parametrize("wrong", [{}, {"replies": "hourly"}, {"replies": ["daily", "x\x00"]}, {"receipt": "never"}])
def test_what_is_no_choice_is_shown_again(client, chapter, citizen, wrong):
    data = {topic.value: "daily" for topic in TOPICS if topic != Topic.REPLIES} | wrong
    answer = client.sign_in(citizen).post("/en/news/choose", data=data)
    if "replies" in wrong and isinstance(wrong["replies"], list):
        assert answer.status_code in (303, 422)
    else:
        assert answer.status_code == 422
        assert "to correct" in answer.text
        assert set(news.get_choices(citizen).values()) != {Frequency.DAILY}


def test_a_passage_is_followed_and_followed_no_longer_on_its_page(client, chapter, citizen):
    client.sign_in(citizen)
    page = lxml.html.fromstring(client.get(f"/en/chapters/1/provisions/{A1}").text)
    (form,) = page.xpath("//section[@id='follow']//form")
    assert form.get("action") == f"/en/news/follow/1/{A1}"
    answer = client.post(form.get("action"), follow_redirects=True)
    assert "You follow it from now on." in answer.text
    assert [one.key for one in news.list_followed(citizen).rows] == [A1]
    assert lxml.html.fromstring(answer.text).xpath("//main//form/@action") == [f"/en/news/unfollow/1/{A1}"]
    assert "You no longer follow it." in client.post(f"/en/news/unfollow/1/{A1}", follow_redirects=True).text
    assert news.list_followed(citizen).rows == []


def test_a_chapter_leads_to_a_page_that_follows_it(client, chapter, citizen):
    (address,) = lxml.html.fromstring(client.get("/en/chapters/1").text).xpath("//header//a[contains(@href, '/news/follow/')]/@href")
    client.sign_in(citizen)
    assert "Follow this chapter" in client.get(address).text
    client.post(address)
    assert [(one.chapter_id, one.key) for one in news.list_followed(citizen).rows] == [(chapter.id, "")]
    assert "You follow it." in client.get(address).text


def test_the_page_of_a_chapter_that_is_kept_ready_is_the_same_for_whoever_follows(client, chapter, citizen):
    before = client.get("/en/chapters/1").text
    news.follow(citizen, chapter)
    assert client.get("/en/chapters/1").text == before


def test_a_visitor_signs_in_first_and_nobody_s_follows_are_another_s(client, chapter, citizen):
    assert client.get(f"/en/news/follow/1/{A1}").status_code in (302, 303, 403)
    assert client.post(f"/en/news/follow/1/{A1}").status_code in (302, 303, 403)
    assert client.get("/en/news/following").status_code in (302, 303)
    news.follow(factories.a_user(), chapter, key=A1)
    assert A1 not in client.sign_in(citizen).get("/en/news/following").text


@pytest.mark.parametrize("address", ["follow/1/C9", "follow/7", "unfollow/1/x%00", f"follow/1/{'x' * 300}", "follow/1/%E2%80%AE"])
def test_what_is_not_there_is_not_followed(client, chapter, citizen, address):
    client.sign_in(citizen)
    assert {client.get(f"/en/news/{address}").status_code, client.post(f"/en/news/{address}").status_code} <= {400, 404, 422}


def test_what_is_followed_is_paged(client, chapter, citizen, count_queries):
    client.sign_in(citizen)
    blocks = chapter_keys(chapter)
    for key in blocks[:3]:
        news.follow(citizen, chapter, key=key)
    few = count_queries(lambda: client.get("/en/news/following"))
    for number in range(2, 40):
        news.follow(citizen, chapter, key=blocks[number % len(blocks)])
    session.execute(news_rows(citizen, chapter))
    page = client.get("/en/news/following")
    assert page.text.count("/en/news/unfollow/1/") == 30
    assert count_queries(lambda: client.get("/en/news/following")) <= few <= 12
    (older,) = lxml.html.fromstring(page.text).xpath("//nav[@class='pager']/a[@rel='next']/@href")
    assert client.get(older).text.count("/en/news/unfollow/1/") > 0


def chapter_keys(chapter) -> list[str]:
    return [block.key for block in factories.block_of(chapter, A1).revision.blocks]


def news_rows(person, chapter):
    return sa.insert(Follow).values([
        {"user_id": person.id, "chapter_id": chapter.id, "key": f"C1-X{number}", "followed_at": utcnow()} for number in range(40)])


def test_too_much_is_refused_with_what_to_do(client, chapter, citizen, monkeypatch):
    monkeypatch.setattr(news, "MAX_FOLLOWED", 0)
    answer = client.sign_in(citizen).post(f"/en/news/follow/1/{A1}")
    assert answer.status_code == 422
    assert "Follow the whole chapter instead" in answer.text


def test_the_profile_leads_there(client, chapter, citizen):
    page = client.sign_in(citizen).get("/en/accounts/profile").text
    assert "/en/news/choose" in page
    assert "/en/news/following" in page
