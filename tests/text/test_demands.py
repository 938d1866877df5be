"""Where another request seems to begin, against what was read one by one."""

import json
from pathlib import Path

import pytest

from consult.text.demands import list_demands, sentence_starts
from consult.text.quotes import sentences

LABELLED = json.loads((Path(__file__).parent / "demands.json").read_text(encoding="utf-8"))


def test_most_places_are_proposed_and_few_besides():
    """Of forty-three contributions in three languages, seventeen places: what is proposed is looked at by a person in any case."""
    right = wrong = missed = 0
    for said in LABELLED:
        proposed, cuts = set(list_demands(said["body"], said["language"])), set(said["cuts"])
        right, wrong, missed = right + len(proposed & cuts), wrong + len(proposed - cuts), missed + len(cuts - proposed)
    assert (right, wrong, missed) == (14, 6, 3)


def test_what_is_proposed_begins_a_sentence_and_is_never_the_first():
    for said in LABELLED:
        proposed = list_demands(said["body"], said["language"])
        assert set(proposed) <= {begin for begin, _end in sentences(said["body"])} - {0}
        assert proposed == sorted(proposed)


@pytest.mark.parametrize(("language", "text", "begins"), [
    ("fr", "Nous demandons un guichet. Il sera gratuit. Ajouter enfin un registre.", "Ajouter"),
    ("en", "Please publish the list. It is late. Second, begin with calibration.", "Second"),
    ("ar", "نطلب نشر اللائحة. ونقترح فتح شباك.", "ونقترح"),
    ("fr", "- Publier la liste\n- Ouvrir un guichet", "- Ouvrir"),
])
def test_a_cue_of_each_language(language, text, begins):
    assert list_demands(text, language) == [text.index(begins)]


@pytest.mark.parametrize(("language", "text"), [
    ("fr", "Nous demandons un guichet. Il sera gratuit."), ("fr", ""), ("zgh", "Ajouter ceci. Ajouter cela. Ajouter enfin."),
    ("fr", "\u202e\u0000 …"),
])
def test_of_one_request_nothing_is_proposed(language, text):
    assert list_demands(text, language) == []


def test_every_line_and_every_sentence_may_begin_a_request():
    assert sentence_starts("Le premier. Le second.\n\n  - trois\n- quatre") == [0, 12, 26, 34]


def test_a_text_without_end_is_read_at_once():
    for text in ("a" * 10_000, ". " * 5_000, "nous demandons " * 700, "\n \t" * 3_000):
        assert list_demands(text, "fr") is not None
