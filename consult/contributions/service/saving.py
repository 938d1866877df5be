"""Saving what is typed, by itself and every few seconds: the draft's own row and nothing else, told apart from what another page saved.

It is no act of the public record and leaves no event. Whoever saves waits for nobody long: where others write, it is told so and tries
again, with the words in its browser meanwhile.
"""

import re
from typing import Any

import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters.models import Block
from consult.contributions.models import Contribution, ContributionDraft, OfferedDraft
from consult.contributions.service.drafting import FORM_KEY, check_words, count_kept, fields_to_keep, keep_for_visitor
from consult.contributions.statement import MAX_LENGTHS
from consult.core.db import begin_writing, session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import _, utcnow
from consult.core.locks import list_locked, lock
from consult.core.permissions import Action, Actor, can, require

PATIENCE = 2.0  # seconds: the page saves again soon
SAVED_BY = re.compile(r"([\w-]{1,60}):(\d{1,9})", re.ASCII)


class SavedElsewhere(Conflict):
    """Another page, or another device, saved other words of this draft since this one read it."""

    def __init__(self, draft: ContributionDraft) -> None:
        super().__init__(_("This draft was changed in another window or on another device."),
                         _("Nothing was overwritten. Choose which words go on."))
        self.draft = draft


class DraftGone(Conflict):
    """It was lodged, under this reference, offered to an organisation, or thrown away."""

    def __init__(self, ref: str | None) -> None:
        lodged = _("This draft was lodged in the meantime, under %(ref)s.", ref=ref)
        super().__init__(lodged if ref else _("This draft was lodged, offered to your organisation or discarded in another window."),
                         _("What you type here is another text. Save it as a draft of its own if you wish to keep it."))


def save(
    actor: Actor, block: Block, *, token: str, fields: dict[str, Any], expected_counter: int | None, saved_by: str, network: str = "",
) -> ContributionDraft:
    """Save what a page holds. ``expected_counter`` is that of the draft as the page knows it, None before its first save; ``saved_by``
    names the page and counts its saves, so that what one page sent twice, or late, is told from what another one saved. ``network`` is
    where a visitor sends it from (:func:`~consult.contributions.service.drafting.keep_draft`).

    Raises :class:`Invalid` for words that cannot be kept, :class:`SavedElsewhere`, :class:`DraftGone`, and :class:`NotFound` where the
    draft is somebody else's.
    """
    said = check_words(**{name: fields.get(name) or "" for name in MAX_LENGTHS})
    if not FORM_KEY.fullmatch(token) or not SAVED_BY.fullmatch(saved_by):
        raise Invalid("form_key", _("This form is damaged."), _("Open it again from the chapter; copy your text first."))
    kept = fields_to_keep(fields, said)
    begin_writing(PATIENCE)
    if isinstance(actor, User) and not count_kept(token):
        lock(actor)  # whoever lodges this form at this moment holds it: nothing is left over of it afterwards
    draft = next(iter(list_locked(ContributionDraft, ContributionDraft.token == token)), None)
    if draft is None:
        _begin(token, expected_counter)
        draft = ContributionDraft(token=token, author_id=actor.id)
    elif not can(actor, Action.CONTRIBUTIONS_KEEP_DRAFT, draft):
        raise NotFound
    elif (draft.block_id, draft.fields) == (block.id, kept) or not _goes_on(draft, expected_counter, saved_by):
        return draft
    require(actor, Action.CONTRIBUTIONS_KEEP_DRAFT, draft)
    if actor.is_authenticated:
        draft.is_known_now()
    else:
        keep_for_visitor(draft, kept, network)
    draft.block, draft.fields, draft.updated_at, draft.saved_by = block, kept, utcnow(), saved_by
    session.add(draft)
    session.flush()
    return draft


def _begin(token: str, expected_counter: int | None) -> None:
    """A draft that the page has saved before, and one whose form is lodged or offered, is no new one."""
    ref = session.scalar(sa.select(Contribution.ref).where(Contribution.form_key == token))
    if ref or expected_counter is not None or session.scalar(sa.select(OfferedDraft.id).where(OfferedDraft.form_key == token)):
        raise DraftGone(ref)


def _goes_on(draft: ContributionDraft, expected_counter: int | None, saved_by: str) -> bool:
    """Whether this save comes after the one that is kept; :class:`SavedElsewhere` where that is another page's, and unseen by this one."""
    page, number = saved_by.rsplit(":", 1)
    known_page, _colon, known_number = (draft.saved_by or "").rpartition(":")
    if known_page == page:
        return int(number) > int(known_number)
    if draft.row_counter != expected_counter:
        raise SavedElsewhere(draft)
    return True
