"""Files and texts from outside are read here: by the same functions, in a process of their own with limits of time and memory."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consult.chapters import conversion, parsing, revising
from consult.chapters.conversion import Converted
from consult.chapters.models import Block, BlockKind
from consult.chapters.parsing import ParsedChapter
from consult.chapters.revising import Plan
from consult.core.confinement import HERE, Limits, confined

TEXT = Limits(cpu=10, wall=30, memory=768)  # a chapter of 1.3 million characters takes three seconds
DOCUMENT = Limits(cpu=30, wall=90, memory=768)


def prepare() -> None:
    """For the pages on which somebody is about to send a text: the first reading waits less."""
    HERE.prepare(__name__)


def read_source(data: bytes) -> tuple[str, dict]:
    return confined(parsing.read_source, data, limits=TEXT)


def read_file(data: bytes) -> ParsedChapter:
    return confined(parsing.read_file, data, limits=TEXT)


def convert(data: bytes) -> Converted:
    return confined(conversion.convert, data, limits=DOCUMENT)


@dataclass(frozen=True)
class Words:
    """What is aligned of a block that is stored."""

    key: str
    kind: BlockKind
    label: str
    text: str

    @classmethod
    def of(cls, blocks: Iterable[Block]) -> list["Words"]:
        return [cls(block.key, block.kind, block.label, block.text) for block in blocks]


def plan(
    parsed: ParsedChapter, old: Sequence[Block], *, taken: Collection[str] = (), spent: Collection[str] = (),
    translations: Iterable[Block] = (), gone: Iterable[Block] = (), corrections: Iterable[Mapping[str, Any]] = (),
) -> Plan:
    """As :func:`consult.chapters.revising.plan`."""
    more = {"taken": set(taken), "spent": set(spent), "translations": Words.of(translations), "gone": Words.of(gone),
            "corrections": [dict(correction) for correction in corrections]}
    made = confined(planned, parsed, Words.of(old), more, limits=TEXT)
    made.parsed, made.old = parsed, old
    return made


def planned(parsed: ParsedChapter, old: Sequence[Any], more: dict[str, Any]) -> Plan:
    return revising.plan(parsed, old, **more)
