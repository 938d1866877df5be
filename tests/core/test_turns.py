"""What was read before an act had its turn may have changed when it has it: its rules are asked again then, whichever act it is."""

import io
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.consultations import service as consultations
from consult.consultations.models import Appointment, Consultation, Invitation, Phase, Role, Round
from consult.contributions.models import Contribution, OfferedDraft, Origin
from consult.core import commands, course
from consult.core.arrival import SMALL, Arrivals
from consult.core.db import db, reading_first, session, unit_of_work
from consult.core.errors import NotAllowed
from consult.core.i18n import arrived_at, utcnow
from consult.core.permissions import (
    RULES,
    STEERING,
    SYSTEM,
    Action,
    Reads,
    can,
    invited,
    public,
    represents,
    signing,
    typed_by_another,
    typed_for_somebody,
    what_is_read,
    within,
)
from consult.organisations.models import Membership
from consult.reception.models import Batch, Entry
from tests import factories
from tests.consultations.test_at_once import somebody_else

COMMANDS = sorted(commands.COMMANDS)
OF_THE_COURSE = [action for action in COMMANDS if Reads.COURSE in what_is_read(action)]
OF_ROLES = [action for action in COMMANDS if Reads.ROLES in what_is_read(action)]


@pytest.fixture
def world(own_app):
    """(a contribution, its author, somebody with every role, an invitation of the author, a published contribution, a request to join an
    organisation, a draft that the author offered to theirs, what a clerk typed), where commits are real.
    """
    with unit_of_work():
        block = factories.block_of(factories.a_chapter(factories.a_consultation(opened_days_ago=40)), "C1-A1-P1-a1")
        contribution = factories.a_contribution(block=block)
        person = factories.a_user(role=Role.SECRETARIAT)
        for role in Role:
            of = block.chapter.commission if role in (Role.MODERATOR, Role.RAPPORTEUR, Role.CHAIR) else None
            if role != Role.SECRETARIAT:
                session.add(Appointment(user=person, role=role, commission=of))
        asked = consultations.invite(SYSTEM, block.chapter.consultation, email=contribution.author.email, role=Role.SECRETARIAT)
        joining = Membership(user=factories.a_user(), organisation=factories.an_organisation())
        published = factories.a_published_contribution(block=block)
        author = contribution.author
        offered = factories.an_offered_draft(block=block, author=author)
        clerk = factories.a_user(role=Role.CLERK)
        batch = Batch(form_key="b", consultation=block.chapter.consultation, number=1, origin=Origin.PAPER, place="Fès", announced=2,
                      received_at=utcnow(), registered_by_id=clerk.id, last_number=1)
        said = factories.a_contribution(block=block, origin=Origin.PAPER, received_at=utcnow())
        typed = factories.saved(Entry(form_key="e", batch=batch, number=1, contribution=said, code_hash="c", salt="",
                                      typed_by_id=clerk.id))
        return contribution.id, author.id, person.id, asked.id, published.id, factories.saved(joining).id, offered.id, typed.id


def set_course(phase: Phase) -> None:
    """In this phase, by its row and by its dates."""
    now, day = utcnow(), timedelta(days=1)
    opens_at, closes_at = {Phase.PREPARATION: (now + day, now + 40 * day), Phase.OPEN: (now - 20 * day, now + 20 * day)}.get(
        phase, (now - 40 * day, now - day))
    somebody_else(sa.update(Consultation).values(phase=phase))
    somebody_else(sa.update(Round).values(opens_at=opens_at, closes_at=closes_at))


def target_of(world, action: Action) -> Contribution | Entry | Invitation | Membership | OfferedDraft:
    if any(represents in line for line in RULES[action]):
        return session.get_one(Membership, world[5])
    if any(signing in line or within in line for line in RULES[action]):
        return session.get_one(OfferedDraft, world[6])
    if any(typed_by_another in line for line in RULES[action]):
        return session.get_one(Entry, world[7])
    if any(typed_for_somebody in line for line in RULES[action]):
        return session.get_one(Entry, world[7]).contribution
    if any(invited in line for line in RULES[action]):
        return session.get_one(Invitation, world[3])
    return session.get_one(Contribution, world[4 if any(public in line for line in RULES[action]) else 0])


def actors(world):
    return session.get_one(User, world[1]), session.get_one(User, world[2]), SYSTEM


def settled(world, action: Action) -> tuple[int, Phase]:
    """Who may do it, and in which phase alone of those that this finds."""
    for phase in Phase:
        set_course(phase)
        session.rollback()
        session.expire_all()
        target = target_of(world, action)
        for place, actor in enumerate(actors(world)):
            if can(actor, action, target):
                return place, phase
    raise AssertionError(f"nobody may {action.value}")


def refused_phase(world, action: Action, place: int) -> Phase | None:
    for phase in Phase:
        set_course(phase)
        session.rollback()
        session.expire_all()
        if not can(actors(world)[place], action, target_of(world, action)):
            return phase
    return None


def is_refused(world, action: Action, place: int, meanwhile: Callable[[], None]) -> bool:
    """Whether the act is never run, where this happens after it was seen to be allowed."""
    ran = []
    session.rollback()
    try:
        with reading_first():
            target, actor = target_of(world, action), actors(world)[place]
            assert can(actor, action, target)
            meanwhile()
            commands.perform(action, lambda *_given: ran.append(1), actor, target)
    except NotAllowed:
        return not ran
    return False


def test_a_phase_that_moved_meanwhile_refuses_every_act_that_asks_for_it(world):
    asked, accepted = 0, []
    for action in OF_THE_COURSE:
        place, phase = settled(world, action)
        other = refused_phase(world, action, place)
        if other is not None:  # the system closes in every phase
            set_course(phase)
            asked += 1
            if not is_refused(world, action, place, partial(set_course, other)):
                accepted.append(action)
    assert accepted == []
    assert asked > 25


def test_a_role_that_was_taken_away_meanwhile_refuses_every_act_that_asks_for_it(world):
    asked, accepted = 0, []
    for action in OF_ROLES:
        place, phase = settled(world, action)
        if place == 1:
            set_course(phase)
            asked += 1
            with db.engine.connect() as connection:
                rows = [dict(row._mapping) for row in connection.execute(sa.select(Appointment.__table__))]
            if not is_refused(world, action, place, lambda: somebody_else(sa.delete(Appointment))):
                accepted.append(action)
            somebody_else(sa.insert(Appointment.__table__).values(rows))
    assert accepted == []
    assert asked > 25


def test_who_steers_is_alone_and_others_are_not(own_app):
    """Two who lodge share the course at one moment; who closes waits for both."""
    if db.engine.dialect.name == "sqlite":
        pytest.skip("on SQLite whoever writes is alone")
    tried = sa.select(sa.func.pg_try_advisory_xact_lock(course.KEY)), sa.select(sa.func.pg_try_advisory_xact_lock_shared(course.KEY))
    with unit_of_work():
        course.share_course()
        with db.engine.begin() as other:
            assert [other.scalar(way) for way in tried] == [False, True]
    with unit_of_work():
        course.hold_course()
        with db.engine.begin() as other:
            assert [other.scalar(way) for way in tried] == [False, False]


def test_each_act_that_moves_what_the_rules_ask_is_alone():
    """Add to STEERING of core/permissions.py what changes dates, phase or roles."""
    moving = {Action.CONSULTATIONS_CLOSE, Action.CONSULTATIONS_OPEN, Action.CONSULTATIONS_EXTEND, Action.CONSULTATIONS_SCHEDULE,
              Action.CONSULTATIONS_BEGIN_SYNTHESIS, Action.ADOPTION_SEAL, Action.ADOPTION_DECIDE, Action.CONSULTATIONS_APPOINT,
              Action.CONSULTATIONS_DISMISS}
    assert moving <= STEERING


def test_a_request_has_arrived_when_it_is_whole():
    """Not when it began, nor when it has its turn: of a small one before the application sees it, of a large one with its last part."""
    seen = []

    class Body(io.BytesIO):
        def read(self, *size):
            seen.append(utcnow())
            return super().read(*size)

    def application(environ, _start_response):
        seen.append(arrived_at())
        environ["wsgi.input"].read()
        return [seen.append(arrived_at()) or b""]

    for size in (10, SMALL + 1):
        seen.clear()
        for _part in Arrivals(application, 1, 1, 1)(
                {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(size), "wsgi.input": Body(b"x" * size)}, lambda *_given: None):
            pass
        if size == 10:
            assert seen == sorted(seen), "the body, then the moment"
            assert seen[-1] == seen[-2]
        else:
            assert seen[0] < seen[1] <= seen[-1], "the beginning, then the body, then the moment"
