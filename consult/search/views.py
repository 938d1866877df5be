"""The search page: one address for each question, which may be shared."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import render_template, request, url_for

from consult.chapters import service as chapters
from consult.contributions.models import CommentType, Kind, Position
from consult.core import events as core_events
from consult.core.errors import NotFound
from consult.core.i18n import LANGUAGES, _
from consult.core.paging import Cursor
from consult.core.web import actor, asked_member, language, required_consultation, room, small_number
from consult.organisations import service as organisations
from consult.organisations.models import Category, Organisation
from consult.search import service
from consult.search.service import Asked, Results, SearchFilter, Sort

bp = room("search")
OWN_NAME = "own_name"  # among the categories: those who speak for no organisation
ANSWERED = {"yes": True, "no": False}


@core_events.search_endpoint.fill
def search_endpoint() -> str:
    return "search.read"


@dataclass(frozen=True)
class Remedy:
    """Something to try where nothing, or little, was found."""

    words: Any
    url: str


@bp.get("/")
def read():
    """What everybody reads that has the words asked for."""
    asked = service.get_asked(request.args.get("q", ""))
    filters = wanted()
    sort = asked_member(Sort, "sort") or Sort.RELEVANCE
    found = service.search(actor(), required_consultation(), asked, filters, sort=sort, language=language(),
                           after=request.args.get("after", type=Cursor.parse))
    axes = chapters.list_axes(filters.chapter, language()) if filters.chapter else []
    own = actor().member_of_id is not None if actor().is_authenticated else False
    return render_template(
        "search/read.html", asked=asked, filters=filters, sort=sort, sorts=Sort, found=found, axes=axes, languages=LANGUAGES,
        chapters=chapters.list_chapters(required_consultation()), has_organisation=own, answered=ANSWERED,
        choices={"position": Position, "kind": Kind, "comment_type": CommentType, "category": Category},
        links=found.page.links(partial(url_for, ".read", **address(asked, filters, sort))),
        remedies=remedies(asked, filters, sort, found), kind_urls=kind_urls(asked, filters, sort), most=service.MOST_FOUND,
    )


def wanted() -> SearchFilter:
    """The filter that the address asks for; what it does not know is no filter."""
    args = request.args
    number = args.get("chapter", type=small_number)
    chapter = None if number is None else next(
        (one for one in chapters.list_chapters(required_consultation()) if one.number == number), None)
    axis = args.get("axis", "")[:80] if chapter else ""
    return SearchFilter(
        chapter=chapter, axis=axis, axis_keys=tuple(chapters.list_axis_keys(chapter, axis)) if chapter and axis else (),
        what=args["what"] if args.get("what") in service.list_findables() else "",
        position=asked_member(Position, "position"), kind=asked_member(Kind, "kind"),
        comment_type=asked_member(CommentType, "comment_type"), category=asked_member(Category, "category"),
        is_own_name=args.get("category") == OWN_NAME, organisation=asked_organisation(),
        language=args["language_of"] if args.get("language_of") in LANGUAGES else "",
        is_answered=ANSWERED.get(args.get("answered", "")), own=own_organisation() if args.get("mine") else None,
    )


def asked_organisation() -> Organisation | None:
    try:
        return organisations.get_organisation(request.args["organisation"][:80]) if request.args.get("organisation") else None
    except NotFound:
        return None


def own_organisation() -> Organisation | None:
    """Of whoever is signed in and belongs to one."""
    return organisations.get_of_member(actor())


def address(asked: Asked, filters: SearchFilter, sort: Sort = Sort.RELEVANCE) -> dict[str, Any]:
    """The same question in an address."""
    values = {
        "q": asked.typed, "chapter": filters.chapter.number if filters.chapter else None, "axis": filters.axis, "what": filters.what,
        "position": filters.position, "kind": filters.kind, "comment_type": filters.comment_type,
        "category": OWN_NAME if filters.is_own_name else filters.category,
        "organisation": filters.organisation.slug if filters.organisation else None, "language_of": filters.language,
        "answered": next((name for name, value in ANSWERED.items() if value is filters.is_answered), None),
        "mine": "yes" if filters.own else None, "sort": None if sort is Sort.RELEVANCE else sort,
    }
    return {name: str(value) for name, value in values.items() if value}


def kind_urls(asked: Asked, filters: SearchFilter, sort: Sort) -> dict[str, str]:
    """The same question of each kind of thing alone, and of all."""
    known = {**address(asked, filters, sort), "what": None}
    return {kind: url_for(".read", **{**known, "what": kind or None}) for kind in ("", *service.list_findables())}


FILTERS = {"chapter": _("chapter"), "axis": _("axis"), "what": _("kind of text"), "position": _("position"), "kind": _("kind"),
           "comment_type": _("type"), "category": _("category"), "organisation": _("organisation"), "language": _("language"),
           "is_answered": _("answered or not"), "own": _("what concerns me")}


def remedies(asked: Asked, filters: SearchFilter, sort: Sort, found: Results) -> list[Remedy]:
    """What to try: other words, fewer words, fewer filters."""
    def again(typed: str) -> str:
        return url_for(".read", **{**address(asked, filters, sort), "q": typed})
    tried = []
    for word, near in found.near.items():
        shown = dict(zip(asked.words, asked.written, strict=True)).get(word, word)
        for one in near:
            typed = asked.typed.replace(shown, one.written)
            tried.append(Remedy(_("Did you mean “%(words)s”?", words=typed), again(typed)))
    if found.count:
        return tried
    for name, words in FILTERS.items():
        if getattr(filters, name) not in (None, "", ()) or (name == "category" and filters.is_own_name):
            without = filters.without(name)
            tried.append(Remedy(_("Search without the filter “%(name)s”", name=words), url_for(".read", **address(asked, without, sort))))
    if asked.phrases:
        typed = " ".join("".join(sign for sign in asked.typed if sign not in '"“”«»„').split())
        tried.append(Remedy(_("Search for these words without the quotes"), again(typed)))
    return tried
