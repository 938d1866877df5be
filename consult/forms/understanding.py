"""A whole form against the text: is it about this text at all, and which passage does each row speak of?

“Sure” is said only of what names a passage in a way that no other document has (a key, a title, its words), or of numbers in a form
that shows in some other way that it speaks of this text: it says so at its head, other rows of it quote the text, or its remarks use
the words of the very passages that their numbers name, and its numbers exist.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from consult.forms.columns import folded
from consult.forms.matching import Matcher
from consult.forms.passages import Passage, Passages, words_of
from consult.forms.places import Confidence, Place, Strength, Why
from consult.forms.references import references
from consult.forms.rows import FormRow, ReadForm

OUR_NAMES = ("politique nationale de la qualite", "national quality policy", "السياسه الوطنيه للجوده", "pnq")
MAX_LOST = 0.2  # of the numbers that a form about our text may have wrong
SUPPORTING = 0.92  # of the passages to which a remark is nearer than to this one, at most the rest
ENOUGH_SUPPORT, ENOUGH_SHARED = 0.3, 6  # part of the remarks; words
LONG_ENOUGH, RARE = 4, 1.5  # letters of a word; the logarithm of how many passages lack it
COMPARED = 60  # passages that a remark is compared with


@dataclass(frozen=True)
class Understood:
    """One row, where it belongs, and how that was found; ``others`` are passages that may be meant."""

    row: FormRow
    passage: str | None
    chapter: int | None
    confidence: Confidence
    why: Why
    found_by: Why
    others: list[str] = field(default_factory=list)


@dataclass
class Understanding:
    rows: list[Understood] = field(default_factory=list)
    chapters: set[int] = field(default_factory=set)
    is_about_text: bool = False


@dataclass(frozen=True)
class Evidence:
    """What the form as a whole shows."""

    says_so: bool  # at its head
    quotes: int  # rows that call a passage by what only our text has
    support: float | None  # of the remarks that could be compared, those that use the words of their passage
    compared: int
    shared: int  # the different words that those have of their passages, where they are several
    lost: float  # of the numbers, those that are not in our text
    numbered: int

    @property
    def is_against(self) -> bool:
        return self.numbered >= 2 and self.lost > MAX_LOST and not self.quotes > self.numbered / 2

    @property
    def is_for(self) -> bool:
        return self.says_so or self.quotes > 0 or (self.shared >= ENOUGH_SHARED and (self.support or 0) >= ENOUGH_SUPPORT)

    @property
    def is_strange(self) -> bool:
        """Many remarks in a language of ours, none of which has a word of its passage."""
        return self.compared >= 4 and self.support is not None and self.support < 0.15 and not self.quotes


def understand(form: ReadForm, passages: Passages, *, chapter: int | None = None,
               progress: Callable[[int], None] = lambda _percent: None) -> Understanding:
    matcher = Matcher(passages)
    told = chapters_told(form, matcher)
    asked = {chapter} if chapter is not None else told if len(told) == 1 else set()
    places: list[tuple[FormRow, Place]] = []
    for number, row in enumerate(form.rows):
        places.append((row, matcher.place(row, asked)))
        progress(int(95 * (number + 1) / len(form.rows)))
    evidence = evidence_of(form, places, passages)
    most = main_chapters(places, passages)
    judged = [judge(row, place, matcher, evidence, asked, most) for row, place in places]
    return Understanding(judged, asked or most, (evidence.is_for and not evidence.is_against))


def chapters_told(form: ReadForm, matcher: Matcher) -> set[int]:
    """The chapters that the head of the form names."""
    found = {number for said in form.preface if (number := matcher.chapter_in(said))}
    for said in form.preface:
        words = folded(said)
        found |= {one.numbers[0] for one in references(words)
                  if one.kind == "chapter" and len(one.numbers) == 1 and one.numbers[0] in matcher.passages.chapters}
    return found


def evidence_of(form: ReadForm, places: list[tuple[FormRow, Place]], passages: Passages) -> Evidence:
    head = " ".join(map(folded, form.preface))
    titles = [text for key in (f"C{number}" for number in passages.chapters) for text in passages.texts.get(key, ())]
    says_so = any(name in f" {head} " for name in (*OUR_NAMES[:-1], f" {OUR_NAMES[-1]} ")) or any(
        title in head for title in titles if len(title) > 12)
    numbered = [place for _row, place in places if place.is_unresolved or (place.key and place.why in (Why.NUMBER, Why.KEY))]
    lost = sum(place.is_unresolved for place in numbered)
    quotes = sum(place.strength is Strength.OWN or place.is_quoting for _row, place in places if place.key and place.why is not Why.QUOTED)
    quotes += sum(place.why is Why.QUOTED and place.is_quoting for _row, place in places)
    compared = [shared for row, place in places if place.key and place.why is Why.NUMBER
                and (shared := shared_words(row, place.key, passages)) is not None]
    near = [shared for shared in compared if shared]
    support = len(near) / len(compared) if compared else None
    return Evidence(says_so, quotes, support, len(compared), len(set().union(*near)) if len(near) > 1 else 0,
                    lost / len(numbered) if numbered else 0.0, len(numbered))


def shared_words(row: FormRow, key: str, passages: Passages) -> set[str] | None:
    """The rare words that a remark has of its passage, where it has more of them than of nearly all others; None where it has too few
    words of the text to tell, such as a remark in another language.
    """
    said = words_of(folded(f"{row.comment} {row.change}"))
    words = {word for word in said if len(word) >= LONG_ENOUGH and word.isalpha() and passages.rarity.get(word, 0) > RARE}
    if len(words) < 2:
        return None
    shared = passages.shared(words, key)
    if len(shared) < 2:
        return set()
    own, keys = passages.affinity(words, key), list(passages.order)
    others = [other for other in keys[::max(1, len(keys) // COMPARED)] if other != key]
    is_near = sum(passages.affinity(words, other) < own for other in others) >= SUPPORTING * len(others)
    return shared if is_near else set()


def main_chapters(places: Iterable[tuple[FormRow, Place]], passages: Passages) -> set[int]:
    """Those of which a good part of the rows speak."""
    counted = Counter(passages.chapter_of[place.key] for _row, place in places if place.key and place.doubt is None)
    return {number for number, count in counted.items() if count >= max(1, counted.total() / 5)}


def judge(row: FormRow, place: Place, matcher: Matcher, evidence: Evidence, asked: set[int], most: set[int]) -> Understood:
    passages = matcher.passages
    chapters = matcher.chapters_of(row, asked)
    if place.why is Why.WHOLE or (place.key is None and place.why is Why.NO_PLACE):
        return whole(row, place, chapters, most, evidence, passages)
    if place.key is None:
        confidence = Confidence.DOUBTFUL if place.others or place.why in (Why.PAGE, Why.INCOMPLETE, Why.UNKNOWN) else Confidence.NONE
        chapter = next(iter(chapters), None) if len(chapters) == 1 else None
        return Understood(row, None, chapter, confidence, place.doubt or place.why, place.why, place.others)
    chapter, doubt = passages.chapter_of[place.key], place.doubt
    if doubt is None and asked and chapter not in chapters:
        doubt = Why.OTHER_CHAPTER
    if doubt is None:
        doubt = needs_proof(place, evidence, bool(asked))
    if doubt is None and place.strength <= Strength.BARE and not chapters and most and chapter not in most:
        doubt = Why.OTHER_CHAPTER
    return Understood(row, place.key, chapter, Confidence.DOUBTFUL if doubt else Confidence.SURE, doubt or place.why, place.why,
        place.others)


def needs_proof(place: Place, evidence: Evidence, is_asked: bool) -> Why | None:
    if place.strength is Strength.OWN or place.is_quoting:
        return None
    if evidence.is_against or (evidence.is_strange and not evidence.says_so):
        return Why.OTHER_TEXT
    if place.strength is Strength.NAMED and place.why is not Why.TITLE:
        return None if evidence.is_for or is_asked else Why.OTHER_TEXT
    return None if evidence.is_for and place.strength >= Strength.BARE else Why.OTHER_TEXT


def whole(row: FormRow, place: Place, chapters: set[int], most: set[int], evidence: Evidence, passages: Passages) -> Understood:
    """A remark on the chapter as a whole, where it is known which; what says no place at all is put there, and doubtful."""
    likely = chapters or most
    key = f"C{next(iter(likely))}" if len(likely) == 1 else None
    if key is None or key not in passages.order:
        return Understood(row, None, None, Confidence.NONE, place.why, place.why)
    number = passages.chapter_of[key]
    if place.why is not Why.WHOLE:
        return Understood(row, key, number, Confidence.DOUBTFUL, Why.NO_PLACE, Why.NO_PLACE)
    is_proved = evidence.is_for and not evidence.is_against and bool(chapters)
    return Understood(row, key, number, Confidence.SURE if is_proved else Confidence.DOUBTFUL,
                      Why.WHOLE if is_proved else Why.OTHER_TEXT, Why.WHOLE)


def passages_of(parsed: Iterable) -> Passages:
    """Of chapters as they are read from files."""
    return Passages(Passage(block.key, str(block.kind.value), block.label, block.text, chapter.number, chapter.language)
                    for chapter in parsed for block in chapter.blocks)
