"""Saving what is typed over a draft of an organisation, by itself: as a version that its members read, one for each sitting."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from consult.accounts.models import User
from consult.contributions.models import DraftRemark, DraftWording, OfferedDraft
from consult.contributions.service.offering import ChangedMeanwhile, edit_offered, hold, stands_elsewhere, wording_of
from consult.contributions.service.saving import SAVED_BY
from consult.core.course import share_course
from consult.core.db import session
from consult.core.errors import Invalid
from consult.core.i18n import _, utcnow
from consult.core.permissions import Action, require

SITTING = timedelta(minutes=10)  # what one page saves within it is one version, unless somebody said something of it


def save_offered(actor: User, offered: OfferedDraft, *, fields: dict[str, Any], expected_digest: str, saved_by: str) -> OfferedDraft:
    """``saved_by`` names the page and counts its saves, ``expected_digest`` is that of the words that it knew last. The first save is the
    act of changing the draft; those that follow go on with its version, and are no further acts.

    :class:`Invalid` names the field that cannot be taken; :class:`ChangedMeanwhile` where others are the last who wrote, and
    :class:`Conflict` where it is no longer theirs to change.
    """
    if not SAVED_BY.fullmatch(saved_by):
        raise Invalid("form_key", _("This form is damaged."), _("Open the page again; copy your text first."))
    require(actor, Action.CONTRIBUTIONS_EDIT_OFFERED, offered)
    said = wording_of(fields)
    share_course()  # before anything else is held: the first save is an act
    hold(actor, Action.CONTRIBUTIONS_EDIT_OFFERED, offered)
    if not offered.is_changed_by(actor):
        raise stands_elsewhere(offered)
    last = offered.wording
    is_its_own, is_late = _of_page(last, actor, saved_by)
    if last is not None and (last.fields == said or is_late):
        return offered
    if not is_its_own and expected_digest != offered.digest:
        raise ChangedMeanwhile(offered)
    if last is not None and is_its_own and _goes_on(last):
        session.delete(last)
        session.flush()
        session.add(DraftWording(offered_draft_id=offered.id, number=last.number, author_id=actor.id, fields=said, saved_by=saved_by,
                                 written_at=last.written_at))
        offered.changed_at = utcnow()
        session.flush()
        session.expire(offered, ["wording"])
        return offered
    saved: OfferedDraft = edit_offered(actor, offered, fields=fields, expected_digest=offered.digest, saved_by=saved_by)
    return saved


def _of_page(last: DraftWording | None, actor: User, saved_by: str) -> tuple[bool, bool]:
    """Whether this very page wrote the last version, and whether it has sent a later one already."""
    if last is None or last.author_id != actor.id or last.saved_by is None:
        return False, False
    (page, number), (known_page, known_number) = (name.rsplit(":", 1) for name in (saved_by, last.saved_by))
    return page == known_page, page == known_page and int(number) <= int(known_number)


def _goes_on(last: DraftWording) -> bool:
    answered = sa.select(DraftRemark.id).where(
        DraftRemark.offered_draft_id == last.offered_draft_id, DraftRemark.written_at >= last.written_at)
    return utcnow() - last.written_at < SITTING and session.scalar(answered.limit(1)) is None
