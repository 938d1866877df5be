"""The secretariat's desk: the chapters in one table, filled by all rooms; and where staff arrive."""

import lxml.html
import pytest

from consult.accounts.models import User
from consult.consultations.models import Appointment, Phase, Role
from consult.consultations.service import list_desk_rows
from consult.contributions.models import ContributionState
from consult.contributions.service import list_silent_categories
from consult.core.db import session
from consult.organisations.models import Category
from consult.synthesis import service as synthesis
from consult.synthesis.models import SynthesisState
from tests import factories


@pytest.fixture
def secretary(app):
    return factories.a_user(role=Role.SECRETARIAT)


def table(client) -> list[list[str]]:
    """The desk's table in English: headings, then one row for each commission."""
    page = lxml.html.fromstring(client.get("/en/consultations/dashboard").text)
    return [[" ".join(cell.text_content().split()) for cell in row] for row in page.xpath("//section[@aria-labelledby='by-chapter']//tr")]


def test_each_chapter_is_one_row_with_what_waits_there(client, secretary, block, rapporteur):
    factories.a_contribution(block=block)
    said = factories.a_published_contribution(block=block)
    synthesis.add_item(rapporteur, synthesis.get_or_new(block.chapter), title="Un point", contributions=[said])
    headings, first, second = table(client.sign_in(secretary))
    assert headings == [
        "Commission", "Text", "Awaiting moderation", "Unanswered", "Translations to check", "Synthesis", "In charge", "Last act"]
    assert first[:7] == ["1. Commission 1", "Version 1", "1", "1", "0", "In preparation", rapporteur.name]
    assert first[7] not in ("", "—")
    assert second == ["2. Commission 2", "—", "—", "—", "—", "—", "nobody yet", "—"]


def test_as_many_as_there_are_may_be_in_charge(consultation):
    """SQLite takes five hundred parts of one question and no more."""
    (first, *_others) = consultation.commissions
    session.add_all(Appointment(user=factories.new_user(n), role=Role.RAPPORTEUR, commission=first) for n in range(20_000, 20_520))
    session.flush()
    assert len(list_desk_rows(consultation)[0].people) == 520


def test_who_is_silent_is_told_while_there_is_time(client, secretary, block):
    company = factories.an_organisation(category=Category.COMPANY)
    factories.a_contribution(block=block, author=factories.a_user(organisation=company))
    consultation = block.consultation
    assert list_silent_categories(consultation) == [category for category in Category if category != Category.COMPANY]
    page = client.sign_in(secretary).get("/en/consultations/dashboard").text
    assert "Nobody has spoken yet for: Ministry or public body · " in page
    consultation.phase = Phase.SYNTHESIS
    session.flush()
    assert "Nobody has spoken yet" not in client.get("/en/consultations/dashboard").text


def arrived(client, person: User) -> str:
    return client.sign_in(person).get("/en/accounts/arrive").location


def test_staff_arrive_where_something_waits_for_them(client, block, rapporteur, chair, secretary):
    waiting = factories.a_contribution(block=block)
    consultation = block.consultation
    for person in (rapporteur, chair):
        assert arrived(client, person) == "/en/moderation/"
    assert arrived(client, secretary) == "/en/consultations/dashboard"
    consultation.phase = Phase.SYNTHESIS
    session.flush()
    assert arrived(client, chair) == "/en/moderation/", "what awaits moderation comes before"
    factories.change(waiting, state=ContributionState.WITHHELD)
    assert arrived(client, chair) == "/en/synthesis/overview/1"
    assert arrived(client, rapporteur) == "/en/synthesis/workbench"
    factories.a_synthesis(block.chapter, state=SynthesisState.VALIDATED, validated_at=block.revision.published_at)
    assert arrived(client, chair) == "/en/synthesis/workbench"
