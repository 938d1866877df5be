"""Reading what was offered to an organisation: for its members alone; to anybody else there is no such draft."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, defer, joinedload, lazyload

from consult.accounts.models import User
from consult.chapters.models import Block, Chapter, Revision
from consult.consultations.models import Consultation
from consult.contributions.models import DraftRemark, DraftWording, OfferedDraft, OfferedState
from consult.core.db import session
from consult.core.errors import NotFound
from consult.core.i18n import _
from consult.core.paging import ENTRY_PAGE_SIZE, Cursor, Page, falling, get_page, in_batches, rising
from consult.core.permissions import Action, Actor, can, require
from consult.organisations.models import Organisation

MAX_OWN = 50  # of one's own that the page of one's position names


def _whole() -> tuple:
    """An offered draft with all that a list shows of it."""
    in_chapter = joinedload(OfferedDraft.block).joinedload(Block.revision).options(defer(Revision.source)).joinedload(Revision.chapter)
    return (joinedload(OfferedDraft.wording), joinedload(OfferedDraft.author).lazyload(User.appointments),
            joinedload(OfferedDraft.contribution, innerjoin=False),
            in_chapter.options(lazyload(Chapter.consultation), lazyload(Chapter.commission)))


def get_own_organisation(actor: Actor) -> Organisation:
    """The one of which the actor is a member; :class:`NotFound` for whoever belongs to none."""
    found = session.get(Organisation, actor.member_of_id) if actor.member_of_id is not None else None
    if found is None:
        raise NotFound(_("You are not a member of an organisation."), _("Join yours on the page “My organisation”."))
    require(actor, Action.CONTRIBUTIONS_READ_OFFERED, found)
    return found


def get_offered(actor: Actor, id_: int) -> OfferedDraft:
    """Raises :class:`NotFound`, for those of other organisations too: that there is one is nobody else's business."""
    found = session.scalar(sa.select(OfferedDraft).where(OfferedDraft.id == id_).options(*_whole()))
    if found is None or not can(actor, Action.CONTRIBUTIONS_READ_OFFERED, found):
        raise NotFound(_("There is no such draft."), _("The drafts of your organisation are listed on its page."))
    return found


def get_wording(actor: Actor, id_: int, number: int) -> tuple[OfferedDraft, DraftWording, DraftWording | None]:
    """The draft, one of its wordings, and the one before it; :class:`NotFound` as :func:`get_offered`."""
    offered = get_offered(actor, id_)
    known = sa.select(DraftWording).where(DraftWording.offered_draft_id == offered.id, DraftWording.number.in_([number, number - 1]))
    found = {one.number: one for one in session.scalars(known.options(joinedload(DraftWording.author).lazyload(User.appointments)))}
    if number not in found:
        raise NotFound(_("There is no such version of this draft."))
    return offered, found[number], found.get(number - 1)


def get_wording_shown(offered: OfferedDraft, digest: str) -> DraftWording | None:
    """The latest wording that a page had shown, by its digest."""
    newest = sa.select(DraftWording).where(DraftWording.offered_draft_id == offered.id).order_by(DraftWording.number.desc()).limit(100)
    return next((one for one in session.scalars(newest) if one.digest == digest), None)


def list_offered(actor: Actor, organisation: Organisation, consultation: Consultation, *, after: Cursor | None = None,
                 ) -> Page[OfferedDraft]:
    """In text order, without those that were taken back."""
    require(actor, Action.CONTRIBUTIONS_READ_OFFERED, organisation)
    chosen = sa.select(OfferedDraft).where(
        OfferedDraft.organisation_id == organisation.id, OfferedDraft.consultation_id == consultation.id,
        OfferedDraft.state.in_(OfferedState.where(is_taken_back=False))).options(*_whole())
    return get_page(chosen, rising(OfferedDraft.chapter_number, OfferedDraft.place, OfferedDraft.id), after=after, size=ENTRY_PAGE_SIZE)


def list_own_offered(actor: Actor, consultation: Consultation) -> list[OfferedDraft]:
    """What the actor offered to the organisation of which they are a member, the newest first."""
    if actor.id is None or actor.member_of_id is None:
        return []
    chosen = sa.select(OfferedDraft).where(
        OfferedDraft.author_id == actor.id, OfferedDraft.organisation_id == actor.member_of_id,
        OfferedDraft.consultation_id == consultation.id, OfferedDraft.state.in_(OfferedState.where(is_taken_back=False)))
    return list(session.scalars(chosen.options(*_whole()).order_by(OfferedDraft.id.desc()).limit(MAX_OWN)))


def list_remarks(offered: OfferedDraft, *, after: Cursor | None = None) -> Page[DraftRemark]:
    """What was said of it and done with it, in its order."""
    chosen = sa.select(DraftRemark).where(DraftRemark.offered_draft_id == offered.id)
    return get_page(chosen.options(joinedload(DraftRemark.author).lazyload(User.appointments)), rising(DraftRemark.id), after=after,
                    size=ENTRY_PAGE_SIZE)


def list_wordings(offered: OfferedDraft, *, after: Cursor | None = None) -> Page[DraftWording]:
    """The newest first."""
    chosen = sa.select(DraftWording).where(DraftWording.offered_draft_id == offered.id).options(
        defer(DraftWording.fields), joinedload(DraftWording.author).lazyload(User.appointments))
    return get_page(chosen, falling(DraftWording.number), after=after, size=ENTRY_PAGE_SIZE)


def get_offered_data(actor: User) -> Iterator[dict[str, Any]]:
    """What somebody offered, in their own words alone, for the file of their own data (law 09-08, article 7)."""
    require(actor, Action.ACCOUNTS_EDIT_PROFILE, actor)
    offered = sa.select(OfferedDraft).join(OfferedDraft.block).where(OfferedDraft.author_id == actor.id).options(
        contains_eager(OfferedDraft.block), joinedload(OfferedDraft.wording), joinedload(OfferedDraft.organisation))
    for one in in_batches(offered, OfferedDraft.__table__.c.id):
        said = one.wording.fields if one.wording is not None and one.wording.author_id == actor.id else {}
        yield {"block": one.block.key, "organisation": one.organisation.name_fr, "state": one.state.value,
               "offered_at": one.offered_at.isoformat(), **said}
