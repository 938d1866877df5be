"""Which passage a row speaks of; what is certain is right, and a form about another document is never certain."""

import re
from functools import lru_cache

import pytest

from consult.forms.matching import Matcher
from consult.forms.reading import read_form
from consult.forms.rows import FormRow
from consult.forms.saying import quoted, split_comment
from consult.forms.understanding import Understanding, understand
from tests.benchmarks import comment_forms
from tests.benchmarks.form_files import Sheet, as_csv
from tests.growing import grows_as_its_text
from tests.material import material_or_skip

HEADS = ["Organisme", "N° ligne", "Article/Paragraphe", "Alinéa/Figure/Tableau", "Type", "Commentaire", "Proposition de modification",
    "Observations du secrétariat"]
PROOF = ["CGEM", "", "Projet 1.1 — Stratégie nationale de normalisation", "", "ge", "Très bien.", "", ""]

text = lru_cache(maxsize=1)(comment_forms.read_text)


def read(*rows: list[str], chapter: int | None = None, head: list[str] | None = None) -> Understanding:
    sheet = Sheet([HEADS, *rows], 8, head=head or [])
    return understand(read_form(as_csv([sheet])), text()[0], chapter=chapter)


def one(clause: str, element: str = "", *, comment: str = "À revoir.", change: str = "", chapter: int | None = None):
    return read(PROOF, ["CGEM", "", clause, element, "te", comment, change, ""], chapter=chapter).rows[-1]


@pytest.mark.parametrize(("clause", "element", "key"), [
    ("C1-A1-P2-a1", "", "C1-A1-P2-a1"), ("A1-P2", "", "C1-A1-P2"), ("Action 1.2.1", "", "C1-A1-P2-a1"), ("§ 3.2", "", "C1-A3-P2"),
    ("1.2.1", "", "C1-A1-P2-a1"), ("Action 1 du projet 1.2", "", "C1-A1-P2-a1"), ("Axe 1", "§ 2", "C1-A1-§2"), ("Projet 1.2",
    "Action 1.2.3", "C1-A1-P2-a3"),
    ("Actualisation du cadre juridique", "", "C1-A1-P2"), ("actualisation du cadre juridque", "", "C1-A1-P2"), ("المشروع ١.٢", "",
    "C1-A1-P2"),
    ("IMANOR publie chaque trimestre l’état d’avancement…", "", "C1-A2-P3-a1"), ("Action 1.2.1", "indicateur", "C1-A1-P2-a1"),
    ("Axe 1, Projet 1.2, Action 1.2.1", "", "C1-A1-P2-a1"), ("C1-contexte-§2", "", "C1-contexte-§2"), ("تحيين الإطار القانوني", "",
    "C1-A1-P2"),
])
def test_a_passage_is_found_by_all_that_people_write(clause, element, key):
    found = one(clause, element)
    assert (found.passage, found.confidence.value) == (key, "sure")


@pytest.mark.parametrize(("clause", "element"), [
    ("page 4", ""), ("5", ""), ("Action 1.2.9", ""), ("1.1.1 et 1.2.1", ""), ("1.2.1 et 3", ""),
    ("Projet 1.2 — Stratégie nationale de normalisation", ""),
    ("Projet 1.1", "Action 2.1.1"), ("C2-A1-P2-a1", ""), ("Contexte et diagnostic", ""), ("Projet 1.1", "§ 9"), ("", ""), ("Annexe B", ""),
])
def test_what_is_unclear_or_disagrees_is_not_certain(clause, element):
    assert one(clause, element).confidence.value != "sure"


def test_words_that_are_quoted_from_elsewhere_make_a_number_doubtful():
    found = one("Action 1.2.1", comment="Les mots « une stratégie nationale de normalisation 2028-2032 fondée sur l’analyse » sont flous.")
    assert (found.confidence.value, found.why.value) == ("doubtful", "disagrees")


@pytest.mark.parametrize("end", ["x", "»", "«", ""])
def test_a_quote_that_is_never_closed_takes_no_longer_than_its_cell(end):
    matcher = Matcher(text()[0])
    for act in (lambda cell: quoted(cell, "le texte"), lambda cell: matcher.quoted_in(FormRow(0, 1, comment=cell), set())):
        for sign in ("«", '"'):
            assert grows_as_its_text(act, lambda length: sign + " " * length + end, 400), (sign, end)  # noqa: B023
            assert grows_as_its_text(act, lambda length: f"{sign} " * length + end, 400), (sign, end)  # noqa: B023


def test_of_a_cell_of_the_place_no_more_is_looked_at_than_a_place_takes():
    matcher = Matcher(text()[0])
    near, far = (matcher.place(FormRow(0, 1, clause="mot " * times + "Action 1.2.1"), set()) for times in (20, 600))
    assert (near.key, far.key) == ("C1-A1-P2-a1", None)


@pytest.mark.parametrize(("cell", "exact"), [
    ("«  la   liste »", "la liste"), ("«la liste» et « des étalons »", "la liste"),
    ("« publie « la liste » des »", "publie « la liste » des"),
    ("«  »", None), ("« »x", None), ("la liste", None), ("» la liste «", None), ("« ailleurs »", None),
])
def test_the_words_between_quotation_marks_are_found_in_the_passage(cell, exact):
    assert quoted(cell, "IMANOR publie « la liste » des étalons, et la liste.").get("exact") == exact


def test_a_number_of_another_chapter_than_the_form_says_is_doubtful():
    found = one("Action 8.1.1", chapter=1)
    assert (found.confidence.value, found.why.value) == ("doubtful", "other_chapter")


def test_a_row_that_quotes_its_passage_needs_no_number():
    found = one("", comment="« programmes sectoriels triennaux pour au moins huit secteurs » : lesquels ?")
    assert (found.passage, found.confidence.value, found.why.value) == ("C1-A1-P1-a2", "sure", "quoted")


def test_numbers_alone_say_nothing_unless_the_form_shows_that_it_is_about_this_text():
    row = ["DE", "", "1.2.1", "", "te", "The symbol should be italic.", "", ""]
    assert read(row).rows[0].confidence.value == "doubtful"
    assert read(row, head=["Document : Politique nationale de la qualité"]).rows[0].confidence.value == "sure"


def test_the_same_as_above_is_the_passage_above():
    found = read(PROOF, ["CGEM", "", "Action 1.2.1", "", "te", "Trop vague.", "", ""], ["CGEM", "", "idem", "", "ed", "Une faute.", "",
        ""]).rows
    assert [one.passage for one in found[1:]] == ["C1-A1-P2-a1"] * 2


@pytest.mark.parametrize("chapter", [None, 1, 2, 3, 4, 5])
def test_real_comments_on_another_document_are_never_certain(chapter):
    form = read_form(material_or_skip("iso-comments/iso80000-2_comments.csv").read_bytes())
    assert not [one for one in understand(form, text()[0], chapter=chapter).rows if one.confidence.value == "sure"]


def test_of_damaged_forms_nothing_is_certain_and_wrong():
    passages, said = text()
    found = comment_forms.figures([*comment_forms.cases(11, said)[::5], *comment_forms.foreign(11)[::7]], passages)
    ours, others = found["in all"], found["in all, about another document"]
    assert not ours["certain and wrong"]
    assert not others["certain and wrong"]
    assert ours["lost"] + ours["not found"] <= 0.02 * ours.total()
    assert ours["certain and right"] >= 0.9 * ours.total()


@pytest.mark.parametrize("comment", [
    "Nous doutons.\n- Position : contre, sauf si les PME sont exemptées\n- Justification : le coût\n- Justification : le délai",
    "- Nature : obligatoire pour tous les importateurs", "Un avis.\n- Position : Défavorable\nmais pas pour tous", "— Position :",
])
def test_no_word_of_a_comment_is_lost_under_a_name_of_ours(app, comment):
    body, told = split_comment(comment)
    kept = "\n".join([body, *told.values()])
    for word in re.findall(r"\w+", re.sub(r"^[—–-] (Justification|Position|Nature)", "", comment, flags=re.MULTILINE)):
        assert word in kept, word
    assert "contre" not in told.get("Position", "")
