"""What an author says is listed once, and nothing of it is forgotten: a field that joins the list fails here until each use knows it."""

import csv
import io

import pytest
import sqlalchemy as sa
from wtforms import TextAreaField

from consult.chapters import service as chapters
from consult.consultations.models import Role
from consult.contributions import service
from consult.contributions.forms import TYPED, ContributionForm
from consult.contributions.models import Contribution, ContributionDraft, ContributionState
from consult.contributions.statement import FURTHER_TEXTS, MAX_LENGTHS, STATEMENT, TEXTS, lodged_in
from consult.core import jobs
from consult.core.db import session
from consult.core.mail import OutgoingMail
from consult.exports import writers
from consult.exports.models import ExportFormat
from tests import factories
from tests.contributions.browsing import address, count, form_of, send, text_of
from tests.own_data import own_data

NAMES = [field.name for field in STATEMENT]
# A passage in which two words stand twice, so that what is around them says which are meant.
TWICE = ("Publier chaque année la liste des étalons", "Publier la liste, et revoir la liste des étalons")
SAID = {
    "kind": "recommendation", "comment_type": "technical", "position": "opposed", "speak_as": "organisation",
    "body": "Le corps du propos.", "replacement": "Publier chaque mois tout cela.", "justification": "Trois pays le font.",
    "exact": "la liste", "prefix": "Publier ", "suffix": ", et revoir",
    "interest": "some", "interests": "Nous vendons des étalons.",
}
# Each thing said otherwise; what is around quoted words is said by both of its sides together.
OTHERWISE = {
    "kind": {"kind": "comment"}, "comment_type": {"comment_type": "editorial"}, "position": {"position": "neutral"},
    "speak_as": {"speak_as": "self"}, "body": {"body": "Un autre propos."},
    "replacement": {"replacement": "Publier chaque jour tout cela."}, "justification": {"justification": "Quatre pays le font."},
    "exact": {"exact": "Publier", "prefix": "", "suffix": ""},
    "prefix": {"prefix": ", et revoir ", "suffix": " des étalons"}, "suffix": {"prefix": ", et revoir ", "suffix": " des étalons"},
    "interest": {"interest": "none", "interests": ""}, "interests": {"interests": "Nous louons des étalons."},
}


@pytest.fixture
def block(consultation):
    source = factories.markdown()
    assert TWICE[0] in source
    chapters.import_chapter(factories.SYSTEM, consultation, data=source.replace(*TWICE).encode())
    return factories.block_of(chapters.get_chapter(consultation, 1), "C1-A1-P1-a1")


@pytest.fixture
def lodged(client, participant, block) -> Contribution:
    assert send(client.sign_in(participant), block, **SAID).status_code == 303
    return session.scalars(sa.select(Contribution)).one()


def test_every_field_has_its_words_here():
    assert set(SAID) == set(OTHERWISE) == set(NAMES), "say in SAID what the new field holds, and in OTHERWISE another value"


def test_what_is_lodged_is_what_was_said(lodged, participant):
    around = {"prefix": lodged.prefix, "suffix": lodged.suffix}  # as much of the passage as is kept
    assert lodged_in(lodged) == {**SAID, "speak_as": participant.organisation_id, **around}
    assert lodged.prefix.endswith(SAID["prefix"])
    assert lodged.suffix.startswith(SAID["suffix"])


@pytest.mark.parametrize("name", NAMES)
def test_a_form_sent_again_with_another_word_of_it_shows_what_was_lodged_already(client, block, lodged, name):
    page = send(client, block, **{**SAID, **OTHERWISE[name]})
    assert page.status_code == 409, f"{name} changed after a return with the browser, and nobody was told"
    assert lodged.ref in text_of(page)
    values = form_of(page)
    assert {field: values[field] for field in OTHERWISE[name]} == OTHERWISE[name], "what was typed is still there"
    assert client.post(address(block), data={**values, "act": "submit"}).status_code == 303
    assert count() == 2


@pytest.mark.parametrize("name", NAMES)
def test_the_same_words_in_a_new_form_are_one_only_where_all_of_them_are_the_same(client, block, lodged, name):
    assert send(client, block, **{**SAID, "form_key": "form-key-2"}).location.endswith(lodged.ref)
    assert count() == 1
    other = {**SAID, **OTHERWISE[name], "form_key": "form-key-3"}
    answer = send(client, block, **other)
    if name == "body":
        assert answer.status_code == 303
    else:  # the browser's "back" filled a new form, in which one thing was changed
        assert (answer.status_code, count()) == (409, 1)
        assert lodged.ref in text_of(answer)
        assert client.post(address(block), data={**form_of(answer), "act": "submit"}).status_code == 303
    assert count() == 2


@pytest.mark.parametrize("field", STATEMENT, ids=NAMES)
def test_the_digest_covers_it(client, block, lodged, field):
    send(client, block, **{**SAID, **OTHERWISE[field.name], "form_key": "form-key-2", "shown_ref": lodged.ref})
    other = session.scalars(sa.select(Contribution).order_by(Contribution.id.desc())).first()
    assert other.content()[field.digest_name] != lodged.content()[field.digest_name]


def test_what_was_never_said_is_not_in_the_digest(block, participant):
    contribution = factories.a_contribution(block=block, author=participant)
    always = {field.digest_name for field in STATEMENT if field.if_said is None}
    first = {"kind", "type", "position", "organisation_id", "body", "replacement", "justification"}
    assert always == first, "a field that joins the list enters the digest only where it was said: give it if_said"
    assert {field.digest_name for field in STATEMENT if field.if_said}.isdisjoint(contribution.content())


def test_nothing_is_typed_that_is_not_in_the_list():
    """A field of the form without a line in STATEMENT would be dropped without a word."""
    typed = {name for name, made in vars(ContributionForm).items() if getattr(made, "field_class", None) is TextAreaField}
    assert typed <= set(NAMES)
    assert {"body", "justification"} <= typed


def test_a_draft_keeps_it(client, participant, block):
    send(client.sign_in(participant), block, "draft", **SAID)
    draft = session.scalars(sa.select(ContributionDraft)).one()
    assert {name: draft.fields[name] for name in NAMES} == SAID
    shown = form_of(client.get(address(block)))
    assert {**shown, "prefix": SAID["prefix"], "suffix": SAID["suffix"]}.items() >= SAID.items()
    assert SAID["suffix"] in shown["suffix"]
    assert set(NAMES) < set(TYPED)


def test_a_person_downloads_it(client, participant, block, lodged):
    send(client, factories.block_of(block.chapter, "C1-A1-P1-a2"), "draft", **{**SAID, "exact": ""})
    data = own_data(client)
    assert {field.digest_name: data["contributions"][0][field.digest_name] for field in STATEMENT} == {
        field.digest_name: lodged.content()[field.digest_name] for field in STATEMENT}
    assert set(NAMES) <= set(data["drafts"][0])


@pytest.mark.parametrize("where", ["/en/contributions/{ref}", "/en/contributions/receipt/{ref}"])
def test_the_pages_show_every_word(client, lodged, where):
    shown = text_of(client.get(where.format(ref=lodged.ref)))
    for name in (field.name for field in (*TEXTS, *STATEMENT) if field.max_length and field.name != "replacement"):
        assert SAID[name] in shown, name
    assert "<ins>" in shown


def test_the_moderator_reads_every_word(client, lodged):
    rapporteur = factories.a_user(role=Role.RAPPORTEUR, commission=lodged.chapter.commission)
    shown = text_of(client.sign_in(rapporteur).get(f"/en/moderation/{lodged.ref}"))
    assert [name for name in MAX_LENGTHS if name != "replacement" and SAID[name] not in shown] == []


def test_the_receipt_by_mail_holds_every_word(lodged):
    jobs.run_pending()
    body = session.scalars(sa.select(OutgoingMail.body)).one()
    assert [name for name in MAX_LENGTHS if SAID[name] not in body] == []


def test_tables_have_a_column_for_it(lodged, consultation, participant):
    factories.change(lodged, state=ContributionState.PUBLISHED)
    out = io.BytesIO()
    writers.OPEN_DATA.write(consultation.id, out, format=ExportFormat.CSV, language="fr")
    (row,) = csv.DictReader(io.StringIO(out.getvalue().decode("utf-8-sig")))
    for field in STATEMENT:
        assert field.column in row, f"{field.name} leaves no trace in exports"
        if field.max_length:
            assert SAID[field.name] in row[field.column]
    assert row["organisation"] == participant.organisation.name_fr


@pytest.mark.parametrize("field", FURTHER_TEXTS, ids=[field.name for field in FURTHER_TEXTS])
def test_a_form_that_came_too_late_gives_every_text_back(client, participant, consultation, block, field):
    consultation.phase = "closed"
    session.flush()
    page = send(client.sign_in(participant), block, **SAID)
    assert page.status_code == 403
    assert SAID[field.name] in text_of(page)


def test_a_name_that_is_none_of_these_is_a_mistake_of_ours(block, participant):
    values = {"kind": "comment", "comment_type": "general", "position": "opposed"}
    with pytest.raises(TypeError, match="has no justificaton"):
        service.lodge(participant, block, form_key="k", body="Un propos.", justificaton="Parce que.", **values)
