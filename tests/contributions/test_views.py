import html
import json
import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from consult.consultations.models import Phase
from consult.contributions import service
from consult.contributions.models import Contribution, ContributionDraft, ContributionState
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.drafts import service as drafts
from tests import factories
from tests.contributions.counting import queries

HOSTILE = Path(__file__).parents[2].parent / "shared" / "data" / "hostile-input"
FILLED = {"position": "opposed", "kind": "comment", "comment_type": "technical", "body": "Précisez l’échéance.", "speak_as": "organisation"}


def address(block, language="fr"):
    return f"/{language}/contributions/submit/{block.chapter.number}/{block.key}"


def form_of(page):
    """What a browser would send back: hidden fields, texts, chosen buttons."""
    text = page.get_data(as_text=True).partition("<main")[2]
    inputs = [(dict(re.findall(r'([\w-]+)="([^"]*)"', tag)), tag) for tag in re.findall(r"<input[^>]*>", text)]
    values = {
        a["name"]: html.unescape(a.get("value", "")) for a, tag in inputs
        if a["type"] == "hidden" or (a["type"] == "radio" and " checked" in tag)
    }
    texts = re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\r?\n?(.*?)</textarea>', text, re.DOTALL)
    return {**values, **{name: html.unescape(value) for name, value in texts}}


def send(client, block, act="submit", language="fr", **over):
    values = {**FILLED, "form_key": "form-key-1", **over, "act": act}
    return client.post(address(block, language), data={name: value for name, value in values.items() if value is not None})


def count():
    return session.scalar(sa.select(sa.func.count()).select_from(Contribution))


def text_of(response):
    return html.unescape(response.get_data(as_text=True))


# The form


def test_the_form_quotes_the_passage_and_gives_its_words_to_change(client, participant, block):
    page = client.sign_in(participant).get(address(block))
    assert page.status_code == 200
    assert text_of(page).count(block.lead) == 2
    values = form_of(page)
    assert (values["replacement"], values["block_id"], values["speak_as"]) == (block.lead, str(block.id), "organisation")
    assert participant.organisation.name_fr in text_of(page)
    assert "D-000/2026" in text_of(page)


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_it_is_read_in_each_language(client, participant, block, language):
    page = client.sign_in(participant).get(address(block, language))
    assert page.status_code == 200
    assert f'<html lang="{language}"' in text_of(page)


def test_a_whole_lodging(client, participant, block):
    values = form_of(client.sign_in(participant).get(address(block)))
    answer = client.post(address(block), data={**values, **FILLED, "replacement": "Publier chaque mois la liste.", "act": "submit"})
    assert answer.status_code == 303
    assert answer.location == "/fr/contributions/receipt/PNQ-C1-0001"
    page = text_of(client.get(answer.location))
    contribution = service.get_contribution(participant, "PNQ-C1-0001")
    assert contribution.digest in page
    assert "PNQ-C1-0001" in page
    assert contribution.organisation_id == participant.organisation_id
    assert contribution.amendment.replacement == "Publier chaque mois la liste."
    shown = text_of(client.get("/fr/contributions/PNQ-C1-0001"))
    assert "<ins>" in shown
    assert "<del>" in shown


def test_the_form_as_it_stands_proposes_no_change(client, participant, block):
    values = form_of(client.sign_in(participant).get(address(block)))
    client.post(address(block), data={**values, **FILLED, "act": "submit"})
    assert service.get_contribution(participant, "PNQ-C1-0001").amendment is None


def test_a_preview_lodges_nothing(client, participant, block):
    page = send(client.sign_in(participant), block, "preview", replacement="Publier chaque mois la liste.")
    assert page.status_code == 200
    assert "<ins>" in text_of(page)
    assert form_of(page)["form_key"] == "form-key-1"
    assert count() == 0


def test_a_double_click_and_a_reload_are_one(client, participant, block):
    client.sign_in(participant)
    answers = {(a.status_code, a.location) for a in (send(client, block) for _ in range(3))}
    assert answers == {(303, "/fr/contributions/receipt/PNQ-C1-0001")}
    assert count() == 1
    assert len(session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "contributions.submit")).all()) == 1


def test_words_changed_after_going_back_are_not_lost(client, participant, block):
    send(client.sign_in(participant), block)
    page = send(client, block, body="Et autre chose.")
    assert page.status_code == 409
    assert "PNQ-C1-0001" in text_of(page)
    values = form_of(page)
    assert values["body"] == "Et autre chose."
    assert values["form_key"] != "form-key-1"
    assert client.post(address(block), data={**values, "act": "submit"}).location.endswith("PNQ-C1-0002")


def test_a_form_of_somebody_else_is_refused(client, participant, citizen, block):
    send(client.sign_in(participant), block)
    assert send(client.sign_in(citizen), block).status_code == 409
    assert count() == 1


def test_a_contribution_stays_with_the_words_that_were_read(client, consultation, participant, block):
    values = form_of(client.sign_in(participant).get(address(block)))
    drafts.import_chapter(factories.SYSTEM, consultation, data=factories.markdown().replace("chaque année", "chaque mois").encode())
    client.post(address(block), data={**values, **FILLED, "act": "submit"})
    contribution = service.get_contribution(participant, "PNQ-C1-0001")
    assert contribution.block_id == block.id
    assert contribution.amendment is None


# Refused


@pytest.mark.parametrize(("over", "sentence"), [
    ({"body": ""}, "Write what you have to say"), ({"body": "  \n "}, "The contribution is empty"),
    ({"body": "x" * 1_048_576}, "1048576 characters"), ({"body": "un\ndeux\x00"}, "Line 2, character 5"),
    ({"replacement": "a\u202eb"}, "U+202E"), ({"position": None}, "Choose your position"), ({"position": "nobody"}, "has-error"),
    ({"kind": "x"}, "has-error"), ({"form_key": "é" * 80}, "This form is damaged"),
])
@pytest.mark.parametrize("act", ["submit", "preview"])
def test_what_is_refused_is_shown_again_with_its_reason(client, participant, block, over, sentence, act):
    page = send(client.sign_in(participant), block, act, **over)
    if act == "preview" and ("form_key" in over or over.get("body") == "  \n "):
        assert page.status_code == 200
        return
    assert page.status_code == 422
    assert sentence in text_of(page)
    assert over.get("body", FILLED["body"])[:50] in text_of(page)
    assert count() == 0


@pytest.mark.parametrize(("number", "key"), [(1, "C1-nowhere"), (9, "C9"), (1, "\u202e"), (1, "x" * 500)])
def test_an_unknown_passage_is_not_found(client, participant, chapter, number, key):
    assert client.sign_in(participant).get(f"/fr/contributions/submit/{number}/{key}").status_code == 404
    assert client.get(f"/fr/contributions/discussion/{number}/{key}").status_code == 404


@pytest.mark.parametrize("phase", [Phase.PREPARATION, Phase.CLOSED, Phase.SYNTHESIS, Phase.SUBMITTED, Phase.ADOPTED])
def test_a_consultation_that_is_not_open_gives_the_text_back(client, consultation, participant, block, phase):
    consultation.phase = phase
    consultation.round.confirmed_at = None
    page = client.sign_in(participant).get(address(block))
    assert page.status_code == 403
    assert "<textarea" not in text_of(page)
    page = send(client, block)
    assert page.status_code == 403
    assert FILLED["body"] in text_of(page)
    assert count() == 0


def test_no_consultation_at_all(client):
    assert client.get("/fr/contributions/submit/1/C1").status_code == 404


# Sessions


def test_a_visitors_text_waits_for_the_sign_in(client, citizen, block):
    page = send(client, block, justification="Chiffres à l’appui.")
    assert page.status_code == 200
    assert FILLED["body"] in text_of(page)
    assert "/fr/accounts/login?next=" in text_of(page)
    assert count() == 0
    values = form_of(client.sign_in(citizen).get(address(block)))
    assert (values["body"], values["justification"], values["position"]) == (FILLED["body"], "Chiffres à l’appui.", "opposed")
    assert values["form_key"] == "form-key-1"
    assert client.post(address(block), data={**values, "act": "submit"}).status_code == 303
    assert session.scalars(sa.select(ContributionDraft)).all() == []


def test_a_form_lodged_before_the_session_ended_is_not_lodged_twice(client, participant, block):
    send(client.sign_in(participant), block)
    with client.session_transaction() as cookies:
        cookies.clear()
    assert send(client, block).status_code == 200
    values = form_of(client.sign_in(participant).get(address(block)))
    assert client.post(address(block), data={**values, "act": "submit"}).location.endswith("PNQ-C1-0001")
    assert count() == 1
    assert session.scalars(sa.select(ContributionDraft)).all() == []


def test_a_draft_is_saved_and_comes_back(client, participant, block):
    answer = send(client.sign_in(participant), block, "draft", position=None, body="À moitié")
    assert (answer.status_code, answer.location) == (303, address(block))
    page = client.get(answer.location)
    assert form_of(page)["body"] == "À moitié"
    assert "Draft saved on" in text_of(page)
    send(client, block, "draft", body="Aux trois quarts")
    assert session.scalars(sa.select(ContributionDraft)).one().fields["body"] == "Aux trois quarts"
    assert send(client, block, "draft", body="a\x00").status_code == 422


def test_a_draft_seen_by_its_author_is_not_shown_to_the_next_at_that_browser(client, participant, citizen, block):
    send(client, block, body="Écrit avant de se connecter")
    assert "Écrit avant" in text_of(client.sign_in(participant).get(address(block)))
    assert "Écrit avant" not in text_of(client.sign_in(citizen).get(address(block)))
    assert "Écrit avant" not in text_of(client.get("/fr/contributions/mine"))
    with client.session_transaction() as cookies:
        cookies.pop("_user_id")
    assert "Écrit avant" not in text_of(client.get(address(block)))


def test_a_lost_token_gives_the_form_back_with_the_text(app, client, participant, block, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    page = send(client.sign_in(participant), block, replacement="Autre rédaction.")
    assert page.status_code == 422
    assert "Your session had ended" in text_of(page)
    values = form_of(page)
    assert (values["body"], values["replacement"]) == (FILLED["body"], "Autre rédaction.")
    assert count() == 0
    assert client.post(address(block), data={**values, "act": "submit"}).status_code == 303


def test_a_visitors_text_is_kept_without_token_too(app, client, block, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    assert send(client, block).status_code == 200
    assert session.scalars(sa.select(ContributionDraft)).one().fields["body"] == FILLED["body"]


def test_withdrawing_and_dropping_need_their_token(app, client, participant, contribution, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    assert client.sign_in(participant).post(f"/fr/contributions/withdraw/{contribution.ref}").status_code == 400
    assert contribution.state == ContributionState.SUBMITTED


# Reading


def test_pages_of_ones_own_ask_to_sign_in(client, contribution):
    for path in ("mine", f"receipt/{contribution.ref}", f"withdraw/{contribution.ref}"):
        answer = client.get(f"/fr/contributions/{path}")
        assert answer.status_code == 303
        assert answer.location.startswith("/fr/accounts/login?next=")


def test_what_belongs_to_somebody_else_is_refused(client, citizen, contribution):
    client.sign_in(citizen)
    for path in (f"receipt/{contribution.ref}", f"withdraw/{contribution.ref}", contribution.ref):
        page = client.get(f"/fr/contributions/{path}")
        assert page.status_code == 403
        assert contribution.body not in text_of(page)
    assert client.post(f"/fr/contributions/withdraw/{contribution.ref}").status_code == 403
    draft = service.keep_draft(factories.a_user(), contribution.block, token="t" * 32, fields={"body": "secret"})
    assert client.post(f"/fr/contributions/drop-draft/{draft.id}").status_code == 403
    assert client.post("/fr/contributions/drop-draft/999999").status_code == 404
    assert client.get("/fr/contributions/PNQ-C1-9999").status_code == 404


def test_the_public_page_names_the_person_only_when_they_agreed(client, block):
    silent = factories.a_published_contribution(block=block, author=factories.a_user(is_name_public=False, name="Nom Tu"))
    spoken = factories.a_published_contribution(block=block, author=factories.a_user(name="Nom Dit"))
    assert "Nom Tu" not in text_of(client.get(f"/fr/contributions/{silent.ref}"))
    assert "Nom Dit" in text_of(client.get(f"/fr/contributions/{spoken.ref}"))
    discussion = text_of(client.get(f"/fr/contributions/discussion/1/{block.key}"))
    assert "Nom Tu" not in discussion
    assert "Nom Dit" in discussion
    assert "Nom Tu" in text_of(client.sign_in(silent.author).get(f"/fr/contributions/{silent.ref}"))


def test_withdrawing_leaves_a_trace_without_text(client, participant, block):
    contribution = factories.a_published_contribution(block=block, author=participant, body="Mots retirés", replacement="Autre")
    client.sign_in(participant)
    assert client.get(f"/fr/contributions/withdraw/{contribution.ref}").status_code == 200
    assert contribution.state == ContributionState.PUBLISHED
    answer = client.post(f"/fr/contributions/withdraw/{contribution.ref}")
    assert (answer.status_code, answer.location) == (303, f"/fr/contributions/{contribution.ref}")
    assert "Mots retirés" in text_of(client.get(answer.location))
    assert client.post(f"/fr/contributions/withdraw/{contribution.ref}").status_code == 409
    with client.session_transaction() as cookies:
        cookies.clear()
    for path in (contribution.ref, f"discussion/1/{block.key}"):
        page = client.get(f"/fr/contributions/{path}")
        assert page.status_code == 200
        assert "Withdrawn by its author on" in text_of(page)
        assert "Mots retirés" not in text_of(page)


def test_a_withheld_one_shows_its_trace(client, block):
    contribution = factories.a_contribution(block=block, state=ContributionState.WITHHELD, body="Mots retenus")
    for path in (contribution.ref, f"discussion/1/{block.key}"):
        page = text_of(client.get(f"/fr/contributions/{path}"))
        assert "Withheld by the moderators" in page
        assert "Mots retenus" not in page


def test_my_page_shows_what_i_wrote_and_what_i_write(client, participant, contribution):
    send(client.sign_in(participant), contribution.block, "draft", body="Brouillon en cours")
    page = text_of(client.get("/fr/contributions/mine"))
    assert contribution.ref in page
    assert "Brouillon en cours" in page
    draft = session.scalars(sa.select(ContributionDraft)).one()
    assert client.post(f"/fr/contributions/drop-draft/{draft.id}").status_code == 303
    assert "Brouillon en cours" not in text_of(client.get("/fr/contributions/mine"))


def test_empty_lists_say_what_to_do(client, citizen, block):
    assert "Nobody has spoken" in text_of(client.get(f"/fr/contributions/discussion/1/{block.key}"))
    assert "Go to the chapters" in text_of(client.sign_in(citizen).get("/fr/contributions/mine"))
    assert client.get("/fr/contributions/mine?after=1").status_code == 200
    assert client.get(f"/fr/contributions/discussion/1/{block.key}?after=x").status_code == 200


def test_long_lists_are_paged(client, participant, block):
    for _ in range(25):
        factories.a_published_contribution(block=block, author=participant)
    client.sign_in(participant)
    for path in (f"discussion/1/{block.key}", "mine"):
        first = text_of(client.get(f"/fr/contributions/{path}"))
        older = re.search(r'rel="next" href="([^"]+)"', first)[1]
        assert first.count("<article") == 20
        assert text_of(client.get(older)).count("<article") == 5


@pytest.mark.parametrize("path", ["discussion", "mine", "show"])
def test_the_number_of_queries_does_not_grow(app, client, participant, block, path):
    counts = []
    for more in (3, 57):
        made = [factories.a_published_contribution(block=block, author=participant, replacement=f"Autre {n}") for n in range(more)]
        target = {"discussion": f"discussion/1/{block.key}", "mine": "mine", "show": made[0].ref}[path]
        client.sign_in(participant)
        session.commit()
        session.expire_all()
        with queries() as asked:
            assert client.get(f"/fr/contributions/{target}").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1], counts
    assert counts[1] <= 12, asked


def test_the_margin_of_a_chapter_shows_the_newest(client, block):
    contribution = factories.a_published_contribution(block=block, body="Trois mots seulement")
    page = text_of(client.get("/fr/drafts/1"))
    assert "Trois mots seulement" in page
    assert contribution.ref in page
    assert contribution.organisation.name_fr in page


# Hostile input


def payloads():
    if not HOSTILE.is_dir():
        return []
    strings = json.loads((HOSTILE / "blns.json").read_text(encoding="utf-8"))
    return [*strings, *(HOSTILE / "payloadbox_xss.txt").read_text(encoding="utf-8", errors="replace").splitlines()]


WRITTEN = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "{{ 7 * 7 }}", "<!--", "]]>", "javascript:alert(1)", "%s%n%(x)s"]


@pytest.mark.parametrize("payload", WRITTEN)
def test_markup_is_shown_as_words_everywhere(client, participant, block, payload):
    contribution = factories.a_published_contribution(
        block=block, author=participant, body=payload, justification=payload, replacement=payload)
    client.sign_in(participant)
    send(client, block, "draft", body=payload, justification=payload, replacement=payload)
    pages = [client.get(f"/fr/contributions/{path}").get_data(as_text=True) for path in (
        contribution.ref, f"receipt/{contribution.ref}", f"discussion/1/{block.key}", "mine", f"withdraw/{contribution.ref}")]
    pages.append(client.get(address(block)).get_data(as_text=True))
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert payload in html.unescape(page)


@pytest.mark.slow
def test_known_hostile_strings_are_kept_or_refused_and_always_escaped(client, participant, block):
    strings = payloads()
    if not strings:
        pytest.skip("the shared folder of hostile strings is not beside this checkout")
    client.sign_in(participant)
    tags = ("<script", "<img", "<svg", "<iframe", "<object", "<a ")
    clean = None
    for number, body in enumerate(["inoffensif", *parcels(strings)]):
        contribution = service.submit(
            participant, block, form_key=f"hostile-{number}", kind=service.Kind.COMMENT, comment_type=service.CommentType.GENERAL,
            position=service.Position.NEUTRAL, body=body, justification=body, replacement=body[:4_900])
        assert contribution.body == body
        page = client.get(f"/fr/contributions/{contribution.ref}").get_data(as_text=True)
        counted = [page.count(tag) for tag in tags]
        clean = clean or counted
        assert counted == clean


def parcels(strings):
    """As many strings in each contribution as it takes, without the characters that are refused."""
    parcel = ""
    for string in strings:
        kept = "".join(c for c in string if not service.words.UNKEPT.match(c))[:9_000]
        if len(parcel) + len(kept) > 9_900:
            yield parcel
            parcel = ""
        parcel += kept + "\n"
    yield parcel
