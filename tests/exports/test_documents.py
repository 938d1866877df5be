import io
import re

import docx
import pypdf
import pytest
from docx.oxml.ns import qn

from consult.core import markup
from consult.core.db import session
from consult.exports import matrix
from consult.exports.documents import report
from consult.exports.documents.parts import way
from consult.exports.models import ExportFormat
from consult.exports.writers import SYNTHESIS
from tests import factories
from tests.exports import cases
from tests.synthesis import large

SECRETS = ("Secret Anonyme", "Texte injurieux", "retiré caché", "@example.org")


@pytest.fixture
def discussed(consultation):
    return cases.a_discussed_chapter(consultation)


def made(chapter, format_, language="fr") -> bytes:
    out = io.BytesIO()
    session.commit()
    SYNTHESIS.write(chapter.id, out, format=format_, language=language)
    return out.getvalue()


def word_of(data: bytes):
    document = docx.Document(io.BytesIO(data))
    return document, "\n".join(text.text or "" for text in document.element.body.iter(qn("w:t")))


def test_markdown_says_all_and_interprets_nothing(discussed):
    text = made(discussed, ExportFormat.MARKDOWN).decode()
    assert "## 1. Fréquence de la liste" in text
    assert "Utile." in text
    assert "chaque ~~année~~<u>trimestre</u> la liste" in text
    assert "\\*gras\\*" in text
    assert "<b>" not in text
    html = markup.to_html(text)
    assert "<img" not in html
    assert 'href="http://e.test"' not in html
    assert not any(secret in text for secret in SECRETS)


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_word_holds_the_synthesis_and_the_matrix(discussed, language):
    document, text = word_of(made(discussed, ExportFormat.DOCX, language))
    assert "Fréquence de la liste" in text
    assert cases.HOSTILE in text
    assert "Zineb Nommée" in text
    assert not any(secret in text for secret in SECRETS)
    table = document.tables[-1]
    assert len(table.columns) == 8
    assert len(table.rows) == 5
    assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    right_to_left = [t._tbl.tblPr.find(qn("w:bidiVisual")) is not None for t in document.tables]
    assert all(right_to_left) if language == "ar" else not any(right_to_left)
    landscape = document.sections[-1]
    assert landscape.page_width > landscape.page_height


def test_the_redline_of_word_needs_no_colour(discussed):
    document, _text = word_of(made(discussed, ExportFormat.DOCX))
    runs = [run for paragraph in document.paragraphs for run in paragraph.runs]
    assert "année" in [run.text for run in runs if run.font.strike]
    assert "trimestre" in [run.text for run in runs if run.font.underline]


def test_arabic_paragraphs_run_from_right_to_left_and_french_ones_do_not(discussed):
    document, _text = word_of(made(discussed, ExportFormat.DOCX, "ar"))
    paragraphs = list(document.element.body.iter(qn("w:p")))
    arabic = next(p for p in paragraphs if "أقترح نشر" in "".join(t.text or "" for t in p.iter(qn("w:t"))))
    french = next(p for p in paragraphs if "Parce que." in "".join(t.text or "" for t in p.iter(qn("w:t"))))
    assert arabic.pPr.find(qn("w:bidi")) is not None
    assert french.pPr.find(qn("w:bidi")).get(qn("w:val")) == "0"


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_pdf_is_tagged_and_has_our_faces_alone(discussed, language):
    reader = pypdf.PdfReader(io.BytesIO(made(discussed, ExportFormat.PDF, language)))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith(language)
    fonts = {font["/BaseFont"] for page in reader.pages for font in page["/Resources"]["/Font"].values() for font in [font.get_object()]}
    assert all("Noto" in font for font in fonts)
    text = "".join(page.extract_text() for page in reader.pages)
    assert not any(secret in text for secret in SECRETS)
    assert "root:" not in text


def test_pdf_says_what_was_decided(discussed):
    text = " ".join("".join(p.extract_text() for p in pypdf.PdfReader(io.BytesIO(made(discussed, ExportFormat.PDF))).pages).split())
    for words in ("Fréquence de la liste", "Utile.", "trimestre", "CGT-001", "*gras*"):
        assert words in text


def test_a_heading_is_never_parted_from_the_words_below_it(discussed):
    """From a point's heading each paragraph stays with the next, to the first that says something: what is asked."""
    document, _text = word_of(made(discussed, ExportFormat.DOCX))
    paragraphs = [child for child in document.element.body if child.tag == qn("w:p")]
    headings = [n for n, p in enumerate(paragraphs) if p.pPr is not None and p.pPr.pStyle is not None and p.pPr.pStyle.val == "Heading2"]
    assert headings
    for heading in headings:
        styles = [docx.text.paragraph.Paragraph(p, document).style for p in paragraphs[heading:heading + 3]]
        assert [style.paragraph_format.keep_with_next for style in styles] == [True] * 3


@pytest.mark.parametrize("format_", [ExportFormat.MARKDOWN, ExportFormat.DOCX, ExportFormat.PDF])
def test_the_same_data_give_the_same_bytes(discussed, format_):
    assert made(discussed, format_) == made(discussed, format_)


@pytest.mark.parametrize("format_", [ExportFormat.MARKDOWN, ExportFormat.DOCX, ExportFormat.PDF])
def test_a_chapter_of_which_nobody_spoke(consultation, format_):
    assert made(factories.a_chapter(consultation), format_)


@pytest.mark.parametrize(("text", "direction"), [("Bonjour", "ltr"), ("1. مرحبا", "rtl"), ("123", "ltr"), ("«السلام» et", "rtl")])
def test_the_first_letter_gives_the_direction(text, direction):
    assert way(text) == direction


def test_a_point_names_all_that_it_rests_on(chapter):
    """Screens show the first of them; a document has no page to lead on to."""
    large.a_large_synthesis(chapter, items=4, contributions=200)
    text = made(chapter, ExportFormat.MARKDOWN)
    points, annex = text.decode().split("# Annexe")
    assert [len(set(re.findall(r"PNQ-C1-L\d+", part))) for part in (points, annex)] == [200, 200]


def test_rows_are_read_once_for_all_points(discussed):
    rows = list(matrix.rows(discussed.consultation, "fr", chapter=discussed))
    assert {item_id: [row.ref for row in found] for item_id, found in report.rows_by_point(iter(rows)).items()} == {
        row.point.item.id: [row.ref] for row in rows if row.point}
