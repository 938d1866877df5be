from dataclasses import replace

import pytest
import sqlalchemy as sa

from consult.chapters import service as chapters
from consult.contributions import service
from consult.contributions.models import Anchor, AnchorClass, AnchorState, ContributionState, QuoteState
from consult.contributions.service import anchoring
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.permissions import SYSTEM
from tests import factories
from tests.contributions.revising import (
    A1,
    A2,
    DROP,
    ELSEWHERE,
    LIST,
    LISTED,
    REWORDED,
    TRAIN,
    anchors_of,
    last_of,
    quoting,
    revise,
    standing,
    tallies_kept,
    tallies_shown,
)
from tests.contributions.test_service import lodge


@pytest.fixture
def said(block):
    """Published on the action that the tests change."""
    return factories.a_published_contribution(block=block)


# Classes


def test_a_first_revision_anchors_nothing(chapter):
    assert session.scalar(sa.select(sa.func.count()).select_from(Anchor)) == 0


def test_the_same_text_is_kept_and_shown(chapter, said):
    revision = revise(chapter, ELSEWHERE)
    assert standing(said) == (AnchorClass.KEPT, AnchorState.PROPOSED, A1)
    anchor = last_of(said)
    assert (anchor.revision_id, anchor.old_block_id, anchor.block.revision_id) == (revision.id, said.block_id, revision.id)
    assert anchor.confidence >= service.CERTAIN
    assert said.block.revision.number == 1


def test_moved_and_changed_texts_are_shown_where_they_went(chapter, said):
    other = factories.a_published_contribution(block=factories.block_of(chapter, A2))
    moved = LIST.replace("1.1.1", "1.1.2")
    revise(chapter, (LIST, ""), (TRAIN, TRAIN.replace("1.1.2", "1.1.1").replace("laboratoires", "laboratoires accrédités") + moved))
    assert standing(said)[0] in (AnchorClass.MOVED, AnchorClass.KEPT)
    assert standing(other)[0] == AnchorClass.CHANGED
    assert (said.current_key, other.current_key) == (A1, A2)  # the keys go with the text
    assert tallies_kept(chapter) == tallies_shown(chapter)


def test_what_is_gone_is_not_shown_and_keeps_its_passage(chapter, said):
    revise(chapter, DROP)
    assert standing(said) == (AnchorClass.DELETED, AnchorState.PROPOSED, None)
    assert said.provision_key == A1
    assert last_of(said).block is None
    assert tallies_kept(chapter) == tallies_shown(chapter) == {}
    assert service.list_for_block(chapter, A1).rows == []
    assert [c.ref for c in service.list_left_of(chapter, A1).rows] == [said.ref]


def test_an_unsure_place_is_proposed_and_not_shown(chapter, said, monkeypatch):
    real = anchoring.continuations

    def unsure(revision):
        ways, lost = real(revision)
        return {old: [replace(way, confidence=0.6) for way in parts] for old, parts in ways.items()}, lost
    monkeypatch.setattr(anchoring, "continuations", unsure)
    revise(chapter, REWORDED)
    assert standing(said) == (AnchorClass.CHANGED, AnchorState.PROPOSED, None)
    assert tallies_kept(chapter) == {}
    # Doubt adds up over revisions until a person decides.
    revise(chapter, REWORDED, ELSEWHERE)
    assert last_of(said).confidence == pytest.approx(0.36)
    decided = service.confirm_anchor(factories.a_user(role="secretariat"), last_of(said))
    assert (decided.state, said.current_key) == (AnchorState.CONFIRMED, A1)
    revise(chapter, REWORDED, ("technicien", "technicienne"))
    assert last_of(said).confidence == pytest.approx(0.6)


def test_every_contribution_is_anchored_in_its_own_language_alone(chapter, block):
    made = [factories.a_contribution(block=block, state=state, **more) for state, more in (
        (ContributionState.SUBMITTED, {}), (ContributionState.PUBLISHED, {}), (ContributionState.WITHHELD, {}),
        (ContributionState.WITHDRAWN, {"withdrawn_at": utcnow()}))]
    arabic = factories.a_published_contribution(block=factories.block_of(chapter, A1, "ar"))
    revise(chapter, DROP)
    assert [len(anchors_of(c)) for c in made] == [1, 1, 1, 1]
    assert {c.current_key for c in made} == {None}
    assert anchors_of(arabic) == []
    assert arabic.current_key == A1
    assert tallies_kept(chapter) == tallies_shown(chapter) == {A1: 1}


# Chains


def test_what_nobody_decided_goes_on_waiting_and_what_was_left_stays(chapter, said):
    revise(chapter, DROP)
    revise(chapter, DROP, ELSEWHERE)
    assert standing(said) == (AnchorClass.DELETED, AnchorState.PROPOSED, None)
    service.leave(factories.a_user(role="secretariat"), last_of(said))
    revise(chapter, DROP, ("Intention", "Une intention"))
    assert standing(said) == (AnchorClass.DELETED, AnchorState.LEFT, None)
    assert [anchor.old_block_id for anchor in anchors_of(said)] == [said.block_id] * 3


def test_a_confirmed_deletion_stays_where_it_was(chapter, said):
    revise(chapter, DROP)
    service.confirm_anchor(factories.a_user(role="secretariat"), last_of(said))
    assert said.current_key is None
    revise(chapter, DROP, ELSEWHERE)
    assert standing(said) == (AnchorClass.DELETED, AnchorState.LEFT, None)


def test_a_dropped_text_that_comes_back_is_proposed(chapter, said):
    revise(chapter, DROP)
    service.leave(factories.a_user(role="secretariat"), last_of(said))
    revise(chapter, DROP, ELSEWHERE)
    revise(chapter, ELSEWHERE)
    anchor = last_of(said)
    assert (anchor.anchor_class, anchor.state, anchor.confidence, said.current_key) == (AnchorClass.MOVED, AnchorState.PROPOSED, 0.7, None)
    assert anchor.block.text == said.block.text
    service.confirm_anchor(factories.a_user(role="secretariat"), anchor)
    assert said.current_key == anchor.block.key
    assert tallies_kept(chapter) == {anchor.block.key: 1}


def test_left_on_an_earlier_version_it_stays_there(chapter, said):
    revise(chapter, REWORDED)
    service.leave(factories.a_user(role="secretariat"), last_of(said))
    assert (said.current_key, tallies_kept(chapter)) == (None, {})
    revise(chapter, REWORDED, ELSEWHERE)
    assert standing(said)[1:] == (AnchorState.LEFT, None)
    service.reattach(factories.a_user(role="secretariat"), last_of(said), key=A1)
    revise(chapter, REWORDED)
    assert standing(said) == (AnchorClass.KEPT, AnchorState.PROPOSED, A1)


def test_what_is_dropped_in_its_second_wording_is_found_by_that_one(chapter, said):
    for changes in ((REWORDED,), (DROP,), (REWORDED,)):
        revise(chapter, *changes)
    assert [anchor.anchor_class for anchor in anchors_of(said)] == [AnchorClass.CHANGED, AnchorClass.DELETED, AnchorClass.MOVED]


def test_another_chapter_keeps_its_places(chapter, said):
    other = factories.a_published_contribution(block=factories.block_of(factories.a_chapter(chapter.consultation, number=2), "C2-A1-P1-a1"))
    revise(chapter, REWORDED)
    assert (len(anchors_of(said)), anchors_of(other)) == (1, [])


# Quoted words


def test_quoted_words_are_found_changed_or_lost(chapter, block):
    same, near, lost = (quoting(block, words) for words in ("liste des étalons nationaux", "chaque année la liste", "Publier"))
    none = factories.a_published_contribution(block=block)
    revise(chapter, (LISTED, "Diffuser chaque année une liste des étalons nationaux et de leurs détenteurs."))
    assert [(last_of(c).quote, last_of(c).exact) for c in (same, near, lost, none)] == [
        (QuoteState.FOUND, "liste des étalons nationaux"), (QuoteState.CLOSE, "chaque année une liste"), (QuoteState.LOST, ""),
        (QuoteState.NONE, "")]


def test_a_changed_quote_is_followed_and_found_again_when_its_words_return(chapter, block):
    quote = quoting(block, "chaque année la liste")
    changed = (LISTED, "Publier chaque année une liste des étalons nationaux.")
    revise(chapter, changed)
    revise(chapter, changed, ELSEWHERE)
    assert (last_of(quote).quote, last_of(quote).exact) == (QuoteState.FOUND, "chaque année une liste")
    revise(chapter, ELSEWHERE)
    assert (last_of(quote).quote, last_of(quote).exact) == (QuoteState.FOUND, "chaque année la liste")


def test_a_word_inside_of_another_is_not_the_quoted_one(chapter, block):
    quote = quoting(block, "la")
    revise(chapter, (LISTED, "Publier chaque année les plages de valeurs des étalons nationaux."))
    assert last_of(quote).quote == QuoteState.LOST


@pytest.mark.parametrize(("text", "words", "prefix", "suffix", "is_whole"), [
    ("étalons nationaux", "étalons", "", "", True), ("nationaux étalons", "étalons", "", "", True), ("un port franc", "port", "", "", True),
    ("un report", "port", "", "", False), ("une portée", "port", "", "", False), ("za’b", "a’b", "", "", False),
    ("d’abord", "d’a", "", "", False), ("le réport", "port", "le ré", "", True), ("la portée", "port", "", "ée", True),
    ("un reportage", "port", "re", "", False), ("un reportage", "port", "", "age", False), ("un reportage", "port", "re", "age", True),
])
def test_a_place_begins_and_ends_where_words_do_if_the_quote_did(text, words, prefix, suffix, is_whole):
    start = text.index(words)
    place = anchoring.quotes.Found(start, start + len(words), 1.0, 1.0)
    assert anchoring.is_whole(text, place, anchoring.quotes.Quote(words, prefix, suffix)) is is_whole


@pytest.mark.parametrize("words", ["étalon", "tionaux"])
def test_a_part_of_a_word_that_was_quoted_is_found_again(chapter, block, words):
    quote = quoting(block, words)
    revise(chapter, ELSEWHERE, ("Publier chaque année", "Publier chaque mois"))
    assert (last_of(quote).quote, last_of(quote).exact) == (QuoteState.FOUND, words)


def test_words_that_were_followed_elsewhere_are_looked_for_apart():
    way = anchoring.Continuation(9, "k", "Publier chaque année une liste.", AnchorClass.KEPT, 1.0)
    finder, quote = anchoring.Finder({1: [way]}, {}, {}), anchoring.quotes.Quote("chaque année la liste")
    standings = [anchoring.Standing(n, 1, "k", quote, last, is_placed=True, is_open=False, confidence=1.0)
                 for n, last in enumerate(["chaque année une liste", "chaque année la liste"])]
    assert [finder.row(standing)["quote"] for standing in standings] == [QuoteState.FOUND, QuoteState.CLOSE]


def test_what_the_new_text_does_not_tell_of_is_surely_gone():
    standing_ = anchoring.Standing(5, 1, "k", anchoring.quotes.Quote("mots"), "", is_placed=True, is_open=False, confidence=1.0)
    row = anchoring.Finder({}, {}, {}).row(standing_)
    assert (row["anchor_class"], row["confidence"], row["quote"]) == (AnchorClass.DELETED, 1.0, QuoteState.LOST)


def test_few_words_do_not_make_a_doubtful_place_sure():
    way = anchoring.Continuation(9, "k", "Publier la liste des étalons.", AnchorClass.CHANGED, 0.5)
    finder = anchoring.Finder({1: [way]}, {}, {})

    def sure(exact):
        quote = anchoring.quotes.Quote(exact)
        return finder.row(anchoring.Standing(5, 1, "k", quote, "", is_placed=True, is_open=False, confidence=1.0))["confidence"]
    assert (sure("la"), sure("la liste des étalons"), sure("")) == (0.5, 0.97, 0.5)


def test_of_a_split_passage_the_part_with_the_words_is_taken():
    parts = [anchoring.Continuation(7, "a", "Former les techniciens des laboratoires.", AnchorClass.CHANGED, 0.9),
             anchoring.Continuation(8, "b", "Publier la liste des étalons nationaux.", AnchorClass.CHANGED, 0.6)]
    finder = anchoring.Finder({1: parts}, {}, {})

    def block_for(exact):
        quote = anchoring.quotes.Quote(exact)
        return finder.row(anchoring.Standing(5, 1, "a", quote, "", is_placed=True, is_open=False, confidence=1.0))["block_id"]
    assert [block_for(words) for words in ("liste des étalons", "liste d’étalons", "techniciens", "")] == [8, 8, 7, 7]
    finder = anchoring.Finder({1: parts[::-1]}, {}, {})
    assert block_for("") == 7, "the surer one, wherever it stands"


def test_the_same_words_on_the_same_passage_are_looked_for_once(chapter, block, monkeypatch):
    for _n in range(5):
        quoting(block, "chaque année la liste")
    asked = []
    real = anchoring.look_for
    monkeypatch.setattr(anchoring, "look_for", lambda *args: asked.append(args) or real(*args))
    revise(chapter, REWORDED)
    assert len(asked) == 1


def test_arabic_words_are_followed(chapter):
    block = factories.block_of(chapter, A1, "ar")
    quote = quoting(block, block.text.split(" — ")[-1][:20].strip())
    text = factories.markdown(1, "ar")
    chapters.import_chapter(SYSTEM, chapter.consultation, data=text.replace("Un paragraphe", "Encore un paragraphe").encode())
    assert (last_of(quote).quote, last_of(quote).anchor_class) == (QuoteState.FOUND, AnchorClass.KEPT)


# Lodged on an outdated page


def test_what_is_lodged_on_an_outdated_form_finds_its_place(chapter, block, participant):
    revise(chapter, REWORDED)
    revise(chapter, REWORDED, ELSEWHERE)
    contribution = lodge(participant, block, exact="la liste des étalons", body="Sur la liste.")
    assert [(a.anchor_class, a.state) for a in anchors_of(contribution)] == [
        (AnchorClass.CHANGED, AnchorState.PROPOSED), (AnchorClass.KEPT, AnchorState.PROPOSED)]
    assert last_of(contribution).exact == "la liste des étalons"
    assert (contribution.block_id, contribution.current_key) == (block.id, A1)


def test_lodged_late_on_what_was_dropped_and_came_back(chapter, block, participant):
    revise(chapter, DROP)
    revise(chapter, ELSEWHERE)
    contribution = lodge(participant, block)
    first, second = anchors_of(contribution)
    assert (first.anchor_class, first.block_id) == (AnchorClass.DELETED, None)
    assert (second.anchor_class, second.confidence, contribution.current_key) == (AnchorClass.MOVED, 0.7, None)


def test_the_place_of_unchanged_words_stays_as_sure_over_many_versions(chapter):
    few = next(block for block in chapters.list_blocks(chapters.get_revisions(chapter, "fr")[0]) if block.text == "But du projet.")
    said = factories.a_published_contribution(block=few)
    for number in range(11):
        revise(chapter, ("Un paragraphe de contexte", f"Un paragraphe de contexte, lu {number} fois"))
    assert [(anchor.anchor_class, anchor.confidence) for anchor in anchors_of(said)] == [(AnchorClass.KEPT, 0.97)] * 11
    assert said.current_key == few.key


def test_one_late_contribution_does_not_ask_for_all_others(chapter, block, participant, monkeypatch):
    for _n in range(3):
        factories.a_contribution(block=block)
    revise(chapter, REWORDED)
    asked = []
    real = anchoring.standing_of
    monkeypatch.setattr(anchoring, "standing_of", lambda *args: asked.append(real(*args)) or asked[-1])
    lodge(participant, block)
    assert len(asked) == 1
