"""What changed between two wordings, word by word; right for Arabic as for French."""

from diff_match_patch import diff_match_patch

from consult.text.words import tokens

NAMES = {-1: "delete", 0: "equal", 1: "insert"}
# Beyond this many comparisons two texts that have little in common are shown as replaced: bounded, and always the same.
MAX_WORK = 4_000_000
MAX_WORK_TOGETHER = 12_000_000  # of all the texts that one page compares
FIRST, SURROGATES, AFTER_SURROGATES = 0x100, 0xD800, 0xE000


class Work:
    """What the redlines of one page may take together, whatever its texts are: the first ones are the exact ones."""

    def __init__(self) -> None:
        self.left = MAX_WORK_TOGETHER

    def takes(self, comparisons: int) -> bool:
        is_taken = comparisons <= min(self.left, MAX_WORK)
        self.left -= comparisons if is_taken else 0
        return is_taken


def redline(old: str, new: str, work: Work | None = None) -> list[tuple[str, str]]:
    """(``equal`` | ``insert`` | ``delete``, text) segments: equal and delete joined give ``old``, equal and insert give ``new``."""
    words: list[str] = []
    coded_old, coded_new = encode(old, new, words)
    engine = diff_match_patch()
    engine.Diff_Timeout = 0  # a clock would make the same texts differ from one machine to the next
    if (work or Work()).takes(len(coded_old) * len(coded_new)):
        diffs = engine.diff_main(coded_old, coded_new, False)
        engine.diff_cleanupSemantic(diffs)
    else:
        diffs = coarse(engine, coded_old, coded_new)
    return [(NAMES[op], "".join(words[number_of(character)] for character in run)) for op, run in diffs if run]


def coarse(engine, old: str, new: str) -> list[tuple[int, str]]:
    """Common beginning and end kept, all between replaced."""
    start = engine.diff_commonPrefix(old, new)
    end = engine.diff_commonSuffix(old[start:], new[start:])
    last_old, last_new = len(old) - end, len(new) - end
    return [(0, old[:start]), (-1, old[start:last_old]), (1, new[start:last_new]), (0, old[last_old:])]


def encode(old: str, new: str, words: list[str]) -> tuple[str, str]:
    """Each text as one character for each token; ``words`` receives the tokens in the order of their characters."""
    numbers: dict[str, int] = {}

    def coded(text: str) -> str:
        characters = []
        for word in tokens(text):
            if word not in numbers:
                numbers[word] = len(words)
                words.append(word)
            characters.append(character_of(numbers[word]))
        return "".join(characters)

    return coded(old), coded(new)


def character_of(number: int) -> str:
    code = FIRST + number
    return chr(code if code < SURROGATES else code + AFTER_SURROGATES - SURROGATES)


def number_of(character: str) -> int:
    code = ord(character)
    return (code if code < SURROGATES else code - (AFTER_SURROGATES - SURROGATES)) - FIRST
