"""New wording whose passage a later version changed: shown with three texts, settled by a person, an obstacle until then."""

import pytest
import sqlalchemy as sa

from consult.contributions import service as contributions
from consult.contributions.models import AnchorState
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import Conflict, Invalid
from consult.core.i18n import force_locale
from consult.exports import matrix
from consult.exports.documents import report
from consult.exports.tables import new_wording
from consult.synthesis import service
from consult.synthesis.models import Disposition, SynthesisState
from tests.contributions.revising import A1, A2, DROP, ELSEWHERE, LISTED, REWORDED, last_of, revise
from tests.synthesis.conftest import DECIDED

NOW = REWORDED[1]
WANTED = "Publier chaque mois la liste des étalons nationaux."
ACCEPTED = {**DECIDED, "disposition": Disposition.ACCEPTED}


def recorded(actor, item, wordings, **over):
    session.refresh(item)
    values = {**ACCEPTED, "expected_counter": item.row_counter, "changes": wordings, **over}
    return service.edit_item(actor, item, **values)


def wording(item):
    """Of its only passage."""
    (one,) = service.list_rewordings([item.id])[item.id]
    return one


def confirm_places(actor, said) -> None:
    for contribution in said:
        contributions.confirm_anchor(actor, last_of(contribution))


def kinds(synthesis) -> set[str]:
    return {obstacle.kind for obstacle in service.list_obstacles(synthesis)}


@pytest.fixture
def decided(rapporteur, synthesis, published, in_synthesis):
    """An item with new wording for one passage, complete but for what a later version does."""
    item = service.add_item(rapporteur, synthesis, title="Liste des étalons", contributions=published)
    return recorded(rapporteur, item, {A1: WANTED})


def test_a_wording_knows_the_version_that_it_was_written_on(decided, chapter):
    one = wording(decided)
    assert (one.version, one.old, one.new, one.is_outdated) == (1, LISTED, WANTED, False)
    revise(chapter, ELSEWHERE)
    assert not wording(decided).is_outdated, "the passage itself did not change"
    revise(chapter, REWORDED)
    one = wording(decided)
    assert (one.version, one.old, one.present, one.is_outdated, one.is_gone) == (1, LISTED, NOW, True, False)
    revise(chapter, DROP)
    assert wording(decided).is_gone


def test_it_blocks_the_validation_until_it_is_settled(chair, rapporteur, decided, chapter, published):
    revise(chapter, REWORDED)
    confirm_places(chair, published)
    assert [(o.kind, [i for i, *_rest in o.items]) for o in service.list_obstacles(decided.synthesis)] == [("outdated", [decided.id])]
    with pytest.raises(Conflict):
        service.validate(chair, decided.synthesis)
    recorded(rapporteur, decided, {A1: WANTED}, settled=[A1])
    one = wording(decided)
    assert (one.version, one.old, one.new, one.is_outdated) == (2, NOW, WANTED, False)
    assert service.validate(chair, decided.synthesis).state == SynthesisState.VALIDATED
    events = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "synthesis.edit_item").order_by(AuditEvent.id)).all()
    assert [event.details.get("settled") for event in events] == [None, [A1]]


def test_a_version_that_comes_after_the_validation_stops_the_submission(chair, decided, chapter, published):
    service.validate(chair, decided.synthesis)
    revise(chapter, REWORDED)
    confirm_places(chair, published)
    with pytest.raises(Conflict):
        service.submit_all([decided.synthesis])


def test_recording_the_rest_of_the_item_settles_nothing(rapporteur, decided, chapter):
    revise(chapter, REWORDED)
    recorded(rapporteur, decided, {A1: WANTED}, title="Un autre titre")
    assert (decided.title, wording(decided).is_outdated, wording(decided).old) == ("Un autre titre", True, LISTED)


def test_a_wording_written_anew_is_of_the_text_that_was_shown(rapporteur, decided, chapter):
    first = decided.changes[0].block_id
    revise(chapter, REWORDED)
    session.expire_all()
    recorded(rapporteur, decided, {A1: "Publier chaque jour la liste."}, shown={A1: first})
    assert (wording(decided).old, wording(decided).is_outdated) == (LISTED, True), "its author read version 1"
    recorded(rapporteur, decided, {A1: "Publier chaque heure la liste."})
    assert (wording(decided).old, wording(decided).is_outdated) == (NOW, False)


@pytest.mark.parametrize("shown", [{A1: 999_999}, {A2: 1}, {}])
def test_a_block_that_is_not_of_the_passage_counts_for_nothing(rapporteur, decided, chapter, shown):
    revise(chapter, REWORDED)
    recorded(rapporteur, decided, {A1: "Publier chaque jour la liste."}, shown=shown)
    assert wording(decided).old == NOW


def test_a_wording_of_a_passage_that_is_gone_is_kept_until_it_is_given_up(rapporteur, decided, chapter):
    revise(chapter, DROP)
    recorded(rapporteur, decided, {A1: WANTED})
    assert (wording(decided).is_gone, "outdated" in kinds(decided.synthesis)) == (True, True)
    with pytest.raises(Invalid):
        recorded(rapporteur, decided, {A1: "D’autres mots."})
    recorded(rapporteur, decided, {A1: WANTED}, settled=[A1])
    assert service.list_rewordings([decided.id]) == {}
    assert "outdated" not in kinds(decided.synthesis)


def test_a_text_that_already_reads_as_wanted_is_told_and_settled(rapporteur, decided, chapter):
    revise(chapter, (LISTED, WANTED))
    assert (wording(decided).is_reached, "outdated" in kinds(decided.synthesis)) == (True, True)
    recorded(rapporteur, decided, {A1: WANTED}, settled=[A1])
    assert service.list_rewordings([decided.id]) == {}


def test_places_that_nobody_confirmed_block_the_validation(chair, decided, chapter, published):
    revise(chapter, ELSEWHERE)
    assert [(o.kind, o.count, o.language) for o in service.list_obstacles(decided.synthesis)] == [("places", 3, "fr")]
    with pytest.raises(Conflict):
        service.validate(chair, decided.synthesis)
    confirm_places(chair, published)
    assert {last_of(said).state for said in published} == {AnchorState.CONFIRMED}
    assert service.list_obstacles(decided.synthesis) == []


# What everybody sees


def test_the_editor_shows_three_texts_and_asks(client, rapporteur, decided, chapter):
    page = client.sign_in(rapporteur).get(f"/en/synthesis/edit-item/{decided.id}").text
    assert 'name="settled"' not in page
    revise(chapter, REWORDED)
    address = f"/en/synthesis/edit-item/{decided.id}"
    page = client.get(address).text
    assert "A later version changed this passage after the new wording was written." in page
    assert f"<dd lang=\"fr\" dir=\"ltr\">{LISTED}</dd>" in page
    assert f"<dd lang=\"fr\" dir=\"ltr\">{WANTED}</dd>" in page
    assert "semestre" in page
    block = next(block for block in service.list_item_provisions(rapporteur, decided) if block.key == A1)
    data = {"title": "Titre", "summary": "", "rationale": "Parce que.", "disposition": "accepted", "ground": "", "key": A1,
            "shown": block.id, "wording": WANTED, "expected_counter": decided.row_counter}
    assert client.post(address, data=data).status_code == 303
    assert wording(decided).is_outdated
    assert client.post(address, data={**data, "expected_counter": decided.row_counter, "settled": A1, "title": ""}).status_code == 422
    assert wording(decided).is_outdated
    assert client.post(address, data={**data, "expected_counter": decided.row_counter, "settled": A1}).status_code == 303
    assert not wording(decided).is_outdated
    assert 'name="settled"' not in client.get(address).text


@pytest.mark.parametrize(("change", "words"), [
    (DROP, "A later version has no such passage any more."), ((LISTED, WANTED), "A later version already reads as it was wanted.")])
def test_the_editor_keeps_a_wording_that_has_nothing_left_to_change(client, rapporteur, decided, chapter, change, words):
    revise(chapter, change)
    address = f"/en/synthesis/edit-item/{decided.id}"
    page = client.sign_in(rapporteur).get(address).text
    assert words in page
    blocks = [block.id for block in service.list_item_provisions(rapporteur, decided) if block.key == A1]
    data = {"title": "Titre", "summary": "", "rationale": "Parce que.", "disposition": "accepted", "ground": "", "key": A1,
            "shown": blocks[0] if blocks else "", "wording": WANTED}
    assert client.post(address, data={**data, "expected_counter": decided.row_counter}).status_code == 303
    assert wording(decided).new == WANTED
    assert client.post(address, data={**data, "expected_counter": decided.row_counter, "settled": A1}).status_code == 303
    assert service.list_rewordings([decided.id]) == {}


def test_no_reader_takes_it_for_a_decision_on_the_present_text(client, chair, decided, chapter, published):
    revise(chapter, REWORDED)
    decided.synthesis.state = SynthesisState.SUBMITTED
    decided.synthesis.validated_at = decided.edited_at
    session.flush()
    told = "Written on version 1. A later version changed the passage, which now reads:"
    client.sign_in(chair)
    for address in ("synthesis/overview/1", "synthesis/read/1", f"contributions/{published[1].ref}", f"chapters/1/provisions/{A1}"):
        page = " ".join(client.get(f"/en/{address}").text.split())
        assert told in page, address
        assert NOW in page, address


def test_the_overview_leads_to_what_is_to_be_settled(client, chair, decided, chapter):
    revise(chapter, REWORDED)
    page = client.sign_in(chair).get("/en/synthesis/overview/1").text
    assert "1 item gives new wording to a passage that a later version changed." in page
    assert "3 contributions wait for their places in the newest version to be confirmed." in page
    assert "/en/contributions/anchors/1?text=fr" in page


def test_documents_say_on_which_version_it_was_written(decided, chapter):
    revise(chapter, REWORDED)
    with force_locale("en"):
        (row, *_others) = [row for row in matrix.rows(chapter.consultation, "fr") if row.key == A1]
        assert new_wording(row) == f"[{row.point.changes[0].label} (on version 1, changed since)] {WANTED}"
        assert "which now reads:" in report.written_on(row.point.changes[0])
