import pytest

from consult.core.errors import Invalid
from consult.core.remarks import LEFT_OUT, LeftOut
from consult.text import normalising


@pytest.mark.parametrize("text", [
    "  a\tb \n\n c ", "é e\u0301 ﷺ ‏عربي‎ 😀", "\u200b\ufeff zero width", "👩🏽\u200d🔬 1\ufe0f\u20e3 ⵣ 中文", "\U0001fae9",
])
def test_text_is_kept_as_it_is(text):
    assert normalising.validated_text("body", text, max_length=100) == text


def test_line_ends_become_one_character():
    assert normalising.validated_text("body", "a\r\nb", max_length=3) == "a\nb"


@pytest.mark.parametrize("end", ["\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_line_ends_of_other_programmes_are_line_ends(end):
    assert normalising.validated_text("body", f"Une ligne{end}une autre", max_length=100) == "Une ligne\nune autre"
    assert normalising.validated_line("name", f"Un nom{end}long", max_length=100) == "Un nom long"


@pytest.mark.parametrize(("typed", "kept"), [
    ("Voir \u202bجودة\u202c et \u2068ISO\u2069", "Voir جودة et ISO"), ("\u2067النص\u2069", "النص"), ("sans fin \u202a", "sans fin "),
])
def test_marks_that_ask_for_a_direction_are_left_out_and_told(typed, kept):
    token = LEFT_OUT.set(set())
    try:
        assert normalising.validated_text("body", typed, max_length=100) == kept
        assert normalising.validated_text("justification", "Rien", max_length=100) == "Rien"
        assert LEFT_OUT.get() == {LeftOut.MARKS}
    finally:
        LEFT_OUT.reset(token)
    assert normalising.validated_text("body", typed, max_length=100) == kept, "where nobody is to be told"


def test_bullets_of_word_are_what_their_author_saw():
    assert normalising.validated_text("body", "\uf0b7\tUn\n\uf0a7 Deux \uf0e0 trois", max_length=100) == "•\tUn\n▪ Deux → trois"


def test_a_sign_of_one_typeface_is_told_from_a_control():
    with pytest.raises(Invalid, match="one typeface alone has"):
        normalising.validated_text("body", "\ue042", max_length=10)
    with pytest.raises(Invalid, match="control character"):
        normalising.validated_text("body", "\x9d", max_length=10)


FORCED = "\u202d\u202e"
PRIVATE = (0xE000, 0xF8FF, 0xF0FF, 0xF0000, 0x10FFFD)
NO_SIGNS = (0xFFFF, 0x1FFFE, 0x1FFFF, 0x10FFFE, 0xFDD0, 0xFDEF)


@pytest.mark.parametrize("character", [*map(chr, [0, 1, 8, 14, 27, 0x7F, 0x81, 0x9D, 0xD800, *PRIVATE, *NO_SIGNS]), *FORCED])
def test_what_cannot_be_kept_is_named_with_its_place(character):
    with pytest.raises(Invalid) as refusal:
        normalising.validated_text("body", f"première\nab{character}c", max_length=100)
    assert refusal.value.field == "body"
    assert "Line 2, character 3" in str(refusal.value)
    assert f"U+{ord(character):04X}" in str(refusal.value)


def test_too_long_says_how_long():
    with pytest.raises(Invalid, match="11 characters; 10 at most"):
        normalising.validated_text("body", "x" * 11, max_length=10)


@pytest.mark.parametrize(("text", "page", "language"), [
    ("النص بالعربية ISO", "fr", "ar"), ("Le mot جودة est arabe", "fr", "fr"), ("In English", "en", "en"), ("En français", "ar", "fr"),
    ("12 %", "ar", "fr"),
])
def test_language_is_that_of_most_letters(text, page, language):
    assert normalising.language_of(text, page) == language


def test_nothing_visible_is_blank():
    assert normalising.is_blank(" \n\t\u00a0\u200b\ufeff\u3000")
    assert not normalising.is_blank(" . ")
