"""No page costs the database more because more was said: every page of every role, at ten, a thousand and ten thousand contributions.

Each is opened at the three sizes of the same text. No question is asked more often at the second than at the first, and there are
:data:`MOST_QUESTIONS` at most; at the third none reads a table that grows whole, sorts many of its rows, or has more to do than at the
second. What is not so yet stands in ``costly_pages.py``, a list that may only become shorter.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import pytest

from consult.consultations.models import Consultation, Phase
from consult.core import verification
from consult.core.db import Base, db, session
from consult.core.i18n import force_locale
from consult.core.pages import pages
from consult.search.service import matching, searching
from consult.synthesis.service import folds
from tests.benchmarks import filling
from tests.conftest import let_go, make_app
from tests.house.costly_pages import CAUSES, costly
from tests.house.fuzz_places import BY_PROVIDER
from tests.house.plans import GROWING, STAYING, Asked, caught, costs
from tests.house.test_web import rules
from tests.sharing import folder_of_run, made_once
from tests.visits import Visit, reader, subjects, visits

FEW, SOME, MANY = 10, 1_000, 10_000
MOST_QUESTIONS = 12
LITTLE = {"sqlite": 300, "postgresql": 150}
LIST = re.compile(r"\bIN \([^()]*\)")
VISITS = visits()
# Pages that are left out, with the reason.
LEFT_OUT = {
    "index": "leads to the home page", "healthz": "is no page", "readyz": "is no page", "metrics": "is no page", "static": "is no page",
    "kept_form": "shows the page of the form again", "accounts.remove_passkey": "asks for one row of one's own",
    **dict.fromkeys(("consultations.accept_invitation", "organisations.accept_invitation"), "asks for one row, by its key"),
    **dict.fromkeys(("consultations.invite_again", "consultations.withdraw_invitation"), "asks for one row, of those in charge"),
    **dict.fromkeys(sorted(BY_PROVIDER - {"accounts.go_to_provider"}), "asks for one's own row, of a provider that is not named here"),
    **dict.fromkeys((f"outreach.{name}" for name in ("correct_row", "discard", "invitation", "refuse", "show", "view_list")),
                    "is of a stakeholder or of a list, which do not grow with what is said: tests/outreach counts its questions"),
    **dict.fromkeys((f"reception.{name}" for name in ("bring", "check", "claim", "enter", "enter_table", "register", "show", "stubs")),
                    "is of one batch: tests/reception counts its questions"),
    "outreach.file": "sends everything, by its nature",
    **dict.fromkeys(("consultations.let_go", "consultations.send_again"), "is of a letter that did not leave, of which there is none"),
    "contributions.position_receipt": "shows what one person lodged together, by its one reference",
    "exports.position": "sends what one person lodged together, by its one reference",
    "exports.download": "sends a file that is ready",
    **dict.fromkeys(("contributions.read_file", "contributions.read_draft_file"), "sends one file, by its key"),
    **dict.fromkeys((f"forms.{name}" for name in ("discard", "download", "file", "place_row", "view_form")),
                    "is of one's own form or drafts: tests/forms counts its questions"),
    **dict.fromkeys(("exports.open_data_contributions", "exports.open_data_replies", "exports.open_data_decisions",
                     "exports.open_data_decisions_json"), "sends everything, by its nature"),
    "synthesis.read_whole": "sends everything, by its nature",
    "chapters.margin": "asks of some passages what the page of the chapter asks of others",
    "chapters.revision_margin": "asks of some passages what the page of the version asks of others",
    "journal.stamp": "sends a file that is ready", "privacy.download": "sends everything on one person",
    "journal.events_file": "sends everything, by its nature",
    "adoption.archive": "leads to a file", "adoption.document": "sends a file that is ready",
    "adoption.submission": "is there once the Council has the file, and shows what was sealed",
    "adoption.decide": "is there once the Council has the file, and shows what was sealed",
}


@dataclass(frozen=True)
class Site:
    app: Any
    found: dict[str, Any]


@pytest.fixture(scope="module")
def texts_alone(databases, migrated, tmp_path_factory) -> str:
    """A database with the demonstration's texts and people, in which nobody has spoken."""
    return filled(databases, migrated, tmp_path_factory, f"texts-alone-{databases.kind}", filling.tell_quietly)


@pytest.fixture(scope="module")
def sites(databases, texts_alone, tmp_path_factory):
    """By how much was said: an application on that database, which all processes of the run share."""
    made = {}
    for size in (FEW, SOME, MANY):
        url = filled(databases, texts_alone, tmp_path_factory, f"filled-{databases.kind}-{size}", filling.fill, size)
        app = make_app(url, tmp_path_factory.mktemp("data"))
        with app.app_context():
            made[size] = Site(app, subjects())
            session.remove()
    yield made
    for site in made.values():
        with site.app.app_context():
            db.engine.dispose()


def filled(databases, template, tmp_path_factory, name, act, *arguments) -> str:
    def make() -> str:
        url = databases.new_database(template)
        with make_app(url, tmp_path_factory.mktemp("data")).app_context(), force_locale("en"):
            act(*arguments)
            let_go()
        return url
    return made_once(folder_of_run(tmp_path_factory), name, make)


# The pages


@pytest.fixture(autouse=True)
def little_is_looked_at(monkeypatch):
    """The search looks at no more than so many things, which are more than stand in these databases."""
    for module, name, most in ((matching, "MOST_COUNTED", 10), (searching, "MOST_COUNTED", 10), (searching, "MOST_WALKED", 30),
                               (searching, "MOST_FOUND", 10), (searching, "MOST_READ", 10), (folds, "MOST_TALLIED", 10)):
        assert getattr(module, name) > most
        monkeypatch.setattr(module, name, most)


@pytest.mark.parametrize("visit", VISITS, ids=str)
def test_a_page_costs_as_little_whatever_was_said(sites, databases, monkeypatch, visit):
    if visit.phase:
        monkeypatch.setattr(Consultation, "current_phase", Phase(visit.phase))
    faults = list(faults_of(visit, sites, databases.kind))
    if str(visit) in costly(databases.kind):
        assert faults, f"{visit} is as it should be: take its line out of costly_pages.py"
    else:
        assert not faults, "\n".join(faults)


def faults_of(visit: Visit, sites: dict[int, Site], kind: str) -> Iterator[str]:
    asked = {size: asked_by(visit, site) for size, site in sites.items()}
    yield from more_often(asked[FEW], asked[SOME])
    if len(asked[SOME]) > MOST_QUESTIONS:
        yield f"{len(asked[SOME])} questions; there are {MOST_QUESTIONS} at most"
    with sites[SOME].app.app_context():
        small = costs(asked[SOME])
    with sites[MANY].app.app_context():
        large = costs(asked[MANY])
    for cost in large:
        yield from (f"{fault}: {cost.asked.told}" for fault in cost.faults)
    if len(small) != len(large):
        small, large = [max(small, key=lambda cost: cost.work)], [max(large, key=lambda cost: cost.work)]
    for before, after in zip_longest(small, large):
        if after.has_grown_from(before, LITTLE[kind]):
            yield f"does {after.work} instead of {before.work} for the same: {after.asked.told}"


def asked_by(visit: Visit, site: Site) -> list[Asked]:
    pages.clear()
    with site.app.app_context():
        client, person = site.app.test_client(), reader(visit.role)
        if person:
            client.sign_in(person)
        session.remove()
        with caught() as asked:
            answer = client.get(visit.path(site.found))
    assert answer.status_code < 400, f"{visit}: {answer.status_code}"
    return asked


def more_often(few: list[Asked], some: list[Asked]) -> Iterator[str]:
    """Questions that are asked again for each row; one that an empty list spared is not among them."""
    before = Counter(LIST.sub("IN ()", one.statement) for one in few)
    for statement, count in Counter(LIST.sub("IN ()", one.statement) for one in some).items():
        if count > max(1, before[statement]):
            yield f"asks {count} times instead of {before[statement]}: {Asked(statement, ()).told}"


# The lists are whole


def test_each_table_is_said_to_grow_or_to_stay():
    tables = set(Base.metadata.tables) | {"alembic_version"}
    assert tables == GROWING.keys() | STAYING.keys(), "class it in tests/house/plans.py, with the reason"
    assert not GROWING.keys() & STAYING.keys()


def test_each_page_has_its_line(app):
    at, numbers = app.url_map.bind("localhost"), dict.fromkeys(re.findall(r"\{(\w+)\}", "".join(visit.address for visit in VISITS)), 1)
    opened = {at.match(visit.path(numbers).partition("?")[0], method="GET")[0] for visit in VISITS}
    known = {rule.endpoint for rule in rules(app) if "GET" in rule.methods}
    known |= {"index", "static"}
    assert known - opened - LEFT_OUT.keys() == set(), "each needs a line in tests/visits.py"
    assert LEFT_OUT.keys() <= known - opened


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_list_of_costly_pages_names_pages(kind):
    assert costly(kind).keys() <= {str(visit) for visit in VISITS}


def test_each_cause_is_told_and_there():
    assert set(CAUSES) == {cause for kind in LITTLE for causes in costly(kind).values() for cause in causes}


# What judges them


def test_what_is_filled_is_found_well(sites):
    with sites[SOME].app.app_context():
        assert verification.verify_database() == []


@pytest.mark.parametrize(("statement", "is_flat"), [
    ("SELECT body FROM contribution WHERE id = 7", True),
    ("SELECT body FROM contribution ORDER BY id DESC LIMIT 20", True),
    ("SELECT count(*) FROM block", True),
    ("SELECT count(*) FROM contribution", False),
    ("SELECT count(*) FROM contribution WHERE chapter_id = 1", False),
    ("SELECT body FROM contribution ORDER BY body LIMIT 20", False),
    ("SELECT id FROM contribution WHERE body = 'nowhere' ORDER BY id LIMIT 20", False),
])
def test_what_grows_is_told_from_what_does_not(sites, databases, statement, is_flat):
    found = {}
    for size in (SOME, MANY):
        with sites[size].app.app_context():
            [found[size]] = costs([Asked(statement, ())])
    has_grown = found[MANY].has_grown_from(found[SOME], LITTLE[databases.kind])
    assert is_flat is not (has_grown or bool(found[MANY].faults))


def test_a_question_for_each_row_is_noticed():
    each, once = Asked("SELECT a FROM b WHERE c = ?", (1,)), Asked("SELECT a FROM b WHERE c IN (?, ?)", (1, 2))
    assert list(more_often([], [once])) == []
    assert list(more_often([each], [each])) == []
    assert list(more_often([once], [Asked("SELECT a FROM b WHERE c IN (?, ?, ?)", (1, 2, 3))])) == []
    assert len(list(more_often([each], [each, each]))) == 1


