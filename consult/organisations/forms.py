"""Choosing an organisation, and listing one."""

from datetime import datetime, time, timedelta
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, SelectField, StringField, ValidationError
from wtforms.validators import DataRequired, Optional

from consult.core.fields import CounterField, at_most
from consult.core.i18n import MOROCCO, _
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
    """Until when somebody may sign for an organisation, the day included; without a day, until the mandate is ended."""

    ends_on = DateField(_("Until (optional)"), validators=[Optional()], render_kw={"dir": "ltr"})

    def validate_ends_on(self, field: DateField) -> None:
        if field.data and field.data.year > LATEST:
            raise ValidationError(_("This day is too far away."))

    def values(self) -> dict[str, Any]:
        after = datetime.combine(self.ends_on.data + timedelta(days=1), time(), MOROCCO) if self.ends_on.data else None
        return {"ends_at": after}


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
    sector = SelectField(_("Sector"), validators=[DataRequired(_("Choose a sector."))])
    region = SelectField(_("Region"), validators=[DataRequired(_("Choose a region."))])

    size = SelectField(_("Size"), validators=[Optional()], description=_("How many people work there, at all its places."))
    website = StringField(_("Website"), validators=[Optional(), at_most(MAX_WEBSITE)],
                          render_kw={"dir": "ltr", "inputmode": "url", "maxlength": MAX_WEBSITE, "placeholder": "https://"})

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.sector.choices, self.region.choices, self.size.choices = choices_of(Sector), choices_of(Region), choices_of(Size)

    def values(self) -> dict:
        return {
            **{name: self[name].data or "" for name in ("name_fr", "name_ar", "name_en", "short", "website")},
            "sector": Sector(self.sector.data), "region": Region(self.region.data),
            "size": Size(self.size.data) if self.size.data else None,
        }


class OrganisationForm(ParticularsForm):
    """An organisation that is not listed yet; ``is_another`` than those whose names are much like it."""

    category = SelectField(_("Category"), validators=[DataRequired(_("Choose a category."))])
    is_another = BooleanField(_("It is none of these: list it"), default=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.category.choices = choices_of(Category)

    def values(self) -> dict:
        return {**super().values(), "category": Category(self.category.data), "is_another": self.is_another.data}


class CorrectionForm(ParticularsForm):
    """The same body, described as it is."""

    row_counter = CounterField()

    def values(self) -> dict:
        return {**super().values(), "row_counter": self.row_counter.data}
