import pytest

from consult.core.errors import Invalid
from consult.text import normalising


@pytest.mark.parametrize("text", ["  a\tb \n\n c ", "é e\u0301 ﷺ ‏عربي‎ 😀", "\u200b\ufeff zero width", "\x7f\x85"])
def test_text_is_kept_as_it_is(text):
    assert normalising.validated_text("body", text, max_length=100) == text


def test_line_ends_become_one_character():
    assert normalising.validated_text("body", "a\r\nb", max_length=3) == "a\nb"


TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize("character", [*map(chr, [0, 1, 8, 11, 12, 13, 27, 31, 0xD800, 0xFFFE]), *TURNING])
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
