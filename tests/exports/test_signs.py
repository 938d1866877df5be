"""Documents are made whatever people write: each sign is seen in it, or its number is; and the text is whole where no face is needed."""

import io

import openpyxl
import pypdf
import pytest

from consult.core.db import session
from consult.exports.documents import faces
from consult.exports.models import ExportFormat
from consult.exports.writers import CONTRIBUTIONS, SYNTHESIS
from tests import factories
from tests.exports.test_documents import word_of

SHOWN = {
    "thumb": "Tout à fait d’accord 👍", "joined": "👩🏽\u200d🔬 👨\u200d👩\u200d👧", "flag": "🇲🇦 🏴\U000e0067\U000e0062\U000e007f",
    "keycap": "1\ufe0f\u20e3 ❤\ufe0f ✔\ufe0e", "cjk": "中文 日本語 한국어", "tifinagh": "ⵜⴰⵎⴰⵣⵉⵖⵜ ⵏ ⵍⵎⵖⵔⵉⴱ", "devanagari": "हिन्दी शब्द",
    "hebrew": "שָׁלוֹם", "letters": "𝐠𝐫𝐚𝐬 𝔣𝔯𝔞𝔨 ∮ ⊗ ℝ", "marks": "e\u0301\u0323 z\u0335 \u0301seul", "thai": "ภาษาไทย",
    "unseen": "a\u200bb\ufeffc\u00add\u2060e\u200ef", "ends": "x\u2028y\u2029z\x85w",
}
MISSING = {
    "cuneiform": "𒀀", "newer": "\U0003fffd", "private": "\ue000", "control": "\x9b", "no sign": "\U0001ffff",
    "stray mark": "𝐠\u064b 👍\u0651",
}


def said(chapter, body: str) -> None:
    factories.a_published_contribution(block=factories.block_of(chapter, "C1-A1-P1-a1"), body=body)
    session.commit()


def made(chapter, format_: ExportFormat, language: str = "fr") -> bytes:
    out = io.BytesIO()
    SYNTHESIS.write(chapter.id, out, format=format_, language=language)
    return out.getvalue()


def text_of(data: bytes) -> str:
    return " ".join("".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages).split())


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_a_pdf_is_made_of_every_sign_that_a_face_has(chapter, language):
    said(chapter, "\n\n".join(SHOWN.values()))
    text = text_of(made(chapter, ExportFormat.PDF, language))
    assert "U+" not in text
    for words in ("👍", "中文", "ⵜⴰⵎⴰⵣⵉⵖⵜ", "𝐠𝐫𝐚𝐬"):
        assert words in text


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_a_pdf_shows_the_number_of_what_no_face_has_and_says_so(chapter, language):
    said(chapter, "\n\n".join(f"{name} {words}" for name, words in MISSING.items()))
    text = text_of(made(chapter, ExportFormat.PDF, language))
    for number in ("U+12000", "U+3FFFD", "U+E000", "U+009B", "U+1FFFF", "U+064B", "U+0651"):
        assert number in text
    assert language == "ar" or "numéro Unicode" in text


def test_what_the_faces_cannot_set_together_all_the_same_is_spelt(chapter, monkeypatch):
    """As if what the faces have were misread: the document is made nevertheless."""
    said(chapter, "Avant 𒀀 après, d’accord.")
    monkeypatch.setattr(faces, "shown", lambda text: [faces.Shown(text)] if text else [])
    text = text_of(made(chapter, ExportFormat.PDF))
    assert "U+12000" in text
    assert "d’accord" in text


@pytest.mark.parametrize("format_", [ExportFormat.DOCX, ExportFormat.MARKDOWN])
def test_word_and_markdown_hold_the_text_whole(chapter, format_):
    words = [words for name, words in {**SHOWN, **MISSING}.items() if name != "ends"]
    said(chapter, "\n\n".join(words))
    data = made(chapter, format_)
    text = word_of(data)[1] if format_ == ExportFormat.DOCX else data.decode()
    for each in words:
        assert each in text


def test_tables_hold_the_text_whole(consultation, chapter):
    said(chapter, "\n".join({**SHOWN, **MISSING}.values()) + "\x0b\ufffe")
    session.commit()
    for format_ in CONTRIBUTIONS.formats:
        out = io.BytesIO()
        CONTRIBUTIONS.write(consultation.id, out, format=format_, language="fr")
        if format_ == ExportFormat.XLSX:
            cells = [cell for row in openpyxl.load_workbook(out).active.values for cell in row if isinstance(cell, str)]
            assert any("👩🏽\u200d🔬" in cell and "𒀀" in cell for cell in cells)


def test_long_words_stay_within_their_cells(chapter):
    said(chapter, "W" * 300 + " " + "https://exemple.ma/" + "chemin/" * 30)
    reader = pypdf.PdfReader(io.BytesIO(made(chapter, ExportFormat.PDF)))
    beyond = []
    for page in reader.pages:
        def look(text, _matrix, placed, _font, _size, page=page):
            if text.strip() and float(placed[4]) > float(page.mediabox.width) - 20:
                beyond.append(text)
        page.extract_text(visitor_text=look)
    assert beyond == []
    assert max(map(len, text_of(made(chapter, ExportFormat.PDF)).split())) < 300


def test_a_long_title_stops_no_document(chapter):
    chapter.title_fr = "Chapitre d’un titre interminable " * 9
    session.commit()
    for format_ in SYNTHESIS.formats:
        assert made(chapter, format_)
