"""Forms of the room of exports."""

from flask_wtf import FlaskForm
from wtforms import RadioField, SelectField
from wtforms.validators import InputRequired

from consult.chapters.models import Chapter
from consult.core.i18n import LANGUAGES, _
from consult.exports.models import ExportFormat
from consult.exports.registry import Definition


class ExportForm(FlaskForm):
    """One kind of document: its chapter when it has one, its format when there is a choice, its language."""

    chapter = SelectField(_("Chapter"), coerce=int, validators=[InputRequired(_("Choose a chapter."))])
    format = RadioField(_("Format"), coerce=ExportFormat, validators=[InputRequired(_("Choose a format."))])
    language = RadioField(_("Language"), validators=[InputRequired(_("Choose a language."))])

    def __init__(self, definition: Definition, chapters: list[Chapter], language: str) -> None:
        super().__init__(prefix=f"{definition.name}-", data={"format": definition.formats[0], "language": language})
        self.chapter.choices = {c.number: f"{c.number}. {c.title(language)}" for c in chapters}
        self.format.choices = {format_.value: format_.label for format_ in definition.formats}
        self.language.choices = {code: LANGUAGES[code] for code in definition.languages}
        if not definition.is_by_chapter:
            del self.chapter
        if len(definition.formats) == 1:
            del self.format
        if not definition.languages:
            del self.language
