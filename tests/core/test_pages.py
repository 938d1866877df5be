import gzip

import pytest

from consult.core import pages as module
from consult.core.pages import SEAM, Kept, Page, Pages, Parts, Readers, ReadyPages

BODY = b"<html><!--account-->entrer<!--/account--><p>" + b"texte " * 100 + b"</p></html>"


@pytest.fixture
def pages(monkeypatch):
    kept = Pages(fresh=0)
    monkeypatch.setattr(module, "pages", kept)
    return kept


class Answer:
    def __init__(self, app, path="/fr/", method="GET", query="", **headers) -> None:
        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, **headers}
        self.body = b"".join(app(environ, self.start))

    def start(self, status, headers) -> None:
        self.status, self.headers = status, dict(headers)


def behind(environ, start_response):
    start_response("200 OK", [])
    return [b"from the application"]


SESSIONS = {"fatima": {"_user_id": "f", "csrf_token": "t"}, "visitor": {}, "told": {"_user_id": "f", "_flashes": ["x"]}}
stamps = {"f": ("Fatima", 0)}
readers = Readers(stamps.get, fresh=0)
names = {"SESSION_COOKIE_NAME": "consult", "REMEMBER_COOKIE_NAME": "remember_token"}
app = ReadyPages(behind, names, lambda value: SESSIONS.get(value, {}), readers)
FROM_APPLICATION = b"from the application"


def ready(pages, stamp="s1", ask=None, path="/fr/") -> Page:
    page = pages.keep(stamp, Page(BODY, [("Content-Type", "text/html; charset=utf-8")]))
    pages.serve(path, stamp, ask or (lambda: stamp))
    return page


def test_an_unknown_page_is_the_applications(pages):
    assert Answer(app).body == FROM_APPLICATION


def test_a_ready_page_is_answered(pages):
    page = ready(pages)
    answer = Answer(app)
    assert (answer.status, answer.body) == ("200 OK", BODY)
    assert answer.headers["ETag"] == page.etag
    assert answer.headers["Content-Length"] == str(len(BODY))
    assert answer.headers["Content-Type"].startswith("text/html")


def test_it_is_packed_for_who_understands(pages):
    ready(pages)
    answer = Answer(app, HTTP_ACCEPT_ENCODING="br, gzip")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.body) == BODY
    assert len(answer.body) == int(answer.headers["Content-Length"]) < len(BODY)


def test_who_has_it_is_told_so(pages):
    page = ready(pages)
    answer = Answer(app, HTTP_IF_NONE_MATCH=page.etag)
    assert (answer.status, answer.body) == ("304 NOT MODIFIED", b"")
    assert Answer(app, HTTP_IF_NONE_MATCH='W/"other"').status == "200 OK"


@pytest.mark.parametrize("request_", [
    {"HTTP_COOKIE": "consult=fatima"}, {"HTTP_COOKIE": "consult=told"},
    {"HTTP_COOKIE": "a=b; remember_token=x"}, {"query": "page=2"}, {"method": "POST"}, {"path": "/ar/"},
])
def test_what_depends_on_the_reader_is_the_applications(pages, request_):
    ready(pages)
    assert Answer(app, **request_).body == FROM_APPLICATION


def test_a_strangers_cookie_changes_nothing(pages):
    ready(pages)
    assert Answer(app, HTTP_COOKIE="theme=dark").body == BODY


def test_a_session_without_account_reads_as_a_visitor(pages):
    ready(pages)
    assert Answer(app, HTTP_COOKIE="consult=visitor").body == BODY
    assert Answer(app, HTTP_COOKIE="consult=forged").body == BODY


def test_a_known_reader_gets_the_kept_account_until_it_changes(pages):
    ready(pages)
    readers.keep("f", "/fr/", "t", b"Fatima")
    answer = Answer(app, HTTP_COOKIE="consult=fatima")
    assert answer.body == BODY.replace(b"entrer", b"Fatima")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in answer.headers
    stamps["f"] = ("Fatima", 1)
    assert Answer(app, HTTP_COOKIE="consult=fatima").body == FROM_APPLICATION
    readers.clear()


def test_a_reader_gets_one_packed_stream(pages):
    page = ready(pages)
    readers.keep("f", "/fr/", "t", b"Fatima")
    for _ in range(2):
        answer = Answer(app, HTTP_COOKIE="consult=fatima", HTTP_ACCEPT_ENCODING="gzip")
        assert answer.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(answer.body) == BODY.replace(b"entrer", b"Fatima")
        assert len(answer.body) == int(answer.headers["Content-Length"]) < len(BODY)
    assert gzip.decompress(page.packed_with_account(b"")) == BODY.replace(b"entrer", b"")
    readers.clear()


def test_one_readers_account_is_never_anothers(pages):
    ready(pages)
    readers.keep("f", "/fr/", "t", b"Fatima")
    SESSIONS["ali"] = {"_user_id": "a", "csrf_token": "t"}
    SESSIONS["fatima-elsewhere"] = {"_user_id": "f", "csrf_token": "other"}
    assert Answer(app, HTTP_COOKIE="consult=ali").body == FROM_APPLICATION
    assert Answer(app, HTTP_COOKIE="consult=fatima-elsewhere").body == FROM_APPLICATION
    readers.clear()


def test_an_old_stamp_is_not_served(pages):
    stamps = ["s1", "s2", "s2"]
    ready(pages, ask=lambda: stamps.pop(0))
    assert Answer(app).body == BODY
    assert Answer(app).body == FROM_APPLICATION
    assert Answer(app).body == FROM_APPLICATION


def test_a_stamp_that_cannot_be_asked_is_no_crash(pages, caplog):
    def ask():
        raise OSError

    ready(pages, ask=ask)
    assert Answer(app).body == FROM_APPLICATION
    assert "could not be asked" in caplog.text


def test_the_stamp_is_asked_at_most_every_half_second(pages, monkeypatch):
    monkeypatch.setattr(pages, "fresh", 60)
    asked = []
    ready(pages, ask=lambda: asked.append(1) or "s1")
    for _ in range(5):
        assert Answer(app).body == BODY
    assert asked == []


def test_each_reader_gets_their_own_account(pages):
    page = ready(pages)
    own = page.with_account(b"Fatima")
    assert own == BODY.replace(b"entrer", b"Fatima")
    assert page.with_account(b"Ali") == BODY.replace(b"entrer", b"Ali"), "the kept page is not touched"


@pytest.fixture
def room_for_five(monkeypatch):
    monkeypatch.setattr(module, "CAPACITY", 5 * Page(BODY, []).weight)


def test_the_oldest_pages_give_way(pages, room_for_five):
    for number in range(8):
        pages.keep(number, Page(BODY, []))
    assert [pages.get(number) is not None for number in range(8)] == [False] * 3 + [True] * 5


def test_a_page_that_is_made_again_is_counted_once(pages, room_for_five):
    for number in range(5):
        for _again in range(3):
            pages.keep(number, Page(BODY, []))
    assert all(pages.get(number) for number in range(5))


def test_a_page_larger_than_all_the_room_is_kept_alone(pages, monkeypatch):
    monkeypatch.setattr(module, "CAPACITY", 10)
    for number in range(3):
        pages.keep(number, Page(BODY, []))
    assert [pages.get(number) is not None for number in range(3)] == [False, False, True]


def test_a_page_that_gave_way_is_the_applications(pages, room_for_five):
    ready(pages)
    for number in range(5):
        pages.keep(number, Page(BODY, []))
    assert Answer(app).body == FROM_APPLICATION


def test_clearing_forgets_all(pages):
    ready(pages)
    pages.clear()
    assert Answer(app).body == FROM_APPLICATION


def test_the_same_bytes_have_the_same_tag():
    assert Page(BODY, []).etag == Page(BODY, []).etag != Page(BODY + b" ", []).etag
    assert Page(BODY, []).compressed == Page(BODY, []).compressed


# Parts


def test_what_is_the_same_for_all_is_answered_to_all(pages):
    """A piece of a page without an account: whoever reads it, known or not, gets the same bytes with their tag."""
    page = pages.keep("s1", Page(b"<div>texte</div>", [("Content-Type", "text/html")]))
    pages.serve("/fr/", "s1", lambda: "s1")
    for cookies in ({}, {"HTTP_COOKIE": "consult=fatima"}, {"HTTP_COOKIE": "consult=told"}):
        answer = Answer(app, **cookies)
        assert (answer.body, answer.headers["ETag"]) == (b"<div>texte</div>", page.etag)
        assert gzip.decompress(Answer(app, HTTP_ACCEPT_ENCODING="gzip", **cookies).body) == b"<div>texte</div>"


def test_a_part_is_kept_until_it_shows_something_else():
    parts, made = Parts(), []
    for shown in ((1, "a"), (1, "a"), (2, "a"), (2, "b")):
        assert parts.get_or_make("name", shown, lambda shown=shown: made.append(shown) or str(shown)) == str(shown)
    assert made == [(1, "a"), (2, "a"), (2, "b")]
    assert parts.get("name", (2, "b")) == "(2, 'b')"
    assert parts.get("name", (1, "a")) is None, "one of a name is kept"


def test_the_oldest_part_gives_way():
    kept = Kept(2)
    for name in (1, 2, 1, 3):
        kept.put(name, str(name))
    assert [kept.get(name) for name in (1, 2, 3)] == ["1", None, "3"]


def in_stretches(*words: bytes) -> bytes:
    """A page of an account and of stretches that are alike, each of its own words."""
    return b"<html><!--account-->entrer<!--/account-->" + SEAM.join(b"<p>la norme et " + word + b" texte</p>" * 50 for word in words)


def test_only_what_changed_of_a_page_and_what_comes_after_it_is_compressed_again(monkeypatch):
    module.stretches.clear()
    packed, plain = [], module.deflated
    monkeypatch.setattr(module, "deflated", lambda part, *rest, **more: packed.append(part) or plain(part, *rest, **more))
    words = [b"%d" % number for number in range(9)]
    first = Page(in_stretches(*words), [])
    assert len(packed) == 11
    packed.clear()
    second = Page(in_stretches(*words[:4], b"autre", *words[5:]), [])
    assert [part[15:20] for part in packed if part != b"entrer"] == [b"autre", b"5 tex"]
    for page in (first, second):
        assert gzip.decompress(page.compressed) == page.body
        assert gzip.decompress(page.packed_with_account(b"Fatima")) == page.body.replace(b"entrer", b"Fatima")


def test_stretches_may_repeat_each_other_but_never_the_account():
    page = Page(in_stretches(*[b"mot"] * 12), [])
    assert len(page.compressed) < len(gzip.compress(page.body)) + 250
    own = [len(page.packed_with_account(account)) for account in (b"<p>la norme et mot texte</p>" * 3, b"<p>xq zvjwk yb pfg hcudo</p>" * 3)]
    alone = [len(module.deflated(account)) for account in (b"<p>la norme et mot texte</p>" * 3, b"<p>xq zvjwk yb pfg hcudo</p>" * 3)]
    assert own[0] - own[1] == alone[0] - alone[1], "as long as it is by itself, whatever the page holds"


def test_a_long_stretch_is_looked_back_at_as_far_as_packing_may():
    noise = bytes(range(1, 256)) * 300
    page = Page(b"a" + noise + SEAM + noise + SEAM + b"b" + noise[:100], [])
    assert gzip.decompress(page.compressed) == page.body
