
import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Block, Chapter, Revision
from consult.consultations.models import ModerationMode, Phase
from consult.contributions import service
from consult.contributions.models import Anchor, AnchorClass, AnchorState, Contribution, QuoteState, ReviewRank
from consult.contributions.service import placing
from consult.core.audit import AuditEvent
from consult.core.db import session, unit_of_work
from consult.core.errors import Conflict, Invalid, NotAllowed, NotFound
from consult.core.permissions import SYSTEM
from tests import factories
from tests.at_once import all_at_once
from tests.contributions.revising import (
    A1,
    A2,
    DROP,
    ELSEWHERE,
    LIST,
    REWORDED,
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


def test_the_rapporteur_decides_and_the_text_and_its_counts_follow(chapter, said, rapporteur):
    revise(chapter, REWORDED)
    anchor = service.reattach(rapporteur, last_of(said), key=f" {A2} ")
    assert (anchor.state, anchor.block.key, said.current_key, anchor.decided_by_id) == (AnchorState.REATTACHED, A2, A2, rapporteur.id)
    assert tallies_kept(chapter) == tallies_shown(chapter) == {A2: 1}
    service.leave(rapporteur, anchor)
    assert (said.current_key, tallies_kept(chapter)) == (None, {})
    service.confirm_anchor(rapporteur, anchor)
    assert tallies_kept(chapter) == tallies_shown(chapter) == {A2: 1}
    actions = session.scalars(sa.select(AuditEvent.action).where(AuditEvent.subject == "anchor").order_by(AuditEvent.id)).all()
    assert actions == ["contributions.reattach", "contributions.leave", "contributions.confirm_anchor"]


def test_quoted_words_are_looked_for_where_it_is_attached(chapter, block, rapporteur):
    quoted = [quoting(block, words) for words in ("Publier", "étalons")]
    revise(chapter, ("Former les techniciens", "Former aux étalons les techniciens"))
    anchors = [service.reattach(rapporteur, last_of(said), key=A2) for said in quoted]
    assert [(anchor.quote, anchor.exact) for anchor in anchors] == [(QuoteState.LOST, ""), (QuoteState.FOUND, "étalons")]


def test_what_a_new_version_shows_elsewhere_is_to_be_looked_at_again(chapter, said):
    seen = said.row_counter
    revise(chapter, ELSEWHERE)
    session.refresh(said)
    assert said.row_counter == seen
    revise(chapter, DROP)
    session.refresh(said)
    assert (said.current_key, said.row_counter) == (None, seen + 1)


def test_what_is_gone_can_be_attached_left_and_given_up(chapter, said, rapporteur):
    revise(chapter, DROP)
    anchor = service.reattach(rapporteur, last_of(said), key=A2)
    assert said.current_key == A2
    service.leave(rapporteur, anchor)
    service.confirm_anchor(rapporteur, anchor)
    assert (anchor.block_id, said.current_key) == (None, None)
    revise(chapter, DROP, ELSEWHERE)
    assert standing(said)[1:] == (AnchorState.LEFT, None)


def test_a_place_that_does_not_exist_is_refused(chapter, said, rapporteur):
    revise(chapter, REWORDED)
    with pytest.raises(Invalid) as refused:
        service.reattach(rapporteur, last_of(said), key="C1-A9")
    assert refused.value.field == "key"
    assert str(refused.value.remedy).startswith("The nearest are: ")
    with pytest.raises(Conflict):
        service.confirm_anchor(rapporteur, service.confirm_anchor(rapporteur, last_of(said)))


def test_attaching_it_where_it_stands_already_is_refused_and_tells_nobody(chapter, said, rapporteur):
    revise(chapter, REWORDED)
    with pytest.raises(Invalid, match="stands there already"):
        service.reattach(rapporteur, last_of(said), key=said.current_key)
    assert last_of(said).state == AnchorState.PROPOSED


def test_decisions_on_an_older_version_are_refused(chapter, said, rapporteur):
    old = revise(chapter, REWORDED)
    anchor = last_of(said)
    revise(chapter, REWORDED, ELSEWHERE)
    for decide in (service.confirm_anchor, service.leave, lambda *of: service.reattach(*of, key=A2)):
        with pytest.raises(Conflict, match="newer version"):
            decide(rapporteur, anchor)
    with pytest.raises(Conflict, match="newer version"):
        service.confirm_certain(rapporteur, chapter, revision=old)


def test_the_second_of_two_who_decide_is_told(chapter, said, rapporteur, chair):
    revise(chapter, REWORDED)
    expected_counter = last_of(said).row_counter
    service.confirm_anchor(rapporteur, last_of(said), expected_counter=expected_counter)
    with pytest.raises(Conflict):
        service.leave(chair, last_of(said), expected_counter=expected_counter)
    assert last_of(said).state == AnchorState.CONFIRMED


def test_only_those_in_charge_decide_and_only_while_the_text_may_change(chapter, said, rapporteur):
    revision = revise(chapter, REWORDED)
    anchor = last_of(said)
    stranger = factories.a_user(role="rapporteur", commission=chapter.consultation.commissions[1])
    for actor in (said.author, stranger):
        with pytest.raises(NotAllowed):
            service.confirm_anchor(actor, anchor)
        with pytest.raises(NotAllowed):
            service.list_anchors(actor, revision)
        with pytest.raises(NotAllowed):
            service.get_anchor(actor, anchor.id)
        for query, of in ((service.count_places, revision), (service.list_candidates, anchor), (service.count_by_provision, chapter)):
            with pytest.raises(NotAllowed):
                query(actor, of)
        assert service.count_undecided(actor, chapter.consultation) == {}
    assert service.count_by_provision(rapporteur, chapter) == {A1: 1}
    chapter.consultation.phase = Phase.SUBMITTED
    with pytest.raises(NotAllowed):
        service.leave(rapporteur, anchor)
    assert service.get_anchor(rapporteur, anchor.id) is anchor


def count_certain(actor, revision) -> int:
    return sum(n for (_class, rank), n in service.count_places(actor, revision).items() if rank == ReviewRank.CERTAIN)


def test_the_certain_ones_are_confirmed_at_once(chapter, said, rapporteur):
    other = factories.a_published_contribution(block=factories.block_of(chapter, A2))
    revision = revise(chapter, REWORDED)
    assert count_certain(rapporteur, revision) == 1
    assert service.count_undecided(rapporteur, chapter.consultation) == {(chapter, "fr"): 2}
    assert [service.confirm_certain(rapporteur, chapter, revision=revision) for _turn in range(2)] == [1, 0]
    assert (last_of(said).state, last_of(other).state) == (AnchorState.PROPOSED, AnchorState.CONFIRMED)
    assert (last_of(other).decided_by_id, count_certain(rapporteur, revision)) == (rapporteur.id, 0)
    assert service.count_undecided(rapporteur, chapter.consultation) == {(chapter, "fr"): 1}
    assert service.count_places(rapporteur, revision) == {
        (AnchorClass.KEPT, ReviewRank.CONFIRMED): 1, (AnchorClass.CHANGED, ReviewRank.SURE): 1}
    assert tallies_kept(chapter) == tallies_shown(chapter)
    elsewhere = factories.a_chapter(chapter.consultation, number=2)
    with pytest.raises(NotFound):
        service.confirm_certain(factories.a_user(role="secretariat"), elsewhere, revision=revision)


def test_confirming_many_at_once_is_seen_at_once_and_goes_before_who_opened_the_page_earlier(chapter, rapporteur, chair):
    said = factories.a_published_contribution(block=factories.block_of(chapter, A2))
    revision = revise(chapter, REWORDED)
    anchor = last_of(said)
    seen = anchor.row_counter
    service.confirm_certain(rapporteur, chapter, revision=revision)
    assert (anchor.state, anchor.row_counter) == (AnchorState.CONFIRMED, seen + 1)
    with pytest.raises(Conflict):
        service.leave(chair, anchor, expected_counter=seen)


def test_confirming_many_of_one_version_leaves_those_of_another_chapter(chapter, rapporteur):
    other = factories.a_chapter(chapter.consultation, number=2)
    said = [factories.a_published_contribution(block=factories.block_of(of, f"C{of.number}-A1-P1-a2")) for of in (chapter, other)]
    revision = revise(chapter, ELSEWHERE)
    chapters.import_chapter(SYSTEM, chapter.consultation, data=factories.markdown(2).replace("Un paragraphe", "Un autre").encode())
    assert count_certain(rapporteur, revision) == 1
    assert service.confirm_certain(rapporteur, chapter, revision=revision) == 1
    assert [last_of(one).state for one in said] == [AnchorState.CONFIRMED, AnchorState.PROPOSED]


def test_attaching_what_is_not_published_counts_nowhere(chapter, block, rapporteur):
    said = factories.a_contribution(block=block)
    revise(chapter, REWORDED)
    service.reattach(rapporteur, last_of(said), key=A2)
    assert (said.current_key, tallies_kept(chapter)) == (A2, {})


def test_what_waits_is_counted_by_language_and_by_class(chapter, said, rapporteur):
    for key, language in ((A2, "fr"), (A1, "ar")):
        factories.a_published_contribution(block=factories.block_of(chapter, key, language))
    revision = revise(chapter, REWORDED)
    arabic = factories.markdown(1, "ar").replace("Un paragraphe", "Encore un paragraphe")
    chapters.import_chapter(SYSTEM, chapter.consultation, data=arabic.encode())
    assert service.count_places(rapporteur, revision) == {
        (AnchorClass.KEPT, ReviewRank.CERTAIN): 1, (AnchorClass.CHANGED, ReviewRank.SURE): 1}
    for decided in (0, 1):
        by_language = {"fr": 2 - decided, "ar": 1}
        assert list(service.count_undecided_places(chapter).items()) == list(by_language.items())
        assert list(service.count_undecided(rapporteur, chapter.consultation).items()) == [
            ((chapter, language), count) for language, count in by_language.items()]
        service.confirm_certain(rapporteur, chapter, revision=revision)


def test_unsure_ones_come_first_and_pages_hold_all(chapter, block, rapporteur, monkeypatch):
    monkeypatch.setattr("consult.contributions.service.anchor_review.ENTRY_PAGE_SIZE", 2)
    made = {factories.a_contribution(block=factories.block_of(chapter, key)).id: key for key in (A2, A1, A2, A1, A2)}
    revision = revise(chapter, DROP)
    pages, after = [], None
    while True:
        page = service.list_anchors(rapporteur, revision, after=after)
        pages.append([made[anchor.contribution_id] for anchor in page.rows])
        if (after := page.older) is None:
            break
    assert pages == [[A1, A1], [A2, A2], [A2]]
    only = service.list_anchors(rapporteur, revision, anchor_class=AnchorClass.DELETED, state=AnchorState.PROPOSED)
    assert (len(only.rows), only.older) == (2, None)


def test_likely_places_come_first(chapter, said, rapporteur):
    revise(chapter, (LIST, ""), ("But du projet.", "But du projet : publier chaque année une liste des étalons, nationaux ou non."))
    likely, blocks = service.list_candidates(rapporteur, last_of(said))
    assert "liste des étalons" in likely[0].text
    assert len(blocks) > len(likely)


def test_a_passage_with_the_quoted_words_is_the_likeliest(chapter, block, rapporteur):
    said = quoting(block, "chaque année la liste")
    like = "Publier chaque semestre une liste des étalons nationaux, un paragraphe de contexte"
    revise(chapter, DROP, ("Un paragraphe de contexte", like), ("But du projet.", "But du projet : chaque année la liste."))
    likely, _blocks = service.list_candidates(rapporteur, last_of(said))
    assert [passage.text.split()[0] for passage in likely] == ["But", "Publier"]


# At the same moment, and when something breaks


def test_a_crash_while_anchoring_leaves_no_revision(own_app, monkeypatch):
    with unit_of_work():
        chapter = factories.a_chapter(factories.a_consultation())
        contribution = factories.a_published_contribution(block=factories.block_of(chapter, A1))
    for broken in ("put_places", "later"):
        with monkeypatch.context() as patch:
            patch.setattr(placing, broken, lambda *_args: 1 / 0)
            with pytest.raises(ZeroDivisionError), unit_of_work():
                revise(session.merge(chapter), DROP)
        session.expire_all()
        assert chapters.get_newest_revision(session.merge(chapter), "fr").number == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(Anchor)) == 0
        assert session.get(Contribution, contribution.id).current_key == A1


@pytest.mark.parametrize("turn", range(3))
def test_publishing_and_lodging_at_the_same_moment_lose_nothing(own_app, turn):
    with unit_of_work():
        chapter = factories.a_chapter(factories.a_consultation())
        chapter.consultation.moderation_mode = ModerationMode.AFTER
        ids = chapter.id, [factories.a_user().id for _n in range(4)]

    def publish():
        return revise(session.get(Chapter, ids[0]), DROP).id

    def on_first(number, user_id):
        def act():
            first = session.scalars(sa.select(Block).join(Revision).where(
                Revision.chapter_id == ids[0], Revision.number == 1, Revision.language == "fr", Block.key == A1)).one()
            return lodge(session.get(User, user_id), first, f"k{number}").id
        return act
    results = all_at_once(own_app, publish, *(on_first(number, user_id) for number, user_id in enumerate(ids[1])))
    assert all(isinstance(result, int) for result in results), results
    chapter = session.get(Chapter, ids[0])
    for contribution in session.scalars(sa.select(Contribution)).all():
        assert [(a.anchor_class, a.block_id) for a in anchors_of(contribution)] == [(AnchorClass.DELETED, None)]
        assert contribution.current_key is None
    assert tallies_kept(chapter) == tallies_shown(chapter) == {}


@pytest.mark.parametrize("turn", range(3))
def test_publishing_and_withdrawing_at_the_same_moment_keep_the_counts(own_app, turn):
    with unit_of_work():
        chapter = factories.a_chapter(factories.a_consultation())
        block = factories.block_of(chapter, A1)
        ids = chapter.id, [factories.a_published_contribution(block=block).id for _n in range(4)]

    def withdrawing(contribution_id):
        def act():
            contribution = session.get(Contribution, contribution_id)
            return service.withdraw(contribution.author, contribution).id
        return act
    results = all_at_once(own_app, lambda: revise(session.get(Chapter, ids[0]), DROP).id, *map(withdrawing, ids[1]))
    assert all(isinstance(result, int | Conflict) for result in results), results
    assert isinstance(results[0], int)
    chapter = session.get(Chapter, ids[0])
    assert tallies_kept(chapter) == tallies_shown(chapter) == {}


def test_two_who_decide_at_the_same_moment(own_app):
    with unit_of_work():
        chapter = factories.a_chapter(factories.a_consultation())
        contribution = factories.a_published_contribution(block=factories.block_of(chapter, A1))
        revise(chapter, REWORDED)
        anchor = last_of(contribution)
        ids = anchor.id, anchor.row_counter, [factories.a_user(role="secretariat").id for _n in range(2)]

    def confirm():
        return service.confirm_anchor(session.get(User, ids[2][0]), session.get(Anchor, ids[0]), expected_counter=ids[1]).state

    def leave():
        return service.leave(session.get(User, ids[2][1]), session.get(Anchor, ids[0]), expected_counter=ids[1]).state
    results = all_at_once(own_app, confirm, leave)
    assert sorted(type(result) is Conflict for result in results) == [False, True], results
    assert session.get(Anchor, ids[0]).state == next(result for result in results if not isinstance(result, Conflict))
    chapter = session.get(Chapter, chapter.id)
    assert tallies_kept(chapter) == tallies_shown(chapter)
