"""Two moderators who work through the same queue at once."""

import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.consultations.models import Consultation, Role
from consult.contributions.models import Contribution, ContributionState
from consult.core.audit import AuditEvent
from consult.core.db import session, unit_of_work
from consult.core.errors import Conflict
from consult.core.verification import verify_journal
from consult.moderation import service
from consult.moderation.models import ModerationDecision, Reason, Verdict
from tests import factories

EACH = 200
SUBMITTED = ContributionState.where(awaits_moderation=True)


def prepared(number: int) -> list[int]:
    with unit_of_work():
        chapter = factories.a_chapter(factories.a_consultation())
        block = factories.block_of(chapter, "C1-A1-P1-a1")
        author = factories.a_user()
        for _each in range(number):
            factories.a_contribution(block=block, author=author)
        return [factories.a_user(role=Role.RAPPORTEUR, commission=chapter.commission, name=name).id for name in ("Une", "Deux")]


def first_waiting(person: User) -> tuple[str, int] | None:
    """What the page of the queue shows first, with its mark."""
    consultation = session.scalars(sa.select(Consultation)).one()
    rows = service.queue(person, service.list_chapters(person, consultation), states=SUBMITTED).rows
    return (rows[0].ref, rows[0].row_counter) if rows else None


@pytest.mark.longest
def test_two_rapporteurs_through_one_queue_lose_nothing_and_overwrite_nothing_unseen(own_app, at_once):
    """Each opens the first that waits and decides, as the other does: whoever comes second is told, and goes on with the next."""
    people = prepared(2 * EACH)
    refused, decided = [], []

    def work_through(number: int) -> int:
        own = 0
        while own < EACH:
            session.expire_all()
            with unit_of_work():
                shown = first_waiting(session.get_one(User, people[number]))
            if shown is None:
                return own
            ref, mark = shown
            try:
                with unit_of_work():
                    person = session.get_one(User, people[number])
                    subject = session.scalars(sa.select(Contribution).where(Contribution.ref == ref)).one()
                    if own % 10:
                        service.publish(person, subject, expected_counter=mark)
                    else:
                        service.withhold(person, subject, expected_counter=mark, reason=Reason.OFF_TOPIC, words="Sans rapport.")
            except Conflict as conflict:
                refused.append((ref, str(conflict)))
            else:
                own += 1
                decided.append(ref)
        return own

    ends = at_once(own_app, lambda: work_through(0), lambda: work_through(1))
    assert sum(ends) == 2 * EACH == len(set(decided)), ends
    decisions = session.scalars(sa.select(ModerationDecision)).all()
    assert len(decisions) == 2 * EACH == len({one.contribution_id for one in decisions}), "one decision on each, and none twice"
    assert all("Une" in told or "Deux" in told for _ref, told in refused), "whoever came second is told who was first"
    states = {one.id: one.state for one in session.scalars(sa.select(Contribution))}
    assert all(states[one.contribution_id] == one.verdict.to for one in decisions)
    acts = [verdict.action.value for verdict in Verdict]
    assert session.scalar(sa.select(sa.func.count()).where(AuditEvent.action.in_(acts))) == 2 * EACH
    assert verify_journal() == [], "the chain of events is whole"
