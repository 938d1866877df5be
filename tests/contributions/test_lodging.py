"""What makes two forms the same contribution, what a refusal says, and what a draft keeps."""

import threading

import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters.models import Block
from consult.contributions import service
from consult.contributions.models import CommentType, Contribution, Kind, Position
from consult.contributions.service.lodging import said_in
from consult.core.db import reading_first, session
from consult.core.errors import Conflict, Invalid
from tests import factories
from tests.contributions.test_service import events, keep, lodge
from tests.counting import queries

ANOTHER = "C1-A1-P1-a2"


# Refusals


@pytest.mark.parametrize(("over", "field", "wrong", "remedy"), [
    ({"form_key": ""}, "form_key", "This form is damaged", "Open it again"),
    ({"body": " \n"}, "body", "The contribution is empty", "Write what you have to say"),
    ({"exact": "des mots venus d’ailleurs"}, "exact", "These words are not in the passage", "Copy them"),
    ({"exact": "liste"}, "exact", "These words stand 2 times in the passage", "Take a few words more"),
])
def test_a_refusal_names_its_field_says_what_is_wrong_and_what_to_do(participant, block, over, field, wrong, remedy):
    with pytest.raises(Invalid) as refusal:
        lodge(participant, block, **over)
    assert refusal.value.field == field
    assert str(refusal.value).startswith(wrong)
    assert str(refusal.value.remedy).startswith(remedy)


def test_speaking_for_another_organisation_is_refused_with_its_remedy(participant, block):
    with pytest.raises(Invalid, match="no mandate to sign for this organisation") as refusal:
        lodge(participant, block, as_organisation=factories.an_organisation())
    assert str(refusal.value.remedy).startswith("Choose your own name")


def test_a_form_of_somebody_else_is_refused_with_its_remedy(participant, citizen, block):
    lodge(participant, block)
    with pytest.raises(Conflict, match="by somebody else") as refusal:
        lodge(citizen, block)
    assert str(refusal.value.remedy).startswith("Open the form again")


# The same, or not


def test_the_same_words_on_another_passage_are_another_contribution(participant, block):
    first = lodge(participant, block)
    assert lodge(participant, factories.block_of(block.chapter, ANOTHER), "k2") is not first


def test_the_same_words_on_that_passage_of_a_later_consultation_are_another_contribution(participant, block):
    first = lodge(participant, block)
    later = factories.block_of(factories.a_chapter(factories.a_consultation(), number=1), block.key)
    assert lodge(participant, later, "k2") is not first


def test_the_language_of_the_page_makes_no_other_contribution(participant, block):
    first = lodge(participant, block, language="fr")
    assert lodge(participant, block, "k2", language="en") is first


def test_what_was_withdrawn_can_be_said_again_and_is_then_one_too(participant, block):
    service.withdraw(participant, lodge(participant, block))
    again = lodge(participant, block, "k2")
    assert lodge(participant, block, "k3") is again
    assert session.scalar(sa.select(sa.func.count()).select_from(Contribution)) == 2


@pytest.mark.parametrize("keys", [["form"] * 4, ["form-1", "form-2", "form-3", "form-4"]], ids=["the same form", "the same words"])
def test_at_the_same_moment_too_it_is_lodged_once(own_app, keys):
    block = factories.block_of(factories.a_chapter(factories.a_consultation()), "C1-A1-P1-a1")
    author_id, block_id = factories.a_user().id, block.id
    session.commit()
    session.remove()
    refs, read = [], threading.Barrier(len(keys))

    def send(key):
        with own_app.app_context(), reading_first():
            author, seen = session.get(User, author_id), session.get(Block, block_id)
            read.wait(30)
            refs.append(lodge(author, seen, key).ref)

    threads = [threading.Thread(target=send, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refs == ["PNQ-C1-0001"] * 4
    assert len(events("contributions.lodge")) == 1


# Drafts


def test_a_draft_keeps_every_text_whole_and_of_the_rest_what_a_choice_can_hold(participant, block):
    body = "Un long propos. " * 20
    draft = keep(participant, block, body=body, justification="Parce que.", kind="x" * 101, speak_as=None)
    assert draft.fields["body"] == body
    assert draft.fields["justification"] == "Parce que."
    assert draft.fields["position"] == "opposed"
    assert draft.fields["kind"] == "x" * 100
    assert "speak_as" not in draft.fields


# What a form need not say


def test_a_text_that_a_form_leaves_out_is_empty(block):
    said = said_in(block, kind=Kind.COMMENT, comment_type=CommentType.GENERAL, position=Position.NEUTRAL, body="Précisez.")
    assert (said["body"], said["justification"], said["replacement"]) == ("Précisez.", "", None)


def test_that_no_wording_is_proposed_is_known_without_asking(participant, block):
    with queries() as sent:
        contribution = lodge(participant, block)
        assert contribution.amendment is None
    assert [statement for statement in sent if "FROM suggested_amendment" in statement] == []
