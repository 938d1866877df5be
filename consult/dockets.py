"""``consult group``: what is alike in any file of contributions, without a database: whoever doubts the method can try it."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from consult.text.folding import Folding, Group, Link, Said, own_words

LABELS = ("label", "group")  # what a line may say of what it belongs with
REASONS = {
    "": "the words resemble each other, but less than what is folded", "position": "nearly the same words, another position",
    "place": "the same few words, on another passage", "wording": "nearly the same words, another proposed change",
    "turn": "nearly the same words, but a figure, a date or a negation differs",
}


@dataclass(frozen=True)
class Line:
    """One of the file, as it was understood."""

    number: int
    said: Said
    label: str


@click.command("group")
@click.argument("path", metavar="FILE.jsonl", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", "out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for what is found.")
@click.option("--background", "backgrounds", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="A text that they speak of, which nobody resembles another by quoting; may be given several times.")
def group_file(path: Path, out: Path, backgrounds: tuple[Path, ...]) -> None:
    """Tell what is alike in contributions: a line of JSON each, with id, text and, where it has them, replacement, position, place.

    Writes folds.jsonl, candidates.jsonl, own_words.jsonl, refused.jsonl and figures.json. Lines with a label give figures against it.
    """
    refused: list[dict[str, Any]] = []
    began = time.process_time()
    folding = Folding(one.read_text("utf-8-sig") for one in backgrounds)
    lines = {line.said.id: line for line in read_lines(path, refused)}
    for line in lines.values():
        folding.add(line.said)
    figures = {"texts": len(lines), "refused": len(refused), "distinct": len(folding.groups),
               "folded": len(lines) - len(folding.groups), "candidates": len(folding.links), **against_labels(folding, lines)}
    figures["cpu_seconds"] = round(time.process_time() - began, 2)
    out.mkdir(parents=True, exist_ok=True)
    write(out / "folds.jsonl", (fold_row(group) for group in folding.groups if len(group.members) > 1))
    write(out / "candidates.jsonl", (candidate_row(folding, link) for link in folding.links))
    write(out / "own_words.jsonl", own_rows(folding, lines))
    write(out / "refused.jsonl", refused)
    (out / "figures.json").write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n", "utf-8")
    for name, value in figures.items():
        click.echo(f"{name}: {value}")
    for one in refused:
        click.echo(f"{path.name}, line {one['line']}: {one['reason']}", err=True)


def read_lines(path: Path, refused: list[dict[str, Any]]) -> Iterator[Line]:
    """Those that can be read, in their order; what cannot is told with its line, and stops nothing."""
    known: set[str] = set()
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            if not raw.strip():
                continue
            try:
                line = understood(number, raw)
                if line.said.id in known:
                    raise ValueError(f"the id {line.said.id} stands in an earlier line already")
            except (ValueError, RecursionError) as fault:  # JSON's and Unicode's faults are such
                refused.append({"line": number, "reason": str(fault) or type(fault).__name__})
                continue
            known.add(line.said.id)
            yield line


def understood(number: int, raw: bytes) -> Line:
    """Raises :class:`ValueError` with what is wrong."""
    told = json.loads(raw.decode("utf-8-sig"))
    if not isinstance(told, dict):
        raise ValueError("it is no object with id and text")
    for name in ("id", "text"):
        if name not in told:
            raise ValueError(f"it has no {name}")
    if not isinstance(told["id"], (str, int)) or not isinstance(told["text"], str):
        raise ValueError("its id is no text or number, or its text is no text")
    values = {name: told.get(name) or "" for name in ("replacement", "position", "place")}
    label = next((str(told[name]) for name in LABELS if told.get(name) is not None), "")
    return Line(number, Said(str(told["id"]), told["text"], **{name: str(value) for name, value in values.items()}), label)


def write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def fold_row(group: Group) -> dict[str, Any]:
    return {"fold": group.number + 1, "size": len(group.members), "core": group.members[0], "members": group.members}


def candidate_row(folding: Folding, link: Link) -> dict[str, Any]:
    return {
        "id": link.id, "other": link.other, "fold": folding.group_of[link.id] + 1, "other_fold": folding.group_of[link.other] + 1,
        "resemblance": round(link.resemblance, 3), "containment": round(link.containment, 3), "why_not_folded": link.kept_apart or "less",
        "reason": REASONS[link.kept_apart], "words": list(link.turns),
    }


def own_rows(folding: Folding, lines: dict[str, Line]) -> Iterator[dict[str, Any]]:
    """Of each that is folded, the words that the first of its fold does not have."""
    for group in folding.groups:
        for member in group.members[1:]:
            text = lines[member].said.text
            spans = own_words(text, lines[group.members[0]].said.text)
            yield {"id": member, "fold": group.number + 1, "core": group.members[0], "count": len(spans),
                   "words": [text[start:end] for start, end in spans], "spans": spans}


def against_labels(folding: Folding, lines: dict[str, Line]) -> dict[str, Any]:
    """Pairs that are rightly in one fold, of those in one, and of those with one label; and texts that are led to another of theirs."""
    labelled = {key: line.label for key, line in lines.items() if line.label}
    if not labelled:
        return {}
    folds = [Counter(labelled[member] for member in group.members if member in labelled) for group in folding.groups]
    right = sum(pairs(times) for fold in folds for times in fold.values())
    folded, alike = sum(pairs(fold.total()) for fold in folds), sum(pairs(times) for times in Counter(labelled.values()).values())
    return {"labelled": len(labelled), "fold_precision": ratio(right, folded), "fold_recall": ratio(right, alike),
            "found_at_least_as_candidate": ratio(*found_in(folding, labelled))}


def found_in(folding: Folding, labelled: dict[str, str]) -> tuple[int, int]:
    """(texts that are folded with, or a candidate for, an earlier one of their label; texts that have such a one)."""
    seen: set[str] = set()
    led: dict[str, set[str]] = {}
    for link in folding.links:
        led.setdefault(link.id, set()).add(link.other)
    found = asked = 0
    for key, label in labelled.items():
        if label in seen:
            asked += 1
            others = {*folding.groups[folding.group_of[key]].members, *led.get(key, ())} - {key}
            found += any(labelled.get(other) == label for other in others)
        seen.add(label)
    return found, asked


def pairs(number: int) -> int:
    return number * (number - 1) // 2


def ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
