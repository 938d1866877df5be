"""Drafts offered to an organisation: its members read and discuss them, its representatives take them into its position. All of it stays
inside; whoever belongs to another organisation, or to none, gets the answer that there is no such draft.
"""

import secrets
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters.models import Block
from consult.contributions.models import (
    MAX_REMARK,
    Contribution,
    ContributionDraft,
    DraftRemark,
    DraftWording,
    OfferedDraft,
    OfferedState,
)
from consult.contributions.service.attaching import files_of, move_to_draft, move_to_offered
from consult.contributions.service.drafting import FORM_KEY, check_words, drop_lodged, fields_to_keep
from consult.contributions.statement import MAX_LENGTHS, STATEMENT
from consult.core import mail
from consult.core.commands import RELOAD, command, on
from consult.core.course import share_course
from consult.core.db import session
from consult.core.errors import Conflict, Invalid
from consult.core.i18n import _, utcnow
from consult.core.locks import list_locked, lock, taken
from consult.core.news import Topic
from consult.core.permissions import Action, Actor, can, require
from consult.core.states import move
from consult.organisations.models import Organisation
from consult.text import normalising

KEPT = tuple(field.name for field in STATEMENT if field.name != "speak_as")  # for whom it speaks is settled


class ChangedMeanwhile(Conflict):
    """Somebody else of the organisation changed its words since the page showed them."""

    def __init__(self, offered: OfferedDraft) -> None:
        super().__init__(_("Somebody changed this draft since you opened it."),
                         _("Nothing of theirs was overwritten. Read what changed, then send what you wrote again."))
        self.offered = offered


class OfferedOtherwise(Conflict):
    """This form was offered already, with other words, or without its files (``lacks_files``): they are changed where they are, or these
    are offered beside them.
    """

    def __init__(self, offered: OfferedDraft, *, lacks_files: bool = False) -> None:
        super().__init__(_("This text was offered to your organisation already, and the file was not added to it.") if lacks_files else
                         _("This draft was offered to the organisation already, with other words."),
                         _("Change it there, or send this form again to offer what stands here as another draft."))
        self.offered, self.lacks_files = offered, lacks_files


def wording_of(fields: dict[str, Any]) -> dict[str, str]:
    """What a form says, as a wording keeps it; :class:`Invalid` for what cannot be kept, or says nothing."""
    said = check_words(**{name: fields.get(name) or "" for name in MAX_LENGTHS})
    if normalising.is_blank(said["body"]):
        raise Invalid("body", _("Nothing is written yet."), _("Write what you have to say about this passage."))
    kept = fields_to_keep(fields, said)
    return {name: kept.get(name, "") for name in KEPT}


# Offering


def _once(act: Callable[..., OfferedDraft]) -> Callable[..., OfferedDraft]:
    """The same form sent again answers with what it offered, and leaves no second event; the text that was kept of it is dropped."""
    @wraps(act)
    def run(actor: Actor, block: Block, /, *, form_key: str, fields: dict[str, Any], draft: ContributionDraft | None = None,
            expected_digest: str | None = None) -> OfferedDraft:
        if not FORM_KEY.fullmatch(form_key or ""):
            raise Invalid("form_key", _("This form is damaged."), _("Open it again from the chapter; copy your text first."))
        said = wording_of(fields)
        share_course()
        if isinstance(actor, User):
            lock(actor)
        if (before := _offered_before(actor, form_key, said)) is not None:
            if draft is not None and files_of([draft]):
                raise OfferedOtherwise(before, lacks_files=True)  # it may be accepted by now: nothing joins it unseen
            if draft is not None:
                drop_lodged(actor, draft, expected_digest, said, ())
            return before
        offered = act(actor, block, form_key=form_key, said=said)
        if draft is not None:
            move_to_offered(draft, offered)
            drop_lodged(actor, draft, expected_digest, said)
        return offered
    return run


def _offered_before(actor: Actor, form_key: str, said: dict[str, str]) -> OfferedDraft | None:
    known = session.scalar(sa.select(OfferedDraft).where(OfferedDraft.form_key == form_key))
    if known is None:
        return None
    if actor.id is None or known.author_id != actor.id or not can(actor, Action.CONTRIBUTIONS_READ_OFFERED, known):
        raise Conflict(_("This form was sent already, by somebody else."), _("Open the form again from the chapter."))
    first = session.scalar(sa.select(DraftWording).where(DraftWording.offered_draft_id == known.id, DraftWording.number == 1))
    if first is None or first.fields != said:
        raise OfferedOtherwise(known)
    return known


@_once
@command
def offer(actor: User, block: Block, *, form_key: str, said: dict[str, str]) -> OfferedDraft:
    """Give a draft to the organisation of which one is a member, whose representatives hear of it in a while.

    :class:`Invalid` names the field that cannot be taken; :class:`OfferedOtherwise` where this form offered other words or files,
    and
    :class:`Conflict` where somebody else sent it.
    """
    actor.read_anew()
    require(actor, Action.CONTRIBUTIONS_OFFER, block)
    now = utcnow()
    offered = OfferedDraft(
        form_key=form_key, organisation_id=actor.member_of_id, consultation_id=block.consultation.id, author=actor, block=block,
        chapter_number=block.chapter.number, place=block.position, offered_at=now, changed_at=now, told_at=None)
    session.add(offered)
    session.flush()
    session.add(DraftWording(offered_draft_id=offered.id, number=1, author_id=actor.id, fields=said))
    _note(actor, offered, OfferedState.OFFERED)
    return offered


@on(Action.ORGANISATIONS_MERGE)
def follow_body(_actor: Actor, double: Organisation, _target: Organisation) -> None:
    """What was offered to an entry that is merged into another stands among the drafts of that one."""
    merged = sa.or_(Organisation.id == double.id, Organisation.merged_into_id == double.merged_into_id)
    moving = sa.select(Organisation.id).where(merged, Organisation.merged_into_id.is_not(None))  # held since the counting began
    session.execute(sa.update(OfferedDraft).where(OfferedDraft.organisation_id.in_(moving)).values(organisation_id=double.merged_into_id)
                    .execution_options(synchronize_session=False))


@command
def offer_again(actor: User, offered: OfferedDraft, *, expected_digest: str | None = None) -> OfferedDraft:
    """What was returned is to be read anew; :class:`ChangedMeanwhile`, and :class:`Conflict` where it stands elsewhere by now."""
    hold(actor, Action.CONTRIBUTIONS_OFFER_AGAIN, offered, expected_digest)
    if not offered.state.is_with_author:
        raise stands_elsewhere(offered)
    _move(actor, offered, OfferedState.OFFERED)
    offered.offered_at, offered.told_at = offered.changed_at, None
    return offered


@command
def take_back_offered(actor: User, offered: OfferedDraft) -> OfferedDraft:
    """Its words are a draft of its author's alone again; what was said of it stays with the organisation.

    :class:`Conflict` once it was accepted.
    """
    hold(actor, Action.CONTRIBUTIONS_TAKE_BACK_OFFERED, offered)
    said, token = offered.wording.fields if offered.wording else {}, secrets.token_urlsafe(24)
    _move(actor, offered, OfferedState.TAKEN_BACK)
    draft = ContributionDraft(token=token, author_id=actor.id, block_id=offered.block_id, updated_at=offered.changed_at,
                              fields={**said, "form_key": token, "block_id": str(offered.block_id)})
    session.add(draft)
    session.flush()
    move_to_draft(offered, draft)
    session.execute(sa.delete(DraftWording).where(DraftWording.offered_draft_id == offered.id))
    session.expire(offered, ["wording"])
    return offered


# Changing it, and deciding on it


@command
def edit_offered(
    actor: User, offered: OfferedDraft, *, fields: dict[str, Any], expected_digest: str, saved_by: str | None = None,
) -> OfferedDraft:
    """Word it otherwise; what it said before is kept. ``expected_digest`` is that of the words that the form showed; ``saved_by`` as
    :class:`DraftWording` has it.

    :class:`Invalid` names the field that cannot be taken; :class:`ChangedMeanwhile`, and :class:`Conflict` where it is no longer theirs
    to change.
    """
    said = wording_of(fields)
    hold(actor, Action.CONTRIBUTIONS_EDIT_OFFERED, offered)
    if not offered.is_changed_by(actor):
        raise stands_elsewhere(offered)
    if offered.wording is not None and offered.wording.fields == said:
        return offered
    if expected_digest != offered.digest:
        raise ChangedMeanwhile(offered)
    offered.last_wording, offered.changed_at = offered.last_wording + 1, utcnow()
    session.add(DraftWording(offered_draft_id=offered.id, number=offered.last_wording, author_id=actor.id, fields=said,
                             saved_by=saved_by))
    session.flush()
    session.expire(offered, ["wording"])
    return offered


@command
def accept_offered(actor: User, offered: OfferedDraft, *, expected_digest: str | None = None) -> OfferedDraft:
    """It joins the organisation's position, as it was shown; its author is told.

    :class:`ChangedMeanwhile`, and :class:`Conflict` where it stands elsewhere by now.
    """
    hold(actor, Action.CONTRIBUTIONS_ACCEPT_OFFERED, offered, expected_digest)
    _move(actor, offered, OfferedState.ACCEPTED)
    tell_authors(actor, [offered])
    return offered


@command
def return_offered(actor: User, offered: OfferedDraft, *, words: str, expected_digest: str | None = None) -> OfferedDraft:
    """Its author changes it, and may offer it anew; they are told, and read the word in the thread.

    :class:`Invalid` (field ``words``), :class:`ChangedMeanwhile`, and :class:`Conflict` where it stands elsewhere by now.
    """
    said = _said("words", words, _("Say in a word what its author should change."))
    hold(actor, Action.CONTRIBUTIONS_RETURN_OFFERED, offered, expected_digest)
    _move(actor, offered, OfferedState.RETURNED, said)
    tell_authors(actor, [offered])
    return offered


def note_lodged(actor: User, lodged: Iterable[tuple[OfferedDraft, Contribution]]) -> None:
    """They are lodged under these references; the act that lodges them holds their rows. Each author is told once.

    :class:`Conflict` where one is not in the position.
    """
    pairs = list(lodged)
    for offered, contribution in pairs:
        offered.contribution_id = contribution.id
        _move(actor, offered, OfferedState.LODGED)
    session.flush()
    tell_authors(actor, [offered for offered, _contribution in pairs])


def hold(actor: User, act: Action, offered: OfferedDraft, expected_digest: str | None = None) -> None:
    """It is held and as it is now, and the actor may still do this: who leaves, or loses a mandate, holds their own row meanwhile.

    :class:`Conflict` where it is gone, or says other words than those that were shown.
    """
    lock(actor)
    actor.read_anew()
    if not list_locked(OfferedDraft, OfferedDraft.id == offered.id):
        raise taken()
    session.expire(offered, ["wording"])
    require(actor, act, offered)
    if expected_digest not in (None, offered.digest):
        raise ChangedMeanwhile(offered)


def _move(actor: User, offered: OfferedDraft, to: OfferedState, words: str = "") -> None:
    move(offered, to)
    offered.changed_at = utcnow()
    offered.told_at = offered.told_at or offered.changed_at  # whoever hears of it late has nothing to do about it
    _note(actor, offered, to, words)


def _note(actor: User, offered: OfferedDraft, to: OfferedState, words: str = "") -> None:
    session.add(DraftRemark(form_key=secrets.token_urlsafe(24), offered_draft_id=offered.id, author_id=actor.id, moved_to=to, body=words))


def stands_elsewhere(offered: OfferedDraft) -> Conflict:
    return Conflict(_("This can no longer be done: it is now “%(state)s”.", state=offered.state.label), RELOAD)


def tell_authors(actor: User, offered: Iterable[OfferedDraft]) -> None:
    """One letter to each author who is a member still, and did not do it themselves: by letter too, it stays inside."""
    by_author: dict[User, list[OfferedDraft]] = {}
    for one in offered:
        one.author.read_anew()
        if one.author_id != actor.id and one.author.member_of_id == one.organisation_id:
            by_author.setdefault(one.author, []).append(one)
    for author, theirs in by_author.items():
        mail.write(author, "contributions/offered_moved", topic=Topic.DECISION, offered=theirs, organisation=theirs[0].organisation,
                   state=theirs[0].state)


# What is said of it


def _said_once(act: Callable[..., DraftRemark]) -> Callable[..., DraftRemark]:
    """The same form sent again answers with what it said, and leaves no second event."""
    @wraps(act)
    def run(actor: Actor, offered: OfferedDraft, /, *, form_key: str, body: str) -> DraftRemark:
        if not FORM_KEY.fullmatch(form_key or ""):
            raise Invalid("body", _("This form is damaged."), _("Open the page again; copy your text first."))
        share_course()
        if isinstance(actor, User):
            lock(actor)
        known = session.scalar(sa.select(DraftRemark).where(DraftRemark.form_key == form_key))
        if known is not None and (known.author_id, known.offered_draft_id) != (actor.id, offered.id):
            raise Conflict(_("This form was sent already, by somebody else."), _("Open the page again."))
        return known or act(actor, offered, form_key=form_key, body=body)
    return run


@_said_once
@command
def remark_on_offered(actor: User, offered: OfferedDraft, *, form_key: str, body: str) -> DraftRemark:
    """Say something of it to whoever belongs to the organisation; :class:`Invalid` (field ``body``), :class:`Conflict` once it is gone."""
    said = _said("body", body, _("Write what you have to say about this draft."))
    hold(actor, Action.CONTRIBUTIONS_REMARK_ON_OFFERED, offered)
    if offered.state.is_taken_back:
        raise stands_elsewhere(offered)
    remark = DraftRemark(form_key=form_key, offered_draft_id=offered.id, author_id=actor.id, moved_to=None, body=said)
    session.add(remark)
    return remark


def _said(field: str, words: str, missing: Any) -> str:
    said = normalising.validated_text(field, words, max_length=MAX_REMARK)
    if normalising.is_blank(said):
        raise Invalid(field, _("Nothing is written yet."), missing)
    return said
