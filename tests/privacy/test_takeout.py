"""The file of one's own data is made some rows at a time, however much is held."""

import io
import json
import tracemalloc
import zipfile

import sqlalchemy as sa

from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.mail import OutgoingMail
from consult.core.paging import BATCH, in_batches
from tests import factories

MEGABYTE = 1_000_000
LETTERS, LENGTH = 3_000, 10_000


def write_letters(address: str, number: int) -> None:
    row = {"recipient": address, "subject": "Un jour", "html": None, "created_at": utcnow(), "sent_at": None, "kind": "privacy.idle",
           "subject_id": None, "facts": None, "expires_at": None, "dropped_at": None, "drop_reason": None}
    for first in range(0, number, BATCH):
        session.execute(sa.insert(OutgoingMail), [
            {**row, "body": f"Lettre {place}. ".ljust(LENGTH, "é")} for place in range(first, min(first + BATCH, number))])


def test_memory_does_not_grow_with_what_is_held(client, participant):
    write_letters(participant.email, LETTERS)
    client.sign_in(participant).get("/fr/privacy/my-data").get_data()  # what is made once is made
    tracemalloc.start()
    try:
        response = client.get("/fr/privacy/my-data", buffered=False)
        file, parts = io.BytesIO(), 0
        for part in response.iter_encoded():
            file.write(part)
            parts += 1
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < LETTERS * LENGTH / 2, f"{peak / MEGABYTE:.0f} MB"
    assert parts > 5
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        letters = json.loads(archive.read("my-data.json"))["records"]["outgoing_mail.recipient"]
        page = archive.read("my-data.html").decode()
    assert [letter["body"][:12].split(".")[0] for letter in letters] == [f"Lettre {place}" for place in range(LETTERS)]
    assert page.count("Lettre ") == LETTERS
    assert page.endswith("</html>")


def test_rows_are_read_in_batches_none_twice_and_none_left_out(app, participant):
    for number in (0, 1, BATCH - 1, BATCH, BATCH + 1):
        session.execute(sa.delete(OutgoingMail))
        if number:
            write_letters(participant.email, number)
        found = [letter.body for letter in in_batches(sa.select(OutgoingMail), OutgoingMail.__table__.c.id)]
        assert [body.split(".")[0] for body in found] == [f"Lettre {place}" for place in range(number)]


def test_whoever_holds_nothing_more_has_whole_json(client, consultation):
    person = factories.a_user()
    with zipfile.ZipFile(io.BytesIO(client.sign_in(person).get("/ar/privacy/my-data").data)) as archive:
        data = json.loads(archive.read("my-data.json"))
    assert (data["contributions"], data["drafts"]) == ([], [])
    assert data["records"]["user.id"][0]["email"] == person.email
