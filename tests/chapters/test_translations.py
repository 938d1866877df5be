"""The languages of a chapter in step: marks, pages, confirmations, coverage."""

import threading

import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters import service
from consult.chapters.models import BlockKind, OutdatedTranslation
from consult.chapters.translations import TranslationState, coverage
from consult.consultations.models import Consultation, Role
from consult.core.audit import AuditEvent
from consult.core.config import resource_dir
from consult.core.db import session, unit_of_work
from consult.core.errors import Conflict, NotAllowed, NotFound
from consult.core.permissions import SYSTEM
from tests import factories

ACTION = "C1-A1-P1-a1"
OTHER = "C1-A1-P1-a2"
LIST, NEW_LIST = "liste des étalons nationaux", "liste des étalons nationaux et de leurs détenteurs"


def publish(consultation, language: str, *changes: tuple[str, str], data: str | None = None):
    """The next version in this language, with words replaced in what is published now."""
    chapter = service.get_chapter(consultation, 1)
    source = data or service.get_newest_revision(chapter, language).source
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    return service.import_chapter(SYSTEM, consultation, data=source.encode())


def stale(chapter) -> set[tuple[str, str]]:
    return {(mark.key, mark.language) for mark in service.list_outdated_translations(chapter)}


def only_mark(chapter) -> OutdatedTranslation:
    return session.scalars(sa.select(OutdatedTranslation).where(OutdatedTranslation.chapter_id == chapter.id)).one()


def row_of(chapter, key: str, language: str = "ar"):
    return next(row for row in service.get_translations(chapter, language).rows if row.key == key)


def shown_revisions(chapter) -> list[int]:
    return service.get_translations(chapter, "ar").shown_revisions


def events() -> list[tuple[str, int]]:
    rows = session.execute(sa.select(AuditEvent.action, AuditEvent.subject_id).where(AuditEvent.action.like("chapters.confirm%")))
    return [tuple(row) for row in rows]


# Marks


def test_the_delivered_texts_are_in_step(consultation):
    session.add_all(factories.Commission(consultation=consultation, number=n, title_fr=f"C{n}") for n in (3, 4, 5))
    session.flush()
    for path in sorted(resource_dir("policy_drafts").glob("*.md")):
        service.import_chapter(SYSTEM, consultation, data=path.read_bytes())
    rows = service.list_coverage(factories.a_user(role=Role.SECRETARIAT), consultation)
    covered = [row.others["ar"][1] for row in rows]
    assert session.scalar(sa.select(sa.func.count()).select_from(OutdatedTranslation)) == 0
    assert len(covered) == 5
    assert all(at.share == 1.0 and at.wanting == 0 and at.blocks > 150 for at in covered)


def test_a_french_change_marks_exactly_the_twins_of_what_changed(consultation, chapter):
    publish(consultation, "fr", (LIST, NEW_LIST), ("Former les techniciens", "Former et certifier les techniciens"))
    assert stale(chapter) == {(ACTION, "ar"), (OTHER, "ar")}


def test_what_was_renumbered_dropped_or_added_marks_nothing(consultation, chapter):
    publish(consultation, "fr", ("**Action 1.1.2**", "**Action 1.1.3**"), ("But du projet.\n", "But du projet.\n\nUn paragraphe.\n"),
            ("Intention de l’axe.\n", ""))
    assert stale(chapter) == set()
    states = {row.key: row.state for row in service.get_translations(chapter, "ar").rows if row.state != TranslationState.IN_STEP}
    assert sorted(states.values()) == [TranslationState.ALONE, TranslationState.MISSING]


def test_the_translation_catching_up_leaves_the_french_text_alone(consultation, chapter):
    publish(consultation, "fr", (LIST, NEW_LIST))
    publish(consultation, "ar", (LIST, NEW_LIST))
    assert stale(chapter) == {(ACTION, "ar")}
    assert row_of(chapter, ACTION).is_caught_up


def test_the_translation_changing_alone_marks_the_french_text(consultation, chapter):
    publish(consultation, "ar", (LIST, NEW_LIST))
    assert stale(chapter) == {(ACTION, "fr")}
    row = row_of(chapter, ACTION)
    assert row.state == TranslationState.STALE
    assert [edit.language for edit in row.edits] == ["ar"]


def test_both_sides_edited_at_once_wait_for_one_confirmation(consultation, chapter, rapporteur):
    publish(consultation, "fr", (LIST, NEW_LIST))
    publish(consultation, "ar", ("chaque année", "tous les deux ans"))
    assert stale(chapter) == {(ACTION, "ar")}
    assert [edit.language for edit in row_of(chapter, ACTION).edits] == ["fr", "ar"]
    service.confirm_translation(rapporteur, only_mark(chapter), shown_revisions=shown_revisions(chapter))
    assert stale(chapter) == set()
    publish(consultation, "ar", ("tous les deux ans", "tous les ans"))
    assert stale(chapter) == {(ACTION, "fr")}


def test_a_further_french_change_asks_for_the_translation_again(consultation, chapter):
    publish(consultation, "fr", (LIST, NEW_LIST))
    publish(consultation, "ar", (LIST, NEW_LIST))
    publish(consultation, "fr", ("chaque année", "tous les deux ans"))
    row = row_of(chapter, ACTION)
    assert not row.is_caught_up
    assert "tous les deux ans" in "".join(words for op, words in row.edits[0].segments if op == "insert")
    assert NEW_LIST.removeprefix(LIST) in "".join(words for op, words in row.edits[0].segments if op == "insert")


def test_after_a_confirmation_only_what_changed_since_is_shown(consultation, chapter, rapporteur):
    publish(consultation, "fr", (LIST, NEW_LIST))
    service.confirm_translation(rapporteur, only_mark(chapter), shown_revisions=shown_revisions(chapter))
    publish(consultation, "fr", ("chaque année", "tous les deux ans"))
    (edit,) = row_of(chapter, ACTION).edits
    assert "détenteurs" not in "".join(words for op, words in edit.segments if op != "equal")


def test_a_change_taken_back_shows_no_difference(consultation, chapter):
    publish(consultation, "fr", (LIST, NEW_LIST))
    publish(consultation, "fr", (NEW_LIST, LIST))
    row = row_of(chapter, ACTION)
    assert (row.state, row.edits) == (TranslationState.STALE, ())


def test_a_stale_passage_that_its_other_side_dropped_waits_for_nobody(consultation, chapter):
    publish(consultation, "fr", (LIST, NEW_LIST))
    text = service.get_newest_revision(chapter, "fr").source
    start, end = text.index("- **Action 1.1.1**"), text.index("- **Action 1.1.2**")
    publish(consultation, "fr", data=text[:start] + text[end:])
    assert stale(chapter) == set()
    assert row_of(chapter, ACTION).state == TranslationState.ALONE


# Confirming


def test_confirming_leaves_one_event_and_the_name(consultation, chapter, rapporteur):
    publish(consultation, "fr", (LIST, NEW_LIST))
    mark = only_mark(chapter)
    service.confirm_translation(rapporteur, mark, shown_revisions=shown_revisions(chapter))
    assert events() == [("chapters.confirm_translation", mark.id)]
    assert (mark.confirmed_by_id, mark.confirmed_at is not None) == (rapporteur.id, True)
    assert row_of(chapter, ACTION).state == TranslationState.IN_STEP


def test_confirming_twice_is_told_and_changes_nothing(consultation, chapter, rapporteur, secretary):
    publish(consultation, "fr", (LIST, NEW_LIST))
    mark = only_mark(chapter)
    read = shown_revisions(chapter)
    service.confirm_translation(rapporteur, mark, shown_revisions=read)
    with pytest.raises(Conflict, match="confirmed already"):
        service.confirm_translation(secretary, mark, shown_revisions=read)
    assert mark.confirmed_by_id == rapporteur.id
    assert len(events()) == 1


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_what_changed_since_it_was_read_is_not_confirmed(consultation, chapter, rapporteur, language):
    publish(consultation, "fr", (LIST, NEW_LIST))
    read = shown_revisions(chapter)
    publish(consultation, language, ("chaque année", "tous les deux ans"))
    with pytest.raises(Conflict, match="changed since"):
        service.confirm_translation(rapporteur, only_mark(chapter), shown_revisions=read)
    with pytest.raises(Conflict, match="changed since"):
        service.confirm_translation(rapporteur, only_mark(chapter), shown_revisions=[])


def test_a_version_that_leaves_the_passage_alone_does_not_hinder(consultation, chapter, rapporteur):
    publish(consultation, "fr", (LIST, NEW_LIST))
    read = shown_revisions(chapter)
    publish(consultation, "fr", ("But du projet", "Objet du projet"))
    service.confirm_translation(rapporteur, session.get(OutdatedTranslation, service.list_outdated_translations(chapter)[0].id),
                                shown_revisions=read)
    assert (ACTION, "ar") not in stale(chapter)


def test_all_that_were_edited_since_are_confirmed_at_once(consultation, chapter, rapporteur):
    publish(consultation, "fr", (LIST, NEW_LIST), ("Former les techniciens", "Former et certifier les techniciens"))
    publish(consultation, "ar", (LIST, NEW_LIST))
    assert service.confirm_translations(rapporteur, chapter, language="ar", shown_revisions=shown_revisions(chapter)) == 1
    assert stale(chapter) == {(OTHER, "ar")}
    assert events() == [("chapters.confirm_translations", chapter.id)]
    with pytest.raises(Conflict, match="No passage"):
        service.confirm_translations(rapporteur, chapter, language="ar", shown_revisions=shown_revisions(chapter))


def test_confirming_all_asks_for_the_page_as_it_is_now(consultation, chapter, rapporteur):
    publish(consultation, "fr", (LIST, NEW_LIST))
    publish(consultation, "ar", (LIST, NEW_LIST))
    read = shown_revisions(chapter)
    publish(consultation, "fr", ("But du projet", "Objet du projet"))
    with pytest.raises(Conflict, match="version was published"):
        service.confirm_translations(rapporteur, chapter, language="ar", shown_revisions=read)


def test_participants_do_not_confirm(consultation, chapter, participant):
    publish(consultation, "fr", (LIST, NEW_LIST))
    with pytest.raises(NotAllowed):
        service.confirm_translation(participant, only_mark(chapter), shown_revisions=shown_revisions(chapter))
    with pytest.raises(NotAllowed):
        service.list_coverage(participant, consultation)


def at_once(app, *acts) -> list[str]:
    """What each act, all begun together, came to."""
    told, ready = [], threading.Barrier(len(acts))

    def run(act) -> None:
        with app.app_context():
            try:
                ready.wait()
                with unit_of_work():
                    act()
                told.append("done")
            except Conflict as refusal:
                told.append(str(refusal))
            finally:
                session.remove()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(told)


@pytest.fixture
def waiting(own_app):
    """A stale passage where commits are real: its mark, its reader, and what they saw."""
    with unit_of_work():
        consultation = factories.a_consultation()
        chapter = factories.a_chapter(consultation, number=1)
        translator = factories.a_user(role=Role.SECRETARIAT)
        publish(consultation, "fr", (LIST, NEW_LIST))
        return own_app, only_mark(chapter).id, translator.id, shown_revisions(chapter)


def test_of_two_who_confirm_at_once_one_is_told(waiting):
    app, mark, translator, read = waiting

    def confirm() -> None:
        service.confirm_translation(session.get(User, translator), session.get(OutdatedTranslation, mark), shown_revisions=read)
    told = at_once(app, confirm, confirm, confirm)
    assert [words == "done" for words in told].count(True) == 1
    assert all("confirmed already" in words for words in told if words != "done")
    assert events() == [("chapters.confirm_translation", mark)]


def test_what_is_confirmed_while_it_is_published_was_read_or_refused(waiting):
    app, mark, translator, read = waiting

    def confirm() -> None:
        service.confirm_translation(session.get(User, translator), session.get(OutdatedTranslation, mark), shown_revisions=read)

    def revise() -> None:
        publish(session.scalars(sa.select(Consultation)).one(), "fr", ("chaque année", "tous les deux ans"))
    told = at_once(app, confirm, revise)
    chapter = service.list_chapters(session.scalars(sa.select(Consultation)).one())[0]
    assert "done" in told
    assert stale(chapter) == {(ACTION, "ar")}  # confirmed before: marked anew by the revision; after: refused


# Several chapters, three languages


def english(consultation):
    return publish(consultation, "en", data=factories.markdown(1, "fr").replace("language: fr", "language: en"))


def test_chapters_do_not_meddle_with_each_other(consultation, chapter, secretary):
    publish(consultation, "fr", (LIST, NEW_LIST))
    second = factories.a_chapter(consultation, number=2, languages=("fr", "ar"))
    source = service.get_newest_revision(second, "fr").source.replace("Former les techniciens", "Former et certifier les techniciens")
    service.import_chapter(SYSTEM, consultation, data=source.encode())
    third = factories.a_consultation()
    factories.a_chapter(third, number=1)
    assert stale(chapter) == {(ACTION, "ar")}
    assert stale(second) == {("C2-A1-P1-a2", "ar")}
    assert [row.others["ar"][1].of[TranslationState.STALE] for row in service.list_coverage(secretary, consultation)] == [1, 1]
    assert service.count_outdated_translations(secretary, consultation) == {chapter: 1, second: 1}
    assert list(service.count_outdated_translations(secretary, third).values()) == [0]


def test_a_third_language_is_marked_and_confirmed_like_the_second(consultation, chapter, rapporteur):
    english(consultation)
    publish(consultation, "fr", (LIST, NEW_LIST))
    assert stale(chapter) == {(ACTION, "ar"), (ACTION, "en")}
    mark = row_of(chapter, ACTION, "en").mark
    service.confirm_translation(rapporteur, mark, shown_revisions=shown_revisions(chapter))
    assert stale(chapter) == {(ACTION, "ar")}


def test_what_changed_in_the_second_shows_beside_the_third(consultation, chapter):
    english(consultation)
    publish(consultation, "ar", (LIST, NEW_LIST))
    assert stale(chapter) == {(ACTION, "fr"), (ACTION, "en")}
    row = row_of(chapter, ACTION, "en")
    assert [edit.language for edit in row.edits] == ["ar"]


# Coverage


def test_coverage_counts_each_state_once():
    french = {"a": BlockKind.PARAGRAPH, "b": BlockKind.PARAGRAPH, "c": BlockKind.LIST, "d": BlockKind.PARAGRAPH}
    other = {"a": BlockKind.PARAGRAPH, "b": BlockKind.PARAGRAPH, "c": BlockKind.PARAGRAPH, "e": BlockKind.PARAGRAPH}
    found = coverage(french, other, ["b", "e", "gone"])
    assert {state: found.of[state] for state in TranslationState} == dict.fromkeys(TranslationState, 1)
    assert (found.blocks, found.wanting, found.share) == (4, 3, 0.25)


def test_coverage_agrees_with_the_page_it_leads_to(consultation, chapter, secretary):
    publish(consultation, "fr", (LIST, NEW_LIST), ("Intention de l’axe.\n", ""), ("But du projet.\n", "But du projet.\n\nDe plus.\n"))
    (row,) = service.list_coverage(secretary, consultation)
    revision, found = row.others["ar"]
    shown = service.get_translations(chapter, "ar")
    assert (row.french.number, revision.number, row.others["en"]) == (2, 1, None)
    assert found == shown.coverage
    assert found.of[TranslationState.STALE] == 1


def test_a_passage_that_stands_nowhere_has_no_mark(chapter):
    with pytest.raises(NotFound):
        service.get_outdated_translation(chapter, 1)
