"""The five chapters as delivered: their size, their mark, and the Arabic text passage by passage."""

import re
from collections import Counter

import pytest

from consult.chapters.models import BlockKind
from consult.chapters.parsing import parse_file
from consult.core.config import resource_dir
from tests.chapters.test_parsing import assert_well_made


def shipped(language: str):
    paths = sorted(resource_dir("policy_drafts").glob(f"*.{language}.md"))
    return {chapter.number: chapter for chapter in (parse_file(path.read_bytes()) for path in paths)}


def test_the_delivered_text_has_its_real_size():
    chapters = shipped("fr")
    assert sorted(chapters) == [1, 2, 3, 4, 5]
    counts = Counter(block.kind for chapter in chapters.values() for block in chapter.blocks)
    assert (counts[BlockKind.AXIS], counts[BlockKind.PROJECT], counts[BlockKind.ACTION]) == (32, 126, 321)


def test_the_delivered_text_is_marked_as_an_example():
    for chapter in shipped("fr").values():
        assert any("exemple" in block.text for block in chapter.blocks[:3]), chapter.number


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_each_chapter_is_whole_in_arabic(number):
    french, arabic = shipped("fr")[number], shipped("ar")[number]
    assert [(b.key, b.kind, b.level) for b in french.blocks] == [(b.key, b.kind, b.level) for b in arabic.blocks]


def figures(text: str) -> Counter:
    """The numbers of a text; one and two are words in Arabic, and thousands are set apart or not."""
    found = Counter(re.findall(r"\d+", re.sub(r"(?<=\d)[\u00a0\u202f ](?=\d{3}\b)", "", text)))
    return Counter({number: count for number, count in found.items() if number not in ("1", "2")})


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_the_arabic_text_says_as_much_in_arabic_and_the_same_figures(number):
    french, arabic = shipped("fr")[number], shipped("ar")[number]
    for one, two in zip(french.blocks, arabic.blocks, strict=True):
        latin = sum(letter.isalpha() and letter < "\u0250" for letter in two.text)
        if len(one.text) > 100:
            assert 0.45 < len(two.text) / len(one.text) < 1.4, two.key
            assert latin < len(two.text) / 3, two.key
        assert figures(one.text) == figures(two.text), two.key


def test_delivered_blocks_are_well_made():
    for language in ("fr", "ar"):
        for chapter in shipped(language).values():
            assert_well_made(chapter.blocks)
