"""Files within the form of a contribution: attached to its draft, lodged with it, handed out to whoever may read them."""

import io

import pytest
import sqlalchemy as sa

from consult.contributions import service
from consult.contributions.models import (
    Attachment,
    AttachmentKind,
    CommentType,
    Contribution,
    ContributionDraft,
    DraftFile,
    Interest,
    Kind,
    Position,
)
from consult.contributions.models.contribution import content_of
from consult.contributions.service import verify_contributions
from consult.contributions.service.verification import verify_files
from consult.core.append_only import allow_changes
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed, NotFound
from consult.core.stores import store
from consult.moderation import service as moderation
from consult.organisations.models import Membership, MembershipState
from tests import factories
from tests.contributions.browsing import FILLED, address, count, form_of, text_of
from tests.contributions.files import a_docx, a_jpeg, a_pdf, a_png, exif, zipped


def sent_with(client, block, act, data=b"", name="note.pdf", **over):
    """The form as the browser holds it, with a file."""
    values = {**form_of(client.get(address(block))), **FILLED, **over, "act": act}
    chosen = (io.BytesIO(data), name if data else "")
    return client.post(address(block), data={**values, "file": chosen}, content_type="multipart/form-data")


def files():
    return session.scalars(sa.select(DraftFile).order_by(DraftFile.id)).all()


def kept(actor, block, data=None) -> service.KeptFile:
    return service.get_kept(actor, block, data or a_pdf())


def draft_of(actor, block, key="form-1") -> ContributionDraft:
    return service.keep_draft(actor, block, token=key, fields={**FILLED, "form_key": key})


def with_files(actor, block, *given: tuple[str, bytes, bool], key="form-1"):
    """A contribution that was lodged with these files."""
    draft = draft_of(actor, block, key)
    for name, data, is_confidential in given:
        service.attach(actor, draft, file=kept(actor, block, data), name=name, is_confidential=is_confidential)
    session.commit()
    shown = service.get_files_digest(service.list_draft_files(actor, draft))
    contribution = lodged(actor, block, key, draft=draft, expected_files=shown)
    session.commit()
    return contribution


def lodged(actor, block, key, **over):
    organisation = actor.organisation
    return service.lodge(actor, block, form_key=key, kind=Kind.COMMENT, comment_type=CommentType.TECHNICAL,
                         position=Position.OPPOSED, body="Précisez l’échéance.", as_organisation=organisation,
                         interest=Interest.NONE if organisation else None, **over)


# Within the form


def test_a_file_is_attached_and_all_that_was_typed_is_kept(client, participant, block):
    answer = sent_with(client.sign_in(participant), block, "attach", a_pdf(), body="À moitié écrit")
    assert answer.status_code == 303
    page = client.get(answer.location)
    assert form_of(page)["body"] == "À moitié écrit"
    assert "note.pdf" in text_of(page)
    assert [(file.name, file.kind, file.is_confidential) for file in files()] == [("note.pdf", AttachmentKind.PDF, False)]
    assert count() == 0


def test_it_is_lodged_with_the_contribution_and_proved_by_the_receipt(client, participant, block):
    sent_with(client.sign_in(participant), block, "attach", a_pdf())
    answer = sent_with(client, block, "submit")
    assert answer.location == "/en/contributions/receipt/PNQ-C1-0001"
    contribution = service.get_contribution(participant, "PNQ-C1-0001")
    (file,) = contribution.attachments
    assert file.sha256 in text_of(client.get(answer.location))
    assert content_of(contribution)["files"] == [{"name": "note.pdf", "sha256": file.sha256, "size": len(a_pdf()), "confidential": False}]
    assert contribution.receipt.digest == contribution.digest
    assert list(verify_contributions()) == []
    assert files() == []
    handed = client.get("/en/contributions/file/PNQ-C1-0001/1")
    assert handed.data == a_pdf()


def test_a_file_that_is_chosen_and_not_attached_is_shown_before_anything_is_lodged(client, participant, block):
    answer = sent_with(client.sign_in(participant), block, "submit", a_docx(author="Salma"), "avis.docx")
    assert answer.status_code == 303
    page = text_of(client.get(answer.location))
    assert "nothing is lodged yet" in page
    assert "avis.docx" in page
    assert count() == 0
    assert sent_with(client, block, "submit").location == "/en/contributions/receipt/PNQ-C1-0001"
    assert [file.name for file in service.get_contribution(participant, "PNQ-C1-0001").attachments] == ["avis.docx"]


def test_a_refused_file_is_told_at_its_field_and_nothing_typed_is_lost(client, participant, block):
    page = sent_with(client.sign_in(participant), block, "submit", a_pdf() + zipped({"a": b"a"}), body="Mes mots")
    assert page.status_code == 422
    assert "two things at once" in text_of(page)
    assert form_of(page)["body"] == "Mes mots"
    assert (count(), files()) == (0, [])


def test_no_file_chosen_is_said(client, participant, block):
    page = sent_with(client.sign_in(participant), block, "attach")
    assert page.status_code == 422
    assert "No file is chosen." in text_of(page)


def test_it_is_taken_off_again(client, participant, block):
    sent_with(client.sign_in(participant), block, "attach", a_pdf())
    (file,) = files()
    act = f"detach-{file.id}"
    answer = sent_with(client, block, act, body="Toujours là")
    assert answer.status_code == 303
    assert form_of(client.get(answer.location))["body"] == "Toujours là"
    assert files() == []
    assert sent_with(client, block, act).status_code == 303, "twice is no fault"


def test_two_clicks_attach_it_once_and_five_are_the_most(participant, block):
    draft = draft_of(participant, block)
    for number in range(5):
        one = kept(participant, block, a_docx(str(number)))
        for _click in range(2):
            service.attach(participant, draft, file=one, name="a.docx", is_confidential=False)
    assert len(files()) == 5
    with pytest.raises(Invalid, match="5 files"):
        service.attach(participant, draft, file=kept(participant, block), name="b.pdf", is_confidential=False)


def test_a_file_that_was_once_called_confidential_stays_so(participant, block):
    draft = draft_of(participant, block)
    for is_confidential in (True, False):
        service.attach(participant, draft, file=kept(participant, block), name="a.pdf", is_confidential=is_confidential)
    assert [file.is_confidential for file in files()] == [True]


def test_nothing_is_lodged_that_another_window_attached(client, participant, block):
    client.sign_in(participant)
    sent_with(client, block, "draft")
    values = {**form_of(client.get(address(block))), **FILLED, "act": "submit"}
    service.attach(participant, session.scalars(sa.select(ContributionDraft)).one(), file=kept(participant, block), name="a.pdf",
                   is_confidential=False)
    page = client.post(address(block), data=values)
    assert page.status_code == 422
    assert "changed in another window" in text_of(page)
    assert count() == 0
    assert client.post(address(block), data={**values, "files_shown": form_of(page)["files_shown"]}).status_code == 303
    assert client.post(address(block), data=values).status_code == 303, "the first form again: it is lodged"
    assert count() == 1


def test_a_visitor_is_told_to_sign_in_first(client, block):
    page = client.get(address(block))
    assert 'type="file"' not in text_of(page)
    answer = client.post(address(block), data={**form_of(page), **FILLED, "act": "attach", "file": (io.BytesIO(a_pdf()), "a.pdf")},
                         content_type="multipart/form-data")
    assert "Your text is kept" in text_of(answer)
    assert files() == []


def test_a_picture_is_kept_without_what_it_told(client, participant, block):
    sent_with(client.sign_in(participant), block, "attach", a_jpeg(exif(note=b"GPS-33.97")), "photo.jpg")
    (file,) = files()
    assert b"GPS-33.97" not in client.get(f"/en/contributions/draft-file/{file.id}").data
    assert "was taken out of it" in text_of(client.get(address(block)))


def test_whom_a_document_names_is_told_before_it_is_lodged(client, participant, block):
    sent_with(client.sign_in(participant), block, "attach", a_docx(author="Salma Idrissi"), "avis.docx")
    assert "Salma Idrissi" in text_of(client.get(address(block)))


def test_somebody_else_does_nothing_with_a_draft_and_its_files(client, participant, citizen, block):
    draft = draft_of(participant, block)
    service.attach(participant, draft, file=kept(participant, block), name="a.pdf", is_confidential=False)
    (file,) = files()
    for act, more in ((service.attach, {"file": kept(citizen, block), "name": "b.pdf", "is_confidential": False}),
                      (service.detach, {"file_id": file.id})):
        with pytest.raises(NotAllowed):
            act(citizen, draft, **more)
    with pytest.raises(NotFound):
        service.get_draft_file(citizen, file.id)
    assert client.sign_in(citizen).get(f"/en/contributions/draft-file/{file.id}").status_code == 404
    assert [one.id for one in files()] == [file.id]


def test_the_same_words_with_another_file_are_another_contribution(participant, block):
    with_files(participant, block, ("a.pdf", a_pdf(), False))
    with pytest.raises(service.LodgedOtherwise):
        with_files(participant, block, ("b.docx", a_docx(), False), key="form-2")


def test_a_draft_that_is_thrown_away_takes_its_files_along(participant, block):
    draft = draft_of(participant, block)
    service.attach(participant, draft, file=kept(participant, block), name="a.pdf", is_confidential=False)
    service.drop_draft(participant, draft)
    assert files() == []


# With drafts that are offered to an organisation, and with a position


def test_files_go_with_a_draft_to_the_organisation_and_are_lodged_with_it(client, participant, citizen, block):
    member = factories.a_user()
    factories.saved(Membership(user=member, organisation=participant.organisation, state=MembershipState.MEMBER))
    session.commit()
    session.expire_all()
    draft = draft_of(member, block)
    service.attach(member, draft, file=kept(member, block), name="a.pdf", is_confidential=True)
    session.commit()
    offered = service.offer(member, block, form_key="offer-1", fields=FILLED, draft=draft)
    session.commit()
    (file,) = files()
    assert (file.draft_id, file.offered_draft_id) == (None, offered.id)
    place = f"/en/contributions/draft-file/{file.id}"
    assert client.sign_in(participant).get(place).data == a_pdf()
    assert "a.pdf" in text_of(client.get(f"/en/contributions/organisation-drafts/{offered.id}"))
    assert client.sign_in(citizen).get(place).status_code == 404
    service.accept_offered(participant, offered)
    session.commit()
    receipt = service.lodge_position(participant, block.consultation, form_key="position-1", shown={},
                                     offered={offered.id: offered.row_counter}, declared=(Interest.NONE, ""))
    (contribution,) = service.list_lodged_together(receipt)
    assert [(one.name, one.is_confidential) for one in contribution.attachments] == [("a.pdf", True)]
    assert files() == []
    assert list(verify_contributions()) == []


def test_files_come_back_with_a_draft_that_is_taken_back(participant, block):
    draft = draft_of(participant, block)
    service.attach(participant, draft, file=kept(participant, block), name="a.pdf", is_confidential=False)
    session.commit()
    offered = service.offer(participant, block, form_key="offer-1", fields=FILLED, draft=draft)
    session.commit()
    service.take_back_offered(participant, offered)
    (again,) = session.scalars(sa.select(ContributionDraft)).all()
    assert [file.draft_id for file in files()] == [again.id]


def test_a_position_is_lodged_with_the_files_of_each_draft(client, participant, block):
    draft = draft_of(participant, block)
    service.attach(participant, draft, file=kept(participant, block), name="a.pdf", is_confidential=False)
    session.commit()
    assert "a.pdf" in text_of(client.sign_in(participant).get("/en/contributions/position"))
    draft = session.get_one(ContributionDraft, draft.id)
    receipt = service.lodge_position(participant, block.consultation, form_key="position-1", shown={draft.id: draft.row_counter})
    assert [[one.name for one in each.attachments] for each in service.list_lodged_together(receipt)] == [["a.pdf"]]


# Who opens what


def test_nobody_opens_the_file_of_what_is_not_public(client, participant, citizen, block, rapporteur, secretary):
    contribution = with_files(participant, block, ("a.pdf", a_pdf(), False))
    place = f"/en/contributions/file/{contribution.ref}/1"
    assert client.get(place).status_code == 403
    assert client.sign_in(citizen).get(place).status_code == 403
    for reader in (participant, rapporteur, secretary):
        assert client.sign_in(reader).get(place).status_code == 200
    assert client.get(f"/en/contributions/file/{contribution.ref}/2").status_code == 404
    assert client.get("/en/contributions/file/PNQ-C1-9999/1").status_code == 404


def test_everybody_opens_what_is_published_until_it_is_withheld(client, participant, block, rapporteur):
    contribution = with_files(participant, block, ("a.pdf", a_pdf(), False))
    moderation.publish(rapporteur, contribution, expected_counter=contribution.row_counter)
    place = f"/en/contributions/file/{contribution.ref}/1"
    page = text_of(client.get(f"/en/contributions/{contribution.ref}"))
    assert place in page
    assert client.get(place).data == a_pdf()
    service.withdraw(participant, contribution)
    assert client.get(place).status_code == 403


def test_a_file_is_handed_out_so_that_no_browser_runs_it(client, participant, block):
    contribution = with_files(participant, block, ("né « à » ; Fès.pdf", a_pdf(), False))
    answer = client.sign_in(participant).get(f"/en/contributions/file/{contribution.ref}/1")
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Content-Length"] == str(len(a_pdf()))


# Annexes


def test_an_annex_is_read_by_its_author_and_those_who_answer_alone(client, participant, citizen, block, rapporteur, secretary):
    contribution = with_files(participant, block, ("prix-secrets.pdf", a_pdf(), True))
    moderation.publish(rapporteur, contribution, expected_counter=contribution.row_counter)
    place, page = f"/en/contributions/annex/{contribution.ref}/1", f"/en/contributions/{contribution.ref}"
    moderator = factories.a_user(role="moderator", commission=block.chapter.commission)
    for stranger in (None, citizen, moderator):
        if stranger is not None:
            client.sign_in(stranger)
        assert client.post(place).status_code == 403
        assert client.get(f"/en/contributions/file/{contribution.ref}/1").status_code == 403
        shown = text_of(client.get(page))
        assert "One confidential annex" in shown
        assert "prix-secrets" not in shown
    for reader in (rapporteur, secretary):
        assert "prix-secrets" in text_of(client.sign_in(reader).get(page))
        assert client.get(f"/en/contributions/file/{contribution.ref}/1").status_code == 403, "by the button alone, which leaves a trace"
        assert client.post(place).data == a_pdf()
    assert client.sign_in(participant).get(f"/en/contributions/file/{contribution.ref}/1").data == a_pdf()
    events = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "contributions.open_annex").order_by(AuditEvent.id)).all()
    assert [(event.actor_id, event.details["ref"], event.details["file"]) for event in events] == [
        (rapporteur.id, contribution.ref, 1), (secretary.id, contribution.ref, 1)]


def test_what_is_no_annex_is_not_opened_as_one(participant, block, rapporteur):
    contribution = with_files(participant, block, ("a.pdf", a_pdf(), False))
    with pytest.raises(Invalid):
        service.open_annex(rapporteur, service.get_annex(rapporteur, contribution.ref, 1))


# Kept for good


def test_a_lodged_file_is_never_changed(participant, block):
    with_files(participant, block, ("a.pdf", a_pdf(), False))
    for statement in (sa.update(Attachment).values(is_confidential=True), sa.delete(Attachment)):
        with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
            session.execute(statement)


def test_a_file_that_is_lost_or_changed_is_found(participant, block, client):
    contribution = with_files(participant, block, ("a.pdf", a_pdf(), False), ("b.png", a_png(), False))
    assert list(verify_files()) == []
    first, second = contribution.attachments
    store().path(first.sha256).write_bytes(b"other")
    store().discard(second.sha256)
    faults = sorted(verify_files())
    assert [("is not what was kept" in one, "is missing" in one) for one in faults] == [(True, False), (False, True)]
    assert faults[0].startswith(f"{contribution.ref} (1): ")
    with pytest.raises(Conflict):
        service.get_file(participant, contribution.ref, 2)
    store().path(first.sha256).unlink()


def test_a_row_that_hides_its_files_no_longer_matches_its_receipt(participant, block):
    contribution = with_files(participant, block, ("a.pdf", a_pdf(), False))
    allow_changes(session.connection(), "contribution")
    session.execute(sa.update(Contribution).values(files_count=0).execution_options(synchronize_session=False))
    assert list(verify_contributions()) == [f"{contribution.ref} no longer matches its receipt",
                                            f"{contribution.ref} is not what was lodged (event {lodging_event()})"]


def lodging_event() -> int:
    return session.scalars(sa.select(AuditEvent.id).where(AuditEvent.action == "contributions.lodge")).one()


def test_an_answer_of_before_files_still_verifies(participant, block):
    contribution = lodged(participant, block, "form-1")
    assert "files" not in content_of(contribution)
    assert list(verify_contributions()) == []
