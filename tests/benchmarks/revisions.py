"""How long it takes to compare two revisions of 60 kB: the comparison by itself, and its page as a reader asks for it."""

import time
from pathlib import Path

from consult import create_app
from consult.chapters import service as chapters
from consult.chapters.comparison import compare
from consult.chapters.models import Block
from consult.chapters.parsing import ParsedChapter, parse_file
from consult.consultations import service as consultations
from consult.core.config import Config, resource_dir
from consult.core.db import unit_of_work
from consult.core.permissions import SYSTEM

SIZE = 60_000
TEXTS = {"fr": "3-metrologie.fr.md", "ar": "3-metrologie.ar.md"}
INSTEAD = {"fr": "révisé", "ar": "المراجَع"}
EVERY = 15  # words: one of so many is another


def as_blocks(parsed: ParsedChapter) -> list[Block]:
    return [Block(key=b.key, kind=b.kind, level=b.level, label=b.label, html=b.html, text=b.text, lead=b.lead) for b in parsed.blocks]


def grown(source: str, size: int = SIZE) -> str:
    """The text with paragraphs of its own, said otherwise, until it is so long."""
    paragraphs = [line for line in source.split("\n") if len(line) > 200 and line[0].isalpha()]
    number = 0
    while len(source.encode()) < size:
        words = paragraphs[number % len(paragraphs)].split()
        number += 1
        source += f"\n\n{number} {' '.join(words[number % 7:])}"
    return source + "\n"


def revised(source: str, language: str) -> str:
    """One word of fifteen of each paragraph is another, and the third section has gone to the end."""
    head, *sections = "\n".join(other_words(line, INSTEAD[language]) for line in source.split("\n")).split("\n## ")
    if len(sections) > 4:
        sections.append(sections.pop(2))
    return "\n## ".join([head, *sections])


def other_words(line: str, instead: str) -> str:
    if len(line) < 80 or line[0] in "|#[":
        return line
    words = line.split(" ")
    words[7::EVERY] = [instead] * len(words[7::EVERY])
    return " ".join(words)


def sources(language: str) -> tuple[str, str]:
    old = grown((resource_dir("policy_drafts") / TEXTS[language]).read_text())
    return old, revised(old, language)


def reworded(language: str) -> tuple[list[Block], list[Block]]:
    old, new = (as_blocks(parse_file(source.encode())) for source in sources(language))
    return old, new


def comparison_seconds() -> dict[str, float]:
    """Seconds by language: ``compare`` alone, best of three."""
    found = {}
    for language in TEXTS:
        old, new = reworded(language)
        times = []
        for _round in range(3):
            begun = time.perf_counter()
            compare(old, new)
            times.append(time.perf_counter() - begun)
        found[language] = min(times)
    return found


def page_seconds(data: Path) -> float:
    """Publish two revisions of 60 kB in the demonstration of ``data`` and ask once for their comparison, whole and made anew."""
    app = create_app(Config(data_dir=str(data), log_level="ERROR"))
    for source in sources("fr"):
        with app.app_context(), unit_of_work():
            newest = chapters.import_chapter(SYSTEM, consultations.get_current(), data=source.encode()).number
    begun = time.perf_counter()
    answer = app.test_client().get(f"/fr/chapters/3/compare/fr/{newest - 1}/{newest}?only=all&view=side")
    taken = time.perf_counter() - begun
    if answer.status_code != 200:
        raise RuntimeError(answer.status)
    return taken
