"""Scripted edits of whole texts in three languages, with what became of each block known: rewording, moves, splits, renumbering…

The words that are added come from other blocks of the same text or from another chapter, so that they resemble it as an author's would.
"""

import random
import re
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from string import ascii_lowercase

from consult.chapters.aligning import align
from consult.chapters.aligning.sides import TITLES
from consult.chapters.models import BlockFate, BlockKind
from consult.chapters.parsing import NUMBERED, STRUCTURE, parse_file
from consult.core.config import resource_dir
from tests.benchmarks.judging import Verdict, by_old, row, verdict

SEED = 4
ROUNDS = 6  # of each text: other blocks are drawn each time
TEXTS = ("1-normalisation.fr.md", "3-metrologie.fr.md", "5-promotion.fr.md", "1-normalisation.ar.md", "5-promotion.ar.md", "english.md")
DONORS = {"fr": "4-accreditation.fr.md", "ar": "4-accreditation.ar.md", "en": "english.md"}
SENTENCE = re.compile(r"(?<=[.;؛:!?؟])\s+(?=\S)")
FIGURE = re.compile(r"(?<![\d.])\d+(?![\d.])")
LETTERS = re.compile(r"[^\W\d_]")
ARABIC_LETTER = re.compile("[\u0628-\u064a]")
WORDS = {"fr": ("Axe", "Projet", "Action"), "en": ("Axis", "Project", "Action"), "ar": ("المحور", "المشروع", "الإجراء")}


@dataclass
class Piece:
    """A block of the text being edited; ``whole`` are the old places whose words it carries, in whole or in part."""

    kind: BlockKind
    text: str
    level: int
    whole: list[int] = field(default_factory=list)
    key: str = ""
    label: str = ""

    @property
    def number(self) -> str:
        found = NUMBERED.match(self.text) if self.kind in STRUCTURE else None
        return found.group() if found else ""

    @property
    def wording(self) -> str:
        return self.text.removeprefix(self.number)

    def reworded(self, wording: str) -> None:
        self.text = self.number + wording


class Script:
    """One text under edition. ``pieces`` is what it becomes; ``truth`` says what was done to the old blocks that were touched."""

    def __init__(self, name: str, dice: random.Random) -> None:
        self.dice, self.language = dice, language_of(name)
        self.old = formulas(self.language, dice) if name.startswith("formulas") else pieces_of(name)
        self.pieces = [Piece(p.kind, p.text, p.level, [place]) for place, p in enumerate(self.old)]
        self.truth: dict[int, BlockFate] = {}
        self.deeds: dict[int, str] = {}
        self.donor = [p for p in pieces_of(DONORS[self.language]) if p.kind in (BlockKind.ACTION, BlockKind.PARAGRAPH)]

    def places(self, *kinds: BlockKind, words: int = 8) -> list[int]:
        """Places in ``pieces`` of blocks that nothing was done to yet."""
        return [at for at, p in enumerate(self.pieces) if len(p.whole) == 1 and p.whole[0] not in self.truth
                and (not kinds or p.kind in kinds) and len(p.wording.split()) >= words]

    def drawn(self, count: int, *kinds: BlockKind, words: int = 8) -> list[int]:
        places = self.places(*kinds, words=words)
        return sorted(self.dice.sample(places, min(count, len(places))), reverse=True)

    def note(self, piece: Piece, change: BlockFate, deed: str) -> None:
        for place in piece.whole:
            self.truth[place], self.deeds[place] = change, deed

    def some_words(self, count: int) -> list[str]:
        return [self.dice.choice(self.dice.choice(self.old).wording.split() or ["…"]) for _each in range(count)]

    def numbered(self) -> list[Piece]:
        """The pieces with the numbers, keys and labels that their new places give them."""
        axis, project, action, counts = 0, 0, 0, defaultdict(int)
        scope, words = "C1", WORDS[self.language]
        first = next((int(re.search(r"\d+", p.number)[0]) for p in self.old if p.kind == BlockKind.AXIS), 1)
        for piece in self.pieces:
            wording = piece.wording
            if piece.kind == BlockKind.AXIS:
                axis, project, action = axis + 1, 0, 0
                number, key = f"{words[0]} {first + axis - 1}", f"C1-A{first + axis - 1}"
            elif piece.kind == BlockKind.PROJECT:
                project, action = project + 1, 0
                number, key = f"{words[1]} {first + axis - 1}.{project}", f"C1-A{first + axis - 1}-P{project}"
            elif piece.kind == BlockKind.ACTION:
                action += 1
                number, key = f"{words[2]} {first + axis - 1}.{project}.{action}", f"C1-A{first + axis - 1}-P{project}-a{action}"
            else:
                counts[scope] += 1
                number, key = "", f"{scope}-§{counts[scope]}"
            scope = key if piece.kind in (BlockKind.AXIS, BlockKind.PROJECT, BlockKind.HEADING) else scope
            piece.text, piece.key, piece.label = f"{number} — {wording}" if number else wording, key, key.removeprefix("C1-")
        return self.pieces


def language_of(name: str) -> str:
    return "en" if name == "english.md" else name.split(".")[1]


def pieces_of(name: str) -> list[Piece]:
    folder = Path(__file__).parent if name == "english.md" else resource_dir("policy_drafts")
    return [Piece(b.kind, b.text, b.level, [], b.key, b.label) for b in parse_file((folder / name).read_bytes()).blocks]


# Texts made of one sentence

FORMULAS = {
    "fr": ("Organiser {n} sessions de formation à la {a} dans la région de {b}, à l’intention des {c}. "
           "Organisme pilote : {d}. Échéance : fin {y}. Indicateur : nombre de {c} formés."),
    "en": ("Hold {n} training sessions on {a} in the region of {b}, meant for {c}. Lead body: {d}. Due: end of {y}. "
           "Indicator: number of {c} trained."),
    "ar": "تنظيم {n} دورات تكوينية في {a} بجهة {b} لفائدة {c}. الجهة المشرفة: {d}. الأجل: نهاية {y}. المؤشر: عدد المستفيدين من {c}.",
}
FILLINGS = {
    "fr": ("métrologie|normalisation|certification|gestion du risque|lecture des étiquettes|maintenance",
           "Fès|Souss|Rabat|Oriental|Dakhla|Tanger", "contrôleurs|artisans|laborantins|enseignants|importateurs|acheteurs",
           "IMANOR|ministère du commerce|chambre régionale|ONSSA"),
    "en": ("weighing|standards|certification|risk|labelling|maintenance", "Fez|Souss|Rabat|Oriental|Dakhla|Tangier",
           "inspectors|craftsmen|technicians|teachers|importers|buyers", "institute|ministry of trade|regional chamber|food office"),
    "ar": ("القياسة|التقييس|الإشهاد|تدبير المخاطر|قراءة الملصقات|الصيانة", "فاس|سوس|الرباط|الشرق|الداخلة|طنجة",
           "المراقبين|الحرفيين|التقنيين|المدرسين|المستوردين|المشترين", "المعهد|وزارة التجارة|الغرفة الجهوية|المكتب الوطني"),
}


def formulas(language: str, dice: random.Random) -> list[Piece]:
    """Forty-eight actions that differ in a few words each, none the same as another: what confuses a reader, too."""
    drawn: dict[tuple, None] = {}
    while len(drawn) < 48:
        drawn[tuple(dice.choice(words.split("|")) for words in FILLINGS[language]), dice.randint(2, 9), dice.randint(2027, 2031)] = None
    pieces, (axis, project, action) = [], WORDS[language]
    for at, ((a, b, c, d), n, y) in enumerate(drawn):
        if at % 24 == 0:
            pieces.append(Piece(BlockKind.AXIS, f"{axis} {1 + at // 24} — {axis} {a} {b}", 2))
        if at % 6 == 0:
            pieces.append(Piece(BlockKind.PROJECT, f"{project} {1 + at // 24}.{1 + at % 24 // 6} — {project} {c} {d}", 3))
        wording = FORMULAS[language].format(a=a, b=b, c=c, d=d, n=n, y=y)
        pieces.append(Piece(BlockKind.ACTION, f"{action} {1 + at // 24}.{1 + at % 24 // 6}.{1 + at % 6} — {wording}", 1))
    return pieces


# What is done


def delete(script: Script) -> None:
    for at in script.drawn(6, words=2):
        script.note(script.pieces.pop(at), BlockFate.DELETED, "deleted")


def replace(script: Script) -> None:
    """Another subject in the same place, under the same number: the old block is gone."""
    for at in script.drawn(4, BlockKind.ACTION, BlockKind.PARAGRAPH):
        old = script.pieces[at]
        other = script.dice.choice([p for p in script.donor if p.kind == old.kind])
        if other.wording not in {p.wording for p in script.old}:
            script.note(old, BlockFate.DELETED, "replaced by another subject")
            script.pieces[at] = Piece(old.kind, old.number + other.wording, old.level)


def insert(script: Script) -> None:
    """Actions and paragraphs of another chapter: what follows is renumbered."""
    taken = {p.wording for p in script.old}
    for at in script.drawn(4, BlockKind.ACTION, BlockKind.PARAGRAPH):
        other = script.dice.choice([p for p in script.donor if p.kind == script.pieces[at].kind])
        if other.wording not in taken:
            script.pieces.insert(at, Piece(other.kind, other.text, other.level))


def swap(script: Script) -> None:
    for at in script.drawn(4, BlockKind.ACTION):
        if at and script.pieces[at - 1].kind == BlockKind.ACTION and script.pieces[at - 1].whole and script.pieces[at].whole:
            script.pieces[at - 1:at + 1] = reversed(script.pieces[at - 1:at + 1])


def reword(script: Script, share: float = 0.2, count: int = 10) -> None:
    for at in script.drawn(count):
        piece, words = script.pieces[at], []
        for word in piece.wording.split():
            draw = script.dice.random()
            words += [] if draw < share / 2 else script.some_words(1) if draw < share else [word]
        if words and " ".join(words) != piece.wording:
            piece.reworded(" ".join(words))
            script.note(piece, BlockFate.CHANGED, f"{share:.0%} of its words dropped or replaced")


def rewrite(script: Script) -> None:
    reword(script, 0.5, 6)


def figure(script: Script) -> None:
    """One figure becomes another: the least change that matters."""
    for at in script.drawn(30, words=4):
        piece = script.pieces[at]
        found = list(FIGURE.finditer(piece.wording))
        if found and sum(deed == "a figure changed" for deed in script.deeds.values()) < 6:
            one = script.dice.choice(found)
            piece.reworded(piece.wording[:one.start()] + str(int(one[0]) + script.dice.randint(1, 9)) + piece.wording[one.end():])
            script.note(piece, BlockFate.CHANGED, "a figure changed")


def cut_words(script: Script) -> None:
    """Its last sentence is dropped, or one of another block is added."""
    for at in script.drawn(8, words=16):
        piece = script.pieces[at]
        sentences = SENTENCE.split(piece.wording)
        if len(sentences) > 1 and script.dice.random() < 0.5:
            piece.reworded(" ".join(sentences[:-1]))
        else:
            piece.reworded(piece.wording + " " + " ".join(script.some_words(12)))
        script.note(piece, BlockFate.CHANGED, "a sentence added or dropped")


def split(script: Script) -> None:
    done = 0
    for at in script.drawn(40, BlockKind.PARAGRAPH, words=24):
        piece = script.pieces[at]
        parts = SENTENCE.split(piece.wording)
        middle = len(parts) // 2
        first, second = " ".join(parts[:middle]), " ".join(parts[middle:])
        if done < 4 and min(len(first.split()), len(second.split())) >= 6:
            piece.reworded(first)
            script.pieces.insert(at + 1, Piece(piece.kind, second, piece.level, list(piece.whole)))
            script.note(piece, BlockFate.SPLIT, "split at a sentence")
            done += 1


def merge(script: Script) -> None:
    done = 0
    for at in script.drawn(60, BlockKind.PARAGRAPH, words=6):
        if at + 1 >= len(script.pieces) or at + 1 not in script.places(BlockKind.PARAGRAPH, words=6) or done >= 4:
            continue
        first, second = script.pieces[at], script.pieces.pop(at + 1)
        first.text, first.whole = f"{first.text} {second.text}", first.whole + second.whole
        script.note(first, BlockFate.MERGED, "merged with the next")
        done += 1


def move_project(script: Script) -> None:
    """A project goes under another axis, all that stands under it with it."""
    starts = [at for at, p in enumerate(script.pieces) if p.kind == BlockKind.PROJECT]
    at = script.dice.choice(starts)
    end = next((k for k in range(at + 1, len(script.pieces)) if script.pieces[k].kind in (
        BlockKind.PROJECT, BlockKind.AXIS, BlockKind.HEADING)), len(script.pieces))
    moved = script.pieces[at:end]
    del script.pieces[at:end]
    script.pieces[(to := script.dice.choice([k for k, p in enumerate(script.pieces) if p.kind == BlockKind.PROJECT])):to] = moved


def translate(script: Script) -> None:
    """What no reader of the old words would know again."""
    for at in script.drawn(3, BlockKind.PARAGRAPH, BlockKind.ACTION):
        piece = script.pieces[at]
        script.note(piece, BlockFate.DELETED, "entirely rewritten")
        wording = LETTERS.sub(lambda _found: script.dice.choice(ascii_lowercase), piece.wording)
        script.pieces[at] = Piece(piece.kind, piece.number + wording, piece.level)


def retitle(script: Script) -> None:
    """A title has the words of another text's, over the same passages."""
    titles = [p.wording for p in pieces_of(DONORS[script.language]) if p.kind in TITLES]
    for at in script.drawn(3, *TITLES, words=1):
        piece = script.pieces[at]
        wording = script.dice.choice(titles)
        if wording not in {p.wording for p in script.old}:
            piece.reworded(wording)
            script.note(piece, BlockFate.CHANGED, "another title")


def copy(script: Script) -> None:
    """Two words of it become another, and it stands far away as it was."""
    texts = [p.text for p in script.old]
    for piece in [script.pieces[at] for at in script.drawn(2, BlockKind.PARAGRAPH, BlockKind.ACTION)]:
        at = script.pieces.index(piece)
        far = [place for place in range(1, len(script.pieces)) if abs(place - at) > 5]
        if far and texts.count(piece.text) == 1:
            words, first = piece.wording.split(), script.dice.randrange(6)
            script.pieces.insert(script.dice.choice(far), Piece(piece.kind, piece.text, piece.level))
            piece.reworded(" ".join([*words[:first], *script.some_words(1), *words[first + 2:]]))
            script.note(piece, BlockFate.CHANGED, "edited, and copied elsewhere as it was")


def mark(script: Script) -> None:
    """Vowel signs on Arabic, capitals on other letters."""
    for at in script.drawn(6, words=3):
        piece = script.pieces[at]
        wording = ARABIC_LETTER.sub(lambda found: found[0] + script.dice.choice(["", "\u064e", "\u064f", "\u0651"]), piece.wording)
        piece.reworded(wording if wording != piece.wording else piece.wording.upper())
        script.note(piece, BlockFate.CHANGED, "signs or capitals")


FORMULA_EDITIONS: dict[str, tuple[Callable[[Script], None], ...]] = {
    "formulas: light": (figure, swap),
    "formulas: deleted and swapped": (delete, figure, swap),
    "formulas: reworded": (delete, cut_words, swap),
}
EDITIONS: dict[str, tuple[Callable[[Script], None], ...]] = {
    "a light revision": (figure, reword, swap),
    "inserted and renumbered": (insert, figure, reword),
    "deleted, replaced": (delete, replace, reword),
    "split and merged": (split, merge, figure),
    "a project moved": (move_project, reword, figure),
    "retitled, marked": (retitle, mark, figure),
    "copied elsewhere": (copy, figure),
    "a deep revision": (split, merge, delete, insert, replace, rewrite, reword, cut_words, figure, swap, move_project, translate),
}


def played(text: str, edition: str, turn: int) -> Script:
    script = Script(text, random.Random(f"{SEED} {text} {edition} {turn}"))
    for deed in {**EDITIONS, **FORMULA_EDITIONS}[edition]:
        deed(script)
    script.numbered()
    return script


# Judged


def verdicts(script: Script) -> dict[int, Verdict]:
    """By place of the old block. Where words stand twice in a text, either place is right."""
    said = by_old(align(script.old, script.pieces))
    places: dict[int, set[int]] = defaultdict(set)
    for at, piece in enumerate(script.pieces):
        for old in piece.whole:
            places[old].add(at)
    same: dict[str, set[int]] = defaultdict(set)
    for old, piece in enumerate(script.old):
        if old not in script.truth:
            same[piece.wording] |= places[old]
    found = {}
    for old, piece in enumerate(script.old):
        true = {script.truth[old]} if old in script.truth else {BlockFate.KEPT, BlockFate.MOVED}
        alike = places[old] if old in script.truth else same[piece.wording]
        found[old] = verdict(true, alike, said[old], f"{script.language} {old + 1} {script.deeds.get(old, 'untouched')}: {piece.text[:60]}")
    return found


def judged() -> dict[tuple[str, str], list[tuple[str, Verdict]]]:
    """(language, edition) to (what was done, verdict)."""
    found = defaultdict(list)
    plays = [*product(TEXTS, EDITIONS), *product((f"formulas.{language}" for language in WORDS), FORMULA_EDITIONS)]
    for (text, edition), turn in product(plays, range(ROUNDS)):
        script = played(text, edition, turn)
        found[script.language, edition] += [(script.deeds.get(old, "untouched"), one) for old, one in verdicts(script).items()]
    return found


def rows() -> list[list[str]]:
    """By language and by edition the blocks that something was done to; by deed in all languages."""
    made, by_deed = [], defaultdict(list)
    for (language, edition), pairs in sorted(judged().items()):
        made.append(row(f"{language}, {edition}", [one for deed, one in pairs if deed != "untouched"]))
        for deed, one in pairs:
            by_deed[deed].append(one)
    return [*made, *(row(f"… {deed}", found) for deed, found in sorted(by_deed.items()))]


if __name__ == "__main__":
    wrong = [one for pairs in judged().values() for _deed, one in pairs if not one.is_right]
    sys.stdout.writelines(f"{'!!' if one.is_wrong_and_sure else '  '} {one.name}\n      {one.told}\n" for one in wrong)
