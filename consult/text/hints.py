"""What in a text may concern a moderator: hints, never decisions. Each says the words that made it, and where they stand.

Identity cards: one or two letters and five or six digits, unless the letters are those of a standard (NM, EN, ISO, IEC, NF, BS). Every
pattern is read in a time that grows with the text alone: what repeats has a most, and no two repetitions can take the same signs.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from consult.text.normalising import ARABIC, SIGNS, language_of

# Arabic and Persian figures, each one sign for one, so that places stay what they are.
DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
STANDARDS = frozenset({"NM", "EN", "ISO", "IEC", "NF", "BS"})
CARD = re.compile(r"(?<![^\W\d_])([A-Za-z]{1,2})\s?(\d{5,6})(?![\d\w])")
TELEPHONE = re.compile(r"(?<![\d+])(?:(?:\+|00)\s?212|0)[\s.-]?[5-8](?:[\s.-]?\d){8}(?!\d)")
ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
ACCOUNT = re.compile(r"(?<!\d)(?:MA\d{2}[\s-]?)?\d{3}[\s-]?\d{3}[\s-]?(?:\d[\s-]?){16}\d{2}(?!\d)")
LINK = re.compile(r"\b(?:https?://|www\.)\S{1,300}", re.IGNORECASE)
# A street with its number, in French, in Arabic and in English.
STREET = re.compile(
    r"\b\d{1,4}\s?,?\s(?:bis\s|ter\s)?(?:rue|avenue|boulevard|bd|lotissement|hay|street|road)\s\w[^\n,.;]{2,60}"
    r"|(?:زنقة|شارع|حي|تجزئة)\s\w[^\n،.؛]{1,40}(?:رقم|عدد)\s?\d{1,4}", re.IGNORECASE)
INSULTS = frozenset(
    "idiot idiots idiote idiotes imbecile imbeciles cretin cretins abruti abrutis salaud salauds salope salopes connard connards connasse "
    "pourriture pourritures ordure ordures stupid idiotic moron morons bastard bastards scum liar liars menteur menteurs voleur voleurs "
    "حمار حمير كلب كلاب غبي اغبياء حقير حقراء لص لصوص كذاب كذابون خنزير".split())
SELLING = frozenset(
    "promo promotion solde soldes casino bitcoin viagra gratuit gratuitement cliquez click discount gagnez "
    "مجانا اربح".split())
WORD = re.compile("(?:[^\\W\\d_]|[\u0640\u064b-\u065f\u0670])+")  # with the vowel signs of Arabic
MOST = 20  # hints of one text: whoever has more reads the whole of it anyway
FEWEST_LETTERS = 40  # from which on the language of a text is told
ACCENTS = str.maketrans("àâäéèêëîïôöùûüçأإآىة", "aaaeeeeiioouuucاااي" + "ه")


class Hint(StrEnum):
    """What is found."""

    CARD = "card"
    TELEPHONE = "telephone"
    MAIL = "mail"
    STREET = "street"
    ACCOUNT = "account"
    INSULT = "insult"
    SPAM = "spam"
    LANGUAGE = "language"


class Found(NamedTuple):
    """From which character to which (the end not included)."""

    hint: Hint
    begins: int
    ends: int


def hints_in(text: str, language: str = "") -> list[Found]:
    """In the order of the text, the longest first where they overlap; ``language`` is the one that it says to be in."""
    figures = text.translate(DIGITS)
    found = sorted((*_personal(figures), *_wild(text), *_foreign(text, language)), key=lambda one: (one.begins, -one.ends))
    kept: list[Found] = []
    for one in found:
        if not kept or one.begins >= kept[-1].ends or one.hint is Hint.LANGUAGE:
            kept.append(one)
    return kept[:MOST]


def _personal(text: str) -> Iterator[Found]:
    for hint, pattern in ((Hint.TELEPHONE, TELEPHONE), (Hint.MAIL, ADDRESS), (Hint.ACCOUNT, ACCOUNT), (Hint.STREET, STREET)):
        for found in pattern.finditer(text):
            yield Found(hint, *found.span())
    for found in CARD.finditer(text):
        if found[1].upper() not in STANDARDS:
            yield Found(Hint.CARD, *found.span())


def _wild(text: str) -> Iterator[Found]:
    """Insults and advertising, word by word; many links are one hint each."""
    links = list(LINK.finditer(text))
    for found in links if len(links) > 1 else ():
        yield Found(Hint.SPAM, *found.span())
    for found in WORD.finditer(text):
        word = SIGNS.sub("", found[0]).casefold().translate(ACCENTS)
        if word in INSULTS:
            yield Found(Hint.INSULT, *found.span())
        elif word in SELLING and links:
            yield Found(Hint.SPAM, *found.span())


def _foreign(text: str, language: str) -> Iterator[Found]:
    """Written in Arabic letters where it says another language, or the reverse."""
    if not language or sum(map(str.isalpha, text)) < FEWEST_LETTERS:
        return
    if (language_of(text, "fr") == "ar") != (language == "ar"):
        wanted = ARABIC if language != "ar" else re.compile("[A-Za-z]")
        if first := wanted.search(text):
            yield Found(Hint.LANGUAGE, first.start(), min(len(text), first.start() + FEWEST_LETTERS))
