"""Who gets through which door: every address × method × role × phase, in one's own commission and another's, by others' identifiers too.

``permissions_by_http.txt`` says it, and was read line by line: where a door opens otherwise, this test names it. It is written anew by
``CONSULT_WRITE=1 pytest -k written tests/house/test_permissions_by_http.py`` (read what changes before it is kept).
"""

import os
from collections import defaultdict
from pathlib import Path

import pytest
import sqlalchemy as sa

from consult.consultations.models import Consultation, Phase, Role
from consult.core.db import session
from tests import factories
from tests.conftest import app_on
from tests.house.fuzz_places import as_built, closed, in_synthesis, preparation, submitted
from tests.house.fuzz_site import Site
from tests.house.test_permissions import EXPECTED

DOORS = Path(__file__).parent / "permissions_by_http.txt"
ROLES = ("visitor", "participant", "other", "moderator", "rapporteur", "elsewhere", "chair", "secretariat", "administrator")
NO_DOORS = {"static", "security.static", "security.logout", "healthz", "readyz"}
ASKS_TO_SIGN_IN = ("/login", "/us-verify")


def adopted(consultation: Consultation) -> None:
    submitted(consultation)
    consultation.phase = Phase.ADOPTED


PHASES = {"preparation": preparation, "open": as_built, "closed": closed, "synthesis": in_synthesis, "submitted": submitted,
          "adopted": adopted}


@pytest.fixture
def site(databases, with_chapter, tmp_path):
    """The one of the fuzz, with somebody who has nothing to do with its things, and a rapporteur of another commission."""
    with app_on(databases.new_database(with_chapter), tmp_path / "data") as app:
        consultation = session.scalars(sa.select(Consultation)).one()
        site = Site(app, consultation)
        site.people["other"] = factories.a_user(organisation=factories.an_organisation())
        site.people["elsewhere"] = factories.a_user(role=Role.RAPPORTEUR, commission=consultation.commissions[1])
        site.cookies = {"visitor": "", **{role: site.cookie_of(person) for role, person in site.people.items()}}
        session.commit()
        yield site


def doors(site: Site) -> list[tuple[str, str]]:
    return sorted({(rule.endpoint, method) for rule in site.app.url_map.iter_rules() for method in rule.methods & {"GET", "POST"}
                   if rule.endpoint not in NO_DOORS})


def opens(site: Site, endpoint: str, method: str, role: str) -> bool:
    """Whether somebody gets as far as an answer that is not a refusal: a page, an act, or what is wrong with what they sent."""
    address = site.address(endpoint, method)
    with site.taken_back(), site.client.open(
            address, method=method, headers={"Cookie": site.cookies[role], "Origin": "http://localhost"}) as answer:
        assert answer.status_code < 500, (endpoint, method, role)
        leads_to_sign_in = answer.status_code in (302, 303) and any(end in answer.location for end in ASKS_TO_SIGN_IN)
        return not leads_to_sign_in and answer.status_code not in (401, 403, 404)


Through = dict[tuple[str, str], dict[str, tuple[str, ...]]]  # (endpoint, method) → role → the phases in which they get through


def seen(site: Site, phase: str, looked_at: list[tuple[str, str]]) -> set[tuple[str, str, str]]:
    with site.as_it_was(PHASES[phase]):
        return {(endpoint, method, role) for endpoint, method in looked_at for role in ROLES if opens(site, endpoint, method, role)}


def written(through: Through) -> str:
    lines = []
    for (endpoint, method), roles in sorted(through.items()):
        by_phases: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for role, phases in roles.items():
            by_phases[phases].append(role)
        for phases, who in by_phases.items():
            called = "everybody" if len(who) == len(ROLES) else " ".join(who)
            lines.append(f"{method:5}{endpoint:40}{called:86}{'*' if len(phases) == len(PHASES) else ' '.join(phases)}".rstrip())
    return "\n".join(lines) + "\n"


def read() -> Through:
    through: Through = defaultdict(dict)
    for line in DOORS.read_text().splitlines():
        method, endpoint, who, phases = line[:5].strip(), line[5:45].strip(), line[45:131].split(), line[131:].split()
        for role in ROLES if who == ["everybody"] else who:
            through[endpoint, method][role] = tuple(PHASES) if phases == ["*"] else tuple(phases)
    return through


def asked_in(phase: str, site: Site, known: Through) -> list[tuple[str, str]]:
    """All doors that open by phases, and each of the others in one phase, one after the other."""
    turns = list(PHASES)
    return [door for place, door in enumerate(doors(site)) if turns[place % len(turns)] == phase
            or any(len(phases) < len(turns) for phases in known.get(door, {}).values())]


@pytest.mark.slow
@pytest.mark.parametrize("phase", PHASES)
def test_every_door_opens_to_whom_it_should_and_when(site, phase):
    known = read()
    looked_at = asked_in(phase, site, known)
    expected = {(*door, role) for door in looked_at for role, phases in known.get(door, {}).items() if phase in phases}
    assert sorted(seen(site, phase, looked_at) ^ expected) == []


@pytest.mark.skipif("CONSULT_WRITE" not in os.environ, reason="writes the list of doors anew")
def test_the_list_of_doors_is_written(site):
    through: Through = defaultdict(dict)
    for phase in PHASES:
        for endpoint, method, role in sorted(seen(site, phase, doors(site)), key=lambda door: ROLES.index(door[2])):
            roles = through[endpoint, method]
            roles[role] = (*roles.get(role, ()), phase)
    DOORS.write_text(written(through))


def test_the_doors_are_those_that_there_are(site):
    assert set(read()) <= set(doors(site))


def test_nobody_gets_through_by_another_s_number():
    """What belongs to the participant, by its number or reference, opens to nobody beside them and those in charge of it."""
    known = read()
    theirs = {("contributions.withdraw", "GET"), ("contributions.withdraw", "POST"), ("contributions.drop_draft", "POST"),
              ("contributions.receipt", "GET"), ("contributions.withdraw_reply", "GET"), ("contributions.withdraw_reply", "POST")}
    assert {role for door in theirs for role in known[door]} & {"visitor", "other", "elsewhere", "administrator"} == set()


def test_what_is_done_by_an_act_s_own_address_is_done_by_those_alone_whom_the_table_lets():
    """A command's own page, sent, opens to no role to which the table of permissions gives the act nowhere."""
    lets = defaultdict(set)
    for (action, _subject, role), phases in EXPECTED.items():
        if phases:
            lets[action].add(role)
    loose = [(endpoint, role) for (endpoint, method), roles in read().items() for role in roles
             if method == "POST" and endpoint in lets and role not in lets[endpoint] and (endpoint, role) not in SHOWN_AGAIN]
    assert loose == []


# Those who may look at the page, and to whom it shows what is missing in what they sent (the act itself is refused to them); a page of
# another act as well, which is theirs; what others said; and what everybody does for themselves.
SHOWN_AGAIN = {
    ("consultations.accept_invitation", "visitor"), ("consultations.accept_invitation", "participant"),
    ("organisations.accept_invitation", "visitor"),
    ("contributions.support", "participant"), ("moderation.flag", "participant"), ("synthesis.edit_item", "secretariat"),
    ("contributions.lodge", "visitor"), *(("moderation.uphold", role) for role in ("moderator", "rapporteur", "chair")),
    *(("chapters.import_chapter", role) for role in ("rapporteur", "elsewhere", "chair")), *(("privacy.forget", role) for role in ROLES),
    *((endpoint, role) for endpoint in (
        "accounts.remove_authenticator", "accounts.renew_recovery_codes", "accounts.set_up_authenticator", "news.choose",
    ) for role in ROLES[1:]),
}
