"""Words of a passage in the form, on receipts and beside the chapter: with a script or without one."""

import html
import re
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from consult.accounts import service as accounts
from consult.chapters import service as chapters
from consult.consultations.models import Phase
from consult.contributions import jobs as letters
from consult.contributions import service
from consult.contributions.models import Contribution, ContributionDraft
from consult.core.db import session, unit_of_work
from consult.core.mail import OutgoingMail
from consult.core.permissions import SYSTEM
from tests import factories
from tests.contributions.browsing import FILLED, address, count, form_of, send, text_of

LIST = "la liste des étalons"
REPEATED = "Publier la liste des normes, puis la liste des étalons, puis la liste des essais."


def selected(block, exact=LIST, prefix="chaque année ", suffix=" nationaux.", language="en"):
    """Where a selection in the chapter leads."""
    return f"{address(block, language)}?{urlencode({'exact': exact, 'prefix': prefix, 'suffix': suffix})}"


def lodged() -> Contribution:
    return session.scalars(sa.select(Contribution).order_by(Contribution.id.desc())).first()


def quoted(page) -> list[str]:
    return [html.unescape(words) for words in re.findall(r"<q[^>]*>(.*?)</q>", page.get_data(as_text=True), re.DOTALL)]


def marks(page) -> list[str]:
    return [html.unescape(words) for words in re.findall(r"<mark>(.*?)</mark>", page.get_data(as_text=True), re.DOTALL)]


def block_saying(consultation, lead, language="fr"):
    """The first action of a chapter, with this sentence."""
    source = factories.markdown(1, language).replace("Publier chaque année la liste des étalons nationaux.", lead)
    chapters.import_chapter(SYSTEM, consultation, data=source.encode())
    return factories.block_of(chapters.get_chapter(consultation, 1), "C1-A1-P1-a1", language)


@pytest.fixture
def repeated(consultation):
    """A block with words that stand three times in it."""
    return block_saying(consultation, REPEATED)


# From the chapter


def test_selected_words_fill_the_form_and_are_marked(client, participant, block):
    page = client.sign_in(participant).get(selected(block))
    values = form_of(page)
    assert (values["exact"], values["replacement"]) == (LIST, block.lead), "the proposed change is still of the whole passage"
    assert values["prefix"].endswith("chaque année ")
    assert values["suffix"].startswith(" nationaux.")
    assert marks(page) == [LIST]
    assert '<details class="words-concerned" open>' in page.text


def test_without_words_the_form_speaks_of_the_whole_passage(client, participant, block):
    page = client.sign_in(participant).get(address(block))
    assert form_of(page)["exact"] == ""
    assert marks(page) == []
    assert '<details class="words-concerned">' in page.text


@pytest.mark.parametrize(("words", "said"), [
    ({"exact": "des mots d’ailleurs"}, "These words are not in the passage."),
    ({"exact": "x" * 1001}, "1,000 at most"),
    ({"exact": "é", "prefix": "", "suffix": ""}, "times in the passage"),
])
def test_words_that_cannot_be_taken_are_said_to_be_before_anything_is_written(client, block, words, said):
    page = client.get(selected(block, **words))
    assert page.status_code == 200
    assert said in text_of(page)
    assert form_of(page)["exact"] == words["exact"]
    assert marks(page) == []


def test_an_endless_address_is_cut_before_it_is_looked_at(client, block):
    assert len(form_of(client.get(selected(block, "x" * 30_000)))["exact"]) <= 2_000


def test_new_words_take_the_place_of_a_draft_s(client, participant, block):
    send(client.sign_in(participant), block, "draft", exact="étalons nationaux")
    values = form_of(client.get(selected(block)))
    assert (values["exact"], values["body"]) == (LIST, FILLED["body"])
    assert form_of(client.get(address(block)))["exact"] == "étalons nationaux"


def test_signing_in_comes_back_with_the_words(client, block):
    accounts.add(factories.SYSTEM, None, email="salma@example.org", name="Salma", password="une phrase assez longue")
    page = client.get(selected(block))
    enter = html.unescape(re.search(r'href="(/en/accounts/login[^"]*)"', page.text.partition("<main")[2])[1])
    values = {**form_of(client.get(enter)), "identity": "salma@example.org", "passcode": "une phrase assez longue", "submit": "1"}
    assert form_of(client.get(client.post(enter, data=values).location))["exact"] == LIST


# Lodging


def test_the_words_are_lodged_and_told_everywhere(client, participant, block):
    values = form_of(client.sign_in(participant).get(selected(block)))
    preview = client.post(address(block), data={**values, **FILLED, "act": "preview"})
    assert quoted(preview) == [LIST]
    answer = client.post(address(block), data={**form_of(preview), "act": "submit"})
    assert answer.status_code == 303
    contribution = lodged()
    start = block.text.index(LIST)
    assert (contribution.exact, contribution.prefix) == (LIST, block.text[max(0, start - 32):start])
    assert contribution.suffix == block.text[start + len(LIST):][:32]
    assert LIST in quoted(client.get(answer.location))
    assert LIST in quoted(client.get("/en/contributions/mine"))
    assert next(service.get_data(participant)["contributions"])["exact"] == LIST
    with unit_of_work():
        letters.send_receipt(contribution.id)()
    assert f"\n\n{LIST}\n\n" in session.scalars(sa.select(OutgoingMail)).one().body


@pytest.mark.parametrize("typed", [
    LIST, LIST.upper(), "la  liste\ndes e\u0301talons", f"« {LIST} »", "la liste des étalons1",
])
def test_words_are_typed_or_pasted_without_a_script(client, participant, block, typed):
    assert send(client.sign_in(participant), block, exact=typed).status_code == 303
    assert lodged().exact == LIST


def test_the_facts_of_an_action_can_be_quoted(client, participant, block):
    preview = send(client.sign_in(participant), block, "preview", exact="Échéance : 2027")
    assert marks(preview) == ["Échéance : 2027"]
    assert send(client, block, exact="Échéance : 2027").status_code == 303


def test_words_across_the_parts_of_an_action_are_marked_in_each(client, participant, block):
    assert marks(send(client.sign_in(participant), block, "preview", exact="nationaux. Pilote")) == ["nationaux.", " Pilote"]


def test_a_sentence_is_chosen_without_a_script(client, participant, repeated):
    page = client.sign_in(participant).get(address(repeated))
    options = re.findall(r'<option value="(\d+-\d+)">([^<]*)', page.text)
    assert [html.unescape(words) for _place, words in options][:2] == [REPEATED, "Pilote : LNM"]
    preview = send(client, repeated, "preview", sentence=options[1][0], exact="autre chose")
    assert form_of(preview)["exact"] == "Pilote : LNM"
    assert marks(preview) == ["Pilote : LNM"]
    assert send(client, repeated, sentence=options[1][0]).status_code == 303
    assert lodged().exact == "Pilote : LNM"


@pytest.mark.parametrize("sentence", ["9-3", "0-99999999999", "-1-4", "a-b", "7000000-7000009", "<b>"])
def test_a_damaged_choice_of_a_sentence_is_none(client, participant, block, sentence):
    assert send(client.sign_in(participant), block, sentence=sentence).status_code == 303
    assert lodged().exact == ""


@pytest.mark.parametrize(("exact", "said"), [
    ("des mots d’ailleurs", "These words are not in the passage. Copy them"),
    ("la liste", "These words stand 3 times in the passage. Take a few words more"),
    ("la liste\u202e des", "U+202E"),
    ("la liste\x00 des", "U+0000"),
    ("x" * 1_000_000, "1,000 at most"),
    (".*", "These words are not in the passage."),
])
@pytest.mark.parametrize("act", ["preview", "submit"])
def test_what_cannot_be_quoted_is_refused_with_the_remedy_and_the_text_kept(client, participant, repeated, exact, said, act):
    page = send(client.sign_in(participant), repeated, act, exact=exact)
    assert page.status_code == 422
    assert said in text_of(page)
    assert form_of(page)["body"] == FILLED["body"]
    assert count() == 0


def test_the_context_says_which_of_three_places_is_meant(client, participant, repeated):
    second = REPEATED.index("la liste des étalons")
    around = {"prefix": REPEATED[:second], "suffix": REPEATED[second + 8:][:32]}
    send(client.sign_in(participant), repeated, exact="la liste", **around)
    assert lodged().prefix.endswith("normes, puis ")


def test_a_context_left_behind_by_other_words_does_not_choose(client, participant, repeated):
    page = send(client.sign_in(participant), repeated, exact="la liste", prefix="Publier ", suffix="autre suite")
    assert page.status_code == 422
    assert "3 times" in text_of(page)


def test_words_changed_after_going_back_are_not_lost(client, participant, block):
    assert send(client.sign_in(participant), block, exact=LIST).status_code == 303
    page = send(client, block, exact="étalons nationaux")
    assert page.status_code == 409
    assert form_of(page)["exact"] == "étalons nationaux"
    assert send(client, block, exact="des mots d’ailleurs").status_code == 409
    assert send(client, block, exact=LIST).status_code == 303
    assert count() == 1


def test_a_lost_token_keeps_the_words(app, client, participant, block, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    page = send(client.sign_in(participant), block, exact=LIST, prefix="année ", suffix=" nationaux")
    assert page.status_code == 422
    values = form_of(page)
    assert (values["exact"], values["prefix"], values["suffix"]) == (LIST, "année ", " nationaux")
    assert marks(page) == [LIST]
    client.post(address(block), data={**values, "act": "submit"})
    assert lodged().exact == LIST


def test_a_draft_keeps_them_through_a_sign_in(client, citizen, block):
    long = f"{block.lead} {block.text}"[:900]
    send(client, block, exact=long, prefix="a\x00b", suffix="c\u202ed")
    fields = session.scalars(sa.select(ContributionDraft)).one().fields
    assert (fields["exact"], fields["prefix"], fields["suffix"]) == (long, "ab", "cd")
    assert form_of(client.sign_in(citizen).get(address(block)))["exact"] == long
    assert quoted(client.get("/en/contributions/mine"))


def test_after_the_closing_the_words_are_given_back(client, participant, block):
    block.consultation.phase = Phase.CLOSED
    page = send(client.sign_in(participant), block, exact=LIST)
    assert page.status_code == 403
    assert quoted(page) == [LIST]


def test_marks_are_made_of_escaped_words(client, participant, consultation):
    block = block_saying(consultation, "Un `<b>mot</b>` & un `<script>autre</script>`.")
    page = send(client.sign_in(participant), block, "preview", exact="<b>mot</b> & un <script>")
    assert marks(page) == ["<b>mot</b> & un <script>"]
    assert "<script>autre" not in page.text


def test_in_arabic_vowel_signs_and_writings_of_a_letter_do_not_count(client, participant, consultation):
    block = block_saying(consultation, "يَنشرُ المعهد لائحة الأصناف الوطنية كل سنة. ويراجعها.", "ar")
    page = send(client.sign_in(participant), block, "preview", "ar", exact="ينشر المعهد لائحه الاصناف")
    assert marks(page) == ["يَنشرُ المعهد لائحة الأصناف"]
    assert re.search(r'<blockquote id="passage" lang="ar" dir="rtl">', page.text)


# Beside the chapter


def line_of(client, language="en"):
    return re.findall(r'<p class="on" dir="auto"><q ([^>]*)>(.*?)</q>', client.get(f"/{language}/chapters/1").get_data(as_text=True))


def test_the_margin_says_which_words_and_lets_them_be_found(client, block):
    factories.a_published_contribution(block=block, exact=LIST, prefix="chaque année ", suffix=" nationaux")
    [(attributes, words)] = line_of(client)
    assert words == LIST
    assert 'data-prefix="chaque année "' in attributes
    assert 'data-suffix=" nationaux"' in attributes
    assert "data-exact" not in attributes
    assert 'lang="fr"' in attributes


def test_long_words_are_shown_short_and_kept_whole_for_the_mark(client, block):
    factories.a_published_contribution(block=block, exact="un mot de plus " * 40)
    [(attributes, words)] = line_of(client)
    assert words.endswith("…")
    assert "un mot de plus " * 40 in attributes


def test_a_line_that_quotes_nothing_carries_nothing(client, block):
    factories.a_published_contribution(block=block)
    assert line_of(client) == []


def test_the_margin_follows_the_words_into_the_newest_version(client, chapter, block):
    for exact in (LIST, "chaque année la"):
        factories.a_published_contribution(block=block, exact=exact, prefix="", suffix="")
    then, now = "Publier chaque année la liste des étalons", "Publier tous les deux ans la liste complète des étalons"
    changed = factories.markdown().replace(then, now)
    chapters.import_chapter(SYSTEM, chapter.consultation, data=changed.encode())
    lines = {line.quote.exact for line in service.list_margin_lines(chapter, "fr", [block.id])[block.key]}
    assert lines == {"la liste complète des étalons", ""}


def test_lines_with_their_quotes_are_one_question(chapter, block, count_queries):
    for _ in range(5):
        factories.a_published_contribution(block=block, exact=LIST)
    session.commit()
    assert count_queries(lambda: service.list_margin_lines(chapter, "fr", [block.id])) == 1


def test_the_form_asks_as_little_with_words_as_without(client, participant, block, count_queries):
    client.sign_in(participant)
    assert count_queries(lambda: client.get(selected(block))) <= 12
