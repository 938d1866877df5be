"""Drafts offered to an organisation, for its members alone: read, discussed, changed with trace, accepted, returned, taken back."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import flash, redirect, render_template, request, url_for

from consult.accounts import service as accounts
from consult.chapters.models import Block
from consult.contributions import service
from consult.contributions.forms import CHOICES, ContributionForm, RemarkForm, ReturnForm
from consult.contributions.models import DraftWording, OfferedDraft
from consult.contributions.statement import STATEMENT
from consult.contributions.views.drafts import new_key
from consult.contributions.views.pages import SESSION_ENDED, bp, parts_of, place_in, sign_in
from consult.contributions.views.saving import ENDED
from consult.core.commands import undo
from consult.core.errors import Conflict, Invalid, NotAllowed, NotFound
from consult.core.i18n import _, gettext, hour, utcnow
from consult.core.paging import Cursor
from consult.core.permissions import Action, can, require
from consult.core.web import actor, csrf, has_token, language, put_refusal, reads_first, required_consultation
from consult.text.redline import redline

OFFERED_TEXTS = tuple(field for field in STATEMENT if field.max_length)


def asked_draft(offered_id: int) -> OfferedDraft:
    """A visitor's form is kept until they have signed in, whether there is such a draft or not."""
    if not actor().is_authenticated:
        require(actor(), Action.CONTRIBUTIONS_READ_OFFERED, required_consultation())
    return service.get_offered(actor(), offered_id)


@bp.get("/organisation-drafts")
def list_offered():
    if not actor().is_authenticated:
        return sign_in()
    organisation = service.get_own_organisation(actor())
    page = service.list_offered(actor(), organisation, required_consultation(), after=request.args.get("after", type=Cursor.parse))
    return render_template("contributions/list_offered.html", organisation=organisation, page=page,
                           links=page.links(partial(url_for, ".list_offered")))


@bp.get("/organisation-drafts/<int:offered_id>")
def show_offered(offered_id: int):
    if not actor().is_authenticated:
        return sign_in()
    return shown(service.get_offered(actor(), offered_id))


def shown(offered: OfferedDraft, *, remark_form: RemarkForm | None = None, return_form: ReturnForm | None = None,
          refusal: Conflict | None = None) -> str:
    """The draft with all that may be done with it, its versions and its thread."""
    after, versions_after = (request.args.get(name, type=Cursor.parse) for name in ("after", "versions_after"))
    remarks, wordings = service.list_remarks(offered, after=after), service.list_wordings(offered, after=versions_after)
    here, one = partial(url_for, ".show_offered", offered_id=offered.id), service.get_passage_now(actor(), offered)
    return_form = return_form or ReturnForm(formdata=None)
    return_form.expected_digest.data = offered.digest
    return render_template(
        "contributions/show_offered.html", offered=offered, one=one, refusal=refusal, form_key=new_key(),
        remark_form=remark_form or RemarkForm(formdata=None, data={"form_key": new_key()}), return_form=return_form,
        remarks=remarks, remark_links=remarks.links(partial(here, _anchor="remarks")),
        wordings=wordings, wording_links=wordings.links(partial(here, _anchor="versions"), "versions_after"),
        last_change=last_change(offered), line_of=redline, choices=CHOICES, **allowed(offered),
    )


def allowed(offered: OfferedDraft) -> dict[str, bool]:
    """What whoever reads it may do with it as it stands."""
    state, may = offered.state, partial(can, actor(), obj=offered)
    return {
        "may_accept": state.may_become("accepted") and may(Action.CONTRIBUTIONS_ACCEPT_OFFERED),
        "may_return": state.may_become("returned") and may(Action.CONTRIBUTIONS_RETURN_OFFERED),
        "may_offer_again": state.is_with_author and may(Action.CONTRIBUTIONS_OFFER_AGAIN),
        "may_take_back": state.may_become("taken_back") and may(Action.CONTRIBUTIONS_TAKE_BACK_OFFERED),
        "may_edit": offered.is_changed_by(actor()) and may(Action.CONTRIBUTIONS_EDIT_OFFERED),
        "may_lodge": state.is_in_position and may(Action.CONTRIBUTIONS_ACCEPT_OFFERED),
        "may_remark": not state.is_taken_back,
    }


def last_change(offered: OfferedDraft) -> list[tuple[str, Any]]:
    if offered.last_wording < 2 or offered.state.is_taken_back:
        return []
    _offered, wording, earlier = service.get_wording(actor(), offered.id, offered.last_wording)
    return changes(earlier, wording)


def changes(earlier: DraftWording | None, later: DraftWording | None) -> list[tuple[str, Any]]:
    """(heading, segments) of each thing that one wording says otherwise than another."""
    if earlier is None or later is None:
        return []
    found = []
    for field in STATEMENT:
        before, after = (in_words(field.name, wording.fields.get(field.name) or "") for wording in (earlier, later))
        if before != after and (field.max_length or field.name in CHOICES):
            found.append((gettext(field.heading), redline(before, after)))
    return found


def in_words(name: str, value: str) -> str:
    return str(dict(CHOICES[name]).get(value, "—")) if name in CHOICES else value


@bp.get("/organisation-drafts/<int:offered_id>/versions/<int:number>")
def show_wording(offered_id: int, number: int):
    if not actor().is_authenticated:
        return sign_in()
    offered, wording, earlier = service.get_wording(actor(), offered_id, number)
    return render_template("contributions/show_wording.html", offered=offered, wording=wording, earlier=earlier,
                           changed=changes(earlier, wording), choices=CHOICES, texts=OFFERED_TEXTS)


# Deciding


@bp.post("/organisation-drafts/<int:offered_id>/accept")
def accept_offered(offered_id: int):
    return decide(offered_id, service.accept_offered, _("It is in the position of the organisation now."))


@bp.post("/organisation-drafts/<int:offered_id>/offer-again")
def offer_again(offered_id: int):
    return decide(offered_id, service.offer_again, _("It is offered anew: the representatives are told by letter."))


def decide(offered_id: int, act: Callable[..., OfferedDraft], done: Any):
    """As the page showed it; what was changed meanwhile is read first."""
    offered = asked_draft(offered_id)
    try:
        act(actor(), offered, expected_digest=request.form.get("expected_digest", ""))
    except Conflict as refusal:
        undo()
        return shown(service.get_offered(actor(), offered_id), refusal=refusal), 409
    flash(str(done), "success")
    return to_draft(offered_id)


@bp.post("/organisation-drafts/<int:offered_id>/return")
@reads_first
def return_offered(offered_id: int):
    offered, form = asked_draft(offered_id), ReturnForm()
    expected = form.expected_digest.data or ""
    if not form.validate():
        return shown(offered, return_form=form), 422
    try:
        service.return_offered(actor(), offered, words=form.words.data or "", expected_digest=expected)
    except Invalid as refusal:
        put_refusal(form, refusal)
        return shown(offered, return_form=form), 422
    except Conflict as refusal:
        undo()
        return shown(service.get_offered(actor(), offered_id), return_form=form, refusal=refusal), 409
    flash(str(_("It is returned to its author, who is told by letter.")), "success")
    return to_draft(offered_id)


@bp.post("/organisation-drafts/<int:offered_id>/take-back")
def take_back_offered(offered_id: int):
    offered = asked_draft(offered_id)
    try:
        service.take_back_offered(actor(), offered)
    except Conflict as refusal:
        undo()
        return shown(service.get_offered(actor(), offered_id), refusal=refusal), 409
    flash(str(_("It is a draft of yours alone again.")), "success")
    return redirect(url_for(".position"), 303)


@bp.post("/organisation-drafts/<int:offered_id>/remark")
@reads_first
def remark_on_offered(offered_id: int):
    offered, form = asked_draft(offered_id), RemarkForm()
    if not form.validate():
        return shown(offered, remark_form=form), 422
    try:
        remark = service.remark_on_offered(actor(), offered, form_key=form.form_key.data or "", body=form.body.data or "")
    except Invalid as refusal:
        put_refusal(form, refusal)
        return shown(offered, remark_form=form), 422
    except Conflict as refusal:
        undo()
        return shown(service.get_offered(actor(), offered_id), remark_form=form, refusal=refusal), 409
    return to_draft(offered_id, f"remark-{remark.id}")


def to_draft(offered_id: int, anchor: str | None = None):
    return redirect(url_for(".show_offered", offered_id=offered_id, _anchor=anchor), 303)


# Changing it


@bp.route("/organisation-drafts/<int:offered_id>/edit", methods=["GET", "POST"])
@reads_first
def edit_offered(offered_id: int):
    if not actor().is_authenticated and request.method == "GET":
        return sign_in()
    offered = asked_draft(offered_id)
    form = edit_form(offered)
    if request.method == "GET":
        form.expected_digest.data = offered.digest
        if not allowed(offered)["may_edit"]:
            return to_draft(offered_id)  # where its state says why
        return edit_page(offered, form)
    form.take_sentence(offered.block)
    try:
        service.edit_offered(actor(), offered, fields=form.typed(), expected_digest=form.expected_digest.data or "")
    except Invalid as refusal:
        put_refusal(form, refusal)
        return edit_page(offered, form), 422
    except Conflict as refusal:
        undo()
        return overtaken(service.get_offered(actor(), offered_id), form, refusal), 409
    return to_draft(offered_id)


@bp.post("/organisation-drafts/<int:offered_id>/save")
@csrf.exempt  # it asks for the token itself, and says what becomes of the words without it
@reads_first
def save_offered(offered_id: int):
    """What is typed on the page above, saved by itself; for its script, as the door of one's own drafts answers."""
    if not actor().is_authenticated or request.form.get("reader", "") != str(actor().id):
        return {"is_ended": True, "said": gettext(str(ENDED))}, 403
    try:
        offered = service.get_offered(actor(), offered_id)
        form = edit_form(offered)
        if not has_token(form, SESSION_ENDED):
            return {"is_ended": True, "said": gettext(str(ENDED))}, 403
        form.take_sentence(offered.block)
        service.save_offered(accounts.get_person(actor()), offered, fields=form.typed(), expected_digest=form.expected_digest.data or "",
                             saved_by=request.form.get("saved_by", ""))
    except Invalid as refusal:
        return {"said": f"{refusal.message} {refusal.remedy}"}, 422
    except service.ChangedMeanwhile as other:
        theirs = {name: other.offered.fields.get(name) or "" for name in service.MAX_LENGTHS}
        return {"said": f"{other.message} {gettext('Nothing was overwritten. Choose which words go on.')}", "theirs": theirs,
                **known_as(other.offered)}, 409
    except (Conflict, NotAllowed, NotFound) as refusal:
        return {"said": f"{refusal.message} {refusal.remedy or ''}".strip(), "is_ended": True}, refusal.status
    return {"said": gettext("Saved at %(time)s.", time=hour(utcnow())), "obstacles": [], "is_new": True, **known_as(offered)}


def known_as(offered: OfferedDraft) -> dict[str, Any]:
    """By what the page knows it from now on."""
    return {"id": f"offered-{offered.id}", "token": token_of(offered), "counter": offered.last_wording, "digest": offered.digest,
            "url": url_for(".edit_offered", offered_id=offered.id), "near": ""}


def token_of(offered: OfferedDraft) -> str:
    """Under which a browser keeps what it could not send."""
    return f"offered-{offered.id}"


def overtaken(offered: OfferedDraft, form: ContributionForm, refusal: Conflict) -> str:
    """What changed since the form was opened, above what was typed in it."""
    seen = service.get_wording_shown(offered, form.expected_digest.data or "")
    form.expected_digest.data = offered.digest
    return edit_page(offered, form, conflict=refusal, changed=changes(seen, offered.wording))


def edit_form(offered: OfferedDraft) -> ContributionForm:
    block = offered.block
    given = {"replacement": block.lead, **offered.fields, "block_id": block.id, "form_key": ""}
    if not given["replacement"]:
        given["replacement"] = block.lead
    signs_for = offered.organisation if actor().organisation_id == offered.organisation_id else None  # who signs declares interests
    return ContributionForm(data=given, block=block, organisation=signs_for, language=language(), is_known=False)


def edit_page(offered: OfferedDraft, form: ContributionForm, *, conflict: Conflict | None = None, changed: Any = ()) -> str:
    block: Block = offered.block
    form.draft.data, form.expected_counter.data = token_of(offered), str(offered.last_wording)
    return render_template("contributions/edit_offered.html", offered=offered, form=form, conflict=conflict, changed=changed,
                           parts=parts_of(block, *place_in(block, form)))
