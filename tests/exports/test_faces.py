"""What our faces have, and what stands for the rest."""

import unicodedata

import pytest

from consult.exports.documents import faces
from consult.exports.documents.faces import Shown


def words(text: str) -> str:
    return "".join(f"[{piece.words}]" if piece.is_missing else piece.words for piece in faces.shown(text))


@pytest.mark.parametrize("text", [
    "", "L’accès — 12 % « œuvre »\n\tfin", "المصادقة على السياسة الوطنية", "العُمُوميَّة", "👍", "👩🏽\u200d🔬", "🇲🇦",
    "1\ufe0f\u20e3", "❤\ufe0f",
    "ⵜⴰⵎⴰⵣⵉⵖⵜ", "中文 日本語 한국어", "हिन्दी", "שָׁלוֹם", "𝐠𝐫𝐚𝐬 ∮ ⊗", "e\u0301\u0323", "a\u200bb\u00add\u2060e",
])
def test_what_a_face_has_stands_as_it_was_written(text):
    assert words(text) == text


@pytest.mark.parametrize(("text", "said"), [
    ("a\U00012000b", "a[U+12000]b"), ("\ue000", "[U+E000]"), ("x\x07y\x9b", "x[U+0007]y[U+009B]"),
    ("\ufdd0\U0001ffff", "[U+FDD0][U+1FFFF]"),
    ("𝐠\u064b", "𝐠[U+064B]"), ("\U0003fffd", "[U+3FFFD]"), ("👍\u0651", "👍[U+0651]"),
])
def test_what_no_face_has_stands_by_its_number(text, said):
    assert words(text) == said
    assert words(f"avant {text} après") == f"avant {said} après"


def test_pieces_are_as_few_as_can_be():
    assert faces.shown("d’accord 👍 merci") == [Shown("d’accord 👍 merci")]
    assert faces.shown("a\ue000b") == [Shown("a"), Shown("U+E000", is_missing=True), Shown("b")]


def test_the_faces_of_the_text_are_read_whole():
    """Formats 4 and 12 of the table, against what these faces are known to hold."""
    everything = frozenset().union(*faces.faces())
    basic = [chr(n) for n in range(0x20, 0x2100) if unicodedata.category(chr(n))[0] in "LNPS"]
    assert [sign for sign in basic if ord(sign) not in everything] == []
    assert {0x1F44D, 0x2D63, 0x1D41A, 0x4E2D, 0xAC00} <= everything
    assert not {0x12000, 0x3FFFD} & everything


def test_a_word_that_no_line_holds_can_be_broken_between_signs():
    word = "e\u0301" * 40
    broken = faces.breakable(f"court {word} court")
    assert broken.replace(faces.BREAK, "") == f"court {word} court"
    assert max(map(len, broken.split(faces.BREAK))) <= 24
    assert faces.BREAK + "\u0301" not in broken
    assert faces.breakable("anticonstitutionnellement " * 3 + "x" * 26) == "anticonstitutionnellement " * 3 + "x" * 26


def test_what_is_not_seen_and_has_no_place_in_pdf_is_left_out():
    assert words("a\ufeffb") == "ab"
    assert [piece.words for piece in faces.spelt("a\u200b👍\ufeff")] == ["a", "U+1F44D"]
