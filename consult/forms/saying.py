"""What a draft says as the cells of a form, and back: nothing that was typed is lost on the way.

The form of ISO has a column for the remark and one for the change. What else an author says stands below the remark, each on a line of
its own that begins with a dash and its name in one of our languages.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from flask import has_app_context
from rapidfuzz import fuzz

from consult.contributions.models import CommentType, Kind, Position
from consult.core.i18n import LANGUAGES, N_, LabelledEnum, force_locale, gettext
from consult.forms.columns import folded, type_in
from consult.forms.rows import FormRow
from consult.forms.tables import LONGEST_PLACE
from consult.text import quotes

JUSTIFICATION, POSITION, KIND, INTERESTS, WORDING = (
    N_("Justification"), N_("Position"), N_("Kind"), N_("Interest declared"), N_("New wording"))
LABELS = (JUSTIFICATION, POSITION, KIND, INTERESTS)
ALIKE = 40  # of 100: a change that resembles its passage so much is a new wording of it, and no instruction
CHOSEN: dict[str, type[LabelledEnum]] = {POSITION: Position, KIND: Kind}
GUILLEMETS = re.compile(r"«([^«»]*)»")
FIELDS = {JUSTIFICATION: "justification", POSITION: "position", KIND: "kind", INTERESTS: "interests"}


@dataclass(frozen=True)
class Cells:
    """A line of the form, by what its columns hold."""

    commenter: str = ""
    clause: str = ""
    element: str = ""
    type: str = ""
    comment: str = ""
    change: str = ""
    names: dict[str, str] = field(default_factory=dict)


def cells_of(fields: Mapping[str, str], *, key: str, number: str, lead: str, commenter: str) -> Cells:
    """In the language in force; ``lead`` is the wording of the passage that a proposed change would replace."""
    further = [(JUSTIFICATION, fields.get("justification") or "")]
    if fields.get("position"):
        further.append((POSITION, gettext(Position(fields["position"]).msgid)))
    if fields.get("kind") and fields["kind"] != Kind.COMMENT:
        further.append((KIND, gettext(Kind(fields["kind"]).msgid)))
    further.append((INTERESTS, fields.get("interests") or ""))
    said = [fields.get("body") or "", *(f"— {gettext(label)} : {words}" for label, words in further if words)]
    change, quote = fields.get("replacement") or "", fields.get("exact") or ""
    if change.strip() == lead.strip():
        change = ""
    if change and not is_wording(change, lead):
        change = f"— {gettext(WORDING)} : {change}"
    comment_type = fields.get("comment_type")
    return Cells(commenter, f"{key}\n{number}".strip() if number != key else key, f"« {quote} »" if quote else "",
                 CommentType(comment_type).iso if comment_type else "", "\n".join(said).strip("\n"), change)


def is_wording(change: str, lead: str) -> bool:
    return fuzz.ratio(folded(change), folded(lead)) >= ALIKE


def named(text: str) -> Mapping[str, str]:
    """By each label of ours, in each language, what it stands for."""
    return _named(text, has_app_context())


@cache
def _named(text: str, _is_translated: bool) -> Mapping[str, str]:
    found = {}
    for language in LANGUAGES:
        with force_locale(language):
            found[gettext(text)] = text
    return found


def names_of_parts() -> tuple[Mapping[str, str], re.Pattern[str]]:
    """What each name of a part stands for, and where such a name begins a line."""
    return _names_of_parts(has_app_context())


@cache
def _names_of_parts(_is_translated: bool) -> tuple[Mapping[str, str], re.Pattern[str]]:
    names = {said: label for label in LABELS for said, label in named(label).items()}
    return names, re.compile(rf"^([—–-] ({'|'.join(sorted(map(re.escape, names), key=len, reverse=True))})\s*[:：]\s*)", re.MULTILINE)


def split_comment(comment: str) -> tuple[str, dict[str, str]]:
    """The remark, and what stands below it under a name of ours, each once; what is no such thing stays in the remark, word by word."""
    names, pattern = names_of_parts()
    first, *parts = pattern.split(comment)
    remark, told = [first], {}
    for begun, name, words in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        label, said = names[name], words.removesuffix("\n")
        if label in told or (label in CHOSEN and not chosen(label, said)):
            remark.append(begun + words)
        else:
            told[label] = said
    return ("".join(remark).removesuffix("\n") if parts else first), told


def chosen(label: str, said: str) -> str:
    """The value of a choice that is called so in one of our languages, or nothing."""
    return next((one.value for one in CHOSEN[label] if said.strip() in named(one.msgid)), "")


def fields_of(row: FormRow, *, text: str, lead: str) -> dict[str, str]:
    """What a row says as the fields of a draft about a passage; a choice that is not said is left for its author to make."""
    body, told = split_comment(row.comment)
    fields = {"body": body, "justification": told.get(JUSTIFICATION, ""), "interests": told.get(INTERESTS, ""),
              "comment_type": type_in(row.type) or CommentType.GENERAL.value, "kind": Kind.COMMENT.value, "position": ""}
    for label in CHOSEN:
        fields[FIELDS[label]] = chosen(label, told.get(label, "")) or fields[FIELDS[label]]
    change = row.change
    if found := re.match(rf"^[—–-] ({'|'.join(map(re.escape, named(WORDING)))})\s*[:：]\s*", change):
        fields["replacement"] = change[found.end():]
    elif change and is_wording(change, lead):
        fields["replacement"] = change
    elif change:
        fields["body"] = f"{body}\n\n{gettext('Proposed change')} : {change}".strip()
    fields.update(quoted(row.element, text) or quoted(row.clause, text))
    return fields


def quoted(words: str, text: str) -> dict[str, str]:
    """The words of the passage that a cell quotes, with what stands around them; nothing where they are not in it."""
    words = words[:LONGEST_PLACE]
    inner = GUILLEMETS.search(words)
    outer = words[words.find("«") + 1:words.rfind("»")]  # a passage may itself quote
    for said in dict.fromkeys(one.strip() for one in (outer, inner[1]) if one.strip()) if inner else ():
        if places := quotes.find(text, quotes.Quote(said)):
            quote = quotes.at(text, places[0].start, places[0].end)
            return {"exact": quote.exact, "prefix": quote.prefix, "suffix": quote.suffix}
    return {}
