"""Words of two languages that stand for each other are learnt from passages that say the same, and from nothing else."""

from consult.chapters import parsing
from consult.core.config import resource_dir
from consult.text import lexicon

TWINS = [
    ("la norme protège le consommateur", "المواصفة تحمي المستهلك"), ("la norme aide le laboratoire", "المواصفة تساعد المختبر"),
    ("le laboratoire mesure", "المختبر يقيس"), ("le consommateur mesure", "المستهلك يقيس"),
]


def test_words_that_always_come_together_stand_for_each_other():
    known = lexicon.learn(TWINS)
    for word, other in (("norme", "مواصف"), ("labor", "مختبر"), ("conso", "مستهل")):
        assert max(known[word], key=known[word].get) == other
        assert known[word][other] == known[other][word]


def test_a_word_of_one_passage_alone_stands_for_nothing():
    known = lexicon.learn(TWINS)
    assert "prote" not in known
    assert "تحمي" not in known


def test_the_order_of_the_passages_changes_nothing():
    forth, back = lexicon.learn(TWINS), lexicon.learn(TWINS[::-1])
    assert forth == back
    assert list(forth) == list(back)


def test_nothing_is_learnt_of_nothing():
    assert lexicon.learn([]) == {}
    assert lexicon.learn([("", ""), ("mesure", "")]) == {}


def test_the_terms_of_the_chapters_find_their_own():
    """Read one by one; ten of the field, of which each chapter has some."""
    twins = []
    for path in sorted(resource_dir("policy_drafts").glob("*.fr.md")):
        texts = [{block.key: block.lead for block in parsing.read_file(one.read_bytes()).blocks}
                 for one in (path, path.with_name(path.name.replace(".fr.", ".ar.")))]
        twins += [(text, texts[1][key]) for key, text in texts[0].items() if key in texts[1]]
    known = lexicon.learn(twins)
    for word, other in (("norme", "مواصف"), ("accre", "اعتما"), ("mesur", "قياس"), ("essai", "اختبا"), ("quali", "جوده"), ("eau", "ماء"),
                        ("sante", "صحه"), ("conso", "مستهل"), ("delai", "اجل"), ("evalu", "تقييم")):
        assert max(known[word], key=known[word].get) == other, word
