"""No byte of a confidential annex in anything that the public is answered: a marked file, and marked words in all that stands about it."""

import csv
import io
import json
import logging
import zipfile

import pypdf
import pytest
import sqlalchemy as sa

from consult.contributions.models import ContributionWord
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.mail import OutgoingMail
from consult.exports import registry
from consult.exports.models import ExportFormat
from consult.moderation import service as moderation
from consult.search.models import SearchPosting, SearchWord
from tests.contributions.files import a_docx
from tests.contributions.test_attaching import with_files

MARK = "zqxsecretzqx"  # in the annex's name, in its words, in what it tells of its author
OPEN = "zqxopenzqx"  # the same of the file beside it, which everybody reads: what is looked for would be found
PARTS = {"number": "1", "text_language": "fr", "version": "1", "chapter": "1", "part": "1", "item_number": "1", "old": "1", "new": "1",
         "format": "csv", "position": "1"}


@pytest.fixture
def annexed(participant, block, rapporteur):
    """A published contribution with a file for everybody and an annex."""
    given = [(f"{OPEN}.docx", a_docx(f"Une note {OPEN}."), False), (f"{MARK}.docx", a_docx(f"Nos prix {MARK}.", author=MARK), True)]
    contribution = with_files(participant, block, *given)
    moderation.publish(rapporteur, contribution, expected_counter=contribution.row_counter)
    session.commit()
    return contribution


def unpacked(data: bytes) -> bytes:
    """With what stands in the parts of an archive, and on the pages of a PDF."""
    if data.startswith(b"%PDF"):
        return data + "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages).encode()
    if not data.startswith(b"PK"):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return data + b"".join(unpacked(archive.read(name)) for name in archive.namelist())


def addresses(app, annexed) -> list[str]:
    """Of all that can be opened, whatever a later room adds: of the annex's own contribution where the address names one."""
    given = {**PARTS, "ref": annexed.ref, "key": annexed.block_key, "language": "fr"}
    found = []
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and rule.endpoint != "static":
            values = {name: given.get(name, "2") for name in rule.arguments}
            found.append(rule.build({name: int(value) if value.isdecimal() and "int:" + name in rule.rule else value
                                     for name, value in values.items()}, append_unknown=False)[1])
    return [*found, f"/fr/contributions/file/{annexed.ref}/1", f"/fr/contributions/file/{annexed.ref}/2", "/fr/search?q=precisez",
            f"/fr/search?q={OPEN}"]


def test_no_public_page_feed_or_table_tells_of_an_annex(app, client, citizen, annexed):
    marks = (MARK.encode(), annexed.attachments[1].sha256.encode())
    seen, places = b"", addresses(app, annexed)
    assert len(places) > 150
    for reader in (None, citizen):
        if reader is not None:
            client.sign_in(reader)
        for place in places:
            body = unpacked(client.get(place, follow_redirects=True).data)
            assert not [mark for mark in marks if mark in body], place
            seen += body
    assert f"{OPEN}.docx".encode() in seen


def test_nothing_of_it_is_looked_up(annexed):
    words = [*session.scalars(sa.select(SearchWord.word)), *session.scalars(sa.select(SearchPosting.word)),
             *session.scalars(sa.select(ContributionWord.word))]
    assert not [word for word in words if "zqxsecret" in word]


@pytest.mark.parametrize("name", sorted(registry.DEFINITIONS))
def test_no_export_tells_of_an_annex(annexed, chapter, name):
    definition = registry.DEFINITIONS[name]
    digest = annexed.attachments[1].sha256
    for format in definition.formats:
        out = io.BytesIO()
        definition.write(chapter.id if definition.is_by_chapter else chapter.consultation_id, out, format=format, language="fr")
        told = unpacked(out.getvalue())
        assert MARK.encode() not in told, format
        assert digest.encode() not in told, format


def test_no_letter_event_or_log_tells_of_an_annex(client, annexed, rapporteur, caplog):
    caplog.set_level(logging.DEBUG)
    assert client.sign_in(rapporteur).post(f"/en/contributions/annex/{annexed.ref}/2").status_code == 200
    told = json.dumps([[event.action, event.details] for event in session.scalars(sa.select(AuditEvent))])
    assert MARK not in told
    assert "contributions.open_annex" in told
    assert not [letter for letter in session.scalars(sa.select(OutgoingMail)) if MARK in letter.body]
    assert MARK not in caplog.text


@pytest.mark.parametrize("name", ["open-data", "contributions"])
def test_a_table_names_what_everybody_may_open_and_counts_the_rest(annexed, chapter, name):
    definition, out = registry.DEFINITIONS[name], io.BytesIO()
    definition.write(chapter.consultation_id, out, format=ExportFormat.CSV, language="fr")
    (row,) = csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"), newline="").readlines()[1:])
    at = row.index(f"{OPEN}.docx (SHA-256 {annexed.attachments[0].sha256})")
    assert row[at + 1] == "1"
