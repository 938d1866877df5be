"""The automatic numbers of a LibreOffice document as its reader sees them: what :mod:`consult.chapters.word_numbers` is for Word."""

import re
from dataclasses import dataclass
from typing import Any

from lxml import etree

from consult.chapters.counting import spelled

NAMES = "urn:oasis:names:tc:opendocument:xmlns:"
TEXT, STYLE, OFFICE, TABLE = (f"{{{NAMES}{name}:1.0}}" for name in ("text", "style", "office", "table"))
LIST_FORMAT = "num-list-format"  # of LibreOffice, in a name space of its own: “Article %1% —”
LEVELS = 10


@dataclass
class Line:
    """A paragraph of a list: an item (of a ``decimal`` or ``bullet`` list), ``more`` of the item above it, or ``loose`` of any list."""

    element: Any
    level: int
    sort: str
    style: str = ""
    number: int = 1


@dataclass
class Run:
    """Items of one level, one after the other, that are one list to their reader."""

    line: Line
    element: Any
    item: Any


class Numbers:
    """Counts as LibreOffice does; what is more than the number of a plain list becomes words before its paragraph."""

    def __init__(self, document) -> None:
        self.document = document
        self.counts: dict[str, dict[int, int]] = {}  # by the name of a list and by that of its style
        self.made: list = []

    def write_out(self, body) -> None:
        outline: dict[int, int] = {}
        roots = []
        # In the order of the text: titles that count by themselves stand between the lists.
        for element in list(body.iter(f"{TEXT}list", f"{TEXT}h")):
            if element.getparent().tag in (f"{TEXT}list-item", f"{TEXT}list-header"):
                continue
            if element.tag == f"{TEXT}list":
                roots.append((element, self.read_list(element)))
            elif self.document.outline is not None:
                self.count_title(element, outline)
        for root, lines in roots:
            parent = root.getparent()
            at = parent.index(root)
            parent.remove(root)
            for offset, block in enumerate(self.rebuilt(lines)):
                parent.insert(at + offset, block)
        self.keep_styles()

    def keep_styles(self) -> None:
        content = self.document.content
        styles = next(content.iter(f"{OFFICE}automatic-styles"), None)
        if styles is None:
            styles = etree.Element(f"{OFFICE}automatic-styles")
            content.insert(0, styles)
        styles.extend(self.made)

    def count_title(self, title, counts: dict[int, int]) -> None:
        level = int(title.get(f"{TEXT}outline-level") or 1) - 1
        if title.get(f"{TEXT}is-list-header") == "true":
            return
        start = title.get(f"{TEXT}start-value") if title.get(f"{TEXT}restart-numbering") == "true" else None
        self.step(counts, level, self.document.outline, start)
        label, _is_plain = self.label(self.document.outline, level, counts)
        if label:
            write(title, label)

    def read_list(self, root) -> list[Line]:
        style = root.get(f"{TEXT}style-name") or ""
        before = root.get(f"{TEXT}continue-list") or (style if root.get(f"{TEXT}continue-numbering") == "true" else "")
        counts = self.counts.setdefault(before, {}) if before else {}  # one count, whichever of its lists is gone on with
        lines: list[Line] = []
        self.read(root, style, 0, counts, lines)
        identity = root.get("{http://www.w3.org/XML/1998/namespace}id")
        for name in (identity, style):
            if name:
                self.counts[name] = counts
        return lines

    def read(self, holder, style: str, level: int, counts: dict[int, int], lines: list[Line]) -> None:
        style = holder.get(f"{TEXT}style-name") or style
        for item in list(holder):
            parts = [part for part in item if part.tag in (f"{TEXT}p", f"{TEXT}h", f"{TEXT}list")]
            of_item = item.get(f"{TEXT}style-override") or style
            for part in parts:
                if part.tag == f"{TEXT}list":
                    self.read(part, style, level + 1, counts, lines)
                elif item.tag == f"{TEXT}list-item" and part is parts[0]:
                    self.step(counts, level, self.document.list_styles.get(of_item), item.get(f"{TEXT}start-value"))
                    lines.append(self.line(part, of_item, level, counts))
                else:
                    lines.append(Line(part, level, "loose" if part.tag == f"{TEXT}h" else "more"))

    def line(self, element, style: str, level: int, counts: dict[int, int]) -> Line:
        definition = self.document.list_styles.get(style)
        of_level = self.level_of(definition, level)
        label, is_plain = self.label(definition, level, counts)
        if element.tag == f"{TEXT}h" or not is_plain:
            write(element, label)
            return Line(element, level, "loose")
        if of_level is None or of_level.tag.endswith(("-bullet", "-image")):
            has_sign = of_level is None or of_level.tag.endswith("-image") or (of_level.get(f"{TEXT}bullet-char") or "").strip()
            return Line(element, level, "bullet" if has_sign else "more")
        if not label:
            return Line(element, level, "more")
        if re.search(r"[0-9]", label):
            return Line(element, level, "decimal", style, counts[level])
        write(element, label)
        return Line(element, level, "bullet")

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

    def rebuilt(self, lines: list[Line]) -> list:
        """The blocks one after the other; each run of items is a list of its own that begins with the number it shows."""
        out: list = []
        above: list[Run] = []  # each within the one before
        for line in lines:
            above = [run for run in above if run.line.level <= line.level] if line.sort != "loose" else []
            if line.sort == "more" and above:
                above[-1].item.append(line.element)
                continue
            if line.sort in ("more", "loose"):
                out.append(line.element)
                continue
            if above and above[-1].line.level == line.level and not goes_on(above[-1].line, line):
                above.pop()
            if not above or above[-1].line.level < line.level:
                made = etree.Element(f"{TEXT}list", {f"{TEXT}style-name": self.new_style(line)})
                (above[-1].item if above else out).append(made)
                above.append(Run(line, made, None))
            above[-1].line, above[-1].item = line, etree.SubElement(above[-1].element, f"{TEXT}list-item")
            above[-1].item.append(line.element)
        return out

    def new_style(self, line: Line) -> str:
        name = f"as-read-{len(self.made)}"
        style = etree.Element(f"{TEXT}list-style", {f"{STYLE}name": name})
        for level in range(1, LEVELS + 1):
            if line.sort == "bullet":
                etree.SubElement(style, f"{TEXT}list-level-style-bullet", {f"{TEXT}level": str(level), f"{TEXT}bullet-char": "•"})
            else:
                etree.SubElement(style, f"{TEXT}list-level-style-number", {
                    f"{TEXT}level": str(level), f"{STYLE}num-format": "1", f"{STYLE}num-suffix": ".",
                    f"{TEXT}start-value": str(line.number)})
        self.made.append(style)
        return name


def goes_on(before: Line, line: Line) -> bool:
    return before.sort == line.sort and (line.sort == "bullet" or (before.style, before.number + 1) == (line.style, line.number))


def write(line, label: str) -> None:
    if label:
        line.text = f"{label} {line.text or ''}"
