"""Pages of a chapter's past: versions, comparisons, a passage's own page."""

import pytest

from consult.adoption.models import AdoptionDecision, CouncilOutcome, Submission
from consult.chapters import service
from consult.chapters.service import history
from consult.core.pages import pages
from consult.core.permissions import SYSTEM
from consult.synthesis.models import SynthesisState
from tests import factories

REWORDED = ("Publier chaque année la liste des étalons nationaux.", "Publier tous les deux ans la liste des étalons nationaux.")
DROPPED = factories.markdown()[factories.markdown().index("- **Action 1.1.2**"):factories.markdown().index("[^1]:")]
EARLIER = "this is no longer the text"


def publish(consultation, *changes: tuple[str, str], language: str = "fr"):
    """The next revision of the first chapter, made from the file with these changes."""
    text = factories.markdown(language=language)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return service.import_chapter(SYSTEM, consultation, data=text.encode())


@pytest.fixture
def three(consultation, chapter):
    """Three French versions: an action reworded, then the other one dropped."""
    return [service.get_newest_revision(chapter, "fr"), publish(consultation, REWORDED), publish(consultation, REWORDED, (DROPPED, ""))]


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
@pytest.mark.parametrize("address", [
    "revisions", "revisions/fr/1", "revisions/fr/3", "revisions/ar/1", "compare/fr/1/2", "compare/fr/1/3?only=all",
    "compare/fr/2/3?view=side", "compare/fr/1/3?view=side&only=all", "compare/ar/1/1",
])
def test_pages_are_public_in_each_language(client, three, language, address, count_queries):
    history.made.clear()
    answers = []
    assert count_queries(lambda: answers.append(client.get(f"/{language}/chapters/1/{address}"))) <= 12
    assert answers[0].status_code == 200
    assert f'<html lang="{language}"' in answers[0].text


@pytest.mark.parametrize("address", [
    "revisions/fr/9", "revisions/xx/1", "compare/fr/1/9", "compare/fr/9/10", "compare/en/1/2", "provisions/C1-A9",
    "revisions/fr/99999999999",
])
def test_what_never_was_is_not_found(client, three, address):
    assert client.get(f"/fr/chapters/1/{address}").status_code == 404


def test_who_is_signed_in_stays_so_on_a_page_that_is_not_found(client, three, rapporteur):
    page = client.sign_in(rapporteur).get("/fr/chapters/1/revisions/fr/9")
    assert page.status_code == 404
    assert rapporteur.name in page.get_data(as_text=True)


def test_the_chapter_leads_to_its_versions(client, three):
    page = client.get("/en/chapters/1").text
    assert 'href="/en/chapters/1/revisions"' in page
    assert 'href="/en/chapters/1/provisions/C1-A1-P1-a1"' in page


def test_the_list_counts_what_each_version_changed(client, three):
    page = client.get("/en/chapters/1/revisions").text
    assert page.count("First published version.") == 2  # of each language
    assert "/en/chapters/1/compare/fr/2/3" in page
    assert "/en/chapters/1/revisions/ar/1" in page
    assert "Deleted" in page


def test_who_published_is_not_told(client, consultation, chapter, secretary):
    text = factories.markdown().replace(*REWORDED)
    service.import_chapter(secretary, consultation, data=text.encode())
    assert secretary.name not in client.get("/en/chapters/1/revisions").text


def test_two_lists_lead_to_a_comparison(client, three):
    answer = client.get("/en/chapters/1/compare/fr?old=3&new=1")
    assert answer.location == "/en/chapters/1/compare/fr/1/3"
    assert client.get("/en/chapters/1/compare/fr?old=x").location == "/en/chapters/1/revisions"
    assert client.get("/en/chapters/1/compare/fr/3/1?view=side&only=all").location == "/en/chapters/1/compare/fr/1/3?view=side&only=all"


def test_an_earlier_version_says_so_and_stays_as_it_was(client, three):
    page = client.get("/en/chapters/1/revisions/fr/1").text
    assert EARLIER in page
    assert REWORDED[0] in page
    assert "/contributions/lodge/" not in page
    newest = client.get("/en/chapters/1/revisions/fr/3").text
    assert EARLIER not in newest
    assert REWORDED[1] in newest


def test_a_comparison_marks_words(client, three):
    page = client.get("/en/chapters/1/compare/fr/1/2").text
    assert "chaque année" in page
    assert "<del>" in page
    assert "[inserted " in page
    assert 'id="C1-A1-P1-a1"' in page
    assert "1 passage changed" in page
    assert 'lang="fr" dir="ltr"' in page


def test_changes_alone_and_the_whole_chapter(client, three):
    assert 'id="C1-A1-P1-a2"' not in client.get("/en/chapters/1/compare/fr/1/2").text
    assert 'id="C1-A1-P1-a2"' in client.get("/en/chapters/1/compare/fr/1/2?only=all").text


def test_french_words_on_an_arabic_page_keep_their_direction(client, three):
    page = " ".join(client.get("/ar/chapters/1/compare/fr/1/2").text.split())
    assert 'dir="rtl"' in page
    assert 'class="words" lang="fr" dir="ltr"' in page


def test_arabic_versions_are_compared(client, consultation, chapter):
    publish(consultation, ("Publier chaque année", "نشر كل سنة"), language="ar")
    page = client.get("/ar/chapters/1/compare/ar/1/2").text
    assert "<ins>" in page
    assert "نشر كل سنة" in page


def test_the_same_version_twice_says_that_nothing_differs(client, three):
    assert "Not a word differs" in client.get("/en/chapters/1/compare/fr/2/2").text


SECTION = """## Champ d’application

Le présent chapitre vise les laboratoires, les organismes et les entreprises du Royaume.

"""


def test_what_moved_is_shown_as_moved(client, consultation, chapter):
    publish(consultation, ("## Axe 1", SECTION + "## Axe 1"))
    publish(consultation, ("[^1]: Loi", SECTION + "[^1]: Loi"))
    page = client.get("/en/chapters/1/compare/fr/2/3").text
    assert "Moved" in page
    assert "moved from here" in page
    assert "<del>" not in page.split('class="rows"')[1]


def test_a_comparison_is_made_once(client, three, count_queries):
    first = count_queries(lambda: client.get("/fr/chapters/1/compare/fr/1/3"))
    assert count_queries(lambda: client.get("/fr/chapters/1/compare/fr/1/3?view=side")) < first


@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.parametrize("address", ["revisions", "revisions/fr/1", "compare/fr/1/2", "provisions/C1-A1-P1-a1"])
def test_as_many_questions_whatever_the_number_of_contributions(client, three, chapter, count_queries, secretary, address, signed_in):
    block = next(block for block in service.list_blocks(three[0]) if block.key == "C1-A1-P1-a1")
    if signed_in:
        client.sign_in(secretary)
    counts = []
    for more in (10, 60):
        factories.published_contributions(more, block=block, replacement="Publier la liste.")
        pages.clear()
        history.made.clear()
        counts.append(count_queries(lambda: client.get(f"/fr/chapters/1/{address}")))
    assert counts[0] == counts[1] <= 12


# A passage's own page


def passport(client, key="C1-A1-P1-a1", language="en", query=""):
    answer = client.get(f"/{language}/chapters/1/provisions/{key}{query}")
    assert answer.status_code == 200
    return answer.text


def test_a_passage_tells_all_its_versions(client, three):
    page = passport(client)
    assert "and the same words up to version 3" in page  # what the second version changed still stands
    assert "First published wording." in page
    assert "/en/chapters/1/revisions/fr/1#C1-A1-P1-a1" in page
    assert "/en/chapters/1/compare/fr/1/2?only=all#C1-A1-P1-a1" in page
    assert "<del>" in page
    assert "confidence" in page


def test_a_passage_has_an_address_to_cite(client, three):
    page = passport(client)
    assert "http://consult.test/en/chapters/1/provisions/C1-A1-P1-a1" in page
    assert "http://consult.test/en/chapters/1/revisions/fr/3#C1-A1-P1-a1" in page
    assert "chapter 1, passage \u2068C1-A1-P1-a1\u2069, version 3 (Français) of" in page


def test_a_dropped_passage_keeps_its_page(client, three):
    page = passport(client, "C1-A1-P1-a2")
    assert "since version 3" in page
    assert "no longer in the text. What" not in page  # its Arabic twin still stands
    assert "Former les techniciens" in page


def test_a_passage_that_no_language_has_any_more_says_so(client, consultation, three):
    publish(consultation, (DROPPED.replace("Action", factories.WORDS["ar"]["action"]), ""), language="ar")
    assert "no longer in the text. What" in passport(client, "C1-A1-P1-a2")


def test_a_passage_holds_what_was_said_in_any_version(client, consultation, three, chapter):
    on_first, on_last = (next(b for b in service.list_blocks(r) if b.key == "C1-A1-P1-a1") for r in (three[0], three[2]))
    first = factories.a_published_contribution(block=on_first, body="Sur la première.", replacement="Publier souvent.")
    last = factories.a_published_contribution(block=on_last, body="Sur la dernière.")
    hidden = factories.a_contribution(block=on_first, body="Pas encore publiée.")
    page = passport(client)
    assert first.ref in page
    assert last.ref in page
    assert hidden.ref not in page
    assert "version 1 (French)" in page
    assert "version 3 (French)" in page
    proposed = passport(client, query="?said=amendments")
    assert first.ref in proposed
    assert last.ref not in proposed


def test_many_contributions_come_by_twenty(client, three, count_queries):
    block = next(block for block in service.list_blocks(three[2]) if block.key == "C1-A1-P1-a1")
    author = factories.a_user(organisation=factories.an_organisation())
    said = [factories.a_published_contribution(block=block, author=author) for _ in range(100)]
    answers = []
    assert count_queries(lambda: answers.append(passport(client))) <= 12
    assert answers[0].count('class="contribution"') == 20
    assert said[-1].ref in answers[0]
    older = passport(client, query=f"?after={said[-20].id}")
    assert said[-21].ref in older
    assert said[-1].ref not in older


def test_answers_are_told_once_the_synthesis_is_public(client, three, chapter):
    block = next(block for block in service.list_blocks(three[2]) if block.key == "C1-A1-P1-a1")
    said = factories.a_published_contribution(block=block)
    synthesis = factories.a_synthesis(chapter, validated_at=said.submitted_at)
    factories.an_item(synthesis, said, title="Liste des étalons", rationale="Le texte le prévoit déjà.")
    assert "Liste des étalons" not in passport(client)
    synthesis.state = SynthesisState.SUBMITTED
    page = passport(client)
    assert "Liste des étalons" in page
    assert "Le texte le prévoit déjà." in page


def test_the_council_s_decision_stands_on_the_page(client, three, chapter, secretary):
    sealed = {"submitted_by_id": secretary.id, "chain_position": 1, "chain_digest": "0" * 64}
    sent = factories.saved(Submission(consultation=chapter.consultation, **sealed))
    factories.saved(AdoptionDecision(
        submission=sent, chapter=chapter, outcome=CouncilOutcome.ADOPTED_WITH_CHANGES, words="Avec une échéance.",
        decided_on=sent.submitted_at.date(), recorded_by_id=secretary.id,
    ))
    assert "Avec une échéance." in passport(client)


def test_a_split_passage_tells_both_ways(client, consultation, chapter):
    whole = (
        "Les laboratoires nationaux participent chaque année à des comparaisons internationales et en publient les résultats. "
        "Le ministère chargé du commerce finance leur matériel de référence sur cinq ans et rend compte de cet effort au Parlement."
    )
    publish(consultation, ("But du projet.", whole))
    publish(consultation, ("But du projet.", whole.replace("résultats. ", "résultats.\n\n")))
    assert "Another part of it became:" in passport(client, "C1-A1-P1-§1-b")
    assert "Made out of:" in passport(client, "C1-A1-P1-§2")


def test_an_earlier_version_shows_what_stood_on_it(client, consultation, three, chapter):
    block = next(block for block in service.list_blocks(three[0]) if block.key == "C1-A1-P1-a1")
    said = factories.a_published_contribution(block=block, body="Sur la première version.")
    left = factories.a_published_contribution(block=block, body="Restée là.")
    factories.change(left, current_key=None)
    unseen = factories.a_contribution(block=block)
    page = client.get("/en/chapters/1/revisions/fr/1").text
    assert said.ref in page
    assert left.ref in page
    assert unseen.ref not in page
    assert page.count("left on this version") == 1
    assert said.ref not in client.get("/en/chapters/1/revisions/fr/3").text


def test_an_earlier_version_shows_what_found_its_place_there(client, consultation, chapter, block):
    said = factories.a_published_contribution(block=block, body="Avant la révision.")
    publish(consultation, REWORDED)
    publish(consultation, REWORDED, (DROPPED, ""))
    assert said.ref in client.get("/en/chapters/1/revisions/fr/2").text


def test_an_earlier_version_is_kept_ready_until_something_is_said(client, three, count_queries):
    first = client.get("/fr/chapters/1/revisions/fr/1")
    assert client.get("/fr/chapters/1/revisions/fr/1", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert client.get("/fr/chapters/1/revisions/fr/2").headers["ETag"] != first.headers["ETag"]
    block = next(block for block in service.list_blocks(three[0]) if block.key == "C1-A1-P1-a1")
    said = factories.a_published_contribution(block=block)
    assert said.ref in client.get("/fr/chapters/1/revisions/fr/1").text


def test_a_comparison_that_gives_way_meanwhile_is_still_shown(chapter, three, monkeypatch):
    class GivesWay(dict):
        """Another thread drops each comparison right after it was seen to be there."""

        def __contains__(self, stamp):
            return super().__contains__(stamp) and self.pop(stamp) is not None

    monkeypatch.setattr(history, "made", GivesWay())
    first = service.get_comparison(three[0], three[1])
    assert service.get_comparison(three[0], three[1]).totals == first.totals
