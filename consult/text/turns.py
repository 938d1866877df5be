"""What one text changed in another that it repeats, and whether that turns what is meant: another figure, another date, a *not* more.

Words of one text are covered where a run of three stands in the other, wherever that is: what is moved or repeated is no change. What is
left in the same gap of both is one change.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import LCSseq

RUN = 3  # words
MOST_TURNING = 6  # words that are put in or left out within a sentence; of more, or of a whole sentence, it is something else that is said
SENTENCE_END = re.compile(r"[.!?؟;؛:\n]")
NEGATIONS = (
    "ne n pas non jamais aucun aucune ni sans sauf excepte hormis nullement guere not no never none nor cannot without except "
    "unless t لا لم لن ليس ليست غير دون بدون ولا فلا بلا ولم ولن وليس الا باستثناء سوي كلا"
)
NUMBERS = (
    "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt trente quarante cinquante "
    "soixante cent cents mille million millions milliard moitie tiers quart double triple premier premiere second seconde two "
    "three four five seven eight nine ten eleven twelve fifteen twenty thirty forty fifty sixty hundred thousand half third "
    "quarter اثنان اثنين سنتين ثلاث ثلاثه اربع اربعه خمس خمسه ست سته سبع سبعه ثماني ثمانيه تسع تسعه عشر عشره عشرون عشرين ثلاثون "
    "ثلاثين خمسون خمسين مايه مييه الف الاف مليون نصف ثلث ربع ضعف"
)
MONTHS = (
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre january february march april may june "
    "july august september october november december يناير فبراير مارس ابريل ماي مايو يونيو يوليوز يوليو غشت اغسطس شتنبر سبتمبر "
    "اكتوبر نونبر نوفمبر دجنبر ديسمبر"
)
TURNING = frozenset(f"{NEGATIONS} {NUMBERS} {MONTHS}".split())


@dataclass(frozen=True)
class Change:
    """Words that one text has and the other has not, and those that the other has in their place; either may be none. The spans are the gap
    of each text in which they stand.
    """

    own: list[str]
    theirs: list[str]
    own_places: list[int]
    own_span: tuple[int, int]
    their_span: tuple[int, int]

    @property
    def turns(self) -> list[str]:
        """The words of it by which something else may be meant, each side's after the other's; empty where nothing is."""
        own, theirs = (Counter(filter(is_turning, side)) for side in (self.own, self.theirs))
        return [*(own - theirs).elements(), *(theirs - own).elements()]

    def is_within(self, own_starts: Callable[[], frozenset[int]], their_starts: Callable[[], frozenset[int]]) -> bool:
        """Whether it changes a sentence, rather than adding one or leaving one out; ``starts`` are the words that begin sentences, and one
        past the last.
        """
        if self.own and self.theirs:
            return True
        if len(self.own) + len(self.theirs) > MOST_TURNING:
            return False
        span, starts = (self.own_span, own_starts()) if self.own else (self.their_span, their_starts())
        return not (span[0] in starts and span[1] in starts)


def is_turning(word: str) -> bool:
    return word in TURNING or word[:1].isdigit()


def turning_points(words: Sequence[str]) -> Counter[tuple[str, str, str]]:
    """The words by which something is meant, each between its neighbours: where they are the same in two texts, nothing was turned."""
    padded = ["", *words, ""]
    return Counter((padded[place], word, padded[place + 2]) for place, word in enumerate(words) if is_turning(word))


def changes(own: Sequence[str], theirs: Sequence[str]) -> list[Change]:
    """Of ``own`` against ``theirs``, in its order, then what of theirs is left out."""
    covered, matched = _covered(own, _places(theirs)), _covered(theirs, _places(own))
    told: list[Change] = []
    seen: set[int] = set()
    for begin, end in _gaps(covered):
        start = covered[begin - 1] + 1 if begin else 0
        after = covered[end] if end < len(covered) else len(theirs)
        stop = start
        while stop < len(theirs) and matched[stop] < 0 and stop not in seen and stop != after:
            stop += 1
        seen.update(range(start, stop))
        told.append(_change(own, theirs, (begin, end), (start, stop)))
    told += [_change(own, theirs, (0, 0), gap) for gap in _gaps([0 if place in seen else at for place, at in enumerate(matched)])]
    return [change for change in told if change.own or change.theirs]


def _change(own: Sequence[str], theirs: Sequence[str], mine: tuple[int, int], other: tuple[int, int]) -> Change:
    """What both have in the gap, in the same order, is the same."""
    one, two = list(own[slice(*mine)]), list(theirs[slice(*other)])
    same_own: set[int] = set()
    same_theirs: set[int] = set()
    if one and two:
        for block in LCSseq.editops(one, two).as_matching_blocks():
            same_own.update(range(block.a, block.a + block.size))
            same_theirs.update(range(block.b, block.b + block.size))
    places = [mine[0] + place for place in range(len(one)) if place not in same_own]
    theirs_alone = [two[place] for place in range(len(two)) if place not in same_theirs]
    return Change([own[place] for place in places], theirs_alone, places, mine, other)


def _places(words: Sequence[str]) -> dict[tuple[str, ...], int]:
    """Where each run begins first."""
    found: dict[tuple[str, ...], int] = {}
    for place, run in enumerate(zip(words, words[1:], words[2:], strict=False)):
        found.setdefault(run, place)
    return found


def _covered(words: Sequence[str], others: Mapping[tuple[str, ...], int]) -> list[int]:
    """Of each word the place in the other text of the run that covers it; -1 for none."""
    places = [-1] * len(words)
    for place, run in enumerate(zip(words, words[1:], words[2:], strict=False)):
        at = others.get(run)
        if at is not None:
            for step in range(RUN):
                if places[place + step] < 0:
                    places[place + step] = at + step
    return places


def _gaps(places: Sequence[int]) -> list[tuple[int, int]]:
    """From where to where words are not covered."""
    found, begin = [], None
    for place, at in enumerate([*places, 0]):
        if at < 0 and begin is None:
            begin = place
        elif at >= 0 and begin is not None:
            found.append((begin, place))
            begin = None
    return found
