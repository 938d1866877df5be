"""The import of a chapter."""

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired, FileSize

from consult.core.i18n import _


class ChapterFileForm(FlaskForm):
    file = FileField(
        _("Markdown file (.md, UTF-8)"),
        validators=[FileRequired(_("Choose a file.")), FileSize(max_size=2_000_000, message=_("The file is larger than 2 MB: split it."))],
    )
