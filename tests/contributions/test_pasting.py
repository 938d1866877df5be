"""What people paste: from Word, from an Arabic text, from our own pages."""

import html
import re

import pytest
import sqlalchemy as sa

from consult.contributions.models import Contribution
from consult.core.db import session
from tests.contributions.browsing import send

LEFT_OUT = "Invisible marks that ask for a direction of writing, or for a word to be divided, were left out of your text"


def lodged(client, block, body: str) -> tuple[str, str]:
    """What is kept of a body, and the page that follows."""
    answer = send(client, block, body=body, form_key=f"form-{abs(hash(body))}")
    assert answer.status_code == 303
    return session.scalars(sa.select(Contribution.body).order_by(Contribution.id.desc())).first(), client.get(answer.location).text


@pytest.mark.parametrize(("pasted", "kept", "is_told"), [
    ("Une ligne\x0bforcée, une page\x0cnouvelle.", "Une ligne\nforcée, une page\nnouvelle.", False),
    ("La \u202bجودة\u202c selon \u2066ISO 9001\u2069.", "La جودة selon ISO 9001.", True), ("Rien d’invisible.", "Rien d’invisible.", False),
])
def test_signs_that_nobody_sees_do_not_refuse_a_text(client, participant, block, pasted, kept, is_told):
    body, page = lodged(client.sign_in(participant), block, pasted)
    assert body == kept
    assert (LEFT_OUT in page) is is_told
    assert LEFT_OUT not in client.get("/en/contributions/mine").text, "it is told once"


def test_what_our_pages_offer_to_copy_can_be_pasted(client, participant, block):
    page = client.sign_in(participant).get("/en/chapters/1/provisions/C1-A1-P1-a1").text
    citation = html.unescape(re.sub(r"<[^>]+>", "", re.search(r"<dt>Cite as</dt><dd[^>]*>(.*?)</dd>", page, re.DOTALL)[1])).strip()
    body, _page = lodged(client, block, citation)
    assert body == re.sub("[\u2066-\u2069]", "", citation)
    assert "C1-A1-P1-a1" in body


def test_what_could_deceive_a_reader_is_refused_with_its_place(client, participant, block):
    answer = send(client.sign_in(participant), block, body="Payer 400\u202e 006 dirhams.")
    assert answer.status_code == 422
    assert "U+202E" in answer.text


def test_a_visitor_is_told_what_was_left_out(client, block):
    answer = send(client, block, body="La \u202bجودة\u202c.")
    assert answer.status_code == 200
    assert LEFT_OUT in answer.text
    assert LEFT_OUT not in client.get("/en/").text, "it is told once"


def test_what_nobody_can_see_is_removed_when_its_author_asks(client, participant, block):
    client.sign_in(participant)
    wrong = "Payer 400\u202e 006 dirhams\ue001."
    answer = send(client, block, body=wrong)
    assert answer.status_code == 422
    assert 'name="without_unseen"' in answer.text
    answer = send(client, block, body=wrong, without_unseen="1", form_key="form-key-2")
    assert answer.status_code == 303
    assert session.scalars(sa.select(Contribution.body).order_by(Contribution.id.desc())).first() == "Payer 400 006 dirhams."
