"""From a column of the user to rows of their own, and back: who speaks for whom stays so."""

import flask_migrate
import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.core.db import db, session, unit_of_work
from consult.core.i18n import utcnow
from consult.organisations.models import Mandate, Membership, MembershipState
from tests import factories

TRIGGERS = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    "postgresql": "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname",
}


def ask(statement: str) -> list[tuple]:
    rows = [tuple(row) for row in session.execute(sa.text(statement))]
    session.remove()
    return rows


def migrate(revision: str) -> None:
    """Down or up to where the table of users is as this revision has it."""
    session.remove()
    way = flask_migrate.upgrade if revision in ("0005", "head") else flask_migrate.downgrade
    way(revision=revision)


@pytest.fixture
def people(own_app):
    """(email, slug of the organisation or None) of each: one who speaks for it, one who left, one who never did."""
    with unit_of_work():
        present, former = factories.an_organisation(), factories.an_organisation()
        speaks = factories.a_user(organisation=present, created_at=utcnow().replace(year=2025))
        left, never = factories.a_user(organisation=former), factories.a_user()
        left.membership.state, left.membership.left_at = MembershipState.LEFT, utcnow()
        factories.saved(Membership(user=speaks, organisation=former, joined_at=speaks.created_at, left_at=utcnow(),
                                   state=MembershipState.LEFT))
        return [(speaks.email, present.slug), (left.email, None), (never.email, None)]


def test_each_keeps_the_organisation_they_speak_for(people):
    session.remove()
    flask_migrate.downgrade(revision="0005")
    triggers = ask(TRIGGERS[db.engine.dialect.name])
    users = ask('SELECT id, email, name, fs_uniquifier, active, created_at FROM "user" ORDER BY id')
    assert len(triggers) > 20
    migrate("0004")
    assert ask('SELECT email, slug FROM "user" LEFT JOIN organisation ON organisation.id = organisation_id ORDER BY "user".id') == people
    assert ask(TRIGGERS[db.engine.dialect.name]) == triggers
    migrate("0005")
    assert ask('SELECT id, email, name, fs_uniquifier, active, created_at FROM "user" ORDER BY id') == users
    assert ask(TRIGGERS[db.engine.dialect.name]) == triggers
    migrate("head")
    spoken = sa.select(User).order_by(User.id)
    assert [(user.email, user.membership and user.membership.organisation.slug) for user in session.scalars(spoken)] == people
    [membership] = session.scalars(sa.select(Membership))
    assert (membership.joined_at, membership.left_at) == (membership.user.created_at, None)
    assert membership.state == MembershipState.ASKED, "nobody of the organisation has accepted them"
    assert session.scalars(sa.select(Mandate)).all() == [], "and nobody signs for it by having chosen it"
    session.remove()


def test_the_table_of_users_keeps_what_it_refuses(people):
    for revision in ("0004", "0005"):
        migrate(revision)
        for email in ("Majuscule@example.org", people[0][0]):
            with pytest.raises(sa.exc.IntegrityError), unit_of_work():
                session.execute(sa.text('UPDATE "user" SET email = :email WHERE id = (SELECT max(id) FROM "user")'), {"email": email})
        with pytest.raises(sa.exc.IntegrityError), unit_of_work():
            session.execute(sa.text("DELETE FROM organisation"))
        session.remove()


def test_people_who_come_after_the_migration_are_numbered_on(people):
    migrate("0004")
    migrate("head")
    with unit_of_work():
        person = factories.a_user(organisation=factories.an_organisation())
        assert person.organisation is not None
    session.remove()
