"""Forms of the adoption room."""

from flask_wtf import FlaskForm
from wtforms import DateField, RadioField, TextAreaField
from wtforms.validators import InputRequired

from consult.adoption.models import CouncilOutcome
from consult.core.fields import at_most
from consult.core.i18n import _


class SubmitForm(FlaskForm):
    """Nothing but the act itself."""


class DecisionForm(FlaskForm):
    outcome = RadioField(_("Decision of the Council"), coerce=CouncilOutcome, validators=[InputRequired(_("Choose what was decided."))])
    words = TextAreaField(
        _("Words of the decision"), description=_("Needed when the chapter is adopted with changes or returned. They are published."),
        validators=[at_most(10_000)],
    )
    decided_on = DateField(_("Date of the decision"), validators=[InputRequired(_("Enter the date."))])

    def __init__(self) -> None:
        super().__init__()
        self.outcome.choices = {outcome.value: outcome.label for outcome in CouncilOutcome}
