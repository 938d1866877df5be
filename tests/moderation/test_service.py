import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.consultations.models import Phase, Role
from consult.contributions import service as contributions
from consult.contributions.models import Contribution, ContributionState
from consult.core.audit import AuditEvent
from consult.core.db import session, unit_of_work
from consult.core.errors import Conflict, Invalid, NotAllowed, NotFound
from consult.core.i18n import utcnow
from consult.core.jobs import Job, run_pending
from consult.moderation import jobs, service
from consult.moderation.models import ModerationDecision, ModerationNotice, Reason, Verdict
from tests import factories
from tests.another_state import another
from tests.letters import letters_to, tell

SUBMITTED = [ContributionState.SUBMITTED]
WORDS = "Cette contribution nomme une personne."
WITHHELD = {"reason": Reason.PERSONAL_DATA, "words": WORDS}
RESTORED = {"reason": Reason.MISTAKE, "words": "Le nom est public."}


def tally(contribution):
    return chapters.tallies(contribution.chapter).get(contribution.block_key, 0)


def test_publishing_leaves_a_decision_an_event_a_tally_and_a_promise(rapporteur, contribution):
    decision = service.publish(rapporteur, contribution, expected_counter=contribution.row_counter)
    assert contribution.state == ContributionState.PUBLISHED
    assert tally(contribution) == 1
    event = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "moderation.publish")).one()
    assert event.details == {"ref": contribution.ref, "verdict": "publish", "reason": "conforms"}
    promise = session.scalars(sa.select(Job).where(Job.name == "moderation.tell_author")).one()
    assert promise.subject_id == decision.id
    assert session.get(ModerationNotice, decision.id).written_at is None


def test_withholding_and_restoring_keep_the_tally_and_add_decisions(rapporteur, contribution):
    service.publish(rapporteur, contribution, expected_counter=contribution.row_counter)
    service.withhold(rapporteur, contribution, expected_counter=contribution.row_counter, **WITHHELD)
    assert (contribution.state, tally(contribution)) == (ContributionState.WITHHELD, 0)
    service.restore(rapporteur, contribution, expected_counter=contribution.row_counter, **RESTORED)
    assert (contribution.state, tally(contribution)) == (ContributionState.PUBLISHED, 1)
    history = service.list_decisions(rapporteur, contribution)
    assert [d.verdict for d in history] == [Verdict.PUBLISH, Verdict.WITHHOLD, Verdict.RESTORE]
    assert history[1].words == WORDS


def test_withholding_what_nobody_saw_counts_nothing(rapporteur, contribution):
    service.withhold(rapporteur, contribution, expected_counter=contribution.row_counter, **WITHHELD)
    assert tally(contribution) == 0


def test_the_text_is_never_touched(rapporteur, contribution):
    before = contribution.digest
    service.withhold(rapporteur, contribution, expected_counter=contribution.row_counter, **WITHHELD)
    assert contribution.digest == before


@pytest.mark.parametrize("said", ["", "  \n ", "\u200b", "a\x00b", "a\u202eb", "x" * 2001])
def test_words_are_required_and_readable(rapporteur, contribution, said):
    with pytest.raises(Invalid) as refusal:
        service.withhold(rapporteur, contribution, reason=Reason.INSULT, words=said, expected_counter=contribution.row_counter)
    assert refusal.value.field == "words"
    assert contribution.state == ContributionState.SUBMITTED


@pytest.mark.parametrize("reason", [Reason.CONFORMS, Reason.MISTAKE])
def test_a_reason_of_the_list_is_required(rapporteur, contribution, reason):
    with pytest.raises(Invalid) as refusal:
        service.withhold(rapporteur, contribution, reason=reason, words=WORDS, expected_counter=contribution.row_counter)
    assert refusal.value.field == "reason"


def test_restoring_has_reasons_of_its_own(rapporteur, contribution):
    service.withhold(rapporteur, contribution, expected_counter=contribution.row_counter, **WITHHELD)
    with pytest.raises(Invalid):
        service.restore(rapporteur, contribution, reason=Reason.INSULT, words=WORDS, expected_counter=contribution.row_counter)


def test_the_second_moderator_learns_who_was_first(rapporteur, other_rapporteur, contribution):
    expected_counter = contribution.row_counter
    service.publish(other_rapporteur, contribution, expected_counter=expected_counter)
    with pytest.raises(Conflict) as refusal:
        service.withhold(rapporteur, contribution, expected_counter=expected_counter, **WITHHELD)
    assert "Autre Rapporteure" in str(refusal.value)
    assert "Published" in str(refusal.value) or "Publi" in str(refusal.value)
    assert contribution.state == ContributionState.PUBLISHED
    assert len(service.list_decisions(rapporteur, contribution)) == 1


def test_a_withdrawal_meanwhile_is_named(rapporteur, contribution):
    expected_counter = contribution.row_counter
    factories.change(contribution, state=ContributionState.WITHDRAWN, withdrawn_at=utcnow())
    with pytest.raises(Conflict, match=contribution.ref):
        service.publish(rapporteur, contribution, expected_counter=expected_counter)
    with pytest.raises(Conflict):
        service.publish(rapporteur, contribution, expected_counter=contribution.row_counter)


def test_each_verdict_starts_where_it_may(rapporteur, contribution):
    with pytest.raises(Conflict):
        service.restore(rapporteur, contribution, expected_counter=contribution.row_counter, **RESTORED)
    service.withhold(rapporteur, contribution, expected_counter=contribution.row_counter, **WITHHELD)
    for again in (service.publish, lambda *a, **v: service.withhold(*a, **WITHHELD, **v)):
        with pytest.raises(Conflict):
            again(rapporteur, contribution, expected_counter=contribution.row_counter)
    assert contribution.state == ContributionState.WITHHELD


def test_decisions_are_append_only(rapporteur, contribution):
    decision = service.publish(rapporteur, contribution, expected_counter=contribution.row_counter)
    for statement in (sa.update(ModerationDecision).values(words="autre"), sa.delete(ModerationDecision)):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), session.begin_nested():
            session.execute(statement.where(ModerationDecision.id == decision.id))


def test_recusal_own_organisation_and_own_words(chapter, contribution, block):
    colleague = factories.a_user(
        role=Role.RAPPORTEUR, commission=chapter.commission, organisation=contribution.organisation,
    )
    with pytest.raises(NotAllowed, match="another moderator decides"):
        service.publish(colleague, contribution, expected_counter=contribution.row_counter)
    own = factories.a_contribution(block=block, author=factories.a_user(role=Role.RAPPORTEUR, commission=chapter.commission))
    with pytest.raises(NotAllowed, match="another moderator decides"):
        service.publish(own.author, own, expected_counter=own.row_counter)


def test_who_may_decide(consultation, contribution, participant, citizen, secretary):
    elsewhere = factories.a_user(role=Role.RAPPORTEUR, commission=consultation.commissions[1])
    for actor in (elsewhere, participant, citizen):
        with pytest.raises(NotAllowed):
            service.publish(actor, contribution, expected_counter=contribution.row_counter)
    assert service.publish(secretary, contribution, expected_counter=contribution.row_counter)


def test_nothing_is_decided_after_the_submission(rapporteur, contribution, consultation):
    consultation.phase = Phase.SUBMITTED
    with pytest.raises(NotAllowed):
        service.publish(rapporteur, contribution, expected_counter=contribution.row_counter)


@pytest.mark.parametrize("phase", [Phase.SUBMITTED, Phase.ADOPTED])
def test_after_the_submission_the_secretariat_hides_what_the_law_wants_hidden(rapporteur, secretary, consultation, block, phase):
    named, unlawful = (factories.a_contribution(block=block, state=ContributionState.PUBLISHED) for _each in range(2))
    consultation.phase = phase
    session.commit()
    personal = {"reason": Reason.PERSONAL_DATA, "words": "Un nom.", "phrases": "point"}
    with pytest.raises(NotAllowed):
        service.redact(rapporteur, named, expected_counter=named.row_counter, **personal)
    with pytest.raises(Invalid, match="submission"):
        service.redact(secretary, named, expected_counter=named.row_counter, **{**personal, "reason": Reason.OFF_TOPIC})
    service.redact(secretary, named, expected_counter=named.row_counter, **personal)
    service.withhold(secretary, unlawful, reason=Reason.ILLEGAL, words="Diffamation.", expected_counter=unlawful.row_counter)
    assert (named.is_redacted, unlawful.state) == (True, ContributionState.WITHHELD)
    assert "/moderation/appeal/" not in jobs.word_decision(service.list_decisions(secretary, named)[-1].id)[0].worded[2]


def test_several_at_once_say_which_could_not_be_and_why(rapporteur, chapter, block, consultation):
    good = [factories.a_contribution(block=block) for _n in range(3)]
    taken = factories.a_contribution(block=block)
    stale = taken.row_counter
    service.withhold(rapporteur, taken, expected_counter=stale, **WITHHELD)
    own = factories.a_contribution(block=block, author=rapporteur)
    foreign = factories.a_contribution(block=factories.block_of(factories.a_chapter(consultation, number=2), "C2-A1-P1-a1"))
    expected_counter = {c.ref: c.row_counter for c in (*good, own, foreign)} | {taken.ref: stale, "PNQ-C1-9999": 1}
    bulk = service.decide_several(rapporteur, consultation, Verdict.PUBLISH, expected_counter=expected_counter)
    assert bulk.decided == [c.ref for c in good]
    why = {ref: str(message) for ref, message in bulk.refused}
    assert set(why) == {taken.ref, own.ref, foreign.ref, "PNQ-C1-9999"}
    assert rapporteur.name in why[taken.ref]
    assert "another moderator" in why[own.ref]
    assert tally(good[0]) == 3
    assert {c.state for c in good} == {ContributionState.PUBLISHED}
    assert own.state == foreign.state == ContributionState.SUBMITTED


# The queue


def test_the_queue_is_of_ones_own_chapters_oldest_first(rapporteur, secretary, consultation, chapter, contribution):
    foreign = factories.a_contribution(block=factories.block_of(factories.a_chapter(consultation, number=2), "C2-A1-P1-a1"))
    mine = service.list_chapters(rapporteur, consultation)
    assert mine == [chapter]
    rows = service.queue(rapporteur, mine, states=SUBMITTED).rows
    assert contribution in rows
    assert foreign not in rows
    assert [c.id for c in rows] == sorted(c.id for c in rows)
    assert foreign in service.queue(secretary, service.list_chapters(secretary, consultation), states=SUBMITTED).rows
    with pytest.raises(NotAllowed):
        service.queue(rapporteur, [foreign.chapter], states=SUBMITTED)
    with pytest.raises(NotAllowed):
        service.get_subject(rapporteur, consultation, foreign.ref)
    with pytest.raises(NotFound):
        service.get_subject(rapporteur, consultation, "PNQ-C1-9999")


def test_what_comes_next_may_await_a_moderator_in_another_state(rapporteur, chapter, block):
    meaning = {
        **{name: getattr(ContributionState.SUBMITTED, name) for name in ContributionState.__annotations__},
        "leads_to": ("published",), "awaits_moderation": True,
    }
    with another(ContributionState, "under_appeal", "Under appeal", **meaning) as state:
        first = factories.a_contribution(block=block)
        appealed = factories.a_contribution(block=block, state=state)
        assert service.get_next(rapporteur, [chapter], first) == appealed
        assert service.get_next(rapporteur, [chapter], appealed) == first


def test_what_comes_next(rapporteur, chapter, block):
    first, second, third = (factories.a_contribution(block=block) for _n in range(3))
    assert service.around(rapporteur, [chapter], second, states=SUBMITTED) == ([first], [third])
    assert service.get_next(rapporteur, [chapter], second) == third
    assert service.get_next(rapporteur, [chapter], third) == first
    for c in (first, second):
        service.publish(rapporteur, c, expected_counter=c.row_counter)
    assert service.get_next(rapporteur, [chapter], third) is None
    assert service.around(rapporteur, [chapter], first, states=[ContributionState.PUBLISHED]) == ([second], [])


def test_counts_of_each_state_and_chapter(secretary, consultation, chapter, contribution, block):
    service.publish(secretary, contribution, expected_counter=contribution.row_counter)
    other = factories.a_chapter(consultation, number=2)
    counts = service.count_by_state(secretary, [chapter, other])
    assert counts[chapter.id][ContributionState.PUBLISHED] == 1
    assert counts[chapter.id][ContributionState.SUBMITTED] == 1
    assert set(counts[other.id].values()) == {0}


def test_the_register_reads_neither_texts_nor_words(rapporteur, consultation, contribution):
    service.withhold(rapporteur, contribution, expected_counter=contribution.row_counter, **WITHHELD)
    session.expunge_all()
    decision = service.list_register(consultation).rows[0]
    assert (decision.contribution.ref, decision.reason, decision.capacity) == (contribution.ref, Reason.PERSONAL_DATA, Role.RAPPORTEUR)
    for row, column in ((decision, "words"), (decision.contribution, "lodged_body")):
        with pytest.raises(sa.exc.InvalidRequestError):
            getattr(row, column)


def test_the_register_is_by_chapter(rapporteur, consultation, chapter, contribution):
    decision = service.publish(rapporteur, contribution, expected_counter=contribution.row_counter)
    assert service.list_register(consultation, chapter=chapter).rows == [decision]
    assert service.list_register(consultation, chapter=factories.a_chapter(consultation, number=2)).rows == []


# The author is told


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_the_author_is_told_once_with_words_and_appeal(rapporteur, block, language):
    contribution = factories.a_contribution(block=block, author=factories.a_user(language=language))
    decision = service.withhold(rapporteur, contribution, expected_counter=contribution.row_counter, **WITHHELD)
    for _again in range(2):
        tell(jobs.tell_author, decision.id)
    [letter] = letters_to(contribution.author)
    assert contribution.ref in letter.subject
    for part in (WORDS, "contact@example.org", f"http://consult.test/{language}/moderation/register"):
        assert part in letter.body
    assert session.get(ModerationNotice, decision.id).written_at


def test_publishing_and_restoring_are_told_too(rapporteur, contribution):
    for verdict, values in ((service.publish, {}), (service.withhold, WITHHELD), (service.restore, RESTORED)):
        tell(jobs.tell_author, verdict(rapporteur, contribution, expected_counter=contribution.row_counter, **values).id)
    letters = letters_to(contribution.author)
    assert len({letter.subject for letter in letters}) == 3
    assert [RESTORED["words"] in letter.body for letter in letters] == [False, False, True]


def test_a_decision_that_no_longer_stands_is_no_news(rapporteur, contribution):
    """What leaves is what stands when it leaves: of two decisions in a row the last one is told."""
    published = service.publish(rapporteur, contribution, expected_counter=contribution.row_counter)
    withheld = service.withhold(rapporteur, contribution, expected_counter=contribution.row_counter, **WITHHELD)
    for decision in (published, withheld):
        tell(jobs.tell_author, decision.id)
    assert [WORDS in letter.body for letter in letters_to(contribution.author)] == [True]


@pytest.mark.parametrize(("verdict", "values", "told"), [("publish", {}, 0), ("withhold", WITHHELD, 1)])
def test_whoever_took_it_back_is_owed_a_reason_but_not_told_that_all_read_it(rapporteur, contribution, verdict, values, told):
    decision = getattr(service, verdict)(rapporteur, contribution, expected_counter=contribution.row_counter, **values)
    contributions.withdraw(contribution.author, contribution)
    tell(jobs.tell_author, decision.id)
    assert len(letters_to(contribution.author)) == told


def test_the_promise_is_kept_by_the_worker(rapporteur, contribution):
    with unit_of_work():
        decision = service.publish(rapporteur, contribution, expected_counter=contribution.row_counter)
    while run_pending():
        pass
    assert session.get(ModerationNotice, decision.id).written_at
    assert len(letters_to(contribution.author)) == 1


# The same second


def prepared():
    with unit_of_work():
        chapter = factories.a_chapter(factories.a_consultation())
        blocks = [factories.block_of(chapter, f"C1-A1-P1-a{n}") for n in (1, 2)]
        made = {c.ref: c.row_counter for c in (factories.a_contribution(block=blocks[n % 2]) for n in range(8))}
        people = [factories.a_user(role=Role.RAPPORTEUR, commission=chapter.commission, name=name).id for name in ("Une", "Deux")]
    return made, people


def found(ref):
    return session.scalars(sa.select(Contribution).where(Contribution.ref == ref)).one()


@pytest.mark.parametrize("second", [service.publish, service.withhold])
def test_two_moderators_at_the_same_second(own_app, at_once, second):
    made, people = prepared()
    ref, expected_counter = next(iter(made.items()))

    def decide(person, verdict):
        values = {} if verdict is service.publish else WITHHELD
        return verdict(session.get(User, person), found(ref), expected_counter=expected_counter, **values).verdict

    ends = at_once(own_app, lambda: decide(people[0], service.publish), lambda: decide(people[1], second))
    refused = [end for end in ends if isinstance(end, Conflict)]
    assert len(refused) == 1, ends
    assert any(name in str(refused[0]) for name in ("Une", "Deux")), str(refused[0])
    decision = session.scalars(sa.select(ModerationDecision)).one()
    assert found(ref).state == decision.verdict.to
    assert tally(found(ref)) == (1 if found(ref).is_public else 0)
    assert session.scalar(sa.select(sa.func.count()).select_from(AuditEvent).where(AuditEvent.action.like("moderation.%"))) == 1


def test_overlapping_bulks_publish_each_once(own_app, at_once):
    made, people = prepared()

    def bulk(person, expected_counter):
        return service.decide_several(session.get(User, person), found(next(iter(expected_counter))).consultation, Verdict.PUBLISH,
                                      expected_counter=expected_counter)

    ends = at_once(own_app, lambda: bulk(people[0], made), lambda: bulk(people[1], dict(reversed(made.items()))))
    assert sorted(ref for end in ends for ref in end.decided) == sorted(made)
    assert sum(chapters.tallies(found(next(iter(made))).chapter).values()) == len(made)


def test_the_moment_is_aware_utc(rapporteur, contribution):
    before = utcnow()
    decision = service.publish(rapporteur, contribution, expected_counter=contribution.row_counter)
    session.expire(decision)
    assert before <= decision.decided_at <= utcnow()
