"""What people decide of folds stays, is told in the journal, and keeps the counts."""

import pytest
import sqlalchemy as sa

from consult.contributions.models import ContributionState, Position
from consult.core import tallies
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed
from consult.grouping import service
from consult.grouping.models import Choice, Fold, FoldChoice, FoldMember
from tests import factories
from tests.grouping.conftest import CAMPAIGN, OTHER, OWN, fold_of, member_of


def test_one_that_is_taken_out_is_alone_and_stays_so(rapporteur, said):
    one, two, three = said(CAMPAIGN, CAMPAIGN, CAMPAIGN)
    before = fold_of(one)
    choice = service.part(rapporteur, three)
    assert (choice.choice, choice.fold_id) == (Choice.PART, before)
    assert (fold_of(three), fold_of(one) == fold_of(two) is not None) == (None, True)
    said(CAMPAIGN)
    assert fold_of(three) is None
    event = session.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert event.details == {"ref": three.ref, "choice": "part", "fold": 1}
    assert tallies.faults() == []


def test_a_fold_that_loses_its_first_goes_on_from_the_next(rapporteur, said):
    one, two, three = said(CAMPAIGN, CAMPAIGN + OWN, CAMPAIGN)
    before = fold_of(one)
    service.part(rapporteur, one)
    fold = session.get_one(Fold, before)
    assert (fold.core_id, fold_of(two), fold_of(three), fold_of(one)) == (two.id, before, before, None)
    assert member_of(two).own_words == 0
    assert tallies.faults() == []


def test_two_that_are_taken_apart_are_both_alone_and_the_number_is_not_given_again(rapporteur, said):
    one, two = said(CAMPAIGN, CAMPAIGN)
    service.part(rapporteur, two)
    assert (fold_of(one), fold_of(two)) == (None, None)
    three, four = said(OTHER, OTHER)
    assert fold_of(three) == fold_of(four)
    assert session.get_one(Fold, fold_of(three)).number == 2


def test_others_are_put_together_by_a_person(rapporteur, said):
    one, other = said(CAMPAIGN, OTHER)
    service.join(rapporteur, other, other=one)
    assert fold_of(one) == fold_of(other) is not None
    assert member_of(other).own_words > 12, "its words are its own: it is read by itself"
    (later,) = said(OTHER)
    assert fold_of(later) == fold_of(one), "whoever repeats what was put there belongs there too"
    assert tallies.faults() == []


def test_what_is_moved_leaves_its_fold(rapporteur, said):
    one, two, three, four = said(CAMPAIGN, CAMPAIGN, OTHER, OTHER)
    service.join(rapporteur, two, other=three)
    assert (fold_of(one), fold_of(two) == fold_of(three) == fold_of(four) is not None) == (None, True)
    assert [choice.choice for choice in session.scalars(sa.select(FoldChoice))] == [Choice.JOIN]


def test_another_position_another_chapter_or_itself_is_refused(rapporteur, block, said):
    one, _two = said(CAMPAIGN, CAMPAIGN)
    (against,) = said(CAMPAIGN, position=Position.IN_FAVOUR)
    with pytest.raises(Invalid, match="another position") as refusal:
        service.join(rapporteur, against, other=one)
    assert "item" in str(refusal.value.remedy)
    elsewhere = factories.a_chapter(block.consultation, number=2)
    other = factories.a_published_contribution(block=factories.block_of(elsewhere, "C2-A1-P1-a1"), body=CAMPAIGN, position=Position.OPPOSED)
    for wrong in (one, other):
        with pytest.raises(Invalid, match="another contribution"):
            service.join(rapporteur, one, other=wrong)


def test_what_is_overtaken_is_told(rapporteur, block, said):
    one, two, alone = said(CAMPAIGN, CAMPAIGN, OTHER)
    with pytest.raises(Conflict, match="in no fold"):
        service.part(rapporteur, alone)
    with pytest.raises(Conflict, match="already"):
        service.join(rapporteur, two, other=one)
    new = factories.a_published_contribution(block=block, body=CAMPAIGN, position=Position.OPPOSED)
    with pytest.raises(Conflict, match="not compared"):
        service.join(rapporteur, new, other=one)
    assert session.scalars(sa.select(FoldMember).where(FoldMember.contribution_id == new.id)).all() == []


def test_only_the_commission_decides(participant, chair, said):
    one, two = said(CAMPAIGN, CAMPAIGN)
    with pytest.raises(NotAllowed):
        service.part(participant, two)
    with pytest.raises(NotAllowed):
        service.join(participant, two, other=one)
    with pytest.raises(NotAllowed):
        service.get_fold(participant, one.chapter, 1)


def test_what_is_taken_down_is_put_nowhere(rapporteur, said):
    one, other = said(CAMPAIGN, OTHER)
    factories.change(other, state=ContributionState.WITHHELD)
    with pytest.raises(Invalid, match="Withheld"):
        service.join(rapporteur, other, other=one)
