"""Uploading a filled form, putting a row to its passage, making drafts of it."""

from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Optional

from consult.chapters.models import Chapter
from consult.core.fields import at_most
from consult.core.i18n import _
from consult.core.permissions import Actor
from consult.forms.models import Speaking


class UploadForm(FlaskForm):
    file = FileField(
        _("The filled form"), validators=[FileRequired(_("Choose a file."))], render_kw={"accept": ".docx,.xlsx,.ods,.csv"},
        description=_("Word (.docx), Excel (.xlsx), LibreOffice (.ods) or CSV, 10 MB at most, without a password and without macros."))
    chapter = SelectField(_("Chapter"), coerce=int, default=0, validators=[Optional()])

    def __init__(self, chapters: list[Chapter], language: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.chapter.choices = [(0, _("several, or as the form says")), *((one.number, f"{one.number}. {one.title(language)}")
                                                                        for one in chapters)]


class PlaceForm(FlaskForm):
    chapter = SelectField(_("Chapter"), coerce=int, validators=[InputRequired(_("Choose a chapter."))])
    passage = StringField(
        _("Passage"), validators=[Optional(), at_most(120)], render_kw={"maxlength": 120},
        description=_("Its key or number as it stands beside it in the text: C1-A1-P2-a1, or 1.2.1. Left empty, this is a general remark "
                      "on the chapter."))

    def __init__(self, chapters: list[Chapter], language: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.chapter.choices = [(one.number, f"{one.number}. {one.title(language)}") for one in chapters]


class DraftsForm(FlaskForm):
    speaking = RadioField(_("These drafts are"), coerce=Speaking, validators=[InputRequired(_("Choose for whom you speak."))])

    def __init__(self, actor: Actor, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.speaking.choices = [(one.value, _(one.msgid)) for one in Speaking if one.may_be_said_by(actor)]


class ActForm(FlaskForm):
    """A button alone, with its guard against forgery."""
