"""The journal as people read it: its places, what a receipt told, its events."""

import re
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa

from consult.consultations.models import Role
from consult.contributions.models import Receipt
from consult.core import audit, commands
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.permissions import SYSTEM, Action
from consult.core.taking_over import TAKE_OVER
from consult.journal.words import ACTS, act_in_words
from tests import factories

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def secretary(chapter):
    return factories.a_user(role=Role.SECRETARIAT, name="Hanae Témoin")


def sealed(*subjects) -> None:
    for subject in subjects:
        audit.record(SYSTEM, Action.CONSULTATIONS_EDIT, subject)
    audit.seal_all()
    audit.put_checkpoint()


def test_each_act_has_words():
    assert {*ACTS} == commands.COMMANDS
    assert act_in_words("contributions.submit") == act_in_words("contributions.lodge") == "A contribution was lodged"
    assert act_in_words("nothing.of_ours") == "nothing.of_ours"
    assert act_in_words(TAKE_OVER) != TAKE_OVER


def test_everybody_reads_where_the_journal_stands(client, chapter):
    assert "Nothing is published yet" in client.get("/en/journal").text
    sealed(chapter.consultation)
    position, digest = audit.head()
    assert f"{position}:{digest}" in client.get("/en/journal").text
    feed = ElementTree.fromstring(client.get("/en/journal/feed").data)  # noqa: S314 - our own answer
    assert [entry.findtext(f"{ATOM}content") for entry in feed.iter(f"{ATOM}entry")] == [f"{position}:{digest}"]
    assert feed.findtext(f"{ATOM}id").startswith("tag:consult.test,")


def test_what_a_receipt_told_is_checked(client, chapter):
    block = factories.block_of(chapter, "C1-A1-P1-a1")
    contribution = factories.a_published_contribution(block=block, ref="PNQ-C1-0001")
    sealed(chapter.consultation)
    position, digest = audit.head()
    said = client.get("/en/journal", query_string={"told": f"… {position}:{digest} …"}).text
    assert "all that came before it is unchanged" in said
    said = client.get("/en/journal", query_string={"told": f"{position}:{'0' * 64}"}).text
    assert "does not hold this place" in said
    letter = f"Reference: PNQ-C1-0001\nDigest (SHA-256): {contribution.digest}\nThe journal then stood at: {position}:{digest}"
    said = client.get("/en/journal", query_string={"told": letter}).text
    assert "word for word" in said
    assert "all that came before it is unchanged" in said
    said = client.get("/en/journal", query_string={"told": letter.replace("PNQ-C1-0001", "PNQ-C1-0002")}).text
    assert "No contribution of this reference has the digest" in said


def test_a_contribution_that_was_changed_is_told(client, chapter):
    block = factories.block_of(chapter, "C1-A1-P1-a1")
    contribution = factories.a_published_contribution(block=block, ref="PNQ-C1-0001")
    session.execute(sa.text("DROP TRIGGER receipt_no_update" + on_table("receipt")))
    session.execute(sa.update(Receipt).where(Receipt.contribution_id == contribution.id).values(digest="a" * 64))
    said = client.get("/en/journal", query_string={"told": f"PNQ-C1-0001 {'a' * 64}"}).text
    assert "No contribution of this reference has the digest" in said


def on_table(name: str) -> str:
    return f" ON {name}" if session.get_bind().dialect.name == "postgresql" else ""


@pytest.mark.parametrize("told", ["nothing", "PNQ-C1-0001", "1:abc", "a" * 64])
def test_what_tells_of_nothing_is_refused_with_the_words_kept(client, chapter, told):
    answer = client.get("/en/journal", query_string={"told": told})
    assert answer.status_code == 422
    assert "Paste the whole letter" in answer.text
    assert f">{told}</textarea>" in answer.text


def test_those_in_charge_read_who_did_what(client, chapter, secretary):
    rapporteur = factories.a_user(role=Role.RAPPORTEUR, commission=chapter.commission, name="Leïla Témoin")
    audit.record(secretary, Action.CONSULTATIONS_EXTEND, chapter.consultation)
    audit.record(rapporteur, Action.CHAPTERS_DISCARD, chapter)
    audit.record(SYSTEM, Action.CONSULTATIONS_CLOSE, chapter.consultation)
    address = "/en/journal/events"
    for who in ("nobody@courriel.example", secretary.email):  # and nobody else learns who has an account
        for asked in (address, f"{address}/file"):
            assert client.get(f"{asked}?address={who}").status_code == 403
    assert client.get(address).status_code == 403
    assert client.sign_in(rapporteur).get(address).status_code == 403
    client.sign_in(secretary)
    whole = client.get(address).text
    for words in ("The closing was put off", "A working draft was discarded", "The consultation closed", "Leïla Témoin", "the system"):
        assert words in whole
    assert acts_in(client.get(f"{address}?act=chapters.discard").text) == ["A working draft was discarded"]
    assert acts_in(client.get(f"{address}?address={secretary.email}").text) == ["The closing was put off"]
    both = client.get(f"{address}?act=chapters.discard&address={secretary.email}").text
    assert "No event of this kind" in both
    refused = client.get(f"{address}?address=nobody@courriel.example")
    assert (refused.status_code, "Nobody has an account" in refused.text) == (422, True)
    with client.get(f"{address}/file?act=chapters.discard") as answer:
        lines = answer.text.splitlines()
    assert len(lines) == 2
    assert lines[1].endswith("A working draft was discarded,,Leïla Témoin")


def acts_in(page: str) -> list[str]:
    rows = re.search(r"<tbody>(.*)</tbody>", page, re.DOTALL)[1]
    return re.findall(r"</time></td>\s*<td>([^<]+)</td>", rows)


def test_events_of_an_act_under_its_former_names_stand_in_its_list_page_by_page(client, chapter, secretary):
    for number in range(90):
        name = "drafts.discard" if number % 3 else "chapters.discard"
        session.add(AuditEvent(
            action=name, actor="system", subject="chapter", subject_id=chapter.id, details={"chapter": number}, at=utcnow()))
    session.flush()
    client.sign_in(secretary)
    address, seen = "/en/journal/events?act=chapters.discard", []
    while address:
        page = client.get(address).text
        seen += re.findall(r"<bdi>Chapter (\d+)</bdi>", page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        address = older[1].replace("&amp;", "&") if older else None
    assert seen == [str(number) for number in reversed(range(90))]
