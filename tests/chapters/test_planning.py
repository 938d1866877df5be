"""What publishing needs is worked out before anybody has to wait for it, and again where something changed meanwhile."""

import threading

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask.cli import ScriptInfo

from consult.accounts.models import User
from consult.chapters import service
from consult.chapters.models import Alignment, Chapter, WorkingDraft
from consult.chapters.service import planning
from consult.chapters.views import preparing
from consult.cli import cli
from consult.consultations.models import Role
from consult.core import commands
from consult.core.db import reading_first, session, unit_of_work
from consult.core.errors import NotAllowed
from consult.core.permissions import SYSTEM
from tests import factories
from tests.at_once import all_at_once
from tests.chapters.test_publishing import keep, publish, source
from tests.waiting import PATIENCE

MONTHLY = ("chaque année", "chaque mois")


def noting(done, name, real):
    def run(*args, **values):
        done.append(name)
        return real(*args, **values)
    return run


@pytest.fixture
def told(monkeypatch):
    """What is done, in its order: sources read, texts laid against each other, an act that begins to write."""
    done = []
    for module, name in ((planning, "read_file"), (planning, "plan"), (commands, "begin_writing")):
        monkeypatch.setattr(module, name, noting(done, name, getattr(module, name)))
    return done


@pytest.fixture
def draft(chapter, chair):
    return keep(chair, chapter, MONTHLY)


def test_all_is_read_and_aligned_before_anything_is_held(chapter, chair, draft, told):
    service.publish(chair, draft, expected_counter=draft.row_counter, note="Relu.")
    assert told == ["read_file", "plan", "begin_writing"]
    told.clear()
    service.import_chapter(SYSTEM, chapter.consultation, data=source(("chaque année", "chaque jour")).encode())
    assert told == ["read_file", "plan", "begin_writing"]
    told.clear()
    again = keep(chair, chapter)
    told.clear()
    service.correct(chair, again, new_key="C1-A1-P1-a1", old_key="C1-A1-P1-a2", expected_counter=again.row_counter)
    assert told == ["read_file", "plan", "begin_writing"]


def test_whoever_may_not_has_nothing_worked_out(chapter, draft, told):
    stranger = factories.a_user()
    for act in (lambda: service.publish(stranger, draft, expected_counter=1, note="Relu."),
                lambda: service.import_chapter(stranger, chapter.consultation, data=source(MONTHLY).encode()),
                lambda: service.correct(stranger, draft, new_key="C1-A1-P1-a1", old_key="", expected_counter=1)):
        with pytest.raises(NotAllowed):
            act()
    assert told == []


def test_pages_that_refuse_let_go_first(client, chapter, chair, monkeypatch, told):
    draft = keep(chair, chapter, MONTHLY)
    session.commit()
    place, undo, real = "/en/chapters/1/working-draft/fr", [], preparing.undo
    monkeypatch.setattr(preparing, "undo", lambda: undo.append(told.copy()) or real())
    told.clear()
    refused = client.sign_in(chair).post(f"{place}/publish", data={"note": "", "expected_counter": draft.row_counter})
    assert (refused.status_code, undo) == (422, [["read_file", "plan", "begin_writing"]])
    undo.clear()
    told.clear()
    fields = {"new_key": "C1-A1-P1-a1", "expected_counter": draft.row_counter, "act": "set", "chosen": "C1-nowhere"}
    refused = client.post(f"{place}/correct", data=fields)
    assert (refused.status_code, undo) == (422, [["read_file", "plan", "begin_writing"]])


def test_a_plan_is_made_anew_where_the_draft_changed_meanwhile(chapter, chair, draft):
    planned = planning.plan_publication(chair, draft, "Relu.")
    service.correct(chair, draft, new_key="C1-A1-P1-a1", old_key="C1-A1-P1-a2", expected_counter=draft.row_counter)
    session.flush()
    revision = service.publish(chair, draft, expected_counter=draft.row_counter, note="Relu.", planned=planned)
    by_hand = session.scalars(sa.select(Alignment).where(Alignment.revision_id == revision.id, Alignment.is_by_hand))
    assert "C1-A1-P1-a2" in [row.old_block.key for row in by_hand]


def test_a_plan_is_made_anew_where_the_text_changed_meanwhile(chapter, chair):
    data = source(("chaque année", "chaque jour")).encode()
    planned = planning.plan_import(SYSTEM, chapter.consultation, data)
    between = publish(chair, chapter, MONTHLY)
    revision = service.import_chapter(SYSTEM, chapter.consultation, data=data, planned=planned)
    olds = session.scalars(sa.select(Alignment.old_block_id).where(Alignment.revision_id == revision.id))
    assert set(olds) == {block.id for block in service.list_blocks(between)}


def test_two_who_publish_what_both_worked_out(own_app):
    """Each works out its plan before the other has published: the second is refused as it always was, and nothing is doubled."""
    with unit_of_work():
        chapter = factories.a_chapter(factories.a_consultation())
        chair = factories.a_user(role=Role.CHAIR, commission=chapter.commission)
        ids = chapter.id, chair.id, keep(chair, chapter, MONTHLY).id
    planned = threading.Barrier(2)

    def publish_it() -> int:
        person, draft = session.get_one(User, ids[1]), session.get_one(WorkingDraft, ids[2])
        plan, counter = planning.plan_publication(person, draft, "Relu."), draft.row_counter
        planned.wait(PATIENCE)
        return service.publish(person, draft, expected_counter=counter, note="Relu.", planned=plan).number

    outcomes = all_at_once(own_app, publish_it, publish_it, unit=reading_first)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "int"]
    assert [revision.number for revision in service.list_revisions(session.get_one(Chapter, ids[0])) if revision.language == "fr"] == [2, 1]


def test_the_command_line_reads_every_file_before_it_writes(own_app, told, tmp_path):
    with unit_of_work():
        factories.a_chapter(factories.a_consultation())
    (tmp_path / "1.md").write_text(source(MONTHLY))
    (tmp_path / "2.md").write_text(source(("chaque année", "chaque jour")).replace("language: fr", "language: ar"))
    told.clear()
    result = CliRunner().invoke(cli, ["chapters", "import", str(tmp_path)], obj=ScriptInfo(create_app=lambda: own_app))
    assert result.exit_code == 0, result.output
    assert told[:told.index("begin_writing")].count("read_file") == 2
