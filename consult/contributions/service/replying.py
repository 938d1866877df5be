"""Replies to published contributions: lodged once, withdrawn perhaps, never rewritten; their threads and their counts."""

from collections.abc import Callable, Sequence
from functools import wraps

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, lazyload

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.contributions import following, jobs
from consult.contributions.models import (
    MAX_REPLY,
    REPLY_REF,
    Contribution,
    ContributionState,
    Reaction,
    ReactionTally,
    Reply,
    ReplyTally,
)
from consult.contributions.service.drafting import FORM_KEY
from consult.core import states, tallies
from consult.core.commands import command
from consult.core.course import share_course
from consult.core.db import scalar_count, session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import _, arrived, arrived_at, utcnow
from consult.core.jobs import later
from consult.core.locks import lock
from consult.core.paging import PAGE_SIZE, Cursor, Page, falling, get_page, rising
from consult.core.permissions import Action, Actor, require
from consult.organisations.models import Organisation
from consult.organisations.service import require_mandate
from consult.text import normalising


def _once(act: Callable[..., Reply]) -> Callable[..., Reply]:
    """The same form, or the same words, sent again answer with what was lodged, and leave no second event."""
    @wraps(act)
    def run(actor: Actor, contribution: Contribution, /, *, form_key: str, body: str, as_organisation: Organisation | None = None,
            language: str = "fr") -> Reply:
        require(actor, Action.CONTRIBUTIONS_REPLY, contribution)
        if not FORM_KEY.fullmatch(form_key or ""):
            raise Invalid("form_key", _("This form is damaged."), _("Open it again from the contribution; copy your text first."))
        body = normalising.validated_text("body", body, max_length=MAX_REPLY)
        with arrived():
            share_course()
            lock(contribution.chapter)  # replies of a chapter are numbered one after the other
            return _lodged_before(actor, contribution, form_key, body, as_organisation) or act(
                actor, contribution, form_key=form_key, body=body, as_organisation=as_organisation, language=language)
    return run


def _lodged_before(
    actor: Actor, contribution: Contribution, form_key: str, body: str, as_organisation: Organisation | None,
) -> Reply | None:
    by_form = session.scalars(sa.select(Reply).where(Reply.form_key == form_key)).one_or_none()
    if by_form is not None:
        if by_form.author_id != actor.id:
            raise Conflict(_("This form was sent already, by somebody else."), _("Open the form again from the contribution."))
        return by_form
    spoken_for = Reply.organisation_id == as_organisation.id if as_organisation else Reply.organisation_id.is_(None)
    return session.scalars(
        sa.select(Reply).where(
            Reply.author_id == actor.id, Reply.contribution_id == contribution.id, Reply.lodged_body == body, spoken_for,
            Reply.state.in_(ContributionState.where(is_taken_back=False)))
        .order_by(Reply.id).limit(1)
    ).one_or_none()


@_once
@command
def reply(actor: User, contribution: Contribution, *, form_key: str, body: str, as_organisation: Organisation | None = None,
          language: str = "fr") -> Reply:
    """Lodge a reply; it waits for moderation where contributions do.

    :class:`Invalid` names the field that cannot be taken; :class:`Conflict` where somebody else sent this form.
    The same ``form_key`` again returns what it lodged the first time; so does another with the very same words on this contribution.
    """
    if normalising.is_blank(body):
        raise Invalid("body", _("The reply is empty."), _("Write what you have to say about this contribution."))
    if as_organisation is not None:
        require_mandate(actor, as_organisation)
    lock(contribution.chapter)
    consultation = contribution.consultation
    number = 1 + scalar_count(sa.select(sa.func.max(Reply.number)).where(Reply.contribution_id == contribution.id))
    lodged = Reply(
        ref=f"{contribution.ref}{REPLY_REF}{number}", form_key=form_key, chapter_id=contribution.chapter_id,
        contribution_id=contribution.id, number=number, author_id=actor.id, organisation_id=as_organisation.id if as_organisation else None,
        language=normalising.language_of(body, language), body=body, state=ContributionState.SUBMITTED,
        submitted_at=consultation.within_dates(arrived_at()),
    )
    session.add(lodged)
    session.flush()
    tallies.add({(ReplyTally, (lodged.chapter_id, lodged.state)): 1})
    if consultation.moderation_mode.is_afterwards:
        move_reply(lodged, ContributionState.PUBLISHED)
        lodged.awaits_reading = True
    return lodged


@command
def withdraw_reply(_actor: User, lodged: Reply) -> Reply:
    """Take it back: its words leave the public pages, its trace stays; :class:`Conflict` when it was taken back already."""
    lock(lodged.chapter)
    lock(lodged)
    lodged.awaits_reading = False
    move_reply(lodged, ContributionState.WITHDRAWN)
    lodged.withdrawn_at = utcnow()
    return lodged


def move_reply(lodged: Reply, to: ContributionState) -> None:
    """To another state, with all that is counted of it; whoever wrote the contribution is told once it is published.

    :class:`Conflict` when it has no such step.
    """
    before = lodged.state
    if to.is_public != before.is_public:
        chapters.mark_changed(lodged.chapter)  # its margin says how many replied
    states.move(lodged, to)
    tallies.add({
        (ReplyTally, (lodged.chapter_id, before)): -1, (ReplyTally, (lodged.chapter_id, to)): 1,
        (ReactionTally, (lodged.contribution_id, Reaction.REPLY)): int(to.is_public) - int(before.is_public),
    })
    if to.is_public:
        later(jobs.tell_of_reply, lodged)
        later(following.tell_of_reply, lodged)


# Reading


def _whole() -> tuple:
    chapter = joinedload(Reply.chapter).options(lazyload(Chapter.consultation), lazyload(Chapter.commission))
    return (joinedload(Reply.author).lazyload(User.appointments), joinedload(Reply.organisation), chapter)


def list_thread(contribution: Contribution, *, after: Cursor | None = None) -> Page[Reply]:
    """What the public may know of the replies to a public contribution, in their order: of those taken down that they were there."""
    known = (*ContributionState.where(is_public=True), *ContributionState.where(is_silent=True))
    chosen = sa.select(Reply).where(Reply.contribution_id == contribution.id, Reply.state.in_(known)).options(*_whole())
    return get_page(chosen, rising(Reply.number), after=after, size=PAGE_SIZE)


def list_own_replies(actor: Actor, *, after: Cursor | None = None) -> Page[Reply]:
    """Newest first, whatever their state."""
    chosen = sa.select(Reply).where(Reply.author_id == actor.id).options(*_whole(), joinedload(Reply.contribution))
    return get_page(chosen, falling(Reply.id), after=after, size=PAGE_SIZE)


def get_reply(actor: Actor, ref: str) -> Reply:
    """Raises :class:`NotFound` for a reference that no reply was given."""
    found = session.scalar(sa.select(Reply).where(Reply.ref == ref.upper()).options(*_whole(), joinedload(Reply.contribution)))
    if found is None:
        raise NotFound(_("There is no reply %(ref)s.", ref=ref))
    require(actor, Action.CONTRIBUTIONS_READ, found)
    return found


def count_replies_by_state(chapter_ids: Sequence[int]) -> dict[int, dict[ContributionState, int]]:
    """By chapter id; a state that has none is 0."""
    counts = {chapter_id: dict.fromkeys(ContributionState, 0) for chapter_id in chapter_ids}
    columns = (ReplyTally.chapter_id, ReplyTally.state, ReplyTally.count)
    for chapter_id, state, number in session.execute(sa.select(*columns).where(ReplyTally.chapter_id.in_(chapter_ids))):
        counts[chapter_id][state] += number
    return counts


# Counted anew


@tallies.counts(ReplyTally)
def replies_by_state() -> sa.Select:
    return sa.select(Reply.chapter_id, Reply.state, sa.func.count()).group_by(Reply.chapter_id, Reply.state)


@tallies.counts(ReactionTally)
def public_replies() -> sa.Select:
    reaction = sa.type_coerce(sa.literal_column(f"'{Reaction.REPLY.value}'", sa.String), ReactionTally.reaction.type)
    is_public = Reply.state.in_(ContributionState.where(is_public=True))
    return sa.select(Reply.contribution_id, reaction, sa.func.count()).where(is_public).group_by(Reply.contribution_id)
