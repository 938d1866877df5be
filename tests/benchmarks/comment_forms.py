"""How rightly filled comment forms are read: what people do to them × formats × languages, from the demonstration's own remarks.

The labels are made with the forms, by a seed: ``python -m tests.benchmarks.comment_forms 7`` makes others. Forms about other documents
are among them: nothing in those may be certain.
"""

import random
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from consult.chapters import parsing
from consult.core.config import resource_dir
from consult.demonstration import read
from consult.forms.columns import folded
from consult.forms.passages import Passages
from consult.forms.reading import read_form
from consult.forms.understanding import passages_of, understand
from tests.benchmarks.form_files import Cell, Sheet, as_csv, as_docx, as_ods, as_xlsx

HEAD = ["form", "rows", "certain and right", "doubtful", "not found", "lost", "certain and wrong"]
EASTERN = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
NAMES = ("CGEM", "IMANOR", "ONSSA", "FENAGRI", "LPEE", "MA-03", "AMDL", "جمعية حماية المستهلك", "الفدرالية الوطنية", "Réseau des labs")
TYPES = {
    "fr": {"general": ("ge", "gé", "Général", "G"), "technical": ("te", "té", "Technique", "tech."), "editorial": ("ed", "éd",
    "Éditorial", "rédactionnel")},
    "ar": {"general": ("ge", "عام", "عامة"), "technical": ("te", "تقني", "تقنية"), "editorial": ("ed", "تحريري", "شكلي")},
    "en": {"general": ("ge", "General", "GE"), "technical": ("te", "Technical", "tech"), "editorial": ("ed", "Editorial", "Edit.")},
}
COLUMNS = ("commenter", "line", "clause", "element", "type", "comment", "change", "observations")
HEADINGS = {
    "fr": ("Organisme", "N° ligne", "Article/Paragraphe (ex. 3.1)", "Alinéa/Figure/Tableau", "Type de commentaire²",
    "Commentaire (justification)",
           "Proposition de modification", "Observations du secrétariat"),
    "en": ("MB/NC1", "Line number\n(e.g. 17)", "Clause/ Subclause (e.g. 3.1)", "Paragraph/ Figure/ Table/ (e.g. Table 1)",
    "Type of comment2",
           "Comments", "Proposed change", "Observations of the secretariat"),
    "ar": ("الهيئة", "رقم السطر", "البند/المادة", "الفقرة/الشكل/الجدول", "نوع التعليق", "التعليق (التعليل)", "التعديل المقترح",
    "ملاحظات كتابة المجلس"),
}
RENAMED = {
    "fr": ("Entité", "Ligne", "Référence", "Paragraphe", "Nature", "Observations", "Rédaction proposée", "Réponse"),
    "en": ("Organization", "Line", "Section", "Para", "Type", "Remarks", "Suggested text", "Resolution"),
    "ar": ("المؤسسة", "السطر", "المرجع", "الفقرة", "الصنف", "الملاحظات", "الصيغة المقترحة", "الجواب"),
}


@dataclass
class Remark:
    key: str
    language: str
    type: str
    comment: str
    change: str
    exact: str


@dataclass
class Case:
    name: str
    data: bytes
    expected: list[tuple[str, str | None]]  # (comment, key of its passage or None where the row says none)
    chapter: int | None = None


@dataclass
class Text:
    """The chapters, to call their passages as people do."""

    blocks: dict[tuple[str, str], object] = field(default_factory=dict)

    def said(self, key: str, language: str) -> str:
        return self.blocks[key, "ar" if language == "ar" else "fr"].text  # type: ignore[attr-defined]


def remarks() -> list[Remark]:
    found = []
    for number in range(1, 6):
        for one in read(f"chapter_{number}")["contributions"]:
            if one.get("block"):
                found.append(Remark(one["block"], one["language"], one["type"], " ".join(one["body"].split())[:900],
                                    " ".join((one.get("proposed_change") or "").split())[:600], one.get("exact") or ""))
    return list({remark.comment[:60]: remark for remark in found}.values())


def callings(key: str, language: str, text: Text, dice: random.Random) -> list[tuple[str, str]]:
    """(clause, element) by which people call this passage."""
    said = text.said(key, language)
    numbers = re.findall(r"(?<=-[APa])\d+", key)
    bare = re.sub(r"^\S+ [\d.]+ — ", "", said)
    first = " ".join(bare.split()[:dice.randint(6, 9)])
    ways = [(key, ""), (first + " …", ""), (f"« {first} »", "")]
    words = {"fr": ("Axe", "Projet", "Action"), "ar": ("المحور", "المشروع", "الإجراء"), "en": ("Axis", "Project", "Action")}[language]
    part = re.search(r"-§(\d+)$", key)
    if part is None and re.fullmatch(r"C\d-A\d+(-P\d+)?(-a\d+)?", key):
        number = ".".join(numbers)
        kind = words[len(numbers) - 1]
        ways += [(f"{kind} {number}", ""), (f"{kind.lower()} n° {number}", ""), (f"{kind} {number.replace('.', '-')}", ""),
            (f"{kind}{number}", "")]
        ways += [(f"{kind} {number} : {' '.join(bare.split()[:4])}", "")]
        if len(numbers) > 1:
            ways += [(number, ""), (f"§ {number}", ""), (f"{number}.", ""), (key.partition("-")[2], ""), (number.translate(EASTERN), "")]
            ways += [(f"{words[0]} {numbers[0]}", f"{kind} {number}")]
        if len(numbers) == 3:
            ways += [(f"{words[0]} {numbers[0]}, {words[1]} {'.'.join(numbers[:2])}, {kind} {number}", ""), (f"Act. {number}", "")]
            ways += [(f"{words[1]} {'.'.join(numbers[:2])}", f"{kind} {number}")]
        elif len(bare.split()) >= 3:
            ways += [(bare, ""), (bare.lower(), ""), (said, "")]
    elif part and re.fullmatch(r"C\d-A\d+(-P\d+)?-§\d+", key):
        kind, number = words[len(numbers) - 1], ".".join(numbers)
        ways += [(f"{kind} {number}", f"§ {part[1]}"), (f"{kind} {number}, § {part[1]}", "")]
    return ways


def sheet_of(rows: list[dict[str, Cell]], columns: tuple[str, ...], headings: tuple[str, ...]) -> Sheet:
    return Sheet([list(headings), *([row.get(name, "") for name in columns] for row in rows)], len(columns))


def filled(chosen: list[Remark], language: str, text: Text, dice: random.Random) -> list[dict[str, Cell]]:
    rows = []
    for remark in chosen:
        clause, element = dice.choice(callings(remark.key, language, text, dice))
        rows.append({"commenter": dice.choice(NAMES), "clause": clause, "element": element,
            "type": dice.choice(TYPES[language][remark.type]),
                     "comment": remark.comment, "change": remark.change})
    return rows


# What people do to a form: (rows, headings of the language) → sheets


def as_it_is(rows, language, dice):
    return [sheet_of(rows, COLUMNS, HEADINGS[language])]


def older_form(rows, language, dice):
    keep = [place for place, name in enumerate(COLUMNS) if name != "line"]
    return [sheet_of(rows, tuple(COLUMNS[place] for place in keep), tuple(HEADINGS[language][place] for place in keep))]


def moved(rows, language, dice):
    order = list(range(8))
    dice.shuffle(order)
    return [sheet_of(rows, tuple(COLUMNS[place] for place in order), tuple(HEADINGS[language][place] for place in order))]


def renamed(rows, language, dice):
    return [sheet_of(rows, COLUMNS, RENAMED[language])]


def translated(rows, language, dice):
    return [sheet_of(rows, COLUMNS, HEADINGS[dice.choice([other for other in HEADINGS if other != language])])]


def added(rows, language, dice):
    numbered = [{**row, "id": str(number), "priority": "haute"} for number, row in enumerate(rows, 1)]
    columns = ("id", *COLUMNS[:5], "priority", *COLUMNS[5:])
    heads = ("N°", *HEADINGS[language][:5], "Priorité", *HEADINGS[language][5:])
    return [sheet_of(numbered, columns, heads)]


def headed(rows, language, dice):
    sheet = sheet_of(rows, COLUMNS, HEADINGS[language])
    sheet.head = ["Template for comments and secretariat observations", "Date: 2026-11-20", "Document: Politique nationale de la qualité"]
    sheet.rows.insert(1, [str(number) for number in range(1, 9)])
    return [sheet]


def repeated(rows, language, dice):
    sheet = sheet_of(rows, COLUMNS, HEADINGS[language])
    for at in range(len(sheet.rows) - 3, 2, -4):
        sheet.rows.insert(at, list(HEADINGS[language]))
    return [sheet]


def torn(rows, language, dice):
    out = []
    for row in rows:
        words = (row["comment"] or "").split()
        if len(words) > 14 and dice.random() < 0.5:
            at = next((place for place in range(len(words) // 2, len(words) - 2) if words[place][0].islower() or language == "ar"
                       and not words[place - 1].endswith((".", "؟", ":", "؛", "!"))), 0)
            if at and not words[at - 1].endswith((".", "?", "!", "؟", ":", ";", "؛", "»")):
                out += [{**row, "comment": " ".join(words[:at])}, {"comment": " ".join(words[at:])}]
                continue
        out.append(row)
    return [sheet_of(out, COLUMNS, HEADINGS[language])]


def joined_down(rows, language, dice):
    """Two remarks on one place, whose cells are joined."""
    out: list[dict[str, Cell]] = []
    for row in rows:
        if out and out[-1]["place"] == row["place"]:
            out.append({**row, "clause": None, "element": None})
        else:
            out.append(row)
    return [sheet_of(out, COLUMNS, HEADINGS[language])]


def sections(rows, language, dice):
    sheet = sheet_of(rows, COLUMNS, HEADINGS[language])
    words = {"fr": "Chapitre", "ar": "الباب", "en": "Chapter"}[language]
    chapters = sorted({str(row["place"])[1] for row in rows})
    if len(chapters) == 1:
        sheet.rows.insert(1, [f"{words} {chapters[0]}"])
    return [sheet]


def by_organisation(rows, language, dice):
    return [Sheet([*sheet.rows[:1], [f"Organisme : {dice.choice(NAMES)}"], *sheet.rows[1:]], sheet.width)
            for sheet in (sheet_of([{**row, "commenter": ""} for row in part], COLUMNS, HEADINGS[language]) for part in (rows[::2],
                rows[1::2]))]


def without_headings(rows, language, dice):
    sheet = sheet_of(rows, COLUMNS, HEADINGS[language])
    return [Sheet(sheet.rows[1:], sheet.width)]


def in_the_header(rows, language, dice):
    sheet = sheet_of(rows, COLUMNS, HEADINGS[language])
    return [Sheet(sheet.rows[1:], sheet.width, in_header=list(HEADINGS[language]))]


DAMAGES: tuple[Callable, ...] = (as_it_is, older_form, moved, renamed, translated, added, headed, repeated, torn, joined_down, sections,
                                 by_organisation, without_headings, in_the_header)
FORMATS = {
    "docx": as_docx, "xlsx": as_xlsx, "ods": as_ods, "csv": as_csv,
    "csv of Windows": lambda sheets: as_csv(sheets, encoding="cp1256" if is_arabic(sheets) else "cp1252"),
    "csv with commas": lambda sheets: as_csv(sheets, separator=","),
}


def is_arabic(sheets: list[Sheet]) -> bool:
    words = " ".join(cell or "" for sheet in sheets for row in sheet.rows for cell in row)
    return len(re.findall("[\u0621-\u064a]", words)) > len(re.findall("[a-z]", words))


def fits(damage: Callable, form: str) -> bool:
    return not (damage is in_the_header and form != "docx") and not (damage is joined_down and form.startswith("csv"))


def cases(seed: int, text: Text) -> list[Case]:
    dice, known = random.Random(seed), remarks()
    made = []
    for damage in DAMAGES:
        for form, write in FORMATS.items():
            for language in ("fr", "ar", "en"):
                if fits(damage, form):
                    made.append(case(damage, form, write, language, known, text, dice))
    return made


def case(damage: Callable, form: str, write: Callable, language: str, known: list[Remark], text: Text, dice: random.Random) -> Case:
    number = dice.randint(1, 5)
    own = [one for one in known if one.key.startswith(f"C{number}")
           and (one.language == language or language == "en" or dice.random() < 0.1)]
    if form == "csv of Windows":
        own = [one for one in own if one.language == ("ar" if language == "ar" else "fr")]
    chosen = dice.sample(own, min(len(own), 12))
    rows = filled(chosen, language, text, dice)
    for row, remark in zip(rows, chosen, strict=True):
        row["place"] = remark.key
        if form == "csv of Windows" and language != "ar":
            row["commenter"] = "CGEM"
    pairs = sorted(zip(rows, chosen, strict=True), key=lambda pair: pair[1].key)
    sheets = damage([row for row, _remark in pairs], language, dice)
    return Case(f"{damage.__name__} · {form} · {language}", write(sheets), [(remark.comment, remark.key) for _row, remark in pairs],
                dice.choice((number, None)))


# Forms about other documents


SUBJECTS = {
    "fr": ("La tolérance de 0,2 mm est trop large pour un boulon de classe {n}.", "Ajouter une figure pour la vanne d’isolement.",
           "Le calcul de la résistance au feu ignore la dilatation.", "Supprimer la note, elle répète {n}."),
    "en": ("The tolerance is too wide for bolts of class {n}.", "Add a figure of the isolating valve.", "Delete the note: it repeats {n}.",
           "The symbol should be italic.", "Cite ISO 80000-{n} instead."),
    "ar": ("التفاوت المسموح به كبير جدا للبراغي من الصنف {n}.", "إضافة رسم للصمام العازل.", "حذف الملاحظة لأنها تكرر {n}."),
}


def foreign(seed: int) -> list[Case]:
    dice, made = random.Random(seed + 1), []
    for form, write in FORMATS.items():
        for language, sentences in SUBJECTS.items():
            for way in ("{a}.{b}", "{a}.{b}.{c}", "{a}", "Clause {a}.{b}", "§ {a}.{b}", "A.{a}", "Table {a}"):
                rows: list[dict[str, Cell]] = [
                    {"commenter": "DE", "clause": way.format(a=dice.randint(1, 9), b=dice.randint(1, 5), c=dice.randint(1, 4)),
                        "type": "te",
                     "comment": f"{dice.choice(sentences).format(n=dice.randint(2, 90))} ({number})"} for number in range(dice.randint(1,
                     12))]
                sheet = sheet_of(rows, COLUMNS, HEADINGS[language])
                made.append(Case(f"another document · {form} · {language}", write([sheet]), [(str(row["comment"]), None) for row in rows],
                                 dice.choice((1, 3, None))))
    return made


# Judging


def outcome(made: Case, passages: Passages, shown: list[str] | None = None) -> Counter[str]:
    counted: Counter[str] = Counter()
    understood = understand(read_form(made.data), passages, chapter=made.chapter).rows
    for comment, key in made.expected:
        begin = folded(comment)[:45]
        one = next((one for one in understood if folded(one.row.comment).startswith(begin)), None)
        if one is None:
            told = "lost"
        elif one.confidence == "sure":
            told = "certain and right" if one.passage == key else "certain and wrong"
        else:
            told = "doubtful" if one.confidence == "doubtful" or key is None else "not found"
        counted[told] += 1
        if shown is not None and one is not None and told in ("certain and wrong", "not found", "doubtful"):
            shown.append(f"{told}: {made.name} (--chapter {made.chapter}): {one.row.clause!r} {one.row.element!r} "
                         f"→ {one.passage} ({one.why.value}, {one.found_by.value}), should be {key}")
        elif shown is not None and one is None:
            shown.append(f"lost: {made.name}: {comment[:60]}")
    return counted


def read_text() -> tuple[Passages, Text]:
    parsed = [parsing.read_file(path.read_bytes()) for path in sorted(resource_dir("policy_drafts").glob("*.md"))]
    return passages_of(parsed), Text({(block.key, chapter.language): block for chapter in parsed for block in chapter.blocks})


def figures(made: list[Case], passages: Passages, shown: list[str] | None = None) -> dict[str, Counter[str]]:
    """By what was done to the form, by its format and its language, and in all."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for one in made:
        found = outcome(one, passages, shown)
        for part in one.name.split(" · "):
            counted[part].update(found)
        counted["in all, about another document" if one.name.startswith("another") else "in all"].update(found)
    return counted


def main(seed: int) -> None:
    passages, text = read_text()
    shown: list[str] = []
    began = time.process_time()
    counted = figures([*cases(seed, text), *foreign(seed)], passages, shown)
    print(" | ".join(HEAD))
    for name, found in counted.items():
        print(" | ".join([name, str(found.total()), *(str(found[column]) for column in HEAD[2:])]))
    print(f"{time.process_time() - began:.1f} s of processor")
    for line in shown if "-v" in sys.argv else [one for one in shown if not one.startswith("doubtful")]:
        print(line)


if __name__ == "__main__":
    main(next((int(one) for one in sys.argv[1:] if one.isdecimal()), 1))
