"""The automatic numbers of a Word document as its reader sees them.

What a plain list shows stays a list: each run of items gets a numbering of its own that begins with the number that Word shows, so that
pandoc has nothing to count. Everything else becomes words of its paragraph.
"""

import re
from dataclasses import dataclass

from lxml import etree

from consult.chapters.counting import spelled

XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
# What Markdown numbers by itself: the number of this level alone, between usual signs.
PLAIN = re.compile(r"\(?%\d[.)]?\)?")
OF_LISTS = "list paragraph"  # a style of which pandoc takes a paragraph for a part of the item above it
MADE = 1_000_000_000  # the first number of our own lists, beyond those of Word
HOLDERS = ("body", "tc", "txbxContent", "footnote", "endnote")
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


@dataclass
class Run:
    """Items of one level, one after the other, that are one list to their reader."""

    level: int
    sort: str
    definition: str
    last: int
    list_id: str


class Numbers:
    """Counts as Word does; what is more than the number of a plain list becomes words before its paragraph."""

    def __init__(self, document) -> None:
        self.document = document
        of, child = document.of, document.child
        self.definitions = {of(a, "abstractNumId"): a for a in document.all("word/numbering.xml", "abstractNum")}
        self.lists = {of(n, "numId"): n for n in document.all("word/numbering.xml", "num")}
        self.linked = {of(child(a, "styleLink")): key for key, a in self.definitions.items() if child(a, "styleLink") is not None}
        self.counts: dict[str, dict[int, int]] = {}  # by definition: lists that share one count on
        self.begun: set[tuple[str, int]] = set()
        self.open: list[Run] = []  # the lists that the next item may belong to, each within the one before
        self.holder = None  # and what they stand in
        self.made: list = []

    def write_out(self) -> None:
        for tree in self.document.texts():
            self.counts, self.begun, self.open = {}, set(), []
            for paragraph in list(tree.iter(self.document.ns + "p")):
                if next(paragraph.iterancestors(FALLBACK), None) is None:  # the same words once more
                    self.follow(paragraph)
        for style in self.document.all("word/styles.xml", "style"):
            numbered = self.document.child(style, "pPr", "numPr")
            if numbered is not None and self.document.of(self.document.child(numbered, "numId")) in (*self.lists, "", "0"):
                numbered.getparent().remove(numbered)  # each paragraph says now by itself what it is
        for made in self.made:
            self.document.trees["word/numbering.xml"].append(made)

    def follow(self, paragraph) -> None:
        list_id, level = self.place_of(paragraph)
        levels = self.levels(list_id) if list_id in self.lists else {}
        if level in levels:
            self.count(paragraph, list_id, level, levels)
        elif not self.is_part_of_item(paragraph):
            self.open = []
        if list_id == "0":
            self.unnumber(paragraph)

    def is_part_of_item(self, paragraph) -> bool:
        """Whether the list goes on around it: nothing stands in it, or pandoc will take it for a part of the item above."""
        return not self.document.shows(paragraph) or self.is_of_lists(paragraph)

    def is_of_lists(self, paragraph) -> bool:
        document = self.document
        style = document.styles.get(document.of(document.child(paragraph, "pPr", "pStyle")))
        return document.of(document.child(style, "name")).casefold() == OF_LISTS

    def place_of(self, paragraph) -> tuple[str, int]:
        """(list, level) of a paragraph, by itself or by its style."""
        document = self.document
        properties = document.child(paragraph, "pPr")
        own = document.child(properties, "numPr")
        list_id, level = document.of(document.child(own, "numId")), document.of(document.child(own, "ilvl"))
        styles = [] if list_id else list(document.chain(document.of(document.child(properties, "pStyle"))))
        for style in styles:
            numbered = document.child(style, "pPr", "numPr")
            level = level or document.of(document.child(numbered, "ilvl"))
            list_id = document.of(document.child(numbered, "numId"))
            if list_id:
                named = [document.of(one, "styleId") for one in styles[:styles.index(style) + 1]]
                linked = next((found for name in named if (found := self.level_of_style(list_id, name))), "")
                level = document.of(document.child(own, "ilvl")) or linked or level
                break
        return list_id, int(level) if level.isdecimal() else 0

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

    def count(self, paragraph, list_id: str, level: int, levels: dict) -> None:
        key = self.definition(list_id)[0]
        counts = self.counts.setdefault(key, {})
        anew = self.restart(list_id, level)
        self.begun.add((list_id, level))
        counts[level] = anew if anew is not None else counts[level] + 1 if level in counts else self.start(list_id, level, levels)
        for deeper in [other for other in counts if other > level]:
            if self.document.of(self.document.child(levels.get(deeper), "lvlRestart")) != "0":
                del counts[deeper]
        for upper in range(level):
            counts.setdefault(upper, self.start(list_id, upper, levels))
        shown = self.label(levels, level, counts)
        pattern = self.document.of(self.document.child(levels[level], "lvlText"))
        if shown is not None and not shown.strip():
            self.go_on(paragraph, level)
            return
        is_plain = shown is None or PLAIN.fullmatch(pattern) is not None and pattern.count(f"%{level + 1}") == 1
        if not is_plain or self.is_title(paragraph):
            self.open = []
            self.unnumber(paragraph)
            self.write(paragraph, shown or "", levels[level])
        elif shown is None or re.search(r"\d+", shown) is None:
            self.write(paragraph, shown or "", levels[level])
            self.list(paragraph, level, "bullet", key, counts[level])
        else:
            self.list(paragraph, level, "decimal", key, counts[level])

    def go_on(self, paragraph, level: int) -> None:
        """A paragraph of a list without any sign is a part of the item above it."""
        if not self.is_title(paragraph) and any(run.level <= level for run in self.open):
            numbered = etree.SubElement(self.unnumber(paragraph), self.document.ns + "numPr")
            self.added(numbered, numId="0")  # which pandoc takes so
        else:
            self.open = []
            self.unnumber(paragraph)

    def list(self, paragraph, level: int, sort: str, key: str, number: int) -> None:
        """Into the list that it goes on, or one that begins with it."""
        holder = next(paragraph.iterancestors(*(self.document.ns + name for name in HOLDERS)), None)
        self.open = [run for run in self.open if run.level <= level] if holder is self.holder else []
        self.holder = holder
        run = self.open[-1] if self.open and self.open[-1].level == level else None
        if run is not None and run.sort == sort and (sort == "bullet" or (run.definition, run.last + 1) == (key, number)):
            run.last = number
        else:
            self.open = [other for other in self.open if other is not run]
            run = Run(level, sort, key, number, self.new_list(level, sort, number))
            self.open.append(run)
        numbered = etree.SubElement(self.unnumber(paragraph), self.document.ns + "numPr")
        self.added(numbered, ilvl=str(level), numId=run.list_id)

    def new_list(self, level: int, sort: str, start: int) -> str:
        ns = self.document.ns
        name = str(MADE + len(self.made))  # pandoc knows lists apart by whole numbers alone
        definition = etree.Element(ns + "abstractNum", {ns + "abstractNumId": name})
        of_level = etree.SubElement(definition, ns + "lvl", {ns + "ilvl": str(level)})
        self.added(of_level, start=str(start), numFmt=sort, lvlText="•" if sort == "bullet" else f"%{level + 1}.")
        made = etree.Element(ns + "num", {ns + "numId": name})
        self.added(made, abstractNumId=name)
        self.made += [definition, made]
        return name

    def added(self, element, **values: str) -> None:
        for name, value in values.items():
            etree.SubElement(element, self.document.ns + name).set(self.document.ns + "val", value)

    def label(self, levels: dict, level: int, counts: dict[int, int]) -> str | None:
        """What Word shows before the paragraph; None for a bullet."""
        document = self.document
        pattern, form = document.of(document.child(levels[level], "lvlText")), document.of(document.child(levels[level], "numFmt"))
        if form == "bullet" and pattern.strip():
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

    def unnumber(self, paragraph):
        """Its properties, without a number and without what would make it a part of the item above."""
        document = self.document
        properties = document.child(paragraph, "pPr")
        if properties is None:
            properties = etree.Element(document.ns + "pPr")
            paragraph.insert(0, properties)
        gone = properties.findall(document.ns + "numPr") + properties.findall(document.ns + "ind")
        gone += properties.findall(document.ns + "pStyle") if self.is_of_lists(paragraph) else []
        for part in gone:
            properties.remove(part)
        return properties

    def write(self, paragraph, shown: str, level) -> None:
        """The number as words, before the paragraph's own."""
        document = self.document
        if not shown.strip():
            return
        properties = document.child(paragraph, "pPr")
        run = etree.Element(document.ns + "r")
        text = etree.SubElement(run, document.ns + "t")
        text.text = shown + ("" if document.of(document.child(level, "suff")) == "nothing" else " ")
        text.set(XML_SPACE, "preserve")
        paragraph.insert(0 if properties is None else list(paragraph).index(properties) + 1, run)
