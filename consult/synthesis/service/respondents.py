"""Who speaks in an item, counted and never typed: organisations by category, persons apart, positions."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from consult.contributions.models import Position
from consult.core.i18n import ngettext
from consult.organisations.models import Category


@dataclass(frozen=True)
class Respondent:
    """What is known of one published contribution when respondents are counted."""

    position: Position
    category: Category | None
    organisation_id: int | None
    author_id: int

    @property
    def voice(self) -> tuple[Category | None, int]:
        """An organisation counts once, whoever writes for it; a person who speaks in their own name counts once."""
        return (self.category, self.organisation_id) if self.organisation_id else (None, self.author_id)


def by_category(respondents: Iterable[Respondent]) -> Counter:
    return Counter(category for category, _who in {respondent.voice for respondent in respondents})


@dataclass(frozen=True)
class Respondents:
    """The counts of one item; ``of`` are those of all who spoke about the chapter."""

    contributions: int
    categories: Counter
    positions: Counter
    of: Counter = field(default_factory=Counter)

    @classmethod
    def among(cls, respondents: list[Respondent], of: Counter) -> "Respondents":
        return cls(len(respondents), by_category(respondents), Counter(respondent.position for respondent in respondents), of)

    def category_labels(self) -> list[str]:
        """“2 of 3 laboratories”, …, in the order of the categories."""
        return [WORDS[category](self.categories[category], max(self.of[category], self.categories[category]))
                for category in WORDS if self.categories[category]]

    def position_labels(self) -> list[tuple[Position, int]]:
        return [(position, self.positions[position]) for position in Position if self.positions[position]]


# Agreement follows the whole: “1 of 3 laboratories”.
WORDS: dict[Category | None, Callable[[int, int], str]] = {
    Category.MINISTRY: lambda n, of: ngettext(
        "%(count)s of %(num)s ministry or public body", "%(count)s of %(num)s ministries or public bodies", of, count=n),
    Category.CHAMBER: lambda n, of: ngettext(
        "%(count)s of %(num)s professional chamber", "%(count)s of %(num)s professional chambers", of, count=n),
    Category.PROFESSIONAL_ASSOCIATION: lambda n, of: ngettext(
        "%(count)s of %(num)s federation or professional association",
        "%(count)s of %(num)s federations or professional associations", of, count=n),
    Category.COMPANY: lambda n, of: ngettext("%(count)s of %(num)s company", "%(count)s of %(num)s companies", of, count=n),
    Category.CONFORMITY_ASSESSMENT_BODY: lambda n, of: ngettext(
        "%(count)s of %(num)s conformity assessment body", "%(count)s of %(num)s conformity assessment bodies", of, count=n),
    Category.LABORATORY: lambda n, of: ngettext(
        "%(count)s of %(num)s laboratory", "%(count)s of %(num)s laboratories", of, count=n),
    Category.EDUCATION_RESEARCH: lambda n, of: ngettext(
        "%(count)s of %(num)s body of education or research", "%(count)s of %(num)s bodies of education or research", of, count=n),
    Category.CONSUMER_ASSOCIATION: lambda n, of: ngettext(
        "%(count)s of %(num)s consumer association", "%(count)s of %(num)s consumer associations", of, count=n),
    Category.QUALITY_ASSOCIATION: lambda n, of: ngettext(
        "%(count)s of %(num)s quality association", "%(count)s of %(num)s quality associations", of, count=n),
    Category.TRADE_UNION: lambda n, of: ngettext(
        "%(count)s of %(num)s trade union", "%(count)s of %(num)s trade unions", of, count=n),
    Category.OTHER: lambda n, of: ngettext(
        "%(count)s of %(num)s other organisation", "%(count)s of %(num)s other organisations", of, count=n),
    None: lambda n, of: ngettext(
        "%(count)s of %(num)s person in their own name", "%(count)s of %(num)s persons in their own name", of, count=n),
}
