"""CommonMark for the ``markdown`` library, by its own extension points.

The library's way of cutting a text into blocks and of reading a line is older than CommonMark, and differs where people now write
otherwise: lists straight after their sentence, lists indented by two spaces, Markdown between HTML tags. Here its block parser and its
processor of lines are replaced by ones that ask CommonMark's parser; the library makes the tree, the notes and the HTML as before.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any
from xml.etree import ElementTree

from markdown import Extension, Markdown
from markdown.blockparser import BlockParser
from markdown.extensions.footnotes import FootnoteExtension
from markdown.treeprocessors import Treeprocessor
from markdown.util import code_escape
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from consult.core.commonmark_rules import reader
from consult.core.i18n import N_, _

DEEPEST_LINE = 30  # levels of stress within stress
# Elements that hold one run of words; elsewhere (in an item of a tight list) a run stands among other blocks.
HOLDERS = frozenset("p h1 h2 h3 h4 h5 h6 th td dt".split())
ATTRIBUTE = r"""(?:[#.][^\s{}]+|[\w:-]+=(?:"[^"{}]*"|'[^'{}]*'|[^\s{}"']+))"""
MARK = rf"\{{(:?)[ ]*({ATTRIBUTE}(?:[ ]+{ATTRIBUTE})*)[ ]*\}}[ ]*$"
MARK_OF_HEADING = re.compile(rf"(?:^|[ ]+){MARK}")
MARK_OF_BLOCK = re.compile(rf"\n[ ]*{MARK}")
NAMED = re.compile(r"""(dir|lang)=["']?([\w-]+)""")
MARKDOWN_INSIDE = re.compile(r"""\s*<\w+(?=[^<>]*?\smarkdown(?:[\s=>]))[^<>]*>""")
TAKEN_ADDRESS = re.compile(r"(?:https?|mailto):|#", re.IGNORECASE)
LEFT_TAG = re.compile(
    r"<(script|style|template|dialog|datalist|noscript|iframe|object|embed|video|audio|canvas|svg|math|form|input|button|select|textarea)\b",
    re.IGNORECASE)
COMMENT = re.compile(r"<!--((?:(?!-->).)*\w(?:(?!-->).)*)-->", re.DOTALL)
WITH_ATTRIBUTES = re.compile(r"""<(?!(?:br|col|hr|img|wbr)\b)([a-zA-Z][^\s<>/]*)((?:[^<>"']|"[^"]*"|'[^']*')*)>""", re.IGNORECASE)
GIVEN = re.compile(r"""([^\s"'=/]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"']+))?""")
# What a browser shows nothing of, as it is written in styles.
HIDES = re.compile(r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|(?<![-\w])opacity\s*:\s*0*(?:\.0*)?%?\s*(?:$|;|!)"
                   r"|content-visibility\s*:\s*hidden|(?<![-\w])font-size\s*:\s*0+(?:\.0*)?[a-z%]*\s*(?:$|;|!)", re.IGNORECASE)
COMMENT_OF_STYLE = re.compile(r"/\*.*?\*/", re.DOTALL)

# What of HTML is not published: where, what is said, and the way out.
LEFT = (
    (LEFT_TAG, N_("Line %(line)s: <%(tag)s> is not taken over."), _("Write what it says as text.")),
    (COMMENT, N_("Line %(line)s: this comment is not published."), _("If it is to be read, remove “<!--” and “-->”.")),
    (WITH_ATTRIBUTES, N_("Line %(line)s: what is hidden here is not published."), _("If it is to be read, remove what hides it.")),
)
DEAD_LINK = N_("Line %(line)s: the link “%(words)s” leads to “%(address)s”, which is no address on the web.")
UNUSED_ADDRESS = N_("Line %(line)s: “[%(label)s]: …” gives the address of a link that nothing calls; its words are not shown.")
REPEATED_NOTE = N_("Line %(line)s: the note [^%(note)s] stands twice; the second is kept as a note of its own.")
REPEATED_NUMBER = N_("Line %(line)s: number %(number)s stands twice in its list, which is counted from its first; this one is %(counted)s.")


@dataclass(frozen=True)
class Remark:
    """What the text says that is not shown, or is shown otherwise."""

    line: int
    message: Any
    remedy: Any


class CommonMark(Extension):
    """After a conversion ``remarks`` tells what a reader of the source would miss."""

    def __init__(self, first_line: int = 1) -> None:
        super().__init__()
        self.first_line = first_line
        self.remarks: list[Remark] = []
        self.notes = FootnoteExtension(BACKLINK_TITLE="")

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - the library's name
        blocks = Blocks(md, self)
        md.parser = blocks
        md.preprocessors.deregister("html_block")
        md.treeprocessors.register(Lines(md, blocks), "inline", 20)
        self.notes.extendMarkdown(md)

    def say(self, line: int, message: Any, remedy: Any, **values: Any) -> None:
        number = self.first_line + line
        self.remarks.append(Remark(number, _(message, line=number, **values), remedy))


class Blocks(BlockParser):
    """Blocks as CommonMark cuts them; each run of words stays Markdown until :class:`Lines` reads it."""

    def __init__(self, md: Markdown, extension: CommonMark) -> None:
        super().__init__(md)
        self.extension, self.reader = extension, reader()
        self.env: dict[str, Any] = {"notes": [], "references": {}, "labels": set(), "called": set()}
        self.begins: dict[str, int] = {}  # the line where a part that is read by itself begins
        self.runs: dict[ElementTree.Element, int] = {}  # what holds a run of words, and its line
        self.addresses: list[tuple[str, int, bool]] = []  # (label of a link's address, its line, whether it is the first of that label)

    def parseDocument(self, lines: Iterable[str]) -> ElementTree.ElementTree:  # noqa: N802 - the library's name
        tree = super().parseDocument(lines)
        for label, words, line in list(self.env["notes"]):
            name = label
            while name in self.env["labels"]:
                name += "-2"
            if name != label:
                self.extension.say(line, REPEATED_NOTE, _("Give it another name, and call it where it belongs."), note=label)
            self.env["labels"].add(name)
            self.begins.setdefault(words, line)
            self.extension.notes.setFootnote(name, words)
        # Before the notes are read once more, each by itself.
        self.addresses = [(label, told["map"][0], True) for label, told in self.env["references"].items()]
        self.addresses += [(told["label"], told["map"][0], False) for told in self.env.get("duplicate_refs", ())]
        return tree

    def parseChunk(self, parent: ElementTree.Element, text: str) -> None:  # noqa: N802 - the library's name
        tokens: list[Token] = []
        self.reader.block.parse(text, self.reader, self.env, tokens)
        begins = self.begins.get(text, 0)
        for line, written, counted in number(tokens):
            self.extension.say(begins + line, REPEATED_NUMBER, _("Number the items of the list one after the other."),
                               number=written, counted=counted)
        self.grow(parent, tokens, begins)

    def grow(self, parent: ElementTree.Element, tokens: list[Token], begins: int) -> None:
        above = [parent]
        for token in tokens:
            line = begins + (token.map[0] if token.map else 0)
            if token.type == "inline":
                self.hold(above[-1], token.content, line)
            elif token.hidden:
                continue
            elif token.nesting == 1:
                attributes = {name: str(value) for name, value in token.attrs.items() if name in ("start", "value")}
                above.append(ElementTree.SubElement(above[-1], token.tag, attributes))
            elif token.nesting == -1:
                above.pop()
            elif token.type == "html_block":
                self.html(above[-1], token.content, line)
            else:
                block = ElementTree.SubElement(above[-1], "hr" if token.type == "hr" else "pre")
                if token.type != "hr":
                    ElementTree.SubElement(block, "code").text = code_escape(token.content)

    def hold(self, block: ElementTree.Element, source: str, line: int) -> None:
        found = (MARK_OF_HEADING if re.fullmatch(r"h[1-6]", block.tag) else MARK_OF_BLOCK).search(source)
        if found and (found[1] or re.search(r"(?:^|\s)#", found[2])):
            source = source[: found.start()]
            block.attrib.update(dict(NAMED.findall(found[2])))
            for key in re.findall(r"(?:^|\s)#(\S+)", found[2])[-1:]:
                block.set("id", key)
        run = block if block.tag in HOLDERS else ElementTree.SubElement(block, "run")
        run.text, self.runs[run] = source, line

    def html(self, parent: ElementTree.Element, source: str, line: int) -> None:
        """HTML as it stands; with the attribute ``markdown`` what is inside is read as Markdown without an empty line before it."""
        opening = MARKDOWN_INSIDE.match(source)
        self.remark_html(opening[0] if opening else source, line)
        add_text(parent, "\n" + self.md.htmlStash.store(opening[0] if opening else source))
        if opening:
            inside = source[opening.end():].removeprefix("\n")
            self.begins[inside] = line + source[: len(source) - len(inside)].count("\n")
            self.parseChunk(parent, inside)

    def remark_html(self, html: str, line: int) -> None:
        for pattern, message, remedy in LEFT:
            for found in pattern.finditer(html):
                if pattern is WITH_ATTRIBUTES and not is_hidden(attributes_of(found[2])):
                    continue
                self.extension.say(line + html.count("\n", 0, found.start()), message, remedy, tag=found[1].lower())


class Lines(Treeprocessor):
    """Reads each run of words as CommonMark does, instead of the library's patterns."""

    def __init__(self, md: Markdown, blocks: Blocks) -> None:
        super().__init__(md)
        self.blocks = blocks

    def run(self, root: ElementTree.Element) -> None:
        for element in list(root.iter()):
            if element in self.blocks.runs:
                self.fill(element, self.blocks.runs[element])
        for parent in list(root.iter()):
            for run in [child for child in parent if child.tag == "run"]:
                dissolve(parent, run)
        self.remark_references()

    def fill(self, element: ElementTree.Element, line: int) -> None:
        source, after = element.text or "", list(element)  # after it: the way back from a note
        element.text = None
        for child in after:
            element.remove(child)
        (whole,) = self.blocks.reader.parseInline(source, self.blocks.env)
        self.write(element, whole.children or [], line)
        element.extend(after)

    def write(self, element: ElementTree.Element, tokens: list[Token], line: int) -> None:
        above = [element]
        for place, token in enumerate(tokens):
            line += token.type in ("softbreak", "hardbreak")
            if token.nesting == -1:
                above.pop()
            elif token.nesting == 1:
                attributes = {name: code_escape(str(value)) for name, value in token.attrs.items() if name in ("href", "title")}
                is_deep = len(above) > DEEPEST_LINE  # there words are not set apart any more
                above.append(above[-1] if is_deep else ElementTree.SubElement(above[-1], token.tag, attributes))
                if token.tag == "a":
                    self.remark_link(token, tokens[place + 1:], line)
            else:
                self.leaf(above[-1], token, line)

    def leaf(self, parent: ElementTree.Element, token: Token, line: int) -> None:
        if token.type == "hardbreak":
            ElementTree.SubElement(parent, "br")
        elif token.type == "code_inline":
            ElementTree.SubElement(parent, "code").text = code_escape(token.content)
        elif token.type == "image":
            self.called(token)
            ElementTree.SubElement(parent, "img", {"alt": code_escape(self.plain(token.children))})
        elif token.type == "html_inline":
            self.blocks.remark_html(token.content, line)
            add_text(parent, self.md.htmlStash.store(token.content))
        elif token.type == "note_call":
            self.note_call(parent, token.meta["label"])
        else:
            add_text(parent, "\n" if token.type == "softbreak" else code_escape(token.content))

    def note_call(self, parent: ElementTree.Element, label: str) -> None:
        notes = self.blocks.extension.notes
        sup = ElementTree.SubElement(parent, "sup", {"id": notes.makeFootnoteRefId(label, found=True)})
        call = ElementTree.SubElement(sup, "a", {"href": "#" + notes.makeFootnoteId(label), "class": "footnote-ref"})
        call.text = str(list(notes.footnotes).index(label) + 1)

    def called(self, token: Token) -> None:
        self.blocks.env["called"].add(token.meta.get("label"))

    def remark_link(self, token: Token, after: list[Token], line: int) -> None:
        self.called(token)
        address = str(token.attrs.get("href", ""))
        if not TAKEN_ADDRESS.match(address):
            end = next(place for place, other in enumerate(after) if other.type == "link_close")
            remedy = _("Write the whole address, beginning with https://. A remark stands between parentheses, after a space.")
            self.blocks.extension.say(line, DEAD_LINK, remedy, words=self.plain(after[:end]), address=address)

    def plain(self, tokens: list[Token] | None) -> str:
        return RendererHTML().renderInlineAsText(tokens, self.blocks.reader.options, self.blocks.env)

    def remark_references(self) -> None:
        env = self.blocks.env
        for label, line, is_first in self.blocks.addresses:
            if not is_first or label not in env["called"]:
                self.blocks.extension.say(line, UNUSED_ADDRESS, _("Write it as a sentence, or with a backslash before the bracket."),
                                          label=label.lower())


def number(tokens: list[Token]) -> list[tuple[int, int, int]]:
    """Give each item of a list the number that is written before it; what is counted otherwise, as (line, written, counted).

    Numbers that repeat (1, 1, 1) are the usual way to leave the counting to the reader.
    """
    above: list[list[Token]] = []
    otherwise = []
    for token in tokens:
        if token.type in ("ordered_list_open", "bullet_list_open"):
            above.append([])
        elif token.type == "list_item_open":
            above[-1].append(token)
        elif token.type == "ordered_list_close":
            otherwise += numbered(above.pop())
        elif token.type == "bullet_list_close":
            above.pop()
    return otherwise


def numbered(items: list[Token]) -> list[tuple[int, int, int]]:
    written = [int(item.info) for item in items]
    if len(set(written)) < len(written):
        is_usual = set(written) in ({0}, {1})
        return [] if is_usual else [(item.map[0] if item.map else 0, int(item.info), counted)
                                    for counted, item in enumerate(items, written[0]) if int(item.info) != counted]
    for place, item in enumerate(items):
        if place and written[place] != written[place - 1] + 1:
            item.attrs["value"] = written[place]
    return []


def attributes_of(written: str) -> dict[str, str]:
    """What a tag states, as a browser reads it."""
    return {name.lower(): unescape(value.strip("\"'")) for name, value in GIVEN.findall(written)}


def is_hidden(attributes: Mapping[str, str]) -> bool:
    """Whether a browser would not show what stands in an element of these attributes."""
    return "hidden" in attributes or HIDES.search(COMMENT_OF_STYLE.sub("", attributes.get("style", ""))) is not None


def add_text(parent: ElementTree.Element, text: str) -> None:
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text


def dissolve(parent: ElementTree.Element, run: ElementTree.Element) -> None:
    """Put what an element holds in its place."""
    place = list(parent).index(run)
    parent.remove(run)
    before = parent[place - 1] if place else None
    if before is None:
        parent.text = (parent.text or "") + (run.text or "")
    else:
        before.tail = (before.tail or "") + (run.text or "")
    for offset, child in enumerate(list(run)):
        parent.insert(place + offset, child)
    if run.tail:
        if len(run) or before is not None:
            last = parent[place + len(run) - 1]
            last.tail = (last.tail or "") + run.tail
        else:
            parent.text = (parent.text or "") + run.tail
