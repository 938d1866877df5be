from dataclasses import replace

import pytest

from consult.contributions import jobs as letters
from consult.contributions import service
from consult.contributions.models import AnchorState, ContributionState
from consult.contributions.service import anchoring
from consult.contributions.service.anchoring import anchor_late
from consult.core import jobs, mail
from consult.core.db import session
from tests import factories
from tests.contributions.revising import A2, DROP, ELSEWHERE, REWORDED, last_of, quoting, revise
from tests.letters import letters_to


@pytest.fixture
def said(block):
    """Published on the action that the tests change."""
    return factories.a_published_contribution(block=block)


def work():
    session.commit()
    while jobs.run_pending():
        pass
    session.expire_all()


def test_authors_are_told_once_of_what_changed_under_their_words(chapter, block, participant):
    participant.language = "ar"
    first = factories.a_contribution(block=block, author=participant, body="Sur la liste.")
    second = quoting(block, "chaque année", author=participant, body="Sur le rythme.")
    quoting(block, "étalons nationaux", author=participant, body="Sur les étalons.")
    untouched = factories.a_contribution(block=factories.block_of(chapter, A2))
    silent = factories.a_contribution(block=block, state=ContributionState.WITHHELD)
    revision = revise(chapter, REWORDED)
    work()
    (letter,) = letters_to(participant)
    assert [ref in letter.body for ref in (first.ref, second.ref)] == [True, True]
    assert "Sur les étalons" not in letter.body
    assert len([line for line in letter.body.splitlines() if line.startswith("PNQ-")]) == 2
    assert "/ar/contributions/" in letter.body
    assert letters_to(untouched.author) == letters_to(silent.author) == []
    letters.tell_authors(revision.id, lambda percent: None)
    assert len(letters_to(participant)) == 1


@pytest.fixture
def guessed(chapter, monkeypatch):
    """Publishes a revision under which the alignment is not sure of any place."""
    real = anchoring.continuations

    def unsure(revision):
        ways, lost = real(revision)
        return {old: [replace(way, confidence=0.79) for way in parts] for old, parts in ways.items()}, dict.fromkeys(lost, 0.79)
    monkeypatch.setattr(anchoring, "continuations", unsure)

    def publish(*changes):
        revision = revise(chapter, *changes)
        work()
        return revision
    return publish


@pytest.mark.parametrize(("change", "words"), [(REWORDED, "chaque semestre"), (DROP, "chaque année")])
def test_a_guess_is_no_news_before_somebody_decided(guessed, said, rapporteur, change, words):
    guessed(change)
    assert letters_to(said.author) == []
    service.confirm_anchor(rapporteur, last_of(said))
    work()
    (letter,) = letters_to(said.author)
    assert words in letter.body


def test_a_guess_that_was_wrong_is_never_told(guessed, said, rapporteur):
    revision = guessed(DROP)
    service.reattach(rapporteur, last_of(said), key=A2)
    work()
    letters.tell_authors(revision.id, lambda percent: None)
    (letter,) = letters_to(said.author)
    assert "Former les techniciens" in letter.body


def test_nobody_is_told_again_of_what_was_dropped_before(chapter, said):
    revise(chapter, DROP)
    work()
    revise(chapter, DROP, ELSEWHERE)
    work()
    assert len(letters_to(said.author)) == 1


def test_telling_does_not_disturb_who_is_deciding(chapter, said, rapporteur):
    revise(chapter, REWORDED)
    expected_counter = last_of(said).row_counter
    work()
    service.confirm_anchor(rapporteur, last_of(said), expected_counter=expected_counter)
    assert (last_of(said).state, last_of(said).told_at is None) == (AnchorState.CONFIRMED, False)


def test_a_worker_that_dies_tells_nobody_twice(chapter, block, monkeypatch):
    authors = [factories.a_contribution(block=block).author for _n in range(mail.BATCH + 3)]
    revision = revise(chapter, REWORDED)
    session.commit()

    def killed(_percent):
        raise SystemExit
    with pytest.raises(SystemExit):
        letters.tell_authors(revision.id, killed)
    assert sum(len(letters_to(author)) for author in authors) == mail.BATCH
    heard = []
    letters.tell_authors(revision.id, heard.append)
    assert [len(letters_to(author)) for author in authors] == [1] * len(authors)
    assert heard == [100]


def test_a_batch_of_letters_is_read_in_few_queries(chapter, block, count_queries):
    for _n in range(mail.BATCH):
        factories.a_contribution(block=block)
    revision = revise(chapter, REWORDED)
    session.commit()
    session.expunge_all()
    assert count_queries(lambda: letters.word_revised(revision.id)) <= 3
    inserted = 2 * mail.BATCH  # each letter and the promise to send it
    assert count_queries(lambda: letters.tell_authors(revision.id, lambda percent: None)) <= inserted + 8


def test_what_changes_while_letters_are_worded_is_told_as_it_is_then(chapter, block, participant):
    kept = factories.a_contribution(block=block, author=participant)
    gone = factories.a_contribution(block=block, author=participant)
    revision = revise(chapter, REWORDED)
    session.commit()
    worded = letters.word_revised(revision.id)
    service.withdraw(participant, gone)
    session.commit()
    mail.post_current(letters.REVISED, revision.id, worded)
    assert letters_to(participant) == []
    session.commit()
    letters.tell_authors(revision.id, lambda percent: None)
    (letter,) = letters_to(participant)
    assert [ref in letter.body for ref in (kept.ref, gone.ref)] == [True, False]


@pytest.mark.counts_are_wrong
def test_progress_stays_a_share_when_more_is_lodged_meanwhile(chapter, block, monkeypatch):
    monkeypatch.setattr(mail, "BATCH", 1)
    contributions = [factories.a_contribution(block=block) for _n in range(2)]
    revision = revise(chapter, REWORDED)
    session.commit()
    heard, post = [], mail.post_current

    def posting(*args):
        if not heard:
            for _n in range(3):
                anchor_late(factories.a_contribution(block=block))
        return post(*args)
    monkeypatch.setattr(mail, "post_current", posting)
    letters.tell_authors(revision.id, heard.append)
    assert heard == [0, 25, 50, 75, 100]
    assert all(len(letters_to(said.author)) == 1 for said in contributions)


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_an_author_hears_of_a_decision_that_moves_or_leaves(chapter, said, rapporteur, language):
    said.author.language = language
    revise(chapter, REWORDED)
    work()
    service.confirm_anchor(rapporteur, last_of(said))
    work()
    assert len(letters_to(said.author)) == 1  # that the words changed: what is confirmed is no news
    service.reattach(rapporteur, last_of(said), key=A2)
    work()
    service.leave(rapporteur, last_of(said))
    work()
    told = letters_to(said.author)
    assert len(told) == 3
    assert "Former les techniciens" in told[1].body
    assert all(said.ref in letter.subject for letter in told[1:])
    assert f"/{language}/contributions/{said.ref}" in told[2].body


def test_of_decisions_in_a_row_the_last_is_told(chapter, said, rapporteur):
    revise(chapter, REWORDED)
    service.reattach(rapporteur, last_of(said), key=A2)
    service.leave(rapporteur, last_of(said))
    service.reattach(rapporteur, last_of(said), key="C1-A1")
    work()
    (letter,) = letters_to(said.author)
    assert "Mesurer" in letter.body


def test_the_demonstration_writes_to_nobody(chapter, said):
    with jobs.muted():
        revise(chapter, REWORDED)
    work()
    assert letters_to(said.author) == []
