"""Signs that are no text, at the door of the chapters."""

import pytest

from consult.chapters.parsing import read_file
from consult.core.errors import Invalid
from tests import factories


def read(words: str):
    return read_file(factories.markdown().replace("la liste des étalons nationaux.", f"la liste {words}.").encode())


def test_bullets_of_word_are_what_their_author_saw():
    parsed = read("\uf0b7 un \uf0e0 deux")
    assert any("• un → deux" in block.text for block in parsed.blocks)
    assert parsed.problems == []


@pytest.mark.parametrize("sign", ["\ue000", "\uf0ff", "\U000f0001", "\U0010fffd"])
def test_a_sign_of_one_typeface_is_told_with_its_place_before_publishing(sign):
    (problem,) = read(f"et {sign}").problems
    assert "one typeface alone has" in str(problem.message)
    assert f"U+{ord(sign):04X}" in str(problem.message)
    assert problem.line == 28
    assert problem.blocks


def test_signs_of_every_script_are_no_problem():
    assert read("👩🏽\u200d🔬 ⵣ 中 𝐠").problems == []


@pytest.mark.parametrize("sign", ["\x01", "\x7f", "\ufffe"])
def test_controls_are_refused(sign):
    with pytest.raises(Invalid, match="control character"):
        read(sign)
