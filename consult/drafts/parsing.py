"""From a Markdown file to addressable blocks: the algorithm that is the point of this room.

A key is the author's (``{#C1-contexte}``), else derived from structure (``C2-A14-P3-a1`` for action 14.3.1), else from the
place inside its section (``C2-A14-§1``). Nothing is renumbered: the numbers are those that the text states.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import lxml.html
import yaml
from lxml import etree

from consult.core import markup
from consult.core.errors import Invalid
from consult.core.i18n import LANGUAGES, _
from consult.drafts.models import BlockKind

AXIS = re.compile(r"^(?:Axe|Axis|المحور)\s+(\d+)\b")
PROJECT = re.compile(r"^(?:Projet|Project|المشروع)\s+(\d+)\.(\d+)\b")
ACTION = re.compile(r"^(?:Action|الإجراء)\s+(\d+)\.(\d+)\.(\d+)\b\s*[—–:.-]*\s*")
KEY = re.compile(r"^C\d+(-[\w§]+)*$")
FACT = re.compile(r"^\s*[^:]{2,40}:\s*$")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
REQUIRED = ("title", "commission", "chapter", "language")
LONGEST_KEY = 40  # of an author; a derived one adds to it and still fits its column of 80
LONGEST_LABEL = 40
MOST_CHAPTERS = 999
INLINE = frozenset("a abbr b br cite code del em i ins kbd mark q s small span strong sub sup u".split())


@dataclass
class ParsedBlock:
    key: str
    kind: BlockKind
    html: str
    text: str
    lead: str
    level: int = 0
    label: str = ""
    opens: str = ""
    closes: str = ""


@dataclass
class ParsedChapter:
    """A file read whole: its front matter, its blocks in order, and the digest of its bytes."""

    number: int
    language: str
    title: str
    commission: str
    note: str
    source: str
    sha256: str
    blocks: list[ParsedBlock] = field(default_factory=list)


def parse_file(data: bytes) -> ParsedChapter:
    """Read a chapter file; raises :class:`Invalid` (field ``file``) with line, reason and remedy when it cannot be imported."""
    source = decode(data)
    markup.check_source(source)
    meta, body, first_line = front_matter(source)
    chapter = ParsedChapter(
        number=meta["chapter"], language=meta["language"], title=str(meta["title"]).strip(), commission=str(meta["commission"]).strip(),
        note=str(meta.get("revision_note") or "").strip(), source=source, sha256=hashlib.sha256(source.encode()).hexdigest(),
    )
    chapter.blocks = list(Cutter(chapter.number, source).cut(markup.to_html(body)))
    if not chapter.blocks:
        raise Invalid("file", _("Line %(line)s: there is no text below the front matter.", line=first_line),
                      _("Write the chapter below the second “---”."))
    refuse_duplicates(chapter.blocks, source)
    return chapter


def decode(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Invalid("file", _("Line %(line)s: the file is not UTF-8.", line=line),
                      _("Save it again as UTF-8 in your editor, then import it.")) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(text.split("\n"), 1):
        if CONTROL.search(line):
            raise Invalid("file", _("Line %(line)s: there is a control character.", line=number),
                          _("Remove it; it cannot be seen, so type the line again."))
    return text


def front_matter(source: str) -> tuple[dict, str, int]:
    """(fields, Markdown, line on which it begins)."""
    found = re.match(r"---\n(.*?)\n---[ \t]*(?:\n|$)", source, re.DOTALL)
    if found is None:
        raise Invalid("file", _("Line 1: the front matter is missing."),
                      _("Begin the file with a line “---”, then title, commission, chapter and language, then another “---”."))
    try:
        meta = yaml.safe_load(found[1])
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a day such as 2026-13-40
        mark = getattr(error, "problem_mark", None)
        raise Invalid("file", _("Line %(line)s: the front matter cannot be read.", line=mark.line + 2 if mark else 2),
                      _("Each line is “name: value”; put a value that contains a colon between quotes.")) from error
    check_meta(meta)
    return meta, source[found.end():], source[: found.end()].count("\n") + 1


def check_meta(meta) -> None:
    for name in (*REQUIRED, "revision_note"):
        value = meta.get(name) if isinstance(meta, dict) else None
        if value is not None and not isinstance(value, str | int | float | date):
            raise Invalid("file", _("Line 2: “%(name)s” is not plain words.", name=name), _("Put its value between quotes."))
        if name in REQUIRED and (value is None or not str(value).strip()):
            raise Invalid("file", _("Line 2: “%(name)s” is missing from the front matter.", name=name),
                          _("Add the line “%(name)s: …”.", name=name))
    if meta["language"] not in LANGUAGES:
        raise Invalid("file", _("Line 2: “language” is %(value)s.", value=str(meta["language"])), _("Write fr, ar or en."))
    if type(meta["chapter"]) is not int or not 1 <= meta["chapter"] <= MOST_CHAPTERS:
        raise Invalid("file", _("Line 2: “chapter” is not a number."), _("Write the chapter’s number, such as “chapter: 2”."))


def refuse_duplicates(blocks: list[ParsedBlock], source: str) -> None:
    seen: set[str] = set()
    for block in blocks:
        if block.key in seen:
            raise Invalid("file", _("Line %(line)s: the key %(key)s stands twice.", line=line_of_second(block, source), key=block.key),
                          _("Give one of the two another number, or a key of its own such as {#%(key)s-b}.", key=block.key))
        seen.add(block.key)


def line_of_second(block: ParsedBlock, source: str) -> int:
    numbers = ACTION.match(block.text) or PROJECT.match(block.text) or AXIS.match(block.text)
    needles = ["{#" + block.key + "}", numbers[0].rstrip(" —–:.-") if numbers else block.text[:30]]
    lines = [n for n, line in enumerate(source.split("\n"), 1) if any(needle in line for needle in needles)]
    return lines[min(1, len(lines) - 1)] if lines else 1


class Cutter:
    """Walks sanitised HTML and yields its blocks; knows under which headings it stands."""

    def __init__(self, number: int, source: str = "") -> None:
        self.root = f"C{number}"
        self.source = source
        self.above: list[tuple[int, str]] = []  # (level, key) of the headings in force
        self.has_title = False
        self.places: dict[str, int] = {}

    @property
    def scope(self) -> str:
        return self.above[-1][1] if self.above else self.root

    def cut(self, html: str) -> Iterator[ParsedBlock]:
        for element in top_elements(CONTROL.sub("", html)):
            yield from self.element(element)

    def element(self, element) -> Iterator[ParsedBlock]:
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag == "table":
            yield from self.rows(element)
        elif tag == "div" and (notes := notes_of(element)):
            yield from self.footnotes(notes)
        elif tag in ("ul", "ol") and holds_only(element, "li") and any(ACTION.match(text_of(item)) for item in element):
            yield from self.actions(element)
        elif re.fullmatch(r"h[1-6]", tag) and text_of(element):
            yield self.heading(element, int(tag[1]))
        elif text_of(element):
            kind = {"ul": BlockKind.LIST, "ol": BlockKind.LIST, "dl": BlockKind.LIST, "blockquote": BlockKind.QUOTE,
                    "pre": BlockKind.CODE}.get(tag, BlockKind.PARAGRAPH)
            key = self.own_key(element) or self.place()
            yield self.block(kind, key, outer(element), text_of(element))

    def heading(self, element, level: int) -> ParsedBlock:
        text, own = text_of(element), self.own_key(element)
        while self.above and self.above[-1][0] >= level:
            self.above.pop()
        if found := AXIS.match(text):
            kind, key = BlockKind.AXIS, own or f"{self.root}-A{found[1]}"
        elif found := PROJECT.match(text):
            kind, key = BlockKind.PROJECT, own or f"{self.root}-A{found[1]}-P{found[2]}"
        else:
            is_title = level == 1 and not self.has_title
            kind, key = BlockKind.HEADING, own or (self.root if is_title else self.place())
        self.has_title = self.has_title or key == self.root
        self.above.append((level, key))
        return self.block(kind, key, outer(element), text, level=level)

    def actions(self, element) -> Iterator[ParsedBlock]:
        items = list(element.iterchildren("li"))
        for index, item in enumerate(items):
            text, found = text_of(item), ACTION.match(text_of(item))
            lead = mark_facts(item, text)
            key = self.own_key(item) or (f"{self.root}-A{found[1]}-P{found[2]}-a{found[3]}" if found else self.place())
            block = self.block(BlockKind.ACTION if found else BlockKind.PARAGRAPH, key, inner(item), text)
            block.lead = lead if found else text
            block.opens = f"<{element.tag}>" if index == 0 else ""
            block.closes = f"</{element.tag}>" if index == len(items) - 1 else ""
            block.level = 1
            yield block

    def rows(self, table) -> Iterator[ParsedBlock]:
        for caption in table.iterchildren("caption"):
            if text_of(caption):
                yield self.block(BlockKind.PARAGRAPH, self.place(), f"<p>{inner(caption)}</p>", text_of(caption))
        base = f"{self.scope}-t{self.count(self.scope + '-t')}"
        rows, heads = rows_of(table)
        for index, row in enumerate(rows):
            block = self.block(BlockKind.ROW, f"{base}-r{index if heads else index + 1}", inner(row), text_of(row))
            is_head, is_last = index < heads, index == len(rows) - 1
            block.opens = ("<table>" if index == 0 else "") + ("<thead>" if is_head and index == 0 else "")
            block.opens += "<tbody>" if index == heads else ""
            block.closes = ("</thead>" if index == heads - 1 else "") + ("</tbody>" if is_last and not is_head else "")
            block.closes += "</table>" if is_last else ""
            yield block

    def footnotes(self, items: list) -> Iterator[ParsedBlock]:
        for index, item in enumerate(items):
            for back in item.xpath('.//a[contains(@class, "footnote-backref")]'):
                back.drop_tree()
            key = f"{self.root}-n{self.count(self.root + '-n')}"
            block = self.block(BlockKind.FOOTNOTE, key, outer(item, keep_id=True), text_of(item))
            block.opens = "<ol>" if index == 0 else ""
            block.closes = "</ol>" if index == len(items) - 1 else ""
            yield block

    def block(self, kind: BlockKind, key: str, html: str, text: str, level: int = 0) -> ParsedBlock:
        text = " ".join(text.split())
        label = (key.removeprefix(self.root).removeprefix("-") or self.root)[:LONGEST_LABEL]
        return ParsedBlock(key=key, kind=kind, html=html, text=text, lead=text, level=level, label=label)

    def own_key(self, element) -> str | None:
        key = element.get("id") or ""
        if not KEY.match(key):
            return None
        if len(key) > LONGEST_KEY or key.partition("-")[0] != self.root:
            raise Invalid("file", _("Line %(line)s: the key %(key)s is too long, or of another chapter.", line=self.line_of(key), key=key),
                          _("Write a key of at most %(most)s characters that begins with %(root)s.", most=LONGEST_KEY, root=self.root))
        return key

    def line_of(self, key: str) -> int:
        return next((n for n, line in enumerate(self.source.split("\n"), 1) if "#" + key in line), 1)

    def place(self) -> str:
        return f"{self.scope}-§{self.count(self.scope)}"

    def count(self, name: str) -> int:
        self.places[name] = self.places.get(name, 0) + 1
        return self.places[name]


def top_elements(html: str) -> Iterator:
    """The elements of a text; loose words and inline elements between them are gathered in paragraphs."""
    root = lxml.html.fragment_fromstring(html, create_parent="div")
    loose = lxml.html.Element("p")
    loose.text = root.text
    for child in list(root):
        if child.tag in INLINE:
            loose.append(child)
            continue
        tail, child.tail = child.tail, None
        yield loose
        yield child
        loose = lxml.html.Element("p")
        loose.text = tail
    yield loose


def holds_only(element, tag: str) -> bool:
    """Whether an element has children of this kind and nothing else that would be lost."""
    return not (element.text or "").strip() and all(child.tag == tag and not (child.tail or "").strip() for child in element)


def notes_of(div) -> list:
    """The footnotes that the Markdown library gathered in this division, if it is one of those."""
    rule, notes = (*div, None, None)[:2]
    is_ours = div.get("class") == "footnote" and len(div) == 2 and rule.tag == "hr" and notes.tag == "ol"
    loose = "".join([div.text or "", *(child.tail or "" for child in div)])
    return list(notes) if is_ours and not loose.strip() and holds_only(notes, "li") else []


def rows_of(table) -> tuple[list, int]:
    """The rows of a table, those of tables within it left in their cells, and how many of them are its head."""
    rows = []
    for part in table:
        if part.tag in ("thead", "tbody", "tfoot"):
            rows += [(part.tag, row) for row in part.iterchildren("tr")]
        elif part.tag == "tr":
            rows.append(("", part))
    heads = next((index for index, (part, _row) in enumerate(rows) if part != "thead"), len(rows))
    return [row for _part, row in rows], heads


def text_of(element) -> str:
    """The words of an element, cells and paragraphs kept apart, without the numbers that call its footnotes."""
    parts = []
    for event, node in etree.iterwalk(element, events=("start", "end")):
        if node.tag not in INLINE or node.tag == "br":
            parts.append(" ")
        if event == "end":
            parts.append(node.tail or "" if node is not element else "")
        elif not (node.get("class") == "footnote-ref" and (node.text or "").isdecimal()):
            parts.append(node.text or "")
    return " ".join("".join(parts).split())


def mark_facts(item, text: str) -> str:
    """Give the paragraph of lead body, term and indicator its class, and return the action's sentence alone."""
    lead = text
    paragraphs = list(item.iterchildren("p"))
    last = paragraphs[-1] if len(paragraphs) > 1 else None
    if last is not None and len(last) and last[0].tag == "em" and not (last.text or "").strip() and FACT.match(last[0].text or ""):
        last.set("class", "facts")
        lead = " ".join(text_of(p) for p in paragraphs[:-1])
    return ACTION.sub("", lead).strip()


def outer(element, keep_id: bool = False) -> str:
    if not keep_id:
        element.attrib.pop("id", None)
    return etree.tostring(element, encoding="unicode", method="html", with_tail=False).strip()


def inner(element) -> str:
    html = outer(element)
    return html[html.index(">") + 1: html.rindex("</")].strip()
