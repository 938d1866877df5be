"""How long it takes to find quoted words in a long text, to read texts that were written to be slow, and to read apart."""

import random
import statistics
import time

from consult.chapters import apart, parsing
from consult.core import markup
from consult.core.config import resource_dir
from consult.text.quotes import Quote, at, find, fold

EVERYWHERE = "e a " * 15_000
ODD = ["> " * 500 + "x", ">" * 5000, "*a" * 5000, "`a" * 5000, "_" * 20_000, "<div>" * 30, "|" * 5000 + "\n" + "|-" * 2500]
FRENCH = "L’Institut publie, avant le 31 mars, la liste des étalons nationaux ; l’œuvre commune est relue par la commission."


def shuffled(text: str, size: int = 60_000) -> str:
    """A long text of the words of a short one."""
    chosen, words = random.Random(1), text.split()  # noqa: S311 - a text, no secret
    return " ".join(chosen.choice(words) for _ in range(size // 4))[:size]


def seconds(act) -> float:
    fold.cache_clear()
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def reading_apart() -> float:
    """A chapter read in a process of its own, of what it takes where it is asked for."""
    data = (resource_dir("policy_drafts") / "1-normalisation.fr.md").read_bytes()
    apart.read_file(data)  # what it is forked from is started once
    there, here = ([seconds(lambda read=read: read(data)) for _time in range(9)] for read in (apart.read_file, parsing.read_file))
    return statistics.median(there) / statistics.median(here)


def rows() -> list[list]:
    """(what, seconds)."""
    text = shuffled(FRENCH)
    near = at(text, 50_000, 50_060)
    return [
        ["quoted words found in a text of 60 kB, where they were taken (aim 0.005)", seconds(lambda: find(text, near))],
        ["… typed in capitals, anywhere (aim 0.005)", seconds(lambda: find(text, Quote(near.exact.upper())))],
        ["… one letter that stands everywhere (aim 0.1)", seconds(lambda: find(EVERYWHERE, Quote("e", "b c d", "f g h")))],
        ["the slowest of seven texts written to be slow, read as Markdown (aim 5)",
         max(seconds(lambda source=source: markup.to_html(source)) for source in ODD)],
        ["a chapter read in a process of its own, times what it takes without (aim 1.5)", reading_apart()],
    ]
