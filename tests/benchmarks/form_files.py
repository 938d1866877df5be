"""Filled comment forms in the formats that people send, written by other libraries than those that read them."""

import csv
import io
import zipfile
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

import docx
import openpyxl
from docx.oxml.ns import qn

Cell = str | None  # None: joined with the cell above it


@dataclass
class Sheet:
    """Rows of cells; one that is alone in a list stands over all columns. ``head`` is what a page says above the table."""

    rows: list[list[Cell]] = field(default_factory=list)
    width: int = 0
    head: list[str] = field(default_factory=list)
    in_header: list[str] = field(default_factory=list)  # headings that Word keeps in the header of the page

    def spread(self) -> list[list[Cell]]:
        return [row + [""] * (self.width - len(row)) for row in self.rows]


def as_docx(sheets: list[Sheet]) -> bytes:
    document, out = docx.Document(), io.BytesIO()
    for sheet in sheets:
        for said in sheet.head:
            document.add_paragraph(said)
        if sheet.in_header:
            header = document.sections[0].header
            table = header.add_table(1, sheet.width, width=docx.shared.Cm(25))
            for place, words in enumerate(sheet.in_header):
                table.rows[0].cells[place].text = words
        table = document.add_table(len(sheet.rows), sheet.width)
        cells = [list(row.cells) for row in table.rows]
        for number, row in enumerate(sheet.rows):
            if len(row) == 1 and sheet.width > 1:
                cells[number][0].merge(cells[number][-1]).text = row[0] or ""
                continue
            for place, words in enumerate(row):
                if words is not None:
                    put(cells[number][place], words)
        for number, row in enumerate(sheet.rows):
            for place, words in enumerate(row):
                if words is None:
                    join_up(table, number, place)
    document.save(out)
    return out.getvalue()


def put(cell, words: str) -> None:
    first, *rest = words.split("\n")
    cell.paragraphs[0].text = first
    for line in rest:
        cell.add_paragraph(line)


def join_up(table, number: int, place: int) -> None:
    """As Word writes cells that are joined downwards."""
    for row, value in ((number - 1, "restart"), (number, None)):
        properties = table.rows[row]._tr.tc_lst[place].get_or_add_tcPr()
        merge = properties.find(qn("w:vMerge"))
        if merge is None:
            merge = properties.makeelement(qn("w:vMerge"), {})
            properties.append(merge)
            if value:
                merge.set(qn("w:val"), value)


def as_xlsx(sheets: list[Sheet]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.remove(book.active)
    for sheet in sheets:
        page = book.create_sheet()
        for said in sheet.head:
            page.append([said])
        for row in sheet.rows:
            page.append([words if words is None else plain(words) for words in row])
            if len(row) == 1 and sheet.width > 1:
                page.merge_cells(start_row=page.max_row, end_row=page.max_row, start_column=1, end_column=sheet.width)
        begin: dict[int, int] = {}
        for number, row in enumerate(sheet.rows, len(sheet.head) + 1):
            for place, words in enumerate(row, 1):
                if words is not None:
                    begin[place] = number
                elif number == len(sheet.rows) + len(sheet.head) or place > len(sheet.rows[number - len(sheet.head)]) or (
                        sheet.rows[number - len(sheet.head)][place - 1] is not None):
                    page.merge_cells(start_row=begin[place], end_row=number, start_column=place, end_column=place)
    book.save(out)
    return out.getvalue()


def plain(words: str) -> str | float:
    """As a spreadsheet takes what is typed: 3.2 is a number."""
    whole, point, part = words.partition(".")
    return float(words) if point and whole.isascii() and whole.isdigit() and part.isascii() and part.isdigit() else words


def as_ods(sheets: list[Sheet]) -> bytes:
    tables = "".join(ods_table(number, sheet) for number, sheet in enumerate(sheets, 1))
    content = ('<?xml version="1.0" encoding="UTF-8"?><office:document-content'
               ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
               ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
               ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2"><office:body><office:spreadsheet>'
               f'{tables}</office:spreadsheet></office:body></office:document-content>')
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", content)
    return out.getvalue()


def ods_table(number: int, sheet: Sheet) -> str:
    rows = [[said] for said in sheet.head] + sheet.rows
    lines = []
    for at, row in enumerate(rows):
        cells = []
        for place, words in enumerate(row):
            if words is None:
                cells.append("<table:covered-table-cell/>")
                continue
            deep = 1
            while at + deep < len(rows) and place < len(rows[at + deep]) and rows[at + deep][place] is None:
                deep += 1
            across = sheet.width if len(row) == 1 and at >= len(sheet.head) else 1
            spans = (f' table:number-rows-spanned="{deep}"' if deep > 1 else "") + (
                f' table:number-columns-spanned="{across}"' if across > 1 else "")
            said = "".join(f"<text:p>{escape(line)}</text:p>" for line in words.split("\n"))
            cells.append(f'<table:table-cell office:value-type="string"{spans}>{said}</table:table-cell>')
        lines.append(f"<table:table-row>{''.join(cells)}</table:table-row>")
    empty = ('<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="1024"/>'
             '</table:table-row>')
    return f"<table:table table:name={quoteattr(f'Feuille{number}')}>{''.join(lines)}{empty}</table:table>"


def as_csv(sheets: list[Sheet], *, separator: str = ";", encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    for sheet in sheets:
        writer.writerows([said] for said in sheet.head)
        writer.writerows([["" if words is None else words for words in row] for row in sheet.spread()])
    return out.getvalue().encode(encoding, "replace")
