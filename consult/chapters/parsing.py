"""From a Markdown file to addressable blocks: the algorithm that is the point of this room.

A key is the author's (``{#C1-contexte}``), else derived from structure (``C2-A14-P3-a1`` for action 14.3.1), else from the
place inside its section (``C2-A14-§1``). Nothing is renumbered: the numbers are those that the text states.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import lxml.html

from consult.chapters.elements import (
    close_up,
    hand_down,
    holds_only,
    inner,
    is_blank,
    notes_of,
    opening_of,
    outer,
    rows_of,
    text_of,
    top_elements,
    unwrapped,
)
from consult.chapters.models import BlockKind
from consult.chapters.source import Problem, decode, front_matter, line_of, lost_parts, shown
from consult.core import markup
from consult.core.errors import Invalid
from consult.core.i18n import _

AXIS = re.compile(r"^(?:Axe|Axis|المحور)\s+(\d+)\b")
PROJECT = re.compile(r"^(?:Projet|Project|المشروع)\s+(\d+)\.(\d+)\b")
ACTION = re.compile(r"^(?:Action|الإجراء)\s+(\d+)\.(\d+)\.(\d+)\b\s*[—–:.-]*\s*")
NUMBERED = re.compile(r"^(?:Axe|Axis|المحور|Projet|Project|المشروع|Action|الإجراء)\s+\d+(?:\.\d+)*\b\s*[—–:.-]*\s*")
STRUCTURE = (BlockKind.AXIS, BlockKind.PROJECT, BlockKind.ACTION)
KEY = re.compile(r"^C\d+(-[\w§]+)*$")
FACT = re.compile(r"^\s*[^:]{2,40}:\s*$")
LONGEST_KEY = 40  # of an author; a derived one adds to it and still fits its column of 80
LONGEST_LABEL = 40
MAX_SAID = 100  # keys that stand twice, each looked up in the text
MAX_BLOCKS = 5_000  # the longest of the delivered texts has 230
# What only holds passages together: each of them is addressed by itself.
WRAPPERS = frozenset("div section details figure".split())


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
    is_own: bool = False  # the key is the author's, not derived


@dataclass
class ParsedChapter:
    """A file read whole: its front matter, its blocks in order, all of it as HTML, what looks wrong, and the digest of its bytes."""

    number: int
    language: str
    title: str
    commission: str
    note: str
    source: str
    sha256: str
    blocks: list[ParsedBlock] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    html: str = ""


def parse_file(data: bytes) -> ParsedChapter:
    """Read a chapter file; raises :class:`Invalid` (field ``file``) with line, reason and remedy when it cannot be imported."""
    chapter = read_file(data)
    refuse_blocking(chapter)
    return chapter


def refuse_blocking(chapter: ParsedChapter) -> None:
    for problem in chapter.problems:
        if problem.blocks:
            raise Invalid("file", problem.message, problem.remedy)


def read_source(data: bytes) -> tuple[str, dict]:
    """The text of a file and its front matter; raises :class:`Invalid` (field ``file``) when it cannot even be read as text."""
    source = decode(data)
    markup.check_source(source)
    meta, _body, _line = front_matter(source)
    return source, meta


def read_file(data: bytes) -> ParsedChapter:
    """Read a chapter file with its faults listed; raises :class:`Invalid` (field ``file``) when it cannot be read at all."""
    source, meta = read_source(data)
    _meta, body, first_line = front_matter(source)
    chapter = ParsedChapter(
        number=meta["chapter"], language=meta["language"], title=str(meta["title"]).strip(), commission=str(meta["commission"]).strip(),
        note=str(meta.get("revision_note") or "").strip(), source=source, sha256=hashlib.sha256(source.encode()).hexdigest(),
    )
    cutter = Cutter(chapter.number, source)
    html, remarks = markup.read(body, first_line)
    chapter.blocks, chapter.html = list(cutter.cut(html)), markup.clean(shown(html))
    if not chapter.blocks:
        raise Invalid("file", _("Line %(line)s: there is no text below the front matter.", line=first_line),
                      _("Write the chapter below the second “---”."))
    if len(chapter.blocks) > MAX_BLOCKS:
        raise Invalid("file", _("The text has too many passages: at most %(most)s.", most=MAX_BLOCKS), _("Split it into chapters."))
    give_way(chapter.blocks)
    chapter.problems = [
        *duplicates(chapter.blocks, source), *cutter.problems, *structure_problems(chapter), *idle_keys(chapter),
        *lost_parts(body, first_line), *(Problem(said.line, said.message, said.remedy) for said in remarks),
    ]
    return chapter


def give_way(blocks: list[ParsedBlock]) -> None:
    """A key that only follows from a place or a number is changed where the author gave the same one to another block."""
    taken = {block.key for block in blocks}
    own = {block.key for block in blocks if block.is_own}
    for block in blocks:
        if block.key in own and not block.is_own:
            block.key = next(key for n in count(2) if (key := f"{block.key}-{n}") not in taken)
            taken.add(block.key)


def duplicates(blocks: list[ParsedBlock], source: str) -> list[Problem]:
    seen: set[str] = set()
    found: list[Problem] = []
    for block in blocks:
        if block.key in seen and len(found) < MAX_SAID:
            line = line_of_second(block, source)
            found.append(Problem(line, _("Line %(line)s: the key %(key)s stands twice.", line=line, key=block.key),
                                 _("Give one of the two another number, or a key of its own such as {#%(key)s-b}.", key=block.key), True))
        seen.add(block.key)
    return found


def structure_problems(chapter: ParsedChapter) -> list[Problem]:
    """Projects outside of their axis and actions outside of their project, by the numbers that they state."""
    above: dict[int, tuple] = {}
    found = []
    for block in chapter.blocks:
        numbers = (AXIS.match(block.text) or PROJECT.match(block.text) or ACTION.match(block.text)) if block.kind in STRUCTURE else None
        if numbers is None:
            continue
        stated = numbers.groups()
        if block.kind != BlockKind.AXIS and above.get(len(stated) - 1) != stated[:-1]:
            line = line_of(block.text[:30], chapter.source)
            found.append(Problem(line, outside(block.kind, line=line, number=".".join(stated), above=".".join(stated[:-1])),
                                 _("Check its number, or move it to where it belongs.")))
        above[len(stated)] = stated
    return found


def idle_keys(chapter: ParsedChapter) -> list[Problem]:
    """Keys written where Markdown takes none: they would be published as words."""
    found = []
    for block in chapter.blocks:
        for mark in re.findall(r"\{:?\s*#[^}\s]+\s*\}", block.text):
            line = line_of(mark, chapter.source)
            found.append(Problem(line, _("Line %(line)s: %(mark)s is read as words, not as a key.", line=line, mark=mark),
                                 _("Remove it: each passage has a lasting key of its own. A title takes one at the end of its line.")))
    return found


def outside(kind: BlockKind, **places: Any):
    if kind == BlockKind.PROJECT:
        return _("Line %(line)s: project %(number)s does not stand under axis %(above)s.", **places)
    return _("Line %(line)s: action %(number)s does not stand under project %(above)s.", **places)


def line_of_second(block: ParsedBlock, source: str) -> int:
    numbers = ACTION.match(block.text) or PROJECT.match(block.text) or AXIS.match(block.text)
    needles = ["{#" + block.key + "}", numbers[0].rstrip(" —–:.-") if numbers else block.text[:30]]
    lines = [n for n, line in enumerate(source.split("\n"), 1) if any(needle in line for needle in needles)]
    return lines[min(1, len(lines) - 1)] if lines else 1


def wording_of(block) -> str:
    """The text of a block without the number that it states: what is renumbered is not rewritten."""
    found = NUMBERED.match(block.text) if block.kind in STRUCTURE else None
    return block.text[found.end():] if found else block.text


class Cutter:
    """Walks HTML and yields its blocks, each sanitised by itself when nothing more is done to it; knows under which headings it stands."""

    def __init__(self, number: int, source: str = "") -> None:
        self.root = f"C{number}"
        self.source = source
        self.above: list[tuple[int, str]] = []  # (level, key) of the headings in force
        self.has_title = False
        self.places: dict[str, int] = {}
        self.problems: list[Problem] = []

    @property
    def scope(self) -> str:
        return self.above[-1][1] if self.above else self.root

    def cut(self, html: str) -> Iterator[ParsedBlock]:
        root = lxml.html.fragment_fromstring(shown(html), create_parent="div")
        for element in top_elements(root):
            yield from self.element(element)

    def element(self, element) -> Iterator[ParsedBlock]:
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag == "table":
            yield from self.rows(element)
        elif tag == "div" and (notes := notes_of(element)):
            yield from self.footnotes(notes)
        elif tag in WRAPPERS:
            for part in unwrapped(element):
                yield from self.element(part)
        elif tag in ("ul", "ol") and holds_only(element, "li") and any(ACTION.match(text_of(item)) for item in element):
            yield from self.actions(element)
        elif re.fullmatch(r"h[1-6]", tag) and text_of(element):
            yield self.heading(element, int(tag[1]))
        elif re.fullmatch(r"h[1-6]", tag):
            self.problems.append(self.empty_heading())
        elif text_of(element):
            kind = {"ul": BlockKind.LIST, "ol": BlockKind.LIST, "dl": BlockKind.LIST, "blockquote": BlockKind.QUOTE,
                    "pre": BlockKind.CODE}.get(tag, BlockKind.PARAGRAPH)
            own = self.own_key(element)
            yield self.block(kind, own or self.place(), outer(element), text_of(element), is_own=bool(own))

    def empty_heading(self) -> Problem:
        empty = [n for n, line in enumerate(self.source.split("\n"), 1) if re.fullmatch(r"\s*#{1,6}\s*(\{[^}]*\})?\s*#*", line)]
        line = empty[min(self.count("empty"), len(empty)) - 1] if empty else 1
        return Problem(line, _("Line %(line)s: this heading has no words.", line=line), _("Write its title, or remove it."))

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
        return self.block(kind, key, outer(element), text, level=level, is_own=bool(own))

    def actions(self, element) -> Iterator[ParsedBlock]:
        items = [item for item in element.iterchildren("li") if text_of(item)]
        for index, item in enumerate(items):
            text, found = text_of(item), ACTION.match(text_of(item))
            lead = mark_facts(item, text)
            own = self.own_key(item)
            key = own or (f"{self.root}-A{found[1]}-P{found[2]}-a{found[3]}" if found else self.place())
            block = self.block(BlockKind.ACTION if found else BlockKind.PARAGRAPH, key, inner(item), text, is_own=bool(own))
            block.lead = lead if found else text
            block.opens = opening_of(element) if index == 0 else ""
            block.closes = f"</{element.tag}>" if index == len(items) - 1 else ""
            block.level = 1
            yield block

    def rows(self, table) -> Iterator[ParsedBlock]:
        for caption in table.iterchildren("caption"):
            if text_of(caption):
                yield self.block(BlockKind.PARAGRAPH, self.place(), f"<p>{inner(caption)}</p>", text_of(caption))
        base = f"{self.scope}-t{self.count(self.scope + '-t')}"
        rows, heads = rows_of(table)
        numbers = range(0 if heads else 1, len(rows) + 1)  # of every row: one that is empty counts, so that the keys of the others last
        hand_down(rows)
        blank = [is_blank(row) for row in rows]
        close_up(rows, blank)
        kept = [(numbers[index], row, index < heads) for index, row in enumerate(rows) if not blank[index]]
        for index, (number, row, is_head) in enumerate(kept):
            block = self.block(BlockKind.ROW, f"{base}-r{number}", inner(row), text_of(row))
            was_head, is_last = index > 0 and kept[index - 1][2], index == len(kept) - 1
            ends_head = is_head and (is_last or not kept[index + 1][2])
            block.opens = opening_of(table) if index == 0 else ""
            block.opens += "<thead>" if is_head and index == 0 else "<tbody>" if not is_head and (index == 0 or was_head) else ""
            block.closes = ("</thead>" if ends_head else "") + ("</tbody>" if is_last and not is_head else "")
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

    def block(self, kind: BlockKind, key: str, html: str, text: str, **more: Any) -> ParsedBlock:
        text, html = " ".join(text.split()), markup.clean(html)
        label = (key.removeprefix(self.root).removeprefix("-") or self.root)[:LONGEST_LABEL]
        return ParsedBlock(key=key, kind=kind, html=html, text=text, lead=text, label=label, **more)

    def own_key(self, element) -> str | None:
        key = element.get("id") or ""
        if not KEY.fullmatch(key):
            return None
        if len(key) > LONGEST_KEY or key.partition("-")[0] != self.root:
            line = line_of("#" + key, self.source)
            raise Invalid("file", _("Line %(line)s: the key %(key)s is too long, or of another chapter.", line=line, key=key),
                          _("Write a key of at most %(most)s characters that begins with %(root)s.", most=LONGEST_KEY, root=self.root))
        return key

    def place(self) -> str:
        return f"{self.scope}-§{self.count(self.scope)}"

    def count(self, name: str) -> int:
        self.places[name] = self.places.get(name, 0) + 1
        return self.places[name]


def mark_facts(item, text: str) -> str:
    """Give the paragraph of lead body, term and indicator its class, and return the action's sentence alone."""
    lead = text
    paragraphs = list(item.iterchildren("p"))
    last = paragraphs[-1] if len(paragraphs) > 1 else None
    if last is not None and len(last) and last[0].tag == "em" and not (last.text or "").strip() and FACT.match(last[0].text or ""):
        last.set("class", "facts")
        lead = " ".join(text_of(p) for p in paragraphs[:-1])
    return ACTION.sub("", lead).strip()
