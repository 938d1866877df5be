"""What a person says of a passage: that it is gone, and what becomes of that word."""

import pytest
import sqlalchemy as sa

from consult.chapters import revising, service
from consult.chapters.models import Alignment, BlockFate
from consult.chapters.service import planning
from consult.core.db import session
from consult.core.errors import Conflict, Invalid
from tests.chapters.test_preparing_views import PLACE
from tests.chapters.test_publishing import ONE, keep


def test_what_a_person_says_is_gone_stays_gone_whatever_comes_later(chapter, chair):
    draft = keep(chair, chapter, (ONE, "Un propos neuf sans rapport."))
    service.correct(chair, draft, new_key="", old_key="C1-A1-P1-a1", expected_counter=1)
    session.flush()
    keep(chair, chapter, (ONE, "Publier chaque mois la liste des étalons nationaux."), expected_counter=2)
    made = planning.plan_of(draft)
    gone = next(row for row in revising.rows_of(made) if row.key == "C1-A1-P1-a1")
    assert (gone.change, gone.new, gone.confidence, gone.is_by_hand) == (BlockFate.DELETED, None, 1.0, True)
    assert next(row for row in revising.rows_of(made) if "chaque mois" in row.block.text).change == BlockFate.NEW
    revision = service.publish(chair, draft, expected_counter=3, note="Relu.")
    row = session.scalars(sa.select(Alignment).where(Alignment.revision_id == revision.id, Alignment.is_by_hand)).one()
    assert (row.old_block.key, row.change, row.new_block_id) == ("C1-A1-P1-a1", BlockFate.DELETED, None)


def test_a_passage_is_gone_by_hand_until_it_is_continued_or_the_word_taken_back(chapter, chair):
    draft = keep(chair, chapter, ("chaque année", "chaque mois"))
    for counter, (new, old) in enumerate([("", "C1-A1-P1-a1"), ("", "C1-A1-P1-a2"), (None, "C1-A1-P1-a2"), ("C1-A1-§1", "C1-A1-P1-a1")], 1):
        service.correct(chair, draft, new_key=new, old_key=old, expected_counter=counter)
        session.flush()
    assert [(c["new"], c["old"]) for c in draft.corrections] == [("C1-A1-§1", "C1-A1-P1-a1")]
    draft.corrections = [{"new": "", "sha256": revising.fingerprint("Autres mots."), "old": "C1-A1-P1-a1"}]
    assert (planning.plan_of(draft).dropped, planning.plan_of(draft).forgotten) == (frozenset(), 1)
    for new, old in (("", ""), (None, ""), ("", None), ("", "C1-nowhere")):
        with pytest.raises(Invalid):
            service.correct(chair, draft, new_key=new, old_key=old, expected_counter=draft.row_counter)


def test_a_doubtful_loss_is_settled_by_hand_and_taken_back(client, chapter, rapporteur):
    keep(rapporteur, chapter, ("Intention de l’axe.", "Tout autre propos, sans aucun rapport avec ce qui précède."))
    client.sign_in(rapporteur)
    unsure = f"{PLACE}?show=unsure"
    assert 'id="at-C1-A1-§1"' in client.get(unsure).text
    fields = {"old_key": "C1-A1-§1", "new_key": "", "chosen": "", "act": "set"}
    assert client.post(f"{PLACE}/correct", data={**fields, "expected_counter": 1}).status_code == 303
    assert 'id="at-C1-A1-§1"' not in client.get(unsure).text
    assert "decided by hand" in client.get(PLACE).text
    assert "Take my decision back" in client.get(f"{PLACE}/correct?old=C1-A1-§1").text
    assert client.post(f"{PLACE}/correct", data={**fields, "expected_counter": 2, "act": "take-back"}).status_code == 303
    assert "decided by hand" not in client.get(PLACE).text


def test_a_correction_of_no_passage_is_refused(client, chapter, rapporteur):
    draft = keep(rapporteur, chapter, ("chaque année", "chaque mois"))
    page = client.sign_in(rapporteur).post(f"{PLACE}/correct", data={"chosen": "C1", "expected_counter": draft.row_counter, "act": "set"})
    assert page.status_code == 404
    assert "There is no such passage in this preview." in page.text
    assert draft.corrections == []


def test_a_correction_is_planned_once_and_a_refused_one_keeps_its_page(client, chapter, rapporteur, monkeypatch):
    draft = keep(rapporteur, chapter, ("chaque année", "chaque mois"))
    made, plan = [], planning.plan_of
    monkeypatch.setattr(planning, "plan_of", lambda draft: made.append(1) or plan(draft))
    fields = {"new_key": "C1-A1-P1-a1", "expected_counter": draft.row_counter, "act": "set"}
    assert client.sign_in(rapporteur).post(f"{PLACE}/correct", data={**fields, "chosen": ""}).status_code == 303
    assert len(made) == 1
    refused = client.post(f"{PLACE}/correct", data={**fields, "expected_counter": 2, "chosen": "C1-nowhere"})
    assert refused.status_code == 422
    assert "There is no passage C1-nowhere" in refused.text


def test_a_correction_of_what_does_not_exist_is_refused(chapter, chair):
    draft = keep(chair, chapter, (ONE, "Autre."))
    with pytest.raises(Invalid):
        service.correct(chair, draft, new_key="C1-nowhere", old_key="", expected_counter=draft.row_counter)
    with pytest.raises(Invalid):
        service.correct(chair, draft, new_key="C1-A1-P1-a1", old_key="C1-nowhere", expected_counter=draft.row_counter)
    with pytest.raises(Conflict):
        service.correct(chair, draft, new_key="C1-A1-P1-a1", old_key="", expected_counter=draft.row_counter + 1)


def test_one_published_passage_is_continued_by_one_alone(chapter, chair):
    draft = keep(chair, chapter, ("Intention de l’axe.", "Un propos neuf.\n\nUn second propos."))
    for counter, key in enumerate(("C1-A1-§1", "C1-A1-§2"), 1):
        service.correct(chair, draft, new_key=key, old_key="C1-contexte-§1", expected_counter=counter)
        session.flush()
    assert [(c["new"], c["old"]) for c in draft.corrections] == [("C1-A1-§2", "C1-contexte-§1")]
