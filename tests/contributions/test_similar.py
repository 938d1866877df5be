"""What others said already is shown to whoever writes: of the same passage first, in any language, and only what everybody reads."""

import pytest
import sqlalchemy as sa

from consult.chapters import service as chapters
from consult.chapters.models import TwinLexicon
from consult.chapters.service import lexicon
from consult.consultations.models import Consultation, Role
from consult.contributions import service
from consult.contributions.models import Contribution, ContributionDraft, ContributionState, ContributionWord, Position
from consult.contributions.service import indexing
from consult.core import jobs
from consult.core.db import reading, session, unit_of_work
from consult.moderation import service as moderation
from consult.moderation.models import Reason
from tests import factories
from tests.contributions.browsing import text_of
from tests.contributions.test_saving import Window

SAID = "L’abonnement à tarif réduit devrait porter sur cent normes, pour 300 dirhams."
CLOSE = "Que l’abonnement à tarif réduit porte sur cent normes et coûte 300 dirhams !"
ARABIC = "ينبغي أن يشمل الاشتراك المخفض مائة مواصفة مقابل 300 درهم"
ELSEWHERE = "C1-A1-P1-a2"


@pytest.fixture
def words(consultation):
    """As if the chapters had been learnt from."""
    twins = {"abonn": {"اشترا": 0.9}, "reduit": {"مخفض": 0.9}, "norme": {"مواصف": 0.9}, "cent": {"مايه": 0.9}, "dirha": {"درهم": 0.9}}
    session.add(TwinLexicon(consultation_id=consultation.id, reached=0, twins=twins, common=["sur", "pour", "les", "que"]))
    session.flush()


def published(block, body=SAID, **over):
    said = factories.a_published_contribution(block=block, body=body, **over)
    assert indexing.keep_missing(Contribution.id == said.id)
    return said


def writing(block, body=CLOSE, author=None):
    draft = ContributionDraft(token="d" * 32, author_id=author.id if author else None, block=block, fields={"body": body})
    session.add(draft)
    session.flush()
    return draft


def found(draft):
    return [one.contribution for one in service.list_similar(draft)]


def test_the_same_passage_comes_first_then_what_is_near_on_another(block, chapter, words):
    other = factories.block_of(chapter, ELSEWHERE)
    elsewhere = published(other, CLOSE)
    here, unlike = published(block, ARABIC, language="ar"), published(block, "Tout autre chose.")
    published(other, "Rien de cela ne concerne les compteurs d’eau.")
    told = service.list_similar(writing(block))
    assert [one.contribution for one in told] == [here, unlike, elsewhere]
    assert [one.is_on_passage for one in told] == [True, True, False]
    assert {"abonnement", "normes", "dirhams"} <= set(told[0].words), "by the words of whoever writes, though it is in Arabic"
    assert told[1].words == []


def test_what_is_not_public_is_neither_shown_nor_counted(block, words, rapporteur, participant):
    said = published(block)
    assert found(writing(block)) == [said]
    moderation.withhold(rapporteur, said, expected_counter=said.row_counter, reason=moderation_reason(), words="Ce passage vise quelqu’un.")
    assert found(session.scalars(sa.select(ContributionDraft)).one()) == []
    for state in ContributionState:
        if not state.is_public:
            assert not found_with(block, state)


def moderation_reason():
    return next(reason for reason in Reason if reason.is_breach)


def found_with(block, state):
    said = factories.a_contribution(block=block, body=SAID)
    factories.change(said, state=state, withdrawn_at=said.submitted_at if state.is_taken_back else None)
    return said in found(session.scalars(sa.select(ContributionDraft)).one())


def test_a_campaign_is_shown_once_but_not_across_positions(block, words):
    first, *others = [published(block, SAID, position=Position.IN_FAVOUR) for _time in range(4)]
    against = published(block, SAID, position=Position.OPPOSED)
    told = service.list_similar(writing(block))
    assert [(one.contribution, len(one.alike)) for one in told] == [(first, len(others)), (against, 0)]


def test_a_figure_or_a_negation_that_differs_is_another_text(block, words):
    """By the rule of all folding: nobody is told that others say nearly the same where they ask for something else."""
    said = [published(block, text) for text in (SAID, SAID.replace("300", "600"), SAID.replace("devrait porter", "ne devrait pas porter"))]
    told = service.list_similar(writing(block))
    assert {one.contribution for one in told} == set(said)
    assert [one.alike for one in told] == [[], [], []]


def test_a_few_are_shown_however_many_there_are(block, words):
    for number in range(60):
        published(block, f"Proposition {number} : {'mesurer ' * (number % 7)}")
    assert len(found(writing(block, "mesurer"))) == 5


def test_words_are_kept_once_it_is_published_and_once(own_app):
    with unit_of_work():
        chapter = factories.a_chapter(factories.a_consultation())
        session.add(TwinLexicon(consultation_id=chapter.consultation_id, reached=0, twins={}, common=["sur", "que"]))
        said = factories.a_contribution(block=factories.block_of(chapter, "C1-A1-P1-a1"), body=SAID,
                                        justification="Parce que les coopératives n’ont pas plus.")
        rapporteur = factories.a_user(role=Role.RAPPORTEUR, commission=chapter.commission)
        number = said.id
    jobs.run_pending()
    assert kept_words() == set()
    with unit_of_work():
        said = session.get_one(Contribution, number)
        moderation.publish(session.merge(rapporteur), said, expected_counter=said.row_counter)
    jobs.run_pending()
    kept = kept_words()
    assert {"abonn", "300", "coope"} <= kept
    assert not kept & {"sur", "que"}
    with unit_of_work():
        indexing.keep_words(number)
    assert kept_words() == kept


def kept_words():
    with reading():
        found = session.scalars(sa.select(ContributionWord.word)).all()
    assert len(found) == len(set(found))
    return set(found)


def test_the_worker_looks_after_those_from_before_once_something_was_learnt(block, monkeypatch, consultation):
    monkeypatch.setattr(indexing, "_looked_to", [0])
    said = factories.a_published_contribution(block=block, body=SAID)
    indexing.see_to_missing_words()
    assert not session.scalars(sa.select(ContributionWord.word)).all()
    session.add(TwinLexicon(consultation_id=consultation.id, reached=0, twins={}, common=[]))
    indexing.see_to_missing_words()
    assert "abonn" in session.scalars(sa.select(ContributionWord.word).where(ContributionWord.contribution_id == said.id)).all()
    assert indexing._looked_to == [said.id]


def test_a_hostile_text_is_looked_for_like_any_other(block, words):
    published(block)
    for body in ("%_\\' OR 1=1 --", "\u202e\u200f", "ا" * 5_000, "mot " * 2_000, " ".join(f"mot{n}" for n in range(1_500)), "🙂"):
        draft = writing(block, body)
        assert len(service.list_similar(draft)) == 1
        session.delete(draft)
        session.flush()


# The chapters' own words


def test_the_words_are_learnt_of_what_is_published_and_again_after_the_next(own_app):
    with unit_of_work():
        chapter = factories.a_chapter(factories.a_consultation())
        consultation_id = chapter.consultation_id
    jobs.run_pending()  # what else a publication promises
    for _second in range(2):
        with unit_of_work():
            lexicon.see_to_new_words()
    assert jobs.run_pending() == 1, "once"
    with unit_of_work():
        learnt = chapters.get_words(consultation_id)
        assert learnt is not None
        assert "the" in learnt.common
        lexicon.see_to_new_words()
    assert jobs.run_pending() == 0, "nothing was published since"
    with unit_of_work():
        factories.a_chapter(session.get_one(Consultation, consultation_id), number=2)
    jobs.run_pending()
    with unit_of_work():
        lexicon.see_to_new_words()
    assert jobs.run_pending() == 1


# Pages


def test_a_page_shows_them_and_where_they_lead(client, block, words, participant):
    others = factories.a_user(organisation=factories.an_organisation())
    said = published(block, author=others, organisation=others.organisation)
    draft = writing(block, author=participant)
    client.sign_in(participant)
    page = client.get(f"/en/contributions/similar/1/{block.key}?draft={draft.id}")
    told = text_of(page)
    for expected in (said.ref, "On the same passage", "Support this one instead", "What you both speak of", "Say what they do not say"):
        assert expected in told, expected
    before = len(service.list_drafts(participant, ()))
    answer = client.post(f"/en/contributions/support/{said.ref}", data={"speak_as": "self", "instead": "1"}, follow_redirects=True)
    assert "still kept among your drafts" in text_of(answer)
    assert service.count_reactions([said.id])[said.id].persons == 1
    assert len(service.list_drafts(participant, ())) == before, "nothing is thrown away by itself"


def test_a_draft_of_somebody_else_leads_to_a_form_without_a_word_of_it(client, block, words, participant, citizen):
    draft = writing(block, "un mystère", author=participant)
    for reader in (None, citizen):
        if reader:
            client.sign_in(reader)
        answer = client.get(f"/en/contributions/similar/1/{block.key}?draft={draft.id}")
        assert answer.status_code == 303
        assert "mystère" not in client.get(answer.location).get_data(as_text=True)


def test_the_save_says_where_to_look(client, participant, block):
    client.sign_in(participant)
    told = Window(client, block, participant).save("Un début")
    assert client.get(told["near"]).status_code == 200


def test_the_worker_is_promised_what_is_published_and_what_is_shown_otherwise(block, rapporteur, words):
    said = factories.a_contribution(block=block, body=SAID)
    moderation.publish(rapporteur, said, expected_counter=said.row_counter)
    promised = sa.select(jobs.Job.subject_id).where(jobs.Job.name == jobs.name_of(indexing.keep_words))
    assert session.scalars(promised).all() == [said.id]
    indexing.keep_words(said.id)
    kept = sa.select(ContributionWord.word).where(ContributionWord.contribution_id == said.id)
    assert "norme" in session.scalars(kept).all()
    moderation.redact(rapporteur, said, phrases="cent normes", reason=Reason.PERSONAL_DATA, words="Un nom.",
                      expected_counter=said.row_counter)
    assert session.scalars(kept).all() == []
    indexing.keep_words(said.id)
    assert "norme" not in session.scalars(kept).all()


def test_of_words_that_are_hidden_while_the_worker_waits_for_the_chapter_none_is_kept(block, monkeypatch, words):
    said = factories.a_published_contribution(block=block, body="Zirconium et abonnement.")

    def hidden_meanwhile(*_which):
        session.execute(sa.update(Contribution).values(shown_body="Abonnement."))
    monkeypatch.setattr(indexing, "lock_all", hidden_meanwhile)
    assert indexing.keep_missing(Contribution.id == said.id)
    assert not session.scalars(sa.select(ContributionWord.word).where(ContributionWord.word.startswith("zirc"))).all()
