"""Files of a form that was sent before: a return with the browser, or another press, loses none and puts none where nobody looks."""

import io

import pytest
import sqlalchemy as sa

from consult.contributions import service
from consult.contributions.models import Contribution, OfferedDraft
from consult.core.db import session
from tests.contributions.browsing import FILLED, address, form_of, text_of
from tests.contributions.files import a_pdf
from tests.contributions.test_attaching import draft_of, files, kept, lodged, sent_with, with_files


def test_what_is_attached_after_a_return_is_not_thrown_away(client, participant, block):
    before = {**form_of(client.sign_in(participant).get(address(block))), **FILLED}
    assert client.post(address(block), data={**before, "act": "submit"}).status_code == 303
    chosen = {"act": "attach", "file": (io.BytesIO(a_pdf()), "note.pdf")}
    again = client.post(address(block), data={**before, **chosen}, content_type="multipart/form-data")
    values = {**form_of(client.get(again.location)), **FILLED, "act": "submit"}
    page = client.post(address(block), data=values)
    assert page.status_code == 409
    assert "lodged already" in text_of(page)
    assert [file.name for file in files()] == ["note.pdf"]
    assert client.post(address(block), data={**form_of(page), **FILLED, "act": "submit"}).status_code == 303
    assert [len(one.attachments) for one in session.scalars(sa.select(Contribution).order_by(Contribution.id))] == [0, 1]


def test_other_words_with_the_same_files_are_kept_after_a_return(participant, block):
    with_files(participant, block, ("a.pdf", a_pdf(), False))
    draft = draft_of(participant, block)
    service.attach(participant, draft, file=kept(participant, block), name="a.pdf", is_confidential=False)
    shown = service.get_files_digest(files())
    with pytest.raises(service.LodgedOtherwise):
        lodged(participant, block, "form-1", draft=draft, expected_files=shown, justification="Un motif.")
    assert [file.draft_id for file in files()] == [draft.id]
    assert lodged(participant, block, "form-1", draft=draft, expected_files=shown).ref == "PNQ-C1-0001"
    assert files() == []


def test_no_file_joins_what_was_offered_before(client, participant, block):
    assert sent_with(client.sign_in(participant), block, "offer", form_key="offer-1").status_code == 303
    offered = session.scalars(sa.select(OfferedDraft)).one()
    service.accept_offered(participant, offered)
    session.commit()
    sent_with(client, block, "attach", a_pdf(), form_key="offer-1")
    page = sent_with(client, block, "offer", form_key="offer-1")
    assert page.status_code == 409
    assert "the file was not added to it" in text_of(page)
    assert "Other words stand here" not in text_of(page)
    (file,) = files()
    assert file.offered_draft_id is None
    assert client.post(address(block), data={**form_of(page), **FILLED, "act": "offer"}).status_code == 303
    assert [one.offered_draft_id not in (None, offered.id) for one in files()] == [True]
