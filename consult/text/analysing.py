"""A text as it is compared with many others: its words, each folded once, without what says nothing of what is meant.

Case, accents, vowel signs, the writings of one letter and the digits of Arabic make no difference; greetings, farewells with the name under
them, addresses and references are no words of the argument.
"""

import re
import unicodedata
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from consult.text.composing import composed
from consult.text.normalising import SIGNS, normalised

# A word with its vowel signs; a number with its points, and with its thousands apart as French writes them.
WORD = re.compile("\\d{1,3}(?:[ \u00a0\u202f]\\d{3})+(?!\\d)|\\d+(?:[.,\u066b]\\d+)*|"
                  "[^\\W\\d_][\\w\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed]*")
ADDRESS = re.compile(
    r"(?:https?://|www\.)\S+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}|\bPNQ-C\d{1,3}-[R\d-]{1,40}", re.IGNORECASE)
GREETING = re.compile(
    r"(?:(?:bonjour|bonsoir|madame|monsieur|mesdames|messieurs|chers?|cheres?|dear|hello|good (?:morning|day|evening)|to whom)\b|"
    r"السلام عليكم|تحيه طيبه|تحيه|سيدي|سيدتي|الي السيد|حضرات)")
FAREWELL = re.compile(
    r"(?:(?:bien )?cordialement|respectueusement|sinceres? salutations|salutations|veuillez (?:agreer|recevoir|croire)|"
    r"je vous prie d|nous vous prions d|dans l.attente|(?:yours|best regards|kind regards|regards|sincerely|respectfully)\b|"
    r"مع (?:فايق |خالص )?(?:التقدير|التحيه|الاحترام)|وتقبلوا|تقبلوا|والسلام)")
# Words by one of which every greeting begins, and of which every farewell has one: a text without them is not looked at further.
GREETS = frozenset("bonjour bonsoir madame monsieur mesdames messieurs cher chers chere cheres dear hello good to السلام تحيه سيدي سيدتي "
                   "الي حضرات".split())
TAKES_LEAVE = frozenset("cordialement respectueusement salutations agreer recevoir croire prie prions attente regards yours sincerely "
                        "respectfully التقدير التحيه الاحترام وتقبلوا تقبلوا والسلام".split())
MOST_GREETING, MOST_AFTER_FAREWELL = 12, 12  # words of a line that greets; of all that stands under a farewell


class Word(NamedTuple):
    """A word as it is compared, and where it stands in the text as it was written."""

    folded: str
    start: int
    end: int


@lru_cache(200_000)
def folded(word: str) -> str:
    """One word, without what makes no difference; the parts of a number as one, in European digits."""
    if word[0].isdigit():
        return "".join(str(unicodedata.digit(sign)) if sign.isdigit() else "." for sign in word if sign.isdigit() or sign in ".,٫")
    plain = composed("NFD", SIGNS.sub("", normalised(word)).replace("œ", "oe").replace("æ", "ae"))
    return plain if plain.isascii() else "".join(letter for letter in plain if not unicodedata.combining(letter))


@lru_cache(200_000)
def word_hash(word: str) -> int:
    """64 bits, the same in every process."""
    return int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "big")


def argument_words(text: str) -> list[str]:
    """The words of the argument as they are compared, in order."""
    body = without_addresses(text)
    found = list(map(folded, WORD.findall(body)))
    if found and (found[0] in GREETS or not TAKES_LEAVE.isdisjoint(found)):
        return list(map(folded, WORD.findall(body, *argument(body))))
    return found


def placed_words(text: str) -> list[Word]:
    """The same, each with where it stands in the text."""
    body = without_addresses(text)
    return [Word(folded(found[0]), found.start(), found.end()) for found in WORD.finditer(body, *argument(body))]


def without_addresses(text: str) -> str:
    """Blanks in their place."""
    has_any = "@" in text or "://" in text or "www." in text or "PNQ-" in text
    return ADDRESS.sub(lambda found: " " * len(found[0]), text) if has_any else text


def argument(text: str) -> tuple[int, int]:
    """Where it begins, after a line that greets, and where it ends, before a farewell and what stands under it."""
    begin, end = 0, len(text)
    lines = [(found.start(), found.end()) for found in re.finditer(r"[^\n]*\S[^\n]*", text)]
    if len(lines) > 1 and GREETING.match(plain(text[slice(*lines[0])])) and len(WORD.findall(text, *lines[0])) <= MOST_GREETING:
        begin = lines[0][1]
    for start, _end in reversed(lines[1:]):
        if len(WORD.findall(text, start, end)) > MOST_AFTER_FAREWELL + MOST_GREETING:
            break
        if FAREWELL.match(plain(text[start:start + 60])):
            return begin, start
    return begin, end


def plain(line: str) -> str:
    letters = composed("NFD", normalised(line))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
