"""What each refusal of a file says, and what to do then."""

from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.text.archives import two_things as two_things

REMEDY = _("Save it as PDF, DOCX, XLSX, ODT, PNG or JPEG, and choose it again.")


def damaged_picture() -> Invalid:
    return Invalid("file", _("The picture is damaged."), _("Open it in a programme for pictures, save it again, and choose it again."))


def damaged_pdf() -> Invalid:
    return Invalid("file", _("The PDF is damaged."), _("Make it again from the document that it comes from, and choose it again."))


def with_programme() -> Invalid:
    return Invalid("file", _("The PDF holds a programme, other files, or opens something by itself."),
                   _("Print it to a new PDF, and choose that one."))


def of_no_kind() -> Invalid:
    return Invalid("file", _("A file of this kind cannot be attached."), REMEDY)
