"""Passwords that are tried first: those of long lists, what is made of them by habit, and one's own name.

``common-passwords.txt.gz`` holds 81,780 words, folded and sorted: the 20,000 passwords of Django 5.2 (BSD-3-Clause; gathered by Royce
Williams), the 30,000 passwords, 30,000 words and the names of zxcvbn 4.5 (MIT), and some of France and Morocco. Nobody is asked.
"""

import gzip
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from consult.text.composing import composed

FEWEST_SIGNS = 4  # different ones
SHORTEST_NUMBER = 20  # of digits and signs alone
LOOKED_AT = 256  # signs: what is tried first shows in them
SHORTEST_REST = 6  # beside one's own name
# Words of this consultation, of the Council and of the policy, folded: with little beside them they are tried first here.
HERE = (
    "csnca imanor semac conseil superieur normalisation certification accreditation metrologie surveillance marche marches qualite norme "
    "normes politique nationale consultation publique commission rapporteur secretariat infrastructure maroc marocaine marocain royaume "
    "council quality standards standardisation standardization metrology policy national public morocco kingdom "
    "المجلس الأعلى التقييس الإشهاد الاعتماد القياس المترولوجيا مراقبة السوق الجودة والتقييس "
    "السياسة الوطنية الاستشارة العمومية المغرب المملكة اللجنة")
READ_AS = ("013457@$!", "oieastasi"), ("013457@$!", "oleastasl")


@cache
def common() -> bytes:
    """Each between two ends of line: looked through as it is, it takes a tenth of what a set of words would."""
    return gzip.decompress((files("consult.text") / "common-passwords.txt.gz").read_bytes())


def folded(text: str) -> str:
    return "".join(sign for sign in composed("NFKD", text.casefold()) if not unicodedata.combining(sign))


def is_listed(word: str) -> bool:
    return f"\n{word}\n".encode() in common()


def is_tried_first(password: str, *own: str) -> bool:
    """``own``: the name and the address of whoever chooses it."""
    whole = folded(password[:LOOKED_AT])
    letters = [sign for sign in whole if sign.isalpha()]
    return (
        len(set(whole)) < FEWEST_SIGNS or is_run(whole) or not letters and len(whole) < SHORTEST_NUMBER
        or any(is_listed(word) for word in cores(whole)) or any(is_own(text, (*own, HERE)) for text in as_read(whole))
    )


def is_run(whole: str) -> bool:
    """As abcdefghij, or 0987654321."""
    steps = {ord(after) - ord(before) for before, after in zip(whole, whole[1:], strict=False)}
    return len(steps) == 1 and steps <= {-1, 0, 1}


def as_read(whole: str) -> list[str]:
    """With letters for the signs that stand in their place by habit, too."""
    return [whole, *(whole.translate(str.maketrans(*signs)) for signs in READ_AS)]


def cores(whole: str) -> Iterator[str]:
    """What it is made of, without what is put before, behind, between or in place of letters by habit."""
    for text in as_read(whole):
        bare = without_ends(r"[\W\d_]", text)
        together = "".join(sign for sign in text if sign.isalnum())
        for word in (text, bare, together, bare.replace(" ", ""), without_ends(r"\d", together)):
            yield word
            yield word[::-1]
            if repeated := re.fullmatch(r"(.+?)\1+", word):
                yield repeated[1]


def without_ends(signs: str, text: str) -> str:
    """Without such signs at either end; each end is looked at as a beginning, since an end is looked for from every sign."""
    for _end in range(2):
        text = re.sub(f"^{signs}+", "", text)[::-1]
    return text


def is_own(whole: str, own: tuple[str, ...]) -> bool:
    """One's own name or address, with little beside it."""
    parts = {part for text in own for part in re.split(r"[\W\d_]+", folded(text)) if len(part) >= FEWEST_SIGNS}
    rest = whole
    for part in sorted(parts, key=len, reverse=True):
        rest = rest.replace(part, "")
    return rest != whole and sum(sign.isalnum() for sign in rest) < SHORTEST_REST
