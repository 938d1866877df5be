"""A real server, a real worker, a real mail server and a real Chromium: nothing here knows how the platform is made."""

import fcntl
import shutil
from itertools import count

import pytest

from tests.story.people import Person
from tests.story.sites import Letters, Site, copy_of, make_demonstration

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]
LOCALES = {"fr": "fr-MA", "ar": "ar-MA"}


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": QUIET}


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory, worker_id):
    """The data folder of `consult demo`, made once for all processes of the run and never served itself."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    with open(shared / "demonstration.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        data = shared / "demonstration"
        return data if data.exists() else make_demonstration(data)


@pytest.fixture(scope="session")
def mailbox():
    server = Letters()
    yield server
    server.stop()


@pytest.fixture
def letters(mailbox):
    """The mail server, emptied of what earlier tests received."""
    mailbox.received.clear()
    return mailbox


@pytest.fixture(scope="session")
def site(demonstration, mailbox, tmp_path_factory):
    """One site for all tests that change nothing of weight."""
    site = Site(copy_of(demonstration, tmp_path_factory.mktemp("site") / "data"), mailbox.url)
    yield site.start()
    site.stop()


@pytest.fixture
def own_site(demonstration, letters, tmp_path):
    """A site of the test's own, to be changed, killed and started again."""
    site = Site(copy_of(demonstration, tmp_path / "data"), letters.url)
    yield site
    site.stop()


@pytest.fixture
def arrive(browser, letters, tmp_path):
    """``arrive(site, "fr")``: somebody with a browser of their own. At the end no browser may have complained or looked elsewhere."""
    contexts, people, numbers = [], [], count(1)

    def one(site: Site, language: str = "fr", *, width: int = 1280, **options) -> Person:
        context = browser.new_context(
            locale=LOCALES[language], timezone_id="Africa/Casablanca", viewport={"width": width, "height": 900}, **options
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        people.append(Person(site, letters, context.new_page(), language, tmp_path / f"downloads-{next(numbers)}"))
        people[-1].has_scripts = options.get("java_script_enabled", True)
        return people[-1]

    yield one
    for context in contexts:
        context.close()
    assert [fault for person in people for fault in person.faults] == []
