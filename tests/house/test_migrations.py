"""The migrations make exactly the tables of the models, and go both ways, on nothing and on something."""

import re
from itertools import pairwise

import flask_migrate
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from consult.core import append_only
from consult.core.append_only import standing
from consult.core.audit import AuditEvent
from consult.core.db import Base, db, session, unit_of_work
from consult.core.taking_over import TAKE_OVER, RecordLayout
from consult.moderation.models import ModerationDecision, Part, Reason, Verdict
from consult.organisations import finding
from consult.synthesis.models import ItemContribution, Point
from tests import factories
from tests.conftest import make_app
from tests.house.source import PACKAGE

VERSIONS = PACKAGE / "migrations" / "versions"


@pytest.fixture
def bare_app(databases, tmp_path):
    """An application whose database has no table yet."""
    app = make_app(databases.new_database(), tmp_path / "data")
    with app.app_context():
        yield app
        session.remove()
        db.engine.dispose()


def tables() -> set[str]:
    session.rollback()
    return set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}


def revisions() -> list[str]:
    """From the first to the newest."""
    script = ScriptDirectory(str(PACKAGE / "migrations"))
    assert len(script.get_heads()) == 1
    return [revision.revision for revision in script.walk_revisions()][::-1]


def counts() -> dict[str, int]:
    session.rollback()
    here = tables()
    shown = {name: table for name, table in Base.metadata.tables.items() if name in here}
    return {name: session.scalar(sa.select(sa.func.count()).select_from(table)) for name, table in shown.items()}


def test_migrations_are_numbered_in_their_order():
    numbers = [re.match(r"(\d{4})_[a-z0-9_]+\.py$", path.name)[1] for path in sorted(VERSIONS.glob("*.py"))]
    assert revisions() == numbers == [f"{n:04}" for n in range(1, len(numbers) + 1)]


def test_the_newest_migration_equals_the_models(own_app):
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def triggers() -> dict[str, str]:
    """What the triggers do, by their names."""
    with db.engine.connect() as connection:
        body = append_only.function_body(connection) if connection.dialect.name == "postgresql" else ""
        return {name: f"{trigger.without_columns} {sorted(trigger.columns)} {body}" for name, trigger in standing(connection).items()}


def test_all_go_up_and_down_on_an_empty_database(bare_app):
    kept = {}
    for revision in revisions():
        flask_migrate.upgrade(revision=revision)
        kept[revision] = triggers()
    assert tables() == set(Base.metadata.tables)
    for revision in revisions()[-2::-1]:
        flask_migrate.downgrade(revision=revision)
        assert triggers() == kept[revision], f"on the way down to {revision} the append-only tables are what they were on the way up"
    flask_migrate.downgrade(revision="base")
    assert tables() == set()
    flask_migrate.upgrade()
    assert tables() == set(Base.metadata.tables)


def test_each_goes_down_and_up_on_a_filled_database(own_app):
    with unit_of_work():
        consultation = factories.a_consultation()
        chapter = factories.a_chapter(consultation)
        block = factories.block_of(chapter, "C1-A1-P1-a1")
        contribution = factories.a_published_contribution(block=block, replacement="Autrement.")
        factories.an_item(factories.a_synthesis(chapter), contribution)
        finding.note_words(contribution.organisation)
    before = counts()
    assert before["block"] > 20
    del before["audit_event"], before["record_layout"]  # rows that come to be recorded are told of
    for made_anew in ("search_posting", "search_word", "search_key"):  # by the worker, of what is there
        assert before.pop(made_anew)
    assert before.pop("mandate") == 1, "of which the former schema knows nothing"
    session.remove()
    for former, revision in list(pairwise(revisions()))[::-1]:
        flask_migrate.downgrade(revision=former)
        flask_migrate.upgrade(revision=revision)
        now = counts()
        assert {name: now[name] for name in before if name in now} == {name: before[name] for name in before if name in now}, revision
        session.remove()
    flask_migrate.upgrade()
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), unit_of_work():
        session.execute(sa.text("DELETE FROM contribution"))


@pytest.mark.parametrize(("former", "verdict"), [("0049", Verdict.REDACT), ("0049", Verdict.REOPEN), ("0051", Verdict.UPHOLD)])
def test_what_the_former_schema_cannot_keep_is_not_lost_on_the_way_down(own_app, caplog, former, verdict):
    with unit_of_work():
        contribution = factories.a_published_contribution(block=factories.block_of(factories.a_chapter(factories.a_consultation()),
                                                                                   "C1-A1-P1-a1"))
        session.add(ModerationDecision(contribution=contribution, verdict=verdict, reason=Reason.ILLEGAL, words="Voici.",
                                       moderator=factories.a_user()))
    session.remove()
    with pytest.raises(SystemExit):
        flask_migrate.downgrade(revision=former)
    assert "This step back is not taken" in caplog.text
    session.remove()
    flask_migrate.upgrade()
    assert session.scalars(sa.select(ModerationDecision.verdict)).all() == [verdict]


def test_what_is_split_into_requests_is_not_lost_on_the_way_down(own_app, caplog):
    with unit_of_work():
        contribution = factories.a_published_contribution(block=factories.block_of(factories.a_chapter(factories.a_consultation()),
                                                                                   "C1-A1-P1-a1"))
        points = [Point(contribution=contribution, chapter_id=contribution.chapter_id, number=number, part=Part.BODY, begins=begins,
                        has_change=False, made_by=factories.a_user()) for number, begins in ((1, 0), (2, 5))]
        item = factories.an_item(factories.a_synthesis(contribution.chapter))
        session.add_all(points)
        session.flush()
        session.add_all([ItemContribution(item_id=item.id, contribution_id=contribution.id, point_id=point.id) for point in points])
    session.remove()
    with pytest.raises(SystemExit):
        flask_migrate.downgrade(revision="0057")
    assert "This step back is not taken" in caplog.text
    session.remove()
    flask_migrate.upgrade()
    assert len(session.scalars(sa.select(ItemContribution.point_id).where(ItemContribution.point_id.is_not(None))).all()) == 2


def test_commands_that_upgrade_nothing_write_nothing_into_the_journal(own_app):
    with unit_of_work():
        session.execute(sa.delete(RecordLayout))
        factories.a_user()
    for look in (flask_migrate.current, flask_migrate.check):
        look()
        session.rollback()
        assert session.scalar(sa.select(sa.func.count()).select_from(RecordLayout)) == 0
        assert session.scalar(sa.select(sa.func.count()).select_from(AuditEvent).where(AuditEvent.action == TAKE_OVER)) == 0
