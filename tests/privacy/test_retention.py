"""What is over ends by itself, by the one table of periods."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from consult.accounts import service as accounts
from consult.accounts.models import User
from consult.consultations.models import Role, StaffLetter
from consult.contributions.models import ContributionDraft
from consult.core import jobs, mail
from consult.core.db import session, unit_of_work
from consult.core.i18n import clock_at, utcnow
from consult.core.jobs import Job, JobState
from consult.core.mail import OutgoingMail
from consult.core.permissions import VISITOR
from consult.exports import files
from consult.exports.models import Export, ExportFormat, ExportKind, ExportState
from consult.privacy import clock, retention, service
from consult.privacy.models import Cause, Erasure
from tests import factories

DAY = timedelta(days=1)


def causes() -> dict[int, Cause]:
    return {erasure.user_id: erasure.cause for erasure in session.scalars(sa.select(Erasure))}


def test_accounts_that_nobody_confirms_are_forgotten_after_their_term(app):
    old = factories.a_user(confirmed_at=None, created_at=utcnow() - retention.UNCONFIRMED - DAY)
    factories.a_user(confirmed_at=None)
    factories.a_user(created_at=utcnow() - 99 * DAY)
    clock.end_all()
    assert causes() == {old.id: Cause.UNCONFIRMED}


def test_an_account_that_is_asked_for_again_lasts_as_long_as_a_new_one(app, block):
    with clock_at(utcnow() - retention.UNCONFIRMED - DAY):
        asked, written_to, over = (accounts.register(VISITOR, None, email=f"{name}@example.org", name="A") for name in "abc")
    accounts.register(VISITOR, None, email=asked.email, name="A")
    mail.post(written_to.email, "Confirmez", "", expires_at=utcnow() + DAY)
    session.add(ContributionDraft(token="a", address=over.email, browser="x", block_id=block.id, fields={}))
    session.flush()
    clock.end_all()
    assert causes() == {over.id: Cause.UNCONFIRMED}
    assert session.scalar(sa.select(sa.func.count()).select_from(ContributionDraft)) == 1, "it waits for whoever shows that it is theirs"


@pytest.mark.parametrize("meanwhile", [{"confirmed_at": utcnow()}, {"signed_in_at": utcnow(), "warned_at": None}])
def test_whoever_confirms_or_signs_in_before_their_turn_stays(app, monkeypatch, meanwhile):
    """Another session's change, between the reading of who is over and the lock: on SQLite, where nobody can, it is done in their place."""
    long_ago = utcnow() - retention.DORMANT - DAY
    unconfirmed = {"confirmed_at": None, "created_at": utcnow() - retention.UNCONFIRMED - DAY}
    idle = {"signed_in_at": long_ago, "warned_at": long_ago}
    person = factories.a_user(**(unconfirmed if "confirmed_at" in meanwhile else idle))
    lock = service.lock

    def lock_later(row, *fresh):
        session.execute(sa.update(User).where(User.id == row.id).values(**meanwhile).execution_options(synchronize_session=False))
        lock(row, *fresh)
    monkeypatch.setattr(service, "lock", lock_later)
    clock.end_all()
    session.refresh(person)
    assert (causes(), person.forgotten_at) == ({}, None)


def test_one_person_is_forgotten_in_each_unit_of_work(own_app):
    """Two in one would take the letters of the first before the row of the second: tests/locking.py watches."""
    with unit_of_work():
        for number in range(2):
            person = factories.a_user(confirmed_at=None, created_at=utcnow() - retention.UNCONFIRMED - DAY)
            accounts.open_session(person)
            mail.post(person.email, f"Lettre {number}", "")
    counts = []
    while not counts or counts[-1]:
        with unit_of_work():
            counts.append(retention.end_unconfirmed())
    assert counts == [1, 1, 0]


def test_what_takes_many_turns_keeps_nothing_else_from_its_own(app, monkeypatch):
    monkeypatch.setattr(clock, "_due", {})
    seen = []
    monkeypatch.setattr(clock, "PERIODS", [retention.Period(str(number), DAY, "", ends=lambda number=number: seen.append(number) or 1)
                                           for number in range(3)])
    for _second in range(6):
        clock.end_what_is_over()
    assert seen == [0, 1, 2, 0, 1, 2]


def test_whoever_does_not_sign_in_is_written_to_and_then_forgotten(app):
    idle = factories.a_user(signed_in_at=utcnow() - retention.DORMANT - DAY)
    back = factories.a_user(signed_in_at=utcnow() - retention.DORMANT - DAY)
    in_charge = factories.a_user(signed_in_at=utcnow() - retention.DORMANT - DAY, role=Role.SECRETARIAT)
    clock.end_all()
    session.commit()
    jobs.run_pending()
    told = set(session.scalars(sa.select(OutgoingMail.recipient)))
    assert told == {idle.email, back.email}
    session.expire_all()
    assert causes() == {}
    assert in_charge.warned_at is None
    accounts.open_session(back)
    with clock_at(utcnow() + retention.WARNED + DAY):
        clock.end_all()
        assert causes() == {idle.id: Cause.DORMANT}


def test_old_letters_and_work_go_and_what_is_under_way_stays(app):
    with clock_at(utcnow() - retention.LETTERS - DAY):
        mail.post("a@example.org", "Ancienne", "", sent_at=utcnow())
    kept = mail.post("b@example.org", "Récente", "")
    session.execute(sa.update(Job).where(Job.subject_id != kept.id).values(state=JobState.DONE))
    clock.end_all()
    assert list(session.scalars(sa.select(OutgoingMail.subject))) == ["Récente"]
    assert list(session.scalars(sa.select(Job.subject_id))) == [kept.id]


def test_old_files_and_what_was_told_go(app, consultation):
    secretary = factories.a_user(role=Role.SECRETARIAT)
    for days, name in ((1, "export-new.fr.csv"), (retention.FILES.days + 1, "export-old.fr.csv")):
        files.path_of(name).write_text("x")
        session.add(Export(consultation=consultation, kind=ExportKind.CONTRIBUTIONS, format=ExportFormat.CSV, language="fr", file_name=name,
                           state=ExportState.READY, requested_by_id=secretary.id, ready_at=utcnow() - days * DAY))
        day = utcnow() - (days * 5) * DAY
        session.add(StaffLetter(user_id=secretary.id, day=day.date(), written_at=day))
    session.flush()
    clock.end_all()
    assert list(session.scalars(sa.select(Export.file_name))) == ["export-new.fr.csv"]
    assert session.scalar(sa.select(sa.func.count()).select_from(StaffLetter)) == 1


def test_the_clock_looks_at_each_period_and_one_that_fails_keeps_no_other_from_it(app, monkeypatch):
    ended = [period.data for period in retention.PERIODS if period.ends]
    monkeypatch.setattr(clock, "_due", {})
    seen = []

    def fail(data: str):
        def ends() -> int:
            seen.append(data)
            raise RuntimeError(data)
        return ends
    monkeypatch.setattr(clock, "PERIODS", [retention.Period(data, DAY, "", ends=fail(data)) for data in ended])
    for _second in range(len(ended) + 3):
        try:
            clock.end_what_is_over()
        except RuntimeError:
            continue
    assert seen == ended


def test_the_letter_of_one_who_was_forgotten_meanwhile_is_not_written(app):
    idle = factories.a_user(signed_in_at=utcnow() - retention.DORMANT - DAY)
    clock.end_all()
    idle.forgotten_at = utcnow()
    session.commit()
    assert jobs.run_pending() == 1
    assert session.scalar(sa.select(sa.func.count()).select_from(OutgoingMail)) == 0
