"""The elements of sanitised HTML: what they say, what they hold, and how they are written again."""

import re
from collections.abc import Iterator
from itertools import pairwise

import lxml.html
from lxml import etree

from consult.core.serialising import inner_html, outer_html

PLAIN = r"[A-Za-z0-9-]{1,35}"  # a direction, or a language
INLINE = frozenset("a abbr b br cite code del em i ins kbd mark q s small span strong sub sup u".split())


def top_elements(root) -> Iterator:
    """The elements of a text; loose words and inline elements between them are gathered in paragraphs."""
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


def unwrapped(wrapper) -> Iterator:
    """The parts of a division, each with the direction, the language and, the first one, the key that the whole was given."""
    key = wrapper.get("id")
    for part in top_elements(wrapper):
        if part.tag in ("summary", "figcaption"):
            part.tag = "p"
        for name in ("dir", "lang"):
            if wrapper.get(name) and not part.get(name):
                part.set(name, wrapper.get(name))
        if key and text_of(part):
            part.set("id", part.get("id") or key)
            key = None
        yield part


def opening_of(element) -> str:
    """Its opening tag, with the direction and the language that it was given."""
    marks = "".join(f' {name}="{element.get(name)}"' for name in ("dir", "lang") if re.fullmatch(PLAIN, element.get(name) or ""))
    return f"<{element.tag}{marks}>"


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


def is_blank(row) -> bool:
    """Whether a row is only there for cells that reach down from above it, or holds nothing at all."""
    return not text_of(row)


def hand_down(rows: list) -> None:
    """Cells that begin in a row without words, and reach further down, begin in the next one."""
    for row, below in pairwise(rows):
        if is_blank(row) and row.getparent() is below.getparent():
            for place, cell in enumerate(list(row)):
                reach = cell.get("rowspan", "1")
                if reach.isdecimal() and reach != "1":
                    cell.set("rowspan", "0" if reach == "0" else str(int(reach) - 1))
                    if reach == "2":
                        cell.attrib.pop("rowspan")
                    below.insert(place, cell)


def close_up(rows: list, blank: list[bool]) -> None:
    """Cells reach no further than the rows that stay."""
    for index, row in enumerate(rows):
        for cell in row:
            reach = cell.get("rowspan", "1")
            if reach.isdecimal() and reach != "1":
                below = blank[index:] if reach == "0" else blank[index: index + int(reach)]
                cell.set("rowspan", str(max(1, below.count(False))))
                if cell.get("rowspan") == "1":
                    cell.attrib.pop("rowspan")


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


def outer(element, keep_id: bool = False) -> str:
    if not keep_id:
        element.attrib.pop("id", None)
    return outer_html(element).strip()


def inner(element) -> str:
    return inner_html(element).strip()
