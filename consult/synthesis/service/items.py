"""Items: gathering contributions that make the same point, deciding on it, giving the reasons and the new wording."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import defer, joinedload, lazyload, selectinload

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Block, Revision
from consult.contributions.models import Contribution
from consult.contributions.service import in_chunks
from consult.core import records
from consult.core.commands import RELOAD, command
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import DEFAULT_LANGUAGE, _, utcnow, when
from consult.core.locks import lock
from consult.core.paging import WORK_PAGE_SIZE, Cursor, Page, get_page, rising
from consult.core.permissions import Action, Actor, require
from consult.synthesis.models import (
    BlockChange,
    Disposition,
    Ground,
    ItemContribution,
    ItemTally,
    Point,
    Synthesis,
    SynthesisItem,
)
from consult.synthesis.points import is_first_link, is_open, items_of
from consult.synthesis.service.counting import present, regathered
from consult.synthesis.service.gathering import forget_links, gather_points, gatherable_points, links_of
from consult.synthesis.service.syntheses import hold
from consult.synthesis.service.wordings import list_rewordings
from consult.text.normalising import is_blank, validated_text

MAX_TITLE, MAX_WORDS, MAX_WORDING = 200, 10_000, 5_000


@command
def add_item(
    actor: User, synthesis: Synthesis, *, title: str, summary: str = "", contributions: Sequence[Contribution] = (),
    expected_items: Mapping[int, int | None] | None = None, points: Sequence[Point] = (),
    expected_points: Mapping[int, int | None] | None = None,
) -> SynthesisItem:
    """A new point of the synthesis, with the contributions and points of split ones that make it (taken out of the items they were in).

    :class:`Invalid` for a title that is missing, a text that cannot be kept or a contribution that cannot be gathered;
    :class:`Conflict` when the synthesis is no draft any more, or somebody else gathered them meanwhile.
    """
    hold(synthesis, gathers=True)
    title, summary = clean("title", title, MAX_TITLE), clean("summary", summary, MAX_WORDS)
    if not title:
        raise Invalid("title", _("Give the item a title: the point that these contributions make, in a few words."))
    held = gatherable(synthesis, contributions, expected_items)
    held_points = gatherable_points(synthesis, points, expected_points)
    synthesis.last_number += 1
    item = SynthesisItem(synthesis=synthesis, number=synthesis.last_number, title=title, summary=summary, edited_by_id=actor.id)
    session.add(item)
    session.flush()
    gather(item, contributions, held, points, held_points)
    return item


@command
def edit_item(
    actor: User, item: SynthesisItem, *, expected_counter: int, title: str, summary: str, disposition: Disposition | None,
    ground: Ground | None, rationale: str, changes: Mapping[str, str] | None = None, shown: Mapping[str, int] | None = None,
    settled: Collection[str] = (), needs_no_change: bool = False,
) -> SynthesisItem:
    """Write the item as it reads from now on, new wordings (by block key) included; ``expected_counter`` is the ``row_counter`` its
    editor started from, ``shown`` the ids of the blocks that they read (by key; else those of the newest version).

    A wording whose passage a later version changed stays as it was decided, until it is rewritten or its key is among ``settled``:
    then it is of the present text, or goes with a passage that is gone or says it already. ``needs_no_change`` says of an accepted item
    that the text stays as it is.

    :class:`Invalid` names the field that is missing or cannot be kept; :class:`Conflict` when somebody else changed the item, or the
    synthesis is no draft any more.
    """
    hold(item.synthesis)
    lock(item, expected_counter=expected_counter, overtaken=lambda: Conflict(changed_by(item), RELOAD))
    title, summary = clean("title", title, MAX_TITLE), clean("summary", summary, MAX_WORDS)
    rationale = clean("rationale", rationale, MAX_WORDS)
    if not title:
        raise Invalid("title", _("An item needs a title."))
    if disposition and not rationale:
        raise Invalid("rationale", _("Give the reasons: an answer without reasons cannot be recorded."))
    if disposition and disposition.needs_ground and ground is None:
        raise Invalid("ground", _("Choose the ground of the refusal."))
    if changes and needs_no_change:
        raise Invalid("needs_no_change", _("It gives new wording, and says that no change of the text is needed."),
                      _("Take the tick away, or put the passages back as they read."))
    wordings = checked(item, changes or {}, disposition, shown or {}, settled)
    item.title, item.summary, item.rationale, item.disposition = title, summary, rationale, disposition
    item.ground = ground if disposition is None or disposition.needs_ground else None
    item.needs_no_change = needs_no_change and disposition is not None and disposition.changes_text
    item.edited_by_id, item.edited_at = actor.id, utcnow()
    item.settled_in_act = tuple(settled)
    rewrite(item, wordings)
    return item


@command
def attach(
    _actor, item: SynthesisItem, *, contributions: Sequence[Contribution] = (), expected_items: Mapping[int, int | None] | None = None,
    points: Sequence[Point] = (), expected_points: Mapping[int, int | None] | None = None,
) -> SynthesisItem:
    """Gather contributions, and points of those that are split, into the item, moving what another item holds; ``expected_items`` and
    ``expected_points`` say which item each was in on the page.

    :class:`Invalid` for none, or one that cannot be gathered; :class:`Conflict` when somebody else gathered them meanwhile, or the
    synthesis is no draft any more.
    """
    hold(item.synthesis, gathers=True)
    if not contributions and not points:
        raise Invalid("contributions", _("Choose one contribution at least."))
    held = gatherable(item.synthesis, contributions, expected_items)
    gather(item, contributions, held, points, gatherable_points(item.synthesis, points, expected_points))
    return item


@command
def detach(_actor, item: SynthesisItem, *, contribution: Contribution, point: Point | None = None) -> SynthesisItem:
    """Take one contribution out, or one of its points; it then waits for another item.

    Raises :class:`Conflict` when it is not in this item any more, or the synthesis is no draft any more.
    """
    hold(item.synthesis, gathers=True)
    link = session.scalar(sa.select(ItemContribution).where(
        ItemContribution.item_id == item.id, ItemContribution.contribution_id == contribution.id,
        ItemContribution.point_id == (point.id if point else None)))
    ref = point.name if point else contribution.ref
    if link is None:
        raise Conflict(_("%(ref)s is not in this item any more.", ref=ref), RELOAD)
    with regathered([contribution.id]):
        session.delete(link)
    item.refs_in_act = refs_of([] if point else [contribution], [point] if point else [])
    forget_links()
    return item


@command
def drop_item(_actor, item: SynthesisItem) -> None:
    """Remove an item that gathers nothing; :class:`Conflict` for one that holds contributions, or when the synthesis is no draft."""
    hold(item.synthesis, gathers=True)
    if session.scalar(sa.select(ItemContribution.id).where(ItemContribution.item_id == item.id).limit(1)) is not None:
        raise Conflict(_("This item holds contributions."), _("Gather them into another item first."))
    for change in item.changes:
        session.delete(change)
    session.flush()
    session.execute(sa.delete(ItemTally).where(ItemTally.item_id == item.id))  # of what it gathered once: they count nothing now
    session.delete(item)
    session.flush()
    session.expire(item.synthesis, ["items"])


def clean(field: str, text: str | None, most: int) -> str:
    """Trimmed and kept, or :class:`Invalid` with the place of what cannot be kept; empty when no reader would see anything."""
    text = validated_text(field, text, max_length=most).strip()
    return "" if is_blank(text) else text


def changed_by(item: SynthesisItem):
    return _("%(name)s changed this item meanwhile, on %(when)s.", name=item.edited_by.staff_name if item.edited_by else "—",
             when=when(item.edited_at))


def gatherable(
    synthesis: Synthesis, contributions: Sequence[Contribution], expected_items: Mapping[int, int | None] | None,
) -> dict[int, int]:
    """Check before anything is written; answers which item holds which contribution now.

    :class:`Invalid` for one of another chapter or that owes no answer; :class:`Conflict` when they are not in ``expected_items``, or one
    was split: its points are gathered then.
    """
    ids = [contribution.id for contribution in contributions]
    # As they are now: one may have been withdrawn while this waited for the chapter.
    states = {id_: state for some in in_chunks(ids) for id_, state in session.execute(
        sa.select(Contribution.id, Contribution.state).where(Contribution.id.in_(some)))}
    for contribution in contributions:
        if contribution.chapter_id != synthesis.chapter.id:
            raise Invalid("contributions", _("%(ref)s is about another chapter.", ref=contribution.ref))
        if not states[contribution.id].is_answerable:
            raise Invalid("contributions", _("%(ref)s cannot be gathered: %(state)s.", ref=contribution.ref,
                                             state=states[contribution.id].label))
    for some in in_chunks(ids):
        split = sa.select(Contribution.ref).join(Point, Point.contribution_id == Contribution.id)
        if ref := session.scalar(split.where(Point.contribution_id.in_(some), is_open()).limit(1)):
            raise Conflict(_("%(ref)s is split: each of its requests is gathered by itself.", ref=ref), RELOAD)
    held = links_of(ids)
    if expected_items is not None and any(held.get(one.id) != expected_items.get(one.id) for one in contributions):
        raise Conflict(_("Somebody else has gathered some of these contributions meanwhile."), RELOAD)
    return held


def gather(
    item: SynthesisItem, contributions: Sequence[Contribution], held: Mapping[int, int], points: Sequence[Point] = (),
    held_points: Mapping[int, int] | None = None,
) -> None:
    """Link them all, thousands in one statement."""
    ids = list(dict.fromkeys(contribution.id for contribution in contributions))
    with regathered([*ids, *{point.contribution_id for point in points}]):
        for moved in in_chunks([i for i in ids if i in held and held[i] != item.id]):
            session.execute(sa.update(ItemContribution).where(ItemContribution.contribution_id.in_(moved))
                            .values(item_id=item.id, attached_at=utcnow()).execution_options(synchronize_session=False))
        if added := [i for i in ids if i not in held]:
            session.execute(sa.insert(ItemContribution), [{"item_id": item.id, "contribution_id": i} for i in added])
        for some in in_chunks(ids):
            records.note(ItemContribution, ItemContribution.contribution_id.in_(some))
        gather_points(item, points, held_points or {})
    item.refs_in_act = refs_of(contributions, points)
    forget_links()


def refs_of(contributions: Sequence[Contribution], points: Sequence[Point]) -> tuple[str, ...]:
    """Of a point that of its contribution too, by which the journal of the contribution finds the act."""
    split = dict.fromkeys(point.contribution.ref for point in points)
    return (*(contribution.ref for contribution in contributions), *split, *(point.name for point in points))


def checked(
    item: SynthesisItem, changes: Mapping[str, str], disposition: Disposition | None, shown: Mapping[str, int], settled: Collection[str],
) -> list[tuple[Block, str]]:
    """The passages and their new wordings; :class:`Invalid` for the first thing that is wrong with them, before anything is written."""
    if changes and disposition and not disposition.changes_text:
        raise Invalid("changes", _("“%(disposition)s” changes nothing in the text.", disposition=disposition.label),
                      _("Remove the new wording, or choose one of the dispositions that accept."))
    cleaned = {key: clean("changes", wording, MAX_WORDING) for key, wording in changes.items()}
    blocks = blocks_by_key(item.synthesis, list(changes)) | blocks_shown(item.synthesis, shown)
    kept = {change.block.key: change for change in item.changes}
    resolved = (resolve(kept.get(key), key, wording, blocks.get(key), key in settled) for key, wording in cleaned.items())
    return [pair for pair in resolved if pair]


def resolve(kept: BlockChange | None, key: str, wording: str, block: Block | None, is_settled: bool) -> tuple[Block, str] | None:
    """On which block a wording stands from now on; None for one that is settled by leaving it. :class:`Invalid` as of
    :func:`check_wording`.
    """
    if kept is not None and kept.wording == wording and (block is None or block.lead != kept.block.lead):
        if not is_settled:
            return kept.block, wording
        if block is None or block.lead.strip() == wording:
            return None
    check_wording(key, wording, block)
    return (block, wording) if block else None


def rewrite(item: SynthesisItem, wordings: Sequence[tuple[Block, str]]) -> None:
    """Make the item's new wordings exactly these."""
    before = {change.block.key: change for change in item.changes}
    for block, wording in wordings:
        change = before.pop(block.key, None)
        if change is None:
            session.add(BlockChange(item=item, block=block, wording=wording))
        else:
            change.block, change.wording = block, wording
    for change in before.values():
        session.delete(change)
    session.flush()
    session.expire(item, ["changes"])


def check_wording(key: str, wording: str, block: Block | None) -> None:
    """Raises :class:`Invalid` for a passage that is not there, and for a wording that is empty or changes nothing."""
    if block is None:
        raise Invalid("changes", _("There is no passage %(key)s in this chapter.", key=key))
    if not wording:
        raise Invalid("changes", _("%(key)s: the new wording is empty.", key=block.label or key),
                      _("A passage that goes is left to the next revision: say so in the rationale."))
    if wording == block.lead.strip():
        raise Invalid("changes", _("%(key)s: the new wording is the same as the present one.", key=block.label or key))


def blocks_by_key(synthesis: Synthesis, keys: Sequence[str]) -> dict[str, Block]:
    """Passages of the chapter as it now reads."""
    found = sa.select(Block).where(Block.revision_id == chapters.newest_revision(synthesis.chapter.id), Block.key.in_(keys))
    return {block.key: block for block in session.scalars(found.options(lazyload(Block.revision)))}


def blocks_shown(synthesis: Synthesis, shown: Mapping[str, int]) -> dict[str, Block]:
    """Those of the chapter that the page showed, were they of an earlier version: the wording is written on what its author read."""
    found = sa.select(Block).join(Block.revision).where(
        Block.id.in_(list(shown.values())), Revision.chapter_id == synthesis.chapter_id, Revision.language == DEFAULT_LANGUAGE)
    return {block.key: block for block in session.scalars(found.options(lazyload(Block.revision))) if shown.get(block.key) == block.id}


def get_item(actor: Actor, item_id: int) -> SynthesisItem:
    """The item with its new wordings, for those who work on it; :class:`NotFound` when there is none."""
    item = session.scalar(
        sa.select(SynthesisItem).where(SynthesisItem.id == item_id).options(
            joinedload(SynthesisItem.synthesis),
            joinedload(SynthesisItem.edited_by).lazyload(User.appointments),
            selectinload(SynthesisItem.changes).joinedload(BlockChange.block).lazyload(Block.revision),
        )
    )
    if item is None:
        raise NotFound(_("There is no such item."), _("It may have been removed. Go back to the workbench."))
    require(actor, Action.SYNTHESIS_VIEW, item)
    return item


def count_elsewhere(item: SynthesisItem | None, contribution_ids: Sequence[int], points: Sequence[Point] = ()) -> int:
    """How many of them another item holds now, and so would be moved."""
    held = [*links_of(contribution_ids).values(), *items_of(points).values()]
    return sum(1 for item_id in held if item is None or item_id != item.id)


def list_item_contributions(actor: Actor, item: SynthesisItem, *, after: Cursor | None = None) -> Page[Contribution]:
    """What the item gathers, in the order of lodging, with all that is needed to show it."""
    require(actor, Action.SYNTHESIS_VIEW, item)
    gathered = sa.select(Contribution).join(ItemContribution).where(ItemContribution.item_id == item.id, is_first_link())
    return get_page(gathered.options(*shown_whole()), rising(ItemContribution.contribution_id), after=after, size=WORK_PAGE_SIZE)


def list_item_provisions(actor: Actor, item: SynthesisItem, *, also: Sequence[str] = (), limit: int = 30) -> list[Block]:
    """The passages, as they now read, that the item's contributions and new wordings are about, and those named besides."""
    require(actor, Action.SYNTHESIS_VIEW, item)
    keys = present(ItemTally.key).where(ItemTally.item_id == item.id)
    changed = [change.block.key for change in item.changes]
    newest = chapters.newest_revision(item.synthesis.chapter_id)
    found = sa.select(Block).where(Block.revision_id == newest, sa.or_(Block.key.in_(keys), Block.key.in_([*changed, *also])))
    return list(session.scalars(found.order_by(Block.position).limit(limit).options(lazyload(Block.revision))))


def get_named_provision(actor: Actor, item: SynthesisItem, name: str) -> Block:
    """The passage of the present text that is called so; :class:`Invalid` (field ``more``) names the nearest where none is."""
    require(actor, Action.SYNTHESIS_VIEW, item)
    return chapters.get_called_block("more", chapters.newest_revision(item.synthesis.chapter_id), name)


def get_new_wordings(actor: Actor, item: SynthesisItem, typed: Mapping[str, str]) -> dict[str, str]:
    """Of what is typed for passages (by key), what is new: one left as it reads is no change, unless a later version made it read so,
    which is to be settled.
    """
    now = {block.key: block.lead.strip() for block in list_item_provisions(actor, item, also=list(typed))}
    to_settle = {one.key for one in list_rewordings([item.id]).get(item.id, []) if one.is_outdated}
    return {key: words for key, words in typed.items() if key in to_settle or words.strip() != now.get(key)}


def is_unrecorded(actor: Actor, item: SynthesisItem, *, said: Mapping[str, Any], typed: Mapping[str, str]) -> bool:
    """Whether a form that says this of the item, and types this for passages, says anything else than the item does."""
    require(actor, Action.SYNTHESIS_VIEW, item)
    differs = any(plain(value) != plain(getattr(item, name)) for name, value in said.items())
    recorded = {change.block.key: change.wording for change in item.changes}
    return differs or {key: words.strip() for key, words in get_new_wordings(actor, item, typed).items()} != recorded


def plain(value: Any) -> Any:
    """A value as a form says it, and as a row holds it."""
    value = getattr(value, "value", value) or ""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def shown_whole() -> tuple:
    """Loader options of a contribution shown with its author, organisation, passage and amendment, in one query."""
    return (
        joinedload(Contribution.organisation), joinedload(Contribution.amendment),
        joinedload(Contribution.block).joinedload(Block.revision).options(defer(Revision.source), lazyload(Revision.chapter)),
        joinedload(Contribution.author).lazyload(User.appointments),
    )
