"""What a row of a list says, in the words of the platform, and what is doubtful in it: the point of bringing lists.

A row is understood anew whenever somebody asks: when it is brought, once it is corrected, and at the moment it is kept.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import sqlalchemy as sa

from consult.accounts import service as accounts
from consult.consultations.models import Consultation
from consult.core.db import session
from consult.core.errors import Invalid
from consult.core.i18n import LANGUAGES, LabelledEnum, force_locale
from consult.organisations import finding
from consult.organisations.models import Category, Organisation, Region, Sector
from consult.outreach.marks import digests_of
from consult.outreach.models import (
    MAX_CONTACT,
    MAX_ORGANISATION,
    AddressMark,
    Doubt,
    LetterLanguage,
    RowState,
    Stakeholder,
    StakeholderRow,
)
from consult.text.normalising import name_key, normalised

Member = TypeVar("Member", bound=LabelledEnum)
SHORTEST = 3  # letters of a word that tells one member of an enum from the others
# Beside codes and labels: what lists of stakeholders say.
SYNONYMS: dict[type[LabelledEnum], dict[str, str]] = {
    Category: {
        "ministere": "ministry", "administration": "ministry", "etablissement public": "ministry", "وزارة": "ministry", "إدارة": "ministry",
        "chambre": "chamber", "غرفة": "chamber", "federation": "professional_association", "groupement": "professional_association",
        "association professionnelle": "professional_association", "فيدرالية": "professional_association",
        "جمعية مهنية": "professional_association", "entreprise": "company", "societe": "company", "pme": "company", "شركة": "company",
        "مقاولة": "company", "organisme de certification": "conformity_assessment_body", "certification": "conformity_assessment_body",
        "organisme d inspection": "conformity_assessment_body", "laboratoire": "laboratory", "centre technique": "laboratory",
        "مختبر": "laboratory", "universite": "education_research", "ecole": "education_research", "recherche": "education_research",
        "جامعة": "education_research", "مدرسة": "education_research", "consommateurs": "consumer_association",
        "association de consommateurs": "consumer_association", "جمعية المستهلك": "consumer_association", "syndicat": "trade_union",
        "نقابة": "trade_union", "autre": "other", "autres": "other", "أخرى": "other", "غير ذلك": "other",
    },
    Sector: {"tous": "cross_sector", "tous secteurs": "cross_sector", "transversal": "cross_sector", "multisectoriel": "cross_sector",
             "agroalimentaire": "agrifood", "agriculture": "agrifood", "agriculture et alimentation": "agrifood",
             "btp": "construction", "numerique": "digital", "جميع القطاعات": "cross_sector"},
    Region: {"national": "national", "maroc": "national", "tout le maroc": "national", "وطني": "national", "المغرب": "national"},
}
LETTERS: dict[str, LetterLanguage] = {
    **dict.fromkeys("fr fra french francais الفرنسية فرنسية".split(), LetterLanguage.FR),
    **dict.fromkeys("ar ara arabic arabe العربية عربية".split(), LetterLanguage.AR),
    **dict.fromkeys("both bilingue bilingual lesdeux deux frar arfr fretar aretfr francaisarabe arabefrancais francaisetarabe"
                    " arabeetfrancais فرنسيةوعربية عربيةوفرنسية العربيةوالفرنسية الفرنسيةوالعربية معا".split(), LetterLanguage.BOTH),
}
EVERY = {"", "tous", "toutes", "all", "كل", "جميع", "الكل", "جميع الأبواب"}


@dataclass
class Understood:
    """What a row says; what is None is doubtful."""

    organisation: str
    address: str
    category: Category | None
    sector: Sector | None
    region: Region | None
    language: LetterLanguage | None
    chapters: list[int] | None
    contact: str
    doubts: list[Doubt]
    listed: Organisation | None = None  # under this very name


@dataclass(frozen=True)
class Line:
    """What a row would be, of which nothing is written yet."""

    id: int
    list_id: int
    number: int
    typed: dict[str, Any]
    stands: bool


def look(consultation: Consultation, rows: Sequence[StakeholderRow | Line]) -> list[Understood]:
    """Each row of one list, with its doubts; a few questions for all of them."""
    numbers = {commission.number for commission in consultation.commissions}
    read = [understand(row.typed, numbers) for row in rows]
    doubled, known, refused = _doubled(rows, read), _known(consultation, read), _refused(read)
    near = finding.nearest_each([one.organisation for one in read])
    for row, one, (same, alike) in zip(rows, read, near, strict=True):
        one.listed = same
        for is_so, doubt in ((row.id in doubled, Doubt.DOUBLED), (one.address in known, Doubt.KNOWN),
                             (one.address in refused, Doubt.REFUSED), (same is None and alike is not None, Doubt.SIMILAR)):
            if is_so and not (one.address == "" and doubt.field == "address"):
                one.doubts.append(doubt)
        if row.stands:
            one.doubts = [doubt for doubt in one.doubts if not doubt.may_stand]
    return read


def settle(row: StakeholderRow, understood: Understood) -> None:
    """Write down how it was understood."""
    row.address, row.doubts = understood.address, [doubt.value for doubt in understood.doubts]
    row.state = RowState.DOUBTFUL if understood.doubts else RowState.CLEAR


def understand(typed: dict[str, Any], numbers: set[int]) -> Understood:
    """By itself, without the rows around it."""
    said = {name: str(typed.get(name) or "") for name in ("organisation", "address", "category", "sector", "region", "language", "chapters",
                                                          "contact")}
    doubts = [Doubt(name) for name in typed.get("noted", ())]
    address = said["address"].strip()
    try:
        address = accounts.reachable_address(address.removeprefix("mailto:"))
    except Invalid:
        address = ""
        doubts.append(Doubt.NO_ADDRESS)
    category, sector, region = member(Category, said["category"]), member(Sector, said["sector"]), member(Region, said["region"])
    language, chapters = letter_language(said["language"]), chapter_numbers(said["chapters"], numbers)
    for is_wrong, doubt in (
        (not any(character.isalnum() for character in said["organisation"]), Doubt.NAMELESS), (category is None, Doubt.CATEGORY),
        (said["sector"] and sector is None, Doubt.SECTOR), (said["region"] and region is None, Doubt.REGION),
        (language is None, Doubt.LANGUAGE), (chapters is None, Doubt.CHAPTERS),
        (any(text.startswith("=") for text in said.values()), Doubt.FORMULA),
    ):
        if is_wrong and doubt not in doubts:
            doubts.append(doubt)
    return Understood(said["organisation"][:MAX_ORGANISATION], address, category, sector, region, language, chapters,
                      said["contact"][:MAX_CONTACT], doubts)


def member(kind: type[Member], text: str) -> Member | None:
    """By its code, its label in any language, a usual name of it, or words that one label alone has."""
    code = _code_of(kind, text)
    return kind(code) if code else None


@lru_cache(1024)  # a list says the same few words in all of its rows
def _code_of(kind: type[LabelledEnum], text: str) -> str | None:
    words = _words(text)
    if not words:
        return None
    exact, labels = _names(kind)
    if found := exact.get(" ".join(words)):
        return found
    holding = {code for code, label in labels if set(words) <= label}
    telling = any(len(word) >= SHORTEST for word in words)
    return holding.pop() if len(holding) == 1 and telling else None


@lru_cache
def _names(kind: type[LabelledEnum]) -> tuple[dict[str, str], list[tuple[str, frozenset[str]]]]:
    exact, labels = {" ".join(_words(name)): code for name, code in SYNONYMS[kind].items()}, []
    for language in LANGUAGES:
        with force_locale(language):
            for one in kind:
                exact[" ".join(_words(one.label))] = one.value
                labels.append((one.value, frozenset(_words(one.label))))
    exact.update({" ".join(_words(one.value)): one.value for one in kind})
    return exact, labels


def _words(text: str) -> tuple[str, ...]:
    """In small letters, without accents, signs and the Arabic article; one and many of a thing are the same."""
    plain = [word for word in name_key(normalised(text.replace("_", " ").replace("-", " ").replace("/", " "))).split() if word.isalnum()]
    return tuple(word.removeprefix("ال") if len(word) > 4 else word for word in (
        word[:-1] if len(word) > 4 and word[-1] in "sx" else word for word in plain) if word not in finding.LITTLE)


def letter_language(text: str) -> LetterLanguage | None:
    """Both where nothing is said: nobody is written to in a language that is not theirs alone."""
    if not text.strip():
        return LetterLanguage.BOTH
    key = "".join(character for character in name_key(text) if character.isalnum())
    return LETTERS.get(key) or LETTERS.get("".join(character for character in name_key(normalised(text)) if character.isalnum()))


def chapter_numbers(text: str, known: set[int]) -> list[int] | None:
    """Empty: all of them."""
    if normalised(text) in {normalised(word) for word in EVERY}:
        return []
    found = [int(number) for number in re.findall(r"\d{1,3}", text)]
    return sorted(set(found)) if found and set(found) <= known else None


def _doubled(rows: Sequence[StakeholderRow | Line], read: Iterable[Understood]) -> set[int]:
    """Those whose address stands further up, in a row that is not left out."""
    addresses = {row.id: one.address for row, one in zip(rows, read, strict=True) if one.address}
    if not addresses:
        return set()
    others = session.execute(sa.select(StakeholderRow.id, StakeholderRow.address, StakeholderRow.number).where(
        StakeholderRow.list_id == rows[0].list_id, StakeholderRow.address.in_(set(addresses.values())),
        StakeholderRow.state != RowState.LEFT_OUT)).all()
    first: dict[str, int] = {}
    for id_, address, number in others:
        if addresses.get(id_, address) == address:  # not what it said before it was corrected
            first[address] = min(first.get(address, number), number)
    for row in rows:
        if row.id in addresses:
            first[addresses[row.id]] = min(first.get(addresses[row.id], row.number), row.number)
    return {row.id for row in rows if row.id in addresses and first[addresses[row.id]] < row.number}


def _known(consultation: Consultation, read: Iterable[Understood]) -> set[str]:
    return set(session.scalars(sa.select(Stakeholder.address).where(
        Stakeholder.consultation_id == consultation.id, Stakeholder.address.in_({one.address for one in read if one.address}))))


def _refused(read: Iterable[Understood]) -> set[str]:
    digests = digests_of(one.address for one in read if one.address)
    found = session.scalars(sa.select(AddressMark.digest).where(AddressMark.digest.in_(digests), AddressMark.refused_at.is_not(None)))
    return {digests[digest] for digest in found}
