"""What a rapporteur decides on an item and a chair on a synthesis; new wordings are read as they stand, one field a passage."""

from typing import Any

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from consult.core.fields import CounterField
from consult.core.i18n import _
from consult.moderation.models import Part
from consult.synthesis.models import Disposition, Ground

WORDS = {"dir": "auto", "class": "words"}


class ItemForm(FlaskForm):
    """``expected_counter`` is the item's counter when its editor opened it."""

    expected_counter = CounterField()
    title = StringField(_("Title"), validators=[InputRequired(_("An item needs a title."))], render_kw={"dir": "auto", "maxlength": 200})
    summary = TextAreaField(
        _("Summary"), description=_("The point that these contributions make, in your words. Numbers are counted for you."),
        render_kw={**WORDS, "rows": 4})
    disposition = SelectField(_("Disposition"))
    ground = SelectField(_("Ground"), description=_("Required when it is not accepted."))
    rationale = TextAreaField(
        _("Rationale"), description=_("Read by every contributor of this item: why this answer. Never empty once decided."),
        render_kw={**WORDS, "rows": 6})
    needs_no_change = BooleanField(
        _("No change of the text is needed"),
        description=_("For an accepted item without new wording: the rationale says why. Readers are told so beside the answer."))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.disposition.choices = [("", _("Not decided yet")), *((member.value, member.label) for member in Disposition)]
        self.ground.choices = [("", _("No ground")), *((member.value, member.label) for member in Ground)]

    def said(self) -> dict[str, Any]:
        """What it says of the item, as it was typed."""
        return {name: self[name].data for name in ("title", "summary", "rationale", "disposition", "ground", "needs_no_change")}

    def values(self) -> dict:
        return {
            "expected_counter": self.expected_counter.data, "title": self.title.data, "summary": self.summary.data,
            "rationale": self.rationale.data, "needs_no_change": self.needs_no_change.data,
            "disposition": Disposition(self.disposition.data) if self.disposition.data else None,
            "ground": Ground(self.ground.data) if self.ground.data else None,
        }


class ReopenForm(FlaskForm):
    reason = TextAreaField(_("Why it is reopened"), description=_("Kept with the synthesis."),
                           validators=[InputRequired(_("Say why: the reason is kept with the synthesis."))],
                           render_kw={"dir": "auto", "rows": 3})


def typed_wordings(sent: MultiDict) -> dict[str, str]:
    """Block key → wording as typed: the parallel fields ``key`` and ``wording``."""
    return dict(zip(sent.getlist("key"), (words.replace("\r\n", "\n") for words in sent.getlist("wording")), strict=False))


def typed_blocks(sent: MultiDict) -> dict[str, int]:
    """Block key → id of the block beside which it was typed: the parallel fields ``key`` and ``shown``."""
    return {key: int(shown) for key, shown in zip(sent.getlist("key"), sent.getlist("shown"), strict=False) if is_id(shown)}


def typed_choice(sent: MultiDict) -> dict[int, int | None]:
    """Contribution id → the item it was in on the page (``12:3``, or ``12:`` for none), of the boxes that were ticked."""
    pairs = (choice.partition(":") for choice in sent.getlist("choice"))
    return {int(one): int(item) if is_id(item) else None for one, _colon, item in pairs if is_id(one)}


def is_id(typed: str) -> bool:
    """A number that a row may have, and no longer than the database can hold."""
    return typed.isdecimal() and len(typed) <= 10


def typed_cuts(sent: MultiDict) -> set[tuple[Part, int]]:
    """Where points are to begin: fields ``cut`` that say ``body:120``, a text and a character of it as it was lodged."""
    pairs = (cut.partition(":") for cut in sent.getlist("cut"))
    return {(Part(part), int(begins)) for part, _colon, begins in pairs if part in list(Part) and is_id(begins)}


def typed_points(sent: MultiDict) -> dict[int, int | None]:
    """The same as :func:`typed_choice` of points: ``p12:3``, or ``p12:`` for one in no item."""
    pairs = (choice[1:].partition(":") for choice in sent.getlist("choice") if choice.startswith("p"))
    return {int(one): int(item) if is_id(item) else None for one, _colon, item in pairs if is_id(one)}
