"""A chapter's past: its revisions, each as it was read, and any two of them compared."""

from collections import Counter
from dataclasses import replace
from itertools import groupby
from types import SimpleNamespace
from typing import Any

from flask import redirect, render_template, request, url_for

from consult.chapters import events, reading, service
from consult.chapters.comparison import GROUPS, Comparison
from consult.chapters.models import BlockFate, Chapter, Revision
from consult.chapters.views import passages
from consult.chapters.views.pages import bp
from consult.chapters.views.ready import chapter_here, chapter_stamp, kept
from consult.core.i18n import LANGUAGES, _
from consult.core.permissions import Action, require
from consult.core.web import actor, language, small_number

VIEWS, PARTS = ("inline", "side"), ("changes", "all")


def read_chapter(number: int) -> Chapter:
    chapter = chapter_here(number)
    require(actor(), Action.CHAPTERS_READ, chapter)
    return chapter


@bp.get("/chapters/<int:number>/revisions")
def revisions(number: int):
    chapter = read_chapter(number)
    listed = service.list_revisions(chapter)
    texts = [(text_language, list(rows)) for text_language, rows in groupby(listed, key=lambda revision: revision.language)]
    return render_template(
        "chapters/revisions.html", chapter=chapter, texts=texts, counts=service.count_changes(chapter), languages=LANGUAGES,
        columns=[change for change in BlockFate.ranked() if not change.is_kept],
    )


@bp.get("/chapters/<int:number>/revisions/<string:text_language>/<int:version>")
def revision(number: int, text_language: str, version: int):
    """Kept ready like the chapter itself: only what was said about it changes."""
    read_chapter(number)
    return kept(lambda: (*chapter_stamp(number), text_language, version), lambda: render_revision(number, text_language, version))


@bp.get("/chapters/<int:number>/revisions/<string:text_language>/<int:version>/margin/<int:part>")
def revision_margin(number: int, text_language: str, version: int, part: int):
    """What was said about some of its passages, for whoever reads as far as there."""
    read_chapter(number)
    return kept(lambda: (*chapter_stamp(number), text_language, version, "margin", part),
                lambda: render_revision_margin(number, text_language, version, part))


def render_revision(number: int, text_language: str, version: int) -> bytes:
    chapter = chapter_here(number)
    shown = service.get_numbered_revision(chapter, text_language, version)
    newest = service.get_newest_revision(chapter, text_language)
    blocks = spoken_of(shown)
    shell = render_template(
        "chapters/revision.html", revision=shown, newest=newest, contents=reading.contents(blocks), coverage=None,
        chapter=SimpleNamespace(number=number, title=shown.title, commission_name=chapter.commission.title(language())),
        languages=LANGUAGES, text_language=text_language, stances=events.key_of_signs(),
        margin_url=url_for(".revision_margin", number=number, text_language=text_language, version=version, part=0),
    )
    each = passages.render_each(passages.with_lines(blocks, lambda ids: events.earlier_margin(shown, ids)), chapter=chapter, earlier=True)
    return passages.put_in(shell, passages.joined(each))


def render_revision_margin(number: int, text_language: str, version: int, part: int) -> str:
    chapter = chapter_here(number)
    shown = service.get_numbered_revision(chapter, text_language, version)
    wanted = passages.of_part(spoken_of(shown), part)
    lines = events.earlier_margin(shown, [b.id for b in wanted])
    blocks = [passages.beside(b, lines) for b in wanted]
    return render_template("chapters/margin.html", blocks=blocks, chapter=chapter, earlier=True)


def spoken_of(shown: Revision) -> list[reading.ReadBlock]:
    """The text of a version, and how much was said of each passage."""
    said = events.earlier_counts(shown)
    urls = reading.Addresses(lambda _key: "", lambda key: url_for(".provision", number=shown.chapter.number, key=key, _anchor="said"))
    text = reading.read_blocks([(block, shown.language) for block in service.list_blocks(shown)], urls)
    return [replace(b, count=said.get(b.key, 0)) for b in text]


# Comparison


@bp.get("/chapters/<int:number>/compare/<string:text_language>")
def choose_comparison(number: int, text_language: str):
    """Where the two lists of the page of versions lead, without JavaScript."""
    chapter = read_chapter(number)
    chosen = sorted(value for name in ("old", "new") if (value := request.args.get(name, type=small_number)) is not None)
    if len(chosen) < 2:
        return redirect(url_for(".revisions", number=chapter.number), 303)
    return redirect(url_for(".compare", number=number, text_language=text_language, old=chosen[0], new=chosen[1]), 303)


@bp.get("/chapters/<int:number>/compare/<string:text_language>/<int:old>/<int:new>")
def compare(number: int, text_language: str, old: int, new: int):
    chapter = read_chapter(number)
    if old > new:
        return redirect(url_for(".compare", number=number, text_language=text_language, old=new, new=old, **wanted()), 303)
    before, after = service.get_revision_pair(chapter, text_language, old, new)
    found = service.get_comparison(before, after)
    return render_template(
        "chapters/compare.html", chapter=chapter, before=before, after=after, found=found, table=table(found), sentence=sentence(found),
        columns=shown_columns(found), languages=LANGUAGES, text_language=text_language, **wanted(),
    )


def wanted() -> dict[str, Any]:
    """How the reader asked to see it; what the address does not know is the first of each."""
    view, only = request.args.get("view"), request.args.get("only")
    return {"view": view if view in VIEWS else VIEWS[0], "only": only if only in PARTS else PARTS[0]}


def shown_columns(found: Comparison) -> list[BlockFate]:
    """Blocks that were split or merged are rare: their columns are there when there are any."""
    return [change for change in BlockFate.ranked() if found.totals[change] or not change.is_shared]


def table(found: Comparison) -> list[tuple[str, Counter]]:
    """One line for each sort of passage."""
    names = dict(zip(GROUPS, (_("Axes"), _("Projects"), _("Actions"), _("Other passages")), strict=True))
    return [(names[kind], found.counts[kind]) for kind in GROUPS if kind in found.counts]


def sentence(found: Comparison) -> list[str]:
    """What changed, in the parts of one sentence."""
    totals = found.totals
    return [change.told(totals[change]) for change in BlockFate.ranked() if totals[change]]
