"""A real server, a real worker, a real mail server and a real Chromium: nothing here knows how the platform is made."""

import shutil
from itertools import count
from pathlib import Path

import pytest

from tests.conftest import SqliteFiles, demonstration_in
from tests.story.people import Person
from tests.story.sites import Letters, Site
from tests.waiting import PATIENCE

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
def data_folder(tmp_path_factory):
    """Makes a folder with a copy of the demonstration, in a file whatever the rest of the run uses: tests look into it."""
    demonstration = demonstration_in(SqliteFiles(tmp_path_factory.mktemp("database")), tmp_path_factory)

    def make(data: Path) -> Path:
        data.mkdir()
        shutil.copyfile(demonstration.removeprefix("sqlite:///"), data / "consult.sqlite")
        return data
    return make


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
def site(data_folder, mailbox, tmp_path_factory):
    """One site for all tests that change nothing of weight and wait for no letter."""
    site = Site(data_folder(tmp_path_factory.mktemp("site") / "data"), mailbox.url)
    yield site.start(with_worker=False)
    site.stop()


@pytest.fixture
def own_site(data_folder, letters, tmp_path):
    """A site of the test's own, to be changed, killed and started again."""
    site = Site(data_folder(tmp_path / "data"), letters.url)
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
        context.set_default_timeout(1000 * PATIENCE)
        contexts.append(context)
        people.append(Person(site, letters, context.new_page(), language, tmp_path / f"downloads-{next(numbers)}"))
        people[-1].has_scripts = options.get("java_script_enabled", True)
        return people[-1]

    yield one
    for context in contexts:
        context.close()
    assert [fault for person in people for fault in person.faults] == []
