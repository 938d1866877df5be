"""An item has one number: on every screen and in every document, before the validation, after it, and on a new version of the text."""

import csv
import io
import re

import docx
import lxml.html
import pytest
from docx.oxml.ns import qn

from consult.consultations.models import Phase
from consult.contributions import service as contributions
from consult.core.db import session
from consult.core.permissions import VISITOR
from consult.exports import matrix
from consult.exports.models import ExportFormat
from consult.exports.writers import CONTRIBUTIONS, OPEN_DATA, SYNTHESIS
from consult.synthesis import service
from consult.synthesis.models import Disposition
from tests import factories
from tests.contributions import revising

ANSWER = {"summary": "", "disposition": Disposition.NOTED, "ground": None, "rationale": "Le texte le dit."}
TRAIN, LIST = "Les techniciens", "La liste"


@pytest.fixture
def answered(chapter, rapporteur):
    """A synthesis whose first item was dropped, and whose third begins before its second."""
    said = [factories.a_published_contribution(block=factories.block_of(chapter, key)) for key in (revising.A1, revising.A2, revising.A1)]
    first = service.add_item(rapporteur, service.get_or_new(chapter), title="Un essai")
    for title, gathered in ((TRAIN, said[1:2]), (LIST, said[::2])):
        item = service.add_item(rapporteur, first.synthesis, title=title, contributions=gathered)
        service.edit_item(rapporteur, item, expected_counter=item.row_counter, title=title, **ANSWER)
    service.drop_item(rapporteur, first)
    session.expire_all()
    return item.synthesis


NUMBERS = {LIST: 3, TRAIN: 2}  # in the order of the text


def found(pattern: str, text: str) -> dict[str, int]:
    """The numbers that stand before the titles, in their order; of a page, its text."""
    said = re.findall(pattern.format(f"({TRAIN}|{LIST})"), re.sub(r"\s+", " ", text))
    return {title: int(number) for number, title in said}


def on_screens(client, rapporteur, chapter) -> list[dict[str, int]]:
    """On the workbench, where the synthesis is read, and at the head of each item's own page."""
    client.sign_in(rapporteur)

    def shown(path: str) -> str:
        return lxml.html.fromstring(client.get(f"/en/synthesis/{path}").text).text_content()
    desks = "\n".join(shown(f"edit-item/{item.id}") for item in service.list_item_lines(rapporteur, service.get_or_new(chapter)))
    return [found(r"(\d+) {}", shown("workbench/1?answer=all")), found(r"(\d+) {}", shown("read/1")), found(r"Item (\d+) · {}", desks)]


def written(export, subject_id: int, format_: ExportFormat) -> bytes:
    out = io.BytesIO()
    session.commit()
    export.write(subject_id, out, format=format_, language="en")
    return out.getvalue()


def in_documents(chapter) -> list[dict[str, int]]:
    word = docx.Document(io.BytesIO(written(SYNTHESIS, chapter.id, ExportFormat.DOCX)))
    word_text = "\n".join("".join(t.text or "" for t in p.iter(qn("w:t"))) for p in word.element.body.iter(qn("w:p")))
    markdown = written(SYNTHESIS, chapter.id, ExportFormat.MARKDOWN).decode()
    sheet = written(CONTRIBUTIONS, chapter.consultation_id, ExportFormat.CSV).decode("utf-8-sig")
    cells = [row["Point of the synthesis"] for row in csv.DictReader(io.StringIO(sheet, newline=""))]
    rows = [row.point.item for row in matrix.rows(chapter.consultation, "fr", chapter=chapter) if row.point]
    return [found(r"(\d+)\. {}", word_text), found(r"## (\d+)\. {}", markdown), found(r"(\d+)\. {}", "\n".join(cells)),
            {item.title: item.number for item in rows}]


def check(client, rapporteur, chapter, numbers=NUMBERS) -> None:
    shown = [*on_screens(client, rapporteur, chapter), *in_documents(chapter)]
    assert [list(numbered.items()) for numbered in shown] == [list(numbers.items())] * 7


def test_numbers_are_the_same_everywhere_and_always(client, rapporteur, chair, answered, chapter):
    check(client, rapporteur, chapter)
    chapter.consultation.phase = Phase.SYNTHESIS
    session.commit()
    service.validate(chair, answered)
    check(client, rapporteur, chapter)
    # The passage of the third is moved behind that of the second: the order follows, the numbers stay.
    revising.revise(chapter, (revising.LIST, ""), (revising.TRAIN, revising.TRAIN + revising.LIST.replace("1.1.1", "1.1.3")))
    check(client, rapporteur, chapter, dict(reversed(NUMBERS.items())))


def test_an_address_that_was_cited_leads_to_the_same_item(client, rapporteur, chair, answered, chapter):
    chapter.consultation.phase = Phase.SYNTHESIS
    session.commit()
    service.validate(chair, answered)
    service.submit_all([answered])
    contribution = answered.items[-1].links[0].contribution
    page = lxml.html.fromstring(client.get("/fr/synthesis/read/1").text)
    assert {element.get("id"): element.xpath("string(.//h3)").split()[0] for element in page.xpath("//article[@id]")} == {
        "item-2": "2", "item-3": "3"}
    assert "/fr/synthesis/read/1?item=3#item-3" in client.get(f"/fr/contributions/{contribution.ref}").text
    sheet = written(OPEN_DATA, chapter.consultation_id, ExportFormat.CSV).decode("utf-8-sig")
    assert {row["item"] for row in csv.DictReader(io.StringIO(sheet, newline=""))} == {f"2. {TRAIN}", f"3. {LIST}"}
    assert contributions.get_contribution(VISITOR, contribution.ref).is_public
