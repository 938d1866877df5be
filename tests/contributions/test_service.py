from datetime import timedelta

import pytest
import sqlalchemy as sa

from consult.chapters import service as chapters
from consult.consultations.models import ModerationMode, Phase
from consult.contributions import jobs as letters
from consult.contributions import service
from consult.contributions.models import (
    CommentType,
    Contribution,
    ContributionDraft,
    ContributionState,
    Interest,
    Kind,
    Position,
    Receipt,
    SuggestedAmendment,
)
from consult.core import jobs
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed, NotFound
from consult.core.i18n import clock_at, utcnow
from consult.core.mail import OutgoingMail
from consult.core.permissions import VISITOR
from tests import factories
from tests.counting import queries
from tests.letters import tell

VALUES = {"kind": Kind.COMMENT, "comment_type": CommentType.TECHNICAL, "position": Position.OPPOSED, "body": "Précisez l’échéance."}


def lodge(actor, block, form_key="form-key-1", **over):
    declared = {"interest": Interest.NONE} if over.get("as_organisation") else {}
    return service.lodge(actor, block, form_key=form_key, **{**VALUES, **declared, **over})


def events(action):
    return session.scalars(sa.select(AuditEvent).where(AuditEvent.action == action)).all()


# Lodging


def test_submitting_gives_a_reference_a_receipt_and_one_event(participant, block):
    contribution = lodge(participant, block)
    assert contribution.ref == "PNQ-C1-0001"
    assert (contribution.state, contribution.organisation_id) == (ContributionState.SUBMITTED, None)
    assert contribution.receipt.digest == contribution.digest
    (event,) = events("contributions.lodge")
    assert (event.subject, event.subject_id, event.actor_id) == ("contribution", contribution.id, participant.id)
    assert event.details["sha256"] == contribution.digest
    assert jobs.latest(letters.send_receipt, contribution.id) is not None


def test_the_digest_holds_after_reading_back(participant, block):
    contribution = lodge(participant, block, replacement="Publier chaque mois la liste.")
    digest = contribution.digest
    session.commit()
    session.expire_all()
    assert session.get(Contribution, contribution.id).digest == digest == contribution.receipt.digest


def test_references_follow_each_other_in_a_chapter(consultation, participant, block):
    other = factories.block_of(factories.a_chapter(consultation, number=2), "C2-A1-P1-a1")
    refs = [lodge(participant, at, f"k{n}", body=f"Avis {n}.").ref for n, at in enumerate((block, other, block))]
    assert refs == ["PNQ-C1-0001", "PNQ-C2-0001", "PNQ-C1-0002"]


def test_a_later_consultation_goes_on_counting(participant, block):
    lodge(participant, block)
    later = factories.block_of(factories.a_chapter(factories.a_consultation(), number=1), "C1-A1-P1-a1")
    assert lodge(participant, later, "k2").ref == "PNQ-C1-0002"


def test_the_same_form_twice_is_one_contribution_and_one_event(participant, block):
    first = lodge(participant, block)
    again = lodge(participant, block, body="Changé depuis.")
    assert again is first
    assert first.body == VALUES["body"]
    assert len(events("contributions.lodge")) == 1
    assert session.scalar(sa.select(sa.func.count()).select_from(Contribution)) == 1


def test_the_same_words_in_a_new_form_are_the_same_contribution(participant, citizen, block):
    said = {"replacement": "Publier chaque mois la liste."}
    first = lodge(participant, block, **said)
    assert lodge(participant, block, "after-going-back", **said) is first
    assert len(events("contributions.lodge")) == 1
    last = first
    for number, over in enumerate(({"position": Position.NEUTRAL}, {"replacement": "Publier chaque jour la liste."})):
        with pytest.raises(service.LodgedOtherwise) as unseen:
            lodge(participant, block, f"unseen-{number}", **{**said, **over})
        assert unseen.value.contribution is last
        last = lodge(participant, block, f"other-{number}", shown_ref=last.ref, **{**said, **over})
        assert last is not first
    assert lodge(participant, block, "other", **said, body="Autre chose.") is not first
    assert lodge(citizen, block, "of-somebody-else", **said) is not first
    service.withdraw(participant, first)
    assert lodge(participant, block, "said-again", shown_ref=last.ref, **said) is not first


def test_the_same_form_answers_after_the_closing_too(consultation, participant, block):
    first = lodge(participant, block)
    consultation.phase = Phase.CLOSED
    assert lodge(participant, block) is first
    with pytest.raises(NotAllowed):
        lodge(participant, block, "another-form")


def test_a_form_of_somebody_else_is_refused(participant, citizen, block):
    lodge(participant, block)
    with pytest.raises(Conflict):
        lodge(citizen, block)


@pytest.mark.parametrize("form_key", ["", None, "x" * 65, "é", "a b"])
def test_a_damaged_form_key_is_refused(participant, block, form_key):
    with pytest.raises(Invalid) as refusal:
        lodge(participant, block, form_key)
    assert refusal.value.field == "form_key"


def test_only_signed_in_people_lodge_and_only_while_it_is_open(consultation, participant, block):
    with pytest.raises(NotAllowed):
        lodge(VISITOR, block)
    consultation.phase = Phase.CLOSED
    with pytest.raises(NotAllowed):
        lodge(participant, block)


def test_speaking_for_ones_organisation_only(participant, block):
    assert lodge(participant, block, as_organisation=participant.organisation).organisation_id == participant.organisation_id
    with pytest.raises(Invalid) as refusal:
        lodge(participant, block, "k2", body="Autre chose.", as_organisation=factories.an_organisation())
    assert refusal.value.field == "speak_as"


def test_published_at_once_when_moderation_comes_after(consultation, participant, block):
    consultation.moderation_mode = ModerationMode.AFTER
    assert lodge(participant, block).is_public
    assert chapters.tallies(block.chapter) == {block.key: 1}


@pytest.mark.parametrize(("over", "field"), [
    ({"body": ""}, "body"), ({"body": " \n\u200b"}, "body"), ({"body": "x" * 10_001}, "body"),
    ({"justification": "x" * 10_001}, "justification"), ({"replacement": "x" * 5_001}, "replacement"), ({"body": "a\x00b"}, "body"),
    ({"replacement": "a\u202eb"}, "replacement"),
    ({"justification": "a\u202db"}, "justification"), ({"body": "é" * 1_000_000}, "body"),
])
def test_bad_words_are_refused_and_leave_nothing(participant, block, over, field):
    with pytest.raises(Invalid) as refusal:
        lodge(participant, block, **over)
    assert refusal.value.field == field
    assert session.scalar(sa.select(sa.func.count()).select_from(Contribution)) == 0
    assert block.chapter.last_ref == 0


def test_words_are_kept_byte_for_byte(participant, block):
    body = "  Début\tavec  espaces \r\n\r\n\u200fعربي e\u0301 😀 <b>&amp;</b>  "
    assert lodge(participant, block, body=body, justification=" j ").body == body.replace("\r\n", "\n")


def test_an_unchanged_wording_is_no_amendment(participant, block):
    assert lodge(participant, block, replacement=f" {block.lead}\r\n").amendment is None
    assert lodge(participant, block, "k2", replacement="").amendment is None
    assert lodge(participant, block, "k3", body="Autre chose.",
                 replacement="Publier chaque mois.").amendment.replacement == "Publier chaque mois."
    assert session.scalar(sa.select(sa.func.count()).select_from(SuggestedAmendment)) == 1


def test_the_language_is_that_of_the_words(participant, block):
    assert lodge(participant, block, body="أقترح توضيح الأجل", language="fr").language == "ar"
    assert lodge(participant, block, "k2", body="Please clarify", language="en").language == "en"


def test_the_receipt_is_written_once(participant, block):
    contribution = lodge(participant, block)
    session.commit()
    jobs.run_pending()
    tell(letters.send_receipt, contribution.id)
    (letter,) = session.scalars(sa.select(OutgoingMail)).all()
    assert contribution.ref in letter.subject
    assert contribution.receipt.digest in letter.body
    assert VALUES["body"] in letter.body
    assert f"http://consult.test/fr/contributions/receipt/{contribution.ref}" in letter.body
    assert letter.recipient == participant.email
    assert contribution.receipt.written_at


# Withdrawing


def test_withdrawing_keeps_the_trace_and_the_tally_right(participant, block):
    contribution = factories.a_published_contribution(block=block, author=participant)
    service.withdraw(participant, contribution)
    assert contribution.state == ContributionState.WITHDRAWN
    assert contribution.withdrawn_at
    assert block.key not in chapters.tallies(block.chapter)
    trace = service.get_trace(contribution.ref)
    assert (trace.ref, trace.withdrawn_at) == (contribution.ref, contribution.withdrawn_at)
    assert not hasattr(trace, "body")
    with pytest.raises(NotAllowed):
        service.get_contribution(VISITOR, contribution.ref)
    with pytest.raises(Conflict):
        service.withdraw(participant, contribution)


def test_withdrawing_before_publication_leaves_the_tally(participant, contribution):
    service.withdraw(participant, contribution)
    assert chapters.tallies(contribution.chapter).get(contribution.block_key, 0) == 0


def test_only_its_author_withdraws(citizen, rapporteur, contribution):
    for other in (citizen, rapporteur, VISITOR):
        with pytest.raises(NotAllowed):
            service.withdraw(other, contribution)


# Drafts


def keep(actor, block, token="t" * 32, **fields):
    return service.keep_draft(actor, block, token=token, fields={"body": "Je commence", "position": "opposed", **fields})


def here(actor, block, *tokens):
    return service.list_drafts_here(actor, block.chapter, block.key, tokens)


def test_a_draft_is_kept_and_found_again(participant, block):
    draft = keep(participant, block)
    keep(participant, block, body="Je continue")
    assert session.scalars(sa.select(ContributionDraft)).all() == [draft]
    assert draft.fields["body"] == "Je continue"
    assert here(participant, block) == [draft]
    assert service.list_drafts(participant) == [draft]


def test_a_draft_of_somebody_who_has_to_be_read_again_is_kept_whole(participant, block):
    session.expire(participant)
    assert keep(participant, block).author_id == participant.id


def test_a_visitors_draft_belongs_to_whoever_holds_its_token(participant, block):
    draft = keep(VISITOR, block)
    assert here(VISITOR, block) == []
    assert here(VISITOR, block, draft.token) == here(participant, block, draft.token) == [draft]
    assert keep(participant, block, draft.token).author_id == participant.id
    assert here(VISITOR, block, draft.token) == []


def test_somebody_elses_draft_is_never_shown_nor_changed(participant, citizen, block):
    draft = keep(participant, block)
    assert here(citizen, block, draft.token) == []
    assert service.list_drafts(citizen, [draft.token]) == []
    for other in (citizen, VISITOR):
        with pytest.raises(NotAllowed):
            keep(other, block, draft.token)
    with pytest.raises(NotAllowed):
        service.drop_draft(citizen, draft)
    with pytest.raises(NotFound):
        service.get_own_draft(citizen, draft.id)


def test_a_draft_goes_when_it_is_lodged_or_dropped(participant, block):
    lodge(participant, block, draft=keep(participant, block))
    assert service.list_drafts(participant) == []
    draft = keep(participant, block, "u" * 32)
    service.drop_draft(participant, service.get_own_draft(participant, draft.id))
    assert service.list_drafts(participant) == []
    with pytest.raises(NotFound):
        service.get_own_draft(participant, draft.id)


def test_what_a_visitor_never_came_back_for_is_dropped(participant, block):
    with clock_at(utcnow() - timedelta(days=31)):
        keep(VISITOR, block, "a" * 32)
        owned = keep(participant, block, "b" * 32)
    fresh = keep(VISITOR, block, "c" * 32)
    letters.drop_forgotten_drafts()
    assert set(session.scalars(sa.select(ContributionDraft.token))) == {owned.token, fresh.token}


@pytest.mark.parametrize("body", ["a\x00b", "x" * 10_001])
def test_a_draft_takes_no_text_that_could_not_be_lodged(participant, block, body):
    with pytest.raises(Invalid):
        keep(participant, block, body=body)


# Reading


def test_who_reads_what_is_not_public(contribution, participant, rapporteur, secretary, citizen):
    for reader in (participant, rapporteur, secretary):
        assert service.get_contribution(reader, contribution.ref) is contribution
    for reader in (citizen, VISITOR):
        with pytest.raises(NotAllowed):
            service.get_contribution(reader, contribution.ref)
    with pytest.raises(NotAllowed):
        service.get_trace(contribution.ref)
    with pytest.raises(NotFound):
        service.get_contribution(secretary, "PNQ-C9-9999")


def test_a_published_one_is_everybodys_but_its_receipt_is_not(block, participant, citizen, rapporteur):
    contribution = factories.a_published_contribution(block=block, author=participant)
    assert service.get_contribution(VISITOR, contribution.ref) is contribution
    assert service.get_own(participant, contribution.ref) is service.get_own(rapporteur, contribution.ref) is contribution
    for other in (citizen, VISITOR):
        with pytest.raises(NotAllowed):
            service.get_own(other, contribution.ref)


def test_a_block_shows_what_is_published_and_traces_of_the_rest(block, contribution):
    published = factories.a_published_contribution(block=factories.block_of(block.chapter, block.key, "ar"))
    withheld = factories.a_contribution(block=block, state=ContributionState.WITHHELD)
    rows = service.list_for_block(block.chapter, block.key).rows
    assert [row.ref for row in rows] == [withheld.ref, published.ref]
    assert isinstance(rows[0], service.Trace)
    assert rows[1] is published


def test_ones_own_data_hold_what_one_lodged_and_is_writing_and_nobody_elses(block, contribution, participant, citizen):
    service.keep_draft(participant, block, token="t" * 32, fields={"body": "Je pense encore.", "kind": "comment"})
    data = {name: list(rows) for name, rows in service.get_data(participant).items()}
    assert [(c["ref"], c["body"], c["sha256"]) for c in data["contributions"]] == [
        (contribution.ref, contribution.body, contribution.receipt.digest)]
    assert [draft["body"] for draft in data["drafts"]] == ["Je pense encore."]
    assert {name: list(rows) for name, rows in service.get_data(citizen).items()} == {"contributions": [], "offered": [], "drafts": []}


def test_mine_are_mine_alone(contribution, participant, citizen):
    assert service.list_mine(participant).rows == [contribution]
    assert service.list_mine(citizen).rows == service.list_mine(VISITOR).rows == []


def test_margin_has_the_three_newest_of_each_block_in_one_query(app, block, contribution):
    made = [factories.a_published_contribution(block=block) for _ in range(5)]
    elsewhere = factories.block_of(block.chapter, "C1-A1-P1-a2")
    citizen = factories.a_published_contribution(block=elsewhere, author=factories.a_user(is_name_public=False))
    session.commit()
    with queries() as asked:
        lines = service.list_margin_lines(block.chapter, "fr", [block.id, elsewhere.id])
    assert len(asked) == 1
    assert [line.ref for line in lines[block.key]] == [c.ref for c in made[:1:-1]]
    assert lines[block.key][0].signature == made[-1].organisation.name_fr
    assert lines["C1-A1-P1-a2"][0].ref == citizen.ref
    assert lines["C1-A1-P1-a2"][0].signature == ""


def test_figures_count_what_is_published(consultation, contribution, participant, block):
    factories.a_published_contribution(block=block, author=participant)
    factories.a_published_contribution(block=block, author=participant)
    factories.a_published_contribution(block=block, author=factories.a_user())
    assert service.count_figures(consultation) == service.Figures(3, 1, 2)
    assert service.count_by_state([block.chapter.id])[block.chapter.id][ContributionState.SUBMITTED] == 2


def test_a_form_keeps_the_block_that_it_showed(consultation, chapter, block):
    chapters.import_chapter(factories.SYSTEM, consultation, data=factories.markdown().replace("chaque année", "chaque mois").encode())
    assert service.get_seen_block(1, block.key, block.id) is block
    assert service.get_seen_block(1, "C1-A1", block.id) is None
    assert service.get_seen_block(1, block.key, 10**9) is None
    assert service.get_seen_block(2, block.key, block.id) is None
    factories.a_consultation()
    assert service.get_seen_block(1, block.key, block.id) is None, "another consultation is shown now"


def test_receipts_are_one_for_each(participant, block):
    lodge(participant, block)
    lodge(participant, block, "k2", body="Un autre avis.")
    assert session.scalar(sa.select(sa.func.count()).select_from(Receipt)) == 2
