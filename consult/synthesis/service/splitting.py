"""What a rapporteur does with the points of a contribution: splits it, joins it again, says of what a point speaks."""

import unicodedata
from collections.abc import Collection, Sequence

import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.contributions import service as contributions
from consult.contributions.models import Contribution
from consult.core.commands import RELOAD, command, on
from consult.core.db import Base, session
from consult.core.errors import Conflict, Invalid
from consult.core.i18n import _, utcnow
from consult.core.locks import list_locked, lock
from consult.core.permissions import Action, Actor
from consult.moderation.models import Part
from consult.synthesis.models import ItemContribution, Point, Synthesis
from consult.synthesis.points import PARTS, Hidden, Start, in_order, is_open, items_of, list_hidden, standing
from consult.synthesis.service.counting import regathered
from consult.synthesis.service.gathering import forget_links
from consult.synthesis.service.syntheses import get_or_new, hold
from consult.text.normalising import is_blank

MAX_POINTS = 20


@command
def split(actor: User, contribution: Contribution, *, cuts: Collection[Start], shown: Collection[int] | None = None) -> Point:
    """Have points begin there too, in its texts as their author says them; each is in the item where the words before it were, if in any.

    ``shown`` are the ids of the points that the page had. :class:`Invalid` for no cut, or one that leaves a point without words, stands
    within a word, or within what is hidden; :class:`Conflict` when somebody else split it meanwhile, it owes no answer any more, or the
    synthesis is no draft any more.
    """
    before = held(contribution, shown)
    hidden = list_hidden([contribution]).get(contribution.id, {})
    known = {(point.part, point.begins): point for point in before}
    starts = {checked_start(contribution, cut, hidden) for cut in cuts} - known.keys() - {(Part.BODY, 0)}
    if not starts:
        raise Invalid("cuts", _("Choose the places where another request begins: one at least."))
    first = set() if before else {(Part.BODY, 0)}
    refuse_wordless(contribution, sorted_starts({*known, *starts, *first}))
    last = session.scalar(sa.select(sa.func.max(Point.number)).where(Point.contribution_id == contribution.id)) or 0
    with regathered([contribution.id]):
        added = [Point(contribution=contribution, chapter_id=contribution.chapter_id, number=number, part=part, begins=begins,
                       has_change=(part, begins) in first and contribution.amendment is not None, made_by_id=actor.id)
                 for number, (part, begins) in enumerate(sorted_starts(first | starts), last + 1)]
        session.add_all(added)
        session.flush()
        share_items(contribution, before, added)
    forget_links()
    added[-1].numbers_in_act = tuple(point.number for point in added)
    return added[-1]


@command
def rejoin(_actor, contribution: Contribution, *, shown: Collection[int] | None = None) -> Point:
    """Make one point of it again, in the item where all of its points are, if in any.

    :class:`Conflict` when they are in different items, when it is not split (any more), or the synthesis is no draft any more.
    """
    points = held(contribution, shown)
    if not points:
        raise Conflict(_("%(ref)s is not split.", ref=contribution.ref), RELOAD)
    links = session.scalars(sa.select(ItemContribution).where(
        ItemContribution.contribution_id == contribution.id, ItemContribution.point_id.is_not(None))).all()
    item_ids = {link.item_id for link in links}
    if len(item_ids) > 1 or item_ids and len(links) < len(points):
        raise Conflict(_("The requests of %(ref)s do not stand in one item: they have answers of their own.", ref=contribution.ref),
                       _("Gather all of them into one item, or take them out of their items, then join them again."))
    with regathered([contribution.id]):
        join(contribution, points, links, item_ids)
    points[-1].numbers_in_act = tuple(point.number for point in points)
    return points[-1]


@on(Action.MODERATION_REPHRASE)
def join_rephrased(_actor: Actor, _answer: Base, said: Base) -> None:
    """Where its requests began in words that its author has replaced, nothing begins any more: it is one again, where the first was.

    Of a synthesis that is no draft any more nothing is put into an item: it has no answer then, which keeps it from being submitted.
    """
    if not isinstance(said, Contribution):
        return
    points = in_order(session.scalars(sa.select(Point).where(Point.contribution_id == said.id, is_open())))
    if not points:
        return
    is_draft = all(one.state.is_editable for one in list_locked(Synthesis, Synthesis.chapter_id == said.chapter_id))
    links = {link.point_id: link for link in session.scalars(sa.select(ItemContribution).where(
        ItemContribution.contribution_id == said.id, ItemContribution.point_id.is_not(None)))}
    first = next((links[point.id].item_id for point in points if point.id in links), None) if is_draft else None
    with contributions.recounted([said]):
        join(said, points, list(links.values()), set() if first is None else {first})


def join(said: Contribution, points: Collection[Point], links: Collection[ItemContribution], item_ids: Collection[int]) -> None:
    for point in points:
        point.rejoined_at = utcnow()
    for link in links:
        session.delete(link)
    session.flush()
    session.add_all([ItemContribution(item_id=item_id, contribution_id=said.id) for item_id in item_ids])
    session.flush()
    forget_links()


@command
def edit_point(_actor, point: Point, *, place: str = "", has_change: bool = False) -> Point:
    """Say of which passage of the present text it speaks, by its number or key (empty: that of the contribution), and whether the
    proposed change goes with it, and with none of the others then.

    :class:`Invalid` for a passage that is not there; :class:`Conflict` when it was joined to the others again, or the synthesis is no
    draft any more.
    """
    points = held(point.contribution, None)
    if point not in points:
        raise Conflict(_("%(ref)s is not split.", ref=point.contribution.ref), RELOAD)
    block = chapters.get_called_block("place", chapters.newest_revision(point.chapter_id), place) if place.strip() else None
    point.place_key = block.key if block is not None and block.key != point.contribution.provision_key else None
    if has_change and point.contribution.amendment is not None:
        for one in points:
            one.has_change = one is point
    return point


def held(contribution: Contribution, shown: Collection[int] | None) -> list[Point]:
    """Its points in the order of their words, once nobody else gathers or splits in its chapter; :class:`Conflict` where they are not
    those that were ``shown``, it owes no answer, or the synthesis is no draft.
    """
    hold(get_or_new(contribution.chapter), gathers=True)
    lock(contribution, "state")
    if not contribution.state.is_answerable:
        raise Conflict(_("%(ref)s cannot be split: %(state)s.", ref=contribution.ref, state=contribution.state.label), RELOAD)
    points = list(session.scalars(sa.select(Point).where(Point.contribution_id == contribution.id, is_open())
                                  .execution_options(populate_existing=True)))
    if shown is not None and set(shown) != {point.id for point in points}:
        raise Conflict(_("Somebody else has split %(ref)s, or joined it again, meanwhile.", ref=contribution.ref), RELOAD)
    return in_order(points)


def sorted_starts(starts: Collection[Start]) -> list[Start]:
    return sorted(starts, key=lambda start: (PARTS.index(start[0]), start[1]))


def checked_start(said: Contribution, cut: Start, hidden: Hidden) -> Start:
    """Where the words of a point begin, the white space before them left out; :class:`Invalid` within a word, or what is hidden."""
    part, begins = cut
    text = standing(said, part) if part in PARTS else ""
    while begins < len(text) and text[begins].isspace():
        begins += 1
    if not 0 <= begins < len(text):
        raise Invalid("cuts", _("There are no words from there on."), _("Choose the places again."))
    is_within = begins and text[begins - 1].isalnum() and (text[begins].isalnum() or unicodedata.combining(text[begins]))
    if is_within or begins and unicodedata.combining(text[begins]):
        raise Invalid("cuts", _("A request begins with a whole word."), _("Choose the place before the word, or behind it."))
    if any(begin < begins < end for begin, end in hidden.get(part, ())):
        raise Invalid("cuts", _("No request begins within words that are hidden."), _("Choose the place before them, or behind them."))
    return part, begins


def refuse_wordless(said: Contribution, starts: Sequence[Start]) -> None:
    """:class:`Invalid` where a point would have no word, or there would be more than :data:`MAX_POINTS`."""
    if len(starts) > MAX_POINTS:
        raise Invalid("cuts", _("A contribution is split into %(count)s requests at most.", count=MAX_POINTS))
    for (part, begins), after in zip(starts, [*starts[1:], None], strict=True):
        words = standing(said, part)[begins:after[1] if after is not None and after[0] == part else None]
        if is_blank(words) or not any(sign.isalnum() for sign in words):
            raise Invalid("cuts", _("A request would have no words."), _("Choose the places again."))


def share_items(said: Contribution, before: Sequence[Point], added: Sequence[Point]) -> None:
    """Each point that was made stands in the item where its words were: that of the whole, or of the point before it."""
    whole = session.scalar(sa.select(ItemContribution).where(
        ItemContribution.contribution_id == said.id, ItemContribution.point_id.is_(None)))
    items, found = items_of(before), whole.item_id if whole else None
    if whole is not None:
        session.delete(whole)
        session.flush()
    for point in in_order([*before, *added]):
        if point in added:
            if found is not None:
                session.add(ItemContribution(item_id=found, contribution_id=said.id, point_id=point.id))
        else:
            found = items.get(point.id)
