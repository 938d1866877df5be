"""Arabic is written as Arabic is, on every page, in every letter and in every document."""

import csv
import io
import re

import docx
import lxml.html
import openpyxl
import pytest
from docx.oxml.ns import qn

from consult.core import jobs, mail
from consult.core.db import session, unit_of_work
from consult.core.i18n import LANGUAGES, force_locale, gettext, ngettext, number
from consult.core.permissions import Action
from consult.exports.models import ExportFormat
from consult.exports.writers import CONTRIBUTIONS, SYNTHESIS
from tests import factories
from tests.conftest import app_on
from tests.exports import cases
from tests.house import arabic, crawling, test_letters, test_translations
from tests.sharing import folder_of_run

ACCOUNTS = ("changed", "confirm", "existing", "identity", "link", "reset", "second_factor", "welcome")
CHANGES = sorted(action.value.partition(".")[2] for action in Action if re.search("authenticator|passkey|recovery|factors", action))


@pytest.mark.parametrize(("words", "fault"), [
    ("الباب 1, الفقرة 2", "a Latin sign"), ("هل هذا صحيح?", "a Latin sign"), ("أولا; ثانيا", "a Latin sign"),
    ("النص (3), ثم", "a Latin sign"),
    ("\u2068C1\u2069, \u2068C2\u2069", "a Latin sign"), ("3500 مساهمة", "a number as machines write it"),
    ("النص بلغة fr", "the code of a language"),
    ("النقطة ( 4)", "a space within brackets"), ("المساهمة (PNQ-C1-0001)", "a reference loose in brackets"),
])
def test_each_fault_is_seen(words, fault):
    assert [seen.partition(":")[0] for seen in arabic.faults(words)] == [fault]


@pytest.mark.parametrize("words", [
    "الباب 1، الفقرة 2؛ هل؟ (النقطة 4)", "المساهمة (\u2068PNQ-C1-0001\u2069)", "1,5 في المائة", "3.500 مساهمة سنة 2026", "http://a.test/?a=1,b;c",
])
def test_what_is_right_is_let_be(words):
    assert arabic.faults(words) == []


def test_words_of_others_and_what_is_isolated_are_not_ours():
    page = lxml.html.document_fromstring(
        '<html lang="ar"><body><p>نص <bdi>ألف, باء</bdi>، <span dir="auto">هل?</span></p><p lang="fr">نعم, لا</p>'
        '<p title="لا, نعم">نعم</p>')
    assert [fault for words in arabic.words_of(page) for fault in arabic.faults(words)] == ["a Latin sign: 'لا, نعم'"]


@pytest.mark.parametrize("role", crawling.ROLES)
def test_every_page(role, databases, demonstration, tmp_path_factory):
    def crawl():
        with app_on(databases.new_database(demonstration), tmp_path_factory.mktemp("data")) as app:
            yield from crawling.pages(app, crawling.reader(app, role), "ar")
    pages = crawling.crawled(folder_of_run(tmp_path_factory), role, "ar", crawl)
    found = {fault: address for address, _status, page in pages for words in arabic.words_of(page) for fault in arabic.faults(words)}
    assert len(pages) > 20
    assert found == {}


def faults_of_letter(subject: str, body: str) -> list[str]:
    assert subject == " ".join(subject.split(" ")).strip(), repr(subject)
    return [fault for line in (subject, *body.split("\n")) for fault in arabic.faults(line)]


@pytest.mark.parametrize("make", test_letters.NEWS, ids=lambda make: make.__name__)
def test_every_kind_of_letter(make, own_app):
    world = test_letters.a_world("ar")
    with unit_of_work(), jobs.muted():
        news = make(*map(session.merge, world))
    [letter] = test_letters.worded(news)
    _recipient, subject, body = letter.worded
    assert faults_of_letter(subject, body) == []


@pytest.mark.parametrize("name", ACCOUNTS)
def test_every_letter_about_an_account(name, app):
    keys = {"login_token": "ABCD", "reset_token": "t", "confirmation_token": "t", "letter": "l", "name": "مفتاح الدرج", "left": 3}
    for change in {"second_factor": CHANGES, "identity": ("registered", "bound", "unbound")}.get(name, ("",)):
        told = {**keys, "change": change, "issuer": "https://provider.example"}
        _recipient, subject, body = mail.worded(factories.a_user(language="ar"), f"accounts/{name}", **told)
        assert faults_of_letter(subject, body) == []


def test_every_letter_about_an_account_is_tried(app):
    templates = [name for name in app.jinja_env.list_templates() if name.startswith("emails/accounts/")]
    assert [f"emails/accounts/{name}.txt" for name in ACCOUNTS] == sorted(templates)


def written(definition, subject_id: int, format_: ExportFormat) -> io.BytesIO:
    out = io.BytesIO()
    session.commit()
    definition.write(subject_id, out, format=format_, language="ar")
    return io.BytesIO(out.getvalue())


def cells_of(format_: ExportFormat, data: io.BytesIO) -> list[str]:
    if format_ == ExportFormat.XLSX:
        return [str(cell) for row in openpyxl.load_workbook(data).active.iter_rows(values_only=True) for cell in row if cell is not None]
    text = io.StringIO(data.getvalue().decode("utf-8-sig"), newline="")
    return [cell for row in csv.reader(text, delimiter=";" if format_ == ExportFormat.EXCEL_CSV else ",") for cell in row]


@pytest.mark.parametrize("format_", [ExportFormat.XLSX, ExportFormat.CSV, ExportFormat.EXCEL_CSV])
def test_every_cell_of_a_table(consultation, format_):
    cases.a_discussed_chapter(consultation)
    cells = cells_of(format_, written(CONTRIBUTIONS, consultation.id, format_))
    assert [fault for cell in cells if "http" not in cell for fault in arabic.faults(cell)] == []


@pytest.mark.parametrize("format_", [ExportFormat.DOCX, ExportFormat.MARKDOWN])
def test_every_paragraph_of_a_document(consultation, format_):
    data = written(SYNTHESIS, cases.a_discussed_chapter(consultation).id, format_)
    if format_ == ExportFormat.DOCX:
        body = docx.Document(data).element.body
        paragraphs = ["".join(text.text or "" for text in p.iter(qn("w:t"))) for p in body.iter(qn("w:p"))]
    else:
        paragraphs = data.getvalue().decode().split("\n")
    assert "النقطة 1" in "\n".join(paragraphs)
    assert "point 1" not in "\n".join(paragraphs)
    assert [fault for words in paragraphs for fault in arabic.faults(words)] == []


def test_every_sentence_of_the_catalogue():
    """Placeholders stand for Latin words here, a reference among them: what is put into brackets is isolated where it is filled in."""
    sentences = [form for message in test_translations.messages("ar") for form in test_translations.forms(message)]
    assert [fault for form in sentences for fault in arabic.faults(form.replace("%(num)s", "3"))] == []


def test_a_subject_has_no_blank_at_its_ends_nor_two_in_a_row(app):
    letter = mail.post("a@example.org", " Votre\n  contribution\u00a0: reçue\u2028", "")
    assert letter.subject == "Votre contribution\u00a0: reçue"


@pytest.mark.parametrize("language", LANGUAGES)
def test_counts_are_written_as_numbers_are(app, language):
    wanted = {"fr": "12\u202f345", "ar": "12.345", "en": "12,345"}[language]
    with app.test_request_context(), force_locale(language):
        template = app.jinja_env.from_string(
            '{{ _("All %(count)s contributions", count=12345) }}|{{ ngettext("One contribution", "%(num)s contributions", 12345) }}')
        said = [*template.render().split("|"), gettext("All %(count)s contributions", count=12345),
                ngettext("One contribution", "%(num)s contributions", 12345)]
        assert number(12345) == wanted
    assert [wanted in words for words in said] == [True] * 4
    assert "12345" not in "".join(said)
