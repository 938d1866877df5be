"""Forms of the adoption room."""

from flask_wtf import FlaskForm
from wtforms import DateField, RadioField, SelectField, TextAreaField
from wtforms.validators import InputRequired

from consult.adoption.models import FORMATS, CouncilOutcome, ExportFormat, ExportKind
from consult.chapters.models import Chapter
from consult.core.fields import at_most
from consult.core.i18n import LANGUAGES, _


class ExportForm(FlaskForm):
    """One kind of document: its chapter when it has one, its format when there is a choice, its language."""

    chapter = SelectField(_("Chapter"), coerce=int, validators=[InputRequired(_("Choose a chapter."))])
    format = RadioField(_("Format"), coerce=ExportFormat, validators=[InputRequired(_("Choose a format."))])
    language = RadioField(_("Language"), choices=LANGUAGES, validators=[InputRequired(_("Choose a language."))])

    def __init__(self, kind: ExportKind, chapters: list[Chapter], language: str) -> None:
        super().__init__(prefix=f"{kind.value}-", data={"format": FORMATS[kind][0], "language": language})
        self.format.choices = {format_.value: format_.label for format_ in FORMATS[kind]}
        self.chapter.choices = {c.number: f"{c.number}. {c.title(language)}" for c in chapters}
        if kind != ExportKind.SYNTHESIS:
            del self.chapter
        if kind == ExportKind.DOSSIER:
            del self.format, self.language


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
