"""The door by which a page saves what is typed in it, by itself: small, asked often, answered with JSON for the page's script."""

from typing import Any

from flask import request, url_for

from consult.chapters.models import Block
from consult.contributions import service
from consult.contributions.forms import ContributionForm
from consult.contributions.models import ContributionDraft
from consult.contributions.views.drafts import others_than, remember
from consult.contributions.views.pages import SESSION_ENDED, a_form, block_of, bp
from consult.core.errors import Invalid
from consult.core.i18n import _, gettext, hour
from consult.core.refused import network_digest
from consult.core.web import actor, csrf, has_token, reads_first, small_number

ENDED = _("Your session has ended: your text is kept in this browser. Sign in from another window, then open this page again.")


@bp.post("/save/<int:number>/<string:key>")
@csrf.exempt  # it asks for the token itself, and says what becomes of the words without it
@reads_first
def save(number: int, key: str):
    block = service.get_seen_block(number, key, request.form.get("block_id", type=small_number)) or block_of(number, key)
    form = a_form(block)
    form.take_sentence(block)
    if request.form.get("reader", "") != str(actor().id or "") or not has_token(form, SESSION_ENDED):
        return {"is_ended": True, "said": gettext(str(ENDED))}, 403
    try:
        draft = keep_typed(block, form)
    except Invalid as refusal:
        return {"said": f"{refusal.message} {refusal.remedy}"}, 422
    except service.SavedElsewhere as other:
        theirs = {name: other.draft.fields.get(name) or "" for name in service.MAX_LENGTHS}
        return {"said": f"{other.message} {other.remedy}", "theirs": theirs, **known_as(other.draft)}, 409
    except service.DraftGone as gone:
        return {"said": f"{gone.message} {gone.remedy}", "is_gone": True}, 409
    obstacles = [str(one) for one in service.list_obstacles(actor(), draft)] if request.form.get("checked") else []
    return {"said": gettext("Saved at %(time)s.", time=hour(draft.updated_at)), "obstacles": obstacles,
            "is_new": draft.saved_by == request.form["saved_by"], **known_as(draft)}


def keep_typed(block: Block, form: ContributionForm) -> ContributionDraft:
    is_known = actor().is_authenticated
    if not is_known:
        others_than(form.token)
    draft = service.save(
        actor(), block, token=form.token, fields=form.typed(), saved_by=request.form.get("saved_by", ""),
        expected_counter=request.form.get("expected_counter", type=small_number), network=network_digest(request))
    if not is_known:
        remember(draft.token)
    return draft


def known_as(draft: ContributionDraft) -> dict[str, Any]:
    """By what the page knows it from now on."""
    form_url = url_for("contributions.lodge", number=draft.block.chapter.number, key=draft.block.key, draft=draft.id)
    near_url = url_for("contributions.similar", number=draft.block.chapter.number, key=draft.block.key, draft=draft.id)
    return {"id": draft.id, "token": draft.token, "counter": draft.row_counter, "digest": draft.digest, "url": form_url, "near": near_url}
