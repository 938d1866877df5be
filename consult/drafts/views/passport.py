"""A passage's own page: all its versions, and what was said, proposed, answered and decided about it."""

from flask import render_template

from consult.core.permissions import Action, require
from consult.core.web import actor
from consult.drafts import service
from consult.drafts.views.pages import bp, chapter_here


@bp.get("/drafts/<int:number>/provisions/<string:key>")
def provision(number: int, key: str):
    chapter = chapter_here(number)
    require(actor(), Action.DRAFTS_READ, chapter)
    versions = service.list_versions(chapter, key)
    return render_template("drafts/provision.html", chapter=chapter, key=key, versions=versions)
