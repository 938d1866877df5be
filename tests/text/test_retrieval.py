"""Texts that speak of the same are found by the words that few others use."""

from consult.text import retrieval
from consult.text.retrieval import Sought

TEXTS = {
    "near": "Le prix de l’abonnement des coopératives est trop élevé.", "far": "Les compteurs d’eau sont vérifiés trop rarement.",
    "other": "كلفة اشتراك التعاونيات مرتفعة", "empty": "",
}
LEXICON = {"abonn": {"اشترا": 0.9}, "coope": {"تعاون": 0.8}}


def scores(text, lexicon=LEXICON):
    bags = {name: retrieval.bag(one) for name, one in TEXTS.items()}
    weights = retrieval.weigh(bags.values(), len(bags), {})
    return {name: retrieval.score(Sought(text, lexicon, "fr", {"les"}), one, weights, 8.0) for name, one in bags.items()}


def test_what_speaks_of_the_same_comes_first_then_what_does_in_another_language():
    found = scores("Un abonnement pour les coopératives, à moindre prix")
    assert found["near"] > found["other"] > 0
    assert found["far"] == found["empty"] == 0
    assert scores("Un abonnement pour les coopératives", {})["other"] == 0, "by the lexicon alone"


def test_what_is_said_to_be_shared_is_written_as_in_the_text_that_asks():
    bag = retrieval.bag(TEXTS["other"])
    sought = Sought("L’Abonnement des COOPÉRATIVES", LEXICON, "fr")
    assert {one.written for one in sought.words_shared(bag, {"اشترا": 2.0, "تعاون": 1.0})} == {"Abonnement", "COOPÉRATIVES"}
    assert [one.written for one in sought.words_shared(bag, {"اشترا": 2.0, "تعاون": 1.0})] == ["Abonnement", "COOPÉRATIVES"]


def test_a_word_that_all_have_weighs_least_and_never_less_than_nothing():
    weights = retrieval.weigh([{"norme", "eau"}, {"norme"}, {"norme", "sel"}], 3, {"sel": 3})
    assert 0 <= weights["norme"] == weights["sel"] < weights["eau"]


def test_signs_alone_are_no_words():
    assert not retrieval.bag("… — ! 🙂")
    assert retrieval.bag("l’eau, 300 dh")["300"] == 1
    found = Sought("…", LEXICON, "fr")
    assert retrieval.score(found, retrieval.bag("…"), {}, 0.0) == 0
