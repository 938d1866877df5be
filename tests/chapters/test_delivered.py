"""The five chapters as delivered: their size, their mark, and the Arabic text passage by passage."""

import functools
import hashlib
import json
import re
from collections import Counter

import pytest

from consult.chapters.models import BlockKind
from consult.chapters.parsing import parse_file
from consult.core.config import resource_dir
from consult.demonstration import read
from consult.demonstration.revising import revised
from tests.chapters.test_parsing import assert_well_made


@functools.cache
def shipped(language: str):
    """By number: read once, since nobody changes what was read."""
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


# What a reader of the published texts sees, block by block, as it was made when they were first imported.
PUBLISHED = {
    (1, "ar", 1): "7d03a3a14f7d7455", (1, "fr", 1): "236e273f07b1ac2d", (2, "ar", 1): "e381a0ed8b38ff1e", (2, "fr", 1): "6f037484bda0fc18",
    (3, "ar", 1): "6369eec8215efb26", (3, "fr", 1): "517a6ee32fd4f283", (4, "ar", 1): "72e23cd297ad5fa9", (4, "fr", 1): "a903592b2ef49e7b",
    (5, "ar", 1): "db0a8879be0a8fd1", (5, "fr", 1): "bacba740040080b5", (3, "fr", 2): "d606b9b92ee62c34", (3, "ar", 2): "4dca135811686343",
}


def digest(source: str) -> str:
    rows = [[b.key, b.kind, b.level, b.label, b.lead, b.text, b.html, b.opens, b.closes] for b in parse_file(source.encode()).blocks]
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()[:16]


def test_texts_that_are_published_keep_their_blocks_and_keys():
    sources = {(int(path.name[0]), path.suffixes[0][1:]): path.read_text() for path in resource_dir("policy_drafts").glob("*.md")}
    found = {(*place, 1): digest(source) for place, source in sources.items()}
    for row in read("revisions")["revisions"]:
        place = (row["chapter"], row["language"])
        sources[place] = revised(sources[place], row["note"], row["edits"])
        found[*place, 2] = digest(sources[place])
    assert found == PUBLISHED
