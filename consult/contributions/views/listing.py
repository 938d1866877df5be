"""The public list of contributions."""

from functools import partial
from typing import Any

from flask import render_template, request, url_for

from consult.chapters import service as chapters
from consult.contributions import service
from consult.contributions.models import CommentType, Kind, Position
from consult.contributions.views.pages import bp
from consult.core import events as core_events
from consult.core.i18n import LANGUAGES, _
from consult.core.paging import Cursor
from consult.core.web import asked_member, required_consultation, small_number
from consult.organisations.models import Category

OWN_NAME = "own_name"  # among the categories: those who speak for no organisation


@core_events.main_menu.fill
def main_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(15, "contributions.index", _("Contributions"))]


def wanted() -> service.PublicFilter:
    """The filter that the address asks for; what it does not know is no filter."""
    number = request.args.get("chapter", type=small_number)
    return service.PublicFilter(
        chapter=chapters.get_chapter(required_consultation(), number) if number is not None else None,
        position=asked_member(Position, "position"), kind=asked_member(Kind, "kind"),
        comment_type=asked_member(CommentType, "comment_type"), category=asked_member(Category, "category"),
        is_own_name=request.args.get("category") == OWN_NAME,
        language=request.args["language_of"] if request.args.get("language_of") in LANGUAGES else "",
    )


def address(filters: service.PublicFilter) -> dict[str, Any]:
    """The same filter in an address."""
    values = {
        "chapter": filters.chapter.number if filters.chapter else None, "position": filters.position, "kind": filters.kind,
        "comment_type": filters.comment_type, "category": OWN_NAME if filters.is_own_name else filters.category,
        "language_of": filters.language,
    }
    return {name: str(value) for name, value in values.items() if value}


@bp.get("/")
def index():
    """Everything that was said, newest first."""
    filters = wanted()
    page = service.list_public(required_consultation(), filters, after=request.args.get("after", type=Cursor.parse))
    return render_template(
        "contributions/index.html", rows=page.rows, filters=filters, languages=LANGUAGES,
        chapters=chapters.list_chapters(required_consultation()),
        choices={"position": Position, "kind": Kind, "comment_type": CommentType, "category": Category},
        links=page.links(partial(url_for, ".index", **address(filters))),
    )
