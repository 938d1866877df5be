"""Preparing a revision: a file, the editor, what becomes of a passage, and publication."""

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired

from consult.core.fields import at_most
from consult.core.i18n import LANGUAGES, _, direction

MAX_NOTE = 2_000


class ImportForm(FlaskForm):
    file = FileField(
        _("The file"), validators=[FileRequired(_("Choose a file."))], render_kw={"accept": ".md,.markdown,.docx,.odt"},
        description=_("Markdown (.md, UTF-8) with its front matter, Word (.docx) or LibreOffice (.odt). 30 MB at most."),
    )
    chapter = SelectField(_("Chapter (for .docx and .odt)"), default="", validators=[],
                          description=_("A Markdown file says these three in its first lines."))
    text_language = SelectField(_("Language of the text (for .docx and .odt)"), default="")
    title = StringField(_("Title of the chapter (for .docx and .odt)"), validators=[at_most(300)], render_kw={"dir": "auto"},
                        description=_("Left empty: the title that is published, or the one that the document states."))
    may_replace = BooleanField(_("Replace the version in preparation, if there is one for this chapter and language"))

    def __init__(self, *args, chapters: list[tuple[int, str]], **kwargs):
        super().__init__(*args, **kwargs)
        nothing = ("", _("As the file says"))
        self.chapter.choices = [nothing, *((str(number), f"{number}. {title}") for number, title in chapters)]
        self.text_language.choices = [nothing, *LANGUAGES.items()]


class EditForm(FlaskForm):
    title = StringField(_("Title of the chapter"), validators=[DataRequired(_("Write the title.")), at_most(300)],
                        render_kw={"maxlength": 300})
    note = TextAreaField(_("Note of revision"), validators=[at_most(MAX_NOTE)], render_kw={"rows": 2, "maxlength": MAX_NOTE},
                         description=_("What changed and why, in a sentence or two: everybody reads it in the list of versions."))
    body = TextAreaField(_("Text, in Markdown"), validators=[InputRequired(_("Write the text."))],
                         render_kw={"rows": 30, "spellcheck": "true", "class": "source"})
    expected_counter = HiddenField("")

    def __init__(self, *args, text_language: str, **kwargs):
        super().__init__(*args, **kwargs)
        for field in (self.title, self.note, self.body):
            field.render_kw = {**field.render_kw, "lang": text_language, "dir": direction(text_language)}


class CorrectForm(FlaskForm):
    """Which published passage a passage of the draft continues; one of the two is known already."""

    new_key = HiddenField("")
    old_key = HiddenField("")
    chosen = SelectField(_("This passage continues"), validate_choice=False)
    expected_counter = HiddenField("")


class PublishForm(FlaskForm):
    note = TextAreaField(_("Note of revision"), validators=[at_most(MAX_NOTE)],
                         render_kw={"rows": 3, "maxlength": MAX_NOTE, "dir": "auto"},
                         description=_("What changed and why, in a sentence or two: everybody reads it in the list of versions."))
    may_shrink = BooleanField(_("The text is meant to be this much shorter"))
    expected_counter = HiddenField("")


class CounterForm(FlaskForm):
    """A button, and the state of the draft that it was pressed on."""

    expected_counter = HiddenField("")
