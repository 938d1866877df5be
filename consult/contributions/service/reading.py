"""Reading what was said: one contribution, a passage's discussion, somebody's own, the margin, the figures."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased, contains_eager, defer, joinedload, lazyload, load_only, selectinload

from consult.accounts.models import User
from consult.chapters.events import MARGIN_LINES
from consult.chapters.models import Block, Chapter, Revision
from consult.consultations.models import CURRENT, Consultation, Round
from consult.contributions.models import (
    Anchor,
    Contribution,
    ContributionDraft,
    ContributionState,
    Declaration,
    Position,
)
from consult.contributions.service.offered import get_offered_data
from consult.contributions.service.placing import sought_in
from consult.contributions.service.supporting import Reactions, reaction_columns
from consult.contributions.statement import STATEMENT
from consult.core.db import session
from consult.core.errors import Invalid, NotFound
from consult.core.i18n import _
from consult.core.markup import excerpt
from consult.core.paging import ENTRY_PAGE_SIZE, PAGE_SIZE, Cursor, Page, falling, get_page, in_batches
from consult.core.permissions import VISITOR, Action, Actor, can, require
from consult.organisations.models import Mandate, Organisation
from consult.text.quotes import Quote

LINE = (
    Contribution.ref, Contribution.position, Contribution.language, sa.func.substr(Contribution.body, 1, 300), Organisation.name_fr,
    Organisation.name_ar, Organisation.name_en, User.name, User.name_ar, User.is_name_public,
)
MAX_REMEMBERED = 30  # drafts of one browser without an account: as many as its cookie has room for
MARGIN = 240  # characters that a line of the margin opens to; what is longer is fetched, or one link away


@dataclass(frozen=True)
class Trace:
    """What the public keeps seeing of a contribution whose text it no longer sees."""

    ref: str
    state: ContributionState
    chapter: Chapter
    provision_key: str
    submitted_at: datetime
    withdrawn_at: datetime | None
    is_typed: bool  # for its author, by somebody else


@dataclass(frozen=True)
class MarginLine:
    """One contribution folded to a line beside its passage; ``quote`` is what it speaks of there as the present text has it.

    ``version`` is the one that it was written on, when the passage read otherwise there; ``is_sought`` while it stands where an earlier
    version had it, because its place in the newest is still looked for.
    """

    ref: str
    position: Position
    language: str
    signature: str
    excerpt: str
    quote: Quote
    reactions: Reactions
    version: int | None = None
    is_sought: bool = False


def whole() -> tuple:
    """A contribution with all that its page shows; what the request holds already is not asked for again."""
    chapter = joinedload(Contribution.chapter).options(lazyload(Chapter.consultation), lazyload(Chapter.commission))
    revision = selectinload(Contribution.block).joinedload(Block.revision).options(defer(Revision.source), lazyload(Revision.chapter))
    return (joinedload(Contribution.author).lazyload(User.appointments), joinedload(Contribution.organisation),
            joinedload(Contribution.amendment), joinedload(Contribution.declaration), chapter, revision)


def _get(ref: str) -> Contribution:
    signed = joinedload(Contribution.declaration).joinedload(Declaration.mandate).lazyload(Mandate.organisation)
    contribution = session.scalar(sa.select(Contribution).where(Contribution.ref == ref.upper()).options(*whole(), signed))
    if contribution is None:
        raise NotFound(_("There is no contribution %(ref)s.", ref=ref), _("Check the reference on your receipt."))
    return contribution


def get_contribution(actor: Actor, ref: str) -> Contribution:
    """Raises :class:`NotFound` for a reference that nobody was given."""
    contribution = _get(ref)
    require(actor, Action.CONTRIBUTIONS_READ, contribution)
    return contribution


def get_own(actor: Actor, ref: str) -> Contribution:
    """A contribution with its receipt, for its author or those in charge; :class:`NotFound` when there is none."""
    contribution = _get(ref)
    require(actor, Action.CONTRIBUTIONS_RECEIPT, contribution)
    return contribution


def get_trace(ref: str) -> Trace:
    """For readers who may not see the text: what stays public of it, or a refusal when nothing is.

    Raises :class:`NotFound` for a reference that nobody was given.
    """
    contribution = _get(ref)
    require(VISITOR, Action.CONTRIBUTIONS_READ_TRACE, contribution)
    return _trace(contribution)


def _trace(c: Contribution) -> Trace:
    return Trace(c.ref, c.state, c.chapter, c.provision_key, c.submitted_at, c.withdrawn_at, c.origin.is_typed)


@cache
def _seen() -> sa.Select:
    whole = contains_eager(Block.revision).options(defer(Revision.source)).contains_eager(Revision.chapter)
    return (
        sa.select(Block).join(Block.revision).join(Revision.chapter).join(Chapter.consultation).outerjoin(Consultation.rounds)
        .where(Block.id == sa.bindparam("block"), Block.key == sa.bindparam("at"), Chapter.number == sa.bindparam("in_chapter"),
               Consultation.id == CURRENT)
        .options(whole.lazyload(Chapter.commission), whole.contains_eager(Chapter.consultation).contains_eager(Consultation.rounds))
        .order_by(Round.number)
    )


def get_seen_block(number: int, key: str, block_id: int | None) -> Block | None:
    """The block that a form showed, were it of an earlier revision: a contribution stays with the words that its author read."""
    if not block_id:
        return None
    return session.scalars(_seen(), {"block": block_id, "at": key, "in_chapter": number}).unique().one_or_none()


def list_for_block(chapter: Chapter, key: str, *, after: Cursor | None = None) -> Page[Contribution | Trace]:
    """What the public sees said about a block, in whatever revision and language: contributions, and traces of those taken down."""
    return _page_of((Contribution.chapter_id == chapter.id, Contribution.current_key == key), after)


def list_left_of(chapter: Chapter, key: str, *, after: Cursor | None = None) -> Page[Contribution | Trace]:
    """The same of what was written on a block and is not shown on the present text: its passage was dropped, or reads otherwise."""
    return _page_of((Contribution.chapter_id == chapter.id, Contribution.current_key.is_(None), Contribution.block_key == key), after)


def _page_of(of: tuple, after: Cursor | None) -> Page[Contribution | Trace]:
    return page_seen(sa.select(Contribution).where(*of, is_known()), after)


def is_known() -> sa.ColumnElement[bool]:
    """What the public may know of: contributions, and traces of those taken down."""
    return Contribution.state.in_((*ContributionState.where(is_public=True), *ContributionState.where(is_silent=True)))


def page_seen(chosen: sa.Select, after: Cursor | None) -> Page[Contribution | Trace]:
    """A page of what the public may know of: traces stand for those taken down."""
    page = _page(chosen, after)
    return Page([c if c.is_public else _trace(c) for c in page.rows], page.after, page.older)


def is_by(actor: Actor) -> sa.ColumnElement[bool]:
    """What this person lodged, and what was typed for them and is theirs."""
    claimed: frozenset[int] = getattr(actor, "claimed_ids", frozenset())
    return Contribution.author_id.in_([actor.id, *sorted(claimed)]) if claimed else Contribution.author_id == actor.id


def list_mine(actor: Actor, *, after: Cursor | None = None) -> Page[Contribution]:
    return _page(sa.select(Contribution).where(is_by(actor)), after)


def list_own_waiting(actor: Actor, chapter: Chapter) -> list[Contribution]:
    """What they lodged on a chapter and nobody has moderated yet, where the present text shows it; the newest, as many as a page holds."""
    waiting = Contribution.state.in_(ContributionState.where(awaits_moderation=True))
    own = sa.select(Contribution).where(
        is_by(actor), Contribution.chapter_id == chapter.id, waiting, Contribution.current_key.is_not(None))
    return list(session.scalars(own.order_by(Contribution.id.desc()).limit(ENTRY_PAGE_SIZE).options(
        lazyload(Contribution.chapter), load_only(Contribution.ref, Contribution.current_key, Contribution.state))))


def get_data(actor: User) -> dict[str, Iterator[dict[str, Any]]]:
    """All that somebody lodged and is writing, as it is read, for the file of their own data (law 09-08, article 7)."""
    lodged = sa.select(Contribution).where(is_by(actor)).options(*whole())
    return {
        "contributions": ({**c.content(), "state": c.state.value, "sha256": c.digest}
                          for c in in_batches(lodged, Contribution.__table__.c.id)),
        "offered": get_offered_data(actor),
        "drafts": (_draft_data(draft) for draft in session.scalars(_drafts(actor, ()).options(*_shown()))),
    }


def _draft_data(draft: ContributionDraft) -> dict[str, Any]:
    said = {field.name: draft.fields.get(field.name, "") for field in STATEMENT}
    return {"block": draft.block.key, "updated_at": draft.updated_at.isoformat(), **said}


def _page(chosen: sa.Select, after: Cursor | None) -> Page[Contribution]:
    return get_page(chosen.options(*whole()), falling(Contribution.id), after=after, size=PAGE_SIZE)


@cache
def _drafts_here() -> sa.Select:
    held = sa.and_(ContributionDraft.author_id.is_(None), ContributionDraft.token.in_(sa.bindparam("tokens", expanding=True)))
    waiting = sa.and_(ContributionDraft.author_id.is_(None), ContributionDraft.address == sa.bindparam("address"))
    return (
        sa.select(ContributionDraft).join(ContributionDraft.block).join(Block.revision)
        .where(sa.or_(ContributionDraft.author_id == sa.bindparam("author"), held, waiting),
               Revision.chapter_id == sa.bindparam("chapter"), Block.key == sa.bindparam("at"))
        .order_by(ContributionDraft.updated_at.desc(), ContributionDraft.id.desc()).limit(PAGE_SIZE)
    )


def list_drafts_here(actor: Actor, chapter: Chapter, key: str, tokens: Collection[str] = ()) -> list[ContributionDraft]:
    """What the actor, or whoever holds one of the tokens, was writing about a block, the newest first; never somebody else's."""
    named = {"author": actor.id, "address": _address_of(actor), "tokens": list(tokens)}
    return list(session.scalars(_drafts_here(), {**named, "chapter": chapter.id, "at": key}))


def list_remembered(tokens: Collection[str]) -> set[str]:
    """Those that a browser goes on remembering beside one more: all of them while there is room, else those under which something is kept
    that nobody signed yet. :class:`Invalid` where there is no room even so: the first of them would be forgotten.
    """
    if len(tokens) < MAX_REMEMBERED:
        return set(tokens)
    held = set(session.scalars(sa.select(ContributionDraft.token).where(
        ContributionDraft.token.in_(list(tokens)), ContributionDraft.author_id.is_(None))))
    if len(held) >= MAX_REMEMBERED:
        raise Invalid("body", _("This browser keeps %(count)s texts already that wait to be lodged, and has no room for another.",
                                count=MAX_REMEMBERED),
                      _("Sign in from another window, then send this form again: your text is still here."))
    return held


def list_drafts(actor: Actor, tokens: Collection[str] = ()) -> list[ContributionDraft]:
    """The newest: as many as one page shows beside what was lodged."""
    return list(session.scalars(_drafts(actor, tokens).options(*_shown()).limit(50)))


def _shown() -> tuple:
    return (selectinload(ContributionDraft.block).joinedload(Block.revision).defer(Revision.source),)


def list_waiting_drafts(actor: Actor) -> list[ContributionDraft]:
    """What belongs to the actor's address, and is nobody's yet or not shown to be typed by them, the newest first."""
    unproven = sa.and_(ContributionDraft.author_id == actor.id, ContributionDraft.address.is_not(None))
    waiting = sa.select(ContributionDraft).where(sa.or_(_is_waiting(actor), unproven))
    return list(session.scalars(waiting.order_by(ContributionDraft.updated_at.desc(), ContributionDraft.id.desc()).limit(50)))


def _is_waiting(actor: Actor) -> sa.ColumnElement[bool]:
    return sa.and_(ContributionDraft.author_id.is_(None), ContributionDraft.address == _address_of(actor))


def _address_of(actor: Actor) -> str | None:
    return getattr(actor, "email", None)


def get_own_draft(actor: Actor, draft_id: int) -> ContributionDraft:
    """Raises :class:`NotFound` when it is no longer there, or somebody else's."""
    draft = session.get(ContributionDraft, draft_id)
    if draft is None or not can(actor, Action.CONTRIBUTIONS_DROP_DRAFT, draft):
        raise NotFound(_("This draft is no longer there."), _("Your other drafts are on the page of your contributions."))
    return draft


def _drafts(actor: Actor, tokens: Collection[str]) -> sa.Select:
    own = sa.and_(ContributionDraft.author_id.is_not(None), ContributionDraft.author_id == actor.id)
    held = sa.and_(ContributionDraft.author_id.is_(None), ContributionDraft.token.in_(list(tokens)))
    chosen = sa.select(ContributionDraft).join(ContributionDraft.block).where(sa.or_(own, held, _is_waiting(actor)))
    return chosen.order_by(ContributionDraft.updated_at.desc(), ContributionDraft.id.desc())


def lines_of(chosen: sa.Subquery, *more: Any) -> sa.Select:
    """``more`` and then the columns :data:`LINE`, of the contributions whose ``id`` is chosen."""
    return (
        sa.select(*more, *LINE).select_from(Contribution).join(chosen, chosen.c.id == Contribution.id)
        .join(User, User.id == Contribution.author_id).outerjoin(Organisation, Organisation.id == Contribution.organisation_id)
    )


def line_in(shown_in: str, ref: str, position: Position, language: str, body: str, *names: Any) -> dict[str, Any]:
    """What every line shows of a contribution folded to it, from the columns :data:`LINE`; signed as its author wishes."""
    fr, ar, en, name, name_ar, is_public = names
    own_name = (name_ar if shown_in == "ar" and name_ar else name) if is_public else ""
    signature = {"ar": ar, "en": en}.get(shown_in) or fr or own_name
    return {"ref": ref, "position": position, "language": language, "signature": signature, "excerpt": excerpt(body, MARGIN)}


@cache
def _margin() -> sa.Select:
    """The lines beside some blocks. Each block looks up its newest ones: what else was said there is not read."""
    def newest(place: int) -> sa.ScalarSelect:
        there = aliased(Contribution)
        return (
            sa.select(there.id).where(there.chapter_id == sa.bindparam("in_chapter"), there.current_key == Block.key, there.is_public)
            .order_by(there.id.desc()).limit(1).offset(place).correlate(Block).scalar_subquery()
        )
    places = [newest(place).label(f"place_{place}") for place in range(MARGIN_LINES)]
    at = sa.select(Block.key, *places).where(Block.id.in_(sa.bindparam("blocks", expanding=True))).subquery()
    written, now = aliased(Block), aliased(Block)
    last = sa.select(sa.func.max(Anchor.revision_id)).where(Anchor.contribution_id == Contribution.id).correlate(Contribution)
    return (
        sa.select(Contribution.id, at.c.key, sa.case((written.text != now.text, Revision.number)),
                  sought_in(sa.func.coalesce(Anchor.revision_id, Revision.id)).exists(),
                  sa.func.coalesce(Anchor.exact, Contribution.exact), Contribution.prefix, Contribution.suffix,
                  *reaction_columns(Contribution.id), *LINE)
        .select_from(at).join(Contribution, Contribution.id.in_([at.c[place.name] for place in places]))
        .join(User, User.id == Contribution.author_id).outerjoin(Organisation, Organisation.id == Contribution.organisation_id)
        .outerjoin(Anchor, sa.and_(Anchor.contribution_id == Contribution.id, Anchor.revision_id == last.scalar_subquery()))
        .join(written, written.id == Contribution.block_id).join(Revision, Revision.id == written.revision_id)
        .outerjoin(now, now.id == Anchor.block_id)
    )


def list_margin_lines(chapter: Chapter, language: str, blocks: Collection[int]) -> dict[str, list[MarginLine]]:
    """The three newest published lines beside each of these blocks (ids, one for each passage), by key."""
    lines: dict[str, list[MarginLine]] = {}
    rows = session.execute(_margin(), {"in_chapter": chapter.id, "blocks": list(blocks)})
    for _id, key, version, is_sought, *more in sorted(rows, key=lambda row: -row.id):
        exact, prefix, suffix, persons, organisations, replies, *line = more
        lines.setdefault(key, []).append(MarginLine(
            **line_in(language, *line), quote=Quote(exact, prefix, suffix), version=version, is_sought=bool(is_sought),
            reactions=Reactions(persons or 0, organisations or 0, replies or 0)))
    return lines
