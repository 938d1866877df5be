"""Where in what somebody says another request seems to begin: proposed to whoever splits it, never done.

A sentence is proposed that adds to what came before (*ensuite*, *second*, *كما*), or asks for something where an earlier one, not the one
right before it, asked already. Words alone decide: nothing is learnt, and the same text gives the same places.
"""

import re

from consult.text.quotes import sentences

LINE = re.compile(r"\n[ \t]*(?=\S)")
ITEM = re.compile(r"(?:[-–—•*]|\(?(?:\d{1,2}|[a-zA-Z])[.)])\s")
OPENING = 60  # characters of a sentence in which what it adds is said
# Counted: what stands before it is another one, whatever that said.
COUNTING = {
    "fr": r"(?:deuxième|troisième|quatrième)(?:ment| (?:point|demande|remarque))|en (?:second|deuxième|troisième|quatrième) lieu",
    "en": r"second(?:ly)?,|third(?:ly)?,|fourth(?:ly)?,",
    "ar": r"ثانيا|ثالثا|رابعا|خامسا",
}
# That several are to follow.
ANNOUNCING = {
    "fr": r"(?:deux|trois|quatre|cinq|plusieurs) (?:points|demandes|remarques|observations|réserves)",
    "en": r"(?:two|three|four|five|several) (?:points|requests|remarks|comments|reservations)",
    "ar": r"أمرين|أمران|نقطتان|نقطتين|مطلبان|مطلبين|أمورا? (?:ثلاثة|أربعة)|ثلاث(?:ة)? (?:أمور|نقط|نقاط|مطالب|ملاحظات)",
}
# Said at the beginning of a sentence, or close to it.
ADDING = {
    "fr": r"ensuite|enfin|d[’']autre part|par ailleurs|en outre|également|"
          r"(?:prévoir|ajouter|demandons|demande|proposons|propose|suggérons|souhaitons|souhaite|faudrait|faut|convient) aussi|"
          r"autre (?:demande|point|remarque)",
    "en": r"finally|lastly|in addition|additionally|furthermore|moreover|we also|also|"
          r"another (?:point|request)|separately",
    "ar": r"أخيرا|وأخيرا|كما|كذلك|أيضا|إضافة إلى ذلك|من جهة أخرى|ومن جهة أخرى|ونطلب|ونقترح|ونسأل|ونوصي|ونلتمس|ونرجو|وأن",
}
ASKING = {
    "fr": r"demandons|refusons|demande (?:que|de|l)|proposons|propose (?:que|de|une?)|suggérons|souhaitons|souhaite (?:que|une?)|"
          r"recommandons|il (?:faut|faudrait|convient|conviendrait)|(?:devrait|devraient|doit|doivent|mériterait|mériteraient)|"
          r"mieux vaut|nous préférerions",
    "en": r"we (?:ask|request|propose|suggest|recommend|urge)|please|should|must|ought to|needs? to",
    "ar": r"[وف]?(?:نطلب|نقترح|نلتمس|نوصي|نرجو|ينبغي|يجب|أقترح|أطلب|ألتمس|نطالب|أطالب|نرفض|من الضروري)",
}
# What begins so asks by itself: an order, or what is to be done.
ORDERING = {
    "fr": r"(?:prévoir|ajouter|supprimer|remplacer|préciser|limiter|porter|publier|inscrire|harmoniser|étendre|fixer|créer|retirer|ajoutez|"
          r"précisez|publiez|supprimez|remplacez)\b",
    "en": r"(?:add|remove|publish|replace|specify|extend|allow|require|define|clarify|include|delete)\b",
    "ar": r"(?:إضافة|حذف|تعويض|توضيح|أضيفوا|اجعلوها|اجعلوا|احذفوا)\b",
}


def _compiled(words: dict[str, str]) -> dict[str, re.Pattern[str]]:
    return {language: re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE) for language, pattern in words.items()}


_ADDING, _ASKING, _COUNTING, _ANNOUNCING = map(_compiled, (ADDING, ASKING, COUNTING, ANNOUNCING))
_ORDERING = {language: re.compile(pattern, re.IGNORECASE) for language, pattern in ORDERING.items()}


def sentence_starts(text: str) -> list[int]:
    """Where its sentences and its lines begin, in their order: the first character always."""
    lines = {found.end() for found in LINE.finditer(text)}
    return sorted({0, *(begin for begin, _end in sentences(text)), *lines})


def list_demands(text: str, language: str) -> list[int]:
    """The characters at which another request seems to begin, none of them the first; none in a language that is not known."""
    if language not in ADDING:
        return []
    starts = sentence_starts(text)
    found: list[int] = []
    asked: list[int] = []
    for number, (begin, end) in enumerate(zip(starts, [*starts[1:], len(text)], strict=True)):
        sentence = text[begin:end]
        counts, announces = _COUNTING[language].search(sentence, 0, OPENING), _ANNOUNCING[language].search(sentence)
        asks = bool(announces or _ASKING[language].search(sentence) or _ORDERING[language].match(sentence))
        is_item = bool(ITEM.match(sentence))
        adds = is_item or bool(_ADDING[language].search(sentence, 0, OPENING))
        if number and (counts or adds and (asks or asked) or asks and asked and number - asked[-1] > 1):
            found.append(begin)
        if asks or is_item:  # each line of a list asks for something of its own
            asked.append(number)
    return found
