import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.text import redline as module
from consult.text.redline import Work, redline

WORDS = st.lists(st.sampled_from(["qualité", "الجودة", "l’axe", " ", ", ", "norme", "\n", "وَطَنِيَّة", "١٢", "😀"]), max_size=40).map("".join)


def halves(segments):
    return ("".join(t for op, t in segments if op != "insert"), "".join(t for op, t in segments if op != "delete"))


@given(WORDS | st.text(), WORDS | st.text())
def test_both_texts_come_back_whole(old, new):
    segments = redline(old, new)
    assert halves(segments) == (old, new)
    assert all(text for _op, text in segments)


def test_whole_words_change():
    assert redline("Publier la liste des étalons.", "Publier la carte des étalons.") == [
        ("equal", "Publier la "), ("delete", "liste"), ("insert", "carte"), ("equal", " des étalons."),
    ]


def test_an_arabic_word_keeps_its_vowel_signs():
    segments = redline("السياسة الوَطنية للجودة", "السياسة الوطنية للجودة")
    assert segments == [("equal", "السياسة "), ("delete", "الوَطنية"), ("insert", "الوطنية"), ("equal", " للجودة")]


def test_the_same_text_is_one_segment():
    assert redline("Même texte", "Même texte") == [("equal", "Même texte")]
    assert redline("", "") == []


@pytest.mark.slow
def test_hostile_lengths_stay_bounded_and_whole():
    old, new = ". ; " * 1500, "x , " * 1500
    assert halves(redline(old, new)) == (old, new)


def test_texts_beyond_the_bound_keep_their_common_ends(monkeypatch):
    monkeypatch.setattr(module, "MAX_WORK", 1)
    assert redline("a b c d", "a x y d") == [("equal", "a "), ("delete", "b c"), ("insert", "x y"), ("equal", " d")]


def test_a_number_with_points_is_one_word():
    assert redline("Action 16.1.3 — Faire", "Action 15.3.3 — Faire") == [
        ("equal", "Action "), ("delete", "16.1.3"), ("insert", "15.3.3"), ("equal", " — Faire")]


def test_the_redlines_of_a_page_share_what_they_may_take(monkeypatch):
    monkeypatch.setattr("consult.text.redline.MAX_WORK_TOGETHER", 100)
    work = Work()
    exact = [("delete", "a"), ("insert", "x"), ("equal", " b "), ("delete", "c"), ("insert", "y")]
    assert [redline("a b c", "x b y", work) for _time in range(4)] == [exact] * 4
    assert redline("a b c", "x b y", work) == [("delete", "a b c"), ("insert", "x b y")]
    assert redline("a b c", "x b y") == exact


def test_what_one_page_shows_shares_it_and_the_next_page_has_its_own(monkeypatch):
    monkeypatch.setattr(module, "MAX_WORK_AT_ONCE", 25)
    exact, coarse = redline("a b c", "x b y"), [("delete", "a b c"), ("insert", "x b y")]
    for _page in range(2):
        module.begin_page()
        try:
            assert [redline("a b c", "x b y") for _time in range(2)] == [exact, coarse]
        finally:
            module.end_page()
    assert [redline("a b c", "x b y") for _time in range(2)] == [exact] * 2


def test_what_two_texts_have_in_common_at_their_ends_takes_nothing(monkeypatch):
    monkeypatch.setattr(module, "MAX_WORK_TOGETHER", 1)
    many = "mot " * 1000
    segments = redline(f"{many}a {many}", f"{many}b {many}", Work())
    assert segments == [("equal", many), ("delete", "a"), ("insert", "b"), ("equal", f" {many}")]
