"""What CommonMark reads is what is published: the same words, list depth and numbers as by another implementation, pandoc's."""

import re
import subprocess

import lxml.html
import pypandoc
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from consult.chapters.models import BlockKind
from consult.chapters.parsing import read_file
from tests.chapters.test_parsing import FRONT, assert_well_made, blocks_of, framed, words

BATCH = 25
APART = "sépare{}parés"


def by_pandoc(sources: list[str]) -> list[str]:
    """The HTML of each, in one run: paragraphs that no source holds stand between them."""
    marks = [APART.format(number) for number in range(len(sources))]
    whole = "".join(f"{source}\n\n<!-- -->\n\n{mark}\n\n<!-- -->\n\n" for source, mark in zip(sources, marks, strict=True))
    done = subprocess.run([pypandoc.get_pandoc_path(), "-f", "commonmark+pipe_tables", "-t", "html", "--wrap=preserve"],  # noqa: S603 - ours
                          input=whole.encode(), capture_output=True, check=True)
    html, parts = done.stdout.decode(), []
    for mark in marks:
        part, html = html.split(f"<p>{mark}</p>")
        parts.append(part)
    return parts


def outline(html: str) -> list[tuple]:
    """Each word with the lists in which it stands, and the numbers of the items there (0 for a point)."""
    found: list[tuple] = []

    def walk(element, above: tuple) -> None:
        if element.tag in ("ol", "ul"):
            number = int(element.get("start") or 1)
            for child in element:
                number = int(child.get("value") or number)
                walk(child, (*above, number if element.tag == "ol" else 0))
                number += 1
            return
        found.extend((word, above) for word in words(element.text or ""))
        for child in element:
            if isinstance(child.tag, str):
                walk(child, above)
            found.extend((word, above) for word in words(child.tail or ""))

    walk(lxml.html.fragment_fromstring(html, create_parent="div"), ())
    return found


def published(source: str) -> list[tuple]:
    blocks = read_file((FRONT + source).encode()).blocks
    assert_well_made(blocks)
    return outline("".join(framed(block) for block in blocks))


def assert_same(sources: list[str]) -> None:
    for source, html in zip(sources, by_pandoc(sources), strict=True):
        assert published(source) == outline(html), source


# Written as people write


class Writer:
    """Writes CommonMark with the indentations, marks and empty lines that different people use."""

    def __init__(self, draw) -> None:
        self.draw = draw
        self.count = 0

    def word(self) -> str:
        self.count += 1
        form = self.draw(st.sampled_from([
            "{}", "{}", "**{}**", "*{}*", "`{}`", "[{}](https://exemple.ma)", "<b>{}</b>", r"\*{}", "{} &amp;", "{}\\\n",
            "[{}](note du traducteur)", "{{{}}}", "*[{}]:", "_{}_", "!{}", "{}) et", "<https://a.ma/{}>",
        ]))
        return form.format(f"{self.draw(st.sampled_from(['mot', 'étalon', 'جودة', 'ISO']))}{self.count}")

    def sentence(self) -> str:
        text = "x " + " ".join(self.word() for _ in range(self.draw(st.integers(1, 3)))) + " z"
        return re.sub(r"\n *", "\n", text)

    def blocks(self, depth: int = 0) -> str:
        kinds = [self.sentence, self.sentence, self.fence, self.table, self.quote]
        kinds += [self.listed] * 3 if depth < 4 else []
        kinds += [self.heading, self.division] if depth == 0 else []
        out = ""
        for number in range(self.draw(st.integers(1, 3))):
            part = self.draw(st.sampled_from(kinds))
            text = part() if part in (self.sentence, self.fence, self.table, self.heading) else part(depth)
            # Straight after the sentence, or after an empty line.
            out += ("" if not number else self.draw(st.sampled_from(["\n", "\n\n"]))) + text
        return out

    def listed(self, depth: int) -> str:
        is_counted, tight = self.draw(st.booleans()), self.draw(st.booleans())
        sign = self.draw(st.sampled_from([".", ")"] if is_counted else ["-", "*", "+"]))
        begin, lead = (1, " " * self.draw(st.integers(0, 1)))
        items = []
        for number in range(begin, begin + self.draw(st.integers(1, 3))):
            mark = lead + (f"{number}{sign}" if is_counted else sign) + " " * self.draw(st.integers(1, 3))
            inside = self.sentence() + ("\n" if tight else "\n\n") + self.blocks(depth + 1) if self.draw(st.booleans()) else self.sentence()
            items.append(mark + inside.replace("\n", "\n" + " " * len(mark)))
        return ("\n" if tight else "\n\n").join(items)

    def quote(self, depth: int) -> str:
        return "> " + self.blocks(depth + 3).replace("\n", "\n> ")

    def fence(self) -> str:
        return f"```\n{self.sentence()}\n  - code\n```"

    def table(self) -> str:
        return f"| tête{self.count} | b |\n|---|---|\n| {self.draw(st.sampled_from(['c', '**c**', '']))} | d |\n"

    def heading(self) -> str:
        return self.draw(st.sampled_from(["## titre {} {{à valider}}", "## titre {} ##", "titre {}\n---"])).format(self.count)

    def division(self, depth: int) -> str:
        tag = self.draw(st.sampled_from(['div dir="rtl"', "section", "article", "details", "main"]))
        return f"<{tag}>\n\n{self.blocks(depth + 2)}\n\n</{tag.split()[0]}>\n"


@st.composite
def texts(draw):
    return Writer(draw).blocks() + "\n"


# A failure shows all the texts of its batch, and the one that is read otherwise; making it smaller would ask pandoc for minutes.
SETTINGS = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate])


@SETTINGS
@given(st.lists(texts(), min_size=BATCH, max_size=BATCH))
def test_what_people_write_is_read_as_elsewhere(sources):
    assert_same(sources)


LINE = st.tuples(st.sampled_from(["", "", " ", "  ", "   ", "    ", "     ", "      "]),
                 st.sampled_from(["", "", "", "- ", "* ", "-   ", "1. ", "> ", "## ", "- - ", "1) ", "    "]),
                 st.sampled_from(["un", "deux **trois**", "", "", "a b", "---"])).map("".join)


@SETTINGS
@given(st.lists(st.lists(LINE, min_size=1, max_size=8).map("\n".join).filter(str.split), min_size=BATCH, max_size=BATCH))
def test_lines_of_any_indentation_are_read_as_elsewhere(sources):
    assert_same(["x\n\n" + source for source in sources])


# One by one


def shape(source: str) -> list[tuple]:
    return [(block.kind.value, block.text) for block in blocks_of(source)]


def test_a_list_or_table_straight_after_its_sentence_is_one():
    assert shape("Phrase :\n- a\n- b\n\nAutre :\n| c | d |\n|---|---|\n| e | f |\n") == [
        ("paragraph", "Phrase :"), ("list", "a b"), ("paragraph", "Autre :"), ("row", "c d"), ("row", "e f")]


@pytest.mark.parametrize("indent", [2, 3, 4])
def test_facts_of_an_action_stay_with_it(indent):
    source = f"- **Action 1.1.1** — Publier.\n\n{' ' * indent}*Pilote :* IMANOR · 2027\n- **Action 1.1.2** — Former.\n"
    first, second = blocks_of(source)
    assert (first.key, first.lead, second.key) == ("C1-A1-P1-a1", "Publier.", "C1-A1-P1-a2")
    assert "IMANOR" in first.text
    assert 'class="facts"' in first.html


@pytest.mark.parametrize("tag", ['div dir="rtl" lang="ar"', "section", "article", "aside", "details", 'main dir="rtl"', 'div markdown="1"'])
def test_what_stands_between_tags_is_cut_into_passages(tag):
    blank = "" if "markdown" in tag else "\n"
    blocks = blocks_of(f"<{tag}>\n{blank}## Titre\n\ntexte **gras**\n\n- un\n- deux\n{blank}</{tag.split()[0]}>\n\nsuite\n")
    assert [(block.kind, block.text) for block in blocks] == [
        (BlockKind.HEADING, "Titre"), (BlockKind.PARAGRAPH, "texte gras"), (BlockKind.LIST, "un deux"), (BlockKind.PARAGRAPH, "suite")]
    assert [block.level for block in blocks] == [2, 0, 0, 0]
    assert ['dir="rtl"' in block.html for block in blocks] == ["rtl" in tag] * 3 + [False]


def test_rows_and_actions_keep_the_direction_of_their_division():
    blocks = blocks_of('<div dir="rtl">\n\n| a |\n|---|\n| b |\n\n- Action 1.1.1 — c\n\n</div>\n')
    assert [block.opens for block in blocks] == ['<table dir="rtl"><thead>', "<tbody>", '<ul dir="rtl">']


@pytest.mark.parametrize(("numbers", "shown"), [
    ([1, 2, 4, 7], [1, 2, 4, 7]), ([3, 5], [3, 5]), ([10, 9, 8], [10, 9, 8]), ([1, 1, 1], [1, 2, 3]), ([0, 0], [0, 1]), ([5, 6], [5, 6]),
    ([1, 2, 2, 3], [1, 2, 3, 4]),
])
def test_items_keep_the_numbers_that_are_written(numbers, shown):
    parsed = read_file((FRONT + "".join(f"{number}. mot\n" for number in numbers)).encode())
    assert [above[0] for _word, above in outline(parsed.blocks[0].html)] == shown
    assert bool(parsed.problems) == (numbers == [1, 2, 2, 3])


@pytest.mark.parametrize(("source", "text"), [
    ("*[OEC]: organisme d’évaluation\n\nL’OEC.", "*[OEC]: organisme d’évaluation L’OEC."),
    ("Voir [sic](note du traducteur).", "Voir [sic](note du traducteur)."),
    ("## Axe 1 — Normes {à valider}", "Axe 1 — Normes {à valider}"),
    ("## Axe 1 — Normes {.à}", "Axe 1 — Normes {.à}"),
    ("## Axe 1 — Normes \\{#C1-x}", "Axe 1 — Normes {#C1-x}"),
    ("Loi[^1] et [^2].\n\n[^1]: Un.\n[^1]: Deux.", "Loi et [^2]. Un. Deux."),
    ("a" + " " * 86 + "b\n\n" + " " * 86 + "c", "a b c"),
    ("mot\n" + " " * 86 + "- x", "mot - x"),
])
def test_every_word_is_published(source, text):
    assert " ".join(block.text for block in blocks_of(source)) == text


@pytest.mark.parametrize("source", ["> " * 300 + "fond", "\n".join(" " * 2 * n + "- mot" for n in range(200)) + "\n\nfond",
                                    "*a " * 300 + "fond " + "b* " * 300, "<b>a " * 30 + "fond"], ids=range(4))
def test_no_word_is_lost_however_deep_it_stands(source):
    text = " ".join(block.text for block in blocks_of(source))
    assert "fond" in text
    assert len(re.findall("[a-z]+", text)) == len(re.findall(r"\b(?!b>)[a-z]+", source.replace("<b>", "")))


@pytest.mark.parametrize(("source", "line", "said"), [
    ("Mot.\n\n[OEC]: Organisme\n", 3, "[oec]"),
    ("Mot [a].\n\n[a]: https://a.ma\n[a]: https://b.ma\n", 4, "[a]"),
    ("Mot\nvoir [sic](note).\n", 2, "note"),
    ("- Mot\n\n  [sic](fichier.docx)\n", 3, "fichier.docx"),
    ("Mot.\n\n<p hidden>secret</p>\n", 3, "hidden"),
    ("Mot <span style=\"display: none\">secret</span>.\n", 1, "hidden"),
    ("Mot.\n\n<p style='display&#58;none'>secret</p>\n", 3, "hidden"),
    ("Mot.\n\n<div title='a > b' STYLE=visibility:collapse><p>secret</p></div>\n", 3, "hidden"),
    ("Mot <span style='color:red; opacity: 0.0'>secret</span>.\n", 1, "hidden"),
    ("Mot <span style='display/* */:none'>secret</span>.\n", 1, "hidden"),
    ("Mot.\n\n<dialog>secret</dialog>\n", 3, "<dialog>"),
    ("Mot <datalist><option>secret</option></datalist>.\n", 1, "<datalist>"),
    ("Mot.\n\n<!--\nsecret\n-->\n", 3, "comment"),
    ("Mot <!-- secret -->.\n", 1, "comment"),
    ("Mot.\n\n<div>\n<template>secret</template></div>\n", 4, "<template>"),
    ("Mot.\n\n<iframe src=x></iframe>\n", 3, "<iframe>"),
    ("Mot[^1].\n\n[^1]: Un.\n[^1]: Deux.\n", 4, "[^1]"),
    ("Mot.\n\n1. a\n2. b\n2. c\n", 5, "number 2"),
])
def test_what_is_not_taken_is_said_with_its_line(app, source, line, said):
    parsed = read_file((FRONT + source).encode())
    (problem,) = parsed.problems
    first = FRONT.count("\n")
    assert str(problem.message).startswith(f"Line {first + line}: ")
    assert said in str(problem.message)
    assert str(problem.remedy)
    assert not problem.blocks
    assert "secret" not in " ".join(block.text + block.html for block in parsed.blocks)


@pytest.mark.parametrize("source", [
    "<p title='a hidden truth'>vu</p>", "Mot<br hidden>vu", "<p title='display: none'>vu</p>", "<span style='opacity: 0.5'>vu</span>",
    "<p data-hidden=1>vu</p>", "<span style='fill-opacity: 0'>vu</span>",
])
def test_what_only_speaks_of_hiding_is_published_and_not_told(app, source):
    parsed = read_file((FRONT + source + "\n").encode())
    assert parsed.problems == []
    assert "vu" in parsed.blocks[0].text
