"""Bringing a list, correcting a row of it, and the account that whoever gets a letter makes in one screen."""

from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, RadioField, SelectField, StringField
from wtforms.validators import DataRequired, Optional

from consult.accounts.models import MAX_NAME, NAMELESS
from consult.core.fields import at_most
from consult.core.i18n import LANGUAGES, _, language_in_use
from consult.organisations.models import Category, Region, Sector
from consult.outreach.models import MAX_SOURCE, LetterLanguage
from consult.outreach.reading import FIELDS
from consult.text.workbook import MAX_CELL

SPELT = {"dir": "auto", "maxlength": MAX_CELL}
HEADINGS: dict[str, Any] = {
    "organisation": _("Organisation"), "category": _("Category"), "address": _("E-mail address"), "language": _("Language of the letter"),
    "chapters": _("Chapters concerned"), "sector": _("Sector"), "region": _("Region"), "contact": _("Name of the contact"),
}


class ImportForm(FlaskForm):
    file = FileField(
        _("The list"), validators=[FileRequired(_("Choose a file."))], render_kw={"accept": ".csv,.txt,.tsv,.xlsx"},
        description=_("CSV or .xlsx, 8 MB and 20,000 rows at most. Columns: organisation, category, e-mail; language (French, Arabic "
                      "or both), chapters, sector, region and contact if you have them. Others are left out."))
    source = StringField(
        _("Where these addresses come from"), validators=[DataRequired(_("Say where these addresses come from: each letter tells it.")),
                                                          at_most(MAX_SOURCE)],
        description=_("Each letter tells it, as law 09-08 asks (article 5). For instance: the directory of the federation, 2026."),
        render_kw={"dir": "auto", "maxlength": MAX_SOURCE})


class ActForm(FlaskForm):
    """A button alone, with its guard against forgery."""


class RowForm(FlaskForm):
    """One row, in the words of the platform."""

    organisation = StringField(HEADINGS["organisation"], render_kw=SPELT,
                               validators=[DataRequired(_("There is no organisation.")), at_most(MAX_CELL)])
    category = SelectField(HEADINGS["category"], validators=[DataRequired(_("Choose a category."))])
    address = StringField(HEADINGS["address"], validators=[DataRequired(_("Type the address.")), at_most(320)],
                          render_kw={"dir": "ltr", "maxlength": 320, "inputmode": "email", "autocomplete": "off"})
    language = SelectField(HEADINGS["language"], validators=[Optional()])
    chapters = StringField(HEADINGS["chapters"], validators=[Optional(), at_most(MAX_CELL)],
                           description=_("Their numbers, commas between; empty: all of them."),
                           render_kw={"dir": "ltr", "maxlength": MAX_CELL})
    sector = SelectField(HEADINGS["sector"], validators=[Optional()])
    region = SelectField(HEADINGS["region"], validators=[Optional()])
    contact = StringField(HEADINGS["contact"], validators=[Optional(), at_most(MAX_CELL)], render_kw=SPELT)
    stands = BooleanField(_("It is right as it stands"),
                          description=_("It is another body than the one whose name is much like it, and no sign is missing."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        nothing = {"": str(_("Choose in the list"))}
        for field, kind in ((self.category, Category), (self.sector, Sector), (self.region, Region), (self.language, LetterLanguage)):
            field.choices = {**nothing, **{member.value: member.label for member in kind}}

    def values(self) -> dict[str, Any]:
        return {"typed": {name: self[name].data or "" for name in FIELDS}, "stands": bool(self.stands.data)}


class EnrolForm(FlaskForm):
    """An account in one screen, for whoever holds the letter."""

    name = StringField(
        _("Name"), description=_("First name and family name. It is published only if you agree to it in your profile."),
        validators=[DataRequired(NAMELESS), at_most(MAX_NAME)], render_kw={"autocomplete": "name", "dir": "auto", "maxlength": MAX_NAME})
    language = SelectField(_("Language of the messages you receive"), choices=LANGUAGES, default=language_in_use,
                           validators=[DataRequired()])
    speaks_for = RadioField(_("You speak"), default="organisation", validators=[DataRequired(_("Choose one."))])

    def __init__(self, organisation: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.speaks_for.choices = {"organisation": str(_("For %(organisation)s", organisation=organisation)),
                                   "self": str(_("In your own name"))}

    def values(self) -> dict[str, Any]:
        return {"name": self.name.data, "language": self.language.data, "speaks_for": self.speaks_for.data == "organisation"}
