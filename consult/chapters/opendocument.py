"""A LibreOffice document made as its reader sees it, before pandoc reads it: what :mod:`consult.chapters.word` is for Word."""

import re
from collections.abc import Iterator

from lxml import etree

from consult.chapters.counting import spelled
from consult.chapters.seen import Remarks, drop, words_of

NAMES = "urn:oasis:names:tc:opendocument:xmlns:"
TEXT, STYLE, OFFICE, TABLE = (f"{{{NAMES}{name}:1.0}}" for name in ("text", "style", "office", "table"))
LIST_FORMAT = "num-list-format"  # of LibreOffice, in a name space of its own: “Article %1% —”
INDEXES = [f"{TEXT}{name}" for name in ("table-of-content", "illustration-index", "table-index", "object-index")]
# What stands in a line and pandoc reads; a field is anything else, and is read as the words that it shows.
IN_LINE = frozenset(
    "span a s tab line-break note note-citation note-body p h list list-item list-header number soft-page-break bookmark bookmark-start "
    "bookmark-end reference-mark reference-mark-start reference-mark-end change change-start change-end ruby ruby-base ruby-text "
    "alphabetical-index-mark alphabetical-index-mark-start alphabetical-index-mark-end toc-mark toc-mark-start toc-mark-end".split())
QUIET_FIELDS = frozenset("page-number page-count sequence bookmark-ref reference-ref note-ref sequence-ref title meta meta-field".split())


class OpenDocument:
    """The parts of a document, changed in place by :meth:`make_as_read`; ``remarks`` tell what went."""

    def __init__(self, parts: dict[str, bytes], parsed) -> None:
        self.parts = parts
        self.content = parsed(parts["content.xml"])
        self.common = parsed(parts["styles.xml"]) if "styles.xml" in parts else etree.Element("none")
        trees = (self.common, self.content)
        self.styles = {(style.get(f"{STYLE}family"), style.get(f"{STYLE}name")): style
                       for tree in trees for style in tree.iter(f"{STYLE}style")}
        self.list_styles = {style.get(f"{STYLE}name"): style for tree in trees for style in tree.iter(f"{TEXT}list-style")}
        self.outline = next(self.common.iter(f"{TEXT}outline-style"), None)
        self.remarks = Remarks()

    def make_as_read(self) -> None:
        body = next(self.content.iter(f"{OFFICE}body"), self.content)
        self.tell_what_stands_beside(body)
        self.drop_hidden(body)
        gone = list(body.iter(*INDEXES))
        self.remarks.contents(words_of(gone))
        for element in gone:
            drop(element)
        self.keep_fields(body)
        Numbers(self).write_out(body)
        self.parts["content.xml"] = etree.tostring(self.content, xml_declaration=True, encoding="UTF-8")

    def hides(self, element) -> bool:
        family, name = ("text" if element.tag == f"{TEXT}span" else "paragraph"), element.get(f"{TEXT}style-name")
        seen = set()
        while (family, name) in self.styles and name not in seen:
            seen.add(name)
            style = self.styles[family, name]
            shown = [found for properties in style.iter(f"{STYLE}text-properties") if (found := properties.get(f"{TEXT}display"))]
            if shown:
                return shown[-1] == "none"
            name = style.get(f"{STYLE}parent-style-name")
        return False

    def drop_hidden(self, body) -> None:
        gone = [element for element in body.iter(f"{TEXT}span", f"{TEXT}p", f"{TEXT}h") if self.hides(element)]
        gone += [row for row in body.iter(f"{TABLE}table-row") if row.get(f"{TABLE}visibility") in ("collapse", "filter")]
        gone += [section for section in body.iter(f"{TEXT}section") if section.get(f"{TEXT}display") == "none"
                 or (section.get(f"{TEXT}display") == "condition" and section.get(f"{TEXT}is-hidden") == "true")]
        gone += [text for text in body.iter(f"{TEXT}hidden-text") if text.get(f"{TEXT}is-hidden") == "true"]
        gone += [next(mark.iterancestors(f"{TEXT}p", f"{TEXT}h"), mark) for mark in body.iter(f"{TEXT}hidden-paragraph")
                 if mark.get(f"{TEXT}is-hidden") == "true"]
        outermost = [element for element in dict.fromkeys(gone) if not any(above in gone for above in element.iterancestors())]
        self.remarks.hidden(words_of(outermost))
        for element in outermost:
            drop(element)

    def keep_fields(self, body) -> None:
        """A field is read as the words that it shows."""
        names = []
        for line in body.iter(f"{TEXT}p", f"{TEXT}h"):
            for element in list(line.iter()):
                name = element.tag.removeprefix(TEXT) if isinstance(element.tag, str) else ""
                if name == element.tag or name in IN_LINE or not "".join(element.itertext()).strip():
                    continue
                if name not in QUIET_FIELDS and next(element.iterancestors(f"{OFFICE}annotation"), None) is None:
                    names.append(name)
                element.tag = f"{TEXT}span"
                element.attrib.clear()
        self.remarks.fields(names)

    def tell_what_stands_beside(self, body) -> None:
        deleted = list(body.iter(f"{TEXT}deletion"))
        self.remarks.changes(out=words_of(deleted), into=words_of(self.inserted(body)))
        comments = list(body.iter(f"{OFFICE}annotation"))
        self.remarks.comments(len(comments), words_of([part for comment in comments for part in comment.iter(f"{TEXT}p")]))
        margins = [part for page in self.common.iter(f"{STYLE}master-page") for part in page
                   if re.search(r"\}(?:header|footer)(?:-left|-first)?$", part.tag)]
        self.remarks.margins(words_of(margins))

    def inserted(self, body) -> Iterator:
        """The runs between the marks of an insertion."""
        ids = {region.get(f"{TEXT}id") for region in body.iter(f"{TEXT}changed-region") if region.find(f"{TEXT}insertion") is not None}
        is_in = False
        for element in body.iter(f"{TEXT}change-start", f"{TEXT}change-end", f"{TEXT}span", f"{TEXT}p", f"{TEXT}h"):
            is_mark = element.get(f"{TEXT}change-id") in ids
            is_in = element.tag == f"{TEXT}change-start" if is_mark else is_in
            held = element.tail if is_mark else element.text
            if is_in and held:
                run = etree.Element("run")
                run.text = held
                yield run


class Numbers:
    """Counts as LibreOffice does; titles, and what is numbered with more than a plain number, get it as words and leave their list."""

    def __init__(self, document: OpenDocument) -> None:
        self.document = document
        self.counts: dict[str, dict[int, int]] = {}  # by the name of a list and by that of its style
        self.loose: set = set()  # what is no item of a list to its reader

    def write_out(self, body) -> None:
        outline: dict[int, int] = {}
        # In the order of the text: titles that count by themselves stand between the lists.
        for element in list(body.iter(f"{TEXT}list", f"{TEXT}h")):
            if element.tag == f"{TEXT}list":
                if next(element.iterancestors(f"{TEXT}list"), None) is None:
                    self.count_list(element)
            elif next(element.iterancestors(f"{TEXT}list"), None) is None and self.document.outline is not None:
                self.count_title(element, outline)
        for root in list(body.iter(f"{TEXT}list")):
            if next(root.iterancestors(f"{TEXT}list"), None) is None and any(part in self.loose for part in root.iter()):
                parent = root.getparent()
                at = parent.index(root)
                parent.remove(root)
                for offset, block in enumerate(self.unlisted(root, root.get(f"{TEXT}style-name"))):
                    parent.insert(at + offset, block)

    def count_title(self, title, counts: dict[int, int]) -> None:
        level = int(title.get(f"{TEXT}outline-level") or 1) - 1
        if title.get(f"{TEXT}is-list-header") == "true":
            return
        start = title.get(f"{TEXT}start-value") if title.get(f"{TEXT}restart-numbering") == "true" else None
        self.step(counts, level, self.document.outline, start)
        label, _is_plain = self.label(self.document.outline, level, counts)
        if label:
            write(title, label)

    def count_list(self, root) -> None:
        style = root.get(f"{TEXT}style-name") or ""
        before = root.get(f"{TEXT}continue-list") or (style if root.get(f"{TEXT}continue-numbering") == "true" else "")
        counts = dict(self.counts.get(before, {}))
        self.count(root, style, 0, counts)
        identity = root.get("{http://www.w3.org/XML/1998/namespace}id")
        for name in (identity, style):
            if name:
                self.counts[name] = counts

    def count(self, holder, style: str, level: int, counts: dict[int, int]) -> None:
        style = holder.get(f"{TEXT}style-name") or style
        definition = self.document.list_styles.get(style)
        for item in holder:
            lines = [part for part in item if part.tag in (f"{TEXT}p", f"{TEXT}h", f"{TEXT}list")]
            if item.tag == f"{TEXT}list-item" and lines and lines[0].tag != f"{TEXT}list":
                self.step(counts, level, definition, item.get(f"{TEXT}start-value"))
                self.mark(lines[0], definition, level, counts)
            self.loose |= {line for line in lines if line.tag == f"{TEXT}h"}
            for line in lines:
                if line.tag == f"{TEXT}list":
                    self.count(line, style, level + 1, counts)

    def mark(self, line, definition, level: int, counts: dict[int, int]) -> None:
        label, is_plain = self.label(definition, level, counts)
        if label and (line.tag == f"{TEXT}h" or not is_plain):
            write(line, label)
            self.loose.add(line)

    def step(self, counts: dict[int, int], level: int, definition, start: str | None) -> None:
        following = counts[level] + 1 if level in counts else self.start(definition, level)
        counts[level] = int(start) if start and start.isdecimal() else following
        for deeper in [other for other in counts if other > level]:
            del counts[deeper]
        for upper in range(level):
            counts.setdefault(upper, self.start(definition, upper))

    def start(self, definition, level: int) -> int:
        found = self.level_of(definition, level)
        stated = found.get(f"{TEXT}start-value") if found is not None else None
        return int(stated) if stated and stated.isdecimal() else 1

    def level_of(self, definition, level: int):
        return next((part for part in (definition if definition is not None else ()) if part.get(f"{TEXT}level") == str(level + 1)), None)

    def label(self, definition, level: int, counts: dict[int, int]) -> tuple[str, bool]:
        """What stands before the line, and whether it is the plain number of an item."""
        found = self.level_of(definition, level)
        if found is None or found.tag.endswith("-bullet") or found.tag.endswith("-image"):
            return "", True

        def at(number: int) -> str:
            of_level = self.level_of(definition, number)
            return spelled(counts.get(number, 1), of_level.get(f"{STYLE}num-format") or "none" if of_level is not None else "1")
        pattern = next((value for name, value in found.attrib.items() if name.endswith("}" + LIST_FORMAT)), None)
        prefix, suffix = found.get(f"{STYLE}num-prefix") or "", found.get(f"{STYLE}num-suffix") or ""
        shown = int(found.get(f"{TEXT}display-levels") or 1)
        if pattern is not None:
            label = re.sub(r"%(\d+)%", lambda number: at(int(number[1]) - 1), pattern)
            return label.strip(), re.fullmatch(r"\(?%\d+%[.)]?\)?\s*", pattern) is not None
        numbers = [number for upper in range(level - shown + 1, level + 1) if upper >= 0 and (number := at(upper))]
        if not numbers and not (prefix + suffix).strip():
            return "", True
        is_plain = shown == 1 and re.fullmatch(r"\(?[.)]?\)?", (prefix + suffix).strip()) is not None
        return (prefix + ".".join(numbers) + suffix).strip(), is_plain

    def unlisted(self, holder, style: str | None) -> list:
        """The blocks of a list one after the other; items that are items of a list to their reader stay in lists of their own."""
        out: list = []
        style = holder.get(f"{TEXT}style-name") or style
        for item in list(holder):
            parts = [part for part in item if part.tag != f"{TEXT}number"]
            if not any(part in self.loose for part in item.iter()):
                if not out or out[-1].tag != f"{TEXT}list":
                    out.append(etree.Element(f"{TEXT}list", {f"{TEXT}style-name": style} if style else {}))
                out[-1].append(item)
                continue
            for part in parts:
                out += self.unlisted(part, style) if part.tag == f"{TEXT}list" else [part]
        return out


def write(line, label: str) -> None:
    line.text = f"{label} {line.text or ''}"
