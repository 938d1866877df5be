"""The second versions of the demonstration, made from the first by the edits of ``revisions.yml``."""

import re

from consult.chapters.source import front_matter, with_front_matter


def revised(source: str, note: str, edits: list[dict[str, str]]) -> str:
    """The next version of a chapter's file; :class:`ValueError` when an edit does not meet exactly one place of the text."""
    meta, body, _line = front_matter(source)
    for edit in edits:
        body = applied(body, edit)
    return with_front_matter({**meta, "revision_note": note}, body)


def applied(body: str, edit: dict[str, str]) -> str:
    if "change" in edit:
        return replaced(body, edit["change"], edit["to"])
    if "drop" in edit:
        return replaced(body, item_of(body, edit["drop"]), "")
    if "add" in edit:
        before = item_of(body, edit["after"])
        return replaced(body, before, f"{before}{edit['add'].strip()}\n\n")
    moved = item_of(body, edit["move"])
    body = replaced(body, moved, "")
    before = item_of(body, edit["after"])
    return replaced(body, before, before + moved.replace(edit["move"], edit["as"], 1))


def item_of(body: str, number: str) -> str:
    """An action with its facts, up to the next action or heading."""
    found = re.findall(rf"^- \*\*{re.escape(number)}\*\*.*?(?=^- |^#|\Z)", body, re.MULTILINE | re.DOTALL)
    if len(found) != 1:
        raise ValueError(f"{number} stands {len(found)} times")
    return found[0]


def replaced(body: str, old: str, new: str) -> str:
    if body.count(old) != 1:
        raise ValueError(f"these words stand {body.count(old)} times: {old[:60]}")
    return body.replace(old, new)
