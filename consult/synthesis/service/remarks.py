"""What the chair is told before validating, beside what stands in the way of it: answers that a reader may find wanting."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from consult.core.i18n import gettext, ngettext
from consult.core.markup import excerpt
from consult.synthesis.service.report import ItemView
from consult.text.normalising import normalised


@dataclass(frozen=True)
class Remark:
    message: str
    views: Sequence[ItemView]


def list_remarks(views: Sequence[ItemView]) -> list[Remark]:
    """Accepted points that change no words, and reasons that several points share to the letter."""
    found = []
    if unworded := [view for view in views if changes_nothing(view)]:
        found.append(Remark(ngettext(
            "%(num)s point is accepted without new wording, and does not say that no change of the text is needed.",
            "%(num)s points are accepted without new wording, and do not say that no change of the text is needed.",
            len(unworded)), unworded))
    return found + [repeated(same) for same in alike(views)]


def changes_nothing(view: ItemView) -> bool:
    disposition = view.item.disposition
    return disposition is not None and disposition.changes_text and not view.changes and not view.item.needs_no_change


def alike(views: Sequence[ItemView]) -> list[list[ItemView]]:
    """The points of each rationale that answers several, most contributions first."""
    by_rationale: dict[str, list[ItemView]] = {}
    for view in views:
        if words := " ".join(re.findall(r"\w+", normalised(view.item.rationale))):  # a full stop makes no other reason
            by_rationale.setdefault(words, []).append(view)
    return sorted((same for same in by_rationale.values() if len(same) > 1), key=count_references, reverse=True)


def count_references(views: Sequence[ItemView]) -> int:
    return sum(len(view.references) for view in views)


def repeated(same: Sequence[ItemView]) -> Remark:
    return Remark(gettext(
        "The same rationale answers several points: “%(words)s”. Points: %(points)s · contributions: %(contributions)s",
        points=len(same), contributions=count_references(same), words=excerpt(same[0].item.rationale, 80)), same)
