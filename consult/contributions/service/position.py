"""My position: what somebody is writing in all chapters, in text order, checked, and lodged together with one receipt, all or none.

Whoever signs for an organisation lodges with it, or by itself, what its members offered and its representatives accepted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from itertools import accumulate, islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased, contains_eager, defer, joinedload, lazyload, selectinload

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Block, Chapter, Revision
from consult.consultations.models import Consultation
from consult.contributions import jobs
from consult.contributions.models import (
    CommentType,
    Contribution,
    ContributionDraft,
    Declaration,
    DraftFile,
    Interest,
    Kind,
    OfferedDraft,
    OfferedState,
    Position,
    PositionEntry,
    PositionReceipt,
    digest_of_position,
)
from consult.contributions.service.attaching import files_by_draft, files_of
from consult.contributions.service.drafting import FORM_KEY
from consult.contributions.service.lodging import add_contribution, said_in
from consult.contributions.service.offering import note_lodged
from consult.contributions.service.reading import whole
from consult.contributions.statement import MAX_LENGTHS, NO_MORE
from consult.core import audit, tallies
from consult.core.commands import command, perform
from consult.core.course import share_course
from consult.core.db import add_now, add_row, scalar_count, session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import _, arrived, arrived_at
from consult.core.jobs import later
from consult.core.locks import list_locked, lock, lock_all
from consult.core.permissions import Action, Actor, require
from consult.organisations.models import Mandate
from consult.text import normalising

Declared = tuple[Interest | None, str]  # whether there is an interest, and which
MAX_TOGETHER = 500  # drafts on the page of a position, and in it
MAX_SHOWN = 2_000_000  # characters of drafts on that page
LAST = 1_000_000_000  # where a passage stands that the text no longer has


@dataclass(frozen=True)
class WrittenDraft:
    """A draft with its passage as it was read and as it stands ``now`` (None: no longer in the text), what keeps it back, and its files.

    It is the actor's own, or one that was offered to their organisation.
    """

    draft: ContributionDraft | OfferedDraft
    now: Block | None
    obstacles: list[Any]
    files: Sequence[DraftFile] = ()

    @property
    def block(self) -> Block:
        return self.draft.block

    @property
    def is_reworded(self) -> bool:
        return self.now is not None and self.now.text != self.block.text


# Reading


def list_position(actor: Actor, consultation: Consultation) -> list[WrittenDraft]:
    """What the actor is writing on the chapters of this consultation: the newest that a page holds; in text order."""
    return _checked(actor, _newest(_own(actor, consultation)))


def list_accepted(actor: Actor, consultation: Consultation) -> list[WrittenDraft]:
    """The same of what the organisation for which the actor signs took into its position."""
    return _checked(actor, _newest(_accepted(actor, consultation)))


def get_passage_now(actor: Actor, offered: OfferedDraft) -> WrittenDraft:
    """An offered draft with its passage as it stands now, and what keeps it from being lodged, for whoever could."""
    require(actor, Action.CONTRIBUTIONS_READ_OFFERED, offered)
    block = offered.block
    newest = chapters.get_newest_revision(block.chapter, block.revision.language)
    now = block if newest is None or newest.id == block.revision_id else session.scalar(
        sa.select(Block).where(Block.revision_id == newest.id, Block.key == block.key).options(lazyload(Block.revision)))
    signs = actor.organisation_id == offered.organisation_id and offered.contribution_id is None and offered.wording is not None
    return WrittenDraft(offered, now, list_obstacles(actor, offered) if signs else [], files_of([offered]))


def _newest(chosen: sa.Select[Any]) -> list[Any]:
    rows = session.execute(chosen).unique().all()
    return list(islice(rows, _count_shown([draft for draft, _now in rows])))


def _checked(actor: Actor, rows: Sequence[Any]) -> list[WrittenDraft]:
    """In text order, each with what keeps it from being lodged."""
    lodged = _lodged_words(actor, {draft.block.chapter.id for draft, _now in rows})
    known: dict[tuple[int, str, str], Any] = {}
    written, files = [], files_by_draft([draft for draft, _now in rows])
    for draft, now in sorted(rows, key=_text_order):
        obstacles = list_obstacles(actor, draft)
        words = (draft.block.chapter.id, draft.block.key, str(draft.fields.get("body") or ""))
        if not obstacles and (ref := lodged.get(words)):
            obstacles = [_("These words are lodged already, under %(ref)s.", ref=ref)]
        elif not obstacles and words in known:
            obstacles = [_("Another draft on this passage has the same words. Discard one of them.")]
        known[words] = draft
        written.append(WrittenDraft(draft, now, obstacles, files.get(draft, ())))
    return written


def _count_shown(drafts: Sequence[ContributionDraft]) -> int:
    """How many of them one page shows; one at least."""
    sums = accumulate(sum(len(str(words)) for words in draft.fields.values()) for draft in drafts)
    return max(1, sum(1 for held in sums if held <= MAX_SHOWN))


def count_written(actor: Actor, consultation: Consultation) -> int:
    """How many drafts the actor has on the chapters of this consultation, shown together or not."""
    of_blocks = sa.select(sa.func.count()).select_from(ContributionDraft).join(ContributionDraft.block).join(Block.revision)
    return scalar_count(of_blocks.join(Revision.chapter).where(
        ContributionDraft.author_id == actor.id, Chapter.consultation_id == consultation.id))


def _own(actor: Actor, consultation: Consultation) -> sa.Select[Any]:
    return _with_passages(ContributionDraft, consultation).where(ContributionDraft.author_id == actor.id)


def _accepted(actor: Actor, consultation: Consultation) -> sa.Select[Any]:
    """None where the actor signs for nobody."""
    return _with_passages(OfferedDraft, consultation).where(
        OfferedDraft.organisation_id == actor.organisation_id, OfferedDraft.consultation_id == consultation.id,
        OfferedDraft.state.in_(OfferedState.where(is_in_position=True))).options(
        joinedload(OfferedDraft.wording), joinedload(OfferedDraft.author).lazyload(User.appointments))


def _with_passages(model: Any, consultation: Consultation) -> sa.Select[Any]:
    now = aliased(Block)
    in_chapter = contains_eager(model.block).contains_eager(Block.revision).options(defer(Revision.source))
    return (
        sa.select(model, now).join(model.block).join(Block.revision).join(Revision.chapter)
        .outerjoin(now, sa.and_(now.key == Block.key, now.revision_id == chapters.newest_revision(Chapter.id, Revision.language)))
        .where(Chapter.consultation_id == consultation.id)
        .options(in_chapter.contains_eager(Revision.chapter).options(lazyload(Chapter.consultation), lazyload(Chapter.commission)),
                 lazyload(now.revision))
        .order_by(model.id.desc()).limit(MAX_TOGETHER)
    )


def _text_order(row: Any) -> tuple[int, int, int, int]:
    draft, now = row
    return draft.block.chapter.number, now.position if now is not None else LAST, draft.block.position, draft.id


def _lodged_words(actor: Actor, of_chapters: set[int]) -> dict[tuple[int, str, str], str]:
    """What the actor, or the organisation for which they sign, lodged and stands by: its reference by chapter, passage and words."""
    by_body = Contribution.organisation_id == actor.organisation_id if actor.organisation_id is not None else sa.false()
    ours = [actor.id, *sorted(getattr(actor, "claimed_ids", ()))]
    said = sa.select(Contribution.chapter_id, Contribution.block_key, Contribution.lodged_body, Contribution.ref).where(
        sa.or_(Contribution.author_id.in_(ours), by_body), Contribution.chapter_id.in_(of_chapters), Contribution.withdrawn_at.is_(None))
    return {(chapter_id, key, body): ref for chapter_id, key, body, ref in session.execute(said)} if of_chapters else {}


def list_obstacles(actor: Actor, draft: ContributionDraft | OfferedDraft) -> list[Any]:
    """Why it cannot be lodged as it stands, each in a sentence."""
    found: list[Any] = []
    if draft.address is not None:
        found.append(_("It was typed in another browser with your address. If it is yours, read it and save it."))
    if normalising.is_blank(str(draft.fields.get("body") or "")):
        found.append(_("Nothing is written yet."))
    if draft.fields.get("position") not in list(Position):
        found.append(_("Choose your position."))
    if actor.organisation_id is not None and draft.fields.get("speak_as") not in ("organisation", "self"):
        found.append(_("Choose for whom you speak."))
    if actor.organisation_id is None and draft.fields.get("speak_as") == "organisation":
        found.append(NO_MORE)
    try:
        if not found:
            said_in(draft.block, **values_of(actor, draft, (Interest.NONE, "")))
    except Invalid as refusal:
        found.append(_("%(wrong)s %(remedy)s", wrong=refusal.message, remedy=refusal.remedy))
    return found


def values_of(actor: Actor, draft: ContributionDraft | OfferedDraft, declared: Declared = (None, "")) -> dict[str, Any]:
    """What it says, as :func:`said_in` takes it. Who signs what others drafted declares their interests with the signature (``declared``),
    where the draft does not say them.
    """
    typed = {name: str(draft.fields.get(name) or "") for name in (*MAX_LENGTHS, "prefix", "suffix", "kind", "comment_type", "position")}
    kind, comment_type, position = typed.pop("kind"), typed.pop("comment_type"), typed.pop("position")
    interest = Interest(chosen) if (chosen := draft.fields.get("interest")) in list(Interest) else None
    if interest is None and isinstance(draft, OfferedDraft):
        interest, typed["interests"] = declared
    return {
        **typed, "position": Position(position), "kind": Kind(kind) if kind in list(Kind) else Kind.COMMENT,
        "comment_type": CommentType(comment_type) if comment_type in list(CommentType) else CommentType.GENERAL,
        "as_organisation": actor.organisation if draft.fields.get("speak_as") == "organisation" else None,
        "interest": interest,
    }


def get_position_receipt(actor: Actor, ref: str) -> PositionReceipt:
    """The actor's own; :class:`NotFound` for any other, which is nobody's to know of."""
    receipt = session.scalar(sa.select(PositionReceipt).where(PositionReceipt.ref == ref.upper()))
    if receipt is None or actor.id is None or receipt.author_id != actor.id:
        raise NotFound(_("There is no position %(ref)s among yours.", ref=ref), _("Check the reference on your receipt."))
    return receipt


def list_lodged_together(receipt: PositionReceipt) -> list[Contribution]:
    """In text order."""
    signed = joinedload(Contribution.declaration).joinedload(Declaration.mandate).lazyload(Mandate.organisation)
    lodged = sa.select(Contribution).join(PositionEntry, PositionEntry.contribution_id == Contribution.id)
    return list(session.scalars(lodged.where(PositionEntry.position_receipt_id == receipt.id).order_by(PositionEntry.id)
                                .options(*whole(), joinedload(Contribution.receipt), selectinload(Contribution.attachments), signed)))


# Lodging


def _once(act: Callable[..., PositionReceipt]) -> Callable[..., PositionReceipt]:
    """The same page sent again answers with the receipt of what it lodged, and leaves no second event."""
    @wraps(act)
    def run(actor: User, consultation: Consultation, /, *, form_key: str, **values: Any) -> PositionReceipt:
        if not FORM_KEY.fullmatch(form_key or "") or len(form_key) > 50:
            raise Invalid("form_key", _("This form is damaged."), _("Open it again; your drafts are kept."))
        with arrived():
            share_course()
            if isinstance(actor, User):
                lock(actor)  # whatever else they lodge or save at this moment waits
            known = session.scalar(sa.select(PositionReceipt).where(PositionReceipt.form_key == form_key))
            if known is not None and known.author_id != actor.id:
                raise Conflict(_("This form was sent already, by somebody else."), _("Open the page of your position again."))
            # All or none: whatever one of them is refused for, those before it are not lodged either, though a view shows the form again.
            with session.begin_nested(), tallies.together():
                return known or act(actor, consultation, form_key=form_key, **values)
    return run


@_once
@command
def lodge_position(
    actor: User, consultation: Consultation, *, form_key: str, shown: Mapping[int, int], offered: Mapping[int, int] | None = None,
    declared: Declared = (None, ""), language: str = "fr",
) -> PositionReceipt:
    """Lodge these drafts together (``shown``: the row counter of each, by its id, as the page showed them; ``offered``: the same of those
    that the organisation accepted, for which ``declared`` is what whoever signs declares), and promise one letter.

    :class:`Conflict` where one of them is not as it was shown, :class:`Invalid` where one cannot be lodged as it stands: nothing is then.
    """
    actor.read_anew()
    written = _hold(actor, consultation, shown, offered or {})
    moment = consultation.within_dates(arrived_at())
    lodged = [_lodge_one(actor, one, f"{form_key}.{place}", language, declared) for place, one in enumerate(written)]
    pairs = [(one.draft, contribution) for one, contribution in zip(written, lodged, strict=True)]
    note_lodged(actor, [(draft, contribution) for draft, contribution in pairs if isinstance(draft, OfferedDraft)])
    for draft, _contribution in pairs:
        if isinstance(draft, ContributionDraft):
            session.delete(draft)
    for file in (file for one in written for file in one.files if isinstance(one.draft, OfferedDraft)):
        session.delete(file)
    return _receipt(actor, consultation, form_key, moment, lodged)


def _receipt(actor: User, consultation: Consultation, form_key: str, moment: datetime, lodged: Sequence[Contribution]) -> PositionReceipt:
    ref = f"PNQ-P-{lodged[0].ref.removeprefix('PNQ-')}"
    position, digest = audit.head()
    receipt = PositionReceipt(
        ref=ref, form_key=form_key, consultation_id=consultation.id, author_id=actor.id, lodged_at=moment, written_at=None,
        chain_position=position, chain_digest=digest,
        digest=digest_of_position(ref, actor.id, moment, [(one.ref, one.digest) for one in lodged]),
    )
    add_now(receipt)
    for contribution in lodged:
        add_row(PositionEntry, position_receipt_id=receipt.id, contribution_id=contribution.id)
    later(jobs.send_position_receipt, receipt)
    return receipt


def _lodge_one(actor: User, written: WrittenDraft, form_key: str, language: str, declared: Declared) -> Contribution:
    """By the act of lodging, with its event."""
    return perform(Action.CONTRIBUTIONS_LODGE, add_contribution, actor, written.block, form_key=form_key, language=language,
                   files=written.files,
                   **values_of(actor, written.draft, declared))


def _hold(actor: User, consultation: Consultation, shown: Mapping[int, int], offered: Mapping[int, int]) -> list[WrittenDraft]:
    """The drafts, held and as they were shown, with all that they lead to."""
    if not (shown or offered):
        raise Invalid("drafts", _("No draft is chosen."), _("Tick those that you wish to lodge."))
    if len(shown) + len(offered) > MAX_TOGETHER:
        raise Invalid("drafts", _("%(count)s drafts at most are lodged together.", count=MAX_TOGETHER), _("Lodge them in several parts."))
    if offered and actor.organisation_id is None:
        raise Invalid("drafts", _("You hold no mandate any more to sign for the organisation."),
                      _("Nothing was lodged. What it accepted stays in its position: another representative may lodge it."))
    own = ContributionDraft.id.in_(sorted(shown)), ContributionDraft.author_id == actor.id
    theirs = OfferedDraft.id.in_(sorted(offered)), OfferedDraft.organisation_id == actor.organisation_id
    blocks = sa.union(sa.select(ContributionDraft.block_id).where(*own), sa.select(OfferedDraft.block_id).where(*theirs)).subquery()
    of_chapters = sa.select(Revision.chapter_id).join(Block, Block.revision_id == Revision.id).join(blocks, blocks.c.block_id == Block.id)
    lock_all(Chapter, Chapter.id.in_(of_chapters))
    held = {draft.id: draft.row_counter for draft in list_locked(ContributionDraft, *own)} if shown else {}
    accepted = list_locked(OfferedDraft, *theirs) if offered else []
    rows = [row for chosen in (_own(actor, consultation).where(*own[:1]), _accepted(actor, consultation).where(*theirs[:1]))
            for row in session.execute(chosen.execution_options(populate_existing=True)).unique()]
    _require_as_shown(held, dict(shown), accepted, offered)
    if len(rows) != len(shown) + len(offered):
        raise changed_meanwhile()
    written = _checked(actor, rows)
    if blocked := [one for one in written if one.obstacles]:
        raise Invalid("drafts", _("%(passage)s: %(wrong)s", passage=blocked[0].block.label or blocked[0].block.key,
                                  wrong=blocked[0].obstacles[0]),
                      _("Nothing was lodged. Correct it, or lodge the others without it."))
    return written


def _require_as_shown(held: dict[int, int], shown: dict[int, int], accepted: Sequence[OfferedDraft], offered: Mapping[int, int]) -> None:
    """:class:`Conflict` where one is not, which says of the organisation's what became of it."""
    for draft in accepted:
        if draft.row_counter != offered[draft.id] or not draft.state.is_in_position:
            raise Conflict(_what_became_of(draft), _("Nothing was lodged. Read your position as it is now, then lodge it."))
    if held != shown or len(accepted) != len(offered):
        raise changed_meanwhile()


def changed_meanwhile() -> Conflict:
    return Conflict(_("A draft was changed, lodged or discarded in another window meanwhile."),
                    _("Nothing was lodged. Read your position as it is now, then lodge it."))


def _what_became_of(draft: OfferedDraft) -> Any:
    passage = draft.block.label or draft.block.key
    if draft.contribution is not None:
        return _("%(passage)s was lodged meanwhile, under %(ref)s.", passage=passage, ref=draft.contribution.ref)
    if not draft.state.is_in_position:
        return _("%(passage)s is now “%(state)s”.", passage=passage, state=draft.state.label)
    who = draft.wording.author.shown_name if draft.wording is not None else ""
    return _("%(passage)s was changed meanwhile by %(name)s.", passage=passage, name=who)
