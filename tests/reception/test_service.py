"""What was received on paper: typed once, in the name of its author, with a reference, a receipt and a stub; compared, balanced, closed."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from consult.accounts.models import User
from consult.consultations import service as consultations
from consult.consultations.models import ModerationMode, Phase, Role
from consult.contributions.models import Contribution, ContributionState, Kind, Origin, Position, Receipt
from consult.contributions.models.contribution import CommentType
from consult.contributions.service import count_figures, lodge
from consult.core import events as core_events
from consult.core.audit import AuditEvent
from consult.core.commands import undo
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed
from consult.core.extension_points import flat
from consult.core.i18n import utcnow
from consult.core.mail import OutgoingMail
from consult.organisations.models import Category, Organisation, OrganisationState
from consult.reception import service
from consult.reception.models import Batch, BatchState, CheckOutcome, Entry, drawn
from tests import factories
from tests.reception.typing import a_batch, slip


@pytest.fixture
def clerk(chapter):
    return factories.a_user(role=Role.CLERK, name="Salma Greffe")


@pytest.fixture
def other(chapter):
    return factories.a_user(role=Role.CLERK, name="Omar Registre")


@pytest.fixture
def secretary(chapter):
    return factories.a_user(role=Role.SECRETARIAT, name="Hanae Témoin")


def test_a_slip_gets_the_reference_the_receipt_and_the_digest_of_any_other(clerk, chapter, block):
    batch = a_batch(clerk, chapter.consultation)
    entry = service.enter(clerk, batch, **slip(block, name="Fatima Paper", contact="06 00 00 00 00"))
    said = entry.contribution
    assert (entry.number, said.ref, said.origin, said.received_at) == (1, "PNQ-C1-0001", Origin.PAPER, batch.received_at)
    receipt = session.scalars(sa.select(Receipt).where(Receipt.contribution_id == said.id)).one()
    assert receipt.digest == said.digest
    assert said.content()["origin"] == "paper"
    assert (said.author.name, said.author.is_entered, said.author.active) == ("Fatima Paper", True, False)
    assert {event.action for event in session.scalars(sa.select(AuditEvent).where(AuditEvent.actor_id == clerk.id))} >= {
        "reception.enter", "contributions.enter"}
    assert not list(flat(core_events.faults()))
    assert not session.scalars(sa.select(OutgoingMail)).all()


def test_the_digest_of_what_came_online_is_what_it_was(block):
    assert "origin" not in factories.a_contribution(block=block).content()


def test_the_same_form_enters_once(clerk, chapter, block):
    batch = a_batch(clerk, chapter.consultation)
    first, again = (service.enter(clerk, batch, **slip(block, form_key="once")) for _n in range(2))
    assert first.id == again.id
    assert batch.last_number == len(session.scalars(sa.select(Contribution)).all()) == 1


def test_a_form_of_somebody_else_is_refused(clerk, other, chapter, block):
    batch = a_batch(clerk, chapter.consultation)
    service.enter(clerk, batch, **slip(block, form_key="once"))
    with pytest.raises(Conflict, match="somebody else"):
        service.enter(other, batch, **slip(block, form_key="once"))


def test_two_slips_of_two_people_are_two_respondents_and_two_of_one_are_one(clerk, chapter, block):
    batch = a_batch(clerk, chapter.consultation)
    for values in ({"name": "Une"}, {"name": "Deux"}, {"same_as": 1}):
        entry = service.enter(clerk, batch, **slip(block, body=f"Des mots {values}", **values))
        factories.change(entry.contribution, state=ContributionState.PUBLISHED)
    assert count_figures(chapter.consultation).participants == 2


def test_an_organisation_that_nobody_listed_is_listed_as_to_be_confirmed_and_nobody_signs_for_it(clerk, chapter, block):
    batch = a_batch(clerk, chapter.consultation)
    with pytest.raises(Invalid) as refusal:
        service.enter(clerk, batch, **slip(block, name="", organisation="Coopérative Argane du Souss"))
    assert refusal.value.field == "category"
    entry = service.enter(
        clerk, batch, **slip(block, name="", organisation="Coopérative Argane du Souss", category=Category.COMPANY))
    body = session.scalars(sa.select(Organisation).where(Organisation.name_fr == "Coopérative Argane du Souss")).one()
    assert (entry.contribution.organisation, body.state, entry.contribution.declaration) == (body, OrganisationState.LISTED, None)
    assert clerk.organisation_id is None
    again = service.enter(clerk, batch, **slip(block, body="Autre chose", organisation="COOPERATIVE ARGANE DU SOUSS"))
    assert again.contribution.organisation == body


@pytest.mark.parametrize(("values", "field"), [
    ({"name": " "}, "name"), ({"same_as": 9}, "same_as"), ({"body": " "}, "body"), ({"contact": "x" * 201}, "contact"),
])
def test_what_cannot_be_taken_is_named(clerk, chapter, block, values, field):
    batch = a_batch(clerk, chapter.consultation)
    with pytest.raises(Invalid) as refusal:
        service.enter(clerk, batch, **slip(block, **values))
    assert refusal.value.field == field
    assert batch.last_number == 0


def test_the_same_words_in_one_batch_are_told_and_taken_when_it_is_another_slip(clerk, chapter, block):
    batch = a_batch(clerk, chapter.consultation)
    service.enter(clerk, batch, **slip(block))
    with pytest.raises(service.SameWords):
        service.enter(clerk, batch, **slip(block, name="Une autre"))
    assert service.enter(clerk, batch, **slip(block, name="Une autre", is_another=True)).number == 2


def test_no_more_is_typed_than_was_announced(clerk, chapter, block):
    batch = a_batch(clerk, chapter.consultation, announced=2)
    service.set_aside(clerk, batch, count=1, reason="Illisible")
    service.enter(clerk, batch, **slip(block))
    with pytest.raises(Conflict, match="typed or set aside"):
        service.enter(clerk, batch, **slip(block, body="Un de trop"))
    with pytest.raises(Invalid):
        service.set_aside(clerk, batch, count=2, reason="Illisible")


def test_set_aside_wants_its_reason(clerk, chapter):
    with pytest.raises(Invalid) as refusal:
        service.set_aside(clerk, a_batch(clerk, chapter.consultation), count=1, reason=" ")
    assert refusal.value.field == "reason"


# When


def closing(consultation, **later):
    return time_machine.travel(consultation.closes_at + timedelta(**later), tick=False)


@pytest.mark.parametrize(("later", "may"), [({"days": 3, "seconds": -1}, True), ({"days": 3}, False)])
def test_a_batch_is_registered_three_days_after_the_closing_at_the_latest(clerk, chapter, later, may):
    consultation = chapter.consultation
    with closing(consultation, **later):
        if may:
            assert a_batch(clerk, consultation, received_at=consultation.closes_at - timedelta(seconds=1)).number == 1
        else:
            with pytest.raises(NotAllowed):
                a_batch(clerk, consultation, received_at=consultation.closes_at - timedelta(seconds=1))


@pytest.mark.parametrize(("later", "may"), [({"days": 10, "seconds": -1}, True), ({"days": 10}, False)])
def test_it_is_typed_ten_days_after_the_closing_at_the_latest(clerk, chapter, block, later, may):
    batch = a_batch(clerk, chapter.consultation)
    with closing(chapter.consultation, **later):
        if may:
            assert service.enter(clerk, batch, **slip(block)).contribution.submitted_at == utcnow()
        else:
            with pytest.raises(NotAllowed, match="ten days"):
                service.enter(clerk, batch, **slip(block))
        with pytest.raises(NotAllowed):
            lodge(clerk, block, form_key="online", kind=Kind.COMMENT, comment_type=CommentType.GENERAL, position=Position.NEUTRAL, body="x")


def test_what_was_received_after_the_closing_or_is_to_come_is_no_batch(clerk, chapter):
    consultation = chapter.consultation
    with closing(consultation, days=1):
        for moment, words in ((consultation.closes_at, "closed then"), (utcnow() + timedelta(hours=1), "still to come"),
                              (consultation.opens_at - timedelta(seconds=1), "not open yet")):
            with pytest.raises(Invalid, match=words):
                a_batch(clerk, consultation, received_at=moment)
        older = a_batch(clerk, consultation, origin=Origin.IMPORT, received_at=consultation.opens_at - timedelta(days=900))
        assert older.number == 1


def test_the_synthesis_waits_for_the_balance(secretary, clerk, chapter):
    consultation = chapter.consultation
    a_batch(clerk, consultation)
    with closing(consultation, days=1), pytest.raises(Conflict, match="not balanced"):
        consultations.begin_synthesis(secretary, consultation)
    undo()


def test_the_synthesis_waits_no_longer_than_the_ten_days(secretary, clerk, chapter):
    consultation = chapter.consultation
    a_batch(clerk, consultation)
    with closing(consultation, days=10):
        assert consultations.begin_synthesis(secretary, consultation).phase == Phase.SYNTHESIS


# Comparing


def ten(clerk, batch, block, count=10) -> list[Entry]:
    return [service.enter(clerk, batch, **slip(block, name=f"Personne {n}", body=f"Le bulletin dit {n}.")) for n in range(count)]


def test_one_in_ten_is_drawn_by_its_digest_and_one_of_the_rest(clerk, chapter, block):
    batch = a_batch(clerk, chapter.consultation, announced=13)
    entries = ten(clerk, batch, block, 12)
    assert [entry.number for entry in entries[:10] if entry.is_sampled] == [
        min(entries[:10], key=lambda one: drawn(one.contribution.digest)).number]
    assert not any(entry.is_sampled for entry in entries[10:])
    service.set_aside(clerk, batch, count=1, reason="Blanc")
    assert sum(entry.is_sampled for entry in entries[10:]) == 1


def test_who_typed_it_does_not_compare_it_and_a_batch_closes_when_all_is_compared(clerk, other, chapter, block):
    batch = a_batch(clerk, chapter.consultation, announced=2)
    entries = ten(clerk, batch, block, 2)
    drawn_one, = service.list_sampled(clerk, batch)
    assert drawn_one in entries
    with pytest.raises(NotAllowed, match="somebody else compares"):
        service.check(clerk, drawn_one)
    with pytest.raises(Conflict, match="wait to be compared"):
        service.close(clerk, batch)
    assert service.check(other, drawn_one).outcome == CheckOutcome.SAME
    with pytest.raises(Conflict, match="compared already"):
        service.check(other, drawn_one)
    assert service.close(clerk, batch).state == BatchState.CLOSED
    with pytest.raises(Conflict, match="is closed"):
        service.enter(clerk, batch, **slip(block, body="Encore un"))


def test_a_batch_with_some_left_does_not_close(clerk, chapter):
    with pytest.raises(Conflict, match="neither typed nor set aside"):
        service.close(clerk, a_batch(clerk, chapter.consultation))


def test_a_correction_is_another_contribution_and_the_first_one_is_kept(clerk, other, chapter, block):
    batch = a_batch(clerk, chapter.consultation, announced=1)
    entry = service.enter(clerk, batch, **slip(block, body="Mesurer l’eau."))
    former = entry.contribution
    said = {key: value for key, value in slip(block, body="Mesurer l’air.").items() if key not in ("form_key", "name", "block")}
    done = service.correct(other, entry, block=block, note="air, non pas eau", **said)
    assert (done.outcome, done.former, former.state) == (CheckOutcome.CORRECTED, former, ContributionState.WITHDRAWN)
    now = entry.contribution
    assert (now.body, now.author_id, now.origin, former.lodged_body) == ("Mesurer l’air.", former.author_id, Origin.PAPER, "Mesurer l’eau.")
    assert batch.last_number == 1
    assert not list(flat(core_events.faults()))


def test_a_correction_that_changes_nothing_takes_nothing_back(clerk, other, chapter, block):
    entry = service.enter(clerk, a_batch(clerk, chapter.consultation, announced=1), **slip(block, body="Mesurer l’eau."))
    said = {key: value for key, value in slip(block, body="Mesurer l’eau.").items() if key not in ("form_key", "name", "block")}
    with pytest.raises(Invalid, match="nothing would be corrected"):
        service.correct(other, entry, block=block, note="rien", **said)
    assert (entry.check, entry.contribution.withdrawn_at) == (None, None)


@pytest.mark.parametrize(("over", "state"), [
    ({}, ContributionState.PUBLISHED),
    ({"state": ContributionState.WITHHELD}, ContributionState.SUBMITTED),
    ({"state": ContributionState.REPHRASING}, ContributionState.SUBMITTED),
    ({"is_redacted": True, "shown_body": "Mesurer […]."}, ContributionState.SUBMITTED),
    ({"rephrased_at": utcnow(), "shown_body": "Mesurer autrement."}, ContributionState.SUBMITTED),
])
def test_a_correction_publishes_nothing_that_moderators_kept_back(clerk, other, chapter, block, over, state):
    factories.change(chapter.consultation, moderation_mode=ModerationMode.AFTER)
    entry = service.enter(clerk, a_batch(clerk, chapter.consultation, announced=1), **slip(block, body="Mesurer l’eau."))
    factories.change(entry.contribution, **over)
    said = {key: value for key, value in slip(block, body="Mesurer l’air.").items() if key not in ("form_key", "name", "block")}
    service.correct(other, entry, block=block, note="air", **said)
    assert entry.contribution.state == state


# Stubs, and who may


def test_a_stub_is_printed_again_and_the_database_holds_no_code(clerk, chapter, block):
    batch = a_batch(clerk, chapter.consultation)
    entry = service.enter(clerk, batch, **slip(block))
    stub, = service.list_stubs(clerk, batch).rows
    assert (stub.entry, len(stub.code)) == (entry, 16)
    held = session.execute(sa.text("SELECT * FROM entry")).one()
    assert stub.code not in [str(value) for value in held]
    assert stub.code == service.list_stubs(clerk, batch).rows[0].code


def test_others_type_nothing(chapter, block, clerk):
    batch = a_batch(clerk, chapter.consultation)
    for role in (Role.RAPPORTEUR, Role.CHAIR, Role.MODERATOR):
        with pytest.raises(NotAllowed):
            service.enter(factories.a_user(role=role, commission=chapter.commission), batch, **slip(block))
    with pytest.raises(NotAllowed):
        service.get_batch(factories.a_user(), chapter.consultation, batch.number)


@pytest.mark.parametrize(("typed", "key"), [
    ("C1-A1-P1-a1", "C1-A1-P1-a1"), ("c1-a1-p1-a2", "C1-A1-P1-a2"), ("techniciens des laboratoires", "C1-A1-P1-a2"),
])
def test_a_passage_is_called_by_its_key_or_by_words_of_it(clerk, chapter, typed, key):
    assert service.get_block(clerk, chapter.consultation, typed, "fr").key == key


@pytest.mark.parametrize("typed", ["", "C1-A9", "C9-A1", "des mots qui ne sont nulle part", "des"])
def test_a_passage_that_is_none_or_several_is_refused_with_what_to_do(clerk, chapter, typed):
    with pytest.raises(Invalid) as refusal:
        service.get_block(clerk, chapter.consultation, typed, "fr")
    assert (refusal.value.field, bool(refusal.value.remedy)) == ("passage", True)


def test_nothing_of_it_is_an_account(clerk, chapter, block):
    service.enter(clerk, a_batch(clerk, chapter.consultation), **slip(block))
    person = session.scalars(sa.select(User).where(User.is_entered)).one()
    assert person.email.endswith("@elsewhere.invalid")
    assert session.scalars(sa.select(Batch)).one().last_number == 1
