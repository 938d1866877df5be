"""From a Markdown file to addressable blocks: the algorithm that is the point of this room.

A key is the author's (``{#C1-contexte}``), else derived from structure (``C2-A14-P3-a1`` for action 14.3.1), else from the
place inside its section (``C2-A14-§1``). Nothing is renumbered: the numbers are those that the text states.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

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
REQUIRED = ("title", "commission", "chapter", "language")


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
    meta, body, first_line = front_matter(source)
    chapter = ParsedChapter(
        number=meta["chapter"], language=meta["language"], title=str(meta["title"]).strip(), commission=str(meta["commission"]).strip(),
        note=str(meta.get("revision_note") or "").strip(), source=source, sha256=hashlib.sha256(data).hexdigest(),
    )
    chapter.blocks = list(Cutter(chapter.number).cut(markup.to_html(body)))
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
        if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", line):
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
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise Invalid("file", _("Line %(line)s: the front matter cannot be read.", line=mark.line + 2 if mark else 2),
                      _("Each line is “name: value”; put a value that contains a colon between quotes.")) from error
    check_meta(meta)
    return meta, source[found.end():], source[: found.end()].count("\n") + 1


def check_meta(meta) -> None:
    for name in REQUIRED:
        if not isinstance(meta, dict) or not str(meta.get(name) or "").strip():
            raise Invalid("file", _("Line 2: “%(name)s” is missing from the front matter.", name=name),
                          _("Add the line “%(name)s: …”.", name=name))
    if meta["language"] not in LANGUAGES:
        raise Invalid("file", _("Line 2: “language” is %(value)s.", value=str(meta["language"])), _("Write fr, ar or en."))
    if not isinstance(meta["chapter"], int) or meta["chapter"] < 1:
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
    """Walks sanitised HTML and yields its blocks; knows in which section, axis and project it stands."""

    def __init__(self, number: int) -> None:
        self.root = f"C{number}"
        self.scope = self.root
        self.axis_level = 0
        self.places: dict[str, int] = {}

    def cut(self, html: str) -> Iterator[ParsedBlock]:
        for element in lxml.html.fragments_fromstring(html):
            if isinstance(element, str):
                if element.strip():
                    yield self.block(BlockKind.PARAGRAPH, self.place(), str(markup.escape(element.strip())), element)
                continue
            tail, element.tail = element.tail, None
            yield from self.element(element)
            if tail and tail.strip():
                yield self.block(BlockKind.PARAGRAPH, self.place(), str(markup.escape(tail.strip())), tail)

    def element(self, element) -> Iterator[ParsedBlock]:
        tag = element.tag if isinstance(element.tag, str) else ""
        if re.fullmatch(r"h[1-6]", tag):
            yield self.heading(element, int(tag[1]))
        elif tag == "table":
            yield from self.rows(element)
        elif tag == "div" and "footnote" in (element.get("class") or ""):
            yield from self.footnotes(element)
        elif tag in ("ul", "ol") and any(ACTION.match(text_of(item)) for item in element.iterchildren("li")):
            yield from self.actions(element)
        elif text_of(element):
            kind = {"ul": BlockKind.LIST, "ol": BlockKind.LIST, "dl": BlockKind.LIST, "blockquote": BlockKind.QUOTE,
                    "pre": BlockKind.CODE}.get(tag, BlockKind.PARAGRAPH)
            key = self.own_key(element) or self.place()
            yield self.block(kind, key, outer(element), text_of(element))

    def heading(self, element, level: int) -> ParsedBlock:
        text = text_of(element)
        own = self.own_key(element)
        if found := AXIS.match(text):
            kind, key, self.axis_level = BlockKind.AXIS, own or f"{self.root}-A{found[1]}", level
        elif found := PROJECT.match(text):
            kind, key = BlockKind.PROJECT, own or f"{self.root}-A{found[1]}-P{found[2]}"
        elif level == 1 and not own:
            kind, key = BlockKind.HEADING, self.root
        else:
            if level <= self.axis_level or not own and self.axis_level == 0:
                self.scope = self.root
            kind, key = BlockKind.HEADING, own or self.place()
        self.scope = key
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
        base = f"{self.scope}-t{self.count(self.scope + '-t')}"
        heads = [row for head in table.iterchildren("thead") for row in head.iterchildren("tr")]
        rows = heads + [row for row in table.iter("tr") if row not in heads]
        caption = "".join(outer(c) for c in table.iterchildren("caption"))
        for index, row in enumerate(rows):
            block = self.block(BlockKind.ROW, f"{base}-r{index if heads else index + 1}", inner(row), text_of(row))
            is_head = row in heads
            block.opens = ("<table>" + caption if index == 0 else "") + ("<thead>" if is_head and index == 0 else "")
            if not is_head and index == len(heads):
                block.opens += "<tbody>"
            block.closes = "</thead>" if is_head and index == len(heads) - 1 else ""
            if index == len(rows) - 1:
                block.closes += ("" if is_head else "</tbody>") + "</table>"
            yield block

    def footnotes(self, element) -> Iterator[ParsedBlock]:
        items = list(element.iter("li"))
        for index, item in enumerate(items):
            for back in item.xpath('.//a[contains(@class, "footnote-backref")]'):
                back.getparent().remove(back)
            block = self.block(BlockKind.FOOTNOTE, f"{self.root}-n{index + 1}", outer(item, keep_id=True), text_of(item))
            block.opens = "<ol>" if index == 0 else ""
            block.closes = "</ol>" if index == len(items) - 1 else ""
            yield block

    def block(self, kind: BlockKind, key: str, html: str, text: str, level: int = 0) -> ParsedBlock:
        text = " ".join(text.split())
        label = key.removeprefix(self.root).removeprefix("-") or self.root
        return ParsedBlock(key=key, kind=kind, html=html, text=text, lead=text, level=level, label=label)

    def own_key(self, element) -> str | None:
        key = element.get("id")
        return key if key and KEY.match(key) else None

    def place(self) -> str:
        return f"{self.scope}-§{self.count(self.scope)}"

    def count(self, name: str) -> int:
        self.places[name] = self.places.get(name, 0) + 1
        return self.places[name]


def text_of(element) -> str:
    """The words of an element, cells and paragraphs kept apart."""
    parts = []
    for node in element.iter():
        if isinstance(node.tag, str) and node.tag in ("p", "td", "th", "li", "br", "div", "dd", "dt", "pre"):
            parts.append(" ")
        if isinstance(node.tag, str) and node.text:
            parts.append(node.text)
        if node is not element and node.tail:
            if isinstance(node.tag, str) and node.tag in ("p", "td", "th", "li", "div", "dd", "dt", "pre"):
                parts.append(" ")
            parts.append(node.tail)
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
