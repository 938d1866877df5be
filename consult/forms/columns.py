"""Which column of a form is which: by what its heading says, in three languages and however it was renamed; else by what stands in it."""

import re
from collections.abc import Sequence
from functools import lru_cache

from consult.forms.tables import Line, Table
from consult.text.quotes import COMPARABLE

COLUMNS = ("commenter", "id", "line", "chapter", "clause", "element", "page", "type", "comment", "change", "observations")
LONGEST_HEADING, LONGEST_NAME, MAX_WORDS = 160, 70, 11  # characters with its example and note, without them, words
# In this order: the first that is found in a heading, in small letters without accents, is what the column holds.
HEADINGS: tuple[tuple[str, str], ...] = (
    ("id", r"^(comment|remark) ?(id|no|nb|number|ref)\b|^id\b|^identifiant|^ref(erence)?\.? (du commentaire|of the comment)$|^no?$|^n°$|^#$"
           r"|^(num(ero)?|n°|no) ?(d'ordre|du commentaire|de l'observation)|^رقم( الترتيب| التعليق| الملاحظه)?$|^الرقم( الترتيبي)?$"
           r"|^ر\.?ت$"),
    ("observations", r"secretari|observations? (of|de la|du) (the )?(comm|redact|edit|project|convenor)|^(resolution|disposition)\b"
                     r"|^(reponse|response|decision|suite)\b|observations? on each|comments? resolution|كتابه (المجلس|اللجنه|الضبط)"
                     r"|ملاحظات (ال)?(كتابه|سكرتاريه|امانه|مقرر)|^(الجواب|المال|القرار|الرد)\b|للاداره|reserve (au|a l)"),
    ("change", r"^(texte|text|wording|redaction|libelle|formulation) (propos|suggest|recommend)|^(nouve(au|lle)|new) (texte|text"
           r"|redaction|wording|libelle)"
               r"|^propos(ed|al|ition|e)|^suggest|^(modification|changement|amendement|change|amendment|redaction)\b"
               r"|(modification|changement|amendement|change|text[e]?) (propos|suggest|demand|request)|^solution"
               r"|مقترح|الصيغه|^(ال)?تعديل|^(ال)?اقتراح|النص (الجديد|البديل)"),
    ("type", r"\btype|^nature|^categor|^kind\b|\bge ?/ ?te|^(ال)?(نوع|صنف|طبيعه)"),
    ("comment", r"^(general )?comment|^commentaire|^observation|^remar[qk]|^justif|^avis\b|^feedback|^(vos|your) (comm|obs|rem)|^issue"
                r"|commentaires?\b|comments?\b|^(ال)?(تعليق|تعاليق|ملاحظ|تعليل|مبرر|رايكم)"),
    ("line", r"\blines?\b|\blignes?\b|سطر|السطور"),
    ("page", r"^pages?\b|^(رقم )?(ال)?صفحه"),
    ("chapter", r"^(n° (de )?|numero (de |du )?)?(chapitre|chapter|volet)( concerne)?$|^(رقم )?(ال)?باب$"),
    ("element", r"^(paragraph|paragraphe|para|alinea|figure|table|tableau|list item|note|element|item|liste)\b|^(ال)?(فقره|شكل|جدول|عنصر)"),
    ("clause", r"\bclause|subclause|\barticle|^section|^(sous-?)?section|\bpassage|^chap|^(axe|projet|action|axis|project)\b|^endroit"
           r"|^emplacement"
               r"|^(place|location|reference|ref|disposition|partie|part|point|extrait|texte vise|text concerned)\b"
               r"|^(ال)?(بند|ماده|مرجع|مقطع|موضع|محور|مشروع|اجراء)|البند|الماده"),
    ("commenter", r"^mb\b|\bnc\b|^member|^membre|^organi[sz]|^organisme|^pays|^country|^entite|^entity|^comit|^institution|^structure"
                  r"|^(nom|name|auteur|author|company|societe|emetteur|contribut|commente|source|expert|federation|delegation)|^(ال)?(هييه|جهه|موسسه|منظمه|عضو|اسم|بلد|دوله|صاحب)"),
)
PATTERNS = tuple((name, re.compile(pattern)) for name, pattern in HEADINGS)
NUMBERING = re.compile(r"\(?\d{1,2}\)?")
TWO_NUMBERS = re.compile(r"\d[.\-/]\d")
EXAMPLE = re.compile(r"\((e\.? ?g|ex|p\.? ?ex|par exemple|مثل|مثال)[^)]*\)|\([^)]*\b(p\. ex|e\.g)[^)]*\)")
FOOTNOTE = re.compile(r"(?<=[a-z)؀-ۿ])[0-9¹²³*]{1,2}(?= |$)")
# By how many columns there are, in the form of 2012 and in that of 2001.
STANDARD: dict[int, tuple[str, ...]] = {
    7: ("commenter", "clause", "element", "type", "comment", "change", "observations"),
    8: ("commenter", "line", "clause", "element", "type", "comment", "change", "observations"),
    9: ("commenter", "id", "line", "clause", "element", "type", "comment", "change", "observations"),
}
DIGITS = {ord(sign): str(digit) for first in ("٠", "۰") for digit, sign in enumerate(map(chr, range(ord(first), ord(first) + 10)))}
Mapping = dict[int, str]


def folded(text: str) -> str:
    """For comparing: small letters without accents, one writing of each letter, everybody's digits."""
    return " ".join("".join(map(COMPARABLE.__getitem__, text)).translate(DIGITS).split())


@lru_cache(maxsize=2048)
def taken_for(heading: str) -> str:
    """What a column with this heading holds, or empty."""
    if len(heading) > LONGEST_HEADING:
        return ""
    words = folded(heading.replace("_", " "))
    plain = " ".join(FOOTNOTE.sub("", EXAMPLE.sub(" ", words)).replace("*", " ").strip(" :.").split())
    plain = re.sub(r" ?/ ?", "/", plain)
    if len(plain) > LONGEST_NAME or len(plain.split()) > MAX_WORDS or TWO_NUMBERS.search(plain):
        return ""
    return next((name for name, pattern in PATTERNS if plain and pattern.search(plain)), "")


def mapping_of(cells: Sequence[str]) -> Mapping:
    """By the place of a column what its heading says; empty where these cells are no headings."""
    found = {place: name for place, text in enumerate(cells) if text.strip() and (name := taken_for(text.strip()))}
    names = list(found.values())
    if names.count("comment") == 2 and "observations" not in names:  # “Commentaires” and “Observations”: the second is of whoever answers
        last = max(place for place, name in found.items() if name == "comment")
        if folded(cells[last]).startswith("observ"):
            found[last] = "observations"
    taken: Mapping = {}
    for place, name in found.items():
        if name not in taken.values():
            taken[place] = name
        elif name == "clause" and "element" not in names:
            taken[place] = "element"
        elif name == "commenter" and "id" not in names:
            taken[place] = "id"
    return taken if is_heading(taken, cells) else {}


def is_heading(taken: Mapping, cells: Sequence[str]) -> bool:
    names, filled = set(taken.values()), [cell for cell in cells if cell.strip()]
    if not names & {"comment", "change"} or len(names) < min(3, len(filled)) or len(names) < 2:
        return False
    is_short = all(len(cell) <= LONGEST_HEADING and not TWO_NUMBERS.search(EXAMPLE.sub(" ", folded(cell))) for cell in filled)
    return is_short and 2 * len(taken) >= len(filled)


def heading_at(lines: Sequence[Line], place: int) -> tuple[Mapping, int]:
    """The headings that begin in this line, and of how many lines they are (joined over two, or split in two)."""
    one = mapping_of(lines[place].cells)
    rest = lines[place + 1:place + 2]
    if rest and not is_number_row(rest[0]):
        under = rest[0]
        both = [f"{lines[place].cell(column)} {under.cell(column) if column not in under.carried else ''}".strip()
                for column in range(max(len(lines[place].cells), len(under.cells)))]
        is_short = all(len(cell) < 40 for cell in under.cells)
        two = mapping_of(both) if is_short else {}
        if len(two) > len(one) and not mapping_of(under.cells):
            return two, 2
    return one, 1


def is_number_row(line: Line) -> bool:
    """1, 2, 3… under the headings, or “(e.g. 17)”."""
    filled = [line.cells[place].strip() for place in line.filled]
    return len(filled) >= 3 and all(NUMBERING.fullmatch(folded(text)) for text in filled)


# Without headings

TYPES = {
    "general": "ge gen general generale generaux generalites g عام عامه",
    "technical": "te tec tech technical technique techniques t تقني تقنيه فني",
    "editorial": "ed edi edit editorial editoriale editoriaux e redactionnel redactionnelle forme تحريري تحريريه شكلي لغوي صياغه",
}
TYPE_OF = {word: name for name, words in TYPES.items() for word in words.split()}


@lru_cache(maxsize=4096)
def type_in(text: str) -> str:
    """``general``, ``technical`` or ``editorial``; of several the first, empty where none is named."""
    words = re.findall(r"\w+", folded(text)[:80])
    if len(words) > 6:
        return ""
    for word in words:
        for form in (word, word.removeprefix("ال"), word.removesuffix("s")):
            if form in TYPE_OF:
                return TYPE_OF[form]
    return ""


def guessed(table: Table) -> Mapping:
    """By the usual order, where the column of the types stands where it should; else by what the columns hold."""
    lines = [line for line in table.lines if not line.is_across and len(line.filled) > 1]
    if not lines:
        return {}
    width = max(len(line.cells) for line in lines)
    used = [place for place in range(width) if any(line.cell(place).strip() for line in lines)]
    typed = {place: share(lines, place, lambda text: bool(type_in(text)) and len(text) < 30) for place in used}
    best = max(typed, key=lambda place: typed[place], default=-1)
    names = STANDARD.get(width, ())
    if names and best >= 0 and names[best] == "type" and typed[best] > 0.5:
        return dict(enumerate(names))
    if best < 0 or typed[best] <= 0.5:
        return by_length(lines, used) if not names else dict(enumerate(names)) if fits(lines, names) else by_length(lines, used)
    after = [place for place in used if place > best]
    before = [place for place in used if place < best]
    guess: Mapping = {best: "type", **dict(zip(after, ("comment", "change", "observations"), strict=False))}
    return {**guess, **dict(zip(before, STANDARD[7 if len(before) <= 3 else 8], strict=False))} if after else by_length(lines, used)


def fits(lines: list[Line], names: tuple[str, ...]) -> bool:
    long = max(range(len(names)), key=lambda place: mean_length(lines, place))
    return names[long] in ("comment", "change")


def by_length(lines: list[Line], used: list[int]) -> Mapping:
    """The longest texts are the comments, those after them the changes, and what stands before them says where."""
    if not used:
        return {}
    longest = max(used, key=lambda place: mean_length(lines, place))
    others = [place for place in used if place > longest and mean_length(lines, place) > 15]
    before = [place for place in used if place < longest]
    guess = {longest: "comment"}
    if others:
        guess[others[0]] = "change"
    if before:
        guess[before[-1]] = "clause"
    if len(before) > 1:
        guess[before[0]] = "commenter"
    return guess


def mean_length(lines: list[Line], place: int) -> float:
    return sum(len(line.cell(place)) for line in lines) / len(lines)


def share(lines: list[Line], place: int, says) -> float:
    filled = [text for line in lines if (text := line.cell(place).strip())]
    return sum(map(bool, map(says, filled))) / len(filled) if filled else 0.0
