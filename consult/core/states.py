"""What the members of an enum mean, written once beside each of them; and the one way from a state to another."""

import enum
import inspect
from typing import Any, Self

from consult.core.errors import Conflict
from consult.core.i18n import LabelledEnum, _


class Tone(enum.StrEnum):
    """How a badge looks: the ``tone-…`` classes of the style sheet."""

    GREEN = "green"
    OCHRE = "ochre"
    BRICK = "brick"
    BLUE = "blue"
    NONE = "none"


def says(**properties: Any) -> dict[str, Any]:
    """What one member means, property by property."""
    return properties


class MeaningEnum(LabelledEnum):
    """An enum whose members say, beside their label, all that is asked of them: ``VALUE = "value", N_("Label"), says(is_public=True)``.

    The properties are those that the enum declares, ``is_public: bool``. A member that leaves one out, or says one that is not
    declared, is a :class:`TypeError` at import: whoever adds a member has to say what it means to every part of the program.
    """

    # Asked for by its value alone, a member that is there answers; to declare one takes all three.
    def __new__(cls, value: str, label: str = "", meaning: dict[str, Any] | None = None) -> Self:
        meaning = meaning or {}
        declared = {name for base in cls.__mro__ if issubclass(base, MeaningEnum) for name in inspect.get_annotations(base)}
        if wrong := declared ^ meaning.keys():
            fault = "leaves out" if wrong <= declared else "says more than is declared:"
            raise TypeError(f"{cls.__name__} {value!r} {fault} {', '.join(sorted(wrong))}")
        member = str.__new__(cls, value)
        member._value_ = value
        member.msgid = label
        member.__dict__.update(meaning)
        return member

    @classmethod
    def where(cls, **wanted: Any) -> tuple[Self, ...]:
        """The members that mean this: ``ContributionState.where(is_public=True)``, for ``.in_()``, for ``in`` and for loops."""
        return tuple(member for member in cls if all(getattr(member, name) == value for name, value in wanted.items()))


class StateEnum(MeaningEnum):
    """The states of something: each says, by their values, which it ``leads_to``."""

    leads_to: tuple[str, ...]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for member in cls:
            for value in member.leads_to:
                cls(value)  # a step to nowhere is a ValueError at import

    def may_become(self, to: str) -> bool:
        return to in self.leads_to


def move(subject: Any, to: StateEnum, *, attribute: str = "state") -> None:
    """Move ``subject`` to the state ``to``; :class:`Conflict` when it has no such step."""
    now = getattr(subject, attribute)
    if not now.may_become(to):
        raise Conflict(
            _("This can no longer be done: it is now “%(state)s”.", state=now.label),
            _("Reload the page to see what has changed."),
        )
    setattr(subject, attribute, to)
