"""Files of a draft, within the form of a contribution: attached and taken off by its buttons, with all that is typed kept."""

from flask import flash, redirect, request
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from consult.chapters.models import Block
from consult.contributions import service
from consult.contributions.forms import ContributionForm
from consult.contributions.views.drafts import address_of, drafts_here, keep
from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.core.web import actor

ATTACH, DETACH = "attach", "detach-"
LARGEST_FORM = 11_500_000  # bytes: the largest file, and the words beside it


def chosen_file() -> FileStorage | None:
    chosen = request.files.get("file")
    return chosen if chosen is not None and chosen.filename else None


def change_files(block: Block, form: ContributionForm) -> Response | None:
    """A file that was chosen goes with the draft, by whichever button the form was sent, and one that is taken off leaves it: the form
    comes back, for its author to see what is lodged before it is. None where neither was asked for.

    Raises :class:`Invalid` for a file, or words, that cannot be kept.
    """
    chosen, act = chosen_file(), request.form.get("act", "")
    if chosen is None and not act.startswith((ATTACH, DETACH)):
        return None
    if chosen is None and act == ATTACH:
        raise Invalid("file", _("No file is chosen."), _("Choose one, then attach it."))
    kept = service.get_kept(actor(), block, chosen.stream.read()) if chosen is not None else None
    draft = keep(block, form)
    if kept is not None and chosen is not None:
        service.attach(actor(), draft, file=kept, name=chosen.filename or "", is_confidential=bool(form.file_is_confidential.data))
        if act != ATTACH:
            flash(str(_("The file is attached, and nothing is lodged yet. Look at it once more, then send the form again.")), "info")
    asked = act.removeprefix(DETACH)
    if asked.isascii() and asked.isdecimal() and len(asked) < 16:
        service.detach(actor(), draft, file_id=int(asked))
    return redirect(f"{address_of(draft, drafts_here(block), block)}#files", 303)
