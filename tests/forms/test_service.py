"""The form with drafts to take away, the same form brought back, and filled forms on their way to drafts."""

import io

import pytest
import sqlalchemy as sa

from consult.chapters import service as chapters
from consult.consultations.models import Phase
from consult.contributions import service as contributions
from consult.contributions.models import Contribution, ContributionDraft, OfferedDraft
from consult.contributions.statement import STATEMENT
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed, NotFound
from consult.core.i18n import force_locale, utcnow
from consult.forms import jobs, service, writing
from consult.forms.models import FormRowState, FormState, ReceivedForm, ReceivedRow, Speaking
from consult.forms.reading import read_form
from consult.organisations.models import Mandate, Membership, MembershipState
from tests import factories
from tests.benchmarks.form_files import Sheet, as_csv

HEADS = ["Organisme", "N° ligne", "Article", "Alinéa", "Type", "Commentaires", "Proposition de modification", "Observations du secrétariat"]
WRITERS = {"docx": writing.write_docx, "xlsx": writing.write_xlsx}
SAID = {
    "kind": "recommendation", "comment_type": "technical", "position": "in_favour_with_changes", "speak_as": "self",
    "body": "Première ligne : « trop vague ».\n\n=1+1 n’est pas une formule.", "justification": "Deux raisons.\nEt une troisième.",
    "replacement": "Publier chaque trimestre la liste des étalons nationaux.", "exact": "la liste des étalons nationaux", "prefix": "",
    "suffix": "",
}


def filled(*rows: list[str]) -> bytes:
    return as_csv([Sheet([HEADS, *rows], 8)])


def row(clause: str, comment: str = "Trop vague.", change: str = "", kind: str = "te") -> list[str]:
    return ["CGEM", "", clause, "", kind, comment, change, ""]


def bring(actor, consultation, data: bytes, *, chapter: int | None = None) -> ReceivedForm:
    """Without a process of its own, and gone through."""
    received = service.receive(actor, consultation, form=read_form(data), data=data, file_name="formulaire.csv", language="fr",
        chapter=chapter)
    go_through(received)
    return received


def go_through(received: ReceivedForm) -> list[int]:
    heard: list[int] = []
    session.commit()
    jobs.go_through(received.id, heard.append)
    session.expire_all()
    return heard


def rows_of(received: ReceivedForm) -> list[ReceivedRow]:
    return list(session.scalars(sa.select(ReceivedRow).where(ReceivedRow.form_id == received.id).order_by(ReceivedRow.id)))


def drafts_of(actor) -> list[ContributionDraft]:
    return list(session.scalars(sa.select(ContributionDraft).where(ContributionDraft.author_id == actor.id).order_by(ContributionDraft.id)))


def said_in(draft: ContributionDraft) -> dict[str, str]:
    return {field.name: draft.fields.get(field.name) or "" for field in STATEMENT}


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
@pytest.mark.parametrize("format_", WRITERS)
def test_drafts_that_are_taken_away_and_brought_back_are_the_same(chapter, consultation, participant, format_, language):
    block = chapters.get_block(chapter, "C1-A1-P1-a1", "fr")
    others = {**SAID, "kind": "comment", "position": "", "body": "Un mot.", "justification": "", "exact": "", "replacement": "Supprimer.",
              "comment_type": "editorial"}
    quote = contributions.quote_in(block, SAID["exact"])
    said = {**SAID, "prefix": quote.prefix, "suffix": quote.suffix}
    for token, fields, at in (("first", said, block), ("second", others, chapters.get_block(chapter, "C1-contexte-§1", "fr"))):
        contributions.keep_draft(participant, at, token=token, fields=fields)
    before = sorted((draft.block.key, said_in(draft)["body"], said_in(draft)) for draft in drafts_of(participant))
    out = io.BytesIO()
    with force_locale(language):
        WRITERS[format_](service.get_form(participant, consultation, 1, language, "own"), out)
    session.execute(sa.delete(ContributionDraft))
    received = bring(participant, consultation, out.getvalue())
    assert [(one.state, one.key) for one in rows_of(received)] == [
        (FormRowState.CERTAIN, "C1-contexte-§1"), (FormRowState.CERTAIN, "C1-A1-P1-a1")]
    service.make_drafts(participant, received, speaking=Speaking.SELF)
    go_through(received)
    after = sorted((draft.block.key, said_in(draft)["body"], said_in(draft)) for draft in drafts_of(participant))
    assert after == before


@pytest.mark.parametrize("language", ["fr", "ar"])
@pytest.mark.parametrize("body", ["هذا التعبير غامض.", ""])
def test_a_change_of_the_french_text_is_one_when_it_comes_back_whatever_language_the_remark_is_in(
        chapter, consultation, participant, language, body):
    block = chapters.get_block(chapter, "C1-A1-P1-a1", "fr")
    said = {**SAID, "body": body, "justification": "", "exact": "", "suffix": ""}
    contributions.keep_draft(participant, block, token="one", fields=said)
    out = io.BytesIO()
    with force_locale(language):
        writing.write_xlsx(service.get_form(participant, consultation, 1, language, "own"), out)
    session.execute(sa.delete(ContributionDraft))
    received = bring(participant, consultation, out.getvalue())
    service.make_drafts(participant, received, speaking=Speaking.SELF)
    go_through(received)
    draft, = drafts_of(participant)
    assert (draft.block_id, said_in(draft)["replacement"], said_in(draft)["body"]) == (block.id, SAID["replacement"], body)


def test_the_very_same_file_is_refused_until_the_first_is_discarded(chapter, consultation, participant):
    data = filled(row("C1-A1-P1-a1"))
    first = bring(participant, consultation, data)
    with pytest.raises(Invalid, match="this very file already") as refused:
        bring(participant, consultation, data)
    assert refused.value.field == "file"
    bring(factories.a_user(), consultation, data)
    service.discard(participant, first)
    assert bring(participant, consultation, data).state == FormState.READ


@pytest.mark.parametrize("format_", WRITERS)
def test_an_empty_form_lists_the_passages_and_holds_no_row(chapter, consultation, participant, format_):
    out, form = io.BytesIO(), service.get_form(participant, consultation, 1, "fr")
    WRITERS[format_](form, out)
    assert "C1-A1-P1-a1 · Action 1.1.1" in [key for key, _words in form.passages]
    with pytest.raises(Invalid, match="No row with a comment"):
        read_form(out.getvalue())


def test_a_form_is_read_kept_as_it_came_and_nothing_of_it_is_a_draft_yet(chapter, consultation, participant):
    data = filled(row("C1-A1-P1-a1"), row("page 4"), row("Général", "Bien.", kind="ge"))
    received = bring(participant, consultation, data, chapter=1)
    assert (received.state, received.data, received.rows_count) == (FormState.READ, data, 3)
    assert [(one.state, one.key) for one in rows_of(received)] == [
        (FormRowState.CERTAIN, "C1-A1-P1-a1"), (FormRowState.DOUBTFUL, None), (FormRowState.CERTAIN, "C1")]
    assert not drafts_of(participant)


def test_a_doubtful_row_is_put_to_its_passage_and_becomes_a_draft(chapter, consultation, participant):
    received = bring(participant, consultation, filled(row("page 4"), row("page 5", "Un autre mot.")))
    first, second = rows_of(received)
    with pytest.raises(Invalid):
        service.place_row(participant, first, chapter=chapter, passage="9.9.9", language="fr")
    service.place_row(participant, first, chapter=chapter, passage="1.1.1", language="fr")
    service.place_row(participant, second, chapter=chapter, passage="", language="fr")
    service.make_drafts(participant, received, speaking=Speaking.SELF)
    go_through(received)
    assert [(draft.block.key, draft.fields["body"], draft.fields["position"]) for draft in drafts_of(participant)] == [
        ("C1-A1-P1-a1", "Trop vague.", ""), ("C1", "Un autre mot.", "")]
    assert not session.scalars(sa.select(Contribution)).all()
    assert {one.state for one in rows_of(received)} == {FormRowState.DRAFTED}


def test_a_row_that_is_left_out_becomes_no_draft_and_one_that_is_one_stays(chapter, consultation, participant):
    received = bring(participant, consultation, filled(row("C1-A1-P1-a1"), row("C1-A1-P1-a2", "Un mot.")))
    first, second = rows_of(received)
    service.leave_row(participant, first)
    service.make_drafts(participant, received, speaking=Speaking.SELF)
    go_through(received)
    assert [draft.block.key for draft in drafts_of(participant)] == ["C1-A1-P1-a2"]
    with pytest.raises(Conflict):
        service.leave_row(participant, second)
    service.make_drafts(participant, received, speaking=Speaking.SELF)
    go_through(received)
    assert len(drafts_of(participant)) == 1


def test_a_change_that_is_an_instruction_stands_in_the_words_and_a_wording_is_proposed(chapter, consultation, participant):
    received = bring(participant, consultation, filled(
        row("C1-A1-P1-a1", change="Préciser."), row("C1-A1-P1-a1", "Un mot.", "Publier chaque trimestre la liste des étalons nationaux.")))
    service.make_drafts(participant, received, speaking=Speaking.SELF)
    go_through(received)
    first, second = drafts_of(participant)
    assert (first.fields["body"], first.fields.get("replacement", "")) == ("Trop vague.\n\nModification proposée : Préciser.", "")
    assert second.fields["replacement"] == "Publier chaque trimestre la liste des étalons nationaux."


def test_rows_are_offered_to_the_organisation_of_which_one_is_a_member(chapter, consultation):
    organisation = factories.an_organisation()
    member = factories.a_user(organisation=organisation)
    received = bring(member, consultation, filled(row("C1-A1-P1-a1")))
    service.make_drafts(member, received, speaking=Speaking.OFFERED)
    go_through(received)
    offered, = session.scalars(sa.select(OfferedDraft)).all()
    assert (offered.organisation_id, offered.fields["body"]) == (organisation.id, "Trop vague.")
    assert not drafts_of(member)


def states_of(received: ReceivedForm) -> list[FormRowState]:
    return [one.state for one in rows_of(received)]


def test_a_row_that_cannot_be_kept_is_doubtful_and_says_why_and_the_others_are_drafts(chapter, consultation, participant):
    received = bring(participant, consultation, filled(
        row("C1-A1-P1-a1", "Un mot."), row("C1-A1-P1-a1", "mot " * 3_500), row("C1-A1-P1-a2", "Un autre mot.")))
    service.make_drafts(participant, received, speaking=Speaking.SELF)
    assert go_through(received)[-1] == 100
    assert (received.state, states_of(received)) == (
        FormState.READ, [FormRowState.DRAFTED, FormRowState.DOUBTFUL, FormRowState.DRAFTED])
    assert [draft.fields["body"] for draft in drafts_of(participant)] == ["Un mot.", "Un autre mot."]
    refused = rows_of(received)[1]
    assert ("caractères" in refused.refusal["fr"], "Shorten" in refused.refusal["en"]) == (True, True)
    assert refused.said["comment"].startswith("mot mot")
    service.leave_row(participant, refused)
    assert refused.refusal == {}
    service.place_row(participant, refused, chapter=chapter, passage="1.1.1", language="fr")
    service.make_drafts(participant, received, speaking=Speaking.SELF)
    go_through(received)
    assert (received.state, states_of(received)[1]) == (FormState.READ, FormRowState.DOUBTFUL)


def test_a_row_that_says_nothing_beside_its_change_cannot_be_offered_and_waits(chapter, consultation):
    member = factories.a_user(organisation=factories.an_organisation())
    received = bring(member, consultation, filled(
        row("C1-A1-P1-a1", "", "Publier chaque trimestre la liste des étalons nationaux."), row("C1-A1-P1-a1", "Un mot.")))
    service.make_drafts(member, received, speaking=Speaking.OFFERED)
    go_through(received)
    assert (received.state, states_of(received)) == (FormState.READ, [FormRowState.DOUBTFUL, FormRowState.DRAFTED])
    assert session.scalars(sa.select(OfferedDraft)).one().fields["body"] == "Un mot."


@pytest.mark.parametrize(("speaking", "said"), [(Speaking.ORGANISATION, "no mandate"), (Speaking.OFFERED, "not a member")])
def test_nobody_speaks_for_an_organisation_that_is_not_theirs(chapter, consultation, speaking, said):
    person = factories.a_user()
    received = bring(person, consultation, filled(row("C1-A1-P1-a1")))
    with pytest.raises(Invalid, match=said) as refused:
        service.make_drafts(person, received, speaking=speaking)
    assert (refused.value.field, received.state) == ("speaking", FormState.READ)


def test_whoever_left_the_organisation_meanwhile_offers_nothing_and_keeps_the_rows(chapter, consultation):
    member = factories.a_user(organisation=factories.an_organisation())
    received = bring(member, consultation, filled(row("C1-A1-P1-a1")))
    service.make_drafts(member, received, speaking=Speaking.OFFERED)
    session.execute(sa.update(Mandate).values(ended_at=utcnow()))
    session.execute(sa.update(Membership).values(state=MembershipState.LEFT, left_at=utcnow()))
    go_through(received)
    assert (received.state, states_of(received)) == (FormState.READ, [FormRowState.DOUBTFUL])
    assert rows_of(received)[0].refusal["fr"]
    assert not session.scalars(sa.select(OfferedDraft)).all()


def test_what_is_not_a_draft_at_the_closing_stays_as_it_was_read(chapter, consultation, participant):
    received = bring(participant, consultation, filled(row("C1-A1-P1-a1"), row("page 4", "Un mot.")))
    service.make_drafts(participant, received, speaking=Speaking.SELF)
    consultation.phase = Phase.CLOSED
    go_through(received)
    assert (received.state, states_of(received)) == (FormState.READ, [FormRowState.CERTAIN, FormRowState.DOUBTFUL])
    assert not drafts_of(participant)


def test_work_that_was_cut_short_goes_on_where_it_stood(chapter, consultation, participant, monkeypatch):
    received = bring(participant, consultation, filled(*(row("C1-A1-P1-a1", f"Mot {number}.") for number in range(7))))
    service.make_drafts(participant, received, speaking=Speaking.SELF)
    monkeypatch.setattr(jobs, "DRAFTS", 3)
    session.commit()

    def dies(_percent: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jobs.go_through(received.id, dies)
    session.expire_all()
    assert (len(drafts_of(participant)), received.state) == (3, FormState.DRAFTING)
    assert go_through(received)[-1] == 100
    assert [draft.fields["body"] for draft in drafts_of(participant)] == [f"Mot {number}." for number in range(7)]
    assert received.state == FormState.READ


def test_a_form_that_is_discarded_while_it_is_read_stops(chapter, consultation, participant):
    data = filled(*(row("C1-A1-P1-a1", f"Mot {number}.") for number in range(9)))
    received = service.receive(participant, consultation, form=read_form(data), data=data, file_name="f.csv", language="fr")
    session.commit()

    def discard(_percent: int) -> None:
        if received.state != FormState.DISCARDED:
            service.discard(participant, received)
            session.commit()

    jobs.go_through(received.id, discard)
    session.expire_all()
    assert (received.state, rows_of(received), received.data) == (FormState.DISCARDED, [], b"")


def test_forms_of_others_are_not_there(chapter, consultation, participant):
    received = bring(participant, consultation, filled(row("C1-A1-P1-a1")))
    other = factories.a_user()
    with pytest.raises(NotFound):
        service.get_received(other, received.id)
    with pytest.raises(NotFound):
        service.get_row(other, rows_of(received)[0].id)
    with pytest.raises(NotAllowed):
        service.leave_row(other, rows_of(received)[0])
    with pytest.raises(NotAllowed):
        service.discard(other, received)


def test_too_many_forms_are_refused(chapter, consultation, participant, monkeypatch):
    monkeypatch.setattr(service, "MAX_WAITING", 1)
    received = bring(participant, consultation, filled(row("C1-A1-P1-a1")))
    with pytest.raises(Invalid):
        bring(participant, consultation, filled(row("C1-A1-P1-a1")))
    service.discard(participant, received)
    assert bring(participant, consultation, filled(row("C1-A1-P1-a1"))).state == FormState.READ


def test_what_came_long_ago_goes(chapter, consultation, participant):
    old, new = (bring(participant, consultation, filled(row("C1-A1-P1-a1", said))) for said in ("Trop vague.", "Une faute."))
    old.created_at = utcnow().replace(year=2020)
    session.flush()
    assert service.let_go(utcnow().replace(year=2021), 10) == 1
    assert session.scalars(sa.select(ReceivedForm.id)).all() == [new.id]
    assert rows_of(new)
