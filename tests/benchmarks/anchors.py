"""Which block became which: the alignment judged on real histories labelled by hand, and on contributions planted everywhere in them.

``python -m tests.benchmarks.anchors`` prints these tables alone, with ``-v`` each row that was judged wrong.
"""

import csv
import hashlib
import random
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from consult.chapters.aligning import Link, align
from consult.chapters.aligning.sides import TITLES
from consult.chapters.models import BlockFate, BlockKind
from consult.chapters.parsing import Cutter, ParsedBlock
from consult.core import markup
from consult.text import quotes
from tests.benchmarks import edits
from tests.benchmarks.judging import GOING_ON, HEAD, Verdict, by_old, row, verdict
from tests.material import material

HISTORIES = material("revisions-fr")
LABELS = Path(__file__).parent / "labels"
SEED = 20171102
QUOTES = 3  # on each block


# Real histories


@cache
def blocks_of(path: Path) -> tuple[ParsedBlock, ...]:
    """The blocks of a revision as the importer cuts them; one revision was saved in another encoding than UTF-8."""
    data = path.read_bytes()
    try:
        source = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        source = data.decode("cp1252")
    source = re.sub(r"\A---\n.*?\n---\n", "", source.replace("\r\n", "\n"), flags=re.DOTALL)
    return tuple(Cutter(1, source).cut(markup.to_html(source)))


@cache
def aligned(old: Path, new: Path) -> dict[int, list[Link]]:
    return by_old(align(blocks_of(old), blocks_of(new)))


def is_easy(label: dict[str, str]) -> bool:
    """A revision whose accents were broken and their repair; typographic apostrophes all over: many rows, one cause."""
    steps = (label["old_revision"][:4], label["new_revision"][:4])
    return label["history"] == "disic-pratique" and steps in {("v031", "v032"), ("v032", "v033"), ("v060", "v061")}


def labelled(name: str) -> list[dict[str, str]]:
    with (LABELS / name).open(encoding="utf-8", newline="") as file:
        return [label for label in csv.DictReader(file, delimiter="\t") if label.get("class") != "unsure"]


def judged(label: dict[str, str]) -> Verdict:
    old, new = (HISTORIES / label["history"] / f"{label[side]}.md" for side in ("old_revision", "new_revision"))
    place = int(label["old_block"]) - 1
    block = blocks_of(old)[place]
    if hashlib.sha256(block.text.encode()).hexdigest()[:12] != label["old_sha"]:
        raise ValueError(f"{old.name}: block {place + 1} is not the one that was labelled")
    places = {int(number) - 1 for number in label["new_blocks"].split(",") if number}
    name = f"{label['history']} {old.stem[:4]} {new.stem[:4]} {place + 1} {label['note']}"
    return verdict({BlockFate(label["class"])}, places, aligned(old, new)[place], name)


def hand_labels() -> list[list]:
    rows = []
    for file, title in (("revisions-fr.tsv", "in time"), ("revisions-fr-backward.tsv", "backward")):
        found = [(label, judged(label)) for label in labelled(file)]
        hard = [one for label, one in found if not is_easy(label)]
        lost = GOING_ON | {BlockFate.DELETED}
        rows.append(row(f"{title}, all", [one for _label, one in found]))
        rows.append(row(f"{title}, changed and deleted", [one for _label, one in found if one.expected & lost]))
        if len(hard) < len(found):
            rows.append(row(f"{title}, changed and deleted, without the easy rows", [one for one in hard if one.expected & lost]))
        for change in (BlockFate.CHANGED, BlockFate.SPLIT, BlockFate.MERGED, BlockFate.DELETED, BlockFate.MOVED, BlockFate.KEPT):
            if some := [one for one in hard if change in one.expected]:
                rows.append(row(f"… {change}", some))
    return rows


# Passages that were rewritten by hand


def rewritten() -> Iterator[tuple[str, BlockKind, Verdict]]:
    """(language, kind, verdict) of each passage whose place says more than its words: written anew, alone in an unchanged text."""
    for label in labelled("rewritten.tsv"):
        old, place = edits.pieces_of(label["text"]), int(label["old_block"]) - 1
        piece = old[place]
        if not piece.text.startswith(label["old_start"]):
            raise ValueError(f"{label['text']}: block {place + 1} is not the one that was rewritten")
        new = [*old[:place], replace(piece, text=label["rewriting"]), *old[place + 1:]]
        name = f"{label['text']} {place + 1} {piece.text[:60]}"
        yield edits.language_of(label["text"]), piece.kind, verdict({BlockFate.CHANGED}, {place}, by_old(align(old, new))[place], name)


def rewritings() -> list[list]:
    found = list(rewritten())
    kinds = {"titles": TITLES, "actions": {BlockKind.ACTION}, "paragraphs": {BlockKind.PARAGRAPH}}
    rows = [row(name, [one for _language, kind, one in found if kind in some]) for name, some in kinds.items()]
    languages = sorted({language for language, _kind, _one in found})
    return rows + [row(f"… {language}", [one for own, _kind, one in found if own == language]) for language in languages]


# Contributions planted everywhere


def steps() -> Iterator[tuple[Path, Path]]:
    for history in sorted(path for path in HISTORIES.iterdir() if path.is_dir()):
        revisions = sorted(history.glob("v*.md"))
        yield from zip(revisions, revisions[1:], strict=False)


def planted() -> list[list]:
    """On every block of every revision, and on random words of it: what was not touched must be found again, where it stands."""
    dice, counts = random.Random(SEED), Counter()
    for old, new in steps():
        before, after, said = blocks_of(old), blocks_of(new), aligned(old, new)
        for place, text in twice_or_more(before, after):
            counts["broken"] += said[place][0].new != text
        for place, block in enumerate(before):
            going_on = [link for link in said[place] if link.new is not None]
            untouched = [link for link in going_on if after[link.new].text == block.text]
            counts["blocks"] += 1
            counts["same"] += bool(untouched)
            for quote, start in random_quotes(block.text, dice):
                counts["quotes"] += 1
                count_quote(counts, quote, start, [after[link.new].text for link in going_on], is_untouched=bool(untouched))
    return [
        ["contributions on blocks", counts["blocks"]], ["… whose text stands unchanged in the next revision", counts["same"]],
        ["… **violations**: unchanged text not kept or moved to where it stands (aim 0)", str(counts["broken"])],
        ["contributions on quoted words", counts["quotes"]], ["… in unchanged blocks", counts["quote same"]],
        ["… **violations**: not found at the same characters (aim 0)", str(counts["quote broken"])],
        ["… in changed blocks: the same words found", counts["quote found"]], ["… … words close to them", counts["quote close"]],
        ["… words lost, or their block deleted", counts["quote lost"]],
    ]


def twice_or_more(before, after) -> Iterator[tuple[int, int]]:
    """(old, new) places of texts that stand as often on both sides: each must be found in its order, unless sections changed places."""
    olds, news = defaultdict(list), defaultdict(list)
    for side, blocks in ((olds, before), (news, after)):
        for place, block in enumerate(blocks):
            side[block.text].append(place)
    for text, places in olds.items():
        if len(places) == len(news[text]):
            yield from zip(places, news[text], strict=True)


def random_quotes(text: str, dice: random.Random) -> Iterator[tuple[quotes.Quote, int]]:
    spans = [found.span() for found in re.finditer(r"\S+", text)]
    for _each in range(QUOTES):
        first = dice.randrange(len(spans))
        last = min(len(spans), first + dice.randint(1, 12)) - 1
        yield quotes.at(text, spans[first][0], spans[last][1]), spans[first][0]


def count_quote(counts: Counter, quote: quotes.Quote, start: int, texts: list[str], *, is_untouched: bool) -> None:
    found = [(place, text) for text in texts for place in quotes.find(text, quote)[:1]]
    if is_untouched:
        counts["quote same"] += 1
        counts["quote broken"] += not found or found[0][0].start != start
    elif found:
        counts["quote found"] += 1
    elif any(quotes.find_close(text, quote) for text in texts):
        counts["quote close"] += 1
    else:
        counts["quote lost"] += 1


# Answers


def sections() -> list[tuple[str, list[str], list[list]]]:
    """(title, head, rows) of each table."""
    from_scripts = [
        ("Anchors: blocks after scripted edits of the delivered texts", HEAD, edits.rows()),
        ("Anchors: passages written anew in their place, by hand, with hardly a word of the former ones", HEAD, rewritings()),
    ]
    if HISTORIES is None:
        return from_scripts
    began = time.perf_counter()
    planted_rows = planted()
    seconds = time.perf_counter() - began
    return [
        ("Anchors: blocks of real revision histories labelled by hand", HEAD, hand_labels()),
        *from_scripts,
        (f"Anchors: contributions planted on every revision, {seconds:.0f} s", ["", ""], planted_rows),
    ]


if __name__ == "__main__":
    if "-v" in sys.argv:
        histories = (label for file in sorted(LABELS.glob("revisions*.tsv")) for label in labelled(file.name))
        for one in [*map(judged, histories), *(one for _language, _kind, one in rewritten())]:
            if not one.is_right:
                sys.stdout.write(f"{'!!' if one.is_wrong_and_sure else '  '} {one.name}\n      {one.told}\n")
    for title, _head, made in sections():
        sys.stdout.write(f"\n{title}\n" + "\n".join(" | ".join(f"{cell}" for cell in cells) for cells in made) + "\n")
