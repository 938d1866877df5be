"""Markdown and HTML: the one place where text becomes markup, and the only ``Markup(`` of the project."""

import re

import markdown
import nh3
from lxml.html import defs
from markupsafe import Markup, escape

from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.core.wide_tables import WideTablesExtension

TAGS = frozenset(
    "a abbr b blockquote br caption cite code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i ins "
    "kbd li mark ol p pre q s section small span strong sub summary sup table tbody td tfoot th thead tr u ul".split()
)
ATTRIBUTES = {"*": {"id", "dir", "lang", "title"}, "a": {"href", "class"}, "ol": {"start"}, "td": {"colspan", "rowspan"},
              "th": {"colspan", "rowspan", "scope"}, "div": {"class"}, "sup": {"class"}}
CLEANER = nh3.Cleaner(tags=set(TAGS), attributes=ATTRIBUTES, url_schemes={"http", "https", "mailto"}, link_rel="noopener noreferrer")

# python-markdown is quadratic on rows of opening brackets and recursive on nesting: a cheap guard comes first.
MAX_SOURCE = 2_000_000
MAX_BRACKETS_IN_A_ROW = 40
MAX_BRACKETS = 2000
MAX_INDENT = 80
MAX_OPEN_TAGS_IN_A_ROW = 40
LISTS_IN_A_ROW = re.compile(r"\s*(?:(?:[-+*]|\d+\.)\s+){20}.*[^-+*\s]")
PICTURE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
TAG = re.compile(r"<(?=/?([a-zA-Z][^\s/>]*))")
ELEMENTS = defs.tags | {"bdi", "main"}
# Of HTML that was sanitised: there “<” opens tags alone, and every value stands between quotes.
WHOLE_TAG = re.compile(r"""<[a-zA-Z](?:[^>"']|"[^"]*"|'[^']*')*+>""")
ATTRIBUTE = re.compile(r"""\s([\w:-]+)=("[^"]*"|'[^']*')""")


def check_source(source: str) -> None:
    """Refuse what would hang the parser; raises :class:`Invalid` with the line and the remedy."""
    if len(source) > MAX_SOURCE:
        raise Invalid("file", _("The text is too large: at most 2 million characters."), _("Split it into chapters."))
    for number, line in enumerate(source.split("\n"), 1):
        if is_hostile(line):
            raise Invalid(
                "file", _("Line %(line)s: too many brackets or too deep an indentation.", line=number),
                _("Correct this line and import the file again."),
            )
    if source.count("[") > MAX_BRACKETS:
        raise Invalid("file", _("Too many brackets in the text."), _("Remove the brackets that are not links or footnotes."))


def is_hostile(line: str) -> bool:
    return (
        line.count("[") > MAX_BRACKETS_IN_A_ROW or len(line) - len(line.lstrip()) > MAX_INDENT
        or line.count("<") - line.count(">") > MAX_OPEN_TAGS_IN_A_ROW or LISTS_IN_A_ROW.match(line) is not None
    )


def to_html(source: str) -> str:
    """Markdown (CommonMark's usual set, tables, footnotes, definitions, attributes) to sanitised HTML, once, at import."""
    check_source(source)
    try:
        html = markdown.markdown(
            source,
            extensions=[WideTablesExtension(), "footnotes", "def_list", "attr_list", "fenced_code", "sane_lists", "md_in_html", "abbr"],
            extension_configs={"footnotes": {"BACKLINK_TITLE": ""}}, output_format="html",
        )
    except RecursionError as error:
        raise Invalid("file", _("The text is nested too deeply."), _("Use fewer levels of lists and quotes.")) from error
    return CLEANER.clean(TAG.sub(known_tag, PICTURE.sub(words_of_picture, html)))


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


__all__ = ["Markup", "check_source", "clean", "escape", "excerpt", "marked", "paragraphs", "to_html", "trusted", "without_addresses"]
