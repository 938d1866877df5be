"""What is known of where a row belongs, how certain that is, and why."""

from dataclasses import dataclass, field
from enum import IntEnum

from consult.core.i18n import N_, LabelledEnum


class Confidence(LabelledEnum):
    SURE = "sure", N_("Certain")
    DOUBTFUL = "doubtful", N_("Doubtful")
    NONE = "none", N_("Not found")


class Why(LabelledEnum):
    """What a passage was recognised by, or why none was."""

    KEY = "key", N_("by its key")
    NUMBER = "number", N_("by its number")
    TITLE = "title", N_("by its title")
    WORDS = "words", N_("by words that stand in it")
    NEARLY_TITLE = "nearly_title", N_("by a title that resembles it")
    NEARLY_WORDS = "nearly_words", N_("by words that resemble it")
    QUOTED = "quoted", N_("by words that the comment quotes")
    MENTIONED = "mentioned", N_("by a number that the comment mentions")
    WHOLE = "whole", N_("the chapter as a whole")
    SECTION = "section", N_("by the heading above the row")
    NO_PLACE = "no_place", N_("the row does not say where")
    PAGE = "page", N_("it names a page, and pages differ from one printing to another")
    SEVERAL = "several", N_("it names several passages")
    MANY = "many", N_("several passages are called so")
    UNKNOWN = "unknown", N_("no passage is called so")
    INCOMPLETE = "incomplete", N_("a number alone may mean several things")
    PART = "part", N_("the part of the passage that it names was not found")
    DISAGREES = "disagrees", N_("what it says of the place disagrees")
    OTHER_CHAPTER = "other_chapter", N_("the number belongs to another chapter")
    OTHER_TEXT = "other_text", N_("nothing shows that the form is about this text")


class Strength(IntEnum):
    """How much a way of calling a passage says by itself."""

    NOTHING, WEAK, BARE, NAMED, OWN = range(5)


@dataclass
class Place:
    """What one row says of its place, before the whole form is known. ``doubt`` is why it cannot be certain."""

    key: str | None = None
    strength: Strength = Strength.NOTHING
    why: Why = Why.NO_PLACE
    doubt: Why | None = None
    is_unresolved: bool = False  # it names something that is not in our text
    is_quoting: bool = False  # words of the passage itself confirm it
    others: list[str] = field(default_factory=list)

    def doubted(self, why: Why) -> "Place":
        self.doubt = self.doubt or why
        return self
