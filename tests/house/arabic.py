"""What Arabic readers stumble over in words of ours: Latin signs, numbers as machines write them, codes, references loose in brackets."""

import re
from collections.abc import Iterator

import lxml.html

from consult.core.i18n import LANGUAGES

LETTER = "[\u0620-\u065f\u066e-\u06d3]"
BETWEEN = r"[\s\u2068\u2069)»”(«“\d]*"
ISOLATED = re.compile("\u2068[^\u2068\u2069]*\u2069|\u200e[^\u200e]*\u200e")
# Names of things: addresses, dates as they are typed, years.
NAMES = re.compile(r"https?://\S+|\S+@\S+|\b(?:19|20)\d\d(?:-\d\d)*\b")
FAULTS = {
    "a Latin sign": re.compile(rf"{LETTER}{BETWEEN}[,;?](?!\d)|(?<!\d)[,;?]{BETWEEN}{LETTER}|\u2069{BETWEEN}[,;?]{BETWEEN}\u2068"),
    "a number as machines write it": re.compile(r"(?<![\w.,:/#+-])(?<![A-Za-z/]\s)(?<!°\s)\d{4,}(?![\w/-])"),
    "the code of a language": re.compile(
        rf"""(?<![\w./«"-])(?<![A-Za-zÀ-ÿ]\s)(?:{'|'.join(LANGUAGES)})(?![\w./»"-])(?!\s+[A-Za-zÀ-ÿ\d])"""),
    "a space within brackets": re.compile(r"\(\s|\s\)"),
    "a reference loose in brackets": re.compile(r"\((?!SHA-)[A-Z]+\d*-\w[^()\u2068]*\)"),
}
OUTSIDE = ("script", "style", "template", "code", "kbd", "pre", "bdi", "textarea", "svg")
INLINE = frozenset("a abbr b bdi button code em i kbd label mark small span strong sub sup time ins del".split())
ATTRIBUTES = ("title", "aria-label", "placeholder", "alt", "data-too-long")


def faults(words: str) -> list[str]:
    """What is wrong with words of ours; what is isolated keeps its own signs."""
    ours = NAMES.sub("0", ISOLATED.sub("\u2068\u2069", words))
    return [f"{fault}: {ours[max(found.start() - 40, 0):found.end() + 40].strip()!r}"
            for fault, pattern in FAULTS.items() if (found := pattern.search(ours))]


def words_of(page: lxml.html.HtmlElement) -> Iterator[str]:
    """The words of ours on a page, a line for each paragraph; what is in another language or of somebody stands as isolated."""
    pieces: list[str] = []
    for element in page.xpath("//head/title | //body"):
        collect(element, pieces)
        pieces.append("\n")
    yield from (line for line in "".join(pieces).split("\n") if line.strip())


def is_ours(element) -> bool:
    """The text of a chapter is the policy's own, and keeps the numbers of its laws."""
    classes = element.get("class", "").split()
    return (element.tag not in OUTSIDE and element.get("lang", "ar") == "ar" and element.get("dir", "rtl") == "rtl"
            and "words" not in classes and "block-row" not in classes and element.get("class") != "side")


def collect(element, pieces: list[str]) -> None:
    if not isinstance(element.tag, str):
        return
    edge = "" if element.tag in INLINE else "\n"
    pieces.append(edge)
    if is_ours(element):
        pieces.extend(f"\n{element.get(name)}\n" for name in ATTRIBUTES if edge and element.get(name))
        pieces.append(in_one_line(element.text))
        for child in element:
            collect(child, pieces)
            pieces.append(in_one_line(child.tail))
    else:
        pieces.append("\u2068\u2069")
    pieces.append(edge)


def in_one_line(text: str | None) -> str:
    return (text or "").replace("\n", " ")
