"""Hints are found by the worker, shown with their words, and put aside by somebody for good."""

import pytest
import sqlalchemy as sa

from consult.contributions import service as contributions
from consult.contributions.models import Contribution, ContributionState
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import NotAllowed, NotFound
from consult.moderation import service
from consult.moderation.models import HintKind, ModerationHint, Reason
from consult.moderation.service import hinting
from tests import factories
from tests.house.plans import caught

BODY = "Joignez Driss au 06 12 34 56 78, CIN BE 123456."


@pytest.fixture(autouse=True)
def just_begun(monkeypatch):
    monkeypatch.setattr(hinting, "_looked", {})
    monkeypatch.setattr(hinting, "SPAN", 10**9)  # whatever numbers were given before


@pytest.fixture
def hinted(block):
    return factories.a_contribution(block=block, body=BODY, justification="Voir driss@courriel.example")


def shown(actor, subject):
    return [(hint.kind, hint.words) for hint in service.list_hints(actor, subject)]


def test_the_worker_finds_them_once_and_the_page_names_the_words(client, rapporteur, hinted, contribution):
    for _second in range(2):
        hinting.look_for_hints()
        hinting._looked.clear()
    assert shown(rapporteur, hinted) == [
        (HintKind.TELEPHONE, "06 12 34 56 78"), (HintKind.CARD, "BE 123456"), (HintKind.MAIL, "driss@courriel.example")]
    assert shown(rapporteur, contribution) == []
    page = client.sign_in(rapporteur).get(f"/en/moderation/{hinted.ref}").text
    assert ">06 12 34 56 78</mark>" in page
    assert hinted.state.awaits_moderation, "nothing is decided by it"


def test_one_that_is_put_aside_never_comes_back(client, rapporteur, hinted):
    hinting.look_for_hints()
    hint = service.list_hints(rapporteur, hinted)[0]
    client.sign_in(rapporteur)
    assert client.get(f"/en/moderation/dismiss-hint/{hinted.ref}/{hint.id}").status_code == 405
    for _press in range(2):
        assert client.post(f"/en/moderation/dismiss-hint/{hinted.ref}/{hint.id}").status_code == 303
    hinting._looked.clear()
    hinting.look_for_hints()
    assert [kind for kind, _words in shown(rapporteur, hinted)] == [HintKind.CARD, HintKind.MAIL]
    row = session.get_one(ModerationHint, hint.id)
    assert row.dismissed_by_id == rapporteur.id
    event = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "moderation.dismiss_hint")).first()
    assert "06" not in str(event.details), "the journal does not repeat what may be personal"


def test_hints_of_others_are_not_reached_through_ones_own(rapporteur, participant, hinted, contribution):
    hinting.look_for_hints()
    hint = service.list_hints(rapporteur, hinted)[0]
    with pytest.raises(NotFound):
        service.dismiss_hint(rapporteur, contribution, hint_id=hint.id)
    with pytest.raises(NotAllowed):
        service.dismiss_hint(participant, hinted, hint_id=hint.id)
    with pytest.raises(NotAllowed):
        service.list_hints(participant, hinted)


def test_of_words_that_are_hidden_there_is_no_hint(rapporteur, hinted):
    hinting.look_for_hints()
    service.redact(rapporteur, hinted, phrases="06 12 34 56 78", reason=Reason.PERSONAL_DATA, words="Un numéro.",
                   expected_counter=hinted.row_counter)
    assert shown(rapporteur, hinted) == []


def test_replies_have_theirs(rapporteur, participant, contribution):
    service.publish(rapporteur, contribution, expected_counter=contribution.row_counter)
    reply = contributions.reply(participant, contribution, form_key="reply-1", body="Appelez le 0612345678.")
    hinting.look_for_hints()
    assert shown(rapporteur, reply) == [(HintKind.TELEPHONE, "0612345678")]


def test_a_number_that_is_committed_late_is_looked_at_too(rapporteur, block):
    factories.a_contribution(block=block, body=BODY, id=9_000)
    hinting.look_for_hints()
    late = factories.a_contribution(block=block, body=BODY, id=8_999)
    hinting.look_for_hints()
    assert [kind for kind, _words in shown(rapporteur, late)] == [HintKind.TELEPHONE, HintKind.CARD]


def test_where_nothing_waits_only_the_last_numbers_are_gone_through(monkeypatch, rapporteur, block):
    """However many were published before."""
    monkeypatch.setattr(hinting, "LOOK_BACK", 3)
    said = [factories.a_contribution(block=block, state=ContributionState.PUBLISHED) for _each in range(12)]
    hinting.look_for_hints()
    assert hinting._looked[Contribution].up_to == said[-1].id
    with caught() as asked:
        hinting.look_for_hints()
    (ranged,) = (one for one in asked if "LIMIT" in one.statement and "FROM contribution" in one.statement)
    given = ranged.parameters.values() if isinstance(ranged.parameters, dict) else ranged.parameters
    assert said[-1].id - 3 in given
    if session.get_bind().dialect.name == "sqlite":
        plans = [row.detail for one in asked
                 for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {one.statement}", one.parameters)]
        assert [plan for plan in plans if plan.startswith("SCAN")] == []


def test_no_second_looks_at_more_than_its_share_and_none_is_passed_over(monkeypatch, rapporteur, block):
    monkeypatch.setattr(hinting, "BATCH", 2)
    monkeypatch.setattr(hinting, "LOOK_BACK", 3)
    said = [factories.a_contribution(block=block, body=BODY) for _each in range(7)]
    for _second in range(4):
        hinting.look_for_hints()
    assert [len(shown(rapporteur, one)) for one in said] == [2] * 7
