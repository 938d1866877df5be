"""A table of what was said elsewhere, as text: CSV, XLSX, or the JSON of another platform laid flat, one column for each of its names.

It runs in a process of its own with limits of time and memory (``core/confinement.py``), and so knows neither the database nor Flask.
"""

import csv
import io
import json
from dataclasses import dataclass, field
from typing import Any

import lxml.html

from consult.contributions.statement import MAX_BODY
from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.text import workbook
from consult.text.decoding import decoded
from consult.text.normalising import UNKEPT, name_key, normalised, readable

LARGEST = 8 * 1024 * 1024
MAX_ROWS, MAX_COLUMNS, MAX_DEPTH, MAX_CELL = 5_000, 120, 6, MAX_BODY + 1_000
SEPARATORS = (",", ";", "\t")
LISTS = ("data", "comments", "proposals", "results", "items", "contributions")  # where other platforms keep their rows
MARKUP = ("<p", "<br", "<div", "<ul", "<ol", "<strong", "<em")
REMEDY = _("Save it as CSV in UTF-8, .xlsx or .json, and choose it again.")

# What a column is for, by the names that tables and other platforms give it: Decidim (title/fr, body/fr, author/name), CONSUL
# (description, public_author_name), regulations.gov (attributes/comment, attributes/firstName…).
CALLED: dict[str, tuple[str, ...]] = {
    "body": ("body", "bodyfr", "bodyar", "bodyen", "comment", "attributescomment", "contribution", "commentaire", "texte", "text",
             "description", "content", "avis", "المساهمة", "النص", "التعليق"),
    "title": ("title", "titlefr", "titlear", "titleen", "titre", "subject", "العنوان"),
    "passage": ("passage", "key", "cle", "clause", "article", "المقطع", "الرمز"),
    "replacement": ("replacement", "proposedchange", "modificationproposee", "proposition"),
    "justification": ("justification", "rationale", "motif"),
    "name": ("name", "author", "authorname", "publicauthorname", "auteur", "nom", "attributesfirstname", "الاسم", "الكاتب"),
    "last_name": ("lastname", "attributeslastname", "nomdefamille"),
    "organisation": ("organisation", "organization", "organisme", "attributesorganization", "usergroupname", "الهيئة"),
    "contact": ("contact", "email", "courriel", "attributesemail", "telephone", "البريدالإلكتروني"),
}
FIELDS = tuple(CALLED)


@dataclass(frozen=True)
class ReadTable:
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    def guesses(self) -> dict[str, int]:
        """For what each column is, by its name: the place of the column, by the name of the field."""
        keys = [key_of(column) for column in self.columns]
        found = {name: next((keys.index(called) for called in names if called in keys), None) for name, names in CALLED.items()}
        return {name: place for name, place in found.items() if place is not None}


def key_of(text: str) -> str:
    return "".join(character for character in name_key(normalised(text[:200])) if character.isalnum())


def read_table(data: bytes, file_name: str) -> ReadTable:
    """Raises :class:`Invalid` (field ``file``) with reason and remedy."""
    if not data.strip():
        raise Invalid("file", _("The file is empty."), _("Check that the table was saved, and choose it again."))
    if len(data) > LARGEST:
        raise Invalid("file", _("The file is larger than 8 MB."), _("Split it into several files."))
    ending = file_name.lower().rpartition(".")[2]
    if data.startswith(b"PK\x03\x04") or ending == "xlsx":
        lines = list(workbook.read(data).rows.values())
    elif data.lstrip()[:1] in (b"[", b"{") or ending == "json":
        return checked(flattened(data))
    else:
        lines = csv_lines(decoded(data))
    lines = [line for line in lines if any(cell.strip() for cell in line)]
    return checked(ReadTable(lines[0], lines[1:]) if lines else ReadTable())


def checked(table: ReadTable) -> ReadTable:
    if not table.rows:
        raise Invalid("file", _("There is no row under the headings."), REMEDY)
    if len(table.rows) > MAX_ROWS or len(table.columns) > MAX_COLUMNS:
        raise Invalid("file", _("The table has more than %(rows)s rows or %(columns)s columns.", rows=MAX_ROWS, columns=MAX_COLUMNS),
                      _("Split it into several files."))
    width = len(table.columns)
    return ReadTable([plain(column)[:200] for column in table.columns],
                     [[plain(cell)[:MAX_CELL] for cell in [*line[:width], *[""] * (width - len(line))]] for line in table.rows])


def csv_lines(text: str) -> list[list[str]]:
    csv.field_size_limit(4 * MAX_CELL)
    try:
        ways = [list(csv.reader(io.StringIO(text, newline=""), delimiter=separator)) for separator in SEPARATORS]
    except csv.Error as error:
        raise Invalid("file", _("This file is no table that can be read."), REMEDY) from error
    return max(ways, key=lambda lines: len(lines[0]) if lines else 0)


def flattened(data: bytes) -> ReadTable:
    """Each object is a row; what stands in an object in it has the names of both, with a stroke between."""
    try:
        found = json.loads(decoded(data))
    except (ValueError, RecursionError) as error:
        raise Invalid("file", _("This file is no JSON that can be read."), REMEDY) from error
    if isinstance(found, dict):
        found = next((found[name] for name in LISTS if isinstance(found.get(name), list)), [found])
    rows = [laid_flat(one) for one in found[:MAX_ROWS + 1] if isinstance(one, dict)] if isinstance(found, list) else []
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return ReadTable(columns, [[row.get(name, "") for name in columns] for row in rows])


def laid_flat(found: dict[str, Any], before: str = "", depth: int = 0) -> dict[str, str]:
    row: dict[str, str] = {}
    for name, value in found.items():
        path = f"{before}{name}"
        if isinstance(value, dict) and depth < MAX_DEPTH:
            row.update(laid_flat(value, f"{path}/", depth + 1))
        elif value is not None and not isinstance(value, dict | list):
            row[path] = str(value)
    return row


def plain(text: str) -> str:
    """Without the tags of a text that was written in HTML, and without what cannot be kept."""
    kept = UNKEPT.sub("", readable(text)).strip()
    if not any(tag in kept.lower() for tag in MARKUP):
        return kept
    try:
        tree: Any = lxml.html.fromstring(f"<div>{kept}</div>")
    except (ValueError, lxml.etree.ParserError):
        return kept
    for element in tree.iter("p", "br", "li", "div"):
        element.tail = f"\n{element.tail or ''}"
    return UNKEPT.sub("", tree.text_content()).strip()
