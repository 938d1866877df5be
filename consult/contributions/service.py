"""Lodging and withdrawing contributions, keeping what is being written, and reading what was said."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased, defer, joinedload, lazyload, selectinload

from consult.accounts.models import Organisation, User
from consult.consultations.models import Consultation, ModerationMode
from consult.contributions import jobs
from consult.contributions.models import (
    MAX_BODY,
    CommentType,
    Contribution,
    ContributionDraft,
    ContributionState,
    Kind,
    Position,
    Receipt,
    SuggestedAmendment,
)
from consult.core import states, words
from consult.core.commands import command
from consult.core.db import begin_writing, session
from consult.core.errors import Conflict, Invalid, NotAllowed, NotFound
from consult.core.i18n import _, utcnow
from consult.core.jobs import later
from consult.core.markup import excerpt
from consult.core.permissions import Action, Actor, can, require
from consult.drafts import service as drafts
from consult.drafts.models import Block, Chapter, Revision

MOST = {"body": MAX_BODY, "justification": MAX_BODY, "replacement": 5_000}
FORM_KEY = re.compile(r"[\w.:-]{1,64}", re.ASCII)
PAGE = 20
TRACED = (ContributionState.WITHHELD, ContributionState.WITHDRAWN)


def _once(act: Callable[..., Contribution]) -> Callable[..., Contribution]:
    """The same form, or the same words, sent again answer with what was lodged, and leave no second event; the kept text is dropped."""
    @wraps(act)
    def run(actor: Actor, block: Block, /, *, form_key: str, draft: ContributionDraft | None = None, **values: Any) -> Contribution:
        if not FORM_KEY.fullmatch(form_key or ""):
            raise Invalid("form_key", _("This form is damaged."), _("Open it again from the chapter; copy your text first."))
        # Who lodges on this chapter at the same moment waits here, so that the second of two equal forms finds the first.
        begin_writing()
        session.execute(sa.select(Chapter.id).where(Chapter.id == block.chapter.id).with_for_update())
        lodged = session.scalar(sa.select(Contribution).where(Contribution.form_key == form_key))
        if lodged is not None and (actor.id is None or lodged.author_id != actor.id):
            raise Conflict(_("This form was sent already, by somebody else."), _("Open the form again from the chapter."))
        contribution = lodged or _said_before(actor, block, **values) or act(actor, block, form_key=form_key, **values)
        if draft is not None:
            session.delete(draft)
        return contribution
    return run


def _said_before(
    actor: Actor, block: Block, *, body: str, justification: str = "", replacement: str = "", as_organisation: Organisation | None = None,
    **choices: Any,
) -> Contribution | None:
    """What this author lodged on this passage in the very same words: a browser's "back" fills a new form with them."""
    if not can(actor, Action.CONTRIBUTIONS_SUBMIT, block):
        return None
    said = check_words(body=body, justification=justification, replacement=replacement)
    wording = said["replacement"] if is_amendment(block, said["replacement"]) else None
    earlier = sa.select(Contribution).where(
        Contribution.author_id == actor.id, Contribution.chapter_id == block.chapter.id, Contribution.block_key == block.key,
        Contribution.state != ContributionState.WITHDRAWN, Contribution.body == said["body"],
        Contribution.justification == said["justification"],
        Contribution.organisation_id == (as_organisation.id if as_organisation else None),
        *(getattr(Contribution, name) == choices[name] for name in ("kind", "comment_type", "position")),
    ).order_by(Contribution.id)
    return next((one for one in session.scalars(earlier) if (one.amendment.replacement if one.amendment else None) == wording), None)


@_once
@command
def submit(
    actor: User, block: Block, *, form_key: str, kind: Kind, comment_type: CommentType, position: Position, body: str,
    justification: str = "", replacement: str = "", as_organisation: Organisation | None = None, language: str = "fr",
) -> Contribution:
    """Lodge a contribution and promise its receipt; :class:`Invalid` names the field that cannot be taken.

    The same ``form_key`` again returns what it lodged the first time. ``draft`` is the kept text that this one replaces.
    """
    said = check_words(body=body, justification=justification, replacement=replacement)
    if words.is_blank(said["body"]):
        raise Invalid("body", _("The contribution is empty."), _("Write what you have to say about this passage."))
    if as_organisation is not None and as_organisation.id != actor.organisation_id:
        raise Invalid("speak_as", _("You are not a member of this organisation."), _("Choose your own name, or your own organisation."))
    chapter = block.chapter
    contribution = Contribution(
        ref=_next_ref(chapter), form_key=form_key, chapter=chapter, block=block, block_key=block.key, author_id=actor.id,
        organisation=as_organisation, language=words.language_of(said["body"], language), kind=kind, comment_type=comment_type,
        position=position, body=said["body"], justification=said["justification"], state=ContributionState.SUBMITTED,
        submitted_at=utcnow(), receipt=None,
        amendment=SuggestedAmendment(replacement=said["replacement"]) if is_amendment(block, said["replacement"]) else None,
    )
    session.add(contribution)
    session.flush()
    contribution.receipt = Receipt(digest=contribution.digest)
    later(jobs.send_receipt, contribution)
    if chapter.consultation.moderation_mode == ModerationMode.AFTER:
        states.move(contribution, ContributionState.PUBLISHED)
        drafts.count_published(chapter, block.key, 1)
    return contribution


@command
def withdraw(_actor: User, contribution: Contribution) -> Contribution:
    """Take it back: its text leaves the public pages, its trace stays."""
    was_public = contribution.is_public
    states.move(contribution, ContributionState.WITHDRAWN)
    contribution.withdrawn_at = utcnow()
    if was_public:
        drafts.count_published(contribution.chapter, contribution.block_key, -1)
    return contribution


@command
def keep_draft(actor: Actor, block: Block, *, token: str, fields: dict[str, Any]) -> ContributionDraft:
    """Keep what was typed under an unguessable token, for whoever holds the token until its author is known."""
    said = check_words(**{name: fields.get(name) or "" for name in MOST})
    draft = session.scalar(sa.select(ContributionDraft).where(ContributionDraft.token == token))
    if draft is None:
        draft = ContributionDraft(token=token)
        session.add(draft)
    elif draft.author_id not in (None, actor.id):
        raise NotAllowed(_("This belongs to somebody else."))
    draft.author_id, draft.block, draft.updated_at = actor.id, block, utcnow()
    draft.fields = {**{name: str(value)[:100] for name, value in fields.items() if value is not None}, **said}
    return draft


@command
def drop_draft(_actor: User, draft: ContributionDraft) -> None:
    session.delete(draft)


def check_words(**said: str) -> dict[str, str]:
    """The three texts of a contribution as they can be kept; :class:`Invalid` on the first that cannot."""
    return {name: words.kept(name, text, most=MOST[name]) for name, text in said.items()}


def is_amendment(block: Block, replacement: str) -> bool:
    """Whether the wording was changed: the form shows the block's own words to begin with."""
    return not words.is_blank(replacement) and replacement.strip() != block.lead.strip()


def _next_ref(chapter: Chapter) -> str:
    """The chapter's next number, taken and locked by one UPDATE; a later consultation goes on where the earlier one ended."""
    same = aliased(Chapter)
    last = sa.select(sa.func.max(same.last_ref)).where(same.number == chapter.number).scalar_subquery()
    taken = sa.update(Chapter).where(Chapter.id == chapter.id).values(last_ref=last + 1).returning(Chapter.last_ref)
    return f"PNQ-C{chapter.number}-{session.scalar(taken.execution_options(synchronize_session=False)):04}"


# Reading


@dataclass(frozen=True)
class Trace:
    """What the public keeps seeing of a contribution whose text it no longer sees."""

    ref: str
    state: ContributionState
    chapter: Chapter
    block_key: str
    submitted_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True)
class Page:
    """Rows, newest first, and the id after which the older ones begin (None: there are none)."""

    rows: list[Any]
    older: int | None


@dataclass(frozen=True)
class MarginLine:
    """One contribution folded to a line beside its passage."""

    ref: str
    position: Position
    language: str
    signature: str
    excerpt: str


@dataclass(frozen=True)
class Figures:
    """What was published so far, and by how many."""

    contributions: int
    organisations: int
    participants: int


def _whole() -> tuple:
    """A contribution with all that its page shows; what the request holds already is not asked for again."""
    chapter = joinedload(Contribution.chapter).options(lazyload(Chapter.consultation), lazyload(Chapter.commission))
    revision = selectinload(Contribution.block).joinedload(Block.revision).options(defer(Revision.source), lazyload(Revision.chapter))
    return (joinedload(Contribution.author).lazyload(User.appointments), joinedload(Contribution.organisation),
            joinedload(Contribution.amendment), chapter, revision)


def _get(ref: str) -> Contribution:
    contribution = session.scalar(sa.select(Contribution).where(Contribution.ref == ref).options(*_whole()))
    if contribution is None:
        raise NotFound(_("There is no contribution %(ref)s.", ref=ref), _("Check the reference on your receipt."))
    return contribution


def get_contribution(actor: Actor, ref: str) -> Contribution:
    contribution = _get(ref)
    require(actor, Action.CONTRIBUTIONS_READ, contribution)
    return contribution


def get_own(actor: Actor, ref: str) -> Contribution:
    """A contribution with its receipt, for its author or those in charge."""
    contribution = _get(ref)
    require(actor, Action.CONTRIBUTIONS_RECEIPT, contribution)
    return contribution


def get_trace(ref: str) -> Trace:
    """For readers who may not see the text: what stays public of it, or a refusal when nothing is."""
    contribution = _get(ref)
    if contribution.state not in TRACED:
        raise NotAllowed(_("This contribution is not public."), _("Its author sees it after signing in; others once it is published."))
    return _trace(contribution)


def _trace(c: Contribution) -> Trace:
    return Trace(c.ref, c.state, c.chapter, c.block_key, c.submitted_at, c.withdrawn_at)


def get_seen_block(chapter: Chapter, key: str, block_id: int | None) -> Block | None:
    """The block that a form showed, were it of an earlier revision: a contribution stays with the words that its author read."""
    block = session.get(Block, block_id) if block_id else None
    return block if block is not None and block.key == key and block.chapter.id == chapter.id else None


def list_for_block(chapter: Chapter, key: str, *, after: int | None = None) -> Page:
    """What the public sees said about a block, in whatever revision and language: contributions, and traces of those taken down."""
    shown = (ContributionState.PUBLISHED, *TRACED)
    page = _page(sa.select(Contribution).where(
        Contribution.chapter_id == chapter.id, Contribution.block_key == key, Contribution.state.in_(shown)), after)
    return Page([c if c.is_public else _trace(c) for c in page.rows], page.older)


def list_mine(actor: Actor, *, after: int | None = None) -> Page:
    return _page(sa.select(Contribution).where(Contribution.author_id == actor.id), after)


def get_data(actor: User) -> dict[str, list[dict[str, Any]]]:
    """All that somebody lodged and is writing, for the file of their own data (law 09-08, article 7)."""
    lodged = session.scalars(sa.select(Contribution).where(Contribution.author_id == actor.id).order_by(Contribution.id).options(*_whole()))
    return {
        "contributions": [{**c.content(), "state": c.state.value, "sha256": c.digest} for c in lodged],
        "drafts": [{"block": d.block.key, "updated_at": d.updated_at.isoformat(), **{n: d.fields.get(n, "") for n in MOST}}
                   for d in list_drafts(actor)],
    }


def _page(chosen: sa.Select, after: int | None) -> Page:
    if after is not None:
        chosen = chosen.where(Contribution.id < after)
    rows = list(session.scalars(chosen.order_by(Contribution.id.desc()).limit(PAGE + 1).options(*_whole())))
    return Page(rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None)


def get_draft(actor: Actor, chapter: Chapter, key: str, tokens: Collection[str] = ()) -> ContributionDraft | None:
    """What the actor, or whoever holds one of the tokens, was writing about a block; never somebody else's."""
    here = _drafts(actor, tokens).join(Block.revision).where(Revision.chapter_id == chapter.id, Block.key == key)
    return session.scalars(here.limit(1)).first()


def list_drafts(actor: Actor, tokens: Collection[str] = ()) -> list[ContributionDraft]:
    shown = selectinload(ContributionDraft.block).joinedload(Block.revision).defer(Revision.source)
    return list(session.scalars(_drafts(actor, tokens).options(shown).limit(50)))


def get_own_draft(actor: Actor, draft_id: int) -> ContributionDraft:
    draft = session.get(ContributionDraft, draft_id)
    if draft is None:
        raise NotFound(_("This draft is no longer there."), _("Your other drafts are on the page of your contributions."))
    require(actor, Action.CONTRIBUTIONS_DROP_DRAFT, draft)
    return draft


def _drafts(actor: Actor, tokens: Collection[str]) -> sa.Select:
    own = sa.and_(ContributionDraft.author_id.is_not(None), ContributionDraft.author_id == actor.id)
    held = sa.and_(ContributionDraft.author_id.is_(None), ContributionDraft.token.in_(list(tokens)))
    chosen = sa.select(ContributionDraft).join(ContributionDraft.block).where(sa.or_(own, held))
    return chosen.order_by(ContributionDraft.updated_at.desc(), ContributionDraft.id.desc())


def list_margin_lines(chapter: Chapter, language: str) -> dict[str, list[MarginLine]]:
    """The three newest published lines of each block, in one query."""
    place = sa.func.row_number().over(partition_by=Contribution.block_key, order_by=Contribution.id.desc()).label("place")
    newest = (
        sa.select(Contribution.id, Contribution.block_key, place)
        .where(Contribution.chapter_id == chapter.id, Contribution.state == ContributionState.PUBLISHED).subquery()
    )
    rows = session.execute(
        sa.select(newest.c.block_key, Contribution.ref, Contribution.position, Contribution.language,
                  sa.func.substr(Contribution.body, 1, 300), Organisation.name_fr, Organisation.name_ar, Organisation.name_en,
                  User.name, User.name_ar, User.is_name_public)
        .join(newest, newest.c.id == Contribution.id).join(User, User.id == Contribution.author_id)
        .outerjoin(Organisation, Organisation.id == Contribution.organisation_id)
        .where(newest.c.place <= 3).order_by(newest.c.block_key, newest.c.place)
    )
    lines: dict[str, list[MarginLine]] = {}
    for key, ref, position, written_in, body, fr, ar, en, name, name_ar, is_public in rows:
        own_name = (name_ar if language == "ar" and name_ar else name) if is_public else ""
        signature = {"ar": ar, "en": en}.get(language) or fr or own_name
        lines.setdefault(key, []).append(MarginLine(ref, position, written_in, signature, excerpt(body, 90)))
    return lines


def count_figures(consultation: Consultation) -> Figures:
    """Published contributions, the organisations that speak in them, and the people who wrote them."""
    distinct = (sa.func.count(sa.distinct(column)) for column in (Contribution.organisation_id, Contribution.author_id))
    counts = sa.select(sa.func.count(Contribution.id), *distinct).join(Chapter, Chapter.id == Contribution.chapter_id)
    published = (Chapter.consultation_id == consultation.id, Contribution.state == ContributionState.PUBLISHED)
    return Figures(*session.execute(counts.where(*published)).one())


def count_by_state(consultation: Consultation) -> dict[tuple[int, ContributionState], int]:
    """How many contributions of each chapter (by number) are in each state."""
    rows = session.execute(
        sa.select(Chapter.number, Contribution.state, sa.func.count()).join(Chapter, Chapter.id == Contribution.chapter_id)
        .where(Chapter.consultation_id == consultation.id).group_by(Chapter.number, Contribution.state)
    )
    return {(number, state): count for number, state, count in rows}
