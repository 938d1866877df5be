"""The synthesis as everybody reads it: an axis at a time, whole for print, and all that one item gathers."""

from collections.abc import Mapping, Sequence
from functools import partial

from flask import render_template, request, url_for

from consult.core.i18n import _
from consult.core.paging import Cursor, each_row
from consult.core.web import actor, language, required_consultation, small_number, streamed
from consult.organisations.models import Category
from consult.synthesis import service
from consult.synthesis.models import Synthesis, SynthesisItem
from consult.synthesis.views.pages import bp


@bp.app_template_global("item_address")
def item_address(item: SynthesisItem) -> str:
    """Where an item is read: the page of its axis, whatever becomes of the text and of other items."""
    return url_for("synthesis.read", number=item.synthesis.chapter.number, item=item.number, _anchor=f"item-{item.number}")


def get_read(number: int) -> Synthesis:
    return service.get_readable(actor(), required_consultation(), number)


@bp.get("/read/<int:number>")
def read(number):
    """One axis of the synthesis of a chapter, the first when none is asked for; ``item`` asks for the one that has the item of that
    number. Its first page tells of the whole chapter too.
    """
    synthesis = get_read(number)
    asked = request.args.get("item", type=small_number)
    before = None if asked is None else Cursor((service.get_order(synthesis, asked), asked - 1))  # no other item stands between
    shares = service.list_shares(synthesis, with_contributions=is_at_first())
    divisions = service.list_divisions(synthesis.chapter, language(), service.count_by_order(shares))
    division = service.get_division(divisions, request.args.get("axis", ""))
    if before is not None:
        division = next(one for one in divisions if one.has(before.key[0]))
    page = service.list_items(actor(), synthesis, division=division, after=before or request.args.get("after", type=Cursor.parse))
    return render_template(
        "synthesis/read.html", synthesis=synthesis, chapter=synthesis.chapter, views=page.rows, divisions=divisions, division=division,
        links=page.links(partial(url_for, ".read", number=number, axis=axis_in_address(divisions, division))),
        **(facts(synthesis, shares, page.rows[0].respondents.of if page.rows else {}) if is_at_first() else {}), is_first=is_at_first(),
    )


@bp.app_template_global("axis_in_address")
def axis_in_address(divisions: Sequence[service.Division], division: service.Division | None) -> str | None:
    """The first one is at the address of the whole, with what is told of the whole chapter."""
    return None if division is None or division == divisions[0] else division.key


def is_at_first() -> bool:
    """Whether the address asks for no part of the synthesis: then it tells of the whole chapter."""
    args = request.args
    return not args.get("axis") and args.get("item", type=small_number) is None and args.get("after", type=Cursor.parse) is None


def facts(synthesis: Synthesis, shares: list, respondents: Mapping[Category | None, int]) -> dict:
    """The figures of the whole chapter."""
    return {"tally": service.count_dispositions(shares), "item_count": sum(share.items for share in shares),
            "progress": service.count_progress(synthesis.chapter), "respondents": sorted_respondents(respondents)}


def sorted_respondents(counts: Mapping[Category | None, int]) -> list[tuple[str, int]]:
    """Organisations by category, then persons in their own name."""
    named = [(category.label, counts[category]) for category in Category if counts.get(category)]
    return [*named, *([(_("Persons in their own name"), counts[None])] if counts.get(None) else [])]


@bp.get("/read/<int:number>/whole")
def read_whole(number):
    """Everything on one page, to be printed or kept: it is sent while it is made."""
    synthesis = get_read(number)
    shares, respondents = service.list_shares(synthesis, with_contributions=True), service.count_respondents(synthesis)
    return streamed(
        "synthesis/whole.html", synthesis=synthesis, chapter=synthesis.chapter, is_first=True, **facts(synthesis, shares, respondents),
        views=service.list_every_item(actor(), synthesis),
        references=lambda item: each_row(lambda after: service.list_references(synthesis, item.id, after=after)),
    )


@bp.get("/gathered/<int:number>/<int:item_number>")
def gathered(number, item_number):
    """All that an item gathers, a page at a time."""
    item = service.get_numbered_item(get_read(number), item_number)
    page = service.list_gathered(actor(), item, after=request.args.get("after", type=Cursor.parse))
    return render_template(
        "synthesis/gathered.html", item=item, synthesis=item.synthesis, chapter=item.synthesis.chapter, gathered=page.rows,
        points=service.list_answerable([one.contribution for one in page.rows if one.contribution.is_public]),
        links=page.links(partial(url_for, ".gathered", number=number, item_number=item_number)),
    )
