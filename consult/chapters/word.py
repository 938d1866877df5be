"""A Word document made as its reader sees it, before pandoc reads it: without hidden text, its automatic numbers written out.

What Word shows and pandoc does not know of (numbers with words, of titles, of several levels) becomes words of the document; what Word
makes by itself (the table of contents) or does not show goes. Everything that goes is told.
"""

import re
from collections.abc import Iterator

from lxml import etree

from consult.chapters.as_read import Remarks, drop
from consult.chapters.word_numbers import Numbers

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT_WORD = "http://purl.oclc.org/ooxml/wordprocessingml/main"
TEXTS = re.compile(r"word/(?:document\d*|footnotes|endnotes)\.xml")
MARGINS = re.compile(r"word/(?:header|footer)\d*\.xml")
# Fields that show what stands in the document.
QUIET_FIELDS = frozenset("HYPERLINK TOC PAGE NUMPAGES PAGEREF REF NOTEREF SEQ STYLEREF TITLE XE TC BIBLIOGRAPHY CITATION ADDIN".split())
SHOWN = ("t", "tab", "sym", "noBreakHyphen", "drawing", "pict", "object", "footnoteReference", "endnoteReference", "fldSimple")
MATHS = "{http://schemas.openxmlformats.org/officeDocument/2006/math}oMath"
PROPERTIES = ("}rPr", "}trPr", "}ctrlPr")
MADE_BY_WORD = re.compile(r"toc (?:\d|heading)|table of figures", re.IGNORECASE)  # names of styles


class WordDocument:
    """The parts of a document, changed in place by :meth:`make_as_read`; ``remarks`` tell what went."""

    def __init__(self, parts: dict[str, bytes], parsed) -> None:
        self.parts = parts
        self.trees = {name: parsed(part) for name, part in parts.items()
                      if TEXTS.fullmatch(name) or MARGINS.fullmatch(name) or name in ("word/styles.xml", "word/numbering.xml",
                                                                                    "word/comments.xml")}
        main = next((tree for name, tree in self.trees.items() if name.startswith("word/document")), None)
        self.ns = "{" + (STRICT_WORD if main is not None and STRICT_WORD in main.tag else WORD) + "}"
        self.styles = {self.of(style, "styleId"): style for style in self.all("word/styles.xml", "style")}
        self.remarks = Remarks()

    def all(self, name: str, tag: str) -> list:
        tree = self.trees.get(name)
        return [] if tree is None else list(tree.iter(self.ns + tag))

    def of(self, element, name: str = "val") -> str:
        return "" if element is None else element.get(self.ns + name) or ""

    def child(self, element, *path: str):
        for name in path:
            element = element.find(self.ns + name) if element is not None else None
        return element

    def is_on(self, element) -> bool:
        return element is not None and self.of(element) not in ("0", "false", "off")

    def chain(self, style: str) -> Iterator:
        """A style and those that it is based on."""
        seen = set()
        while style in self.styles and style not in seen:
            seen.add(style)
            yield self.styles[style]
            style = self.of(self.child(self.styles[style], "basedOn"))

    def texts(self) -> list:
        return [tree for name, tree in sorted(self.trees.items()) if TEXTS.fullmatch(name)]

    def words(self, elements) -> list[str]:
        return re.findall(r"\w+", " ".join("".join(t.text or "" for t in e.iter(self.ns + "t", self.ns + "delText")) for e in elements))

    def make_as_read(self) -> None:
        self.accept_changes()
        self.drop_hidden()
        self.drop_contents()
        self.keep_fields()
        Numbers(self).write_out()
        self.tell_what_stands_beside()
        for name, tree in self.trees.items():
            if TEXTS.fullmatch(name) or name in ("word/styles.xml", "word/numbering.xml"):
                self.parts[name] = etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True)

    # Hidden text

    def hides(self, properties, *, style_tag: str) -> bool | None:
        """Whether run properties, or the styles that they name, hide; None when they say nothing of it."""
        own = self.child(properties, "vanish")
        if own is not None:
            return self.is_on(own)
        for style in self.chain(self.of(self.child(properties, style_tag))):
            of_style = self.child(style, "rPr", "vanish")
            if of_style is not None:
                return self.is_on(of_style)
        return None

    def drop_hidden(self) -> None:
        gone = []
        for tree in self.texts():
            gone += [row for row in tree.iter(self.ns + "tr") if self.is_on(self.child(row, "trPr", "hidden"))]
            for run in list(tree.iter(self.ns + "r")):
                hidden = self.hides(self.child(run, "rPr"), style_tag="rStyle")
                if hidden is None:
                    hidden = self.hides_by_style(next(run.iterancestors(self.ns + "p"), None))
                if hidden:
                    gone.append(run)
        words = self.words(gone)
        for element in gone:
            drop(element)
        for tree in self.texts():
            self.drop_empty_tables(tree)
            for paragraph in list(tree.iter(self.ns + "p")):
                if self.is_mark_hidden(paragraph) and not self.shows(paragraph):
                    self.drop_paragraph(paragraph)
        self.remarks.hidden(words)

    def hides_by_style(self, paragraph) -> bool:
        return bool(self.hides(self.child(paragraph, "pPr"), style_tag="pStyle"))

    def is_mark_hidden(self, paragraph) -> bool:
        own = self.hides(self.child(paragraph, "pPr", "rPr"), style_tag="rStyle")
        return self.hides_by_style(paragraph) if own is None else own

    def shows(self, paragraph) -> bool:
        """Whether there is anything in it but properties and places."""
        return any(True for _part in paragraph.iter(*(self.ns + name for name in SHOWN), MATHS))

    def drop_paragraph(self, paragraph) -> None:
        """Out of the text; the only one of a cell stays, bare."""
        beside = [other for other in paragraph.itersiblings() if other.tag == self.ns + "p"]
        beside += [other for other in paragraph.itersiblings(preceding=True) if other.tag == self.ns + "p"]
        if beside or paragraph.getparent().tag != self.ns + "tc":
            drop(paragraph)
        else:
            for part in list(paragraph):
                drop(part)

    def drop_empty_tables(self, tree) -> None:
        for table in list(tree.iter(self.ns + "tbl")):
            if next(table.iter(self.ns + "tr"), None) is None:
                drop(table)

    # Tracked changes

    def accept_changes(self) -> None:
        """As a reader sees the text once all of them are accepted; a deleted end of a paragraph joins it to the next."""
        self.remarks.changes(out=self.words(self.deleted()), into=self.words(
            part for tree in self.texts() for part in tree.iter(self.ns + "ins", self.ns + "moveTo")))
        for tree in self.texts():
            marks = [mark for mark in tree.iter(self.ns + "del", self.ns + "moveFrom") if mark.getparent().tag.endswith(PROPERTIES)]
            ends = [mark.getparent().getparent().getparent() for mark in marks if mark.getparent().getparent().tag == self.ns + "pPr"]
            rows = [mark.getparent().getparent() for mark in marks if mark.getparent().tag == self.ns + "trPr"]
            runs = [part for part in tree.iter(self.ns + "del", self.ns + "moveFrom") if not part.getparent().tag.endswith(PROPERTIES)]
            for element in [*runs, *rows, *marks]:
                drop(element)
            self.drop_empty_tables(tree)
            for paragraph in ends:
                self.join(paragraph)

    def deleted(self) -> list:
        """The outermost parts that go: runs, and rows of tables with all that is in them."""
        rows = {row for tree in self.texts() for row in tree.iter(self.ns + "tr") if self.child(row, "trPr", "del") is not None}
        runs = [part for tree in self.texts() for part in tree.iter(self.ns + "del", self.ns + "moveFrom")]
        return [*rows, *(run for run in runs if rows.isdisjoint(run.iterancestors()))]

    def join(self, paragraph) -> None:
        """What is left of a paragraph whose end was deleted begins the next one, which keeps its own properties."""
        beside = {self.ns + name for name in ("p", "tbl", "sdt")}
        following = next((other for other in paragraph.itersiblings() if other.tag in beside), None)
        if following is None or following.tag != self.ns + "p":
            if not self.shows(paragraph):
                self.drop_paragraph(paragraph)
            return
        properties = self.child(following, "pPr")
        at = 0 if properties is None else list(following).index(properties) + 1
        for offset, part in enumerate([part for part in paragraph if part.tag != self.ns + "pPr"]):
            following.insert(at + offset, part)
        drop(paragraph)

    # The table of contents

    def drop_contents(self) -> None:
        made = {key for key, style in self.styles.items() if MADE_BY_WORD.match(self.of(self.child(style, "name")))}
        gone = []
        for tree in self.texts():
            gone += [block for block in tree.iter(self.ns + "sdt")
                     if self.of(self.child(block, "sdtPr", "docPartObj", "docPartGallery")).casefold() == "table of contents"]
            gone += [paragraph for paragraph in tree.iter(self.ns + "p") if self.of(self.child(paragraph, "pPr", "pStyle")) in made]
        words = self.words(gone)
        for element in gone:
            drop(element)
        self.remarks.contents(words)

    # What is told

    def tell_what_stands_beside(self) -> None:
        comments = self.all("word/comments.xml", "comment")
        self.remarks.comments(len(comments), self.words(comments))
        self.remarks.margins(self.words(tree for name, tree in sorted(self.trees.items()) if MARGINS.fullmatch(name)))

    # Fields

    def keep_fields(self) -> None:
        """A field is read as the words that it shows; links alone stay fields, since pandoc knows them."""
        names: list[str] = []
        for tree in self.texts():
            for simple in list(tree.iter(self.ns + "fldSimple")):
                names.append(name_of_field(self.of(simple, "instr")))
                unwrap(simple)
            open_fields: list[dict] = []
            for mark in list(tree.iter(self.ns + "fldChar", self.ns + "instrText")):
                self.follow(mark, open_fields, names)
            for left in open_fields:
                drop_all(left["marks"])
        self.remarks.fields([name for name in names if name and name not in QUIET_FIELDS])

    def follow(self, mark, open_fields: list[dict], names: list[str]) -> None:
        kind = self.of(mark, "fldCharType")
        if kind == "begin":
            open_fields.append({"marks": [mark], "code": ""})
        elif not open_fields:
            drop(mark)  # what began it stood in something that went
        else:
            open_fields[-1]["marks"].append(mark)
            if mark.tag == self.ns + "instrText":
                open_fields[-1]["code"] += mark.text or ""
            if kind == "end":
                field = open_fields.pop()
                name = name_of_field(field["code"])
                if name != "HYPERLINK":
                    names.append(name)
                    drop_all(field["marks"])


def name_of_field(code: str) -> str:
    found = re.match(r"\s*([A-Za-z]{2,})", code)
    return found[1].upper() if found else ""


def unwrap(element) -> None:
    parent = element.getparent()
    at = parent.index(element)
    for offset, child in enumerate(list(element)):
        parent.insert(at + offset, child)
    drop(element)


def drop_all(elements: list) -> None:
    for element in elements:
        drop(element)
