"""Forms of the room of exports."""

from flask_wtf import FlaskForm
from wtforms import RadioField, SelectField
from wtforms.validators import InputRequired

from consult.chapters.models import Chapter
from consult.core.i18n import LANGUAGES, _
from consult.exports.models import FORMATS, ExportFormat, ExportKind


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
