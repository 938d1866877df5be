import re

import pytest
import sqlalchemy as sa
from flask_login import login_user

from consult.consultations.models import Role
from consult.contributions.models import ContributionState
from consult.core.db import session
from consult.core.i18n import force_locale
from consult.moderation import service
from consult.moderation.models import ModerationDecision, Reason
from consult.moderation.views.extensions import dashboard_counts
from tests import factories
from tests.counting import queries

WITHHELD = {"reason": Reason.PERSONAL_DATA, "words": "Cette contribution nomme une personne."}
TYPED = {"reason": "insult", "words": "Ces mots blessent quelqu’un."}


@pytest.fixture
def signed_in(client, rapporteur):
    return client.sign_in(rapporteur)


def decisions():
    return session.scalars(sa.select(ModerationDecision).order_by(ModerationDecision.id)).all()


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_the_queue_shows_what_waits(signed_in, contribution, language):
    page = signed_in.get(f"/{language}/moderation/")
    assert page.status_code == 200
    assert contribution.ref in page.text
    assert contribution.body in page.text
    assert page.headers["Cache-Control"] == "private, no-store"


def test_each_state_and_chapter_has_its_list(signed_in, rapporteur, contribution):
    service.withhold(rapporteur, contribution, expected_counter=contribution.row_counter, **WITHHELD)
    listed = f"/fr/moderation/{contribution.ref}?"
    assert listed not in signed_in.get("/fr/moderation/").text
    assert f"/fr/moderation/reopen/{contribution.ref}?" in signed_in.get("/fr/moderation/").text, "it can be taken back, whatever is listed"
    assert listed in signed_in.get("/fr/moderation/?state=withheld&chapter=1").text
    assert signed_in.get("/fr/moderation/?state=nonsense&chapter=").status_code == 200
    assert signed_in.get("/fr/moderation/?chapter=9").status_code == 404


def test_an_empty_queue_says_so(signed_in):
    page = signed_in.get("/fr/moderation/")
    assert page.status_code == 200
    assert 'class="empty"' in page.text
    assert 'class="bench"' not in page.text


def test_others_are_refused_with_a_sentence(client, consultation, contribution, participant):
    assert client.get("/fr/moderation/").status_code == 403
    page = client.sign_in(participant).get("/en/moderation/")
    assert page.status_code == 403
    assert "reserved for the people in charge" in page.text
    assert client.get(f"/fr/moderation/{contribution.ref}").status_code == 403
    assert client.post(f"/fr/moderation/publish/{contribution.ref}", data={"expected_counter": contribution.row_counter}).status_code == 403
    assert decisions() == []


def test_a_rapporteur_sees_their_own_commission_alone(client, consultation, contribution):
    factories.a_chapter(consultation, number=2)
    elsewhere = client.sign_in(factories.a_user(role=Role.RAPPORTEUR, commission=consultation.commissions[1]))
    assert contribution.ref not in elsewhere.get("/fr/moderation/").text
    assert elsewhere.get("/fr/moderation/?chapter=1").status_code == 403
    assert elsewhere.get(f"/fr/moderation/{contribution.ref}").status_code == 403


def test_the_secretariat_sees_all(client, secretary, consultation, contribution):
    factories.a_chapter(consultation, number=2)
    page = client.sign_in(secretary).get("/fr/moderation/")
    assert contribution.ref in page.text
    assert '<select name="chapter">' in page.text


def test_one_contribution_with_its_change_and_history(signed_in, rapporteur, block):
    contribution = factories.a_contribution(
        block=block, replacement="Publier chaque semestre la liste des étalons nationaux.", justification="Un an est long.",
    )
    service.publish(rapporteur, contribution, expected_counter=contribution.row_counter)
    page = signed_in.get(f"/fr/moderation/{contribution.ref}")
    assert page.status_code == 200
    for part in (contribution.body, "Un an est long.", "<ins>", "<del>", block.text, rapporteur.name):
        assert part in page.text
    assert signed_in.get("/fr/moderation/PNQ-C1-9999").status_code == 404


def test_text_of_people_is_never_markup(signed_in, block):
    contribution = factories.a_contribution(block=block, body="<script>alert(1)</script>\n\nsuite")
    page = signed_in.get(f"/fr/moderation/{contribution.ref}")
    assert "<script>alert(1)" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


def test_publishing_goes_on_to_the_next(signed_in, contribution, block):
    following = factories.a_contribution(block=block)
    answer = signed_in.post(f"/fr/moderation/publish/{contribution.ref}?chapter=1&state=submitted",
                            data={"expected_counter": contribution.row_counter})
    assert answer.status_code == 303
    assert answer.location == f"/fr/moderation/{following.ref}?chapter=1&state=submitted"
    assert contribution.state == ContributionState.PUBLISHED
    assert contribution.ref in signed_in.get(answer.location).text


def test_a_message_written_beside_it_is_not_lost_by_publishing(signed_in, contribution):
    address = f"/en/moderation/publish/{contribution.ref}"
    assert f'form="withhold" formaction="{address}?state=submitted"' in signed_in.get(f"/en/moderation/{contribution.ref}").text
    page = signed_in.post(address, data={"expected_counter": contribution.row_counter, **TYPED})
    assert page.status_code == 422
    assert "Publish all the same" in page.text
    assert TYPED["words"] in page.text
    assert decisions() == []
    assert signed_in.post(address, data={"expected_counter": contribution.row_counter, "reason": "", "words": " "}).status_code == 303
    assert contribution.state == ContributionState.PUBLISHED


def test_the_last_one_leads_back_to_the_queue(signed_in, block):
    only = factories.a_contribution(block=block)
    answer = signed_in.post(f"/fr/moderation/publish/{only.ref}", data={"expected_counter": only.row_counter})
    assert (answer.status_code, answer.location) == (303, "/fr/moderation/")


def test_withholding_needs_words_and_gives_back_what_was_typed(signed_in, contribution):
    address = f"/fr/moderation/withhold/{contribution.ref}"
    page = signed_in.post(address, data={"expected_counter": contribution.row_counter, "reason": "insult", "words": "  "})
    assert page.status_code == 422
    assert '<option selected value="insult">' in page.text
    page = signed_in.post(address, data={"expected_counter": contribution.row_counter, "reason": "", "words": TYPED["words"]})
    assert page.status_code == 422
    assert TYPED["words"] in page.text
    page = signed_in.post(address, data={"expected_counter": contribution.row_counter, "reason": "insult", "words": "a\u202eb"})
    assert page.status_code == 422
    assert "U+202E" in page.text
    assert decisions() == []
    assert signed_in.post(address, data={"expected_counter": contribution.row_counter, **TYPED}).status_code == 303
    assert [d.reason for d in decisions()] == [Reason.INSULT]


def test_a_reload_of_a_refused_form_shows_the_contribution(signed_in, contribution):
    answer = signed_in.get(f"/ar/moderation/withhold/{contribution.ref}?state=submitted")
    assert (answer.status_code, answer.location) == (303, f"/ar/moderation/{contribution.ref}?state=submitted")


def test_restoring(signed_in, rapporteur, contribution):
    service.withhold(rapporteur, contribution, expected_counter=contribution.row_counter, **WITHHELD)
    assert "/moderation/restore/" in signed_in.get(f"/fr/moderation/{contribution.ref}").text
    values = {"expected_counter": contribution.row_counter, "reason": "mistake", "words": "Le nom est public."}
    assert signed_in.post(f"/fr/moderation/restore/{contribution.ref}", data=values).status_code == 303
    assert contribution.state == ContributionState.PUBLISHED


def test_a_decision_taken_meanwhile_is_named_and_kept(signed_in, other_rapporteur, contribution):
    expected_counter = contribution.row_counter
    service.publish(other_rapporteur, contribution, expected_counter=expected_counter)
    page = signed_in.post(f"/fr/moderation/withhold/{contribution.ref}", data={"expected_counter": expected_counter, **TYPED})
    assert page.status_code == 409
    assert "Autre Rapporteure" in page.text
    assert contribution.state == ContributionState.PUBLISHED
    assert len(decisions()) == 1


@pytest.mark.parametrize("expected_counter", ["", "x", "99999999999999999999"])
def test_a_damaged_mark_decides_nothing(signed_in, contribution, expected_counter):
    answer = signed_in.post(f"/fr/moderation/publish/{contribution.ref}", data={"expected_counter": expected_counter})
    assert answer.status_code in (409, 422)
    assert decisions() == []


def test_recusal_is_said_where_the_buttons_would_be(client, chapter, contribution):
    colleague = factories.a_user(role=Role.RAPPORTEUR, commission=chapter.commission, organisation=contribution.organisation)
    page = client.sign_in(colleague).get(f"/en/moderation/{contribution.ref}")
    assert "another moderator decides" in page.text
    assert "/moderation/publish/" not in page.text


def test_several_at_once(signed_in, rapporteur, block):
    made = [factories.a_contribution(block=block) for _n in range(3)]
    taken = factories.a_contribution(block=block)
    choices = [f"{c.ref}:{c.row_counter}" for c in (*made, taken)]
    answer = signed_in.post("/fr/moderation/publish-several", data={"choice": choices[:2]})
    assert answer.status_code == 303
    service.withhold(rapporteur, taken, expected_counter=taken.row_counter, **WITHHELD)
    page = signed_in.post("/fr/moderation/publish-several", data={"choice": choices[2:]})
    assert page.status_code == 200
    assert made[2].ref in page.text
    assert taken.ref in page.text
    assert taken.state == ContributionState.WITHHELD
    assert {c.state for c in made} == {ContributionState.PUBLISHED}


@pytest.mark.parametrize("data", [{}, {"csrf_token": "x"}, {"choice": ""}])
def test_publishing_several_without_a_choice_says_what_to_do(signed_in, contribution, data):
    page = signed_in.post("/fr/moderation/publish-several", data=data)
    assert page.status_code == 422
    assert "Cochez d’abord ce qu’il faut publier." in page.text
    assert f'value="{contribution.ref}:{contribution.row_counter}"' in page.text, "the list to tick them in"
    assert decisions() == []


def test_what_no_page_offers_to_publish_is_told_with_the_others(signed_in, contribution, block):
    choices = ["nonsense", ":1", "x:y", f"{contribution.ref}:²", f"{contribution.ref}:{'9' * 5000}"]
    page = signed_in.post("/fr/moderation/publish-several", data={"choice": choices})
    assert page.status_code == 409, "not one is published"
    assert decisions() == []
    assert all(f">{ref}<" in page.text for ref in ("nonsense", "x", contribution.ref))
    other = factories.a_contribution(block=block)
    page = signed_in.post("/fr/moderation/publish-several", data={"choice": ["nonsense", f"{other.ref}:{other.row_counter}"]})
    assert (page.status_code, [decision.contribution.ref for decision in decisions()]) == (200, [other.ref])
    assert ">nonsense<" in page.text


@pytest.mark.parametrize("counter", [None, "", "1e5", "²"])
def test_a_button_without_the_mark_of_its_page_says_why_nothing_was_decided(signed_in, contribution, counter):
    page = signed_in.post(f"/fr/moderation/publish/{contribution.ref}", data={"expected_counter": counter} if counter is not None else {})
    assert page.status_code == 422
    [summary] = re.findall(r'class="error-summary".*?</div>', page.text, re.DOTALL)
    assert "rechargez-la" in summary
    assert decisions() == []


def test_anybody_reads_the_register(client, rapporteur, contribution):
    service.withhold(rapporteur, contribution, expected_counter=contribution.row_counter, **WITHHELD)
    page = client.get("/en/moderation/register")
    assert page.status_code == 200
    assert contribution.ref in page.text
    assert "Personal data of somebody else" in page.text
    for hidden in (contribution.body, WITHHELD["words"]):
        assert hidden not in page.text
    assert client.get("/fr/moderation/register?chapter=1").status_code == 200
    assert client.get("/fr/moderation/register?chapter=7").status_code == 404


def test_the_register_names_those_who_agreed(client, rapporteur, contribution, block):
    rapporteur.is_name_public = False
    session.commit()
    service.publish(rapporteur, contribution, expected_counter=contribution.row_counter)
    page = client.get("/en/moderation/register")
    assert rapporteur.name not in page.text
    assert "Rapporteur of the commission" in page.text


def test_the_desk_counts_what_waits(app, secretary, citizen, consultation, contribution):
    for user, lines in ((secretary, len(ContributionState)), (citizen, 0)):
        with app.test_request_context("/en/"):
            login_user(user)
            shown = dashboard_counts(consultation)
            assert len(shown) == lines
            assert [number for _words, number, url in shown if url.endswith("/en/moderation/?state=submitted")] == [2] * bool(lines)


def test_counts_agree_with_what_they_count(app, client, rapporteur, contribution):
    service.publish(rapporteur, contribution, expected_counter=contribution.row_counter)
    page = re.sub(r"<[^>]+>", "", client.sign_in(rapporteur).get("/fr/moderation/").text)
    words = " ".join(page.split())
    assert " 1 contribution publiée " in words
    assert " 1 contribution en attente de modération " in words
    with app.test_request_context("/fr/"), force_locale("fr"):
        assert [ContributionState.PUBLISHED.counted(n) for n in (1, 319)] == ["contribution publiée", "contributions publiées"]


@pytest.mark.parametrize("path", ["/fr/moderation/", "/fr/moderation/{ref}", "/fr/moderation/register"])
def test_pages_ask_as_much_whatever_the_number_of_rows(client, secretary, block, consultation, path):
    factories.a_chapter(consultation, number=2)
    client.sign_in(secretary)
    counted = []
    for rows in (3, 57):
        for n in range(rows):
            c = factories.a_contribution(block=block, replacement=f"Autre phrase {n}.")
            moderator = factories.a_user(role=Role.RAPPORTEUR, commission=block.chapter.commission)
            if n % 3 == 0 and path.endswith("register"):
                service.publish(moderator, c, expected_counter=c.row_counter)
        address = path.format(ref=c.ref)
        with queries() as sent:
            assert client.get(address).status_code == 200
        counted.append(len(sent))
    assert counted[0] == counted[1] <= 12, (counted, "\n".join(statement[-200:] for statement in sent))


def test_each_key_belongs_to_one_button(client, rapporteur, contribution):
    """What was decided last can be taken back above the text, and beside it where it is open: one of them has the key."""
    client.sign_in(rapporteur).post(f"/en/moderation/publish/{contribution.ref}", data={"expected_counter": contribution.row_counter})
    page = client.get(f"/en/moderation/{contribution.ref}?state=published").text
    keys = re.findall(r'data-key="(\w)"', page)
    assert "u" in keys
    assert sorted(keys) == sorted(set(keys))
