"""Texts that somebody wrote to harm: sanitised last on every path, each passage by itself, and told in words where they take too much.

What a browser makes of many more of them: tests/story/test_hostile.py, ``make hostile``.
"""

import io

import docx
import lxml.html
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from docx.opc.constants import RELATIONSHIP_TYPE
from flask.cli import ScriptInfo
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consult.chapters import apart, conversion, service
from consult.chapters.models import Block, BlockKind, WorkingDraft
from consult.chapters.parsing import read_file
from consult.cli import cli
from consult.core import markup
from consult.core.confinement import Limits
from consult.core.db import session
from consult.core.errors import Invalid
from consult.core.serialising import inner_html, outer_html
from consult.text.normalising import UNSEEN_SIGN
from tests import factories
from tests.chapters.test_conversion import made_by_pandoc, made_by_word
from tests.chapters.test_editor_views import typed
from tests.chapters.test_preparing_views import EDIT, PLACE, keep, upload
from tests.contributions.browsing import form_of
from tests.core.test_carrying import carry, value_of
from tests.core.test_markup import assert_harmless
from tests.hostile import vectors

SLOW = "*_" * 90_000
COMMENT = '<!--x><script>ran(1)</script><meta http-equiv="refresh" content="0;url=//evil.example">-->'
HOSTILE = "\n\n".join([
    f"<ul><li title='{COMMENT}'>Action 1.1.8 — un</li></ul>", f"<table><tr title='{COMMENT}'><td title='{COMMENT}'>deux</td></tr></table>",
    "[trois](java&#1;script:ran(1)) [quatre](java&#x202e;script:ran(1)) [cinq](d&#127;ata:text/html,x) [six](https://a.example/)",
])


def with_hostile(text: str = HOSTILE) -> str:
    return factories.markdown() + f"\n\n{text}\n"


@pytest.mark.parametrize("attribute", ['title="{}"', "dir='{}'", "lang='{}'", "id='{}'"])
@pytest.mark.parametrize("payload", [COMMENT, COMMENT.replace('"', "&quot;"), "<!--&quot;><script>ran(1)</script>-->", "&quot;><b>x"])
def test_what_an_attribute_holds_stays_in_it(attribute, payload):
    """The parser's own serialiser leaves comments bare in attributes, and passages were cut out at the first “>”."""
    given_ = attribute.format(payload.replace("'", "&#39;") if "'" in attribute else payload.replace('"', "&quot;"))
    for text in (f"<ul {given_}><li {given_}>Action 1.1.1 mot</li></ul>",
                 f"<table {given_}><tr {given_}><td {given_}>mot</td></tr></table>",
                 f"<div {given_}><p {given_}>mot</p></div>"):
        for block in read_file((vectors.HEAD + text).encode()).blocks:
            assert_harmless(f"{block.opens}{block.html}{block.closes}")
            assert_harmless(block.html)
            assert "ran(1)" not in block.text
            assert lxml.html.fromstring(f"<div>{block.html}</div>").text_content().strip().endswith("mot")


@pytest.mark.parametrize("sign", [
    "&#1;", "&#127;", "&#x202e;", "&#x2068;", "&#x1f;", "&#0;", "&Tab;", "&NewLine;", "&#xfffe;", "\x1f", "&shy;"])
@pytest.mark.parametrize("address", [
    "java{}script:ran(1)", "{}javascript:ran(1)", "d{}ata:text/html,x", "javascript{}:ran(1)", "vb{}script:x"])
def test_no_sign_that_goes_later_makes_an_address_of_another_kind(address, sign):
    address = address.format(sign)
    for text in (f"[mot]({address})", f"[mot](<{address}>)", f"[mot][1]\n\n[1]: {address}", f'<a href="{address}">mot</a>',
                 f"<ul><li><a href='{address}'>Action 1.1.1 mot</a></li></ul>",
                 f"<table><tr><td><a href={address}>mot</a></td></tr></table>"):
        for block in read_file((vectors.HEAD + text).encode()).blocks:
            assert_harmless(block.html)
            assert 'href="' not in block.html
            assert not UNSEEN_SIGN.search(block.html)


def test_links_lead_to_the_web_to_a_letter_or_within_the_page_alone():
    kept = "https://a.example", "HTTP://a.example/b?c=d#e", "mailto:a@b.example", "#C1-A1"
    left = "//a.example", "/fr/accounts/sign-out", "ftp://a.example", "a.html", "tel:+212", "blob:https://a.example/x", "\\\\a.example"
    html = markup.clean("".join(f'<a href="{address}">x</a>' for address in (*kept, *left)))
    assert tuple(link.get("href") for link in lxml.html.fragment_fromstring(html, create_parent="div") if link.get("href")) == kept


def test_the_sanitiser_says_the_same_again():
    for source in vectors.sample(400):
        try:
            blocks = read_file(source.encode()).blocks
        except Invalid:
            continue
        for block in blocks:
            assert markup.clean(block.html) == block.html
            assert_harmless(block.html)
            assert markup.frame(block.opens) == block.opens
            assert markup.frame(block.closes) == block.closes


def test_the_serialiser_writes_what_it_read():
    html = '<p title="&lt;!--&quot;&gt;--&gt;">a &lt; b &amp;amp; <br>c<!-- d --> <b></b>e</p><ul><li></li></ul><script>a < b</script>'
    root = lxml.html.fragment_fromstring(html, create_parent="div")
    assert inner_html(root) == html.replace("<!-- d -->", "")
    assert outer_html(root[0][0]) == "<br>"


# On every path


def test_a_hostile_text_is_harmless_on_every_page_that_shows_it(client, chapter, chair):
    client.sign_in(chair)
    preview = client.post(EDIT.replace("/edit/", "/preview/"), data=typed(body=HOSTILE))
    keep(chair, with_hostile())
    pages = [preview, client.get(PLACE), client.get(EDIT)]
    published = client.post(f"{PLACE}/publish", data={"expected_counter": "1", "note": "Ajouts."})
    assert published.status_code == 303
    pages += [client.get(f"/fr/chapters/1{place}") for place in ("", "/compare/fr/1/2", "/revisions/fr/2", "/translations/ar")]
    pages.append(client.get("/ar/chapters/1"))
    for page in pages:
        assert page.status_code == 200
        assert_page_harmless(page.text)
    assert "Action 1.1.8" in client.get("/en/chapters/1").text


def assert_page_harmless(page: str) -> None:
    document = lxml.html.document_fromstring(page)
    assert all((script.get("src") or "").startswith("/static/") and not script.text for script in document.iter("script"))
    assert document.xpath("//meta[@http-equiv] | //base | //iframe | //object | //body//meta | //*[@onclick]") == []
    assert [address for address in document.xpath("//main//@href") if not address.startswith(("/", "#", "https:", "mailto:", "?"))] == []


def test_what_somebody_wrote_into_the_database_is_sanitised_where_it_is_shown(client, chapter, block):
    html = '<p>mot</p><script>ran(1)</script><meta http-equiv="refresh" content="0;url=//evil.example">'
    session.execute(sa.insert(Block).values(
        revision_id=block.revision_id, position=999, key="C1-x", kind=BlockKind.PARAGRAPH, html=html, text="mot", lead="mot",
        opens='<ul onclick="ran(1)">', closes="<script>ran(1)</script>"))
    chapter.activity += 1
    page = client.get("/fr/chapters/1").text
    assert 'id="C1-x"' in page
    assert_page_harmless(page)


@pytest.mark.parametrize("kind", ["docx", "odt"])
def test_what_comes_out_of_a_document_is_sanitised(app, kind):
    words = "\n\n".join("".join(f"&#{ord(sign)};" for sign in payload) for payload in vectors.PAYLOADS if payload.isprintable())
    converted = conversion.convert(made_by_pandoc(words + '\n\n[mot](javascript:ran(1)) [mot](https://a.example/"><b>)', kind))
    for block in read_file((vectors.HEAD + converted.body).encode()).blocks:
        assert_harmless(block.html)


def test_an_address_of_a_document_is_judged_too(app):
    document = docx.Document()
    for target in ("java\u202escript:ran(1)", "javascript:ran(1)", "https://a.example/'\"><script>ran(1)</script>"):
        place = document.part.relate_to(target, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        paragraph = document.add_paragraph("avant ")
        link = paragraph._p.makeelement(docx.oxml.ns.qn("w:hyperlink"), {docx.oxml.ns.qn("r:id"): place})
        link.append(paragraph.add_run("mot")._r)
        paragraph._p.append(link)
    for block in read_file((vectors.HEAD + conversion.convert(made_by_word(document)).body).encode()).blocks:
        assert_harmless(block.html)


def test_words_carried_into_another_language_stay_in_their_field(client, chapter, chair):
    """A page that is written again after it was made: what was typed closed its attribute."""
    client.sign_in(chair)
    words = '<!--"><script>ran(1)</script><img src=x onerror=ran(1)>-->'
    french, arabic = EDIT.replace("/en/", "/fr/"), EDIT.replace("/en/", "/ar/")
    answer = carry(client, arabic, french, {**form_of(client.get(french)), "title": words, "body": words})
    assert answer.status_code == 200
    assert (value_of(answer, "title"), value_of(answer, "body")) == ([words], [words])
    assert_page_harmless(answer.text)


# What takes too much


@pytest.fixture
def hurried(monkeypatch):
    monkeypatch.setattr(apart, "TEXT", Limits(cpu=1, wall=60, memory=768))
    monkeypatch.setattr(apart, "DOCUMENT", Limits(cpu=1, wall=60, memory=768))


TOO_MUCH = "too long to be read"


def test_a_preview_that_takes_too_much_says_so_and_keeps_what_was_typed(client, chapter, chair, hurried):
    client.sign_in(chair)
    part = client.post(EDIT.replace("/edit/", "/preview/"), data=typed(body=SLOW))
    assert (part.status_code, TOO_MUCH in part.text) == (200, True)
    page = client.post(EDIT, data=typed(body=SLOW, act="preview"))
    assert (page.status_code, TOO_MUCH in page.text, SLOW in page.text) == (200, True, True)
    saved = client.post(EDIT, data=typed(body=SLOW, act="save"))
    assert saved.status_code == 303, "what is saved is not read yet"
    assert SLOW in session.scalars(sa.select(WorkingDraft)).one().source
    seen = client.get(PLACE)
    assert (seen.status_code, TOO_MUCH in seen.text) == (200, True)
    refused = client.post(f"{PLACE}/publish", data={"expected_counter": "1", "note": "Note."})
    assert (refused.status_code, TOO_MUCH in refused.text) == (422, True)


def test_a_document_that_takes_too_much_is_refused_with_the_way_out(client, chapter, chair, hurried):
    document = docx.Document()
    document.add_paragraph("*_" * 300_000)
    whole = io.BytesIO()
    document.save(whole)
    answer = upload(client.sign_in(chair), whole.getvalue(), name="etoiles.docx", chapter="1", text_language="fr")
    assert (answer.status_code, TOO_MUCH in answer.text) == (422, True)


def test_the_command_line_says_so_too(own_app, tmp_path, hurried):
    session.add(factories.a_consultation())
    session.commit()
    path = tmp_path / "lent.fr.md"
    path.write_text(vectors.HEAD + SLOW)
    result = CliRunner().invoke(cli, ["chapters", "import", str(path)], obj=ScriptInfo(create_app=lambda: own_app))
    assert result.exit_code == 1
    assert TOO_MUCH in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("front", [
    "a: &a {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1 or ''}, *a{n - 1 or ''}]}}\n" for n in range(1, 40)).replace("*a,", "*a,"),
    "a: &a [x]\nb: [*a, *a]", "x: 1\n" * 5_000, f"big: 0x{'F' * 5000}", "a: " + "[" * 3_000,
], ids=["merged", "reference", "long", "number", "deep"])
def test_a_front_matter_that_stands_for_more_than_it_says_is_refused(app, front):
    with pytest.raises(Invalid, match="Line") as refusal:
        read_file(f"---\ntitle: T\ncommission: C\nchapter: 1\nlanguage: fr\n{front}\n---\n\nMot.\n".encode())
    assert str(refusal.value.remedy)


def test_a_text_of_too_many_passages_is_refused(app):
    with pytest.raises(Invalid, match="too many passages"):
        read_file((vectors.HEAD + "a\n\n" * 5_001).encode())


# Whatever is written


@pytest.mark.parametrize("text", ["- <li></li>\n- Action 1.1.1 — x", "- \n- Action 1.1.1 — x", "- Action 1.1.1 — x\n- <li></li>\n-"])
def test_an_empty_item_among_actions_is_no_passage(text):
    (block,) = read_file((vectors.HEAD + text).encode()).blocks
    assert (block.key, block.lead) == ("C1-A1-P1-a1", "x")
    assert block.opens == "<ul>"
    assert block.closes == "</ul>"


PIECES = st.sampled_from([
    "- ", "- Action 1.1.1 — x\n", "\n", "\n\n", "## Axe 1 — x\n", "### Projet 1.1 — x\n", "> ", "    ", ":   ", "1. ", "|---|\n", "\t",
    "المحور 1", "{: dir=rtl }", "<div markdown=1>", "<ol start=x>", "<td rowspan=9>", "<p hidden>", "<a href=", "🙂", "\u200f",
    *"<li> </li> <ul> </ul> <table> <tr> <td> </td> </table> <b> <p> </p> <div> </div> <details> <summary> <!-- --> <![CDATA[ <br>".split(),
    *"<dl> <dt> <caption> <h2> <hr> <pre> <em> <svg> <math> <template> <select> <col> <thead> <tfoot> <? <x # | ` ``` * _ **".split(),
    *"[a]( ) \\ &#1; &lt; & mot [^1] [^1]: {#C1-a} 99.".split(),
])


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES, max_size=30), rest=st.text(max_size=20))
def test_whatever_is_written_is_read_or_refused_in_words(app, pieces, rest):
    try:
        parsed = read_file((vectors.HEAD + "".join(pieces) + rest).encode("utf-8", "ignore"))
    except Invalid:
        return
    assert_harmless(parsed.html)
    for block in parsed.blocks:
        assert block.text or block.kind == BlockKind.FOOTNOTE, "a note may be called before it has words"
        assert_harmless(block.html)
        assert markup.clean(block.html) == block.html


@pytest.mark.parametrize(("table", "rows"), [
    ("<table><td rowspan=9></table>", []),
    ("<table><tr><td rowspan=2></td><td></td></tr><tr><td>mots</td></tr></table>", ["<td></td><td>mots</td>"]),
    ("<table><tr><td rowspan=0></td></tr><tr><td rowspan=2></td></tr><tr><td>a</td></tr><tr><td>b</td></tr></table>",
     ['<td rowspan="2"></td><td></td><td>a</td>', "<td>b</td>"]),
], ids=["alone", "above another", "above several"])
def test_a_row_without_words_is_no_passage_and_its_cells_reach_down_as_before(app, table, rows):
    (read,) = (read_file(f"{vectors.HEAD}{table}\n\nmot\n".encode()),)
    assert [block.html for block in read.blocks if block.kind == BlockKind.ROW] == rows


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_written_no_page_of_a_draft_breaks(client, chapter, chair, seed):
    client.sign_in(chair)
    texts = [source.partition(vectors.HEAD)[2] for source in vectors.sample(12 + seed)[-6:]] + ["- <li></li>\n- Action 1.1.1 — x"]
    for text in texts:
        part = client.post(EDIT.replace("/edit/", "/preview/"), data=typed(body=text))
        assert part.status_code == 200
        source = factories.markdown().replace("# Chapitre", f"{text}\n\n# Chapitre")
        answer = upload(client, source.encode(), may_replace="y")
        assert answer.status_code in (303, 422)
        if answer.status_code == 303:
            assert client.get(PLACE).status_code == 200
            draft = session.scalars(sa.select(WorkingDraft)).one()
            published = client.post(f"{PLACE}/publish", data={"expected_counter": str(draft.row_counter), "note": "N.", "may_shrink": "y"})
            assert published.status_code in (303, 409, 422)
            assert client.get("/fr/chapters/1").status_code == 200
    assert service.get_newest_revision(chapter, "fr").number >= 1
