"""People's words as they come in: kept as they were typed, or refused with the place of what cannot be kept."""

import re
import unicodedata
from typing import Any

from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.core.remarks import WITHOUT_UNSEEN, LeftOut
from consult.text.composing import composed

# Controls break documents and databases (NUL, other C0 and C1, lone surrogates, and the codes that Unicode says will never be signs);
# marks that turn the writing direction by force let a text read otherwise than it is stored; what a private code looks like is known
# to one typeface alone. A code that is only unassigned may be the sign of a newer Unicode than ours: it is kept.
TURNING = "\u202a-\u202e\u2066-\u2069"
PRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
NO_SIGNS = "\ufdd0-\ufdef" + "".join(map(chr, (plane + last for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF))))
FORCED = "\u202d\u202e"  # of these, what lets a text read otherwise than it is stored
UNSEEN_SIGNS = f"\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff{FORCED}{NO_SIGNS}"
UNSEEN_SIGN = re.compile(f"[{UNSEEN_SIGNS}]")
UNKEPT = re.compile(f"[{UNSEEN_SIGNS}{PRIVATE}]")
# Word's forced line and page break, and the line ends of other programmes.
BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Marks that Word and our own pages put around words of the other direction (ours find the direction of a text by themselves), and those
# of a word that may be divided, as Word and readers of PDF leave them.
HINTS = re.compile("[\u202a-\u202c\u2066-\u2069\x02\x1f\ufffe]")
# Codes of Windows-1252 that were taken for Unicode: the apostrophes and dashes of files that were converted wrongly.
WINDOWS = {code: bytes([code]).decode("cp1252") for code in range(0x80, 0xA0) if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
OF_WINDOWS = re.compile("[\x80\x82-\x84\x86-\x8c\x8e\x91-\x9c\x9e\x9f]")  # not the end of a line that U+0085 is elsewhere
# Word's hyphen that ends no line, and the bullets and arrows of its lists, which it pastes as codes of Symbol and Wingdings: what their
# author saw.
WORD_SIGNS = str.maketrans({
    "\x1e": "\u2011", "\uf02d": "–", "\uf02a": "*", "\uf0b7": "•", "\uf0a7": "▪", "\uf0a8": "◻", "\uf0ae": "→",
    "\uf0de": "⇒", "\uf0e0": "→", "\uf0e8": "➔", "\uf0f0": "⇨", "\uf0d8": "➢", "\uf0dc": "➲", "\uf06c": "●",
    "\uf06e": "■", "\uf06f": "□", "\uf071": "❑", "\uf072": "❒", "\uf075": "◆", "\uf076": "❖", "\uf077": "⬥",
    "\uf09e": "·", "\uf09f": "•", "\uf0a3": "≤", "\uf0b3": "≥", "\uf0b0": "°", "\uf0b1": "±", "\uf0b4": "×",
    "\uf0b9": "≠", "\uf0bb": "≈", "\uf0fb": "✗", "\uf0fc": "✓", "\uf0fd": "☒", "\uf0fe": "☑",
})
UNSEEN = ("Zs", "Zl", "Zp", "Cc", "Cf")
ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f\u0870-\u08ff\ufb50-\ufdff\ufe70-\ufeff]")


def readable(text: str) -> str:
    """``text`` with all line ends as ``\\n``, the signs of Windows and Word as everybody's, and without marks that only ask for a
    direction or a division; :data:`LEFT_OUT` tells what was changed. The one rule, at every door.
    """
    if OF_WINDOWS.search(text):
        text = text.translate(WINDOWS)
        LeftOut.WINDOWS.tell()
    text = BREAKS.sub("\n", text).translate(WORD_SIGNS)
    if HINTS.search(text):
        text = HINTS.sub("", text)
        LeftOut.MARKS.tell()
    return text


def without_unseen(field: str, text: str, signs: re.Pattern[str]) -> str:
    """``text`` without what cannot be kept where its author asked for that; else :class:`Invalid` with its place."""
    found = signs.search(text)
    if found is None:
        return text
    if WITHOUT_UNSEEN.get()():
        LeftOut.ASKED.tell()
        return signs.sub("", text)
    before = text[: found.start()]
    LeftOut.REFUSED.tell()
    raise Invalid(field, unkept_sentence(found.group(), before.count("\n") + 1, len(before) - before.rfind("\n")),
                  _("Delete it, or type this line again."))


def validated_text(field: str, text: str | None, *, max_length: int) -> str:
    """What people typed in a field, :func:`readable`; :class:`Invalid` names what cannot be kept, and where."""
    text = readable(text or "")
    if len(text) > max_length:
        raise Invalid(field, _("It has %(count)s characters; %(most)s at most can be kept.", count=len(text), most=max_length),
                      _("Shorten it, or send it in several parts."))
    return without_unseen(field, text, UNKEPT)


def validated_line(field: str, text: str | None, *, max_length: int) -> str:
    """One line of a name that will be published: nothing unseen in it, and no break that would begin another line of a letter."""
    return " ".join(validated_text(field, text, max_length=max_length).split())


def validated_name(field: str, text: str | None, *, max_length: int, missing: Any) -> str:
    """The same of what must have a name; ``missing`` is said of one without a letter or a digit."""
    name = validated_line(field, text, max_length=max_length)
    if not any(character.isalnum() for character in name):
        raise Invalid(field, missing)
    return name


def name_key(name: str) -> str:
    """What makes two names one: their letters, digits and signs (as in C++, C#, R&D), whatever the case, the accents, the punctuation
    and the spaces; all of them, however long.
    """
    whole = composed("NFKD", name.casefold())
    if not whole.isascii():
        whole = "".join(c for c in whole if not unicodedata.combining(c) and c != "\u0640" and unicodedata.category(c) != "Cf")
    return " ".join(part for part in re.findall(r"[^\W_]+|[^\w\s]", whole) if part.isalnum() or is_meant(part))


def is_meant(sign: str) -> bool:
    """Whether a sign is a part of the name that it stands in, as punctuation and lone accents are not."""
    return sign in "#&@%*" or unicodedata.category(sign) in ("Sm", "Sc", "So")


def unkept_sentence(character: str, line: int, place: int):
    code = f"U+{ord(character):04X}"
    if re.match(f"[{TURNING}]", character):
        return _("Line %(line)s, character %(place)s: an invisible mark that turns the direction of the text (%(code)s) cannot be kept.",
                 line=line, place=place, code=code)
    if re.match(f"[{PRIVATE}]", character):
        return _("Line %(line)s, character %(place)s: a sign that one typeface alone has (%(code)s), and that others would not "
                 "see, cannot be kept.", line=line, place=place, code=code)
    return _("Line %(line)s, character %(place)s: an invisible control character (%(code)s) cannot be kept.",
             line=line, place=place, code=code)


# Vowel signs, the stretching line and unseen joiners of Arabic, and letters that are written in several ways.
SIGNS = re.compile("[\u0300-\u036f\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u200b-\u200f\u2060\ufeff\u00ad]")
ALIKE = str.maketrans("أإآٱىؤئة’‘ʼ“”«»–—‑…", "اااايويه'''\"\"\"\"---.")


def normalised(text: str) -> str:
    """``text`` for comparing: small letters, without vowel signs, the writings of one letter or mark made one, spaces made one."""
    return " ".join(SIGNS.sub("", composed("NFC", text)).casefold().translate(ALIKE).split())


def is_blank(text: str) -> bool:
    """Nothing that a reader would see."""
    return all(unicodedata.category(character) in UNSEEN for character in text)


def language_of(text: str, otherwise: str) -> str:
    """``ar`` when most letters are Arabic, else the Latin language ``otherwise`` (French when it is none)."""
    letters = [character for character in text if character.isalpha()]
    if 2 * sum(1 for character in letters if ARABIC.match(character)) > len(letters):
        return "ar"
    return otherwise if otherwise in ("fr", "en") else "fr"
