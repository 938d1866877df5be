"""What a browser is writing: it holds the tokens of drafts; once somebody who signed in has seen one, it is shown to nobody else.

Each form is kept as a draft of its own, so that what is written in two windows, or at the desk and on the phone, is all kept.
"""

import secrets
from collections.abc import Sequence

from flask import flash, request, url_for
from flask import session as cookies

from consult.chapters.models import Block
from consult.contributions import service
from consult.contributions.forms import ContributionForm
from consult.contributions.models import ContributionDraft
from consult.core.errors import NotAllowed
from consult.core.i18n import _
from consult.core.refused import network_digest
from consult.core.web import actor, small_number

KEPT_BESIDE = _("Other words were kept from another window meanwhile. Both texts are kept: this one here, the other beside it.")
ADDRESS = "drafts_for"  # under which name it remembers for whom they are, and its own name


def new_key() -> str:
    return secrets.token_urlsafe(24)


def tokens() -> list[str]:
    return [token for *_place, token, owner in cookies.get("drafts", []) if owner in (None, actor().id)]


def others_than(token: str) -> list[list]:
    """What this browser holds beside that; :class:`Invalid` where there is no room left."""
    others = [[known, owner] for *_place, known, owner in cookies.get("drafts", []) if known != token]
    remembered = service.list_remembered([known for known, _owner in others])
    return [entry for entry in others if entry[0] in remembered]


def remember(token: str) -> None:
    cookies["drafts"] = [*others_than(token), [token, actor().id]]


def drafts_here(block: Block) -> Sequence[ContributionDraft]:
    """What is kept of this passage for whoever reads this, the newest first."""
    found = service.list_drafts_here(actor(), block.chapter, block.key, tokens())
    if actor().is_authenticated:
        for draft in found:
            if draft.author_id is None and not is_from_elsewhere(draft):
                remember(draft.token)
    return found


def is_from_elsewhere(draft: ContributionDraft) -> bool:
    return draft.is_from_elsewhere(tokens())


def asked_draft(block: Block) -> ContributionDraft | None:
    """The draft that the address names, which may be none; where it names nothing, the newest that the reader typed."""
    found, asked = drafts_here(block), request.args.get("draft", type=small_number)
    if asked is None:
        found = [draft for draft in found if not is_from_elsewhere(draft)]
    return next((draft for draft in found if asked in (None, draft.id)), None)


def draft_of(form: ContributionForm, drafts: Sequence[ContributionDraft]) -> ContributionDraft | None:
    """The one that this form was kept as."""
    return next((draft for draft in drafts if draft.token == form.token), None)


def kept_draft(form: ContributionForm, block: Block) -> ContributionDraft | None:
    """The same, for whoever lodges: most forms were never kept, and the others are of no account then."""
    return draft_of(form, drafts_here(block)) if service.count_kept(form.token) else None


def keep(block: Block, form: ContributionForm) -> ContributionDraft:
    """Keep what stands in the form, which goes on with that draft; :class:`Invalid` for what cannot be kept."""
    if not actor().is_authenticated:
        others_than(form.token)
    address, browser = cookies.get(ADDRESS) or (None, None)
    try:
        draft = service.keep_draft(actor(), block, token=form.token, fields=form.typed(), expected_digest=form.expected_digest.data,
                                   address=address, browser=browser, network=network_digest(request))
        if draft.token != form.token:
            flash(str(KEPT_BESIDE), "warning")
    except NotAllowed:  # the page is still that of whoever sat here before
        form.form_key.data, form.draft.data = new_key(), ""
        draft = service.keep_draft(actor(), block, token=form.token, fields=form.typed(), network=network_digest(request))
    if not actor().is_authenticated:
        remember(draft.token)
    form.go_on_with(draft)
    return draft


def address_of(draft: ContributionDraft | None, drafts: Sequence[ContributionDraft], block: Block) -> str:
    """The form that goes on with it, among others of the same passage."""
    asked = draft.id if draft and any(one.id != draft.id for one in drafts) else None
    return url_for("contributions.lodge", number=block.chapter.number, key=block.key, draft=asked)
