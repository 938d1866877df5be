"""What became of each block of a text: the rules in words, in three languages, and what holds for any text."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consult.chapters.aligning import SURE, Link, align
from consult.chapters.models import BlockFate, BlockKind
from tests.benchmarks import anchors, edits
from tests.benchmarks.judging import GOING_ON
from tests.material import material_or_skip

HEADING, PARAGRAPH, ACTION, LIST, ROW = BlockKind.HEADING, BlockKind.PARAGRAPH, BlockKind.ACTION, BlockKind.LIST, BlockKind.ROW


@dataclass
class Line:
    text: str
    kind: BlockKind = PARAGRAPH
    key: str = ""
    label: str = ""


def lines(*texts: str) -> list[Line]:
    return [Line(text) for text in texts]


def became(links: list[Link], old: int) -> list[tuple[BlockFate, int | None]]:
    return [(link.change, link.new) for link in links if link.old == old]


def link_of(links: list[Link], old: int) -> Link:
    return next(link for link in links if link.old == old)


BEFORE = "Les laboratoires tiennent à jour la liste de leurs portées accréditées."
AFTER = "La commission rend compte chaque année devant le conseil supérieur."
# One sentence, and what an author may make of it, in each language.
REWORDED = {
    "fr": ("Le ministère publie avant la fin de 2027 la liste des produits soumis à un contrôle obligatoire.",
           "Le ministère chargé de l’industrie publie, avant fin 2028, la liste de tous les produits soumis à contrôle obligatoire."),
    "en": ("The ministry publishes before the end of 2027 the list of products that are subject to mandatory inspection.",
           "Before the end of 2028 the ministry of industry publishes a list of all products subject to mandatory inspections."),
    "ar": ("تنشر الوزارة قبل نهاية سنة 2027 لائحة المنتوجات الخاضعة للمراقبة الإجبارية.",
           "تنشر وزارة الصناعة قبل متم سنة 2028 لائحة بجميع المنتوجات الخاضعة لمراقبة إجبارية."),
}
TWO_SENTENCES = {
    "fr": ("Chaque région ouvre un guichet où les petites entreprises déposent leurs échantillons.",
           "Un transporteur les conduit sous deux jours au laboratoire compétent le plus proche."),
    "en": ("Each region opens a desk where small firms leave their samples for testing.",
           "A carrier takes them within two days to the nearest competent laboratory."),
    "ar": ("تفتح كل جهة شباكا تودع فيه المقاولات الصغرى عيناتها قصد التجريب.",
           "وينقلها ناقل في أجل يومين إلى أقرب مختبر مؤهل ومعتمد في المجال."),
}
LANGUAGES = pytest.mark.parametrize("language", ["fr", "en", "ar"])


# Rules


@LANGUAGES
def test_reworded_in_its_place_is_changed(language):
    old, new = REWORDED[language]
    links = align(lines(BEFORE, old, AFTER), lines(BEFORE, new, AFTER))
    assert became(links, 1) == [(BlockFate.CHANGED, 1)]


@LANGUAGES
def test_moved_and_reworded_is_changed_and_has_moved(language):
    old, new = REWORDED[language]
    more = lines("Un décret fixe les tarifs des essais.", "Les contrôleurs suivent une formation commune de six mois.")
    link = link_of(align([*lines(BEFORE, old, AFTER), *more], [*lines(BEFORE, AFTER), *more, Line(new)]), 1)
    assert (link.change, link.new, link.has_moved) == (BlockFate.CHANGED, 4, True)


@LANGUAGES
def test_cut_at_a_sentence_is_split(language):
    first, second = TWO_SENTENCES[language]
    links = align(lines(BEFORE, f"{first} {second}", AFTER), lines(BEFORE, first, second, AFTER))
    assert became(links, 1) == [(BlockFate.SPLIT, 1), (BlockFate.SPLIT, 2)]


@LANGUAGES
def test_two_joined_are_merged(language):
    first, second = TWO_SENTENCES[language]
    links = align(lines(BEFORE, first, second, AFTER), lines(BEFORE, f"{first} {second}", AFTER))
    assert became(links, 1) == became(links, 2) == [(BlockFate.MERGED, 1)]
    assert min(link_of(links, 1).confidence, link_of(links, 2).confidence) >= SURE


@LANGUAGES
def test_another_subject_in_the_same_place_is_deleted_and_new_and_a_person_decides(language):
    old, other = REWORDED[language][0], TWO_SENTENCES[language][0]
    links = align(lines(BEFORE, old, AFTER), lines(BEFORE, other, AFTER))
    assert became(links, 1) == [(BlockFate.DELETED, None)]
    assert link_of(links, 1).confidence < SURE


def test_what_is_gone_without_a_successor_is_surely_deleted():
    link = link_of(align(lines(BEFORE, REWORDED["fr"][0], AFTER), lines(BEFORE, AFTER)), 1)
    assert (link.change, link.confidence) == (BlockFate.DELETED, 1.0)


def test_a_translation_is_no_continuation():
    links = align(lines(BEFORE, REWORDED["fr"][0], AFTER), lines(BEFORE, REWORDED["ar"][0], AFTER))
    assert became(links, 1) == [(BlockFate.DELETED, None)]


def test_renumbered_is_kept():
    first, second = (text for text in TWO_SENTENCES["fr"])
    old = [Line(f"Action 8.1.1 — {first}", ACTION, label="A8-P1-a1"), Line(f"Action 8.1.2 — {second}", ACTION, label="A8-P1-a2")]
    added = Line("Action 8.1.1 — Recenser les textes en vigueur dans les cinq secteurs.", ACTION, label="A8-P1-a1")
    new = [added, Line(f"Action 8.1.2 — {first}", ACTION, label="A8-P1-a2"), Line(f"Action 8.1.3 — {second}", ACTION, label="A8-P1-a3")]
    links = align(old, new)
    assert became(links, 0) == [(BlockFate.KEPT, 1)]
    assert became(links, 1) == [(BlockFate.KEPT, 2)]


@LANGUAGES
def test_of_near_equal_actions_each_stays_itself_when_its_figure_changes_and_two_others_change_places(language):
    def action(topic: int, count: int) -> Line:
        topics = edits.FILLINGS[language][0].split("|")
        wording = edits.FORMULAS[language].format(n=count, a=topics[topic], b="—", c="—", d="—", y=2027)
        return Line(f"{edits.WORDS[language][2]} 1.1.{topic + 1} — {wording}", ACTION)
    links = align([action(n, 3) for n in range(4)], [action(1, 3), action(0, 3), action(2, 7), action(3, 3)])
    assert [became(links, n)[0][1] for n in range(4)] == [1, 0, 2, 3]


def test_when_one_of_two_like_actions_goes_and_the_other_changes_nothing_sure_is_said_wrongly():
    like = ("Ouvrir un guichet dans six régions pour les artisans.", "Ouvrir un guichet dans quatre ports pour les importateurs.")
    old = lines(BEFORE, *like, AFTER)
    links = align(old, lines(BEFORE, "Ouvrir un guichet dans cinq ports pour les importateurs.", AFTER))
    assert became(links, 2) == [(BlockFate.CHANGED, 1)]
    assert became(links, 1) == [(BlockFate.DELETED, None)] or link_of(links, 1).confidence < SURE


def test_a_heading_above_the_same_text_is_the_same_heading_whatever_its_words():
    old = [Line("TL;DR", HEADING), *lines(BEFORE, AFTER)]
    assert became(align(old, [Line("En résumé", HEADING), *lines(BEFORE, AFTER)]), 0) == [(BlockFate.CHANGED, 0)]


def test_a_few_words_elsewhere_that_are_not_the_same_are_another_block():
    old = [Line("Bonnes pratiques", HEADING), *lines(BEFORE, AFTER)]
    links = align(old, [*lines(BEFORE, AFTER), Line("Pratiques de développement", HEADING)])
    assert became(links, 0) == [(BlockFate.DELETED, None)]


def test_a_sentence_that_grew_into_a_list_is_changed():
    old = lines(BEFORE, "Il est recommandé de référencer le compte auprès de la plateforme.", AFTER)
    grown = ("Référencer le compte auprès de la plateforme ; désigner deux personnes qui en répondent ; publier une adresse de contact ; "
             "vérifier chaque année que les droits accordés sont encore justifiés.")
    assert became(align(old, [Line(BEFORE), Line(grown, LIST), Line(AFTER)]), 1) == [(BlockFate.CHANGED, 1)]


def test_the_row_of_a_table_whose_one_cell_changed_is_that_row():
    rows = [Line(f"{name} {count} {good} Essais", ROW) for name, count, good in (("Textile", 21, 6), ("Jouets", 4, 1), ("Béton", 48, 22))]
    new = [rows[0], Line("Jouets 4 3 Essais", ROW), rows[2]]
    assert [became(align(rows, new), n)[0][1] for n in range(3)] == [0, 1, 2]


def test_repeated_words_follow_their_neighbours():
    facts = "Organisme pilote : IMANOR"
    old = lines(BEFORE, facts, REWORDED["fr"][0], facts, AFTER, facts)
    links = align(old, [old[0], old[1], *old[4:]])
    assert became(links, 1) == [(BlockFate.KEPT, 1)]
    assert became(links, 3) == [(BlockFate.DELETED, None)]
    assert became(links, 5) == [(BlockFate.KEPT, 3)]


def test_vowel_signs_and_typographic_apostrophes_make_a_change_that_is_sure():
    pairs = ("L'annexe de l'accord d'origine", "L’annexe de l’accord d’origine"), ("تنشر الوزارة اللائحة", "تَنشُرُ الوزارةُ اللائحةَ")
    for old, new in pairs:
        link = link_of(align(lines(BEFORE, old, AFTER), lines(BEFORE, new, AFTER)), 1)
        assert (link.change, link.new) == (BlockFate.CHANGED, 1)
        assert link.confidence >= SURE


def test_what_is_given_is_not_looked_for():
    old, new = lines(BEFORE, AFTER), lines(AFTER, BEFORE)
    assert [(link.old, link.new) for link in align(old, new, given={0: 0, 1: 1})] == [(0, 0), (1, 1)]
    links = align(old, new, given={0: None})
    assert became(links, 1) == [(BlockFate.DELETED, None)]
    assert became(links, 0) == [(BlockFate.KEPT, 1)]


# What holds for any text

WORDS = "norme essai marque contrôle région audit the of product report جودة المعهد مختبر 2027 5 —".split()
wording = st.lists(st.sampled_from(WORDS), min_size=1, max_size=14).map(" ".join)
blocks = st.lists(st.builds(Line, wording, st.sampled_from([HEADING, PARAGRAPH, ACTION, LIST, ROW])), max_size=14)
distinct = st.lists(st.builds(Line, wording), max_size=14, unique_by=lambda line: line.text)


@given(blocks, blocks)
@settings(max_examples=150, deadline=None)
def test_every_block_of_either_text_is_told_of(old, new):
    links = align(old, new)
    assert {link.old for link in links} - {None} == set(range(len(old)))
    assert {link.new for link in links} - {None} == set(range(len(new)))
    for link in links:
        assert 0 <= link.confidence <= 1
        assert (link.new is None) == (link.change == BlockFate.DELETED)
        assert (link.old is None) == (link.change == BlockFate.NEW)
    assert links == align(old, new)


@given(blocks)
@settings(max_examples=80, deadline=None)
def test_a_text_that_did_not_change_is_kept_whole_and_surely(old):
    links = align(old, old)
    assert [(link.old, link.new, link.change) for link in links] == [(n, n, BlockFate.KEPT) for n in range(len(old))]
    assert all(link.confidence >= 0.95 for link in links)


@given(distinct, st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_blocks_that_only_change_places_are_kept_or_moved_to_where_they_stand(old, dice):
    new = dice.sample(old, len(old))
    for link in align(old, new):
        assert link.change in (BlockFate.KEPT, BlockFate.MOVED)
        assert old[link.old] is new[link.new]


@given(distinct, blocks, st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_words_that_stand_unchanged_among_others_are_never_lost(old, others, dice):
    said = {word for block in old for word in block.text.split()}
    others = [line for line in others if said.isdisjoint(line.text.split())]  # what is nearly equal may stand in its place
    new = [*old, *others]
    dice.shuffle(new)
    links = align(old, new)
    for place, block in enumerate(old):
        change, at = became(links, place)[0]
        assert change not in (BlockFate.DELETED, BlockFate.NEW)
        assert new[at].text == block.text


@pytest.mark.parametrize("texts", [("norme", "norme norme"), ("norme norme", "norme")])
def test_at_the_end_of_a_text_equal_words_are_in_their_place(texts):
    (kept, new) = align([Line("norme norme")], [Line(text) for text in texts])[:: 1 if texts[0] == "norme norme" else -1]
    assert (kept.change, kept.new, new.change) == (BlockFate.KEPT, texts.index("norme norme"), BlockFate.NEW)


# The benchmark


def test_scripted_edits_are_followed_in_all_three_languages_and_nothing_sure_is_wrong():
    for text in ("1-normalisation.fr.md", "5-promotion.ar.md", "english.md"):
        found = list(edits.verdicts(edits.played(text, "a deep revision", 0)).values())
        assert not [one for one in found if one.is_wrong_and_sure]
        assert sum(one.is_right for one in found) >= 0.98 * len(found)


@pytest.mark.slow
def test_blocks_labelled_by_hand_are_told_rightly_and_nothing_sure_is_wrong():
    material_or_skip("revisions-fr")
    for file in ("revisions-fr.tsv", "revisions-fr-backward.tsv"):
        found = [one for one in map(anchors.judged, anchors.labelled(file)) if one.expected & (GOING_ON | {BlockFate.DELETED})]
        assert not [one.name for one in found if one.is_wrong_and_sure]
        assert sum(one.is_class_right for one in found) >= 0.98 * len(found)


@pytest.mark.slow
def test_untouched_text_is_found_again_over_two_whole_histories():
    material_or_skip("revisions-fr")
    broken = [row for row in anchors.planted() if "violations" in row[0]]
    assert [row[1] for row in broken] == ["0", "0"]
