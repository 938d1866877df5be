"""What is kept ready of a chapter and of the home: made anew for what changed alone, and never older than what it shows."""

import lxml.html
import pytest
import sqlalchemy as sa

from consult.accounts import service as accounts
from consult.chapters import service as chapters
from consult.chapters.models import Block, Revision
from consult.chapters.views import pages as chapter_pages
from consult.chapters.views import passages
from consult.consultations.models import Commission, Phase, Role
from consult.contributions import service
from consult.contributions.models import CommentType, Contribution, ContributionState, Kind, Position
from consult.contributions.service import reading
from consult.core import tallies
from consult.core.config import resource_dir
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.pages import pages
from consult.core.permissions import SYSTEM
from consult.moderation import service as moderation
from consult.moderation.models import Verdict
from tests import factories
from tests.chapters.test_translations import only_mark, shown_revisions
from tests.contributions.revising import A1, A2, DROP, ELSEWHERE, REWORDED, last_of, revise

PAGES = ("/fr/chapters/1", "/ar/chapters/1", "/fr/chapters/1/margin/0", "/ar/chapters/1/margin/0", "/fr/", "/ar/")
CHAPTER = "/fr/chapters/1"


@pytest.fixture
def said(chapter, block):
    """Published on the first action by somebody under their own name, beside others here and elsewhere."""
    factories.a_published_contribution(block=block)
    factories.a_published_contribution(block=factories.block_of(chapter, A2))
    author = factories.a_user(name="Amal Idrissi", name_ar="أمل الإدريسي")
    return factories.a_published_contribution(block=block, author=author, exact="la liste", body="Une remarque à elle.")


def seen(client) -> dict[str, bytes]:
    return {address: client.get(address).data for address in PAGES}


def decided(said, verdict: Verdict):
    session.refresh(said)
    moderator = rapporteur_of(said)
    values = {"reason": verdict.reasons[0], "words": "Parce que."} if verdict.needs_words else {}
    return moderation.ACTS[verdict](moderator, said, expected_counter=said.row_counter, **values)


def publish(said):
    return decided(factories.a_contribution(block=said.block, body="Une remarque neuve."), Verdict.PUBLISH)


def withhold(said):
    decided(said, Verdict.WITHHOLD)


def restore(said):
    decided(said, Verdict.RESTORE)


def withdraw(said):
    service.withdraw(said.author, said)


def hide_name(said):
    accounts.edit_profile(said.author, said.author, name=said.author.name, language="fr", is_name_public=False)


def correct_name(said):
    accounts.edit_profile(said.author, said.author, name="Amal El Idrissi", name_ar="أمل الادريسي", language="fr", is_name_public=True)


def rapporteur_of(said):
    return factories.a_user(role=Role.RAPPORTEUR, commission=said.chapter.commission)


def reattach(said):
    service.reattach(rapporteur_of(said), last_of(said), key=A2)


def leave(said):
    service.leave(rapporteur_of(said), last_of(said))


def confirm_place(said):
    service.confirm_anchor(rapporteur_of(said), last_of(said))


def confirm_translation(said):
    service_of = rapporteur_of(said)
    chapters.confirm_translation(service_of, only_mark(said.chapter), shown_revisions=shown_revisions(said.chapter))


def close(said):
    said.chapter.consultation.phase = Phase.CLOSED
    session.flush()


def reword(said):
    revise(said.chapter, REWORDED)


def drop(said):
    revise(said.chapter, DROP)


def revise_elsewhere(said):
    revise(said.chapter, ELSEWHERE)


ACTS = {
    "a contribution is published": ((), publish, CHAPTER),
    "withheld": ((), withhold, CHAPTER),
    "restored": ((withhold,), restore, CHAPTER),
    "withdrawn": ((), withdraw, CHAPTER),
    "its author is named no more": ((), hide_name, CHAPTER),
    "its author's name is corrected": ((), correct_name, "/ar/chapters/1"),
    "the passage is reworded": ((), reword, CHAPTER),
    "the passage is dropped": ((), drop, CHAPTER),
    "another passage is reworded": ((), revise_elsewhere, CHAPTER),
    "it is attached elsewhere": ((reword,), reattach, CHAPTER),
    "it is left": ((reword,), leave, CHAPTER),
    "its place is confirmed": ((reword,), confirm_place, CHAPTER),
    "the translation is confirmed": ((reword,), confirm_translation, "/ar/chapters/1"),
    "nothing is received any more": ((), close, CHAPTER),
}


@pytest.mark.parametrize("name", ACTS)
def test_what_is_kept_is_what_would_be_made_anew(client, said, name):
    before, act, address = ACTS[name]
    for earlier in before:
        earlier(said)
    first = seen(client)
    act(said)
    kept = seen(client)
    assert kept[address] != first[address]
    pages.clear()
    assert kept == seen(client)


@pytest.fixture
def made(monkeypatch):
    """The keys of the passages that are made anew."""
    keys, plain = [], passages.render_each
    monkeypatch.setattr(passages, "render_each", lambda blocks, **context: keys.extend(b.key for b in blocks) or plain(blocks, **context))
    return keys


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_a_contribution_makes_its_passage_anew_and_no_other(client, said, made, language):
    address = f"/{language}/chapters/1"
    passages_of_chapter = len(lxml.html.fromstring(client.get(address).text).find_class("block"))
    assert len(made) == passages_of_chapter > 9
    for act in (publish, withhold, restore, withdraw):
        made.clear()
        act(said)
        client.get(address)
        assert made == [A1], act.__name__


def test_a_name_makes_anew_what_its_owner_said(client, said, made):
    client.get(CHAPTER)
    made.clear()
    hide_name(said)
    assert "Amal" not in client.get(CHAPTER).text
    assert made == [A1]


def test_the_text_is_read_and_laid_out_once(client, said, monkeypatch):
    read, plain = [], chapters.list_blocks_of
    monkeypatch.setattr(chapter_pages.service, "list_blocks_of", lambda *revisions: read.append(revisions) or plain(*revisions))
    for act in (publish, withhold, restore):
        client.get(CHAPTER)
        client.get("/fr/chapters/1/margin/0")
        act(said)
    assert len(read) == 2, "once where one may comment, once for the margin alone"
    revise(said.chapter, ELSEWHERE)
    client.get(CHAPTER)
    assert len(read) == 3


def test_the_home_asks_for_the_chapters_that_changed_alone(client, said, consultation, monkeypatch):
    other = factories.a_chapter(consultation, number=2)
    asked, plain = [], chapters.overview
    monkeypatch.setattr(chapter_pages.service, "overview", lambda some: asked.append([c.number for c in some]) or plain(some))
    client.get("/fr/")
    publish(said)
    page = lxml.html.fromstring(client.get("/fr/").text)
    assert asked == [[1, 2], [1]]
    assert [row.find_class("figure")[0].text for row in page.find_class("chapter-row")] == ["4", "0"]
    factories.a_published_contribution(block=factories.block_of(other, "C2-A1-P1-a1"))
    page = lxml.html.fromstring(client.get("/fr/").text)
    assert asked[2:] == [[2]]
    assert [row.find_class("figure")[0].text for row in page.find_class("chapter-row")] == ["4", "1"]


# Weight


@pytest.fixture(scope="module")
def whole_texts():
    return {path.name: path.read_bytes() for path in sorted(resource_dir("policy_drafts").glob("*.md"))}


@pytest.fixture
def five_chapters(consultation, whole_texts):
    """The draft policy, and in every passage of it three long contributions, of bodies with long names that quote long words."""
    session.add_all(Commission(consultation=consultation, number=number, title_fr=f"C{number}") for number in (3, 4, 5))
    session.flush()
    for data in whole_texts.values():
        chapters.import_chapter(SYSTEM, consultation, data=data)
    name = "مختبر القياس والمعايرة والاختبارات للجهة "
    author = factories.a_user(organisation=factories.an_organisation(name_fr="Laboratoire " * 24, name_ar=name * 7))
    for chapter in chapters.list_chapters(consultation):
        session.execute(sa.insert(Contribution), list(debate(chapter, author)))
        chapters.mark_changed(chapter)
    tallies.recount_all()
    return consultation


def debate(chapter, author):
    words = "ينبغي نشر لائحة المعايير كل سنة " * 15
    for block in session.scalars(sa.select(Block).join(Revision).where(Revision.chapter_id == chapter.id, Revision.language == "ar")):
        for number in range(3):
            ref = f"PNQ-{block.id}-{number}"
            yield {
                "ref": ref, "form_key": ref, "chapter_id": chapter.id, "block_id": block.id, "block_key": block.key,
                "current_key": block.key, "exact": block.text[:1000], "author_id": author.id, "organisation_id": author.organisation.id,
                "language": "ar", "kind": Kind.COMMENT, "comment_type": CommentType.TECHNICAL, "position": Position.IN_FAVOUR_WITH_CHANGES,
                "body": words, "state": ContributionState.PUBLISHED, "submitted_at": utcnow(), "row_counter": 1,
            }


def test_a_chapter_weighs_no_more_than_it_should_however_much_is_said(client, five_chapters):
    for language in ("fr", "ar", "en"):
        for number in range(1, 6):
            page = client.get(f"/{language}/chapters/{number}")
            assert len(page.data) < 300_000, (language, number)
            assert page.data.count(b'class="said"') >= 3 * 3, "the first passages have their lines"
    parts = {aside.get("data-part") for aside in lxml.html.fromstring(client.get("/ar/chapters/1").text).find_class("notes")} - {None}
    assert len(parts) > 8
    shown = set()
    for part in parts:
        lines = client.get(f"/ar/chapters/1/margin/{part}")
        assert len(lines.data) < 300_000
        shown |= {div.get("data-key") for div in lxml.html.fromstring(lines.text).xpath("//*[@data-key]")}
    blocks = lxml.html.fromstring(client.get("/ar/chapters/1").text).xpath("//*[contains(@class, 'block ')][aside[@data-part]]")
    assert {block.get("id") for block in blocks} <= shown


# Lines that are asked for


def test_the_lines_of_a_part_are_those_that_the_page_would_bring(client, said, monkeypatch):
    spoken_of = [block for block in lxml.html.fromstring(client.get(CHAPTER).text).find_class("block") if block.find_class("said")]
    brought = {block.get("id"): lxml.html.tostring(block.find_class("notes")[0]) for block in spoken_of}
    assert set(brought) == {A1, A2}
    asked = {
        div.get("data-key"): lxml.html.tostring(div.find_class("notes")[0])
        for div in lxml.html.fromstring(client.get("/fr/chapters/1/margin/0").text).xpath("//*[@data-key]")
    }
    assert {key: line.strip() for key, line in asked.items()} == {key: line.strip() for key, line in brought.items()}
    monkeypatch.setattr(passages, "MAX_WEIGHT", 0)
    pages.clear()
    empty = lxml.html.fromstring(client.get(CHAPTER).text)
    assert not empty.find_class("said")
    (aside,) = [block.find_class("notes")[0] for block in empty.find_class("block") if block.get("id") == A1]
    assert (aside.get("data-part"), aside.get("data-lines")) == ("0", "2")
    (link,) = aside.iter("a")
    assert (link.get("href"), link.text.strip()) == (f"/fr/contributions/discussion/1/{A1}", "2 contributions")


def test_lines_are_sent_once_and_are_the_same_for_everybody(client, said, participant):
    address = "/fr/chapters/1/margin/0"
    first = client.get(address)
    assert first.headers["Cache-Control"] == "no-cache"
    assert client.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    own = client.sign_in(participant).get(address)
    assert own.data == first.data
    assert participant.name not in own.text


@pytest.mark.parametrize("address", ["/fr/chapters/1/margin/9", "/fr/chapters/9/margin/0", "/fr/chapters/1/revisions/fr/1/margin/9"])
def test_a_part_that_the_text_does_not_have_is_not_found(client, said, address):
    assert client.get(address).status_code == 404


def test_an_earlier_version_brings_its_first_lines_and_the_rest_is_asked_for(client, said, monkeypatch):
    reword(said)
    address = "/fr/chapters/1/revisions/fr/1"
    whole = lxml.html.fromstring(client.get(address).text)
    lines = [line.text_content() for line in whole.find_class("said")]
    assert len(lines) == 3
    monkeypatch.setattr(passages, "MAX_WEIGHT", 0)
    pages.clear()
    page = lxml.html.fromstring(client.get(address).text)
    assert not page.find_class("said")
    assert page.find_class("text")[0].get("data-margin") == f"{address}/margin/0"
    asked = lxml.html.fromstring(client.get(f"{address}/margin/0").text)
    assert [line.text_content() for line in asked.find_class("said")] == lines


def test_the_newest_lines_of_a_passage_are_taken_from_the_index(app, chapter, block):
    """Of all that was said there nothing else is read; on SQLite, whose index ends with the id by itself, nothing is sorted either."""
    said = next(debate(chapter, factories.a_user(organisation=factories.an_organisation())))
    here = {"block_id": block.id, "block_key": block.key, "current_key": block.key, "exact": ""}
    session.execute(sa.insert(Contribution), [
        {**said, **here, "ref": f"R-{number}", "form_key": f"R-{number}"} for number in range(10_000)])
    session.execute(sa.text("ANALYZE"))
    dialect = session.get_bind().dialect
    statement = reading._margin().params(in_chapter=chapter.id, blocks=[block.id])
    words = statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    asked = "EXPLAIN QUERY PLAN " if dialect.name == "sqlite" else "EXPLAIN "
    plan = [row[-1] for row in session.connection().exec_driver_sql(asked + str(words))]
    assert not [step for step in plan if "SCAN contribution" in step or "TEMP B-TREE" in step or "Seq Scan on contribution" in step]
    assert dialect.name != "sqlite" or any("COVERING INDEX ix_contribution_chapter_id_current_key_id" in step for step in plan)
    lines = service.list_margin_lines(chapter, "fr", [block.id])[block.key]
    assert [line.ref for line in lines] == ["R-9999", "R-9998", "R-9997"]
