"""Words as people look for them: which words of other texts a typed one stands for, how near they are, and what is a misspelling of what.

Case, accents, vowel signs, the writings of one letter, the hamza, the digits of Arabic and the article make no difference. Plurals and
feminines are found by light stems: for Latin letters after Savoy (A stemming procedure for French, JASIS 1999), for Arabic ones after
Larkey's light10 (SIGIR 2002), beside which the skeleton of consonants finds plurals that change within the word. Misspellings are found by
leaving out one letter of both words (Garbe's SymSpell, 2012).
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from consult.text.analysing import WORD, folded
from consult.text.composing import composed
from consult.text.normalising import ARABIC

MAX_WORD = 40  # letters that are kept of one word
SAME, INFLECTED, JOINED, RELATED = 1.0, 0.9, 0.8, 0.4  # how near one word is to another
LEAST_MISSPELT, LONGEST_MISSPELT = 4, 20  # letters of a word whose misspellings are looked for
# Words that every text has, in the three languages, as they are folded: neither kept nor asked for.
STOPS = frozenset((
    "a au aux avec c ce ces cet cette d dans de des du elle elles en est et eux il ils j je l la le les leur leurs lui m ma mais "
    "me mes mon n ne nos notre nous on ou par pas plus pour qu que qui s sa sans se ses si son sont sur t ta te tes ton tu un une "
    "vos votre vous y etre ont sera comme dont afin ainsi tout tous toute toutes entre the of and to in is are be for on at by "
    "with an as it its or that this these those from not was were which will has have than في من علي الي عن مع هذا هذه ذلك تلك "
    "التي الذي الذين ان او ثم قد لا ما لم لن كل بين كما هو هي هم كان كانت وفي ومن وعلي والي بعد قبل عند حتي اذا اي كذلك ايضا غير "
    "لدي منها فيها عليها بها له لها وان وهي وهو ولا "
).split())
LETTERS = str.maketrans({"ک": "ك", "گ": "ك", "ڭ": "ك", "ݣ": "ك", "ی": "ي", "ې": "ي", "ہ": "ه", "ھ": "ه", "ۀ": "ه", "ە": "ه", "ٱ": "ا",
                         "ڤ": "ف", "پ": "ب", "چ": "ج", "ء": None})
ARTICLE = re.compile("^[وف]?(?:[بك]?ال|لل)(?=...)")
CLITIC = re.compile("^(?:و?[بلفك]|و)(?=....)")
SENTENCE_END = re.compile(r"(?<![.!?؟؛;…])[.!?؟؛;…]+(?=\s)|\n")
ENDINGS = ("تها", "تنا", "ات", "ان", "ون", "ين", "ها", "هم", "هن", "نا", "يه", "ه", "ي", "ا")


class Place(NamedTuple):
    """A word as it is compared, and where it stands in the text."""

    word: str
    start: int
    end: int


@lru_cache(200_000)
def sought(word: str) -> str:
    """One word without what makes no difference to whoever looks for it; "" when nothing is left."""
    if not word.isascii():
        word = composed("NFKC", word)
    return folded(word).translate(LETTERS)[:MAX_WORD] if word else ""


def placed(text: str) -> Iterator[Place]:
    """All words of a text, in order."""
    for found in WORD.finditer(text):
        if word := sought(found[0]):
            yield Place(word, found.start(), found.end())


def words_of(text: str) -> list[str]:
    return [word for word in map(sought, WORD.findall(text)) if word]


@lru_cache(100_000)
def stems_of(word: str) -> tuple[str, ...]:
    """What the word and its plural or feminine have in common; for Arabic one more for each way to read its first letters."""
    if not ARABIC.match(word):
        return (_latin_stem(word),)
    bare = ARTICLE.sub("", word)
    readings = dict.fromkeys([_arabic_stem(bare), _arabic_stem(CLITIC.sub("", word))] if bare == word else [_arabic_stem(bare)])
    return tuple(readings)


def _latin_stem(word: str) -> str:
    if len(word) < 4 or not word.isalpha():
        return word
    if word.endswith("aux") and len(word) > 5:
        word = word[:-3] + ("eau" if word.endswith("eaux") else "al")
        word = word.replace("eeau", "eau") if word.endswith("eeau") else word
    elif word[-1] in "sx" and not word.endswith("ss"):
        word = word[:-1]
    if word.endswith("ail") and len(word) > 5:
        word = word[:-3] + "al"
    for ending, least in (("ing", 4), ("ed", 5)):
        if word.endswith(ending) and len(word) - len(ending) >= least:
            word = word[:-len(ending)]
            break
    if word.endswith("y"):
        word = word[:-1] + "i"
    word = word.rstrip("e") if len(word.rstrip("e")) >= 3 else word
    for ending, instead in (("tric", "teur"), ("eus", "eu"), ("if", "iv")):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            word = word[:-len(ending)] + instead
    return word[:-1] if len(word) > 4 and word[-1] == word[-2] else word


def _arabic_stem(word: str) -> str:
    for _each in range(3):
        ending = next((ending for ending in ENDINGS if word.endswith(ending) and len(word) - len(ending) >= 3), None)
        if ending is None:
            ending = next((ending for ending in ("ات", "ه") if word.endswith(ending) and len(word) - len(ending) == 2), None)
            return word[:-len(ending)] if ending else word
        word = word[:-len(ending)]
    return word


@lru_cache(100_000)
def skeleton_of(word: str) -> str:
    """The consonants of an Arabic word without article and ending: those of its singular and of its plural are often the same."""
    bare = ARTICLE.sub("", word)
    for ending in ("ات", "يه", "ه", "ي", "ا"):
        if bare.endswith(ending) and len(bare) - len(ending) >= 3:
            bare = bare[:-len(ending)]
            break
    if bare.startswith("ا") and len(bare) >= 4:
        bare = bare[1:]
    return bare[:1] + re.sub("[اوي]", "", bare[1:])


def closeness(one: str, other: str) -> float:
    """How near two words are that were made comparable by :func:`sought`: 0 for what has nothing in common."""
    if one == other:
        return SAME
    own, others = stems_of(one), stems_of(other)
    if own[0] == others[0]:
        return INFLECTED
    if not set(own).isdisjoint(others):
        return JOINED
    if ARABIC.match(one):
        skeleton = skeleton_of(one)
        return RELATED if len(skeleton) >= 3 and skeleton == skeleton_of(other) else 0.0
    return RELATED if _are_related(own[0], others[0]) else 0.0


def _are_related(one: str, other: str) -> bool:
    """As certifier and certification are: most letters of the shorter one, and half of those of the longer one, begin both."""
    common = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    shorter, longer = sorted((len(one), len(other)))
    return common >= 5 and common >= 0.75 * shorter and common >= (0.5 if common > 5 else 0.6) * longer


def keys_of(word: str) -> list[str]:
    """By what a word is looked up: ``s`` before its stems, ``c`` before what related words have in common."""
    if ARABIC.match(word):
        skeleton = skeleton_of(word)
        return [*("s" + stem for stem in stems_of(word)), *(["c" + skeleton] if len(skeleton) >= 3 else [])]
    stem = stems_of(word)[0]
    return ["s" + stem, *(["c" + stem[:5]] if len(stem) >= 5 and stem.isalpha() else [])]


def near_keys_of(word: str) -> list[str]:
    """By what its misspellings are looked up: ``d`` before its stem, and before what is left of that without one of its letters."""
    if not LEAST_MISSPELT <= len(word) <= LONGEST_MISSPELT or not word.isalpha():
        return []
    stem = stems_of(word)[0]
    return ["d" + near for near in dict.fromkeys([stem, *(stem[:at] + stem[at + 1:] for at in range(len(stem)))]) if len(near) > 1]


def stands_in(phrase: list[str], words: list[str]) -> bool:
    """Whether the words of a phrase follow each other in a text; before the first one Arabic may have joined an article or a particle."""
    first, rest = phrase[0], phrase[1:]
    return any(_is_said(first, words[at]) and words[at + 1:at + len(phrase)] == rest for at in range(len(words) - len(rest)))


def _is_said(word: str, written: str) -> bool:
    return word == written or bool(ARABIC.match(word)) and ARTICLE.sub("", word) == ARTICLE.sub("", written)


def sentences(text: str) -> list[tuple[int, int]]:
    """Where its sentences and lines begin and end."""
    ends = [0, *(found.end() for found in SENTENCE_END.finditer(text)), len(text)]
    return [(begin, end) for begin, end in pairwise(ends) if text[begin:end].strip()]
