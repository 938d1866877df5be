"""The public list of contributions, and the addresses under which people look for one."""

import pytest

from consult.contributions.models import CommentType, ContributionState, Kind, Position
from consult.core.i18n import utcnow
from consult.organisations.models import Category
from tests import factories


@pytest.fixture
def said(block):
    """Two contributions that differ in all that can be asked, one of them of an organisation; one in each state that is not public."""
    company = factories.an_organisation(category=Category.COMPANY)
    plain = factories.a_published_contribution(
        block=block, author=factories.a_user(), body="En son nom propre.", position=Position.OPPOSED, kind=Kind.COMMENT,
        comment_type=CommentType.EDITORIAL)
    of_company = factories.a_published_contribution(
        block=block, body="هذا رأي شركة.", position=Position.IN_FAVOUR, kind=Kind.RECOMMENDATION, comment_type=CommentType.TECHNICAL,
        author=factories.a_user(organisation=company), language="ar")
    waiting = factories.a_contribution(block=block, body="Pas encore lue.")
    withheld = factories.a_contribution(block=block, body="Injurieuse.", state=ContributionState.WITHHELD)
    withdrawn = factories.a_contribution(block=block, body="Reprise.", state=ContributionState.WITHDRAWN, withdrawn_at=utcnow())
    return plain, of_company, waiting, withheld, withdrawn


def refs_in(client, query="") -> list[str]:
    page = client.get(f"/fr/contributions/{query}")
    assert page.status_code == 200
    return [part.partition('"')[0] for part in page.text.split('<article class="contribution')[1:] for part in part.split('id="')[1:2]]


def test_everybody_reads_the_list_newest_first_without_what_is_not_public(client, said):
    plain, of_company, waiting, withheld, withdrawn = said
    assert refs_in(client) == [withdrawn.ref, withheld.ref, of_company.ref, plain.ref]
    page = client.get("/fr/contributions/").text
    assert [words in page for words in ("En son nom propre.", "Pas encore lue.", "Injurieuse.", "Reprise.")] == [True, False, False, False]
    assert waiting.ref not in page


@pytest.mark.parametrize(("query", "expected"), [
    ("?position=opposed", [0]), ("?kind=recommendation", [1]), ("?comment_type=technical", [1]), ("?category=company", [1]),
    ("?category=own_name", [0]), ("?language_of=ar", [1]), ("?chapter=1&position=opposed&kind=comment", [0]),
    ("?position=opposed&category=company", []), ("?chapter=1", [4, 3, 1, 0]), ("?position=nonsense&language_of=xx&after=", [4, 3, 1, 0]),
])
def test_it_is_as_narrow_as_the_reader_asks_and_tells_no_more_of_what_was_taken_down(client, said, query, expected):
    assert refs_in(client, query) == [said[number].ref for number in expected]


def test_a_chapter_without_contributions_and_one_that_is_not_there(client, said):
    factories.a_chapter(said[0].chapter.consultation, number=2)
    assert refs_in(client, "?chapter=2") == []
    assert client.get("/fr/contributions/?chapter=9").status_code == 404


def test_its_pages_keep_the_filter(client, said, block, monkeypatch):
    monkeypatch.setattr("consult.contributions.service.reading.PAGE_SIZE", 2)
    more = [factories.a_published_contribution(block=block, position=Position.OPPOSED).ref for _n in range(2)]
    page = client.get("/fr/contributions/?position=opposed").text
    assert [ref in page for ref in (more[1], more[0], said[0].ref)] == [True, True, False]
    older = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "position=opposed" in older
    assert said[0].ref in client.get(older).text


@pytest.mark.parametrize("typed", ["{}", "{}/", "{}//"])
def test_a_reference_leads_to_its_contribution_however_it_is_typed(client, said, typed):
    ref = said[0].ref
    for written in (ref, ref.lower(), ref.capitalize()):
        page = client.get(f"/fr/contributions/{typed.format(written)}", follow_redirects=True)
        assert (page.status_code, page.request.path) == (200, f"/fr/contributions/{ref}")


def test_a_final_slash_leads_to_the_page_with_what_was_asked(client, said):
    answer = client.get("/fr/chapters/1/?x=1")
    assert (answer.status_code, answer.location) == (308, "/fr/chapters/1?x=1")
    assert client.get("/fr/contributions").location.endswith("/fr/contributions/")
    assert client.get("/fr/no-such-page/").status_code == 404
    elsewhere = client.get("//example.org/")
    assert (elsewhere.status_code, elsewhere.location) == (421, None)  # the browser of the tests asks another host for it
    assert client.post("/fr/chapters/1/").status_code in (404, 405)
