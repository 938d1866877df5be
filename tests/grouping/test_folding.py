"""Folding in the database, by the worker: what it keeps is what the method tells, whatever comes when."""

import random

import sqlalchemy as sa

from consult.chapters.models import Block
from consult.contributions.models import ContributionState, Position
from consult.core import jobs, tallies
from consult.core.db import reading, session, unit_of_work
from consult.grouping import service
from consult.grouping.models import Apart, Fold, FoldLink, FoldMember, FoldRun
from consult.grouping.service import folding as keeping
from consult.moderation import service as moderation
from consult.moderation.models import Reason
from consult.text import folding
from consult.text.folding import Folding
from tests import factories
from tests.benchmarks.folding import cases
from tests.grouping.conftest import CAMPAIGN, OTHER, OWN, TURNED, fold_of, member_of


def test_those_that_say_the_same_are_in_one_fold_and_others_in_none(said):
    one, other, same, shouted = said(CAMPAIGN, OTHER, CAMPAIGN + " Merci.", CAMPAIGN.upper())
    assert fold_of(one) == fold_of(same) == fold_of(shouted) is not None
    assert fold_of(other) is None
    assert session.scalars(sa.select(Fold)).one().core_id == one.id


def test_words_of_ones_own_are_counted_against_the_core(said):
    _one, plain, own = said(CAMPAIGN, CAMPAIGN, CAMPAIGN + OWN)
    assert (member_of(plain).own_words, member_of(own).own_words > 12) == (0, True)


def test_another_figure_and_another_position_are_kept_apart_and_told(said):
    one, turned = said(CAMPAIGN, TURNED)
    (against,) = said(CAMPAIGN, position=Position.IN_FAVOUR)
    assert (fold_of(one), fold_of(turned), fold_of(against)) == (None, None, None)
    links = {(link.contribution_id, link.other_id): link for link in session.scalars(sa.select(FoldLink))}
    assert links[turned.id, one.id].reason is Apart.TURN
    assert set(links[turned.id, one.id].words) == {"cinq", "trois"}
    assert links[against.id, one.id].reason is Apart.POSITION


def test_whoever_quotes_the_chapter_resembles_nobody(block, said):
    quoted = session.scalars(sa.select(Block.text).where(Block.revision_id == block.revision_id).order_by(sa.func.length(Block.text).desc())
                             ).first()
    one, other = said(f"« {quoted} » Oui.", f"« {quoted} » Non.")
    assert (fold_of(one), fold_of(other)) == (None, None)
    assert session.scalars(sa.select(FoldLink)).all() == []


def test_what_the_database_keeps_is_what_the_method_tells_in_memory(block, said):
    """Two hundred of the judged cases, in the order of the benchmark, folded in batches of any size."""
    told, _chapters = cases(3)
    dice = random.Random(3)  # noqa: S311 - an order, no secret
    chosen = [case for case in told if case.kind != "quotes the chapter"]
    chosen = sorted(dice.sample(chosen, 200), key=chosen.index)
    rows = [factories.a_published_contribution(block=block, body=case.said.text, position=Position(case.said.position)) for case in chosen]
    waiting = [row.id for row in rows]
    while waiting:
        size = dice.randint(1, 60)
        service.fold(block.chapter.id, waiting[:size])
        waiting = waiting[size:]
    memory = Folding(session.scalars(sa.select(Block.text).where(Block.revision_id == block.revision_id)))
    for row in rows:
        memory.add(keeping.said_by(row))
    folds = dict(session.execute(sa.select(FoldMember.contribution_id, FoldMember.fold_id)).all())
    kept: dict[object, list[str]] = {}
    for id_, fold_id in folds.items():
        kept.setdefault(fold_id or -id_, []).append(str(id_))
    assert sorted(map(sorted, kept.values())) == sorted(sorted(group.members) for group in memory.groups)
    assert sum(len(group.members) > 1 for group in memory.groups) > 20, "there is something to fold"
    assert {(str(link.contribution_id), str(link.other_id), link.reason.in_method) for link in session.scalars(sa.select(FoldLink))} == {
        (link.id, link.other, link.kept_apart) for link in memory.links}


def test_the_worker_folds_what_was_lodged_once(own_app):
    with unit_of_work():
        block = factories.block_of(factories.a_chapter(factories.a_consultation()), "C1-A1-P1-a1")
        rows = [factories.a_published_contribution(block=block, body=CAMPAIGN, position=Position.OPPOSED).id for _time in range(25)]
    keeping._looked_to[0] = 0
    for _second in range(3):
        with unit_of_work():
            keeping.see_to_new()
        jobs.run_pending()
    with reading():
        members = session.scalars(sa.select(FoldMember).order_by(FoldMember.id)).all()
        assert [member.contribution_id for member in members] == rows
        assert len({member.fold_id for member in members}) == 1
        names = session.scalars(sa.select(jobs.Job.state).where(jobs.Job.name == jobs.name_of(keeping.fold_chapter))).all()
        assert names == [jobs.JobState.DONE]
        assert tallies.faults() == []


def test_the_chapter_is_given_back_when_its_time_is_over_and_one_at_least_is_folded(block):
    rows = [factories.a_published_contribution(block=block, body=CAMPAIGN, position=Position.OPPOSED).id for _time in range(3)]
    left = service.fold(block.chapter.id, rows, until=0)
    assert list(left) == rows[1:]
    assert session.scalars(sa.select(FoldMember.contribution_id)).all() == rows[:1]
    assert not service.fold(block.chapter.id, left)
    assert session.scalars(sa.select(FoldMember.contribution_id).order_by(FoldMember.id)).all() == rows


def test_what_comes_late_with_a_lower_number_is_folded_too(block, said):
    late = factories.a_published_contribution(block=block, body=CAMPAIGN, position=Position.OPPOSED)
    (one,) = said(CAMPAIGN)
    keeping.see_to_new()
    assert session.scalars(sa.select(jobs.Job.subject_id).where(jobs.Job.name == jobs.name_of(keeping.fold_chapter))).all() == [
        block.chapter.id]
    service.fold(block.chapter.id, [late.id])
    assert fold_of(late) == fold_of(one) is not None


def test_whatever_becomes_of_one_the_others_stay(said):
    one, two, three = said(CAMPAIGN, CAMPAIGN, CAMPAIGN)
    before = fold_of(two)
    factories.change(one, state=ContributionState.WITHHELD)
    (four,) = said(CAMPAIGN)
    assert fold_of(one) == fold_of(two) == fold_of(three) == fold_of(four) == before
    assert tallies.faults() == []


def test_folding_twice_changes_nothing(block, said):
    rows = said(CAMPAIGN, CAMPAIGN, OTHER)
    before = [(row.id, row.fold_id) for row in session.scalars(sa.select(FoldMember).order_by(FoldMember.id))]
    service.fold(block.chapter.id, [row.id for row in rows])
    assert [(row.id, row.fold_id) for row in session.scalars(sa.select(FoldMember).order_by(FoldMember.id))] == before


def test_words_out_of_sight_are_told_of_no_link(rapporteur, said):
    one, turned = said(CAMPAIGN, TURNED)
    assert session.get_one(FoldLink, (turned.id, one.id)).words
    moderation.redact(rapporteur, turned, phrases="cinq ans", reason=Reason.PERSONAL_DATA, words="Un chiffre.",
                      expected_counter=turned.row_counter)
    session.expire_all()
    assert session.get_one(FoldLink, (turned.id, one.id)).words == []
    assert tallies.faults() == []


def test_what_very_many_have_is_kept_no_more_often(said, monkeypatch):
    """Of representatives that share a run only so many are found by it."""
    monkeypatch.setattr(folding, "MOST_OF_A_RUN", 2)
    end = " et les ateliers de Safi, de Fès et de Salé le demandent aussi depuis la dernière réunion de la profession."
    said(*(f"{start}{end}" for start in (OTHER, CAMPAIGN, OTHER.upper().replace("LISTE", "TABLE"), OWN)))
    often = sa.select(sa.func.count()).select_from(FoldRun).group_by(FoldRun.run).order_by(sa.func.count().desc())
    assert session.scalars(often).first() == 2
