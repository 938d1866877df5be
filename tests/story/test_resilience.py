"""What was acknowledged stays, what was typed stays, and nothing happens twice: whatever is killed, and whenever."""

import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from tests.story.people import Person
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.browser

PARTICIPANT = "karim-benzaytoun@fed-agro.example"
FORM = "contributions/lodge/1/C1-A7-P1-a1"
TYPED = "Mots que personne ne veut taper deux fois"


class Unfollowed(urllib.request.HTTPRedirectHandler):
    """The answer itself: where it sends us is what we want to know."""

    def redirect_request(self, *_arguments):
        return None


@pytest.mark.longest
def test_an_export_outlives_its_worker(own_site, arrive):
    own_site.start(with_worker=False)
    own_site.start_worker()
    secretary = arrive(own_site).sign_in("secretariat1@csnca.example")
    secretary.go("exports")
    secretary.press("form[action$='exports/request/dossier'] button")

    def job(columns: str) -> tuple:
        return own_site.ask(f"SELECT {columns} FROM job WHERE name = 'exports.make_export'")[0]  # noqa: S608 - our own words

    until(lambda: job("state") == ("running",), "the worker does not begin")
    own_site.kill(own_site.worker)
    assert job("state") == ("running",)
    # As if the minute after which a silent worker is taken for dead were over.
    own_site.tell("UPDATE job SET beat_at = '2020-01-01 00:00:00.000000' WHERE name = 'exports.make_export'")
    own_site.start_worker()
    until(lambda: "/download/" in secretary.fetch("exports"), "the document is never made")
    secretary.go("exports")
    assert job("state, attempts") == ("done", 2)
    assert own_site.ask("SELECT state FROM export") == [("ready",)]
    archive = secretary.download("a[href*='/download/']")
    assert own_site.run("verify", str(archive)).returncode == 0


def test_what_was_acknowledged_outlives_the_server(own_site, arrive):
    """The server is killed while fifty contributions come in; sent again afterwards, each is there, and there once."""
    own_site.start(with_worker=False)
    sender = Sender(arrive(own_site).sign_in(PARTICIPANT))
    enough = threading.Semaphore(0)
    before = own_site.ask("SELECT count(*) FROM contribution")[0][0]
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(sender.lodge, number, enough) for number in range(50)]
        for _acknowledged in range(15):
            assert enough.acquire(timeout=PATIENCE)
        own_site.kill(own_site.server)
    acknowledged = {number: answer.result() for number, answer in enumerate(answers) if answer.result()}
    assert 15 <= len(acknowledged) < 50
    own_site.start(with_worker=False)
    kept = dict(own_site.ask("SELECT ref, body FROM contribution WHERE body LIKE ?", f"{TYPED}%"))
    assert {ref: kept.get(ref) for ref in acknowledged.values()} == {ref: f"{TYPED}, {n}." for n, ref in acknowledged.items()}
    again = {number: sender.lodge(number, enough) for number in range(50)}
    assert {number: again[number] for number in acknowledged} == acknowledged
    assert own_site.ask("SELECT count(*) FROM contribution")[0][0] == before + 50
    assert own_site.ask("SELECT count(DISTINCT contribution_id) FROM receipt")[0][0] == before + 50
    assert own_site.run("verify").returncode == 0


class Sender:
    """Lodges over plain HTTP with the session of somebody who signed in."""

    def __init__(self, person: Person) -> None:
        person.go(FORM)
        self.url = person.page.url
        names = ("csrf_token", "block_id")
        self.fields = {name: person.page.locator(f"main form [name={name}]").last.get_attribute("value") for name in names}
        self.fields |= {"position": "neutral", "kind": "comment", "comment_type": "general", "speak_as": "self", "act": "submit"}
        self.cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in person.page.context.cookies())
        self.opener = urllib.request.build_opener(Unfollowed)

    def lodge(self, number: int, acknowledged: threading.Semaphore) -> str | None:
        """The reference, when the server acknowledges."""
        sent = {**self.fields, "form_key": f"resilience-test-key-{number:04}", "body": f"{TYPED}, {number}."}
        request = urllib.request.Request(  # noqa: S310 - our own server
            self.url, urllib.parse.urlencode(sent).encode(), {"Cookie": self.cookies, "Referer": self.url}
        )
        try:
            self.opener.open(request, timeout=PATIENCE)
        except urllib.error.HTTPError as answer:
            if answer.code != 303:
                raise
            acknowledged.release()
            return answer.headers["Location"].rpartition("/")[2]
        except OSError:
            return None
        raise AssertionError("the form came back")


def test_the_second_of_two_moderators_is_told(own_site, arrive):
    own_site.start(with_worker=False)
    rapporteur, secretary = (arrive(own_site).sign_in(f"{name}1@csnca.example") for name in ("rapporteur", "secretariat"))
    [(ref,)] = own_site.ask("SELECT min(ref) FROM contribution WHERE chapter_id = 1 AND state = 'submitted'")
    decisions = "SELECT verdict FROM moderation_decision JOIN contribution ON contribution.id = contribution_id WHERE ref = ?"
    for moderator in (rapporteur, secretary):
        moderator.go(f"moderation/{ref}")
    rapporteur.press(f"form[action*='publish/{ref}'] button")
    with secretary.page.expect_response(lambda response: f"publish/{ref}" in response.url) as told:
        secretary.page.click(f"form[action*='publish/{ref}'] button")
    assert told.value.status == 409
    assert secretary.sees("main h1")
    secretary.picture("second-moderator")
    assert own_site.ask(decisions, ref) == [("publish",)]


def test_text_outlives_the_session(site, arrive):
    """Signed out while typing, by an expired session or a cleared browser: sign in again, the text is there."""
    person = arrive(site).sign_in(PARTICIPANT)
    person.go(FORM)
    person.write(body=f"{TYPED}, {time.time_ns()}.")
    typed = person.page.input_value("[name=body]")
    person.page.context.clear_cookies()
    person.press("[name=act][value=submit]")
    person.picture("session-ended")
    assert person.page.input_value("[name=body]") == typed
    person.press("main .notice a[href*=login]")
    person.page.fill("[name=identity]", PARTICIPANT)
    person.page.fill("[name=passcode]", "demonstration-pnq")
    person.press("main [name=submit]")
    assert person.page.input_value("[name=body]") == typed
    person.press("[name=act][value=submit]")
    assert person.site.ask("SELECT body FROM contribution WHERE ref = ?", person.reference()) == [(typed,)]


def test_the_closing_second_keeps_what_was_typed(own_site, arrive):
    own_site.start(with_worker=False)
    person = arrive(own_site).sign_in(PARTICIPANT)
    person.go(FORM)
    person.write(body=TYPED)
    before = own_site.ask("SELECT count(*) FROM contribution")
    own_site.tell("UPDATE round SET closes_at = ?", datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"))
    with person.page.expect_response(lambda response: response.url.endswith(FORM)) as told:
        person.press("[name=act][value=submit]")
    assert told.value.status == 403
    assert TYPED in person.text()
    person.picture("closed")
    assert own_site.ask("SELECT count(*) FROM contribution") == before
