"""What the chair is told before validating, beside what stands in the way of it: answers that a reader may find wanting."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from consult.core.i18n import gettext, ngettext
from consult.core.markup import excerpt
from consult.synthesis.service.overview import OverviewItem
from consult.text.normalising import normalised


@dataclass(frozen=True)
class Remark:
    message: str
    items: Sequence[OverviewItem]


def list_remarks(items: Sequence[OverviewItem]) -> list[Remark]:
    """Accepted points that change no words, and reasons that several points share to the letter."""
    found = []
    if unworded := [item for item in items if changes_nothing(item)]:
        found.append(Remark(ngettext(
            "%(num)s point is accepted without new wording, and does not say that no change of the text is needed.",
            "%(num)s points are accepted without new wording, and do not say that no change of the text is needed.",
            len(unworded)), unworded))
    return found + [repeated(same) for same in alike(items)]


def changes_nothing(item: OverviewItem) -> bool:
    disposition = item.disposition
    return disposition is not None and disposition.changes_text and not item.is_changing and not item.needs_no_change


def alike(items: Sequence[OverviewItem]) -> list[list[OverviewItem]]:
    """The points of each rationale that answers several, most contributions first."""
    by_rationale: dict[str, list[OverviewItem]] = {}
    for item in items:
        if words := " ".join(re.findall(r"\w+", normalised(item.rationale))):  # a full stop makes no other reason
            by_rationale.setdefault(words, []).append(item)
    return sorted((same for same in by_rationale.values() if len(same) > 1), key=count_references, reverse=True)


def count_references(items: Sequence[OverviewItem]) -> int:
    return sum(item.gathered for item in items)


def repeated(same: Sequence[OverviewItem]) -> Remark:
    return Remark(gettext(
        "The same rationale answers several points: “%(words)s”. Points: %(points)s · contributions: %(contributions)s",
        points=len(same), contributions=count_references(same), words=excerpt(same[0].rationale, 80)), same)
