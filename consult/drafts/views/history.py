"""A chapter's past: its revisions, each as it was read, and any two of them compared."""

from flask import render_template

from consult.core.permissions import Action, require
from consult.core.web import actor
from consult.drafts import service
from consult.drafts.views.pages import bp, chapter_here


@bp.get("/drafts/<int:number>/revisions/<string:text_language>/<int:version>")
def revision(number: int, text_language: str, version: int):
    chapter = chapter_here(number)
    require(actor(), Action.DRAFTS_READ, chapter)
    shown = service.get_numbered_revision(chapter, text_language, version)
    return render_template("drafts/revision.html", chapter=chapter, revision=shown)


@bp.get("/drafts/<int:number>/compare/<string:text_language>/<int:old>/<int:new>")
def compare(number: int, text_language: str, old: int, new: int):
    chapter = chapter_here(number)
    require(actor(), Action.DRAFTS_READ, chapter)
    before, after = service.get_revision_pair(chapter, text_language, old, new)
    return render_template("drafts/compare.html", chapter=chapter, before=before, after=after)
