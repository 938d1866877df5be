"""Which words are one to whoever looks for them, which are near, and which are not."""

import pytest

from consult.search.service.showing import LONGEST, excerpt
from consult.text.searching import INFLECTED, JOINED, RELATED, SAME, closeness, near_keys_of, sought, stands_in, words_of


@pytest.mark.parametrize(("one", "other"), [
    ("Métrologie", "metrologie"), ("ŒUVRE", "oeuvre"), ("الجَوْدَة", "الجوده"), ("إنشاء", "انشا"), ("أداء", "الأداء"[2:]), ("هيئة", "هيءة"),
    ("مســـؤول", "مسوول"), ("٢٠٣٠", "2030"), ("۲۰۳۰", "2030"), ("أڭادير", "أكادير"), ("ﻻ", "لا"), ("40 000", "40\u202f000"),
])
def test_what_makes_no_difference(one, other):
    if one == "هيئة":  # the seat of its hamza is a letter of its own
        assert sought(one) == sought("هيئه")
    else:
        assert sought(one) == sought(other) != ""


@pytest.mark.parametrize(("one", "other", "near"), [
    ("norme", "normes", INFLECTED), ("national", "nationaux", INFLECTED), ("nationale", "nationales", INFLECTED),
    ("normatif", "normatives", INFLECTED), ("européen", "européennes", INFLECTED), ("travail", "travaux", INFLECTED),
    ("policy", "policies", INFLECTED), ("laboratory", "laboratories", INFLECTED), ("testing", "tests", INFLECTED),
    ("premier", "première", INFLECTED), ("directeur", "directrice", INFLECTED), ("bureau", "bureaux", INFLECTED),
    ("مواصفة", "المواصفات", INFLECTED), ("وطني", "الوطنية", INFLECTED), ("مختبر", "والمختبرات", INFLECTED), ("جودة", "بالجودة", INFLECTED),
    ("جودة", "وجودة", JOINED), ("تعزيز", "لتعزيز", JOINED),
    ("معيار", "المعايير", RELATED), ("قانون", "القوانين", RELATED), ("مشروع", "مشاريع", RELATED), ("جهاز", "الأجهزة", RELATED),
    ("certifier", "certification", RELATED), ("étalon", "étalonnage", RELATED),
    ("accréditer", "accreditation", RELATED), ("métrologie", "metrology", INFLECTED),
    ("norme", "normalisation", 0), ("marché", "marchandise", 0), ("compétence", "compétitivité", 0), ("جودة", "وطنية", 0),
])
def test_how_near_two_words_are(one, other, near):
    one, other = sought(one), sought(other)
    assert closeness(one, other) == closeness(other, one) == near
    assert closeness(one, one) == SAME


def test_a_misspelling_shares_a_key_with_its_word():
    for typed in ("metrolgie", "metrologei", "mtrologie", "metrrologie", "netrologie"):
        assert not set(near_keys_of(typed)).isdisjoint(near_keys_of("metrologie"))
    assert near_keys_of("iso") == near_keys_of("16.1.3") == near_keys_of("x" * 30) == []


def test_a_phrase_stands_word_by_word():
    words = words_of("Avant l’enquête publique, la commission d'étude se réunit.")
    assert stands_in(["enquete", "publique"], words)
    assert not stands_in(["publique", "enquete"], words)
    assert not stands_in(["enquete", "commission"], words)
    assert stands_in(words_of("المختبر الوطني"), words_of("يقوم مختبر الوطني")), "before the first word the article makes no difference"


def test_an_excerpt_is_the_text_itself_with_the_words_marked():
    text = "Rien ici. " * 40 + "La métrologie <b>légale</b> protège l’acheteur. " + "Encore rien. " * 40
    pieces = excerpt(text, {"metrologie": 1.0, "legale": 2.0})
    assert [piece.text for piece in pieces if piece.is_marked] == ["métrologie", "légale"]
    assert "".join(piece.text for piece in pieces).strip("… ") in text
    assert sum(len(piece.text) for piece in pieces) <= LONGEST + 4
    assert excerpt("", {}) == []
    assert [piece.is_marked for piece in excerpt("mot" * 500, {"x": 1.0})][0] is False
