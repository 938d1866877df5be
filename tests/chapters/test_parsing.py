import itertools
import re
from collections import Counter

import lxml.html
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consult.chapters import service
from consult.chapters.models import Block, BlockKind, Chapter, Revision
from consult.chapters.parsing import parse_file, read_file
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import Invalid
from consult.core.permissions import SYSTEM
from tests import factories
from tests.core.test_markup import ATTACKS, assert_harmless
from tests.material import material_or_skip

FRONT = "---\ntitle: Essai\ncommission: Commission 1\nchapter: 1\nlanguage: fr\n---\n"


def blocks_of(markdown: str):
    return parse_file((FRONT + markdown).encode()).blocks


def keys_of(markdown: str) -> list[str]:
    return [block.key for block in blocks_of(markdown)]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


# Refusals


FULL = factories.markdown()
REFUSALS = {
    "not UTF-8": (FULL.encode().replace("Étalonner".encode(), "Étalonner".encode("latin-1")), 24, "not UTF-8"),
    "control character": (FULL.replace("But du projet", "But\x07 du projet").encode(), 26, "control character"),
    "delete character": (FULL.replace("But du projet", "But\x7f du projet").encode(), 26, "control character"),
    **{f"direction by {ord(mark):04X}": (FULL.replace("But du projet", f"But{mark} du projet").encode(), 26, f"U+{ord(mark):04X}")
       for mark in "\u202d\u202e"},
    "direction in a value": (FULL.replace("title: Métrologie", 'title: "M\\u202Eétrologie"').encode(), 2, "U+202E"),
    "no front matter": (b"# Chapitre\n\nTexte\n", 1, "front matter is missing"),
    "front matter not closed": (b"---\ntitle: x\n\n# Chapitre\n", 1, "front matter is missing"),
    "empty": (b"", 1, "front matter is missing"),
    "bad YAML": (FULL.replace("title: Métrologie", 'title: "Métrologie').encode(), None, "cannot be read"),
    "colon in a value": (FULL.replace("commission: Commission 1", "commission: La: commission").encode(), 3, "cannot be read"),
    "a day that is none": (FULL.replace("chapter: 1", "chapter: 1\nrevision_note: 2026-13-40").encode(), 2, "cannot be read"),
    "YAML too deep": (FULL.replace("title: Métrologie", "title: " + "{a: " * 3000).encode(), None, "cannot be read"),
    "not a mapping": (b"---\n- title\n---\n\nTexte\n", 2, "“title” is missing"),
    "title missing": (FULL.replace("title: Métrologie\n", "").encode(), 2, "“title” is missing"),
    "title empty": (FULL.replace("title: Métrologie", "title:   ").encode(), 2, "“title” is missing"),
    "commission missing": (FULL.replace("commission: Commission 1\n", "").encode(), 2, "“commission” is missing"),
    "chapter missing": (FULL.replace("chapter: 1\n", "").encode(), 2, "“chapter” is missing"),
    "language missing": (FULL.replace("language: fr\n", "").encode(), 2, "“language” is missing"),
    "title not words": (FULL.replace("title: Métrologie", "title: [a, b]").encode(), 2, "“title” is not plain words"),
    "title too long": (FULL.replace("title: Métrologie", "title: " + "M" * 301).encode(), 2, "“title” is too long"),
    "unknown language": (FULL.replace("language: fr", "language: de").encode(), 2, "“language” is de"),
    "language a list": (FULL.replace("language: fr", "language: [fr]").encode(), 2, "“language” is not plain words"),
    "chapter not a number": (FULL.replace("chapter: 1", "chapter: un").encode(), 2, "“chapter” is not a number"),
    "chapter a truth": (FULL.replace("chapter: 1", "chapter: yes").encode(), 2, "“chapter” is not a number"),
    "chapter zero": (FULL.replace("chapter: 1", "chapter: 0").encode(), 2, "“chapter” is"),
    "chapter enormous": (FULL.replace("chapter: 1", "chapter: 99999999999999999999").encode(), 2, "“chapter” is not a number"),
    "no commission": (factories.markdown(9).encode(), 2, "no commission for chapter 9"),
    "no text": (FRONT.encode(), 7, "no text below"),
    "no text but space": ((FRONT + "\n  \n\n").encode(), 7, "no text below"),
    "explicit key twice": (FULL.replace("## Axe 1 — Mesurer", "## Axe 1 — Mesurer {#C1-contexte}").encode(), 20,
                           "C1-contexte stands twice"),
    "derived key twice": (FULL.replace("**Action 1.1.2**", "**Action 1.1.1**").encode(), 32, "C1-A1-P1-a1 stands twice"),
    "axis twice": ((FULL + "\n## Axe 1 — Encore\n").encode(), 38, "C1-A1 stands twice"),
    "key of another chapter": (FULL.replace("{#C1-contexte}", "{#C2-contexte}").encode(), 12, "C2-contexte is too long, or of another"),
    "key too long": (FULL.replace("{#C1-contexte}", "{#C1-" + "a" * 60 + "}").encode(), 12, "is too long"),
    "hostile brackets": (FULL.replace("But du projet", "[" * 500).encode(), 26, "too many brackets"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_cannot_be_imported_is_refused_with_line_reason_and_remedy(consultation, name):
    data, line, reason = REFUSALS[name]
    before = [session.scalar(sa.select(sa.func.count()).select_from(table)) for table in (Chapter, Revision, Block, AuditEvent)]
    with pytest.raises(Invalid) as refusal, session.begin_nested():
        service.import_chapter(SYSTEM, consultation, data=data)
    message = str(refusal.value)
    assert message.startswith("Line ")
    assert line is None or message.startswith((f"Line {line}:", f"Line {line},")), message
    assert reason in message
    assert str(refusal.value.remedy).strip()
    assert refusal.value.field == "file"
    after = [session.scalar(sa.select(sa.func.count()).select_from(table)) for table in (Chapter, Revision, Block, AuditEvent)]
    assert before == after


def test_a_byte_order_mark_and_other_line_ends_are_taken():
    plain = parse_file(FULL.encode())
    marked = parse_file(b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode())
    assert [(b.key, b.html) for b in plain.blocks] == [(b.key, b.html) for b in marked.blocks]


def test_numbers_and_days_in_the_front_matter_are_words(consultation):
    data = FULL.replace("title: Métrologie", "title: 2026").replace("chapter: 1", "chapter: 1\nrevision_note: 2026-11-23").encode()
    revision = service.import_chapter(SYSTEM, consultation, data=data)
    assert (revision.title, revision.note) == ("2026", "2026-11-23")


# Keys


def test_keys_come_from_the_structure():
    source = (
        "# Chapitre 1\n\nUn.\n\n## Contexte\n\nDeux.\n\n### Détail\n\nTrois.\n\n### Autre\n\nQuatre.\n\n"
        "## Axe 1 — A\n\nCinq.\n\n### Projet 1.1 — B\n\n- **Action 1.1.1** — Six.\n- Sept.\n\n### Sans numéro\n\nHuit.\n\n"
        "### Encore\n\nNeuf.\n\n## Fin\n\nDix.\n"
    )
    assert keys_of(source) == [
        "C1", "C1-§1", "C1-§2", "C1-§2-§1", "C1-§2-§2", "C1-§2-§2-§1", "C1-§2-§3", "C1-§2-§3-§1",
        "C1-A1", "C1-A1-§1", "C1-A1-P1", "C1-A1-P1-a1", "C1-A1-P1-§1", "C1-A1-§2", "C1-A1-§2-§1", "C1-A1-§3", "C1-A1-§3-§1",
        "C1-§3", "C1-§3-§1",
    ]


def test_headings_may_start_anywhere_and_skip_levels():
    blocks = blocks_of("#### Quatre\n\na\n\n# Un\n\nb\n\n###### Six\n\nc\n\n## Deux\n\nd\n\n# Encore un\n\ne\n")
    assert [(b.key, b.level, b.text) for b in blocks] == [
        ("C1-§1", 4, "Quatre"), ("C1-§1-§1", 0, "a"), ("C1", 1, "Un"), ("C1-§2", 0, "b"), ("C1-§3", 6, "Six"), ("C1-§3-§1", 0, "c"),
        ("C1-§4", 2, "Deux"), ("C1-§4-§1", 0, "d"), ("C1-§5", 1, "Encore un"), ("C1-§5-§1", 0, "e"),
    ]


def test_many_sisters_do_not_nest():
    keys = keys_of("## Axe 1 — A\n\n" + "".join(f"### Point {n}\n\nx\n\n" for n in range(60)))
    assert keys[-1] == "C1-A1-§60-§1"


def test_the_authors_keys_win_and_are_not_seen():
    source = "## Objet {#C1-objet}\n\nTexte.\n{: #C1-definition }\n\n## Axe 3 — X {#C1-axe-eau}\n\n- **Action 3.1.2** — Y\n{: #autre }\n"
    blocks = blocks_of(source)
    assert [b.key for b in blocks] == ["C1-objet", "C1-definition", "C1-axe-eau", "C1-A3-P1-a2"]
    assert not any("#" in b.text for b in blocks)


def test_table_rows_and_footnotes_have_keys():
    bare = "<table><tr><td>e</td></tr><tr><td>f</td></tr></table>"
    source = f"## T {{#C1-t}}\n\n| a | b |\n|---|---|\n| c | d |\n\n{bare}\n\nx[^n]\n\n[^n]: g\n"
    assert keys_of(source) == ["C1-t", "C1-t-t1-r0", "C1-t-t1-r1", "C1-t-t2-r1", "C1-t-t2-r2", "C1-t-§1", "C1-n1"]


def test_an_action_is_read_apart_from_its_number_and_facts():
    (block,) = [b for b in parse_file(FULL.encode()).blocks if b.key == "C1-A1-P1-a1"]
    assert block.lead == "Publier chaque année la liste des étalons nationaux."
    assert block.text.startswith("Action 1.1.1 — Publier")
    assert "Pilote" in block.text
    assert 'class="facts"' in block.html


# No word is lost or moved

ODD = {
    "nested list": "- a\n    - b\n        1. c\n        2. d\n    - e\n- f",
    "list with paragraphs": "1. a\n\n    b\n\n    > c\n\n2. d",
    "actions among others": "- **Action 1.1.1** — a\n\n    b\n\n    - c\n- d\n- **Action 1.1.2** — e",
    "table with head": "| a | b |\n|---|:-:|\n| c | d |\n| e |  |",
    "table without head": "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
    "table with all": "<table><caption>a</caption><thead><tr><th>b</th></tr></thead><tbody><tr><td>c</td></tr></tbody>"
                      "<tfoot><tr><td>d</td></tr></tfoot></table>",
    "table in a table": "<table><tr><td>a<table><tr><td>b</td><td>c</td></tr></table>d</td></tr><tr><td>e</td></tr></table>",
    "table of a caption": "<table><caption>a b</caption></table>\n\nc",
    "inline HTML": "a <b>b</b>c <kbd>d</kbd><br>e <sup>f</sup> <span dir=\"rtl\">g</span> <<h>> <x> y",
    "HTML block": "<div class=\"x\"><h2>a</h2><h3>b</h3>c<p>d</p>e</div>",
    "loose HTML": "<center>a <b>b</b> c</center>d\n\n<section><p>e</p>f</section>",
    "false footnotes": '<div class="footnote">a<ol><li>b</li></ol>c</div>\n\n<div class="footnote"><p>d</p></div>\n\n'
                       '<div class="footnote"><ol><li>e</li></ol></div>',
    "code": "a `b <c>` d\n\n```python\ne = \"f\"\n  g\n```\n\n    h <i> j\n",
    "quotes": "> a\n> b\n>\n> > c\n>\n> - d\n\ne",
    "definitions": "a\n:   b\n\n    c\n:   d\n\ne\nf\n:   g",
    "footnotes": "a[^1] b[^x]\n\n[^1]: c\n\n    d\n\n    - e\n[^x]: f",
    "pictures": "a ![b c](d.png \"t\") e <img src='x' alt='f g'> h",
    "rules": "a\n\n---\n\nb\n***\nc\n\n- - -\n\nd",
    "stray words in a list": "<ul>a<li>Action 1.1.1 — b</li>c<p>d</p></ul>",
    "entities": "a &lt;b&gt; &amp; c &#1; &#0; d &nbsp; e &#xFFFE; f",
    "hard breaks": "a  \nb\\\nc",
    "details": "<details><summary>a</summary>\n\nb\n\n</details>",
    "markdown in HTML": "<div markdown=\"1\">\n## a\n\n- b\n- c\n</div>\n\nd",
    "Arabic": "## المحور 1 — أ\n\nب ت **ث**ج\n\n- **الإجراء 1.1.1** — ح\n\nخ",
    "two titles": "# a\n\n# b\n\nc",
    "setext": "a\n=\n\nb\n-\n\nc",
    "escapes": r"\# a \* b \[c\] \`d\` \_e\_",
    "unclosed": "**a *b `c [d](e <f g",
    "comment": "a <!-- not a word --> b\n\n<!--\n\nnone\n\n-->\n\nc",
}
WRITTEN = {
    "inline HTML": "a bc d e f g h x y", "false footnotes": "a b c d e", "code": "a b c d e f g h i j", "pictures": "a b c e f g h",
    "actions among others": "Action 1 1 1 a b c d Action 1 1 2 e", "stray words in a list": "a Action 1 1 1 b c d",
    "entities": "a b c d e f", "Arabic": "المحور 1 أ ب ت ثج الإجراء 1 1 1 ح خ", "comment": "a b c", "unclosed": "a b c d e",
    "table of a caption": "a b c", "escapes": "a b c d _e_", "footnotes": "a b c d e f",
}


@pytest.mark.parametrize("name", ODD)
def test_every_word_is_kept_in_its_order(name):
    expected = words(WRITTEN.get(name) or " ".join(re.findall(r"\b[a-h]\b", re.sub(r"<[^>]*>", " ", ODD[name]))))
    blocks = blocks_of(ODD[name])
    found = words(" ".join(block.text for block in blocks))
    assert found[: len(expected)] == expected if name == "unclosed" else found == expected
    assert_well_made(blocks)


def assert_well_made(blocks) -> None:
    """Keys fit and are single; what is shown is harmless, closes what it opens and says what the text says."""
    keys = Counter(block.key for block in blocks)
    assert [key for key, count in keys.items() if count > 1] == []
    assert all(len(block.key) <= 80 and len(block.label) <= 40 and block.text for block in blocks if block.kind != BlockKind.ROW)
    whole = "".join(framed(block) for block in blocks)
    assert_harmless(re.sub(r'class="facts"', "", whole))
    page = lxml.html.fragment_fromstring(whole, create_parent="div")
    for call in page.find_class("footnote-ref"):
        call.drop_tree()
    assert "".join(page.text_content().split()) == "".join("".join(block.text for block in blocks).split())


def framed(block) -> str:
    """As the chapter page writes it."""
    inside = {BlockKind.ROW: "<tr>{}</tr>", BlockKind.ACTION: "<li>{}</li>"}.get(block.kind, "{}")
    return block.opens + inside.replace("{}", block.html) + block.closes


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_runs_is_imported(attack):
    source = "Avant\n\n{}\n\n- **Action 1.1.1** — {}\n\n| a |\n|---|\n| {} |\n\nx[^1]\n\n[^1]: {}\n".replace("{}", attack)
    for block in blocks_of(source):
        assert_harmless(block.html.replace('class="facts"', ""))


class Author:
    """Writes Markdown of every kind, and knows the words that it wrote, in their order."""

    def __init__(self, draw) -> None:
        self.draw = draw
        self.numbers = itertools.count(1)
        self.words: list[str] = []
        self.notes: list[str] = []

    def word(self) -> str:
        letters = self.draw(st.sampled_from(["mot", "étalon", "جودة", "Qualité", "ⴰⵎⴰⵏ", "çà", "ISO", "x"]))
        self.words.append(f"{letters}{next(self.numbers)}")
        return self.words[-1]

    def some(self, most: int = 4) -> str:
        return " ".join(self.word() for _ in range(self.draw(st.integers(1, most))))

    def inline(self) -> str:
        parts = []
        for _ in range(self.draw(st.integers(1, 4))):
            form = self.draw(st.sampled_from([
                "{}", "**{}**", "*{}*", "`{}`", "[{}](https://example.org/a_(b))", "<b>{}</b>", '<span lang="ar" dir="rtl">{}</span>',
                "« {} »", "{}<br>", "“{}”,", "({})", "<<{}>>", "<font>{}</font>", "![{}](a.png)", "{}  \n",
            ]))
            parts.append(form.format(self.some()))
        return " ".join(parts).strip()

    def heading(self) -> str:
        return "#" * self.draw(st.integers(1, 6)) + " " + self.some()

    def items(self, depth: int = 0) -> str:
        lines = []
        mark = self.draw(st.sampled_from(["- ", "* ", "1. "]))
        for _ in range(self.draw(st.integers(1, 3))):
            lines.append("    " * depth + mark + self.inline().replace("  \n", " "))
            if depth < 2 and self.draw(st.booleans()):
                lines.append(self.items(depth + 1))
        return "\n".join(lines)

    def table(self) -> str:
        rows = [[self.some(2) for _ in range(2)] for _ in range(self.draw(st.integers(2, 3)))]
        if self.draw(st.booleans()):
            lines = [" | ".join(row) for row in rows]
            return "\n".join(f"| {line} |" for line in [lines[0], "--- | ---", *lines[1:]])
        return "<table>" + "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows) + "</table>"

    def quote(self) -> str:
        return "> " + self.inline().replace("\n", "\n> ") + "\n>\n> " + self.some()

    def code(self) -> str:
        return f"```\n{self.some()}\n    {self.some()}\n```"

    def definition(self) -> str:
        return f"{self.some()}\n:   {self.some()}"

    def box(self) -> str:
        return f"<div><h2>{self.some()}</h2>{self.some()}<p>{self.some()}</p>{self.some()}</div>"

    def noted(self) -> str:
        text = f"{self.inline().strip()}[^n{len(self.notes)}]"
        self.notes.append("")
        return text

    def text(self) -> str:
        kinds = [self.heading, self.inline, self.items, self.table, self.quote, self.code, self.definition, self.box, self.noted]
        parts = [self.draw(st.sampled_from(kinds))() for _ in range(self.draw(st.integers(1, 8)))]
        for number in range(len(self.notes)):
            parts.append(f"[^n{number}]: {self.some()}")
        # A comment keeps two neighbours of one kind apart, as a writer would.
        return "\n\n<!-- -->\n\n".join(parts) + "\n"


@st.composite
def texts(draw):
    author = Author(draw)
    return author.text(), author.words


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(texts())
def test_whatever_is_written_is_kept_in_its_order(written):
    text, expected = written
    blocks = blocks_of(text)
    found = [word for block in blocks for word in words(block.text) if not word.isdecimal()]
    assert found == expected
    assert_well_made(blocks)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(alphabet=st.sampled_from("ab#*_`~-+>|:[]()!<>/\\&;{}^=\"' \n\t1.é§ش"), max_size=120))
def test_whatever_is_typed_is_read_or_refused(text):
    try:
        blocks = blocks_of("x\n\n" + text)
    except Invalid:
        return
    assert_well_made(blocks)


def plain_words(source: str) -> list[str]:
    """The words of a Markdown file, without what only Markdown reads: addresses, tags, list numbers, names of code languages."""
    source = re.sub(r"\]\((?:\{\{.*?\}\}|[^)]*)\)", "]", source)
    source = re.sub(r"<br */?>", " ", source)
    source = re.sub(r"(?m)^\s*(?:\d+\.\s|```\w*)", "", source)
    return words(re.sub(r"[`*_\\]", "", source))


def test_texts_of_others_are_imported_whole():
    for path in sorted(material_or_skip("revisions-fr").rglob("*.md")):
        # One of them is not UTF-8; a refusal is tested above, the words matter here.
        body = re.sub(r"\A---\n.*?\n---\n", "", path.read_text(errors="replace"), flags=re.DOTALL)
        blocks = blocks_of(body)
        found = iter(words(" ".join(block.text for block in blocks).replace("_", "")))
        lost = next((word for word in plain_words(body) if word not in found), None)
        assert lost is None, f"{path.name}: {lost}"
        assert_well_made(blocks)


def test_marks_of_direction_written_by_their_number_are_left_out(app):
    texts = [block.text for block in parse_file(FULL.replace("But du projet", "But &#8238;du&#x2066; projet").encode()).blocks]
    assert texts == [block.text for block in parse_file(FULL.encode()).blocks]


def test_a_row_wider_than_its_head_keeps_its_cells():
    parsed = parse_file(factories.markdown().replace("| Normes | 100 |", "| Normes | 100 | PERDU |").encode())
    assert "Normes 100 PERDU" in [block.text for block in parsed.blocks]


def test_a_key_that_is_read_as_words_is_told():
    parsed = read_file(factories.markdown().replace("la liste des étalons nationaux.", "la liste. {#C1-A1-P1-a9}").encode())
    assert [str(problem.message) for problem in parsed.problems] == ["Line 28: {#C1-A1-P1-a9} is read as words, not as a key."]
