"""How often what says the same is found for whoever writes it, by language: by the words alone, and where the passage is known as well.

What says the same is what the demonstration's commissions gathered in one item, which were mostly read passage by passage: so the second
pair of columns flatters, and the first one is what the words do.
"""

import time
from collections import Counter, defaultdict
from itertools import product
from typing import Any

from consult.chapters import parsing
from consult.core.config import resource_dir
from consult.core.i18n import LANGUAGES
from consult.demonstration import read
from consult.text import lexicon, retrieval
from consult.text.retrieval import Sought

HEAD = ["what others said already, found for what is written", "asked", "first, by the words", "among five",
        "first, with the passage (aim 0.85)", "among five"]
TOLD = (1, 5)


def sections() -> list[tuple[str, list[str], list[list]]]:
    began = time.process_time()
    twins = lexicon.learn(twin_passages())
    learnt = time.process_time() - began
    took = [["the words of five chapters in two languages learnt, s of CPU (in the worker, at each publication)", learnt],
            ["pairs of words", sum(len(others) for others in twins.values()) / 2]]
    return [("Similar contributions", HEAD, found_rows(twins)), ("The words of two languages", ["", ""], took)]


def twin_passages() -> list[tuple[str, str]]:
    pairs = []
    for path in sorted(resource_dir("policy_drafts").glob("*.fr.md")):
        french, arabic = ({block.key: block.lead for block in parsing.read_file(one.read_bytes()).blocks}
                          for one in (path, path.with_name(path.name.replace(".fr.", ".ar."))))
        pairs += [(text, arabic[key]) for key, text in french.items() if key in arabic]
    return pairs


def found_rows(twins: lexicon.Lexicon) -> list[list]:
    asked: Counter[tuple[str, str]] = Counter()
    right: dict[tuple[str, str], Counter[tuple[bool, int]]] = defaultdict(Counter)
    for number in range(1, 6):
        said = [one for one in read(f"chapter_{number}")["contributions"] if one["language"] in LANGUAGES]
        bags = {one["id"]: retrieval.bag(one["body"]) for one in said}
        weights = retrieval.weigh(bags.values(), len(bags), {})
        length = sum(bag.total() for bag in bags.values()) / len(bags)
        for one in said:
            sought = Sought(one["body"], twins, one["language"])
            scores = {other["id"]: retrieval.score(sought, bags[other["id"]], weights, length) for other in said if other is not one}
            for language, with_place in product(LANGUAGES, (False, True)):
                ranked = [other for other in said if other is not one and other["language"] == language]
                alike = {other["id"] for other in ranked if one.get("item") and other.get("item") == one["item"]}
                if not alike:
                    continue
                ranked.sort(key=lambda other: (with_place and other["block"] != one["block"], -scores[other["id"]], other["id"]))
                asked[one["language"], language] += not with_place
                for most in TOLD:
                    right[one["language"], language][with_place, most] += any(other["id"] in alike for other in ranked[:most])
    return [[f"written in {own}, said in {other}", str(number), *share(right[own, other], number)]
            for (own, other), number in sorted(asked.items())]


def share(found: Counter[tuple[bool, int]], number: int) -> list[Any]:
    return [f"{found[with_place, most] / number:.2f}" for with_place in (False, True) for most in TOLD]


if __name__ == "__main__":
    for title, head, rows in sections():
        print(title, *(" | ".join(map(str, row)) for row in [head, *rows]), sep="\n")  # noqa: T201 - a measure
