"""Choosing an organisation, and listing one."""

from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.validators import DataRequired, Optional

from consult.core.fields import at_most
from consult.core.i18n import _
from consult.organisations.models import MAX_NAME, MAX_SHORT, Category, Organisation, Region, Sector

NAME = {"dir": "auto", "maxlength": MAX_NAME}


class MembershipForm(FlaskForm):
    """For whom one speaks."""

    organisation = SelectField(
        _("Organisation"), validators=[Optional()],
        description=_("What you submit from now on is its contribution, unless you say on the form that you speak for yourself."),
    )

    def __init__(self, organisations: list[Organisation], language: str, **kwargs):
        super().__init__(**kwargs)
        self.organisations = {organisation.slug: organisation for organisation in organisations}
        named = {organisation.slug: organisation.name(language) for organisation in organisations}
        self.organisation.choices = {"": str(_("None: I speak for myself")), **named}

    @property
    def chosen(self) -> Organisation | None:
        return self.organisations.get(self.organisation.data)


def choices_of(kind) -> dict[str, str]:
    return {"": str(_("Choose in the list")), **{member.value: member.label for member in kind}}


class OrganisationForm(FlaskForm):
    """An organisation that is not listed yet."""

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

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.category.choices, self.sector.choices, self.region.choices = choices_of(Category), choices_of(Sector), choices_of(Region)

    def values(self) -> dict:
        return {
            "name_fr": self.name_fr.data.strip(), "name_ar": (self.name_ar.data or "").strip() or None,
            "name_en": (self.name_en.data or "").strip() or None, "short": (self.short.data or "").strip(),
            "category": Category(self.category.data), "sector": Sector(self.sector.data), "region": Region(self.region.data),
        }
