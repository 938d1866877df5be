"""A Word document made as its reader sees it, before pandoc reads it: without hidden text, its automatic numbers written out.

What Word shows and pandoc does not know of (numbers with words, of titles, of several levels) becomes words of the document; what Word
makes by itself (the table of contents) or does not show goes. Everything that goes is told.
"""

import re
from collections.abc import Iterator

from lxml import etree

from consult.chapters.counting import spelled
from consult.chapters.seen import Remarks, drop

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT_WORD = "http://purl.oclc.org/ooxml/wordprocessingml/main"
XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
TEXTS = re.compile(r"word/(?:document\d*|footnotes|endnotes)\.xml")
MARGINS = re.compile(r"word/(?:header|footer)\d*\.xml")
# What pandoc writes by itself: the number of this level alone, between usual signs.
PLAIN = re.compile(r"\(?%\d[.)]?\)?")
# Fields that show what stands in the document.
QUIET_FIELDS = frozenset("HYPERLINK TOC PAGE NUMPAGES PAGEREF REF NOTEREF SEQ STYLEREF TITLE XE TC BIBLIOGRAPHY CITATION ADDIN".split())
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
        self.drop_hidden()
        self.drop_contents()
        self.keep_fields()
        Numbers(self).write_out()
        self.tell_changes()
        self.tell_what_stands_beside()
        for name, tree in self.trees.items():
            if TEXTS.fullmatch(name):
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
            for row in list(tree.iter(self.ns + "tr")):
                if self.is_on(self.child(row, "trPr", "hidden")):
                    gone.append(row)
            for run in list(tree.iter(self.ns + "r")):
                hidden = self.hides(self.child(run, "rPr"), style_tag="rStyle")
                if hidden is None:
                    above = next(run.iterancestors(self.ns + "p"), None)
                    hidden = self.hides(self.child(above, "pPr"), style_tag="pStyle")
                if hidden:
                    gone.append(run)
        words = self.words(gone)
        for element in gone:
            drop(element)
        self.remarks.hidden(words)

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

    def tell_changes(self) -> None:
        deleted = [part for tree in self.texts() for part in tree.iter(self.ns + "del", self.ns + "moveFrom")]
        inserted = [part for tree in self.texts() for part in tree.iter(self.ns + "ins", self.ns + "moveTo")]
        self.remarks.changes(out=self.words(deleted), into=self.words(inserted))

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


class Numbers:
    """Counts as Word does, and writes the numbers that are more than those of a plain list as words before their paragraphs."""

    def __init__(self, document: WordDocument) -> None:
        self.document = document
        of, child = document.of, document.child
        self.definitions = {of(a, "abstractNumId"): a for a in document.all("word/numbering.xml", "abstractNum")}
        self.lists = {of(n, "numId"): n for n in document.all("word/numbering.xml", "num")}
        self.linked = {of(child(a, "styleLink")): key for key, a in self.definitions.items() if child(a, "styleLink") is not None}
        self.counts: dict[str, dict[int, int]] = {}  # by definition: lists that share one count on
        self.begun: set[tuple[str, int]] = set()

    def write_out(self) -> None:
        tree = next((tree for name, tree in self.document.trees.items() if name.startswith("word/document")), None)
        for paragraph in [] if tree is None else list(tree.iter(self.document.ns + "p")):
            list_id, level = self.place_of(paragraph)
            if list_id in self.lists:
                self.count(paragraph, list_id, level)

    def place_of(self, paragraph) -> tuple[str, int]:
        """(list, level) of a paragraph, by itself or by its style."""
        document = self.document
        properties = document.child(paragraph, "pPr")
        own = document.child(properties, "numPr")
        own_list, own_level = document.of(document.child(own, "numId")), document.of(document.child(own, "ilvl"))
        style_name = document.of(document.child(properties, "pStyle"))
        if not own_list:
            for style in document.chain(style_name):
                numbered = document.child(style, "pPr", "numPr")
                if numbered is not None and document.of(document.child(numbered, "numId")):
                    own_list = document.of(document.child(numbered, "numId"))
                    own_level = own_level or self.level_of_style(own_list, document.of(style, "styleId")) or \
                        document.of(document.child(numbered, "ilvl"))
                    break
        return own_list, int(own_level) if own_level.isdecimal() else 0

    def level_of_style(self, list_id: str, style: str) -> str:
        document = self.document
        levels = self.definition(list_id)[1].iter(document.ns + "lvl") if list_id in self.lists else ()
        return next((document.of(level, "ilvl") for level in levels if document.of(document.child(level, "pStyle")) == style), "")

    def definition(self, list_id: str) -> tuple[str, etree._Element]:
        document = self.document
        key = document.of(document.child(self.lists[list_id], "abstractNumId"))
        link = document.of(document.child(self.definitions.get(key), "numStyleLink"))
        key = self.linked.get(link, key)
        return key, self.definitions.get(key, self.lists[list_id])

    def levels(self, list_id: str) -> dict[int, etree._Element]:
        document = self.document
        found = {int(document.of(level, "ilvl") or 0): level for level in self.definition(list_id)[1].iter(document.ns + "lvl")}
        for override in self.lists[list_id].iter(document.ns + "lvlOverride"):
            level = document.child(override, "lvl")
            if level is not None:
                found[int(document.of(override, "ilvl") or 0)] = level
        return found

    def start(self, list_id: str, level: int, levels: dict) -> int:
        document = self.document
        stated = document.of(document.child(levels.get(level), "start"))
        return int(stated) if stated.isdecimal() else 1

    def restart(self, list_id: str, level: int) -> int | None:
        """Where a list that shares its definition says that it begins anew."""
        document = self.document
        for override in self.lists[list_id].iter(document.ns + "lvlOverride"):
            stated = document.of(document.child(override, "startOverride"))
            if document.of(override, "ilvl") == str(level) and stated.isdecimal() and (list_id, level) not in self.begun:
                return int(stated)
        return None

    def count(self, paragraph, list_id: str, level: int) -> None:
        levels = self.levels(list_id)
        if level not in levels:
            return
        counts = self.counts.setdefault(self.definition(list_id)[0], {})
        anew = self.restart(list_id, level)
        self.begun.add((list_id, level))
        counts[level] = anew if anew is not None else counts[level] + 1 if level in counts else self.start(list_id, level, levels)
        for deeper in [other for other in counts if other > level]:
            if self.document.of(self.document.child(levels.get(deeper), "lvlRestart")) != "0":
                del counts[deeper]
        for upper in range(level):
            counts.setdefault(upper, self.start(list_id, upper, levels))
        shown = self.label(levels, level, counts)
        if shown is not None:
            self.write(paragraph, shown, levels[level])

    def label(self, levels: dict, level: int, counts: dict[int, int]) -> str | None:
        """What Word shows before the paragraph; None for what pandoc keeps as an item of a list by itself."""
        document = self.document
        pattern, form = document.of(document.child(levels[level], "lvlText")), document.of(document.child(levels[level], "numFmt"))
        if form == "bullet" or not pattern:
            return None
        is_legal = document.is_on(document.child(levels[level], "isLgl"))

        def number(found: re.Match) -> str:
            at = int(found[1]) - 1
            of_level = document.of(document.child(levels.get(at), "numFmt"))
            return spelled(counts.get(at, 1), "decimal" if is_legal else of_level or "decimal")
        return re.sub(r"%(\d)", number, pattern)

    def is_title(self, paragraph) -> bool:
        document = self.document
        properties = document.child(paragraph, "pPr")
        styles = list(document.chain(document.of(document.child(properties, "pStyle"))))
        return document.child(properties, "outlineLvl") is not None or any(
            document.child(style, "pPr", "outlineLvl") is not None for style in styles)

    def write(self, paragraph, shown: str, level) -> None:
        document = self.document
        pattern = document.of(document.child(level, "lvlText"))
        is_plain = PLAIN.fullmatch(pattern) and pattern.count(f"%{int(document.of(level, 'ilvl') or 0) + 1}") == 1
        if is_plain and not self.is_title(paragraph):
            return
        properties = document.child(paragraph, "pPr")
        if properties is None:
            properties = etree.Element(document.ns + "pPr")
            paragraph.insert(0, properties)
        for numbered in properties.findall(document.ns + "numPr"):
            properties.remove(numbered)
        none = etree.SubElement(properties, document.ns + "numPr")
        etree.SubElement(none, document.ns + "numId").set(document.ns + "val", "0")
        after = "" if document.of(document.child(level, "suff")) == "nothing" else " "
        run = etree.Element(document.ns + "r")
        text = etree.SubElement(run, document.ns + "t")
        text.text = shown + after
        text.set(XML_SPACE, "preserve")
        paragraph.insert(list(paragraph).index(properties) + 1, run)


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
