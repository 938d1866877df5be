import pytest
import sqlalchemy as sa

from consult.chapters import service
from consult.chapters.models import BlockKind
from consult.core import audit, verification
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed
from consult.core.permissions import SYSTEM
from tests import factories


def test_import_makes_addressable_blocks(chapter):
    revision = service.get_newest_revision(chapter, "fr")
    blocks = {block.key: block for block in service.list_blocks(revision)}
    assert list(blocks) == [
        "C1", "C1-§1", "C1-contexte", "C1-contexte-§1", "C1-contexte-t1-r0", "C1-contexte-t1-r1", "C1-A1", "C1-A1-§1", "C1-A1-P1",
        "C1-A1-P1-§1", "C1-A1-P1-a1", "C1-A1-P1-a2", "C1-n1",
    ]
    assert blocks["C1-A1-P1-a1"].kind == BlockKind.ACTION
    assert blocks["C1-A1-P1-a1"].lead == "Publier chaque année la liste des étalons nationaux."


def test_both_languages_share_their_keys(chapter):
    french, arabic = (service.list_blocks(service.get_newest_revision(chapter, language)) for language in ("fr", "ar"))
    assert [b.key for b in french] == [b.key for b in arabic]


def test_import_leaves_one_event_and_the_chain_holds(chapter):
    events = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "chapters.import_chapter")).all()
    assert len(events) == 2
    assert audit.seal_all() >= 2
    assert verification.verify_journal() == []


def test_the_same_text_twice_is_refused(consultation, chapter):
    with pytest.raises(Conflict):
        service.import_chapter(SYSTEM, consultation, data=factories.markdown().encode())


def test_duplicate_key_is_refused_with_its_line(consultation):
    text = factories.markdown().replace("1.1.2", "1.1.1")
    with pytest.raises(Invalid) as refusal:
        service.import_chapter(SYSTEM, consultation, data=text.encode())
    assert "Line 32" in str(refusal.value), str(refusal.value)
    assert "C1-A1-P1-a1" in str(refusal.value)


def test_a_participant_may_not_import(consultation, participant):
    with pytest.raises(NotAllowed):
        service.import_chapter(participant, consultation, data=factories.markdown().encode())
