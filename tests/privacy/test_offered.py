"""Drafts offered to an organisation: handed out to whoever wrote in them, kept a year, then gone with all their versions and remarks."""

import io
import json
import zipfile

import pytest
import sqlalchemy as sa

from consult.contributions import service
from consult.contributions.models import Contribution, DraftRemark, DraftWording, OfferedDraft
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.privacy import clock, retention
from consult.privacy import service as privacy
from tests.contributions.test_offering import a_member, edit, lodge, offer

MODELS = (OfferedDraft, DraftWording, DraftRemark)


def counts() -> list[int]:
    return [session.scalar(sa.select(sa.func.count()).select_from(model)) for model in MODELS]


@pytest.fixture
def member(participant):
    return a_member(participant.organisation)


def test_they_go_a_year_after_they_were_changed_last_and_what_was_lodged_stays(participant, member, consultation, block, time_machine):
    now = utcnow()
    time_machine.move_to(now, tick=False)
    offered, other = offer(member, block), offer(member, block, "offer-2", body="Un autre.")
    service.accept_offered(participant, offered)
    lodge(participant, consultation, offered)
    time_machine.move_to(now + retention.OFFERED / 2, tick=False)
    other.changed_at = utcnow()
    session.flush()
    time_machine.move_to(now + retention.OFFERED, tick=False)
    clock.end_all()
    assert counts() == [2, 2, 4]
    time_machine.move_to(now + retention.OFFERED * 1.01, tick=False)
    assert retention.end_offered() == 1
    assert retention.end_offered() == 0
    assert session.scalars(sa.select(OfferedDraft.id)).all() == [other.id]
    assert counts() == [1, 1, 1]
    assert session.scalar(sa.select(sa.func.count()).select_from(Contribution)) == 1


def test_the_file_of_ones_own_data_has_what_one_wrote_and_nothing_of_the_others(client, participant, member, block):
    offered = offer(member, block)
    edit(participant, offered, "Les mots de la représentante.")
    service.remark_on_offered(participant, offered, form_key="r-1", body="La remarque de la représentante.")
    service.remark_on_offered(member, offered, form_key="r-2", body="La remarque du membre.")
    client.sign_in(member)
    with zipfile.ZipFile(io.BytesIO(client.get("/fr/privacy/my-data").get_data())) as archive:
        held = json.loads(archive.read("my-data.json"))
        page = archive.read("my-data.html").decode()
    records = held["records"]
    assert [one["fields"]["body"] for one in records["draft_wording.author_id"]] == ["Un avis."]
    assert "La remarque du membre." in page
    assert "de la représentante" not in page + json.dumps(held, ensure_ascii=False)
    assert len(records["offered_draft.author_id"]) == 1
    assert "form_key" not in records["draft_remark.author_id"][0]


def test_who_is_forgotten_leaves_them_without_a_name(participant, member, block):
    offered = offer(member, block)
    privacy.forget(member, member)
    assert counts() == [1, 1, 1]
    assert session.get_one(OfferedDraft, offered.id).author.name == ""
