"""Markdown and HTML: the one place where text becomes markup, and the only ``Markup(`` of the project."""

import re

import lxml.html
import markdown
import nh3
from lxml.html import defs
from markupsafe import Markup, escape

from consult.core.commonmark import CommonMark, Remark, is_hidden
from consult.core.errors import Invalid
from consult.core.i18n import _

TAGS = frozenset(
    "a abbr b blockquote br caption cite code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i ins "
    "kbd li mark ol p pre q s section small span strong sub summary sup table tbody td tfoot th thead tr u ul".split()
)
ATTRIBUTES = {"*": {"id", "dir", "lang", "title"}, "a": {"href", "class"}, "ol": {"start"}, "li": {"value"}, "td": {"colspan", "rowspan"},
              "th": {"colspan", "rowspan", "scope"}, "div": {"class"}, "sup": {"class"}}
HIDDEN_WORDS = {"script", "style", "template", "dialog", "datalist", "noscript"}
CLEANER = nh3.Cleaner(tags=set(TAGS), attributes=ATTRIBUTES, clean_content_tags=HIDDEN_WORDS, url_schemes={"http", "https", "mailto"},
                      link_rel="noopener noreferrer")
# The same, with what says that an element is not to be seen.
HIDING_KEPT = nh3.Cleaner(tags=set(TAGS), attributes={**ATTRIBUTES, "*": ATTRIBUTES["*"] | {"hidden", "style"}},
                          clean_content_tags=HIDDEN_WORDS, link_rel=None)

MAY_HIDE = re.compile(r"""<[a-zA-Z](?:[^<>"']|"[^"]*"|'[^']*')*?[\s"'/](?:hidden|style)\b""", re.IGNORECASE)
EMPTY = ("br", "col", "hr", "img", "wbr")  # they hold no words

# What takes long to read, of which no text has as much: a cheap guard comes first.
MAX_SOURCE = 2_000_000
MAX_BRACKETS_IN_A_ROW = 40
MAX_BRACKETS = 2000
MAX_DEPTH = 200  # elements in each other; at 256 lxml leaves out what is within
MAX_OPEN_TAGS_IN_A_ROW = 40
LISTS_IN_A_ROW = re.compile(r"\s*(?:(?:[-+*]|\d+\.)\s+){20}.*[^-+*\s]")
PICTURE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
TAG = re.compile(r"<(?=/?([a-zA-Z][^\s/>]*))")
ELEMENTS = defs.tags | {"bdi", "dialog", "hgroup", "main", "picture", "search", "slot", "template"}
# Parts of a page, which here are parts of a text.
PARTS = re.compile(r"<(/?)(?:article|aside|center|fieldset|footer|form|header|hgroup|main|nav)(?=[\s/>])", re.IGNORECASE)
# Of HTML that was sanitised: there “<” opens tags alone, and every value stands between quotes.
WHOLE_TAG = re.compile(r"""<[a-zA-Z](?:[^>"']|"[^"]*"|'[^']*')*+>""")
NESTING = re.compile(r"""<(/?)(?!(?:br|col|hr)\b)[a-zA-Z](?:[^>"']|"[^"]*"|'[^']*')*+>""")
ATTRIBUTE = re.compile(r"""\s([\w:-]+)=("[^"]*"|'[^']*')""")


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
    return lxml.html.tostring(root, encoding="unicode").removeprefix("<div>").removesuffix("</div>")


def known_tag(found: re.Match) -> str:
    """What only looks like a tag, such as the author’s <<mot>>, is a word to keep."""
    return "<" if found[1].lower() in ELEMENTS else "&lt;"


def words_of_picture(found: re.Match) -> str:
    """Pictures are not taken over; what they say is."""
    alt = re.search(r"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)')""", found[0], re.IGNORECASE)
    return f"<em>{(alt[1] or alt[2] or '').replace('<', '&lt;')}</em>" if alt else ""


def clean(html: str) -> str:
    return CLEANER.clean(html)


def without_addresses(html: str) -> Markup:
    """Sanitised HTML without what other places link to, and links within the page: where the same passage stands twice on one."""
    return Markup(WHOLE_TAG.sub(lambda tag: ATTRIBUTE.sub(unless_address, tag[0]), html))


def unless_address(found: re.Match) -> str:
    return "" if found[1] == "id" or (found[1] == "href" and found[2][1:2] == "#") else found[0]


def trusted(html: str) -> Markup:
    """Mark HTML that was sanitised at import, or built by us from escaped parts."""
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
    "Markup", "check_source", "clean", "escape", "excerpt", "marked", "paragraphs", "read", "to_html", "trusted", "without_addresses",
]
