"""What the forms of every room share."""

from typing import Any

from wtforms import IntegerField
from wtforms.validators import InputRequired, Length, NumberRange
from wtforms.widgets import HiddenInput

from consult.core.i18n import _

STALE = _("This page is incomplete: reload it.")


def at_most(characters: int) -> Length:
    """No longer than this, said in the reader's language: WTForms' own sentence is missing in Arabic."""
    return Length(max=characters, message=_("%(count)s characters at most.", count=characters))


class CounterField(IntegerField):
    """The ``row_counter`` that the page showed. Nobody types it: whatever is none, the page is to be reloaded."""

    def __init__(self, **given: Any) -> None:
        super().__init__(widget=HiddenInput(), validators=[InputRequired(STALE)], **given)

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(STALE) from error


class WholeNumberField(IntegerField):
    """A whole number within bounds, which the refusal names."""

    def __init__(self, label: Any, *, least: int, most: int, **given: Any) -> None:
        self.wrong = _("Type a whole number, from %(least)s to %(most)s.", least=least, most=most)
        super().__init__(label, validators=[InputRequired(self.wrong), NumberRange(least, most, self.wrong)],
                         render_kw={"inputmode": "numeric", "dir": "ltr"}, **given)

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata([value.strip() for value in valuelist])
        except ValueError as error:
            raise ValueError(self.wrong) from error
