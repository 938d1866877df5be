"""What is understood of a list, what is doubtful in it, and who is kept of it."""

import pytest
import sqlalchemy as sa

from consult.core import jobs as core_jobs
from consult.core.db import session, unit_of_work
from consult.core.errors import Conflict, Invalid, NotAllowed
from consult.core.mail import OutgoingMail
from consult.core.permissions import SYSTEM
from consult.organisations import finding
from consult.organisations.models import Category, Region, Sector
from consult.outreach import jobs, marks, service
from consult.outreach.models import Doubt, LetterLanguage, ListState, RowState, Stakeholder, StakeholderChapter, StakeholderRow
from consult.outreach.reading import read_list
from tests import factories
from tests.outreach.material import a_stakeholder, bring, csv_of, go_through

GOOD = ("LPEE", "Laboratoire", "lpee@example.org", "fr+ar", "1, 2", "BTP", "Casablanca", "Mme Alaoui")


def rows_of(brought) -> list[StakeholderRow]:
    return list(session.scalars(sa.select(StakeholderRow).where(StakeholderRow.list_id == brought.id).order_by(StakeholderRow.id)))


def doubts_of(brought) -> list[set[Doubt]]:
    return [set(row.found_doubts) for row in rows_of(brought)]


@pytest.fixture
def listed(app):
    organisation = factories.an_organisation(name_fr="Laboratoire public d’essais et d’études", name_ar=None, short="LPEE")
    finding.note_words(organisation)
    session.flush()
    return organisation


def test_a_good_row_is_understood_and_nothing_is_kept_yet(consultation, secretary):
    brought = bring(secretary, consultation, csv_of(GOOD))
    assert (brought.state, rows_of(brought)[0].state) == (ListState.READ, RowState.CLEAR)
    assert session.scalar(sa.select(sa.func.count()).select_from(Stakeholder)) == 0
    service.take(secretary, brought)
    assert go_through(brought) == [100]
    kept = session.scalars(sa.select(Stakeholder)).one()
    assert (kept.category, kept.sector, kept.region, kept.language, kept.contact) == (
        Category.LABORATORY, Sector.CONSTRUCTION, Region.CASABLANCA, LetterLanguage.BOTH, "Mme Alaoui")
    assert sorted(session.scalars(sa.select(StakeholderChapter.number))) == [1, 2]
    assert (brought.state, rows_of(brought)[0].state) == (ListState.READ, RowState.TAKEN)
    assert session.scalar(sa.select(sa.func.count()).select_from(OutgoingMail)) == 0


@pytest.mark.parametrize(("place", "text", "doubt"), [
    (0, "", Doubt.NAMELESS), (0, "…", Doubt.NAMELESS), (1, "", Doubt.CATEGORY), (1, "Association", Doubt.CATEGORY),
    (1, "xyz", Doubt.CATEGORY),
    (2, "", Doubt.NO_ADDRESS), (2, "lpee(at)example.org", Doubt.NO_ADDRESS), (2, "a@example.org, b@example.org", Doubt.NO_ADDRESS),
    (3, "espagnol", Doubt.LANGUAGE), (4, "9", Doubt.CHAPTERS), (4, "métrologie", Doubt.CHAPTERS), (5, "xyz", Doubt.SECTOR),
    (6, "Atlantide", Doubt.REGION), (0, "=1+1", Doubt.FORMULA), (0, "LP\x00EE", Doubt.SIGNS), (7, "n" * 400, Doubt.TOO_LONG),
])
def test_each_doubt(consultation, secretary, place, text, doubt):
    row = list(GOOD)
    row[place] = text
    brought = bring(secretary, consultation, csv_of(tuple(row)))
    assert doubts_of(brought) == [{doubt}]
    assert rows_of(brought)[0].state == RowState.DOUBTFUL


@pytest.mark.parametrize(("place", "text"), [
    (1, "laboratory"), (1, "LABORATOIRES"), (1, "مختبر"), (3, ""), (3, "Arabe"), (3, "العربية"), (3, "bilingue"), (4, "tous"),
    (4, "الباب 2"),
    (5, "Santé"), (5, ""), (6, "Rabat"), (6, "الدار البيضاء - سطات"), (2, "mailto:LPEE@Example.org"), (2, "\u200elpee@example.org"),
])
def test_what_is_understood_however_it_is_written(consultation, secretary, place, text):
    row = list(GOOD)
    row[place] = text
    assert doubts_of(bring(secretary, consultation, csv_of(tuple(row)))) == [set()]


def test_the_same_address_twice_in_one_file(consultation, secretary):
    brought = bring(secretary, consultation, csv_of(GOOD, ("Autre", "Entreprise", " LPEE@example.org ")))
    assert doubts_of(brought) == [set(), {Doubt.DOUBLED}]
    first, second = rows_of(brought)
    service.leave_out(secretary, first)
    assert doubts_of(brought)[1] == set()
    assert second.state == RowState.CLEAR


def test_an_address_that_is_known_already_and_one_that_wants_no_letters(consultation, secretary):
    a_stakeholder(consultation, address="lpee@example.org")
    marks.note_refusal("non@example.org")
    brought = bring(secretary, consultation, csv_of(GOOD, ("Autre", "Entreprise", "NON@example.org")))
    assert doubts_of(brought) == [{Doubt.KNOWN}, {Doubt.REFUSED}]
    with pytest.raises(service.StillDoubtful):
        service.correct_row(secretary, rows_of(brought)[1], typed=rows_of(brought)[1].typed, stands=True)
    assert doubts_of(brought)[1] == {Doubt.REFUSED}, "nobody says that a refusal does not count"


def test_an_address_is_not_said_to_have_an_account(consultation, secretary):
    factories.a_user(email="lpee@example.org")
    assert doubts_of(bring(secretary, consultation, csv_of(GOOD))) == [set()]


def test_an_organisation_much_like_a_listed_one(consultation, secretary, listed):
    rows = [("Laboratoire Public d'Essais et Études", "Laboratoire", "a@example.org"), ("LPEE", "Laboratoire", "b@example.org"),
            (listed.name_fr.upper(), "Laboratoire", "c@example.org"), ("Laboratoire des douanes", "Laboratoire", "d@example.org")]
    brought = bring(secretary, consultation, csv_of(*rows))
    assert doubts_of(brought) == [{Doubt.SIMILAR}, {Doubt.SIMILAR}, set(), set()]
    one = rows_of(brought)[0]
    service.correct_row(secretary, one, typed=one.typed, stands=True)
    assert (one.state, one.doubts) == (RowState.CLEAR, [])
    service.take(secretary, brought)
    go_through(brought)
    assert dict(session.execute(sa.select(Stakeholder.address, Stakeholder.organisation_id)).all()) == {
        "a@example.org": None, "c@example.org": listed.id, "d@example.org": None}


def test_a_row_is_corrected_or_left_out(consultation, secretary):
    brought = bring(secretary, consultation, csv_of(("LPEE", "xyz", "no"), ("Autre", "xyz", "b@example.org")))
    first, second = rows_of(brought)
    service.correct_row(secretary, first, typed={"organisation": "LPEE", "category": "laboratory", "address": "a@example.org"})
    assert first.state == RowState.CLEAR
    with pytest.raises(Invalid):
        service.correct_row(secretary, first, typed={"organisation": "a\x00b"})
    with pytest.raises(service.StillDoubtful) as refusal:
        service.correct_row(secretary, second, typed={"organisation": "=1+1", "category": "laboratory", "address": "b@example.org"})
    assert refusal.value.doubts == [Doubt.FORMULA], "nor is one typed"
    assert second.typed["organisation"] == "Autre", "what is refused is not written"
    service.leave_out_doubtful(secretary, brought)
    session.refresh(second)
    assert second.state == RowState.LEFT_OUT
    service.take(secretary, brought)
    go_through(brought)
    assert list(session.scalars(sa.select(Stakeholder.address))) == ["a@example.org"]
    session.refresh(first)
    with pytest.raises(Conflict, match="kept already"):
        service.correct_row(secretary, first, typed={})


def test_what_changed_since_it_was_looked_at_is_found_when_it_is_kept(consultation, secretary):
    brought = bring(secretary, consultation, csv_of(GOOD))
    marks.note_refusal("lpee@example.org")
    service.take(secretary, brought)
    go_through(brought)
    assert session.scalar(sa.select(sa.func.count()).select_from(Stakeholder)) == 0
    assert doubts_of(brought) == [{Doubt.REFUSED}]


def test_the_file_is_noted_and_its_source_asked_for(consultation, secretary):
    data = csv_of(GOOD)
    brought = bring(secretary, consultation, data, name="../liste\n.csv")
    assert (len(brought.digest), brought.file_name, brought.source) == (64, "../liste .csv", "Annuaire de la fédération")
    with pytest.raises(Invalid) as refusal:
        bring(secretary, consultation, data, source=" – ")
    assert refusal.value.field == "source"


def test_a_discarded_list_leaves_no_row(consultation, secretary):
    brought = bring(secretary, consultation, csv_of(GOOD))
    service.discard(secretary, brought)
    assert rows_of(brought) == []
    with pytest.raises(Conflict):
        service.take(secretary, brought)


def test_the_secretariat_alone_brings_lists(consultation, participant, secretary):
    for somebody in (participant, factories.a_user(role="moderator", commission=consultation.commissions[0])):
        with pytest.raises(NotAllowed):
            service.get_read_list(somebody, consultation, csv_of(GOOD), "a.csv")
        with pytest.raises(NotAllowed):
            bring(somebody, consultation, csv_of(GOOD))


def test_going_through_goes_on_where_it_was_killed(own_app, monkeypatch):
    monkeypatch.setattr(jobs, "BATCH", 2)
    data = csv_of(*(("Coopérative", "Entreprise", f"a{n}@example.org") for n in range(5)))
    with unit_of_work():
        consultation = factories.a_consultation()
        brought = service.import_list(SYSTEM, consultation, read=read_list(data, "a.csv"), data=data, file_name="a.csv", source="Annuaire")
    heard: list[int] = []

    def dies(percent: int) -> None:
        heard.append(percent)
        raise SystemExit
    with pytest.raises(SystemExit):
        jobs.go_through(brought.id, dies)
    while core_jobs.run_pending():
        pass
    session.rollback()
    counted = dict(session.execute(sa.select(StakeholderRow.state, sa.func.count()).group_by(StakeholderRow.state)).all())
    assert (heard, counted) == ([40], {RowState.CLEAR: 5})
