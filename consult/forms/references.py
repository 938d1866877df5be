"""The places that people write down: ``C1-A1-P2-a1``, “Action 1.2.1”, “§ 3.2”, “projet 2 de l’axe 3”, “المشروع ١.٢”, “page 4”."""

import re
from dataclasses import dataclass

from consult.forms.columns import folded

KINDS = {
    "axis": "axe axes axis axes المحور محور",
    "project": "projet projets proj project projects المشروع مشروع",
    "action": "action actions act الاجراء اجراء العمليه",
    "chapter": "chapitre chap chapter ch الباب باب volet",
    "table": "tableau tableaux table tab الجدول جدول",
    "footnote": "footnote notes note الهامش هامش الحاشيه حاشيه",
    "paragraph": "paragraphe paragraphes paragraph paragraphs para alinea alineas § §§ الفقره فقره",
    "page": "page pages p pp الصفحه صفحه ص",
    "line": "ligne lignes line lines السطر سطر",
    "other": "clause clauses article articles art section sections sec point item البند بند الماده ماده رقم subclause",
}
KIND_OF = {word: kind for kind, words in KINDS.items() for word in words.split()}
WORDS = "|".join(sorted(map(re.escape, KIND_OF), key=len, reverse=True))
NUMBER = r"\d{1,3}(?: ?[.\-/·,٫] ?\d{1,3}(?!\d)){0,3}"
ORDINALS = {
    1: "premier premiere 1er 1re 1ere first الاول الاولي", 2: "deuxieme second seconde 2e 2eme 2nd الثاني الثانيه",
    3: "troisieme 3e 3eme 3rd third الثالث الثالثه", 4: "quatrieme 4e 4eme 4th fourth الرابع الرابعه",
    5: "cinquieme 5e 5eme 5th fifth الخامس الخامسه", 6: "sixieme 6e 6eme 6th sixth السادس السادسه",
    7: "septieme 7e 7eme 7th seventh السابع السابعه", 8: "huitieme 8e 8eme 8th eighth الثامن الثامنه",
    9: "neuvieme 9e 9eme 9th ninth التاسع التاسعه", 10: "dixieme 10e 10eme 10th tenth العاشر العاشره",
}
ORDINAL_OF = {word: number for number, words in ORDINALS.items() for word in words.split()}
CARDINALS = {word: number for number, word in enumerate("un deux trois quatre cinq six sept huit neuf dix".split(), 1)}
ROMAN = {word: number for number, word in enumerate(
    "i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx".split(), 1)}
ORDINAL = "|".join(sorted(map(re.escape, ORDINAL_OF), key=len, reverse=True))
NAMED = re.compile(
    rf"(?<!\w)(?P<ordinal>{ORDINAL}) (?P<kind1>{WORDS})(?!\w)"
    rf"|(?<!\w)(?P<kind2>{WORDS})(?:\.|\(s\))? ?(?:n ?[°o]\.? ?|num(?:ero)?\.? ?|no\.? ?|رقم |: ?|# ?)?(?:(?P<number>{NUMBER})(?!\w)(?! ?%)"
    rf"|(?P<ordinal2>{ORDINAL})(?!\w)|(?P<word>{'|'.join(CARDINALS)}|{'|'.join(sorted(ROMAN, key=len, reverse=True))})(?!\w))")
KEYED = re.compile(
    r"(?<![^\W_])(?:(?P<c>c) ?(?P<chapter>\d{1,3}))?(?P<s0>[ ._\-–—/]{0,5})a ?(?P<a>\d{1,3})(?:(?P<s1>[ ._\-–—/]{0,5})p ?(?P<p>\d{1,3})"
    r"(?:[ ._\-–—/]{0,5}a(?:ct)? ?(?P<act>\d{1,3}))?)?"
    r"(?P<more>[ ._\-–—/]{0,5}(?:§|t|r|n) ?\d{1,3}(?:[ ._\-–—/]{0,5}r ?\d{1,3})?)?(?![^\W_])")
LOOSE = re.compile(r"(?<!\w)(?<!\d[.\-/,])(?<!n° )(\d{1,3}(?: ?[.\-/·] ?\d{1,3}){1,3})(?![\w%])(?![.\-/,]\d)")
SINGLE = re.compile(r"\(?(\d{1,3})[).]?")
WHOLE = re.compile(
    r"general|generale|generalites?|general comments?|commentaires? generaux|commentaires? general|observations? generales?|remarques?"
    r" generales?|"
    r"remarque generale|_?whole document|whole|all|tout|toutes?|ensemble( du (document|texte|chapitre))?|(tout|toute) le (document"
           r"|texte|chapitre)|"
    r"(whole|entire|complete|full) (document|text|chapter)|document( entier)?|texte entier|chapitre entier|global|globalement|generals?|ge|"
    r"general/all|عام|عامه|الباب كله|النص كله|كامل (النص|الباب|الوثيقه)|مجموع (النص|الباب)|الوثيقه (كلها|ككل)|الباب ككل|النص ككل"
           r"|ملاحظ(ه|ات) عامه|"
    r"(l'?)?ensemble du chapitre( \d+)?|sur l'ensemble")
RANGE = re.compile(r"\d ?(?:a|to|et|and|&|;|الي|و) ?\d{1,3}(?![\d.])")
SPELT = re.compile(r"(?<![\w-])c(?P<number>\d{1,3})-[\w§]+(?:-[\w§]+)*")


@dataclass(frozen=True)
class Reference:
    """``kind``: key, axis, project, action, chapter, table, footnote, paragraph, page, line, other (a number alone)."""

    kind: str
    numbers: tuple[int, ...]
    chapter: int | None = None
    key: str = ""
    start: int = 0
    end: int = 0


def spelt_key(text: str) -> str:
    """A key without what is written between its parts."""
    return re.sub(r"[\s._\-–—/]+", "", folded(text))


def references(text: str) -> list[Reference]:
    """In their order; ``text`` is folded."""
    found: list[Reference] = []
    taken = [False] * (len(text) + 1)

    def add(reference: Reference) -> None:
        if not any(taken[reference.start:reference.end]):
            taken[reference.start:reference.end] = [True] * (reference.end - reference.start)
            found.append(reference)

    for one in SPELT.finditer(text):
        add(Reference("key", (), int(one["number"]), spelt_key(one[0]), one.start(), one.end()))
    for one in KEYED.finditer(text):
        if reference := keyed(one):
            add(reference)
    for one in NAMED.finditer(text):
        kind = KIND_OF[one["kind1"] or one["kind2"]]
        numbers = numbers_of(one)
        if kind in ("paragraph", "line") and len(numbers) > 1:
            kind = "other"  # “§ 3.2” is a place of the whole text
        if numbers and not (kind in ("page", "chapter") and len(one["kind2"] or "xx") < 2 and one["word"]):
            add(Reference(kind, numbers, start=one.start(), end=one.end()))
    for one in LOOSE.finditer(text):
        add(Reference("other", split(one[1]), start=one.start(1), end=one.end(1)))
    return sorted(found, key=lambda reference: reference.start)


def keyed(one: re.Match[str]) -> Reference | None:
    """A key or its end; a lone “A.1” is an annex as often as an axis."""
    chapter = int(one["chapter"]) if one["chapter"] else None
    key = f"a{one['a']}" + (f"p{one['p']}" if one["p"] else "") + (f"a{one['act']}" if one["act"] else "")
    more = re.sub(r"[\s._\-–—/]+", "", one["more"] or "")
    if chapter is None and one["s0"]:
        return None
    return Reference("key", (), chapter, f"c{chapter}{key}{more}" if chapter is not None else key + more, one.start(), one.end())


def numbers_of(one: re.Match[str]) -> tuple[int, ...]:
    if one["number"]:
        return split(one["number"])
    if word := one["ordinal"] or one["ordinal2"]:
        return (ORDINAL_OF[word],)
    word = one["word"] or ""
    return (CARDINALS.get(word) or ROMAN.get(word) or 0,)


def split(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", number))


def composed_of(found: list[Reference]) -> list[Reference]:
    """“Axe 1, projet 2, action 3” and “action 3 du projet 1.2” are one place: the parts that say only their own number are completed."""
    axes = [one for one in found if one.kind == "axis" and len(one.numbers) == 1]
    projects = [one for one in found if one.kind == "project"]
    actions = [one for one in found if one.kind == "action"]
    out = list(found)
    if len(projects) == 1 and len(projects[0].numbers) == 1 and len(axes) == 1:
        whole = Reference("project", (*axes[0].numbers, *projects[0].numbers), start=projects[0].start, end=projects[0].end)
        out[out.index(projects[0])] = whole
        projects = [whole]
    if len(actions) == 1 and len(actions[0].numbers) == 1 and len(projects) == 1 and len(projects[0].numbers) == 2:
        out[out.index(actions[0])] = Reference(
            "action", (*projects[0].numbers, *actions[0].numbers), start=actions[0].start, end=actions[0].end)
    if len(actions) == 1 and len(actions[0].numbers) == 2 and len(axes) == 1 and actions[0].numbers[0] != axes[0].numbers[0]:
        out[out.index(actions[0])] = Reference(
            "action", (*axes[0].numbers, *actions[0].numbers), start=actions[0].start, end=actions[0].end)
    return out


def is_several(text: str, found: list[Reference]) -> bool:
    """“1.2.1 à 1.2.3”: more than one place is meant."""
    return bool(found) and bool(RANGE.search(text))


def is_whole(text: str) -> bool:
    return WHOLE.fullmatch(text.strip(" .:()-–—\"'«»/")) is not None
