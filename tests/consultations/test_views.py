from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from consult.consultations import events
from consult.consultations.forms import from_morocco, to_morocco
from consult.consultations.models import ModerationMode, Phase, Role
from tests import factories

DESK = ("dashboard", "edit", "home-words", "schedule", "open", "close", "extend", "begin-synthesis", "appoint")


@pytest.fixture
def desk(client, secretary):
    """A browser signed in as the secretariat."""
    return client.sign_in(secretary)


def address(page: str, language: str = "en") -> str:
    return f"/{language}/consultations/{page}"


# Pages for everybody


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
@pytest.mark.parametrize("name", ["charter", "legal-notice", "help", "take-part"])
def test_prose_in_each_language(client, consultation, language, name):
    response = client.get(address(name, language))
    assert response.status_code == 200
    assert f'<html lang="{language}"' in response.text


def test_prose_without_any_consultation(client):
    assert client.get(address("take-part")).status_code == 200


# The desk


@pytest.mark.parametrize("name", DESK)
def test_the_desk_is_for_those_in_charge(client, consultation, participant, name):
    assert client.get(address(name)).status_code == 403
    client.sign_in(participant)
    assert client.get(address(name)).status_code == 403
    assert client.post(address(name)).status_code in (403, 405)


OUT_OF_PHASE = ("open", "schedule", "begin-synthesis")


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
@pytest.mark.parametrize("name", DESK)
def test_the_desk_in_each_language(desk, name, language):
    assert desk.get(address(name, language)).status_code == (403 if name in OUT_OF_PHASE else 200)


@pytest.mark.parametrize(
    ("phase", "name"), [(Phase.PREPARATION, "schedule"), (Phase.PREPARATION, "open"), (Phase.CLOSED, "begin-synthesis")]
)
def test_pages_of_other_phases(client, phase, name):
    factories.a_consultation(phase=phase, opened_days_ago=-3)
    client.sign_in(factories.a_user(role=Role.SECRETARIAT))
    assert client.get(address(name)).status_code == 200


def test_administrators_have_the_desk_too(client, consultation):
    client.sign_in(factories.a_user(role=Role.ADMINISTRATOR))
    assert client.get(address("dashboard")).status_code == 200


PHASES = {
    Phase.PREPARATION: "In preparation", Phase.OPEN: "Open", Phase.CLOSED: "Closed", Phase.SYNTHESIS: "Synthesis",
    Phase.SUBMITTED: "Submitted to the Council", Phase.ADOPTED: "Decided by the Council",
}


@pytest.mark.parametrize(("phase", "act"), [
    (Phase.PREPARATION, "schedule"), (Phase.OPEN, "extend"), (Phase.CLOSED, "begin-synthesis"), (Phase.SYNTHESIS, None),
    (Phase.SUBMITTED, None), (Phase.ADOPTED, None),
])
def test_the_desk_offers_the_next_act(client, monkeypatch, phase, act):
    monkeypatch.setattr(events.dashboard_counts, "fillers", [])
    consultation = factories.a_consultation(phase=phase)
    if phase == Phase.PREPARATION:
        consultation.round.opens_at += timedelta(days=20)
        consultation.round.closes_at += timedelta(days=20)
    client.sign_in(factories.a_user(role=Role.SECRETARIAT))
    text = client.get(address("dashboard")).text
    assert PHASES[phase] in text
    for other in ("schedule", "extend", "begin-synthesis"):
        assert (f'href="{address(other)}"' in text) == (other == act)


def test_the_desk_asks_for_the_cndp_number_first(client, prepared):
    prepared.cndp_number = ""
    client.sign_in(factories.a_user(role=Role.SECRETARIAT))
    assert "Enter the CNDP number" in client.get(address("dashboard")).text
    prepared.cndp_number = "D-1"
    assert "Set the dates" in client.get(address("dashboard")).text


def test_the_desk_shows_the_counts_of_other_rooms(desk, monkeypatch):
    count = events.Count("waiting for moderation", 1234, "/fr/moderation/")
    monkeypatch.setattr(events.dashboard_counts, "fillers", [lambda consultation: [count]])
    text = desk.get(address("dashboard")).text
    assert "waiting for moderation" in text
    assert 'href="/fr/moderation/"' in text


EDIT = {
    "title_fr": "Projet", "title_ar": "مشروع", "title_en": "", "controller": "Ministère", "recipients": "Commissions",
    "contact_email": "contact@example.org", "cndp_number": "D-77/2026", "moderation_mode": "after",
    "promised_hours": "24", "rephrasing_days": "10",
}


def test_settings(desk, consultation):
    assert 'checked id="moderation_mode-0"' in desk.get(address("edit")).text
    assert desk.post(address("edit"), data=EDIT).location == address("dashboard")
    assert (consultation.title_ar, consultation.title_en, consultation.cndp_number, consultation.moderation_mode) == (
        "مشروع", None, "D-77/2026", ModerationMode.AFTER)
    assert (consultation.promised_hours, consultation.rephrasing_days) == (24, 10)


@pytest.mark.parametrize(("over", "field"), [
    ({"cndp_number": ""}, "cndp_number"), ({"title_fr": ""}, "title_fr"), ({"contact_email": "contact"}, "contact_email"),
    ({"moderation_mode": "never"}, "moderation_mode"),
    ({"promised_hours": "0"}, "promised_hours"), ({"promised_hours": "bientôt"}, "promised_hours"),
    ({"rephrasing_days": "61"}, "rephrasing_days"),    ({"rephrasing_days": ""}, "rephrasing_days"),
])
def test_settings_say_what_is_wrong(desk, over, field):
    response = desk.post(address("edit"), data={**EDIT, **over})
    assert response.status_code == 422
    assert f'href="#{field}' in response.text


# Dates, in Morocco time


def test_dates_are_typed_in_morocco_time(client, prepared):
    client.sign_in(factories.a_user(role=Role.SECRETARIAT))
    with time_machine.travel(datetime(2026, 12, 1, tzinfo=UTC), tick=False):
        response = client.post(address("schedule"), data={"opens_at": "2027-01-15T09:00", "closes_at": "2027-02-20T23:59"})
        assert 'value="2027-01-15T09:00"' in client.get(address("schedule")).text
    assert response.location == address("dashboard")
    # UTC+1 in January; UTC in the night of 20 February 2027, which is in Ramadan.
    assert prepared.opens_at == datetime(2027, 1, 15, 8, tzinfo=UTC)
    assert prepared.closes_at == datetime(2027, 2, 20, 23, 59, tzinfo=UTC)


def test_the_hour_that_comes_twice_and_the_hour_that_is_skipped():
    twice = datetime(2027, 2, 7, 2, 30)  # noqa: DTZ001 - what a clock on the wall shows
    assert from_morocco(twice, last=True) - from_morocco(twice) == timedelta(hours=1)
    skipped = datetime(2027, 3, 14, 2, 30)  # noqa: DTZ001
    assert to_morocco(from_morocco(skipped)) != skipped


def test_an_hour_that_does_not_exist_is_refused(client, prepared):
    client.sign_in(factories.a_user(role=Role.SECRETARIAT))
    with time_machine.travel(datetime(2026, 12, 1, tzinfo=UTC), tick=False):
        response = client.post(address("schedule"), data={"opens_at": "2027-01-15T09:00", "closes_at": "2027-03-14T02:30"})
    assert response.status_code == 422
    assert "skip this hour" in response.text


@pytest.mark.parametrize("values", [{}, {"opens_at": "demain", "closes_at": "2027-02-20T23:59"},
                                    {"opens_at": "2027-01-15T09:00", "closes_at": "2027-01-20T09:00"}])
def test_wrong_dates_come_back(client, prepared, values):
    client.sign_in(factories.a_user(role=Role.SECRETARIAT))
    with time_machine.travel(datetime(2026, 12, 1, tzinfo=UTC), tick=False):
        response = client.post(address("schedule"), data=values)
    assert response.status_code == 422
    assert 'class="error-summary"' in response.text


def test_no_dates_without_the_number(client, prepared):
    prepared.cndp_number = ""
    client.sign_in(factories.a_user(role=Role.SECRETARIAT))
    with time_machine.travel(datetime(2026, 12, 1, tzinfo=UTC), tick=False):
        response = client.post(address("schedule"), data={"opens_at": "2027-01-15T09:00", "closes_at": "2027-02-20T23:59"})
    assert response.status_code == 403
    assert "CNDP" in response.text


# Acts


def test_opening_asks_first(client, app):
    consultation = factories.a_consultation(phase=Phase.PREPARATION, opened_days_ago=-3)
    client.sign_in(factories.a_user(role=Role.SECRETARIAT))
    client.get(address("open"))
    assert consultation.phase == Phase.PREPARATION
    assert client.post(address("open")).location == address("dashboard")
    assert consultation.phase == Phase.OPEN


def test_closing_early_is_refused_with_the_date(desk, consultation):
    assert "notice-warning" in desk.get(address("close")).text
    sent = {"reason": "Tout est dit."}
    assert desk.post(address("close"), data=sent).status_code == 409
    consultation.round.opens_at -= timedelta(days=10)
    assert desk.post(address("close"), data=sent).location == address("dashboard")
    assert consultation.phase == Phase.CLOSED


def test_an_extension_is_shown(desk, consultation):
    later = to_morocco(consultation.closes_at + timedelta(days=7)).strftime("%Y-%m-%dT%H:%M")
    assert desk.post(address("extend"), data={"closes_at": later, "reason": ""}).status_code == 422
    assert desk.post(address("extend"), data={"closes_at": later, "reason": "Le <b>Ramadan</b>"}).location == address("dashboard")
    assert "Le &lt;b&gt;Ramadan&lt;/b&gt;" in desk.get(address("dashboard")).text


def test_beginning_the_synthesis(client, app):
    consultation = factories.a_consultation(phase=Phase.CLOSED)
    client.sign_in(factories.a_user(role=Role.SECRETARIAT))
    assert client.post(address("begin-synthesis")).location == address("dashboard")
    assert consultation.phase == Phase.SYNTHESIS


def test_acts_out_of_their_phase_are_refused(desk):
    assert desk.post(address("open")).status_code == 403
    assert desk.post(address("begin-synthesis")).status_code == 403


# People


def test_appointing_and_dismissing(desk, consultation, citizen):
    values = {"email": citizen.email, "role": "chair", "commission": "2"}
    assert desk.post(address("appoint"), data=values).location == address("appoint")
    assert citizen.email in desk.get(address("appoint")).text
    assert desk.post(address("appoint"), data=values).status_code == 422
    appointment = citizen.appointments[0]
    assert desk.get(address(f"dismiss/{appointment.id}")).status_code == 200
    assert desk.post(address(f"dismiss/{appointment.id}")).location == address("appoint")
    assert not citizen.holds("chair")
    assert desk.get(address("dismiss/999999")).status_code == 404


@pytest.mark.parametrize(("over", "words"), [
    ({"email": "nobody@example.org"}, "no account"), ({"role": ""}, "Choose a role"), ({"commission": ""}, "needs a commission"),
])
def test_appointing_says_what_is_wrong(desk, consultation, citizen, over, words):
    response = desk.post(address("appoint"), data={"email": citizen.email, "role": "chair", "commission": "2", **over})
    assert response.status_code == 422
    assert words in response.text


def test_the_list_of_people_asks_as_much_whatever_its_length(desk, consultation, count_queries):
    few = count_queries(lambda: desk.get(address("appoint")))
    for _ in range(60):
        factories.a_user(role=Role.MODERATOR, commission=consultation.commissions[0])
    many = count_queries(lambda: desk.get(address("appoint")))
    assert few == many <= 12
