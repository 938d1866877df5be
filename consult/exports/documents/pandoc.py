"""Markdown, and the prose of the Word document, by pandoc. Parts go in as pandoc's own tree: people's words are never parsed."""

import json
from functools import cache
from typing import Any

import pypandoc

from consult.exports.documents.parts import CODE, DELETE, INSERT, QUIET, STRONG, Heading, Paragraph, Part, Report, Run, Table

# --sandbox: pandoc opens no file; the memory of its run is bounded.
LIMITS = ["--sandbox", "+RTS", "-M1024M", "-RTS"]
ALIGN = {"t": "AlignDefault"}
ROW_BREAK = {"t": "RawInline", "c": ["html", "<br>"]}
NO_ATTRIBUTES: list[Any] = ["", [], []]
STYLES = {"mark": "Mark", "quote": "Block Text", "label": "Label", "answer": "Answer"}


@cache
def api_version() -> list[int]:
    """The tree's version that this pandoc speaks."""
    return json.loads(pypandoc.convert_text("x", "json", format="markdown"))["pandoc-api-version"]


def inline(run: Run, *, styled: bool) -> list[dict]:
    """One run; a line break stays a line break. Markdown has no quiet words and no styles."""
    mark, words = run
    pieces: list[dict] = []
    for line in words.split("\n"):
        if pieces:
            pieces.append({"t": "LineBreak"})
        pieces.extend(spaced(line))
    wrapped = {STRONG: "Strong", INSERT: "Underline", DELETE: "Strikeout"}.get(mark)
    if wrapped:
        return [{"t": wrapped, "c": pieces}]
    if styled and mark in (QUIET, CODE):
        attributes = [["custom-style", "Quiet"]] if mark == QUIET else [["custom-style", "Reference"], ["dir", "ltr"]]
        return [{"t": "Span", "c": [["", [], attributes], pieces]}]
    return pieces


def spaced(line: str) -> list[dict]:
    """Words and the spaces between them, as pandoc has them."""
    pieces: list[dict] = []
    for number, word in enumerate(line.split(" ")):
        if number:
            pieces.append({"t": "Space"})
        if word:
            pieces.append({"t": "Str", "c": word})
    return pieces


def inlines(run_list: list[Run], *, styled: bool = False) -> list[dict]:
    return [piece for run in run_list for piece in inline(run, styled=styled)]


def block(part: Part, *, styled: bool) -> dict:
    if isinstance(part, Heading):
        return {"t": "Header", "c": [part.level, NO_ATTRIBUTES, inlines(part.runs, styled=styled)]}
    if isinstance(part, Table):
        return table(part, styled=styled)
    return paragraph(part, styled=styled)


def paragraph(part: Paragraph, *, styled: bool) -> dict:
    """A paragraph in its own direction; Word knows it by a style, Markdown as a quotation."""
    para: dict = {"t": "Para", "c": inlines(part.runs, styled=styled)}
    if part.style in ("quote", "mark") and not styled:
        return {"t": "BlockQuote", "c": [para]}
    attributes = [["dir", part.dir]] if styled else []
    if styled and part.style in STYLES:
        attributes.append(["custom-style", STYLES[part.style]])
    return {"t": "Div", "c": [["", [], attributes], [para]]} if attributes else para


def table(part: Table, *, styled: bool) -> dict:
    total = sum(part.widths)
    columns = [[{"t": "AlignRight" if n in part.numbers else "AlignDefault"}, {"t": "ColWidth", "c": w / total}]
               for n, w in enumerate(part.widths)]
    head = [[NO_ATTRIBUTES, [cell([plain([("", title)])]) for title in part.head]]] if part.head else []
    body = [[NO_ATTRIBUTES, [cell(cell_blocks(content, styled=styled)) for content in row]] for row in part.rows]
    return {"t": "Table", "c": [
        NO_ATTRIBUTES, [None, []], columns, [NO_ATTRIBUTES, head], [[NO_ATTRIBUTES, 0, [], body]], [NO_ATTRIBUTES, []],
    ]}


def cell(blocks: list[dict]) -> list:
    return [NO_ATTRIBUTES, ALIGN, 1, 1, blocks]


def plain(run_list: list[Run]) -> dict:
    return {"t": "Plain", "c": inlines(run_list)}


def cell_blocks(content: list[Paragraph], *, styled: bool) -> list[dict]:
    """Word has paragraphs in a cell; a row of Markdown is one line, so they are joined by line breaks."""
    if styled:
        plains = [({"t": "Plain", "c": inlines(part.runs, styled=True)}, part.dir) for part in content]
        return [{"t": "Div", "c": [["", [], [["dir", way]]], [plain_]]} for plain_, way in plains]
    pieces: list[dict] = []
    for part in content:
        pieces += [{"t": "LineBreak"}, *inlines(part.runs)] if pieces else inlines(part.runs)
    return [{"t": "Plain", "c": [ROW_BREAK if piece["t"] == "LineBreak" else piece for piece in pieces]}] if pieces else []


def tree(report: Report, blocks: list[dict]) -> str:
    meta = {
        "lang": {"t": "MetaString", "c": report.language},
        **({"dir": {"t": "MetaString", "c": "rtl"}} if report.direction == "rtl" else {}),
    }
    return json.dumps({"pandoc-api-version": api_version(), "meta": meta, "blocks": blocks})


def markdown(report: Report) -> bytes:
    """The whole document, the matrix included, as GitHub-flavoured Markdown in UTF-8."""
    blocks: list[dict] = [
        {"t": "Para", "c": inlines([("", report.over)])},
        {"t": "Header", "c": [1, NO_ATTRIBUTES, inlines([("", f"{report.title} — {report.under}")])]},
    ]
    blocks += [block(deeper(part), styled=False) for part in report.parts]
    if report.annex is not None:
        blocks.append({"t": "Header", "c": [2, NO_ATTRIBUTES, inlines([("", report.annex.title)])]})
        blocks += [block(part, styled=False) for part in report.annex.notes]
        blocks.append(table(report.annex.table, styled=False))
    text = pypandoc.convert_text(tree(report, blocks), "gfm", format="json", extra_args=["--wrap=none", *LIMITS])
    if report.direction == "rtl":
        text = f'<div dir="rtl" lang="{report.language}">\n\n{text.strip()}\n\n</div>\n'
    return text.replace("\r\n", "\n").encode()


def deeper(part: Part) -> Part:
    """In one Markdown file the document's title is the first level."""
    return Heading(part.level + 1, part.runs, part.dir) if isinstance(part, Heading) else part
