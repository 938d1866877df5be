"""The search page: what may not be read is not found, counted or suggested by anybody; addresses, remedies, and what it costs."""

import json
import re

import pytest
import sqlalchemy as sa

from consult.chapters import service as chapters
from consult.cli import cli
from consult.consultations.models import Role
from consult.contributions import service as contributions
from consult.contributions.models import ContributionDraft, ContributionState
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.search.models import SearchKey, SearchPosting, SearchWord
from tests import factories

HOSTILE = "<script>alert(1)</script> osmium <img src=x onerror=alert(2)> \u2067osmium"


def page(client, query="", language="fr"):
    answer = client.get(f"/{language}/search/{query}")
    assert answer.status_code == 200, answer.text[:300]
    return answer.text


@pytest.fixture
def planted(consultation, chapter, block, participant, rapporteur, indexed):
    """A marked word in each place that a visitor may not read: the words, each with the place."""
    said = factories.a_published_contribution(block=block, body="Un avis que tous lisent.")
    made = {
        "attente": lambda word: factories.a_contribution(block=block, body=word),
        "retenue": lambda word: factories.a_contribution(block=block, body=word, state=ContributionState.WITHHELD),
        "retirée": lambda word: factories.a_contribution(
            block=block, body=word, state=ContributionState.WITHDRAWN, withdrawn_at=utcnow(), author=participant),
        "brouillon": lambda word: factories.saved(ContributionDraft(token=f"t{word}", author_id=participant.id, block=block, fields={
            "body": word})),
        "offert": lambda word: factories.an_offered_draft(block=block, author=participant, fields={"body": word}),
        "réponse": lambda word: contributions.reply(participant, said, form_key="r1", body=word),
        "point": lambda word: factories.an_item(factories.a_synthesis(chapter), said, title=word, summary=word, rationale=word),
        "texte": lambda word: chapters.keep_working_draft(
            rapporteur, consultation, data=factories.markdown(1).replace("Former les", f"{word} les").encode()),
        "nom": lambda word: factories.a_published_contribution(block=block, author=factories.a_user(name=word)),
        "adresse": lambda word: factories.a_user(email=f"{word}@example.org"),
    }
    words = {}
    for number, (place, plant) in enumerate(made.items()):
        words[place] = f"secretissime{'abcdefghijkl'[number] * 3}"
        plant(words[place])
    indexed()
    return words


@pytest.mark.parametrize("who", ["visitor", "participant", "rapporteur", "secretary", "moderator"])
def test_nobody_can_tell_what_is_not_for_everybody_from_what_was_never_written(who, request, client, chapter, planted):
    if who == "moderator":
        client.sign_in(factories.a_user(role=Role.MODERATOR, commission=chapter.commission))
    elif who != "visitor":
        client.sign_in(request.getfixturevalue(who))
    for query in QUERIES:
        never = told(client, query, "secretissimezzz")
        for place, word in planted.items():
            assert told(client, query, word) == never, (place, query)


QUERIES = ("?q={}", "?q=%22{}%22+avis", "?q=-{}+avis&sort=newest&what=said")


def told(client, query: str, word: str) -> list[str]:
    """The pages for a word and for a misspelling of it, without the word itself and what differs from one page to the next."""
    told = []
    for typed in (word, word[:-1]):
        text = re.sub(r'name="csrf_token"[^>]*>|data-\w+="[^"]*"', "", page(client, query.format(typed)))
        told.append(text.replace(typed, "…"))
    return told


def test_the_index_holds_none_of_it(planted):
    kept = {row for model in (SearchPosting, SearchWord, SearchKey) for row in session.scalars(sa.select(model.word))}
    assert kept
    assert not {word for word in kept if word.startswith("secretissime")}
    assert not {key for key in session.scalars(sa.select(SearchKey.key)) if "secretissim" in key}


def test_the_command_answers_as_a_visitor_is_answered(app, block, planted, indexed):
    said = factories.a_published_contribution(block=block, body="De l’osmium pur.")
    indexed()
    session.commit()  # the command ends its own transaction each time
    runner = app.test_cli_runner()
    answer = runner.invoke(cli, ["search", "osmium", "--json"])
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert (found["count"], [one["ref"] for one in found["results"]]) == (1, [said.ref])
    assert found["results"][0]["address"].endswith(f"/fr/contributions/{said.ref}")
    assert found["results"][0]["marked"] == ["osmium"]
    for word in planted.values():
        told = json.loads(runner.invoke(cli, ["search", word, "--json"]).stdout)
        assert (told["count"], told["results"], told["near"].get(word, [])) == (0, [], [])
    assert "1 found" in runner.invoke(cli, ["search", "osmium"]).stdout
    assert "stands nowhere: try osmium" in runner.invoke(cli, ["search", "osmuim"]).stdout


def test_words_are_shown_as_words(client, block, indexed):
    factories.a_published_contribution(block=block, body=HOSTILE)
    indexed()
    assert "<script>alert" not in page(client, "?q=osmium+<script>alert(3)</script>")
    text = page(client, "?q=osmium")
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "<mark>osmium</mark>" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_the_box_stands_in_the_head_of_every_page(client, chapter):
    for path in ("/fr/", "/ar/chapters/1", "/en/contributions/", "/fr/search/", "/fr/nothing-there"):
        text = client.get(path).text
        assert '<form class="site-search" method="get"' in text, path
        assert f'action="/{path[1:3]}/search/"' in text, path


def test_addresses_are_kept_by_pages_and_filters(client, block, monkeypatch, indexed):
    for n in range(25):
        factories.a_published_contribution(block=block, body=f"De l’iridium {n}.")
    indexed()
    text = page(client, "?q=iridium&what=said&sort=newest&chapter=1&position=in_favour_with_changes")
    assert "25 résultats" in text
    older = text.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    for part in ("q=iridium", "what=said", "sort=newest", "chapter=1", "position=in_favour_with_changes", "after="):
        assert part in older
    assert page(client, older.partition("/search/")[2]).count('class="search-hit"') == 5
    nonsense = "?q=iridium&after=nonsense&sort=nonsense&chapter=99&what=x&position=x&organisation=none"
    assert page(client, nonsense).count('class="search-hit"') == 20


def test_an_empty_answer_says_what_to_try(client, block, indexed):
    factories.a_published_contribution(block=block, body="Du néodyme partout.")
    indexed()
    assert "?q=n%C3%A9odyme" in page(client, "?q=neodime")
    text = page(client, "?q=neodyme&position=opposed&chapter=1")
    assert "0 résultat" in text
    assert 'href="/fr/search/?q=neodyme&amp;chapter=1"' in text
    assert 'href="/fr/search/?q=neodyme&amp;position=opposed"' in text
    assert "sans les guillemets" in page(client, "?q=%22partout+néodyme%22")
    assert "Essayez avec moins de mots" in page(client, "?q=xqzxqz")
    assert "search-count" not in page(client), "nothing was asked for yet"


def test_what_concerns_me_needs_an_organisation(client, citizen, participant, block, indexed):
    factories.a_published_contribution(block=block, body="Du thulium.", author=factories.a_user())
    alike = factories.a_published_contribution(block=block, body="Du thulium aussi.")
    indexed()
    assert 'name="mine"' not in page(client)
    assert 'name="mine"' not in page(client.sign_in(citizen))
    text = page(client.sign_in(participant), "?q=thulium&mine=yes")
    assert "1 résultat" in text
    assert alike.ref in text


def test_it_asks_the_same_number_of_questions_whatever_it_finds(client, chapter, block, count_queries, indexed):
    def ask(number):
        factories.published_contributions(number, block=block)
        indexed()
        return count_queries(lambda: page(client, "?q=pr%C3%A9cisez+point+inconnu&chapter=1&sort=text"))
    few, many = ask(3), ask(60)
    assert few == many <= 12


def test_what_is_withdrawn_is_found_no_more_on_the_next_page(client, block, participant, indexed):
    said = factories.a_published_contribution(block=block, body="Du samarium.", author=participant)
    indexed()
    assert said.ref in page(client, "?q=samarium")
    contributions.withdraw(participant, said)
    assert said.ref not in page(client, "?q=samarium")
