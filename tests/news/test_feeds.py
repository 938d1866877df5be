"""Atom feeds of what is published: rule by rule of RFC 4287, with ids of RFC 4151 that last."""

import re
from datetime import datetime, timedelta

import lxml.html
import pytest
from lxml import etree

from consult.chapters import service as chapters
from consult.consultations.models import Phase
from consult.core import audit
from consult.core.atom import MAX_ENTRIES, Entry, Feed, newest, plain, tag_of, write
from consult.core.db import session
from consult.core.i18n import clock_at, utcnow
from consult.core.permissions import SYSTEM
from consult.synthesis.models import SynthesisState
from tests import factories
from tests.adoption import cases
from tests.contributions.revising import REWORDED, revise, source

ATOM = "{http://www.w3.org/2005/Atom}"
XML = "{http://www.w3.org/XML/1998/namespace}"
FEEDS = ("/{}/news/feed", "/{}/news/chapters/1/feed", "/{}/journal/feed")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")  # RFC 3339
TAG = re.compile(r"tag:[a-z0-9.-]+,\d{4}(-\d\d(-\d\d)?)?:[\w./:~%-]+")  # RFC 4151


def faults(document: bytes) -> list[str]:
    """What RFC 4287 (sections 3, 4 and 6) asks and a feed of ours does not keep."""
    feed = etree.fromstring(document)
    found = [] if feed.tag == f"{ATOM}feed" else ["the root is no feed"]
    found += [] if feed.get(f"{XML}lang") else ["no language"]
    found += counts(feed, {"id": 1, "title": 1, "updated": 1, "author": 1})
    rels = [link.get("rel") for link in feed.findall(f"{ATOM}link")]
    found += [] if rels.count("self") == 1 else ["no link to itself"]
    ids = [entry.findtext(f"{ATOM}id") for entry in feed.findall(f"{ATOM}entry")]
    found += [] if len(ids) == len(set(ids)) else ["two entries of one id"]
    for entry in feed.findall(f"{ATOM}entry"):
        found += counts(entry, {"id": 1, "title": 1, "updated": 1, "content": 1})
        alternates = [(link.get("type"), link.get("hreflang")) for link in entry.findall(f"{ATOM}link") if link.get("rel") == "alternate"]
        found += [] if len(alternates) == len(set(alternates)) == 1 else ["not one alternate"]
    found += [] if all(author.findtext(f"{ATOM}name") for author in feed.findall(f"{ATOM}author")) else ["an author without a name"]
    found += [f"{one.text} is no moment" for one in feed.iter(f"{ATOM}updated") if not MOMENT.fullmatch(one.text)]
    found += [f"{one.text} is no lasting id" for one in feed.iter(f"{ATOM}id") if not TAG.fullmatch(one.text)]
    found += [f"{link.get('href')} is no absolute address" for link in feed.iter(f"{ATOM}link") if "://" not in link.get("href", "")]
    known = {f"{ATOM}{name}" for name in ("feed", "id", "title", "updated", "author", "name", "link", "entry", "content")}
    return found + [f"{one.tag} is not known" for one in feed.iter() if one.tag not in known]


def counts(parent, wanted: dict[str, int]) -> list[str]:
    return [f"{name} of {parent.tag}" for name, count in wanted.items() if len(parent.findall(f"{ATOM}{name}")) != count]


def entries(client, address: str) -> dict[str, str]:
    """Title by id."""
    feed = etree.fromstring(client.get(address).data)
    return {entry.findtext(f"{ATOM}id"): entry.findtext(f"{ATOM}title") for entry in feed.findall(f"{ATOM}entry")}


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
@pytest.mark.parametrize("address", FEEDS)
def test_a_feed_keeps_the_rules(client, chapter, address, language):
    audit.seal_all()
    audit.put_checkpoint()
    answer = client.get(address.format(language))
    assert answer.mimetype == "application/atom+xml"
    assert faults(answer.data) == []
    assert etree.fromstring(answer.data).get(f"{XML}lang") == language
    assert etree.fromstring(answer.data).findall(f"{ATOM}entry")


def test_the_rules_are_looked_at():
    assert len(faults(b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><updated>today</updated><id>x</id></entry></feed>')) > 8


def test_a_feed_without_anything_published_is_a_feed(client):
    factories.a_consultation()
    answer = client.get("/en/news/feed")
    assert faults(answer.data) == []
    assert entries(client, "/en/news/feed") == {}
    assert client.get("/en/news/chapters/1/feed").status_code == 404


def test_without_a_consultation_there_is_none(client):
    assert client.get("/en/news/feed").status_code == 404


def test_versions_stand_in_it_newest_first_with_ids_that_do_not_change(client, chapter):
    before = entries(client, "/en/news/chapters/1/feed")
    with clock_at(utcnow() + timedelta(minutes=5)):
        revise(chapter, REWORDED)
    after = entries(client, "/en/news/chapters/1/feed")
    assert list(after.values())[0] == "Chapter 1: version 2 (French)"
    assert list(after)[1:] == list(before)
    assert set(entries(client, "/ar/news/feed")) >= set(after), "the same thing has the same id in each feed and language"


def test_a_feed_of_a_chapter_holds_nothing_of_another(client, chapter):
    factories.a_chapter(chapter.consultation, number=2)
    assert {title.partition(":")[0] for title in entries(client, "/en/news/chapters/2/feed").values()} == {"Chapter 2"}
    assert {title.partition(":")[0] for title in entries(client, "/en/news/feed").values()} == {"Chapter 1", "Chapter 2"}


def test_a_synthesis_stands_in_it_once_it_is_public(client, chapter, secretary):
    chapter.consultation.phase = Phase.SYNTHESIS
    report = factories.a_synthesis(chapter, state=SynthesisState.VALIDATED, validated_at=utcnow())
    assert not any("synthesis" in title for title in entries(client, "/en/news/feed").values())
    cases.sent(chapter.consultation, secretary)
    session.refresh(report)
    found = entries(client, "/en/news/feed")
    assert "The synthesis of chapter 1" in found.values()
    assert faults(client.get("/en/news/feed").data) == []


def test_it_is_asked_again_for_little(client, chapter):
    first = client.get("/en/news/feed")
    again = client.get("/en/news/feed", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert first.headers["Cache-Control"] == client.get("/en/exports/open-data/contributions").headers["Cache-Control"]
    assert "Set-Cookie" not in first.headers
    revise(chapter, REWORDED)
    assert client.get("/en/news/feed", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_what_changes_elsewhere_changes_nothing_in_it(client, chapter, rapporteur):
    first = client.get("/en/news/feed").data
    factories.a_published_contribution(block=factories.block_of(chapter, "C1-A1-P1-a1"))
    with clock_at(utcnow() + timedelta(days=3)):
        assert client.get("/en/news/feed").data == first


HOSTILE = "a\x00b\x0bc\ufffe<script>&]]>\u202eabc\u2066 é 😀 " + "x" * 3000


def test_whatever_stands_in_a_text_it_is_well_formed():
    at = utcnow()
    feed = Feed("f", HOSTILE, HOSTILE, "fr", "http://a.example/f", "http://a.example/", at, [Entry(
        "one", HOSTILE, "http://a.example/1?x=1&y=<2>", at, HOSTILE), Entry("deux/é \u202e", "t", "http://a.example/2", at)])
    document = write(feed, "https://a.example:8443/x")
    assert faults(document) == []
    words = etree.fromstring(document).findtext(f"{ATOM}title")
    assert words.startswith("abc<script>&]]>abc é 😀 x")
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00]", words)


def test_a_note_with_signs_that_turn_words_is_plain_in_the_feed(client, chapter):
    text = source(REWORDED).replace("---\n", "---\nrevision_note: \"<b>Note</b> & l’étalon\"\n", 1)
    chapters.import_chapter(SYSTEM, chapter.consultation, data=text.encode())
    answer = client.get("/fr/news/feed")
    assert faults(answer.data) == []
    assert "<b>Note</b> & l’étalon" in etree.fromstring(answer.data).findtext(f".//{ATOM}content")


def test_an_id_holds_neither_port_nor_path_and_what_a_name_cannot_hold_is_written_otherwise():
    at = datetime.fromisoformat("2026-03-01T10:00:00+00:00")
    made = tag_of("https://consultation.example.ma:8443/pnq", at.date(), "pnq/1 é")
    assert made == "tag:consultation.example.ma,2026-03-01:pnq/1%20%C3%A9"


def test_the_newest_stand_in_it_and_no_more():
    at = utcnow()
    many = [Entry(f"m{number}", "t", "http://a.example/", at + timedelta(seconds=number)) for number in range(80)]
    kept = newest(many)
    assert len(kept) == MAX_ENTRIES
    assert kept[0] is many[-1]


def test_plain_words_stay():
    assert plain("Étalon, مقياس\nn° 1") == "Étalon, مقياس\nn° 1"


@pytest.mark.parametrize(("page", "count"), [("/en/", 1), ("/en/chapters/1", 2), ("/en/chapters/1/revisions", 2), ("/en/journal", 2)])
def test_pages_name_their_feeds(client, chapter, page, count):
    found = lxml.html.fromstring(client.get(page).text).xpath("//head/link[@rel='alternate'][@type='application/atom+xml']/@href")
    assert len(found) == count
    assert [client.get(address).status_code for address in found] == [200] * count
