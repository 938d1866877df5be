"""A filled form from its bytes to its rows, whatever programme wrote it; run in a process of its own (:mod:`consult.core.confinement`)."""

import zlib

from lxml import etree

from consult.core.confinement import Limits, confined
from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.forms import packages, spreadsheets, word
from consult.forms.passages import Passages
from consult.forms.rows import ReadForm, rows_of
from consult.forms.understanding import Understanding, understand
from consult.text.archives import damaged
from consult.text.normalising import UNKEPT, readable

READERS = {"docx": word.read, "xlsx": spreadsheets.read_xlsx, "ods": spreadsheets.read_ods, "csv": spreadsheets.read_csv}
READING = Limits(cpu=30, wall=60, memory=512)
TEXTS = ("commenter", "id", "line", "chapter", "clause", "element", "page", "type", "comment", "change", "observations", "section")


def read_form(data: bytes) -> ReadForm:
    """Raises :class:`Invalid` (field ``file``) with reason and remedy."""
    kind = packages.kind_of(data)
    try:
        document = READERS[kind](data)
    except (etree.XMLSyntaxError, zlib.error, ValueError, KeyError, EOFError, NotImplementedError, OSError) as error:
        raise damaged() from error
    form = rows_of(document)
    if not form.rows:
        raise Invalid("file", _("No row with a comment was found in this file."),
                      _("Fill the form as it was downloaded, with a column “Comments” and one that says where, and choose it again."))
    for row in form.rows:
        for name in TEXTS:
            setattr(row, name, UNKEPT.sub("", readable(getattr(row, name))))
    return form


def read_form_apart(data: bytes) -> ReadForm:
    """The same in a process of its own; what can be refused at a glance is refused here."""
    packages.kind_of(data)
    return confined(read_form, data, limits=READING)


def understood_form(data: bytes, passages: Passages, chapter: int | None = None) -> tuple[ReadForm, Understanding]:
    form = read_form(data)
    return form, understand(form, passages, chapter=chapter)
