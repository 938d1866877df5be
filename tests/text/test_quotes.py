"""Quoted words are found where their reader took them: as copied, as typed, in French, Arabic and English."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from consult.text.quotes import Found, Quote, as_pasted, at, find, find_close, fold, sentences, standing_between
from tests.benchmarks.searching import EVERYWHERE, FRENCH, shuffled
from tests.counting import steps

ARABIC = "ينشر المعهد، قبل 31 مارس، لائحة الأصناف الوطنية؛ وتراجع اللجنة العملَ المشتركَ إلى غاية نهاية السنة."


def found(text, exact, prefix="", suffix=""):
    return [text[place.start:place.end] for place in find(text, Quote(exact, prefix, suffix))]


@pytest.mark.parametrize(("text", "typed", "meant"), [
    (FRENCH, "la liste des étalons nationaux", "la liste des étalons nationaux"),
    (FRENCH, "LA LISTE DES ETALONS", "la liste des étalons"),
    (FRENCH, "L'Institut publie", "L’Institut publie"),
    (FRENCH, "étalons\u00a0nationaux\u202f; l'oeuvre", "étalons nationaux ; l’œuvre"),
    (FRENCH, "l´OEUVRE", "l’œuvre"),
    (FRENCH, "la\n  liste\tdes", "la liste des"),
    (FRENCH, "e\u0301talons", "étalons"),
    ("Une de\u0301cision", "décision", "de\u0301cision"),
    ("Un coefﬁcient ﬁxe", "coefficient fixe", "coefﬁcient ﬁxe"),
    ("Straße", "STRASSE", "Straße"),
    ("the co‑operation of laboratories — all of them", "co-operation of laboratories - all", "co‑operation of laboratories — all"),
    (ARABIC, "العمل المشترك", "العملَ المشتركَ"),
    (ARABIC, "الْأَصْنَافِ", "الأصناف"),
    (ARABIC, "الاصناف الوطنيه", "الأصناف الوطنية"),
    (ARABIC, "الى غايه", "إلى غاية"),
    (ARABIC, "المعـــهد", "المعهد"),
    (ARABIC, "ﺍﻟﻤﻌﻬﺪ", "المعهد"),
    ("عمل لا ينتهي", "ﻻ ينتهي", "لا ينتهي"),
    ("Merci 👨‍👩‍👧 à tous ✔️ oui", "👨‍👩‍👧 à tous ✔", "👨‍👩‍👧 à tous ✔️"),
    ("« Qualité » : un mot…", "un mot...", "un mot…"),
    ("a.b*c[d] (e)+ $^ \\w", "*c[d] (e)+ $^ \\w", "*c[d] (e)+ $^ \\w"),
])
def test_words_are_found_however_they_are_written(text, typed, meant):
    assert found(text, typed) == [meant]


@pytest.mark.parametrize("exact", ["", " ", "\u200f", "\u064e\u0651", "absent", ".*", "[a-z]+", "(?:)"])
def test_what_is_not_there_is_not_found(exact):
    assert find(FRENCH, Quote(exact)) == []
    assert find("", Quote(exact)) == []


TWICE = "Le laboratoire pilote la liste, et la commission relit la liste avant la fin."


@pytest.mark.parametrize(("sentence", "words"), [
    ("Les laboratoires publient la liste nationale.", "la liste nationale."),
    ("تنشر المختبرات كل سنة لائحة الأصناف الوطنية.", "الأصناف الوطنية."),
])
def test_of_words_repeated_with_all_that_is_around_them_the_ends_are_told_apart(sentence, words):
    text = " ".join([sentence] * 4)
    first, last = text.index(words), text.rindex(words)
    (place, *_others) = find(text, at(text, last, len(text)))
    assert place.start == last
    assert place.confidence >= 0.95
    opening = text[:12]
    (place, *_others) = find(text + " Fin.", Quote(opening, "", text[12:12 + 32]))
    assert place.start == 0
    assert place.confidence >= 0.95
    assert first < last


def test_the_context_tells_one_place_from_another():
    second = TWICE.rindex("la liste")
    assert find(TWICE, at(TWICE, second, second + 8)) == [Found(second, second + 8, 1.0, 1.0)]
    changed = find(TWICE, Quote("la liste", "la commission relira ", " avant la fin"))
    assert (changed[0].start, len(changed)) == (second, 2)
    assert changed[0].confidence > changed[1].confidence


def test_without_context_nothing_is_sure_of_two_places():
    assert [place.confidence for place in find(TWICE, Quote("la liste"))] == [0.6, 0.6]


def test_typed_words_are_whole_words_first_and_as_they_are_written():
    assert found("Cette attestation est testée", "est") == ["est"]
    assert found("La norme suit la norme", "la norme") == ["la norme"]
    assert found("attestations", "test") == ["test"]


def test_a_context_that_was_typed_over_is_left():
    assert standing_between(TWICE, Quote("la fin", "relit ", " avant")) == Quote("la fin")
    kept = Quote("la liste", "pilote ", ", et")
    assert standing_between(TWICE, kept) == kept


@pytest.mark.parametrize(("pasted", "meant"), [
    ("« la liste »", "la liste"),
    ("“la liste…”", "la liste"), ("la norme1 de 20262.", "la norme de 20262."), ("des essais.12", "des essais."),
    ("ISO 9001 et 17025", "ISO 9001 et 17025"), ("القائمة3 الوطنية", "القائمة الوطنية"),
])
def test_what_copying_adds_is_taken_off(pasted, meant):
    assert meant in list(as_pasted(pasted))


# In a text that was rewritten


@pytest.mark.parametrize(("text", "quoted", "now"), [
    ("Publier tous les ans la liste complète des étalons nationaux.", "la liste des étalons", "la liste complète des étalons"),
    ("Publier la liste des étalons.", "la liste complète des étalons", "la liste des étalons"),
    ("L’Institut publiera une liste des étalons.", "publie la liste des étalons", "publiera une liste des étalons"),
    ("ينشر المعهد لائحة مفصلة للأصناف الوطنية كل سنة.", "لائحة الأصناف الوطنية", "لائحة مفصلة للأصناف الوطنية"),
    ("Former les techniciens.", "la liste des étalons", None),
    ("تكوين التقنيين في المختبرات.", "لائحة الأصناف الوطنية", None),
    ("", "la liste des étalons", None),
    ("la liste", "la", None),
])
def test_words_that_changed_a_little_are_found_whole(text, quoted, now):
    place = find_close(text, Quote(quoted))
    assert (place and text[place.start:place.end].rstrip(".")) == now
    assert place is None or place.confidence <= 0.9


# Whatever the text

LETTERS = "abcéœÉ ’'-. \u00a0\u0301\u0651\u064eابةىأإﻻـ،؛👩‍🔧️\u200f\n"
texts = st.text(alphabet=LETTERS, min_size=1, max_size=120)


@given(texts, st.data())
@example("œuvre de l’œuvre", None)
def test_any_slice_is_found_again_at_its_very_place(text, data):
    start, end = (9, 12) if data is None else sorted((data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))))
    quote = at(text, start, end)
    assume(fold(quote.exact).text.strip())
    whole = quote.prefix + quote.exact + quote.suffix
    assume(text.find(whole, text.find(whole) + 1) < 0)
    best = find(text, quote)[0]
    assert (best.start, best.end) == (start, end)
    assert best.confidence == 1


@given(texts, texts, texts)
def test_words_stay_found_when_others_come_around_them(before, words, after):
    assume(fold(words).text.strip())
    text = f"{before} {words} {after}"
    assert any(fold(text[place.start:place.end]).text.strip() == fold(words).text.strip() for place in find(text, Quote(words)))


@given(texts, texts)
def test_places_lie_inside_of_the_text(text, words):
    for place in [*find(text, Quote(words)), *filter(None, [find_close(text, Quote(words))])]:
        assert 0 <= place.start < place.end <= len(text)


# Effort


def effort(text: str, quote: Quote) -> int:
    fold.cache_clear()
    return steps(lambda: find(text, quote))


@pytest.mark.parametrize("text", [FRENCH, ARABIC], ids=["fr", "ar"])
def test_a_long_text_is_not_searched_letter_by_letter(text):
    long = shuffled(text)
    near = at(long, 50_000, 50_060)
    for quote in (near, Quote(near.exact.upper())):
        assert effort(long, quote) < 1_000


def test_a_letter_that_stands_everywhere_is_no_burden():
    for quote in (Quote("e", "b c d", "f g h"), Quote("e")):
        effort(EVERYWHERE, quote)
        assert effort(EVERYWHERE * 2, quote) == effort(EVERYWHERE, quote)


# Sentences


def said(text, lead=""):
    return [text[start:end] for start, end in sentences(text, lead)]


@pytest.mark.parametrize(("text", "parts"), [
    ("Un plan est publié. Il est revu chaque année ! Qui le revoit ?",
     ["Un plan est publié.", "Il est revu chaque année !", "Qui le revoit ?"]),
    ("Selon l’art. 5 de la loi n° 12-06, M. Alami préside. Fin.", ["Selon l’art. 5 de la loi n° 12-06, M. Alami préside.", "Fin."]),
    ("Il dit : « C’est fait. » Puis il part.", ["Il dit : « C’est fait. »", "Puis il part."]),
    ("The list (cf. annex 2) costs 3.5 million. It is kept.", ["The list (cf. annex 2) costs 3.5 million.", "It is kept."]),
    ("تنشر اللائحة كل سنة. من يراجعها؟ تراجعها اللجنة!", ["تنشر اللائحة كل سنة.", "من يراجعها؟", "تراجعها اللجنة!"]),
    ("1. Titre court", ["1. Titre court"]),
    ("Mots sans point", ["Mots sans point"]),
    ("", []),
])
def test_sentences_end_where_they_end(text, parts):
    assert said(text) == parts


def test_an_action_gives_its_sentences_then_its_facts():
    lead = "Publier la liste. La tenir à jour."
    text = f"Action 1.1.1 — {lead} Pilote : LNM · Échéance : 2027 · Indicateur : une liste"
    assert said(text, lead) == ["Publier la liste.", "La tenir à jour.", "Pilote : LNM", "Échéance : 2027", "Indicateur : une liste"]


def test_long_sentences_are_cut_at_half_stops():
    halves = [f"le point numéro {n} que la commission entend traiter avec soin ;" for n in range(8)]
    assert said(" ".join(halves)) == halves


@given(st.text(max_size=300))
def test_sentences_are_pieces_of_the_text_in_order(text):
    places = sentences(text)
    assert all(0 <= start < end <= len(text) and text[start:end].strip() == text[start:end] for start, end in places)
    assert all(before[1] <= after[0] for before, after in zip(places, places[1:], strict=False))
