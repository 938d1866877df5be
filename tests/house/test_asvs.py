"""`docs/asvs.md` speaks of each requirement of OWASP ASVS 5.0 up to level 2, once, and of tests that are there."""

import re
from collections import Counter

from tests.house.source import ROOT

TEXT = (ROOT / "docs" / "asvs.md").read_text("utf-8")
LINE = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| (met|not applicable|open) \| (.+) \|$", re.MULTILINE)
PLACE = re.compile(r"`((?:tests|docs|static)/[^`:]+)(?:::(\w+))?`")
ASKED = [tuple(line.split()) for line in (ROOT / "tests" / "house" / "asvs.txt").read_text().splitlines()]


def test_each_requirement_has_one_line():
    """70 of the first level, 183 of the second: as many as the standard counts."""
    assert Counter(level for _number, level in ASKED) == {"1": 70, "2": 183}
    assert [(number, level) for number, level, _state, _words in LINE.findall(TEXT)] == ASKED


def test_what_is_met_names_what_holds_it_and_what_is_not_says_why():
    lines = LINE.findall(TEXT)
    assert [number for number, _level, state, words in lines if state == "met" and not PLACE.search(words)] == []
    assert [number for number, _level, state, words in lines if state != "met" and len(words) < 6] == []


def test_what_is_named_is_there():
    missing = [place for place, name in PLACE.findall(TEXT)
               if not (ROOT / place).is_file() or name and f"def {name}(" not in (ROOT / place).read_text("utf-8")]
    assert missing == []


def test_the_numbers_are_counted():
    counted = Counter(state for _number, _level, state, _words in LINE.findall(TEXT))
    assert f"{counted['met']} met, {counted['not applicable']} not applicable, {counted['open']} open, of {sum(counted.values())}." in TEXT
