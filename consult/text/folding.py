"""Which of many texts say the same in nearly the same words: folded into one, or candidates for somebody to decide.

Runs of three words, hashed, without those that stand in what all of them speak of; an eighth of the hashes is kept in an index (Broder,
On the resemblance and containment of documents, 1997), what it finds is measured exactly. Each text joins the group of the one text that
it resembles most, in the order in which they come, and never welds two groups: adding one more renames and moves nothing, and gives what
making all anew gives. Nothing is folded across positions, or where a figure, a date or a negation was changed (:mod:`consult.text.turns`).
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from rapidfuzz.distance import Indel

from consult.text.analysing import argument_words, placed_words, word_hash
from consult.text.turns import RUN, SENTENCE_END, changes, turning_points

ONE, TWO, THREE, MASK = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, (1 << 64) - 1
KEPT_BELOW, FEWEST_KEPT = 1 << 61, 24  # hashes of the index: an eighth, of short texts more
MOST_FOUND, MOST_OF_A_RUN = 12, 64  # texts that are measured; that one run is known to stand in
FOLD_RESEMBLANCE, FOLD_CONTAINMENT = 0.40, 0.70
LINK_RESEMBLANCE, LINK_CONTAINMENT, FEWEST_SHARED = 0.15, 0.25, 8
FEW_RUNS, SHORT_RESEMBLANCE, SHORT_RATIO = 10, 0.60, 0.85  # of a short text: the runs, or the words in their order
FEWEST_BESIDE = 8  # runs, of somebody who quotes
MOST_LONGER = 2.5  # times: a text that adds more of its own says something else as well
MOST_REPRESENTATIVES = 4  # of one group
ALIKE = 0.85  # from here on a further representative would find nothing more


@dataclass(frozen=True)
class Said:
    """A text with what it would have instead, where it stands to it."""

    id: str
    text: str
    replacement: str = ""
    position: str = ""
    place: str = ""


@dataclass(frozen=True)
class Link:
    """One text and an earlier one that it resembles. ``kept_apart`` says why it is not folded, or nothing: it resembles too little."""

    id: str
    other: str
    resemblance: float
    containment: float
    kept_apart: str = ""
    turns: tuple[str, ...] = ()


@dataclass
class Group:
    """What says the same: the first text, and those folded into it, in the order in which they came."""

    number: int
    members: list[str]
    representatives: list[int] = field(default_factory=list)


class Read:
    """A text as it is compared."""

    def __init__(self, said: Said) -> None:
        self.said, self.words = said, argument_words(said.text)

    @cached_property
    def turning_points(self) -> Counter[tuple[str, str, str]]:
        return turning_points(self.words)

    @property
    def starts(self) -> frozenset[int]:
        """The words that begin a sentence, and one past the last word."""
        words, text = placed_words(self.said.text), self.said.text
        begun = {place for place in range(1, len(words)) if SENTENCE_END.search(text, words[place - 1].end, words[place].start)}
        return frozenset({0, len(words)} | begun)


@dataclass(frozen=True)
class Known:
    """A text that others are compared with."""

    read: Read
    group: int
    runs: "array[int]"


class Comparing:
    """``background`` is what the texts speak of, in each of its languages: nobody resembles another by quoting it."""

    def __init__(self, background: Iterable[str] = ()) -> None:
        self.background: set[int] = set()
        for text in background:
            self.background.update(_runs(argument_words(text)))

    def own_runs(self, words: list[str]) -> set[int]:
        """Of what is said, not quoted; of somebody who quotes and says hardly anything beside it, none."""
        runs = _runs(words)
        own = runs - self.background
        return own if len(own) == len(runs) or len(own) >= FEWEST_BESIDE else set()

    def known(self, said: Said, group: int) -> "Known":
        """A text to compare others with."""
        read = Read(said)
        return Known(read, group, array("Q", sorted(self.own_runs(read.words))))


class Folding(Comparing):
    """All at once, in memory."""

    def __init__(self, background: Iterable[str] = ()) -> None:
        super().__init__(background)
        self.groups: list[Group] = []
        self.group_of: dict[str, int] = {}
        self.links: list[Link] = []
        self._known: list[Known] = []
        self._index: dict[int, int | list[int]] = {}

    def add(self, said: Said) -> Group:
        """The group that it belongs to from now on."""
        read = Read(said)
        runs = self.own_runs(read.words)
        found = measured(read, runs, {number: self._known[number] for number in most_shared(self._sharing(kept_runs(runs)))})
        best = choose(found)
        if best is not None:
            group = self.groups[best.group]
            if widens(best, found, len(group.representatives)):
                self._remember(read, group, runs)
        else:
            group = Group(len(self.groups), [])
            self.groups.append(group)
            if runs:
                self._remember(read, group, runs)
        group.members.append(said.id)
        self.group_of[said.id] = group.number
        self.links += [one.link for one in found if one.group != group.number]
        return group

    def _sharing(self, kept: list[int]) -> Counter[int]:
        """How many of these runs each of the known texts has."""
        counts: Counter[int] = Counter()
        for run in kept:
            held = self._index.get(run)
            if held is not None:
                counts.update((held,) if isinstance(held, int) else held)
        return counts

    def _remember(self, read: Read, group: Group, runs: set[int]) -> None:
        number = len(self._known)
        self._known.append(Known(read, group.number, array("Q", sorted(runs))))
        group.representatives.append(number)
        for run in kept_runs(runs):
            held = self._index.get(run)
            if held is None:
                self._index[run] = number
            elif isinstance(held, int):
                self._index[run] = [held, number]
            elif len(held) < MOST_OF_A_RUN:
                held.append(number)


class Measured(NamedTuple):
    """What a text is to a known one."""

    known: int
    group: int
    link: Link
    is_fold: bool


def most_shared(sharing: Mapping[int, int]) -> list[int]:
    """Of known texts, by how many runs they share with a new one, those that are worth being measured."""
    return sorted(sharing, key=lambda known: (-sharing[known], known))[:MOST_FOUND]


def measured(read: Read, runs: set[int], candidates: Mapping[int, Known]) -> list[Measured]:
    """Those of them that it resembles; the nearest of each group."""
    nearest: dict[int, Measured] = {}
    for number, known in candidates.items():
        found = _measure(read, runs, number, known)
        if found is not None:
            nearest[known.group] = max(
                nearest.get(known.group, found), found, key=lambda one: (one.is_fold, one.link.resemblance, -one.known))
    return [nearest[group] for group in sorted(nearest)]


def choose(found: Iterable[Measured]) -> Measured | None:
    """The one into whose group it is folded, or none."""
    folds = [one for one in found if one.is_fold and not one.link.kept_apart]
    return max(folds, key=lambda one: (one.link.resemblance, -one.known)) if folds else None


def widens(best: Measured, found: Iterable[Measured], representatives: int) -> bool:
    """Whether a text that is folded finds others that its group, of so many representatives, would not find without it."""
    is_of_one = all(one.group == best.group for one in found)
    return is_of_one and best.link.resemblance < ALIKE and representatives < MOST_REPRESENTATIVES


def _measure(read: Read, runs: set[int], number: int, known: Known) -> Measured | None:
    shared, sizes = len(runs.intersection(known.runs)), (len(runs), len(known.runs))
    resemblance, containment = shared / (sum(sizes) - shared), shared / min(sizes)
    is_fold = resemblance >= FOLD_RESEMBLANCE or (containment >= FOLD_CONTAINMENT and max(sizes) <= MOST_LONGER * min(sizes))
    if min(sizes) < FEW_RUNS:
        is_fold = is_link = resemblance >= SHORT_RESEMBLANCE or Indel.normalized_similarity(read.words, known.read.words) >= SHORT_RATIO
    else:
        is_link = is_fold or (shared >= FEWEST_SHARED and (resemblance >= LINK_RESEMBLANCE or containment >= LINK_CONTAINMENT))
    if not is_link:
        return None
    apart, turns = kept_apart(read, known.read, is_short=min(sizes) < FEW_RUNS) if is_fold else ("", ())
    return Measured(number, known.group, Link(read.said.id, known.read.said.id, resemblance, containment, apart, turns), is_fold)


def kept_apart(read: Read, other: Read, *, is_short: bool) -> tuple[str, tuple[str, ...]]:
    """Why two that have nearly the same words do not say the same, and by which words: ``position``, ``place``, ``wording``, ``turn``; or
    nothing. Short ones, such as *I agree*, speak of where they stand.
    """
    if read.said.position != other.said.position:
        return "position", ()
    if is_short and read.said.place != other.said.place:
        return "place", ()
    if read.said.replacement and other.said.replacement and not _is_same_wording(read.said.replacement, other.said.replacement):
        return "wording", ()
    if read.words == other.words or read.turning_points == other.turning_points:
        return "", ()
    turns = [change for change in changes(read.words, other.words) if change.turns]
    said = tuple(word for change in turns if change.is_within(lambda: read.starts, lambda: other.starts) for word in change.turns)
    return ("turn", said) if said else ("", ())


def own_words(text: str, core: str) -> list[tuple[int, int]]:
    """Where the words of a text stand that its core does not have."""
    words = placed_words(text)
    told = changes([word.folded for word in words], argument_words(core))
    return [(words[place].start, words[place].end) for place in sorted(place for change in told for place in change.own_places)]


def _is_same_wording(one: str, other: str) -> bool:
    """Two amendments that differ in anything but their writing ask for something else."""
    return argument_words(one) == argument_words(other)


def _runs(words: list[str]) -> set[int]:
    """A text of fewer words than a run has is one run."""
    hashes = list(map(word_hash, words))
    if 0 < len(hashes) < RUN:
        hashes += [0] * (RUN - len(hashes))
    return {(one * ONE ^ two * TWO ^ three * THREE) & MASK for one, two, three in zip(hashes, hashes[1:], hashes[2:], strict=False)}


def kept_runs(runs: set[int]) -> list[int]:
    """Those by which it is found."""
    lowest = sorted(runs)
    kept = [run for run in lowest if run < KEPT_BELOW]
    return kept if len(kept) >= FEWEST_KEPT else lowest[:FEWEST_KEPT]
