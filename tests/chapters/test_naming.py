"""By what number a person may call a passage: all that the pages show of it."""

import pytest

from consult.chapters import service
from consult.core.errors import Invalid

A2 = "C1-A1-P1-a2"


def called(chapter, typed: str) -> str:
    return service.get_called_block("key", service.newest_revision(chapter.id), typed).key


@pytest.mark.parametrize("typed", [
    A2, "A1-P1-a2", "1.1.2", "c1-a1-p1-A2", " a1-p1-a2 ", "Action 1.1.2", "action 1.1.2", "C1–A1–P1–a2", "A1‑P1‑a2",
    "\u2068C1-A1-P1-a2\u2069", "passage \u2068C1-A1-P1-a2\u2069, version 1", "1.1.2.", "A1 - P1 - a2", "١.١.٢", "الإجراء 1.1.2",
])
def test_a_passage_is_called_by_all_that_is_shown_of_it(chapter, typed):
    assert called(chapter, typed) == A2


@pytest.mark.parametrize(("typed", "key"), [
    ("contexte", "C1-contexte"), ("contexte-§1", "C1-contexte-§1"), ("c1", "C1"), ("1.1", "C1-A1-P1"),
])
def test_so_are_titles_and_paragraphs(chapter, typed, key):
    assert called(chapter, typed) == key


@pytest.mark.parametrize(("typed", "near"), [
    ("A1-P1-a9", "A1-P1-a2"), ("1.1.3", "A1-P1-a1"), ("C1-contxte", "contexte"), ("A1-P1a2", "A1-P1-a2"),
])
def test_one_that_is_unknown_has_its_nearest_named(chapter, typed, near):
    with pytest.raises(Invalid) as refused:
        called(chapter, typed)
    assert near in str(refused.value.remedy)
    assert typed in str(refused.value.message)


@pytest.mark.parametrize("typed", ["", "?", "zzzzzzzz", "\u2068", "x" * 5000])
def test_where_nothing_is_near_it_is_said_where_numbers_stand(chapter, typed):
    with pytest.raises(Invalid) as refused:
        called(chapter, typed)
    assert "beside the passage" in str(refused.value.remedy)
    assert len(str(refused.value.message)) < 200
