"""A text and the same in another language laid beside each other: what says the same, what waits for a translator, what stands alone.

A passage is stale from the day its twin changed alone (the mark of :class:`OutdatedTranslation`) until a translator confirms it. What it is
compared with is the last wording that both sides agreed on: as it stood before the revision that made the mark.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from consult.chapters.models import Block, BlockKind, OutdatedTranslation
from consult.core.i18n import N_
from consult.core.states import MeaningEnum, Tone, says
from consult.text.redline import redline


class TranslationState(MeaningEnum):
    tone: Tone
    is_in_step: bool
    is_to_check: bool  # one side changed alone
    is_wanting: bool  # one side lacks it, or has something else in its place

    IN_STEP = "in_step", N_("In step"), says(tone=Tone.GREEN, is_in_step=True, is_to_check=False, is_wanting=False)
    STALE = "stale", N_("To be checked"), says(tone=Tone.OCHRE, is_in_step=False, is_to_check=True, is_wanting=False)
    MISSING = "missing", N_("Not translated"), says(tone=Tone.NONE, is_in_step=False, is_to_check=False, is_wanting=True)
    ALONE = "alone", N_("In the translation only"), says(tone=Tone.NONE, is_in_step=False, is_to_check=False, is_wanting=True)
    OTHER_KIND = "other_kind", N_("Of another kind"), says(tone=Tone.NONE, is_in_step=False, is_to_check=False, is_wanting=True)


@dataclass(frozen=True)
class Wording:
    """What a passage said from one revision on."""

    language: str
    key: str
    revision_id: int
    text: str


@dataclass(frozen=True)
class Edit:
    """What became of a wording since both sides said the same; no segments where only its arrangement changed."""

    language: str
    segments: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class TranslationPair:
    """One passage in both languages. ``is_caught_up``: the stale side was itself edited after the other one was last."""

    key: str
    french: Block | None
    other: Block | None
    state: TranslationState
    mark: OutdatedTranslation | None = None
    edits: tuple[Edit, ...] = ()
    is_caught_up: bool = False

    @property
    def block(self) -> Block:
        """The French side, else the other."""
        return either(self.french, self.other)

    @property
    def label(self) -> str:
        return self.block.label or self.key

    @property
    def kind(self) -> BlockKind:
        return self.block.kind


def either(french: Block | None, other: Block | None) -> Block:
    """The first that is there; a pair has one side at least."""
    block = french or other
    if block is None:
        raise ValueError("a pair of translations without either side")
    return block


def side_by_side(french: Sequence[Block], other: Sequence[Block]) -> list[tuple[Block | None, Block | None]]:
    """Pairs in the order of the first text (either language); what the second alone has follows the passage that it follows there."""
    translations = {block.key: block for block in other}
    keys = {block.key for block in french}
    alone: dict[str | None, list[Block]] = {}
    previous = None
    for block in other:
        if block.key in keys:
            previous = block.key
        else:
            alone.setdefault(previous, []).append(block)
    laid: list[tuple[Block | None, Block | None]] = [(None, block) for block in alone.get(None, ())]
    for block in french:
        laid.append((block, translations.get(block.key)))
        laid.extend((None, extra) for extra in alone.get(block.key, ()))
    return laid


def state_of(french: BlockKind | None, other: BlockKind | None, *, has_mark: bool) -> TranslationState:
    if other is None:
        return TranslationState.MISSING
    if french is None:
        return TranslationState.ALONE
    if french != other:
        return TranslationState.OTHER_KIND
    return TranslationState.STALE if has_mark else TranslationState.IN_STEP


def lay(
    french: Sequence[Block], other: Sequence[Block], marks: Mapping[str, OutdatedTranslation], wordings: Iterable[Wording],
) -> list[TranslationPair]:
    """Every passage of either language; ``marks`` are the open ones by key, ``wordings`` the history of those passages, oldest first."""
    history = History(wordings)
    return [pair_of(one, two, marks, history) for one, two in side_by_side(french, other)]


def pair_of(french: Block | None, other: Block | None, marks: Mapping[str, OutdatedTranslation], history: "History") -> TranslationPair:
    key = either(french, other).key
    mark = marks.get(key)
    state = state_of(french.kind if french else None, other.kind if other else None, has_mark=mark is not None)
    if mark is None or not state.is_to_check:
        return TranslationPair(key, french, other, state)
    languages = dict.fromkeys((mark.since.language, mark.language))
    edits = [Edit(language, history.edit(language, key, mark.since_id)) for language in languages]
    return TranslationPair(key, french, other, state, mark, tuple(edit for edit in edits if edit.segments), history.has_caught_up(mark))


class History:
    """The wordings of passages through the revisions of a chapter."""

    def __init__(self, wordings: Iterable[Wording]) -> None:
        self.of: dict[tuple[str, str], list[Wording]] = {}
        for wording in wordings:
            run = self.of.setdefault((wording.language, wording.key), [])
            if not run or run[-1].text != wording.text:
                run.append(wording)

    def edit(self, language: str, key: str, since_id: int) -> list[tuple[str, str]]:
        """From the wording before that revision to the present one; empty when they are the same."""
        run = self.of.get((language, key), [])
        before = [wording for wording in run if wording.revision_id < since_id]
        if not before or before[-1].text == run[-1].text:
            return []
        return redline(before[-1].text, run[-1].text)

    def has_caught_up(self, mark: OutdatedTranslation) -> bool:
        own, others = self.of.get((mark.language, mark.key)), self.of.get((mark.since.language, mark.key))
        return own is not None and others is not None and own[-1].revision_id > others[-1].revision_id >= mark.since_id


@dataclass(frozen=True)
class Coverage:
    """How far a language follows the French text of a chapter; ``blocks`` counts the French passages."""

    blocks: int
    of: Mapping[TranslationState, int]

    @property
    def wanting(self) -> int:
        """Missing, of another kind, or in the translation alone."""
        return sum(self.of[state] for state in TranslationState.where(is_wanting=True))

    @property
    def share(self) -> float:
        return self.of[TranslationState.IN_STEP] / self.blocks if self.blocks else 0.0


def coverage(french: Mapping[str, BlockKind], other: Mapping[str, BlockKind], stale: Iterable[str]) -> Coverage:
    stale = set(stale)
    keys = dict.fromkeys((*french, *other))
    return Coverage(len(french), Counter(state_of(french.get(key), other.get(key), has_mark=key in stale) for key in keys))
