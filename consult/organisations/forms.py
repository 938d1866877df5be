"""Choosing an organisation, and listing one."""

from datetime import date, datetime, time, timedelta
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, EmailField, HiddenField, SelectField, StringField, ValidationError
from wtforms.validators import DataRequired, Optional

from consult.core.fields import CounterField, at_most
from consult.core.i18n import LANGUAGES, MOROCCO, _, language_in_use
from consult.organisations.models import MAX_NAME, MAX_SHORT, MAX_SLUG, MAX_STATEMENT, MAX_WEBSITE, Category, Region, Sector, Size

LATEST = 2200  # year in which a mandate may end
NAME = {"dir": "auto", "maxlength": MAX_NAME}


class MembershipForm(FlaskForm):
    """To which organisation one belongs, by its ``slug``, or none when it is empty; ``statement``: what one is there."""

    organisation = StringField(validators=[Optional(), at_most(MAX_SLUG)])
    statement = StringField(
        _("What you do there (optional)"), description=_("Whoever accepts you reads it, and nobody else; for instance “quality manager”."),
        validators=[Optional(), at_most(MAX_STATEMENT)], render_kw={"dir": "auto", "maxlength": MAX_STATEMENT})


class MandateForm(FlaskForm):
    """From when and until when somebody may sign for an organisation, both days included; without a day at once, and until it is ended."""

    begins_on = DateField(_("From (optional)"), validators=[Optional()], render_kw={"dir": "ltr"})
    ends_on = DateField(_("Until (optional)"), validators=[Optional()], render_kw={"dir": "ltr"})

    def validate_begins_on(self, field: DateField) -> None:
        if field.data and field.data.year > LATEST:
            raise ValidationError(_("This day is too far away."))

    validate_ends_on = validate_begins_on

    def values(self) -> dict[str, Any]:
        return {"begins_at": _beginning_of(self.begins_on.data) if self.begins_on.data else None,
                "ends_at": _beginning_of(self.ends_on.data + timedelta(days=1)) if self.ends_on.data else None}


def _beginning_of(day: date) -> datetime:
    return datetime.combine(day, time(), MOROCCO)


class InviteForm(FlaskForm):
    """Whoever reads letters at this address, and in which language the letter is."""

    email = EmailField(_("Address"), validators=[DataRequired(_("Write an address."))], render_kw={"dir": "ltr", "autocomplete": "off"},
                       description=_("The letter goes there; an account is made, or used, when the invitation is accepted."))
    language = SelectField(_("Language of the letter"), choices=LANGUAGES, default=language_in_use, validators=[DataRequired()])

    def values(self) -> dict[str, Any]:
        return {"email": self.email.data, "language": self.language.data}


def choices_of(kind) -> dict[str, str]:
    return {"": str(_("Choose in the list")), **{member.value: member.label for member in kind}}


class ParticularsForm(FlaskForm):
    """How a body is called and described."""

    name_fr = StringField(_("Name in French"), validators=[DataRequired(_("Write its name.")), at_most(MAX_NAME)],
                          render_kw=NAME)
    name_ar = StringField(_("Name in Arabic"), validators=[Optional(), at_most(MAX_NAME)], render_kw=NAME)
    name_en = StringField(_("Name in English"), validators=[Optional(), at_most(MAX_NAME)], render_kw=NAME)
    short = StringField(
        _("Short code"), description=_("Its usual acronym, 12 characters at most; it stands for the organisation in tables of comments, "
                                    "in which a body without one is ORG."),
        validators=[Optional(), at_most(MAX_SHORT)],
        render_kw={"dir": "auto", "maxlength": MAX_SHORT, "class": "short"},
    )
    category = SelectField(_("Category"), validators=[DataRequired(_("Choose a category."))])
    sector = SelectField(_("Sector"), validators=[DataRequired(_("Choose a sector."))])
    region = SelectField(_("Region"), validators=[DataRequired(_("Choose a region."))])

    size = SelectField(_("Size"), validators=[Optional()], description=_("How many people work there, at all its places."))
    website = StringField(_("Website"), validators=[Optional(), at_most(MAX_WEBSITE)],
                          render_kw={"dir": "ltr", "inputmode": "url", "maxlength": MAX_WEBSITE, "placeholder": "https://"})

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.category.choices = choices_of(Category)
        self.sector.choices, self.region.choices, self.size.choices = choices_of(Sector), choices_of(Region), choices_of(Size)

    def values(self) -> dict:
        return {
            **{name: self[name].data or "" for name in ("name_fr", "name_ar", "name_en", "short", "website")},
            "category": Category(self.category.data), "sector": Sector(self.sector.data), "region": Region(self.region.data),
            "size": Size(self.size.data) if self.size.data else None,
        }


class OrganisationForm(ParticularsForm):
    """An organisation that is not listed yet; ``is_another`` than those whose names are much like it."""

    is_another = BooleanField(_("It is none of these: list it"), default=False)

    def values(self) -> dict:
        return {**super().values(), "is_another": self.is_another.data}


class CorrectionForm(ParticularsForm):
    """The same body, described as it is."""

    row_counter = CounterField()

    def values(self) -> dict:
        return {**super().values(), "row_counter": self.row_counter.data}


class MergeForm(FlaskForm):
    """Into which entry, by its ``slug``, and that it is meant: it cannot be undone."""

    into = HiddenField(validators=[DataRequired(_("Choose the other entry of the same body."))])
    is_meant = BooleanField(_("These are two entries of one body"), validators=[DataRequired(
        _("Tick the box, if they are one body: it cannot be undone."))])
    row_counter = CounterField()
