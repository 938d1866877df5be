"""Registering a batch, typing one of it, comparing one with the paper; times are typed as the clocks of Morocco show them."""

from datetime import UTC
from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Optional, ValidationError

from consult.accounts.models import MAX_NAME
from consult.contributions.models import CommentType, Kind, Origin, Position
from consult.contributions.statement import MAX_BODY, MAX_REPLACEMENT
from consult.core.fields import at_most
from consult.core.i18n import LANGUAGES, MOROCCO, _
from consult.organisations.models import Category
from consult.reception.models import MAX_CONTACT, MAX_NOTE, MAX_PLACE, Batch
from consult.reception.reading import FIELDS

NUMBER = {"dir": "ltr", "inputmode": "numeric", "autocomplete": "off"}
MOMENT = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
NO_NUMBER = _("Type a number.")


class NumberField(IntegerField):
    """What is no number is said in the reader's language."""

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = "".join(valuelist).strip()
        if typed and not (typed.isdecimal() and len(typed) < 7):
            raise ValueError(NO_NUMBER)
        super().process_formdata([typed] if typed else [])

    def pre_validate(self, form: Any) -> None:
        """Blanks alone are no number."""
        if self.data is None and self.flags.required:
            raise ValidationError(NO_NUMBER)


class RegisterForm(FlaskForm):
    origin = RadioField(_("How it was received"), coerce=Origin, validators=[InputRequired(_("Choose how it was received."))])
    place = StringField(
        _("Where, or from whom"), validators=[DataRequired(_("Say where it was received, or from whom it came.")), at_most(MAX_PLACE)],
        description=_("For instance: regional day of Fès, stand of the secretariat."), render_kw={"dir": "auto", "maxlength": MAX_PLACE})
    received_at = DateTimeLocalField(
        _("Received at"), format=MOMENT, description=_("Morocco time (Africa/Casablanca). The last of them, where they came one by one."),
        validators=[DataRequired(_("Type a date and a time, for instance 2027-01-15 09:00."))], render_kw={"step": "60", "dir": "ltr"})
    announced = NumberField(
        _("How many there are"), validators=[InputRequired(NO_NUMBER)], render_kw=NUMBER,
        description=_("Count the pile before anything is typed. This number is kept and never changes."))
    form_key = HiddenField("")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.origin.choices = [(one, one.label) for one in Origin.where(is_typed=True)]

    def values(self) -> dict[str, Any]:
        return {"form_key": self.form_key.data or "", "origin": self.origin.data, "place": self.place.data or "",
                "received_at": self.received_at.data.replace(tzinfo=MOROCCO).astimezone(UTC), "announced": self.announced.data}


class SaidForm(FlaskForm):
    """What a slip says, in the order in which it is read and typed."""

    passage = StringField(
        _("Passage"), validators=[DataRequired(_("Say of which passage it speaks.")), at_most(300)],
        description=_("Its key (C1-A1-P2-a1), or words that stand in it alone."), render_kw={"dir": "auto", "autocomplete": "off"})
    body = TextAreaField(
        _("What it says"), validators=[DataRequired(_("Type what it says, as it is written."))],
        description=_("Word for word, faults included: nothing is corrected or shortened."),
        render_kw={"rows": 6, "dir": "auto", "class": "words", "data-most": MAX_BODY})
    replacement = TextAreaField(_("Proposed change"), validators=[Optional()],
                                render_kw={"rows": 3, "dir": "auto", "class": "words", "data-most": MAX_REPLACEMENT})
    justification = TextAreaField(_("Justification"), validators=[Optional()],
                                  render_kw={"rows": 2, "dir": "auto", "class": "words", "data-most": MAX_BODY})
    position = SelectField(_("Position"), coerce=Position, default=Position.NEUTRAL, validators=[InputRequired()],
                           description=_("Neutral where the paper does not say."))
    kind = SelectField(_("Kind"), coerce=Kind, default=Kind.COMMENT, validators=[InputRequired()])
    comment_type = SelectField(_("Type of comment"), coerce=CommentType, default=CommentType.GENERAL,
                               validators=[InputRequired()])
    written_in = SelectField(_("Language of the paper"), choices=LANGUAGES, validators=[InputRequired()])

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name, members in (("position", Position), ("kind", Kind), ("comment_type", CommentType)):
            self[name].choices = [(one.value, one.label) for one in members]

    def said(self) -> dict[str, Any]:
        texts = {name: self[name].data or "" for name in ("body", "replacement", "justification")}
        return {**texts, "position": self.position.data, "kind": self.kind.data, "comment_type": self.comment_type.data,
                "language": self.written_in.data}


class EntryForm(SaidForm):
    """The same with its author."""

    name = StringField(_("Name of its author"), validators=[Optional(), at_most(MAX_NAME)],
                       render_kw={"dir": "auto", "autocomplete": "off", "maxlength": MAX_NAME})
    organisation = StringField(
        _("Organisation"), validators=[Optional(), at_most(MAX_NAME)], render_kw={"dir": "auto", "autocomplete": "off"},
        description=_("Where the author speaks for one. It is remembered for the next one."))
    category = SelectField(_("Its category, if it is not listed yet"), validators=[Optional()])
    contact = StringField(
        _("How the author can be reached"), validators=[Optional(), at_most(MAX_CONTACT)],
        description=_("E-mail, telephone or postal address, if the paper says so. It is never published, and goes a year later."),
        render_kw={"dir": "auto", "autocomplete": "off", "maxlength": MAX_CONTACT})
    is_name_public = BooleanField(_("The author agrees on the paper to be named in public"))
    same_as = NumberField(_("The same author as No."), validators=[Optional()], render_kw=NUMBER,
                          description=_("The number of an earlier one of this batch by the same person."))
    is_another = BooleanField(_("It is another slip that says the same words"))
    form_key = HiddenField("")

    def __init__(self, *, batch: Batch, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.category.choices = [("", _("Choose in the list")), *((one.value, one.label) for one in Category)]
        if batch.last_number == 0:
            del self.same_as

    def values(self) -> dict[str, Any]:
        return {**self.said(), "form_key": self.form_key.data or "", "name": self.name.data or "", "contact": self.contact.data or "",
                "organisation": self.organisation.data or "", "category": Category(self.category.data) if self.category.data else None,
                "is_name_public": self.is_name_public.data, "is_another": self.is_another.data,
                "same_as": self.same_as.data if "same_as" in self else None}


class CorrectForm(SaidForm):
    note = StringField(_("What differed"), validators=[DataRequired(_("Say in a few words what differed.")), at_most(MAX_NOTE)],
                       render_kw={"dir": "auto", "maxlength": MAX_NOTE})


class SetAsideForm(FlaskForm):
    count = NumberField(_("How many are set aside, in all"), validators=[InputRequired(NO_NUMBER)], render_kw=NUMBER)
    reason = StringField(_("Why"), validators=[Optional(), at_most(MAX_NOTE)], render_kw={"dir": "auto", "maxlength": MAX_NOTE},
                         description=_("Blank, illegible, twice the same slip, no name…"))


class ClaimForm(FlaskForm):
    code = StringField(_("Code on the stub"), validators=[DataRequired(_("Type the code.")), at_most(40)],
                       description=_("Sixteen letters and digits; spaces and hyphens do not matter."),
                       render_kw={"dir": "ltr", "autocomplete": "off", "maxlength": 40})


class BringForm(FlaskForm):
    file = FileField(
        _("The table"), validators=[FileRequired(_("Choose a file."))], render_kw={"accept": ".csv,.xlsx,.json"},
        description=_("CSV, .xlsx or JSON, 8 MB and 5,000 rows at most: a table of slips, or what Decidim, CONSUL or "
                      "regulations.gov export."))


class MatchForm(FlaskForm):
    """Which column holds what; what is not there is left empty."""

    for_all = StringField(_("Passage of the rows that name none"), validators=[Optional(), at_most(300)],
                          description=_("Its key (C1-A1-P2-a1), or words that stand in it alone."),
                          render_kw={"dir": "auto", "autocomplete": "off"})
    body = SelectField(_("What people said"), coerce=int)
    title = SelectField(_("Title"), coerce=int)
    passage = SelectField(_("Passage"), coerce=int)
    replacement = SelectField(_("Proposed change"), coerce=int)
    justification = SelectField(_("Justification"), coerce=int)
    name = SelectField(_("Name of its author"), coerce=int)
    last_name = SelectField(_("Last name, where it stands apart"), coerce=int)
    organisation = SelectField(_("Organisation"), coerce=int)
    contact = SelectField(_("How the author can be reached"), coerce=int)
    written_in = SelectField(_("Language of the paper"), choices=LANGUAGES)

    def __init__(self, *, columns: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name in FIELDS:
            self[name].choices = [(-1, _("No column")), *enumerate(columns)]

    def mapping(self) -> dict[str, int]:
        return {name: self[name].data for name in FIELDS if self[name].data >= 0}


class ActForm(FlaskForm):
    """A button alone, with its guard against forgery."""


__all__ = ["ActForm", "BringForm", "ClaimForm", "CorrectForm", "EntryForm", "MatchForm", "RegisterForm", "SetAsideForm"]
