"""What stands where a passage stood: rewritten, retitled, drawn into its neighbour; and equal words that stand elsewhere."""

import pytest

from consult.chapters.aligning import SURE, align
from consult.chapters.aligning.sides import TITLES, BlockSide
from consult.chapters.models import BlockFate
from tests.benchmarks import anchors
from tests.chapters.test_aligning import (
    ACTION,
    AFTER,
    BEFORE,
    HEADING,
    LANGUAGES,
    PARAGRAPH,
    REWORDED,
    ROW,
    TWO_SENTENCES,
    Line,
    became,
    lines,
    link_of,
)

MORE = lines("Un décret fixe les tarifs des essais.", "Les contrôleurs suivent une formation commune de six mois.")
GONE = (BlockFate.DELETED, None)


def titles(*texts: str) -> list[Line]:
    return [Line(text, HEADING) for text in texts]


@pytest.fixture(scope="module")
def rewritten():
    """(kind, verdict) of each passage that was written anew by hand in its place."""
    return [(kind, one) for _language, kind, one in anchors.rewritten()]


# Written anew


def test_of_passages_written_anew_in_their_place_none_is_surely_said_deleted(rewritten):
    assert not [one.name for _kind, one in rewritten if one.is_wrong_and_sure]


def test_titles_written_anew_are_titles_of_the_same(rewritten):
    assert not [one.name for kind, one in rewritten if kind in TITLES and not one.is_right]


def test_most_actions_and_paragraphs_written_anew_are_known_by_their_place(rewritten):
    said = [one for kind, one in rewritten if kind not in TITLES]
    assert sum(one.is_right for one in said) > len(said) / 2


@pytest.mark.parametrize(("number", "says"), [
    ("2. ", "Les PME trouvent près de chez elles à qui confier un produit à essayer."),
    ("Article 12. ", "Quiconque vend doit peser juste, sous le regard d’un agent."),
    ("(b) ", "Nobody has to travel for a certificate."),
    ("المادة 4 - ", "على كل بائع أن يزن بالقسط أمام الزبون."),
])
def test_an_item_written_anew_under_its_own_number_is_that_item_and_a_person_decides(number, says):
    old = [Line(BEFORE), Line(number + REWORDED["fr"][0]), Line(AFTER)]
    link = link_of(align(old, [Line(BEFORE), Line(number + says), Line(AFTER)]), 1)
    assert (link.change, link.new) == (BlockFate.CHANGED, 1)
    assert link.confidence < SURE


def test_the_number_of_an_action_follows_from_its_order_and_does_not_make_two_of_them_one():
    old = [Line(f"Action 1.1.{n} — {text}", ACTION, label=f"A1-P1-a{n}") for n, text in enumerate((BEFORE, REWORDED["fr"][0], AFTER), 1)]
    new = [old[0], Line(f"Action 1.1.2 — {TWO_SENTENCES['fr'][1]}", ACTION, label="A1-P1-a2"), old[2]]
    link = link_of(align(old, new), 1)
    assert link.change == BlockFate.DELETED
    assert link.confidence < SURE


@pytest.mark.parametrize(("old", "new"), [
    (titles("Chapitre", "Objet", "Champ"), titles("Chapitre", "Buts", "Champ")),
    ([*titles("Loi", "Objet"), *lines(BEFORE, AFTER)], [*titles("Loi", "Finalités"), *lines(AFTER)]),
    ([*titles("Loi", "Objet"), *lines(BEFORE, AFTER)], [*titles("Loi", "Finalités"), *lines(TWO_SENTENCES["fr"][0], BEFORE, AFTER)]),
])
def test_a_title_over_what_is_left_of_its_text_is_that_title(old, new):
    link = link_of(align(old, new), 1)
    assert (link.change, link.new) == (BlockFate.CHANGED, 1)
    assert link.confidence < SURE


def test_a_title_whose_former_words_are_another_title_now_stays_over_its_text():
    one, other = lines(BEFORE, *TWO_SENTENCES["fr"]), lines(REWORDED["fr"][0], *TWO_SENTENCES["en"])
    old = [Line("Windows", HEADING), *one, Line("Linux", HEADING), *other]
    link = link_of(align(old, [Line("Accueil", HEADING), *one, Line("Windows", HEADING), *other]), 0)
    assert (link.change, link.new) == (BlockFate.CHANGED, 0)


def test_a_lead_in_of_a_section_that_moved_is_the_same_lead_in():
    section = [Line("Plateformes", HEADING), Line("Quelques exemples possibles sont :"), *lines(*TWO_SENTENCES["fr"], REWORDED["fr"][0])]
    moved = [section[0], Line("Voici celles que des tiers hébergent :"), *section[2:]]
    assert became(align([*section, *lines(BEFORE, AFTER), *MORE], [*lines(BEFORE, AFTER), *MORE, *moved]), 1) == [(BlockFate.CHANGED, 5)]


def test_a_row_and_a_footnote_do_not_take_the_place_of_a_paragraph():
    links = align(lines(BEFORE, REWORDED["fr"][0], AFTER), [Line(BEFORE), Line("Textile 21 6", ROW), Line(AFTER)])
    assert [(link.change, link.confidence) for link in links if link.old == 1] == [(BlockFate.DELETED, 1.0)]


def test_numbers_that_items_state():
    texts = ["1. Un", "3.2 — Un", "(b) un", "Article 12 : un", "المادة 4 - نص", "٣. نص", "Un texte", "2027 est une année"]
    side = BlockSide([Line(text, PARAGRAPH) for text in texts])
    assert [side.number(place) for place in range(len(texts))] == [
        "1.", "3.2 —", "(b)", "article 12 :", "المادة 4 -", "٣.", "", ""]


# Drawn into a neighbour


@pytest.mark.parametrize(("one", "other", "both"), [
    ("Deux rôles sont distingués.", "La commission valide la politique.", "La commission valide la politique selon deux rôles."),
    ("Pour le vérifier :", "git config --get user.email", "Pour connaître l’adresse : git config --get user.email"),
])
def test_two_short_passages_made_one_are_merged(one, other, both):
    links = align(lines(BEFORE, one, other, AFTER), lines(BEFORE, both, AFTER))
    assert {became(links, 1)[0], became(links, 2)[0]} <= {(BlockFate.MERGED, 1), (BlockFate.CHANGED, 1)}


def test_where_a_neighbour_grew_nothing_is_surely_deleted():
    old = lines(BEFORE, "Afin de vérifier que la commande a bien été prise en compte.", "Le registre est public.", AFTER)
    links = align(old, lines(BEFORE, "Pour connaître l’adresse électronique actuellement utilisée. Le registre est public.", AFTER))
    assert became(links, 1) != [GONE] or link_of(links, 1).confidence < SURE


# Equal words elsewhere


def test_letter_for_letter_comes_before_nearly_so():
    curly, straight = "L’annexe de l’accord d’origine est publiée.", "L'annexe de l'accord d'origine est publiée."
    links = align(lines(BEFORE, curly, AFTER, straight, MORE[0].text), lines(BEFORE, straight, AFTER, MORE[0].text))
    assert became(links, 3)[0][1] == 1
    assert became(links, 1) != [GONE]
    assert all(link.change != BlockFate.DELETED for link in links)


@LANGUAGES
def test_what_nobody_touched_is_never_said_deleted_for_what_had_its_capitals_changed(language):
    text = REWORDED[language][0]
    old = lines(BEFORE, text.upper() if text.upper() != text else text + "ً", AFTER, text, MORE[0].text)
    links = align(old, lines(BEFORE, text, AFTER, MORE[0].text))
    assert (BlockFate.DELETED, None) not in became(links, 3)


@LANGUAGES
def test_equal_words_far_away_do_not_take_the_place_of_a_nearly_equal_passage(language):
    here = REWORDED[language][0]
    there = " ".join(here.split()[:-1])
    links = align([Line(BEFORE), Line(here), Line(AFTER), *MORE, Line(there)], [Line(BEFORE), Line(there), Line(AFTER), *MORE])
    assert became(links, 1) == [(BlockFate.CHANGED, 1)]
    assert link_of(links, 1).confidence < SURE
    assert link_of(links, 5).confidence < SURE


@LANGUAGES
def test_a_passage_edited_in_its_place_stays_there_when_it_is_copied_elsewhere_as_it_was(language):
    text = REWORDED[language][0]
    edited = " ".join(text.split()[:-1])
    link = link_of(align([Line(BEFORE), Line(text), Line(AFTER), *MORE], [Line(BEFORE), Line(edited), Line(AFTER), *MORE, Line(text)]), 1)
    assert (link.change, link.new) == (BlockFate.CHANGED, 1)
    assert link.confidence < SURE


@LANGUAGES
def test_passages_copied_together_and_then_edited_stay_where_they_are(language):
    edited = lines(*(" ".join(text.split()[:-1]) for text in TWO_SENTENCES[language]))
    copied, after = lines(*TWO_SENTENCES[language]), [Line(AFTER), *MORE, *lines(*REWORDED["fr"])]
    links = align([Line(BEFORE), *copied, *after], [Line(BEFORE), *edited, *after, *copied])
    assert [became(links, place) for place in (1, 2)] == [[(BlockFate.CHANGED, place)] for place in (1, 2)]


def test_a_passage_that_went_elsewhere_as_it_was_is_moved_where_nothing_like_it_took_its_place():
    text = REWORDED["fr"][0]
    new = [*lines(BEFORE, TWO_SENTENCES["fr"][0], AFTER), *MORE, Line(text)]
    assert became(align([*lines(BEFORE, text, AFTER), *MORE], new), 1) == [(BlockFate.MOVED, 5)]


# Surely deleted


@LANGUAGES
def test_what_is_gone_without_a_successor_is_surely_deleted_though_some_of_its_words_came_up_far_away(language):
    words = REWORDED[language][0].split()
    between = [*MORE, *lines("Le public consulte le registre.", "Un bilan paraît en mars.", "Chaque chambre désigne un référent.")]
    last = TWO_SENTENCES[language][0]
    old = [Line(BEFORE), Line(REWORDED[language][0]), Line(AFTER), *between, Line(last)]
    link = link_of(align(old, [Line(BEFORE), Line(AFTER), *between, Line(f"{last} {' '.join(words[5::-1])}")]), 1)
    assert link.change == BlockFate.DELETED
    assert link.confidence >= SURE
