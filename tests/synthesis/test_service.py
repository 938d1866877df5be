import pytest
import sqlalchemy as sa

from consult.consultations.models import Phase, Role
from consult.contributions import service as contributions
from consult.contributions.models import Contribution, ContributionState, Position
from consult.core import jobs as floor
from consult.core import mail
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed, NotFound
from consult.core.i18n import force_locale, utcnow
from consult.core.permissions import VISITOR
from consult.organisations.models import Category
from consult.synthesis import jobs, service
from consult.synthesis.models import (
    Disposition,
    Ground,
    ItemContribution,
    Synthesis,
    SynthesisItem,
    SynthesisNotice,
    SynthesisReopening,
    SynthesisState,
)
from tests import factories
from tests.synthesis.conftest import DECIDED

KEY = "C1-A1-P1-a1"
NEW = "Publier chaque année, en ligne, la liste des étalons nationaux."


def edited(rapporteur, item, **over):
    return service.edit_item(rapporteur, item, **{"expected_counter": item.row_counter, **DECIDED, **over})


def held(item):
    return {link.contribution_id for link in session.scalars(sa.select(ItemContribution).where(ItemContribution.item_id == item.id))}


# Items


def test_an_item_gathers_contributions_and_leaves_one_event(rapporteur, item, published):
    assert held(item) == {published[1].id, published[2].id}
    event = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "synthesis.add_item")).one()
    assert event.subject_id == item.id
    assert event.details["refs"] == [c.ref for c in published[1:]]


def test_the_first_item_starts_the_synthesis_once(rapporteur, chapter, item):
    service.add_item(rapporteur, service.get_or_new(chapter), title="Un autre point")
    assert session.scalar(sa.select(sa.func.count()).select_from(Synthesis)) == 1
    assert [line.number for line in service.list_item_lines(rapporteur, item.synthesis)] == [1, 2]


def test_a_title_is_needed(rapporteur, synthesis):
    with pytest.raises(Invalid) as refusal:
        service.add_item(rapporteur, synthesis, title=" \u200b ")
    assert refusal.value.field == "title"


def test_a_decision_needs_its_reasons_and_a_refusal_its_ground(rapporteur, item):
    with pytest.raises(Invalid) as refusal:
        edited(rapporteur, item, rationale="  ")
    assert refusal.value.field == "rationale"
    with pytest.raises(Invalid) as refusal:
        edited(rapporteur, item, disposition=Disposition.NOT_ACCEPTED)
    assert refusal.value.field == "ground"
    assert edited(rapporteur, item, disposition=Disposition.NOT_ACCEPTED, ground=Ground.COST).ground == Ground.COST
    assert edited(rapporteur, item, ground=Ground.COST).ground is None


def test_somebody_elses_edit_is_not_overwritten(rapporteur, item):
    counter = item.row_counter
    edited(rapporteur, item, title="Le titre d’un collègue")
    with pytest.raises(Conflict) as refusal:
        edited(rapporteur, item, expected_counter=counter, title="Le mien")
    assert rapporteur.name in str(refusal.value)
    assert item.title == "Le titre d’un collègue"


def test_an_edit_that_ended_after_the_item_was_read_is_named_and_kept(rapporteur, chair, item):
    session.flush()
    shown = item.row_counter
    theirs = {"row_counter": shown + 1, "title": "Celui du président", "edited_by_id": chair.id}
    session.connection().execute(sa.update(SynthesisItem.__table__).where(SynthesisItem.__table__.c.id == item.id).values(**theirs))
    assert item.row_counter == shown, "written by another process after it was read here"
    with pytest.raises(Conflict, match=chair.name):
        edited(rapporteur, item, expected_counter=shown, title="Le mien")
    assert item.title == "Celui du président"


def test_new_wording_is_for_a_passage_of_the_chapter_and_differs(rapporteur, item, block):
    for changes in ({"C9-nulle-part": NEW}, {"C2-A1-P1-a1": NEW}, {KEY: block.lead + " "}, {KEY: " "}):
        with pytest.raises(Invalid) as refusal:
            edited(rapporteur, item, disposition=Disposition.ACCEPTED, changes=changes)
        assert refusal.value.field == "changes"
    with pytest.raises(Invalid):
        edited(rapporteur, item, disposition=Disposition.NOTED, changes={KEY: NEW})
    edited(rapporteur, item, disposition=Disposition.ACCEPTED, changes={KEY: NEW})
    assert [(c.block_id, c.wording) for c in item.changes] == [(block.id, NEW)]


def test_a_new_wording_is_replaced_or_taken_back(rapporteur, item):
    accepted = {"disposition": Disposition.ACCEPTED}
    edited(rapporteur, item, **accepted, changes={KEY: NEW})
    edited(rapporteur, item, **accepted, changes={KEY: NEW + " Oui.", "C1-A1-P1-a2": "Former tous les techniciens."})
    assert {c.wording for c in item.changes} == {NEW + " Oui.", "Former tous les techniciens."}
    edited(rapporteur, item, **accepted)
    assert item.changes == []


def test_words_that_cannot_be_kept_are_refused(rapporteur, item):
    for field, words in (("title", "x" * 201), ("summary", "a\x00b"), ("rationale", "a\u202eb")):
        with pytest.raises(Invalid) as refusal:
            edited(rapporteur, item, **{field: words})
        assert refusal.value.field == field


def test_gathering_into_another_item_moves(rapporteur, item, published):
    other = service.add_item(rapporteur, item.synthesis, title="Un autre point")
    assert service.count_elsewhere(other, [c.id for c in published]) == 2
    service.attach(rapporteur, other, contributions=published)
    assert held(other) == {c.id for c in published}
    assert held(item) == set()
    assert item.links == []


def test_gathering_what_somebody_else_gathered_meanwhile_is_refused(rapporteur, item, published):
    other = service.add_item(rapporteur, item.synthesis, title="Un autre point")
    with pytest.raises(Conflict):
        service.attach(rapporteur, other, contributions=published, expected_items={c.id: None for c in published})
    service.attach(rapporteur, other, contributions=published[1:], expected_items={c.id: item.id for c in published[1:]})
    assert len(held(other)) == 2


def test_only_published_contributions_of_the_chapter_are_gathered(rapporteur, item, block):
    waiting = factories.a_contribution(block=block)
    foreign = factories.a_published_contribution(block=factories.block_of(factories.a_chapter(factories.a_consultation()), KEY))
    for contribution in (waiting, foreign):
        with pytest.raises(Invalid):
            service.attach(rapporteur, item, contributions=[contribution])
    with pytest.raises(Invalid):
        service.attach(rapporteur, item, contributions=[])


def test_detaching_frees_one(rapporteur, item, published):
    service.detach(rapporteur, item, contribution=published[1])
    assert held(item) == {published[2].id}
    with pytest.raises(Conflict):
        service.detach(rapporteur, item, contribution=published[1])


def test_only_an_empty_item_is_dropped(rapporteur, item):
    with pytest.raises(Conflict):
        service.drop_item(rapporteur, item)
    empty = service.add_item(rapporteur, item.synthesis, title="Vide")
    edited(rapporteur, empty, disposition=Disposition.ACCEPTED, changes={KEY: NEW})
    service.drop_item(rapporteur, empty)
    with pytest.raises(NotFound):
        service.get_item(rapporteur, empty.id)


@pytest.mark.parametrize("who", ["participant", "secretary", "elsewhere"])
def test_items_are_made_by_the_commission(request, who, synthesis, consultation):
    if who == "elsewhere":
        actor = factories.a_user(role=Role.RAPPORTEUR, commission=consultation.commissions[1])
    else:
        actor = request.getfixturevalue(who)
    with pytest.raises(NotAllowed):
        service.add_item(actor, synthesis, title="Un point")


# The bench


def test_the_bench_is_in_text_order_and_keeps_to_what_is_published(rapporteur, synthesis, published, block):
    factories.a_contribution(block=block)
    factories.a_contribution(block=block, state=ContributionState.WITHHELD)
    page = service.list_workbench(rapporteur, synthesis, service.WorkbenchFilter())
    assert [row.contribution.id for row in page.rows] == [published[1].id, published[2].id, published[0].id]


def test_filters(rapporteur, synthesis, item, block, citizen):
    opposed = factories.a_published_contribution(block=block, author=citizen, position=Position.OPPOSED, language="ar")

    def found(**wanted):
        return {row.contribution.id for row in service.list_workbench(rapporteur, synthesis, service.WorkbenchFilter(**wanted)).rows}

    assert opposed.id in found()
    assert found(answer="undecided") == held(item)
    assert len(found(answer="unanswered")) == 4
    assert found(answer="answered") == set()
    assert found(position=Position.OPPOSED) == found(own_name=True) == found(language="ar") == {opposed.id}
    assert len(found(answer="all", category=Category.LABORATORY)) == 3
    assert len(found(answer="all", block=block.key)) == 3
    assert service.count_matching(rapporteur, synthesis, service.WorkbenchFilter(answer="all")) == service.Number(4)
    assert {c.id for c in service.list_matching(rapporteur, synthesis, service.WorkbenchFilter())} == found()
    undecided = service.list_matching(rapporteur, synthesis, service.WorkbenchFilter(answer="undecided"))
    assert set(undecided.values()) == {item.id}, "each with its item, so that a colleague's gathering meanwhile is noticed"


@pytest.mark.counts_are_wrong
def test_what_was_withdrawn_while_one_waited_is_not_gathered(rapporteur, item, published):
    late = published[0]
    assert late.is_answerable
    session.execute(sa.update(Contribution).where(Contribution.id == late.id).values(
        state=ContributionState.WITHDRAWN, withdrawn_at=utcnow()).execution_options(synchronize_session=False))
    with pytest.raises(Invalid, match=late.ref):
        service.attach(rapporteur, item, contributions=[late])


def test_passages_count_what_is_left(rapporteur, item, chapter, published):
    edited(rapporteur, item)
    passages = {p.key: (p.total, p.unanswered) for p in service.list_commented_provisions(rapporteur, item.synthesis)}
    assert passages == {KEY: (2, 0), "C1-A1-P1-a2": (1, 1)}
    assert service.count_unanswered(chapter.consultation)[chapter][0] == 1
    assert service.list_unanswered(rapporteur, item.synthesis) == [published[0].ref]


@pytest.mark.parametrize("query", [service.list_workbench, service.count_matching, service.list_matching])
def test_the_bench_is_not_public(participant, synthesis, query):
    with pytest.raises(NotAllowed):
        query(participant, synthesis, service.WorkbenchFilter())


# Validation


def test_validating_waits_for_every_contribution(chair, rapporteur, synthesis, item, in_synthesis, block, published):
    factories.a_contribution(block=block)
    service.add_item(rapporteur, synthesis, title="Vide")
    assert {o.kind: o.count for o in service.list_obstacles(item.synthesis)} == {
        "unanswered": 3, "state": 1, "empty": 1, "undecided": 2}
    with pytest.raises(Conflict) as refusal:
        service.validate(chair, item.synthesis)
    assert "3" in str(refusal.value)
    assert item.synthesis.state == SynthesisState.DRAFT


def test_withheld_and_withdrawn_contributions_need_no_item(chair, complete, block):
    factories.a_contribution(block=block, state=ContributionState.WITHHELD)
    service.validate(chair, complete)
    assert complete.validated_by_id == chair.id


def test_two_items_may_not_rewrite_the_same_passage(rapporteur, complete, published):
    first, second = complete.items[0], service.add_item(rapporteur, complete, title="Deux", contributions=published[:1])
    for number, item in enumerate((first, second)):
        edited(rapporteur, item, disposition=Disposition.ACCEPTED, changes={KEY: f"{NEW} {number}"})
    assert [(o.kind, [i[0] for i in o.items]) for o in service.list_obstacles(complete)] == [("competing", [first.id, second.id])]


def test_a_chapter_nobody_spoke_about_is_validated_too(chair, chapter, in_synthesis):
    assert service.validate(chair, service.get_or_new(chapter)).state == SynthesisState.VALIDATED


def test_only_the_chair_validates_and_only_in_the_synthesis_phase(rapporteur, chair, secretary, complete, consultation):
    for actor in (rapporteur, secretary):
        with pytest.raises(NotAllowed):
            service.validate(actor, complete)
    consultation.phase = Phase.CLOSED
    with pytest.raises(NotAllowed):
        service.validate(chair, complete)


def test_a_validated_synthesis_is_changed_only_after_reopening(chair, rapporteur, complete, published):
    service.validate(chair, complete)
    item = complete.items[0]
    for act, values in (
        (service.edit_item, {"expected_counter": item.row_counter, **DECIDED}),
        (service.attach, {"contributions": published}),
        (service.detach, {"contribution": published[0]}),
    ):
        with pytest.raises(Conflict):
            act(rapporteur, item, **values)
    with pytest.raises(Invalid):
        service.reopen(chair, complete, reason=" ")
    service.reopen(chair, complete, reason="Un oubli.")
    assert complete.validated_at is None
    assert edited(rapporteur, item, title="Corrigé").title == "Corrigé"
    assert session.scalars(sa.select(SynthesisReopening)).one().reason == "Un oubli."


def test_submitting_checks_again(chair, complete, block):
    service.validate(chair, complete)
    late = factories.a_published_contribution(block=block)
    with pytest.raises(Conflict):
        service.submit_all([complete])
    factories.change(late, state=ContributionState.WITHHELD)
    service.submit_all([complete])
    assert complete.is_public
    with pytest.raises(Conflict):
        service.reopen(chair, complete, reason="Trop tard.")
    service.record_council_outcome(complete, SynthesisState.RETURNED)
    assert complete.state == SynthesisState.RETURNED


# What is read


def submitted(chair, synthesis):
    service.validate(chair, synthesis)
    service.submit_all([synthesis])
    return synthesis


def test_the_synthesis_is_public_once_submitted(chair, participant, secretary, chapter, complete, published):
    for reader in (VISITOR, participant):
        with pytest.raises(NotAllowed):
            service.get_readable(reader, chapter.consultation, chapter.number)
        assert service.get_answer(reader, published[0]) is None
    assert service.get_answer(secretary, published[0]).disposition == Disposition.NOTED
    assert service.count_answered(chapter.consultation) == 0
    submitted(chair, complete)
    assert service.count_answered(chapter.consultation) == 3
    answer = service.get_answer(VISITOR, published[0])
    assert (answer.rationale, answer.count) == (DECIDED["rationale"], 3)
    assert set(answer.others) == {published[1].ref, published[2].ref}
    assert [view.item.id for view in service.list_items(VISITOR, complete).rows] == [answer.item.id]


def test_nothing_to_read_is_not_found(rapporteur, chapter):
    with pytest.raises(NotFound):
        service.get_readable(rapporteur, chapter.consultation, chapter.number)


def test_respondents_are_counted(rapporteur, synthesis, block, citizen, published):
    company = factories.an_organisation(category=Category.COMPANY)
    twice = [factories.a_published_contribution(block=block, author=factories.a_user(organisation=company), position=Position.OPPOSED)
             for _time in range(2)]
    gone = factories.a_published_contribution(block=block, author=citizen)
    alone = factories.a_published_contribution(block=block, author=citizen)
    item = service.add_item(rapporteur, synthesis, title="Un point", contributions=[published[1], *twice, gone, alone])
    contributions.withdraw(citizen, gone)
    view = next(v for v in service.list_items(rapporteur, item.synthesis).rows if v.item.id == item.id)
    assert view.respondents.contributions == 4
    assert view.respondents.categories == {Category.COMPANY: 1, Category.LABORATORY: 1, None: 1}
    with force_locale("en"):
        assert view.respondents.category_labels() == ["1 of 1 company", "1 of 3 laboratories", "1 of 1 person in their own name"]
    with force_locale("fr"):
        assert view.respondents.category_labels()[:2] == ["entreprise\u00a0: 1 sur 1", "laboratoires\u00a0: 1 sur 3"]
    assert view.respondents.positions[Position.OPPOSED] == 2
    contested, respondents = service.list_contested(item.synthesis, service.list_overview(rapporteur, item.synthesis))
    assert [(line.number, respondents[line.id]) for line in contested.rows] == [(item.number, view.respondents)]
    assert (len(view.references.rows), view.references.total) == (5, 5)


def test_items_are_read_in_text_order_with_their_redlines(rapporteur, synthesis, published):
    later_ = service.add_item(rapporteur, synthesis, title="Former", contributions=published[:1])
    first = service.add_item(rapporteur, synthesis, title="Publier", contributions=published[1:])
    edited(rapporteur, first, disposition=Disposition.ACCEPTED, changes={KEY: NEW})
    views = service.list_items(rapporteur, synthesis).rows
    assert [view.item.id for view in views] == [first.id, later_.id]
    assert ("insert", ", en ligne,") in views[0].changes[0].segments


# Telling the authors


def letters():
    return session.scalars(sa.select(mail.OutgoingMail).order_by(mail.OutgoingMail.id)).all()


def test_each_author_is_told_once_in_their_language(chair, rapporteur, complete, published, block, monkeypatch):
    monkeypatch.setattr(mail, "BATCH", 2)
    author = published[0].author
    author.language = "ar"
    second = factories.a_published_contribution(block=block, author=author, body="Une seconde remarque.")
    service.attach(rapporteur, complete.items[0], contributions=[second])
    refused = factories.a_contribution(block=block, state=ContributionState.WITHHELD)
    submitted(chair, complete)
    session.commit()
    floor.run_pending()
    assert sorted(letter.recipient for letter in letters()) == sorted(c.author.email for c in [*published, refused])
    theirs = next(letter for letter in letters() if letter.recipient == author.email)
    for words in (published[0].ref, second.ref, "Une seconde remarque.", DECIDED["rationale"], f"http://consult.test/ar/contributions/{second.ref}",
                  "http://consult.test/ar/synthesis/read/1"):
        assert words in theirs.body
    assert published[1].ref not in theirs.body
    jobs.tell_answers(complete.id, lambda _percent: None)
    assert len(letters()) == 4
    assert session.scalar(sa.select(sa.func.count()).select_from(SynthesisNotice)) == 4


def test_the_database_refuses_two_answers_for_one_contribution(item, published):
    other = factories.an_item(item.synthesis)
    session.add(ItemContribution(item=other, contribution=published[1]))
    with pytest.raises(sa.exc.IntegrityError):
        session.flush()


def test_get_item_is_for_the_commission(participant, rapporteur, item):
    assert isinstance(service.get_item(rapporteur, item.id), SynthesisItem)
    with pytest.raises(NotAllowed):
        service.get_item(participant, item.id)
