"""A unit of work that reads first takes the write lock for its act alone."""

import threading

import sqlalchemy as sa

from consult.consultations.models import Consultation
from consult.core.db import begin_writing, reading_first, session, unit_of_work
from tests import factories
from tests.waiting import PATIENCE


def test_others_write_while_it_reads_and_nothing_is_lost(own_app):
    with unit_of_work():
        consultation_id = factories.a_consultation(controller="").id
    read, written = threading.Barrier(8), []

    def add(letter: str) -> None:
        with own_app.app_context(), reading_first():
            assert session.scalar(sa.select(sa.func.count()).select_from(Consultation)) == 1
            read.wait(PATIENCE)
            begin_writing()
            longer = Consultation.controller + letter
            session.execute(sa.update(Consultation).where(Consultation.id == consultation_id).values(controller=longer))
            written.append(letter)

    threads = [threading.Thread(target=add, args=(letter,)) for letter in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    session.expire_all()
    assert sorted(session.get(Consultation, consultation_id).controller) == list("abcdefgh")
    session.rollback()


def test_what_only_read_commits_nothing(own_app):
    with reading_first():
        assert session.scalar(sa.select(sa.func.count()).select_from(Consultation)) == 0


def test_what_reads_already_writes_all_the_same(own_app):
    """A page that was drawn has read when what was typed is kept; SQLite gives no lock to who read before others wrote."""
    with unit_of_work():
        consultation_id = factories.a_consultation(controller="").id
    session.remove()
    assert session.scalar(sa.select(sa.func.count()).select_from(Consultation)) == 1
    with own_app.app_context(), unit_of_work():
        session.execute(sa.update(Consultation).values(controller="a"))
    with unit_of_work():
        session.execute(sa.update(Consultation).where(Consultation.id == consultation_id).values(controller=Consultation.controller + "b"))
    assert session.scalar(sa.select(Consultation.controller)) == "ab"
    session.rollback()
