"""Markdown and HTML: the one place where text becomes markup, and the only ``Markup(`` of the project."""

import re
from typing import Any

import lxml.html
import markdown
import nh3
from lxml.html import defs
from markupsafe import Markup, escape

from consult.core.commonmark import CommonMark, Remark, is_hidden
from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.core.serialising import inner_html

TAGS = frozenset(
    "a abbr b blockquote br caption cite code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i ins "
    "kbd li mark ol p pre q s section small span strong sub summary sup table tbody td tfoot th thead tr u ul".split()
)
ATTRIBUTES = {"*": {"id", "dir", "lang", "title"}, "a": {"href"}, "ol": {"start"}, "li": {"value"}, "td": {"colspan", "rowspan"},
              "th": {"colspan", "rowspan", "scope"}}
# Classes that we give ourselves: others would lay parts of our pages over the text.
CLASSES = {"a": {"footnote-ref", "footnote-backref"}, "div": {"footnote"}, "p": {"facts"}}
HIDDEN_WORDS = {"script", "style", "template", "dialog", "datalist", "noscript"}
# What a link may lead to, once its references are read: the web, a letter, a place on the page.
ADDRESS = re.compile(r"(?:https?|mailto):|#", re.IGNORECASE)
SANITISING: dict[str, Any] = {"tags": set(TAGS), "clean_content_tags": HIDDEN_WORDS, "url_schemes": {"http", "https", "mailto"}}


def unless_elsewhere(_element: str, name: str, value: str) -> str | None:
    return value if name != "href" or ADDRESS.match(value) else None


def unless_address(element: str, name: str, value: str) -> str | None:
    return None if name == "id" or (name == "href" and value.startswith("#")) else unless_elsewhere(element, name, value)


CLEANER = nh3.Cleaner(**SANITISING, attributes=ATTRIBUTES, allowed_classes=CLASSES, attribute_filter=unless_elsewhere,
                      link_rel="noopener noreferrer")
# The same, without what other places link to, and links within the page.
WITHOUT_ADDRESSES = nh3.Cleaner(**SANITISING, attributes=ATTRIBUTES, allowed_classes=CLASSES, attribute_filter=unless_address,
                                link_rel="noopener noreferrer")
# The same, with what says that an element is not to be seen.
HIDING_KEPT = nh3.Cleaner(**SANITISING, attributes={**ATTRIBUTES, "*": ATTRIBUTES["*"] | {"hidden", "style"}}, allowed_classes=CLASSES,
                          link_rel=None)
# Cells stand in a row alone, and rows in a table: elsewhere a browser, and the sanitiser, would take their tags away.
PART_OF_TABLE = re.compile(r"\s*<t([dhr])[\s>]", re.IGNORECASE)
TABLE, ROW = ("<table><tbody>", "</tbody></table>"), ("<table><tbody><tr>", "</tr></tbody></table>")
# The tags of lists and tables around a run of passages, which are written in pieces.
FRAME = re.compile(r"""(?:</(?:ul|ol|table|thead|tbody)>|<(?:ul|ol|table|thead|tbody)(?: (?:dir|lang)="[A-Za-z0-9-]{1,35}")*>)*""")

MAY_HIDE = re.compile(r"""<[a-zA-Z](?:[^<>"']|"[^"]*"|'[^']*')*?[\s"'/](?:hidden|style)\b""", re.IGNORECASE)
EMPTY = ("br", "col", "hr", "img", "wbr")  # they hold no words

# What takes long to read, of which no text has as much: a cheap guard comes first.
MAX_SOURCE = 2_000_000
MAX_BRACKETS_IN_A_ROW = 40
MAX_BRACKETS = 2000
MAX_DEPTH = 200  # elements in each other; at 256 lxml leaves out what is within
MAX_OPEN_TAGS_IN_A_ROW = 40
LISTS_IN_A_ROW = re.compile(r"\s*+(?:(?:[-+*]|\d++\.)\s++){20}(?=.*[^-+*\s])")
PICTURE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
TAG = re.compile(r"<(?=/?([a-zA-Z][^\s/>]*))")
ELEMENTS = defs.tags | {"bdi", "dialog", "hgroup", "main", "picture", "search", "slot", "template"}
# Parts of a page, which here are parts of a text.
PARTS = re.compile(r"<(/?)(?:article|aside|center|fieldset|footer|form|header|hgroup|main|nav)(?=[\s/>])", re.IGNORECASE)
NESTING = re.compile(r"""<(/?)(?!(?:br|col|hr)\b)[a-zA-Z](?:[^>"']|"[^"]*"|'[^']*')*+>""")


def check_source(source: str) -> None:
    """Refuse what would hang the parser; raises :class:`Invalid` with the line and the remedy."""
    if len(source) > MAX_SOURCE:
        raise Invalid("file", _("The text is too large: at most 2 million characters."), _("Split it into chapters."))
    for number, line in enumerate(source.split("\n"), 1):
        if is_hostile(line):
            raise Invalid(
                "file", _("Line %(line)s: too many brackets, or too many lists in one line.", line=number),
                _("Correct this line and import the file again."),
            )
    if source.count("[") > MAX_BRACKETS:
        raise Invalid("file", _("Too many brackets in the text."), _("Remove the brackets that are not links or footnotes."))


def is_hostile(line: str) -> bool:
    return (
        line.count("[") > MAX_BRACKETS_IN_A_ROW or line.count("<") - line.count(">") > MAX_OPEN_TAGS_IN_A_ROW
        or LISTS_IN_A_ROW.match(line) is not None
    )


def to_html(source: str) -> str:
    """Markdown (CommonMark, tables, footnotes, definitions, keys) to sanitised HTML, once, at import."""
    return read(source)[0]


def read(source: str, first_line: int = 1) -> tuple[str, list[Remark]]:
    """The same, and what a reader of the source would miss in it; ``first_line`` is where the source begins in its file."""
    check_source(source)
    extension = CommonMark(first_line)
    html = markdown.markdown(source, extensions=[extension], output_format="html")
    html = TAG.sub(known_tag, PARTS.sub(r"<\1div", PICTURE.sub(words_of_picture, html)))
    if MAY_HIDE.search(html):
        html = without_hidden(html)
    html = CLEANER.clean(html)
    if depth(html) > MAX_DEPTH:  # only HTML of the text itself stands so deep
        raise Invalid("file", _("The text is nested too deeply."), _("Use fewer levels of lists and quotes."))
    return html, sorted(extension.remarks, key=lambda remark: remark.line)


def depth(html: str) -> int:
    """How many elements of sanitised HTML stand in each other."""
    now = deepest = 0
    for found in NESTING.finditer(html):
        now += -1 if found[1] else 1
        deepest = max(deepest, now)
    return deepest


def without_hidden(html: str) -> str:
    """What a browser would not show is not published either."""
    root = lxml.html.fragment_fromstring(HIDING_KEPT.clean(html), create_parent="div")
    for element in root.xpath(".//*[@hidden or @style]"):
        if element.tag not in EMPTY and is_hidden(element.attrib):
            element.drop_tree()
    return inner_html(root)


def known_tag(found: re.Match) -> str:
    """What only looks like a tag, such as the author’s <<mot>>, is a word to keep."""
    return "<" if found[1].lower() in ELEMENTS else "&lt;"


def words_of_picture(found: re.Match) -> str:
    """Pictures are not taken over; what they say is."""
    alt = re.search(r"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)')""", found[0], re.IGNORECASE)
    return f"<em>{(alt[1] or alt[2] or '').replace('<', '&lt;')}</em>" if alt else ""


def clean(html: str) -> str:
    """The last that is done to HTML before it is kept or shown, wherever it comes from; the same again when it was done before."""
    return cleaned_by(CLEANER, html)


def cleaned_by(cleaner: nh3.Cleaner, html: str) -> str:
    part = PART_OF_TABLE.match(html)
    before, after = ("", "") if part is None else TABLE if part[1] in "rR" else ROW
    html = cleaner.clean(before + html + after).replace("&nbsp;", "\xa0")
    return html.removeprefix(before).removesuffix(after)


def without_addresses(html: str) -> Markup:
    """HTML without what other places link to, and links within the page: where the same passage stands twice on one."""
    return Markup(cleaned_by(WITHOUT_ADDRESSES, html))


def kept(html: str) -> Markup:
    """HTML as it is kept of a passage, to be shown: sanitised here too, whoever wrote it into the database."""
    return Markup(clean(html))


def frame(tags: str) -> Markup:
    """What opens or closes the list or table around passages; nothing where it is anything else."""
    return Markup(tags if FRAME.fullmatch(tags) else "")


def trusted(html: str) -> Markup:
    """Mark what a template of ours drew."""
    return Markup(html)


def paragraphs(text: str | None) -> Markup:
    """People's words as paragraphs: escaped, their line breaks kept, nothing else interpreted."""
    parts = [part.strip("\n") for part in re.split(r"\n\s*\n", (text or "").replace("\r\n", "\n")) if part.strip()]
    return Markup("\n").join(Markup('<p dir="auto">{}</p>').format(Markup("<br>").join(part.split("\n"))) for part in parts)


def marked(text: str, start: int, end: int) -> Markup:
    """Plain text with the characters from ``start`` to ``end`` marked, were they all or none of it."""
    start, end = max(0, start), min(len(text), end)
    if start >= end:
        return escape(text)
    return Markup("{}<mark>{}</mark>{}").format(text[:start], text[start:end], text[end:])


def excerpt(text: str, length: int = 120) -> str:
    """The first words, cut at a word's end."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[:length].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"


__all__ = [
    "Markup", "check_source", "clean", "escape", "excerpt", "frame", "kept", "marked", "paragraphs", "read", "to_html", "trusted",
    "without_addresses",
]
