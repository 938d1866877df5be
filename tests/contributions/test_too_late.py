"""What comes after the closing is shown to its author and kept, whichever button sent it and whoever they are."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.consultations.models import Round
from consult.contributions.models import Contribution, ContributionDraft
from consult.contributions.views import pages
from consult.core.db import db, session, unit_of_work
from consult.core.i18n import utcnow
from tests import factories
from tests.contributions.browsing import FILLED, address, form_of, text_of

WORDS = FILLED["body"]


@pytest.fixture
def writing(own_app):
    """(a browser with the form open, its address, its fields, who writes)."""
    with unit_of_work():
        block = factories.block_of(factories.a_chapter(factories.a_consultation(opened_days_ago=20)), "C1-A1-P1-a1")
        person, at = factories.a_user(), address(block)
    client = own_app.test_client()

    def open_form(signed_in: bool):
        if signed_in:
            client.sign_in(person)
        return client, at, {**form_of(client.get(at)), **FILLED, "speak_as": "self"}, person.id
    return open_form


def close() -> None:
    with db.engine.begin() as connection:
        connection.execute(sa.update(Round).values(closes_at=utcnow() - timedelta(hours=1)))


def looks_late(answer, author_id: int | None) -> None:
    assert answer.status_code == 403
    assert WORDS in text_of(answer)
    assert "gardé" in text_of(answer) or "kept as a draft" in text_of(answer)
    session.rollback()
    draft = session.scalars(sa.select(ContributionDraft)).one()
    assert (draft.author_id, draft.fields["body"]) == (author_id, WORDS)
    assert session.scalars(sa.select(Contribution.ref)).all() == []


@pytest.mark.parametrize("act", ["submit", "draft", "preview"])
@pytest.mark.parametrize("signed_in", [True, False])
def test_it_is_kept(writing, act, signed_in):
    client, at, values, person = writing(signed_in)
    close()
    looks_late(client.post(at, data={**values, "act": act}), person if signed_in else None)
    if signed_in:
        assert WORDS in text_of(client.get("/en/contributions/mine"))


def test_it_is_kept_where_the_closing_came_while_it_waited(writing, monkeypatch):
    client, at, values, person = writing(True)
    lodge = pages.service.lodge

    def lodge_after_all(*given, **values):
        assert session.get_one(User, person)
        close()
        return lodge(*given, **values)
    if db.engine.dialect.name == "sqlite":
        session.remove()
    monkeypatch.setattr(pages.service, "lodge", lodge_after_all)
    looks_late(client.post(at, data={**values, "act": "submit"}), person)
