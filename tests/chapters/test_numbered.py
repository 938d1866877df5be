"""Automatic numbers, letters and bullets of Word and LibreOffice stand where their reader sees them, and count what is there."""

import random
import re
import shutil
import subprocess

import docx.enum.style
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from consult.chapters.conversion import convert
from consult.chapters.counting import spelled
from consult.chapters.dialect import marks_of
from consult.core.i18n import force_locale
from tests.chapters.test_as_read import FORMATS, LEVELS, Doc, item, listed, odt, p, told
from tests.chapters.test_conversion import blocks_of, made_by_word

LEVELS |= {"law": ["Article %1 —", "%2)", "•", "%4."], "bullets": ["•", "–"], "arabic": ["%1-", "(%2)"], "one": ["Disposition %1 :"]}
FORMATS |= {"law": ["decimal", "lowerLetter", "bullet", "lowerRoman"], "bullets": ["bullet"] * 2, "arabic": ["arabicAlpha", "decimal"]}
HIDDEN = f'<w:vanish {nsdecls("w")}/>'


@pytest.fixture(autouse=True)
def _english(app):
    with app.app_context(), force_locale("en"):
        yield


def hide(paragraph) -> None:
    """Its words and its mark."""
    paragraph.runs[0].font.hidden = True
    mark(paragraph, HIDDEN)


def mark(paragraph, inside: str) -> None:
    paragraph._p.get_or_add_pPr().append(parse_xml(f'<w:rPr {nsdecls("w")}>{inside}</w:rPr>'))


def delete(paragraph, tag: str = "del") -> None:
    """By a tracked change, with its mark."""
    change = parse_xml(f'<w:{tag} {nsdecls("w")} w:id="7" w:author="Omar Naciri"/>')
    run = paragraph.runs[0]._r
    paragraph._p.append(change)
    change.append(run)
    mark(paragraph, f'<w:{tag} {nsdecls("w")} w:id="8" w:author="Omar Naciri"/>')


def lines_of(body: str) -> list[list[str]]:
    """Numbers and words line by line."""
    found = [re.findall(r"\w+", line) for line in body.replace("&lt;", "<").split("\n")]
    return [line for line in found if line]


def written(document) -> list[str]:
    return [re.sub(r"^ *(?:- )?", "", line).replace("\\", "") for line in convert(made_by_word(document)).body.split("\n")
            if line.strip() and line != "<!-- -->"]


def test_what_is_numbered_with_words_stands_between_the_items_of_one_list():
    made = Doc()
    for word in ("Objet", "Champ", "Effet"):
        made.add(word, "article")
        made.add(f"puce {word}", "bullets")
        made.add(f"fait {word}", "bullets", 1)
    assert made.texts() == [
        "Article 1 — Objet", "puce Objet fait Objet", "Article 2 — Champ", "puce Champ fait Champ", "Article 3 — Effet",
        "puce Effet fait Effet"]


def test_actions_numbered_by_their_style_keep_their_keys_between_bullets():
    made = Doc()
    style = made.document.styles.add_style("Action", docx.enum.style.WD_STYLE_TYPE.PARAGRAPH)
    style.element.get_or_add_pPr().append(parse_xml(
        f'<w:numPr {nsdecls("w")}><w:ilvl w:val="2"/><w:numId w:val="{made.list_id("action")}"/></w:numPr>'))
    for number in range(3):
        made.add(f"Faire {number}.", style="Action")
        made.add("Pilote : X", "bullets")
    keys = [block.key for block in blocks_of(made_by_word(made.document))]
    assert [key for key in keys if "-a" in key] == ["C1-A1-P1-a1", "C1-A1-P1-a2", "C1-A1-P1-a3"]


@pytest.mark.parametrize("style", [None, "List Paragraph"])
def test_letters_begin_again_under_each_article(style):
    made = Doc()
    for word in ("Objet", "Champ"):
        made.add(word, "law", 0, style)
        made.add("premier", "law", 1, style)
        made.add("second", "law", 1, style)
    assert written(made.document) == [
        "Article 1 — Objet", "a) premier", "b) second", "Article 2 — Champ", "a) premier", "b) second"]


def test_what_is_not_numbered_between_items_is_no_part_of_them():
    made = Doc()
    made.add("un", "plain")
    made.add("Une phrase.")
    made.document.paragraphs[-1]._p.get_or_add_pPr().append(parse_xml(
        f'<w:numPr {nsdecls("w")}><w:numId w:val="0"/></w:numPr>'))
    made.add("deux", "plain")
    assert made.texts() == ["un", "Une phrase.", "deux"]
    assert 'start="2"' in blocks_of(made_by_word(made.document))[2].html


def test_letters_of_other_scripts_are_not_turned_into_digits():
    made = Doc()
    for word in ("un", "deux", "trois"):
        made.add(word, "arabic")
    assert written(made.document) == ["أ- un", "ب- deux", "ت- trois"]


@pytest.mark.parametrize("gone", [hide, delete, lambda paragraph: delete(paragraph, "moveFrom")], ids=["hidden", "deleted", "moved"])
@pytest.mark.parametrize(("name", "style"), [("article", None), ("plain", None), ("law", "Heading 2"), ("arabic", None)])
def test_what_is_not_seen_is_not_counted(gone, name, style):
    made, seen = Doc(), Doc()
    for place in range(4):
        paragraph = made.add(f"mot{place}", name, 0, style)
        made.add(f"sous{place}", name, 1)
        if place in (1, 3):
            gone(paragraph)
            gone(made.document.paragraphs[-1])
        else:
            seen.add(f"mot{place}", name, 0, style)
            seen.add(f"sous{place}", name, 1)
    assert written(made.document) == written(seen.document)
    assert any("mot1 sous1" in remark for remark in made.said())


def test_rows_and_cells_that_are_not_seen_are_not_counted():
    made = Doc()
    table = made.document.add_table(rows=3, cols=1)
    for row in range(3):
        paragraph = table.cell(row, 0).paragraphs[0]
        paragraph.add_run(f"cellule{row}")
        paragraph._p.get_or_add_pPr().append(parse_xml(
            f'<w:numPr {nsdecls("w")}><w:ilvl w:val="0"/><w:numId w:val="{made.list_id("article")}"/></w:numPr>'))
    table.rows[0]._tr.get_or_add_trPr().append(parse_xml(f'<w:del {nsdecls("w")} w:id="3" w:author="A"/>'))
    hide(table.cell(1, 0).paragraphs[0])
    made.add("après", "article")
    texts = [text for text in made.texts() if text]
    assert texts == ["Article 1 — cellule2", "Article 2 — après"]
    assert set(made.said()) == {
        "Hidden text is not taken over: cellule1", "Tracked changes are taken as accepted; these words go: cellule0"}


def test_a_paragraph_whose_end_was_deleted_begins_the_next_one():
    made = Doc()
    mark(made.add("Début ", "article"), f'<w:del {nsdecls("w")} w:id="8" w:author="A"/>')
    made.add("et suite", "article")
    assert made.texts() == ["Article 1 — Début et suite"]


def test_a_visible_title_with_a_hidden_end_keeps_its_number():
    made = Doc()
    mark(made.add("Titre", "action", 0, "Heading 2"), HIDDEN)
    made.add("suite")
    assert made.texts() == ["Axe 1 — Titre", "suite"]


@pytest.mark.parametrize(("number", "style", "label"), [(28, "LowerAlpha", "bb) "), (53, "UpperAlpha", "AAA) "), (4, "UpperRoman", "IV) ")])
def test_letters_and_roman_numbers_are_spelled_in_one_place(number, style, label):
    assert marks_of(number, style, ordered=True) == ("-", label)
    assert spelled(number, style) + ") " == label


# LibreOffice


def test_hidden_items_of_libreoffice_leave_no_empty_item_and_no_number():
    secret = p('<text:span text:style-name="gone">secret</text:span><text:span text:style-name="gone"/>')
    body = listed("plain", item(p("un")), item(p("secret", "away")), item(secret), item(p("deux"), listed("plain", item(p("petit")))))
    assert [line for line in convert(odt(body)).body.split("\n") if line] == ["1. un", "2. deux", "    - a) petit"]


def test_an_item_that_only_holds_a_list_is_none():
    body = listed("plain", item(listed("plain", item(p("a")), item(p("b")))), item(p("un")))
    lines = convert(odt(body)).body.split("\n")
    assert [line for line in lines if line and line != "<!-- -->"] == ["- a) a", "- b) b", "2. un"]


def test_who_deleted_what_in_libreoffice_is_not_told():
    region = ('<text:changed-region text:id="c{0}"><text:deletion><office:change-info><dc:creator>Leïla</dc:creator>'
              '<dc:date>2026-11-20T10:11:12</dc:date></office:change-info>{1}</text:deletion></text:changed-region>')
    body = ("<text:tracked-changes>" + region.format(1, p("ôté")) + region.format(2, listed("articles", item(p("supprimé"))))
            + "</text:tracked-changes>" + listed("articles", item(p("Objet")))).replace("dc:", "text:")
    assert [block.text for block in blocks_of(odt(body))] == ["Article I — Objet"]
    assert told(odt(body)) == ["Tracked changes are taken as accepted; these words go: ôté supprimé"]


# Against an independent reader


def generated(rng) -> list[tuple[str, str, int, str]]:
    """(words, list, level, what happened to it) of paragraphs such as texts of law have."""
    out: list[tuple[str, str, int, str]] = []
    lists = (("law", 4), ("bullets", 2), ("plain", 2), ("one", 1), ("article", 2), ("letters", 2), ("legal", 3), ("", 1))
    for number in range(90):
        name, levels = rng.choice(lists)
        out.append((f"mot{number} fin", name, rng.randrange(levels), rng.choice(["", "", "", "hidden", "deleted", "moved"])))
    return out


def made_of(paragraphs) -> bytes:
    made = Doc()
    for words, name, level, fate in paragraphs:
        paragraph = made.add(words, name, level)
        if fate:
            {"hidden": hide, "deleted": delete, "moved": lambda gone: delete(gone, "moveFrom")}[fate](paragraph)
    made.add("à la fin")
    return made_by_word(made.document)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed here")
def test_numbers_stand_as_libreoffice_shows_them(tmp_path):
    paragraphs = generated(random.Random(8))
    seen = tmp_path / "seen.docx"
    seen.write_bytes(made_of([paragraph for paragraph in paragraphs if not paragraph[3]]))
    for form in ("txt:Text", "odt"):
        home = f"-env:UserInstallation={(tmp_path / 'home').as_uri()}"
        command = [shutil.which("soffice"), home, "--headless", "--convert-to", form, "--outdir", tmp_path, seen]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own document
    shown = lines_of(seen.with_suffix(".txt").read_text(encoding="utf-8-sig"))
    assert len(shown) > 40
    assert lines_of(convert(made_of(paragraphs)).body) == shown
    assert lines_of(convert(seen.with_suffix(".odt").read_bytes()).body) == shown
