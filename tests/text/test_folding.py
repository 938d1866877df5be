"""What says the same in nearly the same words is one; what turns it, quotes the chapter or only resembles it is not."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consult.text.analysing import argument_words, placed_words
from consult.text.folding import Folding, Said, own_words
from consult.text.turns import changes
from tests.benchmarks import folding as bench

CORE = ("Notre laboratoire demande que les frais d’évaluation soient réduits de moitié pour les petites structures. "
        "Le délai de 12 mois prévu par le texte est trop court. Nous proposons d’échelonner les paiements jusqu’en mars 2028.")
ARABIC = ("يطلب مختبرنا تخفيض مصاريف التقييم بالنسبة للبنيات الصغيرة. الأجل المحدد في 12 شهرا قصير جدا بالنسبة لنا. "
          "نقترح تقسيط الأداء إلى غاية مارس 2028 حسب حجم المؤسسة.")
CHAPTER = "Chaque organisme notifié publie, avant le 31 mars de chaque année, la liste des certificats délivrés, suspendus ou retirés."


def folded(*texts, background=(), **over):
    """Whether the last of them is in the group of the first."""
    folding = Folding(background)
    groups = [folding.add(Said(str(number), text, **over) if isinstance(text, str) else text) for number, text in enumerate(texts)]
    return groups[-1] is groups[0], folding


@pytest.mark.parametrize("text", [
    CORE, CORE.upper(), CORE.replace("é", "e").replace("’", "'"), f"Madame, Monsieur,\n{CORE}\nVeuillez agréer nos salutations.\nA. Tazi",
    "Le délai de 12 mois prévu par le texte est trop court. " + CORE.replace("Le délai de 12 mois prévu par le texte est trop court. ", ""),
    f"{CORE} {CORE}", CORE.replace("Le délai de 12 mois prévu par le texte est trop court. ", ""), CORE.replace("laboratoire", "atelier"),
    f"{CORE} Je dirige depuis 1998 un atelier de quinze personnes à Safi.", f"{CORE} Voir https://exemple.ma/p?a=1 et PNQ-C2-0042.",
], ids=["exact", "case", "accents", "greeting", "moved", "repeated", "less", "a word", "added", "addresses"])
def test_the_same_in_nearly_the_same_words_is_one(text):
    assert folded(CORE, text)[0]


@pytest.mark.parametrize("text", [ARABIC, ARABIC.replace("12", "١٢"), ARABIC.replace("يطلب", "يَطْلُبُ").replace("أ", "ا"),
                                  f"السلام عليكم،\n{ARABIC}\nمع فائق التقدير،\nأحمد"])
def test_so_it_is_in_arabic(text):
    assert folded(ARABIC, text)[0]


@pytest.mark.parametrize(("text", "words"), [
    (CORE.replace("12 mois", "18 mois"), {"18", "12"}), (CORE.replace("2028", "2030"), {"2030", "2028"}),
    (CORE.replace("mars", "juin"), {"juin", "mars"}), (CORE.replace("demande que", "ne demande pas que"), {"ne", "pas"}),
    (CORE.replace("de moitié", "d’un tiers"), {"tiers", "moitie"}),
    (CORE.replace("jusqu’en mars 2028", "sans terme"), {"sans", "mars", "2028"}),
])
def test_a_figure_a_date_or_a_negation_that_differs_keeps_it_apart_and_is_told(text, words):
    is_one, folding = folded(CORE, text)
    assert not is_one
    assert folding.links[0].kept_apart == "turn"
    assert set(folding.links[0].turns) == words


def test_in_arabic_and_english_as_well():
    assert not folded(ARABIC, ARABIC.replace("نقترح", "لا نقترح"))[0]
    english = "We ask that the fee for small laboratories be reduced by half, and that payment be spread over the accreditation cycle."
    assert folded(english, english.replace("small", "rural"))[0]
    assert not folded(english, english.replace("We ask", "We do not ask"))[0]


def test_another_position_or_wording_keeps_it_apart():
    other = Said("1", CORE, position="in_favour")
    is_one, folding = folded(Said("0", CORE, position="opposed"), other)
    assert (is_one, folding.links[0].kept_apart) == (False, "position")
    is_one, folding = folded(Said("0", CORE, replacement="Dans les deux ans."), Said("1", CORE, replacement="Dans les trois ans."))
    assert (is_one, folding.links[0].kept_apart) == (False, "wording")
    assert folded(Said("0", CORE, replacement="Dans les DEUX ans"), Said("1", CORE, replacement="dans les deux ans."))[0]


def test_a_few_words_speak_of_where_they_stand():
    assert folded(Said("0", "Tout à fait d’accord.", place="a"), Said("1", "tout a fait d'accord !", place="a"))[0]
    is_one, folding = folded(Said("0", "Tout à fait d’accord.", place="a"), Said("1", "Tout à fait d’accord.", place="b"))
    assert (is_one, folding.links[0].kept_apart) == (False, "place")
    assert folded(Said("0", CORE, place="a"), Said("1", CORE, place="b"))[0]


def test_who_quotes_the_chapter_resembles_nobody():
    texts = [f"« {CHAPTER} » Oui.", f"« {CHAPTER} » C’est bien vu.", f"« {CHAPTER} » Oui."]
    is_one, folding = folded(*texts, background=[CHAPTER])
    assert not is_one
    assert folding.links == []
    assert folded(f"« {CHAPTER} » {CORE}", CORE, background=[CHAPTER])[0]


def test_a_text_that_pastes_two_does_not_weld_them():
    one, two = CORE, CORE.replace("laboratoire", "commerce")[::-1]
    other = " ".join(random.Random(1).sample(two.split(), len(two.split())))  # noqa: S311 - a text, no secret
    folding = Folding()
    groups = [folding.add(Said(str(number), text)) for number, text in enumerate([one, other, f"{one} {other}", one, other])]
    assert groups[0] is groups[3]
    assert groups[1] is groups[4]
    assert groups[0] is not groups[1]


def test_looser_resemblance_is_a_candidate():
    longer = " ".join(bench.Maker("fr", random.Random(3)).draw(9))  # noqa: S311 - a text, no secret
    is_one, folding = folded(CORE, f"{longer} {CORE} {longer}")
    assert not is_one
    assert [(link.id, link.other, link.kept_apart) for link in folding.links] == [("1", "0", "")]


def test_ones_own_words_are_those_that_the_core_has_not():
    text = f"Bonjour,\n{CORE.replace('laboratoire', 'atelier')} Nos clients du Souss attendent."
    assert [text[start:end] for start, end in own_words(text, CORE)] == ["atelier", "Nos", "clients", "du", "Souss", "attendent"]
    assert own_words(CORE.upper(), CORE) == []
    assert own_words(f"{CORE}\nCordialement,\nA. Tazi", CORE) == []


def test_what_makes_no_difference():
    assert argument_words("L’ÉTÉ 15 000 dirhams, 3,5 %") == ["l", "ete", "15000", "dirhams", "3.5"]
    assert argument_words("١٥٠ مُخْتَبَرًا") == argument_words("150 مختبرا")
    assert argument_words("Cordialement") == ["cordialement"], "all that somebody says is never a farewell"
    assert argument_words("") == argument_words("… ! 🙂") == []
    assert argument_words("Bonjour,\nOui.\nCordialement,\nA. B.") == ["oui"]


@given(st.lists(st.sampled_from(["oui", "non", "la norme", "12", "trois", "ne", "pas", "coûte", "لا", "المختبر", ".", "\n"]), max_size=40),
       st.lists(st.sampled_from(["oui", "non", "la norme", "12", "trois", "ne", "pas", "coûte", "لا", "المختبر", ".", "\n"]), max_size=40))
def test_no_word_is_lost_in_the_changes(one, other):
    own, theirs = argument_words(" ".join(one)), argument_words(" ".join(other))
    for change in changes(own, theirs):
        assert change.own == [own[place] for place in change.own_places]
        assert set(change.theirs) <= set(theirs)
    assert changes(own, own) == [] or len(own) < 3
    if not set(own) & set(theirs):
        assert [word for change in changes(own, theirs) for word in change.own] == own


@given(st.text(max_size=300))
def test_anything_is_analysed_and_placed(text):
    placed = placed_words(text)
    assert [word.folded for word in placed] == argument_words(text) or not placed
    for word in placed:
        assert text[word.start:word.end]
    assert folded(text, text)[1].group_of["1"] in (0, 1)


@settings(max_examples=5)
@given(st.integers(0, 5))
def test_one_more_renames_and_moves_nothing(seed):
    told, chapters = bench.cases(seed)
    told = told[::7]
    folding = Folding(chapters)
    before: dict[str, int] = {}
    for case in told:
        folding.add(case.said)
        assert {key: folding.group_of[key] for key in before} == before
        before = dict(folding.group_of)


@pytest.mark.parametrize("seed", [11, 12])
def test_campaigns_are_folded_as_they_should_be(seed):
    """As the bench measures it, on other seeds."""
    (_title, _head, rows), (_whole, _none, wholes) = bench.sections(seed)
    by_kind = {kind: (float(folded_), float(found)) for kind, _number, folded_, found in rows}
    figures = dict(wholes)
    assert float(figures["precision of folds (aim 0.99)"]) >= 0.99
    assert float(figures["recall of folds (aim 0.95)"]) >= 0.95
    assert float(figures["precision of words of one's own (aim 0.98)"]) >= 0.98
    assert float(figures["recall of words of one's own (aim 0.98)"]) >= 0.98
    assert by_kind["quotes the chapter"] == (0, 0)
    for kind in ("date", "figure", "position"):
        assert by_kind[f"trap: {kind}"][0] == 0
    assert by_kind["trap: negation"][0] <= 0.03, "one that is put beside another of the same words"
    assert by_kind["a paragraph within another text"][1] >= 0.8
    assert by_kind["four times added"][1] >= 0.95
