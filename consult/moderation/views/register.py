"""The public register of decisions."""

from functools import partial

from flask import render_template, request, url_for

from consult.chapters import service as chapters
from consult.core.paging import Cursor
from consult.core.web import required_consultation, small_number
from consult.moderation import service
from consult.moderation.views.filters import OF_REPLIES, asks_for_replies, bp


@bp.get("/register")
def register():
    """Who decided what on which reference, and why: without the texts."""
    consultation = required_consultation()
    number = request.args.get("chapter", type=small_number)
    chapter = chapters.get_chapter(consultation, number) if number is not None else None
    of, listed = (OF_REPLIES, service.list_reply_register) if asks_for_replies() else (None, service.list_register)
    page = listed(consultation, chapter=chapter, after=request.args.get("after", type=Cursor.parse))
    return render_template(
        "moderation/register.html", decisions=page.rows, chapters=chapters.list_chapters(consultation), chapter=chapter, of=of,
        links=page.links(partial(url_for, ".register", chapter=number, of=of)),
    )
