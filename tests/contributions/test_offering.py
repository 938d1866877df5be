"""Drafts offered to an organisation: read inside alone, changed with trace, accepted or returned, and lodged once."""

import pytest
import sqlalchemy as sa

from consult.chapters import service as chapters
from consult.consultations.models import Phase
from consult.contributions import service
from consult.contributions.models import (
    Contribution,
    ContributionDraft,
    DraftRemark,
    DraftWording,
    Interest,
    OfferedDraft,
    OfferedState,
    PositionReceipt,
)
from consult.core import audit, verification
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed, NotFound
from consult.core.permissions import SYSTEM
from consult.organisations import service as organisations
from consult.organisations.models import Membership, MembershipState
from consult.privacy import service as privacy
from tests import factories
from tests.contributions.revising import REWORDED, source
from tests.letters import letters_to

SAID = {"position": "opposed", "kind": "comment", "comment_type": "technical", "body": "Un avis."}
NO_INTEREST = (Interest.NONE, "")  # as whoever signs declares


def a_member(organisation, **over):
    """Who belongs to it and signs nothing."""
    user = factories.a_user(**over)
    factories.saved(Membership(user=user, organisation=organisation, state=MembershipState.MEMBER))
    return user


@pytest.fixture
def house(participant):
    return participant.organisation


@pytest.fixture
def member(house):
    return a_member(house)


@pytest.fixture
def colleague(house):
    """Another representative."""
    return factories.a_user(organisation=house)


def offer(member, block, form_key="offer-1", **over):
    return service.offer(member, block, form_key=form_key, fields={**SAID, **over})


@pytest.fixture
def offered(member, block):
    return offer(member, block)


def edit(actor, offered, body, digest=None):
    return service.edit_offered(actor, offered, fields={**offered.fields, "body": body}, expected_digest=digest or offered.digest)


def lodge(actor, consultation, *offered, form_key="position-1", shown=None):
    counters = {one.id: one.row_counter for one in offered} if shown is None else shown
    return service.lodge_position(actor, consultation, form_key=form_key, shown={}, offered=counters, declared=NO_INTEREST)


def lodged():
    return session.scalars(sa.select(Contribution).order_by(Contribution.id)).all()


def steps(offered):
    return [one.moved_to for one in session.scalars(
        sa.select(DraftRemark).where(DraftRemark.offered_draft_id == offered.id).order_by(DraftRemark.id))]


def test_it_goes_from_offer_to_lodging_once_and_keeps_its_trace(participant, member, consultation, block, offered):
    service.remark_on_offered(participant, offered, form_key="remark-1", body="Il manque un chiffre.")
    edit(participant, offered, "Un avis, chiffré.")
    service.return_offered(participant, offered, words="Ajoutez la source.")
    edit(member, offered, "Un avis, chiffré, sourcé.")
    service.offer_again(member, offered)
    service.accept_offered(participant, offered)
    receipt = lodge(participant, consultation, offered)
    (contribution,) = lodged()
    assert (contribution.body, contribution.author) == ("Un avis, chiffré, sourcé.", participant)
    assert contribution.organisation is offered.organisation
    assert contribution.declaration.mandate is participant.mandate
    assert offered.contribution is contribution
    assert service.list_lodged_together(receipt) == [contribution]
    wordings = session.scalars(sa.select(DraftWording).order_by(DraftWording.number))
    assert [(one.number, one.author, one.fields["body"]) for one in wordings] == [
        (1, member, "Un avis."), (2, participant, "Un avis, chiffré."), (3, member, "Un avis, chiffré, sourcé.")]
    assert steps(offered) == [OfferedState.OFFERED, None, OfferedState.RETURNED, OfferedState.OFFERED, OfferedState.ACCEPTED,
                              OfferedState.LODGED]
    audit.seal_all()
    assert verification.verify_database() == []


def test_the_same_form_offers_once_and_other_words_are_told_apart(member, block, offered):
    assert offer(member, block) is offered
    with pytest.raises(service.OfferedOtherwise) as found:
        offer(member, block, body="D’autres mots.")
    assert found.value.offered is offered
    assert offer(member, block, "offer-2", body="D’autres mots.") is not offered
    acts = session.scalars(sa.select(AuditEvent.action).where(AuditEvent.action == "contributions.offer")).all()
    assert len(acts) == 2
    with pytest.raises(Conflict, match="somebody else"):
        offer(factories.a_user(organisation=factories.an_organisation()), block)


def test_what_was_kept_of_the_form_goes_with_it_unless_another_window_wrote_on(member, block):
    kept = service.keep_draft(member, block, token="offer-1", fields={**SAID, "form_key": "offer-1"})
    seen = kept.digest
    service.offer(member, block, form_key="offer-1", fields=SAID, draft=kept, expected_digest=seen)
    assert session.scalars(sa.select(ContributionDraft)).all() == []
    other = service.keep_draft(member, block, token="offer-2", fields={**SAID, "form_key": "offer-2"})
    seen = other.digest
    service.keep_draft(member, block, token="offer-2", fields={**SAID, "body": "Un avis. Plus loin."}, expected_digest=seen)
    service.offer(member, block, form_key="offer-2", fields=SAID, draft=other, expected_digest=seen)
    assert [draft.fields["body"] for draft in session.scalars(sa.select(ContributionDraft))] == ["Un avis. Plus loin."]


def test_a_page_that_saves_by_itself_is_told_that_its_draft_was_offered(member, block, offered):
    with pytest.raises(service.DraftGone, match="offered"):
        service.save(member, block, token="offer-1", fields=SAID, expected_counter=None, saved_by="page:1")
    assert session.scalars(sa.select(ContributionDraft)).all() == []


def test_to_anybody_else_there_is_no_such_draft(participant, member, consultation, block, offered):
    remark = service.remark_on_offered(member, offered, form_key="remark-1", body="Entre nous.")
    asking = factories.a_user()
    organisations.join(asking, asking, organisation=participant.organisation)
    strangers = [factories.a_user(organisation=factories.an_organisation()), factories.a_user(), asking,
                 factories.a_user(role="secretariat"), factories.a_user(role="administrator")]
    for stranger in strangers:
        with pytest.raises(NotFound):
            service.get_offered(stranger, offered.id)
        with pytest.raises(NotFound):
            service.get_wording(stranger, offered.id, 1)
        with pytest.raises(NotAllowed):
            service.list_offered(stranger, participant.organisation, consultation)
        for act, values in ((service.accept_offered, {}), (service.return_offered, {"words": "Non."}), (service.offer_again, {}),
                            (service.take_back_offered, {}), (service.remark_on_offered, {"form_key": "r", "body": "Non."}),
                            (service.edit_offered, {"fields": SAID, "expected_digest": offered.digest})):
            with pytest.raises(NotAllowed):
                act(stranger, offered, **values)
        with pytest.raises((Conflict, Invalid)):
            lodge(stranger, consultation, offered, form_key=f"key-{stranger.id}")
    with pytest.raises(Conflict):
        service.remark_on_offered(strangers[0], offered, form_key="remark-1", body="Entre nous.")
    assert (offered.state, remark.body, lodged()) == (OfferedState.OFFERED, "Entre nous.", [])


def test_a_member_without_a_mandate_decides_nothing_and_changes_their_own_alone(house, member, block, offered):
    other = a_member(house)
    for act, values in ((service.accept_offered, {}), (service.return_offered, {"words": "Non."}), (service.take_back_offered, {}),
                        (service.edit_offered, {"fields": SAID, "expected_digest": offered.digest})):
        with pytest.raises(NotAllowed):
            act(other, offered, **values)
    with pytest.raises(NotAllowed):
        service.accept_offered(member, offered)
    assert service.get_offered(other, offered.id) is offered


def test_neither_of_two_representatives_overwrites_the_other(participant, colleague, consultation, offered):
    seen = offered.digest
    edit(participant, offered, "Revu par la première.")
    with pytest.raises(service.ChangedMeanwhile):
        edit(colleague, offered, "Revu par le second.", digest=seen)
    for act, values in ((service.accept_offered, {}), (service.return_offered, {"words": "À revoir."})):
        with pytest.raises(service.ChangedMeanwhile):
            act(colleague, offered, expected_digest=seen, **values)
    assert edit(colleague, offered, "Revu par la première.", digest=seen).last_wording == 2, "the same words are no conflict"
    service.accept_offered(participant, offered)
    with pytest.raises(Conflict, match="position of the organisation"):
        service.accept_offered(colleague, offered)


def test_a_double_lodging_is_impossible(participant, colleague, consultation, offered):
    service.accept_offered(participant, offered)
    counters = {offered.id: offered.row_counter}
    receipt = lodge(participant, consultation, shown=counters)
    assert lodge(participant, consultation, shown=counters) is receipt
    with pytest.raises(Conflict, match="under PNQ-C1-0001"):
        lodge(colleague, consultation, shown=counters, form_key="position-2")
    with pytest.raises(Conflict, match="under PNQ-C1-0001"):
        lodge(colleague, consultation, offered, form_key="position-3")
    assert len(lodged()) == 1


def test_whoever_lodges_is_told_who_changed_what_meanwhile(participant, colleague, consultation, offered):
    service.accept_offered(participant, offered)
    counters = {offered.id: offered.row_counter}
    edit(participant, offered, "Revu.")
    with pytest.raises(Conflict, match=f"changed meanwhile by {participant.name}"):
        lodge(colleague, consultation, shown=counters)
    counters = {offered.id: offered.row_counter}
    service.return_offered(participant, offered, words="Finalement, non.")
    with pytest.raises(Conflict, match="Returned to its author"):
        lodge(colleague, consultation, shown=counters)
    assert lodged() == []


def test_own_and_accepted_drafts_are_lodged_all_or_none(participant, member, consultation, block, offered):
    service.accept_offered(participant, offered)
    own = service.keep_draft(participant, block, token="own-1", fields={**SAID, "body": "En mon nom.", "speak_as": "self"})
    bad = service.keep_draft(participant, block, token="own-2", fields={**SAID, "body": " ", "speak_as": "self"})
    both = {"offered": {offered.id: offered.row_counter}, "declared": NO_INTEREST}
    with pytest.raises(Invalid, match="Nothing is written"):
        service.lodge_position(participant, consultation, form_key="k", shown={own.id: own.row_counter, bad.id: bad.row_counter}, **both)
    assert (lodged(), offered.state) == ([], OfferedState.ACCEPTED)
    receipt = service.lodge_position(participant, consultation, form_key="k", shown={own.id: own.row_counter}, **both)
    assert {one.body: one.organisation for one in service.list_lodged_together(receipt)} == {
        "En mon nom.": None, "Un avis.": participant.organisation}
    assert session.scalars(sa.select(ContributionDraft)).all() == [bad]


def test_the_same_words_of_two_members_are_lodged_once(participant, house, consultation, block, offered):
    twin = offer(a_member(house), block, "offer-2")
    for one in (offered, twin):
        service.accept_offered(participant, one)
    with pytest.raises(Invalid, match="same words"):
        lodge(participant, consultation, offered, twin)
    lodge(participant, consultation, offered)
    with pytest.raises(Invalid, match="lodged already, under PNQ-C1-0001"):
        lodge(participant, consultation, twin, form_key="position-2")


def test_the_author_takes_back_what_is_not_accepted(participant, member, offered):
    service.remark_on_offered(participant, offered, form_key="remark-1", body="Dommage.")
    service.take_back_offered(member, offered)
    assert (offered.state, offered.wording, offered.fields) == (OfferedState.TAKEN_BACK, None, {})
    assert [draft.fields["body"] for draft in service.list_drafts(member)] == ["Un avis."]
    assert service.list_offered(member, offered.organisation, offered.consultation).rows == []
    for act, values in ((service.accept_offered, {}), (service.remark_on_offered, {"form_key": "r", "body": "Encore."})):
        with pytest.raises(Conflict):
            act(participant, offered, **values)


def test_what_is_accepted_is_not_taken_back(participant, member, offered):
    service.accept_offered(participant, offered)
    with pytest.raises(Conflict):
        service.take_back_offered(member, offered)
    with pytest.raises(Conflict):
        edit(member, offered, "Après coup.")


def test_a_member_who_leaves_leaves_what_was_offered_and_takes_the_rest(participant, member, consultation, block, offered):
    service.keep_draft(member, block, token="mine-1", fields={**SAID, "body": "Pas encore proposé.", "speak_as": "self"})
    organisations.leave(member, member)
    assert service.list_offered(participant, participant.organisation, consultation).rows == [offered]
    assert [draft.fields["body"] for draft in service.list_drafts(member)] == ["Pas encore proposé."]
    with pytest.raises(NotFound):
        service.get_offered(member, offered.id)
    for act in (service.take_back_offered, service.offer_again):
        with pytest.raises(NotAllowed):
            act(member, offered)
    before = len(letters_to(member))
    service.return_offered(participant, offered, words="À revoir.")
    service.accept_offered(participant, offered)
    lodge(participant, consultation, offered)
    assert len(letters_to(member)) == before, "by letter too it stays inside"
    assert service.list_own_offered(member, consultation) == []


def test_a_representative_who_is_gone_in_the_middle_leaves_it_to_another(participant, colleague, consultation, offered):
    service.accept_offered(participant, offered)
    counters = {offered.id: offered.row_counter}
    organisations.leave(participant, participant)
    with pytest.raises(Invalid, match="no mandate any more"):
        lodge(participant, consultation, shown=counters)
    with pytest.raises(NotAllowed):
        edit(participant, offered, "Encore moi.")
    assert [one.draft for one in service.list_accepted(colleague, consultation)] == [offered]
    lodge(colleague, consultation, shown=counters)
    assert lodged()[0].author is colleague


def test_a_mandate_that_ended_between_accepting_and_lodging_lodges_nothing(participant, consultation, offered):
    service.accept_offered(participant, offered)
    organisations.end_mandate(participant, participant.mandate)
    with pytest.raises(Invalid, match="no mandate any more"):
        lodge(participant, consultation, offered)
    assert (service.list_accepted(participant, consultation), offered.state, lodged()) == ([], OfferedState.ACCEPTED, [])


def test_when_the_last_representative_is_gone_it_waits_for_the_next(participant, member, consultation, offered):
    service.accept_offered(participant, offered)
    organisations.leave(participant, participant)
    assert service.get_offered(member, offered.id).state == OfferedState.ACCEPTED
    organisations.mandate(SYSTEM, member.membership)
    lodge(member, consultation, offered)
    assert offered.state == OfferedState.LODGED


@pytest.mark.parametrize("is_dropped", [False, True])
def test_a_passage_that_changed_or_is_gone_is_told_and_can_be_lodged(participant, consultation, block, member, is_dropped):
    at = factories.block_of(block.chapter, "C1-A1-P1-a2" if is_dropped else block.key)
    offered = offer(member, at)
    text = source(REWORDED)
    if is_dropped:
        start = text.index("- **Action 1.1.2**")
        text = text[:start] + text[text.index("[^1]:"):]
    chapters.import_chapter(SYSTEM, consultation, data=text.encode())
    service.accept_offered(participant, offered)
    (written,) = service.list_accepted(participant, consultation)
    assert (written.now is None) == is_dropped
    shown = service.get_passage_now(member, offered)
    assert (shown.now is None, shown.is_reworded) == (is_dropped, written.is_reworded)
    lodge(participant, consultation, offered)
    assert len(lodged()) == 1


def test_after_the_closing_it_is_read_and_returned_but_not_lodged(participant, member, consultation, block, offered):
    service.accept_offered(participant, offered)
    consultation.phase = Phase.CLOSED
    session.flush()
    with pytest.raises(NotAllowed):
        lodge(participant, consultation, offered)
    with pytest.raises(NotAllowed):
        offer(member, block, "offer-2", body="Trop tard.")
    with pytest.raises(NotAllowed):
        edit(participant, offered, "Trop tard.")
    service.remark_on_offered(member, offered, form_key="remark-1", body="Dommage.")
    service.return_offered(participant, offered, words="La consultation est close.")
    service.take_back_offered(member, offered)
    assert lodged() == []


def test_an_author_who_is_forgotten_is_a_participant_inside_too(participant, member, consultation, offered):
    name = member.name
    service.accept_offered(participant, offered)
    privacy.forget(member, member)
    assert service.get_offered(participant, offered.id).author.shown_name == "A participant"
    assert name not in {one.author.shown_name for one in service.list_remarks(offered).rows}
    lodge(participant, consultation, offered)
    assert offered.state == OfferedState.LODGED


def test_an_author_in_two_windows_loses_nothing(member, offered):
    seen = offered.digest
    edit(member, offered, "De la première fenêtre.")
    with pytest.raises(service.ChangedMeanwhile):
        edit(member, offered, "De la seconde.", digest=seen)
    assert offered.fields["body"] == "De la première fenêtre."
    assert service.get_wording_shown(offered, seen).number == 1


def test_what_says_nothing_or_cannot_be_kept_is_refused(participant, member, block, offered):
    for values in ({"body": " "}, {"body": "x" * 10_001}, {"body": "nul \0"}):
        with pytest.raises(Invalid):
            offer(member, block, "offer-2", **values)
        with pytest.raises(Invalid):
            service.edit_offered(member, offered, fields={**SAID, **values}, expected_digest=offered.digest)
    for words in (" ", "x" * 2_001):
        with pytest.raises(Invalid) as refusal:
            service.return_offered(participant, offered, words=words)
        assert refusal.value.field == "words"
        with pytest.raises(Invalid):
            service.remark_on_offered(member, offered, form_key="r-2", body=words)


def test_a_remark_is_sent_once(member, offered):
    first = service.remark_on_offered(member, offered, form_key="remark-1", body="Une fois.")
    assert service.remark_on_offered(member, offered, form_key="remark-1", body="Une fois.") is first


def test_nothing_of_it_is_in_the_public_record(participant, member, offered):
    service.remark_on_offered(member, offered, form_key="remark-1", body="Entre nous.")
    events = session.scalars(sa.select(AuditEvent).where(AuditEvent.action.contains("offer"))).all()
    assert {str(event.details) for event in events} == {"{}"}
    assert {"offered_draft", "draft_wording", "draft_remark"}.isdisjoint(name for event in events for name in event.records or ())


def test_a_remark_and_a_version_are_never_rewritten(member, offered):
    remark = service.remark_on_offered(member, offered, form_key="remark-1", body="Ceci.")
    for table, column, key in ((DraftRemark, "body", remark.id), (DraftWording, "number", offered.wording.id)):
        with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
            session.execute(sa.update(table.__table__).where(table.__table__.c.id == key).values({column: "7"}))


def test_positions_count_one_receipt(participant, house, consultation, block):
    several = [offer(a_member(house), block, f"offer-{n}", body=f"Avis {n}.") for n in range(3)]
    for one in several:
        service.accept_offered(participant, one)
    lodge(participant, consultation, *several)
    assert len(session.scalars(sa.select(PositionReceipt)).all()) == 1
    assert session.scalar(sa.select(sa.func.count()).select_from(OfferedDraft).where(OfferedDraft.contribution_id.is_not(None))) == 3
