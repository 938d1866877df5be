"""Another language leads to the same page with the same list, and takes along what somebody typed there: asked of every page and form."""

from urllib.parse import unquote

import lxml.html
import pytest
import sqlalchemy as sa

from consult.core import refused
from consult.core.db import Base, session
from tests.conftest import app_on
from tests.house import crawling
from tests.sharing import folder_of_run

WORDS = "self::textarea or (self::input and (not(@type) or @type = 'text' or @type = 'email' or contains(@type, 'date')))"


@pytest.fixture(scope="module", params=crawling.ROLES)
def visit(request, databases, demonstration, tmp_path_factory):
    """(application, client of somebody with this role, what they can open in Arabic)."""
    with app_on(databases.new_database(demonstration), tmp_path_factory.mktemp("data")) as app:
        client = crawling.reader(app, request.param)
        yield app, client, crawling.crawled(
            folder_of_run(tmp_path_factory), request.param, "ar", lambda: crawling.pages(app, client, "ar"))


def own_fields(form):
    """Those into which words are typed."""
    return form.xpath(f".//*[({WORDS}) and @name and not(@readonly)]")


def rows() -> dict[str, int]:
    return {name: session.scalar(sa.select(sa.func.count()).select_from(table)) for name, table in Base.metadata.tables.items()}


def typed_in(form) -> list[tuple[str, str]]:
    """Something typed in each field for words, everything else as it stands."""
    sent = []
    for field in form.xpath(".//*[(self::input or self::textarea or self::select) and @name]"):
        kind = field.get("type", "")
        if field in own_fields(form):
            words = "« Tapé » <b>ici</b> & là,\n" if field.tag == "textarea" else "Tapé & gardé"
            sent.append((field.get("name"), f"{words} {len(sent)}"))
        elif kind == "hidden" or (kind in ("radio", "checkbox") and field.get("checked") is not None):
            sent.append((field.get("name"), field.get("value", "on")))
    return sent


def lost(client, address: str, form, language: str) -> list[str]:
    """What of the words typed in a form does not stand in its field on the page in another language."""
    [button] = form.xpath(f".//noscript//button[@formaction and @lang = '{language}']") or [None]
    if button is None:
        return [f"{address}: the form to {form.get('action')} has no other_languages()"]
    sent = typed_in(form)
    data: dict[str, list[str]] = {}
    for name, value in sent:
        data.setdefault(name, []).append(value)
    answer = client.post(button.get("formaction"), data=data, headers={"Origin": "http://localhost"})
    page = lxml.html.document_fromstring(answer.text)
    if answer.status_code != 200 or page.get("lang") != language:
        return [f"{address}: {answer.status_code}, in {page.get('lang')}"]
    held = page.xpath("//main//form//textarea/text() | //main//form//input/@value")
    there = {" ".join(value.split()) for value in held}
    return [f"{address}: {name} of the form to {form.get('action')}" for name, value in sent
            if "Tapé" in value and not refused.is_secret(name) and " ".join(value.split()) not in there]


def led_elsewhere(address: str, page) -> list[str]:
    """Languages of the head that lead to another page, another page of the list or other filters than this one."""
    links = {link.get("hreflang"): link.get("href") for link in page.xpath("//nav[@class = 'languages']/a")}
    return [f"{address}: {there}" for code, there in links.items() if unquote(there) != unquote(f"/{code}{address.removeprefix('/ar')}")]


def test_any_page_is_the_same_one_in_another_language(visit):
    _app, _client, pages = visit
    assert [there for address, _status, page in pages for there in led_elsewhere(address, page)] == []


def test_what_is_typed_in_any_form_comes_along_and_changes_nothing(visit):
    app, client, pages = visit
    found, seen = [], set()
    for address, _status, page in pages:
        for form in page.xpath("//main//form[@method = 'post']"):
            kind = crawling.kind_of(app, form.get("action") or address, "POST"), crawling.kind_of(app, address)
            words = [field for field in own_fields(form) if not refused.is_secret(field.get("name"))]
            if words and kind not in seen:
                seen.add(kind)
                before = rows()
                found += lost(client, address, form, "fr")
                assert rows() == before, f"{address} wrote something"
    assert seen
    assert found == []
