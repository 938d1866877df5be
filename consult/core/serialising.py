"""A tree of HTML as text, each sign that could open or close something written as a reference.

The parser's own serialiser copies ``<!-- … -->`` within attributes as it stands, quotes included: what somebody typed would then end its
attribute and go on as elements.
"""

from collections.abc import Iterator
from html import escape
from typing import Any

VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
RAW = ("script", "style")  # their text is not read for references


def outer_html(element: Any) -> str:
    """An element with all that it holds, without what follows it."""
    return "".join(pieces(element))


def inner_html(element: Any) -> str:
    return "".join(pieces_within(element))


def pieces(element: Any) -> Iterator[str]:
    if not isinstance(element.tag, str):  # comments and instructions say nothing
        return
    given = "".join(f' {name}="{escape(value)}"' for name, value in element.attrib.items())
    yield f"<{element.tag}{given}>"
    if element.tag not in VOID:
        yield from pieces_within(element)
        yield f"</{element.tag}>"


def pieces_within(element: Any) -> Iterator[str]:
    if element.text:
        yield element.text if element.tag in RAW else escape(element.text, quote=False)
    for child in element:
        yield from pieces(child)
        if child.tail:
            yield escape(child.tail, quote=False)
