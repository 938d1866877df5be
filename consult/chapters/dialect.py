"""From pandoc's tree of a Word or LibreOffice document to the Markdown that chapters are written in.

Our own writer rather than pandoc's: the two dialects differ in what must be escaped, and no word may be taken for a sign. What plain
Markdown cannot hold (joined cells, tables without a head, tables in lists) is written as HTML.
"""

import re
from html import escape
from typing import Any
from urllib.parse import quote

from consult.chapters.counting import spelled
from consult.chapters.source import shown
from consult.core.i18n import _

SIGNS = re.compile(r"([\\`*_{}\[\]|])")
ENTITY = re.compile(r"&(?=#?\w+;)")
# What opens a block when it begins a line.
OPENING = re.compile(r"^(?:(?P<sign>[#>+-])|(?P<other>[:=~])|(?P<number>\d+)(?P<point>[.)]))", re.MULTILINE)
TAGS = {"Emph": "em", "Strong": "strong", "Underline": "u", "Strikeout": "s", "Superscript": "sup", "Subscript": "sub"}
MARKS = {"Emph": "*", "Strong": "**"}
LISTS = ("BulletList", "OrderedList")
WORDY = ("Para", "Plain")
DEEPEST_HEADING = 6


class Writer:
    """Writes blocks; its notes are gathered and stand at the end, and ``remarks`` say what was left out."""

    def __init__(self, *, pictures: int = 0) -> None:
        self.notes: list[list[dict]] = []
        self.pictures, self.formulas = pictures, 0

    def document(self, blocks: list[dict]) -> str:
        parts = [self.blocks(blocks)]
        at = 0
        while at < len(self.notes):  # a note may call another
            words = self.blocks(self.notes[at]) or "—"
            parts.append(f"[^{at + 1}]: {indented(words)}")
            at += 1
        return "\n\n".join(part for part in parts if part) + "\n"

    def remarks(self) -> list:
        said = []
        if self.pictures:
            said.append(_("Pictures are not taken over (%(count)s left out): say in the text what they show.", count=self.pictures))
        if self.formulas:
            said.append(_("Formulas are written in TeX (%(count)s of them): read them over.", count=self.formulas))
        return said

    # Blocks

    def blocks(self, blocks: list[dict], *, nested: bool = False) -> str:
        parts: list[str] = []
        before = None
        for block in flat(blocks):
            written = self.block(block, nested=nested)
            if not written.strip():
                continue
            if before in LISTS and block["t"] in LISTS and (before != block["t"] or block["t"] == "OrderedList"):
                parts.append("<!-- -->")  # or the second would go on counting after the first
            parts.append(written)
            before = block["t"]
        return "\n\n".join(parts)

    def block(self, block: dict, *, nested: bool) -> str:
        kind: str = block["t"]
        content: Any = block.get("c")
        if kind in WORDY:
            return opened(self.inlines(content))
        if kind == "Header":
            return self.heading(*content)
        if kind in LISTS:
            return self.listed(block) if is_plain_list(block) else self.html(block)
        if kind == "BlockQuote":
            return "\n".join(f"> {line}".rstrip() for line in self.blocks(content).split("\n"))
        if kind == "Table":
            return self.table(content, nested=nested)
        if kind == "DefinitionList":
            return "\n\n".join(self.definition(term, told) for term, told in content)
        if kind == "CodeBlock":
            return self.code(content[1], nested=nested)
        if kind == "LineBlock":
            return opened("  \n".join(self.inlines(line) for line in content))
        return "---" if kind == "HorizontalRule" else ""

    def heading(self, level: int, _attributes: list, inlines: list[dict]) -> str:
        words = " ".join(self.inlines(inlines, one_line=True).split())
        if not words:
            return ""
        if level > DEEPEST_HEADING:
            return opened(words)
        return f"{'#' * level} {words}"

    def listed(self, block: dict) -> str:
        ordered = block["t"] == "OrderedList"
        items = block["c"][1] if ordered else block["c"]
        first, style = (block["c"][0][0], block["c"][0][1]["t"]) if ordered else (1, "")
        written = []
        for number, item in enumerate(items, first):
            mark, label = marks_of(number, style, ordered=ordered)
            words = self.blocks(item, nested=True)
            written.append(f"{mark} {indented(label + words, max(4, len(mark) + 1))}".rstrip())
        is_loose = any(part["t"] == "Para" for item in items for part in item)
        return ("\n\n" if is_loose else "\n").join(written)

    def definition(self, term: list[dict], told: list[list[dict]]) -> str:
        head = opened(" ".join(self.inlines(term, one_line=True).split())) or "—"
        return "\n".join([head, *(f":   {indented(self.blocks(blocks, nested=True))}" for blocks in told)])

    def code(self, text: str, *, nested: bool) -> str:
        text = shown(text)
        if nested:
            return "    " + indented(text)
        fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", text)), 3)
        return f"{fence}\n{text}\n{fence}"

    def table(self, content: list, *, nested: bool) -> str:
        caption, head, rows = content[1][1], content[3][1], rows_of(content)
        over = self.blocks(caption)
        plain = len(head) == 1 and not nested and all(is_plain_cell(cell) for row in [*head, *rows] for cell in row[1])
        same = len({len(row[1]) for row in [*head, *rows]}) == 1
        under = self.pipes([*head, *rows]) if plain and same else self.html({"t": "Table", "c": content})
        return "\n\n".join(part for part in (over, under) if part)

    def pipes(self, rows: list) -> str:
        lines = []
        for row in rows:
            cells = [" ".join(self.inlines(c[4][0]["c"], one_line=True, breaks="<br>").split()) if c[4] else "" for c in row[1]]
            lines.append(f"| {' | '.join(cells)} |")
        lines.insert(1, "|" + "---|" * len(rows[0][1]))
        return "\n".join(lines)

    # Inlines

    def inlines(self, inlines: list[dict], *, one_line: bool = False, breaks: str = "") -> str:
        """``breaks`` is what a line break becomes; by default a line break, or a space where there is one line only."""
        return self.run(inlines, breaks or (" " if one_line else "  \n")).strip()

    def run(self, inlines: list[dict], end: str) -> str:
        out = ""
        for place, inline in enumerate(inlines):
            follows = inlines[place + 1] if place + 1 < len(inlines) else None
            out += self.inline(inline, end, before=out[-1:], follows=follows)
        return out

    def inline(self, inline: dict, end: str, *, before: str, follows: dict | None) -> str:
        kind: str = inline["t"]
        content: Any = inline.get("c")
        if kind == "Str":
            return escaped(content)
        if kind in ("Space", "SoftBreak"):
            return " "
        if kind == "LineBreak":
            return end
        if kind in TAGS:
            return self.stressed(kind, content, before=before, follows=follows)
        if kind == "Note":
            self.notes.append(content)
            return f"[^{len(self.notes)}]"
        if kind == "Link":
            return self.link(content)
        if kind == "Code":
            return f"<code>{html_text(content[1])}</code>"
        return self.other(kind, content, end)

    def other(self, kind: str, content, end: str) -> str:
        if kind == "Math":
            self.formulas += 1
            return f"<code>{html_text(content[1])}</code>"
        inner = {"Span": 1, "Cite": 1, "Quoted": 1}.get(kind)
        words = content[inner] if inner else content if kind == "SmallCaps" else []
        written = self.run(words, end)
        return f"“{written}”" if kind == "Quoted" else written

    def stressed(self, kind: str, content: list[dict], *, before: str, follows: dict | None) -> str:
        first, words, last = apart(self.run(content, "<br>"))
        if not words:
            return first
        stands_alone = not before.strip("( «") and (follows is None or follows["t"] in ("Space", "SoftBreak", "LineBreak"))
        if kind in MARKS and stands_alone and "*" not in words and "<" not in words:
            written = f"{MARKS[kind]}{words}{MARKS[kind]}"
        else:
            written = f"<{TAGS[kind]}>{words}</{TAGS[kind]}>"
        return first + written + last

    def link(self, content: list) -> str:
        (first, words, last), address = apart(self.run(content[1], " ")), content[2][0]
        if not words or not re.match(r"(?:https?|mailto):", address, re.IGNORECASE) or "[^" in words:
            return first + words + last
        return f"{first}[{words}](<{quote(address, safe=':/?#@!$&+,;=%~*.-_')}>){last}"

    # HTML, for what Markdown cannot hold

    def html(self, block: dict) -> str:
        """On one line, so that nothing of it is read as Markdown."""
        return self.html_block(block)

    def html_block(self, block: dict) -> str:
        kind: str = block["t"]
        content: Any = block.get("c")
        if kind in WORDY:
            words = self.html_inlines(content)
            return f"<p>{words}</p>" if kind == "Para" and words else words
        if kind == "Table":
            return self.html_table(content)
        if kind in LISTS:
            return self.html_list(block)
        if kind in ("BlockQuote", "Div"):
            return f"<blockquote>{self.html_blocks(content if kind == 'BlockQuote' else content[1])}</blockquote>"
        if kind == "Header":
            return f"<p><strong>{self.html_inlines(content[2])}</strong></p>"
        if kind == "CodeBlock":
            return f"<pre>{html_text(content[1]).replace(chr(10), '<br>')}</pre>"
        if kind == "LineBlock":
            return f"<p>{'<br>'.join(self.html_inlines(line) for line in content)}</p>"
        if kind == "DefinitionList":
            pairs = (f"<dt>{self.html_inlines(t)}</dt>{''.join(f'<dd>{self.html_blocks(d)}</dd>' for d in told)}" for t, told in content)
            return f"<dl>{''.join(pairs)}</dl>"
        return ""

    def html_blocks(self, blocks: list[dict]) -> str:
        return "".join(self.html_block(block) for block in flat(blocks))

    def html_list(self, block: dict) -> str:
        if block["t"] == "BulletList":
            return f"<ul>{''.join(f'<li>{self.html_blocks(item)}</li>' for item in block['c'])}</ul>"
        (first, style, _delimiter), items = block["c"]
        start, items_ = f' start="{first}"' if first != 1 else "", []
        for number, item in enumerate(items, first):
            label = marks_of(number, style["t"], ordered=True)[1]
            items_.append(f"<li>{html_text(label.replace(chr(92), ''))}{self.html_blocks(item)}</li>")
        return f"<ol{start}>{''.join(items_)}</ol>"

    def html_table(self, content: list) -> str:
        head = "".join(self.html_row(row, "th") for row in content[3][1])
        body = "".join(self.html_row(row, "td") for row in rows_of(content))
        return f"<table>{f'<thead>{head}</thead>' if head else ''}<tbody>{body}</tbody></table>"

    def html_row(self, row: list, tag: str) -> str:
        cells = ""
        for _attributes, _align, down, across, blocks in row[1]:
            spans = (f' rowspan="{down}"' if down > 1 else "") + (f' colspan="{across}"' if across > 1 else "")
            cells += f"<{tag}{spans}>{self.html_blocks(blocks)}</{tag}>"
        return f"<tr>{cells}</tr>"

    def html_inlines(self, inlines: list[dict]) -> str:
        return "".join(self.html_inline(inline) for inline in inlines)

    def html_inline(self, inline: dict) -> str:
        kind: str = inline["t"]
        content: Any = inline.get("c")
        if kind == "Str":
            return html_text(one_line(content))
        if kind in ("Space", "SoftBreak"):
            return " "
        if kind == "LineBreak":
            return "<br>"
        if kind in TAGS:
            return f"<{TAGS[kind]}>{self.html_inlines(content)}</{TAGS[kind]}>"
        if kind == "Note":
            self.notes.append(content)
            place = len(self.notes)
            return f'<sup id="fnref:{place}"><a class="footnote-ref" href="#fn:{place}">{place}</a></sup>'
        if kind == "Link":
            address = escape(content[2][0]) if re.match(r"(?:https?|mailto):", content[2][0], re.IGNORECASE) else ""
            return f'<a href="{address}">{self.html_inlines(content[1])}</a>' if address else self.html_inlines(content[1])
        if kind == "SmallCaps":
            return self.html_inlines(content)
        if kind in ("Span", "Cite", "Quoted"):
            return self.html_inlines(content[1])
        return f"<code>{html_text(content[1])}</code>" if kind == "Code" else self.other(kind, content, "<br>")


# What a tree is like


def flat(blocks: list[dict]):
    """The blocks, those of divisions and figures in their place."""
    for block in blocks:
        if block["t"] == "Div":
            yield from flat(block["c"][1])
        elif block["t"] == "Figure":
            yield from flat([*block["c"][2], *block["c"][1][1]])
        else:
            yield block


def rows_of(content: list) -> list:
    """The rows of a table below its head, the foot last."""
    rows = [row for body in content[4] for row in [*body[2], *body[3]]]
    return [*rows, *content[5][1]]


def is_plain_cell(cell: list) -> bool:
    _attributes, _align, down, across, blocks = cell
    return down == across == 1 and (not blocks or (len(blocks) == 1 and blocks[0]["t"] in WORDY))


def is_plain_list(block: dict) -> bool:
    items = block["c"][1] if block["t"] == "OrderedList" else block["c"]
    return all(is_plain_item(list(flat(item))) for item in items)


def is_plain_item(item: list[dict]) -> bool:
    """Whether Markdown holds it: words first, then words and lists of the same sort."""
    return bool(item) and item[0]["t"] in WORDY and all(b["t"] in WORDY or (b["t"] in LISTS and is_plain_list(b)) for b in item)


def marks_of(number: int, style: str, *, ordered: bool) -> tuple[str, str]:
    """(mark, words before the item): letters and Roman numbers, which Markdown does not count in, are written out."""
    if not ordered or style in ("Decimal", "DefaultStyle", "Example"):
        return (f"{number}." if ordered else "-"), ""
    return "-", f"{spelled(number, style)}) "


# Words as they must be written


def one_line(text: str) -> str:
    return " ".join(shown(text).split("\n"))


def escaped(text: str) -> str:
    text = SIGNS.sub(r"\\\1", one_line(text))
    return ENTITY.sub("&amp;", text).replace("<", "&lt;")


def html_text(text: str) -> str:
    """Words inside of HTML; signs of Markdown as entities, since inline HTML is not kept from being read."""
    words = escape(shown(text), quote=False)
    return re.sub(r"[\\`*_{}\[\]]", lambda found: f"&#{ord(found[0])};", words)


def opened(words: str) -> str:
    """Words whose lines begin with nothing that would make them a list, a heading or a quotation."""
    return OPENING.sub(lambda found: opening(found), words)


def opening(found: re.Match) -> str:
    if found["sign"]:
        return "\\" + found["sign"]
    if found["other"]:
        return f"&#{ord(found['other'])};"
    return f"{found['number']}\\{found['point']}"


def indented(words: str, width: int = 4) -> str:
    """All lines but the first, by four spaces or more: what stands in a list, a definition or a note."""
    margin = "\n" + " " * width
    return words.replace("\n", margin).replace(f"{margin}\n", "\n\n")


def apart(written: str) -> tuple[str, str, str]:
    """Words, and the spaces before and after them, which stand outside of any style."""
    words = written.strip(" \n")
    start = written.find(words) if words else len(written)
    return written[:start], words, written[start + len(words):]


def words_of(inlines: list[dict]) -> str:
    """The bare words of inlines, without the notes that they call."""
    parts = []
    for inline in inlines:
        kind: str = inline["t"]
        content: Any = inline.get("c")
        if kind in ("Str", "Code", "Math"):
            parts.append(content if kind == "Str" else content[1])
        elif kind in ("Space", "SoftBreak", "LineBreak"):
            parts.append(" ")
        elif kind in (*TAGS, "SmallCaps"):
            parts.append(words_of(content))
        elif kind in ("Span", "Cite", "Quoted", "Link"):
            parts.append(words_of(content[1]))
    return shown("".join(parts))
