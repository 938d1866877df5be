"""From a source that was read and the present revision to the next one: what lives on, under which lasting key, and what looks wrong."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from consult.chapters.aligning import Link, align, paired
from consult.chapters.models import Block, BlockFate
from consult.chapters.parsing import ParsedBlock, ParsedChapter, wording_of
from consult.chapters.source import Problem
from consult.core.i18n import _

LEAST_TO_RETURN = 40  # characters: shorter texts are written anew by chance
LEAST_SHARE = 0.5  # of its words: a text that keeps less asks for confirmation
SUFFIXES = "bcdefghijklmnopqrstuvwxyz"


@dataclass
class Plan:
    """What publishing would do: ``keys`` and ``links`` go by place in ``parsed.blocks`` and in ``old``."""

    parsed: ParsedChapter
    old: Sequence[Block]
    links: list[Link]
    keys: list[str]
    problems: list[Problem] = field(default_factory=list)
    by_hand: frozenset[int] = frozenset()  # places of new blocks whose origin a person chose
    dropped: frozenset[int] = frozenset()  # places of old blocks that a person said are gone
    corrections: list[dict[str, str]] = field(default_factory=list)  # those that hold, each under the key its block has in this source
    forgotten: int = 0  # corrections that no longer meet the words they were made for

    @property
    def counts(self) -> Counter:
        """How many blocks of each :class:`BlockFate`; of a block that was split, each part counts."""
        return Counter(link.change for link in self.links)

    @property
    def kept_share(self) -> float:
        """Words of the new text for each word of the old one; 1 where there was none."""
        before = sum(len(block.text.split()) for block in self.old)
        return sum(len(block.text.split()) for block in self.parsed.blocks) / before if before else 1.0

    @property
    def shrinks(self) -> bool:
        return self.kept_share < LEAST_SHARE

    def is_by_hand(self, link: Link) -> bool:
        return link.new in self.by_hand or link.new is None and link.old in self.dropped

    @property
    def is_publishable(self) -> bool:
        return not any(problem.blocks for problem in self.problems)


def plan(
    parsed: ParsedChapter, old: Sequence[Block], *, taken: Collection[str] = (), spent: Collection[str] = (),
    translations: Iterable[Block] = (), gone: Iterable[Block] = (), corrections: Iterable[Mapping[str, Any]] = (),
) -> Plan:
    """``taken`` are all keys that the chapter ever used, ``spent`` those that this language did, ``translations`` the blocks of its other
    languages that stand now, ``gone`` those that earlier revisions of this one dropped.
    """
    decided, dropped, held, forgotten = decisions(parsed.blocks, old, corrections)
    at = {block.key: place for place, block in enumerate(old)}
    given = {place: at[block.key] for place, block in enumerate(parsed.blocks) if block.is_own and block.key in at}
    stated = {place: at for place, at in given.items() if place not in decided and at not in dropped}
    links = align(old, parsed.blocks, given={**decided, **stated}, dropped=dropped)
    keys = lasting_keys(parsed.blocks, old, links, taken=taken, spent=spent, translations=translations, gone=gone)
    problems = [*parsed.problems, *renamed(parsed.blocks, keys)]
    return Plan(parsed, old, links, keys, problems, frozenset(decided), dropped, held, forgotten)


def fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def decisions(
    blocks: Sequence[ParsedBlock], old: Sequence[Block], corrections: Iterable[Mapping],
) -> tuple[dict[int, int | None], frozenset[int], list[dict[str, str]], int]:
    """(place in new → place in old or None, places in old that are gone, the corrections that hold, how many hold no longer).

    A correction holds as long as its block has the same words, wherever edits elsewhere have pushed it.
    """
    at = {block.key: place for place, block in enumerate(old)}
    same: dict[str, list[int]] = {}
    for at_place, block in enumerate(blocks):
        same.setdefault(fingerprint(block.text), []).append(at_place)
    decided: dict[int, int | None] = {}
    dropped: set[int] = set()
    held: list[dict[str, str]] = []
    forgotten = 0
    for correction in corrections:
        if not correction["new"]:
            gone = at.get(correction["old"])
            if gone is not None and fingerprint(old[gone].text) == correction["sha256"]:
                dropped.add(gone)
                held.append(dict(correction))
            else:
                forgotten += 1
            continue
        places = [place for place in same.get(correction["sha256"], ()) if place not in decided]
        place = next((p for p in places if blocks[p].key == correction["new"]), places[0] if len(places) == 1 else None)
        if place is not None and (correction["old"] == "" or correction["old"] in at):
            decided[place] = at.get(correction["old"])
            held.append({**correction, "new": blocks[place].key})
        else:
            forgotten += 1
    return decided, frozenset(dropped), held, forgotten


@dataclass(frozen=True)
class PreviewRow:
    """A block of the new text, or one that is no longer there, as somebody reads the plan: ``olds`` are what it continues."""

    change: BlockFate
    confidence: float
    has_moved: bool
    key: str
    new: ParsedBlock | None
    olds: tuple[Block, ...]
    before: Block | None  # of one that moved: what stood before it
    is_by_hand: bool

    @property
    def block(self) -> ParsedBlock | Block:
        return self.new if self.new is not None else self.olds[0]


def rows_of(made: Plan) -> list[PreviewRow]:
    """Every block in the order of the new text, those that are gone after what stood before them."""
    of_new: dict[int, list[Link]] = {}
    gone: dict[int, list[Link]] = {}
    stands = {old: new for _link, old, new in paired(made.links)}
    for link in made.links:
        if link.new is not None:
            of_new.setdefault(link.new, []).append(link)
        elif link.old is not None:
            before = next((stands[place] for place in range(link.old - 1, -1, -1) if place in stands), -1)
            gone.setdefault(before, []).append(link)
    rows = [row_of(made, [link]) for link in gone.get(-1, [])]
    for place in range(len(made.parsed.blocks)):
        rows.append(row_of(made, of_new[place]))
        rows += [row_of(made, [link]) for link in gone.get(place, [])]
    return rows


def row_of(made: Plan, links: list[Link]) -> PreviewRow:
    """``links`` all lead to one new block, or are the one of a block that is gone."""
    first = links[0]
    new, key = (made.parsed.blocks[first.new], made.keys[first.new]) if first.new is not None else (None, "")
    olds = tuple(made.old[link.old] for link in links if link.old is not None)
    moved = next((link for link in links if link.has_moved), None)
    return PreviewRow(
        change=first.change, confidence=min(link.confidence for link in links), has_moved=moved is not None,
        key=key or olds[0].key, new=new, olds=olds,
        before=made.old[moved.old - 1] if moved and moved.old else None, is_by_hand=made.is_by_hand(first),
    )


def lasting_keys(
    blocks: Sequence[ParsedBlock], old: Sequence[Block], links: Sequence[Link], *, taken: Collection[str], spent: Collection[str],
    translations: Iterable[Block], gone: Iterable[Block],
) -> list[str]:
    """The key of each new block: that of the block it continues, else the one that the very same words had before they were dropped,
    else its twin's, else its own, made different from any ever used.
    """
    keys = [""] * len(blocks)
    used: set[str] = set()
    for before, after in heirs(links):
        if old[before].key not in used:
            keys[after] = old[before].key
            used.add(old[before].key)
    returning = {(block.kind, wording_of(block)): block.key for block in gone if len(block.text) >= LEAST_TO_RETURN}
    stated = {(translation.kind, translation.label): translation.key for translation in translations}
    everything = {*taken, *used}
    for place, block in enumerate(blocks):
        if not keys[place]:
            translation = stated.get((block.kind, block.label))  # of the same sort: a page in two languages shows one for the other
            # A key that another language gave to its new block is the twin's to share; one that this language used before is not.
            is_free = translation and translation not in used and translation not in spent
            back = returning.get((block.kind, wording_of(block)))
            own = translation if translation and is_free else unused(block.key, everything)
            keys[place] = back if back and back not in used else own
            used.add(keys[place])
            everything.add(keys[place])
    return keys


def heirs(links: Sequence[Link]) -> list[tuple[int, int]]:
    """(old, new) of the links that hand a key on, one for each block on either side, surest first."""
    going_on = sorted(paired(links), key=lambda one: (one[0].change.is_shared, -one[0].confidence, one[2]))
    olds: set[int] = set()
    news: set[int] = set()
    chosen = []
    for _link, old, new in going_on:
        if old not in olds and new not in news:
            chosen.append((old, new))
            olds.add(old)
            news.add(new)
    return chosen


def unused(key: str, taken: Collection[str]) -> str:
    """``key``, or with the first suffix that was never used: a key that was dropped does not come back for other words."""
    if key not in taken:
        return key
    for length in range(1, 4):
        for number in range(len(SUFFIXES) ** length):
            suffix = ""
            for _digit in range(length):
                number, at = divmod(number, len(SUFFIXES))
                suffix = SUFFIXES[at] + suffix
            if f"{key}-{suffix}" not in taken:
                return f"{key}-{suffix}"
    raise ValueError(key)


def renamed(blocks: Sequence[ParsedBlock], keys: Sequence[str]) -> list[Problem]:
    return [
        Problem(1, _("The key {#%(own)s} is not used: this passage has been known as %(key)s.", own=block.key, key=key),
                _("Nothing to do: addresses that people kept go on working."))
        for block, key in zip(blocks, keys, strict=True) if block.is_own and block.key != key
    ]
