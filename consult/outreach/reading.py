"""The table in a CSV or XLSX file, as text: a list of people comes as whatever their secretary's spreadsheet writes.

It runs in a process of its own with limits of time and memory (``core/confinement.py``), and so knows neither the database nor Flask.
Nothing is calculated: a formula is told as such, and its value is not looked at.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.text import workbook
from consult.text.addresses import MAX_ADDRESS, spelt
from consult.text.decoding import decoded
from consult.text.normalising import UNKEPT, name_key, normalised, readable
from consult.text.workbook import MAX_CELL, MAX_COLUMNS, MAX_ROWS, Grid

LARGEST = 8 * 1024 * 1024
HEADINGS_WITHIN = 20  # rows, under a title and a logo
SEPARATORS = (";", ",", "\t")
REMEDY = _("Save it as .xlsx, or as CSV in UTF-8, and choose it again.")

# What a column is called, in letters and digits alone, whatever the case, the accents and the spaces.
CALLED: dict[str, str] = {
    "organisation": "organisation organization organisme nomdelorganisme nomorganisme nomdelorganisation entite structure institution"
                    " etablissement raisonsociale denomination nom name societe company الهيئة هيئة المؤسسة مؤسسة المنظمة منظمة"
                    " اسمالهيئة اسمالمؤسسة اسمالمنظمة التسمية الاسم",
    "category": "categorie category type typedorganisme typedorganisation nature kind الفئة فئة الصنف صنف النوع نوع",
    "address": "email emails mail mel courriel adresseemail adressemail adressecourriel adresseelectronique emailaddress mailaddress"
               " adressedecourriel adressedemessagerie البريدالإلكتروني بريدإلكتروني عنوانالبريدالإلكتروني الإيميل البريد",
    "language": "langue language langues languages langueducourrier languageofletter اللغة لغة لغةالمراسلة",
    "chapters": "chapitres chapitre chapters chapter chapitresconcernes chaptersconcerned chapitreconcerne الأبواب الباب أبواب باب"
                " الأبوابالمعنية البابالمعني",
    "sector": "secteur sector secteurdactivite secteuractivite القطاع قطاع",
    "region": "region regions الجهة الجهات جهة المنطقة",
    "contact": "contact nomducontact contactname personne personneacontacter personnedecontact interlocuteur responsable nomduresponsable"
               " المسؤول جهةالاتصال اسمالمسؤول المخاطب الشخصالمكلف",
}
FIELDS = tuple(CALLED)
NEEDED = ("organisation", "address")


@dataclass(frozen=True)
class ReadRow:
    """One line; of its formulas only that they are there is told."""

    number: int
    typed: dict[str, str]
    address: str = ""  # in its one spelling, where it has the look of one
    has_formula: bool = False
    is_too_long: bool = False
    has_signs: bool = False


@dataclass(frozen=True)
class ReadList:
    columns: list[tuple[str, str]] = field(default_factory=list)  # (heading, what it was taken for or empty)
    rows: list[ReadRow] = field(default_factory=list)


def read_list(data: bytes, file_name: str) -> ReadList:
    """Raises :class:`Invalid` (field ``file``) with reason and remedy."""
    if not data.strip():
        raise Invalid("file", _("The file is empty."), _("Check that the table was saved, and choose it again."))
    if len(data) > LARGEST:
        raise Invalid("file", _("The file is larger than 8 MB."), _("Split the list, or save its sheet alone."))
    return understood(workbook.read(data) if is_workbook(data, file_name) else read_csv(data))


def is_workbook(data: bytes, file_name: str) -> bool:
    ending = file_name.lower().rpartition(".")[2]
    if data.startswith(b"PK\x03\x04") or ending in ("xlsx", "xlsm"):
        return True
    if data.startswith((b"\xd0\xcf\x11\xe0", b"%PDF", b"{\\rtf")) or ending in ("xls", "ods", "doc", "docx", "pdf", "numbers"):
        raise Invalid("file", _("This is neither a CSV file nor an .xlsx workbook."), REMEDY)
    return False


# CSV


def read_csv(data: bytes) -> Grid:
    text = decoded(data)
    first, _end, rest = text.partition("\n")
    told = re.fullmatch(r"sep=(.)", first.strip("\r\ufeff "))  # as Excel has it
    text = rest if told else text
    separators = (told[1],) if told else SEPARATORS
    return max((cells_of(text, separator) for separator in separators), key=is_likely)


def cells_of(text: str, separator: str) -> Grid:
    grid = Grid()
    try:
        for number, line in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator), 1):
            grid.check_line(number)
            if any(cell.strip() for cell in line):
                grid.put_row(number, line)
    except csv.Error as error:
        raise Invalid("file", _("This file is no table that can be read."), REMEDY) from error
    return grid


def is_likely(grid: Grid) -> tuple[int, int]:
    """How many headings are known, then how many columns there are."""
    known = max((len(set(taken(row).values())) for _number, row in head_of(grid)), default=0)
    return known, max((len(row) for _number, row in head_of(grid)), default=0)


def head_of(grid: Grid) -> list[tuple[int, list[str]]]:
    return list(grid.rows.items())[:HEADINGS_WITHIN]


# What its columns are


def understood(grid: Grid) -> ReadList:
    found = [(number, row) for number, row in head_of(grid) if all(name in taken(row).values() for name in NEEDED)]
    if not found:
        raise Invalid("file", _("No row of headings was found: a column “Organisation” and a column “E-mail” are needed."),
                      _("Name the columns in the first row, in French, Arabic or English, and choose the file again."))
    head, headings = found[0]
    columns = taken(headings)
    rows = [row for row in read_rows(grid, head, columns) if any(row.typed.values()) or row.has_formula]
    if not rows:
        raise Invalid("file", _("There is no row under the headings."), _("Check that the table was saved, and choose it again."))
    named = [(clean(heading)[:MAX_CELL], columns.get(place, "")) for place, heading in enumerate(headings) if heading.strip()]
    return ReadList(named, rows)


def taken(headings: list[str]) -> dict[int, str]:
    """By the place of a column: what it was taken for; the first of several that are called alike."""
    found: dict[int, str] = {}
    for place, heading in enumerate(headings):
        name = KEYS.get(key_of(heading), "")
        if name and name not in found.values():
            found[place] = name
    return found


def key_of(text: str) -> str:
    return "".join(character for character in name_key(normalised(text[:MAX_CELL])) if character.isalnum())


KEYS = {key_of(word): name for name, words in CALLED.items() for word in words.split()}


def read_rows(grid: Grid, head: int, columns: dict[int, str]) -> Iterator[ReadRow]:
    for number, row in grid.rows.items():
        if number <= head:
            continue
        cells = {name: row[place] if place < len(row) else "" for place, name in columns.items()}
        plain = {name: clean(text) for name, text in cells.items()}
        formulas = {place for place in columns if (number, place) in grid.formulas} | {
            place for place, name in columns.items() if plain[name].startswith("=")}
        address = spelt(plain.get("address", "").removeprefix("mailto:"))
        yield ReadRow(
            number, {name: text[:MAX_CELL] for name, text in plain.items()},
            address if "@" in address and len(address) <= MAX_ADDRESS else "", bool(formulas),
            any(len(text) > MAX_CELL for text in plain.values()), any(UNKEPT.search(readable(text)) for text in cells.values()))


def clean(text: str) -> str:
    """One line, without what cannot be kept."""
    return " ".join(UNKEPT.sub("", readable(text)).split())


__all__ = ["FIELDS", "MAX_COLUMNS", "MAX_ROWS", "ReadList", "ReadRow", "read_list"]
