"""Replies: lodged once, moderated like contributions, told to whoever wrote the contribution, and counted nowhere among contributions."""

import csv
import io
import re

import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.consultations.models import ModerationMode, Phase
from consult.contributions import jobs, service
from consult.contributions.models import Contribution, ContributionState, Reply
from consult.core import tallies
from consult.core.audit import AuditEvent
from consult.core.db import session, unit_of_work
from consult.core.errors import Conflict, Invalid, NotAllowed
from consult.core.permissions import VISITOR
from consult.exports import matrix
from consult.moderation import jobs as moderation_jobs
from consult.moderation import service as moderation
from consult.moderation.models import Reason
from consult.synthesis import service as synthesis
from tests import factories
from tests.at_once import all_at_once
from tests.letters import letters_to, tell

COUNTS = re.compile(r'<span class="counts">.*?</span></span>', re.DOTALL)  # what others did beside a line of the margin
HOSTILE = "<script>alert(1)</script> <b onmouseover=x>=1+1</b> [a](javascript:alert(1))"


@pytest.fixture
def published(block) -> Contribution:
    return factories.a_published_contribution(block=block)


def lodge(actor, contribution, form_key="reply-form-1", body="Je partage ce constat.", **over) -> Reply:
    return service.reply(actor, contribution, form_key=form_key, body=body, **over)


def replied(actor, contribution, *forms: str) -> list[Reply]:
    """As many as there are names of forms, each published."""
    lodged = [lodge(actor, contribution, form, f"Réponse {form}.") for form in forms]
    for one in lodged:
        service.move_reply(one, ContributionState.PUBLISHED)
    session.flush()
    return lodged


def count_of(contribution: Contribution) -> int:
    return service.count_reactions([contribution.id])[contribution.id].replies


# Lodging


def test_it_waits_for_moderation_and_is_numbered_in_its_thread(citizen, participant, published):
    first, second = lodge(citizen, published), lodge(participant, published, "f2", as_organisation=participant.organisation)
    assert [first.ref, second.ref] == [f"{published.ref}-R1", f"{published.ref}-R2"]
    assert (first.state, second.organisation_id) == (ContributionState.SUBMITTED, participant.organisation_id)
    assert count_of(published) == 0
    assert service.list_thread(published).rows == []
    assert service.count_replies_by_state([published.chapter_id])[published.chapter_id][ContributionState.SUBMITTED] == 2


def test_the_same_form_and_the_same_words_are_one_reply(citizen, published):
    first = lodge(citizen, published)
    assert lodge(citizen, published, body="Autres mots.") is first
    assert lodge(citizen, published, "after-going-back") is first
    with pytest.raises(Conflict):
        lodge(factories.a_user(), published)
    assert len(session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "contributions.reply")).all()) == 1


@pytest.mark.parametrize("body", ["", " \n ", "\u200b", "a\x00b", "x" * 2001])
def test_words_are_required_and_readable(citizen, published, body):
    with pytest.raises(Invalid) as refusal:
        lodge(citizen, published, body=body)
    assert refusal.value.field == "body"


def test_it_is_published_at_once_where_moderation_comes_afterwards(citizen, consultation, published):
    consultation.moderation_mode = ModerationMode.AFTER
    assert lodge(citizen, published).is_public
    assert count_of(published) == 1


def test_who_may_reply(citizen, consultation, published):
    with pytest.raises(NotAllowed):
        lodge(VISITOR, published)
    with pytest.raises(Invalid):
        lodge(citizen, published, as_organisation=factories.an_organisation())
    lodge(published.author, published)
    with pytest.raises(NotAllowed):
        lodge(citizen, factories.a_contribution(block=published.block))
    consultation.phase = Phase.CLOSED
    with pytest.raises(NotAllowed):
        lodge(citizen, published, "late")


def test_several_processes_at_once_lodge_one_reply(own_app):
    with unit_of_work():
        block = factories.block_of(factories.a_chapter(factories.a_consultation()), "C1-A1-P1-a1")
        published, person, other = factories.a_published_contribution(block=block).id, factories.a_user().id, factories.a_user().id

    def replying(who: int, form: str):
        return lambda: lodge(session.get_one(User, who), session.get_one(Contribution, published), form).ref
    refs = all_at_once(own_app, *(replying(person, "one-form") for _ in range(3)), replying(other, "another"))
    assert len(set(refs)) == 2, refs
    assert {ref.rpartition("-")[2] for ref in refs} == {"R1", "R2"}
    assert tallies.faults() == []


# Withdrawing and moderating


def test_it_is_withdrawn_with_a_trace(citizen, published):
    (lodged,) = replied(citizen, published, "f1")
    with pytest.raises(NotAllowed):
        service.withdraw_reply(factories.a_user(), lodged)
    service.withdraw_reply(citizen, lodged)
    assert count_of(published) == 0
    assert [one.state for one in service.list_thread(published).rows] == [ContributionState.WITHDRAWN]
    with pytest.raises(Conflict):
        service.withdraw_reply(citizen, lodged)


def test_it_is_moderated_with_reasons_and_letters(citizen, rapporteur, published):
    lodged = lodge(citizen, published)
    decision = moderation.withhold(rapporteur, lodged, reason=Reason.INSULT, words="Restez courtois.", expected_counter=lodged.row_counter)
    tell(moderation_jobs.tell_reply_author, decision.id)
    (letter,) = letters_to(citizen)
    assert lodged.ref in letter.subject
    assert "Restez courtois." in letter.body
    again = moderation.restore(rapporteur, lodged, reason=Reason.MISTAKE, words="Pardon.", expected_counter=lodged.row_counter)
    assert lodged.is_public
    assert [one.id for one in moderation.list_decisions(rapporteur, lodged)] == [decision.id, again.id]
    assert moderation.list_decisions(rapporteur, published) == []
    with pytest.raises(Conflict, match="meanwhile"):
        moderation.withhold(rapporteur, lodged, reason=Reason.INSULT, words="Non.", expected_counter=1)


def test_nobody_moderates_what_is_their_own(rapporteur, published):
    lodged = lodge(rapporteur, published)
    with pytest.raises(NotAllowed):
        moderation.publish(rapporteur, lodged, expected_counter=lodged.row_counter)


def test_a_thread_goes_with_its_contribution(client, citizen, rapporteur, published):
    (lodged,) = replied(citizen, published, "f1")
    moderation.withhold(rapporteur, published, reason=Reason.INSULT, words="Non.", expected_counter=published.row_counter)
    assert not lodged.is_public
    assert "Réponse f1." not in client.get(f"/en/contributions/{published.ref}").text
    assert client.get(f"/en/contributions/{lodged.ref}").status_code == 403
    assert "Réponse f1." not in client.get("/en/contributions/").text


# Telling whoever wrote the contribution


def test_its_author_is_told_once_and_not_before_it_is_published(citizen, rapporteur, published):
    lodged = lodge(citizen, published)
    tell(jobs.tell_of_reply, lodged.id)
    assert letters_to(published.author) == []
    moderation.publish(rapporteur, lodged, expected_counter=lodged.row_counter)
    for _ in range(2):
        tell(jobs.tell_of_reply, lodged.id)
    (letter,) = letters_to(published.author)
    assert published.ref in letter.subject
    assert lodged.body not in letter.body
    moderation.withhold(rapporteur, lodged, reason=Reason.INSULT, words="Non.", expected_counter=lodged.row_counter)
    moderation.restore(rapporteur, lodged, reason=Reason.MISTAKE, words="Si.", expected_counter=lodged.row_counter)
    tell(jobs.tell_of_reply, lodged.id)
    assert len(letters_to(published.author)) == 1


def test_whoever_replies_to_their_own_is_not_written_to(published):
    (lodged,) = replied(published.author, published, "f1")
    tell(jobs.tell_of_reply, lodged.id)
    assert letters_to(published.author) == []


# Never among contributions


def test_a_reply_is_counted_nowhere_among_contributions(client, citizen, consultation, rapporteur, published):
    """Each place that counts or lists contributions, before and after."""
    report = factories.a_synthesis(published.chapter)

    def told() -> dict[str, object]:
        open_data = client.get("/en/exports/open-data/contributions").data.decode("utf-8-sig")
        figures = service.count_figures(consultation)
        return {
            "figures": (figures.contributions, figures.organisations, figures.participants),
            "published": service.count_published(consultation),
            "states": service.count_by_state([published.chapter_id]),
            "passage": service.count_about_provision(published.chapter, published.block_key),
            "list": [one.ref for one in service.list_public(consultation, service.PublicFilter()).rows],
            "passage list": [one.ref for one in service.list_for_block(published.chapter, published.block_key).rows],
            "queue": [one.ref for one in moderation.queue(rapporteur, [published.chapter], states=list(ContributionState)).rows],
            "awaiting": moderation.count_awaiting(rapporteur, consultation),
            "own": [one.ref for one in service.list_mine(citizen).rows],
            "open data": [row["ref"] for row in csv.DictReader(io.StringIO(open_data))],
            "matrix": [row.ref for row in matrix.rows(consultation, "fr")],
            "workbench": [row.contribution.ref for row in synthesis.list_workbench(rapporteur, report, synthesis.WorkbenchFilter()).rows],
            "chapter": COUNTS.sub("", client.get(f"/en/chapters/{published.chapter.number}").text),
            "home": client.get("/en/").data,
        }
    before = told()
    replied(citizen, published, "f1", "f2")
    lodge(citizen, published, "f3", "En attente.")
    assert told() == before
    assert count_of(published) == 2


# Pages


def address(contribution: Contribution) -> str:
    return f"/en/contributions/reply/{contribution.ref}"


def test_a_reply_by_the_form_and_its_place_in_the_thread(client, citizen, consultation, published):
    consultation.moderation_mode = ModerationMode.AFTER
    client.sign_in(citizen)
    assert 'name="form_key"' in client.get(address(published)).text
    for _ in range(2):
        answer = client.post(address(published), data={"form_key": "page-1", "body": HOSTILE})
        assert (answer.status_code, answer.location) == (303, f"/en/contributions/{published.ref}-R1")
    html = client.get(answer.location, follow_redirects=True).text
    assert "<script>alert" not in html
    assert "onmouseover=x>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert html.index("Official answer of the commission") < html.index(f'id="{published.ref}-R1"')
    changed = client.post(address(published), data={"form_key": "page-1", "body": "Autre chose."})
    assert changed.status_code == 409
    assert "Autre chose." in changed.text


def test_what_is_refused_comes_back_as_it_was_typed(client, citizen, consultation, published):
    client.sign_in(citizen)
    answer = client.post(address(published), data={"form_key": "page-1", "body": "a" * 2001})
    assert answer.status_code == 422
    assert "a" * 2001 in answer.text
    consultation.phase = Phase.CLOSED
    late = client.post(address(published), data={"form_key": "page-1", "body": "Trop tard."})
    assert late.status_code == 403
    assert "Trop tard." in late.text
    assert session.scalars(sa.select(Reply)).all() == []


def test_a_visitor_is_asked_to_sign_in(client, published):
    answer = client.get(address(published))
    assert answer.status_code == 303
    assert "/accounts/login" in answer.location
    assert client.post(address(published), data={"form_key": "page-1", "body": "Bonjour."}).status_code == 403


def test_a_long_thread_has_pages(client, citizen, published):
    lodged = replied(citizen, published, *(f"f{n}" for n in range(25)))
    page = client.get(f"/en/contributions/{published.ref}").text
    assert "Réponse f0." in page
    assert "Réponse f24." not in page
    assert "Later replies" in page
    assert "Réponse f24." in client.get(f"/en/contributions/{lodged[-1].ref}", follow_redirects=True).text


def test_ones_own_replies_are_listed_and_withdrawn(client, citizen, published):
    lodged = lodge(citizen, published)
    client.sign_in(citizen)
    assert lodged.ref in client.get("/en/contributions/mine").text
    path = f"/en/contributions/withdraw-reply/{lodged.ref}"
    assert client.get(path).status_code == 200
    assert session.get_one(Reply, lodged.id).state == ContributionState.SUBMITTED
    assert client.post(path).status_code == 303
    assert session.get_one(Reply, lodged.id).state == ContributionState.WITHDRAWN


def test_the_queue_and_the_register_have_their_replies(client, citizen, rapporteur, published):
    lodged = lodge(citizen, published)
    client.sign_in(rapporteur)
    assert lodged.ref not in client.get("/en/moderation/").text
    assert lodged.ref in client.get("/en/moderation/?of=replies").text
    page = client.get(f"/en/moderation/{lodged.ref}").text
    assert published.body in page
    answer = client.post(f"/en/moderation/withhold/{lodged.ref}", data={
        "reason": "insult", "words": "Restez courtois.", "expected_counter": lodged.row_counter})
    assert answer.status_code == 303
    register = client.get("/en/moderation/register?of=replies").text
    assert lodged.ref in register
    assert "Restez courtois." not in register
    assert lodged.ref not in client.get("/en/moderation/register").text


def test_several_are_published_at_once(client, citizen, rapporteur, published):
    lodged = [lodge(citizen, published, f"f{n}", f"Réponse {n}.") for n in range(3)]
    client.sign_in(rapporteur)
    choices = [f"{one.ref}:{one.row_counter}" for one in lodged]
    assert client.post("/en/moderation/publish-several?of=replies", data={"choice": choices}).status_code == 303
    assert count_of(session.get_one(Contribution, published.id)) == 3


def test_open_data_has_the_replies_that_everybody_reads_in_a_file_of_their_own(client, citizen, participant, rapporteur, published):
    citizen.is_name_public, hidden = False, lodge(citizen, published, "hidden", "En attente.")
    (first,) = replied(citizen, published, "f1")
    said = lodge(participant, published, "f2", HOSTILE, as_organisation=participant.organisation)
    moderation.publish(rapporteur, said, expected_counter=said.row_counter)

    def rows() -> list[dict[str, str]]:
        answer = client.get("/fr/exports/open-data/replies")
        assert client.get("/fr/exports/open-data/replies", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
        return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    named = participant.organisation.name_fr
    told = [(row["ref"], row["contribution"], row["organisation"], row["author"], row["body"]) for row in rows()]
    assert told == [(first.ref, published.ref, "", "", "Réponse f1."), (said.ref, published.ref, named, participant.name, HOSTILE)]
    assert hidden.body not in client.get("/fr/exports/open-data/replies").text
    service.withdraw_reply(citizen, session.get_one(Reply, first.id))
    assert [row["ref"] for row in rows()] == [said.ref]


def test_the_margin_counts_those_that_everybody_reads(client, participant, published):
    path = f"/en/chapters/{published.chapter.number}"
    assert "1 reply" not in client.get(path).text
    lodged = lodge(participant, published)
    assert "1 reply" not in client.get(path).text, "it waits for moderation"
    service.move_reply(lodged, ContributionState.PUBLISHED)
    assert "1 reply" in client.get(path).text
    service.withdraw_reply(participant, lodged)
    assert "1 reply" not in client.get(path).text
