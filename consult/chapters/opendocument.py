"""A LibreOffice document made as its reader sees it, before pandoc reads it: what :mod:`consult.chapters.word` is for Word."""

import re
from collections.abc import Iterator

from lxml import etree

from consult.chapters.as_read import Remarks, drop, words_of
from consult.chapters.opendocument_numbers import OFFICE, STYLE, TABLE, TEXT, Numbers

INDEXES = [f"{TEXT}{name}" for name in ("table-of-content", "illustration-index", "table-index", "object-index")]
# What stands in a line and pandoc reads; a field is anything else, and is read as the words that it shows.
IN_LINE = frozenset(
    "span a s tab line-break note note-citation note-body p h list list-item list-header number soft-page-break bookmark bookmark-start "
    "bookmark-end reference-mark reference-mark-start reference-mark-end change change-start change-end ruby ruby-base ruby-text "
    "alphabetical-index-mark alphabetical-index-mark-start alphabetical-index-mark-end toc-mark toc-mark-start toc-mark-end".split())
BARE = tuple(f"{TEXT}{name}" for name in ("span", "change", "bookmark", "soft-page-break", "reference-mark"))
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
        for changes in list(body.iter(f"{TEXT}tracked-changes")):
            drop(changes)  # what was deleted stands there
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
        lines = {line for element in outermost for line in element.iterancestors(f"{TEXT}p", f"{TEXT}h")}
        for element in outermost:
            drop(element)
        for line in lines:
            if shows_nothing(line):  # nor does its number
                drop(line)

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
        deleted = [part for deletion in body.iter(f"{TEXT}deletion") for part in deletion if part.tag != f"{OFFICE}change-info"]
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


def shows_nothing(line) -> bool:
    """Whether only places and marks are left in it."""
    return not "".join(line.itertext()).strip() and all(part.tag.startswith(BARE) for part in line.iter() if part is not line)
