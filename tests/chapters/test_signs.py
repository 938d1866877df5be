"""Signs that are no text, at the door of the chapters."""

import html

import pytest
import sqlalchemy as sa

from consult.chapters.models import Revision, WorkingDraft
from consult.chapters.parsing import read_file
from consult.chapters.source import with_front_matter
from consult.core.db import session
from consult.core.errors import Invalid
from consult.core.remarks import LEFT_OUT, LeftOut
from consult.text.normalising import validated_line, validated_text
from tests import factories
from tests.chapters.test_editor_views import EDIT, typed
from tests.chapters.test_preparing_views import PLACE, changed, keep, upload


def read(words: str):
    return read_file(factories.markdown().replace("la liste des étalons nationaux.", f"la liste {words}.").encode())


def test_bullets_of_word_are_what_their_author_saw():
    parsed = read("\uf0b7 un \uf0e0 deux")
    assert any("• un → deux" in block.text for block in parsed.blocks)
    assert parsed.problems == []


@pytest.mark.parametrize("sign", ["\ue000", "\uf0ff", "\U000f0001", "\U0010fffd"])
def test_a_sign_of_one_typeface_is_told_with_its_place_before_publishing(sign):
    (problem,) = read(f"et {sign}").problems
    assert "one typeface alone has" in str(problem.message)
    assert f"U+{ord(sign):04X}" in str(problem.message)
    assert problem.line == 28
    assert problem.blocks


def test_signs_of_every_script_are_no_problem():
    assert read("👩🏽\u200d🔬 ⵣ 中 𝐠").problems == []


@pytest.mark.parametrize("sign", ["\x01", "\x7f", "\x81", "\ufdd0", "\U0001fffe"])
def test_controls_are_refused(sign):
    with pytest.raises(Invalid, match="control character"):
        read(sign)


# One rule at every door

REFUSED = None
SIGNS = {  # what becomes of “a?b”, and what is said
    **dict.fromkeys(["\x00", "\x01", "\x1b", "\x7f", "\x81", "\x9d", "\u202d", "\u202e", "\ufdd0", "\ufdef", "\uffff", "\U0001fffe"],
                    (REFUSED, None)),
    **dict.fromkeys(["\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\r", "\r\n"], ("a\nb", None)),
    **dict.fromkeys(["\u202a", "\u202b", "\u202c", "\u2066", "\u2068", "\u2069", "\x02", "\x1f", "\ufffe"], ("ab", LeftOut.MARKS)),
    "\x92": ("a’b", LeftOut.WINDOWS), "\x96": ("a–b", LeftOut.WINDOWS), "\x85\x80": ("a…€b", LeftOut.WINDOWS),
    "\x1e": ("a\u2011b", None), "\uf0b7": ("a•b", None), "\uf02d": ("a–b", None), "\u200d": ("a\u200db", None), "👍": ("a👍b", None),
}


def typed_in_a_field(words: str) -> str:
    return validated_text("body", words, max_length=100)


def in_a_chapter(words: str) -> str:
    source = factories.markdown().replace("la liste des étalons nationaux.", f"la liste {words} fin.")
    return read_file(source.encode()).source.partition("la liste ")[2].partition(" fin.")[0]


def in_its_title(words: str) -> str:
    return read_file(with_front_matter({"title": words, "commission": "C", "chapter": 1, "language": "fr"}, "Mot.").encode()).title


DOORS = {"field": typed_in_a_field, "name": lambda words: validated_line("name", words, max_length=100), "chapter": in_a_chapter,
         "title": in_its_title}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("sign", SIGNS, ids=ascii)
def test_every_sign_is_treated_alike_at_every_door(app, door, sign):
    kept, said = SIGNS[sign]
    token = LEFT_OUT.set(set())
    try:
        if kept is REFUSED:
            with pytest.raises(Invalid) as refusal:
                DOORS[door](f"a{sign}b")
            assert f"U+{ord(sign):04X}" in str(refusal.value)
        else:
            assert DOORS[door](f"a{sign}b").split() == kept.split()
            assert LEFT_OUT.get() == ({said} if said else set())
    finally:
        LEFT_OUT.reset(token)


@pytest.mark.parametrize(("entity", "is_private"), [
    ("&#xE000;", True), ("&#57344;", True), ("&#xFDD0;", False), ("&#x202B;", False), ("&#146;", False)])
def test_a_sign_written_by_its_number_is_told(entity, is_private):
    (problem,) = read(f"et {entity}").problems
    assert (problem.line, problem.blocks) == (28, is_private)


@pytest.mark.parametrize("field", ["title", "note", "body"])
def test_what_our_pages_offer_to_copy_is_kept_by_the_editor_and_the_rest_is_told(client, chapter, rapporteur, field):
    words = "Voir passage \u2068C1-A1-P2-a2\u2069, version 1, de l\x92industrie."
    answer = client.sign_in(rapporteur).post(EDIT, data=typed(act="save", **{field: words}))
    assert answer.status_code == 303
    assert "Voir passage C1-A1-P2-a2, version 1, de l’industrie." in session.scalars(sa.select(WorkingDraft)).one().source
    page = html.unescape(client.get(answer.location).text)
    assert "were left out of your text" in page
    assert "Signs of Windows" in page


@pytest.mark.parametrize("field", ["title", "note", "body"])
def test_a_refusal_stands_at_its_field_and_offers_to_remove_the_sign(client, chapter, rapporteur, field):
    wrong = typed(act="save", **{field: "Deux\u202e mots\x07"})
    answer = client.sign_in(rapporteur).post(EDIT, data=wrong)
    page = html.unescape(answer.text)
    assert answer.status_code == 422
    assert "Line 1, character 5" in page.partition(f'id="{field}-error"')[2][:300]
    assert 'name="without_unseen"' in page
    assert "mots" in page
    answer = client.post(EDIT, data={**wrong, "without_unseen": "1"})
    assert answer.status_code == 303
    assert "Deux mots" in session.scalars(sa.select(WorkingDraft)).one().source
    assert "removed, as you asked" in client.get(answer.location).text


def test_the_note_of_a_publication_keeps_the_rule(client, chapter, rapporteur, chair):
    draft = keep(rapporteur, changed())
    values = {"expected_counter": draft.row_counter, "note": "Passage\x07 mensuel."}
    answer = client.sign_in(chair).post(f"{PLACE}/publish", data=values)
    assert "Line 1, character 8" in answer.text.partition('id="note-error"')[2][:300]
    answer = client.post(f"{PLACE}/publish", data={**values, "note": "Passage \u2068C1\u2069, mensuel."})
    assert answer.status_code == 303
    assert session.scalars(sa.select(Revision).order_by(Revision.id.desc())).first().note == "Passage C1, mensuel."


def test_a_file_with_marks_of_direction_is_imported_and_that_is_told(client, chapter, rapporteur):
    answer = upload(client.sign_in(rapporteur), changed(by="Publier \u202bكل شهر\u202c la liste\x0cmensuelle").encode())
    assert answer.status_code == 303
    assert "were left out of your text" in client.get(answer.location).text
