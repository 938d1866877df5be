"""Files of contributions, handed out from addresses of their own."""

from typing import IO

from flask import Response, send_file

from consult.contributions import service
from consult.contributions.models import Attachment, DraftFile
from consult.contributions.views.pages import bp, sign_in
from consult.core.headers import OF_FILES
from consult.core.i18n import gettext, ngettext, number
from consult.core.web import actor


def handed_out(file: Attachment | DraftFile, content: IO[bytes]) -> Response:
    """With headers by which no browser runs it, or takes it for another kind."""
    response = send_file(content, mimetype=file.kind.content_type, as_attachment=True, download_name=file.name, max_age=0, etag=False)
    response.content_length = file.size
    response.headers.update(OF_FILES)
    return response


@bp.get("/file/<string:ref>/<int:number>")
def read_file(ref: str, number: int):
    return handed_out(*service.get_file(actor(), ref, number))


@bp.get("/draft-file/<int:file_id>")
def read_draft_file(file_id: int):
    if not actor().is_authenticated:
        return sign_in()
    return handed_out(*service.get_draft_file(actor(), file_id))


@bp.post("/annex/<string:ref>/<int:number>")
def open_annex(ref: str, number: int):
    """By a button, since each reading is recorded."""
    file = service.get_annex(actor(), ref, number)
    return handed_out(file, service.open_annex(actor(), file))


@bp.app_template_filter("size")
def size(count: int | None) -> str:
    """A file's size in the reader's words."""
    if not count:
        return ""
    kilobytes = max(1, round(count / 1024))
    if kilobytes < 1024:
        return ngettext("%(num)s kB", "%(num)s kB", kilobytes)
    return gettext("%(count)s MB", count=number(round(kilobytes / 1024, 1)))
