"""What others said already of what somebody is writing: a page of its own, which the form's script shows beside what is typed."""

from flask import redirect, render_template, url_for

from consult.chapters import service as chapters
from consult.contributions import service
from consult.contributions.views.drafts import asked_draft
from consult.contributions.views.pages import block_of, bp
from consult.contributions.views.reactions import organisation


@bp.get("/similar/<int:number>/<string:key>")
def similar(number: int, key: str):
    """Of the reader's own draft on this passage; whoever has written nothing yet is led to the form."""
    block = block_of(number, key)
    draft = asked_draft(block)
    if draft is None:
        return redirect(url_for(".lodge", number=number, key=block.key), 303)
    found = service.list_similar(draft)
    return render_template(
        "contributions/similar.html", block=draft.block, chapter=block.chapter, draft=draft, similar=found,
        said_here=chapters.tallies(block.chapter).get(block.key, 0), body=organisation(),
        reactions=service.count_reactions([one.contribution.id for one in found]))
