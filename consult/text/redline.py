"""What changed between two wordings, word by word; right for Arabic as for French."""

from contextvars import ContextVar

from diff_match_patch import diff_match_patch

from consult.text.words import tokens

NAMES = {-1: "delete", 0: "equal", 1: "insert"}
# Beyond this many comparisons two texts that have little in common are shown as replaced: bounded, and always the same.
MAX_WORK = 4_000_000
MAX_WORK_TOGETHER = 12_000_000  # of all passages of two texts of the Council that one page compares
MAX_WORK_AT_ONCE = 2_000_000  # of all that people proposed, and whatever else one page shows
FIRST, SURROGATES, AFTER_SURROGATES = 0x100, 0xD800, 0xE000


class Work:
    """What several redlines may take together, whatever their texts are: the first ones are the exact ones."""

    def __init__(self, most: int | None = None) -> None:
        self.left = MAX_WORK_TOGETHER if most is None else most

    def takes(self, comparisons: int) -> bool:
        is_taken = comparisons <= min(self.left, MAX_WORK)
        self.left -= comparisons if is_taken else 0
        return is_taken


_of_page: ContextVar[Work | None] = ContextVar("what the redlines of the page that is being made may take", default=None)


def begin_page() -> None:
    """From here on, redlines without a :class:`Work` of their own are of one page, and share one: however many texts it shows."""
    _of_page.set(Work(MAX_WORK_AT_ONCE))


def end_page() -> None:
    _of_page.set(None)


def redline(old: str, new: str, work: Work | None = None) -> list[tuple[str, str]]:
    """(``equal`` | ``insert`` | ``delete``, text) segments: equal and delete joined give ``old``, equal and insert give ``new``."""
    words: list[str] = []
    coded_old, coded_new = encode(old, new, words)
    engine = diff_match_patch()
    engine.Diff_Timeout = 0  # a clock would make the same texts differ from one machine to the next
    start, last_old, last_new = between_ends(engine, coded_old, coded_new)
    if (work or _of_page.get() or Work()).takes((last_old - start) * (last_new - start)):
        diffs = engine.diff_main(coded_old, coded_new, False)
        engine.diff_cleanupSemantic(diffs)
    else:
        diffs = [(0, coded_old[:start]), (-1, coded_old[start:last_old]), (1, coded_new[start:last_new]), (0, coded_old[last_old:])]
    return [(NAMES[op], "".join(words[number_of(character)] for character in run)) for op, run in diffs if run]


def between_ends(engine, old: str, new: str) -> tuple[int, int, int]:
    """Where the common beginning ends, and where the common end begins in each."""
    start = engine.diff_commonPrefix(old, new)
    end = engine.diff_commonSuffix(old[start:], new[start:])
    return start, len(old) - end, len(new) - end


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
