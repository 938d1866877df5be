"""Lodging and withdrawing contributions."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Block, Chapter
from consult.contributions import following, jobs
from consult.contributions.models import (
    CommentType,
    Contribution,
    ContributionDraft,
    ContributionState,
    Declaration,
    DraftFile,
    Interest,
    Kind,
    Origin,
    Position,
    Receipt,
    SuggestedAmendment,
)
from consult.contributions.service.anchoring import anchor_late
from consult.contributions.service.attaching import add_attachments, are_those_of, files_of, require_as_shown
from consult.contributions.service.counting import add_lodged, recounted
from consult.contributions.service.drafting import FORM_KEY, check_words, drop_lodged
from consult.contributions.statement import MAX_EXACT, TEXTS, lodged_in
from consult.core import audit, states, tallies
from consult.core.commands import command
from consult.core.course import share_course
from consult.core.db import add_now, add_row, session
from consult.core.errors import Conflict, Invalid
from consult.core.i18n import LabelledEnum, _, arrived, arrived_at, utcnow
from consult.core.jobs import later
from consult.core.locks import lock
from consult.core.permissions import Action, Actor, can
from consult.organisations.models import Organisation
from consult.organisations.service import require_mandate
from consult.text import normalising, quotes

CHOICES: dict[str, type[LabelledEnum]] = {"kind": Kind, "comment_type": CommentType, "position": Position}
LOOKED_AT = 200  # characters that are looked at on each side of quoted words
SURE_ENOUGH = 0.9  # that these words and no others of the passage are meant


class LodgedOtherwise(Conflict):
    """The author has lodged these very words on this passage already, with another position, quote, speaker or other text beside them."""

    def __init__(self, contribution: Contribution) -> None:
        super().__init__(_("These words are lodged already, under %(ref)s.", ref=contribution.ref),
                         _("A contribution is never rewritten: send the form again to lodge it as another one."))
        self.contribution = contribution


def _once(act: Callable[..., Contribution]) -> Callable[..., Contribution]:
    """The same form, or the same words, sent again answer with what was lodged, and leave no second event.

    The kept text that the form shows (``expected_digest``) is dropped; one that holds other words since, from another window, stays.
    """
    @wraps(act)
    def run(actor: Actor, block: Block, /, *, form_key: str, draft: ContributionDraft | None = None, expected_digest: str | None = None,
            shown_ref: str = "", expected_files: str = "", **values: Any) -> Contribution:
        if not FORM_KEY.fullmatch(form_key or ""):
            raise Invalid("form_key", _("This form is damaged."), _("Open it again from the chapter; copy your text first."))
        # Whatever else this author lodges at the same moment waits here, so that the second of two equal forms finds the first; others
        # wait for the chapter alone, from its next number on (:func:`_next_ref`).
        with arrived():
            share_course()
            if isinstance(actor, User):
                lock(actor)
            with tallies.together():  # the counts last: their rows come after all others in the order of locks
                files = files_of([draft] if draft is not None else [])
                contribution = _lodged_before(actor, block, form_key, shown_ref, files=files, **values)
                if contribution is None:
                    require_as_shown(files, expected_files)
                    contribution = act(actor, block, form_key=form_key, files=files, **values)
                if draft is not None:
                    drop_lodged(actor, draft, expected_digest, values, files)
        return contribution
    return run


# One statement, made once: what this form lodged, or the author's contributions of the same body. Each half has its index, and
# finds next to nothing, so it asks for no objects; the rest of the wording is compared here, so that no other index is preferred to them.
_lodged = Contribution.__table__.c
LODGED = sa.select(_lodged.id).where(sa.or_(
    _lodged.form_key == sa.bindparam("form"),
    sa.and_(_lodged.author_id == sa.bindparam("author"), _lodged.body == sa.bindparam("body")),
))


def _lodged_before(actor: Actor, block: Block, form_key: str, shown_ref: str, *, body: str, files: Sequence[DraftFile],
                   **values: Any) -> Contribution | None:
    """What this form lodged, or this author on this passage in the very same words: a browser's "back" fills a new form with them.

    :class:`LodgedOtherwise` where only the body is the same, until the page has shown that one (``shown_ref``), and where this form has
    files that it was not lodged with.
    """
    may = can(actor, Action.CONTRIBUTIONS_LODGE, block)
    typed, body = body, check_words(body=body)["body"] if may else ""
    wanted = {"form": form_key, "author": actor.id if may else None, "body": body}
    if not (ids := session.connection().scalars(LODGED, wanted).all()):
        return None
    known = session.scalars(sa.select(Contribution).where(Contribution.id.in_(ids)).order_by(Contribution.id)).all()
    lodged = next((one for one in known if one.form_key == form_key), None)
    if lodged is not None and (actor.id is None or lodged.author_id != actor.id):
        raise Conflict(_("This form was sent already, by somebody else."), _("Open the form again from the chapter."))
    values.pop("language", None)
    if lodged is not None:
        if files and not (are_those_of(lodged, files) and is_what_was_lodged(lodged, block, body=typed, **values)):
            raise LodgedOtherwise(lodged)  # attached after a return with the browser: they are not thrown away with their draft
        return lodged
    if not may:
        return None
    said = said_in(block, body=body, **values)
    here = [one for one in known if not one.state.is_taken_back and _is_on(one, block)]
    lodged = next((one for one in here if lodged_in(one) == said and are_those_of(one, files)), None)
    if lodged is None and here and here[-1].ref != shown_ref:
        raise LodgedOtherwise(here[-1])
    return lodged


def _is_on(contribution: Contribution, block: Block) -> bool:
    return (contribution.chapter_id, contribution.block_key) == (block.chapter.id, block.key)


def said_in(
    block: Block, *, kind: Kind, comment_type: CommentType, position: Position, as_organisation: Organisation | None = None,
    exact: str = "", prefix: str = "", suffix: str = "", replacement: str = "", interest: Interest | None = None, interests: str = "",
    **texts: str,
) -> dict[str, Any]:
    """What a form on this block says, by the names of :data:`~consult.contributions.statement.STATEMENT`, as it would be lodged.

    Who signs for an organisation declares whether there is an ``interest``, and which (``interests``). :class:`Invalid` names the first
    field that cannot be taken; :class:`TypeError` for a name that is none of these.
    """
    if unknown := texts.keys() - {field.name for field in TEXTS}:
        raise TypeError(f"an author's statement has no {', '.join(sorted(unknown))}")
    texts = check_words(**{field.name: texts.get(field.name, "") for field in TEXTS}, replacement=replacement)
    quote = quote_in(block, exact, prefix, suffix)
    wording = texts.pop("replacement")
    declared = declared_in(interest, interests) if as_organisation is not None else None
    return {
        **texts, "kind": kind.value, "comment_type": comment_type.value, "position": position.value,
        "speak_as": as_organisation.id if as_organisation else None, "replacement": wording if is_amendment(block, wording) else None,
        "exact": quote.exact, "prefix": quote.prefix, "suffix": quote.suffix,
        "interest": declared[0].value if declared else None, "interests": declared[1] if declared else "",
    }


def check_said(block: Block, **values: Any) -> dict[str, Any]:
    """The same where it says something; :class:`Invalid` (field ``body``) where it does not."""
    said = said_in(block, **values)
    if normalising.is_blank(said["body"]):
        raise Invalid("body", _("The contribution is empty."), _("Write what you have to say about this passage."))
    return said


def declared_in(interest: Interest | None, interests: str) -> tuple[Interest, str]:
    """What whoever signs for an organisation declares; :class:`Invalid` (fields ``interest``, ``interests``) where it is not said."""
    said = check_words(interests=interests)["interests"]
    if interest is None:
        raise Invalid("interest", _("Whoever signs for an organisation declares their mandate, and whether there is an interest."),
                      _("Choose one of the two; what is declared is public."))
    if interest is Interest.SOME and normalising.is_blank(said):
        raise Invalid("interests", _("The interest is not described."), _("Say in a few words what it is, or choose that there is none."))
    if interest is Interest.NONE and not normalising.is_blank(said):
        raise Invalid("interest", _("An interest is described, and it is chosen that there is none."),
                      _("Choose that there is one, or empty its description."))
    return interest, said if interest is Interest.SOME else ""


def is_what_was_lodged(contribution: Contribution, block: Block, **values: Any) -> bool:
    """Whether a form that is sent again says what was lodged with it: it may have been changed after a return with the browser."""
    try:
        return _is_on(contribution, block) and said_in(contribution.block, **values) == lodged_in(contribution)
    except Invalid:
        return False


@_once
@command
def lodge(actor: User, block: Block, *, form_key: str, **values: Any) -> Contribution:
    """Lodge a contribution and promise its receipt; ``values`` are those of :func:`said_in`, and the reader's ``language``.

    :class:`Invalid` names the field that cannot be taken; :class:`Conflict` where somebody else sent this form. The same ``form_key``
    again returns what it lodged the first time; so does another with the very same statement, and :class:`LodgedOtherwise` is raised
    where only its words are the same, until the page has shown that one (``shown_ref``). ``draft`` is the kept text that this
    replaces, if it is as the form shows it; its files are lodged with it, if they are those that the form showed (``expected_files``).
    """
    contribution = add_contribution(actor, block, form_key=form_key, **values)
    later(jobs.send_receipt, contribution)
    return contribution


@command
def enter(
    _actor: User, block: Block, *, form_key: str, author: User, origin: Origin, received_at: datetime, **values: Any,
) -> Contribution:
    """What somebody said elsewhere, typed for them: the same reference, receipt and digest, told to nobody by letter.

    ``author`` is the person whose words they are; ``values`` are those of :func:`said_in`, and a ``language``. An organisation named
    there is what the author said that they speak for: nobody signed for it with a mandate. :class:`Invalid` names the field that cannot
    be taken; :class:`Conflict` where this form entered another at this moment.
    """
    return add_contribution(author, block, form_key=form_key, origin=origin, received_at=received_at, **values)


@command
def enter_again(
    _actor: User, contribution: Contribution, *, block: Block, form_key: str, language: str = "fr",
    as_organisation: Organisation | None = None, **values: Any,
) -> Contribution:
    """What the paper says, where something else was typed: another contribution of the same author, and the one that was typed first is
    taken back, its trace kept. What was kept out of the public's sight, wholly or in part, or rephrased is moderated anew, whenever
    moderation comes. :class:`Invalid` and :class:`Conflict` are those of :func:`enter`, and the latter where it was taken back already.
    """
    check_said(block, **values)
    hold_chapters(contribution.chapter, block.chapter)
    lock(contribution)
    is_shown_whole = contribution.is_public and not contribution.is_redacted and contribution.rephrased_at is None
    with tallies.together():
        _take_back(contribution)
        return add_contribution(
            contribution.author, block, form_key=form_key, origin=contribution.origin, received_at=contribution.received_at,
            language=language, as_organisation=as_organisation, may_appear=is_shown_whole, **values)


def hold_chapters(*chapters_: Chapter) -> None:
    """By their ids, each once."""
    for chapter in sorted(set(chapters_), key=lambda one: one.id):
        lock(chapter)


def add_contribution(actor: User, block: Block, *, form_key: str, language: str = "fr", as_organisation: Organisation | None = None,
                     origin: Origin = Origin.ONLINE, received_at: datetime | None = None, files: Sequence[DraftFile] = (),
                     may_appear: bool = True, **values: Any) -> Contribution:
    """A new contribution with its receipt and its counts, of which nobody is told yet; unless it ``may_appear`` a moderator reads it first.

    :class:`Invalid` names the field that cannot be taken; :class:`Conflict` where this form lodged another at this moment.
    """
    said = check_said(block, as_organisation=None if origin.is_typed else as_organisation, **values)  # no mandate, no interest
    if as_organisation is not None and not origin.is_typed:
        require_mandate(actor, as_organisation)
    chapter, wording, _speaker = block.chapter, said.pop("replacement"), said.pop("speak_as")
    interest, interests = said.pop("interest"), said.pop("interests")
    choices = {name: enum(said.pop(name)) for name, enum in CHOICES.items()}
    contribution = Contribution(
        ref=_next_ref(chapter), form_key=form_key, chapter_id=chapter.id, block_id=block.id, block_key=block.key, current_key=block.key,
        author_id=actor.id, organisation_id=as_organisation.id if as_organisation else None,
        language=normalising.language_of(said["body"], language), withdrawn_at=None,
        state=ContributionState.SUBMITTED, submitted_at=chapter.consultation.within_dates(arrived_at()), row_counter=1,
        origin=origin, received_at=received_at, files_count=len(files), **choices, **said,
    )
    add_now(contribution)
    add_attachments(contribution, files)
    if wording:
        add_row(SuggestedAmendment, contribution_id=contribution.id, replacement=wording)
    else:
        set_committed_value(contribution, "amendment", None)
    declaration = None
    if as_organisation is not None and not origin.is_typed and actor.mandate is not None:
        declaration = Declaration(
            contribution_id=contribution.id, mandate_id=actor.mandate.id, interest=Interest(interest), interests=interests)
        add_now(declaration)
    set_committed_value(contribution, "declaration", declaration)
    is_late = _promise(contribution, block, may_appear=may_appear)
    add_lodged(contribution, as_organisation.category if as_organisation else None, chapter.consultation_id, is_amending=bool(wording),
               is_late=is_late)
    return contribution


def _promise(contribution: Contribution, block: Block, *, may_appear: bool) -> bool:
    """The receipt, its place in a text that has changed since, and at once its publication where moderation comes afterwards; whether the
    text has changed.
    """
    chapter = block.chapter
    position, digest = audit.head()
    add_row(Receipt, contribution_id=contribution.id, digest=contribution.digest, chain_position=position, chain_digest=digest)
    is_late = chapters.get_newest_id(block.revision) != block.revision_id
    if is_late:
        anchor_late(contribution)
    if may_appear and chapter.consultation.moderation_mode.is_afterwards:
        states.move(contribution, ContributionState.PUBLISHED)
        contribution.awaits_reading = True
        chapters.mark_changed(chapter)
        announce(contribution)
    return is_late


def announce(contribution: Contribution) -> None:
    """It is published: a job tells whoever follows its passage."""
    later(following.tell_of_contribution, contribution)


@command
def withdraw(_actor: User, contribution: Contribution) -> Contribution:
    """Take it back: its text leaves the public pages, its trace stays; :class:`Conflict` when it was taken back already."""
    lock(contribution.chapter)
    _take_back(contribution)
    return contribution


def _take_back(contribution: Contribution) -> None:
    lock(contribution)
    if contribution.is_public:
        chapters.mark_changed(contribution.chapter)
    with recounted([contribution]):
        states.move(contribution, ContributionState.WITHDRAWN)
        contribution.withdrawn_at, contribution.awaits_reading = utcnow(), False


def quote_in(block: Block, exact: str, prefix: str = "", suffix: str = "") -> quotes.Quote:
    """The block's own words that are meant, with what stands around them; :class:`Invalid` (field ``exact``) when they are not in it."""
    if normalising.is_blank(exact):
        return quotes.Quote("")
    kept = normalising.validated_text("exact", exact, max_length=MAX_EXACT)
    for said in quotes.as_pasted(kept):
        wanted = quotes.standing_between(block.text, quotes.Quote(said, prefix[-LOOKED_AT:], suffix[:LOOKED_AT]))
        if found := quotes.find(block.text, wanted):
            break
    else:
        raise Invalid("exact", _("These words are not in the passage."),
                      _("Copy them from the passage as they stand, or leave the field empty to speak of the whole passage."))
    if found[0].confidence < SURE_ENOUGH:
        raise Invalid("exact", _("These words stand %(count)s times in the passage.", count=len(found)),
                      _("Take a few words more, so that it is clear which ones you mean."))
    return quotes.at(block.text, found[0].start, found[0].end)


def is_amendment(block: Block, replacement: str) -> bool:
    """Whether the wording was changed: the form shows the block's own words to begin with."""
    return not normalising.is_blank(replacement) and replacement.strip() != block.lead.strip()


# PostgreSQL reads the chapter's own row anew where it had to wait for it, and nothing else: so its own last number is asked of itself.
_chapter, _same = Chapter.__table__, Chapter.__table__.alias()
_others = sa.select(sa.func.coalesce(sa.func.max(_same.c.last_ref), 0)).where(
    _same.c.number == sa.bindparam("of_number"), _same.c.id != sa.bindparam("of_chapter")).scalar_subquery()
NEXT_REF = (
    _chapter.update().where(_chapter.c.id == sa.bindparam("of_chapter"))
    .values(last_ref=sa.case((_chapter.c.last_ref < _others, _others), else_=_chapter.c.last_ref) + 1).returning(_chapter.c.last_ref)
)


def _next_ref(chapter: Chapter) -> str:
    """The chapter's next number, taken and locked by one UPDATE; a later consultation goes on where the earlier one ended.

    From here to its commit nobody else lodges or publishes on the chapter: what is read after it (which revision is newest) holds.
    """
    taken = session.connection().execute(NEXT_REF, {"of_chapter": chapter.id, "of_number": chapter.number}).scalar_one()
    return f"PNQ-C{chapter.number}-{taken:04}"
