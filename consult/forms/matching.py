"""Which passage a row speaks of: all that it says of its place must agree, and whatever does not makes it doubtful.

A number that anybody's document has (“5.1”, “Clause 3”) names a passage of ours only where the form shows that it is about our text:
see :mod:`consult.forms.understanding`.
"""

import re

from rapidfuzz import fuzz

from consult.forms.columns import folded
from consult.forms.passages import Passages, are_nested, is_within, words_of
from consult.forms.places import Place, Strength, Why
from consult.forms.references import Reference, composed_of, is_several, is_whole, references, spelt_key
from consult.forms.rows import FormRow
from consult.forms.tables import LONGEST_PLACE

QUOTED = re.compile(r"[«“\"„]([^«»“”\"„]{12,1500})[»”\"“]")
ELLIPSIS = re.compile(r"\[?\(?(?:\.{3,}|…)\)?\]?")
PLACE_WORDS = re.compile(
    r"(?<!\w)(?:du|de|la|le|les|l'|d'|des|the|of|in|dans|et|and|n°|page|pages|p|art|clause|article|section|partie|part|titre|title|intitule|projet|"
    r"axe|action|project|axis|chapitre|chapter|chap|voir|see|cf|من|في|المتعلق|ب|le|un|une|sur|au|aux|البند|الماده)(?!\w)")
SAME_PLACE = re.compile(
    r"phrase|sentence|titre|title|intitule|heading|indicateur|indicator|echeance|deadline|pilote|leader|debut|fin\b|ligne|line|mot|word|"
    r"premiere ligne|الجمله|العنوان|المؤشر|الاجل|الجهه المكلفه|tiret|puce|bullet|point|البند|المطه|-|n/?a|neant|tous?|tout|all|entier"
    r"|whole|/")
FEW_WORDS, ENOUGH_WORDS, ENOUGH_LETTERS = 3, 5, 20
NEARLY, CLEARLY = 88, 6  # of 100: how alike words must be, and how much more than those of the next passage


class Matcher:
    """Finds the place of rows among the passages of ``chapters`` (all, where none is named)."""

    def __init__(self, passages: Passages) -> None:
        self.passages = passages

    def place(self, row: FormRow, chapters: set[int]) -> Place:
        chapters = self.chapters_of(row, chapters)
        said = [folded(text[:LONGEST_PLACE]) for text in (row.clause, row.element, row.line)]
        clause, element, line = said
        place = self.placed(clause, chapters)
        if line and not line.isdecimal() and not place.key:
            place = self.placed(line, chapters)
        if element and not place.key and not clause:
            place = self.placed(element, chapters)
        elif element:
            place = self.refined(place, element, chapters)
        if not place.key and place.doubt is None:
            place = self.beyond(row, place, chapters)
        elif not place.key:
            place.others = place.others or self.beyond(row, Place(), chapters).others
        self.check_quotes(row, place, chapters)
        self.check_mentions(row, place)
        return place

    def chapters_of(self, row: FormRow, chapters: set[int]) -> set[int]:
        """The chapter that the row itself names, in a column of its own, its sheet or the heading above it."""
        for text in (row.chapter, row.section, row.sheet):
            if found := self.chapter_in(text[:LONGEST_PLACE]):
                return {found}
        return chapters

    def chapter_in(self, text: str) -> int | None:
        words = folded(text)
        if re.fullmatch(r"c ?\d{1,3}|\d{1,3}", words) and (number := int(re.sub(r"\D", "", words))) in self.passages.chapters:
            return number
        named = [one.numbers[0] for one in references(words) if one.kind == "chapter" and len(one.numbers) == 1]
        if not named:
            keys = self.passages.entitled(words, set())
            named = [self.passages.chapter_of[key] for key in keys if key == f"C{self.passages.chapter_of[key]}"]
        return named[0] if len(set(named)) == 1 and named[0] in self.passages.chapters else None

    def placed(self, text: str, chapters: set[int]) -> Place:
        """What the words of one cell call."""
        if not text or not any(map(str.isalnum, text)):
            return Place()
        if is_whole(text):
            return Place(None, Strength.NAMED, Why.WHOLE)
        if exact := self.by_name(text, chapters) or self.by_title(text, chapters):
            return exact
        found = composed_of(references(text))
        for one in found:
            if one.kind == "chapter" and one.numbers and one.numbers[0] in self.passages.chapters:
                chapters = {one.numbers[0]}
        rest = rest_of(text, found)
        if not found or (len(words_of(text)) >= ENOUGH_WORDS and self.is_somewhere(text, chapters)):
            return self.by_words(text, chapters)
        place = self.by_references(text, found, chapters)
        if place.key is None and rest and all(one.kind in ("paragraph", "chapter") for one in found):
            named = self.by_words(rest, chapters)  # “Contexte et diagnostic, § 3”
            return self.with_part(named, found) if named.key else place
        return self.confirmed(place, rest, chapters)

    def is_somewhere(self, text: str, chapters: set[int]) -> bool:
        """Whether a cell is words of one passage, whatever numbers are among them."""
        return any(len(self.passages.saying(piece, chapters)) == 1 for piece in pieces_of(text.strip(" «»\"")) if len(piece) > 20)

    def by_name(self, text: str, chapters: set[int]) -> Place | None:
        """The very key, or its end as it stands beside the passage, and nothing else."""
        keys = self.passages.within(self.passages.named.get(spelt_key(text.strip(" .:;()[]«»\"")), ()), chapters)
        if len(keys) != 1 or (len(text) < 4 and not text.startswith("c")):
            return None
        is_whole_key = spelt_key(keys[0]) == spelt_key(text.strip(" .:;()[]«»\""))
        return Place(keys[0], Strength.OWN if is_whole_key or "-p" in text else Strength.BARE, Why.KEY, is_quoting=False)

    def by_title(self, text: str, chapters: set[int]) -> Place | None:
        keys = self.passages.entitled(text.strip(" .:;«»\""), chapters)
        if len(words_of(text)) < 2 and not keys:
            return None
        if len(keys) == 1:
            strength = Strength.OWN if len(words_of(text)) >= FEW_WORDS else Strength.NAMED
            return Place(keys[0], strength, Why.TITLE, is_quoting=strength is Strength.OWN)
        return Place(keys[0], Strength.NAMED, Why.TITLE, Why.MANY, others=keys) if keys else None

    def by_references(self, text: str, found: list[Reference], chapters: set[int]) -> Place:
        called = [(one, self.passages.called(one, chapters)) for one in found if one.kind not in ("page", "line", "paragraph", "footnote")]
        keys = [key for one, keys in called if len(keys) == 1 and one.kind != "table" for key in keys]
        if not called:
            return self.unnumbered(found)
        lost = [one for one, keys in called if not keys and one.kind != "table"]
        many = [keys for _one, keys in called if len(keys) > 1]
        if not keys:
            if many:
                return Place(many[0][0], Strength.BARE, Why.NUMBER, Why.MANY, others=many[0])
            if any(one.kind == "table" for one, _keys in called) and not lost:
                return Place(None, Strength.NAMED, Why.NUMBER)
            elsewhere = [key for one in lost for key in self.passages.called(one, set())]
            if len(elsewhere) == 1:
                return Place(elsewhere[0], Strength.BARE, Why.NUMBER, Why.OTHER_CHAPTER)
            is_short = all(len(one.numbers) < 2 and one.kind == "other" for one in lost)
            return Place(None, Strength.WEAK, Why.UNKNOWN, Why.INCOMPLETE if is_short else Why.UNKNOWN, is_unresolved=True)
        deepest = max(keys, key=len)
        place = Place(deepest, strength_of([one for one, keys in called if deepest in keys][0]), why_of(found), others=keys)
        if lost:
            place.is_unresolved = True
            place.doubted(Why.UNKNOWN)
        if not all(are_nested(key, deepest) for key in keys) or is_several(text, [one for one, _keys in called]):
            place.doubted(Why.SEVERAL)
        if any(one.kind == "other" and (len(one.numbers) < 2 or self.passages.could_be_longer(one.numbers)) for one, _keys in called):
            place.doubted(Why.INCOMPLETE)
        return self.with_part(place, found)

    def unnumbered(self, found: list[Reference]) -> Place:
        if any(one.kind == "page" for one in found):
            return Place(None, Strength.WEAK, Why.PAGE, Why.PAGE)
        return Place(None, Strength.WEAK, Why.INCOMPLETE, Why.INCOMPLETE)

    def with_part(self, place: Place, found: list[Reference]) -> Place:
        """“Projet 2.1, § 1”: the paragraph under it, where it has one."""
        parts = [one for one in found if one.kind == "paragraph" and len(one.numbers) == 1]
        if place.key is None or not parts:
            return place
        under = f"{place.key}-§{parts[0].numbers[0]}"
        if under in self.passages.order:
            place.key = under
            return place
        return place if self.passages.kind_of[place.key] == "action" else place.doubted(Why.PART)

    def confirmed(self, place: Place, rest: str, chapters: set[int]) -> Place:
        """The words beside a number say the same passage, another, or nothing."""
        words = words_of(rest)
        if len(words) < 2 or len(rest) < 8:
            return place
        if place.key is None:
            other = self.by_words(rest, chapters)
            if other.key and other.strength is Strength.OWN and place.why is not Why.UNKNOWN:
                return other if place.why is Why.PAGE else other.doubted(place.doubt or Why.DISAGREES)
            place.others = place.others or [key for key in (other.key,) if key]
            return place
        if self.is_said_in(rest, place.key):
            place.is_quoting = len(words) >= FEW_WORDS and len(rest) >= 12
            if place.is_quoting and place.doubt is None:
                place.strength = Strength.OWN
            return place
        other = self.by_words(rest, chapters)
        if other.key and not other.doubt and not is_within(other.key, place.key):
            return place.doubted(Why.DISAGREES)
        if other.key and not other.doubt and is_within(other.key, place.key):
            place.key, place.is_quoting = other.key, True
            return place
        return place.doubted(Why.DISAGREES) if len(words) >= FEW_WORDS and place.strength <= Strength.BARE else place

    def is_said_in(self, words: str, key: str) -> bool:
        sought = " ".join(words_of(words))
        return any(sought in " ".join(words_of(text)) or fuzz.partial_ratio(words, text) >= NEARLY
                   for text in self.passages.texts[key])

    def by_words(self, text: str, chapters: set[int]) -> Place:
        """A title, or words of the passage, as they stand or nearly."""
        text = text.strip(" .:;,«»\"'()[]-–—")
        if exact := self.by_title(text, chapters):
            return exact
        pieces = [piece for piece in pieces_of(text) if len(words_of(piece)) >= 2]
        keys = set.intersection(*(set(self.passages.saying(piece, chapters)) for piece in pieces)) if pieces else set()
        if len(keys) == 1:
            whole = " ".join(pieces)
            is_long = len(words_of(whole)) >= ENOUGH_WORDS and len(whole) >= ENOUGH_LETTERS
            is_enough = len(words_of(whole)) >= FEW_WORDS and len(whole) >= 12
            strength = Strength.OWN if is_long else Strength.NAMED if is_enough else Strength.WEAK
            return Place(keys.pop(), strength, Why.WORDS, None if is_enough else Why.INCOMPLETE, is_quoting=is_long)
        if keys:
            return self.first_of(self.passages.within(keys, chapters), text)
        return self.nearly(text, chapters)

    def first_of(self, keys: list[str], text: str) -> Place:
        """The words stand in several passages: one that begins with them is meant, if it is the only one."""
        sought = " ".join(words_of(text))
        starting = [key for key in keys if any(starts(said, sought) for said in self.passages.texts[key])]
        if len(starting) == 1 and len(words_of(text)) >= ENOUGH_WORDS:
            return Place(starting[0], Strength.NAMED, Why.WORDS, Why.MANY, others=keys)
        return Place((starting or keys)[0], Strength.WEAK, Why.WORDS, Why.MANY, others=keys[:10])

    def nearly(self, text: str, chapters: set[int]) -> Place:
        titles = self.passages.nearly_entitled(text, chapters) if len(text) >= 8 else []
        if titles:
            clear = len(titles) == 1 or titles[0][0] - next((score for score, key in titles if key != titles[0][1]), 0) >= CLEARLY
            is_sure = clear and titles[0][0] >= NEARLY and len(text) >= 15
            return Place(titles[0][1], Strength.OWN if is_sure else Strength.WEAK, Why.NEARLY_TITLE, None if is_sure else Why.NEARLY_TITLE,
                         is_quoting=is_sure, others=[key for _score, key in titles])
        if len(text) < ENOUGH_LETTERS or len(words_of(text)) < ENOUGH_WORDS:
            return Place(None, Strength.NOTHING, Why.UNKNOWN, Why.UNKNOWN)
        found = self.passages.resembling(text, chapters)
        if not found or found[0][0] < 70:
            return Place(None, Strength.NOTHING, Why.UNKNOWN, Why.UNKNOWN, others=[])
        score, key = found[0]
        is_sure = score >= NEARLY and (len(found) == 1 or score - found[1][0] >= 2 * CLEARLY) and len(text) >= 30
        return Place(key, Strength.OWN if is_sure else Strength.WEAK, Why.NEARLY_WORDS, None if is_sure else Why.NEARLY_WORDS,
                     is_quoting=is_sure, others=[other for _score, other in found[:5]])

    def refined(self, place: Place, element: str, chapters: set[int]) -> Place:
        """What the second column says: a paragraph, a table, words under the place that the first one names; or nothing more."""
        found = composed_of(references(element))
        if place.why is Why.WHOLE:
            inner = self.placed(element, chapters)
            return inner if inner.key else place
        if place.key is None:
            inner = self.placed(element, chapters)
            if inner.key and (place.doubt or place.is_unresolved):
                return inner.doubted(Why.DISAGREES)
            return inner if inner.key else place
        if is_whole(element) or SAME_PLACE.fullmatch(element):
            return place
        numbered = [one for one in found if one.kind in ("key", "axis", "project", "action")]
        if numbered:
            keys = [key for one in numbered for key in self.passages.called(one, chapters)]
            if len(keys) == 1 and is_within(keys[0], place.key):
                place.key = keys[0]
                return place
            return place if keys and all(is_within(place.key, key) for key in keys) else place.doubted(Why.DISAGREES)
        if any(one.kind == "paragraph" for one in found):
            return self.with_part(place, found)
        if table := next((one for one in found if one.kind == "table"), None):
            return self.table_of(place, table)
        if element.strip("().").isdecimal():
            return place.doubted(Why.INCOMPLETE) if self.passages.kind_of[place.key] != "action" else place
        return self.by_inner_words(place, element, chapters, bool(found))

    def table_of(self, place: Place, table: Reference) -> Place:
        chapter = self.passages.chapter_of[place.key or ""]
        keys = self.passages.called(table, {chapter})
        if len(keys) != 1 or place.key is None:
            return place.doubted(Why.PART)
        if is_within(keys[0], place.key):
            place.key = keys[0]
            return place
        return place.doubted(Why.DISAGREES)

    def by_inner_words(self, place: Place, element: str, chapters: set[int], has_reference: bool) -> Place:
        rest = element.strip(" .:;,«»\"'()[]-–—")
        if place.key is not None and self.is_said_in(rest, place.key) and len(words_of(rest)) >= 2:
            place.is_quoting = place.is_quoting or len(words_of(rest)) >= FEW_WORDS
            return place
        other = self.by_words(rest, chapters)
        if other.key and place.key and is_within(other.key, place.key) and not other.doubt:
            place.key, place.is_quoting = other.key, other.is_quoting
            return place
        if other.key and not other.doubt and other.strength is Strength.OWN:
            return place.doubted(Why.DISAGREES)
        if SAME_PLACE.search(element):
            return place
        return place.doubted(Why.PART) if has_reference or len(words_of(rest)) >= FEW_WORDS else place

    def beyond(self, row: FormRow, place: Place, chapters: set[int]) -> Place:
        """Where the columns of the place say nothing: what the comment quotes or mentions, and the heading above."""
        if place.why is Why.WHOLE:
            return place
        quoted = self.quoted_in(row, chapters)
        if len(quoted) == 1:
            (key, is_long), = quoted.items()
            return Place(key, Strength.OWN, Why.QUOTED, None if is_long else Why.QUOTED, is_quoting=is_long)
        if quoted:
            return Place(next(iter(quoted)), Strength.WEAK, Why.QUOTED, Why.SEVERAL, others=list(quoted))
        mentioned = [key for one in composed_of(references(folded(row.comment[:400]))) if one.kind in ("key", "project", "action")
                     for key in self.passages.called(one, chapters)]
        if mentioned:
            return Place(mentioned[0], Strength.WEAK, Why.MENTIONED, Why.MENTIONED, others=mentioned)
        if row.page:
            return Place(None, Strength.WEAK, Why.PAGE, Why.PAGE)
        if row.section and (above := self.placed(folded(row.section[:LONGEST_PLACE]), chapters)).key:
            return Place(above.key, Strength.WEAK, Why.SECTION, Why.SECTION)
        if similar := self.resembling_change(row, chapters):
            return similar
        return place

    def resembling_change(self, row: FormRow, chapters: set[int]) -> Place | None:
        text = folded(row.change)[:600]
        if len(words_of(text)) < 8:
            return None
        found = self.passages.resembling(text, chapters)
        if found and found[0][0] >= 75:
            return Place(found[0][1], Strength.WEAK, Why.NEARLY_WORDS, Why.NEARLY_WORDS, others=[key for _score, key in found[:5]])
        return None

    def quoted_in(self, row: FormRow, chapters: set[int]) -> dict[str, bool]:
        """The passages that the comment quotes word for word, each alone; whether the quote is long enough to be certain."""
        found: dict[str, bool] = {}
        for text in (row.comment, row.change):
            for quote in QUOTED.findall(text):
                words = folded(quote)
                if len(words_of(words)) < 4:
                    continue
                keys = self.passages.saying(words, chapters)
                if len(keys) == 1:
                    found[keys[0]] = found.get(keys[0], False) or (len(words_of(words)) >= ENOUGH_WORDS and text is row.comment)
        return found

    def check_quotes(self, row: FormRow, place: Place, chapters: set[int]) -> None:
        """Words that the comment quotes and that stand in another passage alone: one of the two is wrong."""
        if place.key is None or place.why is Why.QUOTED:
            return
        quoted = self.quoted_in(row, set())
        if any(is_within(key, place.key) for key in quoted):
            place.is_quoting = True
        elif any(not is_within(place.key, key) for key in quoted):
            place.doubted(Why.DISAGREES)
            place.others += [key for key in quoted if key not in place.others]

    def check_mentions(self, row: FormRow, place: Place) -> None:
        """A comment that begins with the number of another passage than its own column."""
        if place.key is None or place.why in (Why.QUOTED, Why.MENTIONED):
            return
        first = next(iter(composed_of(references(folded(row.comment[:60])))), None)
        if first is not None and first.start <= 3 and first.kind in ("key", "project", "action", "axis"):
            keys = self.passages.called(first, set())
            if keys and not any(are_nested(key, place.key) for key in keys):
                place.doubted(Why.DISAGREES)


def pieces_of(text: str) -> list[str]:
    """What stands between its ellipses."""
    return [piece.strip() for piece in ELLIPSIS.split(text)]


def starts(text: str, words: str) -> bool:
    said = " ".join(words_of(text))
    return said.startswith(words) or re.sub(r"^\D{0,12}\d+(?: \d+)* ", "", said, count=1).startswith(words)


def rest_of(text: str, found: list[Reference]) -> str:
    """The words beside the numbers."""
    kept, last = [], 0
    for one in found:
        kept.append(text[last:one.start])
        last = one.end
    rest = " ".join([*kept, text[last:]])
    rest = rest.strip(" .:;,«»\"'()[]-–—/§")
    return "" if not PLACE_WORDS.sub(" ", rest).strip(" .:;,-–—/()'") else " ".join(rest.split()).strip(" .:;,«»\"'()[]-–—/§")


def strength_of(reference: Reference) -> Strength:
    if reference.kind == "key":
        return Strength.OWN if reference.chapter is not None or "p" in reference.key else Strength.BARE
    if reference.kind in ("project", "action", "axis", "chapter"):
        return Strength.NAMED
    return Strength.BARE


def why_of(found: list[Reference]) -> Why:
    return Why.KEY if any(one.kind == "key" for one in found) else Why.NUMBER
