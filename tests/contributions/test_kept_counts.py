"""Counts that are kept: what each act does to them, what is told when one differs, and that acts at one moment lose none."""

from functools import partial

import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.cli import recount_all as recount
from consult.consultations.models import Role
from consult.contributions import service
from consult.contributions.models import (
    ChapterTally,
    Contribution,
    ContributionState,
    ProvisionTally,
    RespondentCount,
    RespondentScope,
    RespondentTally,
)
from consult.core import tallies, verification
from consult.core.db import session, unit_of_work
from consult.core.errors import Conflict
from consult.moderation import service as moderation
from consult.moderation.models import Reason, Verdict
from tests import factories
from tests.at_once import all_at_once
from tests.contributions.test_service import lodge

WORDS = "Ces mots visent quelqu’un."


def rows(tally: type[tallies.Tally]) -> dict[tuple, int]:
    return {tuple(key): count for *key, count in session.execute(sa.select(*tally.__table__.c)) if count}


def test_each_act_keeps_them(consultation, chapter, block, participant, rapporteur):
    said = lodge(participant, block, replacement="Autrement.", as_organisation=participant.organisation)
    here = (chapter.id, block.key, "shown")
    assert rows(ProvisionTally) == {(*here, "submitted", True): 1}
    assert rows(RespondentTally) == {}
    moderation.publish(rapporteur, said, expected_counter=said.row_counter)
    assert rows(ProvisionTally) == {(*here, "published", True): 1}
    assert rows(ChapterTally) == {(chapter.id, "published", "laboratory"): 1}
    assert service.count_figures(consultation) == service.Figures(1, 1, 1)
    moderation.withhold(rapporteur, said, reason=Reason.INSULT, words=WORDS, expected_counter=said.row_counter)
    assert rows(ProvisionTally) == {(*here, "withheld", True): 1}
    assert service.count_figures(consultation) == service.Figures(0, 0, 0)
    moderation.restore(rapporteur, said, reason=Reason.MISTAKE, words=WORDS, expected_counter=said.row_counter)
    assert service.count_figures(consultation) == service.Figures(1, 1, 1)
    service.withdraw(participant, said)
    assert rows(ChapterTally) == {(chapter.id, "withdrawn", "laboratory"): 1}
    assert rows(RespondentCount) == {}
    assert tallies.faults() == []


def test_a_respondent_counts_once_however_often_they_speak(consultation, block, participant, citizen):
    colleague = factories.a_user(organisation=participant.organisation)
    said = [factories.a_published_contribution(block=block, author=author) for author in (participant, participant, colleague, citizen)]
    assert service.count_figures(consultation) == service.Figures(4, 1, 3)
    of_chapter = service.count_respondents((RespondentScope.CHAPTER, [block.chapter.id]))[RespondentScope.CHAPTER, block.chapter.id]
    assert of_chapter == {"laboratory": 1, "own_name": 1}
    service.withdraw(participant, said[0])
    assert service.count_figures(consultation) == service.Figures(3, 1, 3)
    service.withdraw(participant, said[1])
    assert service.count_figures(consultation) == service.Figures(2, 1, 2)


@pytest.mark.counts_are_wrong
def test_a_count_that_differs_is_told_and_put_back(contribution, chapter):
    session.execute(sa.update(ChapterTally).values(count=ChapterTally.count + 2))
    session.execute(sa.delete(ProvisionTally))
    session.commit()
    told = [fault.partition(":")[0] for fault in verification.verify_database()]
    assert [name for name in told if name.endswith("_tally")] == ["chapter_tally", "provision_tally"]
    tallies.recount_all()
    assert tallies.faults() == []
    assert service.count_by_state([chapter.id])[chapter.id][ContributionState.SUBMITTED] == 2


def test_counting_anew_changes_nothing_of_what_acts_kept(consultation, chapter, block, participant, citizen):
    factories.an_item(factories.a_synthesis(chapter), factories.a_published_contribution(block=block, author=citizen))
    lodge(participant, block)
    every = (ChapterTally, ProvisionTally, RespondentCount, RespondentTally)
    before = [rows(tally) for tally in every]
    tallies.recount_all()
    assert [rows(tally) for tally in every] == before


def test_a_refused_act_of_several_counts_nothing(consultation, block, participant, rapporteur):
    first, second = (lodge(participant, block, f"form-{n}", body=f"Précisez ce point, {n}.") for n in (1, 2))
    bulk = moderation.decide_several(rapporteur, consultation, Verdict.PUBLISH, expected_counter={
        first.ref: first.row_counter, second.ref: second.row_counter + 1, "PNQ-C9-0001": 1})
    assert bulk.decided == [first.ref]
    assert chapters.tallies(block.chapter) == {block.key: 1}
    assert tallies.faults() == []


def test_acts_at_one_moment_lose_no_count(own_app):
    with unit_of_work():
        consultation = factories.a_consultation()
        block = factories.block_of(factories.a_chapter(consultation), "C1-A1-P1-a1")
        author = factories.a_user(organisation=factories.an_organisation())
        secretary = factories.a_user(role=Role.SECRETARIAT)
        said = [factories.a_contribution(block=block, author=author).id for _n in range(6)]

    def publish(id_: int):
        return moderation.publish(session.get(User, secretary.id), session.get(Contribution, id_), expected_counter=1)

    def withdraw(id_: int):
        return service.withdraw(session.get(User, author.id), session.get(Contribution, id_))
    acts = [*(partial(publish, id_) for id_ in said[:4]), *(partial(withdraw, id_) for id_ in said[4:])]
    assert [end for end in all_at_once(own_app, *acts) if isinstance(end, Exception)] == []
    assert tallies.faults() == []
    assert service.count_figures(session.merge(consultation)) == service.Figures(4, 1, 1)


def test_what_is_rolled_back_within_several_acts_is_not_counted(consultation, chapter, block, participant):
    said = [factories.a_contribution(block=block, author=participant) for _n in range(2)]
    before = rows(ChapterTally)
    with tallies.together():
        with pytest.raises(Conflict), session.begin_nested(), tallies.together():
            with service.recounted(said[:1]):
                said[0].state = ContributionState.PUBLISHED
            raise Conflict("refused after it was counted")
        session.expire(said[0])
    assert rows(ChapterTally) == before
    assert tallies.faults() == []


def test_who_counts_anew_lets_nobody_change_counts_meanwhile(own_app):
    with unit_of_work():
        block = factories.block_of(factories.a_chapter(factories.a_consultation()), "C1-A1-P1-a1")
        author = factories.a_user(organisation=factories.an_organisation())
        said = [factories.a_contribution(block=block, author=author).id for _n in range(6)]

    def withdraw(id_: int):
        return service.withdraw(session.get(User, author.id), session.get(Contribution, id_))
    acts = [partial(withdraw, id_) for id_ in said]
    ends = all_at_once(own_app, *acts[:4], recount, recount, *acts[4:])
    assert [end for end in ends if isinstance(end, Exception)] == []
    assert tallies.faults() == []
