"""My position: all that one is writing, read through, put right in its place, and lodged together; the receipt of the whole."""

import re

from flask import redirect, render_template, request, url_for

from consult.contributions import events, service
from consult.contributions.forms import CHOICES, PositionForm
from consult.contributions.models import Interest, PositionReceipt
from consult.contributions.views.drafts import new_key
from consult.contributions.views.pages import SESSION_ENDED, bp, sign_in
from consult.core.commands import undo
from consult.core.errors import Conflict, Invalid
from consult.core.permissions import Action, require
from consult.core.web import actor, is_complete, language, put_refusal, reads_first, required_consultation
from consult.text.redline import redline

SHOWN = re.compile(r"(o?)(\d{1,10})-(\d{1,9})", re.ASCII)  # o: of the organisation's


@bp.route("/position", methods=["GET", "POST"])
@reads_first
def position():
    form = PositionForm()
    if request.method == "GET":
        if not actor().is_authenticated:
            return sign_in()
        form.form_key.data = new_key()
        return position_page(form)
    if not actor().is_authenticated:
        require(actor(), Action.CONTRIBUTIONS_LODGE_POSITION, required_consultation())
    if not is_complete(form, SESSION_ENDED):
        return position_page(form), 422
    try:
        receipt = service.lodge_position(
            actor(), required_consultation(), form_key=form.form_key.data, shown=shown(), offered=shown("o"), declared=declared(form),
            language=language())
    except Invalid as refusal:
        put_refusal(form, refusal)
        return position_page(form), 422
    except Conflict as refusal:
        undo()
        return position_page(form, refusal), 409
    return redirect(url_for(".position_receipt", ref=receipt.ref), 303)


def declared(form: PositionForm) -> service.Declared:
    """By whoever signs what members drafted."""
    return Interest(form.interest.data) if form.interest.data in list(Interest) else None, form.interests.data or ""


def shown(whose: str = "") -> dict[int, int]:
    """The drafts that are ticked, one's own or the organisation's, each with how often it was changed when the page showed it."""
    found = (SHOWN.fullmatch(value) for value in request.form.getlist("drafts"))
    return {int(one[2]): int(one[3]) for one in found if one and one[1] == whose}


def position_page(form: PositionForm, refusal: Conflict | None = None) -> str:
    """All drafts; after a refusal those that were ticked are, and nothing is lodged by what was refused."""
    consultation = required_consultation()
    written, accepted = service.list_position(actor(), consultation), service.list_accepted(actor(), consultation)
    if request.method == "POST":
        ticked = {*map(str, shown()), *(f"o{offered_id}" for offered_id in shown("o"))}
    else:
        ticked = {f"{mark}{one.draft.id}" for mark, drafts in (("", written), ("o", accepted)) for one in drafts if not one.obstacles}
    is_member = actor().member_of_id is not None
    return render_template(
        "contributions/position.html", form=form, written=written, ticked=ticked, refusal=refusal, choices=CHOICES,
        accepted=accepted, offered=service.list_own_offered(actor(), consultation),
        organisation=service.get_own_organisation(actor()) if is_member else None,
        line_of=redline, most=service.MAX_LENGTHS, is_cut=len(written) < service.count_written(actor(), consultation),
    )


@bp.get("/position/<string:ref>")
def position_receipt(ref: str):
    if not actor().is_authenticated:
        return sign_in()
    receipt: PositionReceipt = service.get_position_receipt(actor(), ref)
    return render_template("contributions/position_receipt.html", receipt=receipt, lodged=service.list_lodged_together(receipt),
                           document_url=events.position_document_url(receipt.ref))
