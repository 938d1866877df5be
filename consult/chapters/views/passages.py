"""The passages of a chapter on its page: each rendered by itself, and kept until something that it shows has changed.

A page brings the lines of its first passages, as far as its readers see at first and its weight allows; those of the others are asked for
(``static/js/margin.js``), some passages at once, when somebody reads as far as there.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import render_template

from consult.chapters.events import MarginEntry
from consult.chapters.models import BlockKind
from consult.chapters.reading import PART, ReadBlock
from consult.core.errors import NotFound
from consult.core.pages import SEAM, parts

PLACE, BETWEEN = b"<!--passages-->", b"<!--passage-->"  # as the templates have them
STRETCH = 16  # passages that are compressed together
MAX_LINES, MAX_WEIGHT = 75, 30_000  # lines that a page brings, and their bytes
MARKUP = 380, 120, 120  # bytes of tags around a line, around the words that it quotes, and what others did beside it

Lines = Mapping[str, Sequence[MarginEntry]]


def with_lines(blocks: Sequence[ReadBlock], lines_of: Callable[[list[int]], Lines]) -> list[ReadBlock]:
    """The blocks with the lines that the page brings."""
    first = first_spoken_of(blocks)
    lines = lines_of([b.id for b in first]) if first else {}
    brought, weight = {}, 0
    for b in first:
        weight += sum(map(weight_of, lines.get(b.key, ())))
        if weight > MAX_WEIGHT:
            break
        brought[b.id] = beside(b, lines)
    return [brought.get(b.id, b) for b in blocks]


def first_spoken_of(blocks: Iterable[ReadBlock]) -> list[ReadBlock]:
    """No more than may fit."""
    first, lines = [], 0
    for b in filter(has_margin, blocks):
        lines += b.line_count
        if lines > MAX_LINES:
            break
        first.append(b)
    return first


def has_margin(b: ReadBlock) -> bool:
    """Rows of a table have no room for lines."""
    return bool(b.count) and b.kind != BlockKind.ROW.value


def weight_of(line: MarginEntry) -> int:
    """About how many bytes of the page it takes."""
    words, quote = (line.organisation, line.excerpt, line.note, line.url, line.ref, line.position.label * 2), line.quote
    quoted = (quote.words, quote.exact, quote.prefix, quote.suffix) if quote else ()
    counted = line.persons or line.organisations or line.replies
    return MARKUP[0] + (MARKUP[1] if quote else 0) + (MARKUP[2] if counted else 0) + sum(len(part.encode()) for part in (*words, *quoted))


def beside(b: ReadBlock, lines: Lines) -> ReadBlock:
    return replace(b, margin=tuple(lines.get(b.key, ())))


def of_part(blocks: Sequence[ReadBlock], part: int) -> list[ReadBlock]:
    """The passages of a part of which something was said; :class:`NotFound` where the text has no such part."""
    if not 0 <= part * PART < len(blocks):
        raise NotFound
    return [b for b in blocks if b.part == part and has_margin(b)]


def render(name: tuple[Hashable, ...], blocks: Sequence[ReadBlock], **context: Any) -> bytes:
    """The passages in order; only those that show something else than before are made anew."""
    made = {b.id: html for b in blocks if (html := parts.get((*name, b.key), b)) is not None}
    changed = [b for b in blocks if b.id not in made]
    for b, html in zip(changed, render_each(changed, **context), strict=True):
        made[b.id] = parts.keep((*name, b.key), b, html)
    return joined([made[b.id] for b in blocks])


def render_each(blocks: Sequence[ReadBlock], **context: Any) -> list[bytes]:
    if not blocks:
        return []
    together = render_template("chapters/_passages.html", blocks=blocks, **context).encode()
    return [passage.strip() + b"\n" for passage in together.split(BETWEEN)]


def joined(passages: Sequence[bytes]) -> bytes:
    return SEAM.join(b"".join(passages[at:at + STRETCH]) for at in range(0, len(passages), STRETCH))


def put_in(shell: str, passages: bytes) -> bytes:
    """The whole page, from what stands around the passages."""
    before, _place, after = shell.encode().partition(PLACE)
    return b"".join((before, SEAM, passages, SEAM, after))
