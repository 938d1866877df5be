"""Whatever is sent in the place of a form, or asked for in an address, is taken or refused: never a fault of ours, and what is refused
has changed nothing and says so in the reader's language.

Every address is found by itself; a form that is new says in ``tests/house/fuzz_places.py`` on which page it stands.
"""

import logging
import re
from collections.abc import Iterator
from datetime import timedelta

import lxml.html
import pytest
import sqlalchemy as sa

from consult.consultations.models import Consultation
from consult.core import health
from consult.core.db import session
from tests.conftest import app_on
from tests.house.fuzz_places import FILES, LISTED, NOT_THERE, PLACES, WITHOUT_FORM, Place
from tests.house.fuzz_site import Crashes, Site, Written
from tests.house.fuzzing import Field, Form, Pairs, all_at_once, attempts, encoded, other_types, queries, wrong_in, wrong_parts

ARABIC = re.compile(r"[\u0621-\u064a]")
# Where a page says what is wrong and what to do.
SAID = ("//*[contains(@class, 'error-summary')]//li | //*[contains(@class, 'error-page')]/p[contains(@class, 'lead')]"
        " | //*[contains(@class, 'error-page')]/h2/following-sibling::p[1] | //*[@role = 'alert'] | //*[contains(@class, 'notice-')]")
# A visitor's form waits behind the sign-in: no act, and nothing that anybody else sees.
KEPT = {"kept_form"}
# They answer scripts alone, in words that they show.
SCRIPTS_ADDRESS = re.compile(r"/contributions/(save/|organisation-drafts/[^/]*/save)")


@pytest.fixture(scope="module")
def site(databases, with_chapter, tmp_path_factory):
    with app_on(databases.new_database(with_chapter), tmp_path_factory.mktemp("data")) as app:
        yield Site(app, session.scalars(sa.select(Consultation)).one())


@pytest.fixture
def crashes():
    handler = Crashes()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def endpoints(site: Site, method: str) -> set[str]:
    return {rule.endpoint for rule in site.app.url_map.iter_rules() if method in rule.methods}


def test_every_address_is_tried(site):
    assert endpoints(site, "POST") == set(PLACES) | WITHOUT_FORM, "say in PLACES on which page its form stands, and how the site is then"
    assert endpoints(site, "GET") - FILES == set(LISTED), "list it in LISTED, and in PARTS what its address names"


def faults(answer, written: Written, crashes: Crashes, language: str) -> Iterator[str]:
    """What is wrong with an answer."""
    if crashes.told or answer.status_code >= 500:
        yield f"{answer.status_code} {crashes.told}"
    if answer.status_code < 400 and not answer.mimetype.startswith(("text/", "application/json", "application/atom")):
        return  # a document
    if "<script>alert" in answer.text or "Traceback (most recent" in answer.text:
        yield f"{answer.status_code}, and shows what it should not"
    if answer.status_code < 400:
        return
    if changed := set(written.tables) - KEPT:
        yield f"{answer.status_code}, and wrote to {sorted(changed)}"
    page = lxml.html.document_fromstring(answer.text or "<p>")
    is_for_a_script = answer.mimetype == "application/json" and SCRIPTS_ADDRESS.search(answer.request.path)
    if not is_for_a_script and (answer.mimetype != "text/html" or page.get("lang") != language):
        yield f"{answer.status_code} as {answer.mimetype} in {page.get('lang')}: {answer.text[:80]}"
    said = [answer.json["said"]] if is_for_a_script else [" ".join(part.text_content().split()) for part in page.xpath(SAID)]
    if not any(said):
        yield f"{answer.status_code} says nothing"
    if language == "ar":
        yield from (f"{answer.status_code} not in Arabic: {words}" for words in said if not ARABIC.search(words.rpartition("—")[2]))


# Forms


def shown(site: Site, endpoint: str) -> dict[str, Form]:
    """The form by the roles that are shown it."""
    found = {role: site.form(endpoint, role) for role in site.cookies}
    return {role: form for role, form in found.items() if form is not None}


def wholes(forms: dict[str, Form]) -> Iterator[tuple[str, str, Form, Pairs]]:
    """The form as it should be, by each role and each button."""
    for role, form in forms.items():
        for press in [[press] for press in form.buttons] or [[]]:
            yield role, f"whole {press}", form, [*form.pairs(), *press]


def wrongs(forms: dict[str, Form], place: Place, turn: int) -> Iterator[tuple[str, str, Form, Pairs]]:
    """Everything wrong, in turns by those whose forms have the same fields; now and then by another button than the one that matters."""
    most = max(forms.values(), key=lambda form: len(form.fields)).fields.keys()
    actors = [role for role, form in forms.items() if form.fields.keys() == most]
    for place_in_line, role in enumerate(actors):
        form = forms[role]
        usual = [press for press in form.buttons if press[1] == place.press][:1] or list(form.buttons[:1])
        others = [press for press in form.buttons if press not in usual]
        for number, (wrong, pairs) in enumerate((all_at_once if place.is_of_another else attempts)(form, turn)):
            if number % len(actors) == place_in_line:
                yield role, wrong, form, [*pairs, *usual] if pairs else []
                if others and number % 5 == 0:
                    press = others[number // 5 % len(others)]
                    yield role, f"{wrong} {press}", form, [*pairs, press]


def tried(site: Site, crashes: Crashes, sent: tuple[str, str, Form, Pairs], number: int) -> tuple[int, list[str]]:
    """(status, what is wrong) of one attempt, which is taken back."""
    role, wrong, form, pairs = sent
    language = ("fr", "ar")[number % 2]
    crashes.told.clear()
    body, content_type = encoded(pairs, is_multipart=form.is_multipart)
    with site.taken_back() as written, site.send(form.address, role, body, content_type, language) as answer:
        return answer.status_code, [f"{role}, {wrong}: {fault}" for fault in faults(answer, written, crashes, language)]


@pytest.mark.parametrize("endpoint", PLACES)
def test_a_form_takes_or_refuses_whatever_is_sent(site, crashes, endpoint):
    place = PLACES[endpoint]
    with site.as_it_was(place.so):
        forms = shown(site, endpoint)
        assert forms, "nobody is shown this form there"
        taken = [tried(site, crashes, sent, number) for number, sent in enumerate(wholes(forms))]
        refused = [tried(site, crashes, sent, number) for number, sent in enumerate(wrongs(forms, place, list(PLACES).index(endpoint)))]
    assert [fault for _status, found in (*taken, *refused) for fault in found] == []
    assert min(status for status, _found in taken) < 400 or not place.is_taken, "nothing wrong is refused where nothing is taken"


def test_what_no_page_sends_is_no_form(site, crashes):
    found = []
    with site.as_it_was():
        for endpoint, role in (("accounts.profile", "participant"), ("chapters.publish", "chair"), ("contributions.lodge", "visitor"),
                               ("moderation.publish_several", "moderator"), ("security.login", "visitor")):
            form = site.form(endpoint, role)
            for number, (wrong, body, content_type) in enumerate(other_types(form)):
                language = ("fr", "ar")[number % 2]
                crashes.told.clear()
                with site.taken_back() as written, site.send(form.address, role, body, content_type, language) as answer:
                    found += [f"{endpoint}, {wrong}: {fault}" for fault in faults(answer, written, crashes, language)]
    assert found == []


def test_nothing_is_read_but_what_a_form_sends(site, crashes):
    """Asked of every address that takes a form, also of those that show none."""
    found = []
    with site.as_it_was():
        for endpoint in sorted(endpoints(site, "POST")):
            address = site.address(endpoint, "POST")
            with site.taken_back() as written, site.send(address, "secretariat", b'{"name": 5}', "application/json", "ar") as answer:
                found += [f"{endpoint}: {fault}" for fault in faults(answer, written, crashes, "ar")]
                assert answer.status_code == 415, endpoint
            if endpoint in WITHOUT_FORM:
                with site.taken_back() as written, site.send(address, "participant", b"", "", "ar") as answer:
                    found += [f"{endpoint}, empty: {fault}" for fault in faults(answer, written, crashes, "ar")]
    assert found == []


def test_a_token_is_refused_whatever_stands_in_it(site, crashes, monkeypatch):
    monkeypatch.setitem(site.app.config, "WTF_CSRF_ENABLED", True)
    found = []
    with site.as_it_was():
        form = site.form("organisations.mine", "participant")
        field = Field("csrf_token", "hidden", ("x.y.z",))
        for turn in (0, 1):
            for value in (*field.values, *wrong_in(field, turn)):
                body, content_type = encoded([*form.pairs(without="csrf_token"), ("csrf_token", value)], is_multipart=False)
                with site.taken_back() as written, site.send(form.address, "participant", body, content_type, "ar") as answer:
                    found += [f"{value!r}: {fault}" for fault in faults(answer, written, crashes, "ar")]
                    assert answer.status_code == 400
    assert found == []


# Addresses


def looked_at(site: Site, crashes: Crashes, address: str, role: str) -> tuple[int, list[str]]:
    crashes.told.clear()
    with site.taken_back() as written, site.look(address, role) as answer:
        language = "ar" if address.startswith("/ar/") else "fr"  # of what has no language in its address
        found = [*faults(answer, written, crashes, language), *([f"wrote to {written.tables}"] if written.tables else [])]
        return answer.status_code, [f"{address[:200]} as {role}: {fault}" for fault in found]


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch):
    """What the site promised has waited since it was made: no worker runs beside these tests."""
    monkeypatch.setattr(health, "LATE", timedelta(days=365))


@pytest.mark.parametrize("endpoint", LISTED)
def test_an_address_shows_a_page_or_says_that_there_is_none(site, crashes, endpoint):
    role, so = LISTED[endpoint]
    turn = list(LISTED).index(endpoint)
    with site.as_it_was(so):
        site.asked_names.clear()
        address = site.address(endpoint, "GET")
        status, found = looked_at(site, crashes, address, role)
        assert status < 400 or endpoint in NOT_THERE, f"{address} shows nothing to {role}"
        asked = sorted(site.asked_names)
        others = [site.address(endpoint, "GET", **{name: wrong}) for name, sample in site.parts(endpoint).items()
                  for wrong in wrong_parts(sample, turn)]
        for other in (*others, *queries(address, asked, turn)):
            found += looked_at(site, crashes, other, role)[1]
    assert found == []
