"""Word and LibreOffice documents are taken as their reader sees them: numbers written out, hidden text out, the rest told."""

import io
import re
import zipfile

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from consult.chapters.conversion import convert
from consult.chapters.counting import spelled
from consult.chapters.models import BlockKind
from consult.core.i18n import force_locale
from tests.chapters.test_conversion import blocks_of, made_by_pandoc, made_by_word

LEVELS = {
    "article": ["Article %1 —", "Article %1.%2 —"],
    "action": ["Axe %1 —", "Projet %1.%2 —", "Action %1.%2.%3 —"],
    "legal": ["%1.", "%1.%2.", "%1.%2.%3."],
    "plain": ["%1.", "%2)"],
    "letters": ["%1.", "%1.%2"],
}
FORMATS = {"letters": ["upperRoman", "lowerLetter"]}


@pytest.fixture(autouse=True)
def _english(app):
    with app.app_context(), force_locale("en"):
        yield


class Doc:
    """A Word document whose numbering is our own."""

    def __init__(self) -> None:
        self.document = docx.Document()
        self.numbering = self.document.part.numbering_part.element
        self.ids: dict[str, int] = {}

    def list_id(self, name: str) -> int:
        if name not in self.ids:
            place = 900 + len(self.ids)
            levels = "".join(
                f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{FORMATS.get(name, ["decimal"] * 9)[at]}"/>'
                f'<w:lvlText w:val="{text}"/></w:lvl>' for at, text in enumerate(LEVELS[name]))
            definition = parse_xml(f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{place}">{levels}</w:abstractNum>')
            self.numbering.insert(0, definition)
            self.numbering.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="{place}"><w:abstractNumId w:val="{place}"/></w:num>'))
            self.ids[name] = place
        return self.ids[name]

    def add(self, text: str, name: str = "", level: int = 0, style: str | None = None):
        paragraph = self.document.add_paragraph(text, style=style)
        if name:
            paragraph._p.get_or_add_pPr().append(parse_xml(
                f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/><w:numId w:val="{self.list_id(name)}"/></w:numPr>'))
        return paragraph

    def xml(self, inside: str):
        self.document.element.body.insert(-1, parse_xml(f'<w:p {nsdecls("w")}>{inside}</w:p>'))

    def texts(self) -> list[str]:
        return [block.text for block in blocks_of(made_by_word(self.document))]

    def said(self) -> list[str]:
        return [str(remark) for remark in convert(made_by_word(self.document)).remarks]


# Automatic numbers


def test_numbers_with_words_are_words_of_the_paragraph():
    made = Doc()
    for text in ("Objet", "Champ"):
        made.add(text, "article")
        made.add("Alinéa", "article", 1)
        made.add("libre")
    assert made.texts() == ["Article 1 — Objet", "Article 1.1 — Alinéa", "libre", "Article 2 — Champ", "Article 2.1 — Alinéa", "libre"]


def test_numbered_titles_and_actions_are_known_by_their_numbers():
    made = Doc()
    made.add("Mesurer", "action", 0, "Heading 2")
    made.add("Étalonner", "action", 1, "Heading 3")
    made.add("Publier.", "action", 2)
    made.add("Former.", "action", 2)
    made.add("Relier", "action", 1, "Heading 3")
    made.add("Ouvrir.", "action", 2)
    blocks = blocks_of(made_by_word(made.document))
    assert [block.key for block in blocks] == ["C1-A1", "C1-A1-P1", "C1-A1-P1-a1", "C1-A1-P1-a2", "C1-A1-P2", "C1-A1-P2-a1"]
    assert made.said() == []


def test_levels_and_letters_are_counted_as_word_does():
    made = Doc()
    for name, level in (("legal", 0), ("legal", 1), ("legal", 1), ("legal", 2), ("legal", 0), ("legal", 2), ("letters", 0), ("letters", 1)):
        made.add("mot", name, level, "Heading 2")
    assert made.texts() == ["1. mot", "1.1. mot", "1.2. mot", "1.2.1. mot", "2. mot", "2.1.1. mot", "I. mot", "I.a mot"]


def test_plain_lists_stay_lists():
    made = Doc()
    made.add("un", "plain")
    made.add("un un", "plain", 1)
    made.add("deux", "plain")
    (block,) = blocks_of(made_by_word(made.document))
    assert block.kind == BlockKind.LIST
    assert block.html.count("<ol>") == 2


def test_a_list_that_goes_on_after_a_sentence_keeps_its_count():
    made = Doc()
    made.add("un", "plain")
    made.add("deux", "plain")
    made.add("Une phrase.")
    made.add("trois", "plain")
    blocks = blocks_of(made_by_word(made.document))
    assert ['start="3"' in block.html for block in blocks] == [False, False, True]


@pytest.mark.parametrize(("number", "form", "shown"), [
    (4, "upperRoman", "IV"), (9, "i", "ix"), (27, "lowerLetter", "aa"), (28, "A", "BB"), (3, "arabicAbjad", "ج"), (3, "arabicAlpha", "ت"),
    (7, "decimalZero", "07"), (7, "unknown", "7"), (7, "none", ""),
])
def test_numbers_are_spelled_as_word_processors_do(number, form, shown):
    assert spelled(number, form) == shown


# Hidden


def test_hidden_text_is_never_published():
    made = Doc()
    paragraph = made.add("Visible ")
    paragraph.add_run("secret un ").font.hidden = True
    paragraph.add_run("fin")
    made.document.styles.add_style("Caché", docx.enum.style.WD_STYLE_TYPE.CHARACTER).font.hidden = True
    made.document.styles.add_style("Note", docx.enum.style.WD_STYLE_TYPE.PARAGRAPH).font.hidden = True
    made.add("mot ").add_run("secret deux", style="Caché")
    made.add("secret trois", style="Note")
    table = made.document.add_table(rows=2, cols=1)
    table.cell(0, 0).text, table.cell(1, 0).text = "rangée", "secret quatre"
    table.rows[1]._tr.get_or_add_trPr().append(parse_xml(f'<w:hidden {nsdecls("w")}/>'))
    assert made.texts() == ["Visible fin", "mot", "rangée"]
    (remark,) = made.said()
    assert remark.startswith("Hidden text is not taken over: ")
    assert {"un", "deux", "trois", "quatre"} <= set(remark.split())


def test_what_a_paragraph_shows_again_is_published():
    made = Doc()
    made.document.styles.add_style("Note", docx.enum.style.WD_STYLE_TYPE.PARAGRAPH).font.hidden = True
    made.add("", style="Note").add_run("montré").font.hidden = False
    assert made.texts() == ["montré"]


# What is told


def test_the_automatic_table_of_contents_is_left_out():
    made = Doc()
    made.document.styles.add_style("toc 1", docx.enum.style.WD_STYLE_TYPE.PARAGRAPH)
    toc = ('<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>TOC \\o "1-3"</w:instrText></w:r>'
           '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>Métrologie 1</w:t></w:r>')
    made.document.element.body.insert(0, parse_xml(
        f'<w:sdt {nsdecls("w")}><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj></w:sdtPr>'
        f'<w:sdtContent><w:p><w:r><w:t>Sommaire</w:t></w:r></w:p><w:p>{toc}</w:p></w:sdtContent></w:sdt>'))
    made.add("Axes 3", style="toc 1")
    made.xml('<w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:t>après</w:t></w:r>')
    made.document.add_heading("Métrologie", 1)
    blocks = blocks_of(made_by_word(made.document))
    assert [(block.key, block.text) for block in blocks] == [("C1-§1", "après"), ("C1", "Métrologie")]
    assert made.said() == ["The automatic table of contents is left out: each chapter has one of its own."]


def test_what_stands_beside_the_text_is_told():
    made = Doc()
    made.add("Avant ")
    made.document.paragraphs[0]._p.append(parse_xml(
        f'<w:ins {nsdecls("w")} w:id="1" w:author="A"><w:r><w:t>mis</w:t></w:r></w:ins>'))
    made.document.paragraphs[0]._p.append(parse_xml(
        f'<w:del {nsdecls("w")} w:id="2" w:author="A"><w:r><w:delText>ôté</w:delText></w:r></w:del>'))
    made.document.add_comment(made.document.paragraphs[0].runs, text="À revoir", author="A")
    made.document.sections[0].header.paragraphs[0].text = "Projet confidentiel"
    made.document.sections[0].footer.paragraphs[0].text = "2"
    made.xml('<w:fldSimple w:instr=" DATE "><w:r><w:t>le 3 mai</w:t></w:r></w:fldSimple>')
    assert made.texts() == ["Avant mis", "le 3 mai"]
    assert set(made.said()) == {
        "Fields keep the words they last showed: read them over (DATE).",
        "Headers and footers are not taken over: 2 Projet confidentiel",
        "1 comment is not taken over: À revoir",
        "Tracked changes are taken as accepted; these words are added: mis",
        "Tracked changes are taken as accepted; these words go: ôté",
    }


def test_fields_keep_what_they_show():
    made = Doc()
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
    for name in ("REF x", "DOCPROPERTY y", "QUOTE z", "IF 1=1"):
        made.xml(f'<w:r><w:t xml:space="preserve">a </w:t></w:r>{mark.format("begin")}<w:r><w:instrText>{name}</w:instrText></w:r>'
                 f'{mark.format("separate")}<w:r><w:t>résultat</w:t></w:r>{mark.format("end")}')
    assert made.texts() == ["a résultat"] * 4
    assert made.said() == ["Fields keep the words they last showed: read them over (DOCPROPERTY QUOTE IF)."]


@pytest.mark.parametrize(("heading", "title"), [
    ("Chapitre 4 — Accréditation", "Accréditation"), ("الباب 4: الاعتماد", "الاعتماد"), ("Chapitre 4", "Chapitre 4"),
    ("Chapitres", "Chapitres"),
])
def test_the_number_of_a_chapter_is_no_part_of_its_title(heading, title):
    made = Doc()
    made.document.add_heading(heading, 1)
    assert convert(made_by_word(made.document)).title == title
    assert made.texts() == [heading]


# Tables


def test_notes_called_in_merged_cells_keep_their_own_numbers():
    source = ("Avant[^a].\n\n+---+---------+\n| x | y       |\n|   +---------+\n|   | mot[^b] |\n+---+---------+\n\nAprès[^c].\n\n"
              "[^a]: Note A.\n\n[^b]: Note B.\n\n[^c]: Note C.\n")
    blocks = blocks_of(made_by_pandoc(source, "docx"))
    notes = [block for block in blocks if block.kind == BlockKind.FOOTNOTE]
    assert [block.text for block in notes] == ["Note A.", "Note B.", "Note C."]
    calls = [re.findall(r'href="#fn:(\d)"[^>]*>(\d)<', block.html) for block in blocks]
    assert [call for call in calls if call] == [[("1", "1")], [("2", "2")], [("3", "3")]]


def test_rows_merged_into_others_are_no_passages():
    made = Doc()
    table = made.document.add_table(rows=3, cols=2)
    for at, (row, column) in enumerate((row, column) for row in range(3) for column in range(2)):
        table.cell(row, column).text = f"c{at}"
    for column in range(2):
        merged = table.cell(0, column).merge(table.cell(1, column))
        merged.text = f"haut{column}"
    blocks = blocks_of(made_by_word(made.document))
    assert [(block.key, block.text) for block in blocks] == [("C1-t1-r0", "haut0 haut1"), ("C1-t1-r2", "c4 c5")]
    assert 'rowspan="2"' not in "".join(block.html for block in blocks)


# The same of LibreOffice

NAMES = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text", "style", "table"))
LEVEL = ('<text:list-level-style-number text:level="{}" style:num-format="{}" style:num-prefix="{}" style:num-suffix="{}" '
         'text:display-levels="{}"/>')
STYLES = (
    '<text:list-style style:name="titles">' + LEVEL.format(1, "1", "Axe ", " —", 1) + LEVEL.format(2, "1", "Projet ", " —", 2)
    + LEVEL.format(3, "1", "Action ", " —", 3) + '</text:list-style>'
    '<text:list-style style:name="articles">' + LEVEL.format(1, "I", "Article ", " —", 1) + '</text:list-style>'
    '<text:list-style style:name="plain">' + LEVEL.format(1, "1", "", ".", 1) + LEVEL.format(2, "a", "", ")", 1) + '</text:list-style>'
    '<style:style style:name="gone" style:family="text"><style:text-properties text:display="none"/></style:style>'
    '<style:style style:name="away" style:family="paragraph" style:parent-style-name="far"/>'
    '<style:style style:name="far" style:family="paragraph"><style:text-properties text:display="none"/></style:style>'
)
OUTLINE = ('<text:outline-style style:name="Outline"><text:outline-level-style text:level="1" style:num-format="1" style:num-suffix="."/>'
           '<text:outline-level-style text:level="2" style:num-format="1" text:display-levels="2"/></text:outline-style>')


def odt(body: str, *, outline: str = "", margins: str = "") -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("styles.xml", f"<office:document-styles {NAMES}><office:styles>{outline}</office:styles><office:master-styles>"
                                       f"<style:master-page>{margins}</style:master-page></office:master-styles></office:document-styles>")
        archive.writestr("content.xml", f"<office:document-content {NAMES}><office:automatic-styles>{STYLES}</office:automatic-styles>"
                                        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>")
    return whole.getvalue()


def h(level: int, text: str) -> str:
    return f'<text:h text:outline-level="{level}">{text}</text:h>'


def p(text: str, style: str = "") -> str:
    return f'<text:p text:style-name="{style}">{text}</text:p>'


def item(*parts: str) -> str:
    return f"<text:list-item>{''.join(parts)}</text:list-item>"


def listed(style: str, *items: str, more: str = "") -> str:
    return f'<text:list text:style-name="{style}" {more}>{"".join(items)}</text:list>'


def told(data: bytes) -> list[str]:
    return [str(remark) for remark in convert(data).remarks]


def test_titles_in_one_list_are_titles_with_their_numbers():
    inner = "<text:list>{}</text:list>".format
    body = listed("titles", item(h(2, "Mesurer"), inner(item(h(3, "Étalonner"), inner(item(p("Publier.")) + item(p("Former.")))))))
    body += p("Une phrase.")
    body += listed("titles", item(inner(item(inner(item(p("Ouvrir.")))) + item(h(3, "Relier")))), more='text:continue-numbering="true"')
    blocks = blocks_of(odt(body))
    assert [(block.key, block.text) for block in blocks] == [
        ("C1-A1", "Axe 1 — Mesurer"), ("C1-A1-P1", "Projet 1.1 — Étalonner"), ("C1-A1-P1-a1", "Action 1.1.1 — Publier."),
        ("C1-A1-P1-a2", "Action 1.1.2 — Former."), ("C1-A1-P1-§1", "Une phrase."), ("C1-A1-P1-a3", "Action 1.1.3 — Ouvrir."),
        ("C1-A1-P2", "Projet 1.2 — Relier")]
    assert told(odt(body)) == []


def test_paragraphs_numbered_with_words_leave_their_list_and_plain_items_stay():
    body = listed("articles", item(p("Objet")), item(p("Champ")))
    body += listed("plain", item(p("un"), listed("plain", item(p("petit")))), item(p("deux")))
    blocks = blocks_of(odt(body))
    assert [(block.kind, block.text) for block in blocks] == [
        (BlockKind.PARAGRAPH, "Article I — Objet"), (BlockKind.PARAGRAPH, "Article II — Champ"), (BlockKind.LIST, "un a) petit deux")]


def test_titles_that_count_by_themselves_have_their_numbers():
    blocks = blocks_of(odt(h(1, "Un") + h(2, "Deux") + p("mot") + h(2, "Trois") + h(1, "Quatre") + h(2, "Cinq"), outline=OUTLINE))
    assert [block.text for block in blocks] == ["1. Un", "1.1 Deux", "mot", "1.2 Trois", "2. Quatre", "2.1 Cinq"]


def test_hidden_text_of_libreoffice_is_never_published():
    body = (p('Visible <text:span text:style-name="gone">secret</text:span>fin') + p("secret", "away")
            + '<text:section text:name="s" text:display="none"><text:p>secret</text:p></text:section>'
            + p('<text:hidden-paragraph text:is-hidden="true"/>secret')
            + p('a<text:hidden-text text:is-hidden="true">secret</text:hidden-text> b')
            + '<table:table><table:table-row table:visibility="collapse"><table:table-cell><text:p>secret</text:p></table:table-cell>'
              '</table:table-row><table:table-row><table:table-cell><text:p>cellule</text:p></table:table-cell></table:table-row></table:table>')
    assert [block.text for block in blocks_of(odt(body))] == ["Visible fin", "a b", "cellule"]
    assert told(odt(body)) == ["Hidden text is not taken over: secret secret secret secret secret secret"]


def test_what_stands_beside_the_text_of_libreoffice_is_told():
    body = ('<text:tracked-changes>'
            '<text:changed-region text:id="c1"><text:deletion><text:p>ôté</text:p></text:deletion></text:changed-region>'
            '<text:changed-region text:id="c2"><text:insertion/></text:changed-region></text:tracked-changes>'
            '<text:table-of-content><text:index-body><text:p>Sommaire</text:p></text:index-body></text:table-of-content>'
            + p('Avant <text:change-start text:change-id="c2"/>mis<text:change-end text:change-id="c2"/> après'
                '<office:annotation><text:p>À revoir</text:p></office:annotation>')
            + p("le <text:date>3 mai</text:date>, page <text:page-number>2</text:page-number>"))
    data = odt(body, margins="<style:header><text:p>Projet confidentiel</text:p></style:header>")
    assert [block.text for block in blocks_of(data)] == ["Avant mis après", "le 3 mai, page 2"]
    assert set(told(data)) == {
        "Fields keep the words they last showed: read them over (date).",
        "Headers and footers are not taken over: Projet confidentiel",
        "1 comment is not taken over: À revoir",
        "The automatic table of contents is left out: each chapter has one of its own.",
        "Tracked changes are taken as accepted; these words are added: mis",
        "Tracked changes are taken as accepted; these words go: ôté",
    }
