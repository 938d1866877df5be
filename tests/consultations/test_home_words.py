"""What whoever arrives reads first: why, who is asked, what one gets back, and a day on every step."""

from datetime import date, timedelta

import lxml.html
import pytest

from consult.adoption.models import Submission
from consult.consultations import service as consultations
from consult.consultations.models import MAX_BRIEF, Phase, Role
from consult.core.db import session
from consult.core.errors import Invalid
from consult.core.i18n import MOROCCO, utcnow
from tests import factories

WORDS = {
    "purpose_fr": "Pour que la qualité se prouve.", "purpose_ar": "لكي تثبت الجودة.", "audience_fr": "Tous ceux que la qualité touche.",
}


@pytest.fixture
def secretary(app):
    return factories.a_user(role=Role.SECRETARIAT)


def home(client, language: str = "en"):
    return lxml.html.fromstring(client.get(f"/{language}/").text)


def words_of(element) -> str:
    return " ".join(element.text_content().split())


def brief(page) -> list[str]:
    return [words_of(part) for part in page.xpath("//dl[@class='brief']//dd")]


def days_of(page) -> list[str]:
    return [words_of(step) for step in page.xpath("//ol[@class='step-row']//span[@class='date']")]


def test_the_home_page_says_why_and_who_is_asked(client, consultation, secretary):
    before = brief(home(client))
    assert len(before) == 1, "what one gets back stands there in any case"
    sent = client.sign_in(secretary).post("/fr/consultations/home-words", data=WORDS)
    assert (sent.status_code, sent.location) == (303, "/fr/consultations/dashboard")
    assert brief(home(client, "fr"))[:2] == [WORDS["purpose_fr"], WORDS["audience_fr"]]
    assert brief(home(client, "ar"))[:2] == [WORDS["purpose_ar"], WORDS["audience_fr"]], "what has no translation stands in French"
    assert brief(home(client))[2:] == before


def test_what_is_too_long_comes_back_as_it_was_typed(client, consultation, secretary):
    page = client.sign_in(secretary).post("/fr/consultations/home-words", data=WORDS | {"purpose_fr": "x" * (MAX_BRIEF + 1)})
    assert page.status_code == 422
    assert "x" * (MAX_BRIEF + 1) in page.text
    assert WORDS["audience_fr"] in page.text
    assert consultation.audience_fr == ""


def test_the_days_that_are_planned_follow_one_another(client, consultation, secretary):
    closing = consultation.closes_at.astimezone(MOROCCO).date()
    for field, days in (
        ("submission_planned_for", {"submission_planned_for": closing - timedelta(days=1)}),
        ("decision_planned_for", {"submission_planned_for": closing + timedelta(days=9), "decision_planned_for": closing}),
        ("decision_planned_for", {"decision_planned_for": closing - timedelta(days=1)}),
    ):
        with pytest.raises(Invalid) as refused:
            consultations.edit(secretary, consultation, **days)
        assert refused.value.field == field
        session.refresh(consultation)
        page = client.sign_in(secretary).post(
            "/en/consultations/home-words", data={name: day.isoformat() for name, day in days.items()})
        assert page.status_code == 422
        assert f'href="#{field}"' in page.text
        session.expire_all()
        assert (consultation.submission_planned_for, consultation.decision_planned_for) == (None, None), "what is refused is not recorded"


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
@pytest.mark.parametrize("phase", Phase)
def test_every_step_has_its_day_in_every_phase(client, phase, language):
    factories.a_consultation(phase=phase, opened_days_ago=-7 if phase == Phase.PREPARATION else 20)
    days = days_of(home(client, language))
    assert len(days) == 5
    assert all(days)


def test_a_planned_day_is_announced_until_the_true_one_is_known(client, consultation, secretary):
    consultation.rounds[0].closes_at = utcnow() + timedelta(days=5)
    assert days_of(home(client))[3:] == ["day not announced yet"] * 2
    consultations.edit(secretary, consultation, submission_planned_for=date(2127, 1, 28), decision_planned_for=date(2127, 3, 14))
    said = days_of(home(client))
    assert said[2].endswith("to 28 January 2127")
    assert said[3:] == ["planned for 28 January 2127", "planned for 14 March 2127"]
    desk = client.sign_in(secretary).get("/en/consultations/dashboard").text
    assert "28 January 2127" in desk
    assert "14 March 2127" in desk
    consultation.phase = Phase.SUBMITTED
    factories.saved(Submission(consultation=consultation, submitted_by_id=secretary.id, submitted_at=consultation.closes_at,
                              chain_position=1, chain_digest="0" * 64))
    assert days_of(home(client))[3].startswith("on ")


def test_a_day_that_the_closing_was_put_off_beyond_is_announced_no_more(client, consultation, secretary):
    closing = consultation.closes_at.astimezone(MOROCCO).date()
    consultations.edit(secretary, consultation, submission_planned_for=closing + timedelta(days=3))
    assert days_of(home(client))[3].startswith("planned for")
    consultations.extend(secretary, consultation, closes_at=consultation.closes_at + timedelta(days=10), reason="Demandé par beaucoup.")
    assert days_of(home(client))[3] == "day not announced yet"
    assert "no day announced" in client.sign_in(secretary).get("/en/consultations/dashboard").text
    consultations.edit(secretary, consultation, controller="Ministère")  # other settings are not held up by it
