"""The particulars and dates of the consultation, and the people in charge; times are typed as the clocks of Morocco show them."""

from datetime import UTC, datetime

from flask_wtf import FlaskForm
from wtforms import DateField, DateTimeLocalField, EmailField, RadioField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Optional

from consult.consultations.models import MAX_BRIEF, Commission, ModerationMode, Role
from consult.core.fields import WholeNumberField, at_most
from consult.core.i18n import LANGUAGES, MOROCCO, _, language_in_use

MOMENT = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
SPELT = {"dir": "auto", "maxlength": 300}
MOROCCO_TIME = _("Morocco time (Africa/Casablanca).")


def from_morocco(typed: datetime, *, last: bool = False) -> datetime:
    """The UTC moment of what a clock in Morocco shows; of an hour that comes twice (end of Ramadan’s time) the first, or the last."""
    return typed.replace(tzinfo=MOROCCO, fold=int(last)).astimezone(UTC)


def to_morocco(moment: datetime | None) -> datetime | None:
    return moment.astimezone(MOROCCO).replace(tzinfo=None) if moment else None


class MomentField(DateTimeLocalField):
    """A moment on the clocks of Morocco; an hour that the change of clocks skips is refused."""

    def __init__(self, label, **options):
        options.setdefault("description", MOROCCO_TIME)
        options["validators"] = [DataRequired(_("Type a date and a time, for instance 2027-01-15 09:00."))]
        super().__init__(label, format=MOMENT, render_kw={"step": "60", "dir": "ltr"}, **options)

    def pre_validate(self, form):
        if self.data and to_morocco(from_morocco(self.data)) != self.data:
            raise ValidationError(_("The clocks of Morocco skip this hour on that day: type one hour later."))


class EditForm(FlaskForm):
    """Titles and the particulars of the law 09-08 notice."""

    title_fr = StringField(_("Title in French"), validators=[DataRequired(_("Write the title.")), at_most(300)], render_kw=SPELT)
    title_ar = StringField(_("Title in Arabic"), validators=[Optional(), at_most(300)], render_kw=SPELT)
    title_en = StringField(_("Title in English"), validators=[Optional(), at_most(300)], render_kw=SPELT)
    controller = StringField(_("Controller of the personal data"), description=_("Who is responsible for it, as declared to the CNDP."),
                             validators=[DataRequired(_("Write who is responsible.")), at_most(300)], render_kw=SPELT)
    recipients = StringField(_("Recipients of the personal data"), validators=[DataRequired(_("Write who receives it.")), at_most(300)],
                             render_kw=SPELT)
    contact_email = EmailField(_("Contact address"), description=_("For questions, appeals, and the rights of law 09-08."),
                               validators=[DataRequired(_("Write an address."))],
                               render_kw={"dir": "ltr", "maxlength": 320})
    cndp_number = StringField(
        _("CNDP number"), description=_("Declaration or authorisation; the consultation cannot be scheduled or opened without it."),
        validators=[Optional(), at_most(40)], render_kw={"dir": "ltr", "maxlength": 40},
    )
    moderation_mode = RadioField(_("Moderation"), validators=[DataRequired(_("Choose one."))])
    promised_hours = WholeNumberField(
        _("Hours within which a moderator reads what was lodged"), description=_("Told to authors; what waits longer is shown as late."),
        least=1, most=720)
    rephrasing_days = WholeNumberField(
        _("Days that an author who is asked to rephrase has"), description=_("After them, a moderator decides on the text as it stands."),
        least=1, most=60)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.moderation_mode.choices = {mode.value: mode.label for mode in ModerationMode}

    def values(self) -> dict:
        words = {name: (self[name].data or "").strip() for name in ("title_fr", "controller", "recipients", "contact_email", "cndp_number")}
        translated = {name: (self[name].data or "").strip() or None for name in ("title_ar", "title_en")}
        return {**words, **translated, "moderation_mode": ModerationMode(self.moderation_mode.data),
                "promised_hours": self.promised_hours.data, "rephrasing_days": self.rephrasing_days.data}


BRIEF = {"dir": "auto", "rows": 4, "maxlength": MAX_BRIEF}


class HomeForm(FlaskForm):
    """What the home page says before the chapters, in each language, and the days that are announced."""

    purpose_fr = TextAreaField(_("Why this policy, in French"), validators=[Optional(), at_most(MAX_BRIEF)], render_kw=BRIEF)
    purpose_ar = TextAreaField(_("Why this policy, in Arabic"), validators=[Optional(), at_most(MAX_BRIEF)], render_kw=BRIEF)
    purpose_en = TextAreaField(_("Why this policy, in English"), validators=[Optional(), at_most(MAX_BRIEF)], render_kw=BRIEF)
    audience_fr = TextAreaField(_("Who is asked, in French"), validators=[Optional(), at_most(MAX_BRIEF)], render_kw=BRIEF)
    audience_ar = TextAreaField(_("Who is asked, in Arabic"), validators=[Optional(), at_most(MAX_BRIEF)], render_kw=BRIEF)
    audience_en = TextAreaField(_("Who is asked, in English"), validators=[Optional(), at_most(MAX_BRIEF)], render_kw=BRIEF)
    submission_planned_for = DateField(
        _("Day planned for the submission to the Council"),
        description=_("Announced on the home page; the answers are public from then on."),
        validators=[Optional()], render_kw={"dir": "ltr"})
    decision_planned_for = DateField(
        _("Day planned for the decision of the Council"), description=_("Announced on the home page; leave it empty while nobody knows."),
        validators=[Optional()], render_kw={"dir": "ltr"})

    def values(self) -> dict:
        words = {f.name: (f.data or "").strip() for f in self if f.name.startswith(("purpose_", "audience_"))}
        return {**words, "submission_planned_for": self.submission_planned_for.data, "decision_planned_for": self.decision_planned_for.data}


class ScheduleForm(FlaskForm):
    opens_at = MomentField(_("Opening"))
    closes_at = MomentField(
        _("Closing"), description=_("Morocco time (Africa/Casablanca). Fifteen days after the opening at least; thirty are usual."))

    def values(self) -> dict:
        return {"opens_at": from_morocco(self.opens_at.data), "closes_at": from_morocco(self.closes_at.data, last=True)}


class CloseForm(FlaskForm):
    reason = TextAreaField(
        _("Reason"), description=_("Published on the home page with the old and the new date."),
        validators=[DataRequired(_("Say why: the reason is published.")), at_most(1000)],
        render_kw={"dir": "auto", "rows": 3, "maxlength": 1000},
    )

    def values(self) -> dict:
        return {"reason": self.reason.data.strip()}


class ExtendForm(CloseForm):
    closes_at = MomentField(_("New closing"))

    def values(self) -> dict:
        return {**super().values(), "closes_at": from_morocco(self.closes_at.data, last=True)}


class ActForm(FlaskForm):
    """A button alone, with its guard against forgery."""


class AppointForm(FlaskForm):
    """Somebody who has an account, and the role to hold."""

    email = EmailField(_("E-mail address of the person"), description=_("Of the account; the person creates one first."),
                       validators=[DataRequired(_("Type the address."))], render_kw={"dir": "ltr", "maxlength": 320, "autocomplete": "off"})
    role = SelectField(_("Role"), validators=[DataRequired(_("Choose a role."))])
    commission = SelectField(_("Commission"), validators=[Optional()],
                             description=_("For moderators, rapporteurs and chairs; the secretariat and administrators have none."))

    def __init__(self, commissions: list[Commission], language: str, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.commissions = {str(commission.number): commission for commission in commissions}
        self.role.choices = {"": str(_("Choose in the list")), **{role.value: role.label for role in Role}}
        self.commission.choices = {"": str(_("None")), **{number: c.title(language) for number, c in self.commissions.items()}}

    def values(self) -> dict:
        return {"role": Role(self.role.data), "commission": self.commissions.get(self.commission.data)}


class InviteForm(AppointForm):
    """The same of anybody who reads letters, with the language of the letter."""

    language = SelectField(_("Language of the letter"), choices=LANGUAGES, default=language_in_use, validators=[DataRequired()])

    def __init__(self, commissions: list[Commission], language: str, *args, **kwargs):
        super().__init__(commissions, language, *args, **kwargs)
        self.email.description = _("The letter goes there; an account is made, or used, when the invitation is accepted.")

    def values(self) -> dict:
        return {**super().values(), "email": self.email.data, "language": self.language.data}
