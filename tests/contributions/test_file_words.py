"""What is read of attached files: found by everybody where the file is everybody's, shown to whoever answers, never of an annex."""

import os
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from consult.contributions import reading, service
from consult.contributions.models import AttachmentKind, AttachmentWords
from consult.contributions.reading import read_files
from consult.core.db import session
from consult.core.errors import NotAllowed
from consult.core.jobs import Job
from consult.core.permissions import SYSTEM
from consult.core.stores import store
from consult.exports import matrix
from consult.moderation import service as moderation
from consult.moderation.models import Reason
from tests.contributions.browsing import text_of
from tests.contributions.files import a_docx, a_png
from tests.contributions.test_attaching import draft_of, with_files

WORD = "métrologique"


@pytest.fixture
def contribution(participant, block):
    return with_files(participant, block, ("note.docx", a_docx(f"Un avis {WORD}."), False), ("image.png", a_png(), False),
                      ("annexe.docx", a_docx("Nos prix zqxsecretzqx."), True))


def read(contribution) -> None:
    told = []
    read_files(contribution.id, told.append)
    assert told == [0, 50]


def publish(rapporteur, contribution) -> None:
    moderation.publish(rapporteur, contribution, expected_counter=contribution.row_counter)
    session.commit()


def test_lodging_promises_that_its_files_are_read(contribution):
    assert session.scalars(sa.select(Job.subject_id).where(Job.name == "contributions.reading.read_files")).all() == [contribution.id]


def test_what_is_read_is_kept_once_and_nothing_of_an_annex(contribution):
    read(contribution)
    read_files(contribution.id, lambda _percent: None)
    kept = dict(session.execute(sa.select(AttachmentWords.attachment_id, AttachmentWords.words)).all())
    note, image, _annex = contribution.attachments
    assert {number: words.strip() for number, words in kept.items()} == {note.id: f"Un avis {WORD}.", image.id: ""}


@pytest.mark.parametrize("is_published_first", [True, False])
def test_everybody_finds_a_contribution_by_the_words_of_its_file(client, rapporteur, contribution, is_published_first):
    if is_published_first:
        publish(rapporteur, contribution)
        read(contribution)
    else:
        read(contribution)
        assert contribution.ref not in text_of(client.get(f"/en/search/?q={WORD}"))
        publish(rapporteur, contribution)
    assert contribution.ref in text_of(client.get(f"/en/search/?q={WORD}"))
    assert contribution.ref not in text_of(client.get("/en/search/?q=zqxsecretzqx"))
    service.withdraw(contribution.author, contribution)
    assert contribution.ref not in text_of(client.get(f"/en/search/?q={WORD}"))


def test_while_words_are_hidden_its_files_are_too(app, client, participant, rapporteur, contribution):
    read(contribution)
    publish(rapporteur, contribution)
    why = {"reason": Reason.PERSONAL_DATA, "words": "Le nom d’une personne privée."}
    moderation.redact(rapporteur, contribution, phrases="Précisez", expected_counter=contribution.row_counter, **why)
    session.commit()
    place, anybody = f"/en/contributions/file/{contribution.ref}/1", app.test_client()
    assert anybody.get(place).status_code == 403
    for reader in (participant, rapporteur):
        assert client.sign_in(reader).get(place).status_code == 200
    page = text_of(anybody.get(f"/en/contributions/{contribution.ref}"))
    assert place not in page
    assert "not shown to the public" in page
    read_again = service.list_file_words(rapporteur, contribution)
    service.keep_file_words(SYSTEM, contribution, words={contribution.attachments[0].id: read_again[1]})
    session.commit()
    assert contribution.ref not in text_of(anybody.get(f"/en/search/?q={WORD}"))
    of = contribution.consultation
    assert {(row.files, row.annexes) for row in matrix.rows(of, "fr", audience=matrix.Audience.PUBLIC)} == {("", 1)}
    assert "note.docx" in next(iter(matrix.rows(of, "fr"))).files
    moderation.show_all(rapporteur, contribution, expected_counter=contribution.row_counter, **{**why, "reason": Reason.MISTAKE})
    session.commit()
    assert anybody.get(place).status_code == 200
    assert contribution.ref in text_of(anybody.get(f"/en/search/?q={WORD}"))


def test_whoever_answers_reads_them_beside_the_file_and_nobody_else(client, participant, rapporteur, contribution):
    read(contribution)
    publish(rapporteur, contribution)
    page = f"/en/contributions/{contribution.ref}"
    assert WORD in text_of(client.sign_in(rapporteur).get(page))
    assert WORD not in text_of(client.sign_in(participant).get(page))
    with pytest.raises(NotAllowed):
        service.list_file_words(participant, contribution)


def test_a_file_that_cannot_be_read_is_found_by_no_word(contribution):
    store().discard(contribution.attachments[0].sha256)
    read(contribution)
    assert set(session.scalars(sa.select(AttachmentWords.words))) == {""}


def test_what_no_row_names_any_more_leaves_the_store_after_a_day(contribution, monkeypatch):
    keys = [store().put(data) for data in (b"thrown away", b"attached just now")]
    lodged = contribution.attachments[0].sha256
    for key in (keys[0], lodged):
        os.utime(store().path(key), (0, 0))
    monkeypatch.setattr(reading, "_looked_at", [datetime.min.replace(tzinfo=UTC)])
    reading.let_remainders_go()
    kept = {key for key, _moment in store().keys()}  # noqa: SIM118 - no mapping
    assert keys[0] not in kept
    assert {keys[1], lodged} <= kept
    os.utime(store().path(keys[1]), (0, 0))
    reading.let_remainders_go()
    assert keys[1] in {key for key, _moment in store().keys()}, "once an hour"  # noqa: SIM118 - no mapping


def test_what_is_attached_while_remainders_go_keeps_its_file(participant, block, monkeypatch):
    data = (b"put anew", b"named by now", b"thrown away")
    keys = [store().put(one) for one in data]
    for key in keys:
        os.utime(store().path(key), (0, 0))
    draft, listed = draft_of(participant, block), reading.list_unnamed

    def list_first(asked):
        found = listed(asked)
        monkeypatch.setattr(reading, "list_unnamed", listed)
        store().put(data[0])
        service.attach(participant, draft, file=service.KeptFile(AttachmentKind.PDF, 1, keys[1], ()), name="a.pdf", is_confidential=False)
        return found
    monkeypatch.setattr(reading, "list_unnamed", list_first)
    monkeypatch.setattr(reading, "_looked_at", [datetime.min.replace(tzinfo=UTC)])
    reading.let_remainders_go()
    kept = {key for key, _moment in store().keys()}  # noqa: SIM118 - no mapping
    assert [key in kept for key in keys] == [True, True, False]
