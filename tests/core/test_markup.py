import re

import lxml.html
import pytest
from flask import render_template_string

from consult.core import markup
from consult.core.errors import Invalid
from consult.core.i18n import _
from tests.benchmarks.searching import ODD
from tests.material import material_or_skip
from tests.waiting import ends

# Thirteen classical ways in: plain, by event, by address, by mutation of foreign content, by attribute list.
ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="java\nscript:alert(1)">x</a>',
    "[x](javascript:alert(1))",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mi><mglyph><style><img src=x onerror=alert(1)></style></mglyph></mi></math>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
    '<a href="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==">x</a>',
    "Texte {: onclick=\"alert(1)\" style=\"background:url(javascript:alert(1))\" }",
    '<form action="//evil.example"><input name=password><button formaction="javascript:alert(1)">x</button></form>',
    "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe><object data=x></object><embed src=x>",
    '<style>@import "//evil.example"</style><link rel=stylesheet href="//evil.example"><meta http-equiv=refresh content="0;url=//evil">',
    "![x](x\"onerror=alert(1)// 'onload=alert(1)')<details open ontoggle=alert(1)><base href=//evil.example>",
]
SAFE_ATTRIBUTES = {"id", "dir", "lang", "title", "href", "class", "start", "value", "colspan", "rowspan", "scope", "rel"}


def assert_harmless(html: str) -> None:
    """Nothing of it can run, load or send."""
    if not html.strip():
        return
    for element in lxml.html.fragment_fromstring(html, create_parent="div").iter():
        if element.getparent() is None:
            continue
        assert element.tag in markup.TAGS, element.tag
        assert set(element.attrib) <= SAFE_ATTRIBUTES, dict(element.attrib)
        address = re.sub(r"[\x00-\x20]", "", element.get("href", "")).lower()
        scheme = re.match(r"([a-z][a-z0-9+.-]*):", address)
        assert scheme is None or scheme[1] in ("http", "https", "mailto"), address


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_runs_survives(attack):
    for frame in ("{}", "Avant {} après", "- {}", "| a |\n|---|\n| {} |", '<div markdown="1">\n{}\n</div>'):
        wrapped = frame.replace("{}", attack)
        assert_harmless(markup.to_html(wrapped))
        assert_harmless(markup.clean(wrapped))
        assert_harmless(str(markup.paragraphs(wrapped)))


def test_nothing_of_the_collected_attacks_survives():
    lines = material_or_skip("hostile-input/payloadbox_xss.txt").read_text(errors="replace").splitlines()
    assert len(lines) > 500
    for line in lines:
        assert_harmless(markup.clean(line))
        assert_harmless(str(markup.paragraphs(line)))
        assert_harmless(markup.to_html(line))


@pytest.mark.parametrize(("source", "line"), [
    ("[" * 8000, 1), ("Texte\n\n" + "![" * 4000, 3), ("[^1]" * 2000, 1), ("<![CDATA[" * 900, 1), ("<a " * 5000, 1), ("- " * 500 + "x", 1),
    ("1. " * 500 + "x", 1),
])
def test_what_would_hang_the_parser_is_refused_with_its_line(app, source, line):
    with pytest.raises(Invalid, match=rf"Line {line}\b") as refusal:
        markup.to_html(source)
    assert refusal.value.field == "file"
    assert str(refusal.value.remedy)


TOO_MUCH = {"brackets": "\n".join(["[" * 39] * 60), "size": "x" * (markup.MAX_SOURCE + 1), "depth": "<div>\n" * 300 + "x"}


@pytest.mark.parametrize("source", TOO_MUCH.values(), ids=TOO_MUCH)
def test_what_is_too_much_as_a_whole_is_refused(app, source):
    with pytest.raises(Invalid):
        markup.to_html(source)


@pytest.mark.parametrize("source", ODD, ids=lambda source: source[:6])
def test_odd_texts_are_read_to_their_end(source):
    ends(lambda: assert_harmless(markup.to_html(source)))


def test_usual_texts_are_not_refused():
    source = "\n".join(f"| [{n}](http://example.org/{n}) | <b>x</b> | [^{n}] |" for n in range(200)) + "\n\n- - -\n\n" + "- " * 3 + "x"
    assert markup.to_html(source)


@pytest.mark.parametrize(("text", "html"), [
    ("", ""), (None, ""), (" \n\n ", ""),
    ("Un", '<p dir="auto">Un</p>'),
    ("Un\ndeux", '<p dir="auto">Un<br>deux</p>'),
    ("Un\r\n\r\nDeux", '<p dir="auto">Un</p>\n<p dir="auto">Deux</p>'),
    ("<b>Un</b> & deux", '<p dir="auto">&lt;b&gt;Un&lt;/b&gt; &amp; deux</p>'),
    ("**gras**", '<p dir="auto">**gras**</p>'),
])
def test_peoples_words_are_shown_as_typed(text, html):
    assert str(markup.paragraphs(text)) == html


@pytest.mark.parametrize(("text", "short"), [
    ("court", "court"), ("un  deux\nx", "un deux x"), ("un deux trois quatre", "un deux…"), ("un deux, trois quatre", "un deux…"),
    ("anticonstitutionnellement", "anticonstitu…"),
])
def test_an_excerpt_ends_with_a_word(text, short):
    assert markup.excerpt(text, 12) == short


def test_pictures_leave_their_words():
    html = markup.to_html('Voir ![le schéma](x.png "t") et <img src="y" alt=\'l’autre\' onerror=x>.')
    assert lxml.html.fromstring(html).text_content().split() == "Voir le schéma et l’autre .".replace(" .", ".").split()
    assert "img" not in html


def test_links_tell_nothing_of_where_one_comes_from():
    assert 'rel="noopener noreferrer"' in markup.to_html("[x](https://example.org)")


def test_directions_and_footnotes_are_kept():
    html = markup.to_html('<span dir="rtl" lang="ar">نص</span>[^1]\n\n[^1]: Loi 12-06.')
    assert 'dir="rtl"' in html
    assert 'class="footnote"' in html


def test_addresses_go_and_words_that_look_like_them_stay():
    html = markup.to_html('Le mot id="x1" reste, et href="#a" aussi[^1]. {: #C1-A1 title=" id=" }\n\n'
                          '<p title="plus > grand" id="b2">Voir <a href="#b2">là</a>, <a href="https://exemple.ma/#c">ailleurs</a>.</p>\n\n'
                          '[^1]: Note.')
    bare = markup.without_addresses(html)
    before, after = (lxml.html.fragment_fromstring(text, create_parent="div") for text in (html, str(bare)))
    assert after.text_content() == before.text_content()
    assert 'id="x1"' in after.text_content()
    assert before.xpath("//@id[. = 'b2']")
    assert after.xpath("//@id") == []
    assert after.xpath("//@href") == ["https://exemple.ma/#c"]
    assert after.xpath("//@title") == before.xpath("//@title")
    assert markup.without_addresses('<tr id="r"><td>a</td></tr>') == "<tr><td>a</td></tr>"


def test_what_people_wrote_is_no_markup_inside_of_a_sentence(app):
    sentence = _("Line %(line)s: %(mark)s is read as words, not as a key.", line=1, mark="{#<script>alert(1)</script>}")
    with app.test_request_context():
        assert "<script" not in render_template_string("{{ sentence }}", sentence=sentence)
        assert "&lt;script&gt;" in render_template_string("{{ sentence }}", sentence=sentence)
