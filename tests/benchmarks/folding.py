"""How rightly what says the same is folded: campaigns of many kinds of edit in three languages, texts that only quote, and traps.

The labels are made with the texts, by a seed: ``python -m tests.benchmarks.folding 7`` makes others. Cores are the demonstration's
contributions, cut into sentences and put together anew, so that no two cores say the same.
"""

import random
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from consult.chapters import parsing
from consult.core.config import resource_dir
from consult.demonstration import read
from consult.text.analysing import folded
from consult.text.folding import Folding, Said, own_words
from consult.text.turns import is_turning

HEAD = ["what was done to the text", "texts", "folded with its core", "found at least as a candidate"]
CORES, LONG = 40, range(3, 7)  # cores of each language; sentences of each
SENTENCE = re.compile(r"[^.!?؟\n]+[.!?؟]+")
EASTERN = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
GREETINGS = {"fr": ("Bonjour Madame, Monsieur,\n", "\nVeuillez agréer l’expression de nos salutations.\nSaïd Benali, gérant"),
             "ar": ("السلام عليكم ورحمة الله،\n", "\nمع فائق التقدير والاحترام\nسعيد بنعلي"),
             "en": ("Dear Sir or Madam,\n", "\nYours sincerely,\nS. Benali")}
NOT = {"fr": "ne pas", "ar": "لا", "en": "not"}


@dataclass
class Case:
    kind: str
    said: Said
    core: str
    own: list[str] = field(default_factory=list)  # words that its author added


class Maker:
    """Texts of one language."""

    def __init__(self, language: str, dice: random.Random) -> None:
        self.language, self.dice = language, dice
        said = [one["body"] for number in range(1, 6) for one in read(f"chapter_{number}")["contributions"] if one["language"] == language]
        self.sentences = list(dict.fromkeys(found.strip() for text in said for found in SENTENCE.findall(text) if len(found.split()) >= 7))
        dice.shuffle(self.sentences)
        self.vocabulary = sorted({word for one in self.sentences for word in re.findall(r"\w{4,}", one) if not is_turning(folded(word))})

    def draw(self, number: int) -> list[str]:
        """Sentences that were not drawn yet; where all were, of words in another order."""
        return [self.sentences.pop() if self.sentences else self.made_up() for _time in range(number)]

    def made_up(self) -> str:
        return " ".join(self.dice.choices(self.vocabulary, k=self.dice.randint(8, 18))).capitalize() + "."


def edits(maker: Maker) -> dict[str, Callable[[list[str]], tuple[str, list[str]]]]:
    """Each makes of a core's sentences another text, with the words that were added."""
    dice = maker.dice

    def plain(done: Callable[[list[str]], str]) -> Callable[[list[str]], tuple[str, list[str]]]:
        return lambda sentences: (done(sentences), [])

    def replaced(share: float) -> Callable[[list[str]], str]:
        def run(sentences: list[str]) -> str:
            words = " ".join(sentences).split(" ")
            free = [place for place, word in enumerate(words) if word.isalpha() and not is_turning(folded(word))]
            for place in dice.sample(free, max(1, min(len(free), int(share * len(words))))):
                words[place] = dice.choice(maker.vocabulary)
            return " ".join(words)
        return run

    def added(times: float) -> Callable[[list[str]], tuple[str, list[str]]]:
        def run(sentences: list[str]) -> tuple[str, list[str]]:
            own, most = [], times * len(" ".join(sentences).split())
            while not own or len(" ".join(own).split()) < 0.8 * most:
                own += maker.draw(1)
            place = dice.choice((0, len(sentences)))
            return " ".join([*sentences[:place], *own, *sentences[place:]]), re.findall(r"\w+", " ".join(own))
        return run

    def shuffled(sentences: list[str]) -> str:
        return " ".join(dice.sample(sentences, len(sentences)))

    def less(sentences: list[str]) -> str:
        left = dice.randrange(len(sentences))
        return " ".join(sentences[:left] + sentences[left + 1:])

    greeting, farewell = GREETINGS[maker.language]
    told: dict[str, Callable[[list[str]], tuple[str, list[str]]]] = {
        "exact": plain(" ".join), "case": plain(lambda s: " ".join(s).upper()),
        "greeting and signature": plain(lambda s: greeting + " ".join(s) + farewell),
        "five words in a hundred": plain(replaced(0.05)), "ten words in a hundred": plain(replaced(0.1)),
        "one sentence less": plain(less), "reordered": plain(shuffled), "repeated": plain(lambda s: " ".join(s + s)),
        "half added": added(0.5), "four times added": added(4.0),
        "a paragraph within another text": lambda s: added(4.0)(s[:2]),
    }
    if maker.language == "ar":
        told["vowel signs"] = plain(lambda s: re.sub(r"([^\W\d])(?=[^\W\d])", "\\1\u064e", " ".join(s)))
        told["digits"] = plain(lambda s: " ".join(s).translate(EASTERN))
    else:
        told["accents"] = plain(lambda s: "".join(folded(one) if one.isalpha() else one for one in re.split(r"(\W+)", " ".join(s)) if one))
    return told


FOLDED = {"exact", "case", "greeting and signature", "five words in a hundred", "ten words in a hundred", "one sentence less", "reordered",
          "repeated", "half added", "vowel signs", "digits", "accents"}


def traps(maker: Maker) -> dict[str, Callable[[str], str]]:
    dice, no = maker.dice, NOT[maker.language]

    def negated(text: str) -> str:
        words = text.split(" ")
        place = dice.randrange(2, len(words) - 2)
        return " ".join([*words[:place], *no.split(), *words[place:]])

    def other_figure(text: str) -> str:
        return text.replace("300", str(dice.choice((200, 350, 3000))))
    return {"negation": negated, "figure": other_figure, "date": lambda text: text.replace("2028", "2030")}


def cases(seed: int) -> tuple[list[Case], list[str]]:
    """Everything that is said, in an order of its own, and what it speaks of."""
    dice, found = random.Random(seed), []  # noqa: S311 - texts, no secrets
    chapters = [path.read_text("utf-8") for path in sorted(resource_dir("policy_drafts").glob("1-*.md"))]
    for language in ("fr", "ar", "en"):
        maker = Maker(language, dice)
        figures = {"fr": "Le montant serait de 300 dirhams dès 2028.", "ar": "يكون المبلغ 300 درهم ابتداء من 2028.",
                   "en": "The amount would be 300 dirhams from 2028."}[language]
        for number in range(CORES):
            core, sentences = f"{language}-{number}", maker.draw(dice.choice(LONG))
            sentences.insert(dice.randrange(len(sentences)), figures.replace(".", f" {dice.choice(maker.vocabulary)}."))
            found.append(Case("core", Said(core, " ".join(sentences), position="opposed"), core))
            for kind, edit in edits(maker).items():
                text, own = edit(sentences)
                found.append(Case(kind, Said(f"{core}-{kind}", text, position="opposed"), core, own))
            if number % 3 == 0:
                for kind, trap in traps(maker).items():
                    found.append(Case(f"trap: {kind}", Said(f"{core}-trap-{kind}", trap(" ".join(sentences)), position="opposed"), core))
                found.append(Case("trap: position", Said(f"{core}-trap-position", " ".join(sentences), position="in_favour"), core))
    path = resource_dir("policy_drafts") / "1-normalisation.fr.md"
    blocks = [block.lead for block in parsing.read_file(path.read_bytes()).blocks if len(block.lead.split()) > 20]
    for number in range(120):
        quoted = dice.choice(blocks)
        found.append(Case("quotes the chapter", Said(f"quote-{number}", f"« {quoted} » {' '.join(dice.sample(['oui', 'voir', 'note'], 2))}",
                                                     position="opposed"), f"quote-{number}"))
    cores, others = [case for case in found if case.kind == "core"], [case for case in found if case.kind != "core"]
    dice.shuffle(others)
    return cores + others, chapters


def sections(seed: int = 1) -> list[tuple[str, list[str], list[list]]]:
    told, chapters = cases(seed)
    began = time.process_time()
    folding = Folding(chapters)
    for case in told:
        folding.add(case.said)
    took = time.process_time() - began
    linked = {(link.id, link.other) for link in folding.links}
    found: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    by_id = {case.said.id: case for case in told}
    for case in told:
        group = folding.groups[folding.group_of[case.said.id]]
        is_folded = case.said.id != case.core and folding.group_of[case.core] == group.number
        near = {by_id[other].core for one, other in linked if one == case.said.id}
        found[case.kind].append((is_folded, is_folded or case.core in near))
    rows = [[kind, str(len(seen)), f"{sum(one for one, _ in seen) / len(seen):.3f}", f"{sum(one for _, one in seen) / len(seen):.3f}"]
            for kind, seen in sorted(found.items()) if kind != "core"]
    return [("Folding", HEAD, rows), ("Folding as a whole", ["", ""], [*wholes(told, folding), [f"{len(told)} texts, s of CPU", took]])]


def wholes(told: list[Case], folding: Folding) -> list[list]:
    pairs = wrong = 0
    core_of = {case.said.id: case.core for case in told}
    for group in folding.groups:
        for member in group.members[1:]:
            pairs += 1
            wrong += core_of[member] != core_of[group.members[0]] or "trap" in member
    fit = [case for case in told if case.kind in FOLDED]
    recall = sum(folding.group_of[case.said.id] == folding.group_of[case.core] for case in fit) / len(fit)
    texts, hits, said, wanted = {case.said.id: case.said.text for case in told}, 0, 0, 0
    for case in told:
        if case.kind in ("half added", "exact", "case", "reordered", "repeated", "one sentence less"):
            own = [case.said.text[start:end] for start, end in own_words(case.said.text, texts[case.core])]
            right = sum(1 for word in own if word in case.own)
            hits, said, wanted = hits + right, said + len(own), wanted + len(case.own)
    return [["precision of folds (aim 0.99)", f"{1 - wrong / pairs:.4f}"], ["recall of folds (aim 0.95)", f"{recall:.4f}"],
            ["precision of words of one's own (aim 0.98)", f"{hits / said:.4f}"],
            ["recall of words of one's own (aim 0.98)", f"{hits / wanted:.4f}"]]


if __name__ == "__main__":
    for title, head, table in sections(*map(int, sys.argv[1:])):
        print(title, *(" | ".join(map(str, row)) for row in [head, *table]), sep="\n")  # noqa: T201 - a measure
