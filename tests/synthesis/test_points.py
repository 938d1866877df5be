"""A contribution that asks for several things is split into points; each is gathered and answered by itself, and they are joined again."""

import pytest
import sqlalchemy as sa

from consult.contributions.models import ContributionState
from consult.core import tallies
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed
from consult.core.permissions import VISITOR
from consult.exports import matrix, tables
from consult.exports.matrix import Audience
from consult.moderation import service as moderation
from consult.moderation.models import Part, Reason
from consult.synthesis import jobs, service
from consult.synthesis.models import Disposition, ItemContribution, Point, SynthesisState
from consult.synthesis.service import WorkbenchFilter
from tests import factories
from tests.synthesis.conftest import DECIDED

BODY = "Publier la liste des étalons. Ouvrir un guichet à Safi. Réduire les délais de M. Alami."
JUSTIFICATION = "Les ateliers attendent. Un registre public serait utile."
SECOND, THIRD = BODY.index("Ouvrir"), BODY.index("Réduire")


@pytest.fixture
def said(block):
    return factories.a_published_contribution(block=block, body=BODY, justification=JUSTIFICATION,
                                                replacement="Un nouveau libellé")


@pytest.fixture
def split(rapporteur, said):
    service.split(rapporteur, said, cuts=[(Part.BODY, SECOND), (Part.BODY, THIRD)])
    return service.list_points([said.id])[said.id]


def words(said) -> list[str]:
    return [one.words for one in service.list_answerable([said])[said.id]]


def links() -> list[tuple]:
    return [(link.item.number, link.contribution_id, link.point.number if link.point else None)
            for link in session.scalars(sa.select(ItemContribution).order_by(ItemContribution.point_id))]


def decided(rapporteur, item, disposition=Disposition.NOTED):
    values = {**DECIDED, "title": item.title, "disposition": disposition}
    return service.edit_item(rapporteur, item, expected_counter=item.row_counter, **values)


def test_no_word_stands_outside_of_every_point(said, split):
    assert words(said) == ["Publier la liste des étalons.", "Ouvrir un guichet à Safi.", "Réduire les délais de M. Alami."]
    shown = service.list_answerable([said])[said.id]
    assert [(one.number, one.mark, one.change, one.support) for one in shown] == [
        (1, "①", "Un nouveau libellé", JUSTIFICATION), (2, "②", "", JUSTIFICATION), (3, "③", "", JUSTIFICATION)]


def test_a_justification_is_cut_where_it_asks_for_more(rapporteur, said):
    service.split(rapporteur, said, cuts=[(Part.JUSTIFICATION, JUSTIFICATION.index("Un registre"))])
    shown = service.list_answerable([said])[said.id]
    assert [(one.words, one.support) for one in shown] == [
        (BODY, "Les ateliers attendent."), ("Un registre public serait utile.", "")]


def test_points_keep_their_numbers_whatever_is_cut_later(rapporteur, said, split):
    service.split(rapporteur, said, cuts=[(Part.BODY, BODY.index("de M."))])
    assert [(point.number, point.begins) for point in service.list_points([said.id])[said.id]] == [
        (1, 0), (2, SECOND), (3, THIRD), (4, BODY.index("de M."))]
    service.rejoin(rapporteur, said)
    assert service.list_points([said.id]) == {}
    service.split(rapporteur, said, cuts=[(Part.BODY, SECOND)])
    assert [point.number for point in service.list_points([said.id])[said.id]] == [5, 6]


def test_all_points_stay_in_the_item_until_one_is_moved(rapporteur, synthesis, said):
    item = service.add_item(rapporteur, synthesis, title="Tout", contributions=[said])
    service.split(rapporteur, said, cuts=[(Part.BODY, SECOND)])
    assert links() == [(1, said.id, 1), (1, said.id, 2)]
    assert {line.id: line.count for line in service.list_item_lines(rapporteur, synthesis)} == {item.id: 1}
    assert len(service.list_item_contributions(rapporteur, item).rows) == 1
    second = service.list_points([said.id])[said.id][1]
    service.add_item(rapporteur, item.synthesis, title="Guichet", points=[second], expected_points={second.id: item.id})
    assert links() == [(1, said.id, 1), (2, said.id, 2)]
    assert tallies.faults() == []


def test_points_are_joined_again_in_the_item_that_holds_all(rapporteur, synthesis, said, split):
    item = service.add_item(rapporteur, synthesis, title="Tout", points=split)
    service.rejoin(rapporteur, said, shown=[point.id for point in split])
    assert links() == [(item.number, said.id, None)]
    assert tallies.faults() == []


def test_points_with_answers_of_their_own_are_not_joined(rapporteur, synthesis, said, split):
    service.add_item(rapporteur, synthesis, title="Un", points=split[:1])
    with pytest.raises(Conflict, match="do not stand in one item"):
        service.rejoin(rapporteur, said)
    assert len(service.list_points([said.id])[said.id]) == 3


@pytest.mark.parametrize(("cut", "said_of_it"), [
    ((Part.BODY, 3), "whole word"), ((Part.BODY, 0), "one at least"), ((Part.BODY, len(BODY)), "no words from there"),
    ((Part.BODY, len(BODY) - 1), "would have no words"), ((Part.BODY, -4), "no words from there"),
    ((Part.REPLACEMENT, 3), "no words from there"),
])
def test_a_point_begins_with_a_word_of_the_text(rapporteur, said, cut, said_of_it):
    with pytest.raises(Invalid, match=said_of_it):
        service.split(rapporteur, said, cuts=[cut])
    assert session.scalars(sa.select(Point)).all() == []


def test_what_somebody_else_split_meanwhile_is_not_split_again(rapporteur, said, split):
    with pytest.raises(Conflict, match="Somebody else has split"):
        service.split(rapporteur, said, cuts=[(Part.BODY, 8)], shown=[])


def test_a_split_contribution_is_not_gathered_as_one(rapporteur, synthesis, said, split):
    with pytest.raises(Conflict, match="is split"):
        service.add_item(rapporteur, synthesis, title="Tout", contributions=[said])
    service.rejoin(rapporteur, said)
    with pytest.raises(Conflict, match="joined again"):
        service.add_item(rapporteur, synthesis, title="Un", points=split[:1])


def test_only_who_answers_the_chapter_splits(said, participant):
    for somebody in (participant, VISITOR):
        with pytest.raises(NotAllowed):
            service.split(somebody, said, cuts=[(Part.BODY, SECOND)])


def test_a_contribution_is_answered_when_all_its_points_are(rapporteur, chair, synthesis, published, said, split, in_synthesis):
    rest = service.add_item(rapporteur, synthesis, title="Reste", contributions=published)
    first = service.add_item(rapporteur, rest.synthesis, title="Liste", points=split[:2])
    for item in (rest, first):
        decided(rapporteur, item)
    progress = service.count_progress(said.chapter)
    assert (progress.to_gather, progress.undecided, progress.answered, progress.points, progress.points_answered) == (1, 0, 3, 6, 5)
    with pytest.raises(Conflict, match="1 published contribution has no reasoned answer yet. Counted by request: 1 has none."):
        service.validate(chair, rest.synthesis)
    last = service.add_item(rapporteur, rest.synthesis, title="Délais", points=split[2:])
    assert service.count_progress(said.chapter).undecided == 1
    decided(rapporteur, last, Disposition.ACCEPTED)
    progress = service.count_progress(said.chapter)
    assert (progress.unanswered, progress.answered, progress.points_answered) == (0, 4, 6)
    assert service.count_unanswered(said.consultation)[said.chapter][0] == 0
    assert service.validate(chair, rest.synthesis).state == SynthesisState.VALIDATED
    assert tallies.faults() == []


def test_the_bench_finds_a_contribution_by_its_least_point(rapporteur, synthesis, said, split):
    def found(answer):
        page = service.list_workbench(rapporteur, synthesis, WorkbenchFilter(answer=answer))
        return [row.contribution.id for row in page.rows]
    item = service.add_item(rapporteur, synthesis, title="Liste", points=split[:2])
    assert said.id in found("to_gather")
    assert said.id not in found("undecided")
    assert list(service.list_matching_points(rapporteur, synthesis, WorkbenchFilter())) == split[2:]
    assert said not in service.list_matching(rapporteur, synthesis, WorkbenchFilter())
    service.attach(rapporteur, item, points=split[2:])
    assert said.id in found("undecided")
    decided(rapporteur, item)
    assert said.id in found("answered")
    assert said.id not in found("unanswered")


def test_everybody_reads_the_answer_to_each_point(rapporteur, synthesis, said, split, in_synthesis):
    item = service.add_item(rapporteur, synthesis, title="Liste", points=split[:2])
    other = service.add_item(rapporteur, item.synthesis, title="Délais", points=split[2:])
    decided(rapporteur, item)
    decided(rapporteur, other, Disposition.ACCEPTED)
    assert service.get_answer(VISITOR, said) is None
    [row] = [row for row in matrix.rows(said.consultation, "fr", audience=Audience.PUBLIC) if row.id == said.id]
    assert row.name == said.ref
    item.synthesis.state = SynthesisState.SUBMITTED
    item.synthesis.validated_at = said.submitted_at
    session.flush()
    answer = service.get_answer(VISITOR, said)
    assert [(one.point.number, one.answer.disposition) for one in answer.points] == [
        (1, Disposition.NOTED), (2, Disposition.NOTED), (3, Disposition.ACCEPTED)]
    rows = [row for row in matrix.rows(said.consultation, "fr", audience=Audience.PUBLIC) if row.id == said.id]
    assert [(row.name, row.body, row.proposed, row.point.item.title, row.first) for row in rows] == [
        (f"{said.ref} (1)", "Publier la liste des étalons.", "Un nouveau libellé", "Liste", True),
        (f"{said.ref} (2)", "Ouvrir un guichet à Safi.", "", "Liste", False),
        (f"{said.ref} (3)", "Réduire les délais de M. Alami.", "", "Délais", False)]


def test_the_letter_tells_the_answer_to_each_point(rapporteur, synthesis, said, split, in_synthesis):
    item = service.add_item(rapporteur, synthesis, title="Liste", points=split)
    decided(rapporteur, item)
    [letter] = [one for one in jobs.AUTHORS.word(item.synthesis.id) if said.id in {id_ for _author, id_, _counter in one.facts}]
    text = str(letter)
    for number, first in ((1, "Publier la liste"), (2, "Ouvrir un guichet"), (3, "Réduire les délais")):
        assert f"{said.ref} ({number})" in text
        assert first in text
    assert text.count(DECIDED["rationale"]) == 3


def test_what_is_hidden_stays_hidden_in_its_point(rapporteur, said, split):
    moderation.redact(rapporteur, said, reason=Reason.PERSONAL_DATA, phrases="M. Alami", words="Un nom.", expected_counter=said.row_counter)
    session.expire_all()
    assert words(said)[2] == "Réduire les délais de [passage occulté]."
    with pytest.raises(Invalid, match="hidden"):
        service.split(rapporteur, said, cuts=[(Part.BODY, BODY.index("Alami"))])


REWORDED = "Publier la liste. Ouvrir un guichet à Safi et un à Salé. Réduire les délais."


@pytest.fixture
def reworded(rapporteur, said):
    """Asked for other words, answered and published again."""
    def reword() -> None:
        moderation.ask_to_rephrase(rapporteur, said, reason=Reason.INSULT, words="Sans viser personne.", phrases="M. Alami",
                                   expected_counter=said.row_counter)
        moderation.rephrase(said.author, said, body=REWORDED, justification=JUSTIFICATION, replacement="Un nouveau libellé")
        moderation.publish(rapporteur, said, expected_counter=said.row_counter)
        session.expire_all()
    return reword


@pytest.mark.parametrize("gathered", [(), (0,), (0, 1, 2), (1, 2)])
def test_what_its_author_rephrases_is_one_again_and_stands_where_its_first_request_stood(
        rapporteur, synthesis, said, split, reworded, gathered):
    for at in gathered:
        service.add_item(rapporteur, synthesis, title=f"Liste {at}", points=[split[at]])
    reworded()
    assert service.list_points([said.id]) == {}
    assert links() == [(1, said.id, None)] * bool(gathered)
    assert tallies.faults() == list(service.verify_points()) == []
    rows = [row for row in matrix.rows(said.consultation, "fr", audience=Audience.PUBLIC) if row.id == said.id]
    assert [(row.number, row.body) for row in rows] == [(None, REWORDED)]


def test_what_the_chair_has_validated_gathers_nothing_that_was_rephrased_and_is_not_submitted(
        rapporteur, chair, synthesis, published, said, split, reworded, in_synthesis):
    item = service.add_item(rapporteur, synthesis, title="Tout", contributions=published, points=split)
    decided(rapporteur, item)
    service.validate(chair, item.synthesis)
    reworded()
    assert item.synthesis.state == SynthesisState.VALIDATED
    assert (service.list_points([said.id]), said.id in {contribution_id for _item, contribution_id, _point in links()}) == ({}, False)
    assert [(one.kind, one.count) for one in service.list_obstacles(item.synthesis)] == [("unanswered", 1)]
    assert tallies.faults() == list(service.verify_points()) == []


def test_the_words_as_they_were_rephrased_are_split_and_what_is_hidden_of_them_stays_hidden(rapporteur, said, reworded):
    reworded()
    second = REWORDED.index("Ouvrir")
    service.split(rapporteur, said, cuts=[(Part.BODY, second)])
    assert words(said) == ["Publier la liste.", REWORDED[second:]]
    moderation.redact(rapporteur, said, reason=Reason.PERSONAL_DATA, phrases="Salé", words="Un lieu.", expected_counter=said.row_counter)
    session.expire_all()
    assert words(said) == ["Publier la liste.", REWORDED[second:].replace("Salé", "[passage occulté]")]


def test_what_owes_no_answer_is_not_split(rapporteur, block):
    said = factories.a_contribution(block=block, body=BODY, state=ContributionState.WITHHELD)
    with pytest.raises(Conflict, match="cannot be split"):
        service.split(rapporteur, said, cuts=[(Part.BODY, SECOND)])


def test_a_point_may_speak_of_another_passage(rapporteur, said, split):
    service.edit_point(rapporteur, split[1], place="C1-A1-P1-a2", has_change=True)
    assert [(point.place_key, point.has_change) for point in split] == [(None, False), ("C1-A1-P1-a2", True), (None, False)]
    service.edit_point(rapporteur, split[1], place="")
    assert (split[1].place_key, split[1].has_change) == (None, True)
    with pytest.raises(Invalid):
        service.edit_point(rapporteur, split[1], place="nowhere")


def test_the_journal_tells_of_each_step(rapporteur, said, split):
    service.rejoin(rapporteur, said)
    events = [(event.action, event.details) for event in session.scalars(sa.select(AuditEvent).order_by(AuditEvent.id))
              if event.subject == "point"]
    assert [(action, details["ref"], details["points"]) for action, details in events] == [
        ("synthesis.split", said.ref, [1, 2, 3]), ("synthesis.rejoin", said.ref, [1, 2, 3])]


def spoil(statement) -> list[str]:
    session.execute(statement)
    return list(service.verify_points())


def test_verification_finds_points_that_do_not_hold_what_was_said(rapporteur, synthesis, said, split):
    service.add_item(rapporteur, synthesis, title="Liste", points=split[:2])
    assert list(service.verify_points()) == []
    link = sa.update(ItemContribution).where(ItemContribution.point_id == split[0].id)
    with session.begin_nested() as spoilt:
        assert spoil(link.values(point_id=None)) == [f"{said.ref} is split, and an item holds all of it"]
        spoilt.rollback()
    with session.begin_nested() as spoilt:
        gone = sa.update(Point).where(Point.id == split[0].id).values(rejoined_at=said.submitted_at)
        assert spoil(gone) == [f"the points of {said.ref} do not begin with its text",
                               f"an item holds a point of {said.ref} that is none of it any more"]
        spoilt.rollback()


def test_the_journal_of_a_contribution_tells_that_its_points_were_gathered_and_taken_out(client, rapporteur, synthesis, said, split):
    item = service.add_item(rapporteur, synthesis, title="Liste", points=split[:2])
    service.attach(rapporteur, item, points=split[2:])
    service.detach(rapporteur, item, contribution=said, point=split[0])
    acts = [event.details["refs"] for event in session.scalars(sa.select(AuditEvent).order_by(AuditEvent.id))
            if event.subject == "synthesis_item"]
    assert acts == [[said.ref, f"{said.ref} (1)", f"{said.ref} (2)"], [said.ref, f"{said.ref} (3)"], [said.ref, f"{said.ref} (1)"]]
    page = client.sign_in(rapporteur).get(f"/en/contributions/{said.ref}").text
    assert "Contributions were gathered into an item" in page


def test_open_data_tell_the_reference_and_the_number_apart(said, split):
    rows = [row for row in matrix.rows(said.consultation, "fr", audience=Audience.STAFF) if row.id == said.id]
    head, *lines = tables.coded(rows)
    told = [dict(zip(head, line, strict=True)) for line in lines]
    assert [(row["ref"], row["point"]) for row in told] == [(said.ref, number) for number in (1, 2, 3)]
    _head, *lines = tables.worded(rows)
    assert [line[0] for line in lines] == [f"{said.ref} ({number})" for number in (1, 2, 3)]
