"""What a moderator may decide is said by the members of one enum: whatever is made of them is there for each."""

import pytest

from consult.consultations.models import Role
from consult.contributions.models import ContributionState
from consult.core import jobs
from consult.core.commands import COMMANDS
from consult.core.db import session
from consult.core.i18n import force_locale, gettext
from consult.core.permissions import DECIDING
from consult.moderation import service
from consult.moderation.forms import VerdictForm
from consult.moderation.models import Verdict
from tests import factories
from tests.letters import letters_to

STEPS = [pytest.param(verdict, state, id=f"{verdict.value} what is {state.value}") for verdict in Verdict for state in verdict.starts]
WORDS = "Voici ce qui a conduit à cette décision."


def typed(verdict: Verdict, contribution) -> dict:
    said = {"reason": verdict.reasons[-1].value, "words": WORDS} if verdict.needs_words else {}
    phrases = {"phrases": "ce point"} if verdict.names_words else {}
    return {"expected_counter": contribution.row_counter, **said, **phrases}


def given(verdict: Verdict, contribution) -> dict:
    """The same for the act."""
    return {**typed(verdict, contribution), **({"reason": verdict.reasons[0]} if verdict.needs_words else {})}


def brought_to(state: ContributionState, *, before: Verdict, by, **over):
    """In a state from which ``before`` can be decided, by decisions where it wants some."""
    if before.shows_all or before.takes_back:
        contribution = factories.a_contribution(**over)
        leading = (one for one in Verdict if one.to == state and ContributionState.SUBMITTED in one.starts)
        act = Verdict.REDACT if before.shows_all else next(leading)
        service.ACTS[act](by, contribution, **given(act, contribution))
    elif before.answers_appeal:
        contribution = factories.a_contribution(**over)
        another = factories.a_user(role=Role.RAPPORTEUR, commission=contribution.chapter.commission)
        against = Verdict.WITHHOLD if state.is_silent else Verdict.REDACT
        service.ACTS[against](another, contribution, **given(against, contribution))
        service.appeal(contribution.author, contribution, words="Je ne suis pas d’accord.")
    else:
        contribution = factories.a_contribution(state=state, **over)
    return contribution


def address(verdict: Verdict, contribution, language: str = "en") -> str:
    return f"/{language}/moderation/{verdict.value.replace('_', '-')}/{contribution.ref}"


@pytest.mark.parametrize(("verdict", "state"), STEPS)
def test_each_step_is_offered_on_its_page_and_taken_at_its_address(client, rapporteur, secretary, block, verdict, state):
    rapporteur = secretary if verdict.answers_appeal else rapporteur
    contribution = brought_to(state, before=verdict, by=rapporteur, block=block)
    page = client.sign_in(rapporteur).get(f"/en/moderation/{contribution.ref}").text
    assert address(verdict, contribution) in page
    for said in (verdict.press, verdict.heading, verdict.help):
        assert said in page
    answer = client.post(address(verdict, contribution), data=typed(verdict, contribution))
    assert answer.status_code == 303
    *_earlier, decision = service.list_decisions(rapporteur, contribution)
    assert (contribution.state, decision.verdict) == (verdict.leads_from(state), verdict)
    assert decision.words == (WORDS if verdict.needs_words else "")
    assert decision.reason in verdict.reasons
    assert verdict.done(contribution.ref) in client.get(answer.location).text


@pytest.mark.parametrize("verdict", list(Verdict))
def test_no_other_state_is_decided_so(client, rapporteur, secretary, block, verdict):
    rapporteur = secretary if verdict.answers_appeal else rapporteur
    client.sign_in(rapporteur)
    for state in set(ContributionState) - set(verdict.starts):
        contribution = factories.a_contribution(block=block, state=state, withdrawn_at=factories.utcnow() if state.is_taken_back else None)
        assert address(verdict, contribution) not in client.get(f"/en/moderation/{contribution.ref}").text
        assert client.post(address(verdict, contribution), data=typed(verdict, contribution)).status_code == 409
        assert contribution.state == state


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
@pytest.mark.parametrize(("verdict", "start"), [*((verdict, verdict.starts[0]) for verdict in Verdict),
                                                (Verdict.UPHOLD, ContributionState.PUBLISHED)])
def test_its_author_is_written_what_it_is(rapporteur, secretary, block, verdict, start, language):
    rapporteur = secretary if verdict.answers_appeal else rapporteur
    author = factories.a_user(language=language)
    contribution = brought_to(start, before=verdict, by=rapporteur, block=block, author=author)
    service.ACTS[verdict](rapporteur, contribution, **given(verdict, contribution))
    session.commit()
    while jobs.run_pending():
        pass
    letter = letters_to(author)[-1]
    with force_locale(language):
        assert letter.subject == gettext(verdict.subject, ref=contribution.ref)
        assert gettext(verdict.told, ref=contribution.ref, key=contribution.block_key, number=contribution.chapter.number) in letter.body
    assert (WORDS in letter.body) is verdict.needs_words
    may_appeal = verdict.needs_words and not verdict.answers_appeal and not verdict.asks_author
    assert (f"/{language}/moderation/appeal/" in letter.body) is may_appeal
    assert (f"/{language}/moderation/rephrase/" in letter.body) is verdict.asks_author
    assert f"/{language}/contributions/{contribution.ref}" in letter.body


@pytest.mark.parametrize("verdict", list(Verdict))
def test_its_act_is_a_command_and_its_form_asks_what_the_act_wants(app, verdict):
    assert verdict.action in COMMANDS
    with app.test_request_context("/en/", method="POST", data={}):
        fields = {field.name: field.id for field in VerdictForm(verdict)}
    assert set(fields) == {"expected_counter", *(("reason", "words") if verdict.needs_words else ()),
                           *(("phrases",) if verdict.names_words else ())}
    assert all(id_ == f"{verdict.value}-{name}" for name, id_ in fields.items()), "several such forms may stand on one page"


def test_keys_of_the_keyboard_call_one_verdict_each():
    keys = [verdict.key for verdict in Verdict if verdict.key]
    assert len({*keys, "j", "k"}) == len(keys) + 2
    assert [verdict.value for verdict in Verdict if bool(verdict.key) != bool(verdict.in_keys)] == []


def test_what_follows_a_decision_follows_each_of_them():
    """Indexes, kept files and words that are looked through are made anew after every verdict."""
    assert {verdict.action for verdict in Verdict} == set(DECIDING)
