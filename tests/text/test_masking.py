"""Words that are taken out of a text: whole ones, wherever they stand."""

import pytest

from consult.text.masking import mark_in, masked, places_of


def without(phrase: str, text: str, language: str = "fr") -> str:
    return masked(text, places_of(phrase, text), mark_in(language))


@pytest.mark.parametrize(("phrase", "text", "shown"), [
    ("Ali", "La qualité et l'alignement sont d’Ali (ali@x.ma).",
     "La qualité et l'alignement sont d’[passage occulté] ([passage occulté]@x.ma)."),
    ("driss  ALAOUI", "Driss\nAlaoui, Driss Alaouite", "[passage occulté], Driss Alaouite"),
    ("06 12", "06 12 34, 206 12 et 06 123", "[passage occulté] 34, 206 12 et 06 123"),
    ("(à vérifier)", "Un nom(à vérifier)là", "Un nom[passage occulté]là"),
    ("e", "elle e", "elle [passage occulté]"),
    ("José", "José et Jose\u0301e", "[passage occulté] et Jose\u0301e"),
])
def test_a_name_is_hidden_where_it_is_a_word(phrase, text, shown):
    assert without(phrase, text) == shown


def test_arabic_writes_small_words_before_it():
    assert without("إدريس", "قال إدريس وإدريس وبإدريس لإدريس والإدريسي", "ar") == (
        "قال [مقطع محجوب] و[مقطع محجوب] وب[مقطع محجوب] ل[مقطع محجوب] والإدريسي")
